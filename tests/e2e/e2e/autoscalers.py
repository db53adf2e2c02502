"""Ten HorizontalPodAutoscalers and five ScaledObjects as people have them, what `foretop convert` leaves blank in each, and
what fills the blanks in."""

SHOP = "convert"


def utilization(name, percent, container=None):
    source = {"name": name, "target": {"type": "Utilization", "averageUtilization": percent}}
    if container:
        return {"type": "ContainerResource", "containerResource": {**source, "container": container}}
    return {"type": "Resource", "resource": source}


def average(name, value):
    return {"type": "Resource", "resource": {"name": name, "target": {"type": "AverageValue", "averageValue": value}}}


def external(name, value, by="AverageValue", selector=None):
    key = "averageValue" if by == "AverageValue" else "value"
    metric = {"name": name, **({"selector": selector} if selector else {})}
    return {"type": "External", "external": {"metric": metric, "target": {"type": by, key: value}}}


def by_pod(name, value, selector=None):
    metric = {"name": name, **({"selector": selector} if selector else {})}
    return {"type": "Pods", "pods": {"metric": metric, "target": {"type": "AverageValue", "averageValue": value}}}


def of_object(name, target):
    return {"type": "Object", "object": {
        "describedObject": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "main"},
        "metric": {"name": name}, "target": target}}


def autoscaler(name, metrics, kind="Deployment", least=2, most=20, **more):
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": name}, "maxReplicas": most, **more}
    if least:
        spec["minReplicas"] = least
    if metrics:
        spec["metrics"] = metrics
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"namespace": SHOP, "name": name}, "spec": spec}


def old_autoscaler(name, percent=None):
    """As a client of autoscaling/v1 writes it."""
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, "maxReplicas": 10}
    if percent:
        spec["targetCPUUtilizationPercentage"] = percent
    return {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": {"namespace": SHOP, "name": name}, "spec": spec}


def window(seconds, *policies, **more):
    return {"stabilizationWindowSeconds": seconds, **({"policies": list(policies)} if policies else {}), **more}


def rate(kind, value, seconds):
    return {"type": kind, "value": value, "periodSeconds": seconds}


QUEUE = {"matchLabels": {"queue": "orders", "zone": "eu"},
         "matchExpressions": [{"key": "state", "operator": "In", "values": ["ready"]}]}
PER_POD = f'sum by (namespace, pod) (e2e_pod_requests{{namespace="{SHOP}"}})'
TOTAL = "sum(e2e_requests)"
LENGTH = 'sum(e2e_queue{queue="orders"})'

AUTOSCALERS = [
    autoscaler("cpu", [utilization("cpu", 80)], least=1, most=10),
    autoscaler("resources", [average("cpu", "500m"), average("memory", "600Mi"), utilization("cpu", 60, "app")],
               kind="StatefulSet", least=3, most=30),
    autoscaler("pods", [by_pod("http_requests_per_second", "100m", {"matchLabels": {"verb": "GET"}})]),
    autoscaler("object", [of_object("requests_per_second", {"type": "Value", "value": "10k"})], least=None),
    autoscaler("external", [external("queue_messages_ready", "30", selector=QUEUE)]),
    autoscaler("behavior", [utilization("cpu", 70)], behavior={
        "scaleUp": window(15, rate("Percent", 100, 60), rate("Pods", 4, 60), selectPolicy="Max", tolerance="50m"),
        "scaleDown": {"selectPolicy": "Disabled"}}),
    old_autoscaler("old", 65),
    old_autoscaler("oldest"),
    autoscaler("several", [
        utilization("memory", 75), by_pod("connections", "1500"),
        of_object("requests_per_second", {"type": "AverageValue", "averageValue": "90"}),
        external("lag", "1M", by="Value")],
        behavior={"scaleDown": window(600, rate("Percent", 10, 120), rate("Pods", 1, 60), selectPolicy="Min")}),
    autoscaler("bare", None, kind="ReplicaSet", least=None, most=4),
]

# Name -> the queries, in the order of the blanks.
HPA_BLANKS = {"pods": [PER_POD], "object": [TOTAL], "external": [LENGTH], "several": [PER_POD, TOTAL, LENGTH]}


def scaledobject(name, triggers, annotations=None, kind=None, **more):
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "metadata": {"namespace": SHOP, "name": name, "annotations": annotations or {}},
            "spec": {"scaleTargetRef": {"name": name, **({"kind": kind} if kind else {})}, "triggers": triggers, **more}}


def trigger(kind, name=None, by=None, authentication=None, **metadata):
    return {"type": kind, "metadata": metadata, **({"name": name} if name else {}), **({"metricType": by} if by else {}),
            **({"authenticationRef": {"name": authentication}} if authentication else {})}


def asked(query, threshold, name=None, by=None, authentication=None, **metadata):
    return trigger("prometheus", name, by, authentication, serverAddress="http://prometheus.monitoring.svc:9090",
                   query=query, threshold=threshold, **metadata)


def cron(start, end, replicas, zone="Europe/Paris"):
    return trigger("cron", timezone=zone, start=start, end=end, desiredReplicas=replicas)


DOWN_SLOWLY = {"scaleDown": {"stabilizationWindowSeconds": 600}}
SCALEDOBJECTS = [
    scaledobject("so-requests", [asked(TOTAL, "100", "requests", authentication="prometheus-token", authModes="bearer",
                                       activationThreshold="5")],
                 minReplicaCount=2, maxReplicaCount=20, pollingInterval=15, cooldownPeriod=300),
    scaledobject("so-resources", [trigger("cpu", by="Utilization", value="60"),
                                  trigger("memory", by="AverageValue", value="700Mi"),
                                  trigger("cpu", by="AverageValue", value="250m", containerName="app")],
                 kind="StatefulSet", maxReplicaCount=12),
    scaledobject("so-office", [cron("0 8 * * 1-5", "30 18 * * 1-5", "8"), cron("0 22 * * *", "0 2 * * *", "15"),
                               cron("0 6 1 * *", "0 6 1 * 1", "3"), trigger("cpu", by="Utilization", value="80")],
                 minReplicaCount=1, maxReplicaCount=10),
    scaledobject("so-mixed", [trigger("kafka", bootstrapServers="kafka:9092", topic="t", lagThreshold="50"),
                              asked("max(e2e_age)", "30", by="Value", ignoreNullValues="false")],
                 annotations={"autoscaling.keda.sh/paused-replicas": "3"}, minReplicaCount=1, maxReplicaCount=40,
                 idleReplicaCount=0, fallback={"failureThreshold": 3, "replicas": 6},
                 advanced={"horizontalPodAutoscalerConfig": {"behavior": DOWN_SLOWLY}}),
    scaledobject("so-formula", [asked(TOTAL, "1", "a"), asked(LENGTH, "1", "b"),
                                trigger("cpu", by="Utilization", value="90")],
                 advanced={"scalingModifiers": {"formula": "(a + b) / 2", "target": "10"}}),
]


def named(metric, name, target, **more):
    return {"type": "External", "external": {"metric": {"name": name}, "target": target}, "query": metric, **more}


# Name -> the policy to expect, but for scaleTargetRef and mode.
SCALEDOBJECT_POLICIES = {
    "so-requests": {"minReplicas": 2, "maxReplicas": 20,
                    "metrics": [named(TOTAL, "requests", {"type": "AverageValue", "averageValue": "100"})]},
    "so-resources": {"minReplicas": 1, "maxReplicas": 12, "metrics": [
        utilization("cpu", 60), average("memory", "700Mi"),
        {"type": "ContainerResource", "containerResource": {
            "name": "cpu", "container": "app", "target": {"type": "AverageValue", "averageValue": "250m"}}}]},
    "so-office": {"minReplicas": 1, "maxReplicas": 10, "metrics": [utilization("cpu", 80)], "schedule": [
        {"cron": "0 8 * * 1-5", "timeZone": "Europe/Paris", "duration": "10h30m", "minReplicas": 8},
        {"cron": "0 22 * * *", "timeZone": "Europe/Paris", "duration": "4h", "minReplicas": 10}]},
    "so-mixed": {"minReplicas": 1, "maxReplicas": 40, "behavior": DOWN_SLOWLY, "pause": True, "metrics": [
        named("", "kafka-0", {"type": "AverageValue"}),
        named("max(e2e_age)", "prometheus-1", {"type": "Value", "value": "30"})]},
    "so-formula": {"minReplicas": 0, "maxReplicas": 100, "metrics": [
        utilization("cpu", 90), named("", "formula", {"type": "AverageValue", "averageValue": "10"})]},
}
# What convert must say that it does not carry over.
SCALEDOBJECT_NOTES = {
    "so-requests": ["triggers[0]: serverAddress", "authenticationRef prometheus-token", "activationThreshold 5",
                    "authModes", "pollingInterval", "cooldownPeriod"],
    "so-resources": ["minReplicaCount 0: 1"],
    "so-office": ["triggers[1]: desiredReplicas 15: maxReplicaCount 10 holds",
                  "triggers[2]: start \"0 6 1 * *\", end \"0 6 1 * 1\": its openings are not all of the same length"],
    "so-mixed": ["BLANK metrics[0].query and .external.target.averageValue: triggers[0] is of type kafka", "fallback",
                 "idleReplicaCount", "paused-replicas 3"],
    "so-formula": ["BLANK metrics[1].query: fill in one PromQL for scalingModifiers.formula: (a + b) / 2"],
}
SCALEDOBJECT_BLANKS = {"so-mixed": [LENGTH], "so-formula": [f"({TOTAL} + {LENGTH}) / 2"]}
# A target that is blank too: its field, and what a pod carries.
TARGET_BLANKS = {"so-mixed": ("metrics[0].external.target.averageValue", "50")}
