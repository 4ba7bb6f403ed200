r"""NNGP and tangent kernels of networks of layers on images, every entry with a proved radius.

The recursion of each pair of images is its own, so that pairs are taken in blocks that fit a cache, and no array is
larger than a block and the result. Proofs: docs/theory/convolutional-networks.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ....theory.errors import SpecError
from ...balls.budget import Budget
from ...balls.printed import text_above
from ...balls.rounding import require_ieee_arithmetic
from ...kernels.ballarray import BallArray, read_only
from ...kernels.ballmatrix import BallMatrix
from ...kernels.cosines import require_memory
from ...kernels.points import Floats
from .language import Layer, pools
from .pairs import Index, Pairs
from .plan import Planner, variances_after_pools
from .scales import SLACK, Scales, units
from .steps import Block, run

ENTRIES = 1 << 15
"""Entries of a block: three arrays of them fit into a cache of 1 MiB."""
ARRAYS = 12
"""Arrays of the size of a block that are there at one time, at most."""
SMALLEST, LARGEST = 2.0**-240, 2.0**240
"""Between these lie the largest entries of all pixels that are not zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The two matrices: square and symmetric for one set of images, else (m, n)."""

    nngp: BallArray
    ntk: BallArray | None


def layered_kernels(
    layers: Sequence[Layer],
    images: Floats,
    others: Floats | None = None,
    *,
    tangent: bool,
    budget: Budget | None = None,
) -> Found:
    """The kernels of the network ``layers`` on images (n, positions..., C), or between them and ``others``.

    Raises :class:`SpecError` for layers that do not fit the images or each other, numbers out of range, and when the
    matrices would not fit ``budget.memory``.

    >>> from .language import Conv, Dense, Flatten, serial
    >>> net = serial(Conv((2,), sigma_w2=2), "relu", Flatten(), Dense())
    >>> K = layered_kernels(net, np.array([[[1.0], [1.0]]]), tangent=True)
    >>> float(K.nngp.mid[0, 0]), float(K.ntk.mid[0, 0])  # doctest: +ELLIPSIS
    (1.0..., 2.0...)
    """
    require_ieee_arithmetic()
    budget = budget or Budget()
    layers = tuple(layers)
    every = checked_images(images) if others is None else _both(checked_images(images), checked_images(others))
    m, n = len(images), len(every) - len(images)
    positions = int(np.prod(every.shape[1:-1]))
    own = variances_after_pools(layers)
    columns = m if others is None else n
    largest = max(ENTRIES, positions**2 if pools(layers) else positions)
    selfsame = len(every) * positions**2 if own else 0
    require_memory("layers", m + n, 32 * m * columns + 8 * ARRAYS * (largest + selfsame), budget)
    planner = Planner(layers, every, tangent)
    flat = np.ascontiguousarray(every.reshape(len(every), positions, every.shape[-1]))
    start = _input_scales(flat, every.shape[1:-1])
    selves = np.arange(len(every))
    whole = Pairs(selves, selves, True, positions)
    steps, scales, _ = planner.steps(layers, start, _input_block(flat, whole) if own else None, pooled_later=False)
    if scales.shape:
        raise SpecError(
            f"layers: after the last layer there are still positions {scales.shape}: end with Flatten() or"
            " GlobalAveragePool(), and Dense()."
        )
    if tangent and scales.V is None:
        raise SpecError("layers: no layer is trained, so that there is no tangent kernel: give Dense() or Conv(...).")
    mids = [np.empty((m, columns)) for _ in range(2 if tangent else 1)]
    extra: Floats | None = None
    full = pools(layers)
    for i, j in _index_pairs(
        m, None if others is None else n, max(1, ENTRIES // (positions**2 if full else positions))
    ):
        pairs = Pairs(i, j, full, positions)
        block = run(steps, _input_block(flat, pairs), pairs)
        at = j if others is None else j - m
        values = [block.sigma] if block.theta is None else [block.sigma, block.theta]
        for mid, value in zip(mids, values, strict=True):
            _put(mid, i, at, value, symmetric=others is None)
        if block.extra is not None:
            extra = np.zeros((m, columns)) if extra is None else extra
            _put(extra, i, at, block.extra, symmetric=others is None)
    rads = [_radius(scales.U, scales.e, m, others is None)]
    if tangent and scales.V is not None:
        rads.append(_radius(scales.V, scales.g, m, others is None))
        if extra is not None:
            rads[1] = np.where(extra > 0.0, (rads[1] + extra) * SLACK, rads[1])
    kind = BallMatrix if others is None else BallArray
    note = f"layer by layer in float64, to {text_above(scales.e, 3)} of the diagonal"
    found = [kind(read_only(a), read_only(b), provenance=(note,)) for a, b in zip(mids, rads, strict=True)]
    return Found(found[0], found[1] if tangent else None)


def checked_images(images: Floats) -> Floats:
    """The images, as float64 numbers in the range of the bounds; :class:`SpecError` otherwise."""
    if images.ndim < 2 or not images.size or images.dtype != np.float64:
        raise SpecError(
            f"images of shape {images.shape} and type {images.dtype}: give float64 numbers, (n, C), (n, L, C) or"
            " (n, H, W, C), the channels last."
        )
    if not np.isfinite(images).all():
        raise SpecError("an image has an entry that is NaN or infinite: remove the image or fill it in.")
    largest = np.abs(images).max(axis=-1)
    if largest.max() > LARGEST or np.any((largest > 0.0) & (largest < SMALLEST)):
        raise SpecError("a pixel is not between 2^-240 and 2^240: scale the images.")
    return images


def _both(images: Floats, others: Floats) -> Floats:
    if images.shape[1:] != others.shape[1:]:
        raise SpecError(f"images of shapes {images.shape[1:]} and {others.shape[1:]}: both sets need the same.")
    return np.concatenate([images, others])


def _input_scales(flat: Floats, shape: tuple[int, ...]) -> Scales:
    r""":math:`\frac1C\sum_c x_{pc}^2`: a product and C - 1 sums; the factor and its product, unless C = 1."""
    channels = flat.shape[-1]
    U = np.ascontiguousarray(np.square(flat).sum(axis=-1).T) * (1.0 / channels)
    error = units(channels + 2 if channels > 1 else 1)
    return Scales(tuple(shape), U, error, error).checked("the images")


def _input_block(flat: Floats, pairs: Pairs) -> Block:
    r"""The covariances :math:`\frac1C\langle x_p, x'_q\rangle` of the pixels."""
    left, right = flat[pairs.i], flat[pairs.j]
    if pairs.full:
        products = np.ascontiguousarray(np.moveaxis(np.matmul(left, right.transpose(0, 2, 1)), 0, -1))
    else:
        products = np.ascontiguousarray(np.multiply(left, right).sum(axis=-1).T)
    products *= 1.0 / flat.shape[-1]
    return Block(products)


def _index_pairs(m: int, n: int | None, size: int) -> Iterator[tuple[Index, Index]]:
    """The pairs of images in blocks: i <= j in one set, or i in the first and m <= j in the second."""
    starts = np.arange(m) * m - np.arange(m) * (np.arange(m) - 1) // 2  # pairs before those of each i
    count = m * (m + 1) // 2 if n is None else m * n
    for start in range(0, count, size):
        k = np.arange(start, min(start + size, count))
        if n is None:
            i = np.searchsorted(starts, k, side="right") - 1
            yield i, k - starts[i] + i
        else:
            yield k // n, m + k % n


def _put(matrix: Floats, i: Index, j: Index, values: Floats, *, symmetric: bool) -> None:
    flat = values.reshape(-1)
    matrix[i, j] = flat
    if symmetric:
        matrix[j, i] = flat


def _radius(variances: Floats, error: float, m: int, square: bool) -> Floats:
    """The error in the units of both images, rounded upwards."""
    root = np.sqrt(variances[0])
    columns = root if square else root[m:]
    found: Floats = np.multiply.outer(root[:m], columns) * (error * SLACK)
    return found
