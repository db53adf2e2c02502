#!/usr/bin/env python3
"""Runs build/bench/m4 and the peers that are installed on the same series, and prints their
errors and times as ratios of this one run.

  side_by_side.py TRAIN.csv [--bench build/bench/m4] [--horizon 48] [--series 40]

The last HORIZON values of each row are held out. A peer that is not installed is named and
skipped; so is one that fails on a series, for that series.
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

import m4_score

SEASON = m4_score.SEASON


def foretop(bench, rows, horizon):
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        for name, values in rows:
            file.write(",".join([name] + [repr(v) for v in values]) + "\n")
        file.flush()
        out = subprocess.run([bench, file.name, str(horizon)], check=True, capture_output=True, text=True).stdout
    paths = {}
    for line in out.splitlines():
        name, _, middle, _, _ = line.split(",")
        paths.setdefault(name, []).append(float(middle))
    return [paths.get(name) for name, _ in rows]


def statsmodels_peer():
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    def forecast(y, horizon):
        return list(ExponentialSmoothing(y, trend=None, seasonal="add", seasonal_periods=SEASON).fit().forecast(horizon))
    return forecast


def statsforecast_peer():
    import numpy
    from statsforecast.models import AutoETS
    return lambda y, horizon: list(AutoETS(season_length=SEASON).forecast(y=numpy.array(y), h=horizon)["mean"])


def r_peer():
    if not shutil.which("Rscript"):
        raise ImportError("Rscript is not installed")

    def forecast(y, horizon):
        text = (f"y <- ts(c({','.join(map(repr, y))}), frequency={SEASON});"
                f"cat(predict(HoltWinters(y), {horizon}), sep='\\n')")
        out = subprocess.run(["Rscript", "-e", text], check=True, capture_output=True, text=True).stdout
        return [float(v) for v in out.split()]
    return forecast


PEERS = {"statsmodels ExponentialSmoothing": statsmodels_peer, "statsforecast AutoETS": statsforecast_peer,
         "R HoltWinters": r_peer}


def mase(rows, futures, forecasts):
    scores = [m4_score.mae(future, f) / (m4_score.scale(values) or 1)
              for (_, values), future, f in zip(rows, futures, forecasts) if f]
    return m4_score.mean(scores), len(scores)


def run_peer(forecast, rows, horizon):
    forecasts = []
    for _, values in rows:
        try:
            forecasts.append(forecast(values, horizon))
        except Exception as error:  # a peer may fail in any way: that series is not scored
            print(f"  failed on a series: {error}", file=sys.stderr)
            forecasts.append(None)
    return forecasts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("train")
    parser.add_argument("--bench", default="build/bench/m4")
    parser.add_argument("--horizon", type=int, default=48)
    parser.add_argument("--series", type=int, default=40)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    everything = list(m4_score.rows(args.train))
    chosen = everything[::max(1, len(everything) // args.series)]
    rows = [(name, v[:-args.horizon]) for name, v in chosen]
    futures = [v[-args.horizon:] for _, v in chosen]
    start = time.perf_counter()
    ours = foretop(args.bench, rows, args.horizon)
    ours_s = time.perf_counter() - start
    print(f"foretop: MASE {mase(rows, futures, ours)[0]:.3f}, {1000 * ours_s / len(rows):.2f} ms a series (process included)")
    for name, make in PEERS.items():
        try:
            forecast = make()
        except ImportError as error:
            print(f"{name}: skipped: {error}")
            continue
        start = time.perf_counter()
        theirs = run_peer(forecast, rows, args.horizon)
        seconds = time.perf_counter() - start
        both = [o if t else None for o, t in zip(ours, theirs)]
        (error, count), (own, _) = mase(rows, futures, theirs), mase(rows, futures, both)
        print(f"{name}: MASE {error:.3f} on {count} series, {error / own:.2f} times foretop's; "
              f"{seconds / ours_s:.0f} times its time")


if __name__ == "__main__":
    main()
