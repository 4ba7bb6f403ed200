"""A failure here means that a wrong kernel of a network of layers, or too small a bound, would have been accepted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from certigram.numerics.deep.layers import duals, kernel, plan
from certigram.numerics.deep.layers.geometry import Slide
from certigram.numerics.deep.layers.kernel import layered_kernels
from certigram.numerics.deep.layers.language import (
    Activation,
    AveragePool,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    Layer,
    LayerNorm,
    Residual,
    serial,
)
from certigram.numerics.deep.layers.pairs import Pairs
from certigram.numerics.second_opinion import layered
from certigram.theory.errors import SpecError

Layers = tuple[Layer, ...]
IMAGES = np.random.default_rng(4).standard_normal((2, 3, 2, 1))
CLOSE = np.array([[[[1.0], [2.0]], [[-1.0], [3.0]]], [[[1.0], [2.0]], [[-1.0], [3.0 + 2.0**-20]]]])
"""Windows with correlations next to 1, where the slope of a rectifier loses half the digits."""
RIGHT = serial(
    Conv((2, 2), padding="SAME", sigma_w2="9/4", sigma_b2="1/10"),
    LayerNorm(eps="1/100"),
    "relu",
    AveragePool((2, 1)),
    Residual([Conv((2, 1), padding="SAME", sigma_b2="1/3"), "erf", Dense()], [Dense()]),
    "erf",
    GlobalAveragePool(),
    Dense("3/2", "1/5"),
)


def plain(stack: Layers) -> list[Any]:
    """The layers as the recomputation takes them."""
    found: list[Any] = []
    for layer in stack:
        given = {name: getattr(layer, name) for name in layer.__dataclass_fields__}
        for branch in ("block", "shortcut"):
            if branch in given:
                given[branch] = plain(given[branch])
        if isinstance(layer, Activation):
            given["function"] = layer.phi.name
        found.append((type(layer).__name__, given))
    return found


def misses(stack: Layers, truth: Layers, images: Any = IMAGES) -> float:
    """How far, in radii, the enclosures of one network are from the numbers of another; at most 1: contained."""
    worst = 0.0
    found = layered_kernels(stack, images, tangent=True)
    for matrix, numbers in zip(
        (found.nngp, found.ntk), layered.layered_kernels(plain(truth), images.tolist(), 60), strict=True
    ):
        assert matrix is not None
        for i, row in enumerate(numbers):
            for j, number in enumerate(row):
                worst = max(worst, float(abs(float(matrix.mid[i, j]) - number) / mp.mpf(matrix.radius(i, j))))
    return worst


def changed(at: int, layer: Layer) -> Layers:
    return (*RIGHT[:at], layer, *RIGHT[at + 1 :])


SMALL = Fraction(1, 10**9)


@pytest.mark.parametrize(
    "wrong",
    [
        changed(0, Conv((2, 2), padding="CIRCULAR", sigma_w2="9/4", sigma_b2="1/10")),
        changed(0, Conv((2, 2), padding="SAME", sigma_w2=Fraction(9, 4) + SMALL, sigma_b2="1/10")),
        changed(0, Conv((2, 2), padding="SAME", sigma_w2="9/4", sigma_b2=Fraction(1, 10) + SMALL)),
        changed(0, Conv((2, 2), padding="SAME", sigma_w2="9/4", sigma_b2="1/10", trained=False)),
        changed(1, LayerNorm(eps=Fraction(1, 100) + SMALL)),
        changed(1, LayerNorm(axis="all", eps="1/100")),
        changed(2, Activation("leaky_relu(1/1000000000)")),
        changed(3, AveragePool((2, 2), padding="SAME")),
        changed(3, Dense()),
        changed(4, Residual([Conv((2, 1), padding="SAME", sigma_b2="1/3"), "erf", Dense()], [Dense(trained=False)])),
        changed(6, Flatten()),
        changed(7, Dense("3/2", "1/5", trained=False)),
    ],
    ids=repr,
)
def test_another_network_is_not_taken_for_this_one(wrong: Layers) -> None:
    assert misses(RIGHT, RIGHT) < 1.0 < misses(wrong, RIGHT)


def _planted_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean over a window divided by its size, and not by the square of it."""
    monkeypatch.setattr(plan, "Fraction", lambda one, square: Fraction(one, isqrt(square)))


def _planted_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """The larger half of the padding in front."""
    right = Slide.of.__func__  # type: ignore[attr-defined]  # a class method

    def wrong(cls: type[Slide], size: int, window: int, stride: int, padding: str) -> Slide:
        found: Slide = right(cls, size, window, stride, padding)
        return replace(found, low=(found.out - 1) * stride + window - size - found.low) if padding == "SAME" else found

    monkeypatch.setattr(Slide, "of", classmethod(wrong))


def _planted_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A constant of the error function that is off in the ninth digit."""
    right = duals._kind

    def wrong(phi: Any) -> Any:
        line, wave, still = right(phi)
        return line, None if wave is None else (wave[0], wave[1], wave[2] * (1 + 1e-9)), still

    monkeypatch.setattr(duals, "_kind", wrong)


def _planted_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Input variances that are off in the twelfth digit."""
    right = kernel._input_scales

    def wrong(flat: Any, shape: Any) -> Any:
        found = right(flat, shape)
        return replace(found, U=found.U * (1 + 1e-12))

    monkeypatch.setattr(kernel, "_input_scales", wrong)


@pytest.mark.parametrize("plant", [_planted_pool, _planted_side, _planted_factor, _planted_input])
def test_a_wrong_formula_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = (*RIGHT[:1], *RIGHT[2:])  # without the LayerNorm, whose variances would hide those of the inputs
    assert misses(stack, stack) < 1.0
    plant(monkeypatch)
    assert misses(stack, stack) > 1.0


DEEP = serial(Conv((2, 2), padding="SAME", sigma_w2=2), "relu", Dense(2), "relu", Flatten(), Dense())


def test_the_bound_next_to_1_is_noticed_when_it_is_a_thousandth(monkeypatch: pytest.MonkeyPatch) -> None:
    assert misses(DEEP, DEEP, CLOSE) < 1.0
    right = duals._slope_change
    monkeypatch.setattr(duals, "_slope_change", lambda *given: right(*given) / 1000)
    assert misses(DEEP, DEEP, CLOSE) > 1.0


def test_pairs_that_are_nearly_multiples_are_not_taken_for_multiples(monkeypatch: pytest.MonkeyPatch) -> None:
    assert misses(DEEP, DEEP, CLOSE) < 1.0
    monkeypatch.setattr(Pairs, "known_signs", lambda self, places, possible: np.ones(len(places), dtype=np.int64))
    assert misses(DEEP, DEEP, CLOSE) > 1.0


def test_bounds_that_count_a_fiftieth_of_the_roundings_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds are of the right order."""
    images = np.random.default_rng(2).standard_normal((12, 1))
    stack = serial(Dense("1/3", "1/7"), "erf", Dense("1/3", "1/7"), "erf", Dense("1/3", "1/7"))
    assert misses(stack, stack, images) < 1.0
    monkeypatch.setattr(plan, "units", lambda count: count * 2.0**-53 / 50)
    monkeypatch.setattr(duals, "units", lambda count: count * 2.0**-53 / 50)
    monkeypatch.setattr(kernel, "units", lambda count: count * 2.0**-53 / 50)
    assert misses(stack, stack, images) > 1.0


UNEVEN = np.array([[[1.0], [10.0]], [[2.0], [0.1]]])
"""Two images of two pixels of very different variance."""


def flattened_erf(x: list[float], y: list[float]) -> Any:
    """The mean over the entries of Flatten of erf(w x_p) erf(w y_p), w standard normal, by its definition."""

    def at(p: float, q: float) -> Any:
        return mp.quad(lambda w: mp.erf(p * w) * mp.erf(q * w) * mp.npdf(w), [-12, -2, -0.5, 0, 0.5, 2, 12])

    return sum(at(p, q) for p, q in zip(x, y, strict=True)) / len(x)


def test_an_activation_behind_flatten_does_not_see_one_gaussian() -> None:
    """Its entries are a mixture over the positions: the dual of their mean covariance is another number."""
    found = layered_kernels(serial(Conv((1,)), "erf", Flatten(), Dense()), UNEVEN, tangent=False).nngp
    for (i, x), (j, y) in product(enumerate(UNEVEN[:, :, 0].tolist()), repeat=2):
        assert abs(float(found.mid[i, j]) - flattened_erf(x, y)) < 1e-12
    one = layered_kernels(serial(Conv((2,)), Flatten(), "erf", Dense()), UNEVEN, tangent=False).nngp
    assert np.array_equal(
        one.mid, layered_kernels(serial(Conv((2,)), "erf", Flatten()), UNEVEN, tangent=False).nngp.mid
    )
    for between in ([], [LayerNorm()], [Residual([Dense()])], [LayerNorm(), Residual([LayerNorm(), Dense()])]):
        for behind in (["erf", Dense()], ["relu", Dense()], [Residual(["relu", Dense()])]):
            with pytest.raises(SpecError, match="put it before Flatten"):
                layered_kernels(serial(Conv((1,)), Flatten(), between, behind), UNEVEN, tangent=False)


@pytest.mark.parametrize("between", [[Dense()], [LayerNorm(), Dense()], [Residual([Dense()]), LayerNorm(), Dense()]])
def test_layers_that_are_linear_or_see_variances_are_right_behind_flatten(between: list[Layer]) -> None:
    stack = serial(Conv((1,)), Flatten(), between, "erf", Dense())
    assert misses(stack, stack, UNEVEN) < 1.0
