r"""Arc-cosine kernels of any order, :math:`k_n(x,y) = \frac1\pi|x|^n|y|^nJ_n(\theta)` (Cho and Saul 2009).

It is :math:`2\,\mathbb E\,(w\cdot x)_+^n(w\cdot y)_+^n` for standard normal w. Proof of the radius:
docs/error-analysis.md, "Inner products and arc-cosine kernels".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from flint import arb, arb_mat

from ...theory.errors import SpecError
from ...theory.printable import shown
from ..balls.ball import enclose
from ..balls.precision import precision
from ..balls.rounding import TINY, UNIT
from ..deep.arcsine import ARCSINE_ERROR, arcsine
from ..deep.bounds import roots
from ..eigenvalues.nullspace import NullVector, RankBound, zero_inputs
from ..kernels.arc_cosine import GUARD_BITS, arc_cosine, arc_cosine_polynomials
from ..kernels.ballarray import BallArray
from ..kernels.cosines import cosine
from ..kernels.horner import horner
from ..kernels.points import Floats
from ..studies.data import DataSet
from .basic import with_diagonal
from .block import Block
from .leaf import Leaf, repeated, take

NAMES = ("arc-cosine",)
LARGEST_ORDER = 64
FLOAT_BITS = 96
SLACK = 1.0 + 2.0**-20
"""More than the roundings of the bounds below."""


@dataclass(frozen=True, slots=True)
class ArcCosine(Leaf):
    """The kernel of one order n: 0 for the step, 1 for ReLU, 2 for its square, ..."""

    order: int

    @classmethod
    def make(cls, name: str, given: Mapping[str, Any]) -> Self:
        """See :class:`~certigram.numerics.covariances.leaf.Leaf`."""
        order = take(name, given, order=1)["order"]
        if type(order) is not int or not 0 <= order <= LARGEST_ORDER:
            raise SpecError(f"kernel: order = {shown(order)}: give a whole number between 0 and {LARGEST_ORDER}.")
        return cls(order)

    @property
    def name(self) -> str:
        """``arc-cosine``."""
        return "arc-cosine"

    @property
    def parameters(self) -> Mapping[str, object]:
        """The order."""
        return {"order": self.order}

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii."""
        self._admit(block.stacked)
        n = self.order
        cosines, rad = block.cosines()
        a, b = ([float(c) for c in polynomial.coeffs()] or [0.0] for polynomial in arc_cosine_polynomials(n))
        with precision(FLOAT_BITS):
            sizes = roots([enclose((block.points.d * m) ** n) / arb.pi() for m in block.stacked.moments])
        unit = np.multiply.outer(sizes[block.rows.start : block.rows.stop], sizes[block.columns.start :])
        t = np.ascontiguousarray(cosines)
        mid = np.multiply(_polynomial(a, t), arcsine(t, np.empty_like(t)) + math.pi / 2)
        mid += _polynomial(b, t) * np.sqrt((1.0 - t) * (1.0 + t))
        mid *= unit
        size = math.pi * sum(a) + sum(b)
        moved = rad * n * n * math.pi * _double_factorial(2 * n - 3) if n else _angle_change(t, rad)
        spread = unit * (moved + (4 * n + 24) * UNIT * size + sum(a) * ARCSINE_ERROR)
        return with_diagonal(block, mid, spread * SLACK + 64.0 * TINY, self.diagonal(block.left, FLOAT_BITS))

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls, from exact inner products."""
        self._admit(block.stacked)
        data, d, zero = block.stacked, block.points.d, set(block.stacked.zero_rows)
        diagonal = self.diagonal(data, bits)
        result = arb_mat(*block.shape)
        for a, i in enumerate(block.rows):
            for b, j in enumerate(block.columns):
                if i in zero or j in zero:
                    continue
                with precision(2 * bits + GUARD_BITS):
                    t = cosine(data.source, i, j)
                    if t == 1 and data.moments[i] == data.moments[j]:
                        result[a, b] = diagonal[i]
                        continue
                    size = (enclose(d * d * data.moments[i] * data.moments[j]) ** self.order).sqrt() / arb.pi()
                    value = arc_cosine(self.order, t, 2 * bits) * size
                with precision(bits):
                    result[a, b] = +value
        return result

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values :math:`(2n-1)!!\\,|x|^{2n}`."""
        self._admit(data)
        d, top = data.d or 1, _double_factorial(2 * self.order - 1)
        with precision(bits):
            return [enclose((d * m) ** self.order * top) for m in data.moments]

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """Equal points, or a zero one."""
        return zero_inputs(data.zero_rows, data.n, "the kernel is homogeneous") or repeated(data)

    def _admit(self, data: DataSet) -> None:
        if self.order == 0 and data.zero_rows:
            raise SpecError(
                f"kernel: point {data.zero_rows[0]} is zero, so it has no angle, and arc-cosine of order 0 is about"
                " angles alone: remove it."
            )


def _polynomial(coefficients: list[float], t: Floats) -> Floats:
    out = np.empty_like(t)
    horner(np.array(coefficients), t, out)
    return out


def _double_factorial(n: int) -> int:
    return math.prod(range(n, 0, -2))


def _angle_change(t: Floats, rad: float) -> Floats:
    r"""At most :math:`\min(\pi\sqrt{\delta/2}, \delta/\sqrt{1-\tau^2})`, with room for roundings."""
    room = 1.0 - np.minimum(np.abs(t) + 2.0 * rad, 1.0)
    return np.asarray(np.minimum(math.pi * math.sqrt(rad), 1.5 * rad / np.sqrt(np.maximum(room, 1e-300))))
