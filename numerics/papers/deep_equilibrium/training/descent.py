r"""Gradient descent through the equilibrium, and the bounds that are proved along the way.

.. math:: \theta_{\tau+1} = \theta_\tau - \eta\,\widehat{\nabla\Phi}(\theta_\tau)

in float64, each equilibrium and each adjoint started from the last one. What is certified is the computed sequence
:math:`\theta_0, \theta_1, \dots` of float64 parameters, whatever the errors of the gradients were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.errors import PrecisionExhausted
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....balls.rounding import UNIT, up
from ....checks.trajectories import Bounds
from ....expressions.enclosed_function import EnclosedFunction, norm_down, norm_up
from ....sampling.operator_norm import NormBounds, operator_norm
from .equilibrium import Differentiable
from .gradient import Gradient, Network, gradient
from .iterate import BITS, equilibrium_error, iterate_bounds, lower_float

Array = NDArray[np.float64]
Listen = Callable[[int], None]

TOLERANCE = 1e-12
"""Relative change at which an equilibrium is accepted; what is proved of it comes from its residual."""
ADJOINT_TOLERANCE = 1e-8
"""The same for the adjoint: an inexact gradient only makes another sequence."""

RECORDED = (
    "loss_lower",
    "loss_upper",
    "least_lower",  # lambda_min(G)
    "least_upper",
    "norm_lower",  # ||W||_2
    "norm_upper",
    "distance_lower",  # ||theta - theta_0||_F
    "distance_upper",
    "path_lower",  # length of the polygon of iterates
    "path_upper",
    "error",  # ||Z - Z*||_F
)
"""What is recorded at each iterate: proved bounds, all as float64."""


def descend(
    phi: Differentiable,
    network: Network[Array],
    points: Array,
    labels: Array,
    *,
    step: float,
    steps: int,
    tolerance: float = TOLERANCE,
) -> Iterator[tuple[Network[Array], Gradient[Array]]]:
    """Yield the iterates 0..``steps`` with their gradients; the arrays of a yielded network are not changed later.

    Each equilibrium starts from the linear extrapolation of the last two, each adjoint from the last one.
    Raises :class:`PrecisionExhausted` when an equilibrium is not reached.
    """
    start: Array | None = None
    adjoint_start: Array | None = None
    before: Array | None = None
    for count in range(steps + 1):
        found = gradient(
            phi,
            network,
            points,
            labels,
            start=start,
            adjoint_start=adjoint_start,
            tolerance=tolerance,
            adjoint_tolerance=max(tolerance, ADJOINT_TOLERANCE),
        )
        yield network, found
        if count < steps:
            network = Network(
                network.recurrent - step * found.recurrent,
                network.inputs - step * found.inputs,
                network.readout - step * found.readout,
            )
            start = found.state if before is None else 2 * found.state - before
            before, adjoint_start = found.state, found.adjoint


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """A finished run with proved bounds at every iterate: one (iterates,) array for each name of :data:`RECORDED`."""

    step: float
    arrays: dict[str, Array]

    @property
    def length(self) -> int:
        """The number of recorded iterates."""
        return int(self.arrays["error"].size)

    def bounds(self, name: str) -> Bounds:
        """The proved bounds of ``loss``, ``least``, ``norm``, ``distance`` or ``path``."""
        return Bounds.of(self.arrays[f"{name}_lower"], self.arrays[f"{name}_upper"])


def certified_descent(
    phi: Differentiable,
    enclosed: EnclosedFunction,
    network: Network[Array],
    points: Array,
    labels: Array,
    *,
    step: float,
    steps: int,
    norm: NormBounds | None = None,
    until: float = 0.0,
    tolerance: float = TOLERANCE,
    listen: Listen | None = None,
) -> Trajectory:
    r"""Run gradient descent and prove, at each iterate, bounds of everything that the theorems speak of.

    :math:`\lVert W_\tau\rVert_2 \le \lVert W_0\rVert_2 + \lVert W_\tau - W_0\rVert_F`; where this does not prove
    :math:`L\lVert W\rVert < 1` the norm is bounded afresh. ``norm`` are bounds for the first iterate when at hand. The
    run ends early when the loss is proved below ``until``. Where no bound is proved (L‖W‖ ≥ 1) the recorded bounds are
    infinite; when an equilibrium is not reached at all the run ends and the last record is infinite.
    """
    if phi.lipschitz is None:
        raise PrecisionExhausted("no Lipschitz constant is known, so no iterate has a proved equilibrium.")
    rows: list[list[float]] = []
    norm = operator_norm(network.recurrent) if norm is None else norm
    first, previous = network, network
    path = (0.0, 0.0)
    run = descend(phi, network, points, labels, step=step, steps=steps, tolerance=tolerance)
    while True:
        try:
            current, found = next(run)
        except StopIteration:
            break
        except PrecisionExhausted:
            rows.append([0.0, np.inf] * 5 + [np.inf])
            break
        moved = _distance(current, first)
        length = _distance(current, previous)
        path = (path[0] + length[0]) * (1 - 4 * UNIT), up(path[1] + length[1])
        bounds = _norm_now(norm, current, first, phi.lipschitz)
        theta = up(phi.lipschitz * bounds.upper)
        if theta < 1:
            error = equilibrium_error(enclosed, phi.lipschitz, theta, current, points, found.state)
            proved = iterate_bounds(current, labels, found.state, error)
            loss = lower_float(proved.loss), upper_float(proved.loss)
            least = lower_float(proved.least), upper_float(proved.least)
        else:
            error, loss, least = np.inf, (0.0, np.inf), (0.0, np.inf)
        rows.append([*loss, *least, bounds.lower, bounds.upper, *moved, *path, error])
        previous = current
        if listen is not None:
            listen(len(rows))
        if loss[1] < until:
            break
    table = np.array(rows)
    return Trajectory(step, {name: table[:, k].copy() for k, name in enumerate(RECORDED)})


def _distance(a: Network[Array], b: Network[Array]) -> tuple[float, float]:
    """Bounds of the Frobenius norm of the difference of all parameters; each difference is rounded once."""
    if a is b:
        return 0.0, 0.0
    low = high = 0.0
    for x, y in ((a.recurrent, b.recurrent), (a.inputs, b.inputs), (a.readout, b.readout)):
        difference = np.subtract(x, y)
        low += norm_down(difference) ** 2
        high = up(high + up(norm_up(difference) ** 2))
    return float(np.sqrt(low)) * (1 - 16 * UNIT), up(float(np.sqrt(high)) * (1 + 16 * UNIT))


def _norm_now(norm: NormBounds, current: Network[Array], first: Network[Array], lipschitz: float) -> NormBounds:
    if current is first:
        return norm
    moved = norm_up(current.recurrent - first.recurrent) * (1 + 8 * UNIT)
    upper = up(norm.upper + moved)
    if up(lipschitz * upper) < 1:
        return NormBounds(max(norm.lower - up(moved), 0.0) * (1 - 2 * UNIT), upper)
    return operator_norm(current.recurrent)


def geometric(first: Bounds, factor_upper: arb, factor_lower: arb, length: int) -> Bounds:
    r"""Bounds of :math:`r^\tau \Phi_0` for τ = 0..length−1, from bounds of :math:`\Phi_0` and of r in [0, 1].

    >>> geometric(Bounds.of([1.0], [1.0]), arb("0.5"), arb("0.5"), 3).upper.tolist()
    [1.0, 0.5, 0.25]
    """
    with precision(BITS + 32):
        low, high = arb(float(first.lower[0])), arb(float(first.upper[0]))
        lower, upper = [], []
        for _ in range(length):
            lower.append(lower_float(low))
            upper.append(upper_float(high))
            low, high = low * factor_lower, high * factor_upper
        return Bounds.of(lower, upper)
