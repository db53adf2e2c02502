{{/* The pod of a test or a Job: (dict "top" $ "container" name "args" list "serviceAccount" name "config" bool "init" container) */}}
{{- define "foretop.ownContainer" -}}
- name: {{ .name }}
  image: {{ include "foretop.image" .top }}
  imagePullPolicy: {{ .top.Values.image.pullPolicy }}
  args:
  {{- range .args }}
  - {{ . | quote }}
  {{- end }}
  env:
    {{- include "foretop.env" .top | nindent 2 }}
  resources:
    {{- toYaml .top.Values.tests.resources | nindent 4 }}
  securityContext:
    {{- include "foretop.withoutNull" .top.Values.securityContext | nindent 4 }}
  {{- if .config }}
  volumeMounts:
  - {name: config, mountPath: /etc/foretop, readOnly: true}
  {{- with include "foretop.sourceMounts" .top | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{- define "foretop.ownPod" -}}
restartPolicy: Never
serviceAccountName: {{ .serviceAccount }}
automountServiceAccountToken: true
enableServiceLinks: false
{{- with include "foretop.imagePullSecrets" .top | trim }}
{{- . | nindent 0 }}
{{- end }}
{{- with include "foretop.podPlacement" .top | trim }}
{{- . | nindent 0 }}
{{- end }}
securityContext:
  {{- include "foretop.withoutNull" .top.Values.podSecurityContext | nindent 2 }}
{{- end -}}
