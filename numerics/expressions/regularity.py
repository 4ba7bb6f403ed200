r"""Regularity of an activation, proved: Lipschitz constants, boundedness, smoothness, whether it is affine.

Exact constants of the activation are used where it declares them; the rest comes from the range analysis of the
derivatives on each smooth piece, together with continuity at the breakpoints. docs/theory/range-analysis.md, section 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import sympy
from flint import arb

from ...theory.activations.activation import Activation
from ...theory.activations.functions import X
from ...theory.activations.pieces import Piece, value_at
from ...theory.errors import DerivationGap
from ...theory.verdict import Verdict
from ..balls.precision import precision
from .lowering import constant, lower_arb
from .range import Extremum, supremum_of_absolute_value

SECOND_DIFFERENCES = ((-1, 0, 1), (0, 1, 2), (-2, -1, 0), (-3, 0, 3), (1, 3, 5), (-5, -3, -1))
"""Equally spaced triples at which the second difference of an affine function vanishes."""


@dataclass(frozen=True, slots=True)
class Regularity:
    r"""What is proved about an activation; ``None`` means not finite, or not found: ``reasons`` says which.

    ``lipschitz`` encloses :math:`\sup|\varphi'|`, ``second_lipschitz`` the Lipschitz constant of :math:`\varphi'`,
    ``supremum`` encloses :math:`\sup|\varphi|`; ``at_zero`` encloses :math:`\varphi(0)`. ``reasons`` holds one sentence
    for each of these that is ``None``, by attribute name; ``infinite`` names those that are proved not to be finite.
    """

    lipschitz: arb | None
    second_lipschitz: arb | None
    supremum: arb | None
    bounded: Verdict
    smooth: bool
    non_affine: Verdict
    at_zero: arb
    reasons: tuple[tuple[str, str], ...] = ()
    infinite: tuple[str, ...] = ()

    def reason(self, attribute: str) -> str:
        """Why an attribute is ``None``; empty when it is not."""
        return dict(self.reasons).get(attribute, "")


@dataclass(frozen=True, slots=True)
class _Bound:
    """An enclosure or the reason for its absence; ``infinite`` when absence is proved."""

    value: arb | None
    reason: str = ""
    infinite: bool = False


@lru_cache(maxsize=256)
def regularity(activation: Activation, bits: int = 128) -> Regularity:
    r"""The proved regularity of an activation, with enclosures at ``bits`` binary digits where they are found.

    >>> from certigram.theory.activations.activation import activation
    >>> tanh = regularity(activation("tanh"), 128)
    >>> tanh.lipschitz, tanh.bounded.name, tanh.non_affine.name
    (1.00000000000000, 'PROVED', 'PROVED')
    """
    with precision(bits):
        first = declared(activation.lipschitz) or lipschitz_by_range(activation, 1, bits)
        second = declared(activation.second_lipschitz) or lipschitz_by_range(activation, 2, bits)
        size = _size(activation, bits)
        found = {"lipschitz": first, "second_lipschitz": second, "supremum": size}
        return Regularity(
            lipschitz=first.value,
            second_lipschitz=second.value,
            supremum=size.value,
            bounded=Verdict.PROVED if size.value is not None else Verdict.REFUTED if size.infinite else Verdict.UNKNOWN,
            smooth=activation.smooth,
            non_affine=non_affine(activation),
            at_zero=lower_arb(activation.expression)(arb(0)),
            reasons=tuple((name, bound.reason) for name, bound in found.items() if bound.value is None),
            infinite=tuple(name for name, bound in found.items() if bound.infinite),
        )


def declared(value: sympy.Expr | None) -> _Bound | None:
    """The exact constant that an activation declares, at the working precision."""
    if value is None:
        return None
    if value == sympy.oo:
        return _Bound(None, "it is infinite, by the exact rules for this activation", True)
    return _Bound(constant(value))


def lipschitz_by_range(activation: Activation, order: int, bits: int) -> _Bound:
    r"""The Lipschitz constant of the derivative of order ``order - 1``, by range analysis alone.

    On each piece it is :math:`\sup|\varphi^{(order)}|`; between pieces the derivatives below that order must agree, or
    the constant is infinite.
    """
    try:
        pieces = activation.pieces()
    except DerivationGap as gap:
        return _Bound(None, f"the smooth pieces were not found: {gap}")
    for k in range(order):
        for left, right in pairwise(pieces):
            same = _continuous(activation, k, left, right)
            if same is Verdict.REFUTED:
                what = "the function" if k == 0 else f"its derivative of order {k}"
                return _Bound(None, f"{what} jumps at x = {right.lo}", True)
            if same is Verdict.UNKNOWN:
                return _Bound(None, f"continuity at x = {right.lo} was not decided")
    return _largest(pieces, order, bits)


def _continuous(activation: Activation, order: int, left: Piece, right: Piece) -> Verdict:
    """Whether the derivatives of two neighbouring pieces agree where they meet, the function's own value included."""
    point = right.lo
    sides = [sympy.diff(p.expression, X, order).xreplace({X: point}) for p in (left, right)]
    if order == 0:
        try:
            sides.append(value_at(activation.expression, point))
        except DerivationGap:
            return Verdict.UNKNOWN
    for a, b in pairwise(sides):
        difference = sympy.expand(a - b)
        if difference == 0:
            continue
        return Verdict.UNKNOWN if constant(difference).contains(0) else Verdict.REFUTED
    return Verdict.PROVED


def _largest(pieces: tuple[Piece, ...], order: int, bits: int) -> _Bound:
    """The largest supremum of the absolute derivative of that order over the pieces."""
    best: arb | None = None
    for piece in pieces:
        found = _on_piece(piece, order, bits, best)
        if isinstance(found, _Bound):
            return found
        value = found.ball
        if value is None:
            return _Bound(None, f"no finite bound was found on [{piece.lo}, {piece.hi}] within the budget")
        best = value if best is None else best.max(value)
    return _Bound(best)


def _on_piece(piece: Piece, order: int, bits: int, best: arb | None) -> Extremum | _Bound:
    try:
        found = supremum_of_absolute_value(
            sympy.diff(piece.expression, X, order),
            piece.lo,
            piece.hi,
            bits=bits,
            at_least=None if best is None else arb(best.lower()),
        )
    except DerivationGap as gap:
        return _Bound(None, f"the behaviour on [{piece.lo}, {piece.hi}] was not bounded: {gap}")
    if found.unbounded:
        return _Bound(None, f"it is infinite: the values diverge on [{piece.lo}, {piece.hi}]", True)
    return found


def _size(activation: Activation, bits: int) -> _Bound:
    try:
        pieces = activation.pieces()
    except DerivationGap as gap:
        return _Bound(None, f"the smooth pieces were not found: {gap}")
    bound = _largest(pieces, 0, bits)
    if bound.value is None:
        return bound
    value = bound.value
    for piece in pieces[1:]:
        try:
            value = value.max(abs(constant(value_at(activation.expression, piece.lo))))
        except DerivationGap as gap:
            return _Bound(None, f"the value at x = {piece.lo} was not found: {gap}")
    return _Bound(value)


def non_affine(activation: Activation) -> Verdict:
    """Whether the function is proved not to be affine: a second difference that excludes zero; REFUTED if affine.

    >>> from certigram.theory.activations.activation import activation
    >>> non_affine(activation("x/1000 + max(x - 60, 0)")).name
    'PROVED'
    """
    if activation.affine is not None:
        return Verdict.REFUTED
    f = lower_arb(activation.expression)
    try:
        breakpoints = [constant(piece.lo) for piece in activation.pieces()[1:]]
    except DerivationGap:
        breakpoints = []
    triples = [*(tuple(map(arb, t)) for t in SECOND_DIFFERENCES), *((x - 1, x, x + 1) for x in breakpoints)]
    for a, b, c in triples:
        difference = f(a) - 2 * f(b) + f(c)
        if difference.is_finite() and not difference.contains(0):
            return Verdict.PROVED
    return Verdict.UNKNOWN
