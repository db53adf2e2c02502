"""foretop as its manifests install it: a ServiceAccount with their rights, and one process that uses its token."""
import json
import os
import urllib.error
import urllib.request

from .processes import free_ports, wait_for

MANIFESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "manifests")
NAMESPACE = "foretop-system"
RIGHTS = ("Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
CONFIG = """\
sources:
- name: default
  url: {prometheus}
syncPeriod: 15s
leaderElection: {{leaseDuration: 15s, renewDeadline: 10s, retryPeriod: 2s}}
statusNamespace: {namespace}
"""


def rendered(cluster):
    """The objects that `kubectl apply -k manifests/` creates."""
    text = cluster.kubectl("kustomize", MANIFESTS)
    stream = cluster.kubectl("create", "--dry-run=client", "-o", "json", "-f", "-", text=text)
    items, decoder, position = [], json.JSONDecoder(), 0
    while position < len(stream):
        item, position = decoder.raw_decode(stream, position)
        items.append(item)
        while position < len(stream) and stream[position].isspace():
            position += 1
    return items


def moved(item, namespace):
    """An object of the manifests for an installation in another namespace, with rights no different."""
    item = json.loads(json.dumps(item).replace(f'"{NAMESPACE}"', f'"{namespace}"'))
    if item["kind"] == "ClusterRoleBinding" and namespace != NAMESPACE:
        item["metadata"]["name"] += "-" + namespace
    return item


def listed(items):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)})


class Installation:
    """One foretop. Several can share a cluster: each has its own namespace, with its own Lease and status."""

    def __init__(self, cluster, binary, serves, namespace, dry_run=False, config=CONFIG, replica=0):
        self.cluster = cluster
        self.binary = binary
        self.serves = serves
        self.namespace = namespace
        self.dry_run = dry_run
        self.settings = config
        self.user = f"system:serviceaccount:{namespace}:foretop"
        self.port, self.page_port = free_ports(2)
        self.starts = 0
        self.process = None
        self.environment = {}  # more of it
        self.pod = f"foretop-{replica}"
        self.name = namespace + (f"-{replica}" if replica else "")

    def install(self, items, prometheus):
        moved_items = [moved(item, self.namespace) for item in items]
        self.cluster.kubectl("apply", "-f", "-", text=listed(i for i in moved_items if i["kind"] in RIGHTS))
        self.cluster.wait_for_rights(moved_items)
        # The rest is the Deployment of a pod that cannot run here: the server only checks it.
        self.cluster.kubectl("apply", "--dry-run=server", "-f", "-",
                             text=listed(i for i in moved_items if i["kind"] not in RIGHTS))
        self.token = self.cluster.path(self.name + ".token")
        with open(os.open(self.token, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
            f.write(self.cluster.kubectl("create", "token", "foretop", "-n", self.namespace, "--duration=2h"))
        self.kubeconfig = self.cluster.write_kubeconfig(self.name, {"tokenFile": self.token}, self.namespace)
        self.configure(self.settings, prometheus)

    def configure(self, settings, prometheus):
        self.config = self.cluster.path(self.name + ".yaml")
        with open(self.config, "w", encoding="ascii") as f:
            f.write(settings.format(prometheus=prometheus, namespace=self.namespace))

    def go_through(self, port):
        """The API server is reached by another port, of a proxy before it."""
        self.kubeconfig = self.cluster.write_kubeconfig(self.name, {"tokenFile": self.token}, self.namespace,
                                                        server=f"https://127.0.0.1:{port}")

    def start(self):
        argv = [self.binary, "run", "--kubeconfig", self.kubeconfig, "--config", self.config,
                "--namespace", self.serves, "--listen", f"127.0.0.1:{self.port}",
                "--page", f"127.0.0.1:{self.page_port}", "--log-format", "text"]
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "POD_NAME": self.pod,
               "POD_NAMESPACE": self.namespace, **self.environment}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        self.process = self.cluster.supervisor.start(self.name, argv + ["--dry-run"] * self.dry_run, env)
        self.starts += 1

    def wait_ready(self):
        wait_for(f"{self.namespace} to be ready", lambda: self.answer("/readyz") is not None, 120,
                 alive=[self.process])

    def answer(self, path, port=None):
        """What the process serves there; None unless the status is 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}{path}", timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError:
            return None

    def metric(self, family, *labels):
        """The sum of a family's samples that have all these labels (as text: 'code="401"')."""
        return sum(float(line.rsplit(" ", 1)[1]) for line in (self.answer("/metrics") or "").splitlines()
                   if line.startswith((family + "{", family + " ")) and all(label in line for label in labels))

    def memory_kib(self):
        """{"VmRSS": ..., "RssAnon": ...} of now."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            fields = dict(line.split(":", 1) for line in f)
        return {name: int(fields[name].split()[0]) for name in ("VmRSS", "RssAnon")}

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def lease_holders(self):
        """{lease name: holder identity} in this installation's namespace."""
        leases = self.cluster.api.get(f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases")["items"]
        return {lease["metadata"]["name"]: lease["spec"].get("holderIdentity") or "" for lease in leases}

    def statuses(self):
        """What the process tells of each of its policies, by the name of the target. A dry run writes no status
        objects, so this is where it reports."""
        answer = json.loads(self.answer("/api/v1/policies", self.page_port) or "{}")
        return {status.get("target"): status for status in answer.get("policies", [])}
