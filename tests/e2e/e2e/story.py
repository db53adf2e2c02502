"""The stories told on one bed, all in one run of about four minutes before the rise and three and a half after."""
import contextlib
import random
import statistics
import time

from . import audit, measures, objects
from .bed import CPU_APP, KILLED, REHEARSAL, SHOP, Bed, twins
from .installation import Installation, rendered
from .processes import Timeout, wait_for
from .report import table

LEAD_S = 255  # from the servers' being there to the rise, at least; rounded up to a minute
# Until the policies come (history, first pods, rights) it takes five times as long as the servers took: twice that is left.
LEAD_PER_START = 10
# The policies come this long before the rise: a full minute after the step before it, so that nothing but the calm is in
# the window of a rate, and with time for a window of three minutes.
CALM_S = 235
LEAST_LEAD_S = 200
AFTER_S = 210  # from the rise to the end
KILLS = 10
KILL_SEED = 20170127
CYCLE_S = 15
TWO_CYCLES_S = 2 * CYCLE_S
# A start in the middle of a rise sees another rate than the twin's cycle: both may stop anywhere within the tolerance.
TOLERANCE = 0.1
CUT_OFF_S = 5  # between a write and its sight on a watch
END_S = 8  # nothing is waited out after SIGTERM, such as the ten seconds of a request; a machine with much to do is


def plan_rise(now, took_s=0):
    """When the traces' rise shall happen: a full minute, late enough for forecasts to be ready on a machine on which the
    servers took this long to start."""
    lead_s = max(LEAD_S, LEAST_LEAD_S + LEAD_PER_START * took_s)
    return int(-(-(now + lead_s) // 60) * 60)


def plan_kills(begin, end):
    source = random.Random(KILL_SEED)
    return sorted(source.uniform(begin, end) for _ in range(KILLS))


class Story:
    def __init__(self, binary, binaries, folder, supervisor, report):
        self.report = report
        self.rise_at = None
        self.bed = Bed(folder, binaries, supervisor)
        cluster = self.bed.cluster
        self.main = Installation(cluster, binary, SHOP, "foretop-system")
        self.killed = Installation(cluster, binary, KILLED, "foretop-killed")
        self.rehearsal = Installation(cluster, binary, REHEARSAL, "foretop-rehearsal", dry_run=True)
        self.installations = (self.main, self.killed, self.rehearsal)
        self.peak_memory = {}
        self.clock = time.time()

    def progress(self, text):
        now = time.time()
        print(f"[{now - self.clock:5.1f} s; {now - self.rise_at:+6.1f} s from the rise] {text}", flush=True)

    def run(self):
        self.bed.start_servers()
        self.rise_at = plan_rise(time.time(), time.time() - self.clock)
        self.end = self.rise_at + AFTER_S
        self.progress("the servers are there")
        self.bed.prepare(self.rise_at)
        items = rendered(self.bed.cluster)
        for installation in self.installations:
            installation.install(items, self.bed.prometheus.url)
        self.progress("history, first pods and rights are there")
        for installation in self.installations:
            installation.start()
        for installation in self.installations:
            installation.wait_ready()
        time.sleep(max(0, self.rise_at - CALM_S - time.time()))
        self.bed.apply_policies()
        self.begin = time.time()
        self.progress(f"foretop runs {len(self.installations)} times; {len(self.bed.targets)} policies are there")
        if self.rise_at - self.begin < LEAST_LEAD_S:
            raise RuntimeError("this machine is too slow: no time is left to see the rise coming")
        self.live()
        self.progress("the ramps are over")
        for verdict in (self.judge_history, self.judge_process, self.judge_end, self.judge_ramps, self.judge_cpu,
                        self.judge_writes, self.judge_rights, self.judge_rehearsal, self.judge_kills):
            try:
                verdict()
            except Exception as error:  # one broken answer must not hide the other verdicts
                self.report.check(False, verdict.__name__, f"{type(error).__name__}: {error}")

    def live(self):
        """The main thread's only duty while the load rises: kill, restart, look."""
        kills = plan_kills(self.begin + 20, self.end - 40)
        self.killed_at = list(kills)
        next_look = 0.0
        while time.time() < self.end:
            if kills and time.time() >= kills[0]:
                kills.pop(0)
                self.killed.process.kill()
                self.killed.start()
            if time.time() >= next_look:
                next_look = time.time() + 5
                self.look()
            time.sleep(0.1)

    def look(self):
        for installation in self.installations:
            if not installation.process.running():
                raise RuntimeError(f"{installation.namespace} ended by itself with "
                                   f"{installation.process.popen.returncode}")
        for name, kib in self.main.memory_kib().items():
            self.peak_memory[name] = max(self.peak_memory.get(name, 0), kib)

    def judge_history(self):
        self.bed.check_history(self.report)

    def judge_process(self):
        now = self.main.memory_kib()
        policies = len(self.bed.in_namespace(SHOP))
        self.report.note(
            f"run with {policies} policies: RSS {now['VmRSS'] / 1024:.1f} MiB, RssAnon "
            f"{now['RssAnon'] / 1024:.1f} MiB (highest seen {self.peak_memory['VmRSS'] / 1024:.1f} and "
            f"{self.peak_memory['RssAnon'] / 1024:.1f}; aim: 24 and 6); "
            f"{1000 * self.main.cpu_seconds() / (time.time() - self.begin):.1f} millicores")
        metrics = self.main.answer("/metrics") or ""
        self.report.check("# TYPE foretop_" in metrics, "/metrics answers in Prometheus text format",
                          f"{len(metrics.splitlines())} lines")

    def judge_end(self):
        self.rehearsed = self.rehearsal.statuses()
        for installation in self.installations:
            before = installation.lease_holders()
            code, took = installation.process.stop()
            after = installation.lease_holders()
            if installation.dry_run:
                released, what = not before and not after, "and never had a lease"
            else:
                released, what = any(before.values()) and not any(after.values()), "and releases its lease"
            self.report.check(code == 0 and took <= END_S and released,
                              f"{installation.namespace} obeys SIGTERM at once {what}",
                              f"exit {code} after {took:.2f} s, lease held by {before} then {after}")
        with contextlib.suppress(Timeout):  # judge_writes tells what is missing
            wait_for("the log to have what was seen, and the watch to have seen what was logged", self.same_writes, 60, 1)

    def same_writes(self):
        """The last updates may still be on their way to the log, or to the recorder."""
        self.events = audit.read(self.bed.cluster.audit_log)
        self.writes = audit.scale_writes(self.events)
        return all(self.recorded(key) == measures.changes(self.audited(key)) for key in self.bed.targets)

    def outcome(self, key):
        load = self.bed.targets[key][0]
        ready = self.bed.recorder.steps(self.bed.recorder.ready, key)
        return measures.unserved(load.steps(self.begin, self.end), ready, objects.CAPACITY, self.begin, self.end)

    def judge_ramps(self):
        rows, verdicts = [], []
        for load in self.bed.loads:
            row = [load.service]
            shares = []
            for name in twins(load.service):
                lost, total, short = self.outcome((SHOP, name))
                pods = measures.pod_seconds(self.bed.recorder.steps(self.bed.recorder.ready, (SHOP, name)),
                                            self.begin, self.end)
                shares.append(lost / total)
                row += [f"{100 * lost / total:.2f} %", f"{short:.0f} s", f"{pods / 60:.0f}"]
            peak = max(v for _, v in load.steps(self.begin, self.end)) / load.demand(self.rise_at - 1)
            row.insert(1, f"{peak:.1f}")
            rows.append(row)
            verdicts.append((load.service, *shares))
        print("unserved load, seconds with too little capacity and Ready pod-minutes of each pair of twins, "
              f"{self.end - self.begin:.0f} s:")
        table(["ramp", "times", "forecast: unserved", "short", "pod-min", "reactive: unserved", "short", "pod-min"],
              rows)
        for service, ours, reactive in verdicts:
            self.report.check(
                reactive > 0.01 and ours <= reactive / 2,
                f"{service}: the forecasting twin leaves at most half as much load unserved",
                f"{100 * ours:.2f} % against {100 * reactive:.2f} %")
        self.report.note(f"pods were Ready {statistics.median(self.bed.recorder.lead_times):.1f} s after creation "
                         f"(median of {len(self.bed.recorder.lead_times)}; longest "
                         f"{max(self.bed.recorder.lead_times):.1f} s)")

    def judge_cpu(self):
        key = (SHOP, CPU_APP)
        sequence = self.recorded(key)
        self.report.check(len(sequence) > 1 and sequence[-1] > sequence[0],
                          "a CPU policy scales by the built-in queries", " -> ".join(map(str, sequence)))

    def recorded(self, key):
        return measures.changes(self.bed.recorder.steps(self.bed.recorder.replicas, key))

    def audited(self, key):
        """The replicas of a target by the audit log, from the first number it was created with."""
        first = [(0.0, self.bed.first_replicas(self.bed.targets[key][0]))]
        return first + [(w.time, w.replicas) for w in self.writes
                        if (w.namespace, w.name) == key and (w.status == 200 or self.went_through(key, w))]

    def went_through(self, key, write):
        """A writer that was killed before its answer leaves a failed request in the log, whatever became of its write:
        the watch tells."""
        steps = self.bed.recorder.steps(self.bed.recorder.replicas, key)
        return key[0] == KILLED and write.status not in (403, 409) and any(
            value == write.replicas and abs(moment - write.time) < CUT_OFF_S for moment, value in steps)

    def judge_writes(self):
        written = 0
        for key in self.bed.targets:
            seen, logged = self.recorded(key), measures.changes(self.audited(key))
            written += len(logged) - 1
            if seen != logged:
                self.report.check(False, f"{key[0]}/{key[1]}: the audit log has the writes that were seen",
                                  f"{logged} in the log, {seen} seen")
        self.report.check(written > 0, "the audit log has the same writes as the watch",
                          f"{written} changes of {len(self.bed.targets)} targets")
        served = {i.serves: i.user for i in self.installations}
        strangers = [w for w in self.writes if served.get(w.namespace) != w.user]
        self.report.check(not strangers, "every scale is written by the ServiceAccount that serves it",
                          f"{len(self.writes)} writes" + "".join(f"; {w}" for w in strangers[:3]))
        # A write of the number that stands already would be noise in the audit log.
        idle = [w for key in self.bed.targets for w, before in pairs(self.audited(key)) if w[1] == before[1]]
        self.report.check(not idle, "no write repeats the number that stands")

    def judge_rights(self):
        for installation in self.installations:
            refused = audit.refused(self.events, installation.user)
            counts = audit.verbs(self.events, installation.user)
            self.report.check(counts and not refused,
                              f"{installation.namespace} does all it does with the rights of manifests/",
                              "; ".join(refused[:5]) or f"{sum(counts.values())} requests, none refused")
        told = ", ".join(f"{v} {k}" for k, v in sorted(audit.verbs(self.events, self.main.user).items()))
        self.report.note(f"requests of {self.main.namespace}: {told}")

    def judge_rehearsal(self):
        keys = self.bed.in_namespace(REHEARSAL)
        writes = [w for w in self.writes if w.namespace == REHEARSAL]
        writes += [verb for verb in audit.verbs(self.events, self.rehearsal.user) if verb.split()[0] in audit.WRITES]
        moved = [key for key in keys if len(self.recorded(key)) != 1]
        self.report.check(not writes and not moved, "--dry-run writes nothing at all",
                          f"{len(writes)} writes in the audit log, {len(moved)} of {len(keys)} targets changed")
        raised = [name for _, name in keys if (self.rehearsed.get(name, {}).get("desiredReplicas") or 0)
                  > self.recorded((REHEARSAL, name))[0]]
        example = self.rehearsed.get(keys[0][1], {}).get("lastDecision", {}).get("reason", "no reason")
        self.report.check(len(raised) == len(keys), "--dry-run reports the replicas it would write",
                          f"{len(raised)} of {len(keys)} targets; {keys[0][1]}: {example}")

    def judge_kills(self):
        told = ", ".join(f"{t - self.rise_at:+.0f}" for t in self.killed_at)
        self.report.check(self.killed.starts == KILLS + 1, f"{KILLS} times kill -9, {KILLS} restarts", f"at {told} s")
        lower, other = [], []
        for key in self.bed.in_namespace(KILLED):
            killed, twin = self.audited(key), self.audited((SHOP, key[1]))
            begin = self.begin + TWO_CYCLES_S
            out = beyond_tolerance(measures.outside(killed, twin, begin, self.end, TWO_CYCLES_S))
            low = [o for o in out if o[1] < o[2]]
            out += beyond_tolerance(measures.outside(twin, killed, begin, self.end, TWO_CYCLES_S))
            lower += [f"{key[1]} {text}" for text in self.strays(low)]
            other += [f"{key[1]} {text}" for text in self.strays(out)]
            if abs(killed[-1][1] / twin[-1][1] - 1) > TOLERANCE:
                other.append(f"{key[1]} ends with {killed[-1][1]}, not {twin[-1][1]}")
            if out or key[1] == twins(self.bed.loads[0].service)[0]:
                self.report.note(f"{key[1]}, killed:     {self.told(killed)}")
                self.report.note(f"{key[1]}, not killed: {self.told(twin)}")
        count = len(self.bed.in_namespace(KILLED))
        self.report.check(not lower, "killed at any moment, never fewer replicas than the twin within two cycles",
                          "; ".join(lower[:4]) or f"{count} targets")
        self.report.check(not other, "the same sequence of replicas within two cycles",
                          "; ".join(other[:4]) or f"{count} targets")

    def told(self, steps):
        return ", ".join([str(steps[0][1])] + [f"{v} at {t - self.rise_at:+.0f} s" for t, v in steps[1:]])

    def strays(self, strays):
        return [f"at {t - self.rise_at:+.0f} s {v}, not within {low} to {high}" for t, v, low, high in strays]


def beyond_tolerance(strays):
    return [o for o in strays if o[1] < o[2] * (1 - TOLERANCE) or o[1] > o[3] * (1 + TOLERANCE)]


def pairs(steps):
    return list(zip(steps[1:], steps))
