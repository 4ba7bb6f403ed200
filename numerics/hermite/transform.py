r"""Hermite coefficients of an activation at any variance, by whichever engine applies, and Gaussian means.

.. math::
    \mu_r(\sigma)=\mathbb E\,\varphi(\sigma z)h_r(z),\qquad
    \sum_{r>R}\mu_r^2=\mathbb E\,\varphi(\sigma z)^2-\sum_{r\le R}\mu_r^2 ,

z standard normal, :math:`h_r` the normalised probabilists' Hermite polynomials. The tail is never estimated: it is the
difference of enclosures (Parseval). Everything holds for every variance in the ball that is passed.

Reference: ``docs/theory/hermite-coefficients.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import sympy
from flint import arb, fmpq

from ...theory.activations.activation import Activation
from ...theory.activations.parity import parity
from ...theory.activations.pieces import KINKED, Piece, pieces, value_at
from ...theory.errors import DerivationGap, PrecisionExhausted, SpecError
from ..balls.precision import precision
from ..expressions.growth import Growth, growth, require_square_integrable
from ..expressions.lowering import constant, lower_arb
from . import closed, panels, trapezoid
from .strip import strip
from .terms import terms

METHODS = ("auto", "closed", "trapezoid", "panels")
"""What may be asked for: ``auto`` takes the first engine that applies."""
MAX_ORDER = 20_000
"""Largest order accepted."""
GUARD = 40
"""Extra bits of the standard deviation."""
FAR = 4000
"""A trapezoid rule with more nodes than this is left to panels, which gather where the function bends."""


@dataclass(frozen=True, slots=True)
class HermiteTransform:
    r"""Enclosed coefficients :math:`\mu_0,\dots,\mu_R` at one variance, the second moment and the tail.

    ``coefficients[r]`` encloses :math:`\mu_r(\sqrt v)` at v = ``variance``, ``second_moment`` the sum of all squares,
    ``tail`` the sum of the squares beyond the last order (never negative). ``method`` names the engine.
    """

    activation: str
    variance: arb
    coefficients: tuple[arb, ...]
    second_moment: arb
    tail: arb
    method: str
    bits: int


def hermite_transform(
    activation: Activation, order: int, variance: arb | Fraction, bits: int, *, method: str = "auto"
) -> HermiteTransform:
    r"""All coefficients up to ``order`` with radii of about ``2**-bits``, and the tail beyond it.

    Orders excluded by parity are exactly 0; at variance 0 the transform is that of the constant :math:`\varphi(0)`.
    ``method`` forces an engine (closed forms, the trapezoid rule in a strip, or Gauss-Legendre panels).

    Raises :class:`SpecError` when the function is not square-integrable at this variance, :class:`DerivationGap` when
    no rule (or not the forced engine) applies, :class:`PrecisionExhausted` when a singularity cannot be resolved.

    >>> from certigram.theory.activations.activation import activation
    >>> found = hermite_transform(activation("tanh"), 3, Fraction(5, 2), 64)
    >>> [round(float(mu), 12) for mu in found.coefficients], found.method
    ([0.0, 0.697564567568, 0.0, -0.220653126553], 'trapezoid')
    """
    if method not in METHODS:
        raise SpecError(f"{method!r} is not a method: choose one of {', '.join(METHODS)}.")
    if not 0 <= order <= MAX_ORDER:
        raise SpecError(f"order = {order!r} is out of range: choose an integer between 0 and {MAX_ORDER}.")
    ball, sigma = _scale(variance, bits)
    if sigma.is_zero():
        return _at_zero(activation, order, ball, bits)
    found: Found | None = None
    if method in ("auto", "closed"):
        found = _by_closed_form(activation, order, sigma, bits)
    if found is None and method in ("auto", "trapezoid"):
        found = _by_trapezoid(activation, order, sigma, bits, FAR if method == "auto" else None)
    if found is None and method in ("auto", "panels"):
        found = _by_panels(activation, order, sigma, bits)
    if found is None:
        require_square_integrable(activation.expression, ball, name=activation.name)
        raise DerivationGap(f"the method {method!r} does not apply to {activation.name}: choose method 'auto'.")
    values, square, used = found
    return _assemble(activation, values, square, ball, bits, used)


def second_moment(activation: Activation, variance: arb | Fraction, bits: int) -> arb:
    r""":math:`\mathbb E\,\varphi(\sqrt v\,z)^2`, radius about ``2**-bits``; raises as :func:`hermite_transform` does.

    >>> from certigram.theory.activations.activation import activation
    >>> second_moment(activation("relu"), Fraction(3), 64).contains(arb(1.5))
    True
    """
    ball, sigma = _scale(variance, bits)
    if sigma.is_zero():
        return _at_zero(activation, 0, ball, bits).second_moment
    known = terms(activation.expression)
    found = closed.second_moment(known, sigma, bits) if known is not None else None
    if found is not None:
        return found
    even = "even" if activation.parity else None  # of the square

    def bound() -> Growth:
        return require_square_integrable(activation.expression, ball, name=activation.name)

    return _by_quadrature(activation.expression, sigma, bits, even, bound, power=2)


def gaussian_mean(expression: sympy.Expr, variance: arb | Fraction, bits: int) -> arb:
    r""":math:`\mathbb E f(\sqrt v\,z)` for an expression f of ``x``, enclosed; kinks are resolved into pieces.

    Raises :class:`SpecError` when f is not seen to be integrable, otherwise as :func:`hermite_transform`.

    >>> from certigram.theory.activations.functions import X
    >>> gaussian_mean(abs(X) ** 3, Fraction(1), 64).overlaps((8 / arb.pi()).sqrt())
    True
    """
    ball, sigma = _scale(variance, bits)
    if sigma.is_zero():
        return _value_at_zero(expression, bits)
    known = terms(expression)
    found = closed.mean(known, sigma, bits) if known is not None else None
    if found is not None:
        return found
    symmetry = parity(expression)
    if symmetry == "odd":
        _integrable(expression, ball)
        return arb(0)
    return _by_quadrature(expression, sigma, bits, symmetry, lambda: _integrable(expression, ball), power=1)


def _by_quadrature(
    expression: sympy.Expr, sigma: arb, bits: int, symmetry: str | None, bound: Callable[[], Growth], *, power: int
) -> arb:
    """The mean of a power of a function with no closed form: on the line, or on panels where that has many nodes."""
    shape = strip(expression)
    plan = trapezoid.plan(shape, sigma, 0, bits, mean_of_power=power) if shape is not None else None
    if plan is not None and plan.count <= FAR:
        function = lower_arb(expression)
        powered = function if power == 1 else lambda x: _square(function(x))
        return trapezoid.mean(powered, symmetry, plan, sigma, bits)
    rule = panels.rule(_pieces(expression), bound(), sigma, 0, bits, half=symmetry == "even", power=power)
    return panels.mean(rule, sigma, bits, power=power)


# --- engines: coefficients, second moment, name; None when the engine does not apply ----------------------------

Found = tuple[list[arb], arb, str]


def _by_closed_form(activation: Activation, order: int, sigma: arb, bits: int) -> Found | None:
    known = terms(activation.expression)
    if known is None:
        return None
    values = closed.coefficients(known, sigma, order, bits)
    if values is None:
        return None
    square = closed.second_moment(known, sigma, bits)
    with precision(bits + GUARD):
        return values, second_moment(activation, sigma**2, bits) if square is None else square, "closed"


def _by_trapezoid(activation: Activation, order: int, sigma: arb, bits: int, most: int | None) -> Found | None:
    shape = strip(activation.expression)
    plan = trapezoid.plan(shape, sigma, order, bits) if shape is not None else None
    if plan is None or (most is not None and plan.count > most):
        return None
    function = lower_arb(activation.expression)
    return *trapezoid.coefficients(function, activation.parity, plan, sigma, order, bits), "trapezoid"


def _by_panels(activation: Activation, order: int, sigma: arb, bits: int) -> Found:
    with precision(bits + GUARD):
        bound = require_square_integrable(activation.expression, sigma**2, name=activation.name)
    symmetry = activation.parity
    rule = panels.rule(_pieces(activation.expression), bound, sigma, order, bits, half=symmetry is not None, power=2)
    return *panels.coefficients(rule, symmetry, sigma, order, bits), "panels"


def _assemble(
    activation: Activation, values: list[arb], square: arb, variance: arb, bits: int, method: str
) -> HermiteTransform:
    zero = {"odd": 0, "even": 1}.get(activation.parity or "")
    coefficients = tuple(arb(0) if r % 2 == zero else value for r, value in enumerate(values))
    with precision(bits + GUARD):
        tail = square - sum(map(_square, coefficients), arb(0))
        if not (square.is_finite() and tail.is_finite()):
            raise PrecisionExhausted(
                f"the coefficients of {activation.name} are not finite at {bits} bits: ask for more."
            )
        if tail < 0:
            raise ArithmeticError(f"Bessel's inequality fails for {activation.name}: its enclosures are inconsistent.")
        return HermiteTransform(activation.name, variance, coefficients, square, tail.nonnegative_part(), method, bits)


def _square(x: arb) -> arb:
    """``x * x``: the power ``x**2`` of python-flint is NaN on a ball with midpoint 0."""
    return x * x


def _scale(variance: arb | Fraction, bits: int) -> tuple[arb, arb]:
    """The variance and the standard deviation as balls; raises :class:`SpecError` unless positive or exactly 0."""
    with precision(bits + GUARD):
        ball = variance if isinstance(variance, arb) else arb(fmpq(variance.numerator, variance.denominator))
        if not (ball.is_zero() or ball > 0) or not ball.is_finite():
            raise SpecError(f"the variance {ball.str(8)} is not positive: give a positive number, or exactly 0.")
        return ball, ball.sqrt()


def _at_zero(activation: Activation, order: int, variance: arb, bits: int) -> HermiteTransform:
    value = _value_at_zero(activation.expression, bits)
    with precision(bits + GUARD):
        return HermiteTransform(
            activation.name, variance, (value, *[arb(0)] * order), _square(value), arb(0), "closed", bits
        )


def _value_at_zero(expression: sympy.Expr, bits: int) -> arb:
    with precision(bits + GUARD):
        return constant(value_at(expression, sympy.Integer(0)))


def _pieces(expression: sympy.Expr) -> tuple[Piece, ...]:
    """The pieces; a function without kinks that is not proved analytic is one piece: boxes show where it is."""
    try:
        return pieces(expression, branch_points=True)
    except DerivationGap:
        if expression.has(*KINKED):
            raise
        return (Piece(-sympy.oo, sympy.oo, expression),)


def _integrable(expression: sympy.Expr, variance: arb) -> Growth:
    bound = growth(expression)
    if not 2 * bound.quadratic * variance < 1:
        shown = variance.str(6, radius=False)
        raise SpecError(f"{expression} is not seen to be integrable at variance {shown}: choose a smaller variance.")
    return bound
