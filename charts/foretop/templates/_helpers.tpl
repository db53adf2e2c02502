{{- define "foretop.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "foretop.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "foretop.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "foretop.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "foretop.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Names of objects without a namespace hold that of the release, so that two releases do not meet. */}}
{{- define "foretop.clusterName" -}}
{{- $full := include "foretop.fullname" . -}}
{{- $namespace := include "foretop.namespace" . -}}
{{- if or (eq $namespace $full) (eq $namespace (printf "%s-system" $full)) -}}
{{- $full -}}
{{- else -}}
{{- printf "%s-%s" $namespace $full | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "foretop.selectorLabels" -}}
app.kubernetes.io/name: {{ include "foretop.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "foretop.labels" -}}
{{ include "foretop.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: foretop
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels and annotations of metadata: (list $ extraLabels extraAnnotations) */}}
{{- define "foretop.metadata" -}}
{{- $top := index . 0 -}}
labels:
  {{- include "foretop.labels" $top | nindent 2 }}
  {{- with index . 1 }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (index . 2) $top.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "foretop.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default .Values.global.imageRegistry $image.registry -}}
{{- $name := $image.repository -}}
{{- if $registry -}}{{- $name = printf "%s/%s" (trimSuffix "/" $registry) $name -}}{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "foretop.imagePullSecrets" -}}
{{- with concat .Values.global.imagePullSecrets .Values.imagePullSecrets }}
imagePullSecrets:
{{- range uniq . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Named namespaces are watched one by one: Roles there are enough. */}}
{{- define "foretop.clusterScoped" -}}
{{- if kindIs "bool" .Values.rbac.clusterScoped -}}
{{- if .Values.rbac.clusterScoped -}}true{{- end -}}
{{- else if not .Values.watchNamespaces -}}
true
{{- end -}}
{{- end -}}

{{/* Without the keys that are null: the API server would drop them, and GitOps tools see a difference for ever. */}}
{{- define "foretop.withoutNull" -}}
{{- $kept := dict -}}
{{- range $key, $value := . -}}
{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $kept $key $value -}}{{- end -}}
{{- end -}}
{{- toYaml $kept -}}
{{- end -}}

{{/* The controller's configuration, less its sources: what needs a restart when it changes. */}}
{{- define "foretop.settings" -}}
syncPeriod: {{ .Values.syncPeriod }}
maxPolicies: {{ .Values.maxPolicies | int }}
hpa:
  tolerance: {{ .Values.hpa.tolerance }}
  downscaleStabilization: {{ .Values.hpa.downscaleStabilization }}
  cpuInitializationPeriod: {{ .Values.hpa.cpuInitializationPeriod }}
  initialReadinessDelay: {{ .Values.hpa.initialReadinessDelay }}
{{- if or .Values.watchNamespaces .Values.refuseNamespaces }}
namespaces:
  {{- with .Values.watchNamespaces }}
  serve: {{ toJson . }}
  {{- end }}
  {{- with .Values.refuseNamespaces }}
  refuse: {{ toJson . }}
  {{- end }}
{{- end }}
leaderElection:
  enabled: {{ .Values.leaderElection.enabled }}
  leaseName: {{ include "foretop.fullname" . }}
  leaseNamespace: {{ include "foretop.namespace" . }}
  leaseDuration: {{ .Values.leaderElection.leaseDuration }}
  renewDeadline: {{ .Values.leaderElection.renewDeadline }}
  retryPeriod: {{ .Values.leaderElection.retryPeriod }}
  shards: {{ .Values.leaderElection.shards }}
statusNamespace: {{ include "foretop.namespace" . }}
listen: ":8080"
page:
  listen: {{ .Values.page.listen | quote }}
  {{- with .Values.page.hosts }}
  hosts: {{ toJson . }}
  {{- end }}
  {{- if .Values.page.tlsSecret }}
  certFile: /etc/foretop-page/tls.crt
  keyFile: /etc/foretop-page/tls.key
  {{- end }}
  tokenReview: {{ .Values.page.tokenReview }}
{{- end -}}

{{/* The port of a page that is served to others; nothing when it is served on a loopback address only. */}}
{{- define "foretop.pagePort" -}}
{{- if and .Values.page.listen (not (regexMatch "^(127\\.[0-9.]+|\\[::1\\]):" .Values.page.listen)) -}}
{{- if not (and .Values.page.tlsSecret .Values.page.tokenReview) -}}
{{- fail "page.listen is no loopback address: page.tlsSecret and page.tokenReview are needed" -}}
{{- end -}}
{{- regexFind "[0-9]+$" .Values.page.listen -}}
{{- end -}}
{{- end -}}

{{- define "foretop.sources" -}}
sources:
{{- range .Values.sources }}
{{- $folder := printf "/etc/foretop-sources/%s" .name }}
{{- $auth := default dict .auth }}
{{- $tls := default dict .tls }}
- name: {{ .name }}
  url: {{ .url | quote }}
  {{- if eq (default "" $auth.type) "bearer" }}
  bearerTokenFile: {{ $folder }}/auth/{{ default "token" $auth.tokenKey }}
  {{- else if eq (default "" $auth.type) "serviceAccount" }}
  bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
  {{- else if eq (default "" $auth.type) "basic" }}
  username: {{ $auth.username | quote }}
  passwordFile: {{ $folder }}/auth/{{ default "password" $auth.passwordKey }}
  {{- end }}
  {{- with $tls.caKey }}
  caFile: {{ $folder }}/tls/{{ . }}
  {{- end }}
  {{- with $tls.certKey }}
  certFile: {{ $folder }}/tls/{{ . }}
  {{- end }}
  {{- with $tls.keyKey }}
  keyFile: {{ $folder }}/tls/{{ . }}
  {{- end }}
  {{- if $tls.insecureSkipVerify }}
  insecureSkipVerify: true
  {{- end }}
  {{- with .headers }}
  headers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .queryParameters }}
  queryParameters:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .method }}
  method: {{ . }}
  {{- end }}
  {{- with .timeout }}
  timeout: {{ . }}
  {{- end }}
  {{- with .maxResponseBytes }}
  maxResponseBytes: {{ . }}
  {{- end }}
  {{- with .namespaces }}
  namespaces: {{ toJson . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Secrets of the sources, as volumes and as mounts. */}}
{{- define "foretop.sourceVolumes" -}}
{{- range $i, $source := .Values.sources }}
{{- with (default dict $source.auth).existingSecret }}
- name: source-{{ $i }}-auth
  secret: {secretName: {{ . }}, defaultMode: 288}
{{- end }}
{{- with (default dict $source.tls).existingSecret }}
- name: source-{{ $i }}-tls
  secret: {secretName: {{ . }}, defaultMode: 288}
{{- end }}
{{- end }}
{{- end -}}

{{- define "foretop.sourceMounts" -}}
{{- range $i, $source := .Values.sources }}
{{- if (default dict $source.auth).existingSecret }}
- {name: source-{{ $i }}-auth, mountPath: /etc/foretop-sources/{{ $source.name }}/auth, readOnly: true}
{{- end }}
{{- if (default dict $source.tls).existingSecret }}
- {name: source-{{ $i }}-tls, mountPath: /etc/foretop-sources/{{ $source.name }}/tls, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{- define "foretop.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the pods of Jobs and tests share with those of the Deployment. */}}
{{- define "foretop.podPlacement" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.schedulerName }}
schedulerName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- if .Values.hostNetwork }}
hostNetwork: true
{{- end }}
{{- if kindIs "bool" .Values.hostUsers }}
hostUsers: {{ .Values.hostUsers }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
