"""Two replicas and hand-overs of the lead at moments of change: killed, ended, frozen, cut off. By the audit log nobody
writes but the holder of the Lease, no size is written twice, and the second takes over within the Lease's duration and
4.4 retry periods. E2E_HANDOVERS says how often (20)."""
import os
import random
import signal
import time
from dataclasses import dataclass

from . import audit, levels, tokens
from .faultproxy import FaultProxy
from .faults import QuickCluster
from .installation import Installation, rendered
from .levels import Levels, wait_followed
from .processes import wait_for
from .prometheus import Prometheus
from .recorder import Recorder
from .scraped import Scraped

APPS = {"small": 1.0, "large": 2.5}
HANDOVERS = int(os.environ.get("E2E_HANDOVERS", "20"))
SEED = 20260110
CONFIG = """\
sources:
- name: default
  url: {prometheus}
syncPeriod: 1s
statusNamespace: {namespace}
"""
# Duration, renew deadline and retry period: those of client-go, and short ones.
USUAL, SHORT = (15, 10, 2), (3, 2, 0.5)
# A standby looks at the Lease every retry period to 2.2 of them: once to see the last renewal, once to see that it is over.
LOOKS = 4.4
REQUESTS_S = 1  # what requests take, on a machine with other work
SPREAD_S = 1.5  # the fault comes this long after the demand has changed, at most
DEMANDS = (300, 400, 600, 800, 900, 1100)


def election(times, shards=1):
    duration, deadline, retry = times
    return CONFIG + (f"leaderElection: {{{{leaseDuration: {duration}s, renewDeadline: {deadline}s, "
                     f"retryPeriod: {int(retry * 1000)}ms, shards: {shards}}}}}\n")


@dataclass
class Handover:
    how: str
    times: tuple
    begin: float
    end: float
    before: str
    after: str


class Replica:
    def __init__(self, cluster, binary, number, story):
        self.proxy = FaultProxy(cluster.port)
        self.foretop = Installation(cluster, binary, story.shop, story.system, config=election(USUAL, story.shards),
                                    replica=number)

    @property
    def pod(self):
        return self.foretop.pod

    def install(self, items, prometheus):
        self.prometheus = prometheus
        self.proxy.start()
        self.foretop.install(items, prometheus)
        self.foretop.go_through(self.proxy.port)
        with open(self.foretop.token, encoding="ascii") as f:
            self.token = tokens.identity(f.read())

    def start(self):
        self.foretop.start()
        self.foretop.wait_ready()

    def running(self):
        return self.foretop.process.running()


class HandoverStory:
    shop, system, apps, shards = "handover", "foretop-handover", APPS, 1

    def __init__(self, binary, binaries, folder, supervisor, report):
        self.report = report
        self.cluster = QuickCluster(folder, binaries, supervisor)
        self.prometheus = Prometheus(folder, supervisor)
        self.recorder = Recorder(self.cluster.api)
        self.keys = [(self.shop, app) for app in self.apps]
        self.levels = Levels({key: 400 * self.apps[key[1]] for key in self.keys})
        self.replicas = [Replica(self.cluster, binary, number, self) for number in (0, 1)]
        self.wanted = {key: [] for key in self.keys}
        self.handovers = []
        self.random = random.Random(SEED)
        self.ways = {"kill -9": self._kill, "SIGTERM": self._end, "frozen": self._freeze, "cut off": self._cut,
                     "half-open": self._silence}
        self.demand = 400
        self.begin = time.time()

    def progress(self, text):
        print(f"[{time.time() - self.begin:5.1f} s] {text}", flush=True)

    def run(self):
        self._start()
        self._hand_over("kill -9", USUAL)
        self._shorten()
        order = [way for _ in range(-(-HANDOVERS // len(self.ways))) for way in self.ways][:HANDOVERS]
        self.random.shuffle(order)
        for how in order:
            self._hand_over(how, SHORT)
        self._judge()

    def _start(self):
        self.cluster.start()
        self.recorder.start()
        scraped = Scraped(self.levels)
        scraped.start()
        self.prometheus.start(scraped.port, 1)
        levels.create(self.cluster, self.levels)
        items = rendered(self.cluster)
        for replica in self.replicas:
            replica.install(items, self.prometheus.url)
            replica.start()
        self._change()
        self._followed("at the start")

    def _shorten(self):
        for replica in self.replicas:
            replica.foretop.process.stop()
            replica.foretop.configure(election(SHORT, self.shards), replica.prometheus)
        for replica in self.replicas:
            replica.start()
        self._leader()

    # --- who leads ---

    def _holder(self):
        holders = self.replicas[0].foretop.lease_holders()
        return holders.get("foretop", "")

    def _leader(self):
        pod = wait_for("a leader", self._holder, 60)
        return next(replica for replica in self.replicas if pod.startswith(replica.pod))

    def _change(self):
        self.demand = self.random.choice([demand for demand in DEMANDS if demand != self.demand])
        for key in self.keys:
            self.levels.set(key, self.demand * self.apps[key[1]])

    def _followed(self, what):
        sizes = wait_followed(self.levels, self.recorder, self.keys, f"sizes that follow, {what}")
        for key, replicas in zip(self.keys, sizes):
            self.wanted[key].append(replicas)
        return sizes

    # --- hand-overs ---

    def _taken_by(self, other):
        return self._holder().startswith(other.pod)

    def _hand_over(self, how, times):
        leader = self._leader()
        other = next(replica for replica in self.replicas if replica is not leader)
        begin = time.time()
        self._change()
        time.sleep(self.random.uniform(0, SPREAD_S))
        revive = self.ways[how](leader)
        wait_for(f"{other.pod} to take over, {how}", lambda: self._taken_by(other), 90)
        sizes = self._followed(how)
        revive()
        self.handovers.append(Handover(how, times, begin, time.time(), leader.pod, other.pod))
        self.progress(f"{len(self.handovers)}: {how}, {leader.pod} to {other.pod}, sizes {sizes}, "
                      f"{time.time() - begin:.1f} s")

    def _ended(self, replica):
        """Waits until it has given up, and starts it again, as a kubelet would."""
        wait_for(f"the end of {replica.pod}", lambda: not replica.running(), 60)
        replica.proxy.mend()
        replica.start()

    def _kill(self, replica):
        replica.foretop.process.kill()
        return lambda: self._ended(replica)

    def _end(self, replica):
        replica.foretop.process.stop()
        return lambda: self._ended(replica)

    def _freeze(self, replica):
        """It wakes up when the other leads already, in the middle of what it was about to do."""
        replica.foretop.process.signal(signal.SIGSTOP)

        def thaw():
            replica.foretop.process.signal(signal.SIGCONT)
            self._ended(replica)
        return thaw

    def _cut(self, replica):
        replica.proxy.cut()
        return lambda: self._ended(replica)

    def _silence(self, replica):
        replica.proxy.go_silent()
        return lambda: self._ended(replica)

    # --- the verdict ---

    def _judge(self):
        for replica in self.replicas:
            replica.foretop.process.stop()
        events = audit.read_last(self.cluster.audit_log)
        self.reigns = self._reigns(events)
        self._judge_times()
        self._judge_writers(events)
        for key in self.keys:
            sizes = [replicas for _, replicas, _ in levels.writes(events, key)]
            self.report.check(sizes == self.wanted[key], f"{key[1]}: each size is written, once",
                              f"{len(sizes)} writes" if sizes == self.wanted[key] else
                              f"{sizes}, wanted {self.wanted[key]}")

    def _reigns(self, events):
        """[(time, holder, token)] of every write of the Lease that went through."""
        found = []
        for event in events:
            ref = event.get("objectRef") or {}
            if (ref.get("resource") == "leases" and event["verb"] in ("create", "update") and
                    event["responseStatus"].get("code") in (200, 201) and ref.get("namespace") == self.system):
                found.append((audit.seconds(event["stageTimestamp"]),
                              event["requestObject"]["spec"].get("holderIdentity") or "", tokens.used(event)))
        return sorted(found)

    def _judge_times(self):
        worst, late = {}, []
        for handover in self.handovers:
            first = next(when for when, holder, _ in self.reigns
                         if when > handover.begin and holder.startswith(handover.after))
            last = max(when for when, holder, _ in self.reigns
                       if when < first and holder.startswith(handover.before))
            took = first - last
            duration, _deadline, retry = handover.times
            if took > duration + LOOKS * retry + REQUESTS_S:
                late.append(f"{handover.how} {took:.1f} s")
            name = f"{handover.how} ({duration} s)"
            worst[name] = max(worst.get(name, 0), took)
        self.report.check(not late and len(self.handovers) == HANDOVERS + 1,
                          "the second takes over within lease duration + 4.4 retry periods of the last renewal",
                          "; ".join(late) or f"{len(self.handovers)} times; longest: " +
                          ", ".join(f"{how} {took:.1f} s" for how, took in worst.items()))

    def _judge_writers(self, events):
        strangers, count = [], 0
        for key in self.keys:
            for when, replicas, event in levels.writes(events, key):
                count += 1
                holder = [token for moment, pod, token in self.reigns if moment <= when and pod]
                if not holder or holder[-1] != tokens.used(event):
                    strangers.append(f"{key[1]} to {replicas} at {when - self.begin:.1f} s")
        self.report.check(count > HANDOVERS and not strangers, "only the holder of the Lease writes",
                          "; ".join(strangers[:4]) or f"{count} writes, {len(self.reigns)} writes of the Lease")
