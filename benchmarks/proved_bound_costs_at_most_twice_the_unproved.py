"""Claim: at n = 1000 the population Gram matrix and a *proved* bound of its least eigenvalue cost at most twice the CPU
time of an unproved float64 pipeline that is given the series coefficients.

Both sides: tanh, sigma_w2 = 1/16, 1000 random points on the sphere in R^64, timed in turn in one process.

* ours: Lipschitz constant, variance fixed point, Hermite transform, equilibrium series, cosines, Gram matrix with its
  radius, proved two-sided bound: everything but the imports;
* the other: cosines by one matrix product, Horner's rule in numpy with 64 given coefficients, numpy.linalg.eigvalsh.

BLAS runs on one thread for both, since idle threads that spin would be counted as CPU time. Prints the median CPU
seconds of each and their ratio. (The estimate leaves out the tail of the series, so it lies a little too low.)
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from threadpoolctl import threadpool_limits

from certigram.numerics.balls.budget import Budget
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.studies.data import DataSet
from certigram.theory.activations.activation import activation

N, D, TERMS, RUNS = 1000, 64, 64, 7


def ours(table: np.ndarray) -> tuple[float, float]:
    """The proved enclosure, from the points alone."""
    data = DataSet(points(table), None, "random points")
    model = EquilibriumInstance("deq-general", activation("tanh"), data, Fraction(1, 16), Budget())
    found = model.eigenvalue
    return found.lower, found.upper


def unproved(table: np.ndarray, coefficients: np.ndarray) -> float:
    """A float64 estimate, given the coefficients of the series."""
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    cosines = unit @ unit.T
    gram = np.full_like(cosines, coefficients[-1])
    for b in coefficients[-2::-1]:
        gram *= cosines
        gram += b
    return float(np.linalg.eigvalsh(gram)[0])


def cpu(function: Callable[[], object]) -> float:
    """CPU seconds of one call, all threads."""
    started = time.process_time()
    function()
    return time.process_time() - started


def main() -> None:
    """Time both sides in turn and print the claim with its figures."""
    table = np.random.default_rng(0).standard_normal((N, D))
    data = DataSet(points(table), None, "random points")
    model = EquilibriumInstance("deq-general", activation("tanh"), data, Fraction(1, 16), Budget())
    series = model.kernel(TERMS - 1, 96).series
    coefficients = np.array([float(b) for b in series.coefficients])
    lower, upper = ours(table)
    estimate = unproved(table, coefficients)
    times = [(cpu(lambda: ours(table)), cpu(lambda: unproved(table, coefficients))) for _ in range(RUNS)]
    mine, other = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"n = {N}, d = {D}, tanh, sigma_w2 = 1/16; medians of {RUNS} runs, CPU seconds")
    print(f"proved:   {mine:.3f} s   {lower!r} <= least eigenvalue <= {upper!r}")
    print(f"unproved: {other:.3f} s   least eigenvalue about {estimate:.12g}")
    print(f"ratio {mine / other:.2f} (claim: at most 2)")
    raise SystemExit(mine / other > 2)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
