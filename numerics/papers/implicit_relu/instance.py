"""An implicit ReLU network on one data set: everything its claims ask about, computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import arb

from ....theory.claims.claim import Hypothesis
from ....theory.errors import DerivationGap, SpecError
from ....theory.numbers import numeral
from ....theory.verdict import Evidence, Verdict
from ...balls.budget import Budget
from ...balls.enclosure import Enclosure, float_above, float_below
from ...balls.precision import precision
from ...balls.printed import interval_text
from ...certificates.certificate import Discharged
from ...checks.relation import Relation, Sense
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...eigenvalues.nullspace import RankBound
from ...expressions.enclosed_function import norm_up
from ...kernels.ballmatrix import BallMatrix
from ...kernels.cosines import Cosines, cosines, cosines_arb
from ...kernels.gram import gram
from ...kernels.order import choose_order
from ...kernels.parallel import parallel_pairs
from ...kernels.points import Points
from ...kernels.series import DotProductSeries
from ...studies.data import DataSet, labels
from ...studies.parameters import require_memory, require_scale
from ...studies.workspace import Workspace
from .antipodes import Singularity, nullity
from .arc_cosine import HermiteBound, arc_cosine, arc_cosine_matrix, arc_cosine_series, hermite_bound
from .descent.data import least_norm, population
from .descent.hypotheses import output_law, output_size
from .descent.measured import Closed, Measured, close, measure, with_outputs
from .descent.width import Setting
from .network import Equilibrium, Floats, Network, sample_parameters, unit_rows
from .tangent import TangentKernel, least_feature_eigenvalue, tangent_kernel
from .training import Trajectory, descend

SYSTEM = "implicit-relu"
FLOAT_BITS = 96
FLOAT_TARGET = arb((1, -56))
RUN_POINTS = 8


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What is trained: width, the first ``points`` inputs, gradient steps, and the step times λ_max(H(0))."""

    width: int = 512
    points: int = 24
    steps: int = 60
    step: Fraction = Fraction(1, 2)


@dataclass(frozen=True, eq=False)
class ImplicitInstance:
    """``implicit-relu`` on data: the arc-cosine Gram matrix of all inputs, and one network trained on the first ones.

    Inputs enter through their directions: they are rescaled to norm 1 whatever the study says of normalisation.
    """

    data: DataSet
    gamma: Fraction = Fraction(1, 5)
    budget: Budget = field(default_factory=Budget)
    workspace: Workspace = field(default_factory=Workspace)
    plan: TrainingPlan = field(default_factory=TrainingPlan)
    widths: tuple[int, ...] = (256, 512, 1024, 2048)
    replicates: int = 20
    outputs: Fraction = Fraction(0)
    delta: Fraction = Fraction(1, 20)
    system: str = SYSTEM
    subject: str = "relu"

    # -- the population matrix ----------------------------------------------------------

    @cached_property
    def cosines(self) -> Cosines:
        """The cosines of the inputs in float64, with a radius."""
        return cosines(self.data.source, budget=self.budget)

    @cached_property
    def parallel(self) -> tuple[tuple[int, int, int], ...]:
        """All pairs (i, j, ±1) of parallel inputs, decided exactly."""
        return tuple(parallel_pairs(self.cosines))

    @cached_property
    def singularity(self) -> Singularity:
        """The exact nullity of the arc-cosine Gram matrix."""
        return nullity(self.data.source, self.parallel)

    @cached_property
    def series(self) -> DotProductSeries:
        """The kernel as a power series, long enough for a float64 matrix of this data."""
        with precision(FLOAT_BITS):
            order = choose_order(
                lambda r: arc_cosine_series(r, FLOAT_BITS),
                arb(min(self.cosines.delta, 1.0)),
                FLOAT_TARGET,
                max_terms=self.budget.max_terms,
            )
        return arc_cosine_series(max(order, 8), FLOAT_BITS)

    @cached_property
    def gram(self) -> BallMatrix:
        """The arc-cosine Gram matrix in float64: the series, and the closed form for inputs that nearly agree."""
        return gram(self.series, self.cosines, budget=self.budget, entry=arc_cosine)

    def refine(self, bits: int) -> BallMatrix:
        """The same matrix in ball arithmetic, by the closed form."""
        return arc_cosine_matrix(cosines_arb(self.data.source, bits), bits)

    @property
    def parameters(self) -> dict[str, object]:
        """What determines the population matrix besides the data: nothing, it is that of the features of the input."""
        return {}

    @property
    def refinement(self) -> Callable[[int], BallMatrix]:
        """:meth:`refine`, which the eigenvalue ladder may ask for by itself."""
        return self.refine

    @cached_property
    def null_vector(self) -> RankBound | None:
        """The exact reason why the population matrix is singular, when it is."""
        lost = self.singularity.nullity
        return RankBound(self.data.n - lost, self.data.n, self.singularity.reason) if lost else None

    @cached_property
    def eigenvalue(self) -> Enclosure:
        """λ_0, proved on both sides; exactly 0 where the matrix is singular for an exact reason."""
        if self.null_vector is not None:
            return Enclosure(0.0, 0.0, Evidence.EXACT, f"exactly singular: {self.null_vector.reason}")
        return least_eigenvalue(self.gram, budget=self.budget, refine=self.refine, known_psd=True)

    @cached_property
    def hermite(self) -> HermiteBound:
        """The lower bounds through the even Schur powers, from bounds of the largest |cos| (0 for one input)."""
        upper = Fraction(self.cosines.delta)
        lower = max(upper - 2 * Fraction(self.cosines.rad) - Fraction(1, 2**50), Fraction(0))
        return hermite_bound(self.data.n, (lower, upper), bits=self.budget.bits)

    def multiple(self, factor: Fraction) -> Enclosure:
        """A positive multiple of λ_0, rounded outwards."""
        low, high = (factor * Fraction(x) for x in (self.eigenvalue.lower, self.eigenvalue.upper))
        return Enclosure(float_below(low), float_above(high), Evidence.ENCLOSED, f"{factor} of lambda_0")

    # -- the trained network ------------------------------------------------------------

    @cached_property
    def training(self) -> ImplicitInstance:
        """The same system on the inputs that are trained on; the instance itself when these are all."""
        return self if self.data.n <= self.plan.points else self.subset(self.plan.points)

    @property
    def points(self) -> Points:
        """The inputs; raises :class:`DerivationGap` where only their Gram matrix is given."""
        if self.data.points is None:
            raise DerivationGap("networks need input points, and only their Gram matrix is given.")
        return self.data.points

    def subset(self, count: int) -> ImplicitInstance:
        """The same system on the first inputs."""
        first = range(min(count, self.points.n))
        return replace(self, data=self.data.take(first, f"the first {len(first)} of {self.data.description}"))

    @cached_property
    def inputs(self) -> Floats:
        """The inputs of networks: the directions, rounded to float64; (n, d)."""
        return unit_rows(self.points.values)

    @cached_property
    def labels(self) -> Floats:
        """The labels, ±1."""
        return labels(self.data, self.budget.seed)

    @cached_property
    def network(self) -> Network:
        """The network at its random start, on the inputs of this instance."""
        weights = sample_parameters(self.plan.width, self.inputs.shape[1], self.budget.seed)
        return Network(weights, self.gamma, self.inputs)

    @cached_property
    def state(self) -> Equilibrium:
        """Its equilibrium."""
        return self.network.equilibrium()

    @cached_property
    def tangent(self) -> TangentKernel:
        """Its tangent kernel at the start."""
        return tangent_kernel(self.network, self.state)

    @cached_property
    def step(self) -> float:
        """The step of gradient descent: the plan's factor over the largest eigenvalue of H(0), rounded down a little.

        Without an enclosed tangent kernel it is the factor over twice the trace of the features.
        """
        largest = (
            float(np.linalg.eigvalsh(self.tangent.total.mid)[-1])
            if self.network.contraction[1] < 1
            else 2 * float(np.sum(self.network.features.phi**2))
        )
        return float_below(Fraction(self.plan.step) / Fraction(largest))

    @cached_property
    def initial_gram(self) -> Enclosure:
        """λ_min(Φ(0)ᵀΦ(0)) of this network, proved on both sides."""
        return least_feature_eigenvalue(self.network, self.budget)

    @property
    def network_text(self) -> str:
        """The network that a statement is checked on, in one line."""
        return (
            f"width {self.plan.width}, {self.data.n} inputs ({self.data.description}), gamma = {self.gamma}, "
            f"seed {self.budget.seed}"
        )

    @property
    def key(self) -> str:
        """What determines an experiment besides the study (labels may be given with the same points)."""
        data = self.system, self.data.n, self.data.digest, self.labels.tolist()
        return "|".join(map(str, (*data, self.gamma, self.plan, self.budget.seed)))

    @cached_property
    def trajectory(self) -> Trajectory:
        """Gradient descent on all weights from the start."""

        def run() -> dict[str, Floats]:
            return descend(self.network, self.labels, self.step, self.plan.steps).arrays()

        return Trajectory.from_arrays(self.workspace.keep(f"descent {self.key}", run))

    # -- descent with small outputs -----------------------------------------------------

    @cached_property
    def started(self) -> Measured | None:
        """The network with its output weights times :attr:`outputs`, measured; None as in :func:`measure`."""
        return measure(with_outputs(self.network, float(self.outputs)), self.labels)

    @cached_property
    def closed(self) -> Closed | None:
        """The theorem of descent for that network, with labels scaled down until it closes; or None."""
        return None if self.started is None else close(self.started)

    @cached_property
    def setting(self) -> Setting:
        """What a width is asked for: these inputs and labels, γ and δ, outputs at zero."""
        size = arb(norm_up(self.labels))
        return Setting(population(self.cosines, self.eigenvalue), size, self.gamma, self.delta)

    @cached_property
    def few(self) -> ImplicitInstance:
        """The same system on the first of the inputs, at most :data:`RUN_POINTS`: runs with every iterate enclosed."""
        train = self.training
        return train if train.data.n <= RUN_POINTS else train.subset(RUN_POINTS)

    # -- what the runner asks -----------------------------------------------------------

    def discharge(self, hypothesis: Hypothesis) -> Discharged:
        """Whether a hypothesis of the theory holds here; raises :class:`DerivationGap` for one without a rule."""
        if hypothesis.name == "unit-inputs":
            text = f"the {self.data.n} inputs are non-zero and enter through their directions"
            return Discharged(hypothesis.name, Verdict.PROVED, text)
        train = self.training
        match hypothesis.name:
            case "well-posed":
                verdict, (low, high) = train.network.posed.verdict, train.network.contraction
                text = f"gamma ||A||/sqrt(m) lies in {interval_text(low, high, 8)}: {train.network_text}"
            case "definite":
                verdict, text = train._definite
            case "initial-gram":
                verdict, text = train._definite
                if verdict is Verdict.PROVED:
                    found = train.initial_gram
                    kept = Relation.of("3/4 lambda_0 <= lambda_min(G(0))", train.multiple(Fraction(3, 4)), found)
                    verdict = kept.verdict
                    where = f"{interval_text(found.lower, found.upper, 6)} at {train.network_text}"
                    text = f"{kept}, which lies in {where}; {text}"
            case "output-size":
                verdict, text = output_size(train.started)
                text = f"{text}, outputs times {self.outputs}, {train.network_text}"
            case "output-law":
                verdict, text = output_law(train.setting, self.outputs, least_norm(train.cosines))
            case name:
                raise DerivationGap(f"no rule settles the hypothesis {name!r} of implicit-relu.")
        return Discharged(hypothesis.name, verdict, text)

    @property
    def _definite(self) -> tuple[Verdict, str]:
        """Whether λ_0 > 0, with a sentence."""
        found = self.eigenvalue
        verdict = Relation.of("0 < lambda_0", 0, found, Sense.BELOW).verdict
        why = f": {self.singularity.reason}" if verdict is Verdict.REFUTED else ""
        return verdict, f"lambda_0 of {self.data.description} lies in {interval_text(found.lower, found.upper, 8)}{why}"

    def admit(self) -> None:
        """Raise :class:`SpecError` for parameters that make no network, or no probability."""
        require_scale(self.system, "output_init", self.outputs, zero=True)
        if not 0 < self.delta < 1:
            raise SpecError(f"{self.system}: delta = {numeral(self.delta)}: give a number between 0 and 1.")
        for name, value in {"gamma": self.gamma, "step": self.plan.step}.items():
            require_scale(self.system, name, value)
        if self.data.points is not None:
            self.data.points.require_directions()
        widest = max(self.plan.width, *self.widths, 1)
        needed = 8 * widest * (6 * widest + 8 * max(self.data.n, self.data.d or 1))
        require_memory(self.system, f"a network of width {widest}", needed, self.budget)

    def with_data(self, data: DataSet) -> ImplicitInstance:
        """The same system on other data."""
        return replace(self, data=data)
