"""The story of hand-overs with policies split over shards: two replicas hold half of them each, and the one whose turn it is
loses its half. What it says of the one Lease is true of each shard's here, and who was cut off or frozen need not end."""
from . import audit, levels, tokens
from .handover import HANDOVERS, LOOKS, REQUESTS_S, HandoverStory
from .processes import wait_for
from .shards import holder_at, lease_of, lease_writes, shard_of

SPREAD_S = 60


class Sharded(HandoverStory):
    shop, system, shards = "sharded", "foretop-sharded", 4
    # Some in each of the shards: the test's own tests look.
    apps = {"cart": 1.0, "checkout": 2.0, "search": 3.0, "billing": 1.0, "stock": 2.0, "mail": 1.0, "login": 2.5, "basket": 1.5}

    def __init__(self, binary, binaries, folder, supervisor, report):
        super().__init__(binary, binaries, folder, supervisor, report)
        self.lost, self.victims_own = [], set()

    # --- who leads ---

    def _held(self):
        """{pod: {shard, ...}}; "" are those of nobody."""
        holders = self.replicas[0].foretop.lease_holders()
        held = {}
        for shard in range(self.shards):
            held.setdefault(holders.get(f"foretop-{shard}-of-{self.shards}", ""), set()).add(shard)
        return held

    def _leader(self):
        """Whose turn it is, when each holds its half."""
        pods, held = {replica.pod for replica in self.replicas}, {}

        def even():
            held.clear()
            held.update(self._held())
            return set(held) == pods and {len(shards) for shards in held.values()} == {self.shards // len(pods)}
        wait_for("half of the shards for each", even, SPREAD_S)
        victim = self.random.choice(self.replicas)
        self.victims_own = held[victim.pod]
        return victim

    def _hand_over(self, how, times):
        super()._hand_over(how, times)
        self.lost.append(self.victims_own)

    def _taken_by(self, other):
        return set(self._held()) == {other.pod}

    # --- what comes back ---

    def _ended(self, replica):
        """It is started again if it has ended, and lives on if not: then only its way back is mended."""
        replica.proxy.mend()
        if not replica.running():
            replica.start()

    # --- the verdict ---

    def _judge(self):
        for replica in self.replicas:
            replica.foretop.process.stop()
        events = audit.read_last(self.cluster.audit_log)
        self.leases = lease_writes(events, self.system, {replica.token: replica.pod for replica in self.replicas})
        self._judge_times()
        self._judge_writers(events)
        wrong = [f"{key[1]}: {sizes}, wanted {self.wanted[key]}" for key in self.keys
                 if (sizes := [replicas for _, replicas, _ in levels.writes(events, key)]) != self.wanted[key]]
        self.report.check(not wrong, "each size is written, once",
                          "; ".join(wrong[:3]) or f"{sum(map(len, self.wanted.values()))} writes")

    def _took(self, handover, shard):
        """Seconds from the last renewal of the one to the first write of the other."""
        writes = self.leases[f"foretop-{shard}-of-{self.shards}"]
        first = next(moment for moment, holder, _ in writes if moment > handover.begin and holder == handover.after)
        return first - max(moment for moment, holder, _ in writes if moment < first and holder == handover.before)

    def _judge_times(self):
        worst, late = {}, []
        for handover, lost in zip(self.handovers, self.lost):
            duration, _deadline, retry = handover.times
            took = max(self._took(handover, shard) for shard in lost)
            if took > duration + LOOKS * retry + REQUESTS_S:
                late.append(f"{handover.how} {took:.1f} s")
            name = f"{handover.how} ({duration} s)"
            worst[name] = max(worst.get(name, 0), took)
        self.report.check(not late and len(self.handovers) == HANDOVERS + 1,
                          "shards are taken within lease duration + 4.4 retry periods of the last renewal",
                          "; ".join(late) or f"{sum(map(len, self.lost))} shards in "
                          f"{len(self.handovers)} hand-overs; longest: " +
                          ", ".join(f"{how} {took:.1f} s" for how, took in worst.items()))

    def _judge_writers(self, events):
        strangers, count = [], 0
        pods = {replica.token: replica.pod for replica in self.replicas}
        for key in self.keys:
            lease = lease_of(*key, self.shards)
            for when, replicas, event in levels.writes(events, key):
                count += 1
                pod, holder = pods.get(tokens.used(event)), holder_at(self.leases, lease, when)
                group = holder_at(self.leases, "foretop", when)
                if pod is None or holder != pod or group != f"{self.shards} shards":
                    strangers.append(f"{key[1]} (shard {shard_of(*key, self.shards)}) to {replicas} at "
                                     f"{when - self.begin:.1f} s by {pod}, held by {holder}, {group}")
        self.report.check(count > HANDOVERS and not strangers, "only the holder of its shard writes a target",
                          "; ".join(strangers[:4]) or f"{count} writes, "
                          f"{sum(map(len, self.leases.values()))} writes of {len(self.leases)} Leases")
