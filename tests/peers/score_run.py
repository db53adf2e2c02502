#!/usr/bin/env python3
"""Scores the run that `foretop simulate --out` wrote, without Foretop's code.

  score_run.py RUN.csv CAPACITY   prints pod-hours, share of the load not served, minutes short, writes, the largest
                                  step, decisions; then the smallest size that never falls short, and its pod-hours

A line stands until the next one, the last as long as the one before it; load above
ready * CAPACITY is not served; pods are paid from their creation.
"""
import csv
import math
import sys


def main():
    capacity = float(sys.argv[2])
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        rows = [{key: float(row[key]) for key in ("unix_seconds", "demand", "ready", "pods")}
                for row in csv.DictReader(file)]
    times = [row["unix_seconds"] for row in rows]
    steps = [b - a for a, b in zip(times, times[1:])]
    steps.append(steps[-1])
    paid = load = lost = short = 0.0
    for row, step in zip(rows, steps):
        lack = row["demand"] - row["ready"] * capacity
        paid += row["pods"] * step / 3600
        load += row["demand"] * step
        if lack > 0:
            lost += lack * step
            short += step / 60
    writes = sum(a["pods"] != b["pods"] for a, b in zip(rows, rows[1:]))
    leap = max((abs(b["pods"] - a["pods"]) for a, b in zip(rows, rows[1:])), default=0)
    decisions = sum(time % 15 == 0 for time in times)
    fixed = max(1, math.ceil(max(row["demand"] for row in rows) / capacity))
    hours = sum(steps) / 3600
    print("%.9f %.12f %.6f %d %d %d %d %.9f" % (paid, lost / load, short, writes, leap, decisions, fixed, fixed * hours))


if __name__ == "__main__":
    main()
