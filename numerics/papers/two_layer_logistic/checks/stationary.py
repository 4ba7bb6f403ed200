"""Two-layer-logistic: the stationary law and its spectral gap (C15, C16, C17, C19, C20)."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from .....theory.errors import PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, enclosed, ends, exact, figure, note
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, each, judge, planted
from ....expressions.range import infimum, supremum
from ..bounds import holley_stroock, log_partition_bound, oscillation
from ..extremal import NOISE, bump_law, flat_bounds, flat_law
from ..gap import GapEnclosure, gap_enclosure, upper_bound
from ..instance import TwoLayerInstance
from ..quadrature import CellMoments
from . import scope
from .evidence import argued, smooth_control

FIGURE_NOISE = (Fraction(2), Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 16))
NEARLY = Fraction(99, 100)


def _dominated(moments: CellMoments, share: Fraction = Fraction(1)) -> Relation:
    """Z_s of one weight and its Gaussian bound, with a share of π in the formula."""
    loss, step = moments.loss, moments.step
    with precision(moments.bits):
        bound = log_partition_bound(loss.regularisation, 1, share * step).exp()
    return Relation.of(f"Z <= (pi s/lambda)^(1/2), {loss.name}, s = {step}", moments.partition, bound)


@check("villani-partition-function", scope=scope.constants)
def partition_function(inst: TwoLayerInstance) -> Outcome:
    """L ≥ (λ/2)‖W‖² and a Gaussian integral in each coordinate; in one dimension the integral itself."""
    size = int(inst.width) * inst.points.d
    return argued(
        "gaussian-domination",
        [_dominated(inst.moments)],
        sharp=[_dominated(flat_law())],
        value=log_partition_bound(inst.regularisation, size, inst.step, inst.budget.bits),
        method="Gaussian domination; quadrature in balls",
        detail={"quantity": "log of the bound"},
    )


@smooth_control("villani-partition-function")
def partition_control(_: TwoLayerInstance) -> Outcome:
    """99/100 of π in the formula, where the data term nearly vanishes."""
    return planted([_dominated(flat_law(), NEARLY)])


def _range(inst: TwoLayerInstance) -> tuple[arb, arb]:
    """Ends of the range of σ, as exact numbers."""
    expression = inst.activation.expression
    low, high = infimum(expression, bits=64).upper, supremum(expression, bits=64).upper
    if not (low.is_finite() and high.is_finite()):
        raise PrecisionExhausted(f"the range of {inst.activation.name} was not enclosed.")
    return -low, high


def _barrier(share: Fraction) -> Relation:
    """A share of the exponent of Holley and Stroock where a barrier is the whole oscillation."""
    law = bump_law()
    found = oscillation(arb(0), arb(2), law.loss.weights, (-1,))
    bound = holley_stroock(law.loss.regularisation, found, NOISE / share)
    text = f"{share} of the exponent, where a barrier is the whole oscillation"
    return Relation.of(text, bound, upper_bound(law)[2])


@check("villani-holley-stroock", scope=scope.constants)
def holley_stroock_bound(inst: TwoLayerInstance) -> Outcome:
    """The oscillation of the data term from the range of σ, and the bound; on the reference case against Rayleigh."""
    (low, high), bits, scalar, noise = _range(inst), inst.budget.bits, inst.scalar, inst.noise
    found = oscillation(low, high, inst.outer, inst.labels, bits)
    scalar_found = oscillation(low, high, scalar.weights, tuple(y for _, y, _ in scalar.data), bits)
    scalar_bound = holley_stroock(scalar.regularisation, scalar_found, noise, bits)
    text = f"below a proved upper bound of the gap, {scalar.name}, s = {noise}"
    reference = Relation.of(text, scalar_bound, inst.gap.upper)
    return judge(
        [reference, _barrier(Fraction(1))],
        enclosed("oscillation of the data term, and |a|_1", osc=found, a_1=enclose(inst.outer.one)),
        value=holley_stroock(inst.regularisation, found, inst.step, bits),
        lemma="lemma.holley-stroock",
        margin=reference.margin,
        method="perturbation of a Gaussian",
        detail={"quantity": "lower bound of the gap"},
    )


@smooth_control("villani-holley-stroock")
def holley_stroock_control(_: TwoLayerInstance) -> Outcome:
    """Two thirds of the exponent where a barrier is the whole oscillation."""
    return planted([_barrier(Fraction(2, 3))])


def _ends(found: GapEnclosure, where: str, share: Fraction = Fraction(1)) -> Relation:
    """The best lower bound and a share of the upper one."""
    return Relation.of(f"both ends of the gap, {where}", found.lower.lower(), enclose(share) * found.upper.upper())


@check("villani-gap", scope=scope.model)
def gap(inst: TwoLayerInstance) -> Outcome:
    """Both ends of the gap of the reference case, proved; the curve is float64 and illustrates only."""
    found, rate = inst.gap, float(inst.scalar.regularisation)
    both = _ends(found, f"{inst.scalar.name}, s = {inst.noise}")
    bounds = [enclosed(f"lower bound: {name}", bound=value) for name, value in found.candidates]
    return judge(
        [both, _ends(gap_enclosure(flat_law()), "where the law is nearly Gaussian")],
        *(bounds or [note("no positive lower bound was found: 0 is one")]),
        enclosed("Rayleigh quotient of a piecewise linear function, all integrals in balls", quotient=found.upper),
        value=(ends(found.lower)[0], ends(found.upper)[1]) if both.verdict is Verdict.PROVED else None,
        lemma="lemma.gap-enclosure",
        margin=both.margin,
        method=f"{found.method}; Rayleigh quotient",
        detail={
            "quantity": f"gap of {inst.scalar.name} at s = {inst.noise}",
            "eigenvalue": found.estimate,
            "figure": figure(
                f"Spectral gap of the reference case {inst.scalar.name}",
                ("finite volumes", [inst.scalar_gap(s) for s in FIGURE_NOISE], "measured"),
                ("lambda", [rate] * len(FIGURE_NOISE), "limit"),
                x=[float(s) for s in FIGURE_NOISE],
                x_label="s",
                log=True,
            ),
        },
    )


@smooth_control("villani-gap")
def gap_control(_: TwoLayerInstance) -> Outcome:
    """99/100 of the factor s/2 of the Rayleigh quotient, where the stationary law is nearly Gaussian."""
    return planted([_ends(gap_enclosure(flat_law()), "where the law is nearly Gaussian", NEARLY)])


def admitted(variance: Fraction, step: Fraction, regularisation: Fraction) -> bool:
    """Whether N(m, variance I) is square integrable against 1/μ_s: variance < s/λ, compared exactly."""
    return variance < step / regularisation


def exponent(variance: Fraction, step: Fraction, regularisation: Fraction) -> Fraction:
    """The factor of |W|² in the exponent of ρ²/μ_s for ρ = N(m, variance I): the integral converges iff it is < 0."""
    return regularisation / step - 1 / variance


def _law(inst: TwoLayerInstance, variance: Fraction, inside: bool) -> Relation:
    """The sign of the factor of |W|² that an admitted law has, or another one."""
    factor, text = exponent(variance, inst.step, inst.regularisation), f"the factor of |W|^2 at variance {variance}"
    return Relation.of(f"{text} < 0", factor, 0, Sense.BELOW) if inside else Relation.of(f"0 <= {text}", 0, factor)


@check("villani-initial-law", scope=scope.setting)
def initial_law(inst: TwoLayerInstance) -> Outcome:
    """The sign of the quadratic form in the exponent decides, for g ≥ 0 Lipschitz; exact rational comparison."""
    limit, step, rate, variance = inst.step / inst.regularisation, inst.step, inst.regularisation, inst.initial_variance
    inside = admitted(variance, step, rate)
    tried = [variance, limit, *(limit * (1 + sign * SLIGHTLY) for sign in (-1, 1)), limit / 2, 2 * limit]
    return argued(
        "initial-laws",
        [_law(inst, v, admitted(v, step, rate)) for v in tried],
        exact(f"N(0, {variance}) is {'admitted' if inside else 'not admitted'}", limit=str(limit)),
        value=enclose(limit),
        method="exact comparison",
        detail={"quantity": "s/lambda", "admitted": inside},
    )


@control("villani-initial-law")
def initial_law_control(inst: TwoLayerInstance) -> Outcome:
    """The limiting variance s/λ itself is not admitted."""
    if inst.regularisation <= 0:
        return Outcome(Verdict.NOT_APPLICABLE, reason="there is no stationary law without regularisation")
    return planted([_law(inst, inst.step / inst.regularisation, True)])


def _nearly_gaussian(share: Fraction) -> list[Relation]:
    """Excess and second moment where the law is nearly Gaussian, with a share of r² in the one, of s in the other."""
    law, bounds = flat_law(), flat_bounds()
    with precision(law.bits):
        excess = law.mean_loss - law.loss.minimum()
        bound = bounds.stationary_excess(NOISE, enclose(share) * bounds.second_moment(NOISE))
    return [
        Relation.of("the excess, where the law is nearly Gaussian", excess, bound),
        Relation.of("E|W|^2 <= r^2 there", law.second_moment, bounds.second_moment(share * NOISE)),
    ]


@check("villani-stationary-excess", scope=scope.constants)
def stationary_excess(inst: TwoLayerInstance) -> Outcome:
    """Entropy against partition function; the reference case's excess is enclosed and below its bound."""
    with precision(inst.budget.bits):
        excess = inst.moments.mean_loss - inst.scalar.minimum()
    bound = inst.scalar_bounds.stationary_excess(inst.noise)
    text = f"the excess of {inst.scalar.name}, s = {inst.noise}"
    return argued(
        "stationary-excess",
        [Relation.of(text, excess, bound)],
        enclosed("r^2 on the data of the study", r2=inst.bounds.second_moment(inst.step)),
        sharp=_nearly_gaussian(Fraction(1)),
        value=inst.bounds.stationary_excess(inst.step),
        method="entropy; quadrature in balls",
        detail={"quantity": "bound of the excess"},
    )


@smooth_control("villani-stationary-excess")
def stationary_excess_control(_: TwoLayerInstance) -> Outcome:
    """99/100 of r² in the formula of the excess, and of s in that of r²."""
    return each(_nearly_gaussian(NEARLY))
