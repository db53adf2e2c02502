"""The life of an installation on a real node: helm install, decisions, a lost leader, helm test, upgrade, uninstall."""
import contextlib
import json
import os
import signal
import subprocess
import threading
import time

from . import objects
from .api import ApiError
from .node import APP, GATEWAY, NodeCluster, build_pause
from .processes import Timeout, wait_for
from .prometheus import Prometheus
from .recorder import Recorder
from .scraped import Scraped

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
CHART = os.path.join(ROOT, "charts", "foretop")
OWN, SHOP = "foretop-system", "shop"
DAY_S = 86400
HISTORY_S = 14 * DAY_S
HISTORY_STEP_S = 30
LOW, HIGH = 180, 740  # requests/s before and after the rise of every day; a pod is meant for 100
PEAK = 8
LEAD_S = 210  # from the servers' being there to the rise
FIRST_DECISION_S = 60
OWN_MIN = 2
POLICIES = 10
FIGURES_S = 20  # over which CPU time is counted
HPA = f"/apis/autoscaling/v2/namespaces/{SHOP}/horizontalpodautoscalers/checkout"
PART_OF = "app.kubernetes.io/part-of=foretop"


class Load:
    """Demand that rises at the same moment of every day and falls eight hours later."""

    def __init__(self, rise_at):
        self.rise_at = rise_at

    def demand(self, now):
        return HIGH if (now - self.rise_at) % DAY_S < DAY_S / 3 else LOW

    def text(self):
        return f"e2e_demand {self.demand(time.time())!r}\n"

    def write_history(self, path, begin, end):
        with open(path, "w", encoding="ascii") as f:
            f.write("# TYPE e2e_demand gauge\n")
            f.writelines(f'e2e_demand{{job="shop",instance="exporter"}} {self.demand(t)!r} {t}\n'
                         for t in range(begin, end + 1, HISTORY_STEP_S))
            f.write("# EOF\n")


def policy(name, target, mode):
    return objects.policy(SHOP, name, json.dumps({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}, "mode": mode,
        "minReplicas": 1, "maxReplicas": 20,
        "metrics": [{"type": "External", "query": "sum(e2e_demand)", "external": {
            "metric": {"name": "requests"}, "target": {"type": "AverageValue", "averageValue": "100"}}}],
        "forecast": {"mode": "Always", "leadTime": "30s", "history": "14d"}}))


def deployment(name, replicas):
    ret = objects.deployment(SHOP, name, replicas)
    container = ret["spec"]["template"]["spec"]["containers"][0]
    container.update(image=APP, imagePullPolicy="Never", resources={"requests": {"cpu": "10m", "memory": "8Mi"}})
    return ret


def autoscaler():
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {
        "namespace": SHOP, "name": "checkout"}, "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"},
            "minReplicas": OWN_MIN, "maxReplicas": 20, "metrics": [{"type": "External", "external": {
                "metric": {"name": "requests"}, "target": {"type": "AverageValue", "averageValue": "100"}}}]}}


def mib(size):
    return f"{size / (1 << 20):.1f} MiB"


class NodeStory:
    def __init__(self, image, binaries, folder, supervisor, report):
        self.image, self.folder, self.report = image, folder, report
        self.supervisor = supervisor
        self.cluster = NodeCluster(folder, binaries, supervisor)
        self.prometheus = None
        self.recorder = Recorder(self.cluster.api)
        self.begin = time.time()
        self.rise_at = None

    def say(self, what):
        after = f"{time.time() - self.rise_at:+6.1f} s from the rise" if self.rise_at else "before it begins"
        print(f"[{after}] {what}", flush=True)

    def run(self):
        self._start_servers()
        self._start_workloads()
        self._install()
        self._helm_test()
        self._scaled_ahead()
        self._figures()
        self._lose_the_leader()
        self._upgrade()
        self._uninstall()

    # --- what lives there ---

    def _start_servers(self):
        self.say("servers, containerd and kubelet start")
        pause = build_pause(os.path.join(HERE, "..", "pause.c"), self.folder)
        self.cluster.start()
        self.cluster.import_image(pause, APP)
        self.say("own image: " + self.cluster.import_image(self.image).strip().replace("\n", " "))
        self.recorder.start()
        self.cluster.create_namespace(SHOP)
        self.cluster.create_namespace(OWN)
        self.cluster.api.patch(f"/api/v1/namespaces/{OWN}", {"metadata": {"labels": {
            "pod-security.kubernetes.io/enforce": "restricted"}}})
        self.prometheus = Prometheus(self.folder, self.supervisor, GATEWAY)
        self.rise_at = int(time.time()) + LEAD_S
        load, seam = Load(self.rise_at), int(time.time())
        text = os.path.join(self.folder, "history.om")
        load.write_history(text, seam - HISTORY_S, seam)
        self.prometheus.load_history(text)
        scraped = Scraped(load)
        scraped.start()
        self.prometheus.start(scraped.port, 1)

    def _start_workloads(self):
        create = self.cluster.api.create
        for name in ("web", "checkout"):
            create(f"/apis/apps/v1/namespaces/{SHOP}/deployments", deployment(name, 2))
        create(f"/apis/autoscaling/v2/namespaces/{SHOP}/horizontalpodautoscalers", autoscaler())
        wait_for("real pods of the workloads", lambda: all(
            self.recorder.ready_now((SHOP, name)) == 2 for name in ("web", "checkout")), 120)
        # Policies come first: they are there when Foretop is.
        for name, mode in (("web", "Scale"), ("checkout", "Floor")):
            create(f"/api/v1/namespaces/{SHOP}/configmaps", policy(name, name, mode))
        self.say("real pods are Ready, policies are there")

    # --- helm ---

    def helm(self, *args):
        env = {**os.environ, "KUBECONFIG": self.cluster.kubeconfig, "HOME": self.folder,
               "HELM_CACHE_HOME": self.folder + "/helm", "HELM_CONFIG_HOME": self.folder + "/helm",
               "HELM_DATA_HOME": self.folder + "/helm"}
        done = subprocess.run([self.cluster.binary("helm"), *args, "--namespace", OWN], capture_output=True, text=True,
                              timeout=300, env=env, check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def values(self, **changes):
        """There is no proxy for Services here, so pods ask the API server at its own address."""
        values = {
            "image": {"repository": "localhost/foretop", "pullPolicy": "Never"}, "syncPeriod": "5s",
            "sources": [{"name": "default", "url": self.prometheus.url}],
            "env": [{"name": "KUBERNETES_SERVICE_HOST", "value": GATEWAY},
                    {"name": "KUBERNETES_SERVICE_PORT", "value": str(self.cluster.port)}], **changes}
        return self.cluster.write_json("values.json", values)

    def _install(self):
        begin = time.time()
        code, out = self.helm("install", "foretop", CHART, "--values", self.values())
        self.report.check(code == 0, "helm install", out.splitlines()[-1] if code else "")
        decided = None
        try:
            wait_for("the first decision", lambda: self._decision("web"), 120, every_s=0.05)
            decided = time.time() - begin
        except Timeout as error:
            self.report.note(str(error) + self._why())
        self.report.check(decided is not None and decided <= FIRST_DECISION_S,
                          f"the first decision comes within {FIRST_DECISION_S} s of helm install",
                          f"{decided:.1f} s" if decided else "never")
        wait_for("both replicas to be Ready", lambda: len(self._own_pods(ready=True)) == 2, 180)
        label = self.cluster.api.get(f"/api/v1/namespaces/{OWN}")["metadata"]["labels"]
        self.report.check(label.get("pod-security.kubernetes.io/enforce") == "restricted",
                          "both pods run under the enforced Pod Security level restricted",
                          ", ".join(pod["metadata"]["name"] for pod in self._own_pods(ready=True)))
        self.say("what the ServiceAccount may do (kubectl auth can-i --list, in its namespace and in another)")
        for namespace in (OWN, SHOP):
            print(self.cluster.kubectl("auth", "can-i", "--list", f"--as=system:serviceaccount:{OWN}:foretop",
                                       "--as-group=system:serviceaccounts", "--as-group=system:authenticated",
                                       "-n", namespace), flush=True)

    def _helm_test(self):
        code, out = self.helm("test", "foretop", "--timeout", "240s")
        self.report.check(code == 0 and "Succeeded" in out, "helm test with our own binary",
                          "" if code == 0 else out + self._why())

    def _upgrade(self):
        before = {pod["metadata"]["uid"] for pod in self._own_pods()}
        size = self._replicas("web")
        code, out = self.helm("upgrade", "foretop", CHART, "--values", self.values(
            hpa={"tolerance": 0.11}, log={"verbosity": 2}))
        self.report.check(code == 0, "helm upgrade", out.splitlines()[-1] if code else "")
        wait_for("new pods only", lambda: len(self._own_pods(ready=True)) == 2 and not before & {
            pod["metadata"]["uid"] for pod in self._own_pods()}, 240)
        since = time.time()
        wait_for("a new pod to lead and to decide", lambda: self._decides() and self._leader() in {
            pod["metadata"]["name"] for pod in self._own_pods()}, 180)
        self.report.check(self._lowest("web", since) >= size, "pods are replaced and nothing is lowered",
                          f"{size} replicas, {self._leader()} leads")

    # --- looking ---

    def _own_pods(self, ready=False):
        pods = self.cluster.api.get(f"/api/v1/namespaces/{OWN}/pods?labelSelector="
                                    "app.kubernetes.io%2Fcomponent%3Dcontroller")["items"]
        return [pod for pod in pods if not ready or any(
            c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))]

    def _status(self, name):
        try:
            data = self.cluster.api.get(f"/api/v1/namespaces/{OWN}/configmaps/{SHOP}.{name}")["data"]
        except ApiError as error:
            if error.status == 404:
                return {}
            raise
        return json.loads(data["status.json"])

    def _decision(self, name):
        return (self._status(name).get("lastDecision") or {}).get("reason")

    def _decides(self):
        """Has the process that leads decided itself, more than once? Counters of a new process begin with nothing."""
        leader = self._leader()
        if not any(pod["metadata"]["name"] == leader for pod in self._own_pods(ready=True)):
            return False
        text = self.cluster.api.get(f"/api/v1/namespaces/{OWN}/pods/{leader}:8080/proxy/metrics")
        counts = [float(line.rpartition(" ")[2]) for line in text.splitlines()
                  if line.startswith("foretop_decisions_total{") and 'policy="web"' in line]
        return sum(counts) > 1

    def _leader(self):
        return self.cluster.api.get(f"/apis/coordination.k8s.io/v1/namespaces/{OWN}/leases/foretop")["spec"].get(
            "holderIdentity") or ""

    def _replicas(self, name):
        return self.cluster.api.get(f"/apis/apps/v1/namespaces/{SHOP}/deployments/{name}")["spec"]["replicas"]

    def _lowest(self, name, since):
        steps = self.recorder.steps(self.recorder.replicas, (SHOP, name))
        return min([count for when, count in steps if when >= since] or [steps[-1][1]])

    def _why(self):
        """What the pods of our own say, for a check that failed."""
        out = ["", self.cluster.kubectl("get", "pods,events,jobs", "-n", OWN, "-o", "wide")]
        for pod in self.cluster.api.get(f"/api/v1/namespaces/{OWN}/pods")["items"]:
            name = pod["metadata"]["name"]
            try:
                out += [f"-- {name}", self.cluster.kubectl("logs", name, "-n", OWN, "--all-containers", "--tail=30")]
            except RuntimeError as error:
                out.append(str(error))
        return "\n".join(out)

    # --- what is seen ---

    def _scaled_ahead(self):
        check = self.report.check
        ready = (SHOP, "web")
        try:
            wait_for("the pods for the peak", lambda: self.recorder.ready_now(ready) >= PEAK - 1, LEAD_S + 60)
        except Timeout as error:
            self.report.note(str(error))
        steps = self.recorder.steps(self.recorder.ready, ready)
        first = min((when for when, count in steps if count >= PEAK - 1), default=None)
        check(first is not None and first < self.rise_at, f"{PEAK - 1} real pods are Ready before the load rises",
              f"{first - self.rise_at:+.0f} s: {self._decision('web')}" if first else f"never: {self._decision('web')}")
        try:
            wait_for("the floor", lambda: self.cluster.api.get(HPA)["spec"]["minReplicas"] >= PEAK - 1, 120)
        except Timeout as error:
            self.report.note(f"{error}: {self._decision('checkout')}")
        item = self.cluster.api.get(HPA)
        check(item["spec"]["minReplicas"] >= PEAK - 1, "minReplicas of a real HPA is raised",
              str(item["spec"]["minReplicas"]))

    def _figures(self):
        """Ten policies, as the kubelet counts what they cost."""
        for number in range(POLICIES - 2):
            self.cluster.api.create(f"/api/v1/namespaces/{SHOP}/configmaps",
                                    policy(f"more-{number}", "web" if number else "checkout", "Recommend"))
        wait_for("status of every policy", lambda: all(
            self._status(f"more-{number}") for number in range(POLICIES - 2)), 180)
        leader = self._leader()
        begin = wait_for("the kubelet's figures", lambda: self._figures_of(leader), 180)
        end = wait_for("figures of a later time", lambda: self._figures_of(leader, begin[leader].at + FIGURES_S), 180)
        for pod, figures in end.items():
            cores = figures.cores_since(begin[pod]) if pod in begin else 0.0
            self.report.note(
                f"{pod} ({'leads' if pod == leader else 'stands by'}): working set {mib(figures.working_set)}, RSS with "
                f"shared libraries {mib(self.cluster.resident_bytes(pod))}, {1000 * cores:.1f} millicores with {POLICIES} "
                "policies, each decided every 5 s")
        self.report.check(end[leader].working_set < 64 << 20,
                          "the leader's working set is under half of its limit, by the kubelet's own figures")

    def _figures_of(self, leader, after=0.0):
        figures = self.cluster.pod_figures(OWN, "foretop")
        return figures if leader in figures and figures[leader].at > after else None

    def _lose_the_leader(self):
        leader, size, since = self._leader(), self._replicas("web"), time.time()
        self.say(f"{leader} leads; its process is killed, its pod deleted")
        os.kill(self.cluster.process_of(leader), signal.SIGKILL)
        self.cluster.kubectl("delete", "pod", leader, "-n", OWN, "--grace-period=0", "--force")
        wait_for("the other replica to lead", lambda: self._leader() not in ("", leader), 180)
        took = time.time() - since
        wait_for("its decision", self._decides, 180)
        self.report.check(self._lowest("web", since) >= size, "the second replica takes over and lowers nothing",
                          f"after {took:.0f} s, {size} replicas")

    def _uninstall(self):
        check, size = self.report.check, self._replicas("web")
        policies = self.cluster.kubectl("get", "configmaps", "-n", SHOP, "-l", "foretop.io/policy=v1", "-o", "name").split()
        code, out = self.helm("uninstall", "foretop", "--timeout", "180s")
        check(code == 0, "helm uninstall", out + self._why() if code else "")
        item = self.cluster.api.get(HPA)
        marks = [key for key in item["metadata"].get("annotations", {}) if key.startswith("foretop.io/")]
        check(item["spec"]["minReplicas"] == OWN_MIN and not marks, "the HPA has its own minReplicas again",
              f"{item['spec']['minReplicas']} {marks}")
        with contextlib.suppress(Timeout):
            wait_for("everything of ours to go", lambda: not self._ours(), 120)
        ours = self._ours()
        check(not ours, "no object labelled part-of=foretop is left", " ".join(ours))
        with contextlib.suppress(Timeout):
            wait_for("the rest to go", lambda: not self._left(), 60)
        left = self._left()
        check(not left, "nothing at all is left in the namespace", " ".join(left))
        check(policies == self.cluster.kubectl("get", "configmaps", "-n", SHOP, "-l", "foretop.io/policy=v1", "-o",
                                               "name").split(), "the policies stay", f"{len(policies)} of them")
        check(self._replicas("web") == size, "the workload keeps its size", str(size))

    def _left(self):
        """What is in the namespace that every namespace has not got."""
        names = self.cluster.kubectl("get", "all,configmaps,leases,serviceaccounts,roles,rolebindings,secrets,"
                                     "poddisruptionbudgets", "-n", OWN, "-o", "name").split()
        return sorted(set(names) - {"configmap/kube-root-ca.crt", "serviceaccount/default"})

    def _ours(self):
        kinds = self.cluster.kubectl("api-resources", "--verbs=list", "-o", "name").split()
        kinds = [kind for kind in kinds if kind not in ("events", "componentstatuses")]
        return self.cluster.kubectl("get", ",".join(kinds), "-A", "-l", PART_OF, "-o", "name",
                                    "--ignore-not-found").split()
