r"""Fourth moments of ReLU features: what concentration without truncation needs.

.. math::
    B_{ij}^2 = \mathbb E\,\chi_i^2\chi_j^2
    = \tfrac1{2\pi}\bigl(3\sin\theta\cos\theta+(\pi-\theta)(1+2\cos^2\theta)\bigr),

.. math::
    \mathbb E\,\chi_i^3\chi_j = \tfrac1{2\pi}\bigl(\sin\theta(2+\cos^2\theta)+3(\pi-\theta)\cos\theta\bigr),

:math:`\chi_i=\sigma(g\cdot x_i)` for unit inputs at the angle θ. The matrix
:math:`Q=\mathbb E\,\lVert\chi\rVert^2\chi\chi^\top` has norm at most :math:`\lVert B\rVert^2`.
``docs/papers/implicit_relu/descent.md``, "Concentration of the features".
"""

from __future__ import annotations

import numpy as np
from flint import arb, arb_mat

from ....balls.ends import within_unit
from ....balls.precision import precision
from ..arc_cosine import arc_cosine
from .concentration import Pair

BITS = 96


def squares(cosine: arb) -> arb:
    r""":math:`B_{ij}^2=\mathbb E\,\chi_i^2\chi_j^2` for inputs with this cosine.

    >>> print(squares(arb(1)), squares(arb(-1)))
    1.50000000000000 0
    >>> bool(squares(arb(0)).overlaps(arb(1) / 4))
    True
    """
    if cosine == 1:
        return arb(3) / 2
    height, angle = _triangle(cosine)
    t = within_unit(cosine)
    return ((3 * height * t + angle * (1 + 2 * t**2)) / (2 * arb.pi())).nonnegative_part()


def cubes(cosine: arb) -> arb:
    r""":math:`\mathbb E\,\chi_i^3\chi_j` for inputs with this cosine.

    >>> print(cubes(arb(1)))
    1.50000000000000
    >>> bool(cubes(arb(0)).overlaps(1 / arb.pi()))
    True
    """
    if cosine == 1:
        return arb(3) / 2
    height, angle = _triangle(cosine)
    t = within_unit(cosine)
    return ((height * (2 + t**2) + 3 * angle * t) / (2 * arb.pi())).nonnegative_part()


def pair(cosine: arb) -> Pair:
    r"""The kernel and the fourth moments of two inputs: :math:`Q_{11}=\frac32+B_{12}^2`,
    :math:`Q_{12}=2\,\mathbb E\,\chi_1^3\chi_2`.

    >>> bool(pair(arb(0)).same.overlaps(arb("1.75"))), bool(pair(arb(0)).mixed.overlaps(2 / arb.pi()))
    (True, True)
    """
    return Pair(arc_cosine(cosine), arb(3) / 2 + squares(cosine), 2 * cubes(cosine))


def variance(cosines: arb_mat) -> arb:
    r"""An upper bound of :math:`V=\lVert B\rVert^2`, and of the norm of Q, as an exact ball.

    ``cosines`` are those of the inputs, 1 exactly on the diagonal. B is symmetric and non-negative: its norm is at most
    the largest :math:`(Bv)_i/v_i`, for any positive v; v is near its leading vector.

    >>> bool(variance(arb_mat([[1, 0], [0, 1]])) < 3)
    True
    """
    n = cosines.nrows()
    with precision(BITS):
        table = [[arb(0)] * n for _ in range(n)]
        for i in range(n):
            for j in range(i + 1):
                table[i][j] = table[j][i] = squares(cosines[i, j]).sqrt()
        middle = np.array([[float(x.mid()) for x in row] for row in table])
        vector = np.ones(n)
        for _ in range(50):
            vector = middle @ vector
            vector /= vector.max()
        positive = [arb(max(float(x), 2.0**-20)) for x in vector]
        rows = (sum((b * v for b, v in zip(row, positive, strict=True)), arb(0)) for row in table)
        worst = arb(0)
        for total, v in zip(rows, positive, strict=True):
            worst = worst.max((total / v).upper())
        return (worst**2).upper()


def _triangle(cosine: arb) -> tuple[arb, arb]:
    r""":math:`\sin\theta` and :math:`\pi-\theta`, from the side where the angle is far from its cut."""
    t = within_unit(cosine)
    height = ((1 - t) * (1 + t)).nonnegative_part().sqrt()
    angle = arb.atan2(height, -t) if t < 0 else arb.pi() - arb.atan2(height, t)
    return height, angle
