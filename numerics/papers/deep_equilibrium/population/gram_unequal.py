r"""The equilibrium Gram matrix of points of unequal norms: a vectorised fixed point and its a-posteriori bound.

Proofs: docs/error-analysis.md, "Unequal norms".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_poly
from numpy.typing import NDArray

from .....theory.errors import SpecError
from ....balls.ball import enclose
from ....balls.budget import Budget
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....balls.printed import text_above
from ....balls.rounding import TINY, UNIT
from ....hermite import HermiteTransform
from ....kernels.ballarray import BallArray
from ....kernels.ballmatrix import BallMatrix, read_only
from ....kernels.cosines import Cosines, require_memory
from ....kernels.cross_cosines import CrossCosines
from ....kernels.gram import TILE, all_tiles, memory_estimate, tiles
from ....kernels.horner import LEVELS
from ....kernels.mehler import mehler
from ....kernels.points import Floats

BITS = 96
MAX_STEPS = 60
"""Steps of the iteration on a tile; stopping early widens the radius, never falsifies it."""
NEGLIGIBLE = 2.0**-80
"""Coefficients below this share of the norm, for all points, are left out and counted as coefficient error."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    r"""The transforms in float64, one row for each, and what rounding them lost; :math:`h_i^2 \ge q_i`.

    ``a`` (D, R+1); ``feedback`` :math:`β = \sqrt{2σ_w^2/s}`; ``share`` :math:`α = \sqrt{1 - β^2 q}`; ``h`` (D,).
    The bounds: ``share_error`` of α, ``feedback_error`` of :math:`β h`, ``feedback_size`` of :math:`β h` itself,
    ``coefficient_error`` of :math:`\|a_i - \tilde a_i\|/h_i`, ``tail`` of :math:`\mathrm{tail}_i/h_i^2`.
    """

    a: Floats
    feedback: Floats
    share: Floats
    h: Floats
    share_error: arb
    feedback_error: arb
    feedback_size: arb
    coefficient_error: arb
    tail: arb


def gram_unequal(
    transforms: Sequence[HermiteTransform],
    index: Sequence[int] | NDArray[np.int64],
    cosines: Cosines | CrossCosines,
    *,
    sigma_w2: Fraction,
    lipschitz: arb | None,
    budget: Budget | None = None,
) -> BallArray:
    r"""The matrix :math:`K_{ij} = \sum_r μ_r(\sqrt{s_i}) μ_r(\sqrt{s_j})\, ρ_{ij}^r`, every entry enclosed: a
    :class:`BallMatrix` for the cosines of all pairs, a rectangle for those of some points with others.

    ρ_ij is the fixed point of :math:`F(ρ) = (2σ_w^2 K_{ij}(ρ) + 2 c_{ij})/\sqrt{s_i s_j}`, unique because F contracts
    [-1, 1] by :math:`θ = 2σ_w^2 L^2 < 1`. ``transforms[index[i]]`` is the Hermite transform at the variance
    :math:`s_i = 2σ_w^2 q_i + 2|x_i|^2/d`, so that :math:`2|x_i|^2/(d s_i) = 1 - 2σ_w^2 q_i/s_i`.
    A float iteration finds :math:`\tildeρ`; then :math:`|\tildeρ - ρ^*| \le |F(\tildeρ) - \tildeρ|/(1-θ)` is evaluated
    with the a-priori error of F. ``lipschitz`` may be None when ``sigma_w2`` is 0. Raises :class:`SpecError` when θ < 1
    is not proved, an index is out of range, or the matrices would not fit ``budget.memory``.
    """
    symmetric = isinstance(cosines, Cosines)
    (m, n), budget = cosines.mid.shape, budget or Budget()
    which = np.asarray(index, dtype=np.int64)
    if which.shape != (cosines.points,) or not 0 <= int(which.min()) <= int(which.max()) < len(transforms):
        raise SpecError(
            f"gram_unequal: the index must give one of {len(transforms)} transforms for each of {cosines.points}"
            " points."
        )
    require_memory("gram_unequal", max(m, n), memory_estimate(max(m, n), entrywise=True), budget)
    with precision(BITS):
        theta = _contraction(sigma_w2, lipschitz)
        stored = _rows(transforms, sigma_w2)
    left, right = which[list(cosines.rows)], which[list(cosines.columns)]
    a, b = (np.ascontiguousarray(stored.a[at].T) for at in (left, right))
    mid, rad = np.empty((m, n)), np.empty((m, n))
    residual = largest = 0.0
    # the map F: input alpha_i alpha_j C_ij, gain beta_i beta_j
    for rows, columns, tile in tiles(cosines.mid) if symmetric else all_tiles(cosines.mid):
        np.multiply(tile, np.multiply.outer(stored.share[left[rows]], stored.share[right[columns]]), out=tile)
        gain = np.multiply.outer(stored.feedback[left[rows]], stored.feedback[right[columns]])
        rho, kernel, gap = _iterate(a[:, rows], b[:, columns], tile, gain, theta)
        np.abs(rho, out=rho)
        if symmetric and rows.start == columns.start:
            np.fill_diagonal(rho, 0.0)
            np.fill_diagonal(gap, 0.0)
        residual = max(residual, float(np.abs(gap, out=gap).max()))
        largest = max(largest, float(rho.max()))
        mid[rows, columns], rad[rows, columns] = kernel, rho  # the modulus of rho, until its radius is looked up
        if symmetric:
            mid[columns, rows], rad[columns, rows] = kernel.T, rho.T
    with precision(BITS):
        bounds = _Bounds(stored, theta, residual, cosines.rad)
        diagonal, off = _diagonal(transforms)
        scalar, rounding = bounds(largest), bounds(0.5)
    kind = BallMatrix if symmetric else BallArray
    if symmetric:
        np.fill_diagonal(mid, diagonal[which])
    h = stored.h
    provenance = (
        f"fixed points: contraction {text_above(theta, 3)}, largest residual {text_above(residual, 3)}",
        f"entries known to {text_above(scalar, 3)} relative to the second moments or better, cosines to"
        f" {text_above(cosines.rad, 3)}",
    )
    if scalar <= 4 * rounding and float(h.max()) <= 1.5 * float(h.min()):
        bound = scalar * float(h.max()) ** 2 * (1.0 + 8.0 * UNIT)
        return kind(read_only(mid), max(bound, float(off[which].max())), provenance=provenance)
    with precision(BITS):
        table = np.array([bounds(float(level)) for level in LEVELS])
    for start in range(0, m, TILE):
        rows = slice(start, start + TILE)
        rad[rows] = table[np.searchsorted(LEVELS, rad[rows])]
        rad[rows] *= np.multiply.outer(h[left[rows]], h[right]) * (1.0 + 8.0 * UNIT)
        rad[rows] += TINY
    if symmetric:
        np.fill_diagonal(rad, off[which])
    return kind(read_only(mid), read_only(rad), provenance=provenance)


def _iterate(left: Floats, right: Floats, source: Floats, gain: Floats, theta: float) -> tuple[Floats, Floats, Floats]:
    r"""A secant iteration on a tile for :math:`ρ = \mathrm{source} + \mathrm{gain}\, κ(ρ)`: the last ρ, κ(ρ), F(ρ) - ρ.

    The slope of :math:`F(ρ) - ρ` lies in :math:`[-1-θ, -1+θ]` and is kept there.
    """
    rho, work, kernel = np.clip(source, -1.0, 1.0), np.empty_like(source), np.empty_like(source)
    slope, before = np.full_like(source, -1.0), np.inf
    last: tuple[Floats, Floats] | None = None
    for step in range(1, MAX_STEPS + 1):
        mehler(left[:, :, None], right[:, None, :], rho, kernel, work)
        gap = np.multiply(gain, kernel)
        gap += source
        gap -= rho
        size = max(float(gap.max()), -float(gap.min()))
        if size <= 2.0 * UNIT or (size <= 64.0 * UNIT and size >= 0.5 * before) or step == MAX_STEPS:
            break  # before rho moves on: the bound speaks of the rho that k and gap belong to
        before = size
        if last is not None:
            moved = rho - last[0]
            np.divide(gap - last[1], moved, out=slope, where=np.abs(moved) > 1e-9)
            np.clip(slope, -1.0 - theta, -1.0 + theta, out=slope)
        last = rho, gap
        rho = np.clip(rho - gap / slope, -1.0, 1.0)
    return rho, kernel, gap


class _Bounds:
    r"""The error of an entry relative to :math:`h_i h_j`, increasing in a bound τ of :math:`|\tildeρ_{ij}|`.

    Each method is the step of docs/error-analysis.md, "Unequal norms", that its first line quotes.
    """

    __slots__ = ("_derivative", "_order", "_residual", "_rounding", "_rows", "_theta", "_unit_error")

    def __init__(self, rows: _Rows, theta: float, residual: float, rad: float) -> None:
        largest = ((rows.a / rows.h[:, None]) ** 2).max(axis=0) * (1.0 + 8.0 * UNIT) + TINY  # m_r
        sizes = [arb(x) for x in largest.tolist()]
        u, count = arb(UNIT), 2 * len(sizes)
        self._rounding = arb_poly([m * (2 * r + 2) * u / (1 - count * u) for r, m in enumerate(sizes)])
        self._derivative = arb_poly(sizes).derivative()
        self._rows, self._theta, self._residual = rows, theta, arb(residual) * (1 + 2 * u)
        share_error = rows.share_error
        self._unit_error = arb(rad) + share_error * (2 + share_error) + 4 * u * (1 + share_error) ** 2
        self._order = rows.a.shape[1]

    def _kernel_error(self, tau: arb, reach: arb) -> arb:
        r"""“The kernel at ρ̃”: rounding Γ(τ), coefficients, rest (at ``reach``) and underflow."""
        rows = self._rows
        stored = rows.coefficient_error * (2 + rows.coefficient_error)
        underflow = arb(TINY) * (8 * self._order + 16) / arb(float(rows.h.min())) ** 2
        total: arb = self._rounding(tau) + stored + rows.tail * reach**self._order + underflow
        return total

    def _distance(self, tau: arb) -> arb:
        r"""“The map at ρ̃”: the residual, input and feedback give Δ(τ), a bound of the distance to ρ*."""
        u, size, lost = arb(UNIT), self._rows.feedback_size, self._rows.feedback_error
        kernel = self._kernel_error(tau, tau)
        feedback = size**2 * kernel + (1 + kernel) * (lost * (2 * size + lost) + 4 * u * (size + lost) ** 2)
        moved = self._residual + self._unit_error + feedback + 16 * arb(TINY)
        return (moved / (1 - arb(self._theta))).upper()

    def __call__(self, tau: float) -> float:
        """“The entry”: the kernel's error, and the polynomial moved from ρ̃ to ρ*."""
        distance = self._distance(arb(tau))
        reach = (arb(tau) + distance).upper().min(arb(1))
        return upper_float(self._kernel_error(arb(tau), reach) + distance * self._derivative(reach))


def _diagonal(transforms: Sequence[HermiteTransform]) -> tuple[Floats, Floats]:
    """The second moments as floats, and their radii."""
    exact = [t.second_moment for t in transforms]
    mid = np.array([float(q.mid()) for q in exact])
    return mid, np.array([upper_float(abs(q - arb(m))) for q, m in zip(exact, mid.tolist(), strict=True)])


def _contraction(sigma_w2: Fraction, lipschitz: arb | None) -> float:
    if sigma_w2 < 0:
        raise SpecError(f"gram_unequal: sigma_w2 = {sigma_w2} is negative: a variance is at least 0.")
    if sigma_w2 == 0:
        return 0.0
    if lipschitz is None:
        raise SpecError("gram_unequal: no finite Lipschitz constant is given, so only sigma_w2 = 0 is possible.")
    largest = arb(lipschitz.abs_upper())
    theta = upper_float(2 * enclose(sigma_w2) * largest * largest)
    if not theta < 1.0:
        raise SpecError(
            f"gram_unequal: 2 sigma_w2 L^2 <= {text_above(theta, 6)} does not prove a contraction: take"
            " sigma_w2 below 1/(2 L^2)."
        )
    return theta


def _rows(transforms: Sequence[HermiteTransform], sigma_w2: Fraction) -> _Rows:
    """The stored numbers of docs/error-analysis.md, "Unequal norms", and the bounds e_a, e_α, e_β, B and T."""
    count, length = len(transforms), len(transforms[0].coefficients)
    if any(len(t.coefficients) != length for t in transforms):
        raise SpecError("gram_unequal: the transforms have different orders: compute them with one order.")
    a = np.array([[float(c.mid()) for c in t.coefficients] for t in transforms])
    h = np.array([upper_float(t.second_moment.abs_upper().sqrt()) or 1.0 for t in transforms])
    a[:, (np.abs(a) <= NEGLIGIBLE * h[:, None]).all(axis=0)] = 0.0
    feedback, share = np.empty(count), np.empty(count)
    errors = [arb(0)] * 5
    for i, t in enumerate(transforms):
        beta = (2 * enclose(sigma_w2) / t.variance).nonnegative_part().sqrt()
        alpha = (1 - beta**2 * t.second_moment).nonnegative_part().sqrt()
        feedback[i], share[i] = float(beta.mid()), float(alpha.mid())
        lost = sum(((c - arb(m)) ** 2 for c, m in zip(t.coefficients, a[i].tolist(), strict=True)), arb(0))
        norm = arb(float(h[i]))
        found = (
            abs(alpha - arb(float(share[i]))),
            abs(beta - arb(float(feedback[i]))) * norm,
            beta * norm,
            lost.nonnegative_part().sqrt() / norm,
            t.tail / norm**2,
        )
        errors = [old.max(x.abs_upper()).upper() for old, x in zip(errors, found, strict=True)]
    return _Rows(a, feedback, share, h, *errors)
