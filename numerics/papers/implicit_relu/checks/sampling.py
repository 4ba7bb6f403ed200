"""Sampled implicit networks: concentration, expectation, norm, limit (A10, A11, A12, A19, A20). Never proofs."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from .....theory.errors import DerivationGap, PrecisionExhausted
from .....theory.verdict import Verdict
from ....checks.evidence import enclosed, figure, note, observed, planted_tests
from ....checks.registry import Outcome, check, control
from ....checks.relation import judge
from ....sampling.exact_law import LENGTH, usable_widths
from ....sampling.moments import MomentTest
from ....sampling.statistics import BinomialTest, StatisticalTest
from ..experiments import (
    DELTA,
    FeatureSample,
    StateSample,
    TheoremSample,
    feature_sample,
    require_well_posed,
    state_sample,
    sufficient_width,
    theorem_sample,
)
from ..instance import ImplicitInstance
from ..limit import limit_variance
from . import scope

CLAIMED = 0.1
"""The value of the tail bound at which exceedances are counted."""
NORM_AT = (2.0, 3.0)
DEPARTURE = 1e-6
"""The widest networks take part in the test of the exact law, while their laws together stay as near to it as this."""
ROUNDING = 1e-12
"""More than the rounding of a computed eigenvalue, per input."""
UNSETTLED = "not settled yet"
"""The error budget of the study settles all tests together."""


def deviation_at(m: int, n: int, probability: float, factor: float = 1.0) -> float:
    r"""The t with :math:`n(n+1)\exp(-f\,mt^2/(2(4+2t)))` = ``probability``.

    >>> t = deviation_at(1000, 8, 0.1)
    >>> round(72 * math.exp(-1000 * t * t / (2 * (4 + 2 * t))), 12)
    0.1
    """
    log = math.log(n * (n + 1) / probability) / factor
    return (4 * log + math.sqrt(16 * log * log + 32 * log * m)) / (2 * m)


def _exceedances(sample: FeatureSample, probability: float, factor: float, name: str) -> BinomialTest:
    count = sum(
        int((row >= deviation_at(m, sample.n, probability, factor)).sum())
        for m, row in zip(sample.widths, sample.entry, strict=True)
    )
    return BinomialTest(name, count, sample.entry.size, probability, "at-most", ((1 + probability) / 2,))


@check("implicit-concentration", scope=scope.sampled)
def concentration(inst: ImplicitInstance) -> Outcome:
    """Exceedances of the deviation at which the bound is 0.1; the moment bound behind it by its lemma."""
    sample = feature_sample(inst)
    test = _exceedances(sample, CLAIMED, 1.0, "A10: exceedances of max|G_m - G|")
    shown = figure(
        f"Deviation of the feature Gram matrix of {sample.n} inputs",
        ("mean of max|G_m - G|", sample.entry.mean(axis=1), "measured"),
        (
            "exceeded with probability at most 0.1",
            [deviation_at(m, sample.n, CLAIMED) for m in sample.widths],
            "bound",
        ),
        x=sample.widths,
        x_label="width",
        log=True,
    )
    found = judge(
        [],
        observed("max|G_m - G| beyond t", events=test.successes, trials=test.trials, claimed=CLAIMED),
        lemma="lemma.feature-concentration",
        method=f"{sample.entry.size} networks, {sample.n} inputs, widths {min(sample.widths)} to {max(sample.widths)}",
        reason=UNSETTLED,
        detail={
            "sqrt(m) E||G_m - G||": {
                str(m): math.sqrt(m) * float(row.mean()) for m, row in zip(sample.widths, sample.norm, strict=True)
            },
            "logarithms of the norm": np.log(sample.norm).mean(axis=1).tolist(),
            "figure": shown,
        },
    )
    return _awaiting(found, test)


def _awaiting(found: Outcome, test: StatisticalTest) -> Outcome:
    """The outcome with its test, to be settled with all others; as it is where a line of its lemma did not pass."""
    return replace(found, tests=(test,)) if found.reason == UNSETTLED else found


@control("implicit-concentration")
def concentration_control(inst: ImplicitInstance) -> Outcome:
    """The exponent times 100."""
    return planted_tests([_exceedances(feature_sample(inst), 0.01, 100.0, "planted")])


def _width_test(sample: TheoremSample, share: float, name: str) -> BinomialTest:
    """How often λ_min(G_m) is at least a share of the lower end of λ_0 at the sufficient width: claimed with 1 − δ."""
    ratio = sample.ratio * (sample.lambda0.upper / sample.lambda0.lower) * (1 + ROUNDING)
    good = int((ratio >= share).sum())
    return BinomialTest(name, good, ratio.size, float(1 - DELTA), "at-least", (0.5,))


@check("concentration-width", scope=scope.sampled)
def width(inst: ImplicitInstance) -> Outcome:
    """At the sufficient width for two inputs, where the theorem claims 1 − δ; at ordinary widths, what happens."""
    theorem, sample = theorem_sample(inst), feature_sample(inst)
    test = _width_test(theorem, 0.75, f"A11: lambda_min(G_m) >= 3/4 lambda_0 at m = {theorem.width}")
    lam = sample.lambda0
    detail: dict[str, object] = {
        "theorem": {"inputs": theorem.n, "width": theorem.width, "delta": str(DELTA)},
        "share of networks with lambda_min(G_m) >= 3/4 lambda_0": {
            str(m): float((row >= 0.75 * lam.upper).mean()) for m, row in zip(sample.widths, sample.least, strict=True)
        },
    }
    if lam.lower > 0:
        detail[f"sufficient width for {sample.n} inputs"] = sufficient_width(sample.n, Fraction(lam.lower), DELTA)
        detail["figure"] = figure(
            f"Least eigenvalue of the feature Gram matrix of {sample.n} inputs, over lambda_0",
            ("mean", sample.least.mean(axis=1) / lam.upper, "measured"),
            ("minimum", sample.least.min(axis=1) / lam.upper, "measured"),
            ("3/4", [0.75] * len(sample.widths), "bound"),
            x=sample.widths,
            x_label="width",
        )
    event = f"the event at the sufficient width for {theorem.n} inputs"
    found = judge(
        [],
        observed(event, successes=test.successes, trials=test.trials),
        lemma="lemma.feature-concentration",
        method=f"{test.trials} networks of width {theorem.width} on {theorem.n} inputs",
        reason=UNSETTLED,
        detail=detail,
    )
    return _awaiting(found, test)


@control("concentration-width")
def width_control(inst: ImplicitInstance) -> Outcome:
    """The same networks with 1.05 λ_0 in place of 3/4 λ_0."""
    return planted_tests([_width_test(theorem_sample(inst), 1.05, "planted")])


def _mean_test(sample: FeatureSample, share: float, name: str) -> MomentTest:
    r"""Whether :math:`\mathbb E\lambda_{\min}(G_m)` is at most ``share`` times λ_0, at all widths together.

    :math:`\lambda_{\min}(G_m)^{1/2} = \sigma_{\min}(\Phi)` moves by at most :math:`\lVert X\rVert_2/\sqrt m` times the
    distance of the weights, so by Poincaré's inequality the variance of λ_min is at most
    :math:`4\,\mathbb E\lambda_{\min}\lVert X\rVert_2^2/m`. Raises :class:`DerivationGap` where λ_0 is not positive.
    """
    if not sample.lambda0.lower > 0:
        raise DerivationGap("lambda_0 = 0 here: so is lambda_min(G_m), always.")
    claimed = share * sample.lambda0.upper
    values = sample.least.reshape(-1, 1) / claimed
    variances = np.repeat(
        4 * sample.norm2 / (np.array(sample.widths, dtype=np.float64) * claimed), sample.least.shape[1]
    )
    error = ROUNDING * sample.n / claimed
    return MomentTest(name, values - error, values + error, variances, -math.inf, 1.0, (2.0,))


@check("jensen-eigenvalue", scope=scope.sampled)
def jensen(inst: ImplicitInstance) -> Outcome:
    """A one-sided test of the means at all widths; concavity of the least eigenvalue is exact."""
    sample = feature_sample(inst)
    test = _mean_test(sample, 1.0, "A12: E lambda_min(G_m)/lambda_0 <= 1")
    means = sample.least.mean(axis=1) / sample.lambda0.upper
    shown = {f"m = {m}": float(mean) for m, mean in zip(sample.widths, means, strict=True)}
    return Outcome(
        Verdict.UNKNOWN,
        (
            note("the least eigenvalue is concave: E lambda_min(G_m) <= lambda_min(E G_m) (Jensen)"),
            observed("mean of lambda_min(G_m)/lambda_0", **shown),
        ),
        method=f"{sample.least.size} networks on {sample.n} inputs",
        reason=UNSETTLED,
        tests=(test,),
        detail={"quantity": "mean of lambda_min(G_m)/lambda_0"},
    )


@control("jensen-eigenvalue")
def jensen_control(inst: ImplicitInstance) -> Outcome:
    """A tenth of λ_0 in place of λ_0."""
    return planted_tests([_mean_test(feature_sample(inst), 0.1, "planted")])


def _norm_tests(sample: StateSample, limit: float, name: str) -> tuple[BinomialTest, ...]:
    beyond = np.concatenate([norms - limit * math.sqrt(m) for m, norms in sample.norm.items()])

    def test(t: float) -> BinomialTest:
        claimed = 2 * math.exp(-t * t / 2)
        count = int((beyond > t).sum())
        return BinomialTest(f"{name}, t = {t:g}", count, beyond.size, claimed, "at-most", ((1 + claimed) / 2,))

    return tuple(map(test, NORM_AT))


@check("gaussian-norm", scope="sampled matrices")
def gaussian_norm(inst: ImplicitInstance) -> Outcome:
    """Norms of sampled matrices beyond 2√m + t, counted with their proved lower bounds."""
    sample = state_sample(inst)
    tests = _norm_tests(sample, 2.0, "A19: ||A|| beyond 2 sqrt(m) + t")
    means = {str(m): float((x / math.sqrt(m)).mean()) for m, x in sample.norm.items()}
    return Outcome(
        Verdict.UNKNOWN,
        tuple(observed(test.name, events=test.successes, trials=test.trials, claimed=test.claimed) for test in tests),
        method=f"{tests[0].trials} Gaussian matrices",
        reason=UNSETTLED,
        tests=tests,
        detail={"quantity": "mean of ||A||/sqrt(m)", "mean of ||A||/sqrt(m)": means},
    )


@control("gaussian-norm")
def gaussian_norm_control(inst: ImplicitInstance) -> Outcome:
    """The limit 3√m/2 in place of 2√m."""
    return planted_tests(_norm_tests(state_sample(inst), 1.5, "planted"))


def _limit_test(sample: StateSample, gamma: float, limit: float, name: str) -> MomentTest:
    r"""Whether :math:`K^*` is the mean of :math:`\lVert z\rVert^2` under the exact law of the equilibrium, over K^*.

    :math:`z = \sigma(\sqrt s x + \sigma(\xi))/\sqrt m` with independent Gaussian vectors x, ξ and
    :math:`s = \gamma^2\lVert z\rVert^2` (docs/theory/finite-width.md, section 5); what is averaged is the same with
    :math:`s_* = \gamma^2K^*`, whose mean is K^*. From another limit than the one it was recorded for it is enclosed by
    the length of x. :math:`|\sigma(\xi)|^2/m`, of mean 1/2, is subtracted as a control variate.
    """
    counts = {m: values.size for m, values in sample.states.items()}
    widths, lost = usable_widths(counts, gamma * gamma, DEPARTURE, LENGTH)
    if not widths:
        raise PrecisionExhausted(
            "the law of an equilibrium is not known well enough at these widths: take larger ones or a smaller gamma."
        )
    probes, features, errors = (
        np.concatenate([column[m] for m in widths]) for column in (sample.probes, sample.features, sample.errors)
    )
    m = np.concatenate([np.full(len(sample.states[w]), float(w)) for w in widths])
    shift = LENGTH * gamma * abs(math.sqrt(limit) - math.sqrt(sample.limit))
    lower = np.maximum(np.sqrt(np.maximum(probes - errors, 0.0)) - shift, 0.0) ** 2 - features - errors
    upper = (np.sqrt(probes + errors) + shift) ** 2 - features + errors
    variances = remainder_variance(gamma * gamma * limit) / (limit * limit * m)
    lower, upper = (np.column_stack([v.mean(axis=1), v]) / limit for v in (lower, upper))
    return MomentTest(name, lower, upper, variances, 1.0, 1.0, (0.95, 1.05), lost)


def remainder_variance(s: float) -> float:
    r"""A bound of the variance of :math:`\sigma(\sqrt sx+\sigma(\xi))^2-\sigma(\xi)^2`, x and ξ independent Gaussians.

    Proof: docs/theory/finite-width.md, Lemma 8.

    >>> round(remainder_variance(0.02), 6)
    0.0412
    """
    return 2 * s + 3 * s * s


@check("equilibrium-limit", scope=scope.sampled)
def equilibrium_limit(inst: ImplicitInstance) -> Outcome:
    """The enclosed fixed point, and the mean of sampled equilibria under their exact law at finite width."""
    require_well_posed(inst)
    limit, sample = limit_variance(inst.gamma, inst.budget.bits), state_sample(inst)
    test = _limit_test(sample, float(inst.gamma), sample.limit, "A20: E|z|^2 / K*")
    means = {str(m): float(x.mean()) for m, x in sample.states.items()}
    found = judge(
        [],
        enclosed("the fixed point K* (Banach's bound; contraction by at most 3 gamma^2/4)", K=limit),
        observed("the mean of |z|^2 by its exact law, over K*", ratio=test.estimate),
        value=limit,
        method=f"equilibria at widths {min(sample.states)} to {max(sample.states)}",
        reason=UNSETTLED,
        detail={"quantity": "K*", "mean of |z|^2": means},
    )
    return _awaiting(found, test)


@control("equilibrium-limit")
def limit_control(inst: ImplicitInstance) -> Outcome:
    """1.1 K* in place of K*."""
    require_well_posed(inst)
    sample = state_sample(inst)
    return planted_tests([_limit_test(sample, float(inst.gamma), 1.1 * sample.limit, "planted")])
