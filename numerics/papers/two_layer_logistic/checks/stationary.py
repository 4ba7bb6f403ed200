"""Two-layer-logistic: the stationary law and its spectral gap (C15, C16, C17, C19, C20)."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from .....theory.errors import PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, enclosed, ends, exact
from ....checks.registry import Outcome, check, control
from ....expressions.range import infimum, supremum
from ..bounds import holley_stroock, oscillation
from ..extremal import BUMP_NOISE, FLAT_NOISE, BumpCase, bump_case, flat_case
from ..gap import GapEnclosure, gap_enclosure
from ..instance import TwoLayerInstance
from ..symbolic import excess_identity, gaussian_identity
from .activations import not_smooth
from .bounds import below

FIGURE_NOISE = (Fraction(2), Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 16))
SMALL_NOISE = Fraction(1, 20)
WELL_BEYOND = Fraction(1001, 1000)


def _gap(inst: TwoLayerInstance) -> GapEnclosure:
    """The enclosed gap of the reference case, computed once for an instance."""
    if "gap" not in inst.memory:
        inst.memory["gap"] = gap_enclosure(inst.moments)
    found: GapEnclosure = inst.memory["gap"]
    return found


@check("villani-partition-function")
def partition_function(inst: TwoLayerInstance) -> Outcome:
    """L ≥ (λ/2)‖W‖² and a Gaussian integral in each coordinate; on the reference case the integral itself."""
    if gaussian_identity() != 0:
        return Outcome(Verdict.UNKNOWN, reason="the Gaussian integral was not derived symbolically")
    with precision(inst.budget.bits):
        size = int(inst.width) * inst.points.d
        bound = (arb.pi() * enclose(inst.step / inst.regularisation)).log() * size / 2
        scalar = (arb.pi() * enclose(inst.noise / inst.scalar.regularisation)).sqrt()
        integral = inst.moments.partition
        verdict = below([(integral, scalar)])
    items = (
        exact("the data term is positive, so exp(-2L/s) <= exp(-lambda |W|^2/s); its integral by sympy"),
        enclosed(f"the logarithm of the bound, {size} weights", log_bound=bound),
        enclosed(f"reference case {inst.scalar.name}, s = {inst.noise}", Z=integral, bound=scalar),
    )
    if verdict is not Verdict.PROVED:
        return Outcome(verdict, items, reason="the integral is not proved to lie below the bound")
    lower, upper = ends(bound)
    return Outcome(
        verdict,
        items,
        lower,
        upper,
        method="Gaussian domination; quadrature in balls",
        detail={"quantity": "log of the bound"},
    )


@control("villani-partition-function")
def partition_control(inst: TwoLayerInstance) -> Outcome:
    """A bound 1e-9 below the enclosed integral of the reference case."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    integral = inst.moments.partition
    planted = arb(integral.mid()) * enclose(1 - SLIGHTLY)
    if integral > planted:
        return Outcome(Verdict.REFUTED, (enclosed("the integral exceeds the planted bound", Z=integral),))
    return Outcome(Verdict.UNKNOWN, reason="the integral is not separated from the planted bound")


def _range(inst: TwoLayerInstance) -> tuple[arb, arb]:
    """Ends of the range of σ, as exact numbers."""
    expression = inst.activation.expression
    low, high = infimum(expression, bits=64).upper, supremum(expression, bits=64).upper
    if not (low.is_finite() and high.is_finite()):
        raise PrecisionExhausted(f"the range of {inst.activation.name} was not enclosed.")
    return -low, high


@check("villani-holley-stroock")
def holley_stroock_bound(inst: TwoLayerInstance) -> Outcome:
    """The oscillation of the data term from the range of σ, and the bound; on the reference case against Rayleigh."""
    low, high = _range(inst)
    found = oscillation(low, high, inst.outer, inst.labels, inst.budget.bits)
    bound = holley_stroock(inst.regularisation, found, inst.step, inst.budget.bits)
    scalar, noise = inst.scalar, inst.noise
    scalar_found = oscillation(low, high, scalar.weights, tuple(y for _, y, _ in scalar.data), inst.budget.bits)
    scalar_bound = holley_stroock(scalar.regularisation, scalar_found, noise, inst.budget.bits)
    upper_bound = _gap(inst).upper
    barrier, barrier_bound = _barrier_bound()
    verdict = below([(scalar_bound, upper_bound), (barrier_bound, barrier.gap)])
    items = (
        exact("the Gaussian factor has gap lambda, and a bounded factor costs exp(-2 osc(g)/s)"),
        enclosed("oscillation of the data term, and |a|_1", osc=found, a_1=enclose(inst.outer.one)),
        enclosed("the bound of the gap on the data of the study", bound=bound),
        enclosed(
            f"reference case {scalar.name}, s = {noise}: the bound, and a proved upper bound of the gap",
            bound=scalar_bound,
            gap=upper_bound,
        ),
        enclosed("the same where a barrier is the whole oscillation", bound=barrier_bound, gap=barrier.gap),
    )
    if verdict is not Verdict.PROVED:
        return Outcome(verdict, items, reason="the bound is not proved to lie below an upper bound of the gap")
    lower, upper = ends(bound)
    return Outcome(
        verdict,
        items,
        lower,
        upper,
        method="perturbation of a Gaussian",
        detail={"quantity": "lower bound of the gap"},
    )


def _barrier_bound(share: Fraction = Fraction(1)) -> tuple[BumpCase, arb]:
    """The bound with a share of the exponent, where a barrier is the whole oscillation."""
    case = bump_case()
    low, high = case.range
    found = oscillation(low, high, case.loss.weights, (-1,))
    return case, holley_stroock(case.loss.regularisation, found, BUMP_NOISE / share)


@control("villani-holley-stroock")
def holley_stroock_control(inst: TwoLayerInstance) -> Outcome:
    """Two thirds of the exponent where a barrier is the whole oscillation; none of it on the reference case."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    case, planted = _barrier_bound(Fraction(2, 3))
    if not planted > case.gap:
        return Outcome(Verdict.UNKNOWN, reason="the gap of the barrier is not separated from the planted bound")
    quotient = gap_enclosure(inst.scalar_moments(SMALL_NOISE)).upper
    claimed = enclose(inst.scalar.regularisation)
    if quotient < claimed:
        return Outcome(Verdict.REFUTED, (enclosed("a Rayleigh quotient is below lambda", quotient=quotient),))
    return Outcome(Verdict.UNKNOWN, reason="no Rayleigh quotient below lambda was found")


@check("villani-gap")
def gap(inst: TwoLayerInstance) -> Outcome:
    """Both ends of the gap of the reference case, proved; the curve is float64 and illustrates only."""
    found = _gap(inst)
    lower, upper = ends(found.lower)[0], ends(found.upper)[1]
    if found.lower > found.upper:
        return Outcome(Verdict.REFUTED, (enclosed("a lower bound exceeds an upper one", lower=found.lower),))
    evidence = [enclosed(f"lower bound: {name}", bound=value) for name, value in found.candidates]
    if not evidence:
        evidence = [exact("no positive lower bound was found: 0 is one")]
    values = [inst.scalar_spectrum(s).gap for s in FIGURE_NOISE]
    return Outcome(
        Verdict.PROVED,
        (
            *evidence,
            enclosed("Rayleigh quotient of a piecewise linear function, all integrals in balls", quotient=found.upper),
        ),
        lower,
        upper,
        method=f"{found.method}; Rayleigh quotient",
        detail={
            "quantity": f"gap of {inst.scalar.name} at s = {inst.noise}",
            "eigenvalue": found.estimate,
            "figure": {
                "title": f"Spectral gap of the reference case {inst.scalar.name}",
                "x": {"label": "s", "values": [float(s) for s in FIGURE_NOISE]},
                "series": [
                    {"label": "finite volumes", "values": values, "role": "measured"},
                    {"label": "lambda", "values": [float(inst.scalar.regularisation)] * len(values), "role": "limit"},
                ],
                "log": True,
            },
        },
    )


@control("villani-gap")
def gap_control(inst: TwoLayerInstance) -> Outcome:
    """A gap 1e-3 above its proved upper bound is refuted by the test function."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    quotient = _gap(inst).upper
    planted = quotient.mid() * enclose(WELL_BEYOND)
    if quotient < planted:
        return Outcome(Verdict.REFUTED, (enclosed("a test function has a smaller quotient", quotient=quotient),))
    return Outcome(Verdict.UNKNOWN, reason="the quotient is not separated from the planted gap")


def admitted(variance: Fraction, step: Fraction, regularisation: Fraction) -> bool:
    """Whether N(m, variance I) is square integrable against 1/μ_s: variance < s/λ, compared exactly."""
    return variance < step / regularisation


def exponent(variance: Fraction, step: Fraction, regularisation: Fraction) -> Fraction:
    """The factor of |W|² in the exponent of ρ²/μ_s for ρ = N(m, variance I): the integral converges iff it is < 0."""
    return regularisation / step - 1 / variance


@check("villani-initial-law")
def initial_law(inst: TwoLayerInstance) -> Outcome:
    """The sign of the quadratic form in the exponent decides, for g ≥ 0 Lipschitz; exact rational comparison."""
    limit, step, rate = inst.step / inst.regularisation, inst.step, inst.regularisation
    inside = admitted(inst.initial_variance, step, rate)
    tried = [inst.initial_variance, limit, *(limit * (1 + sign * SLIGHTLY) for sign in (-1, 1)), limit / 2, 2 * limit]
    wrong = [v for v in tried if admitted(v, step, rate) is not (exponent(v, step, rate) < 0)]
    items = (
        exact(
            "rho^2/mu is exp(-|W-m|^2/tau^2 + lambda |W|^2/s + 2g/s), g >= 0 and Lipschitz: it decays iff < s/lambda",
            **{"factor of |W|^2 at s/lambda": str(exponent(limit, step, rate))},
        ),
        exact(
            f"N(0, {inst.initial_variance}) is {'admitted' if inside else 'not admitted'}",
            limit=str(limit),
            variance=str(inst.initial_variance),
        ),
    )
    if wrong:
        return Outcome(Verdict.REFUTED, (*items, exact("the exponent decides otherwise", variance=str(wrong[0]))))
    lower, upper = ends(enclose(limit))
    return Outcome(
        Verdict.PROVED,
        items,
        lower,
        upper,
        method="exact comparison",
        detail={"quantity": "s/lambda", "admitted": inside},
    )


@control("villani-initial-law")
def initial_law_control(inst: TwoLayerInstance) -> Outcome:
    """The limiting variance s/λ itself is not admitted."""
    if inst.regularisation <= 0:
        return Outcome(Verdict.NOT_APPLICABLE, reason="there is no stationary law without regularisation")
    limit = inst.step / inst.regularisation
    if admitted(limit, inst.step, inst.regularisation):
        return Outcome(Verdict.PROVED, (exact("the limiting variance was admitted", variance=str(limit)),))
    return Outcome(Verdict.REFUTED, (exact("at the limit the integrand does not decay", variance=str(limit)),))


@check("villani-stationary-excess")
def stationary_excess(inst: TwoLayerInstance) -> Outcome:
    """Entropy against partition function, symbolically; the reference case's excess is enclosed and below its bound."""
    if excess_identity() != 0:
        return Outcome(Verdict.UNKNOWN, reason="the two entropy bounds were not combined symbolically")
    bound = inst.bounds.stationary_excess(inst.step)
    scalar_bound = inst.scalar_bounds.stationary_excess(inst.noise)
    flat = flat_case()
    flat_bound, flat_moment = flat.bounds.stationary_excess(FLAT_NOISE), flat.bounds.second_moment(FLAT_NOISE)
    with precision(inst.budget.bits):
        excess = inst.moments.mean_loss - inst.scalar_minimum
        verdict = below([(excess, scalar_bound), (flat.excess, flat_bound), (flat.second_moment, flat_moment)])
    items = (
        exact("beta E L + log Z = entropy <= (N/2) log(2 pi e r^2/N), and Z from below by gLip"),
        enclosed("the bound on the data of the study", bound=bound, r2=inst.bounds.second_moment(inst.step)),
        enclosed(
            f"reference case {inst.scalar.name}, s = {inst.noise}: excess and bound",
            excess=excess,
            bound=scalar_bound,
        ),
        enclosed("the same where the law is nearly Gaussian", excess=flat.excess, bound=flat_bound),
        enclosed("and E|W|^2 there, below r^2", second_moment=flat.second_moment, r2=flat_moment),
    )
    if verdict is not Verdict.PROVED:
        return Outcome(verdict, items, reason="an excess is not proved to lie below its bound")
    lower, upper = ends(bound)
    return Outcome(
        verdict,
        items,
        lower,
        upper,
        method="entropy; quadrature in balls",
        detail={"quantity": "bound of the excess"},
    )


@control("villani-stationary-excess")
def stationary_excess_control(inst: TwoLayerInstance) -> Outcome:
    """99/100 of the bound, and of r², where the stationary law is nearly Gaussian."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    flat, share = flat_case(), enclose(Fraction(99, 100))
    planted = share * flat.bounds.stationary_excess(FLAT_NOISE), share * flat.bounds.second_moment(FLAT_NOISE)
    if flat.excess > planted[0] and flat.second_moment > planted[1]:
        items = (
            enclosed("the excess exceeds the planted bound", excess=flat.excess, planted=planted[0]),
            enclosed("E|W|^2 exceeds the planted r^2", second_moment=flat.second_moment, planted=planted[1]),
        )
        return Outcome(Verdict.REFUTED, items)
    return Outcome(Verdict.UNKNOWN, reason="the nearly Gaussian case is not separated from the planted bounds")
