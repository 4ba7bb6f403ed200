"""Random Fourier features against the table of 400 draws at the eight points, and against the theory.

A failure here means that the frequencies do not follow the kernel's spectral measure, or that the least eigenvalue of
the features is distributed differently from what was recorded.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from certigram.numerics.papers.resnet_rkhs.features import frequencies
from certigram.numerics.radial.gram import radial_gram
from certigram.numerics.radial.kernel import radial_kernel

POINTS = np.array([[np.cos(1 + (3 * i * i + i) * (j + 1) * 0.37) + 0.3 * i / 8 for j in range(2)] for i in range(8)])
LIFTED = np.hstack([POINTS, np.zeros((8, 1))])
LEAST = 0.0034906185
TABLE = [
    (16, 0.00190, 0.5675, 3.19),
    (32, 0.00262, 0.2975, 3.16),
    (64, 0.00305, 0.1025, 3.09),
    (128, 0.00321, 0.0175, 3.10),
    (256, 0.00334, 0.0, 3.13),
    (1024, 0.00345, 0.0, 3.13),
    (4096, 0.00348, 0.0, 3.14),
]
"""Frequencies, mean least eigenvalue, P(it is below half), sqrt(m) E|K_m - K|; own simulation of 400 draws each."""
DRAWS = 400


@pytest.mark.parametrize(("count", "mean", "probability", "norm"), TABLE)
def test_table_of_features(count: int, mean: float, probability: float, norm: float) -> None:
    """Both experiments are samples of 400: they agree up to the errors of both, at a level of 1e-4 for each number."""
    kernel = radial_kernel("gaussian", "1/2")
    exact = radial_gram(kernel, LIFTED).mid
    least, gaps = np.empty(DRAWS), np.empty(DRAWS)
    for k in range(DRAWS):
        angle = LIFTED @ frequencies(kernel, count, 3, (7, count, k)).T
        psi = np.hstack([np.cos(angle), np.sin(angle)]) / math.sqrt(count)
        matrix = psi @ psi.T
        least[k] = np.linalg.eigvalsh(matrix)[0]
        gaps[k] = np.linalg.norm(matrix - exact, 2) * math.sqrt(count)
    z = scipy.stats.norm.isf(5e-5)
    assert abs(least.mean() - mean) <= z * math.sqrt(2) * least.std() / math.sqrt(DRAWS) + 1e-5
    assert abs(gaps.mean() - norm) <= z * math.sqrt(2) * gaps.std() / math.sqrt(DRAWS) + 0.01
    assert least.mean() <= LEAST + z * least.std() / math.sqrt(DRAWS), "B19: the mean is not above"
    below, recorded = int((least < LEAST / 2).sum()), round(probability * DRAWS)
    table = [[below, DRAWS - below], [recorded, DRAWS - recorded]]
    assert scipy.stats.fisher_exact(table).pvalue > 1e-4


@pytest.mark.parametrize("name", ["gaussian", "matern-3/2", "matern-5/2"])
def test_frequencies_follow_the_spectral_measure(name: str) -> None:
    """The mean of cos(omega r) over many frequencies is the kernel at r, within five standard errors."""
    kernel = radial_kernel(name, "3/2")
    table = frequencies(kernel, 200_000, 2, 5)
    for r in (0.3, 1.0, 3.0):
        values = np.cos(table[:, 0] * r)
        expected = float(kernel.values(np.array([r * r]))[0])
        assert abs(values.mean() - expected) < 5 * values.std() / math.sqrt(len(values))
