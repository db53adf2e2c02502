"""Other servers with Prometheus' query API, given the same samples as a real Prometheus: what Foretop reads of them."""
import json
import math
import os
import random
import re
import shutil
import subprocess
import time
import urllib.request

from .processes import free_ports, wait_for
from .prometheus import Prometheus

MINUTE, HOUR, DAY = 60, 3600, 86400
CPU, MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
LOAD = "shop_requests_per_second"
HISTORY_S = 6 * HOUR
LOAD_DAYS = 4
# Of rates that are not Prometheus' own: it extrapolates to the ends of the window (at most half a scrape of 30 s of the
# 120 s at either), others reach for the sample before it; the load of `wave` moves by at most 3 % in a window.
RATES_APART = 0.03
POLICY = """\
scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
mode: Scale
minReplicas: 2
maxReplicas: 40
metrics:
- type: External
  external:
    metric: {name: requests}
    target: {type: AverageValue, averageValue: "90"}
  query: sum(%s)
""" % LOAD


def wave(t):
    """Cores of a container."""
    return 0.6 + 0.2 * math.sin(t / 1800)


class Samples:
    """Series as lists of (milliseconds, value); what cAdvisor and kube-state-metrics say of some pods until `end`."""

    def __init__(self, end, seed=1):
        self.series = []
        self.end = end
        self.begin = end - HISTORY_S
        self.random = random.Random(seed)
        self._usual()
        self._young_and_gone()
        self._owners()
        self._load()

    def _add(self, name, labels, samples):
        self.series.append(({"__name__": name, **labels}, samples))

    def container(self, pod, container, cores, begin=None, end=None, step=30, namespace="shop", **labels):
        """A counter of cores and a gauge of bytes, scraped each step up to 0.4 s late."""
        begin, end = begin or self.begin, end or self.end
        labels = {"namespace": namespace, "pod": pod, "container": container, **labels}
        phase, counter, cpu, memory = self.random.uniform(0, step), 0.0, [], []
        t = begin + phase
        while t <= end:
            at_ms = int(t * 1000) + self.random.randrange(400)
            cpu.append((at_ms, round(counter, 6)))
            memory.append((at_ms, 100_000_000 + round(50e6 * math.sin(t / 1000))))
            counter += cores(t) * step
            t += step
        self._add(CPU, labels, cpu)
        if labels["cpu"] in ("total", "cpu00"):
            self._add(MEMORY, {k: v for k, v in labels.items() if k != "cpu"}, memory)

    def _usual(self):
        for pod in ("web-1", "web-2"):
            self.container(pod, "app", wave, cpu="total", id=f"/{pod}/app")
            self.container(pod, "sidecar", lambda t: 0.02, cpu="total", id=f"/{pod}/sidecar")
            self.container(pod, "", lambda t: 0.7, cpu="total", id=f"/{pod}")
            self.container(pod, "POD", lambda t: 0.001, cpu="total", id=f"/{pod}/sandbox")
        self.container("web-2", "app", wave, cpu="total", id="/web-2/app", job="a-second-one")
        self.container("db-0", "db", lambda t: 2.0, step=60, cpu="total", id="/db")
        self.container('b.c"1', "app", lambda t: 0.5, namespace="b.c", cpu="total", id="/b")
        # An old cAdvisor: a series for each core.
        for core, cores in (("cpu00", 0.1), ("cpu01", 0.2)):
            self.container("canary-1", "app", lambda t, cores=cores: cores, cpu=core, id="/canary")

    def _young_and_gone(self):
        now = self.end
        self.container("web-young-1", "app", wave, begin=now - 20, cpu="total", id="/y1")
        self.container("web-young-2", "app", wave, begin=now - 70, cpu="total", id="/y2")
        # Restarted in place: another container with the same name.
        self.container("web-young-3", "app", wave, end=now - 110, cpu="total", id="/y3")
        self.container("web-young-3", "app", wave, begin=now - 80, cpu="total", id="/y3-again")
        self.container("gone-1", "app", wave, end=now - 2 * HOUR, cpu="total", id="/gone")

    def _constant(self, name, **labels):
        self._add(name, labels, [(t * 1000, 1) for t in range(self.begin, self.end + 1, 30)])

    def _owners(self):
        pods = {"ReplicaSet/web-5f": ["web-1", "web-2", "web-young-1", "web-young-2", "web-young-3"],
                "ReplicaSet/canary-7": ["canary-1"], "ReplicaSet/gone-9": ["gone-1"], "StatefulSet/db": ["db-0"]}
        for owner, names in pods.items():
            kind, name = owner.split("/")
            for pod in names:
                self._constant("kube_pod_owner", namespace="shop", pod=pod, owner_kind=kind, owner_name=name)
        for replicaset, kind, name in (("web-5f", "Deployment", "web"), ("gone-9", "Deployment", "gone"),
                                       ("canary-7", "Rollout", "canary")):
            self._constant("kube_replicaset_owner", namespace="shop", replicaset=replicaset, owner_kind=kind,
                           owner_name=name)

    def _load(self):
        """A daily wave, until an hour from now: what is asked a minute later has it too."""
        for zone in "ab":
            self._add(LOAD, {"zone": zone}, [
                (t * 1000, round(400 + 300 * math.sin(2 * math.pi * t / DAY) + self.random.uniform(0, 20), 3))
                for t in range(self.end - LOAD_DAYS * DAY, self.end + HOUR, MINUTE)])

    def write_openmetrics(self, path):
        families = {}
        for labels, samples in self.series:
            families.setdefault(labels["__name__"], []).append((labels, samples))
        with open(path, "w", encoding="utf-8") as f:
            for name, series in families.items():
                counter = name.endswith("_total")
                f.write(f"# TYPE {name.removesuffix('_total')} {'counter' if counter else 'gauge'}\n")
                for labels, samples in series:
                    text = ",".join(f"{k}={json.dumps(v)}" for k, v in labels.items() if k != "__name__" and v)
                    f.writelines(f"{name}{{{text}}} {v} {at_ms / 1000:.3f}\n" for at_ms, v in samples)
            f.write("# EOF\n")

    def json_lines(self):
        """VictoriaMetrics' own form."""
        return "".join(json.dumps({"metric": {k: v for k, v in labels.items() if v}, "values": [v for _, v in samples],
                                   "timestamps": [at_ms for at_ms, _ in samples]}) + "\n"
                       for labels, samples in self.series).encode()


class Reference(Prometheus):
    """Debian's Prometheus with the samples, and nothing to scrape."""

    def begin(self, folder, samples):
        path = os.path.join(folder, "samples.om")
        samples.write_openmetrics(path)
        self.load_history(path)
        with open(self.config, "w", encoding="ascii") as f:
            f.write("global: {external_labels: {cluster: one}}\n")
        self.process = self.supervisor.start("prometheus", [
            "prometheus", f"--config.file={self.config}", f"--storage.tsdb.path={self.data}",
            "--storage.tsdb.retention.time=60d", "--storage.tsdb.min-block-duration=2h",
            "--storage.tsdb.max-block-duration=2h", f"--web.listen-address={self.listen}"])
        ready(self.process, self.url + "/-/ready")


def ready(process, url):
    wait_for(process.name, lambda: urllib.request.urlopen(url, timeout=2).status == 200, 120, alive=[process])


class VictoriaMetrics:
    name, module, apart, lag_s = "VictoriaMetrics", "victoriametrics", RATES_APART, 30

    def __init__(self, story):
        port, = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        process = story.supervisor.start("victoria-metrics", [
            story.binary_of("victoria-metrics"), f"-storageDataPath={os.path.join(story.folder, 'victoria-metrics')}",
            f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=60d"])
        ready(process, self.url + "/health")
        urllib.request.urlopen(self.url + "/api/v1/import", story.samples.json_lines(), timeout=60).close()
        urllib.request.urlopen(self.url + "/internal/force_flush", timeout=60).close()


class Thanos:
    """Query over a sidecar of the same Prometheus. Strict: it says that a store is missing, and does not forget it."""
    name, module, apart, lag_s = "Thanos", "thanos", 1e-12, 0
    engine = "prometheus"

    def __init__(self, story):
        grpc, http, query_grpc, query = free_ports(4)
        self.url = f"http://127.0.0.1:{query}"
        thanos = story.binary_of("thanos")
        self.sidecar = sidecar = story.supervisor.start("thanos-sidecar", [
            thanos, "sidecar", f"--prometheus.url={story.reference.url}", f"--tsdb.path={story.reference.data}",
            f"--grpc-address=127.0.0.1:{grpc}", f"--http-address=127.0.0.1:{http}"])
        ready(sidecar, f"http://127.0.0.1:{http}/-/ready")
        process = story.supervisor.start("thanos-query", [
            thanos, "query", f"--query.promql-engine={self.engine}", f"--endpoint-strict=127.0.0.1:{grpc}",
            f"--grpc-address=127.0.0.1:{query_grpc}", f"--http-address=127.0.0.1:{query}"])
        ready(process, self.url + "/-/ready")
        wait_for("the sidecar's series", lambda: b'"result":[{' in urllib.request.urlopen(
            f"{self.url}/api/v1/query?query={LOAD}", timeout=5).read(), 60, alive=[sidecar, process])


    def lose_data(self):
        self.sidecar.stop()


class ThanosEngine(Thanos):
    name, engine = "Thanos with its own engine", "thanos"


CORTEX = """\
auth_enabled: false
target: distributor,ingester,querier,query-frontend,store-gateway
server: {{http_listen_address: 127.0.0.1, http_listen_port: {http}, grpc_listen_address: 127.0.0.1, grpc_listen_port: {grpc}}}
distributor: {{ring: {{kvstore: {{store: inmemory}}, instance_addr: 127.0.0.1}}}}
ingester: {{lifecycler: {{address: 127.0.0.1, ring: {{kvstore: {{store: inmemory}}, replication_factor: 1}}}}}}
frontend_worker: {{frontend_address: "127.0.0.1:{grpc}"}}
storage: {{engine: blocks}}
blocks_storage:
  backend: filesystem
  filesystem: {{dir: {folder}/bucket}}
  tsdb: {{dir: {folder}/tsdb}}
  bucket_store: {{sync_dir: {folder}/sync, sync_interval: 5s, bucket_index: {{enabled: false}}}}
querier: {{query_store_after: 0s, store_gateway_addresses: "127.0.0.1:{grpc}"}}
"""


class Cortex:
    """Through its query front end, over the blocks of the reference as if its own ingesters had shipped them."""
    name, module, apart, lag_s = "Cortex", "cortex", 1e-12, 0

    def __init__(self, story):
        http, grpc = free_ports(2)
        folder = os.path.join(story.folder, "cortex")
        self.url = f"http://127.0.0.1:{http}/prometheus"
        self._ship(story.reference.data, os.path.join(folder, "bucket", "fake"))
        config = os.path.join(folder, "cortex.yaml")
        with open(config, "w", encoding="ascii") as f:
            f.write(CORTEX.format(http=http, grpc=grpc, folder=folder))
        process = story.supervisor.start("cortex", [story.binary_of("cortex"), f"-config.file={config}"])
        wait_for("Cortex's blocks", lambda: b'"result":[{' in urllib.request.urlopen(
            f"{self.url}/api/v1/query?query={LOAD}", timeout=5).read(), 120, alive=[process])

    @staticmethod
    def _ship(data, bucket):
        for block in os.listdir(data):
            if not os.path.exists(os.path.join(data, block, "meta.json")):
                continue
            to = os.path.join(bucket, block)
            shutil.copytree(os.path.join(data, block), to)
            with open(os.path.join(to, "meta.json"), encoding="ascii") as f:
                meta = json.load(f)
            meta["thanos"] = {"version": 1, "labels": {}, "downsample": {"resolution": 0}, "source": "receive"}
            with open(os.path.join(to, "meta.json"), "w", encoding="ascii") as f:
                json.dump(meta, f)


BACKENDS = {"victoriametrics": VictoriaMetrics, "thanos": Thanos, "thanos-engine": ThanosEngine, "cortex": Cortex}


class Backends:
    def __init__(self, build, binaries, folder, supervisor, report):
        self.foretop = os.path.join(build, "foretop")
        self.compare = os.path.join(build, "tests", "backends", "compare")
        self.binaries, self.folder, self.supervisor, self.report = binaries, folder, supervisor, report
        self.policy = os.path.join(folder, "policy.yaml")
        with open(self.policy, "w", encoding="ascii") as f:
            f.write(POLICY)

    def binary_of(self, name):
        return os.path.join(self.binaries, name)

    def run(self, names):
        self.samples = Samples(int(time.time()) // MINUTE * MINUTE - MINUTE)
        self.reference = Reference(self.folder, self.supervisor)
        self.reference.begin(self.folder, self.samples)
        for name in names:
            backend = BACKENDS[name](self)
            self._builtin_queries(backend)
            self._commands(backend)
            self._wrong_query(backend)
            self._present(backend)
            self._lost_data(backend)

    def _builtin_queries(self, backend):
        done = subprocess.run([self.compare, self.reference.url, backend.url, str(self.samples.end), str(backend.apart)],
                              capture_output=True, text=True, timeout=120, check=False)
        print(done.stdout, done.stderr, sep="", end="")
        same, differs = (len(re.findall(f"(?m)^{word}: ", done.stdout)) for word in ("same", "differs"))
        self.report.check(done.returncode == 0 and same > 0, f"{backend.name} answers the built-in queries as Prometheus does",
                          f"{same} alike, {differs} not")

    def _said(self, url, *args):
        done = subprocess.run([self.foretop, *args, "--prometheus-url", url], capture_output=True, text=True, timeout=120,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def _commands(self, backend):
        """Both ask for the time up to now: within one minute."""
        commands = {
            "forecast": ("forecast", "--query", f"sum({LOAD})", "--history", "3d", "--horizon", "2h", "-o", "csv"),
            "simulate": ("simulate", "-f", self.policy, "--history", "3d", "--lead", "2m", "-o", "json"),
        }
        for name, args in commands.items():
            wait_for("the first half of a minute", lambda: time.time() % MINUTE < MINUTE / 2, 2 * MINUTE)
            want, got = self._said(self.reference.url, *args), self._said(backend.url, *args)
            self.report.check(want == got and want[0] == 0 and len(want[1]) > 100,
                              f"foretop {name} says the same of {backend.name}",
                              f"{len(want[1])} characters" if want == got else f"{want} and {got}"[:1000])

    def _wrong_query(self, backend):
        code, _, complaint = self._said(backend.url, "forecast", "--query", "sum(", "--history", "3d")
        self.report.check(code == 1 and "status 400: " in complaint, f"{backend.name} refuses a query that does not parse",
                          complaint.strip()[:120])

    def _present(self, backend):
        """What `foretop check` says of the moment that the server tells; it has no API server to ask."""
        config = os.path.join(self.folder, "controller.yaml")
        for parameters, warns in (("", backend.lag_s > 0), ("latency_offset: 1ms", False)):
            with open(config, "w", encoding="ascii") as f:
                f.write(f'sources:\n- {{name: default, url: "{backend.url}", queryParameters: {{{parameters}}}}}\n')
            done = subprocess.run([self.foretop, "check", "--config", config, "--server", "http://127.0.0.1:1"],
                                  capture_output=True, text=True, timeout=60, check=False)
            lag = re.search(r"(?m)^WARN source default says what was about (\d+) s ago", done.stdout)
            good = "ok   source default answers" in done.stdout and bool(lag) == warns
            if lag and warns:
                good = abs(int(lag[1]) - backend.lag_s) <= 1
            self.report.check(good, f"{backend.name} with {{{parameters}}} tells the {'past' if warns else 'present'}",
                              f"{lag[1]} s ago" if lag else "now" if good else done.stdout)

    def _lost_data(self, backend):
        if not hasattr(backend, "lose_data"):
            return
        backend.lose_data()
        code, _, complaint = self._said(backend.url, "forecast", "--query", f"sum({LOAD})", "--history", "3d")
        self.report.check(code == 1 and "partial data: " in complaint, f"{backend.name} lacks data, and nothing is read of it",
                          complaint.strip()[:200])
