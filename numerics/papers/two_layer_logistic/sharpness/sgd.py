"""Bounds of noisy descent at networks of a few units: Lemma 1, and the noise of one input at a time (C22, C23)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from flint import arb, arb_mat

from .....theory.activations.activation import activation
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Finite, Instance, Outside, Real
from ....kernels.points import points
from ..bounds import OuterWeights
from ..enclosed import EnclosedNetwork
from ..sgd.extremal import Quadratic
from ..sgd.inputs import LabelledInputs
from ..sgd.setting import Batches, SgdSetting
from ..sgd.theorem import ConvexDescent, NoisyDescent, stationarity
from .networks import BITS, DIRECTION, WEAK_RATE, network_domain, network_of, require_direction, root, values_of

PAPER, MODULE = "two-layer-logistic", "numerics/papers/two_layer_logistic/sgd/setting.py"
LEMMA = "lemma.sgd-lemma-1"
FLAT = ("tanh", "sigmoid", "erf")
"""Activations with a bounded radial derivative."""


def setting_of(instance: Instance, batches: Batches | None = None) -> SgdSetting:
    """The constants by their formulas; raises :class:`Outside` for the network that is zero, and for inputs zero."""
    outer, rows = instance.fractions("a"), instance["x"]
    if not any(outer) or not rows.any():
        raise Outside("the outer weights are all zero, or the inputs are")
    inputs = LabelledInputs.of(points(rows, zero_rows=True), [int(y) for y in instance["y"].tolist()])
    rate = instance.fraction("lambda") if "lambda" in instance.values else Fraction(1)
    name = activation(instance.choices["sigma"])
    return SgdSetting.of(name, OuterWeights(outer), inputs, rate, batches, BITS)


@bound(
    f"{PAPER}.sgd-landscape/gradient",
    LEMMA,
    text="|grad g| <= G, with the second moment of the inputs",
    formula=f"{MODULE}: SgdSetting.gradient",
    domain=network_domain(),
)
def gradient(instance: Instance) -> Sides:
    """The gradient of the data term."""
    return root(values_of(instance).data_gradient), setting_of(instance).gradient


@bound(
    f"{PAPER}.sgd-landscape/laplacian",
    LEMMA,
    text="Laplacian of g <= D, with the second moment of the inputs",
    formula=f"{MODULE}: SgdSetting.laplacian",
    domain=network_domain(),
)
def laplacian(instance: Instance) -> Sides:
    """The Laplacian of the data term."""
    return values_of(instance).data_laplacian, setting_of(instance).laplacian


@bound(
    f"{PAPER}.sgd-landscape/threshold",
    LEMMA,
    text="-D^2 g[V, V] <= lambda_cvx |V|^2, with the second moment of the inputs",
    formula=f"{MODULE}: SgdSetting.convexity_threshold",
    domain=network_domain(DIRECTION),
)
def threshold(instance: Instance) -> Sides:
    """The curvature of the data term downwards."""
    values = values_of(instance)
    require_direction(values)
    return -values.curvature / values.direction_norm, setting_of(instance).convexity_threshold


@bound(
    f"{PAPER}.sgd-landscape/smoothness",
    LEMMA,
    text="D^2 L[V, V] <= Lambda |V|^2, lambda |V|^2 <= |D^2 g[V, V]|/64",
    formula=f"{MODULE}: SgdSetting.smoothness",
    domain=network_domain(DIRECTION, WEAK_RATE),
)
def smoothness(instance: Instance) -> Sides:
    """The curvature of the loss upwards, where the regulariser is small beside the data term."""
    values, rate = values_of(instance), instance.ball("lambda")
    require_direction(values)
    curvature = values.curvature / values.direction_norm
    if not 64 * rate <= abs(curvature):
        raise Outside("the regulariser hides the data term")
    return curvature + rate, setting_of(instance).smoothness


@bound(
    f"{PAPER}.sgd-landscape/radial",
    LEMMA,
    text="-W.grad g <= X",
    formula=f"{MODULE}: SgdSetting.radial",
    domain=replace(network_domain(), choices={"sigma": FLAT}),
)
def radial(instance: Instance) -> Sides:
    """The derivative of the data term towards zero."""
    weights = instance.matrix("W")
    values = network_of(instance).values(weights, weights)
    return -values.slope, setting_of(instance).radial


def _singles(instance: Instance) -> tuple[arb_mat, int]:
    """The gradients of the loss at single inputs, one a row, and how many there are."""
    n, whole = instance.sizes["n"], network_of(instance)
    weights, x = instance.matrix("W"), instance.matrix("x")
    rows = []
    for i in range(n):
        point = arb_mat([[x[i, k] for k in range(x.ncols())]])
        one = EnclosedNetwork(whole.activation, point, (whole.labels[i],), whole.outer, arb(0), (arb(1),))
        one.__dict__["functions"] = whole.functions
        rows.append(one.values(weights).force.entries())
    return arb_mat(rows), n


@bound(
    f"{PAPER}.sgd-noise/variance",
    LEMMA,
    text="E|n|^2 <= sigma^2 for one input at a time",
    formula=f"{MODULE}: SgdSetting.noise",
    domain=network_domain(),
)
def variance(instance: Instance) -> Sides:
    """The mean squared distance of the gradients of single inputs from their mean."""
    gradients, n = _singles(instance)
    gram = gradients * gradients.transpose()
    mean = sum(gram.entries(), arb(0)) / n**2
    found = sum((gram[i, i] for i in range(n)), arb(0)) / n - mean
    return found, setting_of(instance, Batches(1)).noise


@bound(
    f"{PAPER}.sgd-noise/size",
    LEMMA,
    text="|n| <= b for one input at a time",
    formula=f"{MODULE}: SgdSetting.noise_bound",
    domain=network_domain(),
)
def size(instance: Instance) -> Sides:
    """The distance of the gradient of the first input from the mean."""
    gradients, n = _singles(instance)
    d = gradients.ncols()
    means = [sum((gradients[i, k] for i in range(n)), arb(0)) / n for k in range(d)]
    square = sum(((gradients[0, k] - means[k]) ** 2 for k in range(d)), arb(0))
    return root(square), setting_of(instance, Batches(1, replacement=True)).noise_bound


# -- a quadratic loss, whose laws are known exactly -----------------------------------

THEOREMS = "numerics/papers/two_layer_logistic/sgd/theorem.py"
NOISE = Real("s", (), 2.0**-20, 4.0, logarithmic=True)
STRETCH = Real("eta", (), 2.0**-4, 99.0, logarithmic=True)
LENGTH = Real("norm", (), 2.0**-20, 16.0, logarithmic=True)
STEPS = Finite("k", (1.0, 2.0, 8.0, 64.0))
LAWS = Domain((NOISE, STRETCH, LENGTH, STEPS))


def _law(instance: Instance) -> tuple[Quadratic, int]:
    """The loss with λ = 1/100 in six dimensions, and the number of steps."""
    law = Quadratic(instance.fraction("s"), instance.fraction("eta"), instance.fraction("norm"))
    return law, int(instance["k"])


def _run(law: Quadratic) -> NoisyDescent:
    return NoisyDescent(law.setting, law.noise, law.step, law.start, law.inequality)


@bound(
    f"{PAPER}.sgd-descent/moment",
    "lemma.noisy-sgd-moments",
    text="E|W_k|^2 <= R_k for a quadratic loss",
    formula=f"{THEOREMS}: NoisyDescent.second_moment",
    domain=LAWS,
    evaluations=1000,
)
def moment(instance: Instance) -> Sides:
    """The second moment of the exact law."""
    law, steps = _law(instance)
    return law.second_moment(steps), _run(law).second_moment(steps)


@bound(
    f"{PAPER}.sgd-descent/first",
    "lemma.noisy-sgd-first-step",
    text="KL(rho_1|pi) <= K_1 for a quadratic loss",
    formula=f"{THEOREMS}: NoisyDescent.first",
    domain=LAWS,
    evaluations=1000,
)
def first(instance: Instance) -> Sides:
    """The relative entropy of the exact law after one step."""
    law, _ = _law(instance)
    return law.entropy(1), _run(law).first


@bound(
    f"{PAPER}.sgd-descent/transfer",
    "lemma.noisy-sgd-free-energy",
    text="E L(W_k) - inf L <= KL/beta + (N/2 beta) log(e beta lambda E|W_k|^2/N) for a quadratic loss",
    formula=f"{THEOREMS}: NoisyDescent.thermal",
    domain=LAWS,
    evaluations=1000,
)
def transfer(instance: Instance) -> Sides:
    """The excess of the exact law against its relative entropy and second moment."""
    law, steps = _law(instance)
    entropy = law.entropy(steps) * instance.ball("s") / 2
    return law.excess(steps), entropy + _run(law).thermal(law.second_moment(steps))


@bound(
    f"{PAPER}.sgd-descent/recursion",
    "lemma.noisy-sgd-recursion",
    text="KL(rho_{k+1}|pi) <= exp(-alpha_0 eta) KL(rho_k|pi) + A/2 for a quadratic loss",
    formula=f"{THEOREMS}: NoisyDescent.recursed",
    domain=LAWS,
    evaluations=1000,
)
def recursion(instance: Instance) -> Sides:
    """One step of the exact law."""
    law, steps = _law(instance)
    return law.entropy(steps + 1), _run(law).recursed(law.entropy(steps))


@bound(
    f"{PAPER}.sgd-strongly-convex",
    "lemma.strongly-convex-sgd",
    text="the excess of a quadratic loss after k steps",
    formula=f"{THEOREMS}: ConvexDescent.excess",
    domain=LAWS,
    evaluations=1000,
)
def convex(instance: Instance) -> Sides:
    """The excess of the exact law."""
    law, steps = _law(instance)
    return law.excess(steps), ConvexDescent(law.setting, law.noise, law.step, law.start).excess(steps)


@bound(
    f"{PAPER}.sgd-stationarity",
    "lemma.sgd-stationarity",
    text="the mean of |grad L|^2 over K steps for a quadratic loss",
    formula=f"{THEOREMS}: stationarity",
    domain=LAWS,
    evaluations=1000,
)
def mean_gradient(instance: Instance) -> Sides:
    """Without noise the gradient shrinks by 1 - η λ at every step."""
    law, steps = _law(instance)
    c = law.setting
    shrink = (1 - instance.ball("eta") * c.rate) ** 2
    total = sum((shrink**k for k in range(steps)), arb(0))
    left = total / steps * c.rate**2 * instance.ball("norm")
    return left, stationarity(c, law.step, steps, law.start)
