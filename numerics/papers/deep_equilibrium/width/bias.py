r"""Theorem A and Lemma 3: the mean of the Gram matrix of finite networks lies within O(1/m) of K, entry by entry.

Proofs: ``docs/papers/deep_equilibrium/width.md``, "The bias" and "The population map". The bounds do not use the
correlation of two inputs, so that pairs of inputs need not be looked at one by one: the largest entry off the diagonal
is bounded by the largest of the formula at the pairs of groups, which hold balls around what is known of their inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

from flint import arb

from .scale import Moments, Scale, first_square, moments
from .setting import ActivationBounds, NormGroup

PASSES = 6
"""How often a bound of the bias improves the bound of the mean of G_ii that it rests on; each pass is a proof."""
INFINITE = arb("inf")


@dataclass(frozen=True, slots=True, eq=False)
class Bias:
    r"""Upper bounds of :math:`|\mathbb E\,\mathsf G_{ij} - K_{ij}|` at one width; infinite where there is none.

    ``diagonal`` has one for each group of inputs, ``off`` is one for every pair i ≠ j, ``inputs`` are the moments that
    they give, and ``frobenius`` bounds :math:`\lVert D\rVert_F`.
    """

    diagonal: tuple[arb, ...]
    off: arb
    inputs: tuple[Moments, ...]

    @property
    def largest(self) -> arb:
        """The largest entry of D."""
        found = self.off
        for x in self.diagonal:
            found = found.max(x)
        return found

    @property
    def frobenius(self) -> arb:
        """At least the Frobenius norm of D: the diagonal exactly, the rest by its largest entry."""
        counts = [x.count for x in self.inputs]
        n = sum(counts)
        square = sum((k * d * d for k, d in zip(counts, self.diagonal, strict=True)), arb(0))
        if n > 1:
            square += n * (n - 1) * self.off**2
        return square.sqrt()


def recursion(k: Scale, phi: ActivationBounds, second: arb, x: Moments, y: Moments) -> arb:
    r"""B_12 of Theorem A for two inputs, which may be one: m times a bound of the defect of the fixed point."""
    w, kappa, ell, lipschitz, root = k.w, k.kappa, k.ell, phi.lipschitz, k.root
    square, g = lipschitz**2, 2 * lipschitz * second / 3
    (h_1, g_1), (h_2, g_2) = _slopes(k, lipschitz, second, x, y), _slopes(k, lipschitz, second, y, x)
    r_1, r_2, s_1, s_2 = x.state, y.state, x.argument, y.argument
    j_12, j_1, j_2 = g * (s_1 + s_2), g_1 * s_1 + g * s_2, g_2 * s_2 + g * s_1
    curved = second * kappa**3
    covariance = 2 * (r_1 * s_2 + r_2 * s_1) * j_12 + 2 * r_1 * s_1 * j_1 + 2 * r_2 * s_2 * j_2
    trace = s_1 * s_2 * (square * (2 * ell**2 + curved * (r_1 + r_2)) + 2 * kappa * ell * g * (r_1 + r_2))
    trace += s_1**2 * (h_1 * (ell**2 + curved * r_1) + kappa * ell * (g_1 * r_1 + g * r_2))
    trace += s_2**2 * (h_2 * (ell**2 + curved * r_2) + kappa * ell * (g_2 * r_2 + g * r_1))
    moved = 2 * square * r_1 * r_2 + h_1 * r_1**2 + h_2 * r_2**2
    cut = 2 * square * s_1 * s_2 + h_1 * s_1**2 + h_2 * s_2**2
    total = w * kappa * ell / 2 * covariance + w / 2 * trace + w**2 * ell**2 / root * moved
    total += w * ell * lipschitz * (x.square.sqrt() * y.output + y.square.sqrt() * x.output)
    # the two terms of the cut-off have w/(a - a_0), which is 0 without feedback
    over = w / k.gap if w > 0 else arb(0)
    total += over / (2 * root) * k.p_0.sqrt().sqrt() * lipschitz * ell * cut
    total += over * square * k.p_0.sqrt() * (r_1 * y.output + r_2 * x.output)
    return total


def _slopes(k: Scale, lipschitz: arb, second: arb, x: Moments, y: Moments) -> tuple[arb, arb]:
    """h_11 and g_1 of Theorem A for the input x beside y."""
    rho = (y.drive / ((1 - k.p_0) * x.floor)).sqrt()
    slope = (2 * lipschitz * y.output / x.floor.sqrt() + lipschitz**2 * rho).min(second * y.output)
    return slope, arb.pi() / 2 * second * y.output / x.floor.sqrt() + 2 * lipschitz * second * rho / 3


def diagonal_distance(k: Scale, defect: arb, variance: arb) -> arb:
    r"""d_i of Lemma 3: how far an approximate fixed point is from K_ii; infinite where no bound is known."""
    below = 1 - k.theta - k.theta * defect / ((1 - k.theta) * variance)
    return defect / below if below > 0 else INFINITE


def pair_distance(
    k: Scale, phi: ActivationBounds, second: arb, defect: arb, sides: tuple[tuple[Moments, arb], tuple[Moments, arb]]
) -> arb:
    r"""d_ij of Lemma 3 for i ≠ j; ``sides`` are the two inputs with their :func:`diagonal_distance`."""
    (x, d_x), (y, d_y) = sides
    moved = _tilt(k, phi.lipschitz, second, x, y, d_y) * d_x + _tilt(k, phi.lipschitz, second, y, x, d_x) * d_y
    found: arb = (defect + k.w * moved) / (1 - k.theta**2)
    return found if found.is_finite() else INFINITE


def _tilt(k: Scale, lipschitz: arb, second: arb, x: Moments, y: Moments, d_y: arb) -> arb:
    """A_ij of Lemma 3 for i = x, j = y."""
    s_y = k.w * y.variance + 2 * y.norm
    f_y = y.variance.sqrt() + lipschitz * k.w * d_y / s_y.sqrt()
    smooth = second * f_y
    parts = lipschitz * f_y / x.floor.sqrt() + lipschitz**2 * ((s_y + k.w * d_y) / x.floor).sqrt()
    return smooth.min(parts) / 2


def _restored(k: Scale, x: Moments, y: Moments) -> arb:
    """t_ij of Theorem A: what the cut-off takes from the mean."""
    return k.p_0.sqrt() / (1 - k.p_0) * k.ell / k.root * (x.state * y.argument + y.state * x.argument)


def smooth_bias(k: Scale, phi: ActivationBounds, second: arb, groups: tuple[NormGroup, ...]) -> Bias:
    """Theorem A for an activation with a Lipschitz derivative: ``second`` is its constant."""
    lost = k.m * (1 - k.p_0)
    known, defects, bounds = [], [], []
    for group in groups:
        square, bound = first_square(k, phi, group.norm), INFINITE
        for _ in range(PASSES):
            x = moments(k, phi, group, square)
            distance = diagonal_distance(k, recursion(k, phi, second, x, x) / lost, group.variance)
            bound = (distance + _restored(k, x, x)).upper()
            if not bound.is_finite():
                bound = INFINITE
                break
            square = square.min(group.variance + bound).upper()
        known.append(moments(k, phi, group, square))
        defects.append(distance)
        bounds.append(bound)
    if sum(x.count for x in known) < 2:
        return Bias(tuple(bounds), arb(0), tuple(known))
    off = arb(0)
    for (x, d_x), (y, d_y) in combinations_with_replacement(zip(known, defects, strict=True), 2):
        if x is y and x.count < 2:
            continue
        defect, sides = recursion(k, phi, second, x, y) / lost, ((x, d_x.upper()), (y, d_y.upper()))
        found = (pair_distance(k, phi, second, defect, sides) + _restored(k, x, y)).upper()
        if not found.is_finite():
            return Bias(tuple(bounds), INFINITE, tuple(known))
        off = off.max(found)
    return Bias(tuple(bounds), off, tuple(known))
