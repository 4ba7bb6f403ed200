"""The orders that the feedback creates, and the iteration of the population Gram matrix, against enclosures.

A failure here means that a bound of ``lemma.positive-definite`` or ``lemma.population-iteration`` is false.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import decide
from certigram.numerics.dual import dual
from certigram.numerics.hermite import hermite_transform
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.population.variance import variance_fixed_point
from certigram.numerics.studies.data import DataSet
from certigram.theory.activations.activation import activation
from certigram.theory.claims.system import system
from certigram.theory.verdict import Verdict

BITS, SIGMA_W2 = 128, Fraction(1, 16)


def model(name: str) -> EquilibriumInstance:
    """Three inputs of the sphere."""
    data = DataSet(points(np.array([[1.0, 1.0], [1.0, -1.0], [1.0, 0.0]])), None, "three", "sphere")
    return EquilibriumInstance("deq-general", activation(name), data, SIGMA_W2, Budget())


@pytest.mark.parametrize(("name", "p"), [("sin", 3), ("erf", 3), ("gelu", 2), ("cos", 2), ("softplus", 2)])
def test_the_feedback_creates_the_orders_that_the_lemma_says(name: str, p: int) -> None:
    """k at p and p^2 lies above its stated bound, which is one of the terms of the coefficient."""
    inst = model(name)
    s = inst.fixed_point.s
    coefficients = inst.kernel(p * p, BITS).series.coefficients
    mu = hermite_transform(activation(name), p, s, BITS).coefficients[p]
    with precision(BITS):
        first = mu**2 * (2 / s) ** p
        second = mu**2 * (enclose(2 * SIGMA_W2) / s) ** p * first**p
        assert first > 0
        assert coefficients[p] >= first or coefficients[p].overlaps(first)
        assert coefficients[p * p] > second
    found, _ = decide(system("deq-general").claim("deq-general.positive-definite"), inst)
    assert found.verdict is Verdict.ARGUED
    assert any("lemma.positive-definite" in item.text for item in found.evidence)


@pytest.mark.parametrize("name", ["sin", "erf", "gelu", "cos"])
def test_the_iteration_converges_with_its_moving_diagonal(name: str) -> None:
    """Two inputs of different norms: four iterates from zero within the stated distance of a later one and its own."""
    phi, norms, inner = activation(name), (Fraction(1), Fraction(1, 2)), Fraction(1, 3)
    lip = model(name).lipschitz
    points_ = [variance_fixed_point(phi, SIGMA_W2, BITS, lipschitz=lip, input_variance=2 * c) for c in norms]
    with precision(BITS):
        theta = (2 * enclose(SIGMA_W2)).sqrt() * lip
        roots = [(p.q.sqrt(), p.s.sqrt()) for p in points_]
        (qi, si), (qj, sj) = roots
        constant = 3 * theta * qi * qj + theta * lip * (2 * qi * sj + si * qj)
    q, k, found = [arb(0), arb(0)], arb(0), []
    for _ in range(12):
        with precision(BITS):
            s = [2 * enclose(SIGMA_W2) * x + 2 * enclose(c) for x, c in zip(q, norms, strict=True)]
            c = 2 * enclose(SIGMA_W2) * k + 2 * enclose(inner)
        k = dual(phi, s[0], s[1], c, BITS)
        q = [dual(phi, v, v, v, BITS) for v in s]
        found.append(k)
    with precision(BITS):

        def bound(step: int, size: arb) -> arb:
            return theta ** (2 * step) * size + constant * theta ** (step - 1) * (1 - theta**step) / (1 - theta)

        rest = bound(12, qi * qj)
        for step in range(1, 5):
            assert abs(found[step - 1] - found[-1]) <= bound(step, qi * qj) + rest
