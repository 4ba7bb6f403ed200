"""A failure here means that a kernel of a network was enclosed wrongly because a number underflowed or cancelled."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from mpmath import mp

import certigram as cg
from certigram.layers import AveragePool, Conv, Dense, Flatten
from certigram.numerics.balls.precision import precision
from certigram.numerics.deep import bounds, layerwise, rectifier_layer
from certigram.numerics.deep.layers import duals, scales
from certigram.numerics.expressions.lowering import constant
from certigram.theory.errors import PrecisionExhausted, SpecError

X = np.array([[1.0, 0.0], [0.6, 0.9]])
STEEP = "10**60*10**60*10**20*erf(x/(10**60*10**60*10**40))"
"""Its 2c^2/pi is 2^929, its 2 gamma^2 2^-1062: subnormal, known to 12 bits alone."""
TINY_WEIGHTS = [Dense(2.0**k) for k in (-390, -400, -400, 400, 400, 390)]
"""Six layers that together do nothing; the variance between them is below the smallest float64."""


def contained(K: cg.BallArray, truth: float, i: int = 0, j: int = 1) -> bool:
    return abs(float(K.mid[i, j]) - truth) <= K.radius(i, j)


@pytest.mark.parametrize("phi", [STEEP, "erf(x/(10**60*10**60))", "x/(10**60*10**30)", "10**60*10**60*relu(x)"])
def test_constants_of_activations_that_underflow_are_refused(phi: str) -> None:
    with pytest.raises(SpecError, match="not between 2\\^-400 and 2\\^400: scale the activation"):
        cg.network([Dense(2.0**152), phi, Dense()]).nngp(X)


def test_the_range_of_constants_is_what_keeps_them_right(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = float(cg.kernel("nngp", activation=STEEP, depth=1, sigma_w2=[2**152, 1])(X, bits=200).mid[0, 1])
    monkeypatch.setattr(duals, "_number", lambda phi, value: float(value.mid()))
    duals._kind.cache_clear()
    try:
        assert not contained(cg.network([Dense(2.0**152), STEEP, Dense()]).nngp(X), truth)
    finally:
        duals._kind.cache_clear()


def test_a_variance_that_underflows_is_not_taken_for_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match="a variance leaves the range"):
        cg.network(TINY_WEIGHTS).nngp(X)
    with pytest.raises(SpecError, match="a variance leaves the range"):
        cg.network([Dense(2.0**-390), "relu", Dense(2.0**-400), Dense(2.0**400), Dense(2.0**390)]).ntk(X)
    with pytest.raises(SpecError, match="more than 2\\^60 offsets"):
        Conv((1 << 20,) * 4, padding="SAME")
    with pytest.raises(SpecError, match="more than 2\\^60 offsets"):
        AveragePool((1 << 20,) * 4, padding="SAME")
    with pytest.raises(SpecError, match="mean squares that are not between"):
        cg.network([Dense(), "sin(x)/(10**60*10**30)", Flatten(), Dense()]).nngp(X)
    monkeypatch.setattr(scales, "LEAST", 2.0**-800)
    assert not contained(cg.network(TINY_WEIGHTS).nngp(X), 0.3)  # 0 with radius 0


def test_constants_of_rectifiers_that_cancel_are_enclosed(monkeypatch: pytest.MonkeyPatch) -> None:
    """p = sqrt(N^2 + 1) - N is 1/(2N), and at 96 bits only known to 2^-32."""
    N = 10**20 + 7
    phi = f"max(x, 0)*(sqrt({N}**2 + 1) - {N}) + min(x, 0)"
    with mp.workdps(60):
        p, norm = mp.sqrt(mp.mpf(N) ** 2 + 1) - N, mp.sqrt(mp.mpf(0.6) ** 2 + mp.mpf(0.9) ** 2)
        rho = mp.mpf(0.6) / norm
        s = mp.sqrt(1 - rho**2) + rho * mp.asin(rho)
        truth = float(norm / 2 * ((p + 1) ** 2 / 4 * rho + (p - 1) ** 2 / 4 * 2 / mp.pi * s))

    def found() -> list[cg.BallArray]:
        duals._kind.cache_clear()
        return [cg.kernel("nngp", activation=phi, depth=1)(X, X), cg.network([Dense(), phi, Dense()]).nngp(X)]

    assert all(contained(K, truth) and K.radius(0, 1) < 1e-14 for K in found())
    with precision(96), pytest.raises(PrecisionExhausted, match="numbers that cancel"):
        bounds.sharp_constant(sympy.sin(1) ** 2 + sympy.cos(1) ** 2 - 1)
    monkeypatch.setattr(rectifier_layer, "sharp_constant", lambda node, scale=0: constant(node))
    assert not any(contained(K, truth) for K in found())
    duals._kind.cache_clear()


SMALL = {
    "nngp": ("nngp", {"activation": "relu", "depth": 1, "sigma_w2": ["1", "1e-320"]}),
    "nngp of tanh": ("nngp", {"activation": "tanh", "depth": 1, "sigma_w2": ["1", "1e-320"]}),
    "dual": ("dual", {"activation": "relu", "sigma_w2": "1e-400"}),
    "ntk": ("ntk", {"activation": "erf", "depth": 2, "sigma_w2": ["1", "1e-320"], "convention": "implicit"}),
}


@pytest.mark.parametrize("normalize", [None, "sphere"])
@pytest.mark.parametrize("name", SMALL)
def test_the_radius_counts_underflow_of_the_last_product(
    name: str, normalize: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, given = SMALL[name]
    k = cg.kernel(kind, **given)
    truth = k(X, X[::-1], bits=200, normalize=normalize)

    def missed() -> int:
        found = k(X, X[::-1], normalize=normalize)
        return sum(not found.ball(i, j).overlaps(truth.ball(i, j)) for i in range(2) for j in range(2))

    assert missed() == 0
    assert k(X, normalize=normalize).ball(0, 1).overlaps(truth.ball(0, 0))
    monkeypatch.setattr(layerwise, "TINY", 0.0)
    assert missed() > 0
