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

SHOP = "shop"  # five pairs of twins, and the CPU policy
KILLED = "shop-killed"  # the same pairs, served by a process that is killed again and again
REHEARSAL = "shop-rehearsal"  # the same pairs, served by --dry-run
PEAK_PODS = 25
CPU_APP = "cpu"


def twins(service):
    return f"{service}-forecast", f"{service}-reactive"


class Bed:
    """Start the servers first, then prepare everything for a rise at a moment that has become known."""

    def __init__(self, folder, binaries, supervisor):
        self.folder = folder
        self.cluster = Cluster(folder, binaries, supervisor)
        self.prometheus = Prometheus(folder, supervisor)
        self.recorder = Recorder(self.cluster.api)

    def start_servers(self):
        self.cluster.start()
        self.recorder.start()
        for namespace in (SHOP, KILLED, REHEARSAL):
            self.cluster.create_namespace(namespace)

    def prepare(self, rise_at):
        """History loaded, every workload's first pods Ready; policies are not there yet."""
        self.rise_at = rise_at
        self.loads = [load_ramp(ramp, rise_at, PEAK_PODS * objects.CAPACITY) for ramp in RAMPS]
        self.targets = dict(self._targets())
        for (namespace, name), (load, _) in self.targets.items():
            self.cluster.api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments",
                                    objects.deployment(namespace, name, self.first_replicas(load)))
        self._start_prometheus()
        wait_for("the first pods to be Ready", lambda: all(
            self.recorder.ready_now(key) == self.first_replicas(load) for key, (load, _) in self.targets.items()),
            240)

    def _targets(self):
        """(namespace, name) -> (load, policy) of every Deployment."""
        for namespace in (SHOP, KILLED, REHEARSAL):
            for load in self.loads:
                for name, mode in zip(twins(load.service), ("Always", "Disabled")):
                    policy = objects.requests_policy(namespace, name, SHOP, load.service, mode)
                    yield (namespace, name), (load, policy)
        yield (SHOP, CPU_APP), (self.loads[0], objects.cpu_policy(SHOP, CPU_APP))

    def in_namespace(self, namespace):
        return [key for key in self.targets if key[0] == namespace]

    def first_replicas(self, load):
        """What the target asks for before the rise."""
        return max(2, math.ceil(load.demand(self.rise_at - 1) / objects.TARGET))

    def _start_prometheus(self):
        self.exporter = Exporter(SHOP, self.loads, self.recorder,
                                 {key: load for key, (load, _) in self.targets.items()})
        self.exporter.start()
        text = os.path.join(self.folder, "history.om")
        self.seam = int(time.time()) // SCRAPE_S * SCRAPE_S
        write_history(text, SHOP, self.loads, {(SHOP, CPU_APP): self.loads[0]}, self.seam - HISTORY_S, self.seam)
        self.prometheus.load_history(text)
        os.remove(text)
        self.prometheus.start(self.exporter.port)
        self.live_at = time.time()

    def apply_policies(self):
        for (namespace, _), (_, policy) in self.targets.items():
            self.cluster.api.create(f"/api/v1/namespaces/{namespace}/configmaps", policy)

    def check_history(self, report):
        """The series that the policies read must be the trace: in the past, and sample by sample over the seam from
        the history to the live scrapes."""
        moments = [self.rise_at - DAY_S * day + after for day in (1, 7, 13) for after in (-30, 270)]
        past = max(abs(self.rate(load, when) / load.demand(when) - 1) for load in self.loads for when in moments)
        back_s = int(time.time() - self.seam) + 60
        live = [self.samples(load, back_s) for load in self.loads]
        took = dict(self.prometheus.samples(f'scrape_duration_seconds{{job="shop"}}[{back_s}s]'))
        over = max(largest_error(load, samples, took) for load, samples in zip(self.loads, live))
        fewest = min(len(samples) for samples in live)
        report.check(past < 0.01 and over < 0.02 and fewest >= (time.time() - self.live_at) / SCRAPE_S - 4,
                     "14 days of history go over into the live series",
                     f"off by at most {100 * past:.2f} % in the past, {100 * over:.2f} % between any two of the last "
                     f"{fewest} samples")

    def selector(self, load):
        return f'http_requests_total{{namespace="{SHOP}",service="{load.service}"}}'

    def rate(self, load, when):
        return self.prometheus.query(f"sum(rate({self.selector(load)}[1m]))", when)

    def samples(self, load, back_s):
        return self.prometheus.samples(f"{self.selector(load)}[{back_s}s]")


def largest_error(load, samples, took):
    """How far the growth between two samples of a counter is from the load's, as a fraction. Each was taken at some moment
    of its scrape, which began at its time and took so long: {time: seconds}."""
    worst = 0.0
    for (begin, low), (end, high) in zip(samples, samples[1:]):
        least = load.total(end) - load.total(begin + took.get(begin, 0))
        most = load.total(end + took.get(end, 0)) - load.total(begin)
        worst = max(worst, 1 - (high - low) / least, (high - low) / most - 1)
    return worst
