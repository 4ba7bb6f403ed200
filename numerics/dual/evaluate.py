r"""Dual activations :math:`\hat\varphi(a,b,c)=E\,\varphi(u)\psi(v)` at any covariance, by the method that suits it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache, reduce

import numpy as np
import sympy
from flint import arb

from ...theory.activations.activation import Activation, from_expression
from ...theory.activations.functions import X
from ...theory.activations.parity import parity
from ...theory.activations.pieces import value_at
from ...theory.closed_forms import closed_form, closed_mean
from ...theory.errors import CertigramError, DerivationGap, PrecisionExhausted, SpecError
from ..balls.ball import enclose, exact
from ..balls.precision import precision
from ..expressions.growth import growth, require_square_integrable
from ..expressions.lowering import lower_arb, lower_numpy
from ..expressions.regularity import declared, lipschitz_by_range
from ..hermite import gaussian_mean
from ..hermite.bounds import growth_mean
from ..hermite.strip import strip
from . import lattice, rotated
from .closed import closed_value
from .common_factor import common_factor_value, smoothed_mean
from .covariance import Covariance, Number, covariance
from .grid import BOUND_BITS, Side
from .series import series_value

MAX_ORDER = 1024
"""Longest Hermite series tried."""
WIDE = 2.0**-16
"""Radius, relative to the sizes, from which a second rule is tried on balls: its dependence on them is another one."""
LATTICE_COST, ROTATED_COST = 0.06, 3.0
"""Microseconds for one point of the two rules, measured; they decide which one runs and nothing else."""
DEAREST = 5e5
"""Microseconds from which another method is tried before a rule in the plane."""
SLACK = 24
"""Bits that a rule on balls may lose against its entries before the value at their centre is asked for."""

KEPT = 1024
"""How many values at exact entries a process keeps, the last ones asked for."""


def dual(activation: Activation, a: Number, b: Number, c: Number, bits: int, *, other: Activation | None = None) -> arb:
    r"""A ball around :math:`E\,\varphi(u)\psi(v)` for the centred Gaussian pair with covariance [[a, c], [c, b]].

    ``a``, ``b``, ``c`` are exact Fractions, or balls; :math:`\psi` is ``other``, or the activation itself. Degenerate
    laws are treated exactly (zero variances; :math:`c=\pm\sqrt{ab}`; c = 0), with the value of the expression at a
    jump, as in step(0) = 1/2. Otherwise the closed form is evaluated where one exists, then a trapezoid rule with a
    proved error, then the integral over a common factor (:mod:`.common_factor`), then the Hermite series, until the
    relative accuracy is 2^-bits. Where none reaches it the ball is wider, never wrong: its accuracy says so.

    Raises :class:`SpecError` when the entries are not a covariance, or when an activation is not square-integrable.

    Reference: docs/theory/dual-activations.md; price1958, daniely2016.

    >>> from certigram.theory.activations.activation import activation
    >>> value = dual(activation("relu"), Fraction(1), Fraction(1), Fraction(1, 2), 128)
    >>> print(value.str(12, radius=False), bool(value.rad() < 1e-38))
    0.304498890522 True
    """
    cov = covariance(a, b, c)
    f, g = activation, activation if other is None else other
    law = cov.rational
    return _dual(f, g, cov, bits) if law is None else _kept(f, g, *law, bits)


@lru_cache(maxsize=KEPT)
def _kept(f: Activation, g: Activation, a: Fraction, b: Fraction, c: Fraction, bits: int) -> arb:
    """The dual at exact entries, at one precision whatever that of the caller: claims ask for the same ones."""
    with precision(bits + 16):
        return _dual(f, g, covariance(a, b, c), bits)


def _dual(f: Activation, g: Activation, cov: Covariance, bits: int) -> arb:
    law = cov.rational
    if _is_zero(cov.a) or _is_zero(cov.b) or (law is not None and law[2] == 0):
        means = [_mean(h.expression, Fraction(0) if _is_zero(v) else v, bits) for h, v in ((f, cov.a), (g, cov.b))]
        with precision(bits + 16):
            return means[0] * means[1]
    if law is None:
        return _on_balls(f, g, cov, bits)
    return _first_accurate(_methods(f, g, cov, law, bits), bits)


def vanishes_at_zero(activation: Activation) -> bool:
    """Whether the value at 0, that of a Gaussian of variance 0, is proved to be exactly 0.

    >>> from certigram.theory.activations.activation import activation
    >>> [vanishes_at_zero(activation(name)) for name in ("tanh", "relu", "sigmoid", "step")]
    [True, True, False, False]
    """
    return bool(_mean(activation.expression, Fraction(0), BOUND_BITS).is_zero())


def _is_zero(variance: Number) -> bool:
    return bool(variance.is_zero()) if isinstance(variance, arb) else variance == 0


def _methods(
    f: Activation, g: Activation, cov: Covariance, law: tuple[Fraction, Fraction, Fraction], bits: int
) -> Iterator[Callable[[], arb | None]]:
    """What encloses a dual at exact entries that are not zero, the method to be tried first in front."""
    formula = closed_form(f.expression, g.expression)
    if formula is not None:
        yield lambda: closed_value(formula, cov, bits)
    if cov.degenerate:
        yield lambda: trapezoid_value(f, g, cov, bits)
        yield lambda: _on_a_line(f, g, law, bits)
        return
    sizes = _size(f.expression, math.sqrt(law[0])), _size(g.expression, math.sqrt(law[1]))
    yield lambda: trapezoid_value(f, g, cov, bits, dearest=DEAREST)
    yield lambda: common_factor_value(f, g, cov, bits, sizes)
    yield lambda: trapezoid_value(f, g, cov, bits)
    yield lambda: _series(f, g, cov, bits)


def _first_accurate(methods: Iterator[Callable[[], arb | None]], bits: int) -> arb:
    """The first enclosure of relative accuracy 2^-bits, or else what all of them say together.

    A method that does not apply is passed over, unless no other has an answer.
    """
    best: arb | None = None
    refusal: CertigramError | None = None
    for method in methods:
        try:
            value = method()
        except (DerivationGap, PrecisionExhausted, SpecError) as error:
            refusal = error
            continue
        if value is None or not value.is_finite():
            continue
        with precision(bits + 16):
            best = value if best is None else best.intersection(value)
        if best.is_exact() or best.rel_accuracy_bits() >= bits:
            return best
    if best is None:
        raise refusal or PrecisionExhausted("no method encloses this dual activation: ask for more bits.")
    return best


def _on_balls(f: Activation, g: Activation, cov: Covariance, bits: int) -> arb:
    """The dual at every valid covariance in the balls."""
    formula = closed_form(f.expression, g.expression)
    if formula is not None:
        value = closed_value(formula, cov, bits)
        if value.is_finite():
            return value
    quadrature = trapezoid_value(f, g, cov, bits)
    known = quadrature is not None and quadrature.rel_accuracy_bits() >= min(bits, _least_accuracy(cov)) - SLACK
    if quadrature is not None and known:
        return quadrature
    spread = _around_the_centre(f, g, cov, bits)
    found = [x for x in (quadrature, spread) if x is not None and x.is_finite()]
    if not found:
        return _series(f, g, cov, bits)
    with precision(bits + 16):
        return reduce(arb.intersection, found)


def _least_accuracy(cov: Covariance) -> int:
    """The relative accuracy of the entries, in bits, the least of the three."""
    return min(int(x.rel_accuracy_bits()) for x in cov.balls())


@lru_cache(maxsize=256)
def _lipschitz(activation: Activation) -> arb | None:
    """An upper bound of the Lipschitz constant, None where none is proved."""
    with precision(BOUND_BITS):
        return (declared(activation.lipschitz) or lipschitz_by_range(activation, 1, BOUND_BITS)).value


def _around_the_centre(f: Activation, g: Activation, cov: Covariance, bits: int) -> arb | None:
    """The value at an exact covariance in the balls, widened by Lipschitz bounds (section 12).

    None where a function is not proved Lipschitz continuous, or where the value at the centre is not known.
    """
    constants = [_lipschitz(h) for h in (f, g)]
    if constants[0] is None or constants[1] is None:
        return None
    a, b, c = cov.balls()
    a0, b0, c0 = (exact(x.mid()) for x in (a, b, c))
    if not (a0 > 0 and b0 > 0):
        return None
    if c0 * c0 > a0 * b0:
        scale = 1 << (bits + 64)
        c0 = Fraction(math.isqrt(int(a0 * b0 * scale * scale)), scale) * (1 if c0 > 0 else -1)
    try:
        centre = dual(f, a0, b0, c0, bits, other=g)
    except (DerivationGap, PrecisionExhausted, SpecError):
        return None
    with precision(bits + 16):
        left, right = constants[0].abs_upper(), constants[1].abs_upper()
        norms = [
            abs(lower_arb(h.expression)(arb(0))) + lipschitz * v.sqrt()
            for h, lipschitz, v in ((f, left, a), (g, right, b))
        ]
        first, second = (abs(v.sqrt() - enclose(v0).sqrt()) for v, v0 in ((a, a0), (b, b0)))
        shift = left * right * abs(cov.correlation() * enclose(a0 * b0).sqrt() - enclose(c0))
        scaled = left * first * norms[1] + (norms[0] + left * first) * right * second
        return centre + arb(0, (shift + scaled).abs_upper())


def dual_expression(
    expression: sympy.Expr, a: Number, b: Number, c: Number, bits: int, *, other: sympy.Expr | None = None
) -> arb:
    r"""The same for expressions in :data:`~...theory.activations.functions.X`, such as derivatives of activations.

    The contraction rates of the equilibrium are :math:`2\sigma_w^2\,E\varphi'(u)\varphi'(v)`:

    >>> from certigram.theory.activations.activation import activation
    >>> slope = dual_expression(activation("relu").derivative(), Fraction(1), Fraction(1), Fraction(1), 64)
    >>> slope.contains(arb(0.5))
    True
    """
    second = None if other is None else from_expression(other)
    return dual(from_expression(expression), a, b, c, bits, other=second)


def require_digits(value: arb, activation: Activation, variances: Sequence[Fraction], bits: int) -> None:
    r"""Raise :class:`PrecisionExhausted` when an enclosure of :math:`E\varphi(u)\varphi(v)` says nothing.

    That is: not one decimal digit of the value is known, and it is not small against the (guessed) norms of
    :math:`\varphi` either, so that "zero to so many digits" would be no answer.
    """
    if value.is_exact() or value.rel_accuracy_bits() >= 4:
        return
    sizes = [_size(activation.expression, math.sqrt(v)) for v in variances]
    if value.is_finite() and value.abs_upper() <= arb(sizes[0]) * arb(sizes[1]) * arb(2) ** (-bits // 2):
        return
    shown = ", ".join(f"{float(v):.6g}" for v in variances)
    raise PrecisionExhausted(
        f"the dual of {activation.name} at the variances {shown}: not one digit is known, only {value.str(5)}: "
        "ask for more bits.",
        reached=str(value.str(5)),
    )


def _mean(expression: sympy.Expr, variance: Number, bits: int) -> arb:
    """E f(u), the value f(0) when the variance is exactly zero."""
    if not isinstance(variance, arb) and variance == 0:
        with precision(bits + 16):
            return lower_arb(value_at(expression, sympy.Integer(0)))(arb(0))
    formula = closed_mean(expression)
    if isinstance(variance, arb):
        value = arb("nan")
        if formula is not None:
            value = closed_value(formula, Covariance(variance, Fraction(1), Fraction(0)), bits)
        return value if value.is_finite() else gaussian_mean(expression, variance, bits + 8)
    law, size = variance, _size(expression, math.sqrt(variance))

    def methods() -> Iterator[Callable[[], arb | None]]:
        if formula is not None:
            yield lambda: closed_value(formula, Covariance(law, Fraction(1), Fraction(0)), bits + 1)
        yield lambda: gaussian_mean(expression, law, bits + 8)
        yield lambda: smoothed_mean(from_expression(expression), law, bits + 1, size)

    return _first_accurate(methods(), bits + 1)


def _on_a_line(f: Activation, g: Activation, law: tuple[Fraction, Fraction, Fraction], bits: int) -> arb:
    """The degenerate law c^2 = ab > 0: v = (c/a) u exactly, a one-dimensional mean."""
    a, b, c = law
    for h, variance in ((f, a), (g, b)):
        with precision(BOUND_BITS):
            require_square_integrable(h.expression, enclose(variance), name=h.name)
    ratio = sympy.Rational((c / a).numerator, (c / a).denominator)
    product = f.expression * g.expression.subs(X, ratio * X)
    return _mean(product, a, bits)


@lru_cache(maxsize=1024)
def _size(expression: sympy.Expr, spread: float) -> float:
    """A guess, not a bound, of the L2 norm of f(spread z): it only sets the accuracy aimed at.

    The nodes are geometric, so that a function which lives on a small part of the line is seen.
    """
    logs = np.linspace(-40.0, 2.0, 337)
    nodes = np.exp(logs)
    weights = np.exp(-(nodes**2) / 2) * nodes * (logs[1] - logs[0]) / math.sqrt(2 * math.pi)
    function = lower_numpy(expression)
    with np.errstate(all="ignore"):
        square = sum(
            float(np.sum(np.asarray(function(side * nodes), dtype=np.float64) ** 2 * weights))
            for side in (spread, -spread)
        )
    size = math.sqrt(square)
    return min(max(size, 1e-150), 1e150) if math.isfinite(size) else 1.0


def _side(f: Activation, variance: Number) -> Side | None:
    found = strip(f.expression)
    if found is None:
        return None
    spread = math.sqrt(max(float(variance), 0.0))
    return Side(found, lower_arb(f.expression), _size(f.expression, spread))


def trapezoid_value(
    f: Activation, g: Activation, cov: Covariance, bits: int, *, dearest: float = math.inf
) -> arb | None:
    """The cheaper of the two rules in the plane, None when neither applies; on wide balls, both.

    A rule that is forecast to take more than ``dearest`` microseconds does not apply.
    """
    left, right = _side(f, cov.a), _side(g, cov.b)
    if left is None or right is None:
        return None
    even = parity(f.expression) is not None and parity(f.expression) == parity(g.expression)
    same = f.expression == g.expression and not isinstance(cov.a, arb) and cov.a == cov.b
    rules: list[tuple[float, Callable[[], arb]]] = []
    flat = lattice.plan(left, right, cov, bits)
    if flat is not None:
        grid = flat
        rules.append((LATTICE_COST * flat.points, lambda: lattice.lattice_sum(left, right, cov, grid, bits, even=even)))
    turned = rotated.plan(left, right, cov, bits)
    if turned is not None:
        axes = turned
        rules.append(
            (
                ROTATED_COST * turned.points * (0.5 if same else 1.0),
                lambda: rotated.rotated_sum(left, right, cov, axes, bits, even=even, same=same),
            )
        )
    best: arb | None = None
    for cost, rule in sorted(rules, key=lambda pair: pair[0]):
        if cost > dearest:
            break
        value = rule()
        if value.is_finite():
            with precision(bits + 16):
                best = value if best is None else best.intersection(value)
            if cov.rational is not None or best.rad() < WIDE * left.size * right.size:
                break
    return best


def _series(f: Activation, g: Activation, cov: Covariance, bits: int) -> arb:
    """The Hermite series, cut to the Cauchy-Schwarz bound."""
    bound = _cauchy_schwarz(f, g, cov)
    try:
        value = series_value(f, g, cov, bits, MAX_ORDER)
    except (DerivationGap, SpecError):
        if cov.rational is not None or not bound.is_finite():
            raise
        return arb(0, bound)
    if not value.is_finite():
        return arb(0, bound)
    if not bound.is_finite():
        return value
    with precision(bits + 16):
        return value.intersection(arb(0, bound))


def _cauchy_schwarz(f: Activation, g: Activation, cov: Covariance) -> arb:
    """An upper bound of the root of E f(u)^2 E g(v)^2 from the growth of f and g."""
    with precision(BOUND_BITS):
        a, b, _ = cov.balls()
        norms = [growth_mean(growth(h.expression) ** 2, arb(v.upper()).sqrt()) for h, v in ((f, a), (g, b))]
        return arb((norms[0] * norms[1]).sqrt().upper())
