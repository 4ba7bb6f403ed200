r"""What a check compares, as data: two sides, each enclosed at one or more places, and how they are related.

Verdict, margin, sharpness and the statement slightly beside the truth follow from the data by one function each: a
check states its relations, and :func:`judge` concludes. Overlapping enclosures decide nothing. An equality of balls is
never proved by their overlap, which only fails to contradict an argument that proves it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import arb

from ...theory.errors import SpecError
from ...theory.verdict import Evidence, Verdict
from ..balls.ball import Ball
from ..balls.enclosure import Enclosure, float_above, float_below
from ..balls.ends import outward
from ..certificates.certificate import EvidenceItem, Proof
from .evidence import SLIGHTLY, lemma_evidence
from .registry import Outcome
from .trajectories import Bounds

Extended = Fraction | float
"""An exact number, or an infinite float."""
Number = Enclosure | arb | Fraction | int
Sides = Bounds | Number | Sequence[Number]
"""Bounds along a run, one number, or one at each place."""


class Sense(Enum):
    """How the left side is related to the right one."""

    AT_MOST = "<="
    BELOW = "<"
    EQUAL = "="


@dataclass(frozen=True, slots=True)
class Side:
    """The exact ends of the enclosures of one side, place by place, and its digits where there is one place.

    >>> Side.of(Fraction(1, 3)).shown, Side.of([arb(1), 2]).upper
    ('1/3', (Fraction(1, 1), Fraction(2, 1)))
    """

    lower: tuple[Extended, ...]
    upper: tuple[Extended, ...]
    shown: str = ""

    @classmethod
    def of(cls, given: Sides) -> Side:
        """From what a check has; a ball that is not finite says nothing."""
        match given:
            case Bounds():
                low, high = given.lower.tolist(), given.upper.tolist()
                shown = f"[{low[0]!r}, {high[0]!r}]" if len(low) == 1 else ""
                return cls(tuple(map(_exact, low)), tuple(map(_exact, high)), shown)
            case Enclosure():
                return cls((_exact(given.lower),), (_exact(given.upper),), str(given))
            case arb():
                ball = Ball(given)
                low, high = (ball.lower, ball.upper) if ball.finite else (-math.inf, math.inf)
                return cls((low,), (high,), str(ball))
            case Fraction() | int():
                return cls((Fraction(given),), (Fraction(given),), str(given))
            case _:
                parts = [cls.of(x) for x in given]
                if any(len(part.lower) != 1 for part in parts):
                    raise SpecError("a side of a relation: each place has one number.")
                shown = parts[0].shown if len(parts) == 1 else ""
                return cls(tuple(p.lower[0] for p in parts), tuple(p.upper[0] for p in parts), shown)

    def at(self, place: int) -> Side:
        """One place of it."""
        low, high = self.lower[place], self.upper[place]
        shown = self.shown if len(self.lower) == 1 else f"[{float_below(low)!r}, {float_above(high)!r}]"
        return Side((low,), (high,), shown)

    def stretched(self, length: int) -> Side:
        """One number, at every place."""
        return Side(self.lower * length, self.upper * length, self.shown) if len(self.lower) == 1 else self


@dataclass(frozen=True, eq=False)
class Relation:
    r"""``left <= right`` (or ``<``, or ``=``) at every place; build one with :meth:`of`.

    >>> print(Relation.of("a third", Fraction(1, 3), arb(1) / 2))
    a third: holds
    >>> falling = Bounds.exact([4.0, 2.0, 1.0])
    >>> print(Relation.of("loss", falling, Bounds.exact([4.0, 1.5, 2.0])))
    loss: false at recorded iterate 1
    >>> print(Relation.of("loss after the start", falling, Bounds.exact([4.0, 1.5, 2.0]), first=1))
    loss after the start: false at recorded iterate 2
    >>> Relation.of("pi", arb.pi(), arb.pi(), Sense.EQUAL).verdict.name
    'UNKNOWN'
    """

    text: str
    left: Side
    right: Side
    sense: Sense
    constants: Mapping[str, arb]
    place: str
    condition: bool = False
    first: int = 0

    @classmethod
    def of(
        cls,
        text: str,
        left: Sides,
        right: Sides,
        sense: Sense = Sense.AT_MOST,
        *,
        constants: Mapping[str, arb] | None = None,
        place: str = "recorded iterate",
        condition: bool = False,
        first: int = 0,
    ) -> Relation:
        """From both sides; one number stands for itself at every place of the other side.

        ``constants`` are those of the formula, by name; ``place`` says what the places are, ``first`` which number the
        first one has; a ``condition`` of the statement is no bound, so that nothing is said of its sharpness. Raises
        :class:`SpecError` for sides of different lengths.
        """
        one, other = Side.of(left), Side.of(right)
        count = max(len(one.lower), len(other.lower)) if one.lower and other.lower else 0
        one, other = one.stretched(count), other.stretched(count)
        if len(one.lower) != len(other.lower):
            raise SpecError(f"{text}: the two sides have {len(one.lower)} and {len(other.lower)} places.")
        return cls(text, one, other, sense, constants or {}, place, condition, first)

    @property
    def length(self) -> int:
        """At how many places the sides are compared."""
        return len(self.left.lower)

    @cached_property
    def _places(self) -> list[Verdict]:
        """The verdict at each place."""
        ends = zip(self.left.lower, self.left.upper, self.right.lower, self.right.upper, strict=True)
        match self.sense:
            case Sense.AT_MOST:
                return [_decided(b <= c and b < math.inf, a > d) for a, b, c, d in ends]
            case Sense.BELOW:
                return [_decided(b < c, a >= d) for a, b, c, d in ends]
            case Sense.EQUAL:
                return [_decided(a == b == c == d and _finite(a), b < c or d < a) for a, b, c, d in ends]

    @cached_property
    def verdict(self) -> Verdict:
        """REFUTED where one place is, PROVED where all are, UNKNOWN else; nothing is proved by no place."""
        found = self._places
        return _decided(bool(found) and all(v is Verdict.PROVED for v in found), Verdict.REFUTED in found)

    @property
    def index(self) -> int | None:
        """The first place where it is false, else the first where it is undecided, else None."""
        return self._places.index(self.verdict) if self._places and self.verdict is not Verdict.PROVED else None

    @property
    def iterates(self) -> int:
        """The same as :attr:`length`."""
        return self.length

    @property
    def compatible(self) -> bool:
        """Whether every place was enclosed and none contradicts: what an instance of a proved equality must show."""
        ends = zip(self.left.lower, self.left.upper, self.right.lower, self.right.upper, strict=True)
        return bool(self._places) and all(
            v is Verdict.PROVED or (self.sense is Sense.EQUAL and v is Verdict.UNKNOWN and all(map(math.isfinite, e)))
            for v, e in zip(self._places, ends, strict=True)
        )

    @cached_property
    def margin(self) -> float:
        """The least proved ``right - left`` over the places before :attr:`index`; -inf where none is known."""
        count = self.length if self.index is None else self.index
        pairs = list(zip(self.left.upper[:count], self.right.lower[:count], strict=True))
        if not pairs or not all(_finite(b) and _finite(c) for b, c in pairs):
            return -math.inf
        return float_below(min(c - b for b, c in pairs))

    @cached_property
    def sharpness(self) -> tuple[float, int]:
        """The largest proved ``left / right`` for positive sides, and its place; (0.0, 0) where none is known."""
        pairs = enumerate(zip(self.left.lower, self.right.upper, strict=True))
        shares = [(float_below(a / d), k) for k, (a, d) in pairs if a > 0 and d > 0 and _finite(d)]
        return max(shares, default=(0.0, 0), key=lambda share: share[0])

    @property
    def kept(self) -> tuple[float, float] | None:
        """Ends of ``left / right``: what is kept of the right side, 0 where the left side is not positive.

        Along a run at its last place, else at the place where both sides are nearest. None for an equality, for a
        condition, for the statement that something is positive, and where the right side may not be.

        >>> Relation.of("", [1, 2], [4, 4]).kept, Relation.of("", [1, 2], [4, 4], place="input").kept
        ((0.5, 0.5), (0.5, 0.5))
        >>> Relation.of("", -3, 4).kept, Relation.of("", 0, 4, Sense.BELOW).kept
        ((0.0, 0.0), None)
        """
        run = self.place == "recorded iterate" and self.length > 1
        ends = list(zip(self.left.lower, self.left.upper, self.right.lower, self.right.upper, strict=True))
        ends = ends[-1:] if run else ends
        if self.sense is Sense.EQUAL or self.condition or not ends:
            return None
        if not all(_finite(b) and c > 0 for _, b, c, _ in ends) or (
            self.sense is Sense.BELOW and all(a == b == 0 for a, b, _, _ in ends)
        ):
            return None
        shares = [
            (float_below(max(a, 0) / d) if _finite(a) and _finite(d) else 0.0, float_above(max(b, 0) / c))
            for a, b, c, d in ends
            if _finite(c)
        ]
        low, high = (max(ends) for ends in zip(*shares, strict=True)) if shares else (0.0, 0.0)
        return (low, high) if high < math.inf else None

    def moved(self) -> Relation:
        """The statement beside the truth: where both sides are nearest, the right one a relative 1e-9 below the left.

        For an equality the right side is moved by a relative 1e-9 (by 1e-9 where it is 0). Without a place that was
        enclosed, the relation itself.

        >>> [Relation.of("", 1, 2, sense).moved().verdict.name for sense in (Sense.AT_MOST, Sense.BELOW)]
        ['REFUTED', 'REFUTED']
        """
        known = [k for k in range(self.length) if _finite(self.left.lower[k]) and _finite(self.right.upper[k])]
        if not known:
            return self
        place = self.sharpness[1] if self.sharpness[0] > 0 else known[0]
        left, right = self.left.at(place), self.right.at(place)
        low, high = left.lower[0], right.upper[0]
        by = SLIGHTLY * (max(abs(Fraction(low)), abs(Fraction(high))) or 1)
        gap = -by if self.sense is Sense.EQUAL else high - low + by
        beside = Side((right.lower[0] - gap,), (high - gap,), f"{right.shown} less {float_above(gap)!r}")
        return replace(self, text=f"{self.text}, moved by 1e-9", left=left, right=beside)

    @property
    def _at(self) -> str:
        return f" at {self.place} {self.first + (self.index or 0)}" if self.length > 1 else ""

    def __str__(self) -> str:
        match self.verdict:
            case Verdict.PROVED:
                return f"{self.text}: holds" + (f" at each {self.place} ({self.length})" if self.length > 1 else "")
            case Verdict.REFUTED:
                return f"{self.text}: false{self._at}"
            case _ if not self.length:
                return f"{self.text}: nothing was compared"
            case _ if self.compatible:
                return f"{self.text}: the enclosures of both sides overlap"
            case _:
                return f"{self.text}: undecided{self._at}"

    def item(self) -> EvidenceItem:
        """The relation as evidence: both sides where there is one place, else what they show together."""
        exact = self.left.lower == self.left.upper and self.right.lower == self.right.upper
        sides = {"left": self.left.shown, "right": self.right.shown} if self.length == 1 else {}
        known = self.sense is not Sense.EQUAL and math.isfinite(self.margin)
        margin = {"margin": repr(self.margin)} if known else {}
        values = {**sides, **margin, **{k: str(Ball(x)) for k, x in self.constants.items()}}
        if self.length > 1 and not margin:
            values["largest difference"] = repr(self.difference)
        kind = Evidence.NOTE if not self.length else Evidence.EXACT if exact else Evidence.ENCLOSED
        return EvidenceItem(kind, str(self), values)

    @property
    def difference(self) -> float:
        """A proved upper bound of ``|right - left|`` over all places; inf where a side is not enclosed."""
        ends = zip(self.left.lower, self.left.upper, self.right.lower, self.right.upper, strict=True)
        pairs = [max(d - a, b - c) if all(map(_finite, (a, b, c, d))) else math.inf for a, b, c, d in ends]
        return max(map(float_above, pairs), default=math.inf)


def judge(
    relations: Iterable[Relation],
    *evidence: EvidenceItem,
    value: arb | Enclosure | Side | tuple[float, float] | None = None,
    argued: bool = False,
    theorem: bool = False,
    lemma: str | tuple[str, ...] = (),
    method: str = "",
    reason: str = "",
    margin: float | None = None,
    detail: dict[str, Any] | None = None,
    prover: Callable[[], Proof] | None = None,
    scope: str = "",
) -> Outcome:
    """The outcome of a check: REFUTED where a relation is, PROVED where all are, UNKNOWN else, and where there is none.

    With ``argued`` the ``evidence`` holds an argument that proves the statement, and equalities among the relations are
    its instances: they may not contradict it, and must have been enclosed. With ``theorem`` a theorem
    says of the instance what the relations show, and nothing was computed. ``lemma`` names the lemmas that are the
    argument: their lines are run, and one that does not pass leaves the statement undecided. ``value`` is the quantity
    that the claim is about, ``margin`` how far the claim is from being false where that is not the least margin of the
    relations; ``reason`` replaces the sentence of an undecided relation; ``scope`` says for what it was established,
    where that is not all that the instance knows.

    >>> judge([Relation.of("a third", Fraction(1, 3), arb(1) / 2)]).verdict.name, judge([]).reason
    ('PROVED', 'nothing was compared')
    """
    found = list(relations)
    cited = (lemma,) if isinstance(lemma, str) else lemma
    proof = lemma_evidence(*cited) if cited else None
    if cited and proof is None:
        reason = f"a line of {' or '.join(cited)} did not pass its check"
    false = [r for r in found if r.verdict is Verdict.REFUTED]
    met = [r for r in found if r.compatible if argued or cited or r.verdict is Verdict.PROVED]
    verdict = _decided(bool(found) and len(met) == len(found) and not (cited and proof is None), bool(false))
    first = min(false or [r for r in found if r not in met], key=lambda r: r.index or 0, default=None)
    lower, upper = (None, None) if value is None else _outward(value)
    margins = [r.margin for r in found if r.sense is not Sense.EQUAL and _finite(r.margin)]
    return Outcome(
        verdict,
        (*(() if proof is None else (proof,)), *evidence, *(r.item() for r in found)),
        lower,
        upper,
        (min(margins, default=None) if margin is None else margin) if verdict is Verdict.PROVED else None,
        method,
        "" if verdict is Verdict.PROVED else reason or (str(first) if first else "nothing was compared"),
        detail=detail or {},
        prover=prover,
        computed=() if theorem else tuple(false) or (() if argued else tuple(found)),
        symbolic=proof is not None and proof.values["symbolic"] == proof.values["lines"],
        scope=scope,
        sharpness=min((r.kept for r in found if r.kept), key=lambda kept: kept[1], default=None),
    )


def planted(relations: Iterable[Relation], *evidence: EvidenceItem) -> Outcome:
    """What a planted statement gets: REFUTED where one of its relations is false, UNKNOWN where none is decided.

    >>> planted([Relation.of("a half", arb(1) / 2, Fraction(1, 3))]).verdict.name
    'REFUTED'
    """
    return replace(judge(relations, *evidence), reason="a planted statement")


def each(relations: Iterable[Relation]) -> Outcome:
    """What several planted statements get: REFUTED where each of them is false, else what the first other one gets.

    >>> each([Relation.of("", 2, 1), Relation.of("", arb(2, 3), 1)]).verdict.name
    'UNKNOWN'
    """
    found = list(relations)
    outcomes = (planted([relation]) for relation in found)
    return next((outcome for outcome in outcomes if outcome.verdict is not Verdict.REFUTED), planted(found))


def _decided(proved: bool, refuted: bool) -> Verdict:
    return Verdict.REFUTED if refuted else Verdict.PROVED if proved else Verdict.UNKNOWN


def _exact(x: float) -> Extended:
    return Fraction(x) if math.isfinite(x) else x


def _finite(x: Extended) -> bool:
    return isinstance(x, Fraction) or math.isfinite(x)  # a fraction may be beyond the range of float64


def _outward(value: arb | Enclosure | Side | tuple[float, float]) -> tuple[float, float]:
    match value:
        case Side():
            return float_below(min(value.lower)), float_above(max(value.upper))
        case Enclosure():
            return value.lower, value.upper
        case arb():
            return outward(value)
        case _:
            return value
