"""Claim: a certificate on 200 points is checked in under 60 s by the standard library alone; on 1000 points, with
flint, in at most 20 times the CPU time that the prover took.

tanh, sigma_w2 = 1/16, a Gaussian and a Matérn kernel, and ReLU in closed form (sigma_w2 = 3/4), random points on the
sphere in R^64, everything but the imports timed in one process:

* the prover: Lipschitz constant, variance fixed point, Hermite transform, series, cosines, Gram matrix with its radius,
  proved two-sided bound, and the writing of the certificate with its witness;
* the checker: one call of ``certigram.check`` on the file.

Prints the CPU seconds of each (the median of three runs of the prover and of the checker) and their ratio.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

import certigram as cg

D, RUNS = 64, 3
SYSTEMS: dict[str, tuple[str, dict[str, str]]] = {
    "tanh": ("deq-general", {"activation": "tanh", "sigma_w2": "1/16"}),
    "gaussian": ("resnet-rkhs", {"kernel": "gaussian", "scale": "8"}),
    "matern-5/2": ("resnet-rkhs", {"kernel": "matern-5/2", "scale": "8"}),
    "relu, sigma_w2 = 3/4": ("deq-relu", {"sigma_w2": "3/4"}),
}


def cpu(function: Callable[[], object]) -> float:
    """CPU seconds of one call, all threads."""
    started = time.process_time()
    function()
    return time.process_time() - started


def prove(name: str, table: np.ndarray, path: Path) -> None:
    """Everything from the points to the saved certificate."""
    system, parameters = SYSTEMS[name]
    K = cg.population_gram(system, table, **parameters)  # type: ignore[arg-type]  # keywords of any kind
    cg.certify(K, at_least=Fraction(cg.least_eigenvalue(K).lower) / 2).save(path)


def measure(name: str, n: int, folder: Path, *, accelerate: bool) -> tuple[float, float]:
    """Median seconds of the prover and of the checker at n points."""
    table, path = np.random.default_rng(0).standard_normal((n, D)), folder / f"{n}.json"
    proving = statistics.median(cpu(lambda: prove(name, table, path)) for _ in range(RUNS))
    verdicts: list[str] = []
    checking = statistics.median(
        cpu(lambda: verdicts.append(cg.check(path, accelerate=accelerate).verdict)) for _ in range(RUNS)
    )
    if set(verdicts) != {"VALID"}:
        raise SystemExit(f"the certificate on {n} points is {verdicts[0]}")
    return proving, checking


def main() -> None:
    """Measure both sizes and print the claims with their figures."""
    with tempfile.TemporaryDirectory() as folder:
        missed = False
        for name in SYSTEMS:
            measure(name, 8, Path(folder), accelerate=True)  # imports
            _, plain = measure(name, 200, Path(folder), accelerate=False)
            print(f"{name}, n = 200, standard library alone: checked in {plain:.2f} s (claim: under 60 s)")
            proving, checking = measure(name, 1000, Path(folder), accelerate=True)
            ratio = checking / proving
            print(f"{name}, n = 1000: proved in {proving:.2f} s, checked with flint in {checking:.2f} s")
            print(f"ratio {ratio:.1f} (claim: at most 20)")
            missed |= plain >= 60 or ratio > 20
    raise SystemExit(missed)


if __name__ == "__main__":
    main()
