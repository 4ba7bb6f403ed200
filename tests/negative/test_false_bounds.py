"""False statements near the true ones, in their structure and not in a digit: the falsifier refutes each by itself.

A failure here means that a theorem of this wrong form would have been found sharp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flint import arb

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.falsify.bound import Sides, find_bound
from certigram.numerics.falsify.domain import Instance
from certigram.numerics.falsify.falsifier import falsify
from certigram.numerics.papers.resnet_rkhs.sharpness.networks import kernel_of, separation_squared
from certigram.numerics.papers.two_layer_logistic.sharpness.networks import bounds_of
from certigram.theory.verdict import Verdict

Change = Callable[[Instance, arb, arb], Sides]


def _largest_weight(instance: Instance, left: arb, right: arb) -> Sides:
    """The largest outer weight in place of the sum of their moduli."""
    bounds = bounds_of(instance)
    bend = bounds.norm_squared * bounds.bend
    return left, right - bend * enclose(bounds.outer.one) + bend * enclose(bounds.outer.infinity)


def _without_squares(instance: Instance, left: arb, right: arb) -> Sides:
    """Without the term with the squares of the outer weights."""
    return left, right - bounds_of(instance).slope ** 2 * bounds_of(instance).norm_squared * enclose(
        bounds_of(instance).outer.two_squared / 4
    )


def _no_noise(instance: Instance, left: arb, right: arb) -> Sides:
    """The radius G/λ of the minimisers in place of that of the law."""
    bounds = bounds_of(instance)
    return left, (bounds.gradient / enclose(bounds.regularisation)) ** 2


def _line(instance: Instance, left: arb, right: arb) -> Sides:
    """1 + κ₁R in place of its exponential."""
    return left, 1 + right.log()


def _one_disc_less(instance: Instance, left: arb, right: arb) -> Sides:
    """N − 2 neighbours in place of N − 1."""
    return left + kernel_of(instance).value(enclose(separation_squared(instance))), right


def _one_point_less(instance: Instance, left: arb, right: arb) -> Sides:
    """N − 1 in place of N in the bound of a norm by entries."""
    n = instance.sizes["n"]
    return left, right * (n - 1) / n - right / 16


FALSE: dict[str, tuple[str, Change]] = {
    "largest outer weight": ("two-layer-logistic.laplacian-bound/bend", _largest_weight),
    "no squares": ("two-layer-logistic.smoothness", _without_squares),
    "no noise": ("two-layer-logistic.stationary-excess/second-moment", _no_noise),
    "a line for the exponential": ("resnet-rkhs.separation/upper", _line),
    "a disc less": ("resnet-rkhs.gershgorin", _one_disc_less),
    "a point less": ("resnet-rkhs.feature-perturbation", _one_point_less),
}


@pytest.mark.parametrize("statement", list(FALSE))
def test_a_false_statement_is_refuted(statement: str) -> None:
    name, change = FALSE[statement]
    true = find_bound(name)
    false = replace(true, name="test.false", enclosed=lambda instance: change(instance, *true.enclosed(instance)))
    found = falsify(false, seed=0, seconds=60.0)
    assert found.verdict is Verdict.REFUTED
    assert not found.record.cut
    with precision(400):  # where the true statement holds
        left, right = true.enclosed(found.instance)
        assert not left > right
        wrong_left, wrong_right = false.enclosed(found.instance)
        assert wrong_left > wrong_right
