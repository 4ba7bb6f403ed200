r"""The Fokker-Planck equation on a grid, by Crank-Nicolson after four implicit Euler steps (Rannacher 1984).

For :math:`h=\rho/\mu` and :math:`y=\sqrt m\,h` the equation is :math:`\dot y=-Sy` with the symmetric matrix S of
:mod:`.spectrum`. Plain float64: the numbers test the inequality

.. math:: |\mathbb E L(W_t)-\mathbb E_\mu L|\le\operatorname{sd}_\mu(L)\,\lVert\rho_0-\mu\rVert_{1/\mu}e^{-\lambda_st},

and are never fitted. docs/papers/two_layer_logistic/proofs.md, section 8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from ....theory.errors import SpecError
from .loss import Floats, TwoLayerLogistic
from .spectrum import generator

STARTING_STEPS = 4


@dataclass(frozen=True, eq=False)
class Evolution:
    r"""What the Fokker-Planck equation says at ``times`` (k,).

    ``excess`` is :math:`\mathbb E L(W_t)-\mathbb E_\mu L`, ``distance`` is :math:`\lVert\rho_t-\mu\rVert_{1/\mu}`,
    ``mean`` and ``deviation`` are those of L under μ.
    """

    times: Floats
    excess: Floats
    distance: Floats
    mean: float
    deviation: float

    def bound(self, gap: float) -> Floats:
        """The right side of the inequality at each time."""
        return np.asarray(self.deviation * self.distance[0] * np.exp(-gap * self.times))


def evolve(
    loss: TwoLayerLogistic,
    step: float,
    axis: Floats,
    initial: tuple[float, float],
    *,
    duration: float,
    steps: int = 400,
) -> Evolution:
    """Evolve the law N(mean, variance) of one weight; ``initial`` is (mean, variance).

    Raises :class:`SpecError` where the law is not in the space of the theorem (variance >= s/λ).
    """
    mean, variance = initial
    if not 0 < variance < step / loss.regularisation:
        raise SpecError(
            f"N({mean}, {variance}) is not square integrable against the stationary law: the variance must lie"
            f" between 0 and s/lambda = {step / loss.regularisation:g}."
        )
    made = generator(loss, step, (axis,))
    root, values = made.root_mass, loss.loss(axis[:, None, None])
    with np.errstate(divide="ignore"):
        exponent = -((axis - mean) ** 2) / (2 * variance) + np.log(np.gradient(axis)) - np.log(root)
    exponent[root == 0] = -np.inf  # beyond the range of float64 the stationary law has no node, nor has the initial one
    state = np.exp(exponent - exponent.max())
    state /= state @ root
    time_step = duration / steps
    identity = scipy.sparse.identity(axis.size, format="csc")
    euler = scipy.sparse.linalg.splu((identity + time_step / STARTING_STEPS * made.matrix).tocsc())
    middle = scipy.sparse.linalg.splu((identity + time_step / 2 * made.matrix).tocsc())
    weight = root * values
    average = float(root @ weight)
    deviation = float(np.sqrt(max(((values - average) ** 2 * root**2).sum(), 0.0)))
    states, first = [state], state
    for _ in range(STARTING_STEPS):
        first = euler.solve(first)
    states.append(first)
    for _ in range(steps - 1):
        states.append(middle.solve(states[-1] - time_step / 2 * (made.matrix @ states[-1])))
    table = np.array(states)
    distance = np.linalg.norm(table - root, axis=1)
    return Evolution(np.linspace(0.0, duration, steps + 1), table @ weight - average, distance, average, deviation)
