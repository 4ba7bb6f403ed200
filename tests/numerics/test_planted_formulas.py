"""Errors planted in the formulas of equilibrium models and implicit networks: the records that ship notice each.

A bound that is made too small is REFUTED at the instance of its record. One that is made too large is no falsehood, but
not what is claimed: less is proved than the record says, and it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from typing import Any

import pytest
from flint import arb

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.enclosure import Enclosure
from certigram.numerics.checks.relation import Relation, Side
from certigram.numerics.checks.trajectories import Bounds
from certigram.numerics.falsify.bound import find_bound
from certigram.numerics.falsify.falsifier import falsify, replay
from certigram.numerics.falsify.shipped import shipped
from certigram.numerics.papers.deep_equilibrium.population.schur_bounds import LowerBounds
from certigram.numerics.papers.deep_equilibrium.population.variance import VarianceFixedPoint
from certigram.numerics.papers.deep_equilibrium.sharpness import models
from certigram.numerics.papers.deep_equilibrium.zero_output.theorem import Descent as ZeroOutputDescent
from certigram.numerics.papers.implicit_relu import convergence
from certigram.numerics.papers.implicit_relu.network import Network
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

ROOMS = "certigram.numerics.papers"
GENERAL, RELU, IMPLICIT = "deq-general", "deq-relu", "implicit-relu"
POPULATION, TRAINING = "deep_equilibrium.sharpness.population", "deep_equilibrium.sharpness.training"
CONSTANTS = "deep_equilibrium.training.explicit_constants"
FEATURES = "implicit_relu.sharpness.features"
Plant = Callable[[pytest.MonkeyPatch], None]


def function(module: str, name: str, change: Callable[[Any], Any]) -> Plant:
    """A function of a formula, its value changed where the bound calls it."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        place = import_module(f"{ROOMS}.{module}")
        true = getattr(place, name)
        patch.setattr(place, name, lambda *given, **more: change(true(*given, **more)))

    return plant


def instead(owner: str | type, name: str, planted: object) -> Plant:
    """Another value, function or method in the place of the true one."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(import_module(f"{ROOMS}.{owner}") if isinstance(owner, str) else owner, name, planted)

    return plant


def method(owner: type, name: str, change: Callable[[Any], Any]) -> Plant:
    """A method or property of a formula, its value changed."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        true = owner.__dict__[name]
        if isinstance(true, property):
            get = true.fget
            assert get is not None
            patch.setattr(owner, name, property(lambda self: change(get(self))))
        else:
            patch.setattr(owner, name, lambda *given, **more: change(true(*given, **more)))

    return plant


def times(factor: str) -> Callable[[Any], Any]:
    """Multiply a number, an enclosure or bounds."""

    def change(x: Any) -> Any:
        if isinstance(x, Enclosure):
            return replace(x, lower=x.lower * float(Fraction(factor)), upper=x.upper * float(Fraction(factor)))
        if isinstance(x, Bounds):
            return Bounds.of(x.lower * float(Fraction(factor)), x.upper * float(Fraction(factor)))
        return x * enclose(Fraction(factor))

    return change


def field(name: str, factor: str) -> Callable[[Any], Any]:
    """Multiply one field of a result."""
    return lambda found: replace(found, **{name: times(factor)(getattr(found, name))})


def width(name: str, value: int) -> Plant:
    """Another width in the place of the one that keeps a weight near its start."""
    return lambda patch: patch.setitem(convergence.DISPLACEMENTS, name, value)


def shifted(by: int) -> Callable[[Relation], Relation]:
    """The rate of output training to the power k + ``by`` in the place of k."""

    def change(found: Relation) -> Relation:
        ends = []
        for side in (found.right.lower, found.right.upper):
            factor = side[1] / side[0]
            ends.append(tuple(x * factor**by for x in side))
        return replace(found, right=Side(*ends))

    return change


def _with_sign(slopes: Any, weight: arb) -> Any:
    return slopes / (1 + weight * slopes)


GAP, STEPS = Network.over_gap, Network.picard_bound
TOO_SMALL: dict[str, tuple[str, Plant]] = {
    "a priori bound over ten": (f"{GENERAL}.variance-bound", function(POPULATION, "a_priori_bound", times("1/10"))),
    "a priori bound, ReLU": (f"{RELU}.variance-bound", function(POPULATION, "a_priori_bound", times("3/4"))),
    "rate of T": (f"{GENERAL}.variance-contraction", function(POPULATION, "contraction_squared", times("99/100"))),
    "rate in Banach's bound": (
        f"{GENERAL}.variance-contraction/posterior",
        function(POPULATION, "contraction_squared", times("99/100")),
    ),
    "rate of M": (f"{GENERAL}.correlation-contraction", function(POPULATION, "contraction_squared", times("99/100"))),
    "s/2 for 2/s in P": (f"{GENERAL}.psd-order", method(VarianceFixedPoint, "input_share", lambda x: 1 / x)),
    "the root of 2/s in P": (f"{GENERAL}.psd-order", method(VarianceFixedPoint, "input_share", lambda x: x.sqrt())),
    "s/2 for 2/s in LB_X": (f"{GENERAL}.lower-bound-schur", method(VarianceFixedPoint, "input_share", lambda x: 1 / x)),
    "(2/s)^(r/2) in LB_X": (
        f"{GENERAL}.lower-bound-schur",
        method(VarianceFixedPoint, "input_share", lambda x: x.sqrt()),
    ),
    "(2/s)^(r/2) in LB_G": (
        f"{GENERAL}.lower-bound-gershgorin",
        method(VarianceFixedPoint, "input_share", lambda x: x.sqrt()),
    ),
    "(2/s)^(r/2) in the simple form": (
        f"{GENERAL}.lower-bound-gershgorin/simple",
        method(VarianceFixedPoint, "input_share", lambda x: x.sqrt()),
    ),
    "r_0 - 1 in the simple form": (
        f"{GENERAL}.lower-bound-gershgorin/simple",
        function("deep_equilibrium.population.schur_bounds", "gershgorin_order", lambda r: r - 1),
    ),
    "the weights of LB_P": (
        f"{GENERAL}.lower-bound-correlation",
        method(LowerBounds, "_weights", lambda x: ([times("101/100")(w) for w in x[0]], x[1])),
    ),
    "the eigenvalue of LB_F": (
        f"{GENERAL}.lower-bound-series",
        function("deep_equilibrium.population.schur_bounds", "least_eigenvalue", times("101/100")),
    ),
    "1 + w Gamma in the tangent kernel": (
        f"{GENERAL}.tangent-order",
        instead("deep_equilibrium.population.tangent", "resolved", _with_sign),
    ),
    "1 - w/2 for 1 - w": (
        f"{GENERAL}.relative-concentration",
        instead(POPULATION, "concentrated", lambda star, w: times(str(1 - w / 2))(star)),
    ),
    "Mehler's tail": (f"{GENERAL}.mehler", function(POPULATION, "mehler_tail", times("99/100"))),
    "the rate of descent": (
        f"{GENERAL}.zero-output-descent",
        method(ZeroOutputDescent, "rate", times("3/2")),
    ),
    "theta of the distance": (
        f"{GENERAL}.bures-contraction",
        function("deep_equilibrium.sharpness.bures", "contraction_squared", times("99/100")),
    ),
    "theta^l": (f"{GENERAL}.picard-rate", function(TRAINING, "geometric_bound", times("99/100"))),
    "1 for 1 - 1/sqrt 2": (
        f"{GENERAL}.gradient-descent/spectrum",
        instead(CONSTANTS, "lost_share", lambda: arb(1)),
    ),
    "0.35 for 1 - 1/sqrt 2": (
        f"{GENERAL}.gradient-descent/spectrum",
        instead(CONSTANTS, "lost_share", lambda: arb(7) / 20),
    ),
    "the left side of (H2')": (
        f"{GENERAL}.gradient-descent/spectrum",
        function(TRAINING, "explicit_constants", field("gap", "99/100")),
    ),
    "the distance of an equilibrium": (
        f"{GENERAL}.gradient-descent/perturbation",
        function(TRAINING, "explicit_constants", field("gap", "99/100")),
    ),
    "L_F^2": (
        f"{GENERAL}.gradient-descent/jacobian",
        function(TRAINING, "explicit_constants", field("smoothness", "99/100")),
    ),
    "beta": (f"{GENERAL}.gradient-descent/bend", function(TRAINING, "explicit_constants", field("smoothness", "3/5"))),
    "the radius of the flow": (
        f"{GENERAL}.gradient-flow",
        function(TRAINING, "explicit_constants", field("radius", "99/100")),
    ),
    "the radius of descent": (
        f"{GENERAL}.gradient-descent",
        function(TRAINING, "explicit_constants", field("radius", "49/100")),
    ),
    "twice the rate of descent": (
        f"{GENERAL}.descent-rate",
        function("deep_equilibrium.checks.training", "half_rate", times("2")),
    ),
    "the bias": (f"{GENERAL}.width-bias", function("deep_equilibrium.width.bias", "recursion", times("999/1000"))),
    "the spread": (f"{GENERAL}.width-gram", function("deep_equilibrium.sharpness.width", "spread", times("7/10"))),
    "1 + a in |z|": (f"{IMPLICIT}.equilibrium", instead(Network, "over_gap", lambda *x: GAP(*x, 1))),
    "1 + a in |z_i - z_j|": (
        f"{IMPLICIT}.equilibrium/difference",
        instead(Network, "over_gap", lambda *x: GAP(*x, 1)),
    ),
    "1 + a in the resolvent": (f"{IMPLICIT}.resolvent", instead(Network, "over_gap", lambda *x: GAP(*x, 1))),
    "a^(l+1)": (
        f"{IMPLICIT}.equilibrium/picard",
        instead(Network, "picard_bound", lambda self, start, steps: STEPS(self, start, steps + 1)),
    ),
    "the Lipschitz bound": (f"{IMPLICIT}.feature-lipschitz", function(FEATURES, "feature_bound", times("99/100"))),
    "kappa": (
        f"{IMPLICIT}.feature-stability",
        function("implicit_relu.convergence", "kappa", times("101/100")),
    ),
    "the constant of the width": (
        f"{IMPLICIT}.width-constant",
        function("implicit_relu.convergence", "kappa", times("9998/10000")),
    ),
    "the features in the tangent kernel": (
        f"{IMPLICIT}.tangent-order",
        function("implicit_relu.sharpness.networks", "least_feature_eigenvalue", times("4/3")),
    ),
    "15 for 16, u": (f"{IMPLICIT}.gradient-flow/u", width("u", 15)),
    "15 for 16, v": (f"{IMPLICIT}.gradient-flow/v", width("v", 15)),
    "60 for 64, W": (f"{IMPLICIT}.gradient-flow/W", width("W", 60)),
    "15 for 16, A": (f"{IMPLICIT}.gradient-flow/A", width("A", 15)),
    "the power k + 1": (f"{IMPLICIT}.output-training", function(FEATURES, "rate_relation", shifted(1))),
    "eta lambda_0": (f"{IMPLICIT}.gradient-descent", function(FEATURES, "half_rate", times("2"))),
    "the sum of Hermite bounds": (
        f"{IMPLICIT}.hermite-bound",
        function(FEATURES, "hermite_bound", field("summed", "2")),
    ),
    "one Hermite bound": (
        f"{IMPLICIT}.hermite-bound/single",
        function(FEATURES, "hermite_bound", field("single", "5/2")),
    ),
    "the simple Hermite bound": (
        f"{IMPLICIT}.hermite-bound/simple",
        function(FEATURES, "hermite_bound", field("simple", "7/2")),
    ),
    "99/100 of K": (
        f"{IMPLICIT}.small-output-descent/inputs",
        function("implicit_relu.sharpness.descent", "constants", field("coupling", "99/100")),
    ),
    "99/100 of K, W frozen": (
        f"{IMPLICIT}.small-output-descent/recurrent",
        function("implicit_relu.sharpness.descent", "constants", field("coupling", "99/100")),
    ),
    "Bernstein's exponent": (
        f"{IMPLICIT}.concentration",
        function(FEATURES, "deviation_at", lambda t: t / 20),
    ),
}
"""What is planted, the bound, and how: each makes the bound false at the instance of the record."""

TOO_LARGE: dict[str, tuple[str, Plant]] = {
    "eta lambda_0/20 for eta lambda_0/2": (
        f"{GENERAL}.descent-rate",
        function("deep_equilibrium.checks.training", "half_rate", times("1/10")),
    ),
    "eta lambda_0/20 for eta lambda_0/2, implicit": (
        f"{IMPLICIT}.gradient-descent",
        function(FEATURES, "half_rate", times("1/10")),
    ),
    "a larger bias": (
        f"{GENERAL}.width-bias",
        function("deep_equilibrium.width.bias", "recursion", times("1001/1000")),
    ),
    "a larger spread": (f"{GENERAL}.width-gram", function("deep_equilibrium.sharpness.width", "spread", times("3/2"))),
    "the power k - 1 for k": (f"{IMPLICIT}.output-training", function(FEATURES, "rate_relation", shifted(-1))),
    "a^(l-1) for a^l": (
        f"{IMPLICIT}.equilibrium/picard",
        instead(Network, "picard_bound", lambda self, start, steps: STEPS(self, start, steps - 1)),
    ),
    "ten times the a priori bound": (
        f"{GENERAL}.variance-bound",
        function(POPULATION, "a_priori_bound", times("10")),
    ),
    "twice theta^2 of the distance": (
        f"{GENERAL}.bures-contraction",
        function("deep_equilibrium.sharpness.bures", "contraction_squared", times("2")),
    ),
    "0.2 for 1 - 1/sqrt 2": (
        f"{GENERAL}.gradient-descent/spectrum",
        instead(CONSTANTS, "lost_share", lambda: arb(1) / 5),
    ),
    "the radius of descent for the flow": (
        f"{GENERAL}.gradient-flow",
        function(TRAINING, "explicit_constants", field("radius", "2")),
    ),
    "s/2 for 2/s in LB_G, where the rest of the series has no bound then": (
        f"{GENERAL}.lower-bound-gershgorin",
        method(VarianceFixedPoint, "input_share", lambda x: 1 / x),
    ),
    "half of kappa": (f"{IMPLICIT}.feature-stability", function("implicit_relu.convergence", "kappa", times("1/2"))),
}
"""The same for what is true and weaker than what is claimed, or where nothing is proved any more."""


@pytest.fixture(autouse=True)
def _fresh_kernels() -> Iterator[None]:
    """Kernels are kept by activation and variance; a planted one is not to be kept, nor a true one to be found."""
    models.model.cache_clear()
    yield
    models.model.cache_clear()


@pytest.mark.parametrize("what", list(TOO_SMALL))
def test_a_bound_that_is_too_small_is_refuted_by_its_record(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, plant = TOO_SMALL[what]
    plant(monkeypatch)
    assert replay(find_bound(name), shipped()[name]).verdict is Verdict.REFUTED


@pytest.mark.parametrize("what", list(TOO_LARGE))
def test_a_bound_that_is_too_large_proves_less_than_its_record(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, plant = TOO_LARGE[what]
    plant(monkeypatch)
    with pytest.raises(SpecError, match="the record states"):
        replay(find_bound(name), shipped()[name])


def test_every_record_of_these_papers_notices_an_error() -> None:
    papers = (GENERAL, RELU, IMPLICIT)
    known = {name for name in shipped() if name.partition(".")[0] in papers}
    assert known == {name for name, _ in TOO_SMALL.values()}


@pytest.mark.parametrize(
    "what", ["a priori bound over ten", "(2/s)^(r/2) in LB_X", "0.35 for 1 - 1/sqrt 2", "15 for 16, u", "kappa"]
)
def test_a_search_without_a_record_refutes_it_too(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, plant = TOO_SMALL[what]
    plant(monkeypatch)
    found = falsify(find_bound(name), seed=11, evaluations=600)
    assert found.verdict is Verdict.REFUTED
    assert (found.sharpness or 0) > 1
