r"""Logarithmic Sobolev inequalities of the stationary law, each with its name, its constant and its defect.

For :math:`\pi\propto e^{-\beta L}`, :math:`\beta=2/s`, each gives :math:`(\alpha_0,\Delta)` with

.. math:: \mathrm{FI}(\nu|\pi) \ge 2\beta\alpha_0\,(\mathrm{KL}(\nu|\pi)-\Delta)\qquad\text{for every }\nu .

The constant is kept as a logarithm, for it may be as small as :math:`10^{-10^6}`. Every ball contains the number that
the formula gives, so its lower end is a valid constant. docs/papers/two_layer_logistic/sgd.md, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from flint import arb

from ....balls.ball import enclose, exact
from ....balls.precision import precision
from .setting import SgdSetting

HOLLEY_STROOCK = "Holley and Stroock"
ENVELOPE = "convex envelope"
BAKRY_EMERY = "Bakry and Emery"
LOG_LIPSCHITZ = "log-Lipschitz"
ONE_NEURON = "one neuron"

CITED = {
    HOLLEY_STROOCK: "perturbation of a Gaussian law; the inequality of the Gaussian law is that of Gross",
    ENVELOPE: "perturbation of a strongly log-concave law; the inequality of that law is that of Bakry and Emery",
    BAKRY_EMERY: "the inequality of a strongly log-concave law is that of Bakry and Emery",
    LOG_LIPSCHITZ: "the map of Kim and Milman and its Lipschitz constant are cited: Brigati and Pedrotti,"
    " arXiv 2404.15205; the exponent is derived",
    ONE_NEURON: "proved, with a defect, after Chen, Ren and Wang, arXiv 2212.03050, and Nitanda, arXiv 2405.15767",
}
"""What each option rests on beyond our proof."""
COARSE = tuple(Fraction(k, 64) for k in range(65))
"""Values of theta that are tried first."""
NEAR = tuple(Fraction(k, 16) for k in range(1, 161))
"""Exponents: theta is tried at 1 - 2^-k of the value at which the constant vanishes."""


@dataclass(frozen=True, eq=False)
class LogSobolev:
    r"""``log_constant`` encloses :math:`\log\alpha_0`, ``defect`` Δ; ``theta`` is the one chosen, where there is one.

    ``of_gap``: only a Poincaré inequality is meant, not a logarithmic Sobolev inequality. ``noise`` is the s whose
    law is meant; None where the inequality holds at every one.
    """

    name: str
    log_constant: arb
    defect: arb
    theta: Fraction | None = None
    of_gap: bool = False
    bits: int = 128
    noise: Fraction | arb | None = None

    def holds_at(self, noise: Fraction | arb) -> bool:
        """Whether it is that of the law at this level of the noise, exactly."""
        return self.noise is None or _exactly(self.noise) == _exactly(noise)

    @property
    def constant(self) -> arb:
        """A ball around α₀."""
        with precision(self.bits):
            return self.log_constant.exp()

    @property
    def log10_constant(self) -> arb:
        """A ball around its decimal logarithm."""
        with precision(self.bits):
            return self.log_constant / arb(10).log()


def _exactly(noise: Fraction | arb) -> Fraction:
    return exact(noise) if isinstance(noise, arb) else noise


def inverse_temperature(noise: Fraction | arb) -> arb:
    """β = 2/s at the working precision."""
    return 2 / (noise if isinstance(noise, arb) else enclose(noise))


def holley_stroock(setting: SgdSetting, noise: Fraction | arb, oscillation: arb | None = None) -> LogSobolev | None:
    r"""(a): :math:`\lambda e^{-\beta\operatorname{osc}g}`; None for an activation that is not bounded.

    ``oscillation`` replaces the bound of the setting by a sharper one.

    >>> from ..scalar import reference
    >>> found = holley_stroock(SgdSetting.scalar(reference("T1")), Fraction(1, 10), arb("0.881"))
    >>> found.constant.str(4)
    '[2.227e-10 +/- 5.65e-15]'
    """
    swing = setting.oscillation if oscillation is None else oscillation
    if swing is None:
        return None
    with precision(setting.bits):
        exponent = inverse_temperature(noise) * swing
        return LogSobolev(HOLLEY_STROOCK, setting.rate.log() - exponent, arb(0), bits=setting.bits, noise=noise)


def envelope(setting: SgdSetting, noise: Fraction | arb, theta: Fraction | None = None) -> LogSobolev | None:
    r"""(a'): :math:`(\lambda-\theta^2\lambda_{cvx})e^{-2\beta\bar q\lVert a\rVert_1e(\theta)}` at the best theta found.

    None where no theta gives a positive constant that is proved.
    """
    with precision(setting.bits):
        return _closed_form(setting, noise, enclose(setting.outer.one), theta, ENVELOPE, arb(0))


def bakry_emery(setting: SgdSetting, noise: Fraction | arb = Fraction(1)) -> LogSobolev | None:
    """(b): m, at every level of the noise; None unless m > 0 is proved."""
    if not setting.convex:
        return None
    with precision(setting.bits):
        return LogSobolev(BAKRY_EMERY, setting.strong_convexity.log(), arb(0), bits=setting.bits)


def log_lipschitz(setting: SgdSetting, noise: Fraction | arb, gradient: arb | None = None) -> LogSobolev:
    r"""(c): :math:`\lambda\exp(-\beta G^2/\lambda-4G\sqrt{\beta/\lambda})`, for bounded and unbounded activations.

    ``gradient`` replaces G by a sharper bound of the norm of the gradient of the data term.
    """
    with precision(setting.bits):
        size = setting.gradient if gradient is None else gradient
        return _log_lipschitz(setting, noise, size, LOG_LIPSCHITZ, arb(0))


def _log_lipschitz(setting: SgdSetting, noise: Fraction | arb, size: arb, name: str, defect: arb) -> LogSobolev:
    ratio = (inverse_temperature(noise) / setting.rate).sqrt() * size
    log = setting.rate.log() - ratio * (ratio + 4)
    return LogSobolev(name, log, defect, bits=setting.bits, noise=noise)


def defect(setting: SgdSetting, noise: Fraction | arb) -> arb | None:
    r"""Δ of Theorem 2, :math:`\tfrac\beta8(\operatorname{osc}\sigma)^2\lVert a\rVert_2^2`; None for an unbounded σ."""
    swing = setting.activation.oscillation
    if swing is None:
        return None
    with precision(setting.bits):
        return inverse_temperature(noise) / 8 * swing**2 * enclose(setting.outer.two_squared)


def one_neuron(setting: SgdSetting, noise: Fraction | arb) -> LogSobolev | None:
    r"""(e): the best constant of the law of one neuron given the others, with the defect Δ; free of the width.

    All formulas fall as :math:`|a_j|` grows, so that the largest counts. None for an activation that is not bounded.
    """
    lost, swing = defect(setting, noise), setting.activation.oscillation
    if lost is None or swing is None:
        return None
    return max(_of_one_neuron(setting, noise, lost), key=lambda option: option.log_constant.lower())


def _of_one_neuron(setting: SgdSetting, noise: Fraction | arb, lost: arb) -> list[LogSobolev]:
    found = []
    with precision(setting.bits):
        largest = enclose(setting.outer.infinity)
        if setting.convex:
            found.append(LogSobolev(ONE_NEURON, setting.strong_convexity.log(), lost, bits=setting.bits, noise=noise))
        if setting.activation.oscillation is not None:
            exponent = inverse_temperature(noise) * setting.largest_q * largest * setting.activation.oscillation
            log = setting.rate.log() - exponent
            found.append(LogSobolev(ONE_NEURON, log, lost, bits=setting.bits, noise=noise))
        gradient = setting.gradient / setting.outer_norm * largest
        found.append(_log_lipschitz(setting, noise, gradient, ONE_NEURON, lost))
        flatter = _closed_form(setting, noise, largest, None, ONE_NEURON, lost)
    return found if flatter is None else [*found, flatter]


def gap(setting: SgdSetting, noise: Fraction | arb) -> LogSobolev | None:
    r"""(f): the spectral gap is at least :math:`\min_j\max\{m,\alpha_0^{(j)}-\tfrac14a_j^2M_1^2\lVert\Sigma_x\rVert\}`.

    Free of the width, without a defect; None where it is not proved to be positive.
    """
    neurons = _of_one_neuron(setting, noise, arb(0))
    with precision(setting.bits):
        lost = setting.slope**2 * enclose(setting.largest_spread * setting.outer.infinity**2) * setting.norm
        found = [option.constant - lost for option in neurons] + [setting.strong_convexity] * setting.convex
        best = max((x.lower() for x in found), key=float, default=arb(0))
        if not best > 0:
            return None
        return LogSobolev(ONE_NEURON, best.log(), arb(0), of_gap=True, bits=setting.bits, noise=noise)


INEQUALITIES: Mapping[str, Callable[[SgdSetting, Fraction | arb], LogSobolev | None]] = MappingProxyType(
    {
        BAKRY_EMERY: bakry_emery,
        HOLLEY_STROOCK: holley_stroock,
        ENVELOPE: envelope,
        LOG_LIPSCHITZ: log_lipschitz,
        ONE_NEURON: one_neuron,
    }
)
"""The logarithmic Sobolev inequalities by name."""


def options(setting: SgdSetting, noise: Fraction | arb) -> tuple[LogSobolev, ...]:
    """All logarithmic Sobolev inequalities that there are for this setting, at one level of the noise."""
    found = (inequality(setting, noise) for inequality in INEQUALITIES.values())
    return tuple(option for option in found if option is not None)


def best(setting: SgdSetting, noise: Fraction | arb, allowed: Fraction | arb = Fraction(0)) -> LogSobolev:
    """The largest constant among those with a defect of at most ``allowed``; its name says which one won.

    >>> from ..scalar import reference
    >>> best(SgdSetting.scalar(reference("T1")), Fraction(1, 2)).name
    'Holley and Stroock'
    """
    limit = allowed if isinstance(allowed, arb) else enclose(allowed)
    fitting = [option for option in options(setting, noise) if option.defect <= limit]
    return max(fitting, key=lambda option: option.log_constant.lower())


def roughly(setting: SgdSetting, noise: float, name: str) -> float:
    """About the logarithm of the constant of an option, in float64: it guides a search, and proves nothing.

    Minus infinity where the option does not exist.
    """
    with precision(setting.bits):
        s = arb(noise)
        if name in (ENVELOPE, ONE_NEURON) and not setting.activation.bounded:
            return -math.inf
        if name == ENVELOPE:
            return _promising(setting, s, enclose(setting.outer.one))[1]
        if name == ONE_NEURON:
            largest = enclose(setting.outer.infinity)
            gradient = setting.gradient / setting.outer_norm * largest
            lipschitz = float(_log_lipschitz(setting, s, gradient, ONE_NEURON, arb(0)).log_constant)
            convex = float(setting.strong_convexity.log()) if setting.convex else -math.inf
            return max(_promising(setting, s, largest)[1], lipschitz, convex)
        found = INEQUALITIES[name](setting, s)
        return -math.inf if found is None else float(found.log_constant)


def _closed_form(
    setting: SgdSetting, noise: Fraction | arb, size: arb, theta: Fraction | None, name: str, lost: arb
) -> LogSobolev | None:
    r""":math:`(\lambda-\theta^2\lambda_{cvx})_+e^{-2\beta\bar q\,\text{size}\,e(\theta)}` at one theta, in balls."""
    if not setting.activation.bounded:
        return None
    chosen = _promising(setting, noise, size)[0] if theta is None else theta
    distance = setting.activation.flatter(chosen)
    if distance is None:
        return None
    with precision(setting.bits):
        modulus = setting.rate - enclose(chosen) ** 2 * setting.convexity_threshold
        if not modulus > 0:
            return None
        exponent = 2 * inverse_temperature(noise) * setting.largest_q * size * distance
        return LogSobolev(name, modulus.log() - exponent, lost, chosen, bits=setting.bits, noise=noise)


def _promising(setting: SgdSetting, noise: Fraction | arb, size: arb) -> tuple[Fraction, float]:
    """The theta with the largest constant in float64, and its logarithm; the constant at any theta is a valid one."""
    with precision(setting.bits):
        factor = min(float(2 * inverse_temperature(noise) * setting.largest_q * size), 1e300)
        share = float(setting.convexity_threshold / setting.rate)
    limit = min(1.0, 1 / math.sqrt(share)) if share > 0 else 1.0
    near = [Fraction(math.floor(limit * (1 - 2.0 ** -float(k)) * 2**20), 2**20) for k in NEAR]
    tried = sorted({*COARSE[:-1], *near} | ({Fraction(1)} if share < 1 else set()))
    theta = np.array([float(t) for t in tried])
    left = 1 - theta**2 * share
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(left > 0, np.log(left), -np.inf) - factor * setting.activation.roughly(theta)
    k = int(np.argmax(value))
    return tried[k], math.log(setting.regularisation) + float(value[k])
