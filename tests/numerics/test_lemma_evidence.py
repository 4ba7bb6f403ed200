"""A judgement that rests on a lemma: a failure here means that a failed line, or no instance at all, still proves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from flint import arb

from certigram.numerics.checks import evidence
from certigram.numerics.checks.evidence import figure, lemma_evidence, planted_tests
from certigram.numerics.checks.relation import Relation, Sense, Side, judge
from certigram.numerics.checks.trajectories import Bounds
from certigram.numerics.proof_lines.registry import CheckedLemma, outcome
from certigram.numerics.sampling.statistics import BinomialTest
from certigram.numerics.studies.curves import curves
from certigram.theory.claims.lemma import Lemma
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

MEET = Relation.of("both sides", arb(1), arb(1, 0.5), Sense.EQUAL)
APART = Relation.of("both sides", arb(1), arb(2), Sense.EQUAL)


def test_instances_of_a_lemma() -> None:
    """Overlapping sides are proved by the lemma alone, an inequality that is undecided is not, nothing is nothing."""
    assert judge([MEET]).verdict is Verdict.UNKNOWN
    found = judge([MEET], lemma="lemma.tangent-order")
    assert found.verdict is Verdict.PROVED
    assert "lemma.schur-order" in found.evidence[0].text  # with those that it uses
    assert judge([MEET, APART], lemma="lemma.khatri-rao").verdict is Verdict.REFUTED
    assert judge([replace(MEET, sense=Sense.AT_MOST)], lemma="lemma.khatri-rao").verdict is Verdict.UNKNOWN
    assert judge([], lemma="lemma.khatri-rao").verdict is Verdict.UNKNOWN


def test_a_failed_line_leaves_the_statement_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what the data refute stays refuted."""

    def broken(found: Lemma) -> CheckedLemma:
        lines = [(step, outcome(step.check)) for step in found.proof]
        step, last = lines[-1]
        return CheckedLemma(found, (*lines[:-1], (step, replace(last, passed=False))))

    monkeypatch.setattr(evidence, "check_lemma", broken)
    assert lemma_evidence("lemma.khatri-rao") is None
    found = judge([MEET], lemma="lemma.khatri-rao")
    assert found.verdict is Verdict.UNKNOWN
    assert found.reason == "a line of lemma.khatri-rao did not pass its check"
    assert judge([Relation.of("exact", 1, 1)], lemma="lemma.khatri-rao").verdict is Verdict.UNKNOWN
    assert judge([APART], lemma="lemma.khatri-rao").verdict is Verdict.REFUTED


def test_numbers_beyond_float64_are_compared() -> None:
    """Smoothness at tiny scales and wide outer layers have constants above 1e308: they are exact fractions here."""
    huge = 10**400
    assert judge([Relation.of("huge", 1, huge)]).verdict is Verdict.PROVED
    relation = Relation.of("huge", arb(10) ** 400, Fraction(huge) / 2)
    assert relation.verdict is Verdict.REFUTED
    assert Relation.of("huge", huge, 2 * huge).moved().verdict is Verdict.REFUTED
    assert judge([Relation.of("equal", huge, huge, Sense.EQUAL)]).verdict is Verdict.PROVED


def test_evidence_shows_a_margin_where_there_is_one() -> None:
    """An equality has none, and an undecided inequality has none that is known."""
    assert "margin" in Relation.of("less", 1, 2).item().values
    assert "margin" not in MEET.item().values
    assert "margin" not in replace(MEET, sense=Sense.AT_MOST).item().values


def test_each_place_of_a_side_has_one_number() -> None:
    """Bounds inside a sequence would lose all but their first place."""
    with pytest.raises(SpecError, match="one number"):
        Side.of([Bounds.exact([1, 5]), 2])  # type: ignore[list-item]  # what is refused


def test_a_side_is_numbers_of_any_kind() -> None:
    """Exact numbers and balls side by side; a value that is a side is the hull of its places."""
    side = Side.of([1, arb(2), arb("nan")])
    assert side.lower[:2] == (1, 2)
    assert side.upper[2] == float("inf")
    found = judge([Relation.of("at two places", [1, 3], [2, 4])], value=Side.of([1, 3]))
    assert (found.lower, found.upper) == (1.0, 3.0)


def test_figures_are_read_back_as_they_were_made() -> None:
    """Steps unless places are given; long curves are thinned with both ends kept."""
    found = curves({"figure": figure("t", ("a", [1.0, 2.0], "measured"), x=(32, 64), x_label="width")})
    assert found is not None
    assert (found.x.label, found.x.values, found.series[0].values) == ("width", (32.0, 64.0), (1.0, 2.0))
    long = curves({"figure": figure("t", ("a", [float(k) for k in range(1001)], "bound"), log=True)})
    assert long is not None
    assert long.log
    assert len(long.x.values) == 400
    for values in (long.x.values, long.series[0].values):
        assert (values[0], values[-1]) == (0.0, 1000.0)


def test_planted_statistics_are_rejected_by_any_of_their_tests() -> None:
    """One test that rejects is enough, whatever the others say."""
    never = BinomialTest("never", 0, 40, 0.99, "at-least", (0.5,))
    always = BinomialTest("always", 40, 40, 0.99, "at-least", (0.5,))
    assert planted_tests([always, never]).verdict is Verdict.INCONSISTENT
    assert planted_tests([always]).verdict is not Verdict.INCONSISTENT
