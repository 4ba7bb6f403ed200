r"""The networks that are trained from zero or small outputs: those of the study, and few inputs with made labels.

Weights W and U are those of the other claims; the output weights are theirs times the number ``output_init``. On
ordinary data the labels are too large by a big factor, so there is a second instance, of few inputs with labels for
which the corollary's condition holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.errors import PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.ends import between, nonnegative
from ....balls.precision import precision
from ....balls.printed import text_below
from ....balls.threads import blas_threads
from ....checks.relation import Relation, Sense
from ....sampling.operator_norm import NormBounds, operator_norm
from ..training.gradient import Network
from ..training.iterate import IterateBounds, iterate_bounds, lower_float, norm_ball
from ..training.theorem import MADE_INPUTS
from .run import ZeroOutputRun, certified_run
from .theorem import BITS, ROW, SHARE, Corollary, Descent, Initial, best, corollary

if TYPE_CHECKING:
    from ..training.laboratory import Laboratory

Array = NDArray[np.float64]
Settled = tuple[Verdict, str]

ROOM = arb((1, -20))
"""Relative room below λ, so that enclosures of it along a run lie above."""
REDUCED = 1e-3
"""The share of the residual at which a run ends: the loss is then a millionth of what it was."""


@dataclass(frozen=True, eq=False)
class ZeroOutputInstance:
    """The networks of a laboratory with outputs ``outputs`` times the standard law, and labels: ``made`` or the data's.

    Raises :class:`PrecisionExhausted` where the weights are not proved to contract.
    """

    lab: Laboratory
    made: bool
    outputs: Fraction

    @property
    def inputs(self) -> int:
        """How many inputs it has at most."""
        return min(self.lab.inputs, MADE_INPUTS) if self.made else self.lab.inputs

    @cached_property
    def network(self) -> Network[Array]:
        """The weights at the start, float64."""
        start = self.lab.network
        return Network(start.recurrent, start.inputs, start.readout * float(self.outputs))

    @cached_property
    def labels(self) -> Array:
        r"""Those of the data, or signs of a size that the corollary admits, a power of two.

        A made label is at most half of what is admitted where the outputs do not start at zero.
        """
        signs = self.lab.labels(self.inputs)
        if not self.made:
            return signs
        with precision(BITS):
            at = self._initial(np.zeros(signs.size))
            grown = 1 + enclose(SHARE) * at.least.sqrt() / at.state
            size = at.least / (grown**2 * at.slope * (enclose(ROW.constant) * (at.state**2 + at.points**2)).sqrt())
            exponent = int(np.floor(np.log2(lower_float(size)))) - (self.outputs != 0)
        return np.asarray(signs * 2.0**exponent / np.sqrt(signs.size))

    def bounds(self, labels: Array) -> IterateBounds:
        """Bounds at the first iterate."""
        state, error = self.lab.start(self.inputs)
        return iterate_bounds(self.network, labels, state, error)

    def _initial(self, labels: Array) -> Initial:
        lab = self.lab
        state, error = lab.start(self.inputs)
        found = self.bounds(labels)
        spectral, points = operator_norm(state), operator_norm(lab.points(self.inputs))
        with precision(BITS):
            if not found.least > 0:
                raise PrecisionExhausted("the features at the start are not proved to be of full rank.")
            least = arb(lower_float(found.least))
            return Initial(
                lipschitz=lab.inst.lipschitz,
                recurrent=lab.inst.lipschitz * _ball(lab.norm),
                state=nonnegative(between(arb(spectral.lower) - arb(error), arb(spectral.upper) + arb(error))),
                least=between(least * (1 - ROOM), found.least.upper()),
                points=_ball(points),
                outputs=norm_ball(self.network.readout) ** 2 if self.outputs else arb(0),
                labels=norm_ball(labels),
                residual=found.residual,
            )

    @cached_property
    def initial(self) -> Initial:
        """What the theorem knows of the start; the lower end of ``least`` has some room below it."""
        return self._initial(self.labels)

    @cached_property
    def descent(self) -> Descent:
        """The theorem with its constants."""
        return best(self.initial)

    @cached_property
    def corollary(self) -> Corollary:
        """The corollary, which needs zero outputs."""
        return corollary(self.initial)

    @property
    def step(self) -> float:
        """The largest float64 that is proved to be an admissible step."""
        return lower_float(self.descent.step)

    @cached_property
    def run(self) -> ZeroOutputRun:
        """Gradient descent with this step, until the loss is a millionth; kept by the workspace."""
        lab, inst = self.lab, self.lab.inst
        key = (
            f"zero outputs|{inst.system}|{inst.activation.expression}|{inst.sigma_w2}|made {self.made}"
            f"|outputs {self.outputs}|width {lab.width}|inputs {self.inputs}|steps {lab.steps}|seed {inst.budget.seed}"
        )
        arrays = inst.workspace.keep(key, lambda: self._arrays(self.step, lab.steps))
        return ZeroOutputRun(float(arrays["step"][0]), {k: v for k, v in arrays.items() if k != "step"})

    def run_with(self, step: float, steps: int) -> ZeroOutputRun:
        """A run with another step; not kept."""
        arrays = self._arrays(step, steps)
        return ZeroOutputRun(step, {k: v for k, v in arrays.items() if k != "step"})

    def _arrays(self, step: float, steps: int) -> dict[str, Array]:
        lab, workspace = self.lab, self.lab.inst.workspace
        text = f"gradient descent from zero outputs, {lab.inst.subject}"
        with blas_threads(1):
            found = certified_run(
                lab.phi,
                lab.enclosed,
                self.network,
                lab.points(self.inputs),
                self.labels,
                step=step,
                steps=steps,
                norm=lab.norm,
                share=REDUCED,
                listen=lambda done: workspace.progress(text, done, steps + 1) if done % 20 == 0 else None,
            )
        return {**found.arrays, "step": np.array([step])}

    # -- what its claims ask for --------------------------------------------------------------

    @property
    def admitted(self) -> Relation:
        r""":math:`\ell_0^2(\lVert Z_0\rVert^2+\lVert X\rVert^2)\lVert a_0\rVert^2<\lambda_0`; r(0) > 0 asks for it."""
        at = self.initial
        with precision(BITS):
            coupling = at.slope**2 * (at.state**2 + at.points**2) * at.outputs
            return Relation.of(
                "l_0^2 (|Z_0|^2 + |X|^2) |a_0|^2 is below lambda_0", coupling, at.least, Sense.BELOW, condition=True
            )

    @property
    def excess(self) -> arb:
        r""":math:`4K_0\lVert y\rVert\lVert e_0\rVert/\lambda_0^2`, with the least :math:`K_0`: above 1 (R) fails.

        :math:`\int r\le\int(\lambda-2KYt)_+dt=\lambda^2/(4KY)` for any constants.
        """
        at = self.initial
        with precision(BITS):
            return 4 * at.slope**2 * (at.state**2 + at.points**2) * at.labels * at.residual / at.least**2


def _ball(norm: NormBounds) -> arb:
    return between(arb(norm.lower), arb(norm.upper))


def small_outputs(instance: ZeroOutputInstance) -> Settled:
    """Whether some constants admit the outputs at the start."""
    found, lab = instance.admitted, instance.lab
    where = f"at width {lab.width}, outputs {instance.outputs} times the standard law"
    return found.verdict, f"{found} {where}: left side {found.left.shown}, right side {found.right.shown}"


def small_labels(instance: ZeroOutputInstance) -> Settled:
    """Whether (R), (H1) and (H2) hold for the constants that were found; for none where (R) cannot."""
    where = f"on {len(instance.lab.chosen(instance.inputs))} inputs, width {instance.lab.width}"
    if instance.descent.holds:
        return Verdict.PROVED, f"(R), (H1) and (H2) hold {where}"
    excess = instance.excess
    if excess > 1:
        low = text_below(lower_float(excess.sqrt()), 3)
        return Verdict.REFUTED, f"the labels are at least {low} times what (R) allows for any constants {where}"
    first = next(h for h in instance.descent.hypotheses if h.verdict is not Verdict.PROVED)
    return Verdict.UNKNOWN, f"{first} {where}"
