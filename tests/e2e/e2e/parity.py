"""The real HPA controller and Foretop on twins, over scripted worlds: they must write the same."""
import json
import threading
import time

from . import audit, objects
from .adapter import Adapter, front_proxy_flags
from .cluster import Cluster
from .installation import Installation, rendered
from .processes import wait_for
from .prometheus import Prometheus
from .recorder import Recorder
from .report import table
from .scraped import Scraped
from .worlds import LENGTH_S, STABILIZATION_S, STEP_S, WORLDS

SHOP = "parity"
PERIOD_S = 2
SAMPLE_S = 1
READY_MS = 3000
CALM_S = 6  # before the first step, for both to have begun
CPU_START_S = 10
CONFIG = """\
sources:
- name: default
  url: {{prometheus}}
syncPeriod: {period}s
hpa: {{{{downscaleStabilization: {stabilization}s, cpuInitializationPeriod: {cpu}s, initialReadinessDelay: 5s}}}}
statusNamespace: {{namespace}}
""".format(period=PERIOD_S, stabilization=STABILIZATION_S, cpu=CPU_START_S)


def twins(world):
    return f"{world.name}-hpa", f"{world.name}-foretop"


class ParityCluster(Cluster):
    """The HPA controller reads metrics through the aggregator, decides often, and pods start within seconds."""

    ready_ms = READY_MS

    def extra_flags(self, name):
        if name == "kube-apiserver":
            return front_proxy_flags(self.authority)
        if name == "kube-controller-manager":
            return [f"--horizontal-pod-autoscaler-sync-period={PERIOD_S}s",
                    f"--horizontal-pod-autoscaler-downscale-stabilization={STABILIZATION_S}s",
                    f"--horizontal-pod-autoscaler-cpu-initialization-period={CPU_START_S}s",
                    "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
                    "--concurrent-horizontal-pod-autoscaler-syncs=10"]
        return []


class Script:
    """What is true of every world now, sampled once a second for both controllers."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.worlds = {name: world for world in WORLDS for name in twins(world)}
        self.begin = None  # before it, the first step
        self.lock = threading.Lock()
        self.sampled_at = time.time()
        self.values, self.usage = {}, {}

    def start(self):
        self._sample()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            time.sleep(SAMPLE_S)
            self._sample()

    def _sample(self):
        now = time.time()
        step = max(0, int((now - self.begin) / STEP_S)) if self.begin else 0
        values, usage = {}, {}
        for app, world in self.worlds.items():
            at = {name: script[min(step, len(script) - 1)] for name, script in world.script.items()}
            values.update({(app, name): value for name, value in at.items() if value is not None})
            pods = self.recorder.ready_pods((SHOP, app))
            usage[app] = {pod: (at.get("cpu", 0) / len(pods), at.get("memory", 64 << 20) / len(pods))
                          for pod in pods}
        with self.lock:
            self.sampled_at, self.values, self.usage = now, values, usage

    # what the adapter asks

    def external(self, _namespace, name):
        """The HPA names its metric "APP.NAME": external metrics have no owner."""
        with self.lock:
            return self.values.get(tuple(name.rsplit(".", 1)))

    def pods(self, _namespace, selector):
        app = selector.get("app")
        with self.lock:
            return [(pod, {"app": app}, {"app": used}) for pod, used in self.usage.get(app, {}).items()]

    # what Prometheus scrapes

    def text(self):
        with self.lock:
            values, usage = dict(self.values), dict(self.usage)
        out = [f'e2e_external{{app="{app}",name="{name}"}} {value!r}' for (app, name), value in values.items()]
        for app, pods in usage.items():
            for pod, (cores, size) in pods.items():
                labels = f'app="{app}",namespace="{SHOP}",pod="{pod}",container="app"'
                out += [f"e2e_cpu{{{labels}}} {cores!r}", f"e2e_memory{{{labels}}} {size!r}"]
        return "\n".join(out) + "\n"


def spec(world, app):
    """The fields that both have in common."""
    return {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app},
            "minReplicas": world.least, "maxReplicas": world.most, "metrics": json.loads(json.dumps(world.metrics)),
            **({"behavior": world.behavior} if world.behavior else {})}


def autoscaler(world, app):
    value = spec(world, app)
    for metric in value["metrics"]:
        if metric["type"] == "External":
            metric["external"]["metric"]["name"] = f"{app}.{metric['external']['metric']['name']}"
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"namespace": SHOP, "name": app}, "spec": value}


def query(metric, app):
    if metric["type"] == "External":
        return f'e2e_external{{app="{app}",name="{metric["external"]["metric"]["name"]}"}}'
    name = (metric.get("resource") or metric["containerResource"])["name"]
    return f'e2e_{name}{{app="{app}"}}'


def policy(world, app):
    value = {**spec(world, app), "mode": "Scale", "forecast": {"mode": "Disabled"}}
    for metric in value["metrics"]:
        metric["query"] = query(metric, app)
    return objects.policy(SHOP, app, json.dumps(value))


class Parity:
    def __init__(self, binary, binaries, folder, supervisor, report):
        self.report = report
        self.cluster = ParityCluster(folder, binaries, supervisor)
        self.prometheus = Prometheus(folder, supervisor)
        self.recorder = Recorder(self.cluster.api)
        self.script = Script(self.recorder)
        self.adapter = Adapter(self.cluster, self.script)
        self.scraped = Scraped(self.script)
        self.foretop = Installation(self.cluster, binary, SHOP, "foretop-system", config=CONFIG)

    def run(self):
        self._start_servers()
        self._start_workloads()
        for world in WORLDS:
            hpa, foretop = twins(world)
            self.cluster.api.create(f"/apis/autoscaling/v2/namespaces/{SHOP}/horizontalpodautoscalers",
                                    autoscaler(world, hpa))
            self.cluster.api.create(f"/api/v1/namespaces/{SHOP}/configmaps", policy(world, foretop))
        self.script.begin = time.time() + CALM_S
        print(f"{len(WORLDS)} worlds begin, {LENGTH_S} s", flush=True)
        time.sleep(max(0.0, self.script.begin + LENGTH_S - time.time()))
        self.foretop.process.stop()
        self._judge()

    def _start_servers(self):
        self.cluster.start()
        self.recorder.start()
        self.cluster.create_namespace(SHOP)
        for server in (self.script, self.adapter, self.scraped):
            server.start()
        self.adapter.register()
        self.prometheus.start(self.scraped.port, SAMPLE_S)
        wait_for("the metrics APIs", self.adapter.available, 60)
        self.foretop.install(rendered(self.cluster), self.prometheus.url)
        self.foretop.start()
        self.foretop.wait_ready()

    def _start_workloads(self):
        for app, world in self.script.worlds.items():
            self.cluster.api.create(f"/apis/apps/v1/namespaces/{SHOP}/deployments",
                                    objects.deployment(SHOP, app, world.first))
        wait_for("the first pods to be Ready", lambda: all(
            self.recorder.ready_now((SHOP, app)) == world.first for app, world in self.script.worlds.items()), 120)
        # Old enough for their CPU to count, and scraped.
        time.sleep(CPU_START_S + 2 * SAMPLE_S)

    def _judge(self):
        writes = {}
        for write in audit.scale_writes(audit.read(self.cluster.audit_log)):
            if write.status < 300:
                writes.setdefault(write.name, []).append(write)
        rows = []
        for world in WORLDS:
            by_hpa, by_foretop = ([w.replicas for w in writes.get(app, [])] for app in twins(world))
            same = self.report.check(by_hpa == by_foretop, f"{world.name}: Foretop writes what the HPA writes",
                                     f"{sequence(world, by_hpa)}" if by_hpa == by_foretop else
                                     f"HPA {sequence(world, by_hpa)}, Foretop {sequence(world, by_foretop)}")
            if not same:
                rows += [(w.name, f"{w.time - self.script.begin:.1f}", w.replicas)
                         for app in twins(world) for w in writes.get(app, [])]
        if rows:
            table(("target", "second", "replicas"), rows)
        users = {w.user for app in self.script.worlds for w in writes.get(app, []) if app.endswith("-foretop")}
        self.report.check(users == {self.foretop.user}, "Foretop alone writes its targets", str(sorted(users)))


def sequence(world, replicas):
    return " -> ".join(str(r) for r in [world.first, *replicas])
