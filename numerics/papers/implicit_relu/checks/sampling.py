"""Sampled implicit networks: concentration, expectation, norm, limit (A10, A11, A12, A19, A20). Never proofs."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from .....theory.errors import PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.ball import Ball
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import enclosed, ends, exact, observed
from ....checks.registry import Outcome, check, control
from ....sampling.exact_law import LENGTH, usable_widths
from ....sampling.moments import MomentTest
from ....sampling.statistics import BinomialTest, ErrorBudget, StatisticalTest
from ..experiments import DELTA, FeatureSample, StateSample, require_well_posed, sufficient_width
from ..instance import ImplicitInstance
from ..limit import limit_variance

CLAIMED = 0.1
"""The value of the tail bound at which exceedances are counted."""
PLANTED_FACTOR = 100.0
PLANTED_LEVEL = 0.01
PLANTED_SHARE = 1.05
NORM_AT = (2.0, 3.0)
PLANTED_NORM = 1.5
DEPARTURE = 1e-6
"""The widest networks take part in the test of the exact law, while their laws together stay as near to it as this."""
ROUNDING = 1e-12
"""More than the rounding of a computed eigenvalue, per input."""


def pending(evidence: tuple[EvidenceItem, ...], tests: tuple[StatisticalTest, ...], **rest: object) -> Outcome:
    """An outcome that waits for the error budget of the study."""
    return Outcome(Verdict.UNKNOWN, evidence, reason="not settled yet", tests=tests, **rest)  # type: ignore[arg-type]  # the fields of Outcome by name


def settled(*tests: StatisticalTest) -> Outcome:
    """What a planted statement gets by itself."""
    verdicts = [o.verdict for o in ErrorBudget().settle(tests)]
    verdict = Verdict.INCONSISTENT if Verdict.INCONSISTENT in verdicts else Verdict.UNKNOWN
    return Outcome(verdict, (observed("planted statement"),), reason="a planted statement")


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


@check("implicit-concentration")
def concentration(inst: ImplicitInstance) -> Outcome:
    """Exceedances of the deviation at which the bound is 0.1; the moment bound behind it is exact."""
    sample = inst.feature_sample
    test = _exceedances(sample, CLAIMED, 1.0, "A10: exceedances of max|G_m - G|")
    rates = np.log(sample.norm).mean(axis=1)
    roots = [math.sqrt(m) * float(row.mean()) for m, row in zip(sample.widths, sample.norm, strict=True)]
    figure = {
        "title": f"Deviation of the feature Gram matrix of {sample.n} inputs",
        "x": {"label": "width", "values": [float(m) for m in sample.widths]},
        "series": [
            {"label": "mean of max|G_m - G|", "values": sample.entry.mean(axis=1).tolist(), "role": "measured"},
            {
                "label": "exceeded with probability at most 0.1",
                "values": [deviation_at(m, sample.n, CLAIMED) for m in sample.widths],
                "role": "bound",
            },
        ],
        "log": True,
    }
    return pending(
        (
            exact("E S^p <= (2p-1)!!/2 <= (p!/2) 4 2^(p-2) for S = sigma(g)sigma(g'), since (2p-1)!! <= 2^p p!"),
            observed("max|G_m - G| beyond t", events=test.successes, trials=test.trials, claimed=CLAIMED),
        ),
        (test,),
        method=f"{sample.entry.size} networks, {sample.n} inputs, widths {min(sample.widths)} to {max(sample.widths)}",
        detail={
            "sqrt(m) E||G_m - G||": dict(zip(map(str, sample.widths), roots, strict=True)),
            "logarithms of the norm": rates.tolist(),
            "figure": figure,
        },
    )


@control("implicit-concentration")
def concentration_control(inst: ImplicitInstance) -> Outcome:
    """The exponent times 100."""
    return settled(_exceedances(inst.feature_sample, PLANTED_LEVEL, PLANTED_FACTOR, "planted"))


@check("concentration-width")
def width(inst: ImplicitInstance) -> Outcome:
    """At the sufficient width for two inputs, where the theorem claims 1 − δ; at ordinary widths, what happens."""
    theorem, sample = inst.theorem_sample, inst.feature_sample
    ratio = theorem.ratio * (theorem.lambda0.upper / theorem.lambda0.lower) * (1 + ROUNDING)  # over the lower end
    good = int((ratio >= 0.75).sum())
    name = f"A11: lambda_min(G_m) >= 3/4 lambda_0 at m = {theorem.width}"
    test = BinomialTest(name, good, theorem.ratio.size, float(1 - DELTA), "at-least", (0.5,))
    lam = sample.lambda0
    shares = [float((row >= 0.75 * lam.upper).mean()) for row in sample.least]
    needed = sufficient_width(sample.n, Fraction(lam.lower), DELTA) if lam.lower > 0 else None
    figure = {
        "title": f"Least eigenvalue of the feature Gram matrix of {sample.n} inputs, over lambda_0",
        "x": {"label": "width", "values": [float(m) for m in sample.widths]},
        "series": [
            {"label": "mean", "values": (sample.least.mean(axis=1) / lam.upper).tolist(), "role": "measured"},
            {"label": "minimum", "values": (sample.least.min(axis=1) / lam.upper).tolist(), "role": "measured"},
            {"label": "3/4", "values": [0.75] * len(sample.widths), "role": "bound"},
        ],
        "log": False,
    } if lam.lower > 0 else None  # fmt: skip
    detail: dict[str, object] = {
        "theorem": {"inputs": theorem.n, "width": theorem.width, "delta": str(DELTA)},
        f"sufficient width for {sample.n} inputs": needed,
        "share of networks with lambda_min(G_m) >= 3/4 lambda_0": dict(
            zip(map(str, sample.widths), shares, strict=True)
        ),
    }
    if figure is not None:
        detail["figure"] = figure
    return pending(
        (
            exact("t = lambda_0/(4n) in the concentration bound: 2(4 + 2t) <= 17/2 and 16 * 17/2 = 136"),
            observed(f"the event at the sufficient width for {theorem.n} inputs", successes=good, trials=test.trials),
        ),
        (test,),
        method=f"{theorem.ratio.size} networks of width {theorem.width} on {theorem.n} inputs",
        detail=detail,
    )


@control("concentration-width")
def width_control(inst: ImplicitInstance) -> Outcome:
    """The same networks with 1.05 λ_0 in place of 3/4 λ_0."""
    ratio = inst.theorem_sample.ratio
    good = int((ratio >= PLANTED_SHARE).sum())
    return settled(BinomialTest("planted", good, ratio.size, float(1 - DELTA), "at-least", (0.5,)))


def _mean_test(sample: FeatureSample, share: float, name: str) -> MomentTest:
    r"""Whether :math:`\mathbb E\lambda_{\min}(G_m)` is at most ``share`` times λ_0, at all widths together.

    :math:`\lambda_{\min}(G_m)^{1/2} = \sigma_{\min}(\Phi)` moves by at most :math:`\lVert X\rVert_2/\sqrt m` times the
    distance of the weights, so by Poincaré's inequality the variance of λ_min is at most
    :math:`4\,\mathbb E\lambda_{\min}\lVert X\rVert_2^2/m`.
    """
    claimed = share * sample.lambda0.upper
    rows = [(float(m), values) for m, values in zip(sample.widths, sample.least, strict=True)]
    values = np.concatenate([row for _, row in rows])[:, None] / claimed
    variances = np.concatenate([np.full(row.size, 4 * sample.norm2 / (m * claimed)) for m, row in rows])
    error = ROUNDING * sample.n / claimed
    return MomentTest(name, values - error, values + error, variances, -math.inf, 1.0, (2.0,))


@check("jensen-eigenvalue")
def jensen(inst: ImplicitInstance) -> Outcome:
    """A one-sided test of the means at all widths; concavity of the least eigenvalue is exact."""
    sample = inst.feature_sample
    lam = sample.lambda0
    if not lam.lower > 0:
        return Outcome(Verdict.UNKNOWN, reason="lambda_0 = 0 here: so is lambda_min(G_m), always.")
    test = _mean_test(sample, 1.0, "A12: E lambda_min(G_m)/lambda_0 <= 1")
    return pending(
        (
            exact("the least eigenvalue is concave: E lambda_min(G_m) <= lambda_min(E G_m) (Jensen)"),
            observed(
                "mean of lambda_min(G_m)/lambda_0",
                **{
                    f"m = {m}": float(row.mean()) / lam.upper
                    for m, row in zip(sample.widths, sample.least, strict=True)
                },
            ),
        ),
        (test,),
        method=f"{sample.least.size} networks on {sample.n} inputs",
        detail={"quantity": "mean of lambda_min(G_m)/lambda_0"},
    )


@control("jensen-eigenvalue")
def jensen_control(inst: ImplicitInstance) -> Outcome:
    """A tenth of λ_0 in place of λ_0."""
    sample = inst.feature_sample
    if not sample.lambda0.lower > 0:
        return Outcome(Verdict.UNKNOWN, reason="lambda_0 = 0: a tenth of it is the same number.")
    return settled(_mean_test(sample, 0.1, "planted"))


def _norm_tests(sample: StateSample, limit: float, name: str) -> tuple[BinomialTest, ...]:
    tests = []
    for t in NORM_AT:
        count = sum(int((norms > limit * math.sqrt(m) + t).sum()) for m, norms in sample.norm.items())
        claimed = 2 * math.exp(-t * t / 2)
        trials = sum(map(len, sample.norm.values()))
        tests.append(BinomialTest(f"{name}, t = {t:g}", count, trials, claimed, "at-most", ((1 + claimed) / 2,)))
    return tuple(tests)


@check("gaussian-norm")
def gaussian_norm(inst: ImplicitInstance) -> Outcome:
    """Norms of sampled matrices beyond 2√m + t, counted with their proved lower bounds."""
    sample = inst.state_sample
    tests = _norm_tests(sample, 2.0, "A19: ||A|| beyond 2 sqrt(m) + t")
    means = {str(m): float((x / math.sqrt(m)).mean()) for m, x in sample.norm.items()}
    return pending(
        tuple(observed(test.name, events=test.successes, trials=test.trials, claimed=test.claimed) for test in tests),
        tests,
        method=f"{tests[0].trials} Gaussian matrices",
        detail={"quantity": "mean of ||A||/sqrt(m)", "mean of ||A||/sqrt(m)": means},
    )


@control("gaussian-norm")
def gaussian_norm_control(inst: ImplicitInstance) -> Outcome:
    """The limit 3√m/2 in place of 2√m."""
    return settled(*_norm_tests(inst.state_sample, PLANTED_NORM, "planted"))


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


@check("equilibrium-limit")
def equilibrium_limit(inst: ImplicitInstance) -> Outcome:
    """The enclosed fixed point, and the mean of sampled equilibria under their exact law at finite width."""
    limit = limit_variance(inst.gamma, inst.budget.bits)
    require_well_posed(inst)
    sample = inst.state_sample
    value = float(Ball(limit).mid)
    test = _limit_test(sample, float(inst.gamma), value, "A20: E|z|^2 / K*")
    means = {str(m): float(x.mean()) for m, x in sample.states.items()}
    lower, upper = ends(limit)
    return pending(
        (
            enclosed("the fixed point K* (Banach's bound; contraction by at most 3 gamma^2/4)", K=limit),
            observed("the mean of |z|^2 by its exact law, over K*", ratio=test.estimate),
        ),
        (test,),
        lower=lower,
        upper=upper,
        method=f"equilibria at widths {min(sample.states)} to {max(sample.states)}",
        detail={"quantity": "K*", "mean of |z|^2": means},
    )


@control("equilibrium-limit")
def limit_control(inst: ImplicitInstance) -> Outcome:
    """1.1 K* in place of K*."""
    require_well_posed(inst)
    value = float(Ball(limit_variance(inst.gamma, 64)).mid)
    return settled(_limit_test(inst.state_sample, float(inst.gamma), 1.1 * value, "planted"))
