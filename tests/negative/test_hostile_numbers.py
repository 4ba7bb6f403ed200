"""A failure here means that a number of extreme size, or a table with holes, ends in a crash or a wrong statement."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from flint import arb

import certigram as cg
from certigram.numerics.balls.ball import Ball
from certigram.numerics.balls.ends import upper_float
from certigram.numerics.checks.registry import decide
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.spec import build_study
from certigram.theory.claims.system import system

THREE_POINTS = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]


def test_a_number_too_small_for_a_fraction_is_still_compared_and_printed() -> None:
    tiny = cg.activation("cos").dual("1e18", "1e18", "0")
    assert (tiny < 1) is cg.Verdict.PROVED
    assert (tiny > 0) is cg.Verdict.PROVED
    assert not tiny.contains(0)
    assert not tiny.contains("1e-300")
    assert tiny.contains(tiny)
    assert "e-434294481903251828" in str(tiny)
    with pytest.raises(cg.PrecisionExhausted, match="too long for an exact fraction"):
        _ = tiny.lower


def test_upper_float_is_an_upper_bound_beyond_the_range_of_float64() -> None:
    for exponent in (-(10**15), -2000, -1101, -1074, -1022, 0, 1023):
        ball = arb((1, exponent))
        assert upper_float(ball) > 0
        assert not arb(upper_float(ball)) < ball
        assert not arb(upper_float(-ball)) < -ball


@pytest.mark.parametrize("frequency", ["100000", "3000000000"])
def test_coefficients_of_size_exp_of_minus_a_trillion(frequency: str) -> None:
    """phi = cos(kx)/k is 1-Lipschitz, mu_0 = exp(-k^2 s/2)/k; K is nearly q times the identity, 2qk^2 = 1."""
    K = cg.population_gram("deq-general", THREE_POINTS, activation=f"cos({frequency}*x)/{frequency}")
    q = Fraction(1, 2 * int(frequency) ** 2)
    found = cg.least_eigenvalue(K)
    assert found.lower > 0
    assert abs(Fraction(found.lower) / q - 1) < Fraction(1, 10**5)
    assert Fraction(found.upper) <= q * (1 + Fraction(1, 10**12))


def test_a_huge_constant_is_refused_and_not_a_crash() -> None:
    with pytest.raises(cg.CertigramError, match="told apart from 1"):
        cg.population_gram("deq-general", THREE_POINTS, activation="tanh(x) + 10**30")


def test_masked_entries_are_not_read_as_numbers() -> None:
    table = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, True], [False, False]])
    with pytest.raises(cg.SpecError, match="masked"):
        cg.population_gram("deq-general", table, activation="tanh")


def test_not_finite_balls_say_nothing() -> None:
    for ball in (Ball(arb("nan")), Ball(arb(0, "inf"))):
        for verdict in (ball < 0, ball <= 0, ball > 0, ball >= 0):
            assert verdict is cg.Verdict.UNKNOWN
        assert ball.contains("1e300")
        assert ball.overlaps(Ball.exactly(1))


@pytest.mark.parametrize("text", ["Max(x, log(sign(x)))", "Min(1, log(Heaviside(x) - 2))"])
def test_comparisons_of_complex_constants_are_left_open(text: str) -> None:
    """log(sign(x)) is log(-1) for x < 0; the activation exists as a text, but nothing is claimed about it."""
    phi = cg.activation(text)
    with pytest.raises(cg.CertigramError):
        phi.hermite(2)


HOSTILE = ("1e200", "1e308", "1e-200", "1e-308", "1e400", "-1", "-1e200", "0", "1/3", "1000000000")
ALLOWED = {
    "sigma_w2": {"1e-200", "1e-308", "0", "1/3"},
    **{
        name: {"1/3", "1000000000"}
        for name in ("gamma", "step", "scale", "embedding", "initial_variance", "noise", "epsilon")
    },
    **{
        name: {"1000000000"} for name in ("training_points", "training_steps", "points", "iterations", "steps", "batch")
    },
    "regularisation": {"0", "1/3", "1000000000"},
    "outer": {"-1", "1/3", "1000000000"},
    "output_init": {"0", "1/3", "1000000000"},
    "delta": {"1e-200", "1e-308", "1/3"},
    **{f"{of}.delta": {"1e-200"} for of in ("deq-general", "deq-relu")},
    "level": {"0", "-1", "1/3", "1000000000"},
}
"""Which of these numbers are values of a parameter; all others are refused in one sentence."""


@pytest.mark.parametrize(
    ("system_name", "name"), [(s.name, p.name) for s in cg.systems().values() for p in s.parameters], ids=str
)
def test_parameters_of_extreme_size_are_admitted_or_refused_in_a_sentence(system_name: str, name: str) -> None:
    """Nothing is computed with a number that no network has: the sentence names the parameter and what it may be."""
    whole = _study()
    for text in HOSTILE:
        study = replace(whole, parameters={system_name: {name: Fraction(text)}})
        if text in ALLOWED.get(f"{system_name}.{name}", ALLOWED.get(name, ())):
            instance(system_name, study.subjects(system_name)[0], study).admit()
            continue
        with pytest.raises(cg.SpecError) as refused:
            instance(system_name, study.subjects(system_name)[0], study).admit()
        sentence = str(refused.value)
        assert name in sentence or "scale" in sentence
        assert len(sentence) < 500


@cache
def _study() -> Study:
    return build_study({"study": {"systems": list(cg.systems())}, "data": {"n": 3}})


@pytest.mark.parametrize(("name", "value"), [("step", "1e30"), ("gamma", "1e30")])
def test_an_implicit_network_that_leaves_float64_is_no_error(name: str, value: str) -> None:
    """What is not finite is a bound that says nothing; the contraction is refuted all the same."""
    parameters = {"width": 16, "training_points": 2, "steps": 3, name: value}
    study = build_study(
        {"study": {"systems": ["implicit-relu"]}, "data": {"n": 2}, "parameters": {"implicit-relu": parameters}}
    )
    model = instance("implicit-relu", "relu", study)
    claim = system("implicit-relu").claim("implicit-relu.gradient-descent")
    assert decide(claim, model)[0].verdict is cg.Verdict.REFUTED


def test_weights_that_float32_rounds_to_zero_are_no_sample() -> None:
    """A limit of ||W|| that is not zero was INCONSISTENT with weights that are."""
    parameters = {"deq-relu": {"sigma_w2": "1e-200"}}
    sampling = {"widths": [2, 3, 4], "seeds": 2}
    document = {"study": {"systems": ["deq-relu"]}, "data": {"n": 2}, "parameters": parameters}
    study = build_study({**document, "finite-width": sampling})
    with pytest.raises(cg.SpecError, match=r"sigma_w2 = 1e-200: the weights of sampled networks are float32"):
        _ = instance("deq-relu", "relu", study).network_inputs  # type: ignore[attr-defined]  # of equilibrium models
