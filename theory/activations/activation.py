r"""An activation as an exact object: its expression and what is proved about it without a single rounding."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import sympy

from ..errors import DerivationGap, SpecError
from . import catalogue, parity
from .derivative import derivative
from .functions import X
from .grammar import MAX_LENGTH, parse
from .lipschitz import bounds, jump
from .pieces import KINKED, Piece, pieces
from .vocabulary import CONSTANTS, FUNCTIONS, function_name

_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9]*)\s*(?:\(([^()x]*)\))?\s*")

_CALL = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9]*)\s*\(.*\)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Activation:
    r"""A function :math:`\varphi:\mathbb R\to\mathbb R` with exact properties; equal, hashed and pickled by value.

    Attributes
    ----------
    name: its name in the catalogue, or the expression as text.
    expression: the function of :data:`certigram.theory.activations.functions.X`.
    lipschitz: the Lipschitz constant :math:`\sup|\varphi'|` where known exactly; ``sympy.oo`` when proved infinite;
        ``None`` when not known exactly.
    second_lipschitz: the Lipschitz constant of :math:`\varphi'`, in the same way.

    The proofs of all exact constants are in ``docs/activations.md``.

    >>> activation("tanh").parity, activation("relu").breakpoints, activation("gelu").lipschitz
    ('odd', (0,), exp(-1)/sqrt(pi) + erf(1)/2 + 1/2)
    """

    name: str
    expression: sympy.Expr
    lipschitz: sympy.Expr | None = None
    second_lipschitz: sympy.Expr | None = None

    @property
    def parity(self) -> str | None:
        """``"odd"``, ``"even"``, or ``None`` when neither is proved."""
        return parity.parity(self.expression)

    @property
    def odd_part_constant(self) -> sympy.Expr | None:
        r"""The constant :math:`c` with :math:`\varphi-c` odd (0 for an odd function); ``None`` when none is proved."""
        return parity.odd_part_constant(self.expression)

    @property
    def affine(self) -> tuple[sympy.Expr, sympy.Expr] | None:
        r"""The pair :math:`(\beta,\alpha)` with :math:`\varphi(x)=\beta+\alpha x`; ``None`` when this is not proved."""
        if not self.kinks_resolved or len(self.pieces()) > 1:
            return None
        return parity.affine(self.pieces()[0].expression)

    @property
    def polynomial_degree(self) -> int | None:
        """The degree of a polynomial, or ``None`` when the function is not seen to be one."""
        if not self.kinks_resolved or len(self.pieces()) > 1:
            return None
        expression = self.pieces()[0].expression
        line = parity.affine(expression)
        return parity.polynomial_degree(expression) if line is None else int(line[1] != 0)

    @property
    def kinks_resolved(self) -> bool:
        """Whether all kinks and singularities were located exactly; if not, :meth:`pieces` raises."""
        try:
            self.pieces()
        except DerivationGap:
            return False
        return True

    def pieces(self) -> tuple[Piece, ...]:
        """The smooth pieces from left to right; raises :class:`DerivationGap` when they cannot be found exactly."""
        return pieces(self.expression)

    @property
    def breakpoints(self) -> tuple[sympy.Rational, ...]:
        """The points between the pieces; raises :class:`DerivationGap` when they cannot be found exactly."""
        return tuple(piece.lo for piece in self.pieces()[1:])

    @property
    def smooth(self) -> bool:
        r"""Whether the function is proved to be real-analytic on the whole line."""
        return self.kinks_resolved and len(self.pieces()) == 1

    @property
    def continuous(self) -> bool:
        """Whether continuity is proved: at every breakpoint both branches and the function agree exactly."""
        try:
            found = pieces(self.expression, branch_points=True)
            return all(jump(self.expression, left, right) is False for left, right in pairwise(found))
        except DerivationGap:
            return False

    def derivative(self, k: int = 1) -> sympy.Expr:
        r"""The ``k``-th derivative almost everywhere: on each piece the derivative of the piece, without point masses.

        >>> activation("relu").derivative()
        Heaviside(x)
        """
        expression = self.expression
        for _ in range(k):
            expression = derivative(expression)
        return expression

    def latex(self) -> str:
        r"""The function in LaTeX.

        >>> print(activation("gelu").latex())
        x \Phi\left(x\right)
        """
        return str(sympy.latex(self.expression))

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle \varphi(x) = {self.latex()}$"

    def __str__(self) -> str:
        return self.name


@lru_cache(maxsize=256)
def activation(name_or_expression: str) -> Activation:
    r"""The activation with this name, or the function of ``x`` that the text describes.

    A bare name is looked up in the catalogue (``"tanh"``); ``name(parameter)`` with a rational parameter is a member
    of a parametric family (``"leaky_relu(1/10)"``, ``"hermite(3)"``); everything else is an expression in ``x``
    (:mod:`.grammar`). An expression equal to a catalogue entry becomes that entry. Any other function
    of numbers alone, such as ``"silu(2)"``, is refused: it would be a constant, and reads like a family.

    Raises :class:`SpecError` for unknown names (with a suggestion) and for anything outside the grammar.

    >>> activation("erf(2*x)/3").lipschitz
    4/(3*sqrt(pi))
    >>> activation("Max(x, 0)") == activation("relu")
    True
    """
    if not isinstance(name_or_expression, str):
        raise SpecError(
            f'{name_or_expression!r} is not an activation: give a name such as "tanh" or an expression in x.'
        )
    match = _NAME.fullmatch(name_or_expression) if len(name_or_expression) <= MAX_LENGTH else None
    if match is not None:
        name, parameter = match.groups()
        known = catalogue.canonical(name) in catalogue.FAMILIES
        if parameter is None and name not in {"x", *CONSTANTS}:
            function = function_name(name)
            one_argument = function is not None and FUNCTIONS[function][0] == 1
            return (
                from_expression(parse(f"{name}(x)"))
                if one_argument and not known
                else _from_entry(catalogue.entry(name))
            )
        if parameter is not None and known and catalogue.FAMILIES[catalogue.canonical(name)].default is not None:
            return _from_entry(catalogue.entry(name, _rational_parameter(name, parameter)))
    expression = parse(name_or_expression)
    if not expression.has(X):
        _refuse_call(name_or_expression)
    return from_expression(expression)


def _refuse_call(text: str) -> None:
    """Refuse one function of numbers alone as a whole activation: ``silu(2)`` reads like a member of a family."""
    match = _CALL.fullmatch(text)
    if match is None or re.search(r"\bx\b", text):
        return
    name, depth = match.group(1), 0
    for place, character in enumerate(text.rstrip()):
        depth += (character == "(") - (character == ")")
        if depth == 0 and character == ")" and place < len(text.rstrip()) - 1:
            return
    shown = text.strip() if len(text.strip()) <= 60 else f"{name}(...)"
    function = function_name(name)
    unary = function is not None and FUNCTIONS[function][0] == 1
    advice = f"{name}(x), {name}(2*x) for another scale" if unary else "a function of x"
    raise SpecError(f"{shown} is a number, the same at every x: write {advice}, or the constant as 0*x + {shown}.")


def _rational_parameter(name: str, text: str) -> sympy.Rational:
    value = parse(text)
    if not value.is_Rational:
        raise SpecError(f"the parameter of {name} is not rational: give a fraction, as in {name}(1/10).")
    return value


def _from_entry(entry: catalogue.Entry) -> Activation:
    expression = _without_cancelled_kinks(entry.expression)
    return Activation(entry.name, expression, entry.lipschitz, entry.second_lipschitz)


def from_expression(expression: sympy.Expr) -> Activation:
    """The activation of an exact expression in ``X``, with its Lipschitz constants where a rule gives them exactly.

    Kinks that cancel, as in ``Max(x, -x) - Abs(x)``, are removed.

    >>> from_expression(sympy.sin(3 * X)).second_lipschitz
    9
    """
    expression = _without_cancelled_kinks(expression)
    for name, family in catalogue.FAMILIES.items():
        if family.default != "" and catalogue.entry(name).expression == expression:
            return _from_entry(catalogue.entry(name))
    return Activation(str(expression), expression, *bounds(expression))


def _without_cancelled_kinks(expression: sympy.Expr) -> sympy.Expr:
    if not expression.has(*KINKED):
        return expression
    try:
        found = pieces(expression)
    except DerivationGap:
        return expression
    return found[0].expression if len(found) == 1 else expression
