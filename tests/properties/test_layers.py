"""A failure here means that a network of layers was found whose kernel lies outside its radius; it is printed."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import certigram as cg
from certigram import layers
from certigram.numerics.second_opinion.layered import layered_kernels
from certigram.theory.errors import CertigramError

Plain = list[tuple[str, dict[str, Any]]]
ACTIVATION = st.sampled_from(["relu", "relu", "erf", "leaky_relu(1/10)"]).map(lambda f: ("Activation", {"function": f}))
WEIGHTS = {
    "sigma_w2": st.sampled_from(["1", "2", "9/4", "1/3"]),
    "sigma_b2": st.sampled_from(["0", "0", "1/10"]),
    "trained": st.sampled_from([True, True, True, False]),
}
DENSE = st.fixed_dictionaries(WEIGHTS).map(lambda given: ("Dense", given))


def linear(sides: int) -> st.SearchStrategy[Any]:
    if not sides:
        return DENSE
    numbers = st.lists(st.integers(1, 2), min_size=sides, max_size=sides)
    padding = st.sampled_from(["SAME", "CIRCULAR", "VALID"])
    conv = st.fixed_dictionaries({"filter_shape": numbers, "strides": numbers, "padding": padding, **WEIGHTS})
    return st.one_of(DENSE, conv.map(lambda given: ("Conv", given)))


def part(sides: int, deep: bool) -> st.SearchStrategy[Plain]:
    """A few layers that may follow a dense layer, and end with one or with something Gaussian."""
    step = st.tuples(ACTIVATION, linear(sides)).map(list)
    norm = st.sampled_from(["1/100", "0", "1e-12"]).map(lambda eps: [("LayerNorm", {"eps": eps})])
    choices = [step, step, norm]
    if sides:
        shape = st.lists(st.integers(1, 2), min_size=sides, max_size=sides)
        padding = st.sampled_from(["SAME", "CIRCULAR"])
        pool = st.fixed_dictionaries({"window_shape": shape, "padding": padding})
        choices.append(pool.map(lambda given: [("AveragePool", given)]))
    if deep:
        block = st.tuples(part(sides, False), ACTIVATION, DENSE).map(lambda x: [*x[0], x[1], x[2]])
        choices.append(block.map(lambda block: [("Residual", {"block": block})]))
    return st.lists(st.one_of(*choices), min_size=1, max_size=3).map(
        lambda found: [x for group in found for x in group]
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[Plain, np.ndarray[Any, np.dtype[np.float64]]]:
    """A network and two images, which may be multiples of each other, nearly equal, or partly black."""
    sides = draw(st.integers(0, 2))
    shape = [draw(st.integers(1, 3)) for _ in range(sides)] + [draw(st.integers(1, 2))]
    size = int(np.prod(shape))
    entry = st.one_of(
        st.integers(-2, 3).map(float), st.floats(-2, 2, width=16).filter(lambda x: abs(x) > 1e-3 or x == 0)
    )
    first, second = (np.array(draw(st.lists(entry, min_size=size, max_size=size))).reshape(shape) for _ in range(2))
    kind = draw(st.sampled_from(["two", "multiple", "near"]))
    if kind == "multiple":
        second = first * draw(st.sampled_from([1.0, 2.0, -1.0, 3.0]))
    elif kind == "near":
        second = first * (1.0 + draw(st.sampled_from([2.0**-52, 2.0**-30, 2.0**-14])))
    body = [draw(linear(sides)), *draw(part(sides, True))]
    if draw(st.sampled_from([False, False, True])):  # layers on the vector of all positions
        body += [("Flatten", {}), *draw(st.sampled_from([[], [draw(DENSE)]])), *draw(part(0, True))]
    end = draw(st.sampled_from(["Flatten", "GlobalAveragePool"]))
    return [
        *body,
        *draw(st.sampled_from([[], [("Activation", {"function": "relu"})]])),
        (end, {}),
        draw(DENSE),
    ], np.array([first, second])


def made(plain: Plain) -> list[Any]:
    found = []
    for name, arguments in plain:
        found.append(getattr(layers, name)(**{k: made(v) if k == "block" else v for k, v in arguments.items()}))
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(problems())
def test_the_kernels_of_any_network_contain_the_recomputation(problem: tuple[Plain, Any]) -> None:
    plain, images = problem
    try:
        found = cg.network(made(plain)).nngp_and_ntk(images)
    except CertigramError:
        assume(False)
    for matrix, truth in zip(found, layered_kernels(plain, images.tolist(), 50), strict=True):
        for i in range(2):
            for j in range(2):
                assert abs(float(matrix.mid[i, j]) - truth[i][j]) <= matrix.radius(i, j)
