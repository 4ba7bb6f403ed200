r"""Training: the constants of the theorem, rates, lengths of paths (C20, C24, C25), at networks of one or two units.

The networks are given by pre-activations t and weights, so that their equilibrium :math:`z=\varphi(t)` is known: the
inputs are what makes it one, :math:`Ux=t-Wz`.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from .....theory.activations.activation import activation
from ....balls.ball import enclose
from ....balls.enclosure import float_above, float_below
from ....balls.ends import nonnegative
from ....expressions.lowering import lower_arb
from ....expressions.regularity import regularity
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Finite, Instance, Outside, Real
from ....falsify.quotients import largest_at_least
from ....sampling.operator_norm import operator_norm
from ..checks.gradients import geometric_bound
from ..checks.training import bound_of_loss
from ..training.descent import Trajectory
from ..training.explicit_constants import ExplicitConstants, StartingPoint, explicit_constants
from .models import BITS, ROOM, papers

DIGITS = 6
"""Decimals of a sharpness with a side that was rounded outwards in float64."""
MODULE = f"{ROOM}/training/explicit_constants.py"
LEAST = Fraction(1, 4)
"""The contraction, and what a step takes away, at the least."""


def _length(parts: list[arb]) -> arb:
    return nonnegative(sum((x * x for x in parts), arb(0))).sqrt()


# -- C20: Picard's iteration ------------------------------------------------------------


@bound(
    papers("picard-rate")[0],
    papers("picard-rate")[1],
    text="|z - z^l| <= theta^l |z|, z^0 = 0, theta >= 1/4",
    formula=f"{ROOM}/checks/gradients.py: geometric_bound",
    domain=Domain(
        (Real("W", ("m", "m"), -2.0, 2.0), Real("t", ("m",)), Finite("l", (1.0, 2.0, 4.0))),
        {"m": (1, 2)},
        {"sigma": ("x", "relu", "tanh", "sin(x)")},
    ),
    evaluations=500,
    digits=DIGITS,
)
def picard(instance: Instance) -> Sides:
    """L = 1; the bias is what makes φ(t) the equilibrium."""
    phi = lower_arb(activation(instance.choices["sigma"]).expression)
    W, t = instance.matrix("W"), instance.balls("t")
    rate = operator_norm(instance["W"]).upper
    if not LEAST <= rate < 1:
        raise Outside("the contraction is outside of its range")
    z = arb_mat([[phi(x)] for x in t])
    bias = arb_mat([[x] for x in t]) - W * z
    current, steps = z * 0, int(instance["l"])
    for _ in range(steps):
        current = arb_mat([[phi(x)] for x in (W * current + bias).entries()])
    right = geometric_bound(_length(z.entries()), rate, steps)
    return _length((z - current).entries()), arb(float(right.upper[-1]))


# -- C24: one unit ----------------------------------------------------------------------


AFFINE = Domain(
    (
        *(Real(name, (), -4.0, 4.0) for name in ("alpha", "beta", "w", "u", "a", "x")),
        Real("move", (2,)),
        Real("e0", (), 2.0**-20, 8.0, logarithmic=True),
    )
)


def _one_unit(w: arb, u: arb, a: arb, x: arb, z: arb, residual: arb) -> StartingPoint:
    return StartingPoint(1, abs(w), abs(u), abs(a), abs(x), (abs(x),), residual, z * z, abs(z))


def _moved(instance: Instance) -> tuple[arb, ExplicitConstants]:
    """The equilibrium over what it is at the start, both weights moved by the radius of the theorem; the constants."""
    alpha, beta, w, u, a, x = (instance.ball(name) for name in ("alpha", "beta", "w", "u", "a", "x"))

    def state(w: arb, u: arb) -> arb:
        return (alpha * u * x + beta) / (1 - alpha * w)

    if not abs(alpha * w) < 1:
        raise Outside("the weight is not proved to contract")
    start = _one_unit(w, u, a, x, state(w, u), instance.ball("e0"))
    found = explicit_constants(start, abs(alpha), arb(0), beta)
    if not (found.gap.is_finite() and found.contraction < 1):
        raise Outside("(H1) is not proved")
    one, other = instance.balls("move")
    far = _length([one, other])
    if not far > 0:
        raise Outside("nothing moves")
    moved = state(w + found.radius * one / far, u + found.radius * other / far)
    return moved / state(w, u), found


@bound(
    papers("gradient-descent")[0] + "/spectrum",
    papers("gradient-descent")[1],
    *papers("gradient-flow"),
    *papers("made-descent"),
    *papers("made-flow"),
    "lemma.equilibrium-training",
    "lemma.equilibrium-perturbation",
    text="(1 - sigma_min(Z)/sigma_min(Z_0))/(1 - 1/sqrt 2) <= the left side of (H2') over its right side, |move| = R",
    formula=f"{MODULE}: explicit_constants, lost_share",
    domain=AFFINE,
    evaluations=1500,
)
def spectrum(instance: Instance) -> Sides:
    """One unit with an affine activation."""
    kept, found = _moved(instance)
    return (1 - abs(kept)) / (1 - 1 / arb(2).sqrt()), found.gap


@bound(
    papers("gradient-descent")[0] + "/perturbation",
    *papers("made-descent"),
    "lemma.equilibrium-perturbation",
    text="|Z - Z_0|/((1 - 1/sqrt 2) sigma_min(Z_0)) <= the same quotient, L |e_0| >= |Z_0|/8",
    formula=f"{MODULE}: explicit_constants, lost_share",
    domain=AFFINE,
    evaluations=3000,
)
def perturbation(instance: Instance) -> Sides:
    """The same at a distance where the norms at the start are no bounds of those on the way."""
    kept, found = _moved(instance)
    alpha, beta, w, u, x = (instance.ball(name) for name in ("alpha", "beta", "w", "u", "x"))
    if not 8 * abs(alpha) * instance.ball("e0") >= abs((alpha * u * x + beta) / (1 - alpha * w)):
        raise Outside("the ball is small")
    return abs(kept - 1) / (1 - 1 / arb(2).sqrt()), found.gap


@bound(
    papers("gradient-descent")[0] + "/jacobian",
    *papers("made-descent"),
    "lemma.implicit-gradients",
    text="|J|^2 <= beta where the residual is zero",
    formula=f"{MODULE}: explicit_constants",
    domain=Domain(
        (Real("t"), Real("w", (), -2.0, 2.0), Real("u"), Real("a")),
        choices={"sigma": ("x", "tanh", "sin(x)", "sin(x) + 1", "sigmoid")},
    ),
    evaluations=800,
)
def jacobian(instance: Instance) -> Sides:
    """One unit at a pre-activation t: the square of the gradient of its output in w, u and a."""
    phi = activation(instance.choices["sigma"])
    known = regularity(phi, BITS)
    assert known.lipschitz is not None
    t, w, u, a = (instance.ball(name) for name in ("t", "w", "u", "a"))
    if not (abs(u) > 0 and abs(w) * known.lipschitz < 1):
        raise Outside("no input makes this an equilibrium")
    z, slope = lower_arb(phi.expression)(t), lower_arb(phi.derivative(1))(t)
    x, through = (t - w * z) / u, a * slope / (1 - w * slope)
    start = _one_unit(w, u, a, x, z, arb(0))
    found = explicit_constants(start, known.lipschitz, known.second_lipschitz, known.at_zero, known.supremum)
    if not found.smoothness.is_finite():
        raise Outside("the singular value is not proved positive")
    return _length([through * z, through * x, z]) ** 2, found.smoothness


@bound(
    papers("gradient-descent")[0] + "/bend",
    *papers("made-descent"),
    text="|Hessian of the loss| <= beta within R, |e| |Hessian of the output| >= |J|^2 there, phi affine",
    formula=f"{MODULE}: explicit_constants",
    domain=Domain((*AFFINE.variables[:-2], Real("move", (3,)), AFFINE.variables[-1])),
    evaluations=6000,
)
def bend(instance: Instance) -> Sides:
    """One unit at the edge of the ball: JJ' and the residual times the second derivative of its output."""
    alpha, beta, w, u, a, x, e0 = (instance.ball(name) for name in ("alpha", "beta", "w", "u", "a", "x", "e0"))
    if not abs(alpha * w) < 1:
        raise Outside("the weight is not proved to contract")
    first = (alpha * u * x + beta) / (1 - alpha * w)
    found = explicit_constants(_one_unit(w, u, a, x, first, e0), abs(alpha), arb(0), beta)
    far = _length(instance.balls("move"))
    if not (found.smoothness.is_finite() and far > 0):
        raise Outside("(H1) is not proved, or nothing moves")
    label = a * first - e0
    w, u, a = (p + found.radius * q / far for p, q in zip((w, u, a), instance.balls("move"), strict=True))
    s = 1 / (1 - alpha * w)
    z = s * (alpha * u * x + beta)
    z_w, z_u, z_wu = alpha * s * z, alpha * s * x, (alpha * s) ** 2 * x
    gradient = arb_mat([[a * z_w], [a * z_u], [z]])
    second = arb_mat([[2 * a * alpha * s * z_w, a * z_wu, z_w], [a * z_wu, 0, z_u], [z_w, z_u, 0]])
    residual = a * z - label
    if not abs(residual) * _length(second.entries()) >= _length(gradient.entries()) ** 2:
        raise Outside("the residual is small")
    hessian = gradient * gradient.transpose() + second * residual
    return largest_at_least(hessian).max(largest_at_least(-hessian)), found.smoothness


# -- rates and paths on quadratic losses ------------------------------------------------

QUADRATIC = Domain(
    (
        Real("h", ("n",), 2.0**-4, 4.0, logarithmic=True),
        Real("theta", ("n",)),
        Real("eta", (), 2.0**-6, 16.0, logarithmic=True),
    ),
    {"n": (1, 2, 3), "k": (1, 2, 4)},
)
"""Φ = ½ Σ h_i θ_i²: |∇Φ|² >= 2 min h Φ, and the largest second derivative is max h."""


def _radius(instance: Instance, *, flow: bool) -> Sides:
    h, theta = instance.fractions("h"), instance.fractions("theta")
    loss = sum((a * b * b for a, b in zip(h, theta, strict=True)), Fraction(0)) / 2
    if not loss:
        raise Outside("the loss is zero at the start")
    nothing = arb(0)
    residual, least = enclose(2 * loss).sqrt(), enclose(2 * min(h))
    start = StartingPoint(1, nothing, nothing, nothing, nothing, (), residual, least, nothing)
    found = explicit_constants(start, arb(1), None, nothing, flow=flow)
    return _length([enclose(b) for b in theta]), found.radius


@bound(
    papers("gradient-flow")[0],
    papers("gradient-flow")[1],
    *papers("made-flow"),
    "lemma.pl-flow",
    text="the distance of the limit of the flow on a quadratic loss <= R = sqrt(2) |e_0|/sqrt(lambda_0)",
    formula=f"{MODULE}: explicit_constants",
    domain=QUADRATIC,
    evaluations=500,
)
def flow_path(instance: Instance) -> Sides:
    """The limit is 0."""
    return _radius(instance, flow=True)


@bound(
    papers("gradient-descent")[0],
    papers("gradient-descent")[1],
    *papers("made-descent"),
    "lemma.pl-descent",
    text="the distance of the limit of descent on a quadratic loss <= R = 2 sqrt(2) |e_0|/sqrt(lambda_0)",
    formula=f"{MODULE}: explicit_constants",
    domain=QUADRATIC,
    evaluations=500,
)
def descent_path(instance: Instance) -> Sides:
    """The limit is 0 for every step below 2/max h."""
    return _radius(instance, flow=False)


@bound(
    papers("descent-rate")[0],
    papers("descent-rate")[1],
    *papers("gradient-descent"),
    *papers("made-descent"),
    "lemma.pl-descent",
    text="Phi_k <= (1 - eta lambda_0/2)^k Phi_0 on a quadratic loss, eta <= 1/beta, eta lambda_0 >= 1/2",
    formula=f"{ROOM}/checks/training.py: half_rate, bound_of_loss",
    domain=QUADRATIC,
    evaluations=800,
    digits=DIGITS,
)
def descent_rate(instance: Instance) -> Sides:
    """Each coordinate falls by its own factor."""
    h, theta, eta = instance.fractions("h"), instance.fractions("theta"), instance.fraction("eta")
    if not (eta * min(h) >= LEAST and eta * max(h) <= 1):
        raise Outside("the step is outside of its range")
    steps = range(instance.sizes["k"] + 1)
    losses = [
        sum((a * (b * (1 - eta * a) ** j) ** 2 for a, b in zip(h, theta, strict=True)), Fraction(0)) / 2 for j in steps
    ]
    least = np.full(len(steps), float(2 * min(h)))
    recorded = {
        "loss_lower": np.array([float_below(x) for x in losses]),
        "loss_upper": np.array([float_above(x) for x in losses]),
        "least_lower": least,
        "least_upper": least,
        "error": 0.0 * least,
    }
    found = bound_of_loss(Trajectory(float(eta), recorded))
    return enclose(losses[-1]), arb(float(found.upper[-1]))
