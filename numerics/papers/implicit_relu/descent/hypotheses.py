"""Whether the output weights are small enough for the theorems of descent, decided from proved numbers."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....balls.printed import text_above, text_below
from ....checks.relation import Relation, Sense
from .measured import Measured
from .theorem import BITS, constants
from .width import Setting


def output_size(found: Measured | None) -> tuple[Verdict, str]:
    r"""Whether :math:`K\lVert w_0\rVert^2<\lambda` for the K of the norms that a network starts with."""
    if found is None:
        return Verdict.UNKNOWN, "a(0) < 1 or lambda > 0 is not proved, so that no K is known"
    start = found.initial
    with precision(BITS):
        term = (constants(start, start.contraction.upper(), start.states.upper()).coupling * start.outputs).upper()
    relation = Relation.of("K |w_0|^2 < lambda", term, found.least, Sense.BELOW, condition=True)
    sides = f"{text_above(upper_float(term), 6)} against {text_below(found.least.lower, 6)}"
    return relation.verdict, f"{relation}: {sides}"


def output_law(setting: Setting, outputs: Fraction) -> tuple[Verdict, str]:
    r"""Whether :math:`\varsigma<\varsigma_*`, the largest standard deviation admitted in the limit of large widths:

    :math:`2\varsigma^2(s_1^2x^2+s^2\gamma^2N^2)<\lambda_0` with :math:`s=1/(1-2\gamma)`, :math:`N=s\sqrt{n/2}`.
    """
    with precision(BITS):
        limit = largest_outputs(setting)
        if limit is None:
            return Verdict.REFUTED, f"2 gamma = {2 * setting.gamma} is not below 1: wide networks are not well posed"
        relation = Relation.of("varsigma < varsigma_*", enclose(outputs), limit, Sense.BELOW, condition=True)
        return relation.verdict, f"{relation}: varsigma = {outputs}, varsigma_* is about {float(limit.mid()):.4g}"


def largest_outputs(setting: Setting) -> arb | None:
    r"""ς_*; None for :math:`2\gamma\ge1`.

    :math:`\lVert w_0\rVert^2\approx2\varsigma^2m`, and (R) asks for :math:`K\lVert w_0\rVert^2<\lambda_0`.
    """
    with precision(BITS):
        if 2 * setting.gamma >= 1:
            return None
        gamma, s = enclose(setting.gamma), 1 / enclose(1 - 2 * setting.gamma)
        size = s * (arb(setting.population.n) / 2).sqrt()
        bound = (1 + s**2) * setting.population.inputs**2 + (s * gamma * size) ** 2
        return (setting.population.least.max(arb(0)) / (2 * bound)).sqrt()
