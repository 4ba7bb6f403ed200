r"""Hermite coefficients as blocks: a formula in the order where one is known, else the first ones as balls."""

from __future__ import annotations

from fractions import Fraction

import sympy

from ...numerics.ball import Ball
from ...numerics.derivation_check.value import enclose
from ...numerics.hermite import hermite_transform
from ...theory.activation import from_expression
from ...theory.closed_forms import A, B, C
from ...theory.derivations.hermite import HermiteFormula, hermite_formula
from ...theory.derivations.notation import SIGMA, HermiteCoefficient
from ...theory.errors import CertigramError, DerivationGap
from .blocks import Block, Display, Heading, Paragraph, Row, Table
from .breaking import broken
from .printer import Printer
from .shorten import Shorthand

BITS = 128
ORDERS = 9
"""Orders that are checked, or shown as balls: 0, ..., ORDERS - 1."""


def formula_blocks(f: sympy.Expr, parameters: tuple[sympy.Symbol, ...], anchor: str) -> list[Block]:
    """The closed form in the order, and at how many orders it was compared with certified coefficients."""
    try:
        formula = hermite_formula(f)
    except DerivationGap:
        return []
    name = r"\mu_{%s}(\sigma)"
    shown = [(name % "r", formula.general, ""), (name % "2k", formula.even, ""), (name % "2k+1", formula.odd, "")]
    rest = formula.even != 0 or formula.odd != 0 or formula.general != 0
    rows = [_row(left, right, reason) for left, right, reason in shown if right != 0]
    finite = [
        _row(name % str(r), _whole(formula, r), "in place of the formula" if rest else "") for r, _ in formula.finite
    ]
    rows += finite
    if not rows:
        return []
    last = rows[-1]
    rows[-1] = Row(last.formula, last.broken, last.reason, f"{anchor}:hermite")
    law = r"$\mu_r(\sigma)=\mathbb{E}\,\varphi(\sigma z)h_r(z)$, $z\sim N(0,1)$"
    words = f"{law}, vanishes except at {formula.support}" if formula.support != "all orders" else law
    return [
        Heading(2, "Hermite coefficients."),
        Paragraph(f"{words}; by [ref:rule-generating-function|the generating function],"),
        Display(tuple(rows)),
        Paragraph(_checked(f, parameters, formula), small=True),
    ]


def _whole(formula: HermiteFormula, order: int) -> sympy.Expr:
    return sympy.factor_terms(sympy.simplify(formula.coefficient(order)))


def _row(left: str, right: sympy.Expr, reason: str) -> Row:
    short = Shorthand()
    return Row(f"{left}={Printer().doprint(right)}", broken(left, right, short), reason)


def _checked(f: sympy.Expr, parameters: tuple[sympy.Symbol, ...], formula: HermiteFormula) -> str:
    """Compare formula and certified coefficient at two standard deviations."""
    good, tried, worst = 0, 0, 0.0
    for sigma in (Fraction(1), Fraction(7, 5)):
        environment = {A: Fraction(1), B: Fraction(1), C: Fraction(0), SIGMA: sigma}
        environment |= {symbol: Fraction(3, 4) for symbol in parameters}
        for order in range(ORDERS):
            tried += 1
            try:
                left = enclose(HermiteCoefficient(f, sympy.Integer(order), SIGMA), environment, BITS)
                right = enclose(formula.coefficient(order), environment, BITS)
            except (CertigramError, ValueError):
                continue
            if not (left.is_finite() and right.is_finite()):
                continue
            if not left.overlaps(right):
                return f"*Contradicted* at order {order}, $\\sigma={sigma}$: the formula is false there."
            good += 1
            worst = max(worst, float(left.rad()), float(right.rad()))
    if not good:
        return "*Not checked numerically:* no coefficient could be enclosed."
    from .proof import scientific

    some = "" if good == tried else f" of {tried}"
    return (
        f"*Checked.* Formula and certified coefficient overlap at {good}{some} pairs of an order below {ORDERS} and "
        f"$\\sigma\\in\\{{1,7/5\\}}$; radius ${scientific(worst)}$."
    )


def ball_blocks(f: sympy.Expr, anchor: str) -> list[Block]:
    """The first coefficients at variance 1 as balls, and the rest of the series."""
    try:
        found = hermite_transform(from_expression(f), ORDERS - 1, Fraction(1), 64)
    except CertigramError as error:
        from .proof import plain_text

        return [Paragraph(f"Nor is there a certified series: {plain_text(str(error))}")]
    rows = tuple((f"${r}$", f"`{_ball(mu)}`") for r, mu in enumerate(found.coefficients))
    return [
        Heading(2, "Certified series."),
        Paragraph(
            r"Instead, Mehler's series [cite:daniely2016], $\mathbb{E}[\varphi(u)\,\varphi(v)]"
            r"=\sum_r\mu_r(\sqrt a)\,\mu_r(\sqrt b)\,(c/\sqrt{ab})^r$, with coefficients that are proved to lie in "
            r"the balls below; here for variance 1."
        ),
        Table(("$r$", r"$\mu_r(1)$"), rows),
        Paragraph(rf"The rest, $\sum_{{r\ge{ORDERS}}}\mu_r(1)^2$, lies in `{_ball(found.tail)}`.", small=True),
    ]


def _ball(value: object) -> str:
    return str(Ball(value)) if str(Ball(value)) != "[0 ± 0]" else "0"  # type: ignore[arg-type]  # an arb
