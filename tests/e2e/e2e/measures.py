"""What the test computes from what it recorded: pure functions over step functions [(time, value)]."""
from .traces import at


def moments(begin, end, *functions):
    """All times within [begin, end] at which one of the step functions may change, the ends included."""
    inside = {t for steps in functions for t, _ in steps if begin < t < end}
    return [begin, *sorted(inside), end]


def unserved(demand, ready, capacity, begin, end):
    """Load that met no Ready capacity within [begin, end).

    demand in units per second and ready in pods are step functions, capacity is what a pod carries in units per
    second. Returns (units not served, units in all, seconds with less capacity than demand)."""
    lost = total = short = 0.0
    times = moments(begin, end, demand, ready)
    for start, stop in zip(times, times[1:]):
        wanted = at(demand, start) or 0.0
        missing = max(0.0, wanted - (at(ready, start) or 0) * capacity)
        lost += missing * (stop - start)
        total += wanted * (stop - start)
        short += (stop - start) if missing > 0 else 0.0
    return lost, total, short


def pod_seconds(pods, begin, end):
    times = moments(begin, end, pods)
    return sum((at(pods, start) or 0) * (stop - start) for start, stop in zip(times, times[1:]))


def changes(steps):
    """The values of a step function in order, repeats left out."""
    out = []
    for _, value in steps:
        if not out or out[-1] != value:
            out.append(value)
    return out


def envelope(steps, moment, slack_s):
    """(lowest, highest) value of a step function within slack_s of a moment."""
    near = [v for t, v in steps if moment - slack_s < t <= moment + slack_s]
    before = at(steps, moment - slack_s)
    if before is not None:
        near.append(before)
    return (min(near), max(near)) if near else (None, None)


def outside(steps, reference, begin, end, slack_s):
    """When a step function leaves the reference's envelope of slack_s: [(time, value, lowest, highest)].

    The envelope itself only changes at the reference's steps moved by the slack, so these and the steps'
    own times are all that need a look."""
    shifted = [(t + shift, v) for t, v in reference for shift in (-slack_s, slack_s)]
    found = []
    for moment in moments(begin, end, steps, shifted)[:-1]:
        value = at(steps, moment)
        low, high = envelope(reference, moment, slack_s)
        if value is None or low is None:
            continue
        if not low <= value <= high:
            found.append((moment, value, low, high))
    return found
