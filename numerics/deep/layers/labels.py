r"""Which pre-activations of a network are the same random variable, or exact multiples of one, decided in integers.

Every pre-activation is written as (scale) times (the variable with this label): equal labels mean correlation exactly
:math:`\pm1`. What is not seen is not claimed. Proof: docs/theory/convolutional-networks.md, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ....theory.activations.activation import Activation as Function
from ...kernels.points import Floats
from ..rectifier_layer import rectifier
from .geometry import Slide, slides
from .language import Activation, AveragePool, Conv, Dense, Layer, LayerNorm, Residual

Integers = NDArray[np.int64]


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
        columns = np.moveaxis(images, 0, -1)  # (positions..., C, n)
        columns = np.ascontiguousarray(np.moveaxis(columns, -2, 0))
        table = _integers(columns)
        proportional = table is not None
        if table is None:  # too many bits for integers: only equal and opposite pixels are seen
            kinds = np.unique(np.abs(columns), return_inverse=True)[1].reshape(columns.shape) + 1
            table = kinds * np.sign(columns).astype(np.int64)
        return _labelled(table, proportional=proportional)


def _labelled(table: Integers, *, proportional: bool, ids: Integers | None = None, bias: bool = False) -> Labels:
    """(k, ...) integers, or with ``ids`` coefficients of variables, to labels (...): one for all multiples."""
    columns = table.reshape(len(table), -1)
    scales = np.ones(columns.shape[1], dtype=np.int64)
    if not bias:
        scales = np.sign(columns[np.argmax(columns != 0, axis=0), np.arange(columns.shape[1])])
        if proportional:
            scales = scales * np.gcd.reduce(columns, axis=0)
        columns = columns // np.where(scales == 0, 1, scales)
    if ids is not None:
        columns = np.concatenate([columns, np.where(columns == 0, 0, ids.reshape(columns.shape))])
    return Labels(codes(columns).reshape(table.shape[1:]), scales.reshape(table.shape[1:]))


def codes(columns: Integers) -> Integers:
    """One number below N for each different column of integers (k, N).

    >>> a, b, c = codes(np.array([[5, 7, 5], [-1, 2**60, -1]])).tolist()
    >>> a == c != b
    True
    """
    mixed = _mixers(len(columns)) @ columns  # equal for equal columns; what else it joins is taken apart
    _, first, found = np.unique(mixed, return_index=True, return_inverse=True)
    if not np.array_equal(columns, columns[:, first[found]]):
        found = np.unique(columns, axis=1, return_inverse=True)[1].ravel()
    numbers: Integers = found
    return numbers


@lru_cache(maxsize=64)
def _mixers(count: int) -> Integers:
    """Odd numbers below 2^63 that look random; products and sums with them wrap around."""
    numbers = np.array([pow(0x9E3779B97F4A7C15, 2 * k + 1, 2**63) | 1 for k in range(count)], dtype=np.int64)
    numbers.setflags(write=False)
    return numbers


@lru_cache(maxsize=64)
def _places(sides: tuple[Slide, ...]) -> Integers:
    """(window, outputs): the flat positions that windows see, those beyond the last for zeros."""
    found = np.zeros((1, 1), dtype=np.int64)
    outside = np.zeros((1, 1), dtype=bool)
    for slide in sides:
        seen = slide.seen().T
        found = found[:, None, :, None] * slide.size + np.maximum(seen, 0)[None, :, None, :]
        outside = outside[:, None, :, None] | (seen < 0)[None, :, None, :]
        shape = (found.shape[0] * found.shape[1], -1)
        found, outside = found.reshape(shape), outside.reshape(shape)
    found[outside] = math.prod(slide.size for slide in sides)
    found.setflags(write=False)
    return found


def _integers(values: Floats) -> Integers | None:
    """The numbers times one power of two as integers below 2^53; None where there is none."""
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    low = whole & -whole
    present = whole != 0
    if not present.any():
        return np.zeros(values.shape, dtype=np.int64)
    power = int(np.min(exponent[present] - 53 + np.log2(low[present].astype(np.float64)).astype(np.int64)))
    if int(exponent[present].max()) - power > 53:
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
            ids, scales = (np.stack(x) for x in ((block.ids, shortcut.ids), (block.scales, shortcut.scales)))
            labels = _combined(Labels(ids, scales))
        else:
            labels = _after(layer, labels)
    return labels


@lru_cache(maxsize=256)
def _homogeneous(phi: Function) -> bool:
    return rectifier(phi) is not None


@lru_cache(maxsize=256)
def _odd(phi: Function) -> bool:
    return phi.parity == "odd"


def _after(layer: Layer, labels: Labels) -> Labels:
    if isinstance(layer, Activation):
        if _homogeneous(layer.phi):  # phi(s u) = |s| phi(sign(s) u)
            return Labels(_pairs(labels.ids, np.sign(labels.scales)), np.abs(labels.scales))
        if _odd(layer.phi):
            return Labels(_pairs(labels.ids, np.abs(labels.scales)), np.sign(labels.scales))
        return Labels(_pairs(labels.ids, labels.scales), np.sign(np.abs(labels.scales)))
    if isinstance(layer, (Conv, AveragePool)):
        sides = slides(layer, labels.ids.shape[:-1])
        at, n = _places(sides), labels.ids.shape[-1]
        shape = (len(at), *(slide.out for slide in sides), n)
        zeros = np.zeros((1, n), dtype=np.int64)
        ids, scales = (
            np.concatenate([x.reshape(-1, n), zeros]).take(at, axis=0).reshape(shape)
            for x in (labels.ids, labels.scales)
        )
        return _combined(Labels(ids, scales), bias=isinstance(layer, Conv) and layer.bias > 0)
    if isinstance(layer, Dense):
        return labels if layer.bias == 0 else _combined(Labels(labels.ids[None], labels.scales[None]), bias=True)
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
    """The label of one linear combination, with weights that are the same everywhere, of what is on the first axis."""
    return _labelled(seen.scales, proportional=True, ids=seen.ids, bias=bias)


def _everywhere(labels: Labels) -> Labels:
    n = labels.ids.shape[-1]
    return Labels(labels.ids.reshape(-1, n), labels.scales.reshape(-1, n))


def _pairs(*columns: Integers) -> Integers:
    """One number for each different tuple of entries."""
    return codes(np.stack([x.ravel() for x in columns])).reshape(columns[0].shape)
