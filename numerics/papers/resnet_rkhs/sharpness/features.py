"""Random features: perturbed eigenvalues, probabilities that are known, the lazy regime (B14 to B19)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from ....balls.ball import enclose
from ....balls.ends import nonnegative
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Outside, Real
from ....falsify.quotients import least_at_most, quotient
from ....radial.kernel import radial_kernel
from ..features import chernoff_failure, spectral_constant, uniform_failure
from ..lazy import lazy_constants
from .kernels import gram
from .networks import KERNELS, Point, dot, kernel_of, minus, rows

PAPER, MODULE = "resnet-rkhs", "numerics/papers/resnet_rkhs/features.py"
FREQUENCIES = Real("omega", ("m", "q"), -8.0, 8.0)
TURNS = 64
"""Periods of a cosine over which the probability of an event is summed from below."""


def feature_gram(table: list[Point], points: list[Point]) -> arb_mat:
    """K_m at exact points and frequencies."""
    m = len(table)

    def entry(x: Point, y: Point) -> arb:
        return sum((dot(w, minus(x, y)).cos() for w in table), arb(0)) / m

    return arb_mat([[entry(x, y) for y in points] for x in points])


def _largest_entry(matrix: arb_mat) -> arb:
    found = arb(0)
    for x in matrix.entries():
        found = found.max(abs(x))
    return found


PERTURBED = Domain(
    (Real("z", ("n", "q"), -8.0, 8.0), FREQUENCIES),
    {"n": (2, 3, 4, 8), "q": (1, 2, 3), "m": (1, 2, 3)},
    {"kernel": KERNELS},
)


@bound(
    f"{PAPER}.feature-perturbation",
    "lemma.feature-perturbation",
    text="|K_m - K| <= N max_ij |(K_m - K)_ij|",
    formula="N max_ij |(K_m - K)_ij|, as stated",
    domain=PERTURBED,
    evaluations=4000,
)
def perturbation(instance: Instance) -> Sides:
    """The modulus of a Rayleigh quotient is at most the norm."""
    points = rows(instance, "z")
    difference = feature_gram(rows(instance, "omega"), points) - gram(kernel_of(instance), points)
    return _norm_at_least(difference), len(points) * _largest_entry(difference)


def _norm_at_least(matrix: arb_mat) -> arb:
    n = matrix.nrows()
    floats = np.array([[float(matrix[i, j].mid()) for j in range(n)] for i in range(n)])
    values, vectors = np.linalg.eigh(floats)
    vector = vectors[:, int(np.argmax(np.abs(values)))]
    return abs(quotient(matrix, arb_mat([[x] for x in vector.tolist()])))


def _gaussian_probability(low: arb, high: arb) -> arb:
    """P(low <= Z <= high) for a standard normal Z."""
    root = arb(2).sqrt()
    return ((high / root).erf() - (low / root).erf()) / 2


@bound(
    f"{PAPER}.feature-chernoff",
    text="P(lambda_min(K_m) <= lambda/2) <= N exp(-m lambda/(8N)), one frequency, two points",
    formula=f"{MODULE}: chernoff_failure",
    domain=Domain((Real("r", (), 2.0**-10, 8.0, logarithmic=True),)),
    evaluations=400,
)
def chernoff(instance: Instance) -> Sides:
    r"""The eigenvalue is :math:`1-|\cos\omega r|` and :math:`\lambda=1-k(r)`, Gaussian with scale 1.

    The event is :math:`|\omega r-k\pi|\le\arccos(1-\lambda/2)` for some integer k; finitely many of them are summed.
    """
    r = instance.ball("r")
    eigenvalue = 1 - radial_kernel("gaussian", 1).value(r**2)
    near = (1 - eigenvalue / 2).acos()
    turns = (arb.pi() * k for k in range(-TURNS, TURNS + 1))
    found = sum((_gaussian_probability((turn - near) / r, (turn + near) / r) for turn in turns), arb(0))
    return found, chernoff_failure(2, eigenvalue, 1)


@bound(
    f"{PAPER}.uniform-features",
    text="P(sup |k_m - k| >= eps) <= 2^9 (sigma Delta/eps)^2 exp(-m eps^2/(4(q+2))), one frequency on the line",
    formula=f"{MODULE}: uniform_failure",
    domain=Domain((Real("r", (), 2.0**-6, 64.0, logarithmic=True), Real("eps", (), 2.0**-6, 1.5, logarithmic=True))),
    evaluations=400,
)
def uniform(instance: Instance) -> Sides:
    r"""One distance r = Δ: :math:`\cos\omega r\le k(r)-\varepsilon`, Gaussian of scale 1, in finitely many turns."""
    r, eps, kernel = instance.ball("r"), instance.ball("eps"), radial_kernel("gaussian", 1)
    if not r >= eps:
        raise Outside("sigma Delta < eps, where nothing is claimed")
    level = kernel.value(r**2) - eps
    if not level > -1:
        raise Outside("the event is empty")
    start = level.acos()
    turns = (2 * arb.pi() * k for k in range(-TURNS, TURNS + 1))
    found = sum(
        (_gaussian_probability((turn + start) / r, (turn + 2 * arb.pi() - start) / r) for turn in turns), arb(0)
    )
    return found, uniform_failure(kernel, 1, r, eps, 1)


@bound(
    f"{PAPER}.feature-admissibility",
    text="|psi(z) - psi(z')|^2 <= kappa_1^2 |z - z'|^2 for features",
    formula=f"{MODULE}: spectral_constant",
    domain=Domain((FREQUENCIES, Real("h", ("q",), -2.0, 2.0)), {"m": (1, 2, 3), "q": (1, 2, 3)}),
    bits=128,
)
def feature_constant(instance: Instance) -> Sides:
    r""":math:`\tfrac2m\sum_j(1-\cos\omega_j\cdot h)` at a difference h."""
    move, table = instance.balls("h"), rows(instance, "omega")
    square = dot(move, move)
    if not square >= arb(2) ** -40 or not instance["omega"].any():
        raise Outside("the difference or every frequency is zero")
    found = sum((1 - dot(w, move).cos() for w in table), arb(0)) * 2 / len(table)
    return found, arb(spectral_constant(instance["omega"]).upper) * square


@bound(
    f"{PAPER}.lazy-regime",
    "lemma.lazy-radius",
    text="sqrt(lambda')/2 <= sigma_min(Psi_t) for states that move by R, two inputs",
    formula="numerics/papers/resnet_rkhs/lazy.py: lazy_constants",
    domain=Domain(
        (Real("omega", ("m", 1), -8.0, 8.0), Real("h", (), 2.0**-8, 4.0, logarithmic=True), Real("u", (2,), -1.0, 1.0)),
        {"m": (1, 2, 3)},
    ),
)
def lazy(instance: Instance) -> Sides:
    """Both inputs move by at most R along the line; the least singular value of two rows is the root of 1 − |cos|."""
    if not instance["omega"].any():
        raise Outside("every frequency is zero")
    table = instance.balls("omega")
    kappa1 = (sum((w * w for w in table), arb(0)) / len(table)).sqrt()

    def eigenvalue(distance: arb) -> arb:
        return nonnegative(1 - abs(sum(((w * distance).cos() for w in table), arb(0)) / len(table)))

    start, moves = instance.ball("h"), instance.balls("u")
    least = eigenvalue(start)
    if not least > 0:
        raise Outside("the features do not span both inputs")
    radius, _, _ = lazy_constants(least, kappa1, 2, arb(1), None)
    reach = radius.lower()
    return least.sqrt() / 2, eigenvalue(start + reach * (moves[0] - moves[1])).sqrt()


@bound(
    f"{PAPER}.feature-bias",
    text="(lambda_min(K_1) + lambda_min(K_2))/2 <= lambda_min((K_1 + K_2)/2), two inputs, draws that differ",
    formula="concavity of the least eigenvalue, as stated",
    domain=Domain(
        (
            Real("z", (2, "q"), -4.0, 4.0),
            Real("omega", ("m", "q"), -8.0, 8.0),
            Real("omega2", ("m", "q"), -8.0, 8.0),
        ),
        {"m": (1, 2), "q": (1, 2)},
    ),
)
def concavity(instance: Instance) -> Sides:
    """Two draws whose only entry differs by 1/10 at least; the least eigenvalue of two rows is 1 − |cos|."""
    points = rows(instance, "z")
    one, two = (feature_gram(rows(instance, name), points) for name in ("omega", "omega2"))
    if not abs(one[0, 1] - two[0, 1]) >= enclose(Fraction(1, 10)):
        raise Outside("the draws are nearly equal")
    left = (2 - abs(one[0, 1]) - abs(two[0, 1])) / 2
    return left, least_at_most((one + two) / 2)
