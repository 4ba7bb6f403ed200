"""Gaussian and Matérn kernels as functions of two inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from flint import arb, arb_mat, fmpq

from ..balls.precision import precision
from ..kernels.ballarray import BallArray
from ..radial.gram import radial_gram
from ..radial.kernel import NAMES as RADIAL
from ..radial.kernel import RadialKernel, radial_kernel
from ..studies.data import DataSet
from .block import Block
from .leaf import Leaf, take

NAMES = ("matern-1/2", *RADIAL)


@dataclass(frozen=True, slots=True)
class DistanceKernel(Leaf):
    r"""A kernel of the distance: :math:`e^{-r^2/2s^2}`, or Matérn of half-integer order with length scale s."""

    kernel: RadialKernel

    @classmethod
    def make(cls, name: str, given: Mapping[str, Any]) -> Self:
        """See :class:`~certigram.numerics.covariances.leaf.Leaf`."""
        return cls(radial_kernel(name, take(name, given, scale=1)["scale"]))

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
        assert block.stacked.points is not None
        found = radial_gram(self.kernel, block.stacked.points.values, budget=block.budget)
        return found if block.symmetric else found[list(block.rows), list(block.columns)]

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls, from exact distances."""
        source, moments = block.stacked.source, block.stacked.moments
        d = block.stacked.d or 1
        with precision(bits):
            result = arb_mat(*block.shape)
            for a, i in enumerate(block.rows):
                for b, j in enumerate(block.columns):
                    u = d * (moments[i] + moments[j]) - 2 * source.inner(i, j)
                    result[a, b] = arb(1) if u == 0 else self.kernel.value(arb(fmpq(u.numerator, u.denominator)))
            return result

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """One, for each point."""
        return [arb(1)] * data.n

    def quick(self, block: Block) -> bool:
        """Always."""
        return True
