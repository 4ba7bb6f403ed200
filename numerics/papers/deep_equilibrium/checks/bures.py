"""The population map contracts in Bures–Wasserstein distance (C8'), at pairs of matrices that belong to the study."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from .....theory.activations.activation import Activation, activation
from ....balls.precision import precision
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, each, judge
from ..instance import EquilibriumInstance
from ..population.bures import PairCovariance, PopulationMap, bures_distance
from ..population.contraction import contraction_squared
from . import scope
from .evidence import BITS, study_cosines, study_variance

ATTAINED = Fraction(1, 16)
"""σ_w² at which the control looks at the linear model without inputs, which attains the bound."""
PLACE = "pair of matrices"
Entries = tuple[Fraction, Fraction, Fraction]


def _pairs(inst: EquilibriumInstance) -> list[tuple[Entries, Entries, Entries]]:
    """C, G and G' for each of the study's cosines c: the same variances and others, with correlations c and -c."""
    size = study_variance(inst) / 2
    norms = [norm for norm in inst.inputs.norms if norm > 0] or [Fraction(1)]
    first, second = norms[0], norms[-1]
    return [
        ((first, second, c * min(first, second)), (size, size, size * c), (2 * size, size / 2, -size * c))
        for c in study_cosines(inst)
    ]


def contraction_sides(
    phi: Activation, sigma_w2: Fraction, theta: arb, inputs: Entries, g: Entries, h: Entries, bits: int
) -> tuple[arb, arb]:
    """d(F(G), F(G')) and θ d(G, G')."""
    found = PopulationMap(phi, sigma_w2, *inputs)
    with precision(bits):
        images = [found.image(*entries, bits) for entries in (g, h)]
        return bures_distance(*images), theta * bures_distance(PairCovariance.of(*g), PairCovariance.of(*h))


def _contraction(inst: EquilibriumInstance) -> Relation:
    with precision(BITS):
        theta = inst.contraction2.sqrt()
    sides = [contraction_sides(inst.activation, inst.sigma_w2, theta, *pair, BITS) for pair in _pairs(inst)]
    text = "d(F(G), F(G')) at most theta d(G, G')"
    left, right = [x for x, _ in sides], [y for _, y in sides]
    return Relation.of(text, left, right, constants={"theta": theta}, place=PLACE)


@check("deq-bures-contraction", scope=scope.pairs)
def bures_contraction(inst: EquilibriumInstance) -> Outcome:
    """Both distances enclosed at matrices around the equilibrium; the proof says it of all of any size."""
    found = _contraction(inst)
    return judge(
        [found],
        value=found.left.at(0),
        lemma="lemma.bures-contraction",
        method="duals of pairs in balls",
        detail={"quantity": "d(F(G), F(G'))"},
    )


@control("deq-bures-contraction")
def squared_rate(inst: EquilibriumInstance) -> Outcome:
    """The rate of the correlations, θ², said of the distance: false for the linear model, which attains θ."""
    line, nothing = activation("x"), (Fraction(0), Fraction(0), Fraction(0))
    with precision(BITS):
        squared = contraction_squared(line.name, ATTAINED, arb(1))
    g, h = (Fraction(1), Fraction(4), Fraction(1)), (Fraction(2), Fraction(1), Fraction(0))
    sides = contraction_sides(line, ATTAINED, squared, nothing, g, h, BITS)
    return each([Relation.of("theta^2 for the linear model", *sides), _contraction(inst).moved()])
