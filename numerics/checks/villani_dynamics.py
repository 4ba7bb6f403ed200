"""Two-layer-logistic: simulations of the reference case (C18, C21). Statistics, never proofs.

The level to which inequality (5.4) is tested comes from float64 (Fokker-Planck, eigenvalues); the time discretisation
of the simulated equation is allowed for by a stated amount.
"""

from __future__ import annotations

import math

import numpy as np

from ...theory.verdict import Verdict
from ..precision import precision
from ..sampling.statistics import BinomialTest, ErrorBudget, MedianTest, StatisticalTest
from ..villani.evolution import Evolution, evolve
from ..villani.instance import CELLS, TwoLayerInstance
from ..villani.langevin import langevin, mini_batch_descent, noisy_descent
from ..villani.loss import Floats
from ..villani.quadrature import clustered_grid, default_reach
from .finite_width import observed
from .registry import Outcome, check, control
from .villani_activations import not_smooth

REPLICATES, CHAINS = 20, 200
MEANS, VARIANCE = (-6.0, -4.0, -2.5, 2.5, 4.0, 6.0), 0.5
"""Initial laws that are tried; the one on which the inequality is sharpest is simulated."""
TIME_STEP = 0.05
TIMES = (5.0, 20.0, 60.0)
WEAK_ERROR = 0.05
"""Allowance for the weak error of Euler's scheme, per unit of the time step; the tables of the theory show 0.02."""
DESCENT_STEPS = 3000
DESCENT_CELLS = 4000
NEWTON_STEPS = 20


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


def _start(inst: TwoLayerInstance) -> tuple[float, float, float]:
    r"""Mean and variance of the start at the best minimum; the transient term of the claim for it."""
    scalar, step = inst.scalar, float(inst.step)
    network = scalar.network()
    axis = clustered_grid(default_reach(scalar, inst.step), DESCENT_CELLS)
    best = float(axis[np.argmin(network.loss(axis[:, None, None]))])
    for _ in range(NEWTON_STEPS):
        best -= float(network.gradient(np.array([[best]]))[0, 0] / network.hessian(np.array([[best]]))[0, 0])
    widest = step / (2 * float(network.hessian(np.array([[best]]))[0, 0]))
    tried = []
    for halvings in range(9):  # a steep side of the well asks for a narrower law
        evolution = evolve(network, step, axis, (best, widest / 2**halvings), duration=step, steps=1)
        tried.append((float(evolution.deviation * evolution.distance[0]), widest / 2**halvings))
    transient, variance = min(tried)
    return best, variance, transient


def _descents(inst: TwoLayerInstance) -> dict[str, Floats]:
    """Mean losses over the last fifth: Gaussian noise and mini-batches of one point, (replicates,) each."""
    mean, variance, transient = _start(inst)

    def make() -> dict[str, Floats]:
        rng = np.random.default_rng([inst.budget.seed, 21])
        network, step = inst.scalar.network(), float(inst.step)
        start = mean + math.sqrt(variance) * rng.standard_normal((REPLICATES * 10, 1, 1))
        gaussian = noisy_descent(network, start, step, DESCENT_STEPS, rng)
        batches = mini_batch_descent(network, start, step, 1, DESCENT_STEPS, rng)
        inst.workspace.progress(f"descents, {inst.subject}", 1, 1)
        found = {name: v.reshape(REPLICATES, -1).mean(axis=1) for name, v in (("noise", gaussian), ("batch", batches))}
        return {**found, "transient": np.array([transient])}

    key = f"villani descents {inst.scalar.name} {inst.subject} s={inst.step} seed={inst.budget.seed}"
    return inst.workspace.keep(key, make)


def _bound(inst: TwoLayerInstance, found: dict[str, Floats]) -> float:
    with precision(inst.budget.bits):
        stationary = float(inst.scalar_bounds.stationary_excess(inst.step).upper())
    return stationary + float(found["transient"][0])


def _descent_test(inst: TwoLayerInstance, found: dict[str, Floats], bound: float, label: str) -> BinomialTest:
    """If the mean excess is at most the bound, half of the replicates at least lie below twice it (Markov)."""
    excess = found["noise"] - float(inst.scalar_minimum.upper())
    below = int((excess <= 2 * bound).sum())
    return BinomialTest(f"{label}, {inst.subject}", below, excess.size, 0.5, "at-least", (0.5,))


@check("villani-descent")
def descent(inst: TwoLayerInstance) -> Outcome:
    """The mean excess over the proved minimum in the last fifth of the runs, against the bound of the claim."""
    found = _descents(inst)
    bound = _bound(inst, found)
    test = _descent_test(inst, found, bound, "excess at most twice the bound")
    least = float(inst.scalar_minimum.mid())
    return Outcome(
        Verdict.UNKNOWN,
        (
            observed("mean excess with Gaussian noise", mean=found["noise"].mean() - least, bound=bound),
            observed("replicates whose excess is at most twice the bound", count=test.successes, of=test.trials),
            observed(
                "the same with mini-batches of one point, which no claim covers", mean=found["batch"].mean() - least
            ),
            observed("share of the bound that is due to the start", transient=float(found["transient"][0])),
        ),
        upper=bound,
        method=f"{REPLICATES} replicates of 10 runs of {DESCENT_STEPS} steps",
        reason="not settled yet",
        tests=(test,),
        detail={"quantity": "mean excess loss"},
    )


@control("villani-descent")
def descent_control(inst: TwoLayerInstance) -> Outcome:
    """The same runs against a hundredth of the bound."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    found = _descents(inst)
    return _settled((_descent_test(inst, found, _bound(inst, found) / 100, "planted"),))


def _settled(tests: tuple[StatisticalTest, ...]) -> Outcome:
    verdicts = [outcome.verdict for outcome in ErrorBudget().settle(tests)]
    verdict = Verdict.INCONSISTENT if Verdict.INCONSISTENT in verdicts else Verdict.UNKNOWN
    return Outcome(verdict, (observed("planted statement"),), reason="a planted statement")
