"""Which positions a window sees, and sums over windows that slide along several axes of an array at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....theory.errors import SpecError
from ...kernels.points import Floats
from .language import AveragePool, Conv


@dataclass(frozen=True, slots=True)
class Slide:
    """A window of ``window`` positions on an axis of ``size``: output o sees ``o * stride - low + k``, k < window.

    Positions outside are zeros, or, if ``wrap``, those at the other end.
    """

    size: int
    window: int
    stride: int
    low: int
    out: int
    wrap: bool

    @classmethod
    def of(cls, size: int, window: int, stride: int, padding: str) -> Slide:
        """The geometry of ``jax.lax``: SAME (and CIRCULAR) put the smaller half of the padding in front.

        >>> Slide.of(8, 3, 2, "SAME").seen().tolist()
        [[0, 1, 2], [2, 3, 4], [4, 5, 6], [6, 7, -1]]
        """
        if padding == "VALID":
            if window > size:
                raise SpecError(f"a window of {window} positions does not fit into {size}: take padding='SAME'.")
            return cls(size, window, stride, 0, (size - window) // stride + 1, False)
        out = -(-size // stride)
        total = max((out - 1) * stride + window - size, 0)
        if padding == "CIRCULAR" and window > size:
            raise SpecError(f"a window of {window} positions goes round more than once on {size} of them.")
        return cls(size, window, stride, total // 2, out, padding == "CIRCULAR")

    def seen(self) -> NDArray[np.int64]:
        """(out, window): the positions seen, -1 for a zero outside."""
        at = np.arange(self.out)[:, None] * self.stride - self.low + np.arange(self.window)
        if self.wrap:
            return at % self.size
        return np.where((at >= 0) & (at < self.size), at, -1)

    def sum(self, values: Floats, axes: Sequence[int]) -> Floats:
        r"""The sum over the window, which moves along all ``axes`` jointly: each output is a sum of ``window`` terms.

        >>> Slide.of(4, 3, 1, "SAME").sum(np.arange(4.0), (0,)).tolist()
        [1.0, 3.0, 6.0, 5.0]
        """
        if self.window == self.stride == 1:
            return values
        if self.wrap:
            last = (self.out - 1) * self.stride + self.window - self.low
            around = np.arange(-self.low, max(last, self.size)) % self.size
            for axis in axes:
                values = np.take(values, around, axis=axis)
            return Slide(len(around), self.window, self.stride, 0, self.out, False).sum(values, axes)
        shape = list(values.shape)
        for axis in axes:
            shape[axis] = self.out
        result = np.zeros(shape)
        for k in range(self.window):
            shift = k - self.low
            first = max(0, -(shift // self.stride))
            last = min(self.out - 1, (self.size - 1 - shift) // self.stride)
            if last < first:
                continue
            begin = first * self.stride + shift
            source, target = [slice(None)] * len(shape), [slice(None)] * len(shape)
            for axis in axes:
                source[axis] = slice(begin, last * self.stride + shift + 1, self.stride)
                target[axis] = slice(first, last + 1)
            result[tuple(target)] += values[tuple(source)]
        return result


def slides(layer: Conv | AveragePool, shape: Sequence[int]) -> tuple[Slide, ...]:
    """One geometry for each side of an image of positions of this shape; :class:`SpecError` where they do not fit."""
    name, window = type(layer).__name__, layer.filter_shape if isinstance(layer, Conv) else layer.window_shape
    strides = layer.strides or ()
    if len(window) != len(shape):
        what = f"images of {len(shape)} sides" if shape else "vectors"
        raise SpecError(
            f"{name}: a window of {len(window)} sides on {what}: images are arrays (n, L, C) or (n, H, W, C)."
        )
    return tuple(Slide.of(*sides, layer.padding) for sides in zip(shape, window, strides, strict=True))
