"""Networks of a finite width: the bias (T0) and the spread (T1), at networks whose law is known exactly."""

from __future__ import annotations

from fractions import Fraction

from ....balls.ball import enclose
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Outside, Real
from ..width.exact_laws import AffineModel
from ..width.gram import spread
from ..width.scale import scale
from ..width.smoothed import bias
from .models import ROOM

DELTA, FAR = Fraction(1, 20), Fraction(10)
"""The probability to fail, and a multiple of the default t_a at which what is cut off has no weight."""
UNIT = (
    Real("alpha", (), 2.0**-3, 2.0),
    Real("beta", (), -2.0, 2.0),
    Real("c", (), 2.0**-40, 4.0, logarithmic=True),
)


def _model(instance: Instance, sigma_w2: Fraction) -> AffineModel:
    alpha, beta, c = (instance.fraction(name) for name in ("alpha", "beta", "c"))
    if alpha == 0 or c <= 0:
        raise Outside("the activation is constant, or the input is 0")
    return AffineModel(alpha, beta, c, sigma_w2)


@bound(
    "deq-general.width-bias",
    text="E G - K <= D for one affine neuron and one input, t_a ten times its default",
    formula=f"{ROOM}/width/bias.py: smooth_bias",
    domain=Domain((*UNIT, Real("sigma_w2", (), 2.0**-48, 2.0**-14, logarithmic=True)), {}, {}),
    evaluations=400,
)
def affine_bias(instance: Instance) -> Sides:
    """The mean is a series in even moments of the cut weight; its first terms are a lower bound."""
    model = _model(instance, instance.fraction("sigma_w2"))
    setting = model.setting(DELTA)
    k = scale(setting, 1, FAR)
    if k is None:
        raise Outside("the weights are not known to contract")
    return model.mean_below(k) - enclose(model.limit), bias(setting, k).largest


@bound(
    "deq-general.width-gram",
    text="the standard deviation of G_m <= e_F for a linear layer and one input, m = 2^20, t_a ten times its default",
    formula=f"{ROOM}/width/gram.py: spread",
    domain=Domain((UNIT[0], UNIT[2]), {}, {}),
    evaluations=200,
)
def linear_spread(instance: Instance) -> Sides:
    """Without feedback Var G_m = 2K²/m, by the law of chi-square."""
    alpha, c = instance.fraction("alpha"), instance.fraction("c")
    if alpha == 0 or c <= 0:
        raise Outside("the activation is constant, or the input is 0")
    model = AffineModel(alpha, Fraction(0), c, Fraction(0))
    setting = model.setting(DELTA)
    k = scale(setting, 2**20, FAR)
    assert k is not None  # theta is 0
    return enclose(model.limit) * (2 / k.m).sqrt(), spread(k, bias(setting, k).inputs)
