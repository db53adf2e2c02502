"""Watches pods and Deployments and keeps, as step functions, what was Ready and what was asked for."""
import threading
import time


def is_ready(pod):
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


class Recorder:
    """Keys are (namespace, app): the app label of a pod, the name of a Deployment."""

    def __init__(self, api):
        self.api = api
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.pods = {}
        self.ready = {}
        self.replicas = {}
        self.first_seen = {}
        self.lead_times = []
        self.begin = time.time()

    def start(self):
        for target, path in ((self._on_pod, "/api/v1/pods"), (self._on_deployment, "/apis/apps/v1/deployments")):
            threading.Thread(target=self.api.follow, args=(path, target, self.stop),
                             kwargs={"labelSelector": "app"}, daemon=True).start()

    def ready_pods(self, key):
        """The pods of a Deployment that are Ready now, by name."""
        with self.lock:
            return sorted(name for name, pod_key, ready in self.pods.values() if ready and pod_key == key)

    def all_pods(self):
        """[(name, key, ready)] of now."""
        with self.lock:
            return list(self.pods.values())

    def ready_now(self, key):
        with self.lock:
            steps = self.ready.get(key)
            return steps[-1][1] if steps else 0

    def steps(self, table, key):
        """A copy of self.ready or self.replicas for a key."""
        with self.lock:
            return list(table.get(key, []))

    def _on_pod(self, kind, value):
        now = time.time()
        with self.lock:
            touched = set()
            if kind == "REPLACE":
                touched = {key for _, key, _ in self.pods.values()}
                self.pods = {}
                for pod in value:
                    touched.add(self._put(pod, now))
            elif kind == "DELETED":
                known = self.pods.pop(value["metadata"]["uid"], None)
                touched = {known[1]} if known else set()
            else:
                touched = {self._put(value, now)}
            for key in touched:
                count = sum(1 for _, k, ready in self.pods.values() if ready and k == key)
                append(self.ready, key, now, count)

    def _put(self, pod, now):
        metadata = pod["metadata"]
        uid, key, ready = metadata["uid"], (metadata["namespace"], metadata["labels"]["app"]), is_ready(pod)
        if uid not in self.first_seen:
            self.first_seen[uid] = now
        if ready and not self.pods.get(uid, (None, None, False))[2]:
            self.lead_times.append(now - self.first_seen[uid])
        self.pods[uid] = (metadata["name"], key, ready)
        return key

    def _on_deployment(self, kind, value):
        now = time.time()
        with self.lock:
            for deployment in value if kind == "REPLACE" else [value]:
                metadata = deployment["metadata"]
                replicas = 0 if kind == "DELETED" else deployment["spec"]["replicas"]
                append(self.replicas, (metadata["namespace"], metadata["name"]), now, replicas)


def append(table, key, now, value):
    steps = table.setdefault(key, [])
    if not steps or steps[-1][1] != value:
        steps.append((now, value))
