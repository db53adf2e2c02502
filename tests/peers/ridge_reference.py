#!/usr/bin/env python3
"""Prints the coefficients that tests/unit/forecast/test_gram.c holds: ridge regression on
standardised columns, solved by numpy's dense solver."""
import numpy as np

t = np.arange(96.0)
x = np.column_stack([np.sin(.37 * t), 2 * np.cos(.91 * t) + t / 100, (t * 37 % 101) / 101])
y = 1 + 2 * x[:, 0] - .5 * x[:, 1] + .3 * x[:, 2] + .1 * np.sin(t * t)
centred, target = x - x.mean(0), y - y.mean()
deviation = np.sqrt((centred ** 2).mean(0))
z = centred / deviation
for penalty in (1e-5, 1e-3, 1e-1):
    b = np.linalg.solve(z.T @ z / len(y) + penalty * np.eye(3), z.T @ target / len(y)) / deviation
    print(penalty, repr(float(y.mean() - b @ x.mean(0))), [repr(float(v)) for v in b])
