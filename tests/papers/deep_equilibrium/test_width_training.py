"""A failure here means that wide random networks are said to train at a width where the proof does not reach.

The widths are those of docs/papers/deep_equilibrium/width.md; the theorem's inequalities are evaluated once more in
float64 from the printed formulas, beside the width and at half of it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from flint import arb, fmpq, fmpq_mat

from certigram.numerics.checks.registry import decide, find_control
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.checks import bures
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.width.end_to_end import EndToEnd, certified_training, end_to_end
from certigram.numerics.proof_lines.draws import inner
from certigram.numerics.proof_lines.instances import hadamard
from certigram.numerics.studies.data import DataSet
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import systems
from certigram.theory.verdict import Argument, Verdict


@cache
def model(system: str, name: str) -> EquilibriumInstance:
    two = DataSet(points(np.eye(2) * 2**0.5), None, "two orthogonal inputs")
    found = instance(system, name, Study("two", (system,), (name,), two))
    assert isinstance(found, EquilibriumInstance)
    return found


@cache
def training(system: str, name: str, flow: bool) -> EndToEnd | None:
    return certified_training(model(system, name).widths.setting, arb(1), 2, flow=flow)


WIDTHS = {
    ("deq-general", "tanh", False): 1.67e5,
    ("deq-general", "tanh", True): 6.6e4,
    ("deq-general", "sigmoid", False): 3.84e4,
    ("deq-general", "erf", False): 4.1e5,
    ("deq-general", "gelu", False): 6.5e5,
    ("deq-relu", "relu", True): 2.7e5,
}


def test_descent_is_not_said_without_a_lipschitz_derivative() -> None:
    """The event, (H1) and (H2') hold for ReLU too, but there is no step of (H3)."""
    assert training("deq-relu", "relu", False) is None


@pytest.mark.parametrize(("system", "name", "flow"), sorted(WIDTHS))
def test_the_width_of_training(system: str, name: str, flow: bool) -> None:
    """At most the stated width; both hypotheses hold there by the printed formulas, and one fails at half of it."""
    found = training(system, name, flow)
    assert found is not None
    assert WIDTHS[system, name, flow] / 1.1 < found.width <= WIDTHS[system, name, flow]
    setting, eta = model(system, name).widths.setting, float(found.event.eta)
    t = math.sqrt(2 * math.log(120))
    norm, least = float(setting.gram_norm), float(setting.least)

    def conditions(m: int, a: float) -> tuple[float, float]:
        """L rho_w, and the left side of (ii) over the right side."""
        error = math.sqrt(2) + math.sqrt((1 + eta) * float(setting.trace)) + t * math.sqrt((1 + eta) * norm)
        below = (1 - eta) * m * least
        radius = (1 if flow else 2) * math.sqrt(2) * error / math.sqrt(below)
        lip = float(setting.phi.lipschitz)
        near = a + lip * radius
        reach = math.sqrt((1 + eta) * m * norm + 2 * float(setting.input_norm))
        return near, lip / (1 - near) * reach * radius / ((1 - math.sqrt(0.5)) * math.sqrt(below))

    near, gap = conditions(found.width, float(found.event.a))
    assert near < 1
    assert gap <= 1
    assert abs(gap - float(found.constants.gap)) < 1e-6 * gap
    assert found.event.failure <= arb(1) / 40
    halved = end_to_end(setting, arb(1), 2, found.width // 2, found.event.eta, flow=flow)
    assert halved is None
    wider = end_to_end(setting, arb(1), 2, 16 * found.width, found.event.eta, flow=flow)
    assert wider is not None
    assert wider.constants.radius < found.constants.radius


def test_training_asks_for_half_of_delta_and_more_for_larger_labels() -> None:
    """The event has half of delta; labels ten times as large need a larger width, and none is found for absurd ones."""
    setting = model("deq-general", "tanh").widths.setting
    found, far = training("deq-general", "tanh", False), certified_training(setting, arb(10), 2, flow=False)
    assert found is not None
    assert far is not None
    assert far.width > 2 * found.width
    assert certified_training(setting, arb(10) ** 30, 2, flow=True) is None


@pytest.mark.parametrize(("system", "name"), [("deq-general", "tanh"), ("deq-relu", "relu")])
def test_the_claims_and_their_controls(system: str, name: str) -> None:
    """Written arguments over enclosed values; descent asks for a second derivative; each control is refuted."""
    inst = model(system, name)
    for slug in ("bures-contraction", "width-descent", "width-flow"):
        certificate, _ = decide(systems()[system].claim(f"{system}.{slug}"), inst)
        none = slug == "width-descent" and name == "relu"
        assert certificate.verdict is (Verdict.NOT_APPLICABLE if none else Verdict.ARGUED), slug
        assert none or certificate.argument is Argument.WRITTEN
        assert find_control(f"deq-{slug}")(inst).verdict is Verdict.REFUTED


@pytest.mark.parametrize(("system", "name"), [("deq-general", "x"), ("deq-general", "tanh"), ("deq-relu", "relu")])
def test_the_rate_of_the_correlations_is_no_rate_of_the_distance(system: str, name: str) -> None:
    """theta^2 in the place of theta is false where the inputs are small; for relu theta is sigma_w, not L."""
    inst = model(system, name)
    theta = inst.contraction2.sqrt()
    inputs = Fraction(1, 64), Fraction(1, 64), Fraction(0)
    g, h = (Fraction(1), Fraction(1), Fraction(0)), (Fraction(2), Fraction(1, 2), Fraction(-1, 4))
    left, right = bures.contraction_sides(inst.activation, inst.sigma_w2, theta, inputs, g, h, 96)
    assert left <= right
    assert left > theta * right
    assert name != "relu" or abs(theta - arb(1) / 4) < arb("1e-15")


@pytest.mark.parametrize("n", [2, 4, 10])
def test_slopes_may_conspire_against_a_direction_that_the_inputs_do_not_have(n: int) -> None:
    """v is orthogonal to the common part, and a quarter of |Sigma| |v|^2 is reached nevertheless."""
    v = fmpq_mat(n, 1, [1] * (n // 2) + [-1] * (n // 2))
    sigma = fmpq_mat(n, n, [fmpq(3)] * n * n)
    slopes = fmpq_mat(n, 1, [1] * (n // 2) + [0] * (n // 2))
    assert inner(v, sigma * v) == 0
    assert inner(v, hadamard(sigma, slopes * slopes.transpose()) * v) == fmpq(1, 4) * (3 * n) * inner(v, v)


def test_delta_is_that_of_the_setting() -> None:
    """A smaller delta asks for a larger width."""
    setting = model("deq-general", "sigmoid").widths.setting
    small = certified_training(replace(setting, delta=Fraction(1, 10**6)), arb(1), 2, flow=False)
    usual = training("deq-general", "sigmoid", False)
    assert small is not None
    assert usual is not None
    assert small.width > usual.width
