r"""What the finite-width theorems know of a model and its data, as balls (docs/papers/deep_equilibrium/width.md).

Every theorem asks for upper bounds of the same numbers (λ_* from below), and its bounds do not decrease when one of
them is replaced by a larger one, so that proved ends of enclosures may stand for the numbers themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.activations.activation import activation
from .....theory.errors import SpecError
from .....theory.numbers import numeral
from ....balls.ball import enclose
from ....balls.enclosure import float_above
from ....balls.ends import nonnegative, upper_float
from ....balls.precision import precision
from ....balls.rounding import TINY, UNIT
from ....kernels.ballmatrix import BallMatrix
from ....sampling.operator_norm import operator_norm
from ..population.model import Population
from .inverse_trace import inverse_trace

BITS = 128
"""Precision of the scalar operations: widths may be near 10^20, and probabilities far below 2^-1000."""
GROUPS = 8
"""At most so many groups of inputs that are not 0, by norm; a group of several norms has balls around all of them."""
SMALLEST_DELTA, LARGEST_DELTA = Fraction(1, 2**1000), Fraction(1, 5)


@dataclass(frozen=True, slots=True, eq=False)
class NormGroup:
    """``count`` inputs with ``|x_i|^2/d`` in the ball ``norm`` and K_ii in the ball ``variance``."""

    count: int
    norm: arb
    variance: arb


@dataclass(frozen=True, slots=True, eq=False)
class ActivationBounds:
    r"""L and L_2 (None where φ' is not Lipschitz), φ(0) between two ends of its absolute value, sup|φ| (None: ∞).

    ``smoothed_slope`` is :math:`\tau L_2(\varphi_\tau)` and ``smoothed_distance`` is
    :math:`\sup|\varphi_\tau-\varphi|/\tau` for :math:`\varphi_\tau(x) = \mathbb E\,\varphi(x+\tau z)`.
    """

    lipschitz: arb
    second_lipschitz: arb | None
    at_zero: arb
    supremum: arb | None
    smoothed_slope: arb
    smoothed_distance: arb


@dataclass(frozen=True, slots=True, eq=False)
class WidthSetting:
    r"""The inputs of the finite-width theorems; build one with :meth:`of`.

    Attributes
    ----------
    delta: the probability that may fail, in (0, 1/5].
    n, dimension: the numbers of inputs and of their coordinates (None where only inner products are given).
    phi: what is known of the activation.
    w: :math:`2\sigma_w^2`.
    groups: the inputs by norm, those that every network maps to 0 left out.
    input_norm, gram_norm: upper bounds of :math:`\lVert C\rVert_2` and :math:`\lVert K\rVert_2`.
    least: a lower bound of :math:`\lambda_*`, 0 where none is known; ``most`` an upper bound.
    inverse_trace: an upper bound of :math:`\operatorname{tr}K^{-1}`, infinite where none is known.
    """

    delta: Fraction
    n: int
    dimension: int | None
    phi: ActivationBounds
    w: arb
    groups: tuple[NormGroup, ...]
    input_norm: arb
    gram_norm: arb
    least: arb
    most: arb
    inverse_trace: arb = field(default_factory=lambda: arb("inf"))

    @property
    def theta(self) -> arb:
        r""":math:`\theta = \sqrt w L`."""
        return self.w.sqrt() * self.phi.lipschitz

    @property
    def trace(self) -> arb:
        """tr K, the sum of the variances."""
        return sum((group.count * group.variance for group in self.groups), arb(0))

    @classmethod
    def of(cls, model: Population, delta: Fraction) -> WidthSetting:
        """The setting of a model on its data.

        Raises :class:`SpecError` for a ``delta`` outside (0, 1/5], and whatever the population of the model raises.
        """
        require_delta(model.system, delta)
        phi = activation_bounds(model)
        with precision(BITS):
            groups = norm_groups(model, vanishing=bool(phi.at_zero == 0))
            star, gram = model.eigenvalue, model.gram
            least = nonnegative(arb(star.lower)).lower()
            norm = arb(operator_norm(np.asarray(gram.mid)).upper) + arb(gram.radius_norm())
            return cls(
                delta,
                model.data.n,
                model.data.d,
                phi,
                enclose(2 * model.sigma_w2),
                groups,
                arb(input_norm(model)),
                norm.upper(),
                least,
                arb(star.upper),
                inverse_trace(gram, least),
            )


def require_delta(system: str, delta: Fraction) -> None:
    """Raise :class:`SpecError` unless a probability to fail is one that the theorems are stated for.

    >>> require_delta("deq-relu", Fraction(1, 2))
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: deq-relu: delta = 1/2: give a probability above 0 and at most 1/5, such as 1/20.
    """
    if not SMALLEST_DELTA <= delta <= LARGEST_DELTA:
        least = "above 0" if delta <= 0 else "from 2^-1000" if delta < SMALLEST_DELTA else "above 0"
        raise SpecError(
            f"{system}: delta = {numeral(delta)}: give a probability {least} and at most 1/5, such as 1/20."
        )


def activation_bounds(model: Population) -> ActivationBounds:
    """L, L_2, φ(0) and sup|φ| from the regularity of the activation; the smoothing of ReLU is in closed form."""
    known, lipschitz = model.regularity, model.lipschitz
    with precision(BITS):
        if model.activation.expression == activation("relu").expression:
            slope = distance = 1 / (2 * arb.pi()).sqrt()
        else:
            slope = distance = (2 / arb.pi()).sqrt() * lipschitz
        return ActivationBounds(lipschitz, known.second_lipschitz, abs(known.at_zero), known.supremum, slope, distance)


def norm_groups(model: Population, *, vanishing: bool) -> tuple[NormGroup, ...]:
    """The inputs by norm, neighbouring norms together where there are more than :data:`GROUPS`; 0 stays by itself.

    ``vanishing``: φ(0) = 0, so that inputs of norm 0 have the equilibrium 0 in every network, and are left out.
    """
    norms = sorted(c for c in model.inputs.norms if c > 0 or not vanishing)
    kept = sorted(set(norms) - {Fraction(0)})
    size = -(-len(kept) // GROUPS) if kept else 1
    parts = [kept[k : k + size] for k in range(0, len(kept), size)]
    found = []
    for part in [[Fraction(0)], *parts] if 0 in norms else parts:
        c, q = enclose(part[0]), model.variances[part[0]].q
        for norm in part[1:]:
            c, q = c.union(enclose(norm)), q.union(model.variances[norm].q)
        found.append(NormGroup(sum(part[0] <= c_i <= part[-1] for c_i in norms), c, q))
    return tuple(found)


def input_norm(model: Population) -> float:
    r"""An upper bound of :math:`\lVert C\rVert_2`, :math:`C = X^\top X/d`, from the cosines and the norms.

    An entry of the scaled matrix is off by its radius and four roundings.
    """
    rest = model.inputs.nonzero
    if rest is None:
        return 0.0
    cosines, norms = rest.cosines, rest.norms
    if set(norms) == {Fraction(1)}:
        matrix = BallMatrix(cosines.mid, cosines.rad)
    else:
        with precision(BITS):
            roots = np.array([upper_float(enclose(c).sqrt()) for c in norms])
        scaled = cosines.mid * np.outer(roots, roots)
        if not np.isfinite(scaled).all():
            raise SpecError("the norms of the inputs are beyond the range of float64: scale the inputs down.")
        largest = Fraction(float(max(roots))) ** 2
        radius = float_above(largest * Fraction(cosines.rad + 16 * UNIT) + 4 * Fraction(TINY))
        matrix = BallMatrix((scaled + scaled.T) / 2, radius)
    return float_above(Fraction(operator_norm(np.asarray(matrix.mid)).upper) + Fraction(matrix.radius_norm()))
