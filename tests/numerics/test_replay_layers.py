"""A failure here means that a ball of the checker's kernels of deep networks does not hold the value that it is of."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from flint import arb, ctx

from certigram.numerics.deep.conventions import TangentConvention
from certigram.numerics.deep.network import deep_network
from certigram.numerics.deep.pair import pair_kernels
from certigram.numerics.replay import layers, slopes
from certigram.numerics.replay.activations import KNOWN
from certigram.numerics.replay.balls import Ball, ball, multiple, plus, quotient, root, times
from certigram.numerics.replay.expressions import arc_cosine
from certigram.numerics.replay.network import network_of, values
from certigram.numerics.replay.work import Work

BITS = 128
A, B, C = Fraction(3, 2), Fraction(2, 3), Fraction(3, 5)


def cross(c: Fraction) -> Iterator[tuple[int, int, Ball]]:
    yield 0, 0, ball(A, BITS)
    yield 1, 0, ball(c, BITS)
    yield 1, 1, ball(B, BITS)


def node(activation: Any, depth: int, convention: str | None) -> dict[str, Any]:
    last = convention in (None, "pre-activation")
    w, b = ["9/4", "5/3", 2, "2/3"][: depth + last], ["1/7", 0, "1/5", "1/3"][: depth + last]
    found = {"name": "ntk" if convention else "nngp", "activation": activation, "depth": depth}
    found |= {"sigma_w2": w, "sigma_b2": b}
    return {**found, "convention": convention} if convention else found


def outside(activation: Any, depth: int, convention: str | None, order: int = 64) -> list[tuple[int, int, float]]:
    """The entries whose balls miss the value of the prover's other route, pair by pair; asserts that none is wide."""
    made = node(activation, depth, convention)
    chosen = TangentConvention.named(convention or "pre-activation")
    network = deep_network(activation, depth, sigma_w2=made["sigma_w2"], sigma_b2=made["sigma_b2"], convention=chosen)
    missed = []
    for c in (C, -C):
        found = list(values(network_of(made), [A, B], cross(c), order, BITS, Work()))
        for (i, j, x), (a, b, d) in zip(found, ((A, A, A), (B, A, c), (B, B, B)), strict=True):
            true = pair_kernels(network, a, b, d, 120, chosen if convention else None)[-1 if convention else 0]
            old, ctx.prec = ctx.prec, 200
            gap = abs(true * 2**BITS - arb(x.middle))
            if not gap <= x.radius:
                missed.append((i, j, float(gap)))
            ctx.prec = old
            assert x.radius < 2 ** (BITS - (24 if order == 64 else 12))
    return missed


@pytest.mark.parametrize("convention", [None, *(c.value for c in TangentConvention)])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "erf", ["erf", "relu", "normal_cdf"]])
def test_closed_forms_through_three_layers(activation: Any, convention: str | None) -> None:
    assert not outside(activation, 3, convention)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "silu", "sin"])
def test_series_through_two_layers(activation: str) -> None:
    assert not outside(activation, 2, "readout")


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["gelu", "mish", "atan", "elu", "hard_tanh", "relu6", "softsign", "gaussian"])
def test_series_of_the_other_activations(activation: str) -> None:
    assert not outside(activation, 2, "pre-activation", 96)


@pytest.mark.parametrize(
    ("what", "activation"),
    [
        ("pi", "relu"),  # its digits from the fortieth on
        ("pi", "erf"),
        ("series", "tanh"),  # the orders, one too many
        ("differentiated", "tanh"),  # the derivative, of another function
    ],
)
def test_a_wrong_formula_is_noticed(what: str, activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest: Any = getattr(layers, what)
    wrong = {
        "pi": lambda bits: honest(bits) + (1 << bits - 40),
        "series": lambda a, b, t, bits: honest(a, b, t, bits)._replace(middle=honest(a, b, t, bits).middle * t >> bits),
        "differentiated": lambda terms: [(c, "sigmoid'", a, b) for c, _, a, b in terms],
    }
    monkeypatch.setattr(layers, what, wrong[what])
    assert outside(activation, 1, "pre-activation")


FUNCTIONS: dict[str, Any] = {
    "id": lambda x: x,
    "tanh": mpmath.tanh,
    "atan": mpmath.atan,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "phi": mpmath.ncdf,
    "gelu": lambda x: x * mpmath.ncdf(x),
    "erf": mpmath.erf,
    "mish": lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))),
    "gaussian": lambda x: mpmath.exp(-x * x / 2),
    "xgaussian": lambda x: x * mpmath.exp(-x * x / 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_and_their_bends(name: str) -> None:
    """Values within two units times 1 + |x|; no second difference beyond the bound of the table."""
    with mpmath.workdps(80):
        for k in range(-40, 41):
            x = mpmath.mpf(k) / 4 + mpmath.mpf(1) / 7
            units = int(x * 2**100)
            true = mpmath.diff(FUNCTIONS[name], mpmath.mpf(units) / 2**100)
            assert abs(slopes.height(f"{name}'", units, 100) - true * 2**100) < 2 * (1 + abs(x))
            assert abs(mpmath.diff(FUNCTIONS[name], x, 2)) <= mpmath.mpf(slopes.BENDS[name])


def test_all_smooth_functions_have_a_derivative() -> None:
    assert set(slopes.BENDS) == {name for name, known in KNOWN.items() if known.strip}


def test_mish_bends_less_than_one() -> None:
    """|mish''| < 1 by subdivision in balls on [-12, 12]; beyond, |2T' + xT''| <= 8(2 + |x|) exp(-|x|)."""
    old, ctx.prec = ctx.prec, 64
    stack = [(arb(k), arb(k + 1)) for k in range(-12, 12)]
    while stack:
        low, high = stack.pop()
        x = low.union(high)
        w = x.exp()
        below = w * w + 2 * w + 2
        first = 4 * w * (w + 1) / below**2
        second = 4 * w * (2 * w + 1) / below**2 - 16 * w * w * (w + 1) ** 2 / below**3
        if not abs(2 * first + x * second) < 1:
            middle = (low + high) / 2
            stack += [(low, middle), (middle, high)]
        assert len(stack) < 400
    ctx.prec = old


def test_arithmetic_of_balls() -> None:
    """Each operation holds what it is of, at the ends of its arguments and between."""
    one = 1 << 40
    for a, b in ((Ball(3 * one, 5), Ball(one // 7, 9)), (Ball(-one // 3, 1000), Ball(2 * one, 0))):
        for k in (-1, 0, 1):
            for m in (-1, 0, 1):
                x, y = Fraction(a.middle + k * a.radius, one), Fraction(b.middle + m * b.radius, one)
                for found, true in (
                    (plus(a, b), x + y),
                    (times(a, b, 40), x * y),
                    (quotient(a, b, 40), x / y),
                    (multiple(a, Fraction(-2, 3)), -x * 2 / 3),
                ):
                    assert abs(true * one - found.middle) <= found.radius
        square = root(b, 40)
        for m in (-1, 0, 1):
            y = mpmath.sqrt(mpmath.mpf(b.middle + m * b.radius) / one)
            assert abs(y * one - square.middle) <= square.radius
    assert root(Ball(0, 4), 40).radius >= 2 << 20


@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_arc_cosine_kernels(order: int) -> None:
    """Against the expectation that they are, by quadrature over the angle."""
    from certigram.numerics.replay.expressions import Space
    from certigram.numerics.replay.inputs import Inputs

    given = Inputs([[9], [-2, 5]], 3, [Fraction(3), Fraction(5, 3)], Fraction(1))
    found = list(arc_cosine({"name": "arc-cosine", "order": order}, Space(given, False, 3, BITS)))
    with mpmath.workdps(40):
        angle = mpmath.acos(-2 / mpmath.sqrt(45))
        share = mpmath.quad(
            lambda t: mpmath.cos(t) ** order * mpmath.cos(t - angle) ** order, [angle - mpmath.pi / 2, mpmath.pi / 2]
        )
        radial = mpmath.quad(lambda r: r ** (2 * order + 1) * mpmath.exp(-r * r / 2), [0, 5, 30])
        true = share * radial / mpmath.pi * mpmath.sqrt(45) ** order
        assert abs(true * 2**BITS - found[1].middle) <= found[1].radius + 2 ** (BITS - 90)
        assert found[1].radius < 2 ** (BITS - 100)
