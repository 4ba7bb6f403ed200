"""Inputs of different norms at arbitrary precision: entry by entry, against the float64 matrix and the series.

A failure means that the scalar fixed points of pairs disagree with the vectorised ones, or with the power series where
the norms happen to agree.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

import certigram as cg
from certigram.numerics.expressions.regularity import regularity
from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.papers.deep_equilibrium.population.pair import pair_matrix
from certigram.theory.activations.activation import activation


@pytest.mark.parametrize("name", ["tanh", "gelu", "sigmoid"])
@pytest.mark.parametrize("bits", [53, 128, 200])
def test_equal_norms_agree_with_the_power_series(name: str, bits: int) -> None:
    rows = [["1", "1/2", "-1/4"], ["1/2", "1", "1/5"], ["-1/4", "1/5", "1"]]
    phi = activation(name)
    lipschitz = regularity(phi, bits).lipschitz
    assert lipschitz is not None
    found = pair_matrix(phi, input_gram(rows), Fraction(1, 16), bits, lipschitz=lipschitz, max_terms=1024)
    series = cg.population_gram("deq-general", input_gram=rows, activation=name, bits=bits)
    for i in range(3):
        for j in range(3):
            assert found.ball(i, j).overlaps(series.ball(i, j))
            assert found.ball(i, j).rad <= Fraction(1, 2 ** (bits - 8))


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "cos"])
def test_different_norms_agree_with_float64(name: str) -> None:
    table = np.random.default_rng(3).standard_normal((6, 5)) * np.array([[0.5], [1.0], [1.0], [2.0], [3.0], [1.5]])
    fast = cg.population_gram("deq-general", table, activation=name, normalize=None, sigma_w2="1/16")
    exact = cg.population_gram("deq-general", table, activation=name, normalize=None, sigma_w2="1/16", bits=128)
    for i in range(6):
        for j in range(6):
            assert fast.ball(i, j).overlaps(exact.ball(i, j))
            assert exact.ball(i, j).rad <= Fraction(1, 10**9 if name == "relu" else 10**30)
    lower, upper = cg.least_eigenvalue(exact).lower, cg.least_eigenvalue(exact).upper
    found = cg.least_eigenvalue(fast)
    assert found.lower <= upper
    assert lower <= found.upper


def test_a_moved_entry_is_noticed() -> None:
    """The negative control: an input correlation off by 1e-9 gives a disjoint entry."""
    rows = [["1", "1/2"], ["1/2", "2"]]
    moved = [["1", "0.5000000005"], ["0.5000000005", "2"]]
    phi = activation("tanh")
    first, second = (
        pair_matrix(phi, input_gram(r), Fraction(1, 16), 128, lipschitz=arb(1), max_terms=512) for r in (rows, moved)
    )
    assert not first.ball(0, 1).overlaps(second.ball(0, 1))
    assert first.ball(0, 0).overlaps(second.ball(0, 0))


def test_an_exact_gram_with_different_norms_needs_no_option() -> None:
    K = cg.population_gram("deq-general", input_gram=[["1", "1/2"], ["1/2", "2"]], activation="erf")
    assert K.ball(0, 1).rad < Fraction(1, 10**30)
    assert cg.least_eigenvalue(K).lower > 0
