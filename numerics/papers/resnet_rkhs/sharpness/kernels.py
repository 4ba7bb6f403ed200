"""Kernel matrices of a few points, the constants of kernels, and the recipe (B06, B07, B08, B10, B13)."""

from __future__ import annotations

from fractions import Fraction

from flint import arb, arb_mat

from ....balls.ball import enclose
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Outside, Real
from ....falsify.quotients import largest_at_least, least_at_most
from ....radial.bounds import gershgorin, wendland
from ....radial.kernel import RadialKernel
from ..recipe import recipe
from .networks import KERNELS, STATES, dot, kernel_of, landscape_of, minus, require_reach, rows, separation_squared

PAPER = "resnet-rkhs"
RATES, RADIAL = "numerics/papers/resnet_rkhs/rates.py", "numerics/radial"
DISTANCE = Real("r", (), 2.0**-16, 16.0, logarithmic=True)
POINTS = Domain((STATES,), {"n": (2, 3, 4, 5), "q": (1, 2)}, {"kernel": KERNELS})


def gram(kernel: RadialKernel, points: list[list[arb]]) -> arb_mat:
    """The kernel matrix."""
    return arb_mat([[kernel.value(dot(minus(x, y), minus(x, y))) for y in points] for x in points])


@bound(
    f"{PAPER}.admissibility",
    "lemma.kernel-constants",
    text="|psi(z) - psi(z')|^2 <= kappa_1^2 |z - z'|^2",
    formula=f"{RADIAL}/kernel.py: RadialKernel.kappa1_squared",
    domain=Domain((DISTANCE,), {}, {"kernel": KERNELS}),
    evaluations=600,
    bits=128,
)
def first_constant(instance: Instance) -> Sides:
    """2 − 2k(r) at a distance r."""
    kernel, square = kernel_of(instance), instance.ball("r") ** 2
    return 2 - 2 * kernel.value(square), enclose(kernel.kappa1_squared) * square


@bound(
    f"{PAPER}.admissibility/second",
    "lemma.kernel-constants",
    text="|psi(z - h) - 2 psi(z) + psi(z + h)|^2 <= kappa_2^2 |h|^4",
    formula=f"{RADIAL}/kernel.py: RadialKernel.kappa2_squared",
    domain=Domain((DISTANCE,), {}, {"kernel": KERNELS[:1] + KERNELS[2:]}),
    evaluations=600,
    bits=192,
)
def second_constant(instance: Instance) -> Sides:
    """6 − 8k(r) + 2k(2r)."""
    kernel, square = kernel_of(instance), instance.ball("r") ** 2
    constant = kernel.kappa2_squared
    assert constant is not None
    return 6 - 8 * kernel.value(square) + 2 * kernel.value(4 * square), enclose(constant) * square**2


@bound(
    f"{PAPER}.wendland",
    text="Wendland's bound <= lambda_min(K)",
    formula=f"{RADIAL}/bounds.py: wendland",
    domain=POINTS,
)
def wendland_bound(instance: Instance) -> Sides:
    """At the exact separation of the points."""
    kernel, (_, q) = kernel_of(instance), instance["z"].shape
    left = wendland(kernel, q, enclose(separation_squared(instance)).sqrt())
    return left, least_at_most(gram(kernel, rows(instance, "z")))


@bound(
    f"{PAPER}.gershgorin",
    "lemma.kernel-gershgorin",
    text="1 - (N - 1) k(delta) <= lambda_min(K), N >= 3, k(delta) >= 1/100",
    formula=f"{RADIAL}/bounds.py: gershgorin",
    domain=Domain((STATES,), {"n": (3, 4, 5), "q": (1, 2)}, {"kernel": KERNELS}),
)
def gershgorin_bound(instance: Instance) -> Sides:
    """At the exact separation of the points, where k(δ) is at least 1/100."""
    kernel, (n, _) = kernel_of(instance), instance["z"].shape
    delta = enclose(separation_squared(instance)).sqrt()
    if not kernel.value(delta**2) >= enclose(Fraction(1, 100)):
        raise Outside("the points are far from each other")
    return gershgorin(kernel, n, delta), least_at_most(gram(kernel, rows(instance, "z")))


@bound(
    f"{PAPER}.gershgorin/largest",
    "lemma.kernel-gershgorin",
    text="lambda_max(K) <= min(N, 1 + (N - 1) k(delta)), N >= 3, 1/100 <= k(delta) <= 9/10",
    formula=f"{RATES}: Landscape.largest",
    domain=Domain((STATES,), {"n": (3, 4, 5), "q": (1, 2)}, {"kernel": KERNELS}),
)
def largest_bound(instance: Instance) -> Sides:
    """Λ at R = 0, where k(δ) lies between 1/100 and 9/10."""
    kernel, landscape = kernel_of(instance), landscape_of(instance, None)
    near = kernel.value(enclose(landscape.separation_squared))
    if not (near >= enclose(Fraction(1, 100)) and near <= enclose(Fraction(9, 10))):
        raise Outside("the points are far from each other, or all the same")
    return largest_at_least(gram(kernel, rows(instance, "z"))), landscape.largest(arb(0))


@bound(
    f"{PAPER}.optimal-radius",
    "lemma.best-radius",
    text="mu_0 exp(-(2 + 2 nu) kappa_1 R) <= mu(R) for Matern kernels, kappa_1 R >= 1/2",
    formula=f"{RATES}: Landscape.lower; {RADIAL}/bounds.py: wendland",
    domain=Domain(
        (STATES, Real("R", (), 2.0**-4, 64.0, logarithmic=True)), {"n": (2, 3), "q": (1, 2)}, {"kernel": KERNELS[1:]}
    ),
)
def power_law(instance: Instance) -> Sides:
    """With Wendland's bound at the start."""
    landscape, radius = landscape_of(instance, None), instance.ball("R")
    require_reach(landscape.kernel, radius)
    nu = landscape.kernel.nu
    assert nu is not None
    n, q = instance["z"].shape
    start = 2 * wendland(landscape.kernel, q, landscape.separated(arb(0))) / n
    return start * (-enclose(2 + 2 * nu) * landscape.kappa1 * radius).exp(), landscape.lower(radius)


RECIPES = Domain(
    (Real("z", ("n", "q"), -8.0, 8.0), Real("L0", (), 2.0**-8, 64.0, logarithmic=True)),
    {"n": (2, 3, 4), "q": (1, 2)},
    {"kernel": KERNELS},
)
"""Points and a loss at the start."""


@bound(
    f"{PAPER}.recipe",
    "lemma.recipe",
    text="1/2 <= lambda_min(K) on states that are as near as the recipe allows",
    formula="numerics/papers/resnet_rkhs/recipe.py: recipe, quiet_distance",
    domain=RECIPES,
    evaluations=600,
)
def recipe_eigenvalue(instance: Instance) -> Sides:
    """The lifted points, pulled together by exp(−κ₁R)."""
    n, q = instance["z"].shape
    found = recipe(kernel_of(instance), n, q, separation_squared(instance), instance.fraction("L0"))
    landscape = found.landscape
    size = enclose(landscape.alpha) * (-landscape.compression(found.radius)).exp()
    points = [[size * x for x in row] for row in rows(instance, "z")]
    return arb(1) / 2, least_at_most(gram(landscape.kernel, points))


@bound(
    f"{PAPER}.recipe/scale",
    "lemma.recipe",
    text="4 N e^2 L_0 kappa_1(1)^2 <= s^2",
    formula="numerics/papers/resnet_rkhs/recipe.py: recipe",
    domain=RECIPES,
    evaluations=600,
)
def recipe_scale(instance: Instance) -> Sides:
    """The scale that the recipe chooses; on its grid it is larger than it must be."""
    kernel, (n, q) = kernel_of(instance), instance["z"].shape
    loss = instance.fraction("L0")
    found = recipe(kernel, n, q, separation_squared(instance), loss)
    return enclose(4 * n * loss * kernel.kappa1_squared) * arb(2).exp(), enclose(found.landscape.kernel.scale) ** 2
