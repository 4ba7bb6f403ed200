"""Simulated trajectories of the reference cases, at sizes that take a while.

A failure means that the simulations contradict the Fokker-Planck equation or the proved stationary mean by more than
their stated error, so that the statistical claims would be judged with broken experiments.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from certigram.numerics.papers.two_layer_logistic.evolution import evolve
from certigram.numerics.papers.two_layer_logistic.langevin import langevin, mini_batch_descent, noisy_descent
from certigram.numerics.papers.two_layer_logistic.quadrature import cell_moments, clustered_grid, default_reach
from certigram.numerics.papers.two_layer_logistic.scalar import reference

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("start", [(4.0, 0.05), (-2.5, 0.05)])
def test_trajectories_follow_the_fokker_planck_equation(start: tuple[float, float]) -> None:
    """The mean loss of 20000 trajectories at four times, within five standard errors and the stated weak error."""
    loss = reference("T1")
    net, step = loss.network(), 0.5
    axis = clustered_grid(default_reach(loss, Fraction(1, 2)), 2000)
    found = evolve(net, step, axis, start, duration=60.0, steps=1200)
    rng = np.random.default_rng(11)
    first = start[0] + np.sqrt(start[1]) * rng.standard_normal((20000, 1, 1))
    losses = langevin(net, first, step, 0.02, (250, 500, 1500, 3000), rng)
    for k, t in enumerate((5.0, 10.0, 30.0, 60.0)):
        expected = found.mean + found.excess[round(t * 20)]
        error = losses[k].std() / np.sqrt(losses.shape[1])
        assert abs(losses[k].mean() - expected) <= 5 * error + 0.05 * 0.02


def test_the_recursion_stays_near_the_proved_stationary_mean() -> None:
    """At s = 1/2 the recursion's mean excess is 0.267, the enclosed stationary one 0.25737; the difference is O(s)."""
    loss = reference("T1")
    s = Fraction(1, 2)
    moments = cell_moments(loss, s, clustered_grid(default_reach(loss, s), 800))
    excess = float(moments.mean_loss - loss.minimum())
    rng = np.random.default_rng(5)
    runs = noisy_descent(loss.network(), 5 * rng.standard_normal((4000, 1, 1)), 0.5, 4000, rng)
    mean = float(runs.mean()) - float(loss.minimum())
    assert mean == pytest.approx(0.2668, abs=0.01)
    assert abs(mean - excess) < 0.05 * 0.5


def test_mini_batches_have_other_noise() -> None:
    """With batches of one point the excess is another one: at s = 1/2 all runs end in one well."""
    loss = reference("T1")
    rng = np.random.default_rng(6)
    runs = mini_batch_descent(loss.network(), rng.standard_normal((400, 1, 1)), 0.5, 1, 2000, rng)
    assert float(runs.std()) < 1e-3
    assert float(runs.mean()) - float(loss.minimum()) == pytest.approx(0.1407, abs=2e-3)


def test_mini_batch_excess_shrinks_with_the_step() -> None:
    """p = 8, d = 4, n = 40, batches of 4: the excess over the best gradient descent falls with s."""
    from certigram.numerics.papers.two_layer_logistic.loss import TwoLayerLogistic
    from certigram.theory.activations.activation import activation

    rng = np.random.default_rng(7)
    points = rng.standard_normal((40, 4))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    labels = rng.choice([-1.0, 1.0], 40)
    outer = np.where(np.arange(8) % 2 == 0, 1.0, -1.0) / np.sqrt(8)
    net = TwoLayerLogistic(activation("tanh"), points, labels, outer, 0.01)
    best = rng.standard_normal((12, 8, 4))
    for _ in range(6000):
        best -= 0.5 * net.gradient(best)
    least = float(net.loss(best).min())
    excess = [
        float(mini_batch_descent(net, rng.standard_normal((20, 8, 4)), s, 4, 6000, rng).mean()) - least
        for s in (0.5, 0.1)
    ]
    assert 0 < excess[1] < excess[0] < 0.05
