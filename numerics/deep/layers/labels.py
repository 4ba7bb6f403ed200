r"""Which pre-activations of a network are the same random variable, or exact multiples of one, decided in integers.

Every pre-activation is written as (scale) times (the variable with this label): equal labels mean correlation exactly
:math:`\pm1`. What is not seen is not claimed. Proof: docs/theory/convolutional-networks.md, section 5.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ....theory.activations.activation import Activation as Function
from ...kernels.points import Floats
from ..rectifier_layer import rectifier
from .geometry import slides
from .language import Activation, AveragePool, Conv, Dense, Layer, LayerNorm, Residual

Integers = NDArray[np.int64]
WIDEST, MOST_CODES = 2**62, 2**31
"""Codes stay below these, so that int64 holds them."""


@dataclass(frozen=True, slots=True)
class Labels:
    """``ids`` and ``scales``, both (positions..., n); a scale of 0 means that the variable is 0."""

    ids: Integers
    scales: Integers

    @classmethod
    def of_images(cls, images: Floats) -> Labels:
        """The inputs, (n, positions..., C): labels are equal where pixels are exact multiples of each other.

        >>> Labels.of_images(np.array([[[2.0, 4.0], [-3.0, -6.0], [0.0, 0.0]]])).scales.T.tolist()
        [[2, -3, 0]]
        """
        table = _integers(images)
        proportional = table is not None
        if table is None:  # too many bits for integers: only equal and opposite pixels are seen
            codes = np.unique(np.abs(images), return_inverse=True)[1].reshape(images.shape) + 1
            table = codes * np.sign(images).astype(np.int64)
        found = _labelled(table, proportional=proportional)
        return cls(np.moveaxis(found.ids, 0, -1), np.moveaxis(found.scales, 0, -1))

    def seen(self, at: Sequence[Integers]) -> Labels:
        """The labels in windows, (positions..., n, window), from the positions seen on each axis, -1 for zeros."""
        ids, scales = self.ids, self.scales
        for axis, index in enumerate(at):
            outside = (index < 0).reshape([1] * axis + list(index.shape) + [1] * (ids.ndim - axis - 1))
            inside = np.maximum(index, 0)
            ids, scales = (
                np.moveaxis(np.where(outside, 0, np.take(x, inside, axis=axis)), axis + 1, -1) for x in (ids, scales)
            )
        shape = (*ids.shape[: self.ids.ndim], -1)
        return Labels(ids.reshape(shape), scales.reshape(shape))


def _labelled(table: Integers, *, proportional: bool, ids: Integers | None = None, bias: bool = False) -> Labels:
    """(..., k) integers, or with ``ids`` coefficients of variables, to labels (...): one for all multiples of a row."""
    rows = table.reshape(-1, table.shape[-1])
    scales = np.ones(len(rows), dtype=np.int64)
    if not bias:
        scales = np.sign(rows[np.arange(len(rows)), np.argmax(rows != 0, axis=1)])
        if proportional:
            scales = scales * np.gcd.reduce(rows, axis=1)
        rows = rows // np.where(scales == 0, 1, scales)[:, None]
    if ids is not None:
        rows = np.concatenate([rows, np.where(rows == 0, 0, ids.reshape(rows.shape))], axis=1)
    return Labels(codes(rows).reshape(table.shape[:-1]), scales.reshape(table.shape[:-1]))


def codes(rows: Integers) -> Integers:
    """One number for each different row of integers, 0, 1, ... below the number of rows.

    >>> codes(np.array([[5, -1], [7, 2**60], [5, -1]])).tolist()
    [0, 1, 0]
    """
    lows, highs = rows.min(axis=0).tolist(), rows.max(axis=0).tolist()
    found, size = np.zeros(len(rows), dtype=np.int64), 1
    for column, low, high in zip(rows.T, lows, highs, strict=True):
        if low == high:
            continue
        if high - low >= MOST_CODES:
            column = np.unique(column, return_inverse=True)[1]
            low, high = 0, len(column)
        if size * (high - low + 1) >= WIDEST:
            found = np.unique(found, return_inverse=True)[1]
            size = len(found)
        found = found * (high - low + 1)
        found += column - low
        size *= high - low + 1
    return np.unique(found, return_inverse=True)[1]


def _integers(values: Floats) -> Integers | None:
    """The numbers times one power of two as integers below 2^53; None where there is none."""
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    low = whole & -whole
    present = whole != 0
    if not present.any():
        return np.zeros(values.shape, dtype=np.int64)
    power = int(np.min(exponent[present] - 53 + np.log2(low[present].astype(np.float64)).astype(np.int64)))
    if int(exponent.max()) - power > 53:
        return None
    return np.ldexp(values, -power).astype(np.int64)


def labels_at_activations(layers: Sequence[Layer], images: Floats) -> Iterator[Labels]:
    """The labels at the input of each activation, in the order of :func:`~.language.walk`, when they are asked for."""
    yield from _run(layers, Labels.of_images(images))


def _run(layers: Sequence[Layer], labels: Labels) -> Generator[Labels, None, Labels]:
    for layer in layers:
        if isinstance(layer, Activation):
            yield labels
        if isinstance(layer, Residual):
            block = yield from _run(layer.block, labels)
            shortcut = yield from _run(layer.shortcut, labels)
            ids, scales = (np.stack(x, axis=-1) for x in ((block.ids, shortcut.ids), (block.scales, shortcut.scales)))
            labels = _combined(Labels(ids, scales))
        else:
            labels = _after(layer, labels)
    return labels


@lru_cache(maxsize=256)
def _homogeneous(phi: Function) -> bool:
    return rectifier(phi) is not None


def _after(layer: Layer, labels: Labels) -> Labels:
    if isinstance(layer, Activation):
        if _homogeneous(layer.phi):  # phi(s u) = |s| phi(sign(s) u)
            return Labels(_pairs(labels.ids, np.sign(labels.scales)), np.abs(labels.scales))
        return Labels(_pairs(labels.ids, labels.scales), np.sign(np.abs(labels.scales)))
    if isinstance(layer, (Conv, AveragePool)):
        seen = labels.seen([slide.seen() for slide in slides(layer, labels.ids.shape[:-1])])
        return _combined(seen, bias=isinstance(layer, Conv) and layer.bias > 0)
    if isinstance(layer, Dense):
        return labels if layer.bias == 0 else _combined(_alone(labels), bias=True)
    if isinstance(layer, LayerNorm):
        columns = [labels.ids, labels.scales]
        if layer.axis == "all":
            image = _combined(_everywhere(labels))
            columns += [np.broadcast_to(x, labels.ids.shape) for x in (image.ids, image.scales)]
        elif layer.epsilon == 0:
            return Labels(labels.ids, np.sign(labels.scales))
        return Labels(_pairs(*columns), np.sign(np.abs(labels.scales)))
    return _combined(_everywhere(labels))  # Flatten and GlobalAveragePool


def _combined(seen: Labels, *, bias: bool = False) -> Labels:
    """The label of one linear combination, with weights that are the same everywhere, of what is on the last axis."""
    return _labelled(seen.scales, proportional=True, ids=seen.ids, bias=bias)


def _alone(labels: Labels) -> Labels:
    return Labels(labels.ids[..., None], labels.scales[..., None])


def _everywhere(labels: Labels) -> Labels:
    n = labels.ids.shape[-1]
    return Labels(*(np.ascontiguousarray(x.reshape(-1, n).T) for x in (labels.ids, labels.scales)))


def _pairs(*columns: Integers) -> Integers:
    """One number for each different tuple of entries."""
    return codes(np.stack([x.ravel() for x in columns], axis=1)).reshape(columns[0].shape)
