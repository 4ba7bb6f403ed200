"""A failure here means that finite networks do not tend to the kernels we prove things about."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from certigram.deep import nngp, ntk

pytestmark = pytest.mark.slow

WIDTH, SAMPLES, DEVIATIONS = 512, 240, 6.0
W2, B2 = 2.25, 0.25
X = np.random.default_rng(11).standard_normal((4, 5))
Array = NDArray[np.float64]


def tangent_grams(rng: np.random.Generator) -> dict[str, Array]:
    """One random network with two hidden tanh layers: its output Gram matrix and its four tangent Gram matrices."""
    w, b, m = math.sqrt(W2), math.sqrt(B2), WIDTH
    w1, w2, w3 = (rng.standard_normal((m, k)) for k in (X.shape[1], m, m))
    b1, b2, b3 = (rng.standard_normal((m, 1)) for _ in range(3))
    h1 = np.tanh(u1 := w / math.sqrt(X.shape[1]) * w1 @ X.T + b * b1)
    h2 = np.tanh(u2 := w / math.sqrt(m) * w2 @ h1 + b * b2)
    out = w / math.sqrt(m) * w3 @ h2 + b * b3
    del u1, u2
    g0, g1, g2 = X @ X.T / X.shape[1], h1.T @ h1 / m, h2.T @ h2 / m
    found = {"nngp": out.T @ out / m}
    a = rng.standard_normal((1, m))
    d2 = a.T * (1 - h2**2)
    d1 = w / math.sqrt(m) * (w2.T @ d2) * (1 - h1**2)
    e1, e2 = d1.T @ d1 / m, d2.T @ d2 / m
    found["standard"] = g2 + e2 * g1
    found["implicit"] = g2 + W2 * e2 * g1
    found["readout"] = g2 + (W2 * g1 + B2) * e2 + (W2 * g0 + B2) * e1
    found["pre-activation"] = W2 * found["readout"] + B2
    return found


def test_finite_networks_tend_to_the_kernels() -> None:
    """Means over independent networks, within six standard errors and a bias of order 1/width."""
    rng = np.random.default_rng(7)
    samples = [tangent_grams(rng) for _ in range(SAMPLES)]
    for name in samples[0]:
        draws = np.array([sample[name] for sample in samples])
        mean, error = draws.mean(axis=0), draws.std(axis=0) / math.sqrt(SAMPLES)
        if name == "nngp":
            limit = nngp(X, activation="tanh", depth=2, sigma_w2=W2, sigma_b2=B2).mid
        else:
            limit = ntk(X, activation="tanh", depth=2, sigma_w2=W2, sigma_b2=B2, convention=name).mid
        assert (np.abs(mean - limit) <= DEVIATIONS * error + 4.0 / WIDTH * np.abs(limit).max()).all(), name
        assert error.max() < 0.02 * limit.max(), name
