"""The arc-cosine Gram matrix of the implicit ReLU network: kernel, series, least eigenvalue, bounds (A01 to A05)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import islice

from flint import arb

from .....theory.verdict import Evidence, Verdict
from ....balls.ball import Ball, enclose, excludes
from ....balls.enclosure import Enclosure, float_above
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import SLIGHTLY, as_ball, compare, compared, enclosed, ends, exact
from ....checks.registry import Outcome, check, control
from ....eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from ....kernels.cosines import cosines_arb
from ....kernels.parallel import parallel_pairs
from ....kernels.points import points
from ....kernels.series import DotProductSeries
from ..antipodes import nullity
from ..arc_cosine import arc_cosine, arc_cosine_matrix, arc_cosine_series
from ..closed import Identity, hexagon, orthonormal, polar_integral, power_series, square
from ..instance import ImplicitInstance

BITS = 128
ORDER = 512
GRID = tuple(Fraction(k, 8) for k in range(-8, 9))
PAIRS = 200
"""Pairs of inputs at which two forms of the kernel are compared."""
SQUARE = ((1, 0), (0, 1), (-1, 0), (0, -1))
HEXAGON = ((1, -1, 0), (1, 0, -1), (0, 1, -1), (-1, 1, 0), (-1, 0, 1), (0, -1, 1))
"""A regular hexagon in the plane x + y + z = 0, with integer coordinates."""


def identities(found: tuple[Identity, ...]) -> Outcome | None:
    """None when every difference is exactly zero, else what is left."""
    for name, difference in found:
        if difference != 0:
            return Outcome(Verdict.UNKNOWN, reason=f"the identity {name!r} was not verified: {difference} is left")
    return None


@check("arc-cosine-kernel")
def kernel(inst: ImplicitInstance) -> Outcome:
    """The polar integral symbolically; on the data, the closed form meets the independent power series."""
    integral = polar_integral()
    failed = identities((integral,))
    if failed is not None:
        return failed
    worst = _disagreement(inst, arb(1))
    if worst is not None:
        return Outcome(Verdict.REFUTED, (enclosed("closed form and series exclude each other", difference=worst),))
    lower, upper = ends(arc_cosine(arb(0)))
    return Outcome(
        Verdict.PROVED,
        (
            exact("the integral over the plane in polar coordinates is the closed form (symbolic integration)"),
            compared("closed form and power series enclose a common number at the cosines of the data"),
        ),
        lower,
        upper,
        None,
        "polar integral",
        detail={"quantity": "kernel of two orthogonal inputs"},
    )


def _disagreement(inst: ImplicitInstance, factor: arb) -> arb | None:
    """Closed form times a factor minus the series at cosines of the data and of a grid, where it excludes 0."""
    series = arc_cosine_series(ORDER, BITS)
    with precision(BITS):
        n = inst.data.n
        pairs = islice(((i, j) for j in range(n) for i in range(j)), PAIRS)
        for t in [*(enclose(q) for q in GRID), *(inst.cosines.entry(i, j) for i, j in pairs)]:
            left, right = factor * arc_cosine(t), series(t)
            if excludes(left, right):
                return left - right
    return None


@control("arc-cosine-kernel")
def kernel_control(inst: ImplicitInstance) -> Outcome:
    """The closed form times 1 + 1e-9."""
    with precision(BITS):
        found = _disagreement(inst, enclose(1 + SLIGHTLY))
    if found is None:
        return Outcome(Verdict.UNKNOWN, reason="the planted closed form was not told apart from the series")
    return Outcome(Verdict.REFUTED, (enclosed("the planted closed form minus the series", difference=found),))


@check("arc-cosine-series")
def series_check(inst: ImplicitInstance) -> Outcome:
    """g'' and the values at 0 symbolically, the coefficients through factorials, the tail through the mass 1/2."""
    failed = identities(power_series())
    if failed is not None:
        return failed
    series = arc_cosine_series(ORDER, BITS)
    with precision(BITS):
        wrong = [t for t in GRID if excludes(series(enclose(t)), arc_cosine(enclose(t)))]
        share = series.tail / series.mass
    if wrong:
        return Outcome(Verdict.REFUTED, (exact("series and closed form exclude each other", at=str(wrong[0])),))
    lower, upper = ends(series.tail)
    return Outcome(
        Verdict.PROVED,
        (
            exact("g'' = 1/(2 pi sqrt(1 - rho^2)), g(0) = 1/(2 pi), g'(0) = 1/4, and its binomial series integrated"),
            enclosed(f"the coefficients of order above {ORDER} add up to the rest of g(1) = 1/2", share=share),
        ),
        lower,
        upper,
        None,
        "binomial series of g''",
        detail={"quantity": f"sum of the coefficients of order above {ORDER}"},
    )


@control("arc-cosine-series")
def series_control(inst: ImplicitInstance) -> Outcome:
    """The coefficient of order 4 times 1 + 1e-9."""
    true = arc_cosine_series(ORDER, BITS)
    with precision(BITS):
        planted = list(true.coefficients)
        planted[4] = planted[4] * enclose(1 + SLIGHTLY)
        series = DotProductSeries(tuple(planted), true.mass)
        t = enclose(Fraction(7, 8))
        difference = series(t) - arc_cosine(t)
    if difference.contains(0):
        return Outcome(Verdict.UNKNOWN, reason="the planted series was not told apart from the closed form")
    return Outcome(Verdict.REFUTED, (enclosed("the planted series minus the closed form", difference=difference),))


@check("arc-cosine-eigenvalue")
def eigenvalue(inst: ImplicitInstance) -> Outcome:
    """λ_0 > 0 from the proved lower end, or its refutation by an exact null vector."""
    singular = inst.singularity
    detail: dict[str, object] = {
        "quantity": "least eigenvalue",
        "data": {"sha256": inst.data.digest, "n": inst.data.n, "description": inst.data.description},
        "nullity": singular.nullity,
    }
    if singular.null_vector is not None:
        text = f"the Gram matrix is singular, nullity {singular.nullity}: {singular.reason}"
        return Outcome(
            Verdict.REFUTED,
            (exact(text, **singular.null_vector.text),),
            0.0,
            0.0,
            0.0,
            "exact null vector",
            reason=f"the least eigenvalue is exactly 0: {singular.reason}",
            detail={**detail, "null_vector": singular.null_vector.text},
        )
    found = inst.eigenvalue
    detail |= {
        "matrix": {"radius_norm": inst.gram.radius_norm(), "provenance": list(inst.gram.provenance)},
        "steps": list(found.steps),
    }
    evidence = (
        exact(f"the matrix is positive definite: {singular.reason} (decided in integers)"),
        EvidenceItem(found.evidence, found.method, {"lower": repr(found.lower), "upper": repr(found.upper)}),
    )
    margin = found.lower if found.lower > 0 else None  # positive by the exact argument, but by how much is not known
    return Outcome(Verdict.PROVED, evidence, max(found.lower, 0.0), found.upper, margin, found.method, detail=detail)


@control("arc-cosine-eigenvalue")
def eigenvalue_control(inst: ImplicitInstance) -> Outcome:
    """A bound that lies a relative 1e-9 above the proved upper end."""
    upper = Fraction(inst.eigenvalue.upper)
    planted = upper + abs(upper) * SLIGHTLY + Fraction(1, 2**1000)
    verdict, found = decide_at_least(inst.gram, planted, budget=inst.budget, known_psd=True)
    item = EvidenceItem(found.evidence, found.method, {"lower": repr(found.lower), "upper": repr(found.upper)})
    return Outcome(verdict, (item,), found.lower, found.upper, method=found.method, reason="planted bound")


@check("arc-cosine-hermite")
def hermite(inst: ImplicitInstance) -> Outcome:
    """The sum of all positive bounds, which is at least each of them, against the proved least eigenvalue."""
    name = {"quantity": "Hermite bound", "bound": "Hermite"}
    if inst.parallel:
        return replace(compare(Enclosure(0.0, 0.0, Evidence.EXACT, "rho = 1"), inst.eigenvalue, "0"), detail=dict(name))
    found = inst.hermite
    outcome = compare(found.summed, inst.eigenvalue, "the sum of the Hermite bounds")
    if outcome.verdict is not Verdict.PROVED:
        return outcome
    single = enclosed(f"the best single bound, k = {found.order}", value=as_ball(found.single))
    schur = exact("every term of the series is positive semidefinite, and Gershgorin's discs bound each even power")
    detail: dict[str, object] = {**name, "best k": found.order, "best single bound": found.single.lower}
    if found.simple is not None:
        detail |= {"simple k": found.simple_order, "half the weight": found.simple.lower}
    return Outcome(
        Verdict.PROVED,
        (schur, *outcome.evidence, single),
        outcome.lower,
        outcome.upper,
        outcome.margin,
        "Gershgorin's discs of the even Schur powers",
        detail=detail,
    )


@control("arc-cosine-hermite")
def hermite_control(inst: ImplicitInstance) -> Outcome:
    """The bound scaled to lie 1e-9 above the least eigenvalue."""
    lifted = float_above(Fraction(inst.eigenvalue.upper) * (1 + SLIGHTLY) + Fraction(1, 2**1000))
    return compare(Enclosure(lifted, lifted, Evidence.ENCLOSED, "planted"), inst.eigenvalue, "the planted bound")


def _integer_points(rows: tuple[tuple[int, ...], ...]) -> Enclosure:
    """The proved least eigenvalue on integer points, by the same engines as for data."""
    table = points([list(row) for row in rows])

    singular = nullity(table, parallel_pairs(table))
    if singular.nullity:
        return Enclosure(0.0, 0.0, Evidence.EXACT, singular.reason)
    return least_eigenvalue(
        arc_cosine_matrix(cosines_arb(table, BITS), BITS),
        refine=lambda bits: arc_cosine_matrix(cosines_arb(table, bits), bits),
        relative_width=1e-13,
        known_psd=True,
    )


def _closed_values() -> dict[str, tuple[arb, Enclosure]]:
    """Orthonormal inputs, the square and the hexagon: the closed form, and what the engines enclose."""
    with precision(BITS):
        pi = arb.pi()
        return {
            "orthonormal": (arb(1) / 2 - 1 / (2 * pi), _integer_points(((1, 0, 0), (0, 1, 0), (0, 0, 1)))),
            "square": (arb(1) / 2 - 1 / pi, _integer_points(SQUARE)),
            "hexagon": (arb(0), _integer_points(HEXAGON)),
        }


@check("arc-cosine-closed-forms")
def closed_forms(inst: ImplicitInstance) -> Outcome:
    """Characteristic polynomials and the null vector symbolically; the engines enclose the same numbers."""
    failed = identities((orthonormal(), square(), hexagon()))
    if failed is not None:
        return failed
    values = _closed_values()
    for name, (value, found) in values.items():
        ball = Ball(value)
        if found.lower > ball.upper or found.upper < ball.lower:
            return Outcome(Verdict.REFUTED, (enclosed(f"{name}: closed form and engines disagree", value=value),))
    lower, upper = ends(values["orthonormal"][0])
    return Outcome(
        Verdict.PROVED,
        (
            exact("the characteristic polynomials of the circulant matrices factor as claimed (symbolic)"),
            exact(
                "the hexagon has the null vector (1, -1, 1, -1, 1, -1): sigma(t) - sigma(-t) = t and x_2 = x_1 + x_3"
            ),
            enclosed(
                "the engines for data enclose the same numbers",
                orthonormal=as_ball(values["orthonormal"][1]),
                square=as_ball(values["square"][1]),
            ),
        ),
        lower,
        upper,
        None,
        "symbolic",
        detail={"quantity": "least eigenvalue on orthonormal inputs"},
    )


@control("arc-cosine-closed-forms")
def closed_forms_control(inst: ImplicitInstance) -> Outcome:
    """The square with a least eigenvalue of (1/2 − 1/π)(1 + 1e-9)."""
    value, found = _closed_values()["square"]
    with precision(BITS):
        planted = value * enclose(1 + SLIGHTLY)
    if Ball(planted).lower > found.upper:
        return Outcome(Verdict.REFUTED, (enclosed("the proved upper end lies below", planted=planted),))
    return Outcome(Verdict.UNKNOWN, reason="the planted value was not separated from the enclosure")
