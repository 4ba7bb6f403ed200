"""The hypotheses of the deep-equilibrium claims, settled by exact or enclosed evidence."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial

from flint import arb

from ....theory.activations.activation import Activation, activation
from ....theory.claims.claim import Hypothesis
from ....theory.derivations.dual import derive_dual
from ....theory.errors import DerivationGap, PrecisionExhausted, SpecError
from ....theory.verdict import Verdict
from ...balls.ball import enclose
from ...balls.precision import precision
from ...balls.printed import text_above, text_below
from ...certificates.certificate import Discharged
from ...expressions.growth import gaussian_square_integrable, growth
from ...expressions.lowering import constant, lower_arb
from .population.model import Population
from .relative import EVENT, network_gram, population_gram, whitened, within
from .training.laboratory import Laboratory, contracts

Settled = tuple[Verdict, str]
PROBES = (Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(3))
"""Points where an activation is evaluated to prove that it is not odd."""


def discharge(inst: Population, lab: Laboratory, hypothesis: Hypothesis) -> Discharged:
    """Whether a hypothesis holds for a model and the networks trained with it, with the reason in a sentence."""
    name = hypothesis.name
    if name == "relative-event":
        verdict, text = _relative_event(inst, lab)
    elif name in _OF_TRAINING:
        verdict, text = _OF_TRAINING[name](lab)
    elif name in _OF_THE_POPULATION:
        verdict, text = _OF_THE_POPULATION[name](inst)
    else:
        verdict, text = Verdict.UNKNOWN, "no rule decides this hypothesis"
    return Discharged(name, verdict, text)


def _short(x: arb) -> str:
    return str(x.str(8)).replace("+/-", "±")


def _settled(holds: bool, yes: str, no: str) -> Settled:
    return (Verdict.PROVED, yes) if holds else (Verdict.REFUTED, no)


def _bounded(which: str, symbol: str, infinite: str, unknown: str, inst: Population) -> Settled:
    """Whether a supremum of the regularity of the activation is finite."""
    known, name = inst.regularity, inst.activation.name
    found, reason = getattr(known, which), known.reason(which)
    if found is not None:
        return Verdict.PROVED, f"{symbol} = {_short(found)}"
    if which in known.infinite:
        return Verdict.REFUTED, f"{infinite.format(name)}: {reason}"
    return Verdict.UNKNOWN, f"{unknown.format(name)}: {reason}"


def _contraction(inst: Population) -> Settled:
    try:
        return Verdict.PROVED, f"2 sigma_w2 L^2 = {_short(inst.contraction2)} < 1"
    except SpecError as error:
        return Verdict.REFUTED, str(error)
    except (PrecisionExhausted, DerivationGap) as error:
        return Verdict.UNKNOWN, str(error)


def _width_range(inst: Population) -> Settled:
    with precision(inst.budget.bits):
        value = 8 * enclose(inst.sigma_w2) * inst.lipschitz**2
        if value < 1:
            return Verdict.PROVED, f"8 sigma_w2 L^2 = {_short(value)} < 1"
        if value >= 1:
            return Verdict.REFUTED, f"8 sigma_w2 L^2 = {_short(value)} is not below 1: ||W||_2 L < 1 is not typical"
        return Verdict.UNKNOWN, f"8 sigma_w2 L^2 = {_short(value)} is not told apart from 1"


def _definite(inst: Population) -> Settled:
    star = inst.eigenvalue
    if star.lower > 0:
        return Verdict.PROVED, f"lambda_* >= {text_below(star.lower, 8)}"
    if star.upper <= 0:
        return Verdict.REFUTED, f"lambda_* = 0: {star.method}"
    return Verdict.UNKNOWN, f"lambda_* is only known to be at most {text_above(star.upper, 8)}: {star.method}"


def _relu_range(inst: Population) -> Settled:
    no = f"sigma_w2 = {inst.sigma_w2} is not below 1: q = 1/(1 - sigma_w2) ceases to exist"
    return _settled(0 <= inst.sigma_w2 < 1, f"sigma_w2 = {inst.sigma_w2} < 1", no)


def _feedback(inst: Population) -> Settled:
    return _settled(inst.sigma_w2 > 0, f"sigma_w2 = {inst.sigma_w2}", "sigma_w2 = 0: there is no feedback")


def _is(name: str, title: str, formula: str, inst: Population) -> Settled:
    same = inst.activation.expression == activation(name).expression
    return _settled(same, f"the activation is {formula}", f"the activation is {inst.activation.name}, not {title}")


def _common_norm(inst: Population) -> Settled:
    norm = inst.inputs.common_norm
    if norm is None:
        return Verdict.REFUTED, "the inputs have different norms (exact comparison)"
    if inst.data.normalize == "sphere":
        return Verdict.PROVED, "the inputs are rescaled to norm sqrt(d)"
    if norm != 1:
        return Verdict.REFUTED, f"|x_i|^2/d = {norm} for every input, not 1: rescale the inputs to norm sqrt(d)"
    return Verdict.PROVED, "|x_i|^2/d = 1 for every input (exact comparison)"


def _non_parallel(inst: Population) -> Settled:
    if inst.inputs.parallel:
        i, j, sign = inst.inputs.parallel[0]
        what = "the same direction as" if sign > 0 else "the direction opposite to"
        return Verdict.REFUTED, f"input {j} has {what} input {i} (decided in integers)"
    return (
        Verdict.PROVED,
        f"no two inputs are parallel (decided in integers); delta <= {text_above(inst.inputs.separation, 8)}",
    )


def _non_affine(inst: Population) -> Settled:
    verdict = inst.regularity.non_affine
    text = {
        Verdict.PROVED: "a second difference of the activation is proved non-zero",
        Verdict.REFUTED: f"{inst.activation.name} is affine",
    }.get(verdict, "the second differences tried are not proved non-zero")
    return verdict, text


def _affine(inst: Population) -> Settled:
    if inst.activation.affine is not None:
        beta, alpha = inst.activation.affine
        return Verdict.PROVED, f"phi(x) = {beta} + ({alpha}) x"
    if inst.regularity.non_affine is Verdict.PROVED:
        return Verdict.REFUTED, f"{inst.activation.name} is not affine: a second difference is proved non-zero"
    return Verdict.UNKNOWN, f"{inst.activation.name} is not known to be affine"


def not_odd(phi: Activation, bits: int) -> Verdict:
    """Whether an activation is proved not odd: phi(x) + phi(-x) is enclosed away from 0 at some x.

    Looked at are a few numbers, and one beyond each kink.

    >>> not_odd(activation("max(x - 7, 0)"), 64).name
    'PROVED'
    """
    if phi.parity == "odd":
        return Verdict.REFUTED
    try:
        kinks = [piece.lo for piece in phi.pieces()[1:]]
    except DerivationGap:
        kinks = []
    with precision(bits):
        value = lower_arb(phi.expression)
        for x in (*map(enclose, PROBES), *(abs(constant(kink)) + 1 for kink in kinks)):
            total = value(x) + value(-x)
            if total.is_finite() and not total.contains(0):
                return Verdict.PROVED
    return Verdict.UNKNOWN


def _oddness(negated: bool, inst: Population) -> Settled:
    name, verdict = inst.activation.name, not_odd(inst.activation, inst.budget.bits)
    text = {
        Verdict.PROVED: f"{name} is not odd: phi(x) + phi(-x) is enclosed away from 0",
        Verdict.REFUTED: f"{name} is odd, by its structure",
    }.get(verdict, f"{name} is neither proved odd nor proved not odd")
    swapped = {Verdict.PROVED: Verdict.REFUTED, Verdict.REFUTED: Verdict.PROVED}
    return verdict if negated else swapped.get(verdict, verdict), text


def _square_integrable(inst: Population) -> Settled:
    name, largest = inst.activation.name, max(inst.inputs.norms)
    with precision(inst.budget.bits):
        verdict = gaussian_square_integrable(inst.activation.expression, enclose(2 * largest))
    text = {
        Verdict.PROVED: f"{name} is square-integrable at variance {2 * largest}, by its growth",
        Verdict.REFUTED: f"E phi(u)^2 is infinite at variance {2 * largest}",
    }.get(verdict, f"no bound on the growth of {name} makes it square-integrable at variance {2 * largest}")
    return verdict, text


def _absolutely_continuous(inst: Population) -> Settled:
    name = inst.activation.name
    if inst.regularity.lipschitz is not None:
        return Verdict.PROVED, f"{name} is Lipschitz with L = {_short(inst.regularity.lipschitz)}"
    if not inst.activation.continuous:
        return Verdict.UNKNOWN, f"{name} is not proved continuous"
    try:
        bound = growth(inst.activation.derivative())
    except (DerivationGap, SpecError) as error:
        return Verdict.UNKNOWN, f"no bound on the growth of the derivative of {name} is known: {error}"
    if bound.quadratic.is_zero():
        return Verdict.PROVED, f"{name} is continuous and piecewise smooth, its derivative grows at most exponentially"
    return Verdict.UNKNOWN, f"the derivative of {name} is not proved to grow at most exponentially"


def _closed_form(inst: Population) -> Settled:
    found = derive_dual(inst.activation)
    if found.derived:
        return Verdict.PROVED, f"the rules derive the dual of {inst.activation.name} in {len(found.steps)} lines"
    reason = found.gaps[0].reason if found.gaps else "the chain of lines has no end"
    return Verdict.REFUTED, f"no closed form of the dual is known to the rules: {reason}"


def _small_residual(lab: Laboratory, *, made: bool = False, flow: bool = False) -> Settled:
    verdict, text = contracts(lab)
    if verdict is not Verdict.PROVED:  # then (H1) fails with it
        return verdict, text
    theorem = lab.made if made else lab.theorem
    found = theorem.flow if flow else theorem.descent
    (first, second), text = found.hypotheses, f"L rho_w = {found.contraction.str(6)}"
    if first.verdict is Verdict.PROVED:
        text = f"(H1): {text}; (H2): left side over right side = {found.gap.str(6)}"
    verdict = second.verdict if first.verdict is Verdict.PROVED else first.verdict
    where = f"on {len(lab.chosen(theorem.inputs))} inputs, width {lab.width}"
    if verdict is Verdict.REFUTED and not made:
        low, high = theorem.excess
        where += f"; ||e_0|| is between {text_below(low, 3)} and {text_above(high, 3)} times what (H1) and (H2) allow"
    return verdict, f"{text} {where}".replace("+/-", "±")


def _relative_event(inst: Population, lab: Laboratory) -> Settled:
    """Whether the sampled network is in the event, by two shifted factorisations."""
    verdict, text = contracts(lab)
    if verdict is not Verdict.PROVED:
        return verdict, text
    try:
        network, limit = network_gram(inst, lab), population_gram(inst, lab)
    except (SpecError, DerivationGap, PrecisionExhausted) as error:
        return Verdict.UNKNOWN, str(error)
    found, norm = within(network, limit, float(EVENT)), whitened(network, limit)
    where = f"for the network of width {lab.width} on {network.n} inputs the norm is about {norm:.3g}"
    if any(relation.verdict is Verdict.REFUTED for relation in found):
        wide = f"; it falls like m^(-1/2), so a width of about {lab.width * (2 * norm) ** 2:.2g} would do"
        return Verdict.REFUTED, where + (wide if norm < math.inf else "")
    held = all(relation.verdict is Verdict.PROVED for relation in found)
    return (Verdict.PROVED if held else Verdict.UNKNOWN), where


_OF_THE_POPULATION: dict[str, Callable[[Population], Settled]] = {
    "lipschitz": partial(
        _bounded,
        "lipschitz",
        "L",
        "{} has no finite Lipschitz constant",
        "no finite Lipschitz constant of {} was found",
    ),
    "second-derivative": partial(
        _bounded,
        "second_lipschitz",
        "sup|phi''|",
        "the derivative of {} is not Lipschitz",
        "no finite bound of the second derivative of {} was found",
    ),
    "contraction": _contraction,
    "common-norm": _common_norm,
    "non-parallel": _non_parallel,
    "feedback": _feedback,
    "non-affine": _non_affine,
    "affine": _affine,
    "odd": partial(_oddness, False),
    "not-odd": partial(_oddness, True),
    "relu": partial(_is, "relu", "ReLU", "max(x, 0)"),
    "gelu": partial(_is, "gelu", "GELU", "x Phi(x)"),
    "relu-range": _relu_range,
    "width-range": _width_range,
    "definite": _definite,
    "square-integrable": _square_integrable,
    "absolutely-continuous": _absolutely_continuous,
    "closed-form": _closed_form,
}
_OF_TRAINING: dict[str, Callable[[Laboratory], Settled]] = {
    "weights-contract": contracts,
    "small-residual": _small_residual,
    "small-residual-flow": partial(_small_residual, flow=True),
    "made-residual": partial(_small_residual, made=True),
    "made-residual-flow": partial(_small_residual, made=True, flow=True),
}
