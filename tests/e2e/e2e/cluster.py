"""A Kubernetes control plane on loopback: etcd, API server, controllers, scheduler, and kwok in place of kubelets."""
import glob
import itertools
import json
import os
import shutil
import subprocess
import urllib.request

from .api import Api, ApiError
from .certificates import Authority
from .processes import free_ports, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
CONTROLLERS = ("deployment", "replicaset", "statefulset", "garbage-collector", "namespace", "serviceaccount",
               "serviceaccount-token", "horizontal-pod-autoscaler", "disruption")
# The default of 20 requests a second would make a burst of a few hundred pods wait for the controllers instead of for
# their own start.
FAST_CLIENT = ["--kube-api-qps=500", "--kube-api-burst=1000"]
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
        # Who holds what, to tell who may write.
        {"level": "Request", "userGroups": ["system:serviceaccounts"], "verbs": ["create", "update", "patch"],
         "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {"level": "RequestResponse", "verbs": ["create", "update", "patch", "delete"], "resources": [
            {"group": "apps", "resources": ["deployments/scale", "statefulsets/scale", "replicasets/scale"]}]},
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
        {"level": "Metadata", "verbs": ["create", "update", "patch", "delete"], "resources": [
            {"group": "apps", "resources": ["deployments", "statefulsets"]}]},
        {"level": "None"},
    ],
}


def reviews(items):
    """What the bindings among these objects give to ServiceAccounts by roles that are among them too: the spec of a
    SubjectAccessReview for each verb of each resource."""
    roles = {(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]): item["rules"]
             for item in items if item["kind"] in ("Role", "ClusterRole") and item.get("rules")}
    found = []
    for item in items:
        namespace = item["metadata"].get("namespace")
        ref = item.get("roleRef", {})
        rules = roles.get((ref.get("kind"), namespace if ref.get("kind") == "Role" else None, ref.get("name")), [])
        for subject in item.get("subjects", []):
            user = f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}"
            found += [{"user": user, "resourceAttributes": {**what, **({"namespace": namespace} if namespace else {})}}
                      for rule in rules if subject["kind"] == "ServiceAccount" for what in attributes(rule)]
    return found


def attributes(rule):
    for group, resource, verb in itertools.product(rule.get("apiGroups", []), rule.get("resources", []), rule["verbs"]):
        name, _, subresource = resource.partition("/")
        for one in rule.get("resourceNames", [""]):
            yield {"group": group, "resource": name, "subresource": subresource, "verb": verb, "name": one}


class Cluster:
    address = "127.0.0.1"  # by which pods reach the API server
    ready_ms = 19000  # from the start of a pod's process until it is Ready

    def __init__(self, folder, binaries, supervisor):
        self.folder = folder
        self.binaries = binaries
        self.supervisor = supervisor
        self.authority = Authority(self.path("pki"))
        self.audit_log = self.path("audit.log")
        (self.etcd_port, self.etcd_peer_port, self.port, self.controllers_port,
         self.scheduler_port) = free_ports(5)
        self.ca = self.trusted()
        cert, key = self.authority.client("e2e-admin", "system:masters")
        self.api = Api(self.port, self.ca, cert, key)
        self.kubeconfig = self.write_kubeconfig("admin", {"client-certificate": cert, "client-key": key})

    def path(self, name):
        return os.path.join(self.folder, name)

    def write_json(self, name, value):
        with open(self.path(name), "w", encoding="utf-8") as f:
            json.dump(value, f)
        return self.path(name)

    def trusted(self):
        """The file with the CAs that clients trust."""
        return self.authority.ca

    def write_kubeconfig(self, name, user, namespace="default", **cluster):
        return self.write_json(f"{name}.kubeconfig", {
            "apiVersion": "v1", "kind": "Config", "current-context": "e2e",
            "clusters": [{"name": "e2e", "cluster": {"server": f"https://127.0.0.1:{self.port}",
                                                     "certificate-authority": self.ca, **cluster}}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "e2e", "context": {
                "cluster": "e2e", "user": name, "namespace": namespace}}]})

    def extra_flags(self, _name):
        """More flags for a server, by its name: for beds that differ."""
        return []

    def stages(self):
        """The folder of what kwok says in the place of kubelets."""
        folder = self.path("stages")
        shutil.copytree(os.path.join(HERE, "stages"), folder)
        path = os.path.join(folder, "pod.yaml")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("durationMilliseconds: 19000", f"durationMilliseconds: {self.ready_ms}"))
        return folder

    def binary(self, name):
        return os.path.join(self.binaries, name)

    def kubectl(self, *args, text=None):
        """Runs kubectl as the administrator and returns what it printed."""
        done = subprocess.run([self.binary("kubectl"), "--kubeconfig", self.kubeconfig, *args], input=text,
                              capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    def start(self):
        self.start_api_server()
        self._start_controllers()
        self._start_kubelets()
        self._start_nodes()

    def start_api_server(self):
        self._start_etcd()
        self.certificate = self.authority.server("kube-apiserver", self.address)
        self.service_accounts = self.authority.signing_key("service-accounts")
        self.start_server()

    def _start_etcd(self):
        self.etcd_url = f"http://127.0.0.1:{self.etcd_port}"
        self.etcd = self.supervisor.start("etcd", [
            self.binary("etcd"), "--data-dir", self.path("etcd"), "--listen-client-urls", self.etcd_url,
            "--advertise-client-urls", self.etcd_url, "--listen-peer-urls",
            f"http://127.0.0.1:{self.etcd_peer_port}", "--unsafe-no-fsync", "--log-level=warn"])
        wait_for("etcd", lambda: urllib.request.urlopen(self.etcd_url + "/health", timeout=2).status == 200, 60,
                 alive=[self.etcd])

    def start_server(self):
        """The API server, with self.certificate. It may have been running and been killed before."""
        cert, key = self.certificate
        sa_key, sa_public = self.service_accounts
        self.server = self.supervisor.start("kube-apiserver", [
            self.binary("kube-apiserver"), f"--etcd-servers={self.etcd_url}", "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1", f"--secure-port={self.port}", f"--cert-dir={self.path('pki')}",
            f"--tls-cert-file={cert}", f"--tls-private-key-file={key}", f"--client-ca-file={self.authority.ca}",
            "--authorization-mode=Node,RBAC", "--service-cluster-ip-range=10.0.0.0/24",
            f"--service-account-issuer=https://127.0.0.1:{self.port}/",
            f"--service-account-key-file={sa_public}", f"--service-account-signing-key-file={sa_key}",
            "--endpoint-reconciler-type=none", f"--audit-log-path={self.audit_log}",
            "--audit-policy-file=" + self.write_json("audit-policy.json", AUDIT_POLICY),
            "--audit-log-mode=blocking", *self.extra_flags("kube-apiserver")])
        wait_for("the API server", lambda: self._is_ready(self.api), 120, alive=[self.etcd, self.server])

    @staticmethod
    def _is_ready(api):
        return api.get("/readyz") == "ok"

    def _start_controllers(self):
        start, kubeconfig = self.supervisor.start, f"--kubeconfig={self.kubeconfig}"
        controllers = ",".join(name + "-controller" for name in CONTROLLERS)
        start("kube-controller-manager", [
            self.binary("kube-controller-manager"), kubeconfig, f"--controllers={controllers}",
            "--leader-elect=false", "--bind-address=127.0.0.1", f"--secure-port={self.controllers_port}",
            f"--cert-dir={self.path('pki')}", f"--root-ca-file={self.authority.ca}",
            f"--service-account-private-key-file={self.authority.path('service-accounts.key')}", *FAST_CLIENT,
            *self.extra_flags("kube-controller-manager")])
        start("kube-scheduler", [
            self.binary("kube-scheduler"), kubeconfig, "--leader-elect=false", "--bind-address=127.0.0.1",
            f"--secure-port={self.scheduler_port}", f"--cert-dir={self.path('pki')}", *FAST_CLIENT])

    def _start_kubelets(self):
        stages = [f"--config={stage}" for stage in sorted(glob.glob(os.path.join(self.stages(), "*.yaml")))]
        self.supervisor.start("kwok", [
            self.binary("kwok"), f"--kubeconfig={self.kubeconfig}", "--manage-all-nodes=true", "--cidr=10.64.0.0/16",
            "--node-ip=127.0.0.1", "--node-lease-duration-seconds=40", *stages])

    def _start_nodes(self):
        for number in (1, 2):
            self.api.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {
                "name": f"node-{number}", "labels": {"kubernetes.io/os": "linux"}}})
        wait_for("the nodes", self._nodes_are_ready, 120)
        # Admission taints every new node; the controller that would lift the taint does not run here.
        for number in (1, 2):
            self.api.patch(f"/api/v1/nodes/node-{number}", {"spec": {"taints": None}})

    def _nodes_are_ready(self):
        nodes = self.api.get("/api/v1/nodes")["items"]
        return all(any(c["type"] == "Ready" and c["status"] == "True"
                       for c in node.get("status", {}).get("conditions", [])) for node in nodes)

    def create_namespace(self, name):
        self.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        wait_for(f"the default ServiceAccount of {name}", lambda: self._exists(
            f"/api/v1/namespaces/{name}/serviceaccounts/default"), 60)

    def define(self, definition, served):
        """Creates a CustomResourceDefinition, and waits until its collection `served` is."""
        self.api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        wait_for(f"the API server to serve {definition['metadata']['name']}", lambda: self._exists(served), 60)

    def wait_for_rights(self, items):
        """Until the API server lets the ServiceAccounts of these bindings do all that these roles say: it learns of both
        by watches, a moment after they are written."""
        missing = reviews(items)
        def arrived():
            missing[:] = [review for review in missing if not self._allows(review)]
            return not missing
        wait_for("the API server to know of rights", arrived, 60)

    def wait_for_no_rights(self, items):
        """The other way round, once the bindings are deleted."""
        wait_for("the API server to know that rights are gone",
                 lambda: not any(self._allows(review) for review in reviews(items)), 60)

    def _allows(self, review):
        return self.api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": review})["status"]["allowed"]

    def _exists(self, path):
        try:
            return self.api.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
