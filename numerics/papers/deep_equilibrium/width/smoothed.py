r"""Theorem D: the bias of an activation that is only Lipschitz, through :math:`\varphi_\tau = \varphi * N(0, \tau^2)`.

.. math:: |\mathbb E\,\mathsf G_{ij} - K_{ij}| \le D^\tau_{ij}
          + \kappa\Delta\bigl(\sqrt{\hat q_j} + \sqrt{\hat q^\tau_i}\bigr)
          + \frac\Delta{1-\theta}\bigl(\sqrt{K_{jj}} + \sqrt{K^\tau_{ii}}\bigr),
          \qquad \sqrt{\hat q_j} = \sqrt{\hat q_j^\tau} + \kappa\Delta,

with :math:`\Delta = \sup|\varphi_\tau - \varphi|`. The variances of the smoothed model are not computed:
:math:`|\sqrt{K^\tau_{ii}} - \sqrt{K_{ii}}| \le \Delta/(1-\theta)`. Every τ > 0 gives a theorem; τ near
:math:`m^{-1/2}` gives :math:`O(m^{-1/2})`. Proof: ``docs/papers/deep_equilibrium/width.md``, "Lipschitz activations".
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from flint import arb

from ....balls.ball import enclose
from ....balls.ends import nonnegative
from .bias import INFINITE, Bias, smooth_bias
from .scale import Scale, first_square, moments
from .setting import ActivationBounds, NormGroup, WidthSetting

FIRST_EXPONENTS, MOST_STEPS = tuple(map(Fraction, (2, -2, -6))), 40
"""Where the search for a smoothing may begin, and how many steps it may take."""


def bias(setting: WidthSetting, k: Scale, smoothing: arb | None = None) -> Bias:
    """The bias at a width: Theorem A where φ' is Lipschitz, Theorem D elsewhere, at one ``smoothing`` τ or the best."""
    second = setting.phi.second_lipschitz
    if second is not None:
        return smooth_bias(k, setting.phi, second, setting.groups)
    tau = best_smoothing(setting, k) if smoothing is None else smoothing
    return lipschitz_bias(setting, k, tau)


def best_smoothing(setting: WidthSetting, k: Scale) -> arb:
    r"""A τ = 2^e m^(-1/2) that gives a small bound: by descent in e, with steps from 2 to 1/8; it needs no proof."""
    values: dict[Fraction, float] = {}

    def size(e: Fraction) -> float:
        if e not in values:
            found = lipschitz_bias(setting, k, _smoothing(k, e)).frobenius
            values[e] = float(found.upper()) if found.is_finite() else math.inf
        return values[e]

    best, step = min(FIRST_EXPONENTS, key=size), Fraction(2)
    for _ in range(MOST_STEPS):
        nearest = min((best, best + step, best - step), key=size)
        if nearest == best:
            step /= 2
            if step < Fraction(1, 8):
                break
        best = nearest
    return _smoothing(k, best)


def _smoothing(k: Scale, e: Fraction) -> arb:
    return (arb(2) ** enclose(e) / k.root).mid()


def smoothed(phi: ActivationBounds, tau: arb) -> tuple[ActivationBounds, arb, arb]:
    """What is known of φ_τ, its L_2 and the distance Δ; |φ_τ(0)| is a ball around all that it may be."""
    second, distance = phi.smoothed_slope / tau, phi.smoothed_distance * tau
    at_zero = nonnegative(phi.at_zero.lower() - distance).lower().union((phi.at_zero + distance).upper())
    return replace(phi, at_zero=nonnegative(at_zero)), second, distance


def lipschitz_bias(setting: WidthSetting, k: Scale, tau: arb) -> Bias:
    """Theorem D at one τ."""
    phi, second, distance = smoothed(setting.phi, tau)
    apart = distance / (1 - k.theta)
    groups = tuple(replace(group, variance=_moved(group, apart)) for group in setting.groups)
    smooth = smooth_bias(k, phi, second, groups)
    network, diagonal, inputs, pairs = k.kappa * distance, [], [], [arb(0), arb(0), arb(0), arb(0)]
    for group, x, found in zip(setting.groups, smooth.inputs, smooth.diagonal, strict=True):
        roots = x.square.sqrt() + network, x.square.sqrt(), group.variance.sqrt(), x.variance.sqrt()
        pairs = [old.max(new) for old, new in zip(pairs, roots, strict=True)]
        bound = (found + _moves(network, apart, roots)).upper()
        bound = bound if bound.is_finite() else INFINITE
        square = first_square(k, setting.phi, group.norm).min((roots[0] ** 2).upper()).min(group.variance + bound)
        diagonal.append(bound)
        inputs.append(moments(k, setting.phi, group, square.upper()))
    off = (smooth.off + _moves(network, apart, tuple(pairs))).upper() if smooth.off.is_finite() else INFINITE
    return Bias(tuple(diagonal), off, tuple(inputs))


def _moves(network: arb, apart: arb, roots: tuple[arb, ...]) -> arb:
    """What smoothing moves: the network's Gram matrix, and the population's."""
    plain, smooth, variance, smooth_variance = roots
    found: arb = network * (plain + smooth) + apart * (variance + smooth_variance)
    return found


def _moved(group: NormGroup, apart: arb) -> arb:
    """A ball around K_ii of the smoothed model."""
    root = group.variance.sqrt()
    return nonnegative(nonnegative((root - apart).lower()).lower().union((root + apart).upper()) ** 2)
