"""Claim: certifying a user's own float64 matrix costs at most a quarter of the CPU time of ``numpy.linalg.eigvalsh`` on
it at n = 8000, and at most two fifths at n = 4000.

The matrix: exp(-|x - y|²/2) on n random points in R^20, symmetric, as numpy stores it. Ours: ``certigram.certify(A,
at_least="1e-8")``, from the array to the certificate with the digest of the matrix; also, without a bound, the verdict
on positive definiteness with both ends of the least eigenvalue to a relative width of 1e-6. Theirs: ``eigvalsh``, which
proves nothing. Timed one after the other in one process, BLAS on one thread for both. Give orders as arguments for
others; 8000 needs 3 GB.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

import certigram as cg

CLAIMS = {2000: None, 4000: 0.4, 8000: 0.25}


def cpu(function: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of one call, all threads, and its value."""
    started = time.process_time()
    value = function()
    return time.process_time() - started, value


def kernel(n: int) -> np.ndarray:
    """The stored matrix, symmetric to the last bit."""
    X = np.random.default_rng(0).standard_normal((n, 20))
    A = cdist(X, X, "sqeuclidean")
    A *= -0.5
    np.exp(A, out=A)
    np.fill_diagonal(A, 1.0)
    return A


def main(orders: list[int]) -> int:
    """Time all three, print the ratios, compare with the claims."""
    holds = True
    cg.certify(kernel(600))  # imports, and the first call of everything
    for n in orders:
        A = kernel(n)
        bounded, first = cpu(lambda A=A: cg.certify(A, at_least="1e-8"))
        enclosed, second = cpu(lambda A=A: cg.certify(A))
        theirs, values = cpu(lambda A=A: np.linalg.eigvalsh(A))
        assert isinstance(first, cg.Certificate)
        assert isinstance(second, cg.Certificate)
        assert first.verdict is second.verdict is cg.Verdict.PROVED
        print(f"n = {n}: certified {bounded:.2f} s, enclosed {enclosed:.2f} s, eigvalsh {theirs:.2f} s (CPU)")
        print(f"  {second.lower!r} <= least eigenvalue <= {second.upper!r}; eigvalsh says {np.min(values):.12g}")
        limit = CLAIMS.get(n)
        said = "no claim" if limit is None else f"claim: at most {limit}"
        print(f"  ratio {bounded / theirs:.2f} ({said}), with both ends {enclosed / theirs:.2f}", flush=True)
        holds &= limit is None or bounded <= limit * theirs
    return 0 if holds else 1


if __name__ == "__main__":
    with threadpool_limits(1):
        raise SystemExit(main([int(x) for x in sys.argv[1:]] or list(CLAIMS)))
