"""Networks made of layers, and their kernels on images at infinite width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np

from .activations import ActivationHandle
from .models import allowance
from .numerics.balls.budget import Budget
from .numerics.balls.precision import undisturbed
from .numerics.deep.layers.kernel import layered_kernels
from .numerics.deep.layers.language import (
    Activation,
    AveragePool,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    Layer,
    LayerNorm,
    Residual,
    serial,
)
from .numerics.kernels.ballarray import BallArray
from .numerics.kernels.ballmatrix import BallMatrix
from .numerics.kernels.columns import exact_array
from .theory.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .numerics.kernels.points import Floats

__all__ = [
    "Activation",
    "AveragePool",
    "Conv",
    "Dense",
    "Flatten",
    "GlobalAveragePool",
    "LayerNorm",
    "Network",
    "Residual",
    "network",
    "serial",
]


@dataclass(frozen=True, slots=True)
class Network:
    """Layers one after the other, all of infinite width; equal and hashed by value. Made by :func:`network`.

    Inputs are arrays (n, C), (n, L, C) or (n, H, W, C), channels last, each number meant as the float64 that it is.
    """

    layers: tuple[Layer, ...]

    @overload
    def nngp(self, X: ArrayLike, Y: None = None, *, budget: Budget | None = None) -> BallMatrix: ...

    @overload
    def nngp(self, X: ArrayLike, Y: ArrayLike, *, budget: Budget | None = None) -> BallArray: ...

    @undisturbed
    def nngp(self, X: ArrayLike, Y: ArrayLike | None = None, *, budget: Budget | None = None) -> BallArray:
        r"""The NNGP kernel, the covariance of the outputs: (n, n), or (m, n) between the images of X and those of Y.

        Raises :class:`SpecError` for layers that do not fit the images or each other. Proof:
        docs/theory/convolutional-networks.md.

        >>> net = network([Dense(2), "relu", Dense()])
        >>> net.nngp([[1.0, 0.0], [0.0, 1.0]]).ball(0, 1).contains("0.1591549430918953357688837633725143620344596457")
        True
        """
        return self._found(X, Y, budget, tangent=False)[0]

    @overload
    def ntk(self, X: ArrayLike, Y: None = None, *, budget: Budget | None = None) -> BallMatrix: ...

    @overload
    def ntk(self, X: ArrayLike, Y: ArrayLike, *, budget: Budget | None = None) -> BallArray: ...

    @undisturbed
    def ntk(self, X: ArrayLike, Y: ArrayLike | None = None, *, budget: Budget | None = None) -> BallArray:
        """The tangent kernel in NTK parametrisation over the layers with ``trained=True``; the shape of :meth:`nngp`.

        >>> net = network([Conv((3, 3), padding="SAME", sigma_w2=2), "relu", GlobalAveragePool(), Dense()])
        >>> images = np.random.default_rng(0).standard_normal((4, 8, 8, 3))
        >>> K = net.ntk(images)
        >>> K.shape, bool(K.rad.max() < 1e-13), net.ntk(images[:1], images[1:]).shape
        ((4, 4), True, (1, 3))
        """
        return self._found(X, Y, budget, tangent=True)[1]

    @undisturbed
    def nngp_and_ntk(
        self, X: ArrayLike, Y: ArrayLike | None = None, *, budget: Budget | None = None
    ) -> tuple[BallArray, BallArray]:
        """Both kernels for the price of the second."""
        found = self._found(X, Y, budget, tangent=True)
        return found[0], found[1]

    def _found(self, X: ArrayLike, Y: ArrayLike | None, budget: Budget | None, *, tangent: bool) -> list[BallArray]:
        if budget is not None:
            budget = allowance("network", budget, None)
        others = None if Y is None else _images(Y)
        found = layered_kernels(self.layers, _images(X), others, tangent=tangent, budget=budget)
        return [found.nngp] if found.ntk is None else [found.nngp, found.ntk]


def network(layers: Sequence[Layer | str | ActivationHandle | Sequence[Layer]]) -> Network:
    """A network from its layers, in the order in which they are applied; a name stands for an activation.

    >>> block = [Activation("relu"), Conv((3, 3), padding="SAME")]
    >>> net = network([Conv((3, 3), padding="SAME"), Residual(block), "relu", Flatten(), Dense("9/4", "0.01")])
    >>> len(net.layers), net.layers[-1].sigma_b2
    (5, Fraction(1, 100))
    """
    if not isinstance(layers, (list, tuple)):
        raise SpecError(
            f"network: {layers!r} is not a list of layers: give one, as in network([Dense(), 'relu', Dense()])."
        )
    found = serial(*layers)
    if not found:
        raise SpecError("network: the list of layers is empty: give one, as in network([Dense(), 'relu', Dense()]).")
    return Network(found)


def _images(values: ArrayLike) -> Floats:
    given: NDArray[np.generic] = exact_array(values)
    if given.dtype != np.float64:
        raise SpecError("images: an entry is not a float64 number: round the images first, as in X.astype(float).")
    return given  # type: ignore[return-value]  # its type was just looked at
