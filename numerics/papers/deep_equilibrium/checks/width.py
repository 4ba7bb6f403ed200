"""Networks of a finite width, with explicit constants: the bias (T0), the Gram matrix (T1), the whitened one (T2)."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.ends import outward
from ....balls.precision import precision
from ....balls.printed import text_above
from ....checks.evidence import enclosed, note
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, each, judge
from ....checks.scope import all_inputs
from ..instance import EquilibriumInstance
from ..width.exact_laws import AffineModel, linear_tail
from ..width.gram import slope, spread
from ..width.scale import scale
from ..width.search import HALF, LARGEST_WIDTH
from ..width.setting import BITS
from ..width.smoothed import bias
from ..width.whitened import Concentration, net_failure

DELTA = Fraction(1, 20)
"""The probability to fail in the controls, where it is of no weight."""
FAR = Fraction(10)
"""A multiple of the default t_a at which the events that are cut off have no weight in the controls."""
NEURON = AffineModel(Fraction(1), Fraction(1), Fraction(1, 10**8), Fraction(1, 10**12))
"""An affine network of one neuron at which the bound of the bias is nearly attained."""
LAYER = AffineModel(Fraction(1), Fraction(0), Fraction(1), Fraction(0))
"""A linear layer without feedback."""
LAYER_WIDTH = 6000


def _none(what: str) -> Outcome:
    return Outcome(Verdict.UNKNOWN, reason=f"{what} is not certified up to the width {LARGEST_WIDTH:g}")


def _width(m: int) -> tuple[float, float]:
    """A width as an enclosure."""
    return outward(arb(m))


@check("deq-width-bias", scope=all_inputs)
def width_bias(inst: EquilibriumInstance) -> Outcome:
    """The bound at the least width that is found where it is small; it falls with the width."""
    widths = inst.widths
    if not widths.setting.groups:
        text = "every network maps each of the inputs to 0, and so does the limit"
        return judge([Relation.of(text, 0, 0)], value=(1.0, 1.0), lemma=bias_lemmas(inst), detail={"quantity": "m_b"})
    small = widths.small_bias
    if small is None:
        return _none("a small bias")
    width, found = small
    with precision(BITS):
        scaled = found.largest * width
    text = f"the bound of the bias at m_b = {width}, and a hundredth of the largest K_ii"
    return judge(
        [Relation.of(text, found.largest, widths.bias_limit, condition=True)],
        enclosed("m times the bound of the bias there", value=scaled),
        note(_method(inst)),
        value=_width(width),
        lemma=bias_lemmas(inst),
        method=_method(inst),
        detail={"quantity": "m_b", "width": width},
    )


def bias_lemmas(inst: EquilibriumInstance) -> tuple[str, ...]:
    """The lemmas behind the bound of the bias, on which every statement at a width rests."""
    smooth = inst.regularity.second_lipschitz is not None
    return ("lemma.width-bias",) if smooth else ("lemma.width-bias", "lemma.smoothed-activation")


def _method(inst: EquilibriumInstance) -> str:
    smooth = inst.regularity.second_lipschitz is not None
    return "two integrations by parts" if smooth else "two integrations by parts for the smoothed activation"


@control("deq-width-bias")
def bias_control(inst: EquilibriumInstance) -> Outcome:
    """The bound divided by 1.01 at an affine network of one neuron, whose mean is enclosed from below."""
    with precision(BITS):
        setting = NEURON.setting(DELTA)
        k = scale(setting, 1, FAR)
        assert k is not None  # theta is 1.4e-6
        found = bias(setting, k).largest
        seen = NEURON.mean_below(k) - enclose(NEURON.limit)
        return each([Relation.of("the bias of one affine neuron, and its bound over 1.01", seen, found * 100 / 101)])


@check("deq-width-gram", scope=all_inputs)
def width_gram(inst: EquilibriumInstance) -> Outcome:
    """Theorem B at the least width that is found where its bound is at most λ_*/2."""
    found = inst.widths.gram
    if found is None:
        return _none("T1")
    with precision(BITS):
        half = inst.widths.setting.least / 2
    text = f"the bound of ||G_m - K||_F at m_0 = {found.width}, and lambda_*/2"
    return judge(
        [Relation.of(text, found.distance, half, condition=True)],
        enclosed("its part that is the bias", frobenius=found.bias, largest_entry=found.largest_bias),
        value=_width(found.width),
        lemma=("lemma.width-gram", *bias_lemmas(inst)),
        method=f"Theorem B with t_a = {found.rho} of its default, delta = {inst.delta}",
        detail={"quantity": "m_0", "width": found.width, "delta": str(inst.delta)},
    )


@control("deq-width-gram")
def gram_control(inst: EquilibriumInstance) -> Outcome:
    """A linear layer: Var G_m = 2K²/m, and the gradient of G_m where G_m = K is 2 sqrt(2cK/m) alpha."""
    with precision(BITS):
        setting, c, limit = LAYER.setting(DELTA), enclose(LAYER.norm), enclose(LAYER.limit)
        k = scale(setting, LAYER_WIDTH, FAR)
        assert k is not None  # theta is 0
        root = (2 * c).sqrt()
        return each(
            [
                Relation.of(
                    "the standard deviation of G_m, and two thirds of its bound e_F",
                    limit * (2 / k.m).sqrt(),
                    2 * spread(k, bias(setting, k).inputs) / 3,
                ),
                Relation.of(
                    "the gradient of G_m where it is K, and 99 percent of its bound",
                    2 * (limit / k.m).sqrt() * root * enclose(LAYER.alpha),
                    slope(k, root, limit) * 99 / 100,
                ),
            ]
        )


@check("deq-width-whitened", scope=all_inputs)
def width_whitened(inst: EquilibriumInstance) -> Outcome:
    """Theorem C1 or C2 at the least width that is found where the probability to fail is at most δ."""
    found = inst.widths.whitened
    if found is None:
        return _none("T2")
    setting, chosen = inst.widths.setting, found.choice
    with precision(BITS):
        share = found.bias / setting.least
        scaled = found.largest_bias * found.width
    form = "a net of the sphere" if found.form == "net" else "the trace of the inverse"
    text = f"the probability that the whitened norm exceeds 1/2 at m_0 = {found.width}, and delta"
    with_net = "" if chosen.net is None else f", epsilon = {chosen.net}"
    return judge(
        [Relation.of(text, found.failure, inst.delta, condition=True)],
        enclosed("the bias relative to lambda_*, and m times its largest entry", beta=share, scaled=scaled),
        enclosed("L ||W||_2 is at most this beside it", a=found.a),
        value=_width(found.width),
        lemma=(f"lemma.whitened-{found.form}", *bias_lemmas(inst)),
        method=f"{form}: t_a = {chosen.rho} of its default, t_1 = {text_above(float(chosen.t_1), 6)}{with_net}",
        detail={"quantity": "m_0", "width": found.width, "delta": str(inst.delta), "form": found.form},
    )


@control("deq-width-whitened")
def whitened_control(inst: EquilibriumInstance) -> Outcome:
    """A linear layer, whose whitened norm has the law of |chi-square/m - 1|: its tail against a doubled exponent."""
    with precision(BITS):
        setting, eta, epsilon = LAYER.setting(DELTA), enclose(HALF), enclose(Fraction(1, 1000))
        k = scale(setting, LAYER_WIDTH, FAR)
        assert k is not None  # theta is 0
        c = Concentration.of(setting, k)
        t_1 = arb(60)
        reach, steep = c.reach((1 - 2 * epsilon) * eta, t_1), c.slope(t_1)
        assert reach is not None
        planted = net_failure(1, epsilon, reach, steep / arb(2).sqrt())
        text = "the tail of chi-square, and the bound with a doubled exponent"
        return each([Relation.of(text, linear_tail(LAYER_WIDTH, eta), planted)])
