"""A failure here means that a false theory would be called CONSISTENT, or that a true one is rejected too often.

The surrogate is the network without feedback, Z = φ(U Xᵀ): its Gram matrix has the exact mean K and costs microseconds.
Two controls are repeated on the deep equilibrium model itself.
"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

from certigram.numerics.papers.deep_equilibrium.finite_width import sample_grams
from certigram.numerics.sampling.exact_law import departure, usable_widths
from certigram.numerics.sampling.experiment import NUMBERS, Plan, Sample, Subject, run
from certigram.numerics.sampling.finite_width import (
    Moments,
    event_test,
    norm_mean_test,
    norm_tail_test,
    rate_test,
    scale_test,
    spread_test,
)
from certigram.numerics.sampling.moments import MomentTest
from certigram.numerics.sampling.statistics import ErrorBudget, StatisticalTest, clopper_pearson, holm
from certigram.numerics.studies.networks import FiniteGram, Nonlinearity, Seed
from certigram.theory.errors import PrecisionExhausted, SpecError
from certigram.theory.verdict import Verdict

ERF = Nonlinearity("erf", scipy.special.erf, 2 / math.sqrt(math.pi))
SIN = Nonlinearity("sin", np.sin, 1.0)
SIXTEENTH = Fraction(1, 16)


def points(n: int, d: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x * (np.sqrt(d) / np.linalg.norm(x, axis=1))[:, None]


def dual(name: str, a: float, c: np.ndarray) -> np.ndarray:
    """E φ(u) φ(v) for equal variances a and covariance c."""
    return 2 / np.pi * np.arcsin(2 * c / (1 + 2 * a)) if name == "erf" else np.exp(-a) * np.sinh(c)


def kernel(name: str, x: np.ndarray, sigma_w2: float) -> np.ndarray:
    """K = κ(2 σ_w² K + 2 C) by iteration from zero."""
    c = x @ x.T / x.shape[1]
    k = np.zeros_like(c)
    for _ in range(80):
        a = float(2 + 2 * sigma_w2 * k[0, 0])
        k = dual(name, a, 2 * sigma_w2 * k + 2 * c)
    return (k + k.T) / 2


@cache
def moments(name: str, sigma_w2: float) -> Moments:
    """Of the squared activation at the fixed point, by Gauss's rule; x for a true theory."""
    phi = {"erf": ERF, "sin": SIN}[name].function
    x = points(2, 10)
    s = 2 + 2 * sigma_w2 * float(kernel(name, x, sigma_w2)[0, 0])
    nodes, weights = scipy.special.roots_hermitenorm(200)
    f, weights = phi(math.sqrt(s) * nodes) ** 2, weights / math.sqrt(2 * math.pi)
    fourth, eighth, slope = (float(weights @ g) for g in (f**2, f**4, f * (nodes**2 - 1)))
    return Moments(fourth * (1 - 1e-9), fourth * (1 + 1e-9), eighth * (1 + 1e-9), slope, 1e-9)


def shallow(
    points: np.ndarray, activations: tuple[Nonlinearity, ...], *, width: int, seed: Seed, **parameters: Any
) -> tuple[FiniteGram, ...]:
    """Networks without feedback, which need no solution; ``rate`` shrinks the deviation as a wrong theory would."""
    rows = np.random.Generator(np.random.PCG64(seed)).standard_normal((width, points.shape[1]))
    argument = rows @ points.T * math.sqrt(2 / points.shape[1])
    results = []
    for phi in activations:
        z = phi.function(argument)
        gram = z.T @ z / width
        results.append(
            FiniteGram(phi.name, width, (gram + gram.T) / 2, True, 1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, argument)
        )
    return tuple(results)


X = points(5, 7)
STUDIES, SEEDS, WIDTHS = 200, 5, (32, 64, 128)


@cache
def shallow_sample(seeds: int = STUDIES * SEEDS) -> Sample:
    subjects = (Subject(ERF, kernel("erf", X, 0.0)),)
    return run(Plan(shallow, X, subjects, WIDTHS, seeds, parameters={}))


@cache
def solved(width: int, key: tuple[int, ...], sigma_w2: Fraction) -> tuple[FiniteGram, ...]:
    """Equilibria of both activations, solved once for all controls."""
    return sample_grams(points(8, 10), (ERF, SIN), sigma_w2, width, np.random.SeedSequence(0, spawn_key=key))


def network(
    points: np.ndarray, activations: tuple[Nonlinearity, ...], *, width: int, seed: Seed, **parameters: Any
) -> tuple[FiniteGram, ...]:
    """The deep equilibrium model, from the store of :func:`solved`."""
    assert isinstance(seed, np.random.SeedSequence)
    assert activations == (ERF, SIN)
    return solved(width, tuple(seed.spawn_key), parameters["sigma_w2"])


@cache
def network_sample(sigma_w2: Fraction = SIXTEENTH, widths: tuple[int, ...] = (256, 512, 1024)) -> Sample:
    x = points(8, 10)
    subjects = tuple(Subject(phi, kernel(phi.name, x, 1 / 16), 1e-12) for phi in (ERF, SIN))
    return run(Plan(network, x, subjects, widths, 40, parameters={"sigma_w2": sigma_w2}))


def against(sample: Sample, kernels: tuple[np.ndarray, ...]) -> Sample:
    """The same networks, compared with other kernels."""
    subjects = tuple(dataclasses.replace(s, kernel=k) for s, k in zip(sample.plan.subjects, kernels, strict=True))
    return run(dataclasses.replace(sample.plan, subjects=subjects))


def settle(*tests: StatisticalTest, alpha: float = 1e-3) -> list[Verdict]:
    """The verdicts, as in a study of twenty tests."""
    padding = list(tests[:1]) * (20 - len(tests))
    return [outcome.verdict for outcome in ErrorBudget(alpha).settle([*tests, *padding])][: len(tests)]


def least(sample: Sample, subject: int = 0) -> float:
    return float(np.linalg.eigvalsh(sample.plan.subjects[subject].kernel)[0])


@cache
def least_p_values() -> np.ndarray:
    """Of two hundred studies of four tests each the smallest p-value after Holm's correction."""
    whole, found = shallow_sample(), []
    for k in range(STUDIES):
        units = tuple(unit for unit in whole.units if k * SEEDS <= unit.replicate < (k + 1) * SEEDS)
        sample = Sample(whole.plan, units)
        tests = (
            scale_test(sample, 0, "scale", moments("erf", 0.0)),
            spread_test(sample, 0, "spread", moments("erf", 0.0)),
            rate_test(sample, 0, "rate"),
            event_test(sample, 0, "event", least_eigenvalue=least(whole), claimed=0.9),
        )
        found.append(min(holm([test.p_value for test in tests])))
    return np.array(found)


@pytest.mark.parametrize("alpha", [0.05, 1e-3])
def test_a_correct_theory_is_rejected_no_more_often_than_promised(alpha: float) -> None:
    """The count of studies with any INCONSISTENT obeys the budget; tests/montecarlo has ten times as many."""
    assert clopper_pearson(int((least_p_values() <= alpha).sum()), STUDIES, 0.99)[0] <= alpha


def test_the_correct_theory_of_the_network_is_consistent() -> None:
    sample = network_sample()
    for k in range(2):
        verdicts = settle(
            rate_test(sample, k, "rate"),
            scale(sample, k),
            event_test(sample, k, "event", least_eigenvalue=least(sample, k), claimed=0.9),
            norm_tail_test(sample, SIXTEENTH, 1.0, "tail"),
            norm_mean_test(sample, SIXTEENTH, "norm"),
        )
        assert verdicts == [Verdict.CONSISTENT] * 5
        spread = spread_test(sample, k, "spread", moments(("erf", "sin")[k], 1 / 16))
        assert settle(spread) == [Verdict.CONSISTENT]


def scale(sample: Sample, k: int) -> MomentTest:
    return scale_test(sample, k, "scale", moments(("erf", "sin")[k], 1 / 16))


@pytest.mark.parametrize("direction", ["larger", "smaller", "random", "entry"])
def test_a_kernel_off_by_five_percent_is_inconsistent(direction: str) -> None:
    sample = network_sample()
    kernels = []
    for subject in sample.plan.subjects:
        k = subject.kernel
        v = np.random.default_rng(1).standard_normal(len(k))
        entry = np.outer(np.eye(8)[2], np.eye(8)[2])
        wrong = {"larger": k, "smaller": -k, "random": np.outer(v, v), "entry": entry}[direction]
        kernels.append(k + 0.05 * np.linalg.norm(k, 2) / np.linalg.norm(wrong, 2) * wrong)
    false = against(sample, tuple(kernels))
    for k in range(2):
        assert settle(scale(false, k)) == [Verdict.INCONSISTENT]


def test_the_kernel_of_another_activation_is_inconsistent() -> None:
    sample = network_sample()
    swapped = against(sample, tuple(subject.kernel for subject in sample.plan.subjects[::-1]))
    assert settle(*(scale(swapped, k) for k in range(2))) == [Verdict.INCONSISTENT] * 2


def test_a_doubled_variance_is_inconsistent() -> None:
    sample, twice = network_sample(), 2 * SIXTEENTH
    x = sample.plan.points
    false = against(sample, tuple(kernel(name, x, 1 / 8) for name in ("erf", "sin")))
    verdicts = settle(scale(false, 0), norm_mean_test(sample, twice, "norm"))
    assert verdicts == [Verdict.INCONSISTENT] * 2
    wide = network_sample(twice, (128, 256, 512))
    tests = [(norm_mean_test(wide, s, "norm"), norm_tail_test(wide, s, 1.0, "tail")) for s in (SIXTEENTH, twice)]
    assert settle(*tests[0]) == [Verdict.INCONSISTENT] * 2
    assert settle(*tests[1]) == [Verdict.CONSISTENT] * 2


@pytest.mark.parametrize("exponent", [-0.25, -1.0, -0.5])
def test_a_wrong_rate_is_inconsistent(exponent: float) -> None:
    """The surrogate's fluctuations are rescaled from the rate −1/2 to another; the slopes alone contradict nothing."""
    sample = shallow_sample()
    column, n = NUMBERS.index("whitened_frobenius"), len(X)
    q = np.diag(sample.plan.subjects[0].kernel)
    units = []
    for unit in sample.units:
        if unit.replicate < 100:
            factor = unit.width ** (exponent + 0.5)
            numbers, functionals = unit.numbers.copy(), unit.functionals.copy()
            numbers[:, column] *= factor
            probes = functionals[:, -2 * n : -n]
            probes[:] = np.maximum(q + factor * (probes - q), 0.0)
            units.append(dataclasses.replace(unit, numbers=numbers, functionals=functionals))
    moved = Sample(sample.plan, tuple(units))
    found = settle(rate_test(moved, 0, "rate"), spread_test(moved, 0, "spread", moments("erf", 0.0)))
    right = [Verdict.CONSISTENT] * 2
    assert found == (right if exponent == -0.5 else [Verdict.UNKNOWN, Verdict.INCONSISTENT])


def test_a_false_probability_is_inconsistent() -> None:
    sample = network_sample()
    width = min(sample.plan.widths)
    median = float(np.median(sample.column(0, "least_eigenvalue")[width]))
    half = event_test(sample, 0, "event", least_eigenvalue=2 * median, width=width, claimed=0.99)
    assert half.successes == 20
    assert settle(half) == [Verdict.INCONSISTENT]
    never = event_test(sample, 0, "event", least_eigenvalue=1e3, claimed=0.9)
    assert settle(never) == [Verdict.INCONSISTENT]


def test_a_tail_bound_with_a_smaller_centre_is_inconsistent() -> None:
    """The norm concentrates at twice sqrt 2 sigma_w, not at 1.7 times: (1.7/2)² of the variance in the bound."""
    sample = network_sample()
    assert settle(norm_tail_test(sample, float(SIXTEENTH) * 0.85**2, 1.0, "tail")) == [Verdict.INCONSISTENT]


def test_a_width_of_which_the_theorem_says_nothing_cannot_refute_it() -> None:
    sample = network_sample()
    assert settle(event_test(sample, 0, "event", least_eigenvalue=1e3)) == [Verdict.UNKNOWN]


def test_a_kernel_that_is_not_known_well_is_not_whitened() -> None:
    """With an error of K beyond its least eigenvalue the rate falls back to the plain norm, and then gives up."""
    sample = network_sample()
    tests = []
    for error in (1e-12, 1e-4, 1e3):
        subjects = tuple(dataclasses.replace(s, kernel_error=error) for s in sample.plan.subjects)
        tests.append(Sample(dataclasses.replace(sample.plan, subjects=subjects), sample.units))
    plain = rate_test(sample, 0, "rate", number="frobenius_error").estimate
    assert rate_test(tests[0], 0, "rate").estimate != plain
    shaky = dataclasses.replace(tests[1].plan.subjects[0], kernel_error=0.005 * least(sample))
    poor = Sample(dataclasses.replace(sample.plan, subjects=(shaky, tests[1].plan.subjects[1])), sample.units)
    assert rate_test(poor, 0, "rate").estimate == plain
    with pytest.raises(PrecisionExhausted, match="negligible"):
        rate_test(tests[2], 0, "rate")


def test_a_tiny_experiment_is_unknown() -> None:
    whole = shallow_sample()
    few = Sample(whole.plan, tuple(unit for unit in whole.units if unit.replicate < 3))
    verdicts = settle(rate_test(few, 0, "rate"), event_test(few, 0, "event", least_eigenvalue=least(whole)))
    assert verdicts == [Verdict.UNKNOWN, Verdict.UNKNOWN]


def test_unsolved_networks_are_not_left_out() -> None:
    x = points(4, 5)
    plan = Plan("deq-general", x, (Subject(SIN, np.eye(4)),), (16, 32), 2, parameters={"sigma_w2": Fraction(50)})
    sample = run(plan)
    for test in (rate_test, scale):
        with pytest.raises(PrecisionExhausted, match="did not reach their equilibrium"):
            test(sample, 0, "claim") if test is rate_test else scale(sample, 0)
    assert event_test(sample, 0, "event", least_eigenvalue=0.0).successes == 0


def test_without_a_contraction_nothing_is_concluded() -> None:
    """Where no bound of the solver's error is known, no law of the equilibria is known either."""
    x = points(4, 5)
    subject = Subject(Nonlinearity("erf", scipy.special.erf), kernel("erf", x, 1 / 16))
    found = run(Plan("deq-general", x, (subject,), (32, 64), 4, parameters={"sigma_w2": SIXTEENTH}))
    with pytest.raises(PrecisionExhausted, match="Lipschitz"):
        scale(found, 0)


def test_narrow_networks_take_no_part_in_the_exact_law() -> None:
    x = points(4, 5)
    subject = Subject(ERF, kernel("erf", x, 1 / 16))
    found = run(Plan("deq-general", x, (subject,), (16, 32), 3, parameters={"sigma_w2": SIXTEENTH}))
    with pytest.raises(PrecisionExhausted, match="take larger widths"):
        scale(found, 0)


def test_wide_networks_take_part_in_the_exact_law() -> None:
    """Where exponentials are below the least float the bound is small, and not "nothing is known"."""
    for strength in (0.01, 0.125, 0.16, 0.2, 0.24):
        bounds = [departure(m, strength) for m in (256, 1024, 4096, 10**5, 10**7)]
        assert bounds == sorted(bounds, reverse=True)
        assert bounds[-1] < 1e-300
    assert usable_widths({256: 20, 4096: 20, 8192: 20}, 0.125, 1e-6)[0] == {8192: 20, 4096: 20, 256: 20}
    assert departure(10**5, 0.2, length=2.5) == 1.0  # beyond the reach of the proof


def test_one_width_is_refused_for_a_rate() -> None:
    x = points(4, 5)
    subject = Subject(ERF, kernel("erf", x, 1 / 16))
    sample = run(Plan("deq-general", x, (subject,), (32,), 3, parameters={"sigma_w2": SIXTEENTH}))
    with pytest.raises(SpecError, match="two different widths"):
        rate_test(sample, 0, "claim")


def test_the_norm_of_narrow_matrices_contradicts_nothing() -> None:
    """Matrices of the orders 2 to 16, whose norms lie far below the limit."""
    x = points(2, 5)
    subject = Subject(ERF, kernel("erf", x, 1 / 16))
    sample = run(Plan("deq-general", x, (subject,), (2, 4, 8, 16), 250, parameters={"sigma_w2": SIXTEENTH}))
    assert norm_mean_test(sample, SIXTEENTH, "norm").p_value == 1.0
    assert norm_mean_test(sample, 1.3 * SIXTEENTH, "norm").p_value < 1e-6
    assert norm_mean_test(sample, 0.5 * SIXTEENTH, "norm").p_value < 1e-6


def test_the_surrogate_is_the_network_without_feedback() -> None:
    """Else the level measured above would speak of something else."""
    found = sample_grams(X, (ERF,), 0, 1024, 1)[0].gram
    assert np.abs(found - kernel("erf", X, 0.0)).max() < 6 / math.sqrt(1024)


def test_the_standardised_preactivations_of_an_equilibrium_are_gaussian() -> None:
    """The exact law at finite width, with feedback: mean squares are chi-squared, and the probes have the mean K_ii."""
    x = points(1, 5)
    subject = Subject(SIN, kernel("sin", x, 1 / 16), 1e-12)
    sample = run(Plan("deq-general", x, (subject,), (48,), 400, parameters={"sigma_w2": SIXTEENTH}))
    probes, squares = np.array([unit.functionals[0, -2:] for unit in sample.units]).T
    assert scipy.stats.kstest(48 * squares, scipy.stats.chi2(48).cdf).pvalue > 1e-4
    gap = probes - float(subject.kernel[0, 0])
    assert abs(gap.mean()) < 4 * gap.std() / 20
