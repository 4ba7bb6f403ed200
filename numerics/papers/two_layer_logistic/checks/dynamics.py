"""Two-layer-logistic: simulations of the reference case (C18, C21). Statistics, never proofs.

The level to which inequality (5.4) is tested comes from float64 (Fokker-Planck, eigenvalues); the time discretisation
of the simulated equation is allowed for by a stated amount.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.evidence import enclosed, ends, observed
from ....checks.registry import Outcome, check, control
from ....sampling.statistics import BinomialTest, ErrorBudget, MedianTest, StatisticalTest
from ..evolution import Evolution, evolve
from ..extremal import flat_case
from ..instance import CELLS, TwoLayerInstance
from ..langevin import langevin, mini_batch_descent, noisy_descent
from ..loss import Floats
from ..quadrature import clustered_grid, default_reach
from .activations import not_smooth
from .bounds import below

REPLICATES, CHAINS = 20, 200
MEANS, VARIANCE = (-6.0, -4.0, -2.5, 2.5, 4.0, 6.0), 0.5
"""Initial laws that are tried; the one on which the inequality is sharpest is simulated."""
TIME_STEP = 0.05
TIMES = (5.0, 20.0, 60.0)
WEAK_ERROR = 0.05
"""Allowance for the weak error of Euler's scheme, per unit of the time step; the tables of the theory show 0.02."""
DESCENT_STEPS, START = 3000, -3.0


def _places(evolution: Evolution) -> list[int]:
    """Where the recorded times stand in an evolution."""
    return [round(t / TIMES[-1] * (evolution.times.size - 1)) for t in TIMES]


def _evolution(inst: TwoLayerInstance) -> tuple[float, Evolution, float]:
    """The mean of the chosen initial law, its evolution, and the gap in float64."""
    scalar, noise = inst.scalar, float(inst.noise)
    axis = clustered_grid(default_reach(scalar, inst.noise), CELLS)
    gap = inst.scalar_spectrum(inst.noise).gap
    variance = min(VARIANCE, float(inst.noise / scalar.regularisation) / 2)
    found = [
        (mean, evolve(scalar.network(), noise, axis, (mean, variance), duration=TIMES[-1], steps=600)) for mean in MEANS
    ]

    def sharpness(evolution: Evolution) -> float:
        places = _places(evolution)
        return float((np.abs(evolution.excess[places]) / evolution.bound(gap)[places]).min())

    mean, evolution = max(found, key=lambda pair: sharpness(pair[1]))
    return mean, evolution, gap


def _simulated(inst: TwoLayerInstance, mean: float) -> Floats:
    """Mean losses (replicates, times) of simulated trajectories."""

    variance = min(VARIANCE, float(inst.noise / inst.scalar.regularisation) / 2)

    def make() -> dict[str, Floats]:
        rng = np.random.default_rng([inst.budget.seed, 18])
        network, found = inst.scalar.network(), []
        records = tuple(round(t / TIME_STEP) for t in TIMES)
        for k in range(REPLICATES):
            start = mean + math.sqrt(variance) * rng.standard_normal((CHAINS, 1, 1))
            losses = langevin(network, start, float(inst.noise), TIME_STEP, records, rng)
            found.append(losses.mean(axis=1))
            inst.workspace.progress(f"trajectories, {inst.subject}", k + 1, REPLICATES)
        return {"losses": np.array(found)}

    key = f"villani trajectories from {mean} {inst.scalar.name} {inst.subject} s={inst.noise} seed={inst.budget.seed}"
    return inst.workspace.keep(key, make)["losses"]


def _convergence_tests(
    inst: TwoLayerInstance, mean: float, evolution: Evolution, radii: Floats, label: str, *, of_limit: bool
) -> tuple[MedianTest, ...]:
    """Tests of |E L(W_t) - E_mu L| <= radius at the recorded times, by the median of the replicates' means.

    The equation is the limit of small time steps of what is simulated: it can be supported, and not contradicted.
    """
    losses, tests = _simulated(inst, mean), []
    for k, t in enumerate(TIMES):
        reach = float(radii[k]) + WEAK_ERROR * TIME_STEP
        low, high = evolution.mean - reach, evolution.mean + reach
        alternatives = (evolution.mean - 2 * reach, evolution.mean + 2 * reach)  # twice the distance claimed
        tests.append(MedianTest(f"{label}, {inst.subject}, t = {t:g}", losses[:, k], low, high, alternatives, of_limit))
    return tuple(tests)


@check("villani-convergence")
def convergence(inst: TwoLayerInstance) -> Outcome:
    """Simulated means against the right side of the inequality at the numerical gap; never a fitted slope."""
    mean, evolution, gap = _evolution(inst)
    bound = evolution.bound(gap)
    tests = _convergence_tests(inst, mean, evolution, bound[_places(evolution)], "mean loss", of_limit=True)
    ratio = float(np.max(np.abs(evolution.excess) / bound))
    every = slice(None, None, 6)
    return Outcome(
        Verdict.UNKNOWN,
        (
            observed("largest ratio of the two sides along the Fokker-Planck equation", ratio=ratio),
            *(
                observed(f"mean loss of {REPLICATES * CHAINS} trajectories at t = {t:g}", median=test.estimate)
                for t, test in zip(TIMES, tests, strict=True)
            ),
            observed("stationary mean and deviation of the loss, and the gap", mean=evolution.mean, gap=gap),
        ),
        method=f"{REPLICATES * CHAINS} trajectories; Fokker-Planck on {CELLS} cells",
        reason="not settled yet",
        tests=tests,
        detail={
            "quantity": "mean loss",
            "ratio": ratio,
            "figure": {
                "title": f"Convergence of the expected loss, {inst.scalar.name}, s = {inst.noise}",
                "x": {"label": "t", "values": [float(t) for t in evolution.times[every]]},
                "series": [
                    {
                        "label": "|E L(W_t) - E_mu L|, Fokker-Planck",
                        "values": [float(v) for v in np.abs(evolution.excess[every])],
                        "role": "measured",
                    },
                    {"label": "bound", "values": [float(v) for v in bound[every]], "role": "bound"},
                ],
                "log": True,
            },
        },
    )


@control("villani-convergence")
def convergence_control(inst: TwoLayerInstance) -> Outcome:
    """Half the distance that the Fokker-Planck equation predicts, said of these time steps."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    mean, evolution, _ = _evolution(inst)
    halved = np.abs(evolution.excess[_places(evolution)]) / 2
    return _settled(_convergence_tests(inst, mean, evolution, halved, "planted", of_limit=False))


def _descents(inst: TwoLayerInstance) -> dict[str, Floats]:
    """Mean losses over the last fifth: Gaussian noise and mini-batches of one point, (replicates,) each."""

    def make() -> dict[str, Floats]:
        rng = np.random.default_rng([inst.budget.seed, 21])
        network, step = inst.convex_case.network(), float(inst.step)
        start = np.full((REPLICATES * 10, 1, 1), START)
        gaussian = noisy_descent(network, start, step, DESCENT_STEPS, rng)
        batches = mini_batch_descent(network, start, step, 1, DESCENT_STEPS, rng)
        inst.workspace.progress(f"descents, {inst.subject}", 1, 1)
        return {name: v.reshape(REPLICATES, -1).mean(axis=1) for name, v in (("noise", gaussian), ("batch", batches))}

    case = inst.convex_case
    key = f"villani descents {case.name} lambda={case.regularisation} {inst.subject} s={inst.step} {inst.budget.seed}"
    return inst.workspace.keep(key, make)


def _descent_bound(inst: TwoLayerInstance) -> arb:
    """The bound over the last fifth of the runs, where its first term is largest at the beginning."""
    distance = (abs(arb(START)) + inst.convex_case.reach()) ** 2
    first = DESCENT_STEPS - max(DESCENT_STEPS // 5, 1)
    return inst.convex_bounds.descent(inst.step, first, arb(distance.upper()))


def _descent_test(inst: TwoLayerInstance, found: dict[str, Floats], share: float, label: str) -> BinomialTest:
    """If the mean excess is at most the bound, half of the replicates at least lie below twice it (Markov)."""
    with precision(inst.budget.bits):
        bound = float(_descent_bound(inst).upper()) * share
    excess = found["noise"] - float(inst.convex_case.minimum().upper())
    below_twice = int((excess <= 2 * bound).sum())
    return BinomialTest(f"{label}, {inst.subject}", below_twice, excess.size, 0.5, "at-least", (0.5,))


def _attained(step: Fraction, share: Fraction = Fraction(1)) -> tuple[arb, arb]:
    """The stationary excess of the recursion for L = λ|w|²/2, exactly, and a share of the bound for it."""
    flat = flat_case().bounds
    rate = flat.regularisation
    exact_excess = enclose(step / (2 * (2 - step * rate)))
    return exact_excess, enclose(share) * flat.descent(step, 10**9, arb(0))


@check("villani-descent")
def descent(inst: TwoLayerInstance) -> Outcome:
    """The mean excess over the proved minimum in the last fifth of the runs, against the bound of the claim."""
    attained = _attained(inst.step)
    item = enclosed("a quadratic loss nearly attains the bound", excess=attained[0], bound=attained[1])
    if below([attained]) is not Verdict.PROVED:
        return Outcome(Verdict.REFUTED, (item,))
    found = _descents(inst)
    test = _descent_test(inst, found, 1.0, "excess at most twice the bound")
    least, bound = float(inst.convex_case.minimum().mid()), _descent_bound(inst)
    return Outcome(
        Verdict.UNKNOWN,
        (
            item,
            enclosed(
                f"the case that is run: {inst.convex_case.name} with lambda = {inst.convex_case.regularisation}",
                modulus=inst.convex_bounds.strong_convexity,
                gLip=inst.convex_bounds.smoothness,
                bound=bound,
            ),
            observed("mean excess with Gaussian noise", mean=found["noise"].mean() - least),
            observed("replicates whose excess is at most twice the bound", count=test.successes, of=test.trials),
            observed(
                "the same with mini-batches of one point, which this claim does not cover",
                mean=found["batch"].mean() - least,
            ),
        ),
        upper=ends(bound)[1],
        method=f"{REPLICATES} replicates of 10 runs of {DESCENT_STEPS} steps from {START}",
        reason="not settled yet",
        tests=(test,),
        detail={"quantity": "mean excess loss"},
    )


@control("villani-descent")
def descent_control(inst: TwoLayerInstance) -> Outcome:
    """99/100 of the bound for a quadratic loss, and a tenth of it for the same runs."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    if below([_attained(inst.step, Fraction(99, 100))]) is not Verdict.REFUTED:
        return Outcome(Verdict.UNKNOWN, reason="the quadratic loss is not separated from the planted bound")
    return _settled((_descent_test(inst, _descents(inst), 0.1, "planted"),))


def _settled(tests: tuple[StatisticalTest, ...]) -> Outcome:
    verdicts = [outcome.verdict for outcome in ErrorBudget().settle(tests)]
    verdict = Verdict.INCONSISTENT if Verdict.INCONSISTENT in verdicts else Verdict.UNKNOWN
    return Outcome(verdict, (observed("planted statement"),), reason="a planted statement")
