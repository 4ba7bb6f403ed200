r"""Sections on families: powers and Hermite polynomials in one list, scaled ELU, duals of derivatives, cross duals."""

from __future__ import annotations

import sympy

from ...numerics.derivation_check.check import check
from ...numerics.derivation_check.report import CheckReport
from ...theory.activations.activation import activation
from ...theory.activations.functions import X
from ...theory.derivations.dual import derive_expectation
from ...theory.derivations.functions import derivative
from ...theory.derivations.identity import identical
from ...theory.derivations.step import Derivation
from ...theory.errors import DerivationGap
from .blocks import Block, Display, Heading, Paragraph
from .breaking import equation
from .fold import fold
from .printer import Printer
from .proof import checked, derivation_blocks, math_list, needed
from .shorten import Shorthand, shorthand

ALPHA, BETA = sympy.symbols("alpha beta", positive=True)
SLOPE, OTHER_SLOPE = sympy.symbols("alpha beta", real=True)
HIGHEST = 10
"""The highest power that is listed."""
LIST_KINDS = {
    "powers": ("x^k", tuple((k, X**k) for k in range(1, HIGHEST + 1))),
    "hermite": (
        r"\mathrm{He}_k(x)",
        tuple((k, activation(f"hermite({k})").expression) for k in range(2, 7)),
    ),
}
CROSS: tuple[tuple[str, sympy.Expr, sympy.Expr], ...] = (
    ("The identity and GELU", X, activation("gelu").expression),
    ("Two error functions", sympy.erf(ALPHA * X), sympy.erf(BETA * X)),
    ("ReLU and an error function", sympy.Max(X, 0), sympy.erf(ALPHA * X)),
    ("ReLU and the step", sympy.Max(X, 0), sympy.Heaviside(X)),
    ("ReLU and the absolute value", sympy.Max(X, 0), sympy.Abs(X)),
    ("The sign and a cube", sympy.sign(X), X**3),
    ("Two exponentials", sympy.exp(ALPHA * X), sympy.exp(-BETA * X)),
    ("A cosine and an exponential", sympy.cos(X), sympy.exp(ALPHA * X)),
)
"""Pairs whose cross dual has a section: a title and the two functions."""


def parameter_domain(parameters: tuple[sympy.Symbol, ...]) -> str:
    """The domain of the parameters, as the end of a sentence.

    >>> parameter_domain((ALPHA, BETA)), parameter_domain((SLOPE,))
    (', $\\\\alpha,\\\\beta>0$', ', $\\\\alpha\\\\in\\\\mathbb{R}$')
    """
    names = ",".join(sympy.latex(p) for p in parameters)
    if not names:
        return ""
    return f", ${names}>0$" if all(p.is_positive for p in parameters) else rf", ${names}\in\mathbb{{R}}$"


def list_blocks(title: str, kind: str) -> list[Block]:
    """The duals of a family of polynomials, each derived and checked by itself, as one list."""
    shown, members = LIST_KINDS[kind]
    anchor = f"list-{kind}"
    out: list[Block] = [Heading(1, title, f"sec-{anchor}"), Paragraph(rf"$\varphi_k(x)={shown}$.")]
    rows, reports = [], []
    for k, f in members:
        derivation = derive_expectation(f, f, f"dual activation of {f}")
        reports.append(check(derivation))
        left = rf"\mathbb{{E}}[\varphi_{{{k}}}(u)\,\varphi_{{{k}}}(v)]"
        right = sympy.expand(derivation.result)
        if k == HIGHEST or len(right.args) > 5:
            right = sympy.factor(right)
        rows.append(equation(left, right, Shorthand(), label=f"{anchor}:{k}"))
    reason = "[ref:rule-wick|Isserlis' theorem]"
    out.append(Paragraph(f"By {reason}, after linearity,"))
    out.append(Display(tuple(rows)))
    out.append(Paragraph(checked(*reports), small=True))
    return out


def selu_blocks(family: Derivation, anchor: str) -> list[Block]:
    """SELU by its two constants: a multiple of a member of the ELU family, and derived on its own as well."""
    own = derive_expectation(activation("selu").expression, activation("selu").expression, "dual activation of SELU")
    if family.result is None or own.result is None or not check(own).derived:
        return []
    scale, alpha = selu_constants()
    parameter = family.parameters[0]
    if not identical(own.result, scale**2 * family.result.xreplace({parameter: alpha})):
        return []
    return [
        Heading(2, "SELU."),
        Paragraph(
            rf"SELU is $\lambda\varphi$ with $\lambda\approx{_digits(scale)}$ and $\alpha\approx{_digits(alpha)}$, "
            rf"so that its dual is $\lambda^2$ times [eq:{anchor}:result]. It was also derived by itself, in "
            f"{len(own.steps)} lines, with both constants as parameters that take their values at the end; the two "
            "results are identical."
        ),
    ]


def selu_constants() -> tuple[sympy.Rational, sympy.Rational]:
    """(lambda, alpha) of SELU, read off its expression."""
    f = sympy.expand(activation("selu").expression)
    scale = f.coeff(sympy.Max(X, 0))
    return scale, f.coeff(sympy.exp(sympy.Min(X, 0))) / scale


def _digits(value: sympy.Rational) -> str:
    return str(sympy.Float(value, 10))


def slope_blocks(f: sympy.Expr, anchor: str) -> list[Block]:
    r"""The dual of the derivative, :math:`E\,\varphi'(u)\varphi'(v)`, derived on its own."""
    try:
        slope = derivative(f)
        derivation = derive_expectation(slope, slope, f"dual activation of the derivative of {f}")
    except DerivationGap:
        return []
    report = check(derivation)
    if derivation.result is None or not report.derived:
        return []
    left = r"\mathbb{E}[\varphi'(u)\,\varphi'(v)]"
    short = shorthand(fold(derivation), derivation.goal)
    row = equation(left, derivation.result, short, label=f"{anchor}:slope")
    radicands = needed(short.declarations, row.formula)
    given = f", with {math_list(radicands)}" if radicands else ""
    return [
        Heading(2, "The dual of the derivative."),
        Paragraph(rf"By the same rules, for $\varphi'(x)={Printer().doprint(slope)}${given},"),
        Display((row,)),
        Paragraph(checked(report), small=True),
    ]


def cross_blocks(title: str, f: sympy.Expr, g: sympy.Expr) -> list[Block]:
    """The section on one cross dual."""
    anchor = "cross-" + "-".join(word for word in title.lower().replace(":", "").replace(",", "").split())
    derivation = derive_expectation(f, g, f"cross dual: {title}")
    report: CheckReport = check(derivation)
    domain = parameter_domain(derivation.parameters)
    printer = Printer()
    out: list[Block] = [
        Heading(1, title, f"sec-{anchor}"),
        Paragraph(rf"$\varphi(x)={printer.doprint(f)}$, $\psi(x)={printer.doprint(g)}${domain}."),
    ]
    return out + derivation_blocks(derivation, report, anchor, "cross dual")
