"""A failure here means that a finite-width theorem is evaluated wrongly: a width that is printed is no proof.

The formulas are written down a second time below, in mpmath and from the page, pair by pair and without balls; settings
of random numbers decide whether both are the same. Widths are compared with the float64 evaluation that came with the
theorems (two orthogonal inputs, n = 2, d = 2, δ = 1/20).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import mpmath
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from certigram.numerics.balls.ball import Ball, enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.papers.deep_equilibrium.width.bias import PASSES, smooth_bias
from certigram.numerics.papers.deep_equilibrium.width.gram import gram
from certigram.numerics.papers.deep_equilibrium.width.scale import scale
from certigram.numerics.papers.deep_equilibrium.width.setting import (
    BITS,
    ActivationBounds,
    NormGroup,
    WidthSetting,
)
from certigram.numerics.papers.deep_equilibrium.width.smoothed import bias, lipschitz_bias
from certigram.numerics.papers.deep_equilibrium.width.whitened import Concentration

TENTH = Fraction(1, 10)


@dataclass(frozen=True)
class Numbers:
    """Everything that the theorems ask for, as exact numbers; cap and second may be missing."""

    m: int
    delta: Fraction
    rho: Fraction
    lipschitz: Fraction
    second: Fraction | None
    at_zero: Fraction
    cap: Fraction | None
    w: Fraction
    norms: tuple[Fraction, ...]
    variances: tuple[Fraction, ...]
    input_norm: Fraction
    gram_norm: Fraction
    least: Fraction
    inverse: Fraction

    @property
    def n(self) -> int:
        """The number of inputs."""
        return len(self.norms)

    def setting(self) -> WidthSetting:
        """The same as the package takes it."""
        with precision(BITS):
            cap = None if self.cap is None else enclose(self.cap)
            second = None if self.second is None else enclose(self.second)
            unit = (2 / arb.pi()).sqrt() * enclose(self.lipschitz)
            phi = ActivationBounds(enclose(self.lipschitz), second, enclose(self.at_zero), cap, unit, unit)
            pairs = zip(self.norms, self.variances, strict=True)
            groups = tuple(NormGroup(1, enclose(c), enclose(q)) for c, q in pairs)
            rest = map(enclose, (self.w, self.input_norm, self.gram_norm, self.least, self.least, self.inverse))
            w, *others = rest
            return WidthSetting(self.delta, self.n, None, phi, w, groups, *others)


class Transcription:
    """The page's section "Constants, in the order of evaluation", for Lipschitz φ' and, with ``tau``, for any φ."""

    def __init__(self, x: Numbers, tau: mpf | None = None) -> None:
        def f(q: Fraction) -> mpf:
            return mpf(q.numerator) / q.denominator

        self.x, self.tau = x, tau
        self.L, self.w, self.m, self.n = f(x.lipschitz), f(x.w), mpf(x.m), x.n
        self.c, self.Kd = [f(c) for c in x.norms], [f(q) for q in x.variances]
        self.phi0, self.Phi = f(x.at_zero), mp.inf if x.cap is None else f(x.cap)
        self.L2 = None if x.second is None else f(x.second)
        self.C, self.K, self.lam, self.trinv, self.delta = map(
            f, (x.input_norm, x.gram_norm, x.least, x.inverse, x.delta)
        )
        theta = self.theta = mp.sqrt(self.w) * self.L
        ta = f(x.rho) * mp.sqrt(8 * (mp.log(4 / self.delta) + 2 * mp.log(self.m)) / self.m)
        self.a, self.a0 = theta * (2 + ta), theta * (2 + ta / 2)
        if self.a >= 1:
            return
        self.kappa = 1 / (1 - self.a)
        self.ell = self.L * self.kappa
        self.sigma = self.ell * mp.sqrt(self.w / self.m)
        self.pa, self.p0 = mp.exp(-self.m * ta**2 / 2), mp.exp(-self.m * ta**2 / 8)
        if tau is None:
            self.D = self.theorem_a(self.Kd, self.Kd, self.phi0, self.phi0, self.L2)
            self.q = self.last_q
        else:
            self.theorem_d(tau)
        self.R, self.S, _ = self.moments(self.q, self.phi0)

    def moments(self, q: list[mpf], phi0: mpf) -> tuple[list[mpf], list[mpf], list[mpf]]:
        R, S, P = [], [], []
        for c, qi in zip(self.c, q, strict=True):
            s = self.w * qi + 2 * c
            S.append(mp.sqrt(s) * mp.exp(2 * self.sigma**2))
            old = (qi**2 + 4 * self.ell**2 / (self.w * self.m) * s**2 * mp.exp(8 * self.sigma**2)) ** mpf("0.25")
            k = 4 * self.ell**2 / self.m
            new = mp.sqrt((k * S[-1] ** 2 + mp.sqrt(k**2 * S[-1] ** 4 + 4 * qi**2)) / 2)
            R.append(min(self.Phi, old, new))
            inner = self.a / self.L * R[-1] + mp.sqrt(2 * c) * (1 + 2 / self.m) ** mpf("0.25")
            P.append(min(self.Phi, phi0 + self.L * max(mp.sqrt(s / (1 - self.p0)), inner)))
        return R, S, P

    def theorem_a(self, Klow: list[mpf], Khigh: list[mpf], phi0: mpf, phi0_low: mpf, L2: mpf) -> list[list[mpf]]:
        """D_ij; K_ii lies between two ends (they differ for a smoothed activation)."""
        L, w, m, kap, ell, p0, a, a0 = self.L, self.w, self.m, self.kappa, self.ell, self.p0, self.a, self.a0
        th, n = self.theta, self.n
        var = [2 * c if c > 0 else w * phi0_low**2 / (1 + a) ** 2 for c in self.c]
        q = [min(self.Phi**2, kap**2 * (phi0 + L * mp.sqrt(2 * c)) ** 2) for c in self.c]

        def B(i: int, j: int) -> mpf:
            if var[i] == 0 or var[j] == 0:
                return mp.inf
            R, S, P = self.moments(q, phi0)
            s = [w * qi + 2 * c for qi, c in zip(q, self.c, strict=True)]
            rho1, rho2 = mp.sqrt(s[j] / ((1 - p0) * var[i])), mp.sqrt(s[i] / ((1 - p0) * var[j]))
            h12 = L**2
            h11 = min(L2 * P[j], 2 * L * P[j] / mp.sqrt(var[i]) + L**2 * rho1)
            h22 = min(L2 * P[i], 2 * L * P[i] / mp.sqrt(var[j]) + L**2 * rho2)
            g = mpf(2) / 3 * L * L2
            g1 = mp.pi / 2 * L2 * P[j] / mp.sqrt(var[i]) + mpf(2) / 3 * L * L2 * rho1
            g2 = mp.pi / 2 * L2 * P[i] / mp.sqrt(var[j]) + mpf(2) / 3 * L * L2 * rho2
            R1, R2, S1, S2 = R[i], R[j], S[i], S[j]
            J12, J1, J2 = g * (S1 + S2), g1 * S1 + g * S2, g2 * S2 + g * S1
            one = w * kap * ell / 2 * (2 * (R1 * S2 + R2 * S1) * J12 + 2 * R1 * S1 * J1 + 2 * R2 * S2 * J2)
            cross = S1 * S2 * (h12 * (2 * ell**2 + L2 * kap**3 * (R1 + R2)) + 2 * kap * ell * g * (R1 + R2))
            first = S1**2 * (h11 * (ell**2 + L2 * kap**3 * R1) + kap * ell * (g1 * R1 + g * R2))
            last = S2**2 * (h22 * (ell**2 + L2 * kap**3 * R2) + kap * ell * (g2 * R2 + g * R1))
            two = w / 2 * (cross + first + last)
            three = w**2 * ell**2 / mp.sqrt(m) * (2 * L**2 * R1 * R2 + h11 * R1**2 + h22 * R2**2)
            edge = 2 * L**2 * S1 * S2 + h11 * S1**2 + h22 * S2**2
            three += w / (2 * mp.sqrt(m)) * p0 ** mpf("0.25") * L * ell / (a - a0) * edge
            four = w * ell * L * (mp.sqrt(q[i]) * P[j] + mp.sqrt(q[j]) * P[i])
            four += w * L**2 * mp.sqrt(p0) / (a - a0) * (R1 * P[j] + R2 * P[i])
            return one + two + three + four

        def t(i: int, j: int) -> mpf:
            R, S, _ = self.moments(q, phi0)
            return mp.sqrt(p0) / (1 - p0) * ell / mp.sqrt(m) * (R[i] * S[j] + R[j] * S[i])

        d = [mp.inf] * n
        D = [[mp.inf] * n for _ in range(n)]
        for i in range(n):
            for _ in range(PASSES):
                b = B(i, i) / (m * (1 - p0))
                under = 1 - th - th * b / ((1 - th) * Klow[i]) if Klow[i] > 0 else mpf(-1)
                if under <= 0:
                    break
                d[i] = b / under
                D[i][i] = d[i] + t(i, i)
                q[i] = min(q[i], Khigh[i] + D[i][i])
        self.last_q = q
        for i, j in product(range(n), repeat=2):
            if i == j or mp.inf in (d[i], d[j]):
                continue

            def A(i: int, j: int) -> mpf:
                f = mp.sqrt(Khigh[j]) + L * w * d[j] / mp.sqrt(w * Klow[j] + 2 * self.c[j])
                root = mp.sqrt((w * Khigh[j] + 2 * self.c[j] + w * d[j]) / var[i])
                return min(L2 * f, L * f / mp.sqrt(var[i]) + L**2 * root) / 2

            top = B(i, j) / (m * (1 - p0)) + w * (A(i, j) * d[i] + A(j, i) * d[j])
            D[i][j] = top / (1 - th**2) + t(i, j)
        return D

    def theorem_d(self, tau: mpf) -> None:
        """Lipschitz activations: D and q from those of the smoothed one."""
        size, n = mp.sqrt(2 / mp.pi) * self.L, self.n
        delta, second = size * tau, size / tau
        e, net = delta / (1 - self.theta), self.kappa * delta
        low = [max(mp.sqrt(K) - e, mpf(0)) ** 2 for K in self.Kd]
        high = [(mp.sqrt(K) + e) ** 2 for K in self.Kd]
        D = self.theorem_a(low, high, self.phi0 + delta, max(self.phi0 - delta, mpf(0)), second)
        smooth = [mp.sqrt(q) for q in self.last_q]
        self.D = [
            [
                D[i][j] + net * (smooth[j] + net + smooth[i]) + e * (mp.sqrt(self.Kd[j]) + mp.sqrt(high[i]))
                for j in range(n)
            ]
            for i in range(n)
        ]
        start = [min(self.Phi**2, self.kappa**2 * (self.phi0 + self.L * mp.sqrt(2 * c)) ** 2) for c in self.c]
        self.q = [min(start[i], (smooth[i] + net) ** 2, self.Kd[i] + self.D[i][i]) for i in range(n)]

    def frobenius(self) -> mpf:
        """The diagonal, and n(n − 1) times the square of the largest other entry."""
        off = max((self.D[i][j] for i, j in product(range(self.n), repeat=2) if i != j), default=mpf(0))
        return mp.sqrt(sum(self.D[i][i] ** 2 for i in range(self.n)) + self.n * (self.n - 1) * off**2)

    def gamma_hat(self) -> tuple[mpf, mpf]:
        """The bound of E‖G‖, and e_F."""
        e = 2 * self.ell / mp.sqrt(self.m) * mp.sqrt(sum(r**2 for r in self.R) * sum(s**2 for s in self.S))
        return min(sum(self.q), self.K + self.frobenius() + e), e

    def epsilon(self) -> mpf:
        """Theorem B."""
        ghat, e = self.gamma_hat()
        t1 = mp.sqrt(2 * mp.log(4 / self.delta))
        big = mp.sqrt(self.w * ghat + 2 * self.C) * mp.exp(self.sigma * t1)
        gamma = (big**2 - 2 * self.C) / self.w
        tail = 2 * self.ell * big * mp.sqrt(gamma) / mp.sqrt(self.m) * mp.sqrt(2 * mp.log(1 / self.delta))
        return self.frobenius() + mpf(3) / 2 * e + tail

    def whitened(self, eta: mpf, t1: mpf, eps: mpf) -> tuple[mpf | None, mpf | None]:
        """The right sides of C1 and C2."""
        beta, x0 = self.frobenius() / self.lam, mp.sqrt(self.w * self.gamma_hat()[0] + 2 * self.C)
        big = x0 * mp.exp(self.sigma * t1)
        lam1 = self.ell * big / mp.sqrt(self.m * self.lam)
        base = self.pa + mp.exp(-(t1**2) / 2)
        net = trace = None
        if t1 > 2 * self.sigma:
            var = big**2 / (self.w * self.lam) * mp.exp(-(t1**2) / 2) * t1 / (t1 - 2 * self.sigma)
            e1 = (1 - 2 * eps) * eta
            if 1 - beta - var - lam1**2 > 0:
                tau = min(
                    mp.sqrt(1 - beta - var - lam1**2) - mp.sqrt(1 - e1), mp.sqrt(1 + e1) - mp.sqrt(1 + beta + var)
                )
                if tau > 0:
                    net = base + 2 * (1 + 2 / eps) ** self.n * mp.exp(-(tau**2) / (2 * lam1**2))
        y = x0**2 * mp.exp(4 * self.sigma**2) * self.n * (1 + beta)
        y += 4 * self.ell**2 / (self.m * self.lam) * x0**4 * mp.exp(8 * self.sigma**2)
        x = beta + mpf(3) / 2 * mp.sqrt(4 * self.ell**2 / self.m * self.trinv * y)
        if x < 1 and mp.exp(-(t1**2) / 2) <= mpf("0.05"):
            t = min(mp.sqrt(1 - x) - mp.sqrt(1 - eta), mp.sqrt(1 + eta) - mp.sqrt(1 + x)) / lam1
            trace = base + mp.exp(-(t**2) / 2) if t > 0 else None
        return net, trace


def same(ball: arb, value: mpf) -> bool:
    """The two evaluations, 128 bits and 40 digits, agree to 25 digits, or neither gives a bound."""
    if not ball.is_finite() or not mp.isfinite(value):
        return not ball.is_finite() and not mp.isfinite(value)
    return abs(mpf(ball.str(38, radius=False)) - value) <= mpf(10) ** -25 * abs(value)


def rationals(low: int, high: int) -> st.SearchStrategy[Fraction]:
    """Fractions over 64 between two of them, in 64ths."""
    return st.integers(low, high).map(lambda k: Fraction(k, 64))


@st.composite
def numbers(draw: st.DrawFn, *, second: bool = True) -> Numbers:
    """Settings of any numbers: the formulas are compared, not what they mean."""
    n, same_norm = draw(st.integers(1, 3)), draw(st.booleans())
    norms = tuple(draw(rationals(0, 256)) for _ in range(n))
    variances = tuple(draw(rationals(1, 256)) for _ in range(n))
    if same_norm:
        norms, variances = norms[:1] * n, variances[:1] * n
    lipschitz = draw(rationals(16, 96))
    w = draw(st.integers(1, 60)) * Fraction(1, 1024) / lipschitz**2
    cap = draw(st.none() | rationals(64, 192))
    at_zero = draw(rationals(1, 64))
    return Numbers(
        draw(st.integers(1, 60).map(lambda e: 2**e)),
        draw(st.sampled_from([Fraction(1, 5), Fraction(1, 20), Fraction(1, 10**6)])),
        draw(st.sampled_from([Fraction(1, 2), Fraction(5, 7), Fraction(1), Fraction(2)])),
        lipschitz,
        draw(rationals(0, 128)) if second else None,
        at_zero if cap is None else min(cap, at_zero),
        cap,
        w,
        norms,
        variances,
        max(sum(norms), Fraction(1, 64)),
        sum(variances),
        min(variances) * draw(rationals(1, 64)),
        n / min(variances),
    )


@settings(max_examples=60, deadline=None)
@given(numbers(), rationals(128, 512), st.integers(1, 49))
def test_the_theorems_are_those_of_the_page(x: Numbers, t_1: Fraction, percent: int) -> None:
    """Two programs, one page: D_ij, ε, C1 and C2, whether the norms differ or not."""
    with mp.workdps(45):
        page, given_ = Transcription(x), x.setting()
        with precision(BITS):
            k = scale(given_, x.m, x.rho)
            if page.a >= 1:
                assert k is None
                return
            assert k is not None
            assert x.second is not None
            found = smooth_bias(k, given_.phi, enclose(x.second), given_.groups)
            assert all(same(d, page.D[i][i]) for i, d in enumerate(found.diagonal))
            off = max((page.D[i][j] for i, j in product(range(x.n), repeat=2) if i != j), default=mpf(0))
            assert same(found.off, off)
            if not mp.isfinite(page.frobenius()):
                return
            c = Concentration.of(given_, k)
            eps = Fraction(percent, 100)
            net, trace = page.whitened(mpf(1) / 2, mpf(t_1.numerator) / t_1.denominator, mpf(percent) / 100)
            for ours, theirs in (
                (c.net(enclose(Fraction(1, 2)), enclose(t_1), enclose(eps)), net),
                (c.trace(enclose(Fraction(1, 2)), enclose(t_1)), trace),
            ):
                assert ours is None if theirs is None else ours is not None and same(ours, theirs)
        first = gram(given_, x.m, x.rho)
        assert first is None if page.pa > page.delta / 4 else first is not None and same(first.distance, page.epsilon())


@settings(max_examples=25, deadline=None)
@given(numbers(second=False), st.integers(-12, 2))
def test_theorem_d_is_that_of_the_page(x: Numbers, exponent: int) -> None:
    """Lipschitz activations at one smoothing: the diagonal, and with one norm all entries."""
    with mp.workdps(45), precision(BITS):
        page, given_ = Transcription(x, mpf(2) ** exponent), x.setting()
        k = scale(given_, x.m, x.rho)
        if page.a >= 1 or k is None:
            return
        found = lipschitz_bias(given_, k, arb((1, exponent)))
        # K of the smoothed model is a ball around two ends, with a radius of 30 bits: bounds are wider, never below
        for i, d in enumerate(found.diagonal):
            if d.is_finite():
                value = mpf(d.str(38, radius=False))
                assert page.D[i][i] * (1 - mpf(10) ** -25) <= value
                assert x.norms[i] == 0 or value <= page.D[i][i] * (1 + mpf(10) ** -3) or d > 1
        if mp.isfinite(page.frobenius()) and found.frobenius.is_finite():
            assert mpf(found.frobenius.str(38, radius=False)) >= page.frobenius() * (1 - mpf(10) ** -25)
        assert bias(given_, k).frobenius.is_finite() or not found.frobenius.is_finite()


def test_the_numbers_are_balls_around_what_they_bound() -> None:
    """A setting with wide balls gives bounds that are above those of every setting inside."""

    def at(c: str, q: str) -> arb:
        x = Numbers(
            4096,
            TENTH,
            Fraction(1),
            Fraction(1),
            Fraction(1),
            Fraction(0),
            None,
            Fraction(1, 16),
            (Fraction(c),),
            (Fraction(q),),
            Fraction(1),
            Fraction(1),
            TENTH,
            Fraction(10),
        )
        with precision(BITS):
            given_ = x.setting()
            k = scale(given_, 4096)
            assert k is not None
            wide = tuple(
                NormGroup(1, g.norm.union(enclose(Fraction(1))), g.variance.union(enclose(Fraction(1, 2))))
                for g in given_.groups
            )
            alone = smooth_bias(k, given_.phi, arb(1), given_.groups).largest
            both = smooth_bias(k, given_.phi, arb(1), wide).largest
            assert alone <= both
            return alone

    assert at("1", "1/2") < at("1.5", "0.7")
    assert Ball(at("1", "1/2")).finite
    assert mpmath.mp.prec < 200  # nothing was left behind
