r"""When the equilibrium maps contract, decided by balls, and what a contraction proves about its fixed point.

Both maps behind the population Gram matrix contract by the same number: the variance map with
:math:`\theta = \sqrt 2\,\sigma_w L`, the correlation maps with :math:`\theta^2 = 2\sigma_w^2 L^2`, L = sup|φ'|.
Proofs: ``docs/papers/deep_equilibrium/kernel.md``, sections 2 and 3.
"""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import arb

from .....theory.activations.activation import Activation
from .....theory.activations.functions import X
from .....theory.errors import DerivationGap, PrecisionExhausted, SpecError
from .....theory.numbers import numeral
from ....balls.ball import Ball, enclose, exact
from ....balls.precision import precision
from ....balls.printed import text_above, text_below
from ....expressions.elementary import real
from ....expressions.lowering import lower_arb
from ....kernels.series import BOUND_BITS

PRINTED_BITS = 24
"""Relative accuracy from which the end of the range is printed as one decimal."""


def contraction_squared(name: str, sigma_w2: Fraction, lipschitz: arb | None) -> arb:
    r"""Enclose :math:`\theta^2 = 2 \sigma_w^2 L^2`, proved to be below 1.

    Raises :class:`SpecError` outside the range :math:`\sigma_w^2 < 1/(2L^2)`, and :class:`PrecisionExhausted` when the
    ball around L does not decide.

    >>> print(contraction_squared("tanh", Fraction(1, 16), arb(1)))
    0.125000000000000
    """
    if sigma_w2 < 0:
        raise SpecError(f"sigma_w2 = {numeral(sigma_w2)} is negative: it is a variance, choose it in [0, 1/(2 L^2)).")
    if sigma_w2 == 0:
        return arb(0)
    if lipschitz is None or not lipschitz.is_finite():
        raise SpecError(
            f"no finite Lipschitz constant of {name} is known, so no sigma_w2 > 0 is known to give a unique population "
            "fixed point: choose a Lipschitz activation, or sigma_w2 = 0."
        )
    squared = enclose(2 * sigma_w2) * real.power(lipschitz, 2)
    if squared < 1:
        return squared if squared >= 0 else squared.nonnegative_part()
    edge = _range(lipschitz)
    if squared >= 1:
        raise SpecError(
            f"sigma_w2 = {numeral(sigma_w2)} is outside the contraction range sigma_w2 < 1/(2 L^2) {edge} of {name}:"
            " uniqueness of the population fixed point is proved only inside. What is still true beyond: a finite "
            "network may still converge while 2 sigma_w2 E phi'(g)^2 < 1, but nothing here proves what it converges "
            "to. Choose a smaller sigma_w2."
        )
    raise PrecisionExhausted(
        f"sigma_w2 = {numeral(sigma_w2)} cannot be told apart from the end 1/(2 L^2) {edge} of the contraction range"
        f" of {name}{_how(lipschitz)}: choose a smaller sigma_w2, or enclose the Lipschitz constant L more tightly.",
        reached=f"2 sigma_w2 L^2 = {squared}",
    )


def refuse_understated(activation: Activation, lipschitz: arb, bits: int) -> None:
    r"""Raise :class:`SpecError` when a difference quotient of φ is proved to exceed the claimed Lipschitz constant.

    The quotients over [x − h, x + h] with h = 2⁻²⁴ are scanned on a grid and near its best point; a mean of φ' over a
    short interval is at most sup|φ'|, so an exceeding quotient refutes the claim. Passing proves nothing.
    """
    h = arb((1, -24))
    mean = homogeneous_mean_square(activation)
    if mean is not None:
        if real.power(lipschitz, 2) < enclose(mean):
            raise SpecError(
                f"the constant {lipschitz.str(8, radius=False)} given for {activation.name} is too small: even in the"
                f" mean its slope is sqrt({mean})."
            )
        return
    with precision(max(bits, 2 * BOUND_BITS)):
        phi = lower_arb(activation.expression)

        def slope(x: Fraction) -> arb:
            y = enclose(x)
            return abs(phi(y + h) - phi(y - h)) / (2 * h)

        ceiling = lipschitz.upper()
        best, width = Fraction(0), Fraction(1, 4)
        grid = [Fraction(j, 4) for j in range(-16, 17)]
        for _ in range(8):
            slopes = [slope(x) for x in grid]
            steepest = max(range(len(grid)), key=lambda j: float(slopes[j].lower()) if slopes[j].is_finite() else -1.0)
            if slopes[steepest] > ceiling:
                raise SpecError(
                    f"the Lipschitz constant L = {lipschitz.str(8, radius=False)} given for {activation.name} is too "
                    f"small: near x = {float(grid[steepest]):.6g} its slope is {slopes[steepest].str(8, radius=False)}."
                )
            best, width = grid[steepest], width / 4
            grid = [best + j * width for j in range(-3, 4)]


def homogeneous_mean_square(activation: Activation) -> Fraction | None:
    r"""The mean :math:`(\alpha^2+\beta^2)/2` of φ'² for φ(x) = αx (x > 0), βx (x < 0) with rational slopes, else None.

    For these functions it takes the place of L² in every contraction of the population: φ' depends on the sign only, so
    :math:`|\mathbb E\varphi'(u)\varphi'(v)|` is at most this for all Gaussian u, v (Cauchy and Schwarz), and
    :math:`\lVert\varphi(\sqrt v z)\rVert_{L^2}` is its root times :math:`\sqrt v`. For ReLU it is 1/2.
    Proof: ``docs/papers/deep_equilibrium/training.md``, "The range of ReLU".

    >>> from certigram.theory.activations.activation import activation
    >>> homogeneous_mean_square(activation("relu")), homogeneous_mean_square(activation("tanh"))
    (Fraction(1, 2), None)
    """
    try:
        pieces = activation.pieces()
    except DerivationGap:
        return None
    if len(pieces) > 2 or (len(pieces) == 2 and pieces[0].hi != 0):
        return None
    slopes = [sympy.cancel(piece.expression / X) for piece in pieces]
    if not all(slope.is_Rational for slope in slopes):
        return None
    squares = [Fraction(int(slope.p), int(slope.q)) ** 2 for slope in slopes]
    return sum(squares, Fraction(0)) / len(squares)


def _range(lipschitz: arb) -> str:
    """The end 1/(2 L²) as "= a fraction or a decimal", or between two decimals when L is only enclosed."""
    edge = real.reciprocal(2 * real.power(lipschitz, 2))
    if edge.is_exact():
        return f"= {exact(edge)}"
    if _is_thin(edge):
        return f"= {edge.str(8, radius=False)}"
    least, most = (1 / (2 * end * end) for end in (arb(lipschitz.abs_upper()), arb(lipschitz.abs_lower())))
    low = text_below(Ball(least).lower, 6)
    return f"(between {low} and {text_above(Ball(most).upper, 6)})" if most.is_finite() else f"(at least {low})"


def _how(lipschitz: arb) -> str:
    """What is known of L where it is not known to the digits printed."""
    if _is_thin(lipschitz):
        return ""
    low, high = text_below(exact(lipschitz.abs_lower()), 6), text_above(exact(lipschitz.abs_upper()), 6)
    return f", whose L = sup|phi'| was enclosed only between {low} and {high} by branch and bound"


def _is_thin(x: arb) -> bool:
    return bool(x.is_finite() and x.rel_accuracy_bits() >= PRINTED_BITS)
