r"""Theorem 3 and Theorem 6 in balls: how far the loss of noisy descent can be above its infimum, at every step.

.. math::
    W_{k+1} = W_k-\eta(\nabla L(W_k)+n_k)+\sqrt{\eta s}\,\xi_k,\qquad \beta=2/s .

With a logarithmic Sobolev inequality :math:`(\alpha_0,\Delta)` and :math:`0<\eta\le\min\{1/\lambda,2/\Lambda\}`

.. math::
    \mathrm{KL}(\rho_k|\pi) \le \Delta+e^{-\alpha_0\eta(k-1)}(K_1-\Delta)_+
        +\frac{(\sqrt{\mathcal A}+\sqrt{\mathcal B})^2}{2(1-e^{-\alpha_0\eta})},\qquad
    \mathbb E L(W_k)-\inf L \le \frac1\beta\mathrm{KL}(\rho_k|\pi)
        +\frac N{2\beta}\log\frac{e\beta(\lambda+D/N)R_k}N .

Proofs: docs/papers/two_layer_logistic/sgd.md, sections 3 and 4. All functions work at the precision of the setting
and return balls that contain what the formulas give; upper ends are bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import arb

from .....theory.errors import SpecError
from ....balls.ball import enclose
from ....balls.ends import nonnegative
from ....balls.precision import precision
from .log_sobolev import LogSobolev
from .setting import SgdSetting, loss

SMALL = 1000
"""Contractions below exp(-SMALL) are not written out."""
Real = Fraction | arb
"""An exact number: a rational, or a ball of radius zero where the exponent is too long for one."""


def ball(value: Real) -> arb:
    """A number as a ball at the working precision."""
    return value if isinstance(value, arb) else enclose(value)


@dataclass(frozen=True, eq=False)
class Start:
    """What is known of the law of W_0: bounds of E‖W_0‖², of E L(W_0) and, where the mean is zero, that it is."""

    second_moment: arb
    loss: arb
    centred: bool

    def __post_init__(self) -> None:
        if self.second_moment < 0:
            raise SpecError("the variance or the squared norm of a start is negative: take 0 or more.")

    @classmethod
    def point(cls, setting: SgdSetting, norm_squared: Real = Fraction(0), loss: arb | None = None) -> Start:
        """A point mass of a norm, with the value of L there where it is known; at norm zero it is known."""
        with precision(setting.bits):
            size = ball(norm_squared)
            ridge = setting.rate * size / 2
            known = loss if loss is not None else _data_term(setting, setting.gradient * size.sqrt()) + ridge
            return cls(size, known, bool(size.is_zero()))

    @classmethod
    def gaussian(cls, setting: SgdSetting, variance: Real) -> Start:
        r"""The law :math:`N(0,\tau^2I)`; E g ≤ g(0) + τ²D/2 since the Gaussian law solves the heat equation."""
        with precision(setting.bits):
            size = ball(variance)
            data = _data_term(setting, size * setting.laplacian / 2)
            return cls(size * setting.parameters, data + setting.rate * setting.parameters * size / 2, True)

    def distance_squared(self, setting: SgdSetting) -> arb:
        """A bound of E‖W_0 - W_*‖²."""
        with precision(setting.bits):
            if self.centred:
                return self.second_moment + setting.minimiser
            return (nonnegative(self.second_moment).sqrt() + setting.minimiser.sqrt()) ** 2


def _data_term(setting: SgdSetting, rise: arb) -> arb:
    """g(0) and a rise, or the bound of g."""
    above = setting.at_zero + rise
    return above if setting.loss_ceiling is None else above.min(setting.loss_ceiling)


@dataclass(frozen=True, eq=False)
class NoisyDescent:
    r"""Theorem 3 for one setting, level of the noise s, step η, start and logarithmic Sobolev inequality.

    ``step`` and ``noise`` are exact. Raises :class:`SpecError` unless :math:`0<\eta\le\min\{1/\lambda,2/\Lambda\}` is
    proved and s > 0, and for an inequality that is that of another s.
    """

    setting: SgdSetting
    noise: Real
    step: Real
    start: Start
    inequality: LogSobolev

    def __post_init__(self) -> None:
        if not self.inequality.holds_at(self.noise):
            raise SpecError("the log-Sobolev inequality is that of another temperature: take one for this noise.")
        if self.inequality.of_gap:
            raise SpecError("a spectral gap alone does not bound the relative entropy: a log-Sobolev inequality does.")
        with precision(self.setting.bits):
            eta, s = ball(self.step), ball(self.noise)
            if not (s > 0 and eta > 0):
                raise SpecError("the step and the noise of noisy descent must be positive.")
            if not (eta * self.setting.rate <= 1 and eta * self.setting.smoothness <= 2):
                raise SpecError("the step is above min(1/lambda, 2/Lambda): take a smaller one.")

    @cached_property
    def _beta(self) -> arb:
        return 2 / ball(self.noise)

    @cached_property
    def _eta(self) -> arb:
        return ball(self.step)

    @cached_property
    def floor_moment(self) -> arb:
        """What R_k tends to."""
        c = self.setting
        with precision(c.bits):
            eta, s, shrink = self._eta, ball(self.noise), 1 - self._eta * c.rate
            drift = 2 * shrink * c.radial + eta * (c.gradient**2 + c.noise) + s * c.parameters
            return drift / (c.rate * (2 - eta * c.rate))

    def second_moment(self, steps: int | arb) -> arb:
        """R_k, a bound of E‖W_k‖²."""
        c = self.setting
        with precision(c.bits):
            return _decay(self._eta * c.rate, 2 * arb(steps)) * self.start.second_moment + self.floor_moment

    @cached_property
    def largest_moment(self) -> arb:
        """The supremum of R_k."""
        with precision(self.setting.bits):
            return self.start.second_moment + self.floor_moment

    @cached_property
    def first(self) -> arb:
        """K_1, a bound of KL(ρ_1|π)."""
        c, eta, beta = self.setting, self._eta, self._beta
        with precision(c.bits):
            n = c.parameters
            entropy = (1 / (2 * arb.const_e() * eta * c.rate)).log() * n / 2
            warm = eta * (c.rate * n + c.laplacian) + beta * c.smoothness * eta**2 * c.noise / 2
            return beta * (self.start.loss - c.loss_floor) + entropy + warm

    @cached_property
    def discretisation(self) -> arb:
        """𝒜, what a step of positive length costs."""
        c, eta, beta = self.setting, self._eta, self._beta
        with precision(c.bits):
            curved = eta**2 * c.smoothness * c.hessian_trace
            speed = (c.rate * nonnegative(self.largest_moment).sqrt() + c.gradient) ** 2 + c.noise
            return curved + eta**3 * beta * c.smoothness**2 * speed / 3

    @cached_property
    def conditional(self) -> arb:
        """𝓑, what the noise of mini-batches costs; 0 without them."""
        c, eta, beta = self.setting, self._eta, self._beta
        if c.noise_share == 0:
            return arb(0)
        with precision(c.bits):
            exponent = eta * beta * (c.noise_bound**2 / 2 + c.noise / 4)
            return (beta * eta * c.noise).min((eta * beta * c.noise_frobenius / 2) ** 2 * exponent.exp())

    @cached_property
    def _log_contraction(self) -> arb:
        """The logarithm of α₀η, which may itself be astronomical."""
        with precision(self.setting.bits):
            return self.inequality.log_constant + self._eta.log()

    def _forgotten(self, steps: arb) -> arb:
        """exp(-α₀η k): what is left of the start after k steps."""
        if steps.is_zero():
            return arb(1)
        return (-(self._log_contraction + steps.log()).exp()).exp()

    @cached_property
    def recursion_cost(self) -> arb:
        """½(√𝒜 + √𝓑)², added at every step."""
        with precision(self.setting.bits):
            return (nonnegative(self.discretisation).sqrt() + nonnegative(self.conditional).sqrt()) ** 2 / 2

    @cached_property
    def bias(self) -> arb:
        """What the costs of all steps sum up to: their cost over 1 - exp(-x), x = α₀η; that is x (1 - x/2) or more."""
        logarithm = self._log_contraction
        with precision(self.setting.bits):
            if logarithm > -SMALL:
                return self.recursion_cost / -(-logarithm.exp()).expm1()
            return (self.recursion_cost.log() - logarithm).exp() * arb(1).union(1 + (-arb(SMALL)).exp())

    def recursed(self, entropy: arb) -> arb:
        """The bound of KL(ρ_{k+1}|π) from KL(ρ_k|π), by one step."""
        lost = self.inequality.defect
        with precision(self.setting.bits):
            return lost + self._forgotten(arb(1)) * (entropy - lost) + self.recursion_cost

    def entropy(self, steps: int | arb) -> arb:
        """The bound of KL(ρ_k|π), k ≥ 1."""
        lost = self.inequality.defect
        with precision(self.setting.bits):
            excess = (self.first - lost).max(arb(0))
            return lost + self._forgotten(arb(steps) - 1) * excess + self.bias

    def thermal(self, second_moment: arb) -> arb:
        r"""What temperature costs: :math:`\tfrac N{2\beta}\log(e\beta(\lambda+D/N)R/N)`."""
        c, beta = self.setting, self._beta
        with precision(c.bits):
            n = c.parameters
            return (arb.const_e() * beta * (c.rate + c.laplacian / n) * second_moment / n).log() * n / (2 * beta)

    def excess(self, steps: int | arb) -> arb:
        """The bound of E L(W_k) - inf L; raises :class:`SpecError` for k < 1. ``steps`` may be a ball of integers."""
        if not arb(steps) >= 1:
            raise SpecError("the bound speaks of the law after the first step: take k >= 1.")
        with precision(self.setting.bits):
            return self.entropy(steps) / self._beta + self.thermal(self.second_moment(steps))


@dataclass(frozen=True, eq=False)
class ConvexDescent:
    r"""Theorem 6 for :math:`m>0` and :math:`0<\eta\le2/(m+\Lambda)`; s may be 0: plain stochastic descent.

    .. math:: \mathbb E L(W_k)-\inf L \le \frac\Lambda2\Bigl[(1-\eta m)^{2k}\mathbb E\lVert W_0-W_*\rVert^2
              +\frac{sN+\eta\sigma^2}{m(2-\eta m)}\Bigr] .

    Raises :class:`SpecError` where a hypothesis is not proved.
    """

    setting: SgdSetting
    noise: Real
    step: Real
    start: Start

    def __post_init__(self) -> None:
        c = self.setting
        with precision(c.bits):
            eta, s = ball(self.step), ball(self.noise)
            if not c.convex:
                raise SpecError("lambda is not proved to be above lambda_cvx: the loss may not be convex.")
            if not (s >= 0 and eta > 0):
                raise SpecError("the step must be positive, and the noise not negative.")
            if not eta * (c.strong_convexity + c.smoothness) <= 2:
                raise SpecError("the step is above 2/(m + Lambda): take a smaller one.")

    @cached_property
    def floor(self) -> arb:
        """What remains however long one waits."""
        c = self.setting
        with precision(c.bits):
            eta, m = ball(self.step), c.strong_convexity
            noise = ball(self.noise) * c.parameters + eta * c.noise
            return c.smoothness / 2 * noise / (m * (2 - eta * m))

    def excess(self, steps: int | arb) -> arb:
        """The bound of E L(W_k) - inf L, k ≥ 0."""
        c = self.setting
        with precision(c.bits):
            shrink = _decay(ball(self.step) * c.strong_convexity, 2 * arb(steps))
            return c.smoothness / 2 * shrink * self.start.distance_squared(c) + self.floor


def decreasing_steps(setting: SgdSetting, offset: Fraction, steps: int, start: Start) -> arb:
    r"""The bound of :math:`\mathbb E\lVert W_k-W_*\rVert^2` for s = 0 and :math:`\eta_k=2/(m(k+k_0))`.

    Raises :class:`SpecError` unless m > 0 and :math:`k_0\ge1+\Lambda/m` are proved.
    """
    with precision(setting.bits):
        m, k0 = setting.strong_convexity, enclose(offset)
        if not (setting.convex and k0 >= 1 + setting.smoothness / m):
            raise SpecError("decreasing steps need m > 0 and an offset of at least 1 + Lambda/m.")
        largest = (k0 * start.distance_squared(setting)).max(4 * setting.noise / m**2)
        return largest / (steps + k0)


def stationarity(setting: SgdSetting, step: Real, steps: int, start: Start) -> arb:
    r"""The bound :math:`2(\mathbb E L(W_0)-\inf L)/(\eta K)+\eta\Lambda\sigma^2` of the mean of
    :math:`\mathbb E\lVert\nabla L(W_k)\rVert^2` over k < K, for s = 0 and :math:`\eta\le1/\Lambda`.

    Plain mini-batches at any λ > 0; no more than stationarity. Raises :class:`SpecError` for other steps.
    """
    with precision(setting.bits):
        eta = ball(step)
        if not (eta > 0 and eta * setting.smoothness <= 1 and steps >= 1):
            raise SpecError("stationarity needs 0 < step <= 1/Lambda, proved, and at least one step.")
        return 2 * (start.loss - setting.loss_floor) / (eta * steps) + eta * setting.smoothness * setting.noise


def _decay(share: arb, exponent: arb) -> arb:
    """(1 - share)^exponent for a share in [0, 1] that may be as tiny as the exponent is astronomical.

    >>> _decay(arb((1, -10**6)), arb((1, 10**6))).overlaps((-arb(1)).exp()), _decay(arb(1), arb(3))
    (True, 0)
    """
    if share < 1:
        return ((-share).log1p() * exponent).exp()
    return nonnegative(1 - share) ** exponent if exponent > 0 else arb(1)


__all__ = ["ConvexDescent", "NoisyDescent", "Real", "Start", "ball", "decreasing_steps", "loss", "stationarity"]
