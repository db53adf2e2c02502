"""Three replicas share six shards: one is killed, ended, frozen, and in the end all are replaced by one with another number of
shards. By the audit log nobody writes but the holder of the target's shard, and each size is written once."""
import json
import random
import signal
import time

from . import audit, levels, tokens
from .faults import QuickCluster
from .handover import CONFIG, LOOKS, REQUESTS_S
from .installation import Installation, rendered
from .levels import Levels, wait_followed
from .processes import wait_for
from .prometheus import Prometheus
from .recorder import Recorder
from .scraped import Scraped

SHOP, SYSTEM = "shards", "foretop-shards"
APPS = [f"app-{number}" for number in range(10)]
SHARDS, AFTER = 6, 4
DURATION, DEADLINE, RETRY = 6, 4, 1
DEMANDS = (300, 500, 700, 900)
SEED = 20260111
# A shard moves at a time, one each retry period and the look of who takes it.
SPREAD_S = 60
MASK = (1 << 64) - 1


def shard_of(namespace, target, shards):
    """As lib/loop/share.c has it."""
    value = 0xcbf29ce484222325
    for byte in f"{namespace}/{target}".encode():
        value = (value ^ byte) * 0x100000001b3 & MASK
    value ^= value >> 33
    value = value * 0xff51afd7ed558ccd & MASK
    return (value ^ value >> 33) % shards


def lease_of(namespace, target, shards):
    return f"foretop-{shard_of(namespace, target, shards)}-of-{shards}"


def config(shards):
    return CONFIG + (f"leaderElection: {{{{leaseDuration: {DURATION}s, renewDeadline: {DEADLINE}s, retryPeriod: {RETRY}s, "
                     f"shards: {shards}}}}}\n")


def lease_writes(events, namespace, owners):
    """{name of the Lease: [(time, holder, pod that wrote)]} of what went through; owners: {token: pod}."""
    found = {}
    for event in events:
        ref = event.get("objectRef") or {}
        if (ref.get("resource") == "leases" and event["verb"] in ("create", "update") and
                event["responseStatus"].get("code") in (200, 201) and ref.get("namespace") == namespace):
            body = event["requestObject"]
            found.setdefault(body["metadata"]["name"], []).append(
                (audit.seconds(event["stageTimestamp"]), body["spec"].get("holderIdentity") or "",
                 owners.get(tokens.used(event))))
    for writes in found.values():
        writes.sort()
    return found


def holder_at(leases, name, when):
    before = [holder for moment, holder, _ in leases.get(name, []) if moment <= when]
    return before[-1] if before else ""


class Shards:
    def __init__(self, binary, binaries, folder, supervisor, report):
        self.report = report
        self.cluster = QuickCluster(folder, binaries, supervisor)
        self.prometheus = Prometheus(folder, supervisor)
        self.recorder = Recorder(self.cluster.api)
        self.keys = [(SHOP, app) for app in APPS]
        self.levels = Levels({key: 400 for key in self.keys})
        self.replicas = [Installation(self.cluster, binary, SHOP, SYSTEM, config=config(SHARDS), replica=number)
                         for number in range(3)]
        self.other = Installation(self.cluster, binary, SHOP, SYSTEM, config=config(AFTER), replica=3)
        self.tokens = {}
        self.wanted = {key: [] for key in self.keys}
        self.take_overs = []
        self.random = random.Random(SEED)
        self.demand = 400
        self.begin = time.time()

    def progress(self, text):
        print(f"[{time.time() - self.begin:5.1f} s] {text}", flush=True)

    def run(self):
        self._start()
        for step in (self._kill, self._end, self._freeze, self._another_number):
            step()
        self._judge()

    def _start(self):
        self.cluster.start()
        self.recorder.start()
        scraped = Scraped(self.levels)
        scraped.start()
        self.prometheus.start(scraped.port, 1)
        levels.create(self.cluster, self.levels)
        items = rendered(self.cluster)
        for replica in (*self.replicas, self.other):
            replica.install(items, self.prometheus.url)
            with open(replica.token, encoding="ascii") as f:
                self.tokens[tokens.identity(f.read())] = replica.pod
        for replica in self.replicas:
            replica.start()
            replica.wait_ready()
        self._spread("at the start", self.replicas)
        self._follow("at the start")
        self._show()

    # --- who holds what ---

    def _held(self, shards=SHARDS):
        """{pod: [shard, ...]}; "" are those of nobody."""
        holders = self.replicas[0].lease_holders()
        held = {}
        for shard in range(shards):
            held.setdefault(holders.get(f"foretop-{shard}-of-{shards}", ""), []).append(shard)
        return held

    def _spread(self, what, replicas):
        pods = {replica.pod for replica in replicas}
        part = SHARDS // len(replicas)

        def even():
            held = self._held()
            return set(held) == pods and all(len(shards) == part for shards in held.values())
        wait_for(f"{part} shards for each, {what}", even, SPREAD_S)
        self.progress(f"{what}: {self._held()}")

    def _follow(self, what):
        self.demand = self.random.choice([demand for demand in DEMANDS if demand != self.demand])
        for key in self.keys:
            self.levels.set(key, self.demand)
        sizes = wait_followed(self.levels, self.recorder, self.keys, f"sizes that follow, {what}")
        for key, replicas in zip(self.keys, sizes):
            self.wanted[key].append(replicas)

    def _show(self):
        """Every policy has its series at one replica, and the metrics say what the Leases say."""
        served = [replica.metric("foretop_policies") for replica in self.replicas]
        self.report.check(sum(served) == len(APPS), "each policy has its series at one replica", f"{served}")
        held = self._held()
        told = {replica.pod: [shard for shard in range(SHARDS) if replica.metric(
            "leader_election_master_status", f'name="foretop-{shard}-of-{SHARDS}"') == 1] for replica in self.replicas}
        self.report.check(told == held, "the metrics say who holds which shard", f"{told}, the Leases {held}")
        seen = [(replica.metric("foretop_shards"), replica.metric("foretop_replicas_seen")) for replica in self.replicas]
        self.report.check(seen == [(SHARDS, 3)] * 3, "each sees the other two", f"{seen}")
        self._ask_everywhere(held)

    def _ask_everywhere(self, held):
        """Every replica says of every policy who leads it, whether it decides it or not."""
        owners = {shard: pod for pod, shards in held.items() for shard in shards}
        wrong = []
        for replica in self.replicas:
            answer = json.loads(replica.answer("/api/v1/policies", replica.page_port))
            told = {(item["policy"], item["shard"], item["leader"]) for item in answer["policies"] + answer["others"]}
            want = {(app, shard, owners[shard]) for app in APPS for shard in [shard_of(SHOP, app, SHARDS)]}
            own = {item["policy"] for item in answer["policies"]}
            if told != want or own != {app for app, _, pod in want if pod == replica.pod}:
                wrong.append(f"{replica.pod}: {sorted(told)}")
        self.report.check(not wrong, "each replica says of each policy who leads it", "; ".join(wrong[:1]))

    # --- what happens ---

    def _taken(self, lost, replica, begin):
        """Until others hold what it held."""
        def taken():
            held = self._held()
            owners = {shard: pod for pod, shards in held.items() for shard in shards}
            return all(owners[shard] not in ("", replica.pod) for shard in lost)
        wait_for(f"the shards of {replica.pod} to be taken", taken, 60)
        self.take_overs.append((replica.pod, lost, begin))

    def _others(self, replica):
        return [other for other in self.replicas if other is not replica]

    def _kill(self):
        replica = self.replicas[1]
        lost = self._held()[replica.pod]
        begin = time.time()
        replica.process.kill()
        self._taken(lost, replica, begin)
        self._follow("one was killed")
        self._spread("one was killed", self._others(replica))
        replica.start()
        self._spread("it came again", self.replicas)
        self._follow("it came again")

    def _end(self):
        replica = self.replicas[0]
        lost = self._held()[replica.pod]
        begin = time.time()
        code, _took = replica.process.stop()
        held = self._held()
        self.report.check(code == 0 and replica.pod not in held, "one that ends gives all of its shards back",
                          f"exit {code}, then {held}")
        self._taken(lost, replica, begin)
        self._follow("one has ended")
        replica.start()
        self._spread("it came again", self.replicas)

    def _freeze(self):
        """It wakes up when others hold its shards, with a demand that it has not seen. It need not end for that."""
        replica = self.replicas[2]
        lost = self._held()[replica.pod]
        begin = time.time()
        replica.process.signal(signal.SIGSTOP)
        self._taken(lost, replica, begin)
        self._follow("one was frozen")
        replica.process.signal(signal.SIGCONT)
        self._spread("it woke up", self.replicas)
        self._follow("it woke up")
        self.report.check(replica.process.running(), "one that lost its shards lives on")

    def _another_number(self):
        self.other.start()
        self.other.wait_ready()
        self._follow("one with another number stands by")
        for replica in self.replicas[:2]:
            replica.process.stop()
        wait_for("the last one to hold all", lambda: set(self._held()) == {self.replicas[2].pod}, 60)
        self._follow("one of the former number is left")
        held = self._held()
        self.report.check(set(held) == {self.replicas[2].pod} and self.other.metric("foretop_shards_held") == 0,
                          "while one of the former number is left it holds all", f"{held}")
        self.replicas[2].process.stop()
        wait_for(f"{AFTER} shards in one hand", lambda: set(self._held(AFTER)) == {self.other.pod}, 60)
        self._follow("the other number leads")
        self.progress(f"now {self._held(AFTER)}")

    # --- the verdict ---

    def _judge(self):
        self.other.process.stop()
        events = audit.read_last(self.cluster.audit_log)
        self.leases = lease_writes(events, SYSTEM, self.tokens)
        self._judge_writers(events)
        self._judge_times()
        refused = audit.refused(events, self.other.user)
        self.report.check(not refused, "the rights of the manifests are enough", "; ".join(refused))
        wrong = [f"{key[1]}: {sizes}, wanted {self.wanted[key]}" for key in self.keys
                 if (sizes := [replicas for _, replicas, _ in levels.writes(events, key)]) != self.wanted[key]]
        self.report.check(not wrong, "each size is written, once",
                          "; ".join(wrong[:3]) or f"{sum(map(len, self.wanted.values()))} writes")

    def _judge_writers(self, events):
        strangers, count, writers = [], 0, set()
        for key in self.keys:
            for when, replicas, event in levels.writes(events, key):
                pod = self.tokens.get(tokens.used(event))
                shards = AFTER if pod == self.other.pod else SHARDS
                holder = holder_at(self.leases, lease_of(*key, shards), when)
                group = holder_at(self.leases, "foretop", when)
                count += 1
                writers.add(pod)
                if holder != pod or group != f"{shards} shards":
                    strangers.append(f"{key[1]} to {replicas} at {when - self.begin:.1f} s by {pod}, held by {holder}, "
                                     f"{group}")
        self.report.check(count > 0 and not strangers, "only the holder of its shard writes a target",
                          "; ".join(strangers[:4]) or f"{count} writes by {len(writers)} replicas, "
                          f"{sum(map(len, self.leases.values()))} writes of {len(self.leases)} Leases")
        self.report.check(len(writers) == 4, "all of them had something to write", ", ".join(sorted(map(str, writers))))

    def _judge_times(self):
        late, longest = [], 0
        for pod, shards, begin in self.take_overs:
            for shard in shards:
                writes = self.leases[f"foretop-{shard}-of-{SHARDS}"]
                taken = [moment for moment, holder, _ in writes if moment > begin and holder not in ("", pod)]
                renewed = [moment for moment, holder, _ in writes if holder == pod and taken and moment < taken[0]]
                took = taken[0] - renewed[-1] if taken and renewed else 0
                longest = max(longest, took)
                if took > DURATION + LOOKS * RETRY + REQUESTS_S:
                    late.append(f"shard {shard} of {pod} after {took:.1f} s")
        self.report.check(not late, "shards are taken within lease duration + 4.4 retry periods of the last renewal",
                          "; ".join(late) or f"longest {longest:.1f} s")
