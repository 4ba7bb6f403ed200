r"""Gradient descent on random features at a finite depth: when it converges, at which step, and after how many steps.

With :math:`\lambda' \le \lambda_{\min}(K_m)`, :math:`\Lambda' \ge \lambda_{\max}(K_m)` at the initial states,
:math:`\kappa_0, \kappa_1, \kappa_2` of the features, :math:`0 < \theta < 1` and the readout :math:`B = \beta(0\; I)`,

.. math:: r = \frac{\theta}{\kappa_0}\sqrt{\frac{\lambda'}{N}},\quad R = \frac r{\kappa_1},\quad
          c = \frac r{1 - r/\sqrt D},\quad
          \beta_0 = \frac{\sqrt8\,N\kappa_0\kappa_1\sqrt{L_0}\,e^c}{(\theta - \theta^2/2)\lambda'},\quad
          \mu = \tfrac2N\beta^2e^{-2c}(1 - \theta)^2\lambda' .

For :math:`\beta > \beta_0` and :math:`0 < \eta \le 1/S`: :math:`L_k \le (1 - \eta\mu/2)^k L_0`. Proof:
``docs/papers/resnet_rkhs/recipe.md``, "Gradient descent at a finite depth".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....theory.errors import DerivationGap
from ...balls.ball import enclose
from ...checks.relation import Relation, Sense


@dataclass(frozen=True)
class FeatureConstants:
    """κ₀, κ₁, κ₂ of a feature map and bounds λ' and Λ' of its Gram matrix at the initial states: balls."""

    kappa0: arb
    kappa1: arb
    kappa2: arb
    least: arb
    largest: arb


@dataclass(frozen=True)
class LazyDescent:
    """The theorem for N points, D layers (None: infinitely many), θ, the first loss L₀ and the readout β(0 I).

    Raises :class:`DerivationGap` unless 0 < θ < 1 and λ' is proved positive and at most κ₀².
    """

    features: FeatureConstants
    count: int
    depth: int | None
    theta: Fraction
    loss: arb
    beta: arb

    def __post_init__(self) -> None:
        if not 0 < self.theta < 1:
            raise DerivationGap(f"theta = {self.theta} must lie strictly between 0 and 1.")
        if not self.features.least > 0:
            raise DerivationGap("the least eigenvalue of the features is not proved positive: take more features.")
        if not self.features.least.lower() <= (self.features.kappa0**2).upper():
            raise DerivationGap("a bound of the least eigenvalue above kappa_0^2 is none: the trace is N kappa_0^2.")

    @property
    def reach(self) -> arb:
        """r = κ₁ R."""
        return enclose(self.theta) * (self.features.least / self.count).sqrt() / self.features.kappa0

    @property
    def radius(self) -> arb:
        """R: every iterate has a smaller norm, and so has the length of the path."""
        return self.reach / self.features.kappa1

    @property
    def compression(self) -> arb:
        """c, which is r at infinite depth."""
        return self.reach if self.depth is None else self.reach / (1 - self.reach / arb(self.depth).sqrt())

    @property
    def growth(self) -> arb:
        """E = e^r, which bounds the growth of variations and of adjoints."""
        return self.reach.exp()

    @property
    def curvature(self) -> arb:
        """Q, the bound of the second variation of a state along a direction of norm 1."""
        return second_variation(self.features, self.radius)

    @property
    def threshold(self) -> arb:
        """β₀: the theorem holds for every larger β."""
        f, theta = self.features, enclose(self.theta)
        top = arb(8).sqrt() * self.count * f.kappa0 * f.kappa1 * self.loss.sqrt() * self.compression.exp()
        return top / ((theta - theta**2 / 2) * f.least)

    @property
    def condition(self) -> Relation:
        """β₀ < β."""
        return Relation.of("beta_0 < beta", self.threshold, self.beta, Sense.BELOW, condition=True)

    @property
    def linear_part(self) -> arb:
        """S₁, of the part of the Hessian that is a Gram matrix."""
        norm = self.features.largest.sqrt() + enclose(self.theta) * self.features.least.sqrt()
        return (self.beta * self.growth * norm) ** 2 / self.count

    @property
    def residual_part(self) -> arb:
        """S₂, of the part that the residuals multiply."""
        return self.beta * (2 * self.loss).sqrt() * self.curvature

    @property
    def step(self) -> arb:
        """1/S, S = S₁ + S₂."""
        return 1 / (self.linear_part + self.residual_part)

    @property
    def mu(self) -> arb:
        """μ of the inequality |∇L|² >= μ L on the ball."""
        share = (1 - enclose(self.theta)) ** 2 * self.features.least
        return 2 * self.beta**2 * (-2 * self.compression).exp() * share / self.count

    @property
    def path(self) -> arb:
        """4 √(L₀/μ), a bound of the length of the path."""
        return 4 * (self.loss / self.mu).sqrt()

    def steps(self, target: arb, step: arb | None = None) -> arb:
        """A number of steps after which the loss is at most ``target`` (to be rounded up), with the step 1/S."""
        factor = 1 - (self.step if step is None else step) * self.mu / 2
        return (self.loss / target).log() / -factor.log()

    def with_beta(self, beta: arb) -> LazyDescent:
        """The same with another readout."""
        return LazyDescent(self.features, self.count, self.depth, self.theta, self.loss, beta)


def second_variation(features: FeatureConstants, radius: arb) -> arb:
    """Q = κ₂κ₀² R e^(3κ₁R) + 2κ₀κ₁ e^(2κ₁R) on the ball of radius R."""
    grown = (features.kappa1 * radius).exp()
    return features.kappa2 * features.kappa0**2 * radius * grown**3 + 2 * features.kappa0 * features.kappa1 * grown**2
