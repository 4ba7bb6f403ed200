r"""Whether the convergence condition holds at a given scale and lift: L₀ < R² μ(R)/4 for some R; for descent, /16.

λ(R) is a lower bound of the least eigenvalue of every configuration that is separated enough, the inputs among them: it
is at most :math:`\lambda_{\min}(K)`. With :math:`c(R) \ge \kappa_1R` so
:math:`R^2\mu(R) \le \tfrac2N\lambda_{\min}(K)\,R^2e^{-2\kappa_1R} \le \tfrac2N\lambda_{\min}(K)/(e\kappa_1)^2` for
every R, which refutes the condition where L₀ is larger ("The best radius" of ``docs/papers/resnet_rkhs/proofs.md``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from ....theory.verdict import Verdict
from ...balls.ball import Ball, enclose
from ...checks.relation import Relation, Sense
from ...radial.bounds import log10_of
from .rates import Landscape, path_bound
from .setting import Setting

REACHES = tuple(Fraction(k, 10) for k in range(1, 41))
"""The values of κ₁R that are tried."""


@dataclass(frozen=True)
class Condition:
    """The condition at a landscape and at R = ``reach``/κ₁, for gradient descent or for the flow.

    ``eigenvalue`` is an upper bound of λ_min(K) on the inputs; ``least`` takes the place of λ where it is given.
    """

    landscape: Landscape
    reach: Fraction
    descent: bool
    loss: Fraction
    eigenvalue: arb
    least: arb | None = None

    @property
    def radius(self) -> arb:
        """R."""
        return enclose(self.reach) / self.landscape.kappa1

    @property
    def mu(self) -> arb:
        """μ(R)."""
        return self.landscape.lower(self.radius, self.least)

    @property
    def path(self) -> arb:
        """The bound of the length of the path: 2 √(L₀/μ) for the flow, 4 √(L₀/μ) for descent."""
        return path_bound(enclose(self.loss), self.mu, descent=self.descent)

    @property
    def fits(self) -> Relation:
        """The path fits into the ball."""
        text = f"{4 if self.descent else 2} sqrt(L_0/mu) < R"
        return Relation.of(text, self.path, self.radius, Sense.BELOW, constants={"mu": self.mu}, condition=True)

    @property
    def ceiling(self) -> arb:
        """No loss above this satisfies the condition, for any R."""
        best = self.landscape.lower(arb(0), self.eigenvalue) / (arb(1).exp() * self.landscape.kappa1) ** 2
        return best / (16 if self.descent else 4)

    def at_the_ceiling(self, share: Fraction) -> Relation:
        """The condition for a share of that loss, at the R and with the eigenvalue for which it would be attained."""
        limit = replace(self.landscape, depth=None)
        loss = Ball(self.ceiling).upper * share
        return replace(self, landscape=limit, reach=Fraction(1), loss=loss, least=self.eigenvalue).fits

    def settled(self) -> tuple[Verdict, str]:
        """PROVED at this R, REFUTED for all, or UNKNOWN, with the factor by which it fails."""
        if self.fits.verdict is Verdict.PROVED:
            return Verdict.PROVED, f"at kappa_1 R = {self.reach}"
        where = f"the scale {self.landscape.kernel.scale} and the lift {self.landscape.alpha}"
        if enclose(self.loss) >= self.ceiling:
            factor = log10_of(enclose(self.loss) / self.ceiling)
            return Verdict.REFUTED, f"L_0 = {self.loss} is at least 10^{factor} times what any R allows at {where}"
        return Verdict.UNKNOWN, f"no R that was tried satisfies it at {where}"


def condition(inst: Setting, *, descent: bool = False) -> Condition:
    """The condition at the study's scale and lift, at the R, of those tried, where R² μ(R) is largest."""
    landscape = inst.landscape(inst.depth if descent else None)
    reaches = [x for x in REACHES if landscape.depth is None or x * x < landscape.depth]
    eigenvalue = arb(inst.training_eigenvalues[0].upper)
    found = [Condition(landscape, reach, descent, inst.loss, eigenvalue) for reach in reaches]
    return max(found, key=lambda one: float((one.radius**2 * one.mu).mid()))
