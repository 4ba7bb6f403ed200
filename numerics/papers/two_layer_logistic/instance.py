r"""A two-layer network with logistic loss on the data of a study, with what its claims need computed once.

Inputs are the study's points as exact binary64 numbers, rescaled to norm :math:`\sqrt d` where the study says
"sphere" (then in balls); labels are those of the data, or seeded signs. The one-dimensional reference case of the same
activation carries the claims about spectral gaps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import arb, arb_mat

from ....theory.activations.activation import Activation
from ....theory.claims.claim import Hypothesis
from ....theory.errors import SpecError
from ...balls.ball import Ball, enclose
from ...balls.budget import Budget
from ...balls.precision import precision
from ...certificates.certificate import Discharged
from ...kernels.points import Points
from ...studies.data import DataSet, labels
from ...studies.descent_plan import Plan, SgdPlan
from ...studies.parameters import require_memory, require_scale, whole
from ...studies.workspace import Workspace
from .bounds import LogisticBounds, OuterWeights, alternating
from .constants import ActivationConstants, activation_constants
from .enclosed import EnclosedNetwork, EnclosedValues
from .gap import GapEnclosure, gap_enclosure
from .hypotheses import discharge
from .loss import Floats
from .quadrature import CellMoments, cell_moments, clustered_grid, default_reach
from .scalar import ScalarLoss, scalar_case
from .sgd.activation import descent_activation
from .sgd.inputs import InputMoments, LabelledInputs, input_moments
from .sgd.plan import by_convexity, sgd_plan
from .sgd.setting import Batches, SgdSetting
from .sgd.theorem import Start
from .spectrum import spectrum

NORMS = (0.25, 4.0, 64.0)
"""Norms of the weights at which the formulas are evaluated in balls."""
BOX = 2.0**-10
"""Half-width of the box of weights around the last of them."""
EVALUATION_BITS = 64
CELLS = 1000


@dataclass(frozen=True, eq=False)
class TwoLayerInstance:
    """The loss of a study with one activation; see the module. Parameters are exact rationals."""

    activation: Activation
    data: DataSet
    regularisation: Fraction
    width: Fraction
    outer_size: Fraction
    step: Fraction
    level: Fraction
    initial_variance: Fraction
    noise: Fraction
    epsilon: Fraction
    batch: Fraction
    budget: Budget
    workspace: Workspace = field(default_factory=Workspace)
    system: str = "two-layer-logistic"

    @property
    def subject(self) -> str:
        """The name of the activation."""
        return self.activation.name

    def admit(self) -> None:
        """Raise :class:`SpecError` where the parameters describe no network or no law."""
        whole(self.system, "width", self.width)
        whole(self.system, "batch", self.batch)
        for name in ("step", "initial_variance", "noise", "epsilon"):
            require_scale(self.system, name, getattr(self, name))
        require_scale(self.system, "regularisation", self.regularisation, zero=True)
        require_scale(self.system, "outer", self.outer_size, signed=True)
        require_scale(self.system, "level", self.level, zero=True, signed=True)
        tables = 1000 * int(self.width) * self.points.d  # some ten balls for each weight
        require_memory(self.system, f"width = {self.width}", tables, self.budget)

    def discharge(self, hypothesis: Hypothesis) -> Discharged:
        """Whether a hypothesis holds here."""
        return discharge(self, hypothesis)

    @property
    def points(self) -> Points:
        """The points of the study; raises :class:`SpecError` when only their Gram matrix is given."""
        return points_of(self.data)

    @cached_property
    def constants(self) -> ActivationConstants:
        """The constants of the activation."""
        return activation_constants(self.activation, self.budget.bits)

    @cached_property
    def outer(self) -> OuterWeights:
        """The outer layer."""
        self.admit()
        return alternating(int(self.width), self.outer_size)

    @cached_property
    def norm_squared(self) -> Fraction:
        """B², the largest squared norm of an input, exactly."""
        if self.data.normalize == "sphere":
            return Fraction(self.points.d)
        return max(self.points.inner(i, i) for i in range(self.points.n))

    @cached_property
    def labels(self) -> tuple[int, ...]:
        """The labels ±1."""
        return tuple(int(y) for y in labels(self.data, self.budget.seed))

    @cached_property
    def bounds(self) -> LogisticBounds:
        """The constants of the theorems; raises :class:`DerivationGap` when M₁ or M₂ is not known to be finite."""
        bits, d = self.budget.bits, self.points.d
        return LogisticBounds.of(self.constants, self.outer, self.norm_squared, d, self.regularisation, bits)

    def _scale(self, i: int) -> arb:
        """What the i-th point is multiplied with: 1, or what puts it on the sphere."""
        on_sphere = self.data.normalize == "sphere"
        return (enclose(self.points.d) / enclose(self.points.inner(i, i))).sqrt() if on_sphere else arb(1)

    # -- the network in balls -------------------------------------------------------

    @cached_property
    def network(self) -> EnclosedNetwork:
        """The network on all data, in balls."""
        with precision(EVALUATION_BITS):
            rows = [[self._scale(i) * enclose(x) for x in self.points.entries(i)] for i in range(self.points.n)]
            return EnclosedNetwork(
                self.activation,
                arb_mat(rows),
                self.labels,
                tuple(enclose(a) for a in self.outer.values),
                enclose(self.regularisation),
                (arb(1) / len(rows),) * len(rows),
            )

    def weights(self, norm: float, seed: int) -> arb_mat:
        """Exact float weights (p, d) in a fixed random direction, of about this norm."""
        rng = np.random.default_rng([self.budget.seed, seed, 17])
        table = rng.standard_normal((int(self.width), self.points.d))
        length = math.sqrt(math.fsum(np.square(table).ravel()))  # the same on every processor
        return arb_mat((table * (norm / length)).tolist())

    @cached_property
    def evaluations(self) -> tuple[EnclosedValues, ...]:
        """Balls around everything at three weights and over a box around the last of them."""
        with precision(EVALUATION_BITS):
            found = []
            for k, norm in enumerate(NORMS):
                weights, direction = self.weights(norm, k), self.weights(1.0, k + 100)
                found.append(self.network.values(weights, direction))
            wide = arb_mat(weights.nrows(), weights.ncols(), [w + arb(0, BOX) for w in weights.entries()])
            found.append(self.network.values(wide, direction))
            return tuple(found)

    # -- noisy descent --------------------------------------------------------------

    @cached_property
    def labelled(self) -> LabelledInputs:
        """The inputs with their labels."""
        return LabelledInputs.of(self.points, self.labels, on_sphere=self.data.normalize == "sphere")

    @cached_property
    def _moments_of_inputs(self) -> InputMoments:
        return input_moments(self.labelled, self.budget.bits)

    def sgd_setting(self, batches: Batches | None = None) -> SgdSetting:
        """The constants of noisy descent, with or without mini-batches."""
        found = descent_activation(self.activation, self.budget.bits)
        rate, bits = self.regularisation, self.budget.bits
        return SgdSetting.from_moments(found, self.outer, self.labelled, self._moments_of_inputs, rate, batches, bits)

    @cached_property
    def sgd(self) -> SgdSetting:
        """Without mini-batches."""
        return self.sgd_setting()

    @cached_property
    def sgd_with_batches(self) -> SgdSetting:
        """With those of the study."""
        return self.sgd_setting(Batches(int(self.batch), replacement=True))

    @cached_property
    def sgd_plans(self) -> tuple[SgdPlan, SgdPlan]:
        """Plans for the target of the study from its Gaussian start, without and with mini-batches."""
        found = [
            sgd_plan(c, self.epsilon, Start.gaussian(c, self.initial_variance))
            for c in (self.sgd, self.sgd_with_batches)
        ]
        return found[0], found[1]

    @cached_property
    def sgd_convex_rate(self) -> Fraction:
        """λ where that is above λ_cvx, else a number of at least twice λ_cvx."""
        threshold = Ball(self.sgd.convexity_threshold).upper
        return self.regularisation if self.sgd.convex else Fraction(math.ceil(2 * threshold * 16) + 1, 16)

    @cached_property
    def sgd_convex_plans(self) -> dict[str, Plan]:
        """Plans of Theorem 6 at that λ, for the three kinds of noise."""
        found: dict[str, Plan] = {}
        for kind, base, plain in (
            ("Gaussian noise", self.sgd, False),
            ("mini-batches and Gaussian noise", self.sgd_with_batches, False),
            ("plain mini-batches", self.sgd_with_batches, True),
        ):
            setting = replace(base, regularisation=self.sgd_convex_rate)
            start = Start.gaussian(setting, self.initial_variance)
            for plan in by_convexity(setting, self.epsilon, start, plain=plain):
                found[kind] = plan
        return found

    # -- the reference case ---------------------------------------------------------

    @cached_property
    def scalar(self) -> ScalarLoss:
        """The one-dimensional reference case of this activation."""
        return scalar_case(self.activation)

    @cached_property
    def scalar_bounds(self) -> LogisticBounds:
        """The constants of the theorems for the reference case."""
        return self.scalar.bounds(self.constants, self.budget.bits)

    @cached_property
    def convex_case(self) -> ScalarLoss:
        """The reference case with twice the regularisation that makes it strongly convex, rounded up."""
        twice = 2 * Ball(self.scalar_bounds.convexity_threshold).upper
        return replace(self.scalar, regularisation=Fraction(math.ceil(16 * twice) + 1, 16))

    @cached_property
    def convex_bounds(self) -> LogisticBounds:
        """The constants of the theorems for it."""
        return self.convex_case.bounds(self.constants, self.budget.bits)

    def grid(self, noise: Fraction) -> Floats:
        """The cells on which the reference case is looked at, for a noise level."""
        return clustered_grid(default_reach(self.scalar, noise), CELLS)

    def scalar_gap(self, noise: Fraction) -> float:
        """The gap of the reference case, in float64."""
        return spectrum(self.scalar.network(), float(noise), (self.grid(noise),)).gap

    @cached_property
    def moments(self) -> CellMoments:
        """Moments of the reference case at the noise level of the study."""
        return cell_moments(self.scalar, self.noise, self.grid(self.noise))

    @cached_property
    def gap(self) -> GapEnclosure:
        """The enclosed gap of the reference case at the noise level of the study."""
        return gap_enclosure(self.moments)


def points_of(data: DataSet) -> Points:
    """The points of a data set; raises :class:`SpecError` where only their Gram matrix is given."""
    if data.points is None:
        raise SpecError("two-layer-logistic: a network needs input points, not only their Gram matrix.")
    return data.points
