"""Two neurons with finitely many states, for lines about the mean field."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from flint import arb, fmpq

from ...proof_lines.draws import share, signed_share


@dataclass(frozen=True, eq=False)
class Neurons:
    """A convex risk F(f) = slope f + bend f²/2 on the line, the values and ridges of each state, β, and a point f_*."""

    slope: arb
    bend: arb
    values: tuple[tuple[arb, ...], ...]
    ridges: tuple[tuple[arb, ...], ...]
    beta: arb
    point: arb

    @classmethod
    def draw(cls, rng: random.Random) -> Neurons:
        """Two neurons with three states."""
        values = tuple(tuple(arb(signed_share(rng)) for _ in range(3)) for _ in range(2))
        ridges = tuple(tuple(arb(share(rng)) for _ in range(3)) for _ in range(2))
        slope, bend, beta = (arb(share(rng)) for _ in range(3))
        return cls(slope, bend, values, ridges, beta, arb(signed_share(rng)))

    @classmethod
    def nearly_affine(cls) -> Neurons:
        """A risk of little curvature, for which the tangent loses little."""
        states = (arb(0), arb(1))
        return cls(arb(1), arb(fmpq(1, 1000)), (states, states), ((arb(0), arb(0)),) * 2, arb(1), arb(1))

    def risk(self, f: arb) -> arb:
        """F(f)."""
        return self.slope * f + self.bend * f * f / 2

    def log_partition(self) -> arb:
        """log Z, over all pairs of states."""
        states = [list(zip(v, r, strict=True)) for v, r in zip(self.values, self.ridges, strict=True)]
        weights = (
            (-self.beta * (self.risk(one[0] + other[0]) + one[1] + other[1])).exp()
            for one, other in itertools.product(*states)
        )
        return sum(weights, arb(0)).log()

    def tangent_partition(self) -> arb:
        r"""A: :math:`-\beta F(f_*)+\beta uf_*+\sum\log z_j` with the slope u at f_*."""
        u = self.slope + self.bend * self.point
        total = self.beta * (u * self.point - self.risk(self.point))
        for values, ridges in zip(self.values, self.ridges, strict=True):
            total += sum(((-self.beta * (u * v + r)).exp() for v, r in zip(values, ridges, strict=True)), arb(0)).log()
        return total
