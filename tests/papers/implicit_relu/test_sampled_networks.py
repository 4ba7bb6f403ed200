"""The tables of docs/papers/implicit_relu/proofs.md, sampled again within their statistical error.

A failure here means that sampled networks contradict the concentration theory, the limit at infinite width, or the
published course of training.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from certigram.numerics.checks.registry import find_check
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.implicit_relu.experiments import feature_sample, state_sample
from certigram.numerics.papers.implicit_relu.instance import ImplicitInstance, TrainingPlan
from certigram.numerics.papers.implicit_relu.limit import limit_variance
from certigram.numerics.studies.data import DataSet
from certigram.theory.verdict import Verdict

pytestmark = pytest.mark.slow


def data(n: int) -> DataSet:
    rows = [
        [
            (7 * i + 3) % 11 - 5,
            (5 * i * i + 1) % 13 - 6,
            (3 * i**3 + 2) % 17 - 8,
            (i * i + i) % 7 - 3,
            (2 * i**3 + i) % 19 - 9,
        ]
        for i in range(n)
    ]
    labels = np.cos(1.0 + np.arange(n) ** 2)
    return DataSet(points(np.array(rows, dtype=np.float64)), None, "the test inputs", "sphere", labels)


# n, width, E||G_m - G||, mean and minimum of lambda_min(G_m) over 100 networks, share with at least 3/4 lambda_0
CONCENTRATION = {
    8: {
        256: (0.24433, 0.049414, 0.99),
        512: (0.16102, 0.050934, 1.0),
        1024: (0.12418, 0.051306, 1.0),
        2048: (0.08130, 0.051659, 1.0),
        4096: (0.06197, 0.051853, 1.0),
        8192: (0.04464, 0.052104, 1.0),
    },
    16: {256: (0.43449, 0.003689, 0.94), 1024: (0.21803, 0.004000, 1.0), 8192: (0.07919, 0.004047, 1.0)},
}


@pytest.mark.parametrize("n", [8, 16])
def test_concentration_table(n: int) -> None:
    """Two independent means of 100 networks differ by less than 5 of their joint standard errors."""
    table = CONCENTRATION[n]
    inst = ImplicitInstance(data(n), widths=tuple(table))
    sample = feature_sample(inst)
    for k, (norm, least, share) in enumerate(table.values()):
        for row, value in ((sample.norm[k], norm), (sample.least[k], least)):
            error = math.sqrt(2) * float(row.std(ddof=1)) / 10
            assert abs(float(row.mean()) - value) < 5 * error + 1e-5
        found = float((sample.least[k] >= 0.75 * inst.eigenvalue.upper).mean())
        assert abs(found - share) < 0.1
        assert float(sample.least[k].mean()) < inst.eigenvalue.upper  # E lambda_min(G_m) <= lambda_0
    scaled = [math.sqrt(m) * float(row.mean()) for m, row in zip(sample.widths, sample.norm, strict=True)]
    assert max(scaled) / min(scaled) < 1.25


# width, gamma, lambda_min of Phi'Phi, lambda_min and lambda_max of H(0), worst ratio of two successive losses
TRAINING = [
    (256, "1/5", 0.04851, 0.36106, 5.8054, 0.93849),
    (512, "3/10", 0.05093, 0.40836, 5.7307, 0.90137),
    (1024, "1/5", 0.04946, 0.39432, 5.6070, 0.93206),
    (1024, "2/5", 0.04946, 0.42316, 6.1123, 0.93398),
]


@pytest.mark.parametrize(("width", "gamma", "least", "low", "high", "ratio"), TRAINING)
def test_training_table(width: int, gamma: str, least: float, low: float, high: float, ratio: float) -> None:
    """Full training of eight inputs: other weights, so the spread over seeds of these numbers is allowed for."""
    inst = ImplicitInstance(data(8), Fraction(gamma), plan=TrainingPlan(width, 8, 100))
    spectrum = np.linalg.eigvalsh(inst.tangent.total.mid)
    assert inst.initial_gram.lower == pytest.approx(least, rel=0.15)
    assert spectrum[0] == pytest.approx(low, rel=0.2)
    assert spectrum[-1] == pytest.approx(high, rel=0.12)
    outcome = find_check("implicit-descent")(inst)
    assert outcome.verdict is Verdict.PROVED
    assert outcome.upper is not None
    assert abs(outcome.upper - ratio) < 0.04
    run = inst.trajectory
    assert run.contraction.upper.max() - run.contraction.lower.min() < 1e-3
    assert 1.0 < run.W.upper[-1] < 4.0
    assert run.A.upper[-1] < 0.6
    assert run.gram.lower.min() > inst.eigenvalue.upper / 2
    assert run.loss.upper[-1] < 2e-3 * run.loss.lower[0]


@pytest.mark.parametrize("gamma", ["1/5", "2/5"])
def test_norm_of_the_equilibrium_at_width_1024(gamma: str) -> None:
    """The mean of |z|^2 over 40 networks is K* within five standard errors and the bias of order 1/m."""
    inst = ImplicitInstance(data(20), Fraction(gamma), widths=(1024,), replicates=40)
    found = state_sample(inst).states[1024].mean(axis=1)
    error = float(found.std(ddof=1)) / math.sqrt(found.size)
    limit = float(limit_variance(Fraction(gamma), 64).mid())
    assert abs(float(found.mean()) - limit) < 5 * error + 2 / 1024
