"""The records that ship: every one is proved again, and a constant planted in the code of a formula is noticed by one.

A failure here means that a report states a sharpness that is not proved, or that a wrong constant would not be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from importlib import import_module
from typing import Any

import pytest

from certigram.numerics.balls.ball import enclose
from certigram.numerics.falsify.bound import bounds, find_bound
from certigram.numerics.falsify.falsifier import falsify, replay
from certigram.numerics.falsify.record import file_name
from certigram.numerics.falsify.shipped import sharpness, shipped, worst_case
from certigram.numerics.papers.resnet_rkhs.rates import Landscape
from certigram.numerics.papers.resnet_rkhs.recipe import Recipe
from certigram.numerics.papers.two_layer_logistic.bounds import LogisticBounds
from certigram.numerics.radial.kernel import RadialKernel
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

LOGISTIC, RESNET = "two-layer-logistic", "resnet-rkhs"
ROOMS = "certigram.numerics.papers"


@pytest.mark.parametrize("name", list(shipped()))
def test_a_shipped_record_is_proved_again(name: str) -> None:
    record = shipped()[name]
    bound = find_bound(name)
    assert (record.speaks_of, record.formula, record.text) == (bound.speaks_of, bound.formula, bound.text)
    found = replay(bound, record)
    assert found.verdict is Verdict.UNKNOWN
    assert found.ratio is not None
    assert Fraction(0) < (record.sharpness or 0) <= found.ratio <= 1
    assert not record.cut


def test_every_bound_ships_a_record_and_no_record_is_left_over() -> None:
    assert set(shipped()) == {found.name for found in bounds()}


def test_the_worst_case_of_a_claim_is_read_without_a_search() -> None:
    parts = worst_case(f"{RESNET}.separation")
    assert [file_name(record.bound) for record in parts] == [
        f"{RESNET}.separation.lower.json",
        f"{RESNET}.separation.upper.json",
    ]
    assert sharpness(f"{RESNET}.separation") == max(record.sharpness or 0 for record in parts)
    assert sharpness(f"{RESNET}.gradient") is None


# -- planted constants ------------------------------------------------------------------


def attribute(owner: type, name: str, factor: Fraction) -> Callable[[pytest.MonkeyPatch], None]:
    """A property or method of a formula, multiplied."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        true = owner.__dict__[name]
        if isinstance(true, property):
            assert true.fget is not None
            get = true.fget
            patch.setattr(owner, name, property(lambda self: get(self) * _like(get(self), factor)))
        else:
            patch.setattr(owner, name, lambda *given, **more: true(*given, **more) * enclose(factor))

    return plant


def function(module: str, name: str, change: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """A function of a formula, its value changed where the bound calls it."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        place = import_module(f"{ROOMS}.{module}")
        true = getattr(place, name)
        patch.setattr(place, name, lambda *given, **more: change(true(*given, **more)))

    return plant


def both(*plants: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
    """Several at once."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        for one in plants:
            one(patch)

    return plant


def _like(value: Any, factor: Fraction) -> Any:
    return factor if isinstance(value, Fraction) else enclose(factor)


NEARLY, HALF = Fraction(99, 100), Fraction(1, 2)
PLANTED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    f"{LOGISTIC}.gradient-bound": attribute(LogisticBounds, "gradient", NEARLY),
    f"{LOGISTIC}.laplacian-bound": attribute(LogisticBounds, "laplacian", NEARLY),
    f"{LOGISTIC}.laplacian-bound/bend": attribute(LogisticBounds, "laplacian", NEARLY),
    f"{LOGISTIC}.growth": attribute(LogisticBounds, "gradient", Fraction(9, 10)),
    f"{LOGISTIC}.radius": attribute(LogisticBounds, "radius", NEARLY),
    f"{LOGISTIC}.threshold-zero": attribute(LogisticBounds, "ceiling", NEARLY),
    f"{LOGISTIC}.smoothness": attribute(LogisticBounds, "smoothness", NEARLY),
    f"{LOGISTIC}.smoothness/bend": attribute(LogisticBounds, "smoothness", NEARLY),
    f"{LOGISTIC}.strong-convexity": attribute(LogisticBounds, "convexity_threshold", NEARLY),
    f"{LOGISTIC}.convex-case": attribute(LogisticBounds, "published_threshold", NEARLY),
    f"{LOGISTIC}.descent": attribute(LogisticBounds, "descent", NEARLY),
    f"{LOGISTIC}.stationary-excess": attribute(LogisticBounds, "stationary_excess", NEARLY),
    f"{LOGISTIC}.stationary-excess/second-moment": attribute(LogisticBounds, "second_moment", NEARLY),
    f"{LOGISTIC}.partition-function": function(
        "two_layer_logistic.sharpness.laws", "log_partition_bound", lambda x: x - _like(x, Fraction(1, 100))
    ),
    f"{LOGISTIC}.holley-stroock": function(
        "two_layer_logistic.sharpness.laws", "holley_stroock", lambda x: x * _like(x, 1 / NEARLY)
    ),
    f"{LOGISTIC}.holley-stroock/oscillation": function(
        "two_layer_logistic.sharpness.laws", "oscillation", lambda x: x * _like(x, NEARLY)
    ),
    f"{RESNET}.separation/lower": attribute(Landscape, "compression", Fraction(9, 10)),
    f"{RESNET}.separation/upper": attribute(Landscape, "kappa1", Fraction(9, 10)),
    f"{RESNET}.pl-lower": attribute(Landscape, "compression", HALF),
    f"{RESNET}.pl-upper": attribute(Landscape, "kappa1", HALF),
    f"{RESNET}.pl-finite-depth": attribute(Landscape, "compression", Fraction(1, 4)),
    f"{RESNET}.smoothness": attribute(Landscape, "kappa1", HALF),
    f"{RESNET}.smoothness/residual": attribute(Landscape, "smoothness", Fraction(3, 10)),
    f"{RESNET}.admissibility": attribute(RadialKernel, "kappa1_squared", NEARLY),
    f"{RESNET}.admissibility/second": attribute(RadialKernel, "kappa2_squared", NEARLY),
    f"{RESNET}.wendland": function("resnet_rkhs.sharpness.kernels", "wendland", lambda x: x * _like(x, Fraction(30))),
    f"{RESNET}.gershgorin": function(
        "resnet_rkhs.sharpness.kernels", "gershgorin", lambda x: x * _like(x, Fraction(101, 100))
    ),
    f"{RESNET}.gershgorin/largest": attribute(Landscape, "largest", NEARLY),
    f"{RESNET}.optimal-radius": attribute(Landscape, "lower", NEARLY),
    f"{RESNET}.recipe": both(
        function("resnet_rkhs.recipe", "quiet_distance", lambda x: x * _like(x, Fraction(9, 10))),
        attribute(Landscape, "separated", Fraction(6, 5)),  # what the recipe looks at before it believes itself
    ),
    f"{RESNET}.flow-convergence": attribute(Recipe, "path", HALF),
    f"{RESNET}.descent-convergence": attribute(Recipe, "path", Fraction(1, 4)),
    f"{RESNET}.feature-chernoff": function(
        "resnet_rkhs.sharpness.features", "chernoff_failure", lambda x: x * _like(x, Fraction(1, 3))
    ),
    f"{RESNET}.feature-admissibility": function(
        "resnet_rkhs.sharpness.features", "spectral_constant", lambda x: type(x)(0.0, x.upper * 0.99, x.evidence)
    ),
    f"{RESNET}.lazy-regime": function(
        "resnet_rkhs.sharpness.features", "lazy_constants", lambda x: (x[0] * _like(x[0], 1 / NEARLY), *x[1:])
    ),
}
"""A constant that is wrong in the dangerous direction, in the code of the formula, by bound."""


@pytest.mark.parametrize("name", list(PLANTED))
def test_a_constant_that_is_too_good_is_refuted_by_the_record(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTED[name](monkeypatch)
    assert replay(find_bound(name), shipped()[name]).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        (f"{LOGISTIC}.gradient-bound", attribute(LogisticBounds, "gradient", 1 / NEARLY)),
        (f"{LOGISTIC}.laplacian-bound/bend", attribute(LogisticBounds, "laplacian", 1 / NEARLY)),
        (f"{RESNET}.admissibility", attribute(RadialKernel, "kappa1_squared", 1 / NEARLY)),
        (f"{RESNET}.separation/upper", attribute(Landscape, "kappa1", 1 / NEARLY)),
    ],
)
def test_a_constant_that_is_too_weak_proves_less_than_the_record(
    name: str, plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(SpecError, match="the record states"):
        replay(find_bound(name), shipped()[name])


@pytest.mark.parametrize(
    "name",
    [
        f"{LOGISTIC}.gradient-bound",
        f"{LOGISTIC}.strong-convexity",
        f"{LOGISTIC}.stationary-excess",
        f"{RESNET}.admissibility",
        f"{RESNET}.lazy-regime",
    ],
)
def test_a_search_without_a_record_notices_it_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTED[name](monkeypatch)
    found = falsify(find_bound(name), seed=11, evaluations=1500)
    assert found.verdict is Verdict.REFUTED
    assert (found.sharpness or 0) > 1
