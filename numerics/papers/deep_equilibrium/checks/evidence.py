"""What the checks of deep equilibrium models share: points of the study, instances of lemmas, parts of trajectories."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from flint import arb

from .....theory.errors import DerivationGap, PrecisionExhausted, SpecError
from .....theory.verdict import Verdict
from ....balls.ends import between
from ....certificates.certificate import EvidenceItem
from ....checks.registry import Check, Outcome, control
from ....checks.relation import Relation, Sense, judge
from ....checks.trajectories import Bounds
from ..instance import EquilibriumInstance
from ..training.laboratory import contracts
from . import scope

BITS = 96
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
        found = [2 * norm for norm in inst.inputs.norms]
    return next((s for s in found if s > 0), Fraction(2))


def study_cosines(inst: EquilibriumInstance) -> tuple[Fraction, ...]:
    """The smallest, the middle and the largest cosine among the pairs of the first inputs, rounded.

    Parallel pairs are left out; without any other pair, 1/2 stands in.
    """
    source = inst.data.source
    found = []
    for i, j in combinations(inst.data.nonzero_rows[: scope.INPUTS], 2):
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
    first = 2 * inst.inputs.norms[0]
    if first > 0 and first != s:
        c = cosines[0] * min(s, first)
        laws.append(Law(s, first, c, f"a = {float(s):.7g}, b = {float(first):.7g}, c = {float(c):.7g}"))
    return tuple(laws)


def same(text: str, left: arb, right: arb) -> Relation:
    """Two enclosures of one number; ``text`` says where, and what they are."""
    return Relation.of(text, left, right, Sense.EQUAL)


def compared(lemma: str, sides: Iterable[Relation], *extra: EvidenceItem, method: str, quantity: str) -> Outcome:
    """Instances of a lemma, without those of which a side was not enclosed; the first left side is the value shown."""
    found = [r for r in sides if r.compatible or r.verdict is Verdict.REFUTED]
    value = found[0].left if found else None
    return judge(found, *extra, value=value, lemma=lemma, method=method, detail={"quantity": quantity})


def decided(relation: Relation) -> list[Relation]:
    """An instance of an inequality that a lemma proves: where the enclosures overlap it shows nothing."""
    return [] if relation.verdict is Verdict.UNKNOWN else [relation]


def after_start(b: Bounds) -> Bounds:
    """The iterates after the first, at which both sides of the theorem's inequalities are the same number."""
    return Bounds.of(b.lower[1:], b.upper[1:])


def first_ball(b: Bounds) -> arb:
    """The first bounds as a ball."""
    return between(arb(float(b.lower[0])), arb(float(b.upper[0])))


def training_control(method: str) -> Callable[[Check], Check]:
    """Register a control that trains: NOT_APPLICABLE where the weights do not contract, as the claim itself is."""

    def register(plant: Check) -> Check:
        def guarded(inst: EquilibriumInstance) -> Outcome:
            verdict, text = contracts(inst.training)
            if verdict is not Verdict.PROVED:
                return Outcome(Verdict.NOT_APPLICABLE, reason=text)
            return plant(inst)

        control(method)(guarded)
        return plant

    return register
