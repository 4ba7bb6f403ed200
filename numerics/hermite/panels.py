r"""Gauss-Legendre quadrature on panels, for every function that can be evaluated on complex boxes.

The line is cut where the pieces of the function meet, and panels are bisected until the proved error of the rule is
small for all Hermite orders at once (:mod:`.panel_error`). What is too short to matter is left out at the price of a
bound, so a singularity between two panels does no harm. Panel ends are exact dyadic numbers: nothing is covered twice
or missed.

Reference: ``docs/theory/hermite-coefficients.md``, section 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import arb, fmpq

from ...theory.activations.pieces import Piece
from ...theory.errors import PrecisionExhausted
from ..balls.precision import precision
from ..expressions.growth import Growth
from ..expressions.lowering import lower_acb, lower_arb
from .bounds import Envelope, choose_cut, growth_mean, growth_tail, log_float
from .moments import hermite_sums
from .panel_error import BITS, Box, Setting, crude_errors, gauss_error
from .trapezoid import midpoints

GUARD = 12
"""The quadrature error stays below about ``2^-(bits + GUARD)`` times the size of the function."""
MAX_PANELS = 6000
"""Most panels (accepted, bisected or left out) before the budget is declared exhausted."""

Real = Callable[[arb], arb]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One piece of the function on ``[lo, hi]`` (in z, dyadic ends), with its evaluation in x on balls and on boxes."""

    lo: arb
    hi: arb
    real: Real
    box: Box


@dataclass(slots=True)
class Cover:
    """The panels found so far (centre, half-width, function) and the proved errors."""

    panels: list[tuple[arb, arb, Real]]
    error: arb
    power_error: arb
    left: int = MAX_PANELS

    def add(self, errors: tuple[arb, arb]) -> None:
        """Count the errors of one more panel."""
        self.error += errors[0]
        self.power_error += errors[1]


@dataclass(frozen=True, slots=True)
class Rule:
    """Nodes in z, Gaussian weights, functions, and proved errors: of all coefficients, and of the mean of the power."""

    nodes: list[arb]
    weights: list[arb]
    functions: list[Real]
    error: arb
    power_error: arb


def rule(pieces: Sequence[Piece], bound: Growth, sigma: arb, order: int, bits: int, *, half: bool, power: int) -> Rule:
    """Panels and nodes for the function made of ``pieces``; with ``half`` only z >= 0 is covered, and counted twice.

    ``power`` is the power of the function whose mean is wanted (2 together with coefficients). Raises
    :class:`PrecisionExhausted` when more than ``MAX_PANELS`` panels are needed.
    """
    with precision(BITS):
        mean_size = growth_mean(bound**power, sigma)
        log_size = max(0.0, log_float(mean_size)) if mean_size.is_finite() else math.inf
        accuracy = -(bits + GUARD) * math.log(2)
        cuts = [
            choose_cut(bound, sigma, order, log_size / power + accuracy),
            choose_cut(bound**power, sigma, 0, log_size + accuracy),
        ]
        if cuts[0] is None or cuts[1] is None or not math.isfinite(log_size):
            raise PrecisionExhausted("the Gaussian tail of the function has no bound here: choose a smaller variance.")
        end = arb(math.ceil(max(cuts[0][0], cuts[1][0])))
        count = 8 + int((bits + GUARD + 1.5 * math.sqrt(order)) / 3)
        tolerance = accuracy - math.log(64)
        setting = Setting(bound, sigma, order, power, count, log_size / power + tolerance, log_size + tolerance)
        bare = Envelope(arb(1), arb(0))
        cover = Cover([], growth_tail(bound, sigma, cuts[0][1], end), growth_tail(bound**power, sigma, bare, end))
    with precision(3 * bits + 256):  # ends of panels are exact here: bisection stops long before these bits are used up
        for stretch in _stretches(pieces, end, bits, setting, cover, half):
            _bisect(stretch, setting, cover)
    return _sample(cover, count, bits, order, 2 if half else 1)


def _stretches(
    pieces: Sequence[Piece], end: arb, bits: int, setting: Setting, cover: Cover, half: bool
) -> list[Stretch]:
    """The pieces in z; between two of them lies a bracket around the exact breakpoint, counted as an error."""
    edges = [arb(0) if half else -end]
    for piece in pieces[1:]:
        lo, hi = _bracket(arb(fmpq(int(piece.lo.p), int(piece.lo.q))) / setting.sigma, bits)
        lo, hi = lo.min(end).max(edges[0]), hi.min(end).max(edges[0])
        if hi > lo:
            cover.add(crude_errors((lo + hi) / 2, (hi - lo) / 2, setting))
        edges += [lo, hi]
    edges.append(end)
    return [
        Stretch(lo, hi, lower_arb(piece.expression), lower_acb(piece.expression))
        for piece, lo, hi in zip(pieces, edges[::2], edges[1::2], strict=True)
        if lo < hi
    ]


def _bracket(z: arb, bits: int) -> tuple[arb, arb]:
    """Dyadic numbers with few digits on both sides of a ball; both are 0 for an exact 0."""
    scale = arb(2) ** (bits + 32)
    return arb((z * scale).lower()).floor() / scale, arb((z * scale).upper()).ceil() / scale


def _bisect(stretch: Stretch, setting: Setting, cover: Cover) -> None:
    inside = range(math.floor(float(stretch.lo)) - 1, math.ceil(float(stretch.hi)) + 2, 2)
    edges = [stretch.lo, *(arb(k) for k in inside if stretch.lo < k < stretch.hi), stretch.hi]
    stack = list(pairwise(edges))
    while stack:
        cover.left -= 1
        if cover.left < 0:
            raise PrecisionExhausted(
                f"more than {MAX_PANELS} panels are needed for this function: "
                "ask for fewer bits or choose a smaller variance.",
                reached=f"{len(cover.panels)} panels finished",
            )
        lo, hi = stack.pop()
        centre, half = (lo + hi) / 2, (hi - lo) / 2
        errors = gauss_error(stretch.box, centre, half, setting)
        if errors is not None:
            cover.panels.append((centre, half, stretch.real))
            cover.add(errors)
            continue
        crude = crude_errors(centre, half, setting)
        small = log_float(crude[0]) <= setting.log_tolerance and log_float(crude[1]) <= setting.log_power_tolerance
        if small or not centre.is_exact():
            cover.add(crude)
        else:
            stack += [(lo, centre), (centre, hi)]


def _sample(cover: Cover, count: int, bits: int, order: int, copies: int) -> Rule:
    with precision(bits + 2 * GUARD + int(0.75 * order) + 64):  # nodes enter high powers
        legendre = [arb.legendre_p_root(count, k, weight=True) for k in range(count)]
        nodes = [centre + half * x for centre, half, _ in cover.panels for x, _ in legendre]
    with precision(bits + 2 * GUARD):
        scale = copies / (2 * arb.pi()).sqrt()
        weights = [scale * half * w for _, half, _ in cover.panels for _, w in legendre]
        weights = [w * (x * x * arb(-0.5)).exp() for w, x in zip(weights, nodes, strict=True)]
    functions = [real for _, _, real in cover.panels for _ in range(count)]
    return Rule(nodes, weights, functions, (copies * cover.error).upper(), (copies * cover.power_error).upper())


def coefficients(found: Rule, parity: str | None, sigma: arb, order: int, bits: int) -> tuple[list[arb], arb]:
    r"""The coefficients :math:`\mu_0,\dots,\mu_R` and :math:`\mathbb E\varphi^2`, from a rule made with power 2."""
    with precision(bits + 2 * GUARD):
        values = [f(sigma * x) for f, x in zip(found.functions, found.nodes, strict=True)]
        weighted = [v * w for v, w in zip(values, found.weights, strict=True)]
        square = sum((v * u for v, u in zip(values, weighted, strict=True)), arb(0)) + arb(0, found.power_error)
    middle, spread = midpoints(weighted, found.nodes, order)
    even, odd = (None if parity == "odd" else middle), (None if parity == "even" else middle)
    sums = hermite_sums(found.nodes, even, odd, order, bits + GUARD)
    with precision(bits + 2 * GUARD):
        missing = arb(0, (found.error + spread).upper())
        return [s if (odd if r % 2 else even) is None else s + missing for r, s in enumerate(sums)], square


def mean(found: Rule, sigma: arb, bits: int, *, power: int) -> arb:
    r"""The mean of the function or of its square (``power`` 1 or 2), from a rule made with that power at order 0."""
    with precision(bits + 2 * GUARD):
        values = [f(sigma * x) for f, x in zip(found.functions, found.nodes, strict=True)]
        powers = values if power == 1 else [v * v for v in values]
        return sum((v * w for v, w in zip(powers, found.weights, strict=True)), arb(0)) + arb(0, found.power_error)
