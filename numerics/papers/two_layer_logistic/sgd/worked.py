"""The formulas of the theorems at simple constants, worked out by hand: each term of each formula counts.

The constants are those of no network; the exact laws of a quadratic loss, which are, have no data term.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from flint import arb

from ....balls.ball import enclose
from ....balls.precision import precision
from .extremal import Quadratic
from .log_sobolev import (
    ENVELOPE,
    HOLLEY_STROOCK,
    LOG_LIPSCHITZ,
    defect,
    envelope,
    holley_stroock,
    log_lipschitz,
)
from .setting import SgdSetting
from .theorem import ConvexDescent, NoisyDescent, Start, stationarity

CONSTANTS = {
    "radial": Fraction(3),
    "gradient": Fraction(2),
    "laplacian": Fraction(7),
    "smoothness": Fraction(2),
    "hessian_trace": Fraction(11),
    "strong_convexity": Fraction(1, 20),
    "noise": Fraction(5),
    "noise_frobenius": Fraction(1, 8),
    "noise_bound": Fraction(1),
    "minimiser": Fraction(9, 4),
    "loss_floor": Fraction(1, 4),
    "loss_ceiling": Fraction(100),
}
"""X, G, D, Λ, T, m, σ², C_F, b, the bound of the minimiser, and the bounds of the data term; λ = 1/10, N = 6."""
NOISE, STEP = Fraction(1, 2), Fraction(1, 2)
"""s and η, so that β = 4."""
LAW = Quadratic(NOISE, STEP, Fraction(0))


def simple(**changed: Fraction) -> SgdSetting:
    """A setting that has these constants."""
    base = replace(LAW.setting, regularisation=Fraction(1, 10), at_zero=arb(2), noise_share=Fraction(1, 2))
    with precision(base.bits):
        base.__dict__.update({name: enclose(value) for name, value in {**CONSTANTS, **changed}.items()})
    return base


def worked() -> list[tuple[str, arb, arb]]:
    """What was worked out: a text, the number by the formula, and the number by hand."""
    c = simple()
    with precision(c.bits):
        away = Start(enclose(Fraction(420, 13)), arb(3), False)  # so that the supremum of R_k is 100
        run = NoisyDescent(c, NOISE, STEP, away, LAW.inequality)
        wild = NoisyDescent(simple(noise_bound=Fraction(10)), NOISE, STEP, away, LAW.inequality)
        convex = ConvexDescent(c, NOISE, STEP, away)
        point, law = Start.point(c, Fraction(4)), Start.gaussian(c, Fraction(1, 4))
        spread = arb("3.5").exp() / 64
        cost = (enclose(Fraction(89, 6)).sqrt() + spread.sqrt()) ** 2 / 2
        start = (enclose(Fraction(420, 13)).sqrt() + enclose(Fraction(3, 2))) ** 2
        return [
            ("what R_k tends to", run.floor_moment, enclose(Fraction(880, 13))),
            ("R_1", run.second_moment(1), enclose(Fraction(361 * 420, 400 * 13) + Fraction(880, 13))),
            ("the supremum of R_k", run.largest_moment, arb(100)),
            ("K_1", run.first, enclose(Fraction(84, 5)) + 3 * arb(10).log()),
            ("A", run.discretisation, enclose(Fraction(89, 6))),
            ("B where the covariance counts", run.conditional, spread),
            ("B where the variance counts", wild.conditional, arb(10)),
            ("the cost of a step", run.recursion_cost, cost),
            ("what temperature costs", run.thermal(arb(30)), (1 + enclose(Fraction(76, 3)).log()) * 3 / 4),
            ("the distance of a start", away.distance_squared(c), start),
            ("that of a centred start", replace(away, centred=True).distance_squared(c), enclose(Fraction(1797, 52))),
            ("the loss at a point", point.loss, enclose(Fraction(31, 5))),
            ("the mean loss of a Gaussian law", law.loss, enclose(Fraction(59, 20))),
            ("its second moment", law.second_moment, enclose(Fraction(3, 2))),
            ("what remains in the strongly convex case", convex.floor, enclose(Fraction(4400, 79))),
            ("the excess after one step", convex.excess(1), enclose(Fraction(1521, 1600)) * start + convex.floor),
            ("the mean squared gradient", stationarity(c, STEP, 2, away), enclose(Fraction(21, 2))),
            *_with_defect(replace(run, inequality=replace(LAW.inequality, defect=arb(2))), cost),
        ]


def _with_defect(run: NoisyDescent, cost: arb) -> list[tuple[str, arb, arb]]:
    """The relative entropy with α₀ = 1/100 and Δ = 2; at the working precision."""
    kept, bias = (-enclose(Fraction(1, 200))).exp(), cost / (1 - (-enclose(Fraction(1, 200))).exp())
    entropy = 2 + kept**2 * (enclose(Fraction(74, 5)) + 3 * arb(10).log()) + bias
    return [
        ("the costs of all steps", run.bias, bias),
        ("KL after one more step", run.recursed(arb(10)), 2 + 8 * kept + cost),
        ("KL after three steps", run.entropy(3), entropy),
        ("the excess after three steps", run.excess(3), entropy / 4 + run.thermal(run.second_moment(3))),
    ]


def worked_inequalities() -> list[tuple[str, arb, arb]]:
    """The constants of the logarithmic Sobolev inequalities, and the defect, in the same way."""
    base = simple()
    tall = replace(base, activation=replace(base.activation, low=arb(-1), high=arb(1)))
    more = {"convexity_threshold": Fraction(1, 5), "largest_q": Fraction(3, 4)}
    with precision(base.bits):
        tall.__dict__.update({name: enclose(value) for name, value in {**CONSTANTS, **more}.items()})
        found = (
            holley_stroock(tall, NOISE, arb(2)),
            log_lipschitz(tall, NOISE),
            envelope(tall, NOISE, Fraction(1, 2)),
        )
        apart, lost = tall.activation.flatter(Fraction(1, 2)), defect(tall, NOISE)
        assert found[0] is not None
        assert found[2] is not None
        assert apart is not None  # tanh is bounded
        assert lost is not None
        tenth, lipschitz = -arb(10).log(), 160 + 16 * arb(10).sqrt()
        return [
            (HOLLEY_STROOCK, found[0].log_constant, tenth - 8),
            (LOG_LIPSCHITZ, found[1].log_constant, tenth - lipschitz),
            (ENVELOPE, found[2].log_constant, -arb(20).log() - enclose(Fraction(18, 10_000)) * apart),
            ("the defect", lost, enclose(Fraction(6, 10**8))),
        ]
