"""The small networks of the falsifier: a failure here means that what it proves is said of another network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.falsify.domain import Instance
from certigram.numerics.falsify.draws import draw
from certigram.numerics.papers.resnet_rkhs.sharpness.flows import _inequality
from certigram.numerics.papers.resnet_rkhs.sharpness.layers import PAIRS
from certigram.numerics.papers.resnet_rkhs.sharpness.networks import KERNELS, Field, dot, kernel_of

TINY = arb(2) ** -60


def near(one: arb, other: arb, digits: float = 1e-12) -> bool:
    return abs(float(one - other)) <= digits * (1 + abs(float(one)))


def drawn(kernel: str) -> list[Instance]:
    random = np.random.default_rng(KERNELS.index(kernel))
    return [replace(draw(PAIRS, random), choices={"kernel": kernel}) for _ in range(4)]


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_transposed_derivative_is_the_derivative_of_the_value(kernel: str) -> None:
    random = np.random.default_rng(1)
    for instance in drawn(kernel):
        with precision(256):
            field, q = Field.of(instance), instance.sizes["q"]
            z, p = ([arb(x) for x in random.standard_normal(q).tolist()] for _ in range(2))
            for j, found in enumerate(field.transposed(z, p)):
                ahead, back = ([x + side * TINY * (i == j) for i, x in enumerate(z)] for side in (1, -1))
                assert near(found, (dot(field.value(ahead), p) - dot(field.value(back), p)) / (2 * TINY), 1e-9)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_dipole_is_the_limit_of_two_sections(kernel: str) -> None:
    """Its norm, its inner products with sections, and its values."""
    for instance in drawn(kernel):
        with precision(512):
            field = Field.of(instance)
            pole = [[x + side * TINY * b for x, b in zip(field.pole, field.b, strict=True)] for side in (1, -1)]
            ends = [[side * e / (2 * TINY) for e in field.e] for side in (1, -1)]
            zero = [arb(0)] * len(field.e)
            sections = Field(
                field.kernel, [*field.centres, *pole], [*field.coefficients, *ends], field.pole, field.b, zero
            )
            assert near(field.squared, sections.squared, 1e-9)
            z = [arb(1) / 3] * len(zero)
            assert all(near(a, b, 1e-9) for a, b in zip(field.value(z), sections.value(z), strict=True))


def test_the_exact_flow_is_the_limit_of_many_layers() -> None:
    """The squared gradient of one input at the pole of a dipole, against the adjoint of 4096 Euler steps."""
    values = {
        "z": np.array([[0.5]]),
        "p": np.array([2.0]),
        "zeta": np.array([0.25]),
        "B": np.array([[1.0], [-0.5], [0.75], [2.0]]),
    }
    instance = Instance({"n": 1, "j": 1}, {"kernel": "gaussian"}, values)
    with precision(128):
        landscape, radius, square, loss = _inequality(instance)
        slope = float(landscape.kappa1) * float(kernel_of(instance).slope(arb(1) / 16))
    steps, p, total = 1024, 2.0, 0.0
    for strength in reversed(values["B"].ravel().tolist()):
        for _ in range(steps):
            total += p * p / (4 * steps)
            p *= 1 + slope * strength / (4 * steps)
    assert float(square) == pytest.approx(total, rel=3e-3)
    assert float(loss) == 2.0
    assert float(radius) == pytest.approx(np.sqrt(np.mean(values["B"] ** 2)))
