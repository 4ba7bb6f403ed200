"""A failure here means that an equilibrium Gram entry for points of different norms lies outside its proved radius."""

from dataclasses import dataclass
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from flint import arb, fmpq

from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.numerics.kernels.cosines import Cosines, cosines, cosines_arb
from certigram.numerics.kernels.gram import gram
from certigram.numerics.kernels.series import DotProductSeries
from certigram.numerics.papers.deep_equilibrium.population.gram_unequal import MAX_STEPS, gram_unequal
from certigram.theory.errors import SpecError

BITS = 200


@dataclass(frozen=True)
class Transform:
    coefficients: tuple
    second_moment: arb
    tail: arb
    variance: arb


def erf_transform(s: arb, order: int) -> Transform:
    """erf: μ_{2k+1}² = (2/π) binom(2k, k)/(4^k (2k+1)) w^(2k+1) with w = 2s/(1+2s), signs alternating in k."""
    w = 2 * s / (1 + 2 * s)
    terms = [arb(0)] * (order + 1)
    for k in range((order + 1) // 2):
        square = 2 / arb.pi() * arb(comb(2 * k, k)) / (arb(4) ** k * (2 * k + 1)) * w ** (2 * k + 1)
        terms[2 * k + 1] = (-1) ** k * square.sqrt()
    q = 2 / arb.pi() * w.asin()
    return Transform(tuple(terms), q, q - sum(t * t for t in terms), s)


def erf_kernel(s: arb, t: arb, rho: arb) -> arb:
    return 2 / arb.pi() * (2 * rho * (s * t).sqrt() / ((1 + 2 * s) * (1 + 2 * t)).sqrt()).asin()


def wave_transform(s: arb, order: int) -> Transform:
    """sin + cos, with every order present: |μ_r| = s^(r/2) exp(-s/2)/sqrt(r!), and E φ² = 1."""
    terms = tuple((-1) ** (r // 2) * s.sqrt() ** r * (-s / 2).exp() / arb(r).fac().sqrt() for r in range(order + 1))
    return Transform(terms, arb(1), (arb(1) - sum(t * t for t in terms)).nonnegative_part(), s)


def wave_kernel(s: arb, t: arb, rho: arb) -> arb:
    return (rho * (s * t).sqrt() - (s + t) / 2).exp()


MODELS = {
    "erf": (erf_transform, erf_kernel, 2 / arb.pi().sqrt(), 61),
    "sin + cos": (wave_transform, wave_kernel, arb(2).sqrt(), 45),
}


def variance_of(transform, norm: Fraction, sigma_w2: Fraction) -> arb:
    """The variance s = 2 v + 2 σ_w² q(s), to working precision."""
    v, w = arb(fmpq(norm.numerator, norm.denominator)), arb(fmpq(sigma_w2.numerator, sigma_w2.denominator))
    s = 2 * v
    for _ in range(400):
        s = (2 * v + 2 * w * transform(s, 1).second_moment).mid()
    return s


def correlation(kernel, s, t, c, sigma_w2, shares):
    """The fixed point of ρ = 2 σ_w² κ(ρ)/sqrt(s t) + a_i a_j c, by 400 steps of a contraction (0.96 or less)."""
    w = 2 * arb(fmpq(sigma_w2.numerator, sigma_w2.denominator)) / (s * t).sqrt()
    rho = arb(0)
    for _ in range(400):
        rho = (w * kernel(s, t, rho) + shares * c).mid()
    return rho


def case(model, table, sigma_w2, order=None):
    transform, kernel, lipschitz, default = MODELS[model]
    order = order or default
    c = cosines(table)
    with precision(300):
        norms = [c.source.second_moment(i) for i in range(c.n)]
        distinct = sorted(set(norms))
        variances = {v: variance_of(transform, v, sigma_w2) for v in distinct}
        transforms = [transform(variances[v], order) for v in distinct]
        index = [distinct.index(v) for v in norms]
    k = gram_unequal(transforms, index, c, sigma_w2=sigma_w2, lipschitz=lipschitz)
    exact = cosines_arb(table, 300)
    return k, exact, [variances[v] for v in norms], kernel, transforms, index, c


def assert_encloses(k: BallMatrix, exact, variances, kernel, sigma_w2, transforms, index) -> float:
    worst = 0.0
    with precision(300):
        w = arb(fmpq(sigma_w2.numerator, sigma_w2.denominator))
        shares = [(1 - 2 * w * transforms[i].second_moment / transforms[i].variance).sqrt() for i in index]
        for i in range(k.n):
            for j in range(i + 1):
                if i == j:
                    value = transforms[index[i]].second_moment
                else:
                    s, t = variances[i], variances[j]
                    rho = correlation(kernel, s, t, exact[i, j], sigma_w2, shares[i] * shares[j])
                    value = kernel(s, t, rho)
                error = abs(value - arb(float(k.mid[i, j])))
                assert error.lower() <= arb(k.radius(i, j)), (i, j, error, k.radius(i, j))
                worst = max(worst, float(error) / (k.radius(i, j) or 1.0))
    return worst


def data_sets():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 5))
    return {
        "near one norm": x,
        "few norms": np.ldexp(np.sign(x), rng.integers(-1, 2, (8, 1))),
        "different norms": x * 10.0 ** rng.uniform(-2, 1, (8, 1)),
        "near duplicates and antipodes": np.vstack([x[:3], x[:3] * (1 + 1e-12), 2 * x[:3] + 1e-9, -x[:3]]),
        "one point": x[:1],
    }


DATA = data_sets()


@pytest.mark.parametrize("sigma_w2", [Fraction(0), Fraction(1, 16), Fraction(6, 25)])
@pytest.mark.parametrize("points", sorted(DATA))
@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_entry_lies_in_its_ball(model, points, sigma_w2):
    k, exact, variances, kernel, transforms, index, _ = case(model, DATA[points], sigma_w2)
    assert_encloses(k, exact, variances, kernel, sigma_w2, transforms, index)
    assert np.array_equal(k.mid, k.mid.T)


def test_a_short_series_is_covered_by_its_tail():
    sigma_w2 = Fraction(1, 8)
    k, exact, variances, kernel, transforms, index, _ = case("erf", DATA["different norms"], sigma_w2, order=5)
    worst = assert_encloses(k, exact, variances, kernel, sigma_w2, transforms, index)
    assert worst > 1e-3
    assert isinstance(k.rad, np.ndarray)


def test_the_radius_is_near_rounding():
    k, *_ = case("sin + cos", DATA["near one norm"], Fraction(1, 16))
    assert np.max(k.rad) < 2e-14
    k, *_ = case("erf", DATA["few norms"], Fraction(1, 16))
    assert np.median(k.rad) < 1e-14


def test_equal_norms_agree_with_the_series():
    """With σ_w = 0 and one norm the matrix is the dot-product kernel of the same transform."""
    table = np.random.default_rng(1).choice([-1.0, 1.0], (40, 16))
    k, *_, transforms, _, c = case("erf", table, Fraction(0))
    with precision(128):
        t = transforms[0]
        series = DotProductSeries(tuple(m * m for m in t.coefficients), t.second_moment)
        other = gram(series, c)
    for i in range(40):
        for j in range(40):
            assert k.ball(i, j).overlaps(other.ball(i, j))


def test_more_points_than_a_tile():
    rng = np.random.default_rng(2)
    table = rng.choice([-1.0, 1.0], (330, 40)) * np.where(np.arange(330) % 2, 1.0, 0.5)[:, None]
    k, *_, transforms, index, c = case("sin + cos", table, Fraction(1, 16))
    small = [0, 161, 329]
    sub, *_ = case("sin + cos", table[small], Fraction(1, 16))
    assert np.abs(k.mid[np.ix_(small, small)] - sub.mid).max() <= np.max(k.rad) + np.max(sub.rad)
    order = rng.permutation(330)
    moved = Cosines(c.mid[np.ix_(order, order)], c.rad)
    permuted = gram_unequal(
        transforms, np.array(index)[order], moved, sigma_w2=Fraction(1, 16), lipschitz=MODELS["sin + cos"][2]
    )
    assert np.abs(permuted.mid - k.mid[np.ix_(order, order)]).max() <= np.max(k.rad) + np.max(permuted.rad)
    assert MAX_STEPS >= 20


@pytest.mark.parametrize(
    ("sigma_w2", "lipschitz", "says"),
    [
        (Fraction(1, 4), arb(2).sqrt(), "does not prove a contraction"),
        (Fraction(1, 16), None, "no finite Lipschitz constant"),
        (Fraction(-1, 16), arb(1), "is negative"),
    ],
)
def test_hypotheses_are_checked(sigma_w2, lipschitz, says):
    c = cosines([[1.0, 0.0], [0.0, 2.0]])
    t = wave_transform(arb(2), 8)
    with pytest.raises(SpecError, match=says):
        gram_unequal([t, t], [0, 1], c, sigma_w2=sigma_w2, lipschitz=lipschitz)


def test_bad_indices_orders_and_sizes_are_refused():
    c = cosines([[1.0, 0.0], [0.0, 2.0]])
    t, longer = wave_transform(arb(2), 8), wave_transform(arb(2), 9)
    for index in ([0], [0, 1], [-1, 0]):
        with pytest.raises(SpecError, match="one of 1 transforms for each of 2 points"):
            gram_unequal([t], index, c, sigma_w2=Fraction(0), lipschitz=None)
    with pytest.raises(SpecError, match="different orders"):
        gram_unequal([t, longer], [0, 1], c, sigma_w2=Fraction(0), lipschitz=None)
    with pytest.raises(SpecError, match="n = 2 needs"):
        gram_unequal([t], [0, 0], c, sigma_w2=Fraction(0), lipschitz=None, budget=Budget(memory=10))
