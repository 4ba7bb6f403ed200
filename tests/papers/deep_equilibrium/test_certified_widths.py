"""A failure here means that a certified width moved, or that a claim about widths is made where it does not hold."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest
from mpmath import mpf

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import decide
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.width.exact_laws import AffineModel
from certigram.numerics.papers.deep_equilibrium.width.scale import scale
from certigram.numerics.papers.deep_equilibrium.width.setting import BITS
from certigram.numerics.papers.deep_equilibrium.width.smoothed import bias
from certigram.numerics.papers.deep_equilibrium.width.whitened import RHOS
from certigram.numerics.studies.data import load
from certigram.numerics.studies.given import given_data
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.errors import SpecError

ORTHOGONAL = [[1.0, 0.0], [0.0, 1.0]]
FAR = Fraction(10)


def model(
    name: str, sigma_w2: str, rows: list[list[float]] | None, how: str | None = "sphere", delta: str = "1/20"
) -> EquilibriumInstance:
    """A model on rows, or on 200 digits."""
    which = "deq-relu" if name == "relu" else "deq-general"
    data = load("digits", 200) if rows is None else given_data(rows, how)
    given_ = {which: {"sigma_w2": Fraction(sigma_w2), "delta": Fraction(delta)}}
    found = instance(which, name, Study("widths", (which,), (name,), data, given_))
    assert isinstance(found, EquilibriumInstance)
    return found


def verdicts(inst: EquilibriumInstance) -> list[str]:
    """Of T0, T1 and T2, in this order."""
    claims = [
        system(inst.system).claim(f"{inst.system}.{slug}") for slug in ("width-bias", "width-gram", "width-whitened")
    ]
    return [decide(claim, inst)[0].verdict.name for claim in claims]


@pytest.mark.parametrize(
    ("name", "sigma_w2", "gram", "whitened"),
    [
        ("sigmoid", "1/16", 9400, 1290),
        ("tanh", "1/128", 8130, 4060),
        ("tanh", "1/16", 43200, 33100),
        ("gelu", "1/16", 105600, 64800),
        ("relu", "1/16", 160000, 130000),
    ],
)
def test_two_orthogonal_inputs(name: str, sigma_w2: str, gram: int, whitened: int) -> None:
    """At most what a float64 search found (sections 10 and 13 of the theory), and not below 85 percent of it."""
    inst = model(name, sigma_w2, ORTHOGONAL)
    first, second = inst.widths.gram, inst.widths.whitened
    assert first is not None
    assert second is not None
    assert 0.85 * gram <= first.width <= gram
    assert 0.85 * whitened <= second.width <= whitened
    assert verdicts(inst) == ["ARGUED"] * 3


@pytest.mark.parametrize(
    ("name", "sigma_w2", "delta", "gram", "whitened"),
    [
        ("tanh", "1/16", "1/20", 6.55e13, 1.08e11),
        ("tanh", "1/16", "1/1000000", 1.75e14, 1.1e11),
        ("gelu", "1/16", "1/20", 3.72e14, 3.05e11),
        ("sigmoid", "1/16", "1/20", 7.72e14, 3.82e10),
        ("relu", "1/16", "1/20", 2.5e14, 6.9e13),
        ("erf", "1/16", "1/20", 8.6e13, 1.9e11),
    ],
)
def test_digits(name: str, sigma_w2: str, delta: str, gram: float, whitened: float) -> None:
    """200 digits, the same way; erf by this evaluation."""
    inst = model(name, sigma_w2, None, delta=delta)
    first, second = inst.widths.gram, inst.widths.whitened
    assert first is not None
    assert second is not None
    assert 0.9 * gram <= first.width <= gram
    assert 0.9 * whitened <= second.width <= whitened


def test_where_nothing_is_claimed() -> None:
    """Duplicates and vanishing inputs make K singular; beyond 1/(8L²) networks have no known equilibrium."""
    tanh = "tanh"
    assert verdicts(model(tanh, "1/16", [[1.0, 0.0], [1.0, 0.0]])) == ["ARGUED", "NOT_APPLICABLE", "NOT_APPLICABLE"]
    assert verdicts(model(tanh, "1/16", [[0.0, 0.0], [1.0, 0.0]], None)) == [
        "ARGUED",
        "NOT_APPLICABLE",
        "NOT_APPLICABLE",
    ]
    assert verdicts(model(tanh, "1/16", [[0.0, 0.0]], None)) == ["ARGUED", "NOT_APPLICABLE", "NOT_APPLICABLE"]
    assert verdicts(model(tanh, "1/8", ORTHOGONAL)) == ["NOT_APPLICABLE"] * 3
    assert verdicts(model(tanh, "0", ORTHOGONAL)) == ["NOT_APPLICABLE"] * 3
    with pytest.raises(SpecError, match="delta"):
        model(tanh, "1/16", ORTHOGONAL, delta="1/2").admit()


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_other_inputs(name: str) -> None:
    """One input, unequal norms, and an input that is 0 under an activation that does not vanish there."""
    assert verdicts(model(name, "1/64", [[1.0, 2.0]])) == ["ARGUED"] * 3
    assert verdicts(model(name, "1/64", [[1.0, 0.0], [0.5, 1.0], [0.0, 2.0]], None)) == ["ARGUED"] * 3
    if name == "sigmoid":
        assert verdicts(model(name, "1/64", [[0.0, 0.0], [0.5, 1.0]], None)) == ["ARGUED"] * 3


def test_norms_far_apart_and_an_input_that_is_zero_beside_many() -> None:
    """Bounds hold pair by pair, at no ball around all norms; the input that is 0 has a lower bound of its own."""
    assert verdicts(model("sigmoid", "1/64", [[0.001, 0.0], [0.0, 1000.0]], None)) == ["ARGUED"] * 3
    rows = [[float(i == j) * 1.5**j for j in range(1, 11)] for i in range(11)]
    assert verdicts(model("sigmoid", "1/64", rows, None)) == ["ARGUED"] * 3


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("rho", RHOS)
def test_the_bias_does_not_increase_with_the_width(name: str, rho: Fraction) -> None:
    """At a fixed smoothing; m times the bias of a smooth activation does not where rho^2 >= 1/2, and grows below."""
    setting = model(name, "1/128", ORTHOGONAL).widths.setting
    with precision(BITS):
        found = [(m, scale(setting, m, rho)) for m in (4**10, 4**13, 4**16)]
        sizes = [(m, bias(setting, k, enclose(Fraction(1, 64))).frobenius) for m, k in found if k is not None]
        assert len(sizes) == 3
        for (m, before), (more, after) in pairwise(sizes):
            assert after <= before
            if name != "relu":
                assert (more * after <= m * before) if 2 * rho**2 >= 1 else (more * after > m * before)


@pytest.mark.parametrize("norm", ["0", "1/100000000", "1/16", "1"])
@pytest.mark.parametrize("beta", ["1/2", "1"])
@pytest.mark.parametrize("sigma_w2", ["1/1000000000000", "1/100000", "1/4000"])
def test_the_bias_of_an_affine_neuron_is_inside(norm: str, beta: str, sigma_w2: str) -> None:
    """The mean is known; without an input (norm 0) the variance rests on φ(0). Nearly attained for small norms."""
    with precision(BITS):
        for rho in (Fraction(1, 2), Fraction(1), FAR):
            neuron = AffineModel(Fraction(1), Fraction(beta), Fraction(norm), Fraction(sigma_w2))
            setting = neuron.setting(Fraction(1, 20))
            k = scale(setting, 1, rho)
            if k is None:
                continue
            found, seen = bias(setting, k).largest, neuron.mean_below(k) - enclose(neuron.limit)
            assert seen <= found or not found.is_finite()
            if rho == FAR and sigma_w2 == "1/1000000000000" and norm in ("0", "1/100000000"):
                assert found * 99 / 100 < seen


def coefficient(phi: str) -> mpf:
    """The leading coefficient of m times the bias as w → 0, one input of norm √d, by quadrature."""
    function = {
        "tanh": mpmath.tanh,
        "erf": mpmath.erf,
        "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
        "x": lambda x: x,
    }[phi]
    grid = [-8, -4, -2, 0, 2, 4, 8]

    def mean(f: object) -> mpf:
        assert callable(f)
        return mpmath.quad(lambda z: f(z * mpmath.sqrt(2)) * mpmath.npdf(z), grid)

    value = {k: (lambda x, k=k: mpmath.diff(function, x, k) if k else function(x)) for k in range(3)}
    square = mean(lambda x: value[0](x) ** 2)
    curved = mean(lambda x: value[0](x) ** 3 * value[2](x)) - square * mean(lambda x: value[0](x) * value[2](x))
    tilted = mean(lambda x: (value[0](x) * value[1](x)) ** 2)
    return 2 * tilted + curved + tilted - square * mean(lambda x: value[1](x) ** 2)


@pytest.mark.parametrize(("phi", "least"), [("tanh", 0.0), ("erf", 0.0), ("sigmoid", 0.04), ("x", 0.66)])
def test_the_bias_of_weak_feedback_is_inside_its_bound(phi: str, least: float) -> None:
    """The exact leading coefficient is at most .71 of that of the bound; for a linear network it is two thirds."""
    inst = replace(model(phi, "1/16", [[1.0, 0.0]]), sigma_w2=Fraction(1, 2**61))
    with precision(BITS):
        k = scale(inst.widths.setting, 10**6, FAR)
        assert k is not None
        bound = mpf((bias(inst.widths.setting, k).largest * k.m / k.w).str(20, radius=False))
    assert least <= coefficient(phi) / bound <= 0.71
