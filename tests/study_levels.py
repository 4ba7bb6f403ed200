"""Whole studies, simulated: shared by the short test of levels and power and by the long one."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.special

from certigram.numerics.networks import FiniteGram, Nonlinearity, Seed
from certigram.numerics.sampling.experiment import Plan, Sample, Subject, Unit, run
from certigram.numerics.sampling.finite_width import (
    Moments,
    event_test,
    norm_mean_test,
    norm_tail_test,
    rate_test,
    scale_test,
    spread_test,
)
from certigram.numerics.sampling.moments import BoundedTest
from certigram.numerics.sampling.statistics import BinomialTest, ErrorBudget, StatisticalTest
from certigram.theory.verdict import Verdict

Floats = np.ndarray

TANH = Nonlinearity("tanh", np.tanh, 1.0)
RELU = Nonlinearity("relu", lambda x: np.maximum(x, 0.0), 1.0)
RARE = Nonlinearity("max(x - 3, 0)", lambda x: np.maximum(x - 3.0, 0.0), 1.0)
RARER = Nonlinearity("x/1000 + max(x - 6, 0)", lambda x: x / 1000 + np.maximum(x - 6.0, 0.0), 1.001)
ACTIVATIONS = (TANH, RELU, RARE, RARER)

_NODES, _WEIGHTS = scipy.special.roots_legendre(4000)


def mean(f: Any, bound: float = 12.0) -> float:
    """E f(z) for a standard normal z, by Gauss's rule on [-12, 12]: nothing of the product's own quadrature."""
    z = bound * _NODES
    return float((_WEIGHTS * bound * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)) @ f(z))


def fixed_point(phi: Nonlinearity, sigma_w2: float, square: float = 2.0) -> tuple[float, float]:
    """The population's q and s."""
    q = 0.0
    for _ in range(100):
        s = square + 2 * sigma_w2 * q
        q = mean(lambda z, r=math.sqrt(s): phi.function(r * z) ** 2)
    return q, square + 2 * sigma_w2 * q


def moments(phi: Nonlinearity, sigma_w2: float, square: float = 2.0) -> Moments:
    q, s = fixed_point(phi, sigma_w2, square)
    r = math.sqrt(s)
    fourth, eighth = mean(lambda z: phi.function(r * z) ** 4), mean(lambda z: phi.function(r * z) ** 8)
    slope = mean(lambda z: phi.function(r * z) ** 2 * (z * z - 1))
    return Moments(fourth * (1 - 1e-6), fourth * (1 + 1e-6), eighth * (1 + 1e-6), slope, 1e-6 * abs(slope) + 1e-12)


def orthogonal(n: int) -> Floats:
    """n orthogonal inputs of norm sqrt(n)."""
    return math.sqrt(n) * np.eye(n)


def kernel(phi: Nonlinearity, n: int, sigma_w2: float, square: float = 2.0) -> Floats:
    """K of orthogonal inputs: off the diagonal c = E phi(u) phi(v) at covariance 2 sigma_w2 c."""
    q, s = fixed_point(phi, sigma_w2, square)
    first = mean(lambda z: phi.function(math.sqrt(s) * z))
    slope = mean(lambda z: phi.function(math.sqrt(s) * z) * z) / math.sqrt(s)
    c = first * first  # to first order in sigma_w2, which is all that the events need
    c = first * first + slope * slope * 2 * sigma_w2 * c
    return np.full((n, n), c) + (q - c) * np.eye(n)


def shallow(
    points: Floats, activations: tuple[Nonlinearity, ...], *, width: int, seed: Seed, **parameters: Any
) -> tuple[FiniteGram, ...]:
    """Networks without feedback, which need no solution."""
    rows = np.random.Generator(np.random.PCG64(seed)).standard_normal((width, points.shape[1]))
    h = rows @ points.T * math.sqrt(2 / points.shape[1])
    found = []
    for phi in activations:
        z = phi.function(h)
        gram = z.T @ z / width
        found.append(FiniteGram(phi.name, width, (gram + gram.T) / 2, True, 1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, h))
    return tuple(found)


def networks(
    system: Any, widths: tuple[int, ...], seeds: int, sigma_w2: Fraction, activations: tuple[Nonlinearity, ...], n: int = 3,
    *, square: float = 2.0, seed: int = 0, jobs: int = 1,
) -> Sample:  # fmt: skip
    """Sampled networks with the population of the true theory, or of one whose bias term has another variance."""
    subjects = tuple(Subject(phi, kernel(phi, n, float(sigma_w2), square), 1e-9) for phi in activations)
    parameters = {"sigma_w2": sigma_w2} if sigma_w2 else {}
    return run(Plan(system, orthogonal(n), subjects, widths, seeds, seed=seed, parameters=parameters), jobs=jobs)


def part(sample: Sample, k: int, seeds: int) -> Sample:
    """The k-th study: its own replicates."""
    units = tuple(unit for unit in sample.units if k * seeds <= unit.replicate < (k + 1) * seeds)
    return Sample(dataclasses.replace(sample.plan, seeds=seeds), units)


def parts(sample: Sample, studies: int, seeds: int) -> list[Sample]:
    """All studies."""
    units: list[list[Unit]] = [[] for _ in range(studies)]
    for unit in sample.units:
        units[unit.replicate // seeds].append(unit)
    plan = dataclasses.replace(sample.plan, seeds=seeds)
    return [Sample(plan, tuple(group)) for group in units]


def network_tests(sample: Sample, known: tuple[Moments, ...], sigma_w2: Fraction) -> list[StatisticalTest]:
    """What a study of deep equilibrium models tests, for each activation; the weights once."""
    tests: list[StatisticalTest] = []
    for k, phi in enumerate(sample.plan.subjects):
        name, least = phi.activation.name, float(np.linalg.eigvalsh(phi.kernel)[0])
        tests.append(scale_test(sample, k, f"scale, {name}", known[k]))
        tests.append(spread_test(sample, k, f"spread, {name}", known[k]))
        tests.append(rate_test(sample, k, f"rate, {name}", number="operator_error"))
        tests.append(event_test(sample, k, f"event, {name}", least_eigenvalue=least))
    if sigma_w2:
        tests += [norm_tail_test(sample, sigma_w2, t, f"tail, {t}") for t in (1.0, 2.0)]
        tests.append(norm_mean_test(sample, sigma_w2, "norm mean"))
    return tests


def feature_tests(rng: np.random.Generator) -> list[StatisticalTest]:
    """Random features of two orthogonal inputs: a mean of a bounded eigenvalue, and a tail of few exceedances."""
    angle = rng.standard_normal((40, 8, 2))  # 40 draws of 8 frequencies at two inputs
    c = (np.cos(angle[..., 0]) * np.cos(angle[..., 1]) + np.sin(angle[..., 0]) * np.sin(angle[..., 1])).mean(axis=1)
    least = 1 - np.abs(c)  # of [[1, c], [c, 1]]
    claimed = 1 - math.exp(-1.0)
    rare = rng.random(40) < 0.01  # a unit that is active once in a hundred replicates
    return [
        BoundedTest("bias", least, claimed, 1.0, (1.25 * claimed,)),
        BoundedTest("rare mean", np.where(rare, 1.0, 0.0), 0.01, 1.0, (0.5,)),
        BinomialTest("rare event", int(rare.sum()), 40, 0.01, "at-most", (0.5,)),
    ]


def rejected(tests: list[StatisticalTest], alpha: float) -> bool:
    """Whether anything is INCONSISTENT."""
    return any(outcome.verdict is Verdict.INCONSISTENT for outcome in ErrorBudget(alpha).settle(tests))
