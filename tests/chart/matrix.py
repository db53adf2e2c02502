"""What people look for in a chart, row by row, and how ours shows it: a file, or objects rendered with some values.

usage: python3 matrix.py    prints the rows (CHART_TOOLS as run sets it); test_chart.py holds them"""
import json
import os
import re

import yaml
from render import CHART, NAMESPACE, ROOT, chart, must

DEPLOYMENT = ("Deployment", NAMESPACE, "foretop")


def spec(*values):
    return chart(*(arg for value in values for arg in ("--set-json", value)))[DEPLOYMENT]["spec"]


def pod(*values):
    return spec(*values)["template"]["spec"]


def container(*values):
    return pod(*values)["containers"][0]


def kinds(*values):
    return {key[0] for key in chart(*(arg for value in values for arg in ("--set-json", value)))}


def names(kind, *values):
    return {key[1:] for key in chart(*(arg for value in values for arg in ("--set-json", value))) if key[0] == kind}


def only(kind, *values):
    item, = (item for key, item in chart(*(arg for value in values for arg in ("--set-json", value))).items()
             if key[0] == kind)
    return item


def file(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as f:
        return f.read()


def meta():
    return yaml.safe_load(file(CHART, "Chart.yaml"))


# (feature, how it is had, whether it is there)
ROWS = [
    ("values.schema.json", "strict: no unknown value", lambda: json.loads(
        file(CHART, "values.schema.json"))["additionalProperties"] is False),
    ("README from the values' comments", "hack/generate, checked by make lint", lambda: "| `replicaCount` | `2` |" in file(
        CHART, "README.md")),
    ("kubeVersion", "Chart.yaml", lambda: meta()["kubeVersion"].endswith("-0")),
    ("Artifact Hub's annotations", "Chart.yaml", lambda: {"license", "category", "changes", "images"} <= {
        key.split("/")[1] for key in meta()["annotations"]}),
    ("rbac.create", "false leaves roles out", lambda: not {"Role", "ClusterRole"} & kinds("rbac.create=false", "cleanup.enabled=false")),
    ("namespaced mode", "watchNamespaces: Roles, nothing without a namespace", lambda: {
        "ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy"}.isdisjoint(kinds('watchNamespaces=["shop","bakery"]'))
     and {("shop", "foretop"), ("bakery", "foretop")} <= names("RoleBinding", 'watchNamespaces=["shop","bakery"]')),
    ("more rules", "rbac.extraRules, rbac.scaleTargets", lambda: "rollouts/scale" in json.dumps(
        chart("--set-json", 'rbac.scaleTargets=[{"apiGroups":["argoproj.io"],"resources":["rollouts"]}]')[
            "ClusterRole", None, "foretop"])),
    ("aggregated view and edit roles", "rbac.aggregateToDefaultRoles", lambda: {
        (None, "foretop-view"), (None, "foretop-edit")} <= names("ClusterRole")
     and (None, "foretop-view") not in names("ClusterRole", "rbac.aggregateToDefaultRoles=false")),
    ("service account: create, name, annotations", "serviceAccount", lambda: pod('serviceAccount={"name":"own"}')[
        "serviceAccountName"] == "own" and (NAMESPACE, "own") in names("ServiceAccount", 'serviceAccount={"name":"own"}')),
    ("automountServiceAccountToken", "serviceAccount.automount", lambda: pod("serviceAccount.automount=false")[
        "automountServiceAccountToken"] is False),
    ("image digest", "image.digest", lambda: container(f'image.digest="sha256:{"ab" * 32}"')["image"].endswith("@sha256:" + "ab" * 32)),
    ("registry", "image.registry, global.imageRegistry", lambda: container('global.imageRegistry="r.example.org"')[
        "image"].startswith("r.example.org/foretop:")),
    ("imagePullSecrets", "of the chart and global", lambda: pod('imagePullSecrets=["a"]', 'global.imagePullSecrets=["b"]')[
        "imagePullSecrets"] == [{"name": "b"}, {"name": "a"}]),
    ("resources, set by default", "measured", lambda: set(container()["resources"]) == {"requests", "limits"}),
    ("read-only root", "by default", lambda: container()["securityContext"]["readOnlyRootFilesystem"] is True),
    ("runAsNonRoot", "by default", lambda: pod()["securityContext"]["runAsNonRoot"] is True),
    ("seccomp RuntimeDefault", "by default", lambda: pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}),
    ("drop ALL", "by default", lambda: container()["securityContext"]["capabilities"] == {"drop": ["ALL"]}),
    ("no privilege escalation", "by default", lambda: container()["securityContext"]["allowPrivilegeEscalation"] is False),
    ("PodDisruptionBudget", "on with two replicas", lambda: "PodDisruptionBudget" in kinds()
     and "PodDisruptionBudget" not in kinds("replicaCount=1")),
    ("topology spread", "nodes and zones by default", lambda: len(pod()["topologySpreadConstraints"]) == 2),
    ("priorityClassName", "value", lambda: pod('priorityClassName="p"')["priorityClassName"] == "p"),
    ("nodeSelector, tolerations, affinity", "values", lambda: {"nodeSelector", "tolerations", "affinity"} <= set(pod(
        'tolerations=[{"operator":"Exists"}]', 'affinity={"nodeAffinity":{}}'))),
    ("ServiceMonitor", "with honorLabels, relabelings, TLS", lambda: only("ServiceMonitor", "serviceMonitor.enabled=true")["spec"][
        "endpoints"][0]["honorLabels"] is True),
    ("PodMonitor", "value", lambda: "PodMonitor" in kinds("podMonitor.enabled=true")),
    ("PrometheusRule", "the alerts of rules/foretop.yaml", lambda: len(only("PrometheusRule", "prometheusRule.enabled=true")["spec"][
        "groups"][0]["rules"]) > 0),
    ("dashboards as ConfigMaps", "three, by default", lambda: len([n for _, n in names("ConfigMap") if "-dashboard-" in n]) == 3),
    ("NetworkPolicy", "kubernetes or cilium", lambda: "NetworkPolicy" in kinds("networkPolicy.enabled=true")
     and "CiliumNetworkPolicy" in kinds("networkPolicy.enabled=true", 'networkPolicy.flavor="cilium"')),
    ("extraArgs", "a map", lambda: "--namespace=shop" in container('extraArgs={"namespace":"shop"}')["args"]),
    ("env, envFrom", "values", lambda: {"name": "TZ", "value": "UTC"} in container('env=[{"name":"TZ","value":"UTC"}]')["env"]
     and "envFrom" in container('envFrom=[{"configMapRef":{"name":"x"}}]')),
    ("more volumes and mounts", "extraVolumes, extraVolumeMounts", lambda: "scratch" in [
        v["name"] for v in pod('extraVolumes=[{"name":"scratch","emptyDir":{}}]')["volumes"]]),
    ("annotations and labels", "of pods, of everything", lambda: spec('podLabels={"tier":"x"}')["template"]["metadata"]["labels"][
        "tier"] == "x" and all(item["metadata"]["labels"]["team"] == "x" for item in chart(
            "--set", "commonLabels.team=x").values())),
    ("probes", "three, as whole blocks", lambda: {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container())
     and "startupProbe" not in container("startupProbe=null")),
    ("TLS from a Secret", "page.tlsSecret, sources[].tls", lambda: "page" in [
        v["name"] for v in pod('page.tlsSecret="x"')["volumes"]]),
    ("more objects", "extraObjects, as templates", lambda: (None, "foretop-x") in names(
        "ConfigMap", 'extraObjects=["apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: \\"{{ .Release.Name }}-x\\"}"]')),
    ("CRDs", "none are needed", lambda: "CustomResourceDefinition" not in kinds()),
    ("NOTES", "next steps, warnings", lambda: "WARNING" in must("helm", "install", "foretop", CHART, "--namespace", NAMESPACE,
                                                                "--dry-run=client")),
    ("helm test", "our own binary asks for rights and sources", lambda: container_args("foretop-test")[0] == "check"),
    ("tests of the chart", "tests/chart, with a real API server", lambda: "class OnTheServer" in file("tests", "chart", "test_chart.py")),
    ("ci/*-values.yaml", "for common set-ups", lambda: len(os.listdir(os.path.join(CHART, "ci"))) >= 5),
    ("CI", "lint, schema, kubeconform, server, node", lambda: {"make chart", "make dashboards"} <= set(file(
        ".ci", "run").splitlines()) and "tests/e2e/node" in file(".ci", "run")),
    ("dnsPolicy, dnsConfig", "values", lambda: pod('dnsPolicy="None"', 'dnsConfig={"nameservers":["192.0.2.1"]}')["dnsPolicy"] == "None"),
    ("hostNetwork", "value", lambda: pod("hostNetwork=true")["hostNetwork"] is True),
    ("hostUsers", "value", lambda: pod("hostUsers=false")["hostUsers"] is False and "hostUsers" not in pod()),
    ("revisionHistoryLimit", "value", lambda: spec("revisionHistoryLimit=3")["revisionHistoryLimit"] == 3),
    ("deployment strategy", "updateStrategy", lambda: spec('updateStrategy={"type":"Recreate","rollingUpdate":null}')["strategy"]["type"]
     == "Recreate"),
    ("fullnameOverride, namespaceOverride", "two releases share a namespace", lambda: ("Deployment", "other", "own") in chart(
        "--set", "fullnameOverride=own,namespaceOverride=other")),
]


def container_args(name):
    return chart()["Pod", NAMESPACE, name]["spec"]["containers"][0]["args"]


if __name__ == "__main__":
    print("| feature | ours | how |\n|---|---|---|")
    for feature, how, holds in ROWS:
        print(f"| {feature} | {'yes' if holds() else 'NO'} | {re.sub('[|]', '/', how)} |")
