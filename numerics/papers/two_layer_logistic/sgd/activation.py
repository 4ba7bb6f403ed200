r"""What the theorems on noisy descent need of an activation, enclosed by range analysis.

Beside :math:`M_1, M_2, \kappa` of :mod:`..constants`: the ends of the range, :math:`\chi=\sup|z\sigma'(z)|`, and

.. math:: e(\theta) = \sup_z|\sigma(z)-\sigma(\theta z)|,\qquad 0\le\theta\le1 ,

the distance to a flatter copy of the activation. The copy takes values that the activation takes, at every theta.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy
from flint import arb
from numpy.typing import NDArray

from .....theory.activations.activation import Activation
from .....theory.activations.functions import X
from .....theory.errors import DerivationGap
from .....theory.verdict import Verdict
from ....expressions.lowering import lower_numpy
from ....expressions.range import infimum, supremum, supremum_of_absolute_value
from ..constants import Supremum, activation_constants
from ..constants import supremum as enclosed_supremum

BITS = 64
FLATTER_BITS = 40


@dataclass(frozen=True, eq=False)
class DescentActivation:
    r"""``slope`` M₁, ``bend`` M₂, ``low`` and ``high`` (exact outer ends of the range), ``chi`` and ``defect`` κ.

    The last four are None where they are infinite or were not found; ``radially_unbounded``: both of the last two are
    proved to be infinite.

    >>> from certigram.theory.activations.activation import activation
    >>> found = descent_activation(activation("sigmoid"))
    >>> found.low, found.high.str(6), found.chi.str(6), found.oscillation.str(6)
    (0, '1.00000', '[0.223872 +/- 3.98e-7]', '1.00000')
    """

    activation: Activation
    slope: arb
    bend: arb
    low: arb | None
    high: arb | None
    chi: arb | None
    defect: arb | None
    radially_unbounded: bool = False

    @property
    def bounded(self) -> bool:
        """Whether both ends of the range are known."""
        return self.low is not None and self.high is not None

    @property
    def oscillation(self) -> arb | None:
        """An upper bound of sup - inf; None when the activation is not known to be bounded."""
        return None if self.low is None or self.high is None else (self.high - self.low).upper()

    def flatter(self, theta: Fraction) -> arb | None:
        """A ball around e(theta); None for an activation that is not known to be bounded."""
        return _flatter(self.activation, theta) if self.bounded else None

    def roughly(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """e(theta) in float64 as seen on a grid: it guides a search, and proves nothing."""
        return np.interp(theta, *_table(self.activation))


@lru_cache(maxsize=64)
def descent_activation(activation: Activation, bits: int = 128) -> DescentActivation:
    """The numbers of an activation; raises :class:`DerivationGap` unless it is proved smooth with M₁ and M₂ finite."""
    known = activation_constants(activation, bits)
    if known.smooth is not Verdict.PROVED:
        raise DerivationGap(f"{activation.name} is not proved smooth: {known.smooth_reason}.")
    slope, bend = known.slope.value, known.bend.value
    if slope is None or bend is None:
        reason = known.slope.reason or known.bend.reason
        raise DerivationGap(f"a derivative of {activation.name} is not known to be bounded: {reason}.")
    low, high = _end(activation.expression, -1), _end(activation.expression, 1)
    chi = _chi(activation.expression)
    unbounded = chi.infinite and known.defect.infinite
    return DescentActivation(activation, slope, bend, low, high, chi.value, known.defect.value, unbounded)


def _chi(expression: sympy.Expr) -> Supremum:
    return enclosed_supremum(X * sympy.diff(expression, X), None, BITS)


def _end(expression: sympy.Expr, sign: int) -> arb | None:
    """An exact number beyond which the values do not go, up (1) or down (-1); None where none was found."""
    try:
        found = (supremum if sign > 0 else infimum)(expression, bits=BITS)
    except DerivationGap:
        return None
    return sign * found.upper if found.upper.is_finite() else None


@lru_cache(maxsize=64)
def _table(activation: Activation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """theta and e(theta) on a grid."""
    half = np.geomspace(1e-3, 1e3, 800)
    z, theta = np.concatenate([-half[::-1], half]), np.linspace(0.0, 1.0, 513)
    sigma = lower_numpy(activation.expression)
    shape = (theta.size, z.size)
    flat = np.broadcast_to(np.asarray(sigma(theta[:, None] * z), dtype=np.float64), shape)
    return theta, np.abs(flat - np.broadcast_to(np.asarray(sigma(z), dtype=np.float64), shape)).max(axis=1)


@lru_cache(maxsize=4096)
def _flatter(activation: Activation, theta: Fraction) -> arb | None:
    if theta == 1:
        return arb(0)
    flat = activation.expression.xreplace({X: sympy.Rational(theta) * X})
    try:
        return supremum_of_absolute_value(activation.expression - flat, bits=FLATTER_BITS).ball
    except DerivationGap:
        return None
