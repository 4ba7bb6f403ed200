r"""The layers of a network as frozen data, every number exact.

The names are those of the field, the normalisations those of ``neural_tangents.stax`` with
``parameterization='ntk'``; variances are given as such (``sigma_w2`` is the square of ``W_std``). What each layer does
to a kernel: docs/theory/convolutional-networks.md, section 1.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from ....theory.activations.activation import Activation as Function
from ....theory.activations.activation import activation as parse_activation
from ....theory.errors import SpecError
from ....theory.numbers import Exact, rational
from ....theory.printable import shown
from ....theory.suggestion import suggestion

PADDINGS = ("VALID", "SAME", "CIRCULAR")
MAX_LAYERS = 1000
LONGEST = 1 << 20
"""No side of a window is larger."""
DEEPEST = 50
"""Lists inside lists, and residual blocks inside residual blocks, go no deeper."""
LARGEST_WINDOW = 1 << 60
"""No window has more offsets, so that what is divided by their number stays in range."""
SCALE = 1 << 400
"""Variances, unless they are 0, lie between its inverse and it."""


class _Weighted:
    """Exact variances of weights and biases, as fractions."""

    __slots__ = ()
    sigma_w2: Exact
    sigma_b2: Exact

    @property
    def weight(self) -> Fraction:
        """The weight variance w."""
        return rational(self.sigma_w2, what="sigma_w2")

    @property
    def bias(self) -> Fraction:
        """The bias variance b."""
        return rational(self.sigma_b2, what="sigma_b2")


@dataclass(frozen=True, slots=True)
class Dense(_Weighted):
    r"""A fully connected layer :math:`\sqrt{w/m}\,W x + \sqrt b\,\beta`, m the width before; at every position alike.

    ``trained=False`` freezes its weights and biases: they contribute to the NNGP kernel and pass the tangent kernel
    on, but add no term of their own to it. Raises :class:`SpecError` unless w > 0 and b >= 0.

    >>> Dense("9/4", "0.01").sigma_w2
    Fraction(9, 4)
    """

    sigma_w2: Exact = 1
    sigma_b2: Exact = 0
    trained: bool = True

    def __post_init__(self) -> None:
        _variances(self)


@dataclass(frozen=True, slots=True)
class Conv(_Weighted):
    r"""A convolution: at each position a dense layer on the window of ``filter_shape`` there, weights shared.

    Weights have variance :math:`w/(m|F|)`, |F| the size of the window: also at the edges, where ``padding="SAME"``
    puts zeros. ``"VALID"`` keeps inside, ``"CIRCULAR"`` goes round; ``strides`` is (1, ..., 1) unless given.

    >>> Conv((3, 3), padding="SAME", sigma_w2=2).strides
    (1, 1)
    """

    filter_shape: Sequence[int]
    strides: Sequence[int] | None = None
    padding: str = "VALID"
    sigma_w2: Exact = 1
    sigma_b2: Exact = 0
    trained: bool = True

    def __post_init__(self) -> None:
        _windows(self, "filter_shape")
        _variances(self)


@dataclass(frozen=True, slots=True)
class Activation:
    """A function applied to every entry: a name, or any expression in x.

    >>> Activation("relu")
    Activation('relu')
    """

    function: str | Function

    def __post_init__(self) -> None:
        given: Any = getattr(self.function, "exact", self.function)
        if not isinstance(given, (str, Function)):
            raise SpecError(f"layers: {shown(given)} is not an activation: give a name, as in Activation('relu').")
        object.__setattr__(self, "function", parse_activation(given) if isinstance(given, str) else given)

    @property
    def phi(self) -> Function:
        """The function, parsed."""
        assert isinstance(self.function, Function)
        return self.function

    def __repr__(self) -> str:
        return f"Activation({self.phi.name!r})"


@dataclass(frozen=True, slots=True)
class AveragePool:
    """The mean over a window; with ``padding="SAME"`` the zeros outside count, as in stax."""

    window_shape: Sequence[int]
    strides: Sequence[int] | None = None
    padding: str = "VALID"

    def __post_init__(self) -> None:
        _windows(self, "window_shape")


@dataclass(frozen=True, slots=True)
class GlobalAveragePool:
    """The mean over all positions."""


@dataclass(frozen=True, slots=True)
class Flatten:
    """All positions and channels as one vector."""


@dataclass(frozen=True, slots=True)
class LayerNorm:
    """Division by the standard deviation over the channels, or over channels and positions.

    ``axis`` is ``"channels"`` or ``"all"``; ``eps`` is added to the variance, 1e-12 as in stax. At infinite width the
    mean over the channels of a Gaussian layer is 0 and its standard deviation is a number. It stands after a dense
    layer or a convolution.
    """

    axis: str = "channels"
    eps: Exact = "1e-12"

    def __post_init__(self) -> None:
        if self.axis not in ("channels", "all"):
            raise SpecError(f"LayerNorm: axis = {shown(self.axis)}: choose 'channels' or 'all'.")
        object.__setattr__(self, "eps", rational(self.eps, what="eps of LayerNorm"))
        if self.epsilon < 0:
            raise SpecError(f"LayerNorm: eps = {self.eps} is negative.")
        _in_range("LayerNorm", "eps", self.epsilon)

    @property
    def epsilon(self) -> Fraction:
        """The number added to the variance."""
        return rational(self.eps, what="eps of LayerNorm")


@dataclass(frozen=True, slots=True)
class Residual:
    """``block(x) + shortcut(x)``; without layers in ``shortcut``, ``block(x) + x`` (stax: FanOut, parallel, FanInSum).

    One of the two must end with weights of its own (a dense layer or a convolution after its last activation): then
    they are uncorrelated and their kernels add up.
    """

    block: Sequence[Layer]
    shortcut: Sequence[Layer] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "block", serial(*_listed(self.block, "the block of Residual")))
        object.__setattr__(self, "shortcut", serial(*_listed(self.shortcut, "the shortcut of Residual")))
        if not self.block:
            raise SpecError(
                "Residual: the block is empty: give its layers, as in Residual([Activation('relu'), Dense()])."
            )
        if _depth(self) > DEEPEST:
            raise SpecError(f"Residual: blocks inside blocks go deeper than {DEEPEST}: put them one after the other.")


Layer: TypeAlias = Dense | Conv | Activation | AveragePool | GlobalAveragePool | Flatten | LayerNorm | Residual
KINDS = (Dense, Conv, Activation, AveragePool, GlobalAveragePool, Flatten, LayerNorm, Residual)


def serial(*layers: object) -> tuple[Layer, ...]:
    """Layers one after the other, lists of them taken apart; a name of an activation stands for it.

    >>> serial("relu", [Activation("erf"), Flatten()])
    (Activation('relu'), Activation('erf'), Flatten())
    """
    return _serial(layers, 0)


def _serial(layers: Sequence[object], depth: int) -> tuple[Layer, ...]:
    if depth > DEEPEST:
        raise SpecError(f"layers: lists inside lists go deeper than {DEEPEST}; a list may contain itself.")
    found: list[Layer] = []
    for layer in layers:
        if isinstance(layer, (list, tuple)):
            found.extend(_serial(layer, depth + 1))
        elif isinstance(layer, KINDS):
            found.append(layer)
        elif isinstance(layer, str) or hasattr(layer, "exact"):
            found.append(Activation(layer))  # type: ignore[arg-type]  # what it must be is checked there
        elif isinstance(layer, type) and layer in KINDS:
            raise SpecError(f"layers: {layer.__name__} is a kind of layer: make one, {layer.__name__}().")
        else:
            names = ", ".join(kind.__name__ for kind in KINDS)
            raise SpecError(f"layers: {shown(layer)} is not a layer: give {names}, or the name of an activation.")
    if len(found) > MAX_LAYERS:
        raise SpecError(f"layers: {len(found)} layers are too many: at most {MAX_LAYERS}.")
    return tuple(found)


def walk(layers: Sequence[Layer]) -> Iterator[Layer]:
    """All layers, those inside residual blocks too, in the order in which they are computed."""
    for layer in layers:
        yield layer
        if isinstance(layer, Residual):
            yield from walk(layer.block)
            yield from walk(layer.shortcut)


def _depth(layer: Layer) -> int:
    inside = (*layer.block, *layer.shortcut) if isinstance(layer, Residual) else ()
    return 1 + max(map(_depth, inside), default=0)


def pools(layers: Sequence[Layer]) -> bool:
    """Whether a layer mixes positions, so that the covariances between different positions are needed before it."""
    return any(isinstance(layer, (AveragePool, GlobalAveragePool)) for layer in walk(layers))


def _listed(value: object, what: str) -> Sequence[Layer]:
    if not isinstance(value, (list, tuple)):
        raise SpecError(f"{what} is {shown(value)}: give a list of layers.")
    return value


def _variances(layer: Dense | Conv) -> None:
    name = type(layer).__name__
    for field in ("sigma_w2", "sigma_b2"):
        object.__setattr__(layer, field, rational(getattr(layer, field), what=f"{field} of {name}"))
    if layer.weight <= 0:
        raise SpecError(f"{name}: sigma_w2 = {layer.sigma_w2} is not positive: give the square of W_std > 0.")
    if layer.bias < 0:
        raise SpecError(f"{name}: sigma_b2 = {layer.sigma_b2} is negative: give the square of b_std.")
    _in_range(name, "sigma_w2", layer.weight)
    _in_range(name, "sigma_b2", layer.bias)
    if not isinstance(layer.trained, bool):
        raise SpecError(f"{name}: trained = {shown(layer.trained)}: give True or False.")


def _in_range(name: str, field: str, value: Fraction) -> None:
    """0, or between the ends that keep everything in the range of float64."""
    if value and not Fraction(1, SCALE) <= value <= SCALE:
        raise SpecError(f"{name}: {field} is not between 2^-400 and 2^400: scale it.")


def _windows(layer: Conv | AveragePool, field: str) -> None:
    name = type(layer).__name__
    window = _sides(getattr(layer, field), f"{name}: {field}")
    strides = (1,) * len(window) if layer.strides is None else _sides(layer.strides, f"{name}: strides")
    if math.prod(window) > LARGEST_WINDOW:
        raise SpecError(f"{name}: {field} has more than 2^60 offsets: take a smaller window.")
    if len(strides) != len(window):
        raise SpecError(f"{name}: {len(strides)} strides for {len(window)} sides of {field}: give one for each.")
    object.__setattr__(layer, field, window)
    object.__setattr__(layer, "strides", strides)
    if layer.padding not in PADDINGS:
        raise SpecError(
            f"{name}: padding = {shown(layer.padding)}: choose one of {', '.join(PADDINGS)}."
            + suggestion(str(layer.padding), list(PADDINGS))
        )


def _sides(value: object, what: str) -> tuple[int, ...]:
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        sides = tuple(operator.index(x) for x in value)  # type: ignore[attr-defined]  # what is no sequence raises
    except TypeError:
        raise SpecError(f"{what} = {shown(value)}: give one whole number for each side, as in (3, 3).") from None
    if not sides or any(not 1 <= x <= LONGEST for x in sides):
        raise SpecError(f"{what} = {shown(sides)}: each side is a whole number from 1 to {LONGEST}.")
    return sides
