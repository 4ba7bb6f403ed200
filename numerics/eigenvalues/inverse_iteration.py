"""Approximate eigenpairs at the lower end of a spectrum, from a factorisation: good guesses, no proofs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dstev

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RitzPair:
    """A guess at the eigenpair next above a shift c.

    Attributes
    ----------
    vector: (n,) of norm about 1.
    distance: guess at ``lambda_1 - c``.
    error: guess at the error of ``distance``.
    second: guess at ``lambda_2 - c`` (infinite when unknown).
    space: (k, n), rows that span the guesses at the first few eigenvectors, or None.
    """

    vector: Vector
    distance: float
    error: float
    second: float
    space: Vector | None = None


def start_vector(n: int) -> Vector:
    """A fixed vector of norm 1 without symmetries, so that no run depends on a seed.

    >>> round(float(np.linalg.norm(start_vector(7))), 12)
    1.0
    """
    v = np.cos(np.arange(n) * math.sqrt(2.0) + 1.0) + 0.1
    return np.asarray(v / np.linalg.norm(v), dtype=np.float64)


def inverse_lanczos(
    solve: Callable[[Vector], Vector],
    start: Vector,
    *,
    steps: int,
    tolerance: float,
    shift: float = 0.0,
    keep: int = 1,
) -> RitzPair:
    r"""The largest Ritz pair of :math:`T = (A - cI)^{-1}` after at most ``steps`` Lanczos steps.

    Full reorthogonalisation; stops when the estimated error of :math:`\lambda_1 = c + 1/\mu_1` is below ``tolerance``
    times :math:`|\lambda_1|`. The estimate is the usual :math:`\min(r, r^2/(\mu_1-\mu_2))` with r the Lanczos residual;
    it is not a bound, and nothing that is proved rests on it. With ``keep`` > 1 so many Ritz vectors are returned too.

    >>> d = np.array([1.0, 2.0, 5.0, 9.0])
    >>> round(inverse_lanczos(lambda v: v / d, start_vector(4), steps=4, tolerance=1e-9).distance, 9)
    1.0
    """
    n = start.size
    steps = min(steps, n)
    basis = np.empty((steps, n))
    alpha, beta = np.zeros(steps), np.zeros(steps)
    q = start / np.linalg.norm(start)
    size = float(np.max(np.abs(solve(q))))  # T is scaled to a moderate size, so that nothing overflows
    size = size if 0.0 < size < math.inf else 1.0
    best = RitzPair(start, math.inf, math.inf, math.inf)
    for k in range(steps):
        basis[k] = q
        w = solve(q) / size
        alpha[k] = q @ w
        for _ in range(2):
            w = w - (basis[: k + 1] @ w) @ basis[: k + 1]
        beta[k] = np.linalg.norm(w)
        last = k + 1 == steps or not beta[k] > 1e-15 * abs(alpha[k])
        if last or k % 2:
            mu, second, weight, table = _tridiagonal(alpha[: k + 1], beta[: k + 1])
            if not (mu > 0 and math.isfinite(weight)):
                break
            vector = table[:, -1] @ basis[: k + 1]
            distance = 1.0 / mu / size
            best = RitzPair(
                vector / np.linalg.norm(vector),
                distance,
                distance * min(1.0, weight / mu),
                1.0 / second / size if second > 0 else math.inf,
                table[:, -keep:].T @ basis[: k + 1] if keep > 1 else None,
            )
            if last or (k >= 3 and best.error <= tolerance * abs(shift + distance)):
                break
        q = w / beta[k]
    return best


def _tridiagonal(alpha: Vector, beta: Vector) -> tuple[float, float, float, Vector]:
    """Largest and second eigenvalue of the Lanczos matrix, the error estimate of the first, and the eigenvectors."""
    k = alpha.size
    values, vectors, info = dstev(alpha, beta[: max(k - 1, 1)])
    if info != 0:
        return 0.0, 0.0, math.inf, np.eye(k)
    mu, second = float(values[-1]), float(values[-2]) if k > 1 else 0.0
    residual = float(beta[-1]) * abs(float(vectors[-1, -1]))
    weight = min(residual, residual**2 / (mu - second)) if mu > second else residual
    return mu, second, weight, vectors
