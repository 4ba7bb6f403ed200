"""Claim: on a given 4000×4000 Gram matrix the proof that its least eigenvalue exceeds a bound costs at most 1.6 times
the CPU time of ``scipy.linalg.cholesky``, which proves nothing.

The decision also returns an upper bound. The two-sided enclosure to a relative width of 1e-6, which has to find the
eigenvalue first, is timed beside it. BLAS on one thread for all; medians of the ratios, timed in turn.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_limits

from certigram.numerics.balls.budget import Budget
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.theory.verdict import Verdict

N, D, RUNS, LIMIT = 4000, 64, 5, 1.6
FLOATS = Budget(bits=24, max_bits=64)


def arcsine_kernel(n: int, d: int, seed: int = 0) -> np.ndarray:
    """The arcsine kernel of random points of the sphere."""
    x = np.random.default_rng(seed).standard_normal((n, d))
    x /= np.linalg.norm(x, axis=1)[:, None]
    a = np.arcsin(np.clip(x @ x.T, -1, 1)) * (2 / np.pi)
    return np.asarray((a + a.T) / 2)


def cpu(function: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    started = time.process_time()
    function()
    return time.process_time() - started


def main() -> int:
    """Time all in turn and compare with the claim."""
    matrix = BallMatrix(arcsine_kernel(N, D), 1e-15)
    found = least_eigenvalue(matrix, budget=FLOATS)
    assert found.relative_width <= 1e-6
    bound = Fraction(found.lower) * (1 - Fraction(1, 10**6))
    assert decide_at_least(matrix, bound, budget=FLOATS)[0] is Verdict.PROVED
    rows = [
        (
            cpu(lambda: scipy.linalg.cholesky(matrix.mid)),
            cpu(lambda: decide_at_least(matrix, bound, budget=FLOATS)),
            cpu(lambda: least_eigenvalue(matrix, budget=FLOATS)),
        )
        for _ in range(RUNS)
    ]
    cholesky, decide, enclose = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio, both = (statistics.median(row[k] / row[0] for row in rows) for k in (1, 2))
    print(f"n = {N}, CPU seconds: scipy.linalg.cholesky {cholesky:.3f}, proof {decide:.3f}, enclosure {enclose:.3f}")
    print(f"proof / cholesky: ratio {ratio:.2f} (claim: at most {LIMIT})")
    print(f"enclosure to {found.relative_width:.1e} / cholesky: {both:.2f}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    with threadpool_limits(1):
        raise SystemExit(main())
