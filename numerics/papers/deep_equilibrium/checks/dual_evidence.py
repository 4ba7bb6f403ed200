"""What the checks of the dual calculus share: points of the study, lemmas as evidence, comparison of enclosures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from flint import arb

from .....theory.errors import DerivationGap, PrecisionExhausted, SpecError
from .....theory.verdict import Verdict
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import enclosed, ends, lemma_evidence
from ....checks.registry import Outcome
from ..instance import EquilibriumInstance

BITS = 96
INPUTS = 12
"""The inputs whose pairs are looked at; their inner products are exact, whatever the size of the data."""
DIGITS = 20
"""Binary digits kept of a variance or a correlation: the points are rational."""


@dataclass(frozen=True, slots=True)
class Law:
    """A rational covariance [[a, c], [c, b]] with |c|^2 < ab that belongs to the study; ``text`` says how."""

    a: Fraction
    b: Fraction
    c: Fraction
    text: str


def rounded(x: float) -> Fraction:
    """The nearest fraction with ``DIGITS`` binary digits after the point.

    >>> rounded(0.5)
    Fraction(1, 2)
    """
    return Fraction(round(x * 2**DIGITS), 2**DIGITS)


def study_variance(inst: EquilibriumInstance) -> Fraction:
    """The least variance of the equilibrium that is not 0, rounded; where none is known, one of the first layer."""
    try:
        found = [rounded(float(point.s)) for point in inst.variances.values()]
    except (DerivationGap, SpecError, PrecisionExhausted):
        source = inst.data.source
        found = [
            2 * (Fraction(1) if inst.data.normalize == "sphere" else source.second_moment(i)) for i in range(source.n)
        ]
    return next((s for s in found if s > 0), Fraction(2))


def study_cosines(inst: EquilibriumInstance) -> tuple[Fraction, ...]:
    """The smallest, the middle and the largest cosine among the pairs of the first inputs, rounded.

    Parallel pairs are left out; without any other pair, 1/2 stands in.
    """
    source = inst.data.source
    found = []
    for i, j in combinations(inst.data.nonzero_rows[:INPUTS], 2):
        root = math.sqrt(source.inner(i, i)) * math.sqrt(source.inner(j, j))
        found.append(rounded(float(source.inner(i, j)) / root))
    inside = sorted(x for x in found if abs(x) <= 1 - Fraction(1, 2**DIGITS))
    if not inside:
        return (Fraction(1, 2),)
    return tuple(dict.fromkeys((inside[0], inside[len(inside) // 2], inside[-1])))


def study_laws(inst: EquilibriumInstance) -> tuple[Law, ...]:
    """Laws of pairs: at the equilibrium's variance, and one with the first layer's beside it."""
    s, cosines = study_variance(inst), study_cosines(inst)
    laws = [Law(s, s, s * c, f"a = b = {float(s):.7g}, rho = {float(c):.7g}") for c in cosines]
    first = 2 * (Fraction(1) if inst.data.normalize == "sphere" else inst.data.source.second_moment(0))
    if first > 0 and first != s:
        c = cosines[0] * min(s, first)
        laws.append(Law(s, first, c, f"a = {float(s):.7g}, b = {float(first):.7g}, c = {float(c):.7g}"))
    return tuple(laws)


@dataclass(frozen=True, slots=True)
class Sides:
    """Enclosures of the two sides of a statement at one place."""

    text: str
    left: arb
    right: arb


def compared(name: str, sides: Iterable[Sides], *extra: EvidenceItem, method: str, quantity: str) -> Outcome:
    """REFUTED where the sides are disjoint; PROVED when the lemma holds and they meet everywhere; else UNKNOWN."""
    found = list(sides)
    worst = next(
        (x for x in found if x.left.is_finite() and x.right.is_finite() and not x.left.overlaps(x.right)), None
    )
    if worst is not None:
        item = enclosed(f"the two sides are disjoint at {worst.text}", left=worst.left, right=worst.right)
        return Outcome(Verdict.REFUTED, (item,), method=method)
    proof = lemma_evidence(name)
    if proof is None:
        return Outcome(Verdict.UNKNOWN, reason=f"a line of {name} did not pass its check", method=method)
    finite = [x for x in found if x.left.is_finite() and x.right.is_finite()]
    shown = tuple(enclosed(f"both sides at {x.text}", left=x.left, right=x.right) for x in finite)
    if not finite:
        reason = "no two sides were enclosed on this data, so that nothing was compared"
        return Outcome(Verdict.UNKNOWN, (proof, *extra), method=method, reason=reason)
    lower, upper = ends(finite[0].left)
    return Outcome(Verdict.PROVED, (proof, *extra, *shown), lower, upper, method=method, detail={"quantity": quantity})


def planted(sides: Iterable[Sides]) -> Outcome:
    """What a planted statement gets: REFUTED where its sides are disjoint, UNKNOWN otherwise; never PROVED."""
    for x in sides:
        if x.left.is_finite() and x.right.is_finite() and not x.left.overlaps(x.right):
            return Outcome(Verdict.REFUTED, (enclosed(f"disjoint at {x.text}", left=x.left, right=x.right),))
    return Outcome(Verdict.UNKNOWN, reason="the sides of the planted statement are not separated")


def within(lower: arb, upper: arb) -> arb:
    """A ball around everything from the lower end of one ball to the upper end of another."""
    return lower.union(upper)
