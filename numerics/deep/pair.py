r"""The kernels of a deep network at one pair of inputs of any norms, in ball arithmetic, by dual activations.

This is the recursion as it is written down, with no power series: the independent second route, the one for pairs so
nearly parallel that a series is too short, and the one that gains bits. docs/theory/deep-networks.md, section 1.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from ...theory.activations.activation import Activation
from ...theory.closed_forms import closed_form
from ...theory.errors import DerivationGap
from ..balls.ball import enclose
from ..balls.precision import precision
from ..dual import covariance, dual
from ..dual.series import series_value
from ..hermite import second_moment
from ..hermite.strip import strip
from .conventions import Layer, TangentConvention, tangent
from .network import DeepNetwork
from .series import slope

Number = Fraction | arb
GUARD_BITS = 32
SMALL, SHORT, LOST = 0.25, 80, 16
"""Correlations, orders and bits short of what is asked at which a Hermite series beats the rules in the plane."""


def pair_kernels(
    network: DeepNetwork, a: Number, b: Number, c: Number, bits: int, convention: TangentConvention | None = None
) -> tuple[arb, arb | None]:
    r"""The NNGP kernel and the tangent kernel of two inputs with :math:`|x|^2/d = a`, :math:`|y|^2/d = b`,
    :math:`\langle x, y\rangle/d = c`.

    With exact a = b = c the inputs are one, and every Gaussian pair lies on the diagonal. Raises as
    :func:`~certigram.numerics.dual.dual` does, and :class:`DerivationGap` for the tangent kernel of an activation that
    is not proved continuous.

    >>> from .network import deep_network
    >>> relu = deep_network("relu", 2, sigma_w2=2)
    >>> one, tangent = pair_kernels(relu, Fraction(1), Fraction(1), Fraction(1), 64, TangentConvention.PREACTIVATION)
    >>> print(one.str(6, radius=False), tangent.str(6, radius=False))
    2.00000 6.00000
    """
    work = bits + GUARD_BITS
    same = not any(isinstance(x, arb) for x in (a, b, c)) and a == b == c
    with precision(work):
        w, v = network.sigma_w2[0], network.sigma_b2[0]
        left, right, cross = (_dense(x, w, v) for x in (a, b, c))
        layers: list[Layer[arb]] = []
        for phi, w, v in zip(network.activations, network.sigma_w2[1:], network.sigma_b2[1:], strict=True):
            derivative = slope(phi) if convention is not None else None
            square = second_moment(phi, left, work)
            features = square if same else _dual(phi, left, right, cross, work)
            if derivative is None:
                slopes = features
            elif _is_zero(left) or _is_zero(right):
                slopes = arb(0)  # it multiplies the tangent kernel of an input of variance 0, which is 0 (section 8)
            elif same:
                slopes = second_moment(derivative, left, work)
            else:
                slopes = _dual(derivative, left, right, cross, work)
            layers.append(Layer(_ball(cross), features, slopes))
            other = square if same else second_moment(phi, right, work)
            left, right, cross = (_dense(x, w, v) for x in (square, other, features))
        output = _ball(cross)
        if convention is None:
            return output, None
        return output, tangent(layers, network.sigma_w2, output, convention, lambda s, k: enclose(s) * k)


def has_closed_forms(network: DeepNetwork, *, slopes: bool) -> bool:
    """Whether every dual in the recursion has a closed form, so that a pair costs microseconds."""
    try:
        expressions = [phi.expression for phi in network.activations]
        expressions += [slope(phi).expression for phi in network.activations] if slopes else []
    except DerivationGap:
        return False
    return all(closed_form(e) is not None for e in expressions)


def _dense(x: Number, weight: Fraction, bias: Fraction) -> Number:
    """weight · x + bias, exactly when x is exact."""
    return enclose(weight) * x + enclose(bias) if isinstance(x, arb) else weight * x + bias


def _dual(phi: Activation, a: Number, b: Number, c: Number, bits: int) -> arb:
    """The dual activation: by a short Hermite series at a small correlation, for analytic φ without a closed form."""
    if not (_is_zero(a) or _is_zero(b)) and closed_form(phi.expression) is None and strip(phi.expression) is not None:
        law = covariance(a, b, c)
        if abs(law.correlation()) < SMALL:
            value = series_value(phi, phi, law, bits, SHORT)
            if value.is_finite() and value.rel_accuracy_bits() >= bits - LOST:
                return value
    return dual(phi, a, b, c, bits)


def _is_zero(x: Number) -> bool:
    return bool(x.is_zero()) if isinstance(x, arb) else x == 0


def _ball(x: Number) -> arb:
    return x if isinstance(x, arb) else enclose(x)
