"""Gaussian and Matérn kernels as functions of two inputs.

Proofs: docs/error-analysis.md, "Radial kernels" and "Radial kernels of rounded and of rescaled points".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np
from flint import arb, arb_mat

from ...theory.numbers import rational
from ..balls.ball import enclose
from ..balls.ends import upper_float
from ..balls.precision import precision
from ..balls.rounding import UNIT, raised, up
from ..kernels.ballarray import BallArray, read_only
from ..kernels.ballmatrix import BallMatrix
from ..kernels.points import Floats
from ..radial.gram import VARIATION, radial_block, radial_gram
from ..radial.kernel import EXPONENTIAL, RadialKernel, radial_kernel
from ..radial.kernel import NAMES as SMOOTH
from ..studies.data import DataSet
from ..studies.inputs import input_covariance
from .block import Block
from .leaf import Leaf, take

NAMES = (EXPONENTIAL, *SMOOTH)
FLOAT_BITS = 80
UNDERFLOW = 2.0**-400
"""What distances that underflow can move the exponential kernel by; the others move less."""


@dataclass(frozen=True, slots=True)
class DistanceKernel(Leaf):
    r"""A kernel of the distance: :math:`e^{-r^2/2s^2}`, or Matérn of half-integer order with length scale s."""

    kernel: RadialKernel

    @classmethod
    def make(cls, name: str, given: Mapping[str, Any]) -> Self:
        """See :class:`~certigram.numerics.covariances.leaf.Leaf`."""
        scale = rational(take(name, given, scale=1)["scale"], what="scale")
        if name == EXPONENTIAL:
            return cls(RadialKernel(0, radial_kernel(SMOOTH[0], scale).scale))
        return cls(radial_kernel(name, scale))

    @property
    def name(self) -> str:
        """``gaussian`` or ``matern-ν``."""
        return self.kernel.name

    @property
    def parameters(self) -> Mapping[str, object]:
        """The length scale."""
        return {"scale": self.kernel.scale}

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii."""
        if block.stacked.normalize == "sphere":
            return self._on_sphere(block)
        points = block.points
        left, right = points.values[: block.left.n], points.values[block.columns.start :]
        if block.symmetric:
            found: BallArray = radial_gram(self.kernel, left, budget=block.budget)
        else:
            found = radial_block(self.kernel, left, right, budget=block.budget)
        moved = 2.5 * UNIT * self._steepest() * float(np.sqrt(2 * np.sum(points.values**2, axis=1).max()))
        extra = (moved if points.exact else 0.0) + UNDERFLOW
        return _entries(block, found.mid, np.full(block.shape, up(float(np.max(found.rad)) + extra)), found.provenance)

    def _steepest(self) -> float:
        """An upper bound of |k'(r)|."""
        if self.kernel.order != 0:
            return self.kernel.kappa1
        with precision(FLOAT_BITS):
            return upper_float(1 / enclose(self.kernel.scale))

    def _on_sphere(self, block: Block) -> BallArray:
        r"""With :math:`r^2 = 2d(1 - C)` from the cosines."""
        cosines, rad = block.cosines()
        d = block.points.d
        u = 2.0 * d * (1.0 - cosines)
        spread = 2.0 * d * rad + 4.0 * UNIT * u
        mid = self.kernel.values(u)
        with precision(FLOAT_BITS):
            rate = upper_float(enclose(self.kernel.rate))
        if self.kernel.order == 0:
            argument = rate * np.maximum(u - spread, 0.0)
            moved = np.minimum(np.sqrt(2 * rate * spread), rate * spread / np.maximum(np.sqrt(argument), 1e-150))
        else:
            moved = 0.5 * self.kernel.kappa1**2 * 2.0 * d * rad + 8.0 * VARIATION * UNIT + 0.0 * u
        return _entries(block, mid, raised(moved + up(self.kernel.value_error + UNDERFLOW)), ())

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls, from exact inner products."""
        data = block.stacked
        d, moments = block.points.d, data.moments
        with precision(bits):
            result = arb_mat(*block.shape)
            for a, i in enumerate(block.rows):
                for b, j in enumerate(block.columns):
                    cross = input_covariance(data, i, j)
                    if isinstance(cross, Fraction):
                        u = enclose(d * (moments[i] + moments[j] - 2 * cross))
                    else:
                        u = 2 * d * (1 - cross)
                    result[a, b] = arb(1) if u.is_zero() else self.kernel.value(u)
            return result

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """One, for each point."""
        return [arb(1)] * data.n


def _entries(block: Block, mid: Floats, rad: Floats, notes: tuple[str, ...]) -> BallArray:
    if not block.symmetric:
        return BallArray(read_only(np.array(mid)), read_only(rad), provenance=notes)
    mid = np.array(mid)
    np.fill_diagonal(mid, 1.0)
    np.fill_diagonal(rad, 0.0)
    return BallMatrix(read_only(mid), read_only(rad), provenance=notes)
