"""The world that Prometheus sees: one HTTP endpoint with the series of a shop whose load follows the traces.

Names and labels are those that the usual exporters use: http_requests_total of an ingress, container_* of cAdvisor,
kube_*_owner of kube-state-metrics. The same labels stand in the history, so that history and live series are one.
"""
import threading
import time

from .scraped import Scraped

JOB = 'job="shop",instance="exporter"'
CORES_PER_UNIT = 1 / 100
MEMORY_BYTES = 256 << 20


def request_series(namespace, load):
    return f'http_requests_total{{namespace="{namespace}",service="{load.service}"}}'


class Usage:
    """CPU seconds of the pods that the API server lists: each Ready pod of an app has its share of the load, up to
    its limit of one core."""

    def __init__(self, recorder, apps):
        self.recorder = recorder
        self.apps = apps
        self.seconds = {}
        self.last = time.time()

    def advance(self, now):
        ready = {key: self.recorder.ready_pods(key) for key in self.apps}
        for key, load in self.apps.items():
            for name in ready[key]:
                cores = min(1.0, load.demand(now) * CORES_PER_UNIT / len(ready[key]))
                pod = (key[0], name)
                self.seconds[pod] = self.seconds.get(pod, 0.0) + cores * (now - self.last)
        self.last = now


class Exporter:
    def __init__(self, namespace, loads, recorder, apps):
        """loads: every service's; apps: {(namespace, app): load} whose pods are metered."""
        self.namespace = namespace
        self.loads = loads
        self.recorder = recorder
        self.usage = Usage(recorder, apps)
        self.lock = threading.Lock()
        self.scraped = Scraped(self)
        self.port = self.scraped.port

    def start(self):
        self.scraped.start()
        threading.Thread(target=self._meter, daemon=True).start()

    def stop(self):
        self.scraped.stop()

    def _meter(self):
        while True:
            time.sleep(1)
            with self.lock:
                self.usage.advance(time.time())

    def text(self):
        out = ["# TYPE http_requests_total counter"]
        now = time.time()
        out += [f"{request_series(self.namespace, load)} {load.total(now)!r}" for load in self.loads]
        with self.lock:
            self.usage.advance(now)
            seconds = dict(self.usage.seconds)
        pods = [(key, name) for name, key, _ in self.recorder.all_pods() if key in self.usage.apps]
        out.append("# TYPE container_cpu_usage_seconds_total counter")
        out += [f'container_cpu_usage_seconds_total{{namespace="{key[0]}",pod="{name}",container="app"}} '
                f"{seconds.get((key[0], name), 0.0)!r}" for key, name in pods]
        out.append("# TYPE container_memory_working_set_bytes gauge")
        out += [f'container_memory_working_set_bytes{{namespace="{key[0]}",pod="{name}",container="app"}} '
                f"{MEMORY_BYTES}" for key, name in pods]
        out.append("# TYPE kube_pod_owner gauge")
        out += [f'kube_pod_owner{{namespace="{key[0]}",pod="{name}",owner_kind="ReplicaSet",'
                f'owner_name="{name.rsplit("-", 1)[0]}"}} 1' for key, name in pods]
        out.append("# TYPE kube_replicaset_owner gauge")
        sets = sorted({(key, name.rsplit("-", 1)[0]) for key, name in pods})
        out += [f'kube_replicaset_owner{{namespace="{key[0]}",replicaset="{name}",owner_kind="Deployment",'
                f'owner_name="{key[1]}"}} 1' for key, name in sets]
        return "\n".join(out) + "\n"


def write_history(path, namespace, loads, apps, begin, end, step_s=15, pod_step_s=30):
    """OpenMetrics text of [begin, end]: the request counters at the scrape interval, and of each app one pod of an
    earlier release that carried all of its load."""
    with open(path, "w", encoding="ascii") as f:
        f.write("# TYPE http_requests counter\n")
        for load in loads:
            series = request_series(namespace, load).replace("}", f",{JOB}}}")
            f.writelines(f"{series} {load.total(t)!r} {t}\n" for t in range(begin, end + 1, step_s))
        times = range(begin, end + 1, pod_step_s)
        families = (
            ("container_cpu_usage_seconds counter", 'container_cpu_usage_seconds_total{{namespace="{0}",'
             'pod="{1}-before-0",container="app",{2}}}', lambda load, t: load.total(t) * CORES_PER_UNIT),
            ("container_memory_working_set_bytes gauge", 'container_memory_working_set_bytes{{namespace="{0}",'
             'pod="{1}-before-0",container="app",{2}}}', lambda load, t: MEMORY_BYTES),
            ("kube_pod_owner gauge", 'kube_pod_owner{{namespace="{0}",pod="{1}-before-0",owner_kind="ReplicaSet",'
             'owner_name="{1}-before",{2}}}', lambda load, t: 1),
            ("kube_replicaset_owner gauge", 'kube_replicaset_owner{{namespace="{0}",replicaset="{1}-before",'
             'owner_kind="Deployment",owner_name="{1}",{2}}}', lambda load, t: 1))
        for family, pattern, value in families:
            f.write(f"# TYPE {family}\n")
            for (app_namespace, app), load in apps.items():
                series = pattern.format(app_namespace, app, JOB)
                f.writelines(f"{series} {value(load, t)!r} {t}\n" for t in times)
        f.write("# EOF\n")
