"""The Kubernetes objects of the stories: Deployments and the policies that scale them."""

CAPACITY = 100  # requests per second that a pod carries
TARGET = 90  # both twins aim at 90 % of it
CPU_TARGET = 70  # per cent; CPU cannot show more than its limit, so 90 would hardly pass the tolerance


def deployment(namespace, name, replicas):
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "app", "image": "localhost/app:1", "resources": {
                        "requests": {"cpu": "1", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}}],
                }}}}


REQUESTS = """\
scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}
mode: Scale
minReplicas: 2
maxReplicas: 60
metrics:
- type: External
  external:
    metric: {{name: requests}}
    target: {{type: AverageValue, averageValue: "{target}"}}
  query: sum(rate(http_requests_total{{namespace="{series_namespace}",service="{service}"}}[1m]))
forecast:
  mode: {mode}
  history: 14d
  # Targets of equal names are compared write by write. Where the moment at which a pod becomes Ready decides (when enough
  # pods have been measured to change the horizon; whether all are available in the minute of a release), two
  # Deployments part company although nobody was killed.
  leadTime: 20s
  release: false
  # The story is about being there before the load. With pods that are Ready after 20 s the reactive rule may well be the
  # cheaper one on the history, and what has not proved itself may ask for twice as much as it only: raised, like mode Always.
  maxOverReactive: 20
"""
CPU = """\
scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}
mode: Scale
minReplicas: 2
maxReplicas: 60
metrics:
- type: Resource
  resource: {{name: cpu, target: {{type: Utilization, averageUtilization: {target}}}}}
forecast:
  mode: Disabled
"""


def policy(namespace, name, text):
    return {"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"namespace": namespace, "name": name, "labels": {"foretop.io/policy": "v1"}},
            "data": {"policy.yaml": text}}


def requests_policy(namespace, name, series_namespace, service, mode):
    return policy(namespace, name, REQUESTS.format(name=name, series_namespace=series_namespace, service=service,
                                                   mode=mode, target=TARGET))


def cpu_policy(namespace, name):
    return policy(namespace, name, CPU.format(name=name, target=CPU_TARGET))
