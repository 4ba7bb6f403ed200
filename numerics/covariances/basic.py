"""The constant kernel, and the inner product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np
from flint import arb, arb_mat

from ...theory.errors import SpecError
from ...theory.numbers import rational
from ..balls.ball import enclose
from ..balls.ends import float_ball
from ..balls.precision import precision
from ..balls.rounding import TINY, UNIT, raised, up
from ..deep.bounds import roots
from ..eigenvalues.monomial_rank import monomial_rank
from ..eigenvalues.nullspace import NullVector, RankBound
from ..kernels.ballarray import BallArray, read_only
from ..kernels.ballmatrix import BallMatrix
from ..kernels.entrywise import BEYOND, add, in_float64
from ..kernels.points import Floats
from ..studies.data import DataSet
from ..studies.inputs import input_covariance
from .block import Block
from .leaf import Leaf, repeated, take

FLOAT_BITS = 96
CONSTANT, LINEAR = ("constant",), ("linear", "dot-product")


@dataclass(frozen=True, slots=True)
class Constant(Leaf):
    """k(x, y) = value, a non-negative number."""

    value: Fraction

    @classmethod
    def make(cls, name: str, given: Mapping[str, Any]) -> Self:
        """See :class:`~certigram.numerics.covariances.leaf.Leaf`."""
        value = rational(take(name, given, value=1)["value"], what="value")
        if value < 0:
            raise SpecError(f"kernel: the constant {value} is negative, so it is no kernel: give 0 or more.")
        return cls(value)

    @property
    def name(self) -> str:
        """``constant``."""
        return "constant"

    @property
    def parameters(self) -> Mapping[str, object]:
        """The value."""
        return {"value": self.value}

    def values(self, block: Block) -> BallArray:
        """The value everywhere."""
        block.require_memory("constant kernel", 2)
        number, lost = in_float64(self.value)
        kind = BallMatrix if block.symmetric else BallArray
        return kind(read_only(np.full(block.shape, number)), lost)

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The value everywhere."""
        with precision(bits):
            return arb_mat(*block.shape, [enclose(self.value)] * (block.shape[0] * block.shape[1]))

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The value for each point."""
        with precision(bits):
            return [enclose(self.value)] * data.n

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """The rank is at most one."""
        return RankBound(1, data.n, "the kernel is constant") if data.n > 1 else None


def with_diagonal(block: Block, mid: Floats, rad: Floats, diagonal: Sequence[arb]) -> BallArray:
    """The matrix with these entries; the diagonal of a square from balls."""
    if not block.symmetric:
        return BallArray(read_only(mid), read_only(rad))
    centre, spread = map(np.array, zip(*map(float_ball, diagonal), strict=True))
    np.fill_diagonal(mid, centre)
    np.fill_diagonal(rad, spread)
    return BallMatrix(read_only(mid), read_only(rad))


@dataclass(frozen=True, slots=True)
class Linear(Leaf):
    r""":math:`k(x, y) = \sigma_w^2\langle x, y\rangle + \sigma_b^2`, the inner product not divided by d."""

    sigma_w2: Fraction
    sigma_b2: Fraction

    @classmethod
    def make(cls, name: str, given: Mapping[str, Any]) -> Self:
        """See :class:`~certigram.numerics.covariances.leaf.Leaf`."""
        values = take(name, given, sigma_w2=1, sigma_b2=0)
        w, b = (rational(values[key], what=key) for key in ("sigma_w2", "sigma_b2"))
        if not (w > 0 and b >= 0):
            raise SpecError(f"kernel: linear needs sigma_w2 > 0 and sigma_b2 >= 0, not {w} and {b}.")
        return cls(w, b)

    @property
    def name(self) -> str:
        """``linear``."""
        return "linear"

    @property
    def parameters(self) -> Mapping[str, object]:
        """The two variances."""
        return {"sigma_w2": self.sigma_w2, "sigma_b2": self.sigma_b2}

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii: docs/error-analysis.md, "Inner products and arc-cosine kernels"."""
        cosines, rad = block.cosines()
        with precision(FLOAT_BITS):
            norms = roots([enclose(self.sigma_w2 * block.points.d * m) for m in block.stacked.moments])
        with np.errstate(over="ignore"):
            unit = np.multiply.outer(norms[block.rows.start : block.rows.stop], norms[block.columns.start :])
        if not np.isfinite(unit).all():
            raise SpecError(BEYOND)
        mid, spread = cosines * unit, raised(unit * up(rad + 8.0 * UNIT)) + 8.0 * TINY
        kind = BallMatrix if block.symmetric else BallArray
        found = with_diagonal(block, mid, spread, self._products(block.left))
        bias, lost = in_float64(self.sigma_b2)
        return add(found, kind(np.full(block.shape, bias), lost))

    def _products(self, data: DataSet) -> list[arb]:
        with precision(FLOAT_BITS):
            return [enclose(self.sigma_w2 * (data.d or 1) * m) for m in data.moments]

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls, from exact inner products."""
        data, w, b = block.stacked, self.sigma_w2 * block.points.d, self.sigma_b2
        with precision(bits):
            found = (input_covariance(data, i, j) for i in block.rows for j in block.columns)
            balls = [enclose(w * c + b) if isinstance(c, Fraction) else enclose(w) * c + enclose(b) for c in found]
            return arb_mat(*block.shape, balls)

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values k(x, x)."""
        d = data.d or 1
        with precision(bits):
            return [enclose(self.sigma_w2 * d * m + self.sigma_b2) for m in data.moments]

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """Equal points, or fewer features than points."""
        found = repeated(data)
        if found is not None:
            return found
        degrees = frozenset({0, 1} if self.sigma_b2 else {1})
        bound = monomial_rank(data.source, degrees, one_norm=data.common_norm is not None)
        return bound if bound.singular else None
