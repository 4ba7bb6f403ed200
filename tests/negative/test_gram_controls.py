"""Slightly false matrices and understated radii: each of them must be caught, or the enclosures above prove nothing."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from flint import arb, arb_mat, fmpq

from certigram.numerics.balls.precision import precision
from certigram.numerics.kernels.cosines import Cosines, cosines, cosines_arb
from certigram.numerics.kernels.gram import gram, gram_arb
from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.kernels.parallel import parallel_pairs
from certigram.numerics.kernels.series import DotProductSeries
from certigram.numerics.papers.deep_equilibrium.population import gram_unequal as unequal
from certigram.numerics.papers.deep_equilibrium.population.gram_unequal import gram_unequal
from certigram.theory.errors import SpecError

BITS = 200


def misses(mid: np.ndarray, rad: object, exact: arb_mat, function=None) -> int:
    """How many entries above the diagonal lie outside ``mid ± rad``."""
    count, table = 0, np.broadcast_to(np.asarray(rad), mid.shape)
    with precision(BITS):
        for i in range(len(mid)):
            for j in range(i):
                value = exact[i, j] if function is None else function(exact[i, j])
                count += bool(abs(value - arb(float(mid[i, j]))) > arb(float(table[i, j])))
    return count


def arcsine(order=201):
    with precision(BITS):
        w, factor = arb(fmpq(5, 6)), 2 / arb.pi()
        terms = [arb(0)] * (order + 1)
        for k in range((order + 1) // 2):
            terms[2 * k + 1] = factor * arb(comb(2 * k, k)) / (arb(4) ** k * (2 * k + 1)) * w ** (2 * k + 1)
        return DotProductSeries(tuple(terms), factor * w.asin()), lambda t: factor * (w * t).asin()


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    table = np.vstack([rng.standard_normal((30, 64)), np.abs(rng.standard_normal((30, 64)))])
    return cosines(table), cosines_arb(table, BITS)


def test_honest_values_have_no_miss(data):
    c, exact = data
    series, function = arcsine()
    k = gram(series, c)
    assert misses(c.mid, c.rad, exact) == 0
    assert misses(k.mid, k.rad, exact, function) == 0


def test_understated_radii_are_caught(data):
    c, exact = data
    series, function = arcsine()
    k = gram(series, c)
    assert misses(c.mid, c.rad / 50, exact) > 0
    assert misses(k.mid, np.asarray(k.rad) / 50, exact, function) > 0


def test_a_corrupted_midpoint_is_caught(data):
    c, exact = data
    mid = c.mid.copy()
    mid[40, 7] += 3 * c.rad
    assert misses(mid, c.rad, exact) == 1


@pytest.mark.parametrize("r", [1, 5, 21])
def test_a_corrupted_coefficient_is_caught(data, r):
    c, exact = data
    series, function = arcsine()
    terms = list(series.coefficients)
    terms[r] *= 1 + arb("1e-9")
    wrong = gram(DotProductSeries(tuple(terms), series.mass + arb("1e-8")), c)
    assert misses(wrong.mid, wrong.rad, exact, function) > 0


def test_forgetting_the_radius_of_the_cosines_is_caught(data):
    c, exact = data
    series, function = arcsine()
    moved = Cosines(np.clip(c.mid + 1e-10 * (1 - np.eye(c.n)), -1, 1), 0.0)
    wrong = gram(series, moved)
    assert misses(wrong.mid, wrong.rad, exact, function) > 0
    right = gram(series, Cosines(moved.mid, 1e-10 + c.rad))
    assert misses(right.mid, right.rad, exact, function) == 0


def test_forgetting_the_rest_of_the_series_is_caught(data):
    c, exact = data
    series, function = arcsine(5)
    with precision(BITS):
        cut = DotProductSeries(series.coefficients, sum(series.coefficients, arb(0)))
    for wrong in (gram(cut, c), gram_arb(cut, exact, 128)):
        assert misses(wrong.mid, wrong.rad, exact, function) > 0
    right = gram(series, c)
    assert misses(right.mid, right.rad, exact, function) == 0


def test_an_entry_function_that_lies_is_caught():
    """The balls of single entries go through unchanged: a wrong one is seen as a miss."""
    series, function = arcsine(3)
    table = [[1.0, 0.0], [1.0, 1e-3], [0.3, 1.0]]
    exact = cosines_arb(table, BITS)
    c = cosines(table)
    lying = gram(series, c, entry=lambda t: function(t) * (1 + arb("1e-9")))
    assert misses(lying.mid, lying.rad, exact, function) > 0
    honest = gram(series, c, entry=function)
    assert misses(honest.mid, honest.rad, exact, function) == 0


class Wave:
    """The Hermite transform of sin + cos at the variance s, optionally with a share of one coefficient changed."""

    def __init__(self, s, corrupt=0):
        self.variance, self.second_moment = s, arb(1)
        terms = [(-1) ** (r // 2) * s.sqrt() ** r * (-s / 2).exp() / arb(r).fac().sqrt() for r in range(46)]
        self.tail = (arb(1) - sum(t * t for t in terms)).nonnegative_part()
        terms[2] *= 1 + arb(corrupt)
        self.coefficients = tuple(terms)


def wave_matrix(*, sigma_w2=Fraction(1, 16), corrupt=0, scale=1):
    table = np.random.default_rng(1).standard_normal((8, 5))
    c = cosines(table)
    with precision(BITS):
        transforms = [Wave(arb(2) + arb(i) / 7, corrupt) for i in range(8)]
    moved = Cosines(np.where(np.eye(8), 1.0, c.mid * scale), c.rad)
    return gram_unequal(transforms, range(8), moved, sigma_w2=sigma_w2, lipschitz=arb(2).sqrt()), c


def wave_truth(c):
    exact = cosines_arb(c.source, BITS)
    result = arb_mat(8, 8)
    with precision(BITS):
        for i in range(8):
            for j in range(i):
                s, t = arb(2) + arb(i) / 7, arb(2) + arb(j) / 7
                shares = ((1 - 1 / (8 * s)) * (1 - 1 / (8 * t))).sqrt()
                rho = arb(0)
                for _ in range(300):
                    kappa = (rho * (s * t).sqrt() - (s + t) / 2).exp()
                    rho = (kappa / (8 * (s * t).sqrt()) + shares * exact[i, j]).mid()
                result[i, j] = (rho * (s * t).sqrt() - (s + t) / 2).exp()
    return result


def test_unequal_norms_corrupted_in_any_way_are_caught():
    k, c = wave_matrix()
    truth = wave_truth(c)
    assert misses(k.mid, k.rad, truth) == 0
    assert misses(k.mid, np.asarray(k.rad) / 50, truth) > 0
    for wrong, _ in (
        wave_matrix(sigma_w2=Fraction(1, 16) * (1 + Fraction(1, 10**9))),
        wave_matrix(corrupt="1e-9"),
        wave_matrix(scale=1 - 1e-9),
    ):
        assert misses(wrong.mid, wrong.rad, truth) > 0


def test_a_nearly_parallel_pair_is_not_called_parallel():
    assert parallel_pairs([[1.0, 1.0], [1.0, 1.0 + 2**-52]]) == ()
    assert parallel_pairs(input_gram([["1", "0.9999999999999999999999"], ["0.9999999999999999999999", "1"]])) == ()


def test_a_gram_matrix_negative_by_a_hair_is_refused():
    hair = Fraction(1, 10**30)
    with pytest.raises(SpecError):
        input_gram([[1, 1 + hair], [1 + hair, 1]])
    with pytest.raises(SpecError, match="leading 3 rows"):
        input_gram([[1, 0, 1], [0, 1, hair], [1, hair, 1]])


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_an_iteration_cut_short_returns_the_residual_of_the_correlation_it_returns(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The a-posteriori bound is about one ρ; a residual and a kernel of the ρ before it would bound another number."""
    monkeypatch.setattr(unequal, "MAX_STEPS", steps)
    a = np.array([[0.3, 0.1], [0.8, 0.9], [0.0, 0.2], [-0.2, 0.3]])
    t, gain = np.array([[0.5, -0.2], [-0.2, 0.4]]), np.full((2, 2), 0.45)
    rho, k, gap = unequal._iterate(a, a, t, gain, 0.9)
    again = sum(np.multiply.outer(row, row) * rho**r for r, row in enumerate(a))
    assert np.abs(k - again).max() < 1e-15
    assert np.abs(gap - (gain * k + t - rho)).max() < 1e-15 < np.abs(gap).max()
