"""Descent from zero outputs (D4, D4m, D5): the rate of one linear neuron, and how far one step moves its features."""

from __future__ import annotations

from flint import arb

from ....balls.ball import enclose
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Finite, Instance, Outside, Real
from ..zero_output.one_neuron import Neuron
from ..zero_output.theorem import Initial, best
from .models import ROOM, papers

LEAST = enclose("1/100")
"""What a step must take away of the residual, at the least."""


@bound(
    papers("zero-output-descent")[0],
    papers("zero-output-descent")[1],
    *papers("made-zero-output"),
    *papers("zero-output-width"),
    "lemma.zero-output-descent",
    "lemma.zero-output-corollary",
    "lemma.zero-output-width",
    text="|e_(k+1)| <= (1 - eta c)|e_k| for one linear neuron, k = 0, 1, 2, eta c >= 1/100",
    formula=f"{ROOM}/zero_output/theorem.py: descent, best",
    domain=Domain(
        (
            Real("w", (), -0.9, 0.9),
            Real("u", (), 0.25, 4.0),
            Real("x", (), 0.01, 4.0, logarithmic=True),
            Real("a", (), -0.125, 0.125),
            Real("y", (), 2.0**-10, 1.0, logarithmic=True),
            Real("part", (), 0.01, 1.0),
            Finite("k", (0.0, 1.0, 2.0)),
        ),
    ),
    evaluations=400,
)
def neuron_rate(instance: Instance) -> Sides:
    """The step is a part of the largest one."""
    w, u, x, a, y, part = (instance.ball(name) for name in ("w", "u", "x", "a", "y", "part"))
    neuron = Neuron(w, u, a, x, y)
    if not (abs(w) < 1 and abs(neuron.z) > 0):
        raise Outside("the weight is not proved to contract")
    z = abs(neuron.z)
    found = best(Initial(arb(1), abs(w), z, z * z, abs(x), a * a, abs(y), abs(neuron.e)))
    if not found.holds:
        raise Outside("(R), (H1) and (H2) are not proved")
    step = part * found.step.lower()
    if not step * found.rate >= LEAST:
        raise Outside("the step is small")
    for _ in range(int(instance["k"])):
        neuron = neuron.after(step)
    return abs(neuron.after(step).e), (1 - step * found.rate) * abs(neuron.e)
