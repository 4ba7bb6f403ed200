"""One weight: enclosed envelopes, gaps, plans and laws on a grid, on instances that are quick.

The whole tables are in ``tests/montecarlo/test_sgd_tables.py``. A failure means a bound that is false on a case whose
answer is known, or an error bound of the grid that does not hold.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import lower_arb
from certigram.numerics.papers.two_layer_logistic.scalar import ScalarLoss, reference
from certigram.numerics.papers.two_layer_logistic.sgd.log_sobolev import LogSobolev, holley_stroock
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.envelope import envelope_excess
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.gaps import lyapunov
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.law import LineLaw
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.plan import line_plan, log_ratio
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.ratios import ratios
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.setting import LineSetting
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.strip import bend_in_strip, step_error
from certigram.numerics.papers.two_layer_logistic.sgd.one_weight.trapped import TrappedDescent, the_example
from certigram.theory.activations.activation import activation
from certigram.theory.errors import SpecError

T1, S1 = reference("T1"), reference("S1")


def _true_excess(case: ScalarLoss, share: Fraction) -> float:
    """sup(L_m - conv L_m) over a wide grid in float64, from below up to rounding and the spacing."""
    x = np.linspace(-64, 64, 16001)
    v = case.network().loss(x[:, None, None]) - float(share * case.regularisation) / 2 * x**2
    hull: list[int] = []
    for i, (a, b) in enumerate(zip(x.tolist(), v.tolist(), strict=True)):
        while len(hull) > 1 and (v[hull[-1]] - v[hull[-2]]) * (a - x[hull[-2]]) >= (b - v[hull[-2]]) * (
            x[hull[-1]] - x[hull[-2]]
        ):
            hull.pop()
        hull.append(i)
    return float((v - np.interp(x, x[hull], v[hull])).max())


@pytest.mark.parametrize(("case", "share"), [(T1, Fraction(1, 4)), (S1, Fraction(3, 4))])
def test_the_envelope_is_enclosed_from_above(case: ScalarLoss, share: Fraction) -> None:
    """At least what a fine grid shows, and hardly more."""
    seen, bound = _true_excess(case, share), envelope_excess(case, share)
    assert seen - 1e-5 <= bound <= seen + 2e-3


def test_the_envelope_of_a_convex_loss_is_itself() -> None:
    """With a large λ there is next to no excess."""
    convex = replace(T1, name="convex", regularisation=Fraction(5))
    assert envelope_excess(convex, Fraction(1, 4)) < 1e-3


def test_a_lyapunov_function_needs_a_reach() -> None:
    """A reach that is too small gets a sentence, not a negative bound."""
    setting = LineSetting.on_the_line(T1)
    with pytest.raises(SpecError, match="larger"):
        lyapunov(setting, Fraction(1, 2), Fraction(1, 10), Fraction(1))


def test_the_transfer_of_a_quadratic_loss() -> None:
    """For a loss that is next to λw²/2 the ratio of the integrals is (1 - t/β)^(-1/2)."""
    flat = ScalarLoss("flat", activation("tanh"), Fraction(1, 10**6), Fraction(1), ((Fraction(1), 1, Fraction(1)),))
    found = log_ratio(LineSetting.on_the_line(flat), Fraction(1, 2), Fraction(2))
    assert abs(found - arb(2).log() / 2) < arb("1e-4")
    with pytest.raises(SpecError, match="between"):
        log_ratio(LineSetting.on_the_line(flat), Fraction(1, 2), Fraction(4))


def test_a_plan_meets_its_target() -> None:
    """S1 from the wrong well to 1/10 by Holley and Stroock alone: 10^8.71 steps, which other searches confirm."""

    def plain(setting: LineSetting, noise: Fraction) -> LogSobolev:
        found = holley_stroock(setting, noise)
        assert found is not None  # the data term is bounded
        return found

    found = line_plan(LineSetting.on_the_line(S1), Fraction(-3546, 1000), Fraction(1, 10), plain)
    with precision(128):
        assert found.bound <= enclose(Fraction(1, 10))
    assert arb("8.6") < found.log10_steps < arb("8.8")


def test_the_rule_misses_what_is_stated() -> None:
    """A spacing that is far too wide has a visible error, below its bound; halving the one in use changes nothing."""
    law = LineLaw(S1, Fraction(1, 2), Fraction(1, 5), Fraction(-7, 2))
    wide = replace(law, finer=1)
    factor = 2 * int(0.8 * law.deviation / law.spacing)
    wide.__dict__["spacing"] = law.spacing * factor
    fine = replace(law, finer=2)
    found = []
    for one in (law, wide, fine):
        *_, last = one.densities(2)
        found.append(dict(zip(np.rint(one.nodes / fine.spacing).astype(int).tolist(), last.tolist(), strict=True)))
    assert max(abs(v - found[2][k]) for k, v in found[0].items() if k in found[2]) < 1e-13
    seen = max(abs(v - found[2][k]) for k, v in found[1].items() if k in found[2])
    bound = float(step_error(S1, law.noise, law.step, law.spacing * factor).upper())
    assert 1e-9 < seen <= bound


def test_entries_of_the_kernel_are_rounded_as_stated() -> None:
    """Against balls: the difference of a node and the image of another is known to an ulp of the nodes only."""
    law = LineLaw(T1, Fraction(1, 10), Fraction(1, 100), Fraction(-2633, 1000))
    columns, slope = law._kernel.tocsc(), T1.derivative(1)
    middle, worst = law.nodes.size // 2, 0.0
    with precision(160):
        h, deviation = arb(law.spacing), enclose(law.noise * law.step).sqrt()
        height = h / (deviation * (2 * arb.pi()).sqrt())
        for j in (middle, middle - 400, middle + 1800):
            x = (j - middle) * h
            image = x - enclose(law.step) * lower_arb(slope)(x)
            column = columns[:, [j]]
            for i, found in zip(column.indices.tolist(), column.data.tolist(), strict=True):
                exact = height * (-((((i - middle) * h - image) / deviation) ** 2) / 2).exp()
                worst = max(worst, float(abs(arb(found) / exact - 1).upper()) * 2**53)
    size = float(law.nodes[-1]) + 6 * float(law.step)
    assert 400 < worst < 400 * (1 + size / law.deviation)


def test_laws_stay_within_the_theorem() -> None:
    """S1 with full gradients and batches of two: no line of Theorem 3 is exceeded, and K_1 is needed to a third."""
    for noise, batch in ((Fraction(1, 5), None), (Fraction(1, 2), 2)):
        law = LineLaw(S1, noise, Fraction(1, 5), Fraction(-7, 2), batch)
        plain = holley_stroock(LineSetting.on_the_line(S1), noise)
        found = ratios(law, 40, plain)
        assert found.largest < 1
        assert found.leaked < 1e-12
        assert found.first[0] <= found.first[1] < 3 * found.first[0]


def test_a_strip_with_a_pole_is_refused() -> None:
    """tanh(3z) has a pole at π/6 i: the quarter strip has none, and the bound grows towards it."""
    narrow, wide = (bend_in_strip(T1, width) for width in (Fraction(1, 16), Fraction(1, 4)))
    assert arb("3.38") < narrow < wide
    with pytest.raises(SpecError, match="tanh"):
        bend_in_strip(replace(T1, activation=activation("sin")), Fraction(1, 16))


def test_trapped_descent_stays() -> None:
    """A thousand random batches at the largest step, in float64, stay where they are proved to stay."""
    example = the_example()
    nets = [loss.network() for loss in example.batches]
    rng, w = np.random.default_rng(29), np.array([-3.0, -1.5, -2.2])
    for k in rng.integers(0, 2, 1000):
        w = w - 8 * nets[k].gradient(w[:, None, None])[:, 0, 0]
        assert bool(((w >= -3) & (w <= -1.5)).all())


def test_trapped_descent_refuses_what_it_is_not() -> None:
    """Counts, intervals and batches that do not fit get a sentence."""
    for arguments, said in (
        (((4, 6), 9, Fraction(-3), Fraction(-1)), "weights"),
        (((3, 7), 9, Fraction(-1), Fraction(-3)), "increase"),
        (((3, 7), 11, Fraction(-3), Fraction(-1)), "drawn"),
    ):
        with pytest.raises(SpecError, match=said):
            TrappedDescent(T1, *arguments)
