"""A failure here means that sampled networks leave the bounds of the finite-width theorems, or that a test is blind.

Bias, variances and tails of the Gram matrix of small networks, for six activations, on inputs of different norms with
one of them twice. Nothing is assumed of the law: a true bound fails one of these tests with probability at most 1e-6.
Each has a control: the bound divided by twice its measured slack, which other networks must reject at the same level.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import scipy.special
from numpy.typing import NDArray

from certigram.models import model_on_data
from certigram.numerics.balls.ends import upper_float
from certigram.numerics.papers.deep_equilibrium.population.model import Population
from certigram.numerics.papers.deep_equilibrium.width.bias import Bias
from certigram.numerics.papers.deep_equilibrium.width.gram import gram
from certigram.numerics.papers.deep_equilibrium.width.scale import Scale, hull, scale
from certigram.numerics.papers.deep_equilibrium.width.setting import WidthSetting
from certigram.numerics.papers.deep_equilibrium.width.smoothed import bias
from certigram.numerics.sampling.moments import BoundedTest, MomentTest
from certigram.numerics.sampling.statistics import BinomialTest
from certigram.theory.activations.activation import activation

pytestmark = pytest.mark.slow

Floats = NDArray[np.float64]

POINTS = np.array([[1.0, 1.0], [1.0, -1.0], [1.0, 1.0], [0.4, 1.5]])
SIGMA_W2, DELTA = Fraction(1, 128), Fraction(1, 20)
FUNCTIONS = {
    "tanh": np.tanh,
    "erf": scipy.special.erf,
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "sigmoid": scipy.special.expit,
    "relu": lambda x: np.maximum(x, 0.0),
    "softplus": lambda x: np.logaddexp(x, 0.0),
}
PAIRS = [(i, j) for i in range(len(POINTS)) for j in range(i + 1)]
LEVEL = 1e-6 / (len(FUNCTIONS) * (2 * len(PAIRS) + 1))
"""Of each test: together they fail for true bounds with probability at most 1e-6."""
NARROW, COUNT = 4, 400_000
WIDE, NETWORKS = 64, 4_000
SOLVED = 1e-11


def equilibria(name: str, width: int, count: int, seed: int, radius: float) -> Floats:
    r"""Gram matrices (count, n, n) of regularised networks: singular values of W above ``radius`` are cut to it."""
    rng, phi = np.random.default_rng([seed, width]), FUNCTIONS[name]
    recurrent = rng.standard_normal((count, width, width)) * np.sqrt(2 * float(SIGMA_W2) / width)
    large = np.linalg.norm(recurrent, axis=(1, 2)) > radius
    if large.any():
        u, s, v = np.linalg.svd(recurrent[large])
        recurrent[large] = (u * np.minimum(s, radius)[:, None, :]) @ v
    drive = rng.standard_normal((count, width, POINTS.shape[1])) @ POINTS.T * np.sqrt(2 / POINTS.shape[1])
    state = np.zeros_like(drive)
    for _ in range(300):
        before, state = state, phi(recurrent @ state + drive)
        if np.abs(state - before).max() < SOLVED:
            return np.asarray(np.einsum("kpi,kpj->kij", state, state) / width)
    raise AssertionError("the networks do not contract")


@dataclass(frozen=True)
class Theory:
    """Of one activation: K, and the bounds of Theorem A and Lemma 5 at a width, (n, n) each."""

    kernel: Floats
    kernel_error: float
    bias: Floats
    variance: Floats
    radius: float


@cache
def model(name: str) -> Population:
    found = model_on_data(
        "test", "deq-general", POINTS, activation(name), None, None, None, None, None, {"sigma_w2": SIGMA_W2}
    )
    assert isinstance(found, Population)
    return found


@cache
def theory(name: str) -> Theory:
    setting = WidthSetting.of(model(name), DELTA)
    k = scale(setting, NARROW)
    assert isinstance(k, Scale)
    found = bias(setting, k)
    norms = [Fraction(float(x @ x)) / POINTS.shape[1] for x in POINTS]
    group = [next(g for g, x in enumerate(found.inputs) if x.norm.contains(float(c))) for c in norms]
    radius = upper_float(k.a / setting.phi.lipschitz)
    mid, rad = model(name).gram.mid, float(np.max(model(name).gram.rad))
    return Theory(mid, rad, _biases(found, group), _variances(k, found, group), radius)


def _biases(found: Bias, group: list[int]) -> Floats:
    n = len(group)
    bounds = np.full((n, n), upper_float(found.off))
    np.fill_diagonal(bounds, [upper_float(found.diagonal[g]) for g in group])
    return bounds


def _variances(k: Scale, found: Bias, group: list[int]) -> Floats:
    sides = [found.inputs[g] for g in group]
    factor = k.ell**2 / k.m
    return np.array(
        [[upper_float(factor * (x.state * y.argument + y.state * x.argument) ** 2) for y in sides] for x in sides]
    )


@cache
def sample(name: str, seed: int) -> Floats:
    return equilibria(name, NARROW, COUNT, seed, theory(name).radius)


def bias_test(name: str, i: int, j: int, bound: float, seed: int) -> MomentTest:
    """Of |E G_ij - K_ij| <= bound, from the proved bound of the variance."""
    known, y = theory(name), sample(name, seed)[:, i, j, None]
    off, reach = 1e-8, bound + known.kernel_error
    low, high = known.kernel[i, j] - reach, known.kernel[i, j] + reach
    return MomentTest("bias", y - off, y + off, np.full(COUNT, known.variance[i, j]), low, high)


def variance_test(name: str, i: int, j: int, bound: float, seed: int) -> BoundedTest:
    """Of Var G_ij <= bound: half the square of the difference of two networks has this mean, and is not negative."""
    y = sample(name, seed)[:, i, j]
    return BoundedTest("variance", np.maximum(np.abs(y[::2] - y[1::2]) - 1e-8, 0.0) ** 2 / 2, bound, np.inf)


if __name__ == "__main__":
    import time
    for name in FUNCTIONS:
        t = time.time()
        th = theory(name)
        G = sample(name, 0)
        b = G.mean(axis=0) - th.kernel
        v = G.var(axis=0)
        print(name, time.time() - t, "radius", th.radius)
        for i, j in PAIRS:
            print("  ", i, j, "bias %.2e se %.1e D %.2e  var %.2e bound %.2e  N needed %.1e  p %.2g" % (b[i, j], (v[i,j]/COUNT)**.5, th.bias[i, j], v[i, j], th.variance[i, j], 160*th.variance[i,j]/b[i,j]**2, bias_test(name,i,j,th.bias[i,j],0).p_value))
