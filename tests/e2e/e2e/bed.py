"""The servers of one run and what lives on them: namespaces, workloads, policies, history, load."""
import math
import os
import time

from . import objects
from .cluster import Cluster
from .exporter import Exporter, write_history
from .processes import wait_for
from .prometheus import SCRAPE_S, Prometheus
from .recorder import Recorder
from .traces import DAY_S, HISTORY_S, RAMPS, load_ramp

SHOP = "shop"  # the pairs, and the CPU policy
KILLED = "shop-killed"  # a copy of the first pair's forecasting twin
REHEARSAL = "shop-rehearsal"  # another copy, served by --dry-run
PEAK_PODS = 25
CPU_APP = "cpu"


def twins(service):
    return f"{service}-forecast", f"{service}-reactive"


class Bed:
    def __init__(self, folder, binaries, supervisor, rise_at):
        self.folder = folder
        self.rise_at = rise_at
        self.cluster = Cluster(folder, binaries, supervisor)
        self.prometheus = Prometheus(folder, supervisor)
        self.loads = [load_ramp(ramp, rise_at, PEAK_PODS * objects.CAPACITY) for ramp in RAMPS]
        self.recorder = Recorder(self.cluster.api)
        # key of every Deployment -> (load, policy)
        self.targets = {}
        for load in self.loads:
            for name, mode in zip(twins(load.service), ("Always", "Disabled")):
                self._add(SHOP, name, load, objects.requests_policy(SHOP, name, SHOP, load.service, mode))
        first = self.loads[0]
        self.first_twin = (SHOP, twins(first.service)[0])
        for namespace in (KILLED, REHEARSAL):
            name = self.first_twin[1]
            self._add(namespace, name, first,
                      objects.requests_policy(namespace, name, SHOP, first.service, "Always"))
        self._add(SHOP, CPU_APP, first, objects.cpu_policy(SHOP, CPU_APP))
        self.exporter = Exporter(SHOP, self.loads, self.recorder,
                                 {key: load for key, (load, _) in self.targets.items()})

    def _add(self, namespace, name, load, policy):
        self.targets[(namespace, name)] = (load, policy)

    def first_replicas(self, load):
        """What the target asks for before the rise."""
        return max(2, math.ceil(load.demand(self.rise_at - 1) / objects.TARGET))

    def start(self):
        """All servers up, history loaded, every workload's first pods Ready; policies are not there yet."""
        self.cluster.start()
        self.recorder.start()
        for namespace in (SHOP, KILLED, REHEARSAL):
            self.cluster.create_namespace(namespace)
        for (namespace, name), (load, _) in self.targets.items():
            self.cluster.api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments",
                                    objects.deployment(namespace, name, self.first_replicas(load)))
        self._start_prometheus()
        wait_for("the first pods to be Ready", lambda: all(
            self.recorder.ready_now(key) == self.first_replicas(load) for key, (load, _) in self.targets.items()),
            120)

    def _start_prometheus(self):
        self.exporter.start()
        text = os.path.join(self.folder, "history.om")
        self.seam = int(time.time()) // SCRAPE_S * SCRAPE_S
        write_history(text, SHOP, self.loads, {(SHOP, CPU_APP): self.loads[0]}, self.seam - HISTORY_S, self.seam)
        self.prometheus.load_history(text)
        os.remove(text)
        self.prometheus.start(self.exporter.port)

    def apply_policies(self):
        for (namespace, _), (_, policy) in self.targets.items():
            self.cluster.api.create(f"/api/v1/namespaces/{namespace}/configmaps", policy)

    def check_history(self, report):
        """The series that a policy reads must be the trace: in the past, and sample by sample over the seam from the
        history to the live scrapes."""
        wait_for("live scrapes after the history", lambda: all(
            len([t for t, _ in self.samples(load, 300) if t > self.seam]) >= 4 for load in self.loads), 180,
            every_s=1)
        past = max(abs(self.rate(load, when) / load.demand(when) - 1) for load in self.loads
                   for day in (1, 7, 13) for when in (self.rise_at - DAY_S * day - 30, self.rise_at - DAY_S * day + 270))
        over = max(largest_error(load, self.samples(load, 300)) for load in self.loads)
        report.check(past < 0.01 and over < 0.02, "14 days of history go over into the live series",
                     f"off by at most {100 * past:.2f} % in the past, {100 * over:.2f} % between two samples of the "
                     f"last five minutes")

    def selector(self, load):
        return f'http_requests_total{{namespace="{SHOP}",service="{load.service}"}}'

    def rate(self, load, when):
        return self.prometheus.query(f"sum(rate({self.selector(load)}[1m]))", when)

    def samples(self, load, back_s):
        return self.prometheus.samples(f"{self.selector(load)}[{back_s}s]")


def largest_error(load, samples):
    """How far the growth between two samples of a counter is from the load's, as a fraction."""
    worst = 0.0
    for (begin, low), (end, high) in zip(samples, samples[1:]):
        true = load.total(end) - load.total(begin)
        worst = max(worst, abs((high - low) / true - 1))
    return worst
