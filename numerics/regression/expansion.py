r"""A kernel expansion :math:`f(x^*) = \sum_i \alpha_i k(x_i, x^*) + b` with exact coefficients, enclosed.

This is what a fitted support vector machine or kernel ridge regression computes. Proof: ``docs/prediction.md``,
section 5.
"""

from __future__ import annotations

import numpy as np

from ..kernels.ballarray import BallArray, read_only
from .products import Floats, majorant, product, rounded, split, sums


def expansion(cross: BallArray, coefficients: Floats, offset: Floats) -> BallArray:
    r"""The (t, o) values from :math:`k(x_i, x^*_j)`, (n, t), ``coefficients`` (n, o) and ``offset`` (o,), both exact.

    >>> f = expansion(BallArray(np.array([[1.0], [0.5]]), 2.0**-40), np.array([[1.0], [-2.0]]), np.array([0.25]))
    >>> float(f.mid[0, 0]), 3 * 2.0**-40 <= float(f.rad[0, 0]) < 3.1 * 2.0**-40
    (0.25, True)
    """
    main = product(split(np.ascontiguousarray(cross.mid.T)), split(np.ascontiguousarray(coefficients.T)))
    first = main.leading + offset
    mid = first + main.rest
    radii = np.ascontiguousarray(np.broadcast_to(np.asarray(cross.rad), cross.shape).T)
    rad = sums(main.error, rounded(first, mid), majorant(radii, np.abs(coefficients)))
    return BallArray(read_only(mid), read_only(rad))
