"""Whether the output weights are small enough for the theorems of descent, decided from proved numbers."""

from __future__ import annotations

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....balls.printed import text_above, text_below
from ....balls.ends import upper_float
from ....checks.relation import Relation, Sense
from ..instance import ImplicitInstance
from .data import setting
from .theorem import BITS, constants
from .start import started


def output_size(inst: ImplicitInstance) -> tuple[Verdict, str]:
    r"""Whether :math:`K\lVert w_0\rVert^2<\lambda` for the K of the norms that the network starts with."""
    found = started(inst)
    if found is None:
        return Verdict.REFUTED, f"a(0) < 1 or lambda > 0 is not proved at {inst.network_text}"
    start = found.initial
    with precision(BITS):
        term = constants(start, start.contraction.upper(), start.states.upper()).coupling * start.outputs
    relation = Relation.of("K |w_0|^2 < lambda", term.upper(), found.least, Sense.BELOW, condition=True)
    text = f"{relation}: {text_above(upper_float(term), 6)} against {text_below(found.least.lower, 6)}"
    return relation.verdict, f"{text}, at {inst.network_text}"


def output_law(inst: ImplicitInstance) -> tuple[Verdict, str]:
    r"""Whether :math:`\varsigma<\varsigma_*`, the largest standard deviation admitted in the limit of large widths:
    :math:`2\varsigma^2(s_1^2x^2+s^2\gamma^2N^2)<\lambda_0` with :math:`s=1/(1-2\gamma)`, :math:`N=s\sqrt{n/2}`.
    """
    asked = setting(inst)
    with precision(BITS):
        gamma = enclose(inst.gamma)
        gap = 1 - 2 * gamma
        if not gap > 0:
            return Verdict.REFUTED, f"2 gamma = {2 * inst.gamma} is not below 1, so that wide networks are not well posed"
        s = 1 / gap
        size = s * (arb(asked.population.n) / 2).sqrt()
        bound = (1 + s**2) * asked.population.inputs**2 + (s * gamma * size) ** 2
        term = 2 * enclose(inst.outputs) ** 2 * bound
        relation = Relation.of("varsigma < varsigma_*", term, asked.population.least, Sense.BELOW, condition=True)
        largest = (asked.population.least / (2 * bound)).sqrt() if asked.population.least > 0 else arb(0)
        text = f"{relation}: varsigma = {inst.outputs}, varsigma_* is about {float(largest.mid()):.4g}"
    return relation.verdict, text
