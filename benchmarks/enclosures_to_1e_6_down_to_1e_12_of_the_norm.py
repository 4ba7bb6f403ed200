"""Claim: relative width 1e-6 by float64 alone at n = 4000 for a least eigenvalue of 1e-6 of the norm, isolated or in a
tight cluster, and by the higher rungs at n = 500 for 1e-12 of the norm.

Matrices Q D Q^T with a random orthogonal Q, rounded to float64: what is enclosed is the eigenvalue of the rounded,
exact matrix. CPU seconds, BLAS on one thread; ``--short`` takes n = 1500 and n = 200.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

from certigram.numerics.balls.budget import Budget
from certigram.numerics.eigenvalues.eigenvalue import least_eigenvalue
from certigram.numerics.kernels.ballmatrix import BallMatrix

FLOATS = Budget(bits=24, max_bits=64)


def spectra(n: int, smallest: float) -> dict[str, np.ndarray]:
    """Norm 1, least eigenvalue ``smallest``: alone, at the end of a geometric sequence, in a tight cluster."""
    cluster = smallest * (1 + np.linspace(0, 2.5e-5, n // 16))
    return {
        "isolated": np.r_[smallest, np.linspace(0.5, 1, n - 1)],
        "geometric": np.geomspace(smallest, 1, n),
        f"{n // 16} within 2.5e-5": np.r_[cluster, np.linspace(0.5, 1, n - n // 16)],
    }


def main(orders: tuple[int, int]) -> int:
    """Enclose every matrix and compare the widths with the claim."""
    holds = True
    for n, smallest, budget in ((orders[0], 1e-6, FLOATS), (orders[1], 1e-12, Budget())):
        q, _ = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))
        for name, spectrum in spectra(n, smallest).items():
            a = (q * spectrum) @ q.T
            matrix = BallMatrix((a + a.T) / 2, 0.0)
            started = time.process_time()
            found = least_eigenvalue(matrix, budget=budget)
            seconds = time.process_time() - started
            print(
                f"n = {n}, {smallest:g}, {name}: width {found.relative_width:.1e}, {seconds:.1f} s, {found.steps[-1]}"
            )
            holds &= found.relative_width <= 1e-6
    print(f"claim: {'holds' if holds else 'FAILS'}")
    return 0 if holds else 1


if __name__ == "__main__":
    with threadpool_limits(1):
        raise SystemExit(main((1500, 200) if "--short" in sys.argv else (4000, 500)))
