"""Whether the output weights are small enough for the theorems of descent, decided from proved numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.ends import between, nonnegative, upper_float
from ....balls.precision import precision
from ....balls.printed import text_above, text_below
from ....balls.rounding import norm_down, norm_up
from ....checks.relation import Relation, Sense
from ....sampling.operator_norm import operator_norm
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
        term = between(_least_term(found).lower(), term)
    relation = Relation.of("K |w_0|^2 < lambda", term, found.least, Sense.BELOW, condition=True)
    sides = f"{text_above(upper_float(term), 6)} against {text_below(found.least.lower, 6)}"
    return relation.verdict, f"{relation}: {sides}"


def _least_term(found: Measured) -> arb:
    r"""A lower bound of :math:`K\lVert w_0\rVert^2`: what is refuted needs the other ends of all norms."""
    network, state = found.network, found.state
    w = network.weights
    start = replace(found.initial, inputs=arb(operator_norm(network.inputs).lower))
    size = nonnegative((arb(operator_norm(state.z).lower) - arb(norm_up(state.error))).lower())
    coupling = constants(start, arb(network.contraction[0]), size).coupling
    least: arb = coupling * (arb(norm_down(w.u)) ** 2 + arb(norm_down(w.v)) ** 2)
    return least


def output_law(setting: Setting, outputs: Fraction, inputs: arb) -> tuple[Verdict, str]:
    r"""Whether :math:`\varsigma<\varsigma_*`, the largest standard deviation admitted in the limit of large widths:

    :math:`2\varsigma^2(s_1^2x^2+s^2\gamma^2N^2)<\lambda_0` with :math:`s=1/(1-2\gamma)`, :math:`N=s\sqrt{n/2}`.
    ``inputs`` is a lower bound of x; the setting has an upper one.
    """
    with precision(BITS):
        least, most = largest_outputs(setting), largest_outputs(setting, inputs)
        if least is None or most is None:
            return Verdict.REFUTED, f"2 gamma = {2 * setting.gamma} is not below 1: wide networks are not well posed"
        limit = between(least.lower(), most.upper())
        relation = Relation.of("varsigma < varsigma_*", enclose(outputs), limit, Sense.BELOW, condition=True)
        return relation.verdict, f"{relation}: varsigma = {outputs}, varsigma_* is about {float(limit.mid()):.4g}"


def largest_outputs(setting: Setting, inputs: arb | None = None) -> arb | None:
    r"""ς_*, for the upper bound of x that the setting has, or for another number; None for :math:`2\gamma\ge1`.

    :math:`\lVert w_0\rVert^2\approx2\varsigma^2m`, and (R) asks for :math:`K\lVert w_0\rVert^2<\lambda_0`.
    """
    with precision(BITS):
        if 2 * setting.gamma >= 1:
            return None
        x = setting.population.inputs if inputs is None else inputs
        gamma, s = enclose(setting.gamma), 1 / enclose(1 - 2 * setting.gamma)
        size = s * (arb(setting.population.n) / 2).sqrt()
        bound = (1 + s**2) * x**2 + (s * gamma * size) ** 2
        return (setting.population.least.max(arb(0)) / (2 * bound)).sqrt()
