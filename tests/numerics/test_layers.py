"""A failure here means that a kernel of a network of layers lies outside its radius, or that a layer is another."""

from __future__ import annotations

import json
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb
from mpmath import mp

import certigram as cg
from certigram import layers
from certigram.numerics.balls.precision import precision
from certigram.numerics.deep.layers.geometry import Slide
from certigram.numerics.deep.layers.kernel import layered_kernels
from certigram.numerics.deep.layers.labels import labels_at_activations
from certigram.numerics.kernels.ballarray import BallArray
from certigram.numerics.second_opinion import layered
from certigram.theory.errors import DerivationGap, SpecError

PRINTED = json.loads((Path(__file__).parents[1] / "golden" / "neural-tangents-0.6.5-layers.json").read_text("utf-8"))
FLOAT64 = 1e-12
"""What neural-tangents may be off by on these inputs, of a kernel of order 1."""
Plain = list[Any]
CONV = ["Conv", {"filter_shape": [2, 2], "padding": "SAME", "sigma_w2": "9/4", "sigma_b2": "1/10"}]
RELU, ERF = ["Activation", {"function": "relu"}], ["Activation", {"function": "erf"}]
DENSE = ["Dense", {"sigma_w2": "3/2", "sigma_b2": "1/5"}]
FROZEN = ["Dense", {"sigma_w2": "3/2", "sigma_b2": "1/5", "trained": False}]
TINY: dict[str, Plain] = {
    "flattened": [CONV, RELU, CONV, ERF, ["Flatten", {}], DENSE],
    "pooled": [CONV, RELU, CONV, RELU, CONV, RELU, ["GlobalAveragePool", {}], DENSE],
    "circular, strided, no bias": [
        ["Conv", {"filter_shape": [2, 2], "padding": "CIRCULAR", "sigma_w2": 2}],
        RELU,
        ["Conv", {"filter_shape": [2, 1], "padding": "CIRCULAR", "strides": [2, 1]}],
        ["Activation", {"function": "leaky_relu(1/10)"}],
        ["GlobalAveragePool", {}],
        DENSE,
    ],
    "averages between layers": [
        CONV,
        RELU,
        ["AveragePool", {"window_shape": [2, 2], "padding": "SAME"}],
        CONV,
        ERF,
        ["AveragePool", {"window_shape": [1, 2]}],
        CONV,
        RELU,
        ["Flatten", {}],
        DENSE,
    ],
    "frozen layers": [
        ["Conv", {"filter_shape": [2, 2], "padding": "VALID", "trained": False}],
        RELU,
        FROZEN,
        RELU,
        DENSE,
        RELU,
        ["Flatten", {}],
        FROZEN,
    ],
    "residual blocks": [
        CONV,
        ["Residual", {"block": [RELU, CONV, ["LayerNorm", {}], ERF, CONV]}],
        ["Residual", {"block": [RELU, CONV], "shortcut": [FROZEN]}],
        ERF,
        ["GlobalAveragePool", {}],
        ["Residual", {"block": [DENSE]}],
    ],
    "layer norms": [
        CONV,
        ["LayerNorm", {"axis": "all", "eps": "1/100"}],
        RELU,
        CONV,
        ["LayerNorm", {"eps": 0}],
        ERF,
        ["GlobalAveragePool", {}],
        DENSE,
        ["LayerNorm", {"eps": "1/10"}],
        RELU,
        DENSE,
    ],
}
IMAGES = {
    "random": np.random.default_rng(3).standard_normal((2, 2, 2, 2)),
    "nearly the same": np.array([[[[1.0], [2.0]], [[-1.0], [3.0]]], [[[1.0], [2.0]], [[-1.0], [3.0 + 2.0**-30]]]]),
    "multiples": np.array([[[[1.0], [2.0]], [[0.0], [3.0]]], [[[1.5], [3.0]], [[0.0], [4.5]]]]),
    "black": np.array([[[[0.0], [0.0]], [[0.0], [1.0]]], [[[0.0], [0.0]], [[0.0], [0.0]]]]),
    "opposite": np.array([[[[1.0], [2.0]], [[4.0], [3.0]]], [[[-1.0], [-2.0]], [[-4.0], [-3.0]]]]),
}


def made(plain: Plain) -> list[Any]:
    """Layers from plain data."""
    found = []
    for name, arguments in plain:
        given = {k: made(v) if k in ("block", "shortcut") else v for k, v in arguments.items()}
        found.append(getattr(layers, name)(**given))
    return found


def outside(matrix: BallArray, truth: list[list[Any]]) -> float:
    """The largest distance from the truth in units of the radius."""
    worst = 0.0
    for i, j in product(*map(range, matrix.shape)):
        worst = max(worst, float(abs(mp.mpf(float(matrix.mid[i, j])) - truth[i][j]) / mp.mpf(matrix.radius(i, j))))
    return worst


@pytest.mark.parametrize("case", PRINTED["cases"], ids=lambda case: case["name"])
def test_neural_tangents_prints_the_same(case: dict[str, Any]) -> None:
    images = np.array(case["images"]) / case["divisor"]
    for ours, theirs in zip(cg.network(made(case["layers"])).nngp_and_ntk(images), ("nngp", "ntk"), strict=True):
        assert np.all(np.abs(ours.mid - np.array(case[theirs])) <= np.array(ours.rad) + FLOAT64)
        assert np.all(np.array(ours.rad) < 4e-12)


@pytest.mark.parametrize("inputs", IMAGES)
@pytest.mark.parametrize("name", TINY)
def test_every_entry_of_tiny_images_contains_the_slow_recomputation(name: str, inputs: str) -> None:
    images = IMAGES[inputs]
    if inputs == "black" and name == "layer norms":
        images = images + 0.5
    truth = layered.layered_kernels(TINY[name], images.tolist(), 60)
    for ours, numbers in zip(cg.network(made(TINY[name])).nngp_and_ntk(images), truth, strict=True):
        assert outside(ours, numbers) < 1.0
        if inputs != "nearly the same":
            assert float(np.max(ours.rad)) < 1e-10


def test_vectors_are_images_without_sides() -> None:
    points = np.random.default_rng(5).standard_normal((6, 3))
    net = cg.network(
        [layers.Dense("9/4", "1/10"), "gelu", layers.Dense("9/4", "1/10"), "gelu", layers.Dense("9/4", "1/10")]
    )
    for ours, theirs in zip(
        net.nngp_and_ntk(points),
        cg.nngp_and_ntk(points, activation="gelu", depth=2, sigma_w2="9/4", sigma_b2="1/10"),
        strict=True,
    ):
        assert np.all(np.abs(ours.mid - theirs.mid) <= np.array(ours.rad) + np.array(theirs.rad))


@pytest.mark.parametrize("convention", ["implicit", "readout"])
def test_frozen_layers_are_the_named_conventions(convention: str) -> None:
    """N2 freezes the input weights, N3 trains all; both end with a readout of weight variance 1 (no biases here)."""
    points = np.random.default_rng(6).standard_normal((5, 4))
    first = layers.Dense(2, trained=convention == "readout")
    ours = cg.network([first, "erf", layers.Dense(2), "erf", layers.Dense()]).ntk(points)
    theirs = cg.ntk(points, activation="erf", depth=2, sigma_w2=2, convention=convention)
    assert np.all(np.abs(ours.mid - theirs.mid) <= np.array(ours.rad) + np.array(theirs.rad))


@pytest.mark.parametrize("name", ["flattened", "pooled", "averages between layers"])
def test_a_rectangle_is_a_block_of_the_square(name: str) -> None:
    images = np.random.default_rng(7).standard_normal((5, 3, 3, 1))
    net = cg.network(made(TINY[name]))
    for square, block in zip(net.nngp_and_ntk(images), net.nngp_and_ntk(images[:2], images[2:]), strict=True):
        assert np.array_equal(square.mid[:2, 2:], block.mid)
        assert np.array_equal(np.array(square.rad)[:2, 2:], np.array(block.rad))


def test_digits_have_radii_below_1e_12_also_where_windows_are_multiples_of_each_other() -> None:
    from sklearn.datasets import load_digits

    images = load_digits().images[:12, :, :, None] / 16.0
    for bias, last in product(("0", "1/100"), (layers.Flatten(), layers.GlobalAveragePool())):
        stack = [layers.Conv((3, 3), padding="SAME", sigma_w2="9/4", sigma_b2=bias), "relu"] * 3
        K = cg.network([*stack, last, layers.Dense("9/4", bias)]).ntk(images)
        assert float(np.max(K.rad)) < 1e-12
    bound = cg.least_eigenvalue(K)
    assert bound.lower > 0.0
    assert bound.upper < 10.0


@pytest.mark.parametrize("padding", ["VALID", "SAME", "CIRCULAR"])
def test_windows_slide_as_they_say(padding: str) -> None:
    numbers = np.random.default_rng(8)
    for size, stride in product(range(1, 8), (1, 2, 3)):
        for window in range(1, size + 1):
            slide = Slide.of(size, window, stride, padding)
            at = slide.seen()
            a = np.concatenate([numbers.standard_normal((size, 2, size)), np.zeros((size, 2, 1))], axis=2)
            a = np.concatenate([a, np.zeros((1, 2, size + 1))])  # the place -1 is a zero
            expected = sum(a[at[:, k]][:, :, at[:, k]] for k in range(window))
            assert np.abs(slide.sum(np.ascontiguousarray(a[:size, :, :size]), (0, 2)) - expected).max() < 1e-12


def test_equal_labels_mean_multiples() -> None:
    """Whatever the labels claim is so for networks of finite width: one pre-activation is an exact multiple."""
    rng = np.random.default_rng(9)
    images = rng.integers(-2, 3, size=(6, 4, 4, 1)).astype(float)
    net = made([CONV, RELU, ["Conv", {"filter_shape": [2, 2], "padding": "SAME"}], RELU, ["Flatten", {}]])
    free = layers.serial(layers.Conv((2, 2), padding="SAME"), *net[1:])
    for found, bias in (
        (list(labels_at_activations(net, images)), 0.3),
        (list(labels_at_activations(free, images)), 0.0),
    ):
        w1, w2 = (
            rng.integers(-9, 10, size=(2, 2, 1, 7)).astype(float),
            rng.integers(-9, 10, size=(2, 2, 7, 5)).astype(float),
        )
        state = images
        for k, (weights, constant) in enumerate(((w1, bias * 10), (w2, 0.0))):
            seen = Slide.of(4, 2, 1, "SAME").seen()
            padded = np.pad(state, ((0, 0), (0, 1), (0, 1), (0, 0)))
            windows = padded[:, seen % 5][:, :, :, seen % 5]  # (n, o, k, o', k', c)
            state = np.einsum("nakblc,klcd->nabd", windows, weights) + constant
            ids, scales = np.moveaxis(found[k].ids, -1, 0).ravel(), np.moveaxis(found[k].scales, -1, 0).ravel()
            flat = state.reshape(-1, state.shape[-1])
            assert len(np.unique(ids)) < len(ids)
            for label in np.unique(ids):
                mine = np.flatnonzero(ids == label)
                assert np.array_equal(flat[mine] * scales[mine[0]], np.outer(scales[mine], flat[mine[0]]))
            state = np.maximum(state, 0.0)


def test_opposite_images_stay_opposite_behind_odd_activations() -> None:
    """Then their correlation is known to be -1, and the slope of the next rectifier to all digits."""
    images = np.random.default_rng(14).standard_normal((1, 3, 3, 1))
    stack = [layers.Conv((2, 2)), "erf", layers.Conv((2, 2)), "relu", layers.Flatten(), layers.Dense()]
    K = cg.network(stack).ntk(np.concatenate([images, -images]))
    assert float(np.max(K.rad)) < 1e-13
    assert K.mid[0, 1] == 0.0


def test_numbers_beyond_integers_still_have_labels() -> None:
    images = np.array([[[0.1], [1e-30]], [[-0.1], [-1e-30]], [[0.2], [2e-30]]])
    net = layers.serial(layers.Conv((2,)), "relu", layers.Flatten())
    (found,) = labels_at_activations(net, images)
    assert found.ids[0, 0] == found.ids[0, 1]
    assert found.scales[0, 0] == -found.scales[0, 1]


@pytest.mark.parametrize("norm", [[], [layers.LayerNorm(eps=0)]])
def test_an_activation_without_a_closed_form_gives_the_kernel_of_the_one_that_it_equals(norm: list[Any]) -> None:
    """erf by its Hermite coefficients at the variances of all positions, and at the one that a LayerNorm leaves."""
    images = np.random.default_rng(10).standard_normal((3, 4, 4, 1))

    def kernels(activation: str) -> tuple[BallArray, BallArray]:
        body = [layers.Conv((3, 3), sigma_w2=2, sigma_b2="1/10"), *norm, activation]
        return cg.network([*body, layers.GlobalAveragePool(), layers.Dense()]).nngp_and_ntk(images)

    for direct, written in zip(kernels("erf"), kernels("2*normal_cdf(sqrt(2)*x) - 1"), strict=True):
        assert np.all(np.abs(direct.mid - written.mid) <= np.array(direct.rad) + np.array(written.rad))
        assert float(np.max(written.rad)) < 1e-12


@pytest.mark.parametrize(
    ("stack", "sentence"),
    [
        ([], "the list of layers is empty"),
        ("relu", "is not a list of layers"),
        ([layers.Dense], "is a kind of layer: make one"),
        ([3], "is not a layer"),
        ([layers.Conv((3, 3)), layers.Flatten()], "a window of 2 sides on vectors"),
        (["relu", layers.Dense()], "not Gaussian"),
        ([layers.Dense(), "relu", layers.LayerNorm()], "stands after a dense layer"),
        ([layers.Dense(), layers.Residual([layers.Dense(), "relu"])], "neither branch ends with"),
        ([layers.Dense(), layers.Residual(["relu"])], "neither branch ends with"),
        ([layers.Dense(), layers.Residual([layers.Residual(["relu", layers.Dense()]), "erf"])], "neither branch ends"),
        ([layers.Dense(), "sign", layers.Dense()], "not proved continuous"),
    ],
)
def test_layers_that_do_not_fit_are_refused_in_a_sentence(stack: Any, sentence: str) -> None:
    with pytest.raises((SpecError, DerivationGap), match=sentence):
        cg.network(stack).ntk([[1.0, 2.0], [3.0, 4.0]])


def endless() -> Any:
    """A list that contains itself."""
    found: list[Any] = [layers.Dense()]
    found.append(found)
    return found


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: layers.Dense(0), "not positive"),
        (lambda: layers.Dense(1, -1), "is negative"),
        (lambda: layers.Dense(1, "1/3", trained="yes"), "give True or False"),
        (lambda: layers.Conv(3), "one whole number for each side"),
        (lambda: layers.Conv((3, 0)), "whole number from 1"),
        (lambda: layers.Conv((3, 3), strides=(1,)), "1 strides for 2 sides"),
        (lambda: layers.Conv((3, 3), padding="CIRCLAR"), "Did you mean CIRCULAR"),
        (lambda: layers.LayerNorm("pixels"), "choose 'channels' or 'all'"),
        (lambda: layers.Residual([]), "the block is empty"),
        (lambda: cg.network([endless()]), "a list may contain itself"),
        (lambda: reduce(lambda block, _: layers.Residual([block]), range(60), layers.Dense()), "blocks inside blocks"),
        (lambda: layers.Activation("rellu"), "relu"),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(make: Any, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (np.ones((2, 3, 3, 1)) * np.nan, "NaN"),
        (np.ones((2, 3, 3, 1)) * 2.0**-400, "between 2"),
        (np.ones(3), "the channels last"),
        ([[["1/3", "2"]], [["1", "2"]]], "not a float64 number"),
        (np.ones((2, 2, 2, 1)), "does not fit"),
    ],
)
def test_images_that_cannot_be_taken_are_refused_in_a_sentence(images: Any, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        cg.network([layers.Conv((3, 3)), "relu", layers.Flatten(), layers.Dense()]).nngp(images)


def test_what_does_not_fit_the_memory_is_refused_before_it_is_tried() -> None:
    images = np.ones((2, 64, 64, 1))
    with pytest.raises(SpecError, match="layers: n = 2 needs"):
        cg.network([layers.Conv((3, 3)), "relu", layers.GlobalAveragePool()]).nngp(
            images, budget=cg.Budget(memory=2**28)
        )
    assert (
        cg.network([layers.Conv((3, 3)), "relu", layers.Flatten()]).nngp(images, budget=cg.Budget(memory=2**28)).n == 2
    )


def test_positions_that_are_left_and_missing_tangent_kernels_are_refused() -> None:
    images = np.ones((2, 3, 3, 1))
    with pytest.raises(SpecError, match="there are still positions"):
        cg.network([layers.Conv((3, 3), padding="SAME")]).nngp(images)
    with pytest.raises(SpecError, match="no layer is trained"):
        cg.network([layers.Flatten(), layers.Dense(trained=False)]).ntk(images)
    with pytest.raises(SpecError, match="does not vanish at 0"):
        cg.network([layers.Conv((3, 3)), "sigmoid", layers.Flatten()]).nngp(np.zeros((1, 3, 3, 1)))


def test_a_matrix_of_images_is_certified() -> None:
    K = cg.network(made(TINY["pooled"])).ntk(IMAGES["random"])
    truth = layered.layered_kernels(TINY["pooled"], IMAGES["random"].tolist(), 60)[1]
    least = mp.eigsy(mp.matrix(truth), eigvals_only=True)[0]
    bound = cg.least_eigenvalue(K)
    with precision(128):
        assert arb(bound.lower) <= arb(mp.nstr(least, 30)) <= arb(bound.upper)
    assert layered_kernels(cg.network(made(TINY["pooled"])).layers, IMAGES["random"], tangent=False).ntk is None
