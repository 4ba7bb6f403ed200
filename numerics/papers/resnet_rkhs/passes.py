r"""One forward and one adjoint pass of a residual network, with a proved bound for every state, loss and gradient.

.. math::
    z_{l+1} = z_l + h\,v_l(z_l), \quad p_l = p_{l+1} + h\,Dv_l(z_l)^\top p_{l+1}, \quad h = 1/D, \qquad
    \nabla L_l = \tfrac1N \sum_i k(\cdot, z_l^i)\,p_{l+1}^i .

The readout is :math:`B = (0\; I)`: the last coordinates. With ``substeps`` = n every layer is taken n times with
:math:`h = 1/(Dn)`, and with ``flow`` the discretisation error of Euler's rule is added to every bound, so that the
numbers enclose those of the infinitely deep network whose control is constant on each [l/D, (l+1)/D).
Proofs: ``docs/error-analysis.md``, "Residual networks".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ....theory.errors import PrecisionExhausted
from ...balls.rounding import UNIT, gamma
from .fields import FLOOR, ROW_FLOOR, SAFE, Array, Field, rows

Interval = tuple[float, float]

LARGEST_RATE = 50.0
"""Layers with a larger product of κ₁, norm and step destroy every digit."""


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """What one pass found; intervals are proved, arrays are float64 midpoints with row bounds.

    Attributes
    ----------
    states: (S + 1, N, q), S the number of steps; ``state_error`` (S + 1, N).
    adjoints: (S + 1, N, q); ``adjoint_error`` (S + 1, N).
    values: per layer the field at ``states`` of that layer, with row bounds of its own rounding error.
    loss, gradient_squared: intervals.
    """

    states: Array
    state_error: Array
    adjoints: Array
    adjoint_error: Array
    values: tuple[tuple[Array, Array], ...]
    loss: Interval
    gradient_squared: Interval


def run_pass(
    field: Field,
    start: Array,
    start_error: Array,
    targets: Array,
    *,
    substeps: int = 1,
    flow: bool = False,
) -> Pass:
    """One pass from the points ``start`` (N, q), known up to ``start_error`` (N,), towards ``targets`` (N, d').

    >>> from ...radial.kernel import radial_kernel
    >>> from .fields import KernelField
    >>> zero = KernelField(radial_kernel("gaussian", 1), 2, 2)
    >>> found = run_pass(zero, np.eye(2), np.zeros(2), np.array([[1.0], [3.0]]))
    >>> low, high = found.loss
    >>> low <= 5 / 4 <= high, high - low < 1e-8
    (True, True)
    """
    steps, (n, q), d = field.depth * substeps, start.shape, targets.shape[1]
    h = 1.0 / steps
    states, epsilons, evaluations = [start], [start_error], []
    for t in range(steps):
        layer, z, epsilon = t // substeps, states[-1], epsilons[-1]
        v, norm = field.evaluate(layer, z), field.norm(layer)
        after = z + h * v.value
        # "States": the step spreads the error, the field has its own, and the sum is rounded
        spread = epsilon * _expansion(field.kappa1 * norm * h, flow)
        rounding = 2 * UNIT * (rows(z) + rows(after)) + 3 * UNIT * h * rows(v.value)
        # "Infinite depth": Euler's rule is off by h^2 kappa_1 |v|^2
        euler = field.kappa1 * norm * norm * h * h if flow else 0.0
        states.append(after)
        epsilons.append((spread + h * v.error + rounding + euler) * SAFE + FLOOR)
        evaluations.append(v)
    # "Loss": the residual r is the adjoint at the end, in the last coordinates
    residual = states[-1][:, q - d :] - targets
    size = rows(residual)
    off = (epsilons[-1] + UNIT * size) * SAFE + FLOOR
    adjoints, pis = [np.hstack([np.zeros((n, q - d)), residual])], [off]
    low = high = 0.0
    for t in range(steps - 1, -1, -1):
        layer, z, epsilon, p, pi = t // substeps, states[t], epsilons[t], adjoints[-1], pis[-1]
        norm, curvature = field.norm(layer), field.curvature(layer)
        rate = field.kappa1 * norm * h
        stretch = _expansion(rate, flow)
        # "Gradient": a mean over the steps; "Infinite depth": how far it moves on one
        least, most = _gradient(field, z, epsilon, p, pi, 2 * rate * stretch if flow else 0.0)
        low, high = low + h * least * (1 - 4 * UNIT), high + h * most * (1 + 4 * UNIT)
        pulled, wrong = evaluations[t].pull(p)
        before = p + h * pulled
        norm_p = rows(p) + pi
        # "Adjoints": the step spreads the error, Dv^T p has its own, Dv is taken at the wrong state, the sum is rounded
        bent = h * curvature * epsilon * norm_p
        rounding = 2 * UNIT * (rows(p) + rows(before)) + 3 * UNIT * h * rows(pulled)
        # "Infinite depth": one step of the adjoint is off by h^2 e^(h kappa_1 |v|) (b |v| + (kappa_1 |v|)^2) |p|
        b = min(field.kappa2 * norm, curvature) if norm > 0 else 0.0
        bend = (b * norm + (field.kappa1 * norm) ** 2) * SAFE
        local = bend * h * h * stretch * norm_p if flow else 0.0
        adjoints.append(before)
        pis.append((pi * stretch + h * wrong + bent + rounding + local) * SAFE + FLOOR)
    # "Loss": sum |r|^2 / (2N), every |r| off by at most ``off`` and the rounding of its root
    inner = np.maximum(size * (1 - 2.0**-29) - off - ROW_FLOOR * 2, 0.0)
    loss = (
        float(np.sum(inner * inner)) / (2 * n) * (1 - 2.0**-29),
        float(np.sum((size + off) ** 2)) / (2 * n) * SAFE,
    )
    slack = 1 + 2.0**-29 + steps * 4 * UNIT
    return Pass(
        np.array(states),
        np.array(epsilons),
        np.array(adjoints[::-1]),
        np.array(pis[::-1]),
        tuple((v.value, v.error) for v in evaluations),
        loss,
        (low / slack, high * slack),
    )


def _expansion(rate: float, flow: bool) -> float:
    """By how much one step spreads an error: 1 + rate for a layer ("States"), e^rate for the flow."""
    if rate > LARGEST_RATE:
        raise PrecisionExhausted(f"a layer may stretch distances by e^{rate:.3g}: nothing can be enclosed behind it.")
    return math.exp(rate) if flow else 1 + rate


def _gradient(field: Field, z: Array, epsilon: Array, p: Array, pi: Array, moving: float) -> Interval:
    r"""Bounds of :math:`\|\tfrac1N\sum_i k(\cdot, z^i) p^i\|^2` for all states and adjoints within the bounds.

    "Gradient": the features move by at most κ₁ ε, so the norm by at most τ = Σ (κ₁ ε |p| + π); ``moving`` adds what a
    flow needs.
    """
    low, high = form(field, z, p)
    size, n = rows(p), len(z)
    tau = float(np.sum(field.kappa1 * epsilon * size + pi + moving * (size + pi))) * SAFE + FLOOR
    least = max(math.sqrt(max(low, 0.0)) * (1 - 2.0**-29) - tau, 0.0) / n
    most = (math.sqrt(max(high, 0.0)) * SAFE + tau) / n
    return least * least * (1 - 2.0**-29), most * most * SAFE  # products, which overflow to infinity quietly


def form(field: Field, points: Array, vectors: Array) -> Interval:
    r"""Bounds of :math:`\sum_{ij} k(x_i, x_j)\, c_i\cdot c_j` at exact points and vectors."""
    k, wrong = field.kernel(points)
    value = float(np.sum((k @ vectors) * vectors))
    total = float(np.sum(rows(vectors))) * SAFE
    off = (wrong + gamma(len(points) + vectors.size + 4) * 1.01) * total * total * SAFE + FLOOR
    return (value - off) * (1 - UNIT if value > off else 1 + UNIT), (value + off) * (1 + 2 * UNIT)


def pairing(values: Array, error: Array, vectors: Array) -> Interval:
    r"""Bounds of :math:`\sum_i v(x_i)\cdot c_i` from values with row bounds."""
    value = float(np.sum(values * vectors))
    sizes = rows(vectors)
    off = float(np.sum(error * sizes) + gamma(values.size + 2) * np.sum(rows(values) * sizes)) * SAFE + FLOOR
    return value - off - UNIT * abs(value), value + off + UNIT * abs(value)
