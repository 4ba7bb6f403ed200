r"""A plan by the integrals over one neuron for the data of a user, where these are small enough.

tanh, outer weights of one size (their signs do not matter: :math:`(a_j,w_j)\mapsto(-a_j,-w_j)` changes nothing), whole
gradients, and few places in one or two dimensions.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from ......theory.activations.activation import Activation
from ......theory.errors import PrecisionExhausted, SpecError
from .....balls.ball import Ball
from .....balls.precision import precision
from .....studies.descent_plan import Plan
from ...bounds import OuterWeights
from ..inputs import LabelledInputs
from ..theorem import Start
from .case import TANH, Datum, NeuronCase
from .plan import neuron_plan

PLACES = {1: 4, 2: 8}
"""So many different inputs at most, by dimension."""
THEOREM = "relative entropy (Theorem 3) and integrals over one neuron"


def case_of(
    phi: Activation, outer: OuterWeights, inputs: LabelledInputs, regularisation: Fraction, epsilon: Fraction
) -> NeuronCase:
    """The data with equal inputs of one label together; raises :class:`SpecError`, saying what does not fit."""
    sizes, d = {abs(v) for v in outer.values}, inputs.points.d
    if phi.expression != TANH.expression or len(sizes) != 1 or inputs.on_sphere:
        raise SpecError("one neuron: the activation must be tanh, the outer weights of one size, and norms kept.")
    mass: dict[tuple[tuple[Fraction, ...], int], Fraction] = {}
    for i, (label, weight) in enumerate(zip(inputs.labels, inputs.weights, strict=True)):
        key = (tuple(Fraction(v) for v in inputs.points.entries(i)), label)
        mass[key] = mass.get(key, Fraction(0)) + weight
    places = {x for x, _ in mass}
    if len(places) > PLACES.get(d, 0):
        raise SpecError(
            f"one neuron: {len(places)} different inputs of dimension {d}: at most four on a line, or eight in a plane."
        )
    data: tuple[Datum, ...] = tuple((x, y, w) for (x, y), w in sorted(mass.items()))
    p = len(outer.values)
    return NeuronCase("one neuron", data, p, sizes.pop() * p, regularisation * p, (Fraction(0),) * d, epsilon)


def plan_by_neuron(case: NeuronCase, initial_variance: Fraction) -> Plan | None:
    """The plan from a Gaussian start, or from the weights zero; None where no temperature was found."""
    try:
        found = neuron_plan(case, start=Start.gaussian(case.setting, initial_variance))
    except (SpecError, PrecisionExhausted):
        return None
    if not found.reached:
        return None
    with precision(case.setting.bits):
        steps = arb(found.steps)
        logarithm = Ball(steps.log() / arb(10).log())
    bound, name = Ball(found.excess(found.steps)), found.descent.inequality.name
    return Plan(THEOREM, found.noise, found.step, found.steps, Ball(steps), logarithm, bound, name)
