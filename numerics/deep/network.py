"""A plain deep fully connected network: its hidden layers, activations, weight and bias variances, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...theory.activations.activation import Activation
from ...theory.activations.activation import activation as parse_activation
from ...theory.errors import SpecError
from ...theory.numbers import Exact, rational
from .conventions import TangentConvention

MAX_DEPTH = 1000


@dataclass(frozen=True, slots=True)
class DeepNetwork:
    r""":math:`x \to \text{dense} \to \phi_1 \to \text{dense} \to \dots \to \phi_L \to \text{dense}`, widths infinite.

    ``sigma_w2[l]`` and ``sigma_b2[l]``, l = 0..L, are the variances of the dense layers: pre-activations are
    :math:`u^{l+1} = \sqrt{w_l/m}\,W\phi(u^l) + \sqrt{b_l}\,\beta`, all entries standard normal, m the width of the
    layer before (d for the input). These are the squares of ``W_std``, ``b_std`` of stax layers. Raises
    :class:`SpecError` for a weight variance that is not positive, a negative bias variance, lists of the wrong length.

    >>> deep_network("tanh", 2, sigma_w2=["2", "1", "1"], sigma_b2="1/10").sigma_b2[2]
    Fraction(1, 10)
    """

    activations: tuple[Activation, ...]
    sigma_w2: tuple[Fraction, ...]
    sigma_b2: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        layers = len(self.activations) + 1
        if not 2 <= layers <= MAX_DEPTH + 1:
            raise SpecError(f"deep network: depth = {layers - 1}: choose between 1 and {MAX_DEPTH} hidden layers.")
        for name, values in (("sigma_w2", self.sigma_w2), ("sigma_b2", self.sigma_b2)):
            if len(values) != layers:
                raise SpecError(
                    f"deep network: {name} has {len(values)} entries for {layers} dense layers: give one number, or one"
                    " for each dense layer from the input to the last."
                )
        for w in self.sigma_w2:
            if w <= 0:
                raise SpecError(f"deep network: sigma_w2 = {w} is not positive: give the square of W_std > 0.")
        for b in self.sigma_b2:
            if b < 0:
                raise SpecError(f"deep network: sigma_b2 = {b} is negative: give the square of b_std.")

    @property
    def depth(self) -> int:
        """The number L of hidden layers."""
        return len(self.activations)

    @property
    def odd(self) -> bool:
        """Whether all activations are proved odd and no layer has a bias: then every kernel is odd in the cosine."""
        return not any(self.sigma_b2) and all(phi.parity == "odd" for phi in self.activations)

    @property
    def name(self) -> str:
        """The activations in words."""
        names = [phi.name for phi in self.activations]
        return names[0] if len(set(names)) == 1 else ", ".join(names)


def deep_network(
    activation: str | Activation | Sequence[str | Activation],
    depth: int,
    *,
    sigma_w2: Exact | Sequence[Exact] = 1,
    sigma_b2: Exact | Sequence[Exact] = 0,
    convention: TangentConvention = TangentConvention.PREACTIVATION,
) -> DeepNetwork:
    """Read a network: one value for all layers, or a list with one for each.

    Variances have ``depth + 1`` entries, the last for the last dense layer; with a ``convention`` other than
    pre-activation that layer is a readout of weight variance 1 without bias, and the lists have ``depth`` entries.
    Raises :class:`SpecError` as :class:`DeepNetwork` does.
    """
    if type(depth) is not int or not 1 <= depth <= MAX_DEPTH:
        raise SpecError(f"deep network: depth = {depth!r}: give the number of hidden layers, 1 to {MAX_DEPTH}.")
    if not isinstance(activation, (str, Activation, list, tuple)):
        raise SpecError(f"deep network: {activation!r} is not an activation: give a name, or a list of {depth} names.")
    names = [activation] * depth if isinstance(activation, (str, Activation)) else list(activation)
    if len(names) != depth:
        raise SpecError(f"deep network: {len(names)} activations for {depth} hidden layers: give one, or one for each.")
    layers = depth + (convention is TangentConvention.PREACTIVATION)
    w, b = (_list(x, layers, name) for x, name in ((sigma_w2, "sigma_w2"), (sigma_b2, "sigma_b2")))
    if layers == depth:
        w, b = (*w, Fraction(1)), (*b, Fraction(0))
    parsed = tuple(parse_activation(a) if isinstance(a, str) else a for a in names)
    return DeepNetwork(parsed, w, b)


def _list(value: Exact | Sequence[Exact], count: int, name: str) -> tuple[Fraction, ...]:
    if not (isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1):
        return (rational(value, what=name),) * count  # type: ignore[arg-type]  # a Sequence that is a str is one number
    given: list[Exact] = list(value)  # type: ignore[arg-type]  # a one-dimensional array is a sequence too
    if len(given) != count:
        raise SpecError(
            f"deep network: {name} has {len(given)} entries where {count} dense layers have one: give one number,"
            f" or a list of {count}."
        )
    return tuple(rational(x, what=name) for x in given)
