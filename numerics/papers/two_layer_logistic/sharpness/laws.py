r"""Bounds of the stationary law and of noisy descent, where both sides are known (C15, C16, C20, C21).

On inputs that are all zero the data term is the constant :math:`c=\log(1+e^{-yf})`, the stationary law is the Gaussian
one, and everything about it is in closed form: :math:`Z=(\pi s/\lambda)^{N/2}e^{-2c/s}`, the gap is :math:`\lambda`,
:math:`\mathbb E L-\inf L=sN/4`, and descent is a linear recursion. There the bounds are compared; on other inputs the
oscillation of the data term is.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from flint import arb, arb_mat

from .....theory.activations.activation import activation
from ....balls.ball import enclose
from ....expressions.range import infimum, supremum
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Finite, Instance, Outside, Real
from ..bounds import OuterWeights, holley_stroock, log_partition_bound, oscillation
from .networks import BITS, LABELS, OUTER, POINTS, RATE, SIZES, SMOOTH, STEP, WEIGHTS, bounds_of, network_of

PAPER, MODULE = "two-layer-logistic", "numerics/papers/two_layer_logistic/bounds.py"
BOUNDED = ("tanh", "sigmoid", "erf", "sin(x)")
LAYERS = {"p": SIZES["p"], "d": SIZES["d"]}
LABEL = Finite("y", (-1.0, 1.0), (1,))
FAR = Real("W2", ("p", "d"), -64.0, 64.0)
STEPS = Finite("k", (0.0, 1.0, 2.0, 8.0, 64.0, 1024.0, 1048576.0))
"""Numbers of steps of a descent."""


def _constant(instance: Instance) -> arb:
    """The data term of inputs that are all zero."""
    p, d = instance.sizes["p"], instance.sizes["d"]
    values = {**instance.values, "x": instance["a"][:1].reshape(1, 1).repeat(d, axis=1) * 0.0}
    network = network_of(Instance({**instance.sizes, "n": 1}, instance.choices, values))
    return network.values(arb_mat(p, d)).loss


@bound(
    f"{PAPER}.partition-function",
    "lemma.gaussian-domination",
    text="Z <= (pi s/lambda)^(pd/2), constant data term",
    formula=f"{MODULE}: log_partition_bound",
    domain=Domain((OUTER, LABEL, RATE, STEP), LAYERS, {"sigma": SMOOTH}),
)
def partition(instance: Instance) -> Sides:
    """The integral for a constant data term."""
    size, step = instance.sizes["p"] * instance.sizes["d"], instance.ball("s")
    found = (arb.pi() * step / instance.ball("lambda")) ** (arb(size) / 2) * (-2 * _constant(instance) / step).exp()
    return found, log_partition_bound(instance.fraction("lambda"), size, instance.fraction("s"), BITS).exp()


@cache
def range_of(sigma: str) -> tuple[arb, arb]:
    """The ends of the range of an activation, outwards."""
    expression = activation(sigma).expression
    return -infimum(expression, bits=64).upper, supremum(expression, bits=64).upper


@bound(
    f"{PAPER}.holley-stroock/oscillation",
    text="g(W) - g(W2) <= osc(g) from the range of the activation",
    formula=f"{MODULE}: oscillation",
    domain=Domain((OUTER, WEIGHTS, FAR, POINTS, LABELS), SIZES, {"sigma": BOUNDED}),
)
def spread(instance: Instance) -> Sides:
    """The data term at two weights."""
    outer = OuterWeights(instance.fractions("a")) if instance["a"].any() else None
    if outer is None:
        raise Outside("the outer weights are all zero")
    network = network_of(instance)
    left = network.values(instance.matrix("W")).loss - network.values(instance.matrix("W2")).loss
    return left, oscillation(*range_of(instance.choices["sigma"]), outer, network.labels, BITS)


@bound(
    f"{PAPER}.holley-stroock",
    text="lambda exp(-2 osc(g)/s) <= the gap, constant data term",
    formula=f"{MODULE}: holley_stroock, oscillation",
    domain=Domain((OUTER, LABEL, RATE, STEP), LAYERS, {"sigma": BOUNDED}),
)
def gap(instance: Instance) -> Sides:
    """The gap for a constant data term; its oscillation is bounded without looking at the inputs."""
    if not instance["a"].any():
        raise Outside("the outer weights are all zero")
    outer, labels = OuterWeights(instance.fractions("a")), (int(instance["y"][0]),)
    found = oscillation(*range_of(instance.choices["sigma"]), outer, labels, BITS)
    left = holley_stroock(instance.fraction("lambda"), found, instance.fraction("s"), BITS)
    return left, instance.ball("lambda")


@bound(
    f"{PAPER}.stationary-excess",
    "lemma.stationary-excess",
    text="E L - inf L <= (sN/4) log(2e gLip r^2/(sN)), constant data term",
    formula=f"{MODULE}: LogisticBounds.stationary_excess, LogisticBounds.second_moment",
    domain=Domain((OUTER, RATE, STEP), LAYERS, {"sigma": SMOOTH}),
)
def excess(instance: Instance) -> Sides:
    """The excess sN/4 for a constant data term."""
    bounds, step = bounds_of(instance), instance.fraction("s")
    return enclose(step * bounds.parameters / 4), bounds.stationary_excess(step)


@bound(
    f"{PAPER}.stationary-excess/second-moment",
    "lemma.stationary-excess",
    text="E|W|^2 <= r^2, constant data term",
    formula=f"{MODULE}: LogisticBounds.second_moment",
    domain=Domain((OUTER, RATE, STEP), LAYERS, {"sigma": SMOOTH}),
)
def second_moment(instance: Instance) -> Sides:
    """The second moment sN/(2 lambda) for a constant data term."""
    bounds, step = bounds_of(instance), instance.fraction("s")
    return enclose(step * bounds.parameters / (2 * bounds.regularisation)), bounds.second_moment(step)


@bound(
    f"{PAPER}.descent",
    "lemma.noisy-descent",
    text="E L(W_k) - inf L <= (gLip/2) [(1 - sm)^(2k) |W_0|^2 + sN/(m(2 - sm))], constant data term",
    formula=f"{MODULE}: LogisticBounds.descent",
    domain=Domain((OUTER, RATE, STEP, STEPS, WEIGHTS), LAYERS, {"sigma": SMOOTH}),
)
def descent(instance: Instance) -> Sides:
    """The recursion for a constant data term: each coordinate is multiplied by 1 - s lambda and moved by noise."""
    return _descent(instance)


@bound(
    f"{PAPER}.descent/start",
    "lemma.noisy-descent",
    text="the same where the start counts and has shrunk: (1 - sm)^(2k) <= 1/2, its term at least 64 times the other",
    formula=f"{MODULE}: LogisticBounds.descent",
    domain=Domain((OUTER, RATE, STEP, STEPS, WEIGHTS), LAYERS, {"sigma": SMOOTH}),
)
def descent_of_the_start(instance: Instance) -> Sides:
    """The same recursion with hardly any noise."""
    step, rate, steps = instance.fraction("s"), instance.fraction("lambda"), int(instance["k"])
    if not (step * rate <= 1 and 1 <= steps <= 64):
        raise Outside("no step, or more than are needed")
    kept = (1 - step * rate) ** (2 * steps)
    square = sum((w * w for w in instance.fractions("W")), Fraction(0))
    if not (kept <= Fraction(1, 2) and kept * square >= 64 * step * instance["W"].size / rate):
        raise Outside("the start does not count, or has not shrunk")
    return _descent(instance)


def _descent(instance: Instance) -> Sides:
    bounds, step, steps = bounds_of(instance), instance.fraction("s"), int(instance["k"])
    if not step * bounds.regularisation <= 1:
        raise Outside("the step is too large")
    square = enclose(sum((w * w for w in instance.fractions("W")), Fraction(0)))
    rate, s = enclose(bounds.regularisation), enclose(step)
    kept = (1 - s * rate) ** (2 * steps)
    noise = s**2 * bounds.parameters * (1 - kept) / (s * rate * (2 - s * rate))
    return rate / 2 * (kept * square + noise), bounds.descent(step, steps, square)
