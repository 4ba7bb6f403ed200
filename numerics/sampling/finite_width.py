r"""What a finite-width sample says about the infinite-width theory: rate, limit, events, and the norm of the weights.

Each function turns a :class:`~.sampling.Sample` into one test of :mod:`.statistics`; the verdicts are given for a whole
study at once by :class:`~.statistics.ErrorBudget`. The models are stated and justified in
``docs/theory/finite-width.md``, sections 5 and 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy.linalg
import scipy.stats
from numpy.typing import NDArray

from ...theory.errors import PrecisionExhausted, SpecError
from .experiment import Sample
from .statistics import BinomialTest, FamilyTest, MeanTest, contrast, regression_weights

RATE_CLAIM = (-0.75, -0.35)
RATE_ALTERNATIVES = (-1.0, -0.25)
SCALE_ALTERNATIVES = (-0.05, 0.05)
NORM_TOLERANCE = 0.005
MIN_WIDTH = 32
"""Smaller networks take part in no fit: the models of rate and limit are expansions in 1/m."""
NEGLIGIBLE = 0.02
"""Numerical errors up to this fraction of the smallest observed error are disregarded by the rate."""


def rate_test(sample: Sample, subject: int, name: str, *, number: str | None = None) -> MeanTest:
    r"""Whether the error falls like a power of the width with exponent in [−0.75, −0.35] (theory: −1/2).

    The exponent is the least-squares slope of the logarithm of the error of all replicates against :math:`\log m`.
    By default the error is :math:`\lVert K^{-1/2}(G_m-K)K^{-1/2}\rVert_F`: it weighs all directions alike, so it
    fluctuates far less than the spectral norm, which one direction dominates; where numerical errors would show in it,
    because K is nearly singular, it is :math:`\lVert G_m-K\rVert_F`. Any other of :data:`~.sampling.NUMBERS` can be
    named. Alternatives: −1/4 and −1. Raises :class:`PrecisionExhausted` when a network has no equilibrium, or when
    numerical errors are not known to be negligible.
    """
    _require_solved(sample, subject)
    whitens = _whitening_is_accurate(sample, subject)
    number = number or ("whitened_frobenius" if whitens else "frobenius_error")
    columns = _wide(sample.column(subject, number))
    # ‖·‖_F <= sqrt n ‖·‖_2
    numerical = _numerical_error(sample, subject) * math.sqrt(sample.plan.points.shape[0])
    if not (whitens if number.startswith("whitened") else numerical <= NEGLIGIBLE * _least(columns)):
        raise PrecisionExhausted(
            "the errors of the kernel and of the solved equilibria are not known to be negligible beside ‖G_m − K‖; "
            "sampled networks are known to contract only while L ||W|| < 1, that is for sigma_w2 below about "
            "1/(8 L^2): choose a smaller sigma_w2.",
            reached=f"numerical error up to {numerical:.2g}",
        )
    logs = [np.log(np.maximum(values, 1e-300)) for values in columns.values()]
    slope = contrast(logs, _slope_weights(list(columns), [len(values) for values in logs]))
    low, high = RATE_CLAIM
    return MeanTest(
        name, float(slope.estimate), float(slope.standard_error), slope.degrees, low, high, RATE_ALTERNATIVES
    )


def limit_test(sample: Sample, subject: int, name: str) -> FamilyTest:
    r"""Whether :math:`\mathbb E G_m \to K`: the recorded entries, and all directions :math:`v_k^\top G_m v_k`.

    The finite-width bias O(1/m) is fitted and removed: each functional of :math:`G_m - K` is extrapolated to
    :math:`1/m = 0` by weighted least squares, and the intercept is compared with zero, up to the bounds of the errors
    of K and of the equilibria. The summary is the mean of :math:`v_k^\top (G_\infty - K) v_k/\lambda_k` over the
    directions known to a thousandth: the relative error of scale of K. Alternatives: ±5 %.
    """
    _require_solved(sample, subject)
    kernel, kernel_error = sample.plan.subjects[subject].kernel, sample.plan.subjects[subject].kernel_error
    columns = _wide(sample.functionals(subject))
    widths, groups = list(columns), list(columns.values())
    weights = _intercept_weights(widths, [len(group) for group in groups], power=1.0)
    found = contrast(groups, weights)

    eigenvalues = scipy.linalg.eigvalsh(kernel)
    scale = float(np.abs(eigenvalues).max())
    rows, rows_ = sample.plan.entries()
    diagonal = np.sqrt(np.maximum(np.diag(kernel), 0))
    size = np.concatenate([(diagonal[rows] + diagonal[rows_]) / 2, np.sqrt(np.maximum(eigenvalues, 0))])
    errors = sample.column(subject, "solution_error")
    tolerance = np.full(size.shape, kernel_error + 1e-14 * kernel.shape[0] * scale)
    for c, m, group in zip(weights, widths, groups, strict=True):
        # |z'(G - G*)z| <= 2 |Zz| |Ez|/m + |Ez|^2/m; |Zz|^2/m <= K's value + the largest deviation seen
        delta = float(errors[m].max()) / math.sqrt(m)
        actual = np.sqrt(size * size + np.abs(group).max(axis=0))
        tolerance += abs(c) * (2 * actual * delta + delta * delta)

    visible = tolerance[rows.size :] < 1e-3 * eigenvalues
    inverse = np.zeros(size.shape)
    inverse[rows.size :][visible] = 1 / eigenvalues[visible] / max(int(visible.sum()), 1)
    mean = contrast([group @ inverse for group in groups], weights)
    slack = 1e-3 if visible.any() else math.inf
    summary = MeanTest(
        f"{name}: scale", float(mean.estimate), float(mean.standard_error), mean.degrees, -slack, slack,
        SCALE_ALTERNATIVES,
    )  # fmt: skip
    return FamilyTest(name, found.estimate, found.standard_error, found.degrees, tolerance, summary)


def event_test(
    sample: Sample,
    subject: int,
    name: str,
    *,
    least_eigenvalue: float,
    width: int | None = None,
    claimed: float = 0.0,
    event: str = "least-eigenvalue",
) -> BinomialTest:
    r"""How probable an event is at one width (by default the largest).

    ``event="least-eigenvalue"``: :math:`\lambda_{\min}(G_m) \ge \lambda_*/2`, with ``least_eigenvalue`` for
    :math:`\lambda_*`; its proved upper end makes the event harder. ``event="whitened"``:
    :math:`\lVert K^{-1/2}(G_m-K)K^{-1/2}\rVert_2 \le 1/2`, which implies the first. A replicate whose equilibrium was
    not reached counts as a failure.

    The theorem promises the event only from an astronomical width on, so by default nothing is claimed at this one
    (``claimed = 0``): the outcome is CONSISTENT when the event is certainly more probable than 1/2 here, else UNKNOWN.
    With ``claimed`` > 0 the outcome INCONSISTENT speaks of this width only.
    """
    width = max(sample.plan.widths) if width is None else width
    if event == "least-eigenvalue":
        happened = sample.column(subject, "least_eigenvalue")[width] >= least_eigenvalue / 2
    elif event == "whitened":
        happened = sample.column(subject, "whitened_error")[width] <= 0.5
    else:
        raise SpecError(f"event {event!r} is not known: choose least-eigenvalue or whitened.")
    happened = happened & (sample.column(subject, "converged")[width] > 0)
    return BinomialTest(name, int(happened.sum()), len(happened), claimed, "at-least", (0.5,))


def norm_tail_test(sample: Sample, sigma_w2: Fraction | float, t: float, name: str) -> BinomialTest:
    r"""Whether :math:`P(\lVert W\rVert_2 \ge \sqrt2\sigma_w(2 + t/\sqrt m)) \le e^{-t^2/2}` for t > 0, over all widths.

    Events are counted with the lower bounds of the norms, so an error of theirs cannot count an event that did not
    happen.
    """
    if t <= 0:
        raise SpecError(f"t = {t}: the tail bound says something only for t > 0.")
    norms = sample.column(0, "norm_lower")
    count = sum(int((values >= math.sqrt(2 * sigma_w2) * (2 + t / math.sqrt(m))).sum()) for m, values in norms.items())
    claimed = math.exp(-t * t / 2)
    return BinomialTest(name, count, sum(map(len, norms.values())), claimed, "at-most", ((1 + claimed) / 2,))


def norm_limit_test(sample: Sample, sigma_w2: Fraction | float, name: str) -> MeanTest:
    r"""Whether :math:`\lVert W\rVert_2 / (2\sqrt2\sigma_w) \to 1`, extrapolated with the edge's rate :math:`m^{-2/3}`.

    Tolerance 0.5 % (for the next term of the expansion and for the bounds of the norms); alternatives ±5 %.
    """
    columns = sample.column(0, "norm_lower")
    limit = 2 * math.sqrt(2 * sigma_w2)
    groups = [values / limit for values in columns.values()]
    weights = _intercept_weights(list(columns), [len(group) for group in groups], power=2 / 3)
    found = contrast(groups, weights)
    return MeanTest(
        name, float(found.estimate), float(found.standard_error), found.degrees, 1 - NORM_TOLERANCE, 1 + NORM_TOLERANCE,
        (0.95, 1.05),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Band:
    """For a plot: at one width, the geometric mean of an error and its simultaneous confidence interval."""

    width: int
    replicates: int
    mean: float
    low: float
    high: float


def error_bands(
    sample: Sample, subject: int, *, number: str = "operator_error", confidence: float = 0.999
) -> tuple[Band, ...]:
    """Bands that hold together with the given confidence (Bonferroni over the widths; Student on the logarithms)."""
    columns = sample.column(subject, number)
    bands = []
    for m, values in columns.items():
        group = np.log(np.maximum(values, 1e-300))
        mean = float(group.mean())
        half = math.inf
        if len(group) > 1:
            quantile = float(scipy.stats.t.isf((1 - confidence) / (2 * len(columns)), len(group) - 1))
            half = quantile * float(group.std(ddof=1)) / math.sqrt(len(group))
        low, high = math.exp(mean - half) if half < 700 else 0.0, math.exp(mean + half) if half < 700 else math.inf
        bands.append(Band(m, len(group), math.exp(mean), low, high))
    return tuple(bands)


def solver_share(sample: Sample, subject: int) -> float:
    """The largest ratio, over the replicates, of the bound of the solver's error in ‖G_m‖ to the error ‖G_m − K‖."""
    bounds, errors = sample.column(subject, "gram_error"), sample.column(subject, "operator_error")
    return max(float((bounds[m] / errors[m]).max()) for m in bounds)


def _require_solved(sample: Sample, subject: int) -> None:
    """Raise when a network has no equilibrium: leaving it out would bias every mean."""
    converged = np.concatenate(list(sample.column(subject, "converged").values()))
    if not converged.all():
        failed = int((converged == 0).sum())
        raise PrecisionExhausted(
            f"{failed} of {len(converged)} sampled networks did not reach their equilibrium; "
            "choose a smaller sigma_w2 or allow more iterations.",
            reached=f"{len(converged) - failed} networks solved",
        )


def _wide(columns: dict[int, NDArray[np.float64]]) -> dict[int, NDArray[np.float64]]:
    """The widths that take part in fits."""
    return {m: values for m, values in columns.items() if m >= MIN_WIDTH}


def _least(columns: dict[int, NDArray[np.float64]]) -> float:
    return min((float(values.min()) for values in columns.values()), default=math.nan)


def _numerical_error(sample: Sample, subject: int) -> float:
    """A bound of the numerical error of every ‖G_m − K‖_2."""
    bounds = sample.column(subject, "gram_error")
    return sample.plan.subjects[subject].kernel_error + max(float(values.max()) for values in bounds.values())


def _whitening_is_accurate(sample: Sample, subject: int) -> bool:
    """Whether the whitened errors exist and numerical errors, magnified by K^{-1/2}, are negligible in them."""
    whitened = sample.column(subject, "whitened_frobenius")
    smallest = _least(whitened)
    if not math.isfinite(smallest):
        return False
    plan = sample.plan.subjects[subject]
    least = float(scipy.linalg.eigvalsh(plan.kernel, subset_by_index=[0, 0])[0])
    of_kernel = math.sqrt(plan.kernel.shape[0]) * plan.kernel_error / least
    of_solver = 0.0
    for m, errors in sample.column(subject, "solution_error").items():
        # ‖E K^{-1/2}‖_F/sqrt m <= delta, and ‖Z K^{-1/2}‖_2²/m = ‖K^{-1/2} G_m K^{-1/2}‖ <= 1 + spread
        delta = float(errors.max()) / math.sqrt(m * least)
        spread = float(sample.column(subject, "whitened_error")[m].max())
        of_solver = max(of_solver, 2 * math.sqrt(1 + spread) * delta + delta * delta)
    return of_kernel + of_solver <= NEGLIGIBLE * smallest


def _slope_weights(widths: list[int], counts: list[int]) -> NDArray[np.float64]:
    logs = np.log(np.array(widths, dtype=np.float64))
    return regression_weights(np.column_stack([np.ones(len(widths)), logs - logs.mean()]), np.array(counts, float), 1)


def _intercept_weights(widths: list[int], counts: list[int], power: float) -> NDArray[np.float64]:
    r"""Weights of the intercept in :math:`y = a + b m^{-p}`; variances fall as 1/m (p = 1) or as :math:`m^{-2p}`."""
    m = np.array(widths, dtype=np.float64)
    scale = (m / m[0]) ** -power
    precision = np.array(counts, float) * (m / m[0]) ** (1.0 if power == 1.0 else 2 * power)
    return regression_weights(np.column_stack([np.ones(len(m)), scale]), precision, 0)
