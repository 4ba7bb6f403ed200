"""The arc-cosine Gram matrix of the implicit ReLU network: kernel, series, least eigenvalue, bounds (A01 to A05)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import partial
from itertools import combinations, islice

from flint import arb

from ....balls.ball import enclose
from ....balls.enclosure import Enclosure
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import SLIGHTLY, enclosed, exact
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.scope import all_inputs
from ....eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from ....kernels.parallel import parallel_pairs
from ....kernels.points import points
from ....kernels.series import DotProductSeries
from ....studies.data import DataSet
from ..antipodes import Singularity, nullity
from ..arc_cosine import arc_cosine, arc_cosine_series
from ..instance import ImplicitInstance
from ..witness import arc_cosine_proof
from . import scope

BITS = 128
ORDER = 512
GRID = tuple(Fraction(k, 8) for k in range(-8, 9))


def _two_forms(series: DotProductSeries, cosines: Iterable[arb], factor: Fraction | int = 1) -> Relation:
    """The closed form of the kernel times a factor, and a power series, at each of the cosines."""
    with precision(BITS):
        pairs = [(enclose(factor) * arc_cosine(t), series(t)) for t in (*map(enclose, GRID), *cosines)]
    closed, summed = zip(*pairs, strict=True)
    return Relation.of("closed form = power series", closed, summed, Sense.EQUAL, place="cosine")


def _cosines(inst: ImplicitInstance) -> list[arb]:
    """Those of the first pairs of inputs."""
    with precision(BITS):
        return [inst.cosines.entry(i, j) for i, j in islice(combinations(range(inst.data.n), 2), scope.PAIRS)]


@check("arc-cosine-kernel", scope=scope.pairs)
def kernel(inst: ImplicitInstance) -> Outcome:
    """The polar integral by its lemma; on the data, the closed form meets the independent power series."""
    return judge(
        [_two_forms(arc_cosine_series(ORDER, BITS), _cosines(inst))],
        lemma="lemma.arc-cosine",
        value=arc_cosine(arb(0)),
        method="polar integral",
        detail={"quantity": "kernel of two orthogonal inputs"},
    )


@control("arc-cosine-kernel")
def kernel_control(inst: ImplicitInstance) -> Outcome:
    """The closed form times 1 + 1e-9."""
    return planted([_two_forms(arc_cosine_series(ORDER, BITS), _cosines(inst), 1 + SLIGHTLY)])


@check("arc-cosine-series", scope="a grid of cosines")
def series_check(inst: ImplicitInstance) -> Outcome:
    """The coefficients by their lemma, the tail through the mass 1/2; on a grid, the sum meets the closed form."""
    series = arc_cosine_series(ORDER, BITS)
    with precision(BITS):
        share = series.tail / series.mass
    return judge(
        [_two_forms(series, ())],
        enclosed(f"the coefficients of order above {ORDER} add up to the rest of g(1) = 1/2", share=share),
        lemma="lemma.arc-cosine-series",
        value=series.tail,
        method="binomial series of g''",
        detail={"quantity": f"sum of the coefficients of order above {ORDER}"},
    )


@control("arc-cosine-series")
def series_control(inst: ImplicitInstance) -> Outcome:
    """The coefficient of order 4 times 1 + 1e-9."""
    true = arc_cosine_series(ORDER, BITS)
    with precision(BITS):
        wrong = true.coefficients[4] * enclose(1 + SLIGHTLY)
    return planted(
        [_two_forms(DotProductSeries((*true.coefficients[:4], wrong, *true.coefficients[5:]), true.mass), ())]
    )


@check("arc-cosine-eigenvalue", scope=all_inputs)
def eigenvalue(inst: ImplicitInstance) -> Outcome:
    """λ_0 > 0 from its proved ends, else because the nullity is 0; refuted by an exact null vector."""
    singular, found = inst.singularity, inst.eigenvalue
    detail: dict[str, object] = {
        "quantity": "least eigenvalue",
        "data": {"sha256": inst.data.digest, "n": inst.data.n, "description": inst.data.description},
        "nullity": singular.nullity,
    }
    if singular.null_vector is not None:
        detail["null_vector"] = singular.null_vector.text
    else:
        detail["matrix"] = {"radius_norm": inst.gram.radius_norm(), "provenance": list(inst.gram.provenance)}
        detail["steps"] = list(found.steps)
    told = found.lower > 0
    relation = (
        Relation.of(f"0 < lambda_0 ({found.method})", 0, found, Sense.BELOW)
        if told
        else Relation.of("the nullity is 0", singular.nullity, 0, Sense.EQUAL)
    )
    return judge(
        [relation],
        exact(
            f"{singular.reason} (decided in integers)",
            nullity=str(singular.nullity),
            **(singular.null_vector.text if singular.null_vector else {}),
        ),
        EvidenceItem(found.evidence, found.method, {"lower": repr(found.lower), "upper": repr(found.upper)}),
        argued=not told,
        theorem=not (told or singular.repetitions),
        lemma=() if told else "lemma.arc-cosine-nullity",
        value=(max(found.lower, 0.0), found.upper),
        method=found.method,
        reason=f"the least eigenvalue is exactly 0: {singular.reason}",
        margin=found.lower if found.lower > 0 else None,  # where it is positive by the exact argument alone: not known
        detail=detail,
        prover=partial(arc_cosine_proof, inst, found) if told or singular.null_vector is not None else None,
    )


HEXAGON = [[1, -1, 0], [1, 0, -1], [0, 1, -1], [-1, 1, 0], [-1, 0, 1], [0, -1, 1]]
"""In the plane x + y + z = 0, where it has integer coordinates."""


def _of_the_hexagon(formula: Callable[[Singularity], int]) -> Relation:
    """What a formula says of the hexagon, whose three antipodal pairs span a plane; its rank is 5."""
    table = points(HEXAGON)
    said = formula(nullity(table, parallel_pairs(table)))
    return Relation.of("the nullity of the hexagon by the formula", said, 1, Sense.EQUAL)


@check("arc-cosine-nullity", scope=all_inputs)
def exact_nullity(inst: ImplicitInstance) -> Outcome:
    """The formula, decided in integers; the proved eigenvalues on the data and on the hexagon agree with it."""
    found, least = inst.singularity, inst.eigenvalue
    seen = [_of_the_hexagon(lambda s: s.nullity)]
    seen.append(Relation.of("five points of the hexagon: 0 < lambda_0", 0, _enclosed(inst, HEXAGON[:5]), Sense.BELOW))
    if found.nullity:
        seen.append(Relation.of("lambda_0 = 0 where the nullity is positive", least, 0, Sense.EQUAL))
    elif least.lower > 0:
        seen.append(Relation.of("0 < lambda_0 where the nullity is 0", 0, least, Sense.BELOW))
    counts = {"repetitions": found.repetitions, "antipodal pairs": found.pairs, "rank": found.rank}
    return judge(
        seen,
        exact(f"{found.reason} (decided in integers)", **{name: str(count) for name, count in counts.items()}),
        value=(float(found.nullity), float(found.nullity)),
        lemma="lemma.arc-cosine-nullity",
        method="repetitions and antipodal pairs, in integers",
        detail={"quantity": "nullity"},
    )


@control("arc-cosine-nullity")
def nullity_control(inst: ImplicitInstance) -> Outcome:
    """p in place of p less the rank."""
    return planted([_of_the_hexagon(lambda s: s.repetitions + s.pairs)])


@control("arc-cosine-eigenvalue")
def eigenvalue_control(inst: ImplicitInstance) -> Outcome:
    """A bound that lies a relative 1e-9 above the proved upper end."""
    bound = Fraction(inst.eigenvalue.upper) * (1 + SLIGHTLY) + Fraction(1, 2**1000)
    _, found = decide_at_least(inst.gram, bound, budget=inst.budget, known_psd=True)
    return planted([Relation.of("the planted bound <= lambda_0", bound, found)])


def _hermite_relation(inst: ImplicitInstance) -> Relation:
    """The sum of all positive bounds, which is at least each of them (0 where ρ = 1), and the least eigenvalue."""
    bound = Fraction(0) if inst.parallel else inst.hermite.summed
    return Relation.of("the sum of the Hermite bounds <= lambda_0", bound, inst.eigenvalue)


@check("arc-cosine-hermite", scope=all_inputs)
def hermite(inst: ImplicitInstance) -> Outcome:
    """Every even Schur power by its lemma; the sum of the bounds against the proved least eigenvalue."""
    relation = _hermite_relation(inst)
    detail: dict[str, object] = {"quantity": "Hermite bound", "bound": "Hermite"}
    if not inst.parallel:
        found = inst.hermite
        detail |= {"best k": found.order, "best single bound": found.single.lower}
        if found.simple is not None:
            detail |= {"simple k": found.simple_order, "half the weight": found.simple.lower}
    return judge(
        [relation],
        lemma="lemma.even-powers",
        value=relation.left,
        method="Gershgorin's discs of the even Schur powers",
        detail=detail,
    )


@control("arc-cosine-hermite")
def hermite_control(inst: ImplicitInstance) -> Outcome:
    """The least eigenvalue moved to lie a relative 1e-9 below the bound."""
    return planted([_hermite_relation(inst).moved()])


def _enclosed(inst: ImplicitInstance, rows: list[list[int]]) -> Enclosure:
    """The proved least eigenvalue on integer points, by the engines for data."""
    found = inst.with_data(DataSet(points(rows), None, "integer points"))
    if found.null_vector is not None:
        return found.eigenvalue
    return least_eigenvalue(found.refine(BITS), refine=found.refine, relative_width=1e-13, known_psd=True)


def _closed_forms(inst: ImplicitInstance, factor: Fraction | int = 1) -> list[Relation]:
    """Orthonormal inputs, the square (its closed form times a factor) and the hexagon, and what the engines enclose."""
    with precision(BITS):
        half, pi = arb(1) / 2, arb.pi()
        claimed = {
            "orthonormal inputs": (half - 1 / (2 * pi), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
            "the square": (enclose(factor) * (half - 1 / pi), [[1, 0], [0, 1], [-1, 0], [0, -1]]),
            "the hexagon": (arb(0), HEXAGON),
        }
    return [
        Relation.of(f"the least eigenvalue of {name}", value, _enclosed(inst, rows), Sense.EQUAL)
        for name, (value, rows) in claimed.items()
    ]


@check("arc-cosine-closed-forms", scope="three configurations of points")
def closed_forms(inst: ImplicitInstance) -> Outcome:
    """Characteristic polynomials and the null vector by their lemma; the engines enclose the same numbers."""
    found = _closed_forms(inst)
    return judge(
        found,
        lemma="lemma.arc-cosine-closed-forms",
        value=found[0].left,
        method="characteristic polynomials",
        detail={"quantity": "least eigenvalue on orthonormal inputs"},
    )


@control("arc-cosine-closed-forms")
def closed_forms_control(inst: ImplicitInstance) -> Outcome:
    """The square with a least eigenvalue of (1/2 − 1/π)(1 + 1e-9)."""
    return planted(_closed_forms(inst, 1 + SLIGHTLY))
