r"""Rates at which a network of finite depth, or with finitely many features, approaches its limit.

On the ball :math:`\|v\| \le R` with the readout norm b and layers that are averages of the control,

.. math:: |F_D - F_\infty| \le \frac{b\,C_z}{D},\qquad C_z = \tfrac12\kappa_0\kappa_1R^2e^{\kappa_1R},

and gradients and trajectories differ by G/D and d_k/D. Proofs: ``docs/papers/resnet_rkhs/recipe.md``, "Depth" and
"Width".
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from ....theory.errors import DerivationGap
from .lazy_descent import FeatureConstants, LazyDescent, second_variation


@dataclass(frozen=True)
class DepthLimit:
    """The constants for D layers on the ball of radius ``radius``, the readout norm b and the first loss L₀."""

    features: FeatureConstants
    radius: arb
    readout: arb
    loss: arb
    depth: int

    @property
    def state(self) -> arb:
        """C_z: states differ by at most C_z/D."""
        f = self.features
        return f.kappa0 * f.kappa1 * self.radius**2 * (f.kappa1 * self.radius).exp() / 2

    @property
    def output(self) -> arb:
        """The bound b C_z/D of |F_D − F_∞|."""
        return self.readout * self.state / self.depth

    @property
    def adjoint(self) -> arb:
        """P: the mean norm of adjoints of the limit at a control whose loss *at depth D* is at most L₀."""
        return (self.features.kappa1 * self.radius).exp() * self.readout * ((2 * self.loss).sqrt() + self.output)

    @property
    def gradient(self) -> arb:
        """G: ‖∇L_D(v) − ∇L_∞(v)‖ <= G/D for layered v with L_D(v) <= L₀."""
        f, radius, p, c = self.features, self.radius, self.adjoint, self.state
        inner = f.kappa2 * radius * c + f.kappa2 * f.kappa0 * radius**2 / 2 + f.kappa1**2 * radius**2 / 2
        back = (f.kappa1 * radius).exp() * (self.readout**2 * c + p * inner)
        return f.kappa1 * p * (c + f.kappa0 * radius) + f.kappa0 * (back + f.kappa1 * radius * p)

    @property
    def negative_curvature(self) -> arb:
        """S₂': −S₂' bounds the Hessian of the limit from below on the whole ball."""
        residual = (2 * self.loss).sqrt() + self.readout * self.features.kappa0 * self.radius
        return self.readout * residual * second_variation(self.features, self.radius)

    def trajectory(self, step: arb, iterations: int) -> arb:
        """d_k/D: the bound of ‖v_k^D − v_k‖ when both runs stay in the ball with losses at most L₀.

        Raises :class:`DerivationGap` unless η(b²E²κ₀² + S₂') <= 2 is proved.
        """
        grown = (self.readout * self.features.kappa0 * (self.features.kappa1 * self.radius).exp()) ** 2
        if not step * (grown + self.negative_curvature) <= 2:
            raise DerivationGap("the step is too large for the comparison of two depths.")
        s = self.negative_curvature
        return self.gradient / s * ((1 + step * s) ** iterations - 1) / self.depth


def variation_in_time(found: LazyDescent) -> arb:
    """8√2 κ₀κ₁EβR √L₀/μ, a bound of the total variation in time of every iterate of the infinitely deep network."""
    if found.depth is not None:
        raise DerivationGap("the variation in time is that of the infinitely deep network.")
    f = found.features
    top = 8 * arb(2).sqrt() * f.kappa0 * f.kappa1 * found.growth * found.beta * found.radius
    return top * found.loss.sqrt() / found.mu


def width_at_iterate(
    features: FeatureConstants, radius: arb, readout: arb, loss: arb, step: arb, iterations: int, deviation: arb
) -> arb:
    """A bound of |√L_k^(m) − √L_k| where kernels and scaled slopes differ by ``deviation`` at the visited pairs."""
    grown = (features.kappa1 * radius).exp()
    s = (readout * features.kappa0 * grown) ** 2
    s += readout * (2 * loss).sqrt() * second_variation(features, radius)
    return loss.sqrt() * deviation / features.kappa0**2 * ((1 + step * s) ** iterations - 1)


def gaussian_deviation(dimension: int, depth: int, count: int, iterations: int, failure: arb, m: int) -> arb:
    """The deviation that m Gaussian frequencies exceed with probability at most ``failure``: no covering."""
    pairs = depth * count**2 * iterations * (iterations + 1) // 2
    return (8 * dimension * (2 * (dimension + 1) * pairs / failure).log() / m).sqrt()


def laziness(found: LazyDescent, step: arb) -> arb:
    """ζ: residuals of the run and of its linearisation at 0 differ by at most ζ|e₀|, at every iterate."""
    n, root = found.count, arb(found.count).sqrt()
    moved = root * found.beta * found.curvature * found.path
    drift = 4 / (found.mu * n) * (2 * found.beta * found.features.largest.sqrt() + moved) * moved
    return drift + found.beta * found.curvature * step * (found.loss / 2).sqrt()


def width_at_all_times(share: arb, first: arb, second: arb) -> arb:
    """ε/√(1 − ε) + ζ_m + ζ: the bound of sup_k |√L_k^(m) − √L_k|/√L₀ when (1 − ε)K <= K_m <= (1 + ε)K."""
    return share / (1 - share).sqrt() + first + second
