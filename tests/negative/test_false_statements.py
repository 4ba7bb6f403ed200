"""A failure here means that a false statement was proved, or that a true one just as close to the truth was not.

Every truth is computed independently of the package, by closed forms in mpmath at 60 digits or by exact arithmetic. The
false statement moves it by one part in 10^9 to the wrong side, the true one by as much to the right side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache

import mpmath as mp
import numpy as np
import pytest

import certigram as cg
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least
from certigram.numerics.papers.deep_equilibrium.population.contraction import contraction_squared

RELATIVE = Fraction(1, 10**9)
Real = mp.mpf
Statement = Callable[[Fraction], cg.Verdict]  # the statement "quantity >= bound"


# --- truths, in mpmath only -------------------------------------------------------------------------------------------


def _relu(a: Real, b: Real, c: Real) -> Real:
    root = mp.sqrt(max(a * b - c * c, mp.mpf(0)))
    return (root + c * (mp.pi - mp.atan2(root, c))) / (2 * mp.pi)


def _erf(a: Real, b: Real, c: Real) -> Real:
    return 2 / mp.pi * mp.asin(2 * c / mp.sqrt((1 + 2 * a) * (1 + 2 * b)))


def _gelu(a: Real, b: Real, c: Real) -> Real:
    d = (1 + a) * (1 + b) - c * c
    tail = (a * b * d + c * c) / (2 * mp.pi * (1 + a) * (1 + b) * mp.sqrt(d))
    return c / 4 + c / (2 * mp.pi) * mp.atan(c / mp.sqrt(d)) + tail


DUALS: dict[str, Callable[[Real, Real, Real], Real]] = {
    "relu": _relu,
    "erf": _erf,
    "gelu": _gelu,
    "sin": lambda a, b, c: mp.exp(-(a + b) / 2) * mp.sinh(c),
    "cos": lambda a, b, c: mp.exp(-(a + b) / 2) * mp.cosh(c),
    "exp(-x**2)": lambda a, b, c: 1 / mp.sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c * c),
    "x*exp(-x**2/2)": lambda a, b, c: c / mp.sqrt((1 + a) * (1 + b) - c * c) ** 3,
    "abs": lambda a, b, c: _relu(a, b, c) * 2 + _relu(a, b, -c) * 2,
}
GRAMS: list[list[list[str]]] = [
    [["1", "1/2"], ["1/2", "1"]],
    [["1", "-99/100"], ["-99/100", "1"]],
    [["1", "1/2", "-1/4"], ["1/2", "1", "1/5"], ["-1/4", "1/5", "1"]],
    [["1" if i == j else "1/3" for j in range(5)] for i in range(5)],
]


def _exactly(x: Real) -> Fraction:
    sign, mantissa, exponent, _ = x._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _real(text: str | Fraction) -> Real:
    q = Fraction(text)
    return mp.mpf(q.numerator) / q.denominator


@cache
def _equilibrium(name: str, which: int, sigma_w2: str) -> tuple[Fraction, Fraction]:
    """q and the least eigenvalue of K, by plain fixed-point iteration."""
    dual, w = DUALS[name], 2 * _real(sigma_w2)
    with mp.workdps(60):
        s = mp.mpf(2)
        for _ in range(400):
            s = 2 + w * dual(s, s, s)
        n = len(GRAMS[which])
        K = mp.zeros(n)
        for i in range(n):
            for j in range(n):
                t, c = _real(GRAMS[which][i][j]), mp.mpf(0)
                for _ in range(400):
                    c = 2 * t + w * dual(s, s, c) if i != j else s
                K[i, j] = dual(s, s, c)
        return _exactly(K[0, 0]), _exactly(min(mp.eigsy(K, eigvals_only=True)))


# --- statements -------------------------------------------------------------------------------------------------------


def _eigenvalues() -> Iterator[tuple[str, Fraction, Statement]]:
    for name in ("relu", "erf", "gelu", "sin", "cos", "x*exp(-x**2/2)"):
        for which, C in enumerate(GRAMS):
            for sigma_w2 in ("0", "1/16", "3/10") if which == 0 else ("1/16",):
                K = cg.population_gram("deq-general", input_gram=C, activation=name, sigma_w2=sigma_w2)
                q, least = _equilibrium(name, which, sigma_w2)
                where = f"{name}, {which}, {sigma_w2}"
                yield f"eigenvalue {where}", least, lambda bound, K=K: cg.certify(K, at_least=bound).verdict
                if which == 0:
                    yield f"q {where}", q, lambda bound, K=K: K.ball(0, 0) >= bound
                    yield f"-q {where}", -q, lambda bound, K=K: K.ball(1, 1) <= -bound


def _dual_values() -> Iterator[tuple[str, Fraction, Statement]]:
    laws = [("13/10", "7/10", "-2/5"), ("1", "1", "1"), ("4", "1/9", "2/3"), ("1", "1", "999999/1000000")]
    laws += [("1/1000000", "1000000", "1/2"), ("50", "50", "-49"), ("1", "4", "-2")]
    for name, dual in DUALS.items():
        phi = cg.activation(name)
        for law in laws:
            with mp.workdps(60):
                truth = _exactly(dual(*map(_real, law)))
            if abs(truth) < Fraction(1, 10**40):
                continue  # exactly zero: there is no relative distance
            ball = phi.dual(*law)
            yield f"dual {name} {law}", truth, lambda bound, ball=ball: ball >= bound
            yield f"-dual {name} {law}", -truth, lambda bound, ball=ball: ball <= -bound


def _moments() -> Iterator[tuple[str, Fraction, Statement]]:
    """Coefficients and tails of erf and exp: mu_1 = sigma E phi', E exp^2 = e^{2v}, mu_r = sigma^r e^{v/2}/sqrt(r!)."""
    for variance in ("1/100", "2", "9"):
        with mp.workdps(60):
            v = _real(variance)
            slope = mp.sqrt(v) * 2 / mp.sqrt(mp.pi * (1 + 2 * v))
            terms = [mp.sqrt(v) ** r * mp.exp(v / 2) / mp.sqrt(mp.factorial(r)) for r in range(6)]
            rest = mp.nsum(lambda r, v=v: v**r * mp.exp(v) / mp.factorial(r), [6, mp.inf])
            truths = [("erf", 1, _exactly(slope)), *(("exp", r, _exactly(mu)) for r, mu in enumerate(terms))]
            tail = _exactly(rest)
        for name, r, truth in truths:
            ball = cg.activation(name).hermite(5, variance)[r]
            yield f"mu_{r} {name} {variance}", truth, lambda bound, ball=ball: ball >= bound
        ball = cg.activation("exp").hermite_tail(5, variance)
        yield f"tail {variance}", tail, lambda bound, ball=ball: ball >= bound


def _lipschitz() -> Iterator[tuple[str, Fraction, Statement]]:
    with mp.workdps(60):
        truths = {
            "erf(3*x)": 6 / mp.sqrt(mp.pi),
            "tanh(2*x)/3": mp.mpf(2) / 3,
            "x*exp(-x**2/2)": mp.mpf(1),
            "exp(-x**2/8)": mp.exp(-mp.mpf(1) / 2) / 2,
            "gelu": (1 + mp.erf(1)) / 2 + mp.exp(-1) / mp.sqrt(mp.pi),
            "x + sin(3*x)": mp.mpf(4),
            "Max(x, 0) + tanh(x)": mp.mpf(2),
            "sigmoid(5*x) - x/7": mp.mpf(5) / 4 - mp.mpf(1) / 7,
        }
        exact = {name: _exactly(value) for name, value in truths.items()}
    for name, truth in exact.items():
        ball = cg.activation(name).lipschitz()
        assert ball is not None, name
        yield f"L({name})", truth, lambda bound, ball=ball: ball >= bound
        yield f"-L({name})", -truth, lambda bound, ball=ball: ball <= -bound
        edge = 1 / (2 * truth**2)
        yield f"range of {name}", edge, lambda bound, name=name, ball=ball: _admitted(name, bound, ball)


def _admitted(name: str, sigma_w2: Fraction, lipschitz: cg.Ball) -> cg.Verdict:
    """Whether a sigma_w2 is proved to lie inside the contraction range."""
    try:
        contraction_squared(name, sigma_w2, lipschitz.arb)
    except cg.CertigramError:
        return cg.Verdict.UNKNOWN
    return cg.Verdict.PROVED


def _known_spectra() -> Iterator[tuple[str, Fraction, Statement]]:
    """Q diag(integers) Q with the reflection Q = I - (2/n) s s^T, n a power of two: exact in float64."""
    rng = np.random.default_rng(5)
    for n in (1, 2, 4, 8, 16, 32):
        for least in (1, 7, -3, 1000):
            values = np.sort(rng.integers(least, 4096, n)).astype(float)
            values[0] = least
            s = rng.choice([-1.0, 1.0], n)
            Q = np.eye(n) - (2 / n) * np.outer(s, s)
            matrix = cg.BallMatrix(Q @ np.diag(values) @ Q, 0.0)
            yield f"order {n}", Fraction(least), lambda bound, m=matrix: decide_at_least(m, bound)[0]


GROUPS: dict[str, tuple[Callable[[], Iterator[tuple[str, Fraction, Statement]]], int]] = {
    "least eigenvalues and diagonals": (_eigenvalues, 72),
    "dual activations": (_dual_values, 90),
    "coefficients and tails": (_moments, 20),
    "Lipschitz constants": (_lipschitz, 24),
    "exactly known spectra": (_known_spectra, 24),
}


def test_the_statements_are_more_than_two_hundred() -> None:
    assert sum(least for _, least in GROUPS.values()) >= 200


@pytest.mark.parametrize("group", GROUPS)
def test_false_is_never_proved_and_true_always_is(group: str) -> None:
    statements, least = GROUPS[group]
    count = 0
    for label, truth, decide in statements():
        count += 1
        assert decide(truth + abs(truth) * RELATIVE) is not cg.Verdict.PROVED, f"false, but proved: {label}"
        assert decide(truth - abs(truth) * RELATIVE) is cg.Verdict.PROVED, f"true, but not proved: {label}"
    assert count >= least
