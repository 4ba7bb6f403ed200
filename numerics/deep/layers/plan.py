r"""The steps of a network on given images: diagonals of every layer, and the bound of the errors it adds.

The counts of roundings stand where they are used; the rules by which they add up are those of
docs/theory/convolutional-networks.md, sections 2 to 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count

import numpy as np

from ....theory.errors import SpecError
from ...kernels.points import Floats
from .duals import dual_of
from .geometry import Slide, slides
from .labels import Labels, labels_at_activations
from .language import (
    Activation,
    AveragePool,
    Conv,
    Dense,
    GlobalAveragePool,
    Layer,
    LayerNorm,
    Residual,
    pools,
    walk,
)
from .pairs import Pairs
from .scales import LARGEST_ERROR, Scales, inverse_roots, rounded, units
from .steps import (
    ActivationStep,
    Block,
    FlattenStep,
    NormaliseStep,
    PoolStep,
    Step,
    SumStep,
    WindowStep,
    added,
    run,
    window_sums,
)


@dataclass(slots=True, eq=False)
class Planner:
    """Makes the steps of one network on ``images``, (n, positions..., C).

    ``own`` is the block of each image with itself, carried along where a pool is followed by a layer that needs its
    variances.
    """

    layers: tuple[Layer, ...]
    images: Floats
    tangent: bool
    _labels: list[Labels] = field(default_factory=list)
    _source: Iterator[Labels] | None = None
    _activations: count[int] = field(default_factory=count)

    def labels(self, which: int) -> Callable[[], Labels]:
        """The labels at an activation, computed when they are first asked for."""

        def found() -> Labels:
            if self._source is None:
                self._source = labels_at_activations(self.layers, self.images)
            while len(self._labels) <= which:
                self._labels.append(next(self._source))
            return self._labels[which]

        return found

    def steps(
        self, layers: Sequence[Layer], scales: Scales, own: Block | None, *, pooled_later: bool
    ) -> tuple[tuple[Step, ...], Scales, Block | None]:
        """The steps of some layers after ``scales``, and what is known after them."""
        found: list[Step] = []
        for k, layer in enumerate(layers):
            later = pooled_later or pools(layers[k + 1 :])
            if isinstance(layer, Residual):
                step, scales, own = self._residual(layer, scales, own, later)
            else:
                step, scales = self._step(layer, scales, later)
                if own is not None:
                    own = run([step], own, self._selves)
                    if isinstance(layer, (AveragePool, GlobalAveragePool)):
                        scales = _measured(scales, own)
            scales = scales.checked(type(layer).__name__)
            found.append(step)
        return tuple(found), scales, own

    @property
    def _selves(self) -> Pairs:
        each = np.arange(len(self.images))
        return Pairs(each, each, True, 0)

    def _residual(
        self, layer: Residual, scales: Scales, own: Block | None, later: bool
    ) -> tuple[Step, Scales, Block | None]:
        start = replace(scales, fresh=False)
        block, one, left = self.steps(layer.block, start, None if own is None else own.copy(), pooled_later=later)
        shortcut, other, right = self.steps(
            layer.shortcut, start, None if own is None else own.copy(), pooled_later=later
        )
        if one.shape != other.shape:
            raise SpecError(
                f"Residual: the block gives positions {one.shape}, the shortcut {other.shape}: choose padding='SAME',"
                " or put a Conv with the same strides into the shortcut."
            )
        if not (one.fresh or other.fresh):
            raise SpecError(
                "Residual: neither branch ends with a dense layer or a convolution after its last activation, so that"
                " their sum has no kernel of this form: end the block with Dense() or Conv(...)."
            )
        V, zeta, g = one.V, one.zeta, one.g
        if V is None or other.V is None:
            V, zeta, g = (one.V, one.zeta, one.g) if other.V is None else (other.V, other.zeta, other.g)
        else:
            V, zeta, g = V + other.V, max(zeta, other.zeta), max(g, other.g)
        total = replace(
            one,
            U=one.U + other.U,
            eta=rounded(max(one.eta, other.eta), units(1)),
            e=rounded(max(one.e, other.e), units(1)),
            V=V,
            zeta=rounded(zeta, units(1)),
            g=rounded(g, units(1)),
            exact=one.exact and other.exact,
            gaussian=one.gaussian and other.gaussian,
            centred=one.centred and other.centred,
            fresh=_linear(layer.block, one, scales) and _linear(layer.shortcut, other, scales),
        )
        step = SumStep(block, shortcut)
        if left is None or right is None:
            return step, total, None
        return step, total, added(left, right)

    def _step(self, layer: Layer, scales: Scales, later: bool) -> tuple[Step, Scales]:
        if isinstance(layer, (Dense, Conv)):
            sides = slides(layer, scales.shape) if isinstance(layer, Conv) else ()
            return _windowed(layer, sides, scales, self.tangent)
        if isinstance(layer, Activation):
            return self._activated(layer, scales)
        if isinstance(layer, LayerNorm):
            return _normalised(layer, scales)
        if isinstance(layer, AveragePool):
            return _averaged(slides(layer, scales.shape), scales, later)
        if isinstance(layer, GlobalAveragePool):
            return _averaged((), scales, later)
        positions = len(scales.U)  # Flatten
        more, share = units(positions + 1), 1.0 / positions
        V = None if scales.V is None else scales.V.sum(axis=0, keepdims=True) * share
        return FlattenStep(), replace(
            scales,
            shape=(),
            U=scales.U.sum(axis=0, keepdims=True) * share,
            eta=rounded(scales.eta, more),
            e=rounded(scales.e, more),
            V=V,
            zeta=rounded(scales.zeta, more),
            g=rounded(scales.g, more),
            gaussian=scales.gaussian and positions == 1,  # else a mixture of variances, still centred
        )

    def _activated(self, layer: Activation, scales: Scales) -> tuple[Step, Scales]:
        """G and its errors are those of the dual; T is multiplied by the dual of the derivative."""
        if scales.centred and not scales.gaussian:
            raise SpecError(
                f"{layer!r} stands behind a Flatten, where the entries of different positions have different variances:"
                " put it before Flatten, which is the same network (a LayerNorm between them becomes"
                " LayerNorm(axis='all')), or put Dense() between."
            )
        if not scales.gaussian:
            raise SpecError(
                f"{layer!r} stands where the entries are not Gaussian: put a dense layer or a convolution before it."
            )
        if not scales.exact:
            raise AssertionError("the variances after a pool were not computed")
        slopes = self.tangent and scales.V is not None
        dual = dual_of(layer.phi, scales, slopes=slopes)
        V, zeta, g, unit_root = None, 0.0, 0.0, None
        if slopes and scales.V is not None:
            V = dual.slopes * scales.V
            zeta = rounded(scales.zeta, dual.slope_diagonal_error, units(1))
            g = rounded(scales.g, dual.slope_error, units(1))
            unit_root = np.sqrt(V)
        step = ActivationStep(dual, np.sqrt(dual.slopes), unit_root, self.labels(next(self._activations)))
        return step, replace(
            scales,
            U=dual.moments,
            eta=dual.moment_error,
            e=dual.feature_error,
            V=V,
            zeta=zeta,
            g=g,
            gaussian=False,
            centred=False,
            fresh=False,
        )


def _linear(branch: Sequence[Layer], after: Scales, before: Scales) -> bool:
    """Whether there are weights after the last activation, in the branch or, if it has none, before it."""
    return after.fresh or (before.fresh and not any(isinstance(layer, Activation) for layer in walk(branch)))


def _windowed(layer: Dense | Conv, sides: tuple[Slide, ...], scales: Scales, tangent: bool) -> tuple[Step, Scales]:
    """window - 1 additions a side; the factor and its product; the sum with the bias, which is two for the bias."""
    terms = math.prod(slide.window for slide in sides)
    more = units(sum(slide.window - 1 for slide in sides) + 3)
    factor, bias = float(layer.weight / terms), float(layer.bias)
    U = window_sums(scales.U, sides, factor, full=False) + bias
    eta, e = rounded(scales.eta, more), rounded(scales.e, more)
    V, zeta, g = None, 0.0, 0.0
    if scales.V is not None:
        V = window_sums(scales.V, sides, factor, full=False)
        zeta, g = rounded(scales.zeta, more), rounded(scales.g, more)
    if layer.trained and tangent:
        V, zeta, g = (U, eta, e) if V is None else (U + V, max(eta, zeta), max(e, g))
        zeta, g = rounded(zeta, units(1)), rounded(g, units(1))
    step = WindowStep(sides, factor, bias, layer.trained, tangent)
    return step, replace(
        scales,
        shape=tuple(slide.out for slide in sides) or scales.shape,
        U=U,
        eta=eta,
        e=e,
        V=V,
        zeta=zeta,
        g=g,
        gaussian=True,
        centred=True,
        fresh=True,
    )


def _averaged(sides: tuple[Slide, ...], scales: Scales, later: bool) -> tuple[Step, Scales]:
    r"""The units become :math:`(\frac1f\sum_\delta\sqrt{U_{a+\delta}})^2`; roundings of both sums and of the factor."""
    positions = len(scales.U)
    terms = math.prod(slide.window for slide in sides) if sides else positions
    length = sum(slide.window for slide in sides) if sides else positions
    more, unit_more = units(2 * length), units(2 * length + 5)
    step = PoolStep(sides, float(Fraction(1, terms * terms)), diagonal=not later)
    V = None if scales.V is None else _squared_means(scales.V, sides, terms)
    return step, replace(
        scales,
        shape=tuple(slide.out for slide in sides),
        U=_squared_means(scales.U, sides, terms),
        eta=rounded(scales.eta, unit_more),
        e=rounded(scales.e, more),
        V=V,
        zeta=rounded(scales.zeta, unit_more),
        g=rounded(scales.g, more),
        exact=False,
    )


def _squared_means(variances: Floats, sides: tuple[Slide, ...], terms: int) -> Floats:
    roots = np.sqrt(variances)
    if sides:
        mean = window_sums(roots, sides, 1.0 / terms, full=False)
    else:
        mean = roots.sum(axis=0, keepdims=True) * (1.0 / terms)
    return mean * mean


def _measured(scales: Scales, own: Block) -> Scales:
    """The variances after a pool are entries of the block itself; the errors are expressed in them."""
    sigma = own.sigma
    found = np.ascontiguousarray(np.einsum("ppb->pb", sigma)) if sigma.ndim == 3 else sigma.copy()
    present = scales.U != 0.0
    found[~present] = 0.0
    if not np.all(found[present] > 2.0 * scales.e * scales.U[present]):
        raise SpecError(
            "a mean over positions has a variance that is not proved positive: give a bias, or another activation."
        )
    ratio = float(np.max(scales.U[present] / found[present], initial=1.0))
    if not scales.e * ratio <= LARGEST_ERROR:
        raise SpecError("means over positions nearly cancel, so that their variances are not known: give a bias.")
    return replace(scales, U=found, eta=rounded(scales.e * ratio, units(4)), e=rounded(scales.e * ratio), exact=True)


def _normalised(layer: LayerNorm, scales: Scales) -> tuple[Step, Scales]:
    r"""Two factors :math:`1/\sqrt{\epsilon+U}` of 3 roundings each besides half the error of U, and two products."""
    if not (scales.centred and scales.exact):
        raise SpecError("LayerNorm: it stands after a dense layer or a convolution, where the mean over channels is 0.")
    eps, spread = float(layer.epsilon), scales.U
    length = 0
    if layer.axis == "all":
        length = len(spread)
        spread = np.broadcast_to(spread.sum(axis=0, keepdims=True) * (1.0 / length), spread.shape)
    if eps == 0.0 and not np.all(spread != 0.0):
        raise SpecError("LayerNorm: a variance is zero and eps = 0: give eps > 0, or a bias to the layer before it.")
    factor = inverse_roots(spread + eps)
    if layer.axis == "channels" and eps == 0.0:
        U, eta = np.ones_like(spread), 0.0
    elif layer.axis == "channels":
        U = scales.U / (scales.U + eps)
        eta = rounded(scales.eta * float(np.max(eps / (scales.U + eps))), units(5))
    else:
        U = scales.U * (factor * factor)
        eta = rounded(2.0 * scales.eta, units(length + 12))
    more = (scales.eta, units(length + 12))
    V = None if scales.V is None else scales.V * (factor * factor)
    return NormaliseStep(factor), replace(
        scales,
        U=U,
        eta=eta,
        e=rounded(scales.e, *more),
        V=V,
        zeta=rounded(scales.zeta, *more),
        g=rounded(scales.g, *more),
    )


def variances_after_pools(layers: Sequence[Layer]) -> bool:
    """Whether a pool is followed by a layer that needs the variances."""
    found = list(walk(layers))
    first = next(
        (k for k, layer in enumerate(found) if isinstance(layer, (AveragePool, GlobalAveragePool))), len(found)
    )
    return any(isinstance(layer, (Activation, LayerNorm)) for layer in found[first:])
