"""One tilted neuron: integrals, transfer, envelopes and Hardy's inequality, each computed otherwise; planted errors."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import scipy.integrate
import sympy
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.papers.two_layer_logistic.sgd.envelope import Sampled, envelope_gap
from certigram.numerics.papers.two_layer_logistic.sgd.neuron import conditional, half_lines, transfer
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.case import NeuronCase
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.conditional import (
    corners,
    envelope_constant,
    largest_gap,
    neuron_gap,
)
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.guess import Guess, exactly
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.integrals import neuron_law
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.rothaus import majorised
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.rows import row
from certigram.numerics.papers.two_layer_logistic.spectrum import spectrum
from certigram.theory.errors import DerivationGap, PrecisionExhausted, SpecError

HALF = Fraction(1, 2)


def pair_of_neurons() -> NeuronCase:
    """p = 2 on the data of T1, with outputs of size 2."""
    return replace(row("row-4", 2), outer=Fraction(2), rate=Fraction(1, 2))


def log_mass_on_a_grid(case: NeuronCase, beta: float) -> float:
    """log of the integral of exp(-beta L) for two neurons on the line, by the trapezoid rule on a square."""
    axis = np.linspace(-14.0, 14.0, 701)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)[..., None]
    values = case.network().loss(grid)
    least = values.min()
    return float(np.log(np.exp(-beta * (values - least)).sum() * (axis[1] - axis[0]) ** 2) - beta * least)


# -- integrals ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["row-1", "row-3", "row-4"])
def test_integrals_hold_an_adaptive_quadrature(name: str) -> None:
    case, b = row(name), Fraction(12)
    q = tuple(Fraction(k + 1, 5) for k in range(len(case.data)))
    guess = Guess(case)
    with precision(64):
        law = neuron_law(case, q, b)

    def density(w: float, k: int, power: int) -> float:
        x = np.array([float(v[0]) for v, _, _ in case.data])
        h = float(case.rate) / 2 * w * w - float(case.outer) * (guess._signs * [float(v) for v in q]) @ np.tanh(x * w)
        return float(np.exp(-float(b) * h) * np.tanh(x[k] * w) ** power)

    mass = scipy.integrate.quad(density, -40, 40, (0, 0), points=(-2, 0, 2), epsabs=0, epsrel=1e-11, limit=400)[0]
    mean = scipy.integrate.quad(density, -40, 40, (0, 1), points=(-2, 0, 2), epsabs=1e-13, epsrel=1e-11, limit=400)[0]
    assert abs(float(law.log_mass) - np.log(mass)) < 1e-9
    assert abs(float(law.means[0]) - mean / mass) < 1e-9
    assert float(law.log_mass.rad()) < 1e-9


def test_integrals_without_a_data_term_are_gaussian() -> None:
    flat = replace(row("row-2"), outer=Fraction(1, 10**12), rate=Fraction(3))
    with precision(64):
        found = neuron_law(flat, (HALF,) * len(flat.data), Fraction(2)).log_mass
        assert found.overlaps((arb.pi() / 3).log() + arb(0, 1e-10))


@pytest.mark.parametrize("place", [Fraction(0), Fraction(1, 10**6)])
def test_integrals_where_all_inputs_are_zero_or_tiny(place: Fraction) -> None:
    """Any strip is wide enough: the widest is not the best, and there is no widest for zero."""
    case = replace(row("row-1"), data=(((place,), 1, Fraction(1)),))
    with precision(64):
        found = neuron_law(case, (HALF,), Fraction(16))
        gauss = (2 * arb.pi() / enclose(16 * case.rate)).log() / 2
        assert abs(found.log_mass - gauss) <= 1e-6
        assert found.means[0].contains(0) == (place == 0)


# -- the transfer ---------------------------------------------------------------------


def test_bounds_of_the_mass_hold_at_any_tilt_and_notice_a_missing_variance() -> None:
    case, noticed = pair_of_neurons(), False
    rng = np.random.default_rng(3)
    for beta in (2, 6, 20):
        b, exact = Fraction(beta, 2), log_mass_on_a_grid(case, beta)
        best = exactly(Guess(case).tilt(float(b))[0])
        for q in (best, *(exactly(rng.uniform(0.05, 0.95, 2)) for _ in range(6))):
            assert float(transfer.log_mass_below(case, q, b)) * 2 <= exact + 1e-9
            assert exact <= float(transfer.log_mass_above(case, q, b)) * 2 + 1e-9
        noticed |= float(transfer.log_mass_below(case, best, b, share=Fraction(0))) * 2 > exact + 1e-6
    assert noticed


def test_lower_bound_of_the_loss() -> None:
    case = pair_of_neurons()
    axis = np.linspace(-8.0, 8.0, 401)
    least = case.network().loss(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)[..., None]).min()
    rng = np.random.default_rng(4)
    for q in (exactly(Guess(case).least()[0]), *(exactly(rng.uniform(0.05, 0.95, 2)) for _ in range(5))):
        found = transfer.loss_below(case, q)
        assert found.lower() <= least + 1e-9
        assert float(found.rad()) < 1e-5


def test_a_temperature_that_is_none_is_refused() -> None:
    q = (HALF, HALF)
    with pytest.raises(SpecError, match="must lie between"):
        transfer.transfer(row("row-4"), Fraction(3), Fraction(3), (q, q, q))


# -- envelopes ------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 3.0), st.floats(-1.0, 1.0), st.integers(5, 9))
def test_the_envelope_of_a_quartic_is_bounded_from_above(size: float, tilt: float, log: int) -> None:
    """(x² - a²)² + tx has the envelope tx on [-a, a]: the gap is a⁴, also when 0 is no node."""
    x = (np.arange(-(2**log), 2**log + 1) + 0.25) * (2.0**-log * 4)
    v = (x**2 - size**2) ** 2 + tilt * x
    slope = 4 * x * (x**2 - size**2) + tilt
    bend = 12 * np.abs(x).max() ** 2
    found = envelope_gap(Sampled(x, v - 1e-9, v + 1e-9, bend, 4 * size**2, slope[0] + 1e-9, slope[-1] - 1e-9))
    assert found is not None
    assert size**4 - 1e-9 <= found <= size**4 + bend * (x[1] - x[0]) ** 2 / 4 + 1e-6


def test_nodes_alone_would_not_see_the_gap() -> None:
    """Without the second derivatives the same nodes give less than the gap."""
    x = np.arange(-10, 10) * 0.5 + 0.25
    v = (x**2 - 1) ** 2
    slope = 4 * x * (x**2 - 1)
    blind = envelope_gap(Sampled(x, v, v, 0.0, 0.0, slope[0], slope[-1]))
    seen = envelope_gap(Sampled(x, v, v, 12 * 25.0, 4.0, slope[0], slope[-1]))
    assert blind is not None
    assert seen is not None
    assert blind < 1 <= seen


def test_the_corners_are_worst() -> None:
    case, share = row("row-5"), Fraction(3, 4)
    largest = largest_gap(case, share)
    assert largest is not None
    low, high = corners(case)[0][0], corners(case)[-1][0]
    for q in ((low, (low + high) / 2), ((low + high) / 2, high), ((low + high) / 2,) * 2):
        found = neuron_gap(case, q, share)
        assert found is not None
        assert found <= largest + 1e-3


def test_the_remainder_of_taylor_is_needed_in_full() -> None:
    """p F(f + cσ/p) lies above its tangent by at most c²/(8p), and by more than half of that."""
    case = replace(row("row-1", 1), outer=Fraction(1, 10))
    w = np.linspace(-20, 20, 4001)
    c = 0.1
    f = c * np.tanh(w)
    mass = 0.95 * np.logaddexp(0, -f) + 0.05 * np.logaddexp(0, f)
    above = mass - np.log(2) + (0.95 - 0.05) * 0.5 * f
    assert above.min() + 1e-12 >= 0
    assert float(case.outer) ** 2 / 16 < above.max() <= float(case.outer) ** 2 / 8


# -- constants against true spectral gaps -----------------------------------------------


ALONE = [("row-3", Fraction(1, 4)), ("row-5", Fraction(1, 8))]


@pytest.mark.parametrize(("name", "noise"), ALONE)
def test_constants_of_one_neuron_are_below_the_gap_of_a_network_of_one(name: str, noise: Fraction) -> None:
    """A logarithmic Sobolev constant is at most the spectral gap."""
    case = row(name, 1)
    gap = spectrum(case.network(), float(noise), (np.linspace(-14.0, 14.0, 4001),)).gap
    share = Guess(case).envelope(float(noise))[0]
    found = [envelope_constant(case, noise, share), half_lines.half_line_constant(case, noise)]
    for option in found:
        assert option is not None
        assert 0 < float(option.constant) <= gap


def test_an_envelope_without_its_gap_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Δ_m = 0 promises more than the spectral gap of a network of one neuron."""
    case, noise = replace(row("row-5", 1), outer=Fraction(1001, 1000)), Fraction(1, 20)
    gap = spectrum(case.network(), float(noise), (np.linspace(-14.0, 14.0, 4001),)).gap
    monkeypatch.setattr(conditional, "envelope_gap", lambda _: 0.0)
    found = conditional.envelope_constant(case, noise, Fraction(63, 64), remainder=Fraction(0))
    assert found is not None
    assert float(found.constant) > gap


def test_half_lines_hold_for_the_law_that_they_speak_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Gaussian law: the constant is 1/variance, the criterion loses less than a factor of 4; without its logarithm it
    would promise more."""
    case = replace(row("row-3", 1), outer=Fraction(1, 10**6), rate=Fraction(1))
    with precision(half_lines.BITS):
        log = float(half_lines.least_log_constant(case, Fraction(1), 0.4))
    assert 0.25 < np.exp(log) <= 1
    monkeypatch.setattr(half_lines, "_log_above", lambda y: np.full(y.shape, 0.25))
    with precision(half_lines.BITS):
        assert float(half_lines.least_log_constant(case, Fraction(1), 0.4)) > log


def test_half_lines_are_refuted_by_a_tilt_when_a_third_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Densities e^{tx} of this law have FI/(2 KL) only 1.36 times the constant: half of the logarithm is too little."""
    case = replace(row("row-1", 1), data=(((Fraction(3, 4),), 1, Fraction(1)),), outer=Fraction(3, 2), rate=HALF)
    b, q, t = Fraction(8), Fraction(7, 8), -10.75
    x = np.linspace(-14.0, 14.0, 8001)
    potential = 8 * (x**2 / 4 - 1.5 * 0.875 * np.tanh(0.75 * x))
    law, tilted = (w / w.sum() for w in (np.exp(-potential), np.exp(t * x - potential + 8 * potential.min())))
    least = t * t / (2 * float(tilted @ (np.log(tilted) - np.log(law))))

    def constant() -> float:
        with precision(half_lines.BITS):
            return 1 / (2 * half_lines._Line.of(case, b, Fraction(1)).constant((q,)))

    assert least / 1.4 < constant() <= least
    above = half_lines._log_above
    monkeypatch.setattr(half_lines, "_log_above", lambda y: above(y) / 2)
    assert constant() > least


def test_beyond_the_nodes_half_lines_are_bounded_and_not_by_less() -> None:
    """T log(A + B/T) ∫1/n on a grid that goes beyond R = 5/2; nine tenths of the bound there would be too little."""
    case, q = replace(row("row-4", 1), rate=Fraction(1), outer=Fraction(1, 4)), (Fraction(1, 4), Fraction(3, 4))
    x = np.linspace(-6.0, 6.0, 400_001)
    shares = np.array([0.3 / 4, -0.7 * 3 / 4])
    density = np.exp(-8 * (x**2 / 2 - 0.25 * shares @ np.tanh(np.outer([3.0, 0.5], x))))
    mass = np.cumsum(density[::-1])[::-1] * (x[1] - x[0])
    integral = np.cumsum(np.where(x >= 0, 1 / density, 0)) * (x[1] - x[0])
    at = int(np.searchsorted(x, 2.5))
    with precision(half_lines.BITS):
        tail = half_lines._Tail.of(case, Fraction(8), q, 2.5)
        bound = tail.constant(float(integral[at] * density[at]), float(mass[0]))
    large = (mass * np.log(half_lines.A + half_lines.B * mass[0] / mass) * integral)[at:].max()
    assert 0.9 * bound < large <= bound


def test_the_pair_of_the_criterion_and_smaller_ones() -> None:
    assert majorised(Fraction(half_lines.A), Fraction(half_lines.B))
    assert not majorised(Fraction(72, 10), Fraction(3, 2))
    assert not majorised(Fraction(15, 2), Fraction(5, 4))


def test_rothaus_with_any_shift() -> None:
    """Ent((g + a)²) ≤ Ent(g²) + 2∫g² on laws of three points; with 1 for 2 it fails."""
    rng = np.random.default_rng(8)

    def entropy(p: np.ndarray, u: np.ndarray) -> float:
        mean = p @ u
        return float(p @ (u * np.log(np.maximum(u, 1e-300) / mean)))

    worst = 0.0
    for _ in range(3000):
        p, g = rng.dirichlet(np.ones(3) * 0.5), rng.standard_normal(3)
        a = rng.standard_normal() * 10 ** rng.uniform(-2, 2)
        if p.min() < 1e-12:
            continue
        left, base, square = entropy(p, (g + a) ** 2), entropy(p, g**2), float(p @ g**2)
        assert left <= base + 2 * square + 1e-9
        worst = max(worst, (left - base) / square)
    assert worst > 1


def test_one_dimension_only() -> None:
    with pytest.raises(DerivationGap, match="one dimension"):
        neuron_gap(row("row-2"), (HALF,) * 8, HALF)
    with pytest.raises(DerivationGap, match="one dimension"):
        half_lines.half_line_constant(row("row-2"), Fraction(1, 1000))
    with pytest.raises(PrecisionExhausted, match="larger s"):
        half_lines.half_line_constant(row("row-3"), Fraction(1, 10**6))


def test_bad_cases_are_refused_in_a_sentence() -> None:
    with pytest.raises(SpecError, match="choose one of"):
        row("row-9")
    with pytest.raises(SpecError, match="one dimension"):
        replace(row("row-1"), start=(Fraction(0), Fraction(0)))
    with pytest.raises(SpecError, match="equal distances"):
        Sampled(np.array([0.0, 1.0, 3.0]), np.zeros(3), np.zeros(3), 0.0, 0.0, 0.0, 0.0)


def test_the_least_value_of_the_tilted_neuron_in_the_plane() -> None:
    case = row("row-2")
    q = (Fraction(3, 10),) * len(case.data)
    axis = np.linspace(-5, 5, 401)
    guess = Guess(case)
    guess.nodes = np.array(list(itertools.product(axis, axis)))
    inputs = np.array([[float(v) for v in x] for x, _, _ in case.data])
    values = float(case.rate) / 2 * (guess.nodes**2).sum(axis=1) - float(case.outer) * 0.3 * (
        np.array([float(s) for s in case.signs]) @ np.tanh(inputs @ guess.nodes.T)
    )
    with precision(64):
        found = transfer.tilted_minimum(case, q, Fraction(1, 10**5))
        assert found.lower() <= values.min()
        assert found.upper() >= values.min() - 1e-3
        assert enclose(Fraction(1, 10**5)) * 2 > found.rad()


def test_second_derivative_of_tanh_at_infinity() -> None:
    z = sympy.Symbol("z", positive=True)
    second = sympy.lambdify(z, sympy.diff(sympy.tanh(z), z, 2) * sympy.exp(2 * z), "numpy")
    grid = np.linspace(0.01, 6, 500)
    values = np.abs(second(grid))
    assert values.max() <= 8 + 1e-9
    assert values.max() > 7.99
