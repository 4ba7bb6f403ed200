r"""Small residual networks in balls, as instances of the falsifier; the lift is the identity.

A layer is :math:`v_l = g_l\bigl(\sum_m k(\cdot,\zeta_m)c_m + \kappa_1^2m(\cdot)\,b\cdot(\cdot-\zeta_0)\,e\bigr)`:
kernel sections and a dipole, a derivative of one. The norm of a dipole is :math:`\kappa_1|b||e|`, and its inner product
with a section :math:`k(\cdot,\zeta)c` its value at :math:`\zeta` times c.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations

from flint import arb

from ....balls.ball import enclose
from ....balls.ends import nonnegative
from ....falsify.domain import Instance, Outside, Real
from ....radial.kernel import RadialKernel, radial_kernel
from ..rates import Landscape

Point = list[arb]
KERNELS = ("gaussian", "matern-3/2", "matern-5/2", "matern-7/2")
STATES = Real("z", ("n", "q"), -8.0, 8.0)
CONTROL = (
    Real("zeta", ("m", "q"), -8.0, 8.0),
    Real("c", ("m", "q"), -8.0, 8.0),
    Real("pole", ("q",), -8.0, 8.0),
    Real("b", ("q",), -8.0, 8.0),
    Real("e", ("q",), -8.0, 8.0),
    Real("tilt", (), -1.0, 1.0),
)
"""The variables of a network: ``tilt`` makes the factors g_l of the layers a straight line around 1."""
LEAST_REACH = Fraction(1, 2)
"""κ₁R of the networks that are compared, at the least: near v = 0 every bound of a factor is sharp."""


def dot(x: Point, y: Point) -> arb:
    """The inner product."""
    return sum((a * b for a, b in zip(x, y, strict=True)), arb(0))


def minus(x: Point, y: Point) -> Point:
    """The difference."""
    return [a - b for a, b in zip(x, y, strict=True)]


def rows(instance: Instance, name: str) -> list[Point]:
    """The rows of an array as balls."""
    return [[arb(x) for x in row] for row in instance[name].tolist()]


def kernel_of(instance: Instance) -> RadialKernel:
    """The kernel at scale 1."""
    return radial_kernel(instance.choices["kernel"], 1)


def separation_squared(instance: Instance, name: str = "z") -> Fraction:
    """The least squared distance of two rows, exactly; raises :class:`Outside` where two coincide."""
    points = [[Fraction(x) for x in row] for row in instance[name].tolist()]
    pairs = combinations(points, 2)
    found = min((sum(((a - b) ** 2 for a, b in zip(x, y, strict=True)), Fraction(0)) for x, y in pairs), default=None)
    if found == 0:
        raise Outside("two points coincide")
    return Fraction(1) if found is None else found


def landscape_of(instance: Instance, depth: int | None) -> Landscape:
    """The constants of the theory for these inputs."""
    n, q = instance["z"].shape
    return Landscape(kernel_of(instance), n, q, Fraction(1), separation_squared(instance), depth)


@dataclass(frozen=True)
class Field:
    """One control without its factor, and what it does."""

    kernel: RadialKernel
    centres: list[Point]
    coefficients: list[Point]
    pole: Point
    b: Point
    e: Point

    @classmethod
    def of(cls, instance: Instance) -> Field:
        """From the variables :data:`CONTROL`."""
        vectors = (instance.balls(name) for name in ("pole", "b", "e"))
        return cls(kernel_of(instance), rows(instance, "zeta"), rows(instance, "c"), *vectors)

    @cached_property
    def kappa1_squared(self) -> arb:
        """κ₁²."""
        return enclose(self.kernel.kappa1_squared)

    def _dipole(self, z: Point) -> Point:
        away = minus(z, self.pole)
        size = self.kappa1_squared * self.kernel.slope(dot(away, away)) * dot(self.b, away)
        return [size * x for x in self.e]

    def value(self, z: Point) -> Point:
        """v(z)."""
        found = self._dipole(z)
        for centre, coefficient in zip(self.centres, self.coefficients, strict=True):
            away = minus(z, centre)
            size = self.kernel.value(dot(away, away))
            found = [a + size * c for a, c in zip(found, coefficient, strict=True)]
        return found

    def transposed(self, z: Point, p: Point) -> Point:
        """Dv(z)ᵀp: −κ₁² m (z − ζ)(c·p) of a section; of the dipole κ₁²(e·p)(m b + 2 m_u (b·y) y), y = z − ζ₀."""
        away = minus(z, self.pole)
        square = dot(away, away)
        size = self.kappa1_squared * dot(self.e, p)
        bend = size * 2 * dot(self.b, away) * self.slope_rate(square)
        found = [size * self.kernel.slope(square) * b + bend * y for b, y in zip(self.b, away, strict=True)]
        for centre, coefficient in zip(self.centres, self.coefficients, strict=True):
            away = minus(z, centre)
            size = -self.kappa1_squared * self.kernel.slope(dot(away, away)) * dot(coefficient, p)
            found = [a + size * x for a, x in zip(found, away, strict=True)]
        return found

    def slope_rate(self, square: arb) -> arb:
        """The derivative of m in the squared distance: for M_p it is −(rate/2)/(2p − 3) M_{p−2}, since m is M_{p−1}."""
        order, rate = self.kernel.order, enclose(self.kernel.rate)
        if order is None:
            return -rate * self.kernel.value(square)
        if order == 1:  # m is exp(-t) with t^2 = rate u; its rate is multiplied by a square distance
            t = (rate * square).sqrt()
            return arb(0) if square == 0 else -rate * (-t).exp() / (2 * t)
        below = RadialKernel(order - 1, self.kernel.scale)
        return -rate / (2 * (2 * order - 3)) * below.slope(square * rate / enclose(below.rate))

    @cached_property
    def squared(self) -> arb:
        """The squared norm."""
        total = self.kappa1_squared * dot(self.b, self.b) * dot(self.e, self.e)
        for centre, c in zip(self.centres, self.coefficients, strict=True):
            total += 2 * dot(c, self._dipole(centre))
            for other, d in zip(self.centres, self.coefficients, strict=True):
                away = minus(centre, other)
                total += dot(c, d) * self.kernel.value(dot(away, away))
        return nonnegative(total)


def factors(instance: Instance) -> list[arb]:
    """The factors g_l of the layers."""
    depth, tilt = instance.sizes["D"], instance.ball("tilt")
    return [1 + tilt * enclose(Fraction(2 * layer + 1 - depth, depth)) for layer in range(depth)]


def norm_of(field: Field, gains: list[arb]) -> arb:
    """‖v‖, the root of the mean square of the norms of the layers."""
    return nonnegative(field.squared * sum((g * g for g in gains), arb(0)) / len(gains)).sqrt()


def require_reach(kernel: RadialKernel, radius: arb) -> None:
    """Raise :class:`Outside` unless κ₁R is at least :data:`LEAST_REACH`."""
    if not enclose(kernel.kappa1_squared).sqrt() * radius >= enclose(LEAST_REACH):
        raise Outside("the control is small")


def trajectory(field: Field, gains: list[arb], z: Point) -> list[Point]:
    """The states z_0, ..., z_D of one input."""
    states = [z]
    for gain in gains:
        move = field.value(states[-1])
        states.append([a + gain / len(gains) * x for a, x in zip(states[-1], move, strict=True)])
    return states
