r"""The recipe on the study's own kernel scale, lift, depth and features: the readout that it needs, and a run there.

The readout :math:`\beta(0\; I)` at the study's scale s and lift α is the readout (0 I) at βs and βα ("Invariance" in
``docs/papers/resnet_rkhs/recipe.md``), with steps that are β² times as large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....theory.errors import DerivationGap
from ...balls.ball import enclose
from ...balls.enclosure import Enclosure
from ...balls.precision import precision
from ...balls.printed import interval_text
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...radial.gram import largest_eigenvalue
from .descent import Descent, Problem, descend
from .features import feature_field, feature_gram, frequencies
from .fields import Array, FeatureField
from .lazy_descent import FeatureConstants, LazyDescent
from .setting import Setting

BITS = 96
THETA = Fraction(1, 2)
ITERATES = 2
"""Steps of the run that is enclosed."""
ABOVE = Fraction(1001, 1000)
"""The readout is this much above its threshold."""


@dataclass(frozen=True, eq=False)
class EndToEnd:
    """β, the theorem at the readout (0 I) with the scale βs and the lift βα, and what a run needs there."""

    beta: Fraction
    theorem: LazyDescent
    eigenvalue: Enclosure
    field: FeatureField
    problem: Problem

    @property
    def step(self) -> float:
        """A float64 number below 1/S."""
        with precision(BITS):
            return float(self.theorem.step) * (1 - 2.0**-40)

    def run(self, factor: float = 1.0, iterations: int = ITERATES) -> Descent:
        """Some steps of ``factor`` times the step."""
        return descend(self.field, self.problem, factor * self.step, iterations)


def _at(inst: Setting, table: Array, beta: Fraction) -> EndToEnd:
    field = feature_field(table / float(beta * inst.kernel.scale), inst.depth)
    problem = inst.problem(inst.alpha * beta)
    gram = feature_gram(field, problem.start, problem.start_error)
    found, high = least_eigenvalue(gram), largest_eigenvalue(gram)
    if not found.lower > 0:
        raise DerivationGap(
            f"the least eigenvalue of the {len(table)} random features at {len(inst.chosen)} points is not proved"
            f" positive (it lies in {interval_text(found.lower, found.upper, 3)}): take more features,"
            " at least N/2 and better 8N."
        )
    constants = FeatureConstants(
        arb(1),
        _coarse(field.kappa1, up=True),
        _coarse(field.kappa2, up=True),
        _coarse(min(found.lower, 1.0), up=False),
        _coarse(high.upper, up=True),
    )
    theorem = LazyDescent(constants, len(inst.chosen), inst.depth, THETA, enclose(inst.loss), arb(1))
    return EndToEnd(beta, theorem, found, field, problem)


def end_to_end(inst: Setting, features: int) -> EndToEnd:
    """Draw the features, find the threshold of the readout, and scale so that the readout is (0 I).

    Raises :class:`DerivationGap` where the features have no least eigenvalue that is proved positive.
    """
    table = frequencies(inst.kernel.with_scale(1), features, inst.dimension, (inst.budget.seed, features, 47))
    with precision(BITS):
        first = _at(inst, table, Fraction(1))
        threshold = float((first.theorem.threshold * enclose(ABOVE)).mid())
        return _at(inst, table, Fraction(max(math.ceil(threshold), 1)))


def _coarse(bound: float, *, up: bool) -> arb:
    """A bound to 24 binary digits, outwards: what follows from it does not depend on how a processor rounds."""
    share, exponent = math.frexp(bound)
    return arb(math.ldexp((math.ceil if up else math.floor)(share * 2**24), exponent - 24))
