"""A failure here means that finite convolutional networks do not tend to the kernels that we prove things about."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

import certigram as cg
from certigram.layers import Conv, Dense, GlobalAveragePool

pytestmark = pytest.mark.slow

CHANNELS, SAMPLES, DEVIATIONS = 192, 160, 6.0
W2, B2 = 2.25, 0.25
X = np.random.default_rng(12).standard_normal((3, 4, 4, 2))
Array = NDArray[np.float64]
STACK = [Conv((3, 3), padding="SAME", sigma_w2="9/4", sigma_b2="1/4"), "relu"] * 2


def windows(values: Array) -> Array:
    """(n, 4, 4, c) to (n, 4, 4, 9 c): what a 3 × 3 filter sees, zeros outside."""
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return np.concatenate([padded[:, i : i + 4, j : j + 4] for i in range(3) for j in range(3)], axis=-1)


def back(gradient: Array, weights: Array) -> Array:
    """The transpose of a convolution: gradients (n, 4, 4, m) to (n, 4, 4, c), weights (9 c, m)."""
    seen = gradient @ weights.T
    c = seen.shape[-1] // 9
    result = np.zeros((len(seen), 6, 6, c))
    for k in range(9):
        i, j = divmod(k, 3)
        result[:, i : i + 4, j : j + 4] += seen[..., k * c : (k + 1) * c]
    return result[:, 1:5, 1:5]


def grams(rng: np.random.Generator) -> tuple[Array, Array]:
    """One random network with two convolutions and a pooled readout: its NNGP and its tangent Gram matrix, by hand."""
    w, b, m = math.sqrt(W2), math.sqrt(B2), CHANNELS
    s1 = windows(X) / math.sqrt(18)
    w1, b1 = rng.standard_normal((18, m)), rng.standard_normal(m)
    u1 = w * s1 @ w1 + b * b1
    h1 = np.maximum(u1, 0.0)
    s2 = windows(h1) / math.sqrt(9 * m)
    w2, b2 = rng.standard_normal((9 * m, m)), rng.standard_normal(m)
    u2 = w * s2 @ w2 + b * b2
    h2 = np.maximum(u2, 0.0).mean(axis=(1, 2)) / math.sqrt(m)  # (n, m)
    a = rng.standard_normal(m)
    nngp = W2 * h2 @ h2.T + B2
    d2 = w * a / math.sqrt(m) * (u2 > 0) / 16.0  # the gradient of the output in u2
    d1 = back(d2, w2) * w / math.sqrt(9 * m) * (u1 > 0)
    ntk = nngp.copy()
    for d, s in ((d1, s1), (d2, s2)):
        by_weights = w * np.einsum("nijk,nijm->nkm", s, d).reshape(3, -1)
        by_biases = b * d.sum(axis=(1, 2))
        ntk += by_weights @ by_weights.T + by_biases @ by_biases.T
    return nngp, ntk


def test_finite_convolutional_networks_have_these_kernels_in_the_mean() -> None:
    """Means of networks with 192 channels; what remains of the finite width is below 4/192 of the diagonal."""
    rng = np.random.default_rng(13)
    net = cg.network([*STACK, GlobalAveragePool(), Dense("9/4", "1/4")])
    samples = [grams(rng) for _ in range(SAMPLES)]
    for k, matrix in enumerate(net.nngp_and_ntk(X)):
        table = np.array([sample[k] for sample in samples])
        error = table.std(axis=0, ddof=1) / math.sqrt(SAMPLES)
        scale = np.sqrt(np.outer(np.diag(matrix.mid), np.diag(matrix.mid)))
        gap = np.abs(table.mean(axis=0) - matrix.mid)
        assert np.all(gap < DEVIATIONS * error + 4.0 / CHANNELS * scale)
        assert np.all(error < 0.02 * scale)
