r"""An upper bound of the trace of the inverse of a positive definite matrix of balls.

For any Y with :math:`E = I - KY`, :math:`K^{-1} = Y + K^{-1}E`, so that

.. math:: \operatorname{tr}K^{-1} \le \operatorname{tr}Y + \frac{\sqrt n}{\lambda_*}\,\lVert E\rVert_F .

Y is a float64 inverse; the residual is bounded with the rounding of its product and the radius of K.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from ....balls.precision import same_precision
from ....balls.rounding import TINY, UNIT, gamma, norm_up
from ....kernels.ballmatrix import BallMatrix


def inverse_trace(matrix: BallMatrix, least: arb) -> arb:
    r"""At least :math:`\operatorname{tr}K^{-1}` for every K in ``matrix`` with least eigenvalue >= ``least``.

    Infinite where ``least`` is not positive. Never more than :math:`n/\lambda_*`.

    >>> found = inverse_trace(BallMatrix(np.diag([1.0, 0.25]), 0.0), arb("0.2"))
    >>> bool(5 <= found < 5.001)
    True
    """
    n = matrix.n
    with same_precision():
        if not least > 0:
            return arb("inf")
        simple: arb = (n / least).upper()
        try:
            inverse = np.asarray(np.linalg.inv(matrix.mid), dtype=np.float64)
        except np.linalg.LinAlgError:
            return simple
        if not np.isfinite(inverse).all():
            return simple
        residual = np.eye(n) - matrix.mid @ inverse
        size = arb(norm_up(inverse))
        off = arb(norm_up(np.broadcast_to(np.asarray(matrix.rad, dtype=np.float64), (n, n))))
        # the product: gamma_n |K||Y| and underflow; the subtraction: one unit of what came out; the radius of K
        slack = (arb(gamma(n + 1)) * arb(norm_up(matrix.mid)) + off) * size + n * (n + 2) * arb(TINY)
        error = arb(norm_up(residual)) * (1 + 2 * arb(UNIT)) + slack
        trace = sum((arb(float(y)) for y in np.diagonal(inverse)), arb(0))
        better = (trace + arb(n).sqrt() / least * error).upper()
        return simple.min(better) if better.is_finite() else simple
