r"""Simulations: the Langevin equation by Euler-Maruyama, the papers' noisy recursion, and mini-batch gradient descent.

.. math:: dW=-\nabla L\,dt+\sqrt s\,dB,\qquad W_{k+1}=W_k-s\nabla L(W_k)-s\,\xi_k,\qquad
          W_{k+1}=W_k-\tfrac sb\sum_{i\in B_k}\nabla\ell_i(W_k)-s\lambda W_k .

The second is the first with time step s, :math:`\xi_k\sim N(0,I)`; the third has another noise, which the theory does
not cover. Many chains at once: W is (chains, p, d).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.special

from ....theory.errors import SpecError
from .loss import Floats, TwoLayerLogistic


def langevin(
    loss: TwoLayerLogistic,
    start: Floats,
    step: float,
    time_step: float,
    records: tuple[int, ...],
    rng: np.random.Generator,
) -> Floats:
    """The loss of each chain after the numbers of time steps in ``records`` (increasing): (records, chains).

    >>> from certigram.theory.activations.activation import activation
    >>> net = TwoLayerLogistic(activation("tanh"), np.ones((1, 1)), np.ones(1), np.ones(1), 1.0)
    >>> langevin(net, np.zeros((5, 1, 1)), 0.1, 0.1, (0, 3), np.random.default_rng(0)).shape
    (2, 5)
    """
    if list(records) != sorted(records) or not records or records[0] < 0:
        raise SpecError("the recorded steps must be increasing numbers.")
    weights, found, done = start.copy(), [], 0
    size = np.sqrt(step * time_step)
    for target in records:
        for _ in range(target - done):
            weights -= time_step * loss.gradient(weights)
            weights += size * rng.standard_normal(weights.shape)
        done = target
        found.append(loss.loss(weights))
    return np.array(found)


def _late_mean(loss: TwoLayerLogistic, start: Floats, steps: int, move: Callable[[Floats], Floats]) -> Floats:
    """The mean loss of each chain over the last fifth of so many steps W - move(W): (chains,)."""
    weights, total, late = start, np.zeros(start.shape[0]), max(steps // 5, 1)
    for k in range(steps):
        weights = weights - move(weights)
        if k >= steps - late:
            total += loss.loss(weights)
    return total / late


def noisy_descent(loss: TwoLayerLogistic, start: Floats, step: float, steps: int, rng: np.random.Generator) -> Floats:
    """The mean loss of each chain over the last fifth of the recursion with Gaussian noise: (chains,)."""
    return _late_mean(loss, start, steps, lambda w: step * (loss.gradient(w) - rng.standard_normal(w.shape)))


def mini_batch_descent(
    loss: TwoLayerLogistic, start: Floats, step: float, batch: int, steps: int, rng: np.random.Generator
) -> Floats:
    """The mean loss of each chain over the last fifth of mini-batch gradient descent: (chains,).

    Each batch is drawn with replacement by the weights of the data, independently for each chain.
    """
    if batch < 1 or steps < 1:
        raise SpecError("mini-batch gradient descent needs at least one step and one point in a batch.")
    edges = np.cumsum(loss.mass)[:-1]

    def move(weights: Floats) -> Floats:
        chosen = np.searchsorted(edges, rng.random((start.shape[0], batch)))
        points, labels = loss.points[chosen], loss.labels[chosen]
        z = np.einsum("cjk,cbk->cbj", weights, points)
        pull = -labels * scipy.special.expit(-labels * (loss.function(0, z) @ loss.outer)) / batch
        inner = np.einsum("cbj,cb,cbk->cjk", loss.function(1, z), pull, points)
        return np.asarray(step * (inner * loss.outer[:, None] + loss.regularisation * weights))

    return _late_mean(loss, start, steps, move)
