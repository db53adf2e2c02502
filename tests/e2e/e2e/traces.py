"""Real load traces: reading them, finding their daily rises, and moving them to the present.

A trace is a column of a public data set (data/README.md). Its demand is constant within a step:
a line between two points would give the next point away before it happened.
"""
import bisect
import csv
import os
from dataclasses import dataclass

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data")
STEP_S = 300
DAY_S = 86400
HISTORY_S = 14 * DAY_S
STEPS_PER_DAY = DAY_S // STEP_S
RISE_RATIO = 3.0
RECURRING_DAYS = 10


@dataclass(frozen=True)
class Ramp:
    """One rise of one machine: `service` is its label in every series, `rise` the trace's own time of it."""
    service: str
    file: str
    rise: int


RAMPS = (
    Ramp("mixed-vm91", "mixed_vm91.csv", 1483228800 + 7560 * STEP_S),
    Ramp("mixed-vm49", "mixed_vm49.csv", 1483228800 + 6722 * STEP_S),
    Ramp("periodic-vm27", "periodic_vm27.csv", 1483228800 + 5588 * STEP_S),
    Ramp("periodic-vm47", "periodic_vm47.csv", 1483228800 + 8332 * STEP_S),
    Ramp("periodic-vm71", "periodic_vm71.csv", 1483228800 + 7359 * STEP_S),
)


class Trace:
    """Steps of STEP_S seconds: values[k] holds within [start + k * STEP_S, start + (k + 1) * STEP_S)."""

    def __init__(self, start, values):
        self.start = start
        self.values = values

    @classmethod
    def read(cls, path):
        with open(path, newline="", encoding="ascii") as f:
            rows = list(csv.reader(f))[1:]
        times = [int(r[0]) for r in rows]
        if any(b - a != STEP_S for a, b in zip(times, times[1:])):
            raise ValueError(f"{path}: not a regular grid of {STEP_S} s")
        return cls(times[0], [float(r[1]) for r in rows])

    def index(self, at):
        return int((at - self.start) // STEP_S)

    def value(self, at):
        k = self.index(at)
        if not 0 <= k < len(self.values):
            raise ValueError(f"{at} is outside the trace")
        return self.values[k]

    def rise_ratio(self, at):
        return rise_ratio(self.values, self.index(at))

    def recurrence(self, at, days=14):
        return recurrence(self.values, self.index(at), days)


def rise_ratio(values, k):
    """How many times each of the two steps before k (the last ten minutes) step k carries at least."""
    return values[k] / max(values[k - 1], values[k - 2], 1e-9)


def recurrence(values, k, days):
    """On how many of the `days` days before k the load rose threefold within ten minutes at that time of day, a
    step early or late allowed. Other peaks nearby do not matter."""
    found = 0
    for day in range(1, days + 1):
        base = k - day * STEPS_PER_DAY
        if base - 3 < 0:
            break
        near = range(base - 1, base + 2)
        if any(values[k] >= RISE_RATIO * min(values[k - 1], values[k - 2]) for k in near):
            found += 1
    return found


def find_rises(values, days=14):
    """All steps where the load rises threefold after ten calmer minutes, to a level that matters (a third of the 99th
    percentile of the days before), and did so on most of the days before: [(k, ratio, recurring days)]."""
    rises = []
    for k in range(days * STEPS_PER_DAY + 3, len(values)):
        ratio = rise_ratio(values, k)
        if ratio < RISE_RATIO:
            continue
        before = sorted(values[k - days * STEPS_PER_DAY:k])
        if values[k] < before[int(len(before) * 0.99)] / 3:
            continue
        recurring = recurrence(values, k, days)
        if recurring >= RECURRING_DAYS:
            rises.append((k, ratio, recurring))
    return rises


class Load:
    """A trace moved so that its rise happens at `rise_at` (Unix seconds now), and scaled so that the busiest step
    of the run is `peak` units per second. Nothing else is changed."""

    def __init__(self, service, trace, rise, rise_at, peak, window=(-STEP_S, STEP_S - 1)):
        self.service = service
        self.rise_at = rise_at
        self.offset = rise_at - rise
        busiest = max(trace.value(rise + s) for s in range(window[0], window[1] + 1, 60))
        self.scale = peak / busiest
        self.start = trace.start + self.offset
        self.values = [v * self.scale for v in trace.values]
        self.sums = [0.0]
        for v in self.values:
            self.sums.append(self.sums[-1] + v * STEP_S)

    def _index(self, at):
        k = int((at - self.start) // STEP_S)
        if not 0 <= k < len(self.values):
            raise ValueError(f"{self.service}: {at} is outside the trace")
        return k

    def demand(self, at):
        """Units per second at this moment."""
        return self.values[self._index(at)]

    def total(self, at):
        """Units since the trace's first step: what a counter shows."""
        k = self._index(at)
        return self.sums[k] + self.values[k] * (at - self.start - k * STEP_S)

    def steps(self, begin, end):
        """The demand as a step function over [begin, end): [(time, units per second)]."""
        out = [(begin, self.demand(begin))]
        k = self._index(begin) + 1
        while self.start + k * STEP_S < end:
            out.append((self.start + k * STEP_S, self.values[k]))
            k += 1
        return out


def load_ramp(ramp, rise_at, peak):
    trace = Trace.read(os.path.join(DATA, ramp.file))
    return Load(ramp.service, trace, ramp.rise, rise_at, peak)


def at(steps, moment):
    """The value of a step function [(time, value)] at a moment; None before its first step."""
    k = bisect.bisect_right(steps, moment, key=lambda s: s[0])
    return steps[k - 1][1] if k else None
