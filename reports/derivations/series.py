r"""Hermite coefficients as blocks: a formula in the order where one is known, else the first ones as balls."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import sympy

from ...numerics.balls.ball import Ball
from ...numerics.derivation_check.check import check
from ...numerics.derivation_check.report import CheckReport
from ...numerics.hermite import hermite_transform
from ...theory.activations.activation import from_expression
from ...theory.derivations.coefficients import derive_coefficients
from ...theory.derivations.hermite import hermite_formula
from ...theory.derivations.rules import RULES
from ...theory.derivations.step import Derivation
from ...theory.errors import CertigramError, DerivationGap
from .blocks import Block, Display, Heading, Paragraph, Table
from .breaking import equation
from .printer import Printer
from .proof import checked, displays, plain_text
from .shorten import Shorthand

ORDERS = 9
"""Orders that are shown as balls: 0, ..., ORDERS - 1."""


@lru_cache(maxsize=128)
def checked_coefficients(f: sympy.Expr) -> tuple[CheckReport, ...]:
    """The derivations that together speak about every order, checked; none where no formula is known or proved."""
    try:
        reports = tuple(check(derivation) for derivation in derive_coefficients(f))
    except DerivationGap:
        return ()
    return reports if all(report.derived for report in reports) else ()


def formula_blocks(f: sympy.Expr, anchor: str) -> list[Block]:
    """The closed form in the order with its proof: the generating function, line by line, and its Taylor series."""
    reports = checked_coefficients(f)
    if not reports:
        return []
    support = hermite_formula(f).support
    law = r"$\mu_r(\sigma)=\mathbb{E}\,\varphi(\sigma z)h_r(z)$, $z\sim N(0,1)$"
    words = f"{law}, vanishes except at {support}" if support != "all orders" else f"For {law}"
    displays = _generating_function(reports[0].derivation, f"{anchor}:generating")
    reason = f"[ref:rule-generating-function|generating function], [ref:rule-taylor|{RULES['taylor'].title}]"
    rows = [
        equation(rf"\mu_{{{_index(report.derivation)}}}(\sigma)", report.derivation.result, Shorthand())
        for report in reports
        if report.derivation.result != 0
    ]
    rows[0] = replace(rows[0], reason=reason)
    rows[-1] = replace(rows[-1], label=f"{anchor}:hermite")
    return [
        Heading(2, "Hermite coefficients."),
        Paragraph(f"{words}. The generating function is"),
        *displays,
        Paragraph("so that"),
        Display(tuple(rows)),
        Paragraph(checked(*reports), small=True),
    ]


def _generating_function(derivation: Derivation, anchor: str) -> list[Block]:
    """The lines that derive the mean E f(w + sigma y)."""
    line = next(step for step in derivation.steps if step.rule == "generating-function")
    last = derivation.steps[line.uses[0]]
    steps = derivation.steps[: line.uses[0] + 1]
    part = Derivation(derivation.title, last.before, steps, last.after, (), derivation.parameters)
    return displays(part, anchor)


def _index(derivation: Derivation) -> str:
    return str(Printer().doprint(derivation.goal.args[1])).replace(" ", "")


def ball_blocks(f: sympy.Expr, *, instead: bool) -> list[Block]:
    """The first coefficients at variance 1 as balls, and the rest of the series, ``instead`` of a closed dual.

    Raises :class:`CertigramError` where there is neither: nothing is left to write about.
    """
    try:
        found = hermite_transform(from_expression(f), ORDERS - 1, Fraction(1), 64)
    except CertigramError as error:
        if instead:
            raise
        return [Paragraph(f"Nor is there a certified series: {plain_text(str(error))}")]
    rows = tuple((f"${r}$", f"`{_ball(mu)}`") for r, mu in enumerate(found.coefficients))
    return [
        Heading(2, "Certified series."),
        Paragraph(
            ("Instead," if instead else "No formula in the order is known to the rules for the coefficients of")
            + r" Mehler's series [cite:daniely2016], $\mathbb{E}[\varphi(u)\,\varphi(v)]"
            + r"=\sum_r\mu_r(\sqrt a)\,\mu_r(\sqrt b)\,(c/\sqrt{ab})^r$"
            + (", with coefficients" if instead else "; they are numbers")
            + " that are proved to lie in the balls below; here for variance 1."
        ),
        Table(("$r$", r"$\mu_r(1)$"), rows),
        Paragraph(rf"The rest, $\sum_{{r\ge{ORDERS}}}\mu_r(1)^2$, lies in `{_ball(found.tail)}`.", small=True),
    ]


def _ball(value: object) -> str:
    return str(Ball(value)) if str(Ball(value)) != "[0 ± 0]" else "0"  # type: ignore[arg-type]  # an arb
