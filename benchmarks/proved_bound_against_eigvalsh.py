"""Claim: proving a two-sided bound of the least eigenvalue costs about as much CPU as estimating it without proof.

The proof step only, on a given float64 matrix: the arcsine kernel of random points of the sphere (d = 64). Both sides
are timed in one run, in CPU seconds of the process (all BLAS threads count), medians; on a busy machine set
OPENBLAS_NUM_THREADS=1, since waiting BLAS threads burn CPU time.

    python benchmarks/proved_bound_against_eigvalsh.py [n ...]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import scipy.linalg

from certigram.numerics.budget import Budget
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.theory.verdict import Verdict

LIMIT = 2.0
"""The asserted ratio proof / eigvalsh, for n >= 1000."""


def arcsine_kernel(n: int, d: int = 64, seed: int = 0) -> np.ndarray:
    """A kernel matrix with a least eigenvalue near 0.3."""
    x = np.random.default_rng(seed).standard_normal((n, d))
    x /= np.linalg.norm(x, axis=1)[:, None]
    a = np.arcsin(np.clip(x @ x.T, -1, 1)) * (2 / np.pi)
    return np.asarray((a + a.T) / 2)


def cpu(function: Callable[[], object], repeats: int) -> float:
    """Median CPU seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main(orders: list[int]) -> None:
    """Print one line per order, and check the claim."""
    budget = Budget(bits=24, max_bits=64)  # the float64 rungs alone
    print(
        f"{'n':>6} {'cholesky':>9} {'eigvalsh':>9} {'decide':>9} {'enclose':>9} {'enclose/eigvalsh':>17} {'width':>9}"
    )
    for n in orders:
        matrix = BallMatrix(arcsine_kernel(n), 1e-15)
        enclosure = least_eigenvalue(matrix, budget=budget)
        bound = Fraction(enclosure.lower) * (1 - Fraction(1, 10**6))
        verdict, _ = decide_at_least(matrix, bound, budget=budget)
        assert verdict is Verdict.PROVED
        assert enclosure.relative_width <= 1e-6
        repeats = 7 if n <= 1000 else 3
        cholesky = cpu(lambda a=matrix.mid: scipy.linalg.cholesky(a), repeats)
        eigvalsh = cpu(lambda a=matrix.mid: np.linalg.eigvalsh(a), repeats)
        decide = cpu(lambda m=matrix, b=bound: decide_at_least(m, b, budget=budget), repeats)
        enclose = cpu(lambda m=matrix: least_eigenvalue(m, budget=budget), repeats)
        ratio = enclose / eigvalsh
        print(
            f"{n:6d} {cholesky:9.4f} {eigvalsh:9.4f} {decide:9.4f} {enclose:9.4f} {ratio:17.2f} "
            f"{enclosure.relative_width:9.1e}"
        )
        assert n < 1000 or ratio <= LIMIT, f"the proof took {ratio:.2f} times eigvalsh at n = {n}"


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [200, 1000, 2000])
