#!/usr/bin/env python3
"""Scores the run that `foretop simulate --out` wrote, without Foretop's code.

  score_run.py RUN.csv CAPACITY   prints pod-hours, share of the load not served, minutes short, writes

A line stands until the next one, the last as long as the one before it; load above
ready * CAPACITY is not served; pods are paid from their creation.
"""
import csv
import sys


def main():
    capacity = float(sys.argv[2])
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    times = [float(row["unix_seconds"]) for row in rows]
    steps = [b - a for a, b in zip(times, times[1:])]
    steps.append(steps[-1])
    paid = load = lost = short = 0.0
    for row, step in zip(rows, steps):
        lack = float(row["demand"]) - int(row["ready"]) * capacity
        paid += int(row["pods"]) * step / 3600
        load += float(row["demand"]) * step
        if lack > 0:
            lost += lack * step
            short += step / 60
    writes = sum(a["pods"] != b["pods"] for a, b in zip(rows, rows[1:]))
    print("%.9f %.12f %.6f %d" % (paid, lost / load, short, writes))


if __name__ == "__main__":
    main()
