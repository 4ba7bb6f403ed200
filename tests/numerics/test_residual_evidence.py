"""What the checks of residual networks compare: products and quotients along runs, numbers of any exponent.

A failure here means that a bound of a product excludes a true value, or that a sign is claimed that was not enclosed.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.enclosure import Enclosure
from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import decide, find_control
from certigram.numerics.checks.trajectories import Bounds
from certigram.numerics.kernels.points import points as exact_points
from certigram.numerics.papers.resnet_rkhs.checks.evidence import combination, positive, times
from certigram.numerics.papers.resnet_rkhs.checks.features import covering_exponent
from certigram.numerics.papers.resnet_rkhs.instance import ResNetInstance
from certigram.numerics.studies.data import DataSet
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.errors import DerivationGap
from certigram.theory.verdict import Evidence, Verdict

NAME = "resnet-rkhs"
TABLE = np.random.default_rng(3).standard_normal((4, 3))


@pytest.mark.parametrize("factor", ["1e-340", "0.1", "3", "-0.1", "1e300"])
def test_products_contain_the_exact_ones(factor: str) -> None:
    """At underflow and overflow too, and for a factor of either sign."""
    values = [0.0, 5e-324, 1e-200, 0.3, 7.0, 1e10]
    with precision(128):
        found = times(arb(factor), Bounds.of(values, [2 * x for x in values]))
    for low, high, x in zip(found.lower.tolist(), found.upper.tolist(), values, strict=True):
        products = Fraction(factor) * Fraction(x), Fraction(factor) * 2 * Fraction(x)
        assert low <= min(products)
        assert high >= max(products)
        assert math.isinf(high) or high - low <= 1.01 * abs(float(products[0])) + 5e-324 * (4 + 4 * x)


def test_nothing_is_known_of_a_product_with_nothing() -> None:
    """A factor that is not finite, and 0 times infinity."""
    found = times(arb("nan"), Bounds.exact([1]))
    assert (found.lower[0], found.upper[0]) == (-math.inf, math.inf)
    assert times(arb(0), Bounds.of([1.0], [math.inf])).upper[0] == math.inf


def test_differences_are_outward() -> None:
    """1 - 2^-60 is no float: its bounds are on both sides of it."""
    found = combination((1, Enclosure(1.0, 1.0, Evidence.EXACT)), (-1, Enclosure(2.0**-60, 2.0**-60, Evidence.EXACT)))
    assert found.lower[0] < found.upper[0] == 1.0


@pytest.mark.parametrize("exponent", [1, 10**9, 10**15])
def test_a_positive_number_of_any_exponent(exponent: int) -> None:
    """e^(-10^15) is positive, its negative is not, and a ball around 0 tells nothing."""
    with precision(64):
        tiny = (-arb(exponent)).exp()
        assert positive("x", tiny).verdict is Verdict.PROVED
        for other in (-tiny, arb(0, 1), tiny - tiny):
            assert positive("x", other).verdict is not Verdict.PROVED


@pytest.mark.parametrize("q", [1, 2, 6, 65, 10**6])
def test_the_covering_exponent_is_below_nine_and_not_below_eight(q: int) -> None:
    """It is 13/3 at q = 1 and tends to 9."""
    assert covering_exponent(q).verdict is Verdict.PROVED
    assert covering_exponent(q, 7).verdict is (Verdict.PROVED if q < 5 else Verdict.REFUTED)


def model(table: np.ndarray, kernel: str, scale: str) -> ResNetInstance:
    """The system on a few points."""
    values = {name: Fraction(x) for name, x in (("scale", scale), ("iterations", "2"), ("features", "16"))}
    data = DataSet(exact_points(table), None, "a few points", None)
    found = instance(NAME, kernel, Study("evidence", (NAME,), (), data, {NAME: values}, kernels=(kernel,)))
    assert isinstance(found, ResNetInstance)
    return found


@pytest.mark.parametrize(
    ("table", "kernel", "scale"),
    [(TABLE[:1], "gaussian", "1000"), (TABLE[:1], "matern-5/2", "100"), (TABLE[:1, :1], "gaussian", "10")],
)
def test_a_set_too_small_for_the_uniform_bound(table: np.ndarray, kernel: str, scale: str) -> None:
    """The bound is proved for larger sets only: the claim stays open, and the study goes on."""
    certificate, _ = decide(system(NAME).claim(f"{NAME}.uniform-features"), model(table, kernel, scale))
    assert certificate.verdict is Verdict.UNKNOWN
    assert "too small" in certificate.reason


def test_bounds_by_separation_ask_for_two_points() -> None:
    """A hypothesis fails for a single one, and nothing can be planted."""
    inst = model(TABLE[:1], "gaussian", "4")
    for slug in ("wendland", "gershgorin"):
        certificate, _ = decide(system(NAME).claim(f"{NAME}.{slug}"), inst)
        assert certificate.verdict is Verdict.NOT_APPLICABLE
        assert "several-points" in certificate.reason
        with pytest.raises(DerivationGap, match="separation"):
            find_control(f"resnet-{slug}")(inst)
