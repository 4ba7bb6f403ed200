r"""A scale and a lift that satisfy the convergence condition for any distinct data, as simple rationals.

With :math:`R = \rho/\kappa_1` and :math:`\lambda = 1/2` (Gershgorin) the condition of the flow reads
:math:`\rho^2/\kappa_1^2 \ge 4 N e^{2c} L_0`, that of gradient descent has 16 for 4, and the lift must keep
:math:`k(e^{-c}\alpha\delta) \le 1/(2(N-1))`. Proof: ``docs/papers/resnet_rkhs/proofs.md``, "A recipe".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....theory.errors import DerivationGap
from ....theory.verdict import Verdict
from ...balls.ball import enclose
from ...balls.precision import precision
from ...checks.relation import Relation, Sense
from ...radial.kernel import RadialKernel
from .rates import Landscape, path_bound

BITS = 128
GRID = 16
"""Scales and lifts are multiples of 1/16, so that float64 holds them exactly."""


@dataclass(frozen=True)
class Recipe:
    """The landscape, R = ρ/κ₁ and what is proved there: λ >= 1/2, μ, and the condition."""

    landscape: Landscape
    rho: Fraction
    descent: bool
    loss: Fraction

    @property
    def radius(self) -> arb:
        """R."""
        return enclose(self.rho) / self.landscape.kappa1

    @property
    def mu(self) -> arb:
        """μ = e^(−2c)/N, from λ >= 1/2."""
        return (-2 * self.landscape.compression(self.radius)).exp() / self.landscape.count

    @property
    def path(self) -> arb:
        """The bound of the length of the path: 2 √(L₀/μ) for the flow, 4 √(L₀/μ) for descent."""
        return path_bound(enclose(self.loss), self.mu, descent=self.descent)

    @property
    def separates(self) -> Relation:
        """λ >= 1/2 on the ball."""
        return Relation.of(
            "1/2 <= lambda on the ball", Fraction(1, 2), self.landscape.eigenvalue(self.radius), condition=True
        )

    @property
    def fits(self) -> Relation:
        """The path fits into the ball."""
        text = f"{4 if self.descent else 2} sqrt(L_0/mu) < R"
        return Relation.of(text, self.path, self.radius, Sense.BELOW, constants={"mu": self.mu}, condition=True)

    def holds(self) -> bool:
        """Whether both are proved."""
        return self.separates.verdict is Verdict.PROVED and self.fits.verdict is Verdict.PROVED


def best_reach(depth: int | None) -> Fraction:
    r"""The ρ that maximises :math:`\rho^2 e^{-2c(\rho)}`: 1, or the root of :math:`\rho = (1 - \rho/\sqrt D)^2`.

    >>> best_reach(None), float(best_reach(10))
    (Fraction(1, 1), 0.640625)
    """
    share = 0.0 if depth is None else 1 / math.sqrt(depth)
    return Fraction(round(128 * 2 / (2 * share + 1 + math.sqrt(4 * share + 1))), 128)


def recipe(
    kernel: RadialKernel,
    count: int,
    dimension: int,
    separation_squared: Fraction,
    loss: Fraction,
    *,
    depth: int | None = None,
    descent: bool = False,
) -> Recipe:
    """The smallest scale and lift on the grid for which the condition is proved; ``kernel`` gives the family.

    Raises :class:`DerivationGap` when two points coincide.

    >>> from ...radial.kernel import radial_kernel
    >>> found = recipe(radial_kernel("gaussian", 1), 8, 3, Fraction(1, 200), Fraction(1, 4))
    >>> with precision(128):
    ...     found.holds(), float(found.landscape.kernel.scale)
    (True, 7.75)
    """
    if separation_squared <= 0 and count > 1:
        raise DerivationGap("two of the training points coincide, and no lift separates them.")
    rho = best_reach(depth)
    unit = kernel.with_scale(1)
    with precision(BITS):
        reach = enclose(rho)
        c = reach if depth is None else reach / (1 - reach / arb(depth).sqrt())
        factor = enclose((16 if descent else 4) * count * loss)
        scale = enclose(unit.kappa1_squared).sqrt() * factor.sqrt() * c.exp() / reach
        chosen = _above(scale)
        far = quiet_distance(unit, count)
        stretch = far * c.exp() * enclose(chosen) / enclose(separation_squared).sqrt() if count > 1 else arb(1)
        alpha = _above(stretch)
        for _ in range(20):
            landscape = Landscape(kernel.with_scale(chosen), count, dimension, alpha, separation_squared, depth)
            found = Recipe(landscape, rho, descent, loss)
            if found.holds():
                return found
            alpha += Fraction(1, GRID) + alpha / 1000
    raise DerivationGap("no scale and lift on the grid satisfy the convergence condition.")


def _above(x: arb) -> Fraction:
    """A multiple of 1/16 that is larger than the ball."""
    return Fraction(math.floor(float((x * GRID).mid())) + 1, GRID)


def quiet_distance(unit: RadialKernel, count: int) -> arb:
    """A distance at which the kernel of scale 1 is at most 1/(2(N − 1)): by bisection, then checked by the caller."""
    target = arb(1) / (2 * max(count - 1, 1))
    low, high = arb(0), arb(1)
    while not unit.value(high**2) <= target:
        high *= 2
    for _ in range(60):
        middle = ((low + high) / 2).mid()
        low, high = (low, middle) if unit.value(middle**2) <= target else (middle, high)
    return high
