r"""The laws of noisy descent with one weight on a fine grid, step by step: float64 with a stated error.

From a point mass the law after one step is a mixture of Gaussians, exactly; each further step is the trapezoidal rule
for a Markov kernel, a banded matrix of :math:`h\sum_B p_B\varphi(y_i-T_B(x_j))`. What the rule misses is bounded in
:mod:`.strip` (the spacing is chosen so that it is below 1e-17 at every node), all terms are positive, so that rounding
moves every density by a relative :math:`k(w+400(1+X/\sqrt{\eta s}))2^{-53}` at most after k steps with w entries in a
row, X about the largest node. The mass that leaves the grid is returned; entropies are sums over the nodes, whose error
is observed (by halving the spacing), not bounded. docs/papers/two_layer_logistic/sgd-one-weight.md, section 5.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ......theory.errors import SpecError
from ...loss import TwoLayerLogistic
from ...scalar import ScalarLoss
from .strip import step_error

Floats = NDArray[np.float64]
BAND = 9.0
"""Gaussians are cut at this many deviations, where they are below 1e-17 of their height."""
EXPONENT = 42.0
"""The grid ends where the ridge alone makes the stationary density exp(-EXPONENT)."""
MISSED = 1e-17


@dataclass(frozen=True, slots=True)
class Moments:
    """What is known of one law: relative entropy, mean loss, second moment, and the mass on the grid."""

    entropy: float
    loss: float
    second: float
    mass: float


@dataclass(frozen=True, eq=False)
class LineLaw:
    """Noisy descent from the point ``start``; ``batch`` inputs with replacement in a batch, None for all of them.

    ``finer`` divides the spacing. Raises :class:`SpecError` for a step or noise that is not positive.

    >>> from ...scalar import reference
    >>> law = LineLaw(reference("T1"), Fraction(1, 2), Fraction(1, 50), Fraction(-2633, 1000))
    >>> first = next(law.moments(1))
    >>> round(first.mass, 9), law.nodes.size > 1000
    (1.0, True)
    """

    case: ScalarLoss
    noise: Fraction
    step: Fraction
    start: Fraction
    batch: int | None = None
    finer: int = 1

    def __post_init__(self) -> None:
        if self.noise <= 0 or self.step <= 0:
            raise SpecError("the laws of noisy descent need a positive step and a positive noise.")

    @property
    def deviation(self) -> float:
        """The standard deviation of the noise of one step."""
        return math.sqrt(float(self.noise * self.step))

    @cached_property
    def spacing(self) -> float:
        """h, small enough for the bound of the rule."""
        h = self.deviation / 2
        while not float(step_error(self.case, self.noise, self.step, h).upper()) < MISSED:
            h *= 0.9
        return h / self.finer

    @cached_property
    def nodes(self) -> Floats:
        """The grid."""
        reach = math.sqrt(EXPONENT * float(self.noise / self.case.regularisation)) + abs(float(self.start))
        count = math.ceil(reach / self.spacing)
        return np.arange(-count, count + 1, dtype=np.float64) * self.spacing

    @cached_property
    def _losses(self) -> tuple[tuple[float, TwoLayerLogistic], ...]:
        """The loss of every batch and its probability."""
        whole = self.case.network()
        if self.batch is None:
            return ((1.0, whole),)
        found: dict[tuple[int, ...], float] = {}
        for drawn in itertools.product(range(len(self.case.data)), repeat=self.batch):
            counts = tuple(drawn.count(i) for i in range(len(self.case.data)))
            chance = math.prod(float(self.case.data[i][2]) for i in drawn)
            found[counts] = found.get(counts, 0.0) + chance
        return tuple(
            (
                chance,
                TwoLayerLogistic(
                    self.case.activation,
                    whole.points,
                    whole.labels,
                    whole.outer,
                    whole.regularisation,
                    np.array(counts) / self.batch,
                ),
            )
            for counts, chance in found.items()
        )

    def _moved(self, loss: TwoLayerLogistic, x: Floats) -> Floats:
        """T_B(x)."""
        return x - float(self.step) * loss.gradient(x[:, None, None])[:, 0, 0]

    @cached_property
    def _kernel(self) -> scipy.sparse.csr_matrix:
        size, width = self.nodes.size, math.ceil(BAND * self.deviation / self.spacing)
        total = scipy.sparse.csr_matrix((size, size))
        offsets = np.arange(-width, width + 1)
        for chance, loss in self._losses:
            moved = self._moved(loss, self.nodes)
            near = np.rint((moved - self.nodes[0]) / self.spacing).astype(np.int64)
            rows = near[:, None] + offsets
            columns = np.broadcast_to(np.arange(size)[:, None], rows.shape)
            inside = (rows >= 0) & (rows < size)
            rows, columns = rows[inside], columns[inside]
            z = (self.nodes[rows] - moved[columns]) / self.deviation
            values = np.exp(-z * z / 2) * (chance * self.spacing / (self.deviation * math.sqrt(2 * math.pi)))
            total = total + scipy.sparse.csr_matrix((values, (rows, columns)), (size, size))
        return total

    def densities(self, steps: int) -> Iterator[Floats]:
        """The densities after 1, 2, ... steps at the nodes."""
        x = np.array([float(self.start)])
        density = np.zeros(self.nodes.size)
        for chance, loss in self._losses:
            z = (self.nodes - self._moved(loss, x)) / self.deviation
            density += chance * np.exp(-z * z / 2) / (self.deviation * math.sqrt(2 * math.pi))
        for k in range(steps):
            yield density
            if k + 1 < steps:
                density = self._kernel @ density

    def moments(self, steps: int) -> Iterator[Moments]:
        """Entropy relative to the stationary law, mean loss, second moment and mass after 1, 2, ... steps."""
        h, beta = self.spacing, 2 / float(self.noise)
        loss = self.case.network().loss(self.nodes[:, None, None])
        least = float(loss.min())
        log_mass = math.log(float(np.exp(-beta * (loss - least)).sum()) * h)
        level = beta * (loss - least) + log_mass
        for p in self.densities(steps):
            with np.errstate(divide="ignore", invalid="ignore"):
                terms = np.where(p > 0, p * (np.log(p) + level), 0.0)
            yield Moments(
                float(terms.sum()) * h,
                float((p * loss).sum()) * h,
                float((p * self.nodes**2).sum()) * h,
                float(p.sum()) * h,
            )
