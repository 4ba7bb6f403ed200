"""Where good tilts, temperatures and moduli are, in float64: this guides a search, and proves nothing."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import scipy.optimize
import scipy.special

from ......theory.errors import PrecisionExhausted
from .....balls.precision import precision
from ..envelope import lower_hull
from .case import Floats, NeuronCase
from .conditional import SHARES
from .half_lines import BITS, least_log_constant
from .transfer import Tilt

AXIS = {1: (24.0, 0.02), 2: (9.0, 0.1)}
"""Reach and distance of the nodes, by dimension."""
DENOMINATOR = 2**24
COARSE = 1.0


def exactly(q: Floats) -> Tilt:
    """A tilt inside (0, 1) as rationals."""
    inside = np.clip(q, 1 / DENOMINATOR, 1 - 1 / DENOMINATOR)
    return tuple(Fraction(round(float(v) * DENOMINATOR), DENOMINATOR) for v in inside)


@dataclass(eq=False)
class Guess:
    """The tilted neuron of a case on a lattice: ``nodes`` (m, d), ``values`` (n, m) of σ at them."""

    case: NeuronCase
    half_lines: bool = True
    nodes: Floats = field(init=False)
    values: Floats = field(init=False)
    gaps: dict[Fraction, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        reach, step = AXIS.get(self.case.dimension, (6.0, 0.5))
        axis = np.arange(-reach, reach + step / 2, step)
        self._cell = step**self.case.dimension
        self.nodes = np.array(list(itertools.product(axis, repeat=self.case.dimension)))
        inputs = np.array([[float(v) for v in x] for x, _, _ in self.case.data])
        self.values = np.tanh(inputs @ self.nodes.T)
        self._signs = np.array([float(v) for v in self.case.signs])
        self._ridge = float(self.case.rate) / 2 * (self.nodes**2).sum(axis=1)

    def tilted(self, q: Floats) -> Floats:
        """h_q at the nodes."""
        return np.asarray(self._ridge - float(self.case.outer) * (self._signs * q) @ self.values)

    def conjugate(self, q: Floats) -> float:
        """F*."""
        return float(np.abs(self._signs) @ (scipy.special.xlogy(q, q) + scipy.special.xlogy(1 - q, 1 - q)))

    def log_mass(self, q: Floats, b: float) -> float:
        """log Z of one neuron."""
        return float(scipy.special.logsumexp(-b * self.tilted(q))) + math.log(self._cell)

    def tilt(self, b: float) -> tuple[Floats, float]:
        """The q with the least upper bound of log Z(β)/p, and that bound."""

        def bound(logit: Floats) -> float:
            q = np.asarray(scipy.special.expit(logit))
            return b * self.conjugate(q) + self.log_mass(q, b)

        found = scipy.optimize.minimize(bound, np.zeros(self._signs.size), method="BFGS")
        return np.asarray(scipy.special.expit(found.x)), float(found.fun)

    def least(self) -> tuple[Floats, float]:
        """The q with the largest lower bound of inf L, and that bound."""

        def bound(logit: Floats) -> float:
            q = np.asarray(scipy.special.expit(logit))
            return self.conjugate(q) - float(self.tilted(q).min())

        q, _ = self.tilt(1000.0)
        options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000}
        found = scipy.optimize.minimize(bound, scipy.special.logit(q), method="Nelder-Mead", options=options)
        return np.asarray(scipy.special.expit(found.x)), -float(found.fun)

    def log_mass_below(self, q: Floats, b: float) -> float:
        """The lower bound of log Z(β)/p."""
        h, case = self.tilted(q), self.case
        law = np.exp(-b * (h - h.min()))
        law /= law.sum()
        mean = self.values @ law
        spread = (self.values**2) @ law - mean**2
        c, mass = float(case.outer), np.abs(self._signs)
        signs = np.sign(self._signs)
        loss = mass @ (np.logaddexp(0.0, -signs * c * mean) + q * signs * c * mean)
        return float(self.log_mass(q, b) - b * loss - b * c * c / (8 * case.width) * (mass @ spread))

    def envelope(self, noise: float) -> tuple[Fraction, float]:
        """m/λ with the largest constant of the envelope, and the logarithm of that constant over λ."""
        b = 2 / noise / self.case.width
        if not self.gaps:
            self.gaps = {share: self._gap(share) for share in SHARES[::3]}
        value = {s: math.log(float(s)) - b * g for s, g in self.gaps.items()}
        best = max(value, key=lambda s: value[s])
        return best, value[best] - b * float(self.case.outer) ** 2 / 8 / self.case.width

    def half_line(self, noise: float) -> float:
        """log α₀ by Hardy's inequality, with coarse boxes of tilts; -inf where it is not found."""
        if self.case.dimension > 1 or not self.half_lines:
            return -math.inf
        b = Fraction(2 / noise / self.case.width).limit_denominator(DENOMINATOR)
        try:
            with precision(BITS):
                return float(least_log_constant(self.case, b, COARSE)) - math.log(b * self.case.width)
        except PrecisionExhausted:
            return -math.inf

    def _gap(self, share: Fraction) -> float:
        top = 1 / (1 + math.exp(-float(self.case.outer)))
        x, worst = self.nodes[::2, 0], 0.0
        for q in itertools.product((1 - top, top), repeat=self._signs.size):
            v = (self.tilted(np.array(q)) - float(share) * self._ridge)[::2]
            hull = lower_hull(x, v)
            worst = max(worst, float((v - np.interp(x, x[hull], v[hull])).max()))
        return worst
