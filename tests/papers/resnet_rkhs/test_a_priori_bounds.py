"""The a-priori bounds of residual networks against ball arithmetic, where rounding is at its worst.

A failure here means that a float64 field, adjoint, feature or kernel is further from its exact value than the bound
that every certified training run rests on.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from certigram.numerics.balls.precision import precision
from certigram.numerics.papers.resnet_rkhs.features import feature_field, frequencies
from certigram.numerics.papers.resnet_rkhs.fields import FeatureField, KernelField
from certigram.numerics.papers.resnet_rkhs.passes import form, pairing, run_pass
from certigram.numerics.papers.resnet_rkhs.variation import BallNetwork
from certigram.numerics.radial.kernel import NAMES, radial_kernel

BITS = 256


def within(exact: list[arb], floats: np.ndarray, error: float) -> bool:
    """Whether a ball vector and a float64 vector are at most ``error`` apart, for every point of the balls."""
    apart = [a - arb(b) for a, b in zip(exact, floats.tolist(), strict=True)]
    square = sum((d * d for d in apart), arb(0))  # not d**2, which is NaN for a ball around 0 exactly
    return bool(square <= arb(float(error)) ** 2)


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(NAMES),
    st.integers(0, 10**6),
    st.sampled_from([1e-3, 1.0, 30.0, 1e3]),
    st.sampled_from([1e-6, 1e-2, 1.0, 1e2]),
)
def test_fields_and_adjoints_of_kernels(name: str, seed: int, size: float, spread: float) -> None:
    """Values and pulled-back vectors at exact points, far from the origin and close to the centres."""
    rng = np.random.default_rng(seed)
    q, m, n = 3, 7, 4
    base = size * rng.standard_normal((1, q))
    z, x = base + spread * rng.standard_normal((m, q)), base + spread * rng.standard_normal((n, q))
    x[0] = z[0]
    c, p = rng.standard_normal((m, q)), rng.standard_normal((n, q))
    kernel = radial_kernel(name, "3/2")
    field = KernelField(kernel, 1, q, [z], [c], np.array([[0.0, 100.0]]))
    found = field.evaluate(0, x)
    pulled, doubt = found.pull(p)
    net = BallNetwork(kernel, x, np.zeros(n), z[None], c[None], c[None])
    with precision(BITS):
        total = arb(0)
        for i in range(n):
            point = [arb(a) for a in x[i].tolist()]
            value = net._field(0, point, c)
            assert within(value, found.value[i], found.error[i])
            back = net._pull(0, point, [arb(a) for a in p[i].tolist()])
            assert within(back, pulled[i], doubt[i])
            total += sum((a * arb(b) for a, b in zip(value, p[i].tolist(), strict=True)), arb(0))
        low, high = pairing(found.value, found.error, p)
        assert arb(low) <= total <= arb(high)
        whole = BallNetwork(kernel, x, np.zeros(n), x[None], p[None], p[None]).squared_norm(p[None])
        low, high = form(field, x, p)
        assert arb(low) <= whole
        assert whole <= arb(high)


def product(a: np.ndarray, b: np.ndarray) -> arb:
    """The inner product of two float64 vectors in balls."""
    return sum((arb(x) * arb(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)), arb(0))


def _exact_features(field: FeatureField, layer: int, z: list[arb]) -> tuple[list[arb], list[arb], list[arb]]:
    """ψ(z), W ψ(z) and the angles in balls."""
    m, _ = field.frequencies.shape
    angles = [sum((arb(a) * b for a, b in zip(row, z, strict=True)), arb(0)) for row in field.frequencies.tolist()]
    psi = [a.cos() / arb(m).sqrt() for a in angles] + [a.sin() / arb(m).sqrt() for a in angles]
    value = [sum((arb(w) * f for w, f in zip(row, psi, strict=True)), arb(0)) for row in field.weights[layer].tolist()]
    return psi, value, angles


@pytest.mark.parametrize("size", [1.0, 100.0, 3000.0])
@pytest.mark.parametrize("seed", range(4))
def test_random_features_keep_their_bounds(size: float, seed: int) -> None:
    """Features, values, pulled-back vectors and the kernel matrix, also for large angles."""
    rng = np.random.default_rng(seed)
    q, m, n = 4, 9, 3
    field = feature_field(frequencies(radial_kernel("gaussian", "2"), m, q, seed), 1)
    field.weights[0][:] = rng.standard_normal((q, 2 * m))
    x, p = size * rng.standard_normal((n, q)), rng.standard_normal((n, q))
    psi, off = field.features(x)
    found = field.evaluate(0, x)
    pulled, doubt = found.pull(p)
    matrix, wrong = field.kernel(x)
    with precision(BITS):
        exact = [_exact_features(field, 0, [arb(a) for a in row]) for row in x.tolist()]
        for i, (features, value, angles) in enumerate(exact):
            assert within(features, psi[i], off[i])
            assert within(value, found.value[i], found.error[i])
            root = arb(m).sqrt()
            back = [arb(0)] * q
            for j, angle in enumerate(angles):
                c = product(field.weights[0][:, j], p[i])
                s = product(field.weights[0][:, m + j], p[i])
                slope = (s * angle.cos() - c * angle.sin()) / root
                back = [b + slope * arb(w) for b, w in zip(back, field.frequencies[j].tolist(), strict=True)]
            assert within(back, pulled[i], doubt[i])
            for k, (other, _, _) in enumerate(exact):
                entry = sum((a * b for a, b in zip(features, other, strict=True)), arb(0))
                assert abs(entry - arb(float(matrix[i, k]))) <= arb(wrong)


@pytest.mark.parametrize("alpha", [1.0, 50.0, 683.8125])
def test_a_pass_of_features_contains_the_exact_loss(alpha: float) -> None:
    """The whole forward pass in balls, through three layers."""
    rng = np.random.default_rng(8)
    q, m, n, depth = 3, 12, 4, 3
    field = feature_field(frequencies(radial_kernel("matern-5/2", str(alpha)), m, q, 2), depth)
    for layer in range(depth):
        field.weights[layer][:] = rng.standard_normal((q, 2 * m)) / 2
    start, targets = alpha * rng.standard_normal((n, q)), rng.standard_normal((n, 1))
    found = run_pass(field, start, np.zeros(n), targets)
    with precision(BITS):
        total = arb(0)
        for x, y in zip(start.tolist(), targets.ravel().tolist(), strict=True):
            z = [arb(a) for a in x]
            for layer in range(depth):
                z = [a + b / depth for a, b in zip(z, _exact_features(field, layer, z)[1], strict=True)]
            total += (z[-1] - arb(y)) * (z[-1] - arb(y))
        total /= 2 * n
        assert arb(found.loss[0]) <= total
        assert total <= arb(found.loss[1])
    assert found.loss[1] - found.loss[0] <= 1e-6 * found.loss[1]
    assert math.isfinite(found.gradient_squared[1])
