"""Random Fourier features sampled: how rarely the least eigenvalue is halved, and its mean (B16, B19)."""

from __future__ import annotations

import math

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.errors import DerivationGap, PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import observed
from ....checks.registry import Outcome, check, control
from ....sampling.moments import BoundedTest
from ....sampling.statistics import BinomialTest, ErrorBudget, StatisticalTest
from ..features import chernoff_failure, frequencies
from ..instance import ResNetInstance
from . import scope

DRAWS = 200
FEW = 32
"""Frequencies in the experiment about the mean: few, so that the bias is large."""
CLAIMED = 0.2
"""The number of frequencies is chosen so that the Chernoff bound is about this."""
ROUNDING = 1e-12
"""More than the rounding of a computed eigenvalue of a sampled matrix with diagonal 1."""
MOST = 20_000
"""No more frequencies than this are drawn at once."""


def eigenvalues(inst: ResNetInstance, count: int) -> NDArray[np.float64]:
    """λ_min(K_m) for independent draws of ``count`` frequencies, (draws,)."""
    points = inst.sampled_points

    def make() -> dict[str, NDArray[np.float64]]:
        found = np.empty(DRAWS)
        for k in range(DRAWS):
            if k % 20 == 0:
                inst.workspace.progress(f"random features, m = {count}", k, DRAWS)
            table = frequencies(inst.kernel, count, points.shape[1], (inst.budget.seed, count, k))
            angle = points @ table.T
            psi = np.hstack([np.cos(angle), np.sin(angle)]) / math.sqrt(count)
            found[k] = np.linalg.eigvalsh(psi @ psi.T)[0]
        return {"eigenvalues": found}

    key = f"resnet-rkhs|{inst.subject}|{inst.kernel.scale}|{inst.alpha}|{count}|{inst.budget.seed}|{DRAWS}"
    return inst.workspace.keep(key, make)["eigenvalues"]


def pending(test: StatisticalTest, *evidence: EvidenceItem, **detail: object) -> Outcome:
    """The outcome of a check whose test is settled together with the others of the study."""
    return Outcome(Verdict.UNKNOWN, evidence, reason="settled with the study", tests=(test,), detail=detail)


def alone(test: StatisticalTest, *evidence: EvidenceItem) -> Outcome:
    """What a planted claim gets from its own experiment."""
    (found,) = ErrorBudget().settle([test])
    return Outcome(found.verdict, evidence, reason=found.reason or "the experiment does not tell")


def rarely_halved(inst: ResNetInstance, share: float = 0.5) -> BinomialTest:
    """The test that λ_min(K_m) <= share·λ is as rare as the bound for one half says.

    Raises :class:`DerivationGap` where the bound asks for too many frequencies.
    """
    true, n = inst.sampled_eigenvalue.lower, len(inst.sampled_points)
    count = math.ceil(n / true * math.log(n / CLAIMED) * 2 / (1 - math.log(2))) if true > 0 else math.inf
    if count > MOST:
        raise DerivationGap(f"the least eigenvalue is so small that the bound asks for more than {MOST} frequencies.")
    with precision(128):
        bound = min(float(chernoff_failure(n, arb(true), int(count)).upper()), 1.0)
    fell = int(np.sum(eigenvalues(inst, int(count)) + ROUNDING <= share * true))
    name = f"P(lambda_min(K_m) <= {share:g} lambda), {inst.subject}, m = {count}"
    return BinomialTest(name, fell, DRAWS, bound, "at-most", (0.5,))


@check("resnet-sampled-chernoff", scope=scope.features)
def sampled_chernoff(inst: ResNetInstance) -> Outcome:
    """The frequency of the event among independent draws against the bound."""
    test = rarely_halved(inst)
    item = observed("draws with half the least eigenvalue or less", count=test.successes, of=DRAWS, bound=test.claimed)
    eigenvalue, points = inst.sampled_eigenvalue.lower, len(inst.sampled_points)
    return pending(test, item, quantity="probability", eigenvalue=eigenvalue, points=points)


@control("resnet-sampled-chernoff")
def sampled_too_often(inst: ResNetInstance) -> Outcome:
    """The same bound for the event that the least eigenvalue falls at all."""
    test = rarely_halved(inst, 1.0)
    return alone(test, observed("draws below lambda", count=test.successes, of=DRAWS))


def mean_below(inst: ResNetInstance, share: float | None = None) -> BoundedTest:
    """The test that the mean of λ_min(K_m), a number in [0, 1], is at most λ (or a ``share`` of the sample's mean)."""
    true = inst.sampled_eigenvalue
    found = np.clip(eigenvalues(inst, FEW) - ROUNDING, 0.0, 1.0)
    high = true.upper if share is None else share * float(found.mean())
    if not 0 < high <= 1:
        raise PrecisionExhausted("the least eigenvalue of the kernel is 0 here: so is that of the features, always.")
    return BoundedTest(f"E lambda_min(K_m) - lambda, {inst.subject}, m = {FEW}", found, high, 1.0, (1.25 * true.upper,))


@check("resnet-sampled-bias", scope=scope.features)
def sampled_bias(inst: ResNetInstance) -> Outcome:
    """The mean over independent draws against the least eigenvalue of the kernel."""
    test = mean_below(inst)
    text = "mean least eigenvalue of the features, and that of the kernel"
    item, points = observed(text, mean=test.estimate, kernel=test.claimed), len(inst.sampled_points)
    return pending(test, item, quantity="mean least eigenvalue", points=points, frequencies=FEW)


@control("resnet-sampled-bias")
def sampled_half(inst: ResNetInstance) -> Outcome:
    """The claim that the mean is at most half of what the sample shows."""
    test = mean_below(inst, 0.5)
    return alone(test, observed("mean", mean=test.estimate, planted=test.claimed))
