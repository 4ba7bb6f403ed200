"""The tables of the theory: critical points, gaps, integrals and radii, each digit inside a proved enclosure.

A failure means that a proved enclosure misses a number that an independent computation gave, or that a proved bound is
too loose to say anything.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import scipy.linalg
from flint import arb

from certigram.numerics.balls.ball import Ball
from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import lower_arb
from certigram.numerics.expressions.range import supremum_of_absolute_value
from certigram.numerics.papers.two_layer_logistic import quadrature
from certigram.numerics.papers.two_layer_logistic.bounds import (
    LogisticBounds,
    alternating,
    holley_stroock,
    oscillation,
)
from certigram.numerics.papers.two_layer_logistic.constants import activation_constants
from certigram.numerics.papers.two_layer_logistic.counterexample import least_profile
from certigram.numerics.papers.two_layer_logistic.evolution import evolve
from certigram.numerics.papers.two_layer_logistic.gap import GapEnclosure, gap_enclosure
from certigram.numerics.papers.two_layer_logistic.quadrature import (
    CellMoments,
    cell_moments,
    clustered_grid,
    default_reach,
)
from certigram.numerics.papers.two_layer_logistic.scalar import ScalarLoss, reference, scalar_case
from certigram.numerics.papers.two_layer_logistic.spectrum import spectrum
from certigram.theory.activations.activation import activation

CRITICAL = {
    "T1": (
        ("-2.633054039666", "-0.529684104232", "0.176044703239"),
        ("0.786797123406", "0.924843021848", "0.646107735864"),
        ("0.0383928740", "-1.0711261574", "2.5133070713"),
    ),
    "T2": (
        ("-3.149700852747", "-0.456046885492", "0.251813794898"),
        ("0.654010142372", "0.779382586281", "0.657785663698"),
        ("0.0203409011", "-0.6597371738", "0.9445195476"),
    ),
    "S1": (
        ("-3.546009279608", "-0.963369268910", "0.390331061127"),
        ("0.833840745383", "0.898685256287", "0.791709515141"),
        ("0.0243721238", "-0.1535244094", "0.2502159657"),
    ),
}
GAPS = {
    "2": (0.010557930, 0.005060801, 0.010211861),
    "1": (0.011615974, 0.005194243, 0.010595056),
    "1/2": (0.014171662, 0.005619739, 0.011294344),
    "3/10": (0.015990992, 0.006371451, 0.011134391),
    "1/5": (0.011354189, 0.007375433, 0.009476875),
    "1/10": (0.002141562, 0.006559867, 0.004489950),
    "7/100": (0.000570187, 0.002923543, 0.002263741),
    "1/20": (0.000114439, 0.000831110, 0.000928579),
}
"""Least positive eigenvalues for T1, T2, S1, from two float discretisations (relative agreement about 1e-5)."""
QUICK = (("T1", "1/2"), ("T1", "1/10"), ("S1", "1/10"))
"""Rows checked in every run; the others are the same code."""


@cache
def _moments(name: str, step: str, cells: int = 800) -> CellMoments:
    loss, s = reference(name), Fraction(step)
    return cell_moments(loss, s, clustered_grid(default_reach(loss, s), cells))


@cache
def _gap(name: str, step: str) -> GapEnclosure:
    return gap_enclosure(_moments(name, step))


def _stated(ball: arb, digits: str) -> bool:
    """Whether a ball meets the interval of numbers that round to these digits."""
    places = len(digits.partition(".")[2])
    half = Fraction(1, 2 * 10**places)
    found = Ball(ball)
    return found.lower <= Fraction(digits) + half and found.upper >= Fraction(digits) - half


@pytest.mark.parametrize("name", sorted(CRITICAL))
def test_critical_points(name: str) -> None:
    """All critical points with |w| <= G/lambda (there are no others), their losses and curvatures."""
    loss = reference(name)
    found = loss.critical_points(Fraction(-300), Fraction(300))
    points, values, curvatures = CRITICAL[name]
    assert len(found) == 3
    with precision(160):
        value, bend = lower_arb(loss.expression), lower_arb(loss.derivative(2))
        for ball, at, height, curve in zip(found, points, values, curvatures, strict=True):
            assert _stated(ball, at)
            assert _stated(value(ball), height)
            assert _stated(bend(ball), curve)
            assert ball.rad() < 1e-30
    assert _stated(loss.minimum(), min(values))


KRAMERS = {"2": ".0281", "1": ".0245", "1/2": ".01858", "3/10": ".01286", "1/5": ".008116", "1/10": ".002041"} | {
    "7/100": ".000625",
    "1/20": ".000129",
}
"""The asymptotic formula of Eyring and Kramers for the gap of T1: it is no bound, and the report does not use it."""


@pytest.mark.parametrize("s", KRAMERS)
def test_the_formula_of_eyring_and_kramers(s: str) -> None:
    r"""sqrt(L''(m)|L''(z)|) exp(-2H/s)/(2 pi), H the height of the saddle z above the higher minimum m."""
    loss = reference("T1")
    higher, saddle, _ = loss.critical_points(Fraction(-300), Fraction(300))
    with precision(128):
        value, curvature = lower_arb(loss.expression), lower_arb(loss.derivative(2))
        height = value(saddle) - value(higher)
        noise = arb(Fraction(s).numerator) / Fraction(s).denominator
        rate = (curvature(higher) * -curvature(saddle)).sqrt() * (-2 * height / noise).exp() / (2 * arb.pi())
    printed = KRAMERS[s]
    assert f"{float(rate):.{len(printed) - 1}f}" == "0" + printed


@pytest.mark.parametrize(
    ("name", "column", "step"),
    [
        pytest.param(name, column, step, marks=() if (name, step) in QUICK else pytest.mark.slow)
        for column, name in enumerate(("T1", "T2", "S1"))
        for step in GAPS
    ],
)
def test_gaps(name: str, column: int, step: str) -> None:
    """The enclosure contains the tabulated gap up to the table's own error, and is proved on both sides."""
    found, stated = _gap(name, step), GAPS[step][column]
    lower, upper = float(found.lower), float(found.upper)
    assert lower <= stated * (1 + 1e-4)
    assert upper >= stated * (1 - 1e-4)
    assert upper <= stated * (1 + 3e-4)
    assert lower >= stated * (0.75 if step == "1/20" else 0.99)
    assert found.method == "variational formula"
    assert lower <= found.estimate * (1 + 1e-4) <= upper * (1 + 3e-4)


@pytest.mark.parametrize(("name", "digits"), [("T1", "0.880976"), ("T2", "0.400000"), ("S1", "0.433781")])
def test_oscillation(name: str, digits: str) -> None:
    """The oscillation of the data term; it is at most |a|_1, by the general bound too."""
    loss = reference(name)
    found = loss.oscillation()
    assert found is not None
    assert _stated(found, digits)
    low = arb(0) if name == "S1" else arb(-1)
    bound = oscillation(low, arb(1), loss.weights, (1, -1))
    assert found <= bound
    assert bound <= float(loss.outer) + 1e-12


@pytest.mark.parametrize(
    ("step", "digits"), [("2", "4.144e-3"), ("1", "1.717e-3"), ("1/2", "2.95e-4"), ("1/10", "2.23e-10")]
)
def test_holley_stroock(step: str, digits: str) -> None:
    """The tabulated lower bounds of T1, below the proved gap."""
    loss = reference("T1")
    found = loss.oscillation()
    assert found is not None
    bound = holley_stroock(loss.regularisation, found, Fraction(step))
    assert float(bound) == pytest.approx(float(digits), rel=5e-3)
    if step in ("1/2", "1/10"):
        assert bound <= _gap("T1", step).lower


def test_partition_function() -> None:
    """Z_s of T1 at s = 1 and s = 1/10, and the Gaussian bounds around them."""
    one, tenth = _moments("T1", "1").partition, _moments("T1", "1/10").partition
    assert _stated(one, "2.65324796")
    assert 0.8361845 < one < 4.8697652
    assert float(tenth) == pytest.approx(1.384434e-6, rel=1e-6)
    assert 3.06e-13 < tenth < 1.3737e-5
    assert one < (arb.pi() * 100).sqrt()


RAPID = {
    "tanh(50*x)": ("0.3564622560309252", "0.88376829214458"),
    "erf(20*x)": ("0.3569555922125878", "0.88413904196286"),
    "sigmoid(30*x)": ("0.4006273034348832", "0.85219733763264"),
    "sin(14*x)": ("1.493058663094008", "0.45120109837094"),
    "sin(40*x)": ("1.493058663094008", "0.45120109837094"),
}
"""Z and E L of T1 with another activation, s = 1/2: Gauss-Legendre rules of 20 nodes on 40,000 and on 60,001 panels."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name[:3] == "sin" else ()) for name in RAPID]
)
def test_activations_that_vary_faster_than_the_grid(name: str) -> None:
    """The remainder of Taylor's formula is in the enclosure: it is not small here, and cells are halved until it is."""
    loss, s = scalar_case(activation(name)), Fraction(1, 2)
    moments = cell_moments(loss, s, clustered_grid(default_reach(loss, s), 1000))
    mass, mean = (Fraction(digits) for digits in RAPID[name])
    for found, stated, width in ((moments.partition, mass, 1e-8), (moments.mean_loss, mean, 1e-8)):
        assert abs(Ball(found).mid - stated) <= Ball(found).rad + stated / 10**13
        assert found.rad() < width
    assert all(m > 0 for m in moments.moments[0])
    assert moments.partition > 0


@pytest.mark.parametrize("cells", [20, 40])
def test_a_grid_that_is_too_coarse_is_a_wide_enclosure(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without halving, the mass is positive and holds the truth, however large the remainders are."""
    monkeypatch.setattr(quadrature, "DEPTH", 0)
    for name in ("tanh(50*x)", "sin(40*x)"):
        loss, s = scalar_case(activation(name)), Fraction(1, 2)
        found = Ball(cell_moments(loss, s, clustered_grid(default_reach(loss, s), cells)).partition)
        assert found.lower > 0
        assert found.contains(RAPID[name][0])


@pytest.mark.parametrize(
    ("step", "digits", "claimed"),
    [("1", "0.450050", (1.691, 3.490)), ("1/2", "0.257369", None), ("1/5", "0.144708", None),
     ("1/10", "0.072542", (0.1620, 0.4065))],
)  # fmt: skip
def test_stationary_excess(step: str, digits: str, claimed: tuple[float, float] | None) -> None:
    """The enclosed excess of T1, and both bounds: with the bound of the second moment and with the moment itself."""
    loss, s, moments = reference("T1"), Fraction(step), _moments("T1", step)
    excess = moments.mean_loss - loss.minimum()
    assert _stated(excess, digits)
    tanh = activation_constants(activation("tanh"))
    assert tanh.slope.value is not None
    assert tanh.bend.value is not None
    bounds = LogisticBounds(tanh.slope.value, tanh.bend.value, loss.weights, arb(9), 1, loss.regularisation)
    crude = bounds.stationary_excess(s)
    assert excess <= crude
    if claimed is not None:
        # the tables take the largest curvature itself and the mean norm of the inputs (G = 5/2)
        curvature = supremum_of_absolute_value(loss.derivative(2), bits=40).ball
        radius = (2.5 + (arb(6.25) + 2 * arb(1) / 100 * Ball.exactly(s).arb).sqrt()) / (arb(2) / 100)
        rows = zip(moments.centres, *moments.moments[:3], strict=True)
        second = sum((m2 + 2 * c * m1 + c * c * m0 for c, m0, m1, m2 in rows), arb(0)) / moments.mass
        found = [float(s) / 4 * math.log(2 * math.e * float(curvature * m) / float(s)) for m in (second, radius**2)]
        assert found == pytest.approx(claimed, abs=6e-4)
        assert float(excess) <= found[0] <= found[1] <= float(crude)


@pytest.mark.parametrize(
    ("name", "ratio", "radius"),
    [("sigmoid", "1/1000", 14424.2), ("sigmoid", "1/10", 161.617), ("tanh", "1/1000", 3160.90), ("tanh", "2", 3.8867),
     ("softplus", "1/1000", 2718.33), ("gelu", "1/100", 276.663)],
)  # fmt: skip
def test_certified_radii(name: str, ratio: str, radius: float) -> None:
    """R(0) for p = 16, d = 5, unit inputs, a = ±1/4, s = 1/10, at multiples of the recalled threshold."""
    c = activation_constants(activation(name))
    assert c.slope.value is not None
    assert c.bend.value is not None
    outer = alternating(16, Fraction(1, 4))
    slope = float(c.slope.value)
    rate = Fraction(ratio) * Fraction(slope * slope / 2)
    bounds = LogisticBounds(c.slope.value, c.bend.value, outer, arb(1), 5, rate)
    assert float(bounds.published_threshold) == pytest.approx(slope**2 / 2)
    assert float(bounds.radius(Fraction(0), Fraction(1, 10))) == pytest.approx(radius, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "needed", "width"),
    [("sigmoid", 3.0792, 10), ("tanh", 1.5396, 3), ("softplus", 0.5, 1), ("erf", 1.5203, None), ("gelu", 1.2521, None),
     ("silu", 0.8267, 1), ("sin", 2.0, None)],
)  # fmt: skip
def test_when_the_published_threshold_is_the_convex_case(name: str, needed: float, width: int | None) -> None:
    """2 M_2/M_1^2, and the least width at which a_j = ± p^(-1/2) puts lambda_c above lambda_cvx."""
    c = activation_constants(activation(name))
    found = 2 * c.bend.value / (c.slope.value * c.slope.value)
    assert float(found) == pytest.approx(needed, abs=6e-5)
    if width is not None:
        assert arb(width).sqrt() >= found
        assert width == 1 or arb(width - 1).sqrt() < found


@pytest.mark.parametrize(("k", "digits"), [("2", "-0.3729478365"), ("3/2", "-0.8590100393"), ("23/10", "0.118")])
def test_least_profile_of_the_counterexample(k: str, digits: str) -> None:
    """min phi for three values of k."""
    assert _stated(least_profile(Fraction(k)), digits)


def test_a_known_spectrum() -> None:
    """With an almost zero data term the gap is lambda: both proved ends are within 1e-3 of it, on the right sides."""
    flat = ScalarLoss("flat", activation("tanh"), Fraction(1, 10**9), Fraction(1, 4), ((Fraction(1), 1, Fraction(1)),))
    found = gap_enclosure(cell_moments(flat, Fraction(1), clustered_grid(default_reach(flat, Fraction(1)), 800)))
    assert found.lower > 0.25 * (1 - 1e-3)
    assert found.lower < 0.25 * (1 + 1e-8)
    assert found.upper.upper() > 0.25 * (1 - 1e-8)
    assert found.upper < 0.25 * (1 + 1e-3)
    assert found.second == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(("step", "second"), [("1/2", 0.018718), ("1/5", 0.021872), ("1/10", 0.027836)])
def test_second_eigenvalue(step: str, second: float) -> None:
    """The second positive eigenvalue of T1."""
    loss, s = reference("T1"), Fraction(step)
    axis = clustered_grid(default_reach(loss, s), 800)
    assert spectrum(loss.network(), float(s), (axis,)).eigenvalues[2] == pytest.approx(second, rel=1e-4)


def test_two_discretisations_agree() -> None:
    """Finite volumes for the generator against central differences for its Schroedinger form, T1 at s = 1/2."""
    net, s = reference("T1").network(), 0.5
    x = np.linspace(-50.0, 50.0, 10001)
    h = x[1] - x[0]
    potential = net.potential(x[:, None, None], s) / 2
    diagonal = potential + s / (h * h)
    values = scipy.linalg.eigh_tridiagonal(diagonal, np.full(x.size - 1, -s / (2 * h * h)), select="i",
                                           select_range=(0, 2))[0]  # fmt: skip
    finite_volumes = spectrum(net, s, (x,)).eigenvalues
    np.testing.assert_allclose(values[1:], finite_volumes[1:], rtol=3e-4)  # both of second order in h
    assert abs(values[0]) < 1e-5


@pytest.mark.parametrize(
    ("step", "start", "late"),
    [(0.5, (-2.5, 0.05), 0.018716), (0.5, (4.0, 0.05), 0.014180), (0.2, (-2.5, 0.05), 0.011362)],
)
def test_the_rate_is_never_fitted(step: float, start: tuple[float, float], late: float) -> None:
    """(5.4) and the decay of the distance hold at every time; the late slope of the distance depends on the start."""
    loss = reference("T1")
    axis = clustered_grid(default_reach(loss, Fraction(step)), 1000)
    found = evolve(loss.network(), step, axis, start, duration=400.0, steps=800)
    gap = spectrum(loss.network(), step, (axis,)).gap
    assert (np.abs(found.excess) <= found.bound(gap)).all()
    assert (found.distance <= found.distance[0] * np.exp(-gap * found.times) * (1 + 1e-6)).all()
    slope = -math.log(found.distance[600] / found.distance[500]) / (found.times[600] - found.times[500])
    assert slope >= gap * (1 - 1e-4)
    assert slope == pytest.approx(late, rel=2e-3)
