r"""What a finite-width sample says about the infinite-width theory: scale, spread, rate, events, norm of the weights.

Each function turns a :class:`~.experiment.Sample` into one test; the verdicts are given for a whole study at once by
:class:`~.statistics.ErrorBudget`. ``scale_test`` and ``spread_test`` rest on the exact law of an equilibrium at finite
width, ``docs/theory/finite-width.md``, section 5; no test here assumes a law of the errors or fits a bias.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy.linalg
import scipy.special
from numpy.typing import NDArray

from ...theory.errors import PrecisionExhausted, SpecError
from .exact_law import usable_widths
from .experiment import NUMBERS, Sample
from .moments import MomentTest
from .statistics import BinomialTest, MedianTest, median_interval, regression_weights

Floats = NDArray[np.float64]

RATE_CLAIM = (-0.75, -0.35)
RATE_ALTERNATIVES = (-1.0, -0.25)
SCALE_ALTERNATIVES = (-0.05, 0.05)
SPREAD_ALTERNATIVES = (0.1, 8.0)
"""At width 256 the rate -1 would make it 1/256, and the rate -1/4 would make it 16."""
NORM_ALTERNATIVES = (0.95, 1.05)
MIN_WIDTH = 32
"""Smaller networks take no part in the rate."""
NEGLIGIBLE = 0.02
"""Numerical errors up to this fraction of the smallest observed error are disregarded by the rate."""
DEPARTURE = 1e-6
"""The widest networks take part in the tests of the exact law, while their laws together stay as near to it as this."""
HALF_FLOAT32 = 2.0**-24
"""The weights are rounded to float32 numbers."""


@dataclass(frozen=True, slots=True)
class Moments:
    r"""What is known of :math:`f = \varphi(\sqrt{s_*}x)^2`, x a standard Gaussian, as bounds.

    ``fourth_low``, ``fourth``: of :math:`\mathbb Ef^2`; ``eighth``: of :math:`\mathbb Ef^4` from above; ``slope`` and
    ``slope_error``: of :math:`\mathbb Ef(x^2-1)`. The default knows nothing: then Poincaré's inequality bounds the
    variance.
    """

    fourth_low: float = 0.0
    fourth: float = math.inf
    eighth: float = math.inf
    slope: float = 0.0
    slope_error: float = math.inf


def rate_test(sample: Sample, subject: int, name: str, *, number: str | None = None) -> MedianTest:
    r"""Whether the error falls like a power of the width with exponent in [−0.75, −0.35] (theory: −1/2).

    Each replicate has one network of each width; its exponent is the least-squares slope of the logarithm of the error
    against :math:`\log m`. The exponents of the replicates are independent and equally distributed. The claim speaks of
    the limit of large widths, so they can support it and cannot contradict it.
    By default the error is :math:`\lVert K^{-1/2}(G_m-K)K^{-1/2}\rVert_F`: it weighs all directions alike, so it
    fluctuates far less than the spectral norm, which one direction dominates; where numerical errors would show in it,
    because K is nearly singular, it is :math:`\lVert G_m-K\rVert_F`. Any other of :data:`~.experiment.NUMBERS` can be
    named. Alternatives: −1/4 and −1. Raises :class:`PrecisionExhausted` when a network has no equilibrium, or when
    numerical errors are not known to be negligible.
    """
    _require_solved(sample, subject)
    whitens = _whitening_is_accurate(sample, subject)
    number = number or ("whitened_frobenius" if whitens else "frobenius_error")
    columns = {m: values for m, values in sample.column(subject, number).items() if m >= MIN_WIDTH}
    # ‖·‖_F <= sqrt n ‖·‖_2
    numerical = _numerical_error(sample, subject) * math.sqrt(sample.plan.points.shape[0])
    if not (whitens if number.startswith("whitened") else numerical <= NEGLIGIBLE * _least(columns)):
        raise PrecisionExhausted(
            "the errors of the kernel and of the solved equilibria are not known to be negligible beside ‖G_m − K‖; "
            "sampled networks are known to contract only while L ||W|| < 1, that is for sigma_w2 below about "
            "1/(8 L^2): choose a smaller sigma_w2.",
            reached=f"numerical error up to {numerical:.2g}",
        )
    widths = np.log(np.array(list(columns), dtype=np.float64))
    weights = regression_weights(np.column_stack([np.ones(widths.size), widths]), 1)
    whole = min(len(values) for values in columns.values())  # replicates that have a network of every width
    logs = np.log(np.maximum([values[:whole] for values in columns.values()], 1e-300))
    return MedianTest(name, weights @ logs, *RATE_CLAIM, RATE_ALTERNATIVES, of_limit=True)


def scale_test(sample: Sample, subject: int, name: str, moments: Moments, *, planted: float = 1.0) -> MomentTest:
    r"""Whether the diagonal of K is right: :math:`\mathbb E\varphi(\sqrt{s_*}x)^2 = K_{ii}` for the exact law.

    The parameter is the relative deviation from :math:`K_{ii}`: first the mean over the inputs, then each input. What
    is averaged are independent Gaussian functionals of every network, whose variance is known from the theory;
    :math:`x^2` is used as a control variate. ``planted`` multiplies K, for a false theory. Alternatives: ±5 %.
    Raises as :func:`rate_test`, and :class:`PrecisionExhausted` where the exact law is not known to hold at any width.
    """
    found = _functionals(sample, subject, moments, planted)
    # Var(f - c x^2) = v - 2 c Cov + 2 c^2 with Cov = E f (x^2 - 1); c = Cov/2 up to its error; all over K_ii
    known, q = math.isfinite(moments.slope_error), float(found.diagonal.max())
    slope, error = (moments.slope / q, moments.slope_error / q) if known else (0.0, 0.0)
    gain = max(slope * slope / 2 - abs(slope) * error, 0.0)
    excess = slope / 2 * (found.squares - 1)
    loose = abs(slope) / 2 * found.squares_error
    variance = max(found.variance - gain, 1e-9)
    return MomentTest(
        name, _with_mean(found.lower - excess - loose), _with_mean(found.upper - excess + loose),
        variance / found.widths, 0.0, 0.0, SCALE_ALTERNATIVES, found.departure,
    )  # fmt: skip


def spread_test(sample: Sample, subject: int, name: str, moments: Moments) -> MomentTest:
    r"""Whether the fluctuation falls like :math:`m^{-1/2}`: the mean square of the same functionals is :math:`v/m`.

    The parameter is the mean of :math:`m\eta^2/v`, claimed 1 at every width. Alternatives: 1/10 and 8. Raises as
    :func:`scale_test`.
    """
    found = _functionals(sample, subject, moments, 1.0)
    inside = (found.lower <= 0) & (found.upper >= 0)
    least = np.where(inside, 0.0, np.minimum(np.abs(found.lower), np.abs(found.upper))) ** 2
    most = np.maximum(np.abs(found.lower), np.abs(found.upper)) ** 2
    m = found.widths[:, None]
    low, high = found.variance_low, found.variance
    # E (m eta^2/v)^2 <= 3 + E(f - q)^4/(m v^2), and (f - q)^4 <= f^4 + q^4 for f, q >= 0
    kurtosis = (moments.eighth / float(found.diagonal.min()) ** 4 + 1) / low**2 if low > 0 else math.inf
    variances = np.full(found.widths.shape, math.inf) if math.isinf(kurtosis) else 2 + kurtosis / found.widths
    return MomentTest(
        name, _with_mean(m * least / high), _with_mean(m * most / low if low > 0 else np.full(most.shape, math.inf)),
        variances, 1.0, 1.0, SPREAD_ALTERNATIVES, found.departure, nonnegative=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Functionals:
    """By network and input: η = mean of f/K_ii over the neurons, less 1, enclosed; the mean of x²; var(f/K_ii)."""

    widths: Floats
    lower: Floats
    upper: Floats
    squares: Floats
    squares_error: Floats
    diagonal: Floats
    variance_low: float
    variance: float
    departure: float


def _functionals(sample: Sample, subject: int, moments: Moments, planted: float) -> _Functionals:
    _require_solved(sample, subject)
    plan, n = sample.plan, sample.plan.points.shape[0]
    theory = plan.subjects[subject]
    lipschitz = theory.nonlinearity().lipschitz
    diagonal = np.diag(theory.kernel)
    a, square = plan.variances()
    if lipschitz is None or not (diagonal.min() > 0 and np.ptp(square) <= 1e-9 * square.max()):
        raise PrecisionExhausted("the exact law is used for inputs of one norm and Lipschitz activations only.")
    counts = Counter(unit.width for unit in sample.units)
    widths, lost = usable_widths({w: n * count for w, count in counts.items()}, a * lipschitz**2, DEPARTURE)
    chosen = [unit for unit in sample.units if unit.width in widths]
    if not chosen:
        raise PrecisionExhausted(
            f"at widths up to {max(plan.widths)} and L^2 sigma_w2 = {a * lipschitz**2 / 2:.3g} the law of an"
            " equilibrium is not known well enough to test its limit: take larger widths or a smaller sigma_w2."
        )
    q, b = diagonal, float(square.min())
    error = theory.kernel_error + 1e-12 * float(q.max())
    m = np.array([float(unit.width) for unit in chosen])
    numbers = np.array([unit.numbers[subject] for unit in chosen])
    probes, squares = np.array([unit.functionals[subject, -2 * n :].reshape(2, n) for unit in chosen]).swapaxes(0, 1)
    norm = numbers[:, NUMBERS.index("norm_upper")]
    gram = q + numbers[:, NUMBERS.index("entry_error")][:, None]  # at least the diagonal of G_m
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(lipschitz * norm < 1, lipschitz / (1 - lipschitz * norm), math.inf)[:, None]
        # The weights are rounded: Z and h move as if W and U had errors of this size; then the solver's error of Z.
        rounding = 2 * HALF_FLOAT32 * (np.sqrt(a * m)[:, None] * np.sqrt(gram) + math.sqrt(plan.points.shape[1] * b))
        of_z = (numbers[:, NUMBERS.index("solution_error")] / np.sqrt(m))[:, None] + gain * rounding
        of_h = norm[:, None] * of_z + rounding
        of_s = a * (2 * np.sqrt(gram) * of_z + of_z * of_z)
        length = np.sqrt(squares)
        of_x = of_h / math.sqrt(b) + (length + of_h / math.sqrt(b)) * of_s / (2 * b) + 1e-14 * length
        s, wanted = a * q + b, a * planted * q + b
        moved = (length + of_x) * (np.abs(np.sqrt(wanted) - np.sqrt(s)) + a * planted * error / math.sqrt(b))
        root, shift = np.sqrt(probes), lipschitz * (np.sqrt(s) * of_x + moved)
        lower, upper = np.maximum(root - shift, 0.0) ** 2, (root + shift) ** 2
    claimed = planted * q
    poincare = 4 * wanted * lipschitz**2 * claimed  # Var f <= E f'(x)^2
    least = np.maximum(planted**2 * moments.fourth_low - (claimed + error) ** 2, 0.0)
    most = np.minimum(np.maximum(planted**2 * moments.fourth - np.maximum(claimed - error, 0.0) ** 2, 0.0), poincare)
    return _Functionals(
        m, (lower - planted * error) / claimed - 1, (upper + planted * error) / claimed - 1, squares,
        of_x * (2 * length + of_x), claimed, float((least / claimed**2).min()),
        float((most / claimed**2).max()) + 1e-9, lost,
    )  # fmt: skip


def _with_mean(values: Floats) -> Floats:
    """The columns, and before them their mean."""
    return np.column_stack([values.mean(axis=1), values]) if values.shape[1] > 1 else values


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


def norm_mean_test(sample: Sample, sigma_w2: Fraction | float, name: str) -> MomentTest:
    r"""Whether :math:`2\sqrt2\sigma_w` is the limit c of :math:`\lVert W\rVert_2`, by bounds of its mean.

    :math:`c\,b_m \le \mathbb E\lVert W\rVert_2 \le c` with :func:`least_mean_norm`; the parameter is c over what is
    claimed. The variance is at most :math:`1/(4m)` of the square of c (Poincaré). Alternatives: ±5 %.
    """
    limit = 2 * math.sqrt(2 * sigma_w2)
    lower, upper = sample.column(0, "norm_lower"), sample.column(0, "norm_upper")
    shares = {m: least_mean_norm(m) for m in lower}
    below = np.concatenate([values / limit for values in lower.values()])[:, None]
    above = np.concatenate([values / (limit * shares[m]) for m, values in upper.items()])[:, None]
    variances = np.concatenate([np.full(len(values), 1 / (4 * m * shares[m] ** 2)) for m, values in lower.items()])
    return MomentTest(name, below, above, variances, 1.0, 1.0, NORM_ALTERNATIVES)


def least_mean_norm(width: int) -> float:
    r"""A lower bound of :math:`\mathbb E\lVert A\rVert_2/(2\sqrt m)` for a standard Gaussian matrix of order m.

    A is orthogonally equivalent to a bidiagonal matrix with independent entries :math:`\chi_m, \chi_{m-1}, \dots` on
    the diagonal and :math:`\chi_{m-1}, \dots, \chi_1` beside it; by Jensen's inequality the norm of the matrix of their
    means is a lower bound.

    >>> 0.98 < least_mean_norm(512) < 1.0
    True
    """
    k = np.arange(width, 0, -1.0)
    means = math.sqrt(2) * np.exp(scipy.special.gammaln((k + 1) / 2) - scipy.special.gammaln(k / 2))
    beside = means[1:]
    squares = means**2 + np.append(0.0, beside**2)
    largest = scipy.linalg.eigvalsh_tridiagonal(
        squares, means[:-1] * beside, select="i", select_range=(width - 1, width - 1)
    )
    return math.sqrt(float(largest[0])) / (2 * math.sqrt(width)) * (1 - 1e-9)


@dataclass(frozen=True, slots=True)
class Band:
    """For a plot: at one width, the median of an error and its simultaneous confidence interval."""

    width: int
    replicates: int
    median: float
    low: float
    high: float


def error_bands(
    sample: Sample, subject: int, *, number: str = "operator_error", confidence: float = 0.999
) -> tuple[Band, ...]:
    """Bands that hold together with the given confidence (Bonferroni over the widths; order statistics)."""
    columns = sample.column(subject, number)
    bands = []
    for m, values in columns.items():
        low, high = median_interval(values, 1 - (1 - confidence) / len(columns))
        bands.append(Band(m, len(values), float(np.median(values)), max(low, 0.0), high))
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
