"""A failure here means a wrong verdict on a matrix that is hard for a reason: the table of docs/hard-matrices.md."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import certigram as cg
from certigram.numerics.budget import Budget
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least, decide_positive, least_eigenvalue
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.theory.verdict import Verdict


def sphere(n: int = 12, d: int = 6, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1)[:, None]


def model(x: np.ndarray, activation: str) -> cg.PopulationGram:
    return cg.population_gram("deq-general", x, activation=activation, sigma_w2="1/16")


def verdicts(k: cg.PopulationGram, *bounds: str) -> list[str]:
    return [cg.certify(k, at_least=bound).verdict.name for bound in bounds]


@pytest.mark.parametrize("factor", [1.0, 4.0, 3.0])
def test_duplicates_are_singular_exactly(factor: float) -> None:
    x = np.round(sphere() * 2**40) / 2**40
    k = model(np.vstack([x, factor * x[3]]), "tanh")
    e = cg.least_eigenvalue(k)
    assert e.lower <= 0 <= e.upper
    assert verdicts(k, "0", "1e-300") == ["PROVED", "REFUTED"]


@pytest.mark.parametrize("activation", ["erf", "sin", "relu"])
def test_near_duplicates_at_1e_12_are_positive_definite(activation: str) -> None:
    """1 - C is about 5e-25: float64 does not see the two points apart, and none of the eigenvalue is above 1e-20."""
    x = sphere()
    x = np.vstack([x, x[3]])
    x[-1, 0] += 1e-12
    k = model(x, activation)
    e = k.instance.eigenvalue
    assert 1e-26 < e.lower <= e.upper < 1e-23
    assert "arb" in e.method


def test_near_duplicates_within_float64_stay_unknown_without_more_bits() -> None:
    x = np.vstack([sphere(), sphere()[3]])
    x[-1, 0] += 1e-12
    matrix = model(x, "erf").matrix
    verdict, e = decide_positive(matrix)
    assert verdict is Verdict.UNKNOWN
    assert e.lower < 0 < e.upper
    assert "radi" in e.steps[-1]


def test_antipodes_are_singular_for_odd_activations_only() -> None:
    x = np.vstack([sphere(), -sphere()[3]])
    assert verdicts(model(x, "tanh"), "0", "1e-300") == ["PROVED", "REFUTED"]
    assert verdicts(model(x, "gelu"), "0.02", "0.03") == ["PROVED", "REFUTED"]


def test_a_single_point() -> None:
    k = model(sphere(1), "tanh")
    e = k.instance.eigenvalue
    assert e.upper - e.lower < 1e-15
    assert verdicts(k, "0.5256839", "0.5256840") == ["PROVED", "REFUTED"]


def test_an_affine_activation_has_the_rank_of_the_inputs() -> None:
    assert verdicts(model(sphere(), "identity"), "0", "1e-300") == ["PROVED", "REFUTED"]
    assert verdicts(model(sphere(5), "identity"), "1e-6") == ["PROVED"]


@pytest.mark.parametrize("rank", [0, 1, 7, 29])
def test_rank_deficient_matrices_of_exact_entries(rank: int) -> None:
    g = np.random.default_rng(rank).integers(-9, 10, (30, rank)).astype(float)
    matrix = BallMatrix(g @ g.T, 0.0)
    e = least_eigenvalue(matrix)
    assert (e.lower, e.upper) == (0.0, 0.0)
    assert decide_positive(matrix)[0] is Verdict.REFUTED
    assert decide_at_least(matrix, Fraction(0))[0] is Verdict.PROVED
    below = BallMatrix(g @ g.T - 2.0**-40 * np.eye(30), 0.0)
    assert decide_at_least(below, Fraction(0))[0] is Verdict.REFUTED
    above = BallMatrix(g @ g.T + 2.0**-40 * np.eye(30), 0.0)
    assert decide_positive(above)[0] is Verdict.PROVED


def test_an_ill_conditioned_matrix_says_how_far_each_rung_came() -> None:
    n = 40
    a = np.array([[1.0 / (i + j + 1) for j in range(n)] for i in range(n)])
    a = (a + a.T) / 2
    a += 2.0**-45 * np.eye(n)  # exact: a multiple of the last place of the diagonal
    e = least_eigenvalue(BallMatrix(a, 0.0))
    assert e.relative_width <= 1e-6
    names = [step.split(":")[0] for step in e.steps]
    assert names[0] == "float64 Cholesky"
    assert names[-1].startswith("arb LDL^T")
    assert all("stopped" in s or "good enough" in s or "factorise" in s or "gap" in s for s in e.steps)
    floats = least_eigenvalue(BallMatrix(a, 0.0), budget=Budget(bits=24, max_bits=64))
    assert floats.lower <= e.lower <= e.upper <= floats.upper
