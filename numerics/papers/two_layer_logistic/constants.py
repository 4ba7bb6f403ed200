r"""The constants of an activation that the theory needs, enclosed on both sides.

.. math:: \sup|\sigma|,\quad M_1=\sup|\sigma'|,\quad M_2=\sup|\sigma''|,\quad M_3=\sup|\sigma'''|,\quad
          \kappa=\sup_z|\sigma(z)-z\sigma'(z)| .

The enclosures come from the range analysis of :mod:`...expressions.range` alone; where a closed form is known
(``theory/activations/suprema.py``) it must lie inside, and then sharpens the enclosure.
docs/papers/two_layer_logistic/proofs.md, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import sympy
from flint import arb

from ....theory.activations.activation import Activation
from ....theory.activations.functions import X
from ....theory.activations.suprema import closed_forms
from ....theory.errors import DerivationGap
from ....theory.verdict import Verdict
from ...balls.precision import precision
from ...expressions.lowering import constant
from ...expressions.range import supremum_of_absolute_value

MAX_JUMP_ORDER = 4
"""Derivatives examined at a kink before smoothness is left undecided."""
NAMES = ("size", "slope", "bend", "third", "defect")


@dataclass(frozen=True, slots=True)
class Supremum:
    """An enclosure of a supremum: ``value`` is None when it is infinite (``infinite``: proved) or was not found.

    ``enclosure`` is that of the range analysis; ``closed_form`` the exact value when known; ``reason`` says why there
    is no value.
    """

    value: arb | None
    enclosure: arb | None = None
    closed_form: sympy.Expr | None = None
    infinite: bool = False
    reason: str = ""

    @property
    def finite(self) -> Verdict:
        """Whether the supremum is finite."""
        return Verdict.PROVED if self.value is not None else Verdict.REFUTED if self.infinite else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class ActivationConstants:
    r"""``size``, ``slope`` M₁, ``bend`` M₂, ``third`` M₃, ``defect`` κ, and whether σ is smooth, with the reason.

    ``defect`` measures how far σ is from being positively homogeneous.
    """

    name: str
    size: Supremum
    slope: Supremum
    bend: Supremum
    third: Supremum
    defect: Supremum
    smooth: Verdict
    smooth_reason: str

    def items(self) -> tuple[tuple[str, Supremum], ...]:
        """Name and value of the five suprema."""
        return tuple((name, getattr(self, name)) for name in NAMES)


@lru_cache(maxsize=64)
def activation_constants(activation: Activation, bits: int = 128) -> ActivationConstants:
    r"""The constants of an activation; suprema are sought only for smooth activations.

    Never raises for want of a bound: what was not found is None with a reason. A closed form that falls outside the
    proved enclosure would be a contradiction and raises ``ArithmeticError``.

    >>> from certigram.theory.activations.activation import activation
    >>> c = activation_constants(activation("tanh"))
    >>> c.bend.value.str(12), c.smooth.name
    ('[0.769800358920 +/- 5.00e-13]', 'PROVED')
    >>> activation_constants(activation("relu")).smooth_reason
    'the derivative of order 1 jumps at x = 0'
    """
    smooth, reason = smoothness(activation)
    if smooth is not Verdict.PROVED:
        absent = Supremum(None, reason=f"{activation.name} is not proved smooth: {reason}")
        return ActivationConstants(activation.name, absent, absent, absent, absent, absent, smooth, reason)
    (piece,) = activation.pieces()
    sigma = piece.expression
    known = closed_forms(activation.name)
    functions = {
        "size": sigma,
        "slope": sympy.diff(sigma, X),
        "bend": sympy.diff(sigma, X, 2),
        "third": sympy.diff(sigma, X, 3),
        "defect": sigma - X * sympy.diff(sigma, X),
    }
    found = {name: supremum(expression, getattr(known, name), bits) for name, expression in functions.items()}
    return ActivationConstants(activation.name, **found, smooth=smooth, smooth_reason=reason)


def supremum(expression: sympy.Expr, closed_form: sympy.Expr | None, bits: int) -> Supremum:
    r"""Enclose :math:`\sup_{\mathbb R}|f|` of a smooth expression, and hold a closed form against the enclosure.

    >>> supremum(sympy.tanh(X), sympy.Integer(1), 64).value
    1.00000000000000
    """
    reason, infinite, enclosure = "", False, None
    try:
        extremum = supremum_of_absolute_value(expression, bits=bits)
        with precision(bits):
            infinite, enclosure = extremum.unbounded, extremum.ball
        if enclosure is None:
            reason = "the values diverge at infinity" if infinite else "no finite bound was found within the budget"
    except DerivationGap as gap:
        reason = str(gap)
    if closed_form is None:
        return Supremum(enclosure, enclosure, None, infinite, reason)
    if closed_form == sympy.oo:
        if enclosure is not None:
            raise ArithmeticError(f"the supremum of |{expression}| is recorded as infinite but bounded by {enclosure}.")
        return Supremum(None, None, closed_form, True, reason or "it is infinite")
    with precision(bits):
        exact = constant(closed_form)
    if infinite or (enclosure is not None and not enclosure.overlaps(exact)):
        raise ArithmeticError(f"the recorded supremum {closed_form} of |{expression}| lies outside its enclosure.")
    return Supremum(exact, enclosure, closed_form)


def smoothness(activation: Activation) -> tuple[Verdict, str]:
    r"""Whether :math:`\sigma\in C^\infty(\mathbb R)`: real-analytic on the line, or a derivative that jumps.

    >>> from certigram.theory.activations.activation import activation
    >>> smoothness(activation("softsign"))[1]
    'the derivative of order 2 jumps at x = 0'
    """
    if activation.smooth:
        return Verdict.PROVED, "its expression is real-analytic on the whole line"
    try:
        found = activation.pieces()
    except DerivationGap as gap:
        return Verdict.UNKNOWN, f"its smooth pieces were not found: {gap}"
    for order in range(MAX_JUMP_ORDER + 1):
        for left, right in pairwise(found):
            sides = [sympy.diff(p.expression, X, order).xreplace({X: right.lo}) for p in (left, right)]
            with precision(128):
                try:
                    jump = constant(sympy.expand(sides[0] - sides[1]))
                except DerivationGap:
                    continue
            if jump.is_finite() and not jump.contains(0):
                what = f"the derivative of order {order}" if order else "the function"
                return Verdict.REFUTED, f"{what} jumps at x = {right.lo}"
    return Verdict.UNKNOWN, f"it is made of pieces whose derivatives agree up to order {MAX_JUMP_ORDER}"


def second_derivative_supremum(name: str) -> sympy.Expr:
    r"""The exact supremum of :math:`|\sigma''|` for sigmoid, tanh or erf, from its critical points.

    sigmoid'' and tanh'' are polynomials in the function itself; erf'' is a linear factor times a Gaussian.

    >>> second_derivative_supremum("tanh")
    4*sqrt(3)/9
    """
    t = sympy.Symbol("t", real=True)
    if name == "erf":
        size = 4 / sympy.sqrt(sympy.pi) * t * sympy.exp(-(t**2))
        factor = sympy.simplify(sympy.diff(size, t) * sympy.exp(t**2))  # a quadratic: 1 - 2 t^2 up to a constant
        return sympy.simplify(size.subs(t, max(sympy.solve(factor, t))))
    polynomial, low, high = {
        "sigmoid": (t * (1 - t) * (1 - 2 * t), 0, 1),
        "tanh": (-2 * t * (1 - t**2), -1, 1),
    }[name]
    points = [r for r in sympy.solve(sympy.diff(polynomial, t), t) if low <= r <= high]
    return sympy.simplify(max(sympy.Abs(polynomial.subs(t, r)) for r in [*points, low, high]))
