r"""Lower bounds of the spectral gap of one weight, all in balls: the table of docs, section 3.

(a) :math:`\lambda e^{-\beta\operatorname{osc}g}`; (a') the convex envelope; (c) the log-Lipschitz bound with
:math:`\sup|g'|`; (d) a Lyapunov function: for :math:`\Phi=1+w^2/\varrho` and :math:`R,\varrho>0`

.. math:: \lambda_s \ge \frac{\theta/\beta}{1+b\,e^{\beta\operatorname{osc}_{|w|\le R}g}/(\beta\lambda)},\qquad
          \theta=\frac{2\beta\lambda R^2-2(1+\beta X)}{\varrho+R^2}>0,\quad b=\frac{2(1+\beta X)}\varrho+\theta

(Bakry, Barthe, Cattiaux and Guillin 2008, Theorem 1.4, is cited). docs/papers/two_layer_logistic/sgd-one-weight.md,
section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy
from flint import arb

from ......theory.errors import PrecisionExhausted, SpecError
from .....balls.ball import enclose
from .....balls.precision import precision
from .....expressions.lowering import lower_numpy
from .....expressions.range import infimum, supremum
from ..log_sobolev import holley_stroock, inverse_temperature, log_lipschitz
from .envelope import envelope_on_the_line
from .setting import LineSetting


@dataclass(frozen=True, eq=False)
class GapBounds:
    """Balls around four lower bounds of the gap at one level of the noise; lower ends are bounds.

    ``log10_lipschitz`` is the decimal logarithm of (c), which may be astronomically small.
    """

    perturbation: arb
    envelope: arb
    lyapunov: arb
    log10_lipschitz: arb


def gap_bounds(setting: LineSetting, noise: Fraction) -> GapBounds:
    """The row of the table; raises :class:`SpecError` for an unbounded data term."""
    whole = holley_stroock(setting, noise)
    if whole is None:
        raise SpecError("the data term is not bounded: only the log-Lipschitz bound applies.")
    best = envelope_on_the_line(setting, noise).constant
    slow = log_lipschitz(setting, noise).log10_constant
    return GapBounds(whole.constant, best, lyapunov(setting, noise, *promising(setting, noise)), slow)


def lyapunov(setting: LineSetting, noise: Fraction, reach: Fraction, scale: Fraction) -> arb:
    """(d) with R = ``reach`` and ϱ = ``scale``; raises :class:`SpecError` where θ is not proved positive."""
    expression, end = setting.line.data_term, sympy.Rational(reach)
    top, bottom = (find(expression, -end, end, bits=40).ball for find in (supremum, infimum))
    if top is None or bottom is None:
        raise PrecisionExhausted(f"{setting.line.name}: the data term was not enclosed within {reach}.")
    with precision(setting.bits):
        beta, r, rho = inverse_temperature(noise), enclose(reach), enclose(scale)
        drift = 2 * (1 + beta * setting.radial)
        theta = (2 * beta * setting.rate * r * r - drift) / (rho + r * r)
        if not theta > 0:
            raise SpecError(f"R = {reach} is too small for a Lyapunov function: take a larger one.")
        inner = (beta * (top + bottom)).exp() / (beta * setting.rate)
        return theta / beta / (1 + (drift / rho + theta) * inner)


def promising(setting: LineSetting, noise: Fraction) -> tuple[Fraction, Fraction]:
    """R and ϱ that are good in float64; at any others (d) is a valid bound as well."""
    beta, rate, radial = 2 / float(noise), float(setting.rate), float(setting.radial)
    drift = 2 * (1 + beta * radial)
    least = np.sqrt(drift / (2 * beta * rate))
    grid = np.linspace(0.0, 8 * least, 4001)
    g = lower_numpy(setting.line.data_term)
    both = np.stack([g(grid), g(-grid)])
    swing = np.maximum.accumulate(both.max(axis=0)) - np.minimum.accumulate(both.min(axis=0))
    r, q = grid[grid > 1.001 * least, None], np.geomspace(1e-3, 1e9, 241)
    theta = (2 * beta * rate * r**2 - drift) / (q + r**2)
    inner = np.exp(beta * swing[grid > 1.001 * least])[:, None] / (beta * rate)
    found = theta / beta / (1 + (drift / q + theta) * inner)
    i, j = np.unravel_index(int(found.argmax()), found.shape)
    return Fraction(f"{r[i, 0]:.5g}"), Fraction(f"{q[j]:.5g}")
