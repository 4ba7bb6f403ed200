"""Approximate eigenpairs at the lower end of a spectrum, from a factorisation: good guesses, no proofs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    """

    vector: Vector
    distance: float
    error: float
    second: float


def start_vector(n: int) -> Vector:
    """A fixed vector of norm 1 without symmetries, so that no run depends on a seed.

    >>> round(float(np.linalg.norm(start_vector(7))), 12)
    1.0
    """
    v = np.cos(np.arange(n) * math.sqrt(2.0) + 1.0) + 0.1
    return np.asarray(v / np.linalg.norm(v), dtype=np.float64)


def inverse_lanczos(solve: Callable[[Vector], Vector], start: Vector, *, steps: int, tolerance: float) -> RitzPair:
    r"""The largest Ritz pair of :math:`T = (A - cI)^{-1}` after at most ``steps`` Lanczos steps.

    Full reorthogonalisation; stops when the estimated relative error of :math:`1/\mu_1 = \lambda_1 - c` is below
    ``tolerance``. The estimate is the usual :math:`\min(r, r^2/(\mu_1-\mu_2))` with r the Lanczos residual; it is not a
    bound, and nothing that is proved rests on it.

    >>> d = np.array([1.0, 2.0, 5.0, 9.0])
    >>> round(inverse_lanczos(lambda v: v / d, start_vector(4), steps=4, tolerance=1e-9).distance, 9)
    1.0
    """
    n = start.size
    steps = min(steps, n)
    basis = np.empty((steps, n))
    alpha: list[float] = []
    beta: list[float] = []
    q = start / np.linalg.norm(start)
    mu, second, weight, ritz = 0.0, 0.0, math.inf, np.ones(1)
    for k in range(steps):
        basis[k] = q
        w = solve(q)
        alpha.append(float(q @ w))
        for _ in range(2):
            w = w - basis[: k + 1].T @ (basis[: k + 1] @ w)
        beta.append(float(np.linalg.norm(w)))
        values, vectors = np.linalg.eigh(np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1))
        mu, ritz = float(values[-1]), vectors[:, -1]
        second = float(values[-2]) if k else 0.0
        residual = beta[-1] * abs(float(ritz[-1]))
        weight = min(residual, residual**2 / (mu - second)) if mu > second else residual
        if not math.isfinite(weight) or beta[-1] <= 1e-15 * abs(mu) or (k >= 2 and weight <= tolerance * abs(mu)):
            break
        q = w / beta[-1]
    vector = basis[: ritz.size].T @ ritz
    vector = vector / np.linalg.norm(vector)
    distance = 1.0 / mu if mu > 0 else math.inf
    return RitzPair(vector, distance, distance * min(1.0, weight / mu if mu > 0 else 1.0), 1 / second if second > 0 else math.inf)
