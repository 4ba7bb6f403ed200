r"""The kernels of a deep network on points of any norms, layer by layer on tiles, every entry with a proved radius.

Everything is carried in units of :math:`\sqrt{q_iq_j}`, so that all factors are at most 1 and the errors of a layer add
up instead of multiplying. Proof: docs/theory/deep-networks.md, section 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb

from ...theory.errors import PrecisionExhausted, SpecError
from ..balls.ball import enclose
from ..balls.budget import Budget
from ..balls.ends import float_ball, upper_float
from ..balls.precision import precision
from ..balls.printed import text_above
from ..balls.rounding import TINY, UNIT
from ..kernels.ballarray import BallArray
from ..kernels.ballmatrix import BallMatrix, read_only
from ..kernels.cosines import Cosines, require_memory
from ..kernels.cross_cosines import CrossCosines
from ..kernels.gram import all_tiles, tiles
from ..kernels.horner import LEVELS
from ..kernels.points import Floats
from .bounds import largest, least, roots
from .conventions import TangentConvention
from .network import DeepNetwork
from .tile_layers import Index, TileLayer, tile_layer

BITS = 96
LARGEST = 1e300
"""Diagonals beyond it are refused, before products of their square roots overflow."""
UNDERFLOW = arb((1, -1000))
"""Bound of everything that underflow adds to one step, in units of the diagonal, with factors of at most 1."""


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    r"""A dense layer: :math:`\alpha_k^2 = w\,\mathbb E\phi_k^2/q_k`, :math:`\beta_k^2 = b/q_k`,
    :math:`p_k^2 = w\,\mathbb E\phi_k'^2\,q_k^{\rm before}/q_k` for each norm k, in balls and in floats."""

    weight: Fraction
    alpha: Floats
    beta: Floats
    gain: Floats
    alpha2: arb
    gain2: arb
    least_alpha2: arb

    def correlation(self, bound: arb) -> arb:
        r"""An upper bound of :math:`\alpha_i\alpha_j |x| + \beta_i\beta_j` for :math:`|x| \le` ``bound``.

        As :math:`\alpha_k^2 + \beta_k^2 = 1`, it is :math:`1 - (1 - |x|)\min_k\alpha_k^2`.
        """
        return (1 - (1 - bound) * self.least_alpha2).upper().min(arb(1))


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    first: _Step
    layers: tuple[tuple[TileLayer, _Step], ...]
    convention: TangentConvention | None
    variance: tuple[arb, ...]
    tangent_diagonal: tuple[arb, ...]

    @property
    def sigma_on_top(self) -> bool:
        return self.convention in (TangentConvention.PREACTIVATION, TangentConvention.READOUT)


def layerwise_gram(
    network: DeepNetwork,
    norms: Sequence[Fraction],
    index: Sequence[int],
    cosines: Cosines | CrossCosines,
    *,
    order: int,
    convention: TangentConvention | None = None,
    budget: Budget | None = None,
) -> tuple[BallArray, BallArray | None]:
    r"""The NNGP matrix, and the tangent matrix if a convention is given; every entry enclosed.

    Parameters
    ----------
    norms, index: point i has :math:`|x_i|^2/d` = ``norms[index[i]]``.
    cosines: of all pairs of the points, which gives :class:`BallMatrix`, or of some points with some others.
    order: largest length of the Hermite series of the layers that have no closed form here.

    Raises :class:`SpecError` when the matrices would not fit ``budget.memory``, and what
    :func:`~certigram.numerics.deep.series.deep_series` raises.
    """
    budget = budget or Budget()
    symmetric = isinstance(cosines, Cosines)
    m, n = cosines.mid.shape
    count = 2 if convention is None else 4
    require_memory("deep network", max(m, n), 8 * ((count + 1) * m * n + 4 * order * (m + n)), budget)
    which = np.asarray(index, dtype=np.int64)
    if which.shape != (cosines.points,) or not 0 <= int(which.min()) <= int(which.max()) < len(norms):
        raise SpecError(
            f"deep network: the index must give one of {len(norms)} norms for each of {cosines.points} points."
        )
    with precision(BITS):
        plan = _plan(network, norms, order, convention, cosines.delta)
        if not all(np.isfinite(upper_float(q)) for q in (*plan.variance, *plan.tangent_diagonal)):
            raise SpecError("the kernel is beyond the range of float64: scale the activation or the variances down.")
        scale = roots(plan.variance)[which]
        if not (np.isfinite(scale).all() and all(float(q) < LARGEST for q in plan.tangent_diagonal)):
            raise PrecisionExhausted("deep network: a kernel leaves the range of float64: scale the activation.")
        ratios = zip(plan.tangent_diagonal, plan.variance, strict=True)
        sizes = (1.0, upper_float(largest(entry / q for entry, q in ratios)))
        if not sizes[1] < LARGEST:
            raise PrecisionExhausted("deep network: the tangent kernel leaves the range of float64: scale the weights.")
    left, right = which[list(cosines.rows)], which[list(cosines.columns)]
    above, beside = scale[list(cosines.rows)], scale[list(cosines.columns)]
    table = _ErrorTable(plan, cosines.rad, count // 2)
    mids = [np.empty((m, n)) for _ in range(count // 2)]
    rads = [np.empty((m, n)) for _ in mids]
    for rows, columns, tile in tiles(cosines.mid) if symmetric else all_tiles(cosines.mid):
        values = _evaluate(plan, left[rows], right[columns], tile)
        units = np.multiply.outer(above[rows], beside[columns])
        level = np.abs(tile)
        level += cosines.rad
        level *= 1.0 + 4.0 * UNIT
        at = np.searchsorted(LEVELS, np.minimum(level, 1.0))
        for k, (value, error) in enumerate(zip(values, table.at(at), strict=True)):
            lost = TINY * (4.0 + sizes[k] + 2.0 * float(error.max()))  # by underflow, of the units too
            value *= units
            error *= units
            error *= 1.0 + 16.0 * UNIT
            error += lost
            for target, part in ((mids[k], value), (rads[k], error)):
                target[rows, columns] = part
                if symmetric:
                    target[columns, rows] = part.T
    found: list[BallArray] = []
    for k, diagonal in enumerate((plan.variance, plan.tangent_diagonal)[: len(mids)]):
        if symmetric:
            centre, spread = map(np.array, zip(*map(float_ball, diagonal), strict=True))
            np.fill_diagonal(mids[k], centre[which])
            np.fill_diagonal(rads[k], spread[which])
        typical = float(table.at(np.searchsorted(LEVELS, [0.5]))[k][0])
        note = f"layer by layer, to {text_above(typical, 3)} of the diagonal at cosine 1/2; "
        note += f"cosines known to {text_above(cosines.rad, 3)}"
        kind = BallMatrix if symmetric else BallArray
        found.append(kind(read_only(mids[k]), read_only(rads[k]), provenance=(note,)))
    return found[0], found[1] if len(found) > 1 else None


class _ErrorTable:
    """Bounds of the errors of the outputs in units of the diagonal at each of ``LEVELS``, made when they are needed."""

    def __init__(self, plan: _Plan, rad: float, outputs: int) -> None:
        self._plan, self._rad = plan, rad
        self._known = np.full((len(LEVELS), outputs), np.nan)

    def at(self, levels: Index) -> list[Floats]:
        """For each output the bounds at the levels with these numbers, fresh arrays of the same shape."""
        with precision(BITS):
            for level in np.unique(levels).tolist():
                if np.isnan(self._known[level, 0]):
                    self._known[level] = _errors(self._plan, float(LEVELS[level]), self._rad)
        return [self._known[levels, k] for k in range(self._known.shape[1])]


def _plan(
    network: DeepNetwork, norms: Sequence[Fraction], order: int, convention: TangentConvention | None, level: float
) -> _Plan:
    """Diagonals of Σ and of the tangent kernel layer by layer, for each norm, and the steps between the layers.

    ``level``: the largest modulus of a cosine; what follows from it decides how many orders a layer takes.
    """
    weight, bias = network.sigma_w2[0], network.sigma_b2[0]
    variance = [enclose(weight * norm + bias) for norm in norms]
    ones = [arb(1)] * len(norms)
    first = _step(weight, bias, [enclose(norm) for norm in norms], ones, ones, variance)
    size = first.correlation(arb(min(level, 1.0)))
    layers = []
    sigma_on_top = convention in (TangentConvention.PREACTIVATION, TangentConvention.READOUT)
    diagonal = variance if sigma_on_top else [arb(0)] * len(norms)
    for phi, weight, bias in zip(network.activations, network.sigma_w2[1:], network.sigma_b2[1:], strict=True):
        layer = tile_layer(phi, variance, order, BITS, slopes=convention is not None, reach=size)
        if convention is TangentConvention.STANDARD and weight * int(LARGEST) < 1:
            raise SpecError(f"deep network: sigma_w2 = {float(weight):.3g} is below 1e-300: scale the activation.")
        w, b = enclose(weight), enclose(bias)
        after = [w * moment + b for moment in layer.moments]
        slopes = layer.slopes or tuple(ones)
        if convention is not None:
            share = _share(weight, convention)
            source = after if sigma_on_top else [moment * share for moment in layer.moments]
            below = zip(source, slopes, diagonal, strict=True)
            diagonal = [entry + w * slope * under for entry, slope, under in below]
        step = _step(weight, bias, layer.moments, slopes, variance, after)
        layers.append((layer, step))
        size = step.correlation(layer.reach(size))
        variance = after
    return _Plan(first, tuple(layers), convention, tuple(variance), tuple(diagonal))


def _share(weight: Fraction, convention: TangentConvention) -> arb:
    """What multiplies G in the source term of the conventions N2 and N4."""
    return enclose(weight) if convention is TangentConvention.IMPLICIT else arb(1)


def _step(
    weight: Fraction,
    bias: Fraction,
    moments: Sequence[arb],
    slopes: Sequence[arb],
    before: Sequence[arb],
    after: Sequence[arb],
) -> _Step:
    """The step from the diagonal q to q+ for each norm: docs/theory/deep-networks.md, section 7, first line."""
    if not all(q > 0 for q in after):
        raise SpecError("deep network: a variance is not proved positive: give a bias, or another activation.")
    w, b = enclose(weight), enclose(bias)
    alpha2 = [w * moment / q for moment, q in zip(moments, after, strict=True)]
    beta2 = [b / q for q in after]
    gain2 = [w * s * old / new for s, old, new in zip(slopes, before, after, strict=True)]
    alpha, beta, gain = (roots(squares) for squares in (alpha2, beta2, gain2))
    return _Step(weight, alpha, beta, gain, largest(alpha2), largest(gain2), least(alpha2))


def _evaluate(plan: _Plan, rows: Index, columns: Index, cosine: Floats) -> list[Floats]:
    """ρ = Σ/√(q_i q_j) of the last layer and, if wanted, the tangent kernel θ in the same unit, on one tile.

    The recursion of docs/theory/deep-networks.md, section 7, with α_iα_j, β_iβ_j and p_ip_j as outer products.
    """
    rho = np.multiply(cosine, np.multiply.outer(plan.first.alpha[rows], plan.first.alpha[columns]))
    rho += np.multiply.outer(plan.first.beta[rows], plan.first.beta[columns])
    np.clip(rho, -1.0, 1.0, out=rho)
    tangent = rho.copy() if plan.sigma_on_top else None
    for layer, step in plan.layers:
        value, slopes = layer.features_on(rows[:, None], columns, rho, plan.convention is not None)
        value *= np.multiply.outer(step.alpha[rows], step.alpha[columns])
        rho = value + np.multiply.outer(step.beta[rows], step.beta[columns])
        np.clip(rho, -1.0, 1.0, out=rho)
        if slopes is None:
            continue
        if plan.sigma_on_top:
            source = rho
        else:
            source = value if plan.convention is TangentConvention.IMPLICIT else value * float(1 / step.weight)
        if tangent is None:
            tangent = source.copy()
            continue
        tangent *= slopes
        tangent *= np.multiply.outer(step.gain[rows], step.gain[columns])
        tangent += source
    return [rho] if tangent is None else [rho, tangent]


def _errors(plan: _Plan, level: float, rad: float) -> list[float]:
    r"""Bounds of the errors of the outputs in units of the diagonal where all cosines are at most ``level``.

    The steps are those of docs/theory/deep-networks.md, section 7, in its order; its letters stand beside the names.
    """
    u = arb(UNIT)
    # the input layer: E = rad, and the bound of the correlation
    error = (plan.first.alpha2 * arb(rad) + 8 * u + UNDERFLOW).upper()
    size = plan.first.correlation(arb(level))
    tangent_size, tangent_error = (arb(1), error) if plan.sigma_on_top else (arb(0), arb(0))  # M, g
    started = plan.sigma_on_top
    for layer, step in plan.layers:
        reach = (size + error).min(arb(1)).upper()
        feature_error = layer.feature_error(reach, error).upper()  # E
        slope_error = layer.slope_error(reach, error).upper() if plan.convention is not None else arb(0)  # F
        # the correlation of the next layer: e+ and its size
        error = (step.alpha2 * feature_error + 8 * u * (1 + feature_error) + UNDERFLOW).upper()
        size = step.correlation(layer.reach(reach)).upper()
        if plan.convention is None:
            continue
        # sources: their error, times 1/w for the standard convention, and their size
        source_size = arb(1)
        if plan.convention is TangentConvention.STANDARD:
            source_size = (1 / enclose(step.weight)).upper()
        source_error = source_size * (error + 4 * u * (1 + feature_error))
        if started:  # the tangent kernel of the next layer: g+ with P = gain2
            carried = tangent_size + tangent_error  # M + g
            product = step.gain2 * (slope_error * carried + tangent_error)
            rounding = 9 * u * (source_size + source_error + step.gain2 * (1 + slope_error) * carried)
            tangent_error = (source_error + product + rounding + UNDERFLOW * (1 + carried)).upper()
        else:
            tangent_error = source_error.upper()
        tangent_size = (source_size + step.gain2 * tangent_size).upper()
        started = True
    # at the end the unit is multiplied in: 8u
    final = [upper_float(error + 8 * u * (1 + error) + UNDERFLOW)]
    if plan.convention is not None:
        final.append(upper_float(tangent_error + 8 * u * (tangent_size + tangent_error) + UNDERFLOW))
    return final
