"""The tables of noisy descent with one weight, and fifteen laws on grids against every line of Theorem 3.

Slow: minutes. The values are those of the theory's tables; a failure means that a bound is false, or that a table is.
"""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction

import pytest
from flint import arb

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.papers.two_layer_logistic.gap import gap_enclosure
from certigram.numerics.papers.two_layer_logistic.quadrature import cell_moments, clustered_grid, default_reach
from certigram.numerics.papers.two_layer_logistic.scalar import reference
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.envelope import envelope_on_the_line
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.gaps import gap_bounds
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.law import LineLaw
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.plan import line_plan
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.ratios import SETTINGS, ratios, setting_of
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.setting import LineSetting

pytestmark = pytest.mark.slow

GAPS = (
    ("T1", 2, 0.014172, 2.95e-4, 6.73e-4, 2.6e-4, 119),
    ("T1", 5, 0.011354, 1.49e-6, 2.59e-5, 1.4e-6, 272),
    ("T1", 10, 0.002142, 2.23e-10, 1.89e-7, 2.1e-10, 519),
    ("T2", 2, 0.005620, 1.01e-3, 1.53e-3, 7.7e-4, 49),
    ("T2", 5, 0.007375, 9.16e-5, 3.57e-4, 8.3e-5, 106),
    ("T2", 10, 0.006560, 1.68e-6, 4.27e-5, 1.6e-6, 195),
    ("S1", 2, 0.011294, 1.76e-3, 4.85e-3, 1.4e-3, 10),
    ("S1", 5, 0.009477, 1.31e-4, 2.34e-3, 1.2e-4, 18),
    ("S1", 10, 0.004490, 1.71e-6, 7.81e-4, 3.1e-6, 29),
)
"""Case, 1/s, the gap, (a), (a'), (d) and -log10 of (c), as first derived in float64."""


@pytest.mark.parametrize("row", GAPS, ids=lambda row: f"{row[0]}-1/{row[1]}")
def test_lower_bounds_of_the_gap(row: tuple[str, int, float, float, float, float, float]) -> None:
    """Each lower bound is below the enclosed gap, and not below the one that was first found, up to 1 in 100."""
    name, inverse, gap, plain, envelope, lyapunov, lipschitz = row
    case, noise = reference(name), Fraction(1, inverse)
    found = gap_bounds(LineSetting.on_the_line(case), noise)
    true = gap_enclosure(cell_moments(case, noise, clustered_grid(default_reach(case, noise), 800)))
    assert float(true.lower) - 1e-6 <= gap <= float(true.upper) + 1e-6
    for bound, first in ((found.perturbation, plain), (found.envelope, envelope), (found.lyapunov, lyapunov)):
        assert bound <= true.lower
        assert 0.99 * first <= float(bound) <= 1.25 * first
    assert abs(-float(found.log10_lipschitz) - lipschitz) <= 1
    assert found.perturbation < found.envelope


PLANS = (
    ("T1", Fraction(-2633, 1000), 10, 16.1),
    ("T1", Fraction(-2633, 1000), 100, 33.8),
    ("T2", Fraction(252, 1000), 10, 8.7),
    ("T2", Fraction(252, 1000), 100, 18.9),
    ("S1", Fraction(-3546, 1000), 10, 5.9),
    ("S1", Fraction(-3546, 1000), 100, 14.8),
)
"""Case, start, 1/ε and log10 of the number of steps as first derived in float64."""


@pytest.mark.parametrize(("name", "start", "inverse", "first"), PLANS)
def test_plans(name: str, start: Fraction, inverse: int, first: float) -> None:
    """The bound after K steps is at most ε in balls, and log10 K is that of the first derivation to 1 in 10."""
    target = Fraction(1, inverse)
    found = line_plan(LineSetting.on_the_line(reference(name)), start, target)
    with precision(128):
        assert found.bound <= enclose(target)
    assert abs(float(found.log10_steps) - first) <= 0.1


@pytest.mark.parametrize("index", range(len(SETTINGS)))
def test_laws_on_grids(index: int) -> None:
    """KL, the recursion, the excess and the second moment stay within their bounds at every step."""
    name, noise, step, start, batch, steps = SETTINGS[index]
    found = ratios(LineLaw(reference(name), noise, step, start, batch), steps)
    assert found.largest < 1
    assert found.first[0] <= found.first[1]
    assert found.leaked < 1e-11


class _Flat(LineSetting):
    """A thousandth in the place of Λ, which makes a step cost next to nothing."""

    smoothness = arb("0.001")


def test_a_planted_constant_is_exceeded() -> None:
    """S1 at s = 1/2, η = 5: the laws settle at a positive entropy, which a recursion without cost denies."""
    case, noise = reference("S1"), Fraction(1, 2)
    law = LineLaw(case, noise, Fraction(5), Fraction(-7, 2))
    true = setting_of(law)
    planted = _Flat(**{f.name: getattr(true, f.name) for f in fields(true)})
    used = envelope_on_the_line(true, noise)
    assert ratios(law, 200, used, planted).recursion > 1
    assert ratios(law, 200, used).largest < 1
