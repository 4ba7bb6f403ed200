"""A residual network in an RKHS on one data set with one kernel: what its claims ask about, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ....theory.errors import DerivationGap
from ....theory.verdict import Evidence
from ...balls.ball import enclose
from ...balls.budget import Budget
from ...balls.enclosure import Enclosure
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...eigenvalues.nullspace import NullVector, null_vector_from_pairs
from ...kernels.ballmatrix import BallMatrix
from ...kernels.cosines import cosines
from ...kernels.parallel import parallel_pairs
from ...radial.distances import Separation, separation
from ...radial.gram import largest_eigenvalue, radial_gram, radial_gram_arb
from ...radial.kernel import RadialKernel
from ...studies.data import DataSet, labels
from ...studies.workspace import Workspace
from .descent import Descent, Problem, descend, embed
from .fields import Array, KernelField
from .lazy import LazyRun, lazy_run
from .rates import Landscape
from .recipe import Recipe, recipe

FLOW_SUBSTEPS = 64
"""Euler steps in each layer where the infinitely deep network is enclosed."""
FLOW_ITERATES = 3
FLOW_STOP = 0.05
"""The error of Euler's rule hides losses that have fallen by more than this."""
SAMPLED_POINTS = 8
RESOLVED = Fraction(1, 10**12)
"""Runs end when the loss has fallen by this factor: beyond it, rounding shows in the enclosures."""


@dataclass(frozen=True, eq=False)
class Setting:
    """``resnet-rkhs`` on data: the kernel, its Gram matrix, and the runs on a subset of the points.

    The points are binary64 numbers: the rows of the data, rescaled to norm sqrt(d) and rounded where the study says
    ``sphere``; rows that point the same way become equal.
    """

    system: str
    kernel: RadialKernel
    data: DataSet
    values: Mapping[str, Fraction]
    budget: Budget
    workspace: Workspace

    @property
    def subject(self) -> str:
        """The name of the kernel."""
        return self.kernel.name

    def integer(self, name: str) -> int:
        """A parameter that is a whole number."""
        return int(self.values[name])

    # -- the data -------------------------------------------------------------------

    @cached_property
    def repeated(self) -> tuple[tuple[int, int], ...]:
        """Pairs (i, j) of equal points, decided exactly."""
        first: dict[bytes, int] = {}
        pairs = ((first.setdefault((row + 0.0).tobytes(), i), i) for i, row in enumerate(self.points))
        return tuple((i, j) for i, j in pairs if i != j)

    @cached_property
    def points(self) -> Array:
        """The inputs (n, d): exact float64 numbers from here on."""
        given = self.data.points
        if given is None:
            raise DerivationGap("this system needs input points, and only their Gram matrix is given.")
        values = given.values
        if self.data.normalize != "sphere":
            return values
        scaled = values / np.abs(values).max(axis=1, keepdims=True)
        scaled *= np.sqrt(values.shape[1]) / np.linalg.norm(scaled, axis=1, keepdims=True)
        repeated = {j: i for i, j, sign in parallel_pairs(cosines(given, budget=self.budget)) if sign > 0}
        for j, i in repeated.items():
            scaled[j] = scaled[i]
        others = scaled[[k for k in range(len(scaled)) if k not in repeated]] + 0.0
        if len({row.tobytes() for row in others}) < len(others):
            raise DerivationGap(
                "two inputs that point in different directions are the same float64 numbers once they are rescaled:"
                " remove one of them, or keep the norms."
            )
        return np.asarray(scaled)

    @cached_property
    def targets(self) -> Array:
        """The labels as a column (n, 1)."""
        return labels(self.data, self.budget.seed)[:, None]

    @cached_property
    def chosen(self) -> NDArray[np.intp]:
        """The training points: the first ``points`` rows that are distinct."""
        again = {j for _, j in self.repeated}
        kept = [i for i in range(self.data.n) if i not in again][: self.integer("points")]
        return np.array(kept, dtype=np.intp)

    @cached_property
    def squared(self) -> Fraction:
        """The least squared distance of the training points, exactly; 1 for a single point."""
        return separation(self.points[self.chosen]).squared if len(self.chosen) > 1 else Fraction(1)

    @cached_property
    def full_separation(self) -> Separation | None:
        """The least squared distance of all points, exactly; None for a single point."""
        return separation(self.points) if self.data.n > 1 else None

    @cached_property
    def loss(self) -> Fraction:
        """L(0) of the lifted network on the training points, exactly."""
        total = sum((Fraction(float(y)) ** 2 for y in self.targets[self.chosen].ravel()), Fraction(0))
        return total / (2 * len(self.chosen))

    # -- the kernel -----------------------------------------------------------------

    @property
    def alpha(self) -> Fraction:
        """The lift of the study."""
        return self.values["embedding"]

    @property
    def seen_kernel(self) -> RadialKernel:
        """The kernel as the inputs see it through the lift α: its scale divided by α."""
        return self.kernel.rescaled(1 / self.alpha)

    @cached_property
    def gram(self) -> BallMatrix:
        """The kernel Gram matrix of all points, lifted, in float64 with its radius."""
        return radial_gram(self.seen_kernel, self.points, budget=self.budget)

    def refine(self, bits: int) -> BallMatrix:
        """The same in ball arithmetic."""
        return radial_gram_arb(self.seen_kernel, self.points, bits)

    @cached_property
    def null_vector(self) -> NullVector | None:
        """An exact null vector: a repeated point."""
        return null_vector_from_pairs([(i, j, 1) for i, j in self.repeated], self.data.n, odd=False)

    @cached_property
    def eigenvalue(self) -> Enclosure:
        """The least eigenvalue of the kernel Gram matrix of all points, proved on both sides."""
        if self.null_vector is not None:
            return Enclosure(0.0, 0.0, Evidence.EXACT, f"exactly singular: {self.null_vector.reason}")
        return least_eigenvalue(self.gram, budget=self.budget, refine=self.refine, known_psd=True)

    @cached_property
    def training_gram(self) -> BallMatrix:
        """The kernel Gram matrix of the training points."""
        return radial_gram(self.seen_kernel, self.points[self.chosen], budget=self.budget)

    @cached_property
    def training_eigenvalues(self) -> tuple[Enclosure, Enclosure]:
        """The least and the largest eigenvalue of :attr:`training_gram`."""
        least = least_eigenvalue(self.training_gram, budget=self.budget, known_psd=True)
        return least, largest_eigenvalue(self.training_gram, budget=self.budget)

    # -- the runs -------------------------------------------------------------------

    @property
    def dimension(self) -> int:
        """That of the state space, d + 1."""
        return int(self.points.shape[1]) + 1

    @property
    def depth(self) -> int:
        """The number of layers."""
        return self.integer("depth")

    @property
    def eta(self) -> float:
        """The step size as a float64 number; the one that the runs use, exactly."""
        return float(self.values["step"])

    def landscape(self, depth: int | None) -> Landscape:
        """The constants at the study's scale and lift."""
        return Landscape(self.kernel, len(self.chosen), self.dimension, self.alpha, self.squared, depth)

    def problem(self, alpha: Fraction) -> Problem:
        """The lifted training points and their labels."""
        exact = float(alpha)
        relative = 0.0 if Fraction(exact) == alpha else 2.0**-52
        return embed(self.points[self.chosen], self.targets[self.chosen], exact, relative)

    def train(
        self, landscape: Landscape, eta: float, iterations: int, *, stop: float, substeps: int = 1, flow: bool = False
    ) -> Descent:
        """Gradient descent at the scale and lift of a landscape, from zero."""
        self.workspace.progress(f"training at scale {landscape.kernel.scale}", 0, 1)
        field = KernelField(landscape.kernel, self.depth, self.dimension)
        problem = self.problem(landscape.alpha)
        return descend(field, problem, eta, iterations, substeps=substeps, flow=flow, stop=stop)

    @cached_property
    def plain(self) -> Descent:
        """The run at the study's scale and lift."""
        return self.train(self.landscape(self.depth), self.eta, self.integer("iterations"), stop=self.stop)

    def recipe(self, *, depth: int | None = None, descent: bool = False) -> Recipe:
        """The recipe for this kernel and these training points: for the flow at infinite depth if nothing is said."""
        count = len(self.chosen)
        return recipe(self.kernel, count, self.dimension, self.squared, self.loss, depth=depth, descent=descent)

    @cached_property
    def certified_recipe(self) -> Recipe:
        """The recipe for gradient descent at the study's depth."""
        return self.recipe(depth=self.depth, descent=True)

    @cached_property
    def certified(self) -> Descent:
        """The run at the scale and lift of the recipe."""
        return self.train(self.certified_recipe.landscape, self.eta, self.integer("iterations"), stop=self.stop)

    @cached_property
    def deep_recipe(self) -> Recipe:
        """The recipe for gradient descent at infinite depth."""
        return self.recipe(descent=True)

    @cached_property
    def deep(self) -> Descent:
        """The first iterates of the infinitely deep network, enclosed through Euler's rule with its error bound."""
        return self.train(
            self.deep_recipe.landscape,
            min(self.eta, len(self.chosen) / 8),
            min(FLOW_ITERATES, self.integer("iterations")),
            stop=FLOW_STOP * float(self.loss),
            substeps=FLOW_SUBSTEPS,
            flow=True,
        )

    def lazy_run(self, features: int, iterations: int) -> LazyRun:
        """Random features in the lazy regime; raises :class:`DerivationGap` where they have no positive eigenvalue."""
        self.workspace.progress("training random features", 0, 1)
        return lazy_run(
            self.kernel,
            self.points[self.chosen],
            self.targets[self.chosen],
            self.squared,
            self.loss,
            depth=self.depth,
            features=features,
            eta=self.eta,
            iterations=iterations,
            seed=self.budget.seed,
            stop=self.stop,
        )

    @cached_property
    def lazy(self) -> LazyRun:
        """The study's random features in the lazy regime."""
        return self.lazy_run(self.integer("features"), self.integer("iterations"))

    @property
    def stop(self) -> float:
        """The loss at which a run ends."""
        return float(RESOLVED * self.loss)

    def smoothness(self, landscape: Landscape, radius: arb) -> arb:
        """β on a ball along losses up to the first one, at the working precision."""
        return landscape.smoothness(radius, enclose(self.loss), landscape.largest(radius))

    @cached_property
    def lifted_points(self) -> Array:
        """The lifted training points, as float64 numbers that are exact from here on."""
        return np.asarray(float(self.alpha) * self.points[self.chosen])

    @cached_property
    def lifted_eigenvalue(self) -> Enclosure:
        """The least eigenvalue of the kernel at :attr:`lifted_points`."""
        return least_eigenvalue(radial_gram(self.kernel, self.lifted_points), budget=self.budget, known_psd=True)

    @property
    def sampled_points(self) -> Array:
        """The few lifted points on which many draws of random features are made."""
        return self.lifted_points[:SAMPLED_POINTS]

    @cached_property
    def sampled_eigenvalue(self) -> Enclosure:
        """The least eigenvalue of the kernel at :attr:`sampled_points`."""
        return least_eigenvalue(radial_gram(self.kernel, self.sampled_points), budget=self.budget, known_psd=True)
