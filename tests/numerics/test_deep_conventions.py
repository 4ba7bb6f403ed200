"""A failure here means that the four kernels called NTK are not what their names say, or not related as proved."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from flint import arb

from certigram.numerics.deep.conventions import Layer, TangentConvention, equilibrium_tangent, tangent
from certigram.numerics.deep.network import deep_network
from certigram.numerics.deep.series import deep_series, derivative_series
from certigram.numerics.hermite import hermite_transform, second_moment
from certigram.theory.activations.activation import activation, from_expression
from certigram.theory.errors import SpecError

N1, N2, N3, N4 = TangentConvention


def symbolic(depth: int) -> list[Layer[sympy.Expr]]:
    return [Layer(*sympy.symbols(f"S{k} G{k} D{k}")) for k in range(1, depth + 1)]


def product(w: sympy.Expr, k: sympy.Expr) -> sympy.Expr:
    return w * k


def test_equilibrium_identities() -> None:
    """N3 = G + D N1; N2 - G = w (N4 - G); at w = 0: N1 = Σ, N2 = G, N3 = G + Σ D, the two-layer kernel."""
    s, g, d, w = sympy.symbols("Sigma G D w")
    n1, n2, n3, n4 = (equilibrium_tangent(s, g, d, w, c) for c in TangentConvention)
    assert sympy.simplify(n3 - (g + d * n1)) == 0
    assert sympy.simplify((n2 - g) - w * (n4 - g)) == 0
    assert [sympy.simplify(x.subs(w, 0)) for x in (n1, n2, n3)] == [s, g, g + s * d]
    assert len({sympy.simplify(x) for x in (n1, n2, n3, n4)}) == 4
    assert sympy.simplify(n4 - g * (1 + d / (1 - w * d))) == 0


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_identities_of_finite_depth(depth: int) -> None:
    layers = symbolic(depth)
    weights = list(sympy.symbols(f"w1:{depth + 1}"))
    w_last, output = sympy.symbols("w_last Sigma_last")
    n2, n3, n4 = (tangent(layers, weights, None, c, product) for c in (N2, N3, N4))
    top = layers[-1]
    # the read-out kernel is the pre-activation kernel of a last layer with variance 1 and no bias
    assert sympy.expand(tangent(layers, [*weights, 1], top.features, N1, product) - n3) == 0
    # every pre-activation kernel is built on the one below it, as N3 is on N1
    n1 = tangent(layers, [*weights, w_last], output, N1, product)
    assert sympy.expand(n1 - output - w_last * (n3 - top.features)) == 0
    # equal weights: training W in NTK parametrisation multiplies its share of the standard one by w
    same = dict.fromkeys(weights, w_last)
    assert sympy.expand(((n2 - top.features) - w_last * (n4 - top.features)).subs(same)) == 0


@pytest.mark.parametrize("convention", TangentConvention)
def test_deep_tied_networks_tend_to_the_equilibrium_kernel(convention: TangentConvention) -> None:
    """With Σ, G, D and w the same in all layers the recursion is the geometric series of the equilibrium."""
    s, g, d, w = Fraction(3), Fraction(2), Fraction(1, 2), Fraction(1, 3)
    layers = [Layer(s, g, d)] * 60
    found = tangent(layers, [w] * 61, s, convention, lambda x, k: x * k)
    assert abs(found - equilibrium_tangent(s, g, d, w, convention)) < Fraction(1, 10**40)


def test_coefficient_map_from_nngp_to_ntk() -> None:
    """Two layers, no bias, inputs of variance 1: NTK = κ + c κ', coefficients (1 + r) b_r (Simon et al.)."""
    r = sympy.Symbol("r", integer=True, nonnegative=True)
    c, b = sympy.symbols("c b")
    assert sympy.simplify(b * c**r + c * sympy.diff(b * c**r, c) - (1 + r) * b * c**r) == 0
    network = deep_network("gelu", 1)
    found = deep_series(network, 24, 128, convention=N1)
    assert found.tangent is not None
    for k, (before, after) in enumerate(zip(found.nngp.coefficients, found.tangent.coefficients, strict=True)):
        assert after.overlaps((1 + k) * before), k
        assert before.is_zero() or after.rad() < 1e-30


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "abs", "softplus"])
def test_derivative_series_is_the_dual_of_the_derivative(name: str) -> None:
    """The transform of φ and that of φ' give the same series: sqrt(r) μ_r(φ) = σ μ_{r-1}(φ')."""
    phi, variance = activation(name), Fraction(7, 3)
    slope = from_expression(phi.derivative())
    found = derivative_series(hermite_transform(phi, 13, variance, 96), second_moment(slope, variance, 96))
    direct = hermite_transform(slope, 12, variance, 96)
    for a, mu in zip(found.coefficients, direct.coefficients, strict=True):
        assert a.overlaps(mu * mu)
    assert found.tail.overlaps(direct.tail)


def test_names() -> None:
    assert [c.value for c in TangentConvention] == ["pre-activation", "implicit", "readout", "standard"]
    with pytest.raises(SpecError, match="choose one of"):
        TangentConvention.named("ntk")
    with pytest.raises(ValueError, match="last dense layer"):
        tangent([Layer(arb(1), arb(1), arb(1))], [1, 1], None, N1, lambda w, k: w * k)
