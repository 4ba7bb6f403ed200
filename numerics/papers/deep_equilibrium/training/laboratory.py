"""The networks that a deep equilibrium model is trained with: few inputs of the study, one width, one seed, kept runs.

Everything is computed at its first use. Trajectories are kept by the instance's workspace, so a second run of the same
study reads them; what is proved about them is decided anew from the recorded bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.errors import DerivationGap
from .....theory.verdict import Verdict
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....balls.printed import interval_text
from ....balls.rounding import up
from ....balls.threads import blas_threads
from ....expressions.enclosed_function import EnclosedFunction
from ....sampling.operator_norm import NormBounds, operator_norm
from ....studies.data import labels as labels_of
from ....studies.parameters import require_memory, require_scale, whole
from ....studies.study import Study
from ..population.model import Population
from ..zero_output.instance import ZeroOutputInstance
from .descent import Trajectory, certified_descent
from .equilibrium import Differentiable, differentiable
from .gradient import Network, equilibrium, gradient, sample_network, tangent_gram
from .iterate import BITS, equilibrium_error
from .theorem import TheoremInstance

SHARE = 0.5
"""Step size of the ordinary instance, in units of 1/λ_max(H(0))."""
COARSE = 1e-10
"""Tolerance of the equilibria of the ordinary instance, whose losses are large."""
FINISHED = 1e-16
"""Loss below which the ordinary run stops."""
STREAM = 1_000_003
"""Spawn key of the training seed: a stream apart from those of the sampled Gram matrices."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrainingSize:
    """Neurons m, inputs, steps of gradient descent, and what zero or small outputs are of the standard law."""

    width: int = 512
    points: int = 200
    steps: int = 200
    outputs: Fraction = Fraction(0)


def training_size(study: Study, system: str) -> TrainingSize:
    """The size that a study asks for; :class:`SpecError` unless the numbers are whole, positive and fit into memory.

    >>> from certigram.numerics.studies.data import load
    >>> training_size(Study("s", ("deq-relu",), ("relu",), load("digits", 2)), "deq-relu").width
    512
    """
    names = ("width", "points", "steps")
    counts = {name: whole(system, f"training_{name}", study.parameter(system, f"training_{name}")) for name in names}
    outputs = study.parameter(system, "output_init")
    require_scale(system, "output_init", outputs, zero=True)
    size = TrainingSize(**counts, outputs=outputs)
    require_memory(system, f"training_width = {size.width}", 8 * 8 * size.width**2, study.budget)
    return size


class Laboratory:
    """The trained networks of one instance. Raises :class:`DerivationGap` without input points."""

    def __init__(self, inst: Population, size: TrainingSize) -> None:
        self.inst = inst
        self.width, self.steps = size.width, size.steps
        self.inputs, self.outputs = size.points, size.outputs

    @cached_property
    def lipschitz(self) -> float:
        """An upper bound of sup|φ'|."""
        return upper_float(self.inst.lipschitz)

    @cached_property
    def phi(self) -> Differentiable:
        """The activation as the iteration uses it."""
        return differentiable(self.inst.activation, lipschitz=self.lipschitz)

    @cached_property
    def enclosed(self) -> EnclosedFunction:
        """The activation with a proved error."""
        return EnclosedFunction(self.inst.activation)

    def chosen(self, count: int) -> list[int]:
        """The first inputs that are not zero and not parallel, at most ``count``."""
        return self.inst.inputs.distinct(count)

    def points(self, count: int) -> Array:
        """The chosen inputs as the network sees them, (count, d) or fewer rows."""
        return np.ascontiguousarray(self.inst.inputs.floats[self.chosen(count)])

    def labels(self, count: int) -> Array:
        """Their labels, ±1."""
        return labels_of(self.inst.data, self.inst.budget.seed)[self.chosen(count)]

    def seed(self, *key: int) -> np.random.SeedSequence:
        """A stream of random numbers of its own for each key."""
        return np.random.SeedSequence(self.inst.budget.seed, spawn_key=(STREAM, *key))

    @cached_property
    def network(self) -> Network[Array]:
        """The weights at the start."""
        d = self.inst.data.d
        if d is None:
            raise DerivationGap("networks need input points, and only their Gram matrix is given.")
        return sample_network(self.width, d, self.inst.sigma_w2, self.seed(self.width))

    @cached_property
    def norm(self) -> NormBounds:
        """Bounds of ‖W‖_2 at the start."""
        return operator_norm(self.network.recurrent)

    @property
    def theta(self) -> float:
        """An upper bound of L‖W‖_2 at the start."""
        return up(self.lipschitz * self.norm.upper)

    def start(self, count: int) -> tuple[Array, float]:
        """The equilibrium at the start on ``count`` inputs, (m, count), and a proved bound of its error."""
        x = self.points(count)
        with blas_threads(1):
            state = equilibrium(self.phi, self.network, x).require("the equilibrium at the start")
            return state, equilibrium_error(self.enclosed, self.lipschitz, self.theta, self.network, x, state)

    # -- the theorem --------------------------------------------------------------------

    @cached_property
    def theorem(self) -> TheoremInstance:
        """The theorem on the inputs and labels of the study."""
        return TheoremInstance(self, made=False)

    @cached_property
    def made(self) -> TheoremInstance:
        """The theorem on few inputs with labels for which its hypotheses hold."""
        return TheoremInstance(self, made=True)

    @cached_property
    def zero_outputs(self) -> ZeroOutputInstance:
        """Descent from zero or small outputs on the inputs and labels of the study."""
        return ZeroOutputInstance(self, False, self.outputs)

    @cached_property
    def made_zero_outputs(self) -> ZeroOutputInstance:
        """The same on few inputs with small labels."""
        return ZeroOutputInstance(self, True, self.outputs)

    # -- the ordinary instance ----------------------------------------------------------

    @cached_property
    def ordinary_tangent(self) -> Array:
        """The tangent Gram matrix H(0) of the ordinary instance, (n, n), in float64 without a bound."""
        x, y = self.points(self.inputs), self.labels(self.inputs)
        with blas_threads(1):
            found = gradient(self.phi, self.network, x, y)
            return tangent_gram(found.state, found.adjoint, x)

    @cached_property
    def ordinary_step(self) -> float:
        """Half of 1/λ_max(H(0)), about a quarter of the largest step at which a quadratic loss falls."""
        return float(SHARE / np.linalg.eigvalsh(self.ordinary_tangent)[-1])

    @cached_property
    def ordinary_run(self) -> Trajectory:
        """Gradient descent from labels ±1, with bounds at each iterate."""
        return self.run(
            "ordinary",
            self.inputs,
            lambda: self.labels(self.inputs),
            lambda: self.ordinary_step,
            self.steps,
            FINISHED,
            COARSE,
        )

    def diverging_run(self, factor: float, steps: int) -> Trajectory:
        """The ordinary instance with a step ``factor`` times too large; not kept."""
        return self._descend(
            self.inputs, self.labels(self.inputs), factor * self.ordinary_step, steps, 0.0, COARSE, "large steps"
        )

    def run(
        self,
        name: str,
        count: int,
        labels: Callable[[], Array],
        step: Callable[[], float],
        steps: int,
        until: float,
        tolerance: float,
    ) -> Trajectory:
        """Gradient descent from labels with a step, until the loss is small; kept by the workspace under the name."""
        inst = self.inst
        key = (
            f"training|{inst.system}|{inst.activation.expression}|{inst.sigma_w2}|{name}|width {self.width}"
            f"|inputs {count}|steps {steps}|until {until}|tolerance {tolerance}|seed {inst.budget.seed}"
        )

        def make() -> dict[str, Array]:
            found = self._descend(count, labels(), step(), steps, until, tolerance, name)
            return {**found.arrays, "step": np.array([found.step])}

        arrays = inst.workspace.keep(key, make)
        return Trajectory(float(arrays["step"][0]), {k: v for k, v in arrays.items() if k != "step"})

    def _descend(
        self, count: int, labels: Array, step: float, steps: int, until: float, tolerance: float, name: str
    ) -> Trajectory:
        workspace = self.inst.workspace
        text = f"gradient descent, {name} instance, {self.inst.subject}"
        with blas_threads(1):
            return certified_descent(
                self.phi,
                self.enclosed,
                self.network,
                self.points(count),
                labels,
                step=step,
                steps=steps,
                norm=self.norm,
                until=until,
                tolerance=tolerance,
                listen=lambda done: workspace.progress(text, done, steps + 1) if done % 20 == 0 else None,
            )


def contracts(lab: Laboratory) -> tuple[Verdict, str]:
    """Whether L‖W‖_2 < 1 for the network that is trained."""
    text = f"L ||W||_2 lies in {interval_text(lab.lipschitz * lab.norm.lower, lab.theta, 6)} at width {lab.width}"
    if lab.theta < 1:
        return Verdict.PROVED, text
    with precision(BITS):
        beyond = lab.inst.lipschitz * arb(lab.norm.lower) >= 1
    return (Verdict.REFUTED if beyond else Verdict.UNKNOWN), text
