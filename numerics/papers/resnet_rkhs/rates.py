r"""The explicit constants of the convergence theory on a ball of controls, in ball arithmetic.

With :math:`\|v\| \le R`, the compression :math:`c(R) = \kappa_1 R` (infinite depth) or
:math:`c_D(R) = \kappa_1 R/(1 - \kappa_1 R/\sqrt D)`, and :math:`\lambda` a lower bound of the least eigenvalue of every
:math:`e^{-c}\sigma_{\min}(A)\delta`-separated configuration,

.. math:: \mu = \tfrac2N e^{-2c}\lambda, \qquad
          \beta = \tfrac{\Lambda}{N} e^{2\kappa_1R}
                  + \sqrt{2L}\sqrt{\tfrac{\Lambda}{N}}\,(\kappa_2 R e^{3\kappa_1R} + 2\kappa_1 e^{2\kappa_1R}),

for the readout :math:`B = (0\; I)`. Proofs: ``docs/papers/resnet_rkhs/proofs.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....theory.errors import DerivationGap
from ...balls.ball import enclose
from ...radial.bounds import separated_bound
from ...radial.kernel import RadialKernel


def path_bound(loss: arb, mu: arb, *, descent: bool = False) -> arb:
    """The bound of the length of the path of training: 2 √(L₀/μ) for the flow, 4 √(L₀/μ) for gradient descent."""
    return (4 if descent else 2) * (loss / mu).sqrt()


@dataclass(frozen=True)
class Landscape:
    """The constants for N points of least distance δ (``separation_squared`` = δ²), lifted by A = (α I; 0).

    ``dimension`` is that of the state space; ``depth`` None means infinite depth. Balls have the working precision.
    """

    kernel: RadialKernel
    count: int
    dimension: int
    alpha: Fraction
    separation_squared: Fraction
    depth: int | None = None

    @property
    def kappa1(self) -> arb:
        """κ₁."""
        return enclose(self.kernel.kappa1_squared).sqrt()

    @property
    def kappa2(self) -> arb:
        """κ₂; raises :class:`DerivationGap` where it is infinite."""
        square = self.kernel.kappa2_squared
        if square is None:
            raise DerivationGap(f"{self.kernel.name} has no finite second derivative constant: take nu >= 5/2.")
        return enclose(square).sqrt()

    def compression(self, radius: arb) -> arb:
        """c(R) or c_D(R); raises :class:`DerivationGap` when a layer of this norm need not be invertible."""
        reach = self.kappa1 * radius
        if self.depth is None:
            return reach
        if not reach < arb(self.depth).sqrt():
            raise DerivationGap(
                f"kappa_1 R is not below the square root of the depth {self.depth}: a layer need not be invertible, "
                "and nothing follows; take more layers or a larger scale."
            )
        return reach / (1 - reach / arb(self.depth).sqrt())

    def separated(self, radius: arb) -> arb:
        """The separation e^(−c) α δ that states keep."""
        return (-self.compression(radius)).exp() * enclose(self.alpha) * enclose(self.separation_squared).sqrt()

    def eigenvalue(self, radius: arb) -> arb:
        """λ on the ball: the better of Wendland's and Gershgorin's bounds."""
        return separated_bound(self.kernel, self.dimension, self.count, self.separated(radius))

    def largest(self, radius: arb) -> arb:
        """Λ on the ball: the smaller of N and Gershgorin's 1 + (N − 1) k(e^(−c) α δ)."""
        return (1 + (self.count - 1) * self.kernel.value(self.separated(radius) ** 2)).min(arb(self.count))

    def lower(self, radius: arb, least: arb | None = None) -> arb:
        """μ(R) of the lower inequality, with λ of the ball unless a better bound of the least eigenvalue is given."""
        eigenvalue = self.eigenvalue(radius) if least is None else least
        return 2 * (-2 * self.compression(radius)).exp() * eigenvalue / self.count

    def upper(self, radius: arb, largest: arb | None = None) -> arb:
        """The factor of the upper inequality, (2/N) Λ e^(2κ₁R), with Λ = N κ₀² unless a better one is given."""
        return 2 * (arb(self.count) if largest is None else largest) * (2 * self.kappa1 * radius).exp() / self.count

    def smoothness(self, radius: arb, loss: arb, largest: arb | None = None) -> arb:
        """β on the ball along losses up to ``loss``; with Λ = N κ₀² unless a better one is given."""
        share = arb(1) if largest is None else largest / self.count
        reach = self.kappa1 * radius
        second = self.kappa2 * radius * (3 * reach).exp() + 2 * self.kappa1 * (2 * reach).exp()
        return share * (2 * reach).exp() + (2 * loss).sqrt() * share.sqrt() * second
