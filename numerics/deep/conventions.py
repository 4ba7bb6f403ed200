r"""The tangent kernels that go by the name "NTK", kept apart by name, and the recursion behind all of them.

Notation: :math:`\Sigma^l` covariance of the pre-activations of layer l, :math:`G^l = \mathbb E\,\phi_l\phi_l` and
:math:`\dot G^l = \mathbb E\,\phi_l'\phi_l'` under it, :math:`w_l` the weight variance of the dense layer into layer l.
Which weights each kernel trains, and proofs of the relations: docs/ntk-conventions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, Self, TypeVar

from ...theory.errors import SpecError
from ...theory.suggestion import suggestion


class Ring(Protocol):
    """What kernels are: numbers, balls, series, matrices or symbols that can be added and multiplied."""

    def __add__(self, other: Self, /) -> Self:
        """The sum."""
        ...

    def __mul__(self, other: Self, /) -> Self:
        """The product, entry by entry."""
        ...


T = TypeVar("T")
R = TypeVar("R", bound=Ring)


class TangentConvention(Enum):
    r"""Which kernel "the NTK" means; the values are the names used at the front door.

    PREACTIVATION (N1): every weight and bias in NTK parametrisation, the last dense layer included; the kernel of
    ``stax.serial(..., Dense)`` with ``parameterization='ntk'``, and of Feng and Kolter.
    IMPLICIT (N2): the Implicit-NTK; hidden weights and readout in NTK parametrisation, input weights and biases frozen.
    READOUT (N3): as N1, the last layer being a readout of unit weight variance without bias.
    STANDARD (N4): standard parametrisation divided by the width: the variances :math:`w_l` of the trained weights do
    not multiply their gradients, and what does not grow with the width (input weights, biases) drops out.
    """

    PREACTIVATION = "pre-activation"
    IMPLICIT = "implicit"
    READOUT = "readout"
    STANDARD = "standard"

    @classmethod
    def named(cls, name: str | TangentConvention) -> TangentConvention:
        """The convention with this name; :class:`SpecError` with a suggestion when there is none.

        >>> TangentConvention.named("readout").name
        'READOUT'
        """
        if isinstance(name, cls):
            return name
        known = [member.value for member in cls]
        if name not in known:
            raise SpecError(
                f"no tangent kernel convention is called {name!r}: choose one of {', '.join(known)}."
                + suggestion(str(name), known)
            )
        return cls(name)


@dataclass(frozen=True, slots=True)
class Layer(Generic[T]):
    r"""One hidden layer: :math:`\Sigma^l, G^l, \dot G^l`, as numbers, matrices, power series or symbols."""

    sigma: T
    features: T
    slopes: T


def tangent(
    layers: Sequence[Layer[R]],
    weights: Sequence[Any],
    output: R | None,
    convention: TangentConvention,
    scale: Callable[[Any, R], R],
) -> R:
    r"""The tangent kernel of a network with L hidden layers, in any commutative ring with ``+`` and ``*``.

    .. math:: T^{l+1} = S^{l+1} + w_{l+1}\,\dot G^l T^l ,

    with :math:`S^{l+1} = \Sigma^{l+1}, T^1 = \Sigma^1` (N1, N3), :math:`S^{l+1} = w_{l+1}G^l, T^1 = 0` (N2) or
    :math:`S^{l+1} = G^l, T^1 = 0` (N4). The kernel is :math:`T^{L+1}` for N1 and :math:`G^L + \dot G^L T^L` otherwise.

    Parameters
    ----------
    layers: the hidden layers l = 1..L, L >= 1.
    weights: :math:`w_1, \dots, w_L`, and :math:`w_{L+1}` for N1.
    output: :math:`\Sigma^{L+1}`, used by N1 only.
    scale: multiplication of a kernel by one of the ``weights``.

    >>> one = Layer(2, 3, 5)
    >>> [tangent([one], [1, 7], 11, c, lambda w, k: w * k) for c in TangentConvention]
    [81, 3, 13, 3]
    """
    last = len(layers) - 1
    sigma_on_top = convention in (TangentConvention.PREACTIVATION, TangentConvention.READOUT)
    current: R | None = layers[0].sigma if sigma_on_top else None
    for k in range(last):
        layer, weight = layers[k], weights[k + 1]
        if sigma_on_top:
            source = layers[k + 1].sigma
        else:
            source = scale(weight, layer.features) if convention is TangentConvention.IMPLICIT else layer.features
        current = source if current is None else source + scale(weight, layer.slopes * current)
    top = layers[last]
    if convention is TangentConvention.PREACTIVATION:
        if output is None or current is None:
            raise ValueError("the pre-activation convention needs the covariance of the last dense layer")
        return output + scale(weights[last + 1], top.slopes * current)
    return top.features if current is None else top.features + top.slopes * current


def equilibrium_tangent(sigma: Any, features: Any, slopes: Any, weight: Any, convention: TangentConvention) -> Any:
    r"""The same four kernels of a deep equilibrium model, entry by entry: scalars, balls, arrays or symbols.

    With :math:`w` the weight variance and :math:`1 - w\dot G` nonzero,

    .. math:: \text{N1: } \frac{\Sigma}{1-w\dot G},\quad \text{N2: } \frac{G}{1-w\dot G},\quad
              \text{N3: } G + \frac{\Sigma\,\dot G}{1-w\dot G},\quad
              \text{N4: } G\Bigl(1+\frac{\dot G}{1-w\dot G}\Bigr).

    Own derivation: docs/ntk-conventions.md, section 3.

    >>> from fractions import Fraction
    >>> half = Fraction(1, 2)
    >>> [str(equilibrium_tangent(Fraction(3), Fraction(5), half, half, c)) for c in TangentConvention]
    ['4', '20/3', '7', '25/3']
    """
    resolvent = 1 - weight * slopes
    if convention is TangentConvention.PREACTIVATION:
        return sigma / resolvent
    if convention is TangentConvention.IMPLICIT:
        return features / resolvent
    if convention is TangentConvention.READOUT:
        return features + sigma * slopes / resolvent
    return features * (1 + slopes / resolvent)
