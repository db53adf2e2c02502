#!/usr/bin/env python3
"""Scores forecasts of the M4 competition: OWA against Naive2, MSIS and coverage.

  m4_score.py cut TRAIN.csv HORIZON > CUT.csv     rows without their last HORIZON values
  m4_score.py score TRAIN.csv HORIZON FORECAST... scores `id,h,mean,lower,upper` rows against
                                                  the last HORIZON values of TRAIN
  --cut N: first leave out the last N values altogether (an earlier cut).

Formulae: Makridakis, Spiliotis, Assimakopoulos, "The M4 Competition" (2020): sMAPE and MASE
(scaled by the in-sample seasonal naive, lag 24), OWA of the averages, Naive2 with the test
of the autocorrelation at 90 %, MSIS at 95 %.
"""
import argparse
import csv
import math
import sys

SEASON = 24


def rows(path):
    with open(path, newline="") as file:
        for row in csv.reader(file):
            values = [v for v in row[1:] if v != ""]
            try:
                yield row[0], [float(v) for v in values]
            except ValueError:
                continue  # the header


def autocorrelations(y, most):
    n, mean = len(y), sum(y) / len(y)
    d = [v - mean for v in y]
    total = sum(v * v for v in d)
    if total == 0:
        return [0.0] * (most + 1)
    return [sum(d[i] * d[i - k] for i in range(k, n)) / total for k in range(most + 1)]


def is_seasonal(y, m):
    if len(y) < 3 * m:
        return False
    r = autocorrelations(y, m)
    limit = 1.645 * math.sqrt((1 + 2 * sum(v * v for v in r[1:m])) / len(y))
    return abs(r[m]) > limit


def seasonal_indices(y, m):
    """Classical multiplicative decomposition with a centred moving average."""
    half = m // 2
    sums, counts = [0.0] * m, [0] * m
    for t in range(half, len(y) - half):
        window = sum(y[t - half + 1:t + half]) + (y[t - half] + y[t + half]) / 2
        if window:
            sums[t % m] += y[t] / (window / m)
            counts[t % m] += 1
    figure = [s / c if c else 1.0 for s, c in zip(sums, counts)]
    mean = sum(figure) / m
    return [f / mean for f in figure] if mean else [1.0] * m


def naive2(y, horizon, m=SEASON):
    if not is_seasonal(y, m):
        return [y[-1]] * horizon
    s = seasonal_indices(y, m)
    n = len(y)
    last = y[-1] / s[(n - 1) % m] if s[(n - 1) % m] else y[-1]
    return [last * s[(n + h) % m] for h in range(horizon)]


def smape(y, f):
    return sum(200 * abs(a - b) / (abs(a) + abs(b)) if a or b else 0 for a, b in zip(y, f)) / len(y)


def scale(y, m=SEASON):
    return sum(abs(y[i] - y[i - m]) for i in range(m, len(y))) / (len(y) - m)


def mae(y, f):
    return sum(abs(a - b) for a, b in zip(y, f)) / len(y)


def winkler(y, low, high, alpha=0.05):
    total = 0.0
    for a, lo, hi in zip(y, low, high):
        total += hi - lo + 2 / alpha * (max(lo - a, 0) + max(a - hi, 0))
    return total / len(y)


def mean(values):
    return sum(values) / len(values)


def score(train, horizon, path):
    forecasts = {}
    for row in csv.reader(open(path, newline="")):
        forecasts.setdefault(row[0], []).append([float(v) for v in row[2:5]])
    out = {k: [] for k in ("smape", "mase", "smape2", "mase2", "msis", "covered")}
    for name, values in train:
        if name not in forecasts:
            continue
        y, future, f = values[:-horizon], values[-horizon:], forecasts[name]
        if len(f) != horizon:
            sys.exit(f"{path}: {name} has {len(f)} steps, not {horizon}")
        q = scale(y) or 1.0
        middle, low, high = zip(*f)
        n2 = naive2(y, horizon)
        out["smape"].append(smape(future, middle))
        out["mase"].append(mae(future, middle) / q)
        out["smape2"].append(smape(future, n2))
        out["mase2"].append(mae(future, n2) / q)
        out["msis"].append(winkler(future, low, high) / q)
        out["covered"].append(mean([lo <= a <= hi for a, lo, hi in zip(future, low, high)]))
    m = {k: mean(v) for k, v in out.items()}
    owa = (m["smape"] / m["smape2"] + m["mase"] / m["mase2"]) / 2
    print(f"{path}: {len(out['mase'])} series, sMAPE {m['smape']:.3f}, MASE {m['mase']:.3f}, "
          f"OWA {owa:.4f}, MSIS {m['msis']:.3f}, coverage {m['covered']:.4f} "
          f"(Naive2: sMAPE {m['smape2']:.3f}, MASE {m['mase2']:.3f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("cut", "score"))
    parser.add_argument("train")
    parser.add_argument("horizon", type=int)
    parser.add_argument("forecasts", nargs="*")
    parser.add_argument("--cut", type=int, default=0)
    args = parser.parse_args()
    train = [(k, v[:-args.cut] if args.cut else v) for k, v in rows(args.train)]
    if args.what == "cut":
        for name, values in train:
            print(",".join([name] + [repr(v) for v in values[:-args.horizon]]))
        return
    for path in args.forecasts:
        score(train, args.horizon, path)


if __name__ == "__main__":
    main()
