"""A kind of nobody's with a scale subresource, and its controller: a Deployment of the same name has the pods."""
import threading

from . import objects
from .api import ApiError

GROUP = "e2e.foretop.io"
FLEETS = f"/apis/{GROUP}/v1/namespaces/{{}}/fleets"
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": f"fleets.{GROUP}"},
    "spec": {"group": GROUP, "scope": "Namespaced",
             "names": {"kind": "Fleet", "plural": "fleets", "singular": "fleet", "listKind": "FleetList"},
             "versions": [{"name": "v1", "served": True, "storage": True,
                           "subresources": {"status": {}, "scale": {
                               "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
                               "labelSelectorPath": ".status.selector"}},
                           "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                               "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
                               "status": {"type": "object", "properties": {
                                   "replicas": {"type": "integer"}, "selector": {"type": "string"}}}}}}}]}}


def fleet(namespace, name, replicas):
    return {"apiVersion": f"{GROUP}/v1", "kind": "Fleet", "metadata": {"namespace": namespace, "name": name},
            "spec": {"replicas": replicas}}


def rights(user_namespace):
    """What the manifests do not grant: their comment says so."""
    name = f"foretop-fleets-{user_namespace}"
    return [{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
             "rules": [{"apiGroups": [GROUP], "resources": ["fleets/scale"], "verbs": ["get", "update"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
             "subjects": [{"kind": "ServiceAccount", "name": "foretop", "namespace": user_namespace}]}]


class Controller:
    """Makes every Fleet of a namespace true."""

    def __init__(self, api, namespace):
        self.api, self.namespace = api, namespace
        self.made = set()

    def start(self):
        path = FLEETS.format(self.namespace)
        threading.Thread(target=self.api.follow, args=(path, self._on_change, threading.Event()), daemon=True).start()

    def _on_change(self, kind, value):
        for item in value if kind == "REPLACE" else [value]:
            if kind != "DELETED":
                self._reconcile(item)

    def _reconcile(self, item):
        name, replicas = item["metadata"]["name"], item["spec"]["replicas"]
        deployments = f"/apis/apps/v1/namespaces/{self.namespace}/deployments"
        try:
            if name not in self.made:
                self.api.create(deployments, objects.deployment(self.namespace, name, replicas))
            self.made.add(name)
            self.api.patch(f"{deployments}/{name}", {"spec": {"replicas": replicas}})
            self.api.patch(f"{FLEETS.format(self.namespace)}/{name}/status",
                           {"status": {"replicas": replicas, "selector": f"app={name}"}})
        except ApiError as error:  # an old state: a newer one comes
            print(f"fleet {name}: {error}", flush=True)
