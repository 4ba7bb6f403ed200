r"""Lengths of the paths of training, from below (B09, B11).

Where the theorems apply, the limit of the controls interpolates, and it is no longer than the path to it. At infinite
depth a state moves by at most :math:`\|v\|`, so that :math:`\|v_\infty\|\ge\max_i|y^i-z^i|`; with one layer the outputs
are linear in v, and the least norm of an interpolating control is :math:`\sqrt{t^\top K^{-1}t}`, :math:`t_i=y^i-z^i`.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Outside, Real
from ....radial.kernel import RadialKernel, radial_kernel
from ..rates import Landscape
from ..recipe import Recipe
from .networks import KERNELS, separation_squared

PAPER, MODULE = "resnet-rkhs", "numerics/papers/resnet_rkhs/recipe.py"
RUNS = Domain(
    (
        Real("z", ("n", 1), -64.0, 64.0),
        Real("t", ("n",), -4.0, 4.0),
        Real("scale", (), 2.0**-4, 2.0**20, logarithmic=True),
        Real("rho", (), 2.0**-12, 0.75, logarithmic=True),
    ),
    {"n": (1, 2)},
    {"kernel": KERNELS},
)
"""Inputs on the line, the moves ``t`` that the labels ask for, the scale, and ρ = κ₁R."""


def _recipe(instance: Instance, *, depth: int | None) -> tuple[Recipe, RadialKernel]:
    """The condition at this scale; raises :class:`Outside` unless λ ≥ 1/2 and the path fits, both proved."""
    n = instance.sizes["n"]
    kernel = radial_kernel(instance.choices["kernel"], instance.fraction("scale"))
    loss = sum((t * t for t in instance.fractions("t")), Fraction(0)) / (2 * n)
    if not loss:
        raise Outside("the loss is zero at the start")
    landscape = Landscape(kernel, n, 1, Fraction(1), separation_squared(instance), depth)
    found = Recipe(landscape, instance.fraction("rho"), depth is not None, loss)
    if found.separates.verdict is not Verdict.PROVED or found.fits.verdict is not Verdict.PROVED:
        raise Outside("the condition is not proved")
    return found, kernel


@bound(
    f"{PAPER}.flow-convergence",
    "lemma.pl-flow",
    text="max |y - z| <= |v(s) - v(0)| in the limit <= 2 sqrt(L_0/mu)",
    formula=f"{MODULE}: Recipe.path, Recipe.mu",
    domain=RUNS,
    evaluations=8000,
)
def flow(instance: Instance) -> Sides:
    """At infinite depth, with the rate e^(−2c)/N of a least eigenvalue of one half."""
    found, _ = _recipe(instance, depth=None)
    return enclose(max(abs(t) for t in instance.fractions("t"))), found.path


@bound(
    f"{PAPER}.descent-convergence",
    "lemma.pl-descent",
    text="sqrt(t' K^-1 t) <= the length of the path <= 4 sqrt(L_0/mu), one layer",
    formula=f"{MODULE}: Recipe.path, Recipe.mu",
    domain=RUNS,
    evaluations=8000,
)
def descent(instance: Instance) -> Sides:
    """With one layer: the norm of the limit, by the inverse of a matrix of two rows."""
    found, kernel = _recipe(instance, depth=1)
    targets, points = instance.balls("t"), instance.balls("z")
    if len(targets) == 1:
        return abs(targets[0]), found.path
    (one, two), near = targets, kernel.value((points[0] - points[1]) ** 2)
    square = (one**2 - 2 * near * one * two + two**2) / (arb(1) - near**2)
    return square.sqrt(), found.path
