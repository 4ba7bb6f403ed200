r"""Descent from small outputs on one unit: the term that is quadratic in the output weights (A24).

With everything positive nothing is cut off: :math:`\varphi=w`, :math:`z=w/(1-a)`, and one step moves a, w, u, v by
products of these numbers.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Outside, Real
from ..descent.theorem import Initial, constants
from .networks import LEAST_FEEDBACK, MODULE, PAPER

UNIT = Domain(
    (
        Real("a", (), LEAST_FEEDBACK, 0.96875),
        *(Real(name, (), 2.0**-6, 64.0, logarithmic=True) for name in ("w", "u", "v")),
        Real("step", (), 2.0**-24, 1.0, logarithmic=True),
    )
)


def _coupling(instance: Instance, inputs: bool) -> Sides:
    """Both sides after one step with residual -1, γ = 1, where A and W are trained, or A alone."""
    a, w, u, v, step = (instance.ball(name) for name in ("a", "w", "u", "v", "step"))
    q, z = u / (1 - a), w / (1 - a)
    after = a + step * q * z
    if not after < 1:
        raise Outside("the map is not proved a contraction after the step")
    moved = w + step * (q + v) if inputs else w
    state, u1, v1 = moved / (1 - after), u + step * z, v + step * w
    left = (moved - w) * v1 + (state - z) * u1
    one = arb(1)
    start = Initial(1, Fraction(1), one, after, state, one, one, one, one, one, one, input_step=Fraction(int(inputs)))
    size = constants(start, after, state).coupling
    return left, step * size * (u**2 + v**2).sqrt() * (u1**2 + v1**2).sqrt()


@bound(
    f"{PAPER}.small-output-descent/inputs",
    "lemma.implicit-drift",
    text="|(F+ - F)'w+| <= eta K |w||w+||e| on one active unit",
    formula=f"{MODULE}/descent/theorem.py: constants",
    domain=UNIT,
    evaluations=1500,
)
def coupling(instance: Instance) -> Sides:
    """Both inner weights are trained."""
    return _coupling(instance, True)


@bound(
    f"{PAPER}.small-output-descent/recurrent",
    "lemma.implicit-drift",
    text="|(F+ - F)'w+| <= eta K |w||w+||e| on one active unit, W frozen",
    formula=f"{MODULE}/descent/theorem.py: constants",
    domain=UNIT,
    evaluations=1500,
)
def recurrent_coupling(instance: Instance) -> Sides:
    """The recurrent weights alone."""
    return _coupling(instance, False)
