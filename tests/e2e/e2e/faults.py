"""What networks and servers do, done for real: between foretop and the API server, and between foretop and Prometheus,
stands a proxy that cuts, goes silent and delays; servers are killed, and etcd's history is compacted. One process of foretop
lives through it all: sizes follow demand again each time, each is written once, and none is lowered while its metric is
unknown."""
import base64
import json
import time
import urllib.request

from . import audit, levels
from .cluster import Cluster
from .faultproxy import FaultProxy
from .installation import Installation, rendered
from .levels import Levels, needed, size, wait_followed
from .processes import wait_for
from .prometheus import Prometheus
from .recorder import Recorder
from .scraped import Scraped

SHOP = "faults"
APPS = {"small": 1.0, "large": 2.5}  # shares of the story's demand
GONE = (SHOP, "gone")  # its policy is deleted while nobody looks
CONFIG = """\
sources:
- name: default
  url: {prometheus}
syncPeriod: 2s
leaderElection: {{leaseDuration: 60s, renewDeadline: 40s, retryPeriod: 2s}}
statusNamespace: {namespace}
"""
CUT_SIZES = (1, 40, 200, 700, 3000)  # bytes that pass before a cut
SLOW_S = 0.4
FAILURES = 4  # queries that must have failed before an outage is over
WAIT_S = 90


class QuickCluster(Cluster):
    ready_ms = 1000


class Faults:
    def __init__(self, binary, binaries, folder, supervisor, report):
        self.report = report
        self.supervisor = supervisor
        self.cluster = QuickCluster(folder, binaries, supervisor)
        self.prometheus = Prometheus(folder, supervisor)
        self.recorder = Recorder(self.cluster.api)
        self.keys = [(SHOP, app) for app in APPS]
        self.levels = Levels({**{key: 400 * APPS[key[1]] for key in self.keys}, GONE: 400})
        self.foretop = Installation(self.cluster, binary, SHOP, "foretop-faults", config=CONFIG)
        self.to_api, self.to_prometheus = FaultProxy(self.cluster.port), FaultProxy(self.prometheus.port)
        self.wanted = {key: [] for key in self.keys}
        self.begin = time.time()

    def progress(self, text):
        print(f"[{time.time() - self.begin:5.1f} s] {text}", flush=True)

    def run(self):
        self._start()
        for fault in (self._cut, self._cut_in_frames, self._slow, self._half_open, self._killed_server,
                      self._compaction, self._killed_prometheus, self._silent_prometheus):
            fault()
        self._judge()

    def _start(self):
        self.cluster.start()
        self.recorder.start()
        self.to_api.start()
        self.to_prometheus.start()
        self.scraped = Scraped(self.levels)
        self.scraped.start()
        self.prometheus.start(self.scraped.port, 1)
        levels.create(self.cluster, self.levels)
        self.foretop.install(rendered(self.cluster), f"http://127.0.0.1:{self.to_prometheus.port}")
        self.foretop.go_through(self.to_api.port)
        self.foretop.start()
        self.foretop.wait_ready()
        self._demand(600)
        self._follows("at the start")

    # --- what each fault needs ---

    def _alive(self):
        if not self.foretop.process.running():
            raise RuntimeError(f"foretop ended with {self.foretop.process.popen.returncode}")

    def _demand(self, demand):
        for key in self.keys:
            self.levels.set(key, demand * APPS[key[1]])

    def _follows(self, what):
        begin = time.time()
        sizes = wait_followed(self.levels, self.recorder, self.keys, f"sizes that follow, {what}", self._alive)
        for key, replicas in zip(self.keys, sizes):
            self.wanted[key].append(replicas)
        self.progress(f"{what}: sizes {sizes}, {time.time() - begin:.1f} s later")

    def _errors(self):
        return self.foretop.metric("rest_client_requests_total", 'code="<error>"')

    def _more_errors(self, what, count):
        before = self._errors()
        wait_for(f"{count} requests that fail, {what}", lambda: self._errors() >= before + count, WAIT_S)

    # --- the faults ---

    def _cut(self):
        self.to_api.cut()
        self._demand(900)
        self._more_errors("without a network", 3)
        self.to_api.mend()
        self._follows("after a network cut")

    def _cut_in_frames(self):
        for number, count in enumerate(CUT_SIZES):
            self.to_api.cut_after(count)
            self._demand(500 if number % 2 == 0 else 800)
            self._follows(f"with every connection cut after {count} bytes")
        self.report.check(self.to_api.cuts >= len(CUT_SIZES), "connections were cut between two bytes",
                          f"{self.to_api.cuts} of them")

    def _slow(self):
        self.to_api.delay(SLOW_S)
        self._demand(1000)
        self._follows(f"with every byte {SLOW_S} s late")
        self.to_api.mend()

    def _half_open(self):
        self.to_api.go_silent()
        self._demand(300)
        self._more_errors("on half-open connections", 2)
        self.to_api.mend()
        self._follows("after half-open connections")

    def _killed_server(self):
        self.cluster.server.kill()
        self._demand(700)
        self._more_errors("without an API server", 3)
        self.cluster.start_server()
        self._follows("after kill -9 of the API server")
        told = self.foretop.metric("foretop_watch_interruptions_total")
        self.report.check(told > 0, "watches that could not begin are told in the metrics", f"{told:.0f} interruptions")

    def _compaction(self):
        """While foretop is cut off a policy goes and a size changes, and etcd and the server forget how it was."""
        api, expired = self.cluster.api, self._expired()
        self.to_api.cut()
        api.request("DELETE", f"/api/v1/namespaces/{SHOP}/configmaps/{GONE[1]}")
        api.patch(f"/apis/apps/v1/namespaces/{SHOP}/deployments/{self.keys[0][1]}/scale", {"spec": {"replicas": 20}})
        for number in range(5):  # newer than all that foretop has seen
            api.patch(f"/api/v1/namespaces/{SHOP}", {"metadata": {"labels": {"number": str(number)}}})
        self.cluster.server.kill()
        revision = self._compact()
        self.cluster.start_server()
        self._demand(500)
        self.to_api.mend()
        self._follows("after a compaction of etcd")
        wait_for("the deleted policy's end", lambda: not self.foretop.metric(
            "foretop_current_replicas", f'policy="{GONE[1]}"'), WAIT_S)
        self.levels.set(GONE, 900)
        self._demand(600)
        self._follows("without the policy that went")
        told = self._expired() - expired
        self.report.check(told > 0 and size(self.recorder, GONE) == needed(400),
                          "a real 410 leads to a new list, and what went meanwhile is not scaled any more",
                          f"compacted at revision {revision}, {told:.0f} watches told")

    def _expired(self):
        return self.foretop.metric("foretop_watch_expired_total")

    def _compact(self):
        def ask(path, value):
            request = urllib.request.Request(self.cluster.etcd_url + path, json.dumps(value).encode())
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        revision = ask("/v3/kv/range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"]
        ask("/v3/kv/compaction", {"revision": revision, "physical": True})
        return revision

    def _outage(self, what):
        """Demand falls while nobody can know it. True when no size has changed by the end."""
        before = [size(self.recorder, key) for key in self.keys]
        failed = self.foretop.metric("foretop_query_failures_total")
        self._demand(200)
        wait_for(f"queries that fail, {what}", lambda: self.foretop.metric(
            "foretop_query_failures_total") >= failed + FAILURES * len(self.keys), WAIT_S)
        self._alive()
        after = [size(self.recorder, key) for key in self.keys]
        self.report.check(before == after, f"no size is lowered {what}", f"{before}, then {after}")

    def _killed_prometheus(self):
        self._demand(800)
        self._follows("before Prometheus is killed")
        self.prometheus.process.kill()
        self._outage("while Prometheus is away")
        self.prometheus.start(self.scraped.port, 1)
        self._follows("after a restart of Prometheus")

    def _silent_prometheus(self):
        self._demand(900)
        self._follows("before Prometheus falls silent")
        self.to_prometheus.go_silent()
        self._outage("while Prometheus does not answer")
        self.to_prometheus.mend()
        self._follows("after half-open connections to Prometheus")

    # --- the verdict ---

    def _judge(self):
        with open(self.foretop.process.log, encoding="utf-8") as f:
            began = f.read().count("Began to lead")
        code, _took = self.foretop.process.stop()
        self.report.check(self.foretop.starts == 1 and began == 1 and code == 0,
                          "one process lived through all of it and kept the lead", f"exit {code}")
        events = audit.read_last(self.cluster.audit_log)
        for key in self.keys:
            mine = [(when, replicas, event) for when, replicas, event in levels.writes(events, key)
                    if event["user"]["username"] == self.foretop.user]
            sizes = [replicas for _, replicas, _ in mine]
            self.report.check(sizes == self.wanted[key], f"{key[1]}: each size is written, once",
                              " -> ".join(map(str, sizes)) + (
                                  "" if sizes == self.wanted[key] else f", wanted {self.wanted[key]}"))
