r"""What must hold for every activation, checked on enclosures: a conformance suite in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from flint import arb

from ..activations import ActivationHandle
from ..numerics.balls.ball import enclose
from ..numerics.balls.precision import precision
from ..numerics.dual import dual
from ..numerics.expressions.lowering import lower_arb
from ..numerics.expressions.regularity import regularity
from ..numerics.hermite import hermite_transform, second_moment
from ..theory.activations.activation import Activation, activation, from_expression
from ..theory.errors import DerivationGap, PrecisionExhausted
from ..theory.numbers import Exact, rational
from .assertions import assert_overlap

ENGINES = ("closed", "trapezoid", "panels")
POINTS = tuple(Fraction(k, 7) for k in range(-35, 36, 3))
"""Where values are compared; none of them is an integer multiple of 1 but 0."""


def check_activation(
    phi: str | Activation | ActivationHandle, *, variances: Sequence[Exact] = (1, "5/2"), order: int = 8, bits: int = 64
) -> tuple[str, ...]:
    r"""Check an activation against what holds for every one; returns the names of the checks that were made.

    * ``pieces``: the smooth pieces agree with the function; ``parity``: :math:`\varphi(-x)=\pm\varphi(x)`;
    * ``lipschitz``: :math:`|\varphi(x)-\varphi(y)| \le L|x-y|`;
    * ``engines``: all Hermite engines that apply overlap; ``bessel``: :math:`\sum\mu_r^2 \le E\varphi^2`;
    * ``derivative``: :math:`\sqrt r\,\mu_r(\varphi)=\sigma\mu_{r-1}(\varphi')` for continuous :math:`\varphi`;
    * ``dual``: symmetric, :math:`\hat\varphi(v,v,v)=E\varphi^2`, and bounded by the Cauchy-Schwarz inequality;
    * ``price``: the difference quotient of :math:`\hat\varphi` in c lies between two values of :math:`\hat{\varphi'}`.

    Everything is an enclosure, so a failure (:class:`AssertionError`) disproves one of the two sides: there is no
    tolerance. A check that has no rule here (an engine that does not apply, no Lipschitz constant) is left out.

    >>> check_activation("relu", order=4)
    ('pieces', 'parity', 'lipschitz', 'engines', 'bessel', 'derivative', 'dual', 'price')
    """
    exact = _exact(phi)
    scales = tuple(rational(v, what="variance") for v in variances)
    made = []
    with precision(bits + 32):
        for name, check in CHECKS.items():
            if check(exact, scales, order, bits):
                made.append(name)
    return tuple(made)


def _exact(phi: str | Activation | ActivationHandle) -> Activation:
    if isinstance(phi, ActivationHandle):
        return phi.exact
    return activation(phi) if isinstance(phi, str) else phi


def _pieces(phi: Activation, variances: Sequence[Fraction], order: int, bits: int) -> bool:
    if not phi.kinks_resolved:
        return False
    f = lower_arb(phi.expression)
    for piece in phi.pieces():
        branch = lower_arb(piece.expression)
        for x in POINTS:
            if piece.lo < x < piece.hi:
                assert_overlap(f(enclose(x)), branch(enclose(x)), what=f"{phi.name} at {x}")
    return True


def _parity(phi: Activation, variances: Sequence[Fraction], order: int, bits: int) -> bool:
    f, parity, constant = lower_arb(phi.expression), phi.parity, phi.odd_part_constant
    for x in POINTS:
        here, there = f(enclose(x)), f(enclose(-x))
        if parity is not None:
            assert_overlap(here, there if parity == "even" else -there, what=f"{phi.name} at {x} by parity")
        if constant is not None:
            assert_overlap(here + there, 2 * lower_arb(constant)(arb(0)), what=f"even part of {phi.name} at {x}")
    return True


def _lipschitz(phi: Activation, variances: Sequence[Fraction], order: int, bits: int) -> bool:
    bound = regularity(phi, bits).lipschitz
    if bound is None:
        return False
    f = lower_arb(phi.expression)
    for x, y in pairwise(POINTS):
        if abs(f(enclose(x)) - f(enclose(y))) > bound * enclose(y - x):
            raise AssertionError(f"{phi.name} changes faster between {x} and {y} than its Lipschitz constant {bound}.")
    return True


def _engines(phi: Activation, variances: Sequence[Fraction], order: int, bits: int) -> bool:
    compared = False
    for v in variances:
        found = []
        for method in ENGINES:
            try:
                found.append(hermite_transform(phi, order, v, bits, method=method))
            except (DerivationGap, PrecisionExhausted):
                continue
        for one, other in pairwise(found):
            compared = True
            assert_overlap(one.second_moment, other.second_moment, what=f"second moment of {phi.name} at {v}")
            for r, (x, y) in enumerate(zip(one.coefficients, other.coefficients, strict=True)):
                assert_overlap(x, y, what=f"coefficient {r} of {phi.name} at {v} ({one.method}, {other.method})")
    return compared


def _bessel(phi: Activation, variances: Sequence[Fraction], order: int, bits: int) -> bool:
    for v in variances:
        found, square = hermite_transform(phi, order, v, bits), second_moment(phi, v, bits)
        assert_overlap(found.second_moment, square, what=f"second moment of {phi.name} at {v}")
        if sum((mu * mu for mu in found.coefficients), arb(0)) > square:
            raise AssertionError(f"Bessel's inequality fails for {phi.name} at variance {v}.")
    return True


def _derivative(phi: Activation, variances: Sequence[Fraction], order: int, bits: int) -> bool:
    if not phi.continuous:
        return False
    slope = from_expression(phi.derivative())
    for v in variances:
        upper, lower = (hermite_transform(f, order, v, bits).coefficients for f in (phi, slope))
        sigma = enclose(v).sqrt()
        for r in range(1, order + 1):
            assert_overlap(arb(r).sqrt() * upper[r], sigma * lower[r - 1], what=f"order {r} of {phi.name} by parts")
    return True


def _dual(phi: Activation, variances: Sequence[Fraction], order: int, bits: int) -> bool:
    squares = {v: second_moment(phi, v, bits) for v in variances}
    for v, square in squares.items():
        assert_overlap(dual(phi, v, v, v, bits), square, what=f"dual of {phi.name} at rho = 1, variance {v}")
    for a, b in pairwise((*variances, variances[0])):
        c = min(a, b) / 3
        value = dual(phi, a, b, c, bits)
        assert_overlap(value, dual(phi, b, a, c, bits), what=f"dual of {phi.name} with its arguments exchanged")
        if value * value > squares[a] * squares[b]:
            raise AssertionError(f"the dual of {phi.name} at ({a}, {b}, {c}) breaks the Cauchy-Schwarz inequality.")
    return True


def _price(phi: Activation, variances: Sequence[Fraction], order: int, bits: int) -> bool:
    if not phi.continuous:
        return False
    slope = from_expression(phi.derivative())
    for v in variances:
        near, far = v / 4, v / 2  # for equal variances the dual of the derivative increases in c >= 0
        quotient = (dual(phi, v, v, far, bits) - dual(phi, v, v, near, bits)) / enclose(far - near)
        if quotient < dual(slope, v, v, near, bits) or quotient > dual(slope, v, v, far, bits):
            raise AssertionError(f"the dual of {phi.name} at variance {v} breaks Price's identity.")
    return True


CHECKS: dict[str, Callable[[Activation, Sequence[Fraction], int, int], bool]] = {
    "pieces": _pieces,
    "parity": _parity,
    "lipschitz": _lipschitz,
    "engines": _engines,
    "bessel": _bessel,
    "derivative": _derivative,
    "dual": _dual,
    "price": _price,
}
