r"""Gradient descent on a residual network, every recorded quantity of every iterate enclosed.

The step adds to each layer the sections :math:`-\tfrac{\eta}{N} k(\cdot, z_l^i) p_{l+1}^i` with float64 centres and
coefficients. These *are* the next control: its norm, loss and gradient are then enclosed for exactly this control, so
that no error is carried from one iterate to the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ....theory.errors import PrecisionExhausted
from ...balls.printed import text_above
from ...balls.rounding import UNIT
from ...checks.trajectories import Bounds, run_digest
from .fields import ROW_FLOOR, SAFE, Array, FeatureField, Field, KernelField, rows, squared_distances
from .passes import Interval, Pass, form, pairing, run_pass

LONGEST_STEP = 1e8
"""A longer step means that the run has exploded."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Points ``start`` (N, q) in state space, known up to ``start_error`` (N,), and targets (N, d')."""

    start: Array
    start_error: Array
    targets: Array


def embed(points: Array, targets: Array, alpha: float, relative: float) -> Problem:
    r"""The lift :math:`A = (\alpha I; 0)`: points (N, d) become :math:`(\alpha x, 0)` in dimension d + d'.

    ``relative`` bounds the relative difference between the float ``alpha`` and the number meant.
    """
    start = np.zeros((len(points), points.shape[1] + targets.shape[1]))
    start[:, : points.shape[1]] = alpha * points
    exact = alpha == 1.0 and relative == 0.0
    error = np.zeros(len(points)) if exact else rows(start) * (relative + 2 * UNIT) * SAFE
    return Problem(start, error, targets)


@dataclass(frozen=True, eq=False)
class Descent:
    """A finished run: bounds of the loss, the squared gradient, the norm of the control and the length of each step.

    ``stretch`` and ``compression`` bound, over layers and pairs, the largest and the least ratio of a distance of two
    states to its initial value; ``field`` is the last control.
    """

    loss: Bounds
    gradient_squared: Bounds
    norm: Bounds
    step: Bounds
    stretch: Bounds
    compression: Bounds
    last: Pass
    field: Field

    @property
    def digest(self) -> str:
        """Which computed run the numbers of a certificate belong to."""
        return run_digest(self.loss, self.gradient_squared, self.norm)

    @property
    def path(self) -> Interval:
        """Bounds of the length of the path, the sum of the steps."""
        return math.fsum(self.step.lower) * (1 - 4 * UNIT), math.fsum(self.step.upper) * (1 + 4 * UNIT)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # an infinite bound says nothing, correctly
def descend(
    field: Field,
    problem: Problem,
    eta: float,
    iterations: int,
    *,
    substeps: int = 1,
    flow: bool = False,
    stop: float = 0.0,
) -> Descent:
    """``iterations`` steps from ``field``; iterate 0 is the given control, and none with a loss below ``stop`` is kept.

    Raises :class:`PrecisionExhausted` when the run explodes.

    >>> from ...radial.kernel import radial_kernel
    >>> run = descend(KernelField(radial_kernel("gaussian", 1), 2, 2),
    ...               Problem(np.eye(2), np.zeros(2), np.array([[1.0], [2.0]])), 0.5, 3)
    >>> run.loss.length, bool(run.loss.upper[3] < run.loss.lower[0])
    (4, True)
    """
    records: list[tuple[Interval, ...]] = []
    kept = field
    for k in range(iterations + 1):
        found = run_pass(field, problem.start, problem.start_error, problem.targets, substeps=substeps, flow=flow)
        if records and found.loss[1] <= stop:
            break
        last, kept, step = found, field, (0.0, 0.0)
        if k < iterations:
            field, step = _step(field, found, len(problem.start), eta, substeps)
        if not step[1] <= LONGEST_STEP:
            raise PrecisionExhausted(
                f"step {k} of the run is enclosed by {text_above(step[1], 3)} only: either its loss explodes, and a"
                " smaller step size is needed, or two points are so close that their lift exhausts float64."
            )
        squeezed, stretched = _ratios(found, problem)
        records.append((found.loss, found.gradient_squared, _norm(kept), step, stretched, squeezed))
    columns = (Bounds.of(*zip(*column, strict=True)) for column in zip(*records, strict=True))
    loss, gradient_squared, norm, steps, stretch, compression = columns
    return Descent(loss, gradient_squared, norm, steps, stretch, compression, last, kept)


def _norm(field: Field) -> Interval:
    """Bounds of ‖v‖, the root of the mean over layers of the squared norms."""
    if isinstance(field, KernelField):
        low, high = np.maximum(field.squared, 0.0).mean(axis=0)
    else:
        low = high = float(np.mean([np.sum(w * w) for w in field.weights]))
    return _root(low, high)


def _root(low: float, high: float) -> Interval:
    """Bounds of the root of a mean of squares, some of which may have underflowed."""
    return max(math.sqrt(low) * (1 - 2.0**-29) - ROW_FLOOR, 0.0), math.sqrt(high) * SAFE + ROW_FLOOR


def _step(field: Field, found: Pass, n: int, eta: float, substeps: int) -> tuple[Field, Interval]:
    """The next control and bounds of the length of the step."""
    places = [layer * substeps for layer in range(field.depth)]
    states = [found.states[k] for k in places]
    coefficients = [(-eta / n) * found.adjoints[k + 1] for k in places]
    if isinstance(field, FeatureField):
        layers = zip(field.weights, states, coefficients, strict=True)
        weights = [w + c.T @ field.features(z)[0] for w, z, c in layers]
        mean = float(np.mean([np.sum((new - old) ** 2) for new, old in zip(weights, field.weights, strict=True)]))
        return replace(field, weights=weights), _root(mean, mean)
    crosses = [pairing(*found.values[k], c) for k, c in zip(places, coefficients, strict=True)]
    lengths = [form(field, z, c) for z, c in zip(states, coefficients, strict=True)]
    low, high = np.maximum(np.array(lengths), 0.0).mean(axis=0)
    return field.step(states, coefficients, _grown(field.squared, 2 * np.array(crosses), np.array(lengths))), _root(
        low, high
    )


def _grown(squared: Array, cross: Array, length: Array) -> Array:
    """By "Norm of the control": ‖v‖² + 2⟨v, w⟩ + ‖w‖² by layer, outward by a bound of the two roundings, (depth, 2)."""
    off = np.array([-4 * UNIT, 4 * UNIT]) * (np.abs(squared) + np.abs(cross) + np.abs(length))
    return np.asarray(np.maximum(squared + cross + length + off, 0.0))


RELATIVE = 2.0**24
"""A squared distance by a product is taken where it is this many times its error bound; else the difference itself."""


def distances(z: Array, i: NDArray[np.intp], j: NDArray[np.intp]) -> tuple[Array, Array]:
    """Bounds of :math:`|z_i - z_j|` for pairs of exact rows.

    >>> low, high = distances(np.array([[0.0, 3.0], [4.0, 0.0]]), np.array([0]), np.array([1]))
    >>> bool(low[0] <= 5.0 <= high[0]), bool(high[0] - low[0] < 1e-7)
    (True, True)
    """
    squared, change = squared_distances(z, z)
    u, off = squared[i, j], change[i]
    low, high = np.sqrt(np.maximum(u - off, 0.0)) * (1 - 2.0**-50), np.sqrt(u + off) * (1 + 2.0**-50)
    near = np.flatnonzero(u <= RELATIVE * off)
    gap = np.linalg.norm(z[i[near]] - z[j[near]], axis=1)
    low[near], high[near] = np.maximum(gap * (1 - 2.0**-29) - ROW_FLOOR, 0.0), gap * SAFE + ROW_FLOOR
    return np.where(np.isfinite(high), low, 0.0), high


def _ratios(found: Pass, problem: Problem) -> tuple[Interval, Interval]:
    """Bounds of the least and of the largest |z_l^i − z_l^j| / |z_0^i − z_0^j| over layers and pairs."""
    n = len(problem.start)
    if n < 2:
        return (1.0, 1.0), (1.0, 1.0)
    i, j = np.triu_indices(n, 1)
    doubt = (problem.start_error[i] + problem.start_error[j]) * SAFE
    least, most = distances(problem.start, i, j)
    base, reach = least - doubt, most + doubt
    lows, highs = [], []
    for z, e in zip(found.states, found.state_error, strict=True):
        near, far = distances(z, i, j)
        off = (e[i] + e[j]) * SAFE
        lows.append(float(((near - off) / reach).min()) * (1 - 2.0**-50))
        lows.append(float(((near - off) / reach).max()) * (1 - 2.0**-50))
        ratio = np.where(base > 0, (far + off) / base * SAFE, np.inf)
        highs.append(float(ratio.min()))
        highs.append(float(ratio.max()))
    return (max(min(lows), 0.0), min(highs)), (max(*lows, 0.0), max(highs))
