"""Foretop beside real HPAs and ScaledObjects: mode Floor raises their minimum ahead of the load and gives it back, also after
kill -9 and by `foretop release`. And mode Scale through a rollout, with a guard that holds, and on a custom resource."""
import functools
import json
import os
import subprocess
import threading
import time

from . import audit, fleets, objects
from .adapter import Adapter
from .installation import Installation, listed, rendered
from .parity import ParityCluster
from .processes import Timeout, wait_for
from .prometheus import Prometheus
from .recorder import Recorder
from .scraped import Scraped

SHOP, LEFT = "floor", "floor-left"  # LEFT is served by a process that is killed and does not come back in time
DAY_S = 86400
HISTORY_S = 14 * DAY_S
HISTORY_STEP_S = 30
SAMPLE_S = 1
PERIOD_S = 5
READY_MS = 6000
LOW, HIGH = 180, 940
OWN_MIN = 2
LEAD_S = 270  # from the servers' start to the rise
# Seconds from the rise
CALM = -175  # policies come
GUARD_FALL, GUARD_CLEAR = -110, -70
ROLLOUT, ROLLOUT_FALL = -110, -106
FLEET_RISE = -120
KILL = -45
FALL = 25  # of `fade`
LEFT_KILL = 10
END = 130
CONFIG = f"""\
sources:
- name: default
  url: {{prometheus}}
syncPeriod: {PERIOD_S}s
statusNamespace: {{namespace}}
"""
HPAS = "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers"
SCALED_OBJECTS = "/apis/keda.sh/v1alpha1/namespaces/{}/scaledobjects"
MARKS = ("foretop.io/original-min-replicas", "foretop.io/floor", "foretop.io/floor-expires")


def jump(after, rises=True):
    """Demand that jumps at the same moment of every day, and back eight hours later (or before)."""
    def demand(seconds):
        high = (seconds - after) % DAY_S < DAY_S / 3
        if not rises:
            high = (after - seconds) % DAY_S < DAY_S / 3
        return HIGH if high else LOW
    return demand


def ramp_and_fall(seconds):
    """Rises from 400 to 1000 over 40 s around the rollout, and falls while it is under way."""
    if seconds >= ROLLOUT_FALL:
        return 300
    return min(1000, max(400, 400 + 15 * (seconds - (ROLLOUT - 30))))


def guarded(seconds):
    return 800 if seconds < GUARD_FALL else 300


def calls(seconds):
    return 300 if seconds < FLEET_RISE else 800


def errors(seconds):
    return 0.2 if GUARD_FALL - 15 <= seconds < GUARD_CLEAR else 0.0


DEMANDS = {  # app -> (namespace, demand by the seconds from the rise, first replicas)
    "web": (SHOP, jump(0), OWN_MIN), "fade": (SHOP, jump(FALL, rises=False), 10),
    "rolling": (SHOP, ramp_and_fall, 4), "guarded": (SHOP, guarded, 8),
    "fleet": (SHOP, calls, 3), "fleet-twin": (SHOP, calls, 3),
    "left-a": (LEFT, jump(0), OWN_MIN), "left-b": (LEFT, jump(0), OWN_MIN),
    "queue": (SHOP, jump(0), OWN_MIN), "drain": (SHOP, jump(FALL, rises=False), 10),
    "left-queue": (LEFT, jump(0), OWN_MIN)}
BESIDE_HPAS = ("web", "fade", "left-a", "left-b")
FLEETS = ("fleet", "fleet-twin")  # scaled by Foretop, and by a real HPA
BESIDE_SCALED_OBJECTS = ("queue", "drain", "left-queue")
FALLS_AT_ONCE = {"scaleDown": {"stabilizationWindowSeconds": 0}}


class FloorCluster(ParityCluster):
    """Pods need READY_MS, and the HPA controller decides as often as Foretop."""

    ready_ms = READY_MS

    def extra_flags(self, name):
        flags = super().extra_flags(name)
        return [flag for flag in flags if "sync-period" not in flag] + (
            [f"--horizontal-pod-autoscaler-sync-period={PERIOD_S}s"] if name == "kube-controller-manager" else [])


class Load:
    """What both controllers read: the same function of time for Prometheus and for the HPA's metrics API."""

    def __init__(self, rise_at):
        self.rise_at = rise_at

    @property
    def sampled_at(self):
        return time.time()

    def external(self, _namespace, name):
        return DEMANDS[name][1](time.time() - self.rise_at)

    def pods(self, _namespace, _selector):
        return []

    def text(self):
        after = time.time() - self.rise_at
        lines = [f'e2e_demand{{app="{app}"}} {demand(after)!r}' for app, (_, demand, _) in DEMANDS.items()]
        return "\n".join([*lines, f"e2e_errors {errors(after)!r}"]) + "\n"

    def write_history(self, path, begin, end):
        with open(path, "w", encoding="ascii") as f:
            f.write("# TYPE e2e_demand gauge\n")
            for app in BESIDE_HPAS + BESIDE_SCALED_OBJECTS:
                demand = DEMANDS[app][1]
                labels = f'app="{app}",job="shop",instance="exporter"'
                f.writelines(f"e2e_demand{{{labels}}} {demand(t - self.rise_at)!r} {t}\n"
                             for t in range(begin, end + 1, HISTORY_STEP_S))
            f.write("# EOF\n")


def metric(name):
    return {"type": "External", "external": {"metric": {"name": name},
                                             "target": {"type": "AverageValue", "averageValue": "100"}}}


def spec(app, least):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": app}
    if app in FLEETS:
        target = {"apiVersion": f"{fleets.GROUP}/v1", "kind": "Fleet", "name": app}
    return {"scaleTargetRef": target, "minReplicas": least,
            "maxReplicas": 20, "metrics": [metric(app)], "behavior": FALLS_AT_ONCE}


def autoscaler(app, namespace):
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"namespace": namespace, "name": app}, "spec": spec(app, OWN_MIN)}


def scaled_object(app, namespace):
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"namespace": namespace, "name": app},
            "spec": {"scaleTargetRef": {"name": app}, "minReplicaCount": OWN_MIN, "maxReplicaCount": 20,
                     "triggers": [{"type": "prometheus", "metadata": {"threshold": "100"}}]}}


def policy(app, namespace, **more):
    value = {**spec(app, 1), **more}
    value["metrics"][0]["query"] = f'e2e_demand{{app="{app}"}}'
    return objects.policy(namespace, app, json.dumps(value))


def floor_policy(app, namespace):
    return policy(app, namespace, mode="Floor", forecast={"mode": "Always", "leadTime": "30s", "history": "14d"})


class Watcher:
    """Every state of every HPA, ScaledObject, Fleet and Deployment, with the time at which it was seen."""

    def __init__(self, api):
        self.api = api
        self.lock = threading.Lock()
        self.states = {}

    def start(self):
        for named, path in (("hpa", "/apis/autoscaling/v2/horizontalpodautoscalers"),
                            ("scaledobject", "/apis/keda.sh/v1alpha1/scaledobjects"),
                            ("fleet", f"/apis/{fleets.GROUP}/v1/fleets"),
                            ("deployment", "/apis/apps/v1/deployments")):
            handle = functools.partial(self._on_change, named)
            threading.Thread(target=self.api.follow, args=(path, handle, threading.Event()), daemon=True).start()

    def _on_change(self, named, kind, value):
        for item in value if kind == "REPLACE" else [value]:
            with self.lock:
                self.states.setdefault((named, item["metadata"]["name"]), []).append((time.time(), item))

    def of(self, kind, name):
        with self.lock:
            return list(self.states.get((kind, name), []))

    def steps(self, kind, name, field):
        """[(time, value)] of the changes of a field of the spec."""
        steps = []
        for when, item in self.of(kind, name):
            value = item["spec"].get(field)
            if not steps or steps[-1][1] != value:
                steps.append((when, value))
        return steps


SCALED_OBJECT = {  # KEDA's own definition knows the fields; the API server keeps them either way
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "scaledobjects.keda.sh"},
    "spec": {"group": "keda.sh", "scope": "Namespaced",
             "names": {"kind": "ScaledObject", "plural": "scaledobjects", "singular": "scaledobject",
                       "listKind": "ScaledObjectList"},
             "versions": [{"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}},
                           "schema": {"openAPIV3Schema": {
                               "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def marks(item):
    return {key for key in item["metadata"].get("annotations", {}) if key in MARKS}


def rolled_out(item):
    status, replicas = item.get("status", {}), item["spec"]["replicas"]
    return (status.get("observedGeneration", 0) >= item["metadata"]["generation"] and
            status.get("updatedReplicas") == status.get("replicas") == status.get("availableReplicas") == replicas)


class Floor:
    def __init__(self, binary, binaries, folder, supervisor, report):
        self.binary, self.folder, self.report = binary, folder, report
        self.cluster = FloorCluster(folder, binaries, supervisor)
        self.prometheus = Prometheus(folder, supervisor)
        self.recorder = Recorder(self.cluster.api)
        self.watcher = Watcher(self.cluster.api)
        self.foretop = Installation(self.cluster, binary, SHOP, "foretop-system", config=CONFIG)
        self.left = Installation(self.cluster, binary, LEFT, "foretop-left", config=CONFIG)

    def until(self, after, what):
        time.sleep(max(0.0, self.rise_at + after - time.time()))
        print(f"[{time.time() - self.rise_at:+6.1f} s from the rise] {what}", flush=True)

    def run(self):
        self.rise_at = int(time.time()) + LEAD_S
        self.load = Load(self.rise_at)
        self._start_servers()
        self._start_workloads()
        self.until(CALM, "policies and HPAs come")
        self._start_scaling()
        self.until(ROLLOUT, "a rollout begins while the load rises")
        self.cluster.api.patch(f"/apis/apps/v1/namespaces/{SHOP}/deployments/rolling", {"spec": {"template": {
            "metadata": {"annotations": {"e2e/release": "2"}}}}})
        self.until(KILL, "kill -9 of the process behind the floors, and a new start")
        self.foretop.process.kill()
        killed = {"web": self._min("web"), "queue": self._min("queue")}
        self.foretop.start()
        self.until(LEFT_KILL, "kill -9 of the other process")
        self.left.process.kill()
        self._check_release()
        self.until(END, "the end")
        self._keep_texts()
        self._judge(killed)

    # --- what lives there ---

    def _start_servers(self):
        self.cluster.start()
        self.cluster.define(SCALED_OBJECT, SCALED_OBJECTS.format("default"))
        self.cluster.define(fleets.DEFINITION, fleets.FLEETS.format("default"))
        self.recorder.start()
        self.watcher.start()
        for namespace in (SHOP, LEFT):
            self.cluster.create_namespace(namespace)
        fleets.Controller(self.cluster.api, SHOP).start()
        adapter, scraped = Adapter(self.cluster, self.load), Scraped(self.load)
        adapter.start()
        scraped.start()
        adapter.register()
        text, seam = os.path.join(self.folder, "history.om"), int(time.time())
        self.load.write_history(text, seam - HISTORY_S, seam)
        self.prometheus.load_history(text)
        self.prometheus.start(scraped.port, SAMPLE_S)
        wait_for("the metrics APIs", adapter.available, 60)
        items = rendered(self.cluster)
        for installation in (self.foretop, self.left):
            installation.install(items, self.prometheus.url)
        self.cluster.kubectl("apply", "-f", "-", text=listed(fleets.rights(self.foretop.namespace)))

    def _start_workloads(self):
        for app, (namespace, _, first) in DEMANDS.items():
            if app in FLEETS:
                self.cluster.api.create(fleets.FLEETS.format(namespace), fleets.fleet(namespace, app, first))
                continue
            self.cluster.api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments",
                                    objects.deployment(namespace, app, first))
        wait_for("the first pods to be Ready", lambda: all(
            self.recorder.ready_now((namespace, app)) == first
            for app, (namespace, _, first) in DEMANDS.items()), 120)

    def _start_scaling(self):
        create = self.cluster.api.create
        for app in BESIDE_HPAS:
            namespace = DEMANDS[app][0]
            create(HPAS.format(namespace), autoscaler(app, namespace))
            create(f"/api/v1/namespaces/{namespace}/configmaps", floor_policy(app, namespace))
        for app in BESIDE_SCALED_OBJECTS:
            namespace = DEMANDS[app][0]
            create(SCALED_OBJECTS.format(namespace), scaled_object(app, namespace))
            create(f"/api/v1/namespaces/{namespace}/configmaps", floor_policy(app, namespace))
        reactive = {"mode": "Disabled"}
        create(HPAS.format(SHOP), autoscaler("fleet-twin", SHOP))
        create(f"/api/v1/namespaces/{SHOP}/configmaps", policy("fleet", SHOP, mode="Scale", forecast=reactive,
                                                               minReplicas=OWN_MIN))
        for name, more in (("rolling", {"holds": {"scaleDownDuringRollout": False}}), ("guarded", {"guards": [
                {"name": "errors", "query": "e2e_errors", "above": 0.05, "for": "5s", "action": "HoldDown"}]})):
            create(f"/api/v1/namespaces/{SHOP}/configmaps",
                   policy(name, SHOP, mode="Scale", forecast=reactive, **more))
        for installation in (self.foretop, self.left):
            installation.start()
            installation.wait_ready()

    # --- looking ---

    def _scaler(self, app):
        path = SCALED_OBJECTS if app in BESIDE_SCALED_OBJECTS else HPAS
        return self.cluster.api.get(path.format(DEMANDS[app][0]) + "/" + app)

    def _min(self, app):
        least = self._scaler(app)["spec"]
        return least["minReplicaCount" if app in BESIDE_SCALED_OBJECTS else "minReplicas"]

    def _events(self):
        return self.cluster.api.get(f"/apis/events.k8s.io/v1/namespaces/{SHOP}/events")["items"]

    def _keep_texts(self):
        """What an admin reads, beside the logs: status objects and Events."""
        objects_of = f"/api/v1/namespaces/{self.foretop.namespace}/configmaps"
        statuses = {item["metadata"]["name"]: json.loads(item["data"]["status.json"])
                    for item in self.cluster.api.get(objects_of)["items"] if "status.json" in item.get("data", {})}
        events = [f"{event['regarding']['kind']}/{event['regarding']['name']} {event['reason']}: {event['note']}"
                  for event in self._events()]
        with open(os.path.join(self.folder, "logs", "texts.json"), "w", encoding="utf-8") as f:
            json.dump({"statuses": statuses, "events": events}, f, indent=1)

    def _text(self, steps):
        return " -> ".join(f"{value} ({when - self.rise_at:+.0f} s)" for when, value in steps) or "nothing"

    def _release(self, *names):
        done = subprocess.run([self.binary, "release", "--kubeconfig", self.cluster.kubeconfig, *names],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, (done.stdout + done.stderr).strip()

    def _check_release(self):
        check = self.report.check
        before = {app: self._min(app) for app in ("left-a", "left-b", "left-queue")}
        check(all(least > OWN_MIN for least in before.values()) and marks(self._scaler("left-a")) == set(MARKS),
              "a killed process leaves its floors, and annotations that say so", str(before))
        code, text = self._release("--dry-run", "-n", LEFT)
        check(code == 0 and text.count("(dry run)") == 3 and all(
            self._min(app) == least for app, least in before.items()),
              "foretop release --dry-run tells and writes nothing", text.replace("\n", "; "))
        code, text = self._release(LEFT + "/left-a")
        check(code == 0 and self._min("left-a") == OWN_MIN and not marks(self._scaler("left-a")),
              "foretop release gives a minimum back", text)
        code, text = self._release(LEFT + "/left-queue")
        check(code == 0 and self._min("left-queue") == OWN_MIN and not marks(self._scaler("left-queue")),
              "and the minReplicaCount of a ScaledObject", text)
        self.cluster.api.request("DELETE", f"/api/v1/namespaces/{LEFT}/configmaps/left-queue")
        self.cluster.api.request("DELETE", f"/api/v1/namespaces/{LEFT}/configmaps/left-b")
        self.cluster.api.request("DELETE", f"/api/v1/namespaces/{LEFT}/configmaps/left-a")
        self.left.start()
        try:
            wait_for("the sweep", lambda: self._min("left-b") == OWN_MIN, 40)
        except Timeout as error:
            self.report.note(str(error))
        check(self._min("left-b") == OWN_MIN and not marks(self._scaler("left-b")),
              "the next start gives back what has no policy any more")

    # --- the verdict ---

    def _judge(self, killed):
        self._judge_web(killed["web"])
        self._judge_fade()
        self._judge_scaled_objects(killed["queue"])
        self._judge_rollout()
        self._judge_guard()
        self._judge_fleets()
        self._judge_rights()

    def _judge_web(self, killed):
        check = self.report.check
        floors = self.watcher.steps("hpa", "web", "minReplicas")
        sizes = self.watcher.steps("deployment", "web", "replicas")
        ready = [when for when, count in self.recorder.steps(self.recorder.ready, (SHOP, "web")) if count >= 9]
        check(any(when < self.rise_at and least >= 9 for when, least in floors),
              "minReplicas of a real HPA is raised ahead of the load", self._text(floors))
        check(any(when < self.rise_at and size >= 9 for when, size in sizes),
              "the HPA follows before the load comes", self._text(sizes))
        check(bool(ready) and min(ready) < self.rise_at, "the pods are Ready before the load comes",
              f"{min(ready) - self.rise_at:+.0f} s" if ready else "never")
        after = [least for when, least in floors if when > self.rise_at + KILL]
        check(killed >= 9 and all(least >= killed for least in after),
              "kill -9 and a new start never lower the floor", f"{killed}, then {after or 'no change'}")

    def _judge_fade(self):
        check = self.report.check
        floors = self.watcher.steps("hpa", "fade", "minReplicas")
        sizes = self.watcher.steps("deployment", "fade", "replicas")
        check(max(least for _, least in floors) >= 9 and floors[-1][1] == OWN_MIN and
              floors[-1][0] > self.rise_at + FALL, "the floor is lowered to the HPA's own when the load has gone",
              self._text(floors))
        check(not marks(self._scaler("fade")), "and no annotation is left")
        check(sizes[-1][1] < 9, "the HPA lowers the replicas then", self._text(sizes))

    def _judge_scaled_objects(self, killed):
        check = self.report.check
        floors = self.watcher.steps("scaledobject", "queue", "minReplicaCount")
        check(floors[0][1] == OWN_MIN and any(when < self.rise_at and least >= 9 for when, least in floors),
              "minReplicaCount of a ScaledObject is raised ahead of the load", self._text(floors))
        after = [least for when, least in floors if when > self.rise_at + KILL]
        check(killed >= 9 and all(least >= killed for least in after),
              "kill -9 and a new start never lower it", f"{killed}, then {after or 'no change'}")
        floors = self.watcher.steps("scaledobject", "drain", "minReplicaCount")
        check(max(least for _, least in floors) >= 9 and floors[-1][1] == OWN_MIN and
              floors[-1][0] > self.rise_at + FALL and not marks(self._scaler("drain")),
              "after the kill it is given back when the load has gone, and no annotation is left", self._text(floors))
        changed = [item["spec"] for _, item in self.watcher.of("scaledobject", "drain")]
        own = scaled_object("drain", SHOP)["spec"]
        check(all({**spec_seen, "minReplicaCount": OWN_MIN} == own for spec_seen in changed),
              "nothing else of its spec is touched", f"{len(changed)} states seen")

    def _judge_rollout(self):
        begin = self.rise_at + ROLLOUT
        states = self.watcher.of("deployment", "rolling")
        done = [when for when, item in states if when > begin + 2 and rolled_out(item)]
        end = min(done) if done else float("inf")
        sizes = [(when, size) for when, size in self.watcher.steps("deployment", "rolling", "replicas")
                 if when > begin - 40]
        fell = [when for (_, before), (when, size) in zip(sizes, sizes[1:]) if size < before]
        held = any(event["regarding"]["name"] == "rolling" and event["reason"] == "RolloutInProgress"
                   for event in self._events())
        self.report.check(bool(fell) and end > self.rise_at + ROLLOUT_FALL + PERIOD_S and min(fell) >= end - 1 and held,
                          "no scale-down while a rollout is progressing, and one after it",
                          f"rollout {ROLLOUT} to {end - self.rise_at:+.0f} s, load fell at {ROLLOUT_FALL} s, replicas "
                          f"{self._text(sizes)}")

    def _judge_guard(self):
        sizes = self.watcher.steps("deployment", "guarded", "replicas")
        fell = [when - self.rise_at for (_, before), (when, size) in zip(sizes, sizes[1:]) if size < before]
        events = [event for event in self._events() if event["regarding"]["name"] == "guarded" and
                  event["reason"].startswith("Guard")]
        self.report.check(bool(fell) and min(fell) >= GUARD_CLEAR and {"GuardTripped", "GuardCleared"} <= {
            event["reason"] for event in events},
            "a guard holds the size until it is clear, and Events say so",
            f"load fell at {GUARD_FALL} s, errors until {GUARD_CLEAR} s, replicas {self._text(sizes)}; "
            + "; ".join(event["note"] for event in events))

    def _judge_fleets(self):
        ours, theirs = (self.watcher.steps("fleet", app, "replicas") for app in FLEETS)
        check = self.report.check
        check([size for _, size in ours] == [size for _, size in theirs] and ours[-1][1] == 8,
              "a custom resource with a scale is scaled as the HPA scales its twin",
              f"{self._text(ours)}; the HPA: {self._text(theirs)}")
        writers = {event["user"]["username"] for event in audit.read(self.cluster.audit_log)
                   if event["verb"] in audit.WRITES and (event.get("objectRef") or {}).get("resource") == "fleets" and
                   event["objectRef"].get("subresource") == "scale" and event["objectRef"]["name"] == "fleet"}
        check(writers == {self.foretop.user}, "by its scale subresource", str(sorted(writers)))

    def _judge_rights(self):
        events = audit.read(self.cluster.audit_log)
        for installation in (self.foretop, self.left):
            refused = audit.refused(events, installation.user)
            self.report.check(not refused, f"{installation.namespace} was refused nothing", "; ".join(refused))
        for resource, named in (("horizontalpodautoscalers", "HPAs"), ("scaledobjects", "ScaledObjects")):
            verbs = {event["verb"] for event in events if event["verb"] in audit.WRITES and
                     (event.get("objectRef") or {}).get("resource") == resource and
                     event["user"]["username"] in (self.foretop.user, self.left.user)}
            self.report.check(verbs == {"patch"}, f"it only patches {named}", str(sorted(verbs)))
