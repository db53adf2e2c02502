"""Demands that a story sets at will, and one Deployment with a reactive policy for each: whether foretop lives is seen by
the sizes that follow."""
import json
import math
import threading

from . import audit, objects
from .processes import wait_for

PER_POD = 100
FOLLOW_S = 90  # longest until a size follows its demand, once nothing fails any more
AT_ONCE = {"scaleUp": {"policies": [{"type": "Pods", "value": 40, "periodSeconds": 15}]},
           "scaleDown": {"stabilizationWindowSeconds": 0}}


def needed(demand):
    return math.ceil(demand / PER_POD)


class Levels:
    """text() is what Prometheus scrapes."""

    def __init__(self, apps):
        """apps: {(namespace, app): demand}"""
        self.lock = threading.Lock()
        self.demands = dict(apps)

    def set(self, key, demand):
        with self.lock:
            self.demands[key] = demand

    def of(self, key):
        with self.lock:
            return self.demands[key]

    def text(self):
        with self.lock:
            return "".join(f'e2e_demand{{app="{app}",shop="{namespace}"}} {demand!r}\n'
                           for (namespace, app), demand in self.demands.items())


def policy(namespace, app):
    return objects.policy(namespace, app, json.dumps({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app}, "mode": "Scale",
        "minReplicas": 1, "maxReplicas": 40, "behavior": AT_ONCE,
        "metrics": [{"type": "External", "query": f'e2e_demand{{app="{app}",shop="{namespace}"}}', "external": {
            "metric": {"name": "demand"}, "target": {"type": "AverageValue", "averageValue": str(PER_POD)}}}],
        "forecast": {"mode": "Disabled"}}))


def create(cluster, levels):
    """The namespaces with their Deployments, as large as they must be now, and the policies."""
    for namespace in sorted({namespace for namespace, _ in levels.demands}):
        cluster.create_namespace(namespace)
    for (namespace, app), demand in levels.demands.items():
        cluster.api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments",
                           objects.deployment(namespace, app, needed(demand)))
        cluster.api.create(f"/api/v1/namespaces/{namespace}/configmaps", policy(namespace, app))


def writes(events, key):
    """[(time, replicas, event)] of the writes of a target that went through, in order of their coming."""
    found = [(audit.seconds(event["requestReceivedTimestamp"]), event["requestObject"]["spec"]["replicas"], event)
             for event in events if (event.get("objectRef") or {}).get("subresource") == "scale" and
             event["verb"] in audit.WRITES and event["responseStatus"].get("code") == 200 and
             (event["objectRef"]["namespace"], event["objectRef"]["name"]) == key]
    return sorted(found, key=lambda write: write[0])


def size(recorder, key):
    steps = recorder.steps(recorder.replicas, key)
    return steps[-1][1] if steps else None


def wait_followed(levels, recorder, keys, what, tick=lambda: None):
    """Waits until each size is what its demand needs; the sizes. tick is called on the way."""
    def followed():
        tick()
        return all(size(recorder, key) == needed(levels.of(key)) for key in keys)
    wait_for(what, followed, FOLLOW_S)
    return [size(recorder, key) for key in keys]
