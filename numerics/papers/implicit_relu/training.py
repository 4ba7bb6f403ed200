r"""Training runs of an implicit network, each recorded iterate enclosed on both sides.

The iterates are binary64 numbers that some rule produced; every bound is about these exact numbers, so nothing is
carried from one iterate to the next and no interval grows. ``docs/papers/implicit_relu/proofs.md``, "Floating point".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np
import scipy.integrate
from flint import arb

from ....theory.errors import SpecError
from ...balls.budget import Budget
from ...balls.ends import between
from ...balls.rounding import UNIT, gamma
from ...checks.trajectories import Bounds
from ...expressions.enclosed_function import norm_down, norm_up
from ...sampling.operator_norm import NormBounds
from ...studies.workspace import Arrays
from .network import SLACK, Equilibrium, Floats, Network
from .tangent import least_feature_eigenvalue


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    r"""What is proved of each recorded iterate k = 0, 1, ... of a run, two-sided.

    Attributes
    ----------
    loss: :math:`L(k)` at the exact equilibrium of the weights of iterate k.
    contraction: :math:`\tilde\gamma\lVert A(k)\rVert`.
    gram: :math:`\lambda_{\min}(\Phi(k)^\top\Phi(k))`.
    features: :math:`\lVert\Phi(k)-\Phi(0)\rVert_F`.
    W, A, u, v: the Frobenius norms of the distance of each weight from its start.
    """

    loss: Bounds
    contraction: Bounds
    gram: Bounds
    features: Bounds
    W: Bounds
    A: Bounds
    u: Bounds
    v: Bounds

    def arrays(self) -> Arrays:
        """The bounds as plain arrays, to be stored."""
        return {f.name: np.stack([getattr(self, f.name).lower, getattr(self, f.name).upper]) for f in fields(self)}

    @classmethod
    def from_arrays(cls, stored: Arrays) -> Trajectory:
        """Back from :meth:`arrays`."""
        return cls(**{f.name: Bounds.of(stored[f.name][0], stored[f.name][1]) for f in fields(cls)})


def distance(a: Floats, b: Floats, error: float = 0.0) -> tuple[float, float]:
    r"""Bounds of :math:`\lVert a-b\rVert_F`, when a − b is known up to ``error`` in that norm.

    >>> distance(np.array([3.0, 4.0]), np.zeros(2))[1] >= 5.0
    True
    """
    difference = a - b  # each entry is rounded once
    return max(norm_down(difference) * (1 - 2.0**-50) - error, 0.0), (norm_up(difference) + error) * SLACK


def feature_bound(moved: Bounds, points: NormBounds, width: int) -> Bounds:
    r"""Bounds of :math:`m^{-1/2}\lVert W-W'\rVert_F\lVert X\rVert_2`, by which the features move at most."""
    root = math.sqrt(width)
    return Bounds.of(
        moved.lower * points.lower / root * (1 - 2.0**-50), moved.upper * points.upper / root * (1 + 2.0**-50)
    )


def span(low: float, high: float) -> arb:
    """The numbers between two floats as a ball, which is not finite where one of them is not."""
    return between(arb(low), arb(high))


def balls(bounds: Bounds) -> list[arb]:
    """The bounds at each iterate as balls."""
    return list(map(span, bounds.lower.tolist(), bounds.upper.tolist()))


@np.errstate(over="ignore", invalid="ignore")  # what is not finite is recorded as a bound that says nothing
def descend(network: Network, labels: Floats, step: float, steps: int) -> Trajectory:
    """Gradient descent on all weights, the equilibrium solved at each step; stops where a < 1 is no longer proved.

    The last recorded iterate is then the first with a >= 1 (or with weights that are not finite).
    """
    first, current, state = network, network, None
    rows: list[dict[str, tuple[float, float]]] = []
    for k in range(steps + 1):
        state = current.equilibrium(None if state is None else state.z)
        rows.append(_record(first, current, state, labels))
        if k == steps or not current.contraction[1] < 1:
            break
        moved = current.weights.moved(step, current.gradient(state, labels))
        if not np.isfinite(moved.flat).all():
            break
        current = current.with_weights(moved)
    return Trajectory(**{name: Bounds.of(*zip(*(row[name] for row in rows), strict=True)) for name in rows[0]})


def _record(first: Network, current: Network, state: Equilibrium, labels: Floats) -> dict[str, tuple[float, float]]:
    now, then = current.weights, first.weights
    error = math.hypot(float(np.linalg.norm(current.features.error)), float(np.linalg.norm(first.features.error)))
    eigenvalue = least_feature_eigenvalue(current, Budget())
    loss = Bounds.of_balls([current.loss(state, labels)])
    return {
        "loss": (float(loss.lower[0]), float(loss.upper[0])),
        "contraction": current.contraction,
        "gram": (eigenvalue.lower, eigenvalue.upper),
        "features": distance(current.features.phi, first.features.phi, 2 * error),
        **{name: distance(getattr(now, name), getattr(then, name)) for name in ("W", "A", "u", "v")},
    }


@dataclass(frozen=True, slots=True, eq=False)
class OutputRun:
    r"""Training of (u, v) alone: :math:`\lVert e(k)\rVert`, two-sided, at each iterate, and the step η.

    ``drift`` (steps + 1,): by how much at most rounding has moved e(k) from the exact recursion
    :math:`e(k+1) = (I-\eta M)e(k)`, for any step with :math:`0 \preceq \eta M \preceq 2I`.
    """

    residual: Bounds
    step: float
    drift: Floats


def train_output(network: Network, labels: Floats, step: float, steps: int) -> OutputRun:
    r"""Gradient descent on u and v with Φ and Z fixed: :math:`e(k+1) = (I-\eta M)e(k)`, up to rounding.

    The rounding of each step is bounded too ("Gradient descent" in ``docs/papers/implicit_relu/proofs.md``).
    """
    state, features = network.equilibrium(), network.features
    parts = ((state.z, norm_up(state.error)), (features.phi, norm_up(features.error)))
    sizes = [(norm_up(table) + doubt) * SLACK for table, doubt in parts]
    ends, drift = [], [0.0]
    for _ in range(steps + 1):
        e, error = network.predictions(state, labels)
        off = norm_up(error)
        ends.append(distance(e, np.zeros_like(e), off))
        w = network.weights  # Φ and the equilibrium do not depend on u and v
        moved = {"u": w.u - step * (state.z @ e), "v": w.v - step * (features.phi @ e)}
        drift.append(drift[-1])
        for new, (table, doubt), size in zip(moved.values(), parts, sizes, strict=True):
            # the update against the exact step at the exact Z or Φ and the exact residual
            wrong = size * off + (doubt + gamma(e.size + 4) * norm_up(table)) * ends[-1][1]
            drift[-1] += size * (2 * UNIT * norm_up(new) + step * wrong) * SLACK
        network = network.with_weights(replace(w, **moved))
    return OutputRun(Bounds.of(*zip(*ends, strict=True)), step, np.array(drift[:-1]) * SLACK)


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """A numerical solution of the gradient flow: times, losses, λ_min(Φ'Φ); floats without proof."""

    times: Floats
    loss: Floats
    gram: Floats
    evaluations: int


def gradient_flow(network: Network, labels: Floats, times: Floats, *, rtol: float = 1e-5) -> Flow:
    r"""Integrate :math:`\dot\theta \in -\partial L(\theta)` by scipy's DOP853 with local error control.

    ReLU is not differentiable, so this is a differential inclusion; the solver follows the selection with derivative 0
    at 0, and shortens its steps where a pre-activation changes sign. What it returns is EXPERIMENTAL evidence.
    Raises :class:`SpecError` for times that do not increase from 0.
    """
    if times[0] != 0 or not (np.diff(times) > 0).all():
        raise SpecError("gradient flow: the times must increase from 0.")

    def at(theta: Floats) -> Network:
        return network.with_weights(network.weights.filled(theta))

    def residuals(now: Network) -> Floats:
        return now.predictions(now.approximate(), labels)[0]

    def slope(_: float, theta: Floats) -> Floats:
        now = at(theta)
        return -now.gradient(now.approximate(), labels).flat

    found = scipy.integrate.solve_ivp(
        slope, (0.0, float(times[-1])), network.weights.flat, "DOP853", t_eval=times, rtol=rtol, atol=rtol * 1e-2
    )
    if not found.success:
        raise SpecError(f"gradient flow: the integrator stopped: {found.message}")
    networks = [at(theta) for theta in found.y.T]
    losses = np.array([np.sum(residuals(now) ** 2) / 2 for now in networks])
    grams = np.array([np.linalg.eigvalsh(now.features.phi.T @ now.features.phi)[0] for now in networks])
    return Flow(times, losses, grams, int(found.nfev))
