r"""A function smoothed by a Gaussian, :math:`F(z)=E\,f(\alpha z+\beta w)`: an entire function of z, and its bounds.

Two independent smoothings carry every dual activation (:mod:`.common_factor`). How F is computed depends on f:
in closed form where f is piecewise a sum of :math:`x^ke^{px}` (:mod:`.exponential_pieces`), else by quadrature
(:mod:`.cells`). The bounds are common to both: docs/theory/dual-activations.md, section 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import sympy
from flint import acb, arb, fmpq

from ...theory.activations.activation import Activation
from ...theory.activations.pieces import KINKED, pieces
from ...theory.errors import DerivationGap, SpecError
from ..expressions.growth import Growth, growth
from ..expressions.lowering import lower_acb, lower_arb
from ..hermite.bounds import growth_mean
from ..hermite.panel_error import modulus

STEEP = 3.0
"""Exponent up to which the bound by moving the Gaussian is taken without looking for a better one."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A piece of a function: its ends (None: infinite), its values on real balls and on complex boxes."""

    lo: fmpq | None
    hi: fmpq | None
    expression: sympy.Expr
    real: Callable[[arb], arb]
    box: Callable[[acb], acb]

    def holds(self, left: arb, right: arb) -> bool:
        """Whether the interval from ``left`` to ``right`` is proved to lie inside the piece."""
        return (self.lo is None or bool(left >= arb(self.lo))) and (self.hi is None or bool(right <= arb(self.hi)))


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """A function as analytic pieces that cover the line, and its growth without a quadratic part."""

    stretches: tuple[Stretch, ...]
    bound: Growth


@lru_cache(maxsize=256)
def function_pieces(activation: Activation) -> Pieces | None:
    """The pieces of an activation; None where they are not known, or where it may grow like a Gaussian."""
    expression = activation.expression
    try:
        bound = growth(expression)
        found = [(p.lo, p.hi, p.expression) for p in pieces(expression)]
    except (DerivationGap, SpecError):
        if expression.has(*KINKED):
            return None
        try:
            bound, found = growth(expression), [(-sympy.oo, sympy.oo, expression)]
        except (DerivationGap, SpecError):
            return None
    if not bound.quadratic <= 0:
        return None
    flat = Growth(bound.constant, bound.degree, bound.rate.max(arb(0)), arb(0))
    try:
        stretches = tuple(Stretch(_end(lo), _end(hi), e, lower_arb(e), lower_acb(e)) for lo, hi, e in found)
    except DerivationGap:
        return None
    return Pieces(stretches, flat)


def _end(x: sympy.Expr) -> fmpq | None:
    return fmpq(int(x.p), int(x.q)) if x.is_Rational else None


@dataclass(slots=True, eq=False)
class Scales:
    r"""The numbers :math:`\alpha\ge0,\beta>0` of :math:`F(z)=E\,f(\alpha z+\beta w)`, and bounds of F.

    ``spread`` bounds :math:`E\,(1+\beta|w|)^de^{r\beta|w|}`, ``wider`` the same at :math:`2\beta/\sqrt3`.
    """

    function: Pieces
    alpha: arb
    beta: arb
    spread: arb = field(init=False)
    wider: arb = field(init=False)

    def __post_init__(self) -> None:
        g = self.function.bound
        shape = Growth(arb(1), g.degree, g.rate, arb(0))
        self.spread = growth_mean(shape, self.beta)
        self.wider = growth_mean(shape, 2 * self.beta / arb(3).sqrt())

    @property
    def growth(self) -> Growth:
        r"""A growth bound of F on the real line, by :math:`g(x+y)\le g(x)g(y)/C`."""
        g = self.function.bound
        return Growth(g.constant * self.spread, g.degree, g.rate, arb(0)).scaled(self.alpha)

    def bound(self, centre: arb, wide: arb, high: arb) -> arb:
        """A bound of |F| for ``|Re z - centre| <= wide``, ``|Im z| <= high`` (Lemmas 9.1 and 9.2)."""
        height = self.alpha * high
        exponent = (height / self.beta) ** 2 / 2
        size = self.function.bound.bound(self.alpha * (abs(centre) + wide))
        moved = size * self.spread * exponent.exp()
        if exponent < STEEP:
            return arb(moved.upper())
        left, right = self.alpha * (centre - wide) - 2 * height, self.alpha * (centre + wide) + 2 * height
        for piece in self.function.stretches:
            if piece.holds(left, right):
                inside = modulus(piece.box, arb(1), self.alpha * centre, self.alpha * wide + 2 * height, height)
                if inside is not None:
                    around = (arb(5) / 3).sqrt() * (inside + size * self.wider)
                    return arb(moved.upper()).min(arb(around.upper()))
        return arb(moved.upper())
