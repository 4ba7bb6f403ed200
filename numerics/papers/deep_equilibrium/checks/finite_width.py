"""Sampled networks against the population Gram matrix (C22, C30): statistics, never proofs."""

from __future__ import annotations

import math
from collections.abc import Callable

from .....theory.activations.functions import X
from .....theory.errors import CertigramError, PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.precision import precision
from ....checks.evidence import ends, observed, planted_tests
from ....checks.registry import Outcome, check, control
from ....checks.sampled import SampledInstance
from ....hermite import gaussian_mean
from ....sampling.experiment import Sample
from ....sampling.finite_width import (
    Moments,
    error_bands,
    event_test,
    norm_mean_test,
    norm_tail_test,
    rate_test,
    scale_test,
    spread_test,
)
from ....sampling.moments import MomentTest
from ..instance import EquilibriumInstance
from . import scope

TAIL_AT = (1.0, 2.0)
"""Values of t at which the tail bound of the norm is tested."""
RATE_OF = {True: "||K^(-1/2)(G_m - K)K^(-1/2)||_F", False: "||G_m - K||_F"}
"""The error whose rate is tested: whitened where K is numerically positive definite."""
MOMENT_BITS = 64
EXACT_TESTS: dict[str, Callable[[Sample, int, str, Moments], MomentTest]] = {
    "scale": scale_test,
    "spread": spread_test,
}
PLANTED_SCALE = 1.05
PLANTED_LIMIT = 0.95


Sampled = SampledInstance[EquilibriumInstance]


def activation_moments(inst: EquilibriumInstance) -> Moments:
    """The moments of the squared activation at the fixed point, enclosed; nothing where they are not known."""
    try:
        power, fixed = inst.activation.expression**2, inst.fixed_point
        fourth = gaussian_mean(power**2, fixed.s, MOMENT_BITS)
        eighth = gaussian_mean(power**4, fixed.s, MOMENT_BITS)
        slope = gaussian_mean(power * X**2, fixed.s, MOMENT_BITS)
    except CertigramError:
        return Moments()
    with precision(MOMENT_BITS):
        slope = slope / fixed.s - fixed.q
        low, high = ends(fourth)
        return Moments(
            max(low, 0.0),
            high,
            ends(eighth)[1],
            float(slope.mid()),
            ends(slope.rad())[1] + 1e-15 * abs(float(slope.mid())),
        )


@check("gram-convergence", scope=scope.sampled)
def gram_convergence(inst: Sampled) -> Outcome:
    """Scale and spread of the diagonal by its exact law; the rate; the event λ_min(G_m) ≥ λ_*/2 at the largest m."""
    sample, k, name = inst.networks, inst.place, inst.activation.name
    moments, why = activation_moments(inst.base), ""
    exact: tuple[MomentTest, ...] = ()
    try:
        exact = tuple(test(sample, k, f"{of}, {name}", moments) for of, test in EXACT_TESTS.items())
    except PrecisionExhausted as error:  # then nothing is concluded, and what was seen is shown all the same
        why = str(error)
    rate = rate_test(sample, k, f"rate, {name}")
    singular = inst.base.null_vector is not None  # then lambda_* = 0, and the event says nothing
    event = event_test(sample, k, f"event, {name}", least_eigenvalue=inst.base.eigenvalue.upper)
    low, high = rate.interval(0.999)
    bands = error_bands(sample, k)
    whitened = error_bands(sample, k, number="whitened_frobenius")
    definite = all(math.isfinite(b.median) for b in whitened)  # else the rate is that of the Frobenius norm
    tested = whitened if definite else error_bands(sample, k, number="frobenius_error")
    return Outcome(
        Verdict.UNKNOWN,
        (
            observed(f"slope of log {RATE_OF[definite]} against log m", slope=rate.estimate, low=low, high=high),
            observed(
                "the diagonal of G_m over that of K, less 1, and m times its mean square over the theory's variance",
                **{of: test.estimate for of, test in zip(EXACT_TESTS, exact, strict=False)},
            ),
            observed("lambda_* = 0 is exact, so that lambda_min(G_m) >= lambda_*/2 always holds")
            if singular
            else observed(
                f"lambda_min(G_m) >= lambda_*/2 at m = {max(sample.plan.widths)}",
                successes=event.successes,
                trials=event.trials,
            ),
        ),
        low if math.isfinite(low) else None,
        high if math.isfinite(high) else None,
        method=f"{len(sample.units)} networks, widths {min(sample.plan.widths)} to {max(sample.plan.widths)}",
        reason=why or "not settled yet",
        tests=() if why else (*exact, rate) if singular else (*exact, rate, event),
        detail={
            "quantity": "slope",
            "bands": [[b.width, b.replicates, b.median, b.low, b.high] for b in bands],
            "rate_bands": [[b.width, b.replicates, b.median, b.low, b.high] for b in tested],
            "rate_of": "whitened_frobenius" if definite else "frobenius_error",
            "slope": rate.estimate,
            "event": None if singular else [event.successes, event.trials],
        },
    )


@control("gram-convergence")
def gram_control(inst: Sampled) -> Outcome:
    """The same networks against 1.05 K: the test of the scale must notice."""
    test = scale_test(inst.networks, inst.place, "planted", activation_moments(inst.base), planted=PLANTED_SCALE)
    return planted_tests([test], observed("planted statement"))


@check("weight-norm", scope="sampled weight matrices")
def weight_norm(inst: Sampled) -> Outcome:
    """The tail of the norm at a few t, and its mean, which lies below the limit at every width."""
    sample = inst.networks
    tails = [norm_tail_test(sample, inst.base.sigma_w2, t, f"norm tail, t = {t:g}") for t in TAIL_AT]
    mean = norm_mean_test(sample, inst.base.sigma_w2, "norm mean")
    low, high = mean.interval(0.999)
    return Outcome(
        Verdict.UNKNOWN,
        (
            *(
                observed(f"||W|| beyond the bound at t = {t:g}", events=test.successes, trials=test.trials)
                for t, test in zip(TAIL_AT, tails, strict=True)
            ),
            observed("||W|| / (2 sqrt(2) sigma_w), mean", mean=mean.estimate, low=low, high=high),
        ),
        low,
        high,
        method=f"{len(sample.units)} weight matrices",
        reason="not settled yet",
        tests=(*tails, mean),
        detail={"quantity": "norm over its limit"},
    )


@control("weight-norm")
def weight_control(inst: Sampled) -> Outcome:
    """The same norms against a limit that is 5 percent too low."""
    lowered = float(inst.base.sigma_w2) * PLANTED_LIMIT**2
    tests = [norm_tail_test(inst.networks, lowered, t, f"planted, t = {t:g}") for t in TAIL_AT]
    mean = norm_mean_test(inst.networks, lowered, "planted mean")
    return planted_tests([*tests, mean], observed("planted statement"))
