r"""The four conditions of a Villani function, decided by proof.

(V1) L is smooth; (V2) :math:`L\to\infty`; (V3) :math:`\int e^{-2L/s}<\infty` for all s > 0;
(V4) :math:`-\Delta L+\lVert\nabla L\rVert^2/s\to\infty` for all s > 0.

Logistic loss: all four hold for every λ > 0 when σ is smooth with bounded first and second derivative, and V4 fails at
λ = 0 for each such σ. Squared loss: the same for λ > 0 when σ is bounded or :math:`\kappa<\infty`.
docs/papers/two_layer_logistic/proofs.md, sections 5 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....theory.errors import SpecError
from ....theory.verdict import Verdict
from .constants import ActivationConstants

LOSSES = ("logistic", "squared")


@dataclass(frozen=True, slots=True)
class Condition:
    """One of V1 to V4: its verdict for this loss, and why."""

    name: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class VillaniConditions:
    """V1 to V4; ``verdict`` is PROVED when all hold and REFUTED when one fails."""

    conditions: tuple[Condition, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the loss is a Villani function."""
        found = [c.verdict for c in self.conditions]
        if Verdict.REFUTED in found:
            return Verdict.REFUTED
        return Verdict.PROVED if all(v is Verdict.PROVED for v in found) else Verdict.UNKNOWN

    def __getitem__(self, name: str) -> Condition:
        """The condition called V1, V2, V3 or V4."""
        return next(c for c in self.conditions if c.name == name)


def villani_conditions(
    constants: ActivationConstants, regularisation: Fraction, *, loss: str = "logistic"
) -> VillaniConditions:
    r"""Decide V1 to V4 for an activation and a regularisation; a missing bound is UNKNOWN, never a guess.

    >>> from certigram.theory.activations.activation import activation
    >>> from certigram.numerics.papers.two_layer_logistic.constants import activation_constants
    >>> tanh = activation_constants(activation("tanh"))
    >>> villani_conditions(tanh, Fraction(1, 10**9)).verdict.name
    'PROVED'
    >>> villani_conditions(tanh, Fraction(0))["V4"].verdict.name
    'REFUTED'
    """
    if loss not in LOSSES:
        raise SpecError(f"the loss {loss!r} is not known: choose logistic or squared.")
    if regularisation < 0:
        raise SpecError(f"lambda = {regularisation} is negative: the regularisation must be at least 0.")
    smooth = Condition("V1", constants.smooth, constants.smooth_reason)
    if constants.smooth is not Verdict.PROVED:
        text = "the argument needs a smooth activation"
        return VillaniConditions((smooth, *(Condition(n, Verdict.UNKNOWN, text) for n in ("V2", "V3", "V4"))))
    bounded = constants.slope.finite is constants.bend.finite is Verdict.PROVED
    if regularisation > 0:
        confining = Condition("V2", Verdict.PROVED, "L >= (lambda/2) |W|^2, because the data term is not negative")
        integrable = Condition("V3", Verdict.PROVED, "exp(-2L/s) is at most a Gaussian, for every s > 0")
        return VillaniConditions((smooth, confining, integrable, _fourth(constants, bounded, loss)))
    return VillaniConditions((smooth, *_without_regularisation(constants, bounded, loss)))


def _fourth(constants: ActivationConstants, bounded: bool, loss: str) -> Condition:
    if not bounded:
        return Condition("V4", Verdict.UNKNOWN, "sup|sigma'| or sup|sigma''| is not known to be finite: no theorem")
    if loss == "logistic":
        return Condition("V4", Verdict.PROVED, "V >= (lambda |W| - G)_+^2/s - lambda p d - D, which tends to infinity")
    if constants.size.finite is Verdict.PROVED:
        return Condition("V4", Verdict.PROVED, "sigma is bounded, so the gradient of the data term is bounded too")
    if constants.defect.finite is Verdict.PROVED:
        text = "kappa = sup|sigma - z sigma'| is finite, so <grad L, W> >= lambda |W|^2 - Q and Laplacian g = O(|W|)"
        return Condition("V4", Verdict.PROVED, text)
    text = "sigma is not known to be bounded, nor kappa to be finite: V4 may fail for small lambda"
    return Condition("V4", Verdict.UNKNOWN, text)


def _without_regularisation(
    constants: ActivationConstants, bounded: bool, loss: str
) -> tuple[Condition, Condition, Condition]:
    limited = constants.size.finite is Verdict.PROVED
    if limited:
        second = Condition("V2", Verdict.REFUTED, "sigma is bounded, so the loss is bounded")
        third = Condition("V3", Verdict.REFUTED, "the loss is bounded, so exp(-2L/s) is not integrable")
    else:
        text = "without regularisation coercivity depends on the data"
        second, third = Condition("V2", Verdict.UNKNOWN, text), Condition("V3", Verdict.UNKNOWN, text)
    if bounded and (loss == "logistic" or limited):
        fourth = Condition("V4", Verdict.REFUTED, "|V| <= G^2/s + D for all W: V is bounded when lambda = 0")
    else:
        fourth = Condition("V4", Verdict.UNKNOWN, "without regularisation no rule decides V4 here")
    return second, third, fourth


def squared_bounds(one: arb, size: arb, gradient: arb) -> tuple[arb, arb]:
    r""":math:`R_f=1+\lVert a\rVert_1\sup|\sigma|`, a bound of :math:`|f-y|` for targets ±1, and that of the gradient.

    ``gradient`` bounds :math:`\lVert\nabla f\rVert`.
    """
    reach = 1 + one * size
    return reach, reach * gradient


def completed_square(one: arb, defect: arb) -> arb:
    r""":math:`Q=\frac14(1+\kappa\lVert a\rVert_1)^2`, for targets ±1."""
    return (1 + defect * one) ** 2 / 4
