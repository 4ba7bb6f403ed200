"""Each constant of the two-layer theorems, made smaller in the code: the check of its claim must notice by itself.

A failure means that a wrong constant would be printed as a theorem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from flint import arb

from certigram.numerics.checks.registry import decide, find_control
from certigram.numerics.checks.relation import Relation
from certigram.numerics.papers.two_layer_logistic import gap as villani_gap
from certigram.numerics.papers.two_layer_logistic.bounds import LogisticBounds
from certigram.numerics.papers.two_layer_logistic.checks import stationary as villani_stationary
from certigram.numerics.papers.two_layer_logistic.checks.evidence import argued
from certigram.numerics.papers.two_layer_logistic.instance import TwoLayerInstance
from certigram.numerics.studies.data import load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.verdict import Verdict

SYSTEM = system("two-layer-logistic")
half, tenth, hundredth = Fraction(1, 2), Fraction(1, 10), Fraction(1, 100)


@cache
def _instance() -> TwoLayerInstance:
    study = Study("constants", (SYSTEM.name,), ("tanh",), load("digits", 6), {SYSTEM.name: {}})
    found = instance(SYSTEM.name, "tanh", study)
    assert isinstance(found, TwoLayerInstance)
    return found


def _verdict(slug: str) -> Verdict:
    return decide(SYSTEM.claim(f"{SYSTEM.name}.{slug}"), _instance())[0].verdict


def _scaled(name: str, factor: Fraction) -> property | Callable[..., arb]:
    """The property or method of the bounds times a factor."""
    original: Any = getattr(LogisticBounds, name)
    times = arb(factor.numerator) / factor.denominator
    if isinstance(original, property):
        assert original.fget is not None
        get = original.fget
        return property(lambda self: times * get(self))
    return lambda self, *arguments: times * original(self, *arguments)


PLANTED = [
    ("gradient", half, "gradient-bound"),
    ("gradient", Fraction(98, 100), "gradient-bound"),
    ("laplacian", half, "laplacian-bound"),
    ("laplacian", tenth, "laplacian-bound"),
    ("laplacian", Fraction(98, 100), "laplacian-bound"),
    ("smoothness", half, "smoothness"),
    ("smoothness", tenth, "smoothness"),
    ("convexity_threshold", half, "strong-convexity"),
    ("strong_convexity", half, "strong-convexity"),
    ("published_threshold", Fraction(4), "convex-case"),
    ("published_threshold", half, "convex-case"),
    ("radius", half, "radius"),
    ("radius", hundredth, "radius"),
    ("radius", Fraction(98, 100), "radius"),
    ("ceiling", half, "threshold-zero"),
    ("ceiling", Fraction(98, 100), "threshold-zero"),
    ("second_moment", Fraction(1, 4), "stationary-excess"),
    ("second_moment", Fraction(98, 100), "stationary-excess"),
    ("stationary_excess", half, "stationary-excess"),
    ("stationary_excess", Fraction(98, 100), "stationary-excess"),
    ("descent", Fraction(99, 100), "descent"),
]


@pytest.mark.parametrize(("name", "factor", "slug"), PLANTED)
def test_a_smaller_constant_is_refuted(name: str, factor: Fraction, slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is compared where it is nearly attained, so that no factor remains for an error."""
    monkeypatch.setattr(LogisticBounds, name, _scaled(name, factor))
    assert _verdict(slug) is Verdict.REFUTED


@pytest.mark.parametrize(("change", "slug"), [(arb(1), "growth"), (arb(100), "growth")])
def test_a_raised_growth_bound_is_refuted(change: arb, slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = LogisticBounds.growth
    monkeypatch.setattr(LogisticBounds, "growth", lambda self, norm, step: original(self, norm, step) + change)
    assert _verdict(slug) is Verdict.REFUTED


def test_half_the_exponent_of_holley_and_stroock_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    original = villani_stationary.holley_stroock
    monkeypatch.setattr(
        villani_stationary, "holley_stroock", lambda rate, osc, step, bits=128: original(rate, osc / 2, step, bits)
    )
    assert _verdict("holley-stroock") is Verdict.REFUTED


def test_half_the_oscillation_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    original = villani_stationary.oscillation
    monkeypatch.setattr(villani_stationary, "oscillation", lambda *arguments: original(*arguments) / 2)
    assert _verdict("holley-stroock") is Verdict.REFUTED


@pytest.mark.parametrize("factor", [half, Fraction(98, 100)])
def test_a_smaller_constant_than_pi_is_refuted(factor: Fraction, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the data term nearly vanishes the Gaussian integral is the partition function."""
    original = villani_stationary.log_partition_bound
    monkeypatch.setattr(
        villani_stationary,
        "log_partition_bound",
        lambda rate, parameters, step, bits=128: original(rate, parameters, step * factor**2, bits),
    )
    assert _verdict("partition-function") is Verdict.REFUTED


def test_a_gradient_next_to_zero_is_below_its_bound() -> None:
    """Where each unit is saturated, the ball around the squared norm of the gradient is partly below 0."""
    study = Study("saturated", (SYSTEM.name,), ("tanh",), load("digits", 3), {SYSTEM.name: {"width": Fraction(1)}})
    claim = SYSTEM.claim(f"{SYSTEM.name}.gradient-bound")
    assert decide(claim, instance(SYSTEM.name, "tanh", study))[0].verdict.favourable


@pytest.mark.parametrize(("name", "factor"), [("rayleigh_bound", half), ("gap_lower_bound", Fraction(2))])
def test_a_wrong_factor_of_either_end_of_the_gap_is_refuted(
    name: str, factor: Fraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    """s/4 in the place of s/2 above, s below: the ends are then in the wrong order."""
    original: Callable[..., arb | None] = getattr(villani_gap, name)
    times = arb(factor.numerator) / factor.denominator

    def planted(*arguments: object) -> arb | None:
        found = original(*arguments)
        return None if found is None else times * found

    monkeypatch.setattr(villani_gap, name, planted)
    claim = SYSTEM.claim(f"{SYSTEM.name}.gap-enclosure")
    assert decide(claim, replace(_instance()))[0].verdict is Verdict.REFUTED


@pytest.mark.parametrize("answer", [True, False])
def test_a_rule_for_initial_laws_that_always_says_the_same_is_refuted(
    answer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(villani_stationary, "admitted", lambda *arguments: answer)
    assert _verdict("initial-law") is Verdict.REFUTED


@pytest.mark.parametrize(
    "slug",
    ["second-derivative", "activation-constants", "derivatives", "gradient-bound", "laplacian-bound", "growth",
     "radius", "smoothness", "strong-convexity", "convex-case", "threshold-zero", "counterexample",
     "partition-function", "stationary-excess", "holley-stroock", "gap-enclosure", "initial-law"],
)  # fmt: skip
def test_true_constants_stay_proved_and_their_controls_do_not(slug: str) -> None:
    """The same machinery with nothing planted."""
    claim = SYSTEM.claim(f"{SYSTEM.name}.{slug}")
    assert _verdict(slug) is (Verdict.PROVED if claim.argument.mechanical else Verdict.ARGUED)
    assert find_control(claim.method)(_instance()).verdict is Verdict.REFUTED


def test_undecided_sides_are_unknown() -> None:
    """A bound that is not finite excludes nothing, and nothing follows from it."""
    for sides, verdict in (
        ((arb(1), arb("nan")), Verdict.UNKNOWN),
        ((arb(1), arb(2, 3)), Verdict.UNKNOWN),
        (([arb(1), arb(3)], [arb(2), arb(2)]), Verdict.REFUTED),
        ((arb(1), arb(2)), Verdict.PROVED),
    ):
        assert argued("villani", [Relation.of("planted", *sides)]).verdict is verdict
