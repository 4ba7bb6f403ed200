r"""Whether the Gram matrix of one sampled network shows an event of the width theorems: yes, no, or not decided.

What is computed is :math:`\hat G`, within ``error`` of the network's :math:`G_m` in the spectral norm; by Weyl's
inequality no eigenvalue of a combination of it with K is off by more. The eigenvalues are compared with proved bounds
(``docs/theory/least-width.md``, "The event of one network").
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...theory.verdict import Verdict
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure
from ..eigenvalues.eigenvalue import decide_at_least
from ..kernels.ballmatrix import BallMatrix
from ..kernels.entrywise import add, like, scale

EVENTS = ("least-eigenvalue", "whitened")
r""":math:`\lambda_{\min}(G_m)\ge\lambda_*/2`, and :math:`\lVert K^{-1/2}(G_m-K)K^{-1/2}\rVert_2\le\frac12`."""
HALF = Fraction(1, 2)
QUICK = Budget(bits=64, max_bits=64)

Truth = bool | None


def decided(
    event: str, gram: NDArray[np.float64], error: float, kernel: BallMatrix, star: Enclosure, share: Fraction = HALF
) -> Truth:
    r"""Whether the event happened for every matrix within ``error`` of ``gram`` (True), for none (False), or None.

    Parameters
    ----------
    gram: (n, n) float64, symmetric; ``error`` bounds its distance from the network's matrix in the spectral norm.
    kernel, star: K, and an enclosure of its least eigenvalue, which is positive.
    share: :math:`\eta`: "whitened" is :math:`(1-\eta)K\preceq G\preceq(1+\eta)K`, and "least-eigenvalue" is
        :math:`\lambda_{\min}(G)\ge(1-\eta)\lambda_*`.

    >>> from ..eigenvalues.eigenvalue import least_eigenvalue
    >>> K = BallMatrix(np.eye(2), 0.0)
    >>> star = least_eigenvalue(K)
    >>> [decided("whitened", np.diag([1.0, x]), 1e-9, K, star) for x in (1.4, 1.5, 1.6)]
    [True, None, False]
    >>> [decided("least-eigenvalue", np.diag([1.0, x]), 1e-9, K, star) for x in (0.5, 1.6)]
    [None, True]
    """
    if not (math.isfinite(error) and np.isfinite(gram).all()):
        return None
    network = like(gram, np.zeros_like(gram), kernel)
    slack = Fraction(error)
    if event == "least-eigenvalue":
        return _at_least(
            network, (1 - share) * Fraction(star.upper) + slack, (1 - share) * Fraction(star.lower) - slack
        )
    below = _at_least(add(network, scale(kernel, share - 1)), slack, -slack)
    if below is False:
        return False
    above = _at_least(add(scale(kernel, share + 1), scale(network, Fraction(-1))), slack, -slack)
    return False if above is False else True if above and below else None


def _at_least(matrix: object, enough: Fraction, too_little: Fraction) -> Truth:
    """True where the least eigenvalue is at least ``enough``, False where it is below ``too_little``."""
    assert isinstance(matrix, BallMatrix)
    if decide_at_least(matrix, enough, budget=QUICK)[0] is Verdict.PROVED:
        return True
    return False if decide_at_least(matrix, too_little, budget=QUICK)[0] is Verdict.REFUTED else None
