r"""What the layers do to the covariances of a block of pairs of images; the errors are those of :mod:`.plan`.

A step may overwrite the block that it is given. Formulas: docs/theory/convolutional-networks.md, section 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ...kernels.points import Floats
from .duals import Dual
from .geometry import Slide
from .labels import Labels
from .pairs import Pairs
from .scales import SLACK


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    r"""Covariances of pairs of images: :math:`\tilde\Sigma`; :math:`\tilde\Theta` where there is a trained layer; and
    what its error may be more than the bound of all entries (None: nothing)."""

    sigma: Floats
    theta: Floats | None = None
    extra: Floats | None = None

    def mapped(self, change: Callable[[Floats], Floats]) -> Block:
        """The same map of covariances applied to all three; it must keep order."""
        theta = None if self.theta is None else change(self.theta)
        extra = None if self.extra is None else change(self.extra) * SLACK
        return Block(change(self.sigma), theta, extra)

    def copy(self) -> Block:
        """A block of its own."""
        return Block(*(None if x is None else x.copy() for x in (self.sigma, self.theta, self.extra)))  # type: ignore[arg-type]  # sigma is there

    def diagonal(self) -> Block:
        """The entries of equal positions alone: from (positions, positions, pairs) to (positions, pairs)."""
        return self.mapped(lambda x: np.ascontiguousarray(np.einsum("ppb->pb", x)))


class Step(Protocol):
    """A layer at work."""

    def __call__(self, block: Block, pairs: Pairs) -> Block:
        """The block after the layer."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class WindowStep:
    r"""Dense layers and convolutions: :math:`\Sigma^+_{ab} = \frac w{|F|}\sum_\delta\Sigma_{a+\delta,b+\delta} + b`."""

    slides: tuple[Slide, ...]
    factor: float
    bias: float
    trained: bool
    tangent: bool

    def __call__(self, block: Block, pairs: Pairs) -> Block:
        """See :class:`Step`."""
        moved = block.mapped(lambda x: window_sums(x, self.slides, self.factor, full=pairs.full))
        sigma, theta = moved.sigma, moved.theta
        if self.bias:
            sigma += self.bias
        if self.trained and self.tangent:
            if theta is None:
                theta = sigma.copy()
            else:
                theta += sigma
        return Block(sigma, theta, moved.extra)


def window_sums(values: Floats, slides: Sequence[Slide], factor: float, *, full: bool) -> Floats:
    """Sums over windows that move jointly on both positions of a pair, times ``factor``; (positions..., last)."""
    sides = [slide.size for slide in slides]
    last = values.shape[-1]
    result = values.reshape([*sides, *sides, last] if full else [*sides, last]) if sides else values
    for k, slide in enumerate(slides):
        result = slide.sum(result, (k, len(sides) + k) if full else (k,))
    if sides:
        out = math.prod(slide.out for slide in slides)
        result = result.reshape([out, out, last] if full else [out, last])
    if all(slide.window == slide.stride == 1 for slide in slides):
        return values * factor
    result *= factor
    return result


@dataclass(frozen=True, slots=True, eq=False)
class FlattenStep:
    r""":math:`\Sigma^+ = \frac1P\sum_p\Sigma_{pp}`."""

    def __call__(self, block: Block, pairs: Pairs) -> Block:
        """See :class:`Step`."""
        inside = block.diagonal() if pairs.full else block
        return inside.mapped(lambda x: x.sum(axis=0, keepdims=True) * (1.0 / len(x)))


@dataclass(frozen=True, slots=True, eq=False)
class PoolStep:
    r"""Averages over windows, or, without ``slides``, over all: :math:`\Sigma^+_{ab} = \frac1{f^2}\sum_{\delta,\delta'}
    \Sigma_{a+\delta,b+\delta'}`; ``diagonal`` keeps equal positions alone, when no other pool follows."""

    slides: tuple[Slide, ...]
    factor: float
    diagonal: bool

    def __call__(self, block: Block, pairs: Pairs) -> Block:
        """See :class:`Step`."""
        if not pairs.full:  # one vector, behind Flatten: its own mean
            return block
        found = block.mapped(self._average)
        return found.diagonal() if self.diagonal else found

    def _average(self, values: Floats) -> Floats:
        if not self.slides:
            mean: Floats = values.sum(axis=1).sum(axis=0)[None, None, :] * self.factor
            return mean
        sides = [slide.size for slide in self.slides]
        result = values.reshape([*sides, *sides, values.shape[-1]])
        for k, slide in enumerate(self.slides):
            result = slide.sum(slide.sum(result, (k,)), (len(sides) + k,))
        out = math.prod(slide.out for slide in self.slides)
        averaged: Floats = result.reshape([out, out, values.shape[-1]]) * self.factor
        return averaged


@dataclass(frozen=True, slots=True, eq=False)
class NormaliseStep:
    """Layer normalisation: the covariances of positions a, b times ``factor[a] factor[b]``."""

    factor: Floats

    def __call__(self, block: Block, pairs: Pairs) -> Block:
        """See :class:`Step`."""
        return block.mapped(lambda x: pairs.scaled(x, self.factor))


@dataclass(frozen=True, slots=True, eq=False)
class ActivationStep:
    r""":math:`\Sigma^+ = G,\ \Theta^+ = \dot G\,\Theta`; ``slope_root`` is :math:`\sqrt{\dot G_a}`, ``unit_root``
    :math:`\sqrt{\dot G_aV_a}`."""

    dual: Dual
    slope_root: Floats
    unit_root: Floats | None
    labels: Callable[[], Labels]

    def __call__(self, block: Block, pairs: Pairs) -> Block:
        """See :class:`Step`."""
        theta, extra = block.theta, block.extra
        sigma, slope, nearby = self.dual.values(
            block.sigma, replace(pairs, labels=self.labels), self.unit_root is not None and theta is not None
        )
        if theta is None or slope is None or self.unit_root is None:
            return Block(sigma)
        slope *= theta
        if extra is not None:
            extra = pairs.scaled(extra, self.slope_root) * SLACK
        if nearby is not None and nearby.places.size:
            if extra is None:
                extra = np.zeros(sigma.shape)
            added = nearby.error * pairs.products_at(nearby.places, self.unit_root) * SLACK
            extra.reshape(-1)[nearby.places] += added
        return Block(sigma, slope, extra)


@dataclass(frozen=True, slots=True, eq=False)
class SumStep:
    """A residual block: the covariances of two branches that are uncorrelated add up."""

    block: tuple[Step, ...]
    shortcut: tuple[Step, ...]

    def __call__(self, block: Block, pairs: Pairs) -> Block:
        """See :class:`Step`."""
        return added(run(self.block, block.copy(), pairs), run(self.shortcut, block, pairs))


def added(one: Block, other: Block) -> Block:
    """The sums of two blocks, at equal positions alone where one of them has no others."""
    if one.sigma.ndim != other.sigma.ndim:
        one, other = (x.diagonal() if x.sigma.ndim == 3 else x for x in (one, other))
    extra = _sum(one.extra, other.extra)
    return Block(one.sigma + other.sigma, _sum(one.theta, other.theta), None if extra is None else extra * SLACK)


def _sum(a: Floats | None, b: Floats | None) -> Floats | None:
    return b if a is None else a if b is None else a + b


def run(steps: Sequence[Step], block: Block, pairs: Pairs) -> Block:
    """All steps, one after the other."""
    for step in steps:
        shape = block.sigma.shape
        block = step(block, replace(pairs, full=len(shape) == 3, side=shape[0]))
    return block
