"""Bounds of gradient, Laplacian, Hessian and potential, at networks of a few units (C4 to C9, C12 to C14)."""

from __future__ import annotations

from ....balls.ball import enclose, exact
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Outside
from .networks import (
    DIRECTION,
    OUTER,
    POINTS,
    RATE,
    SIZES,
    SMOOTH,
    STEP,
    WEAK_RATE,
    bounds_of,
    network_domain,
    require_bend,
    require_direction,
    require_near,
    root,
    values_of,
)

PAPER, MODULE = "two-layer-logistic", "numerics/papers/two_layer_logistic/bounds.py"


@bound(
    f"{PAPER}.gradient-bound",
    "lemma.logistic-bounds",
    text="|grad g| <= G",
    formula=f"{MODULE}: LogisticBounds.gradient",
    domain=network_domain(),
)
def gradient(instance: Instance) -> Sides:
    """The gradient of the data term."""
    return root(values_of(instance).data_gradient), bounds_of(instance).gradient


@bound(
    f"{PAPER}.laplacian-bound",
    "lemma.logistic-bounds",
    text="|Laplacian of g| <= D",
    formula=f"{MODULE}: LogisticBounds.laplacian",
    domain=network_domain(),
)
def laplacian(instance: Instance) -> Sides:
    """The Laplacian of the data term."""
    return abs(values_of(instance).data_laplacian), bounds_of(instance).laplacian


@bound(
    f"{PAPER}.laplacian-bound/bend",
    "lemma.logistic-bounds",
    text="|Laplacian of g| <= D where the term with M_2 dominates",
    formula=f"{MODULE}: LogisticBounds.laplacian",
    domain=network_domain(),
)
def bent_laplacian(instance: Instance) -> Sides:
    """The same, where the part of D with the squares of the outer weights is a hundredth at most."""
    bounds = bounds_of(instance)
    require_bend(bounds, bounds.outer.one)
    return abs(values_of(instance).data_laplacian), bounds.laplacian


@bound(
    f"{PAPER}.growth",
    "lemma.villani",
    text="(lambda |W| - G)_+^2/s - lambda p d - D <= V, lambda |W| <= 2G",
    formula=f"{MODULE}: LogisticBounds.growth",
    domain=network_domain(RATE, STEP),
    evaluations=12000,
)
def growth(instance: Instance) -> Sides:
    """The potential at weights of this norm."""
    values, bounds = values_of(instance), bounds_of(instance)
    norm = root(values.norm)
    require_near(instance, bounds, norm)
    return bounds.growth(norm, instance.fraction("s")), values.potential(instance.ball("s"))


@bound(
    f"{PAPER}.radius",
    "lemma.villani",
    text="|W| <= R(V(W)), the radius of the level of the potential at W; lambda |W| <= 2G",
    formula=f"{MODULE}: LogisticBounds.radius",
    domain=network_domain(RATE, STEP),
    evaluations=12000,
)
def radius(instance: Instance) -> Sides:
    """The radius increases with the level: it is taken at the upper end of V, and so is at least that of V."""
    values, bounds = values_of(instance), bounds_of(instance)
    norm = root(values.norm)
    require_near(instance, bounds, norm)
    level = exact(values.potential(instance.ball("s")).upper())
    return norm, bounds.radius(level, instance.fraction("s"))


@bound(
    f"{PAPER}.threshold-zero",
    "lemma.villani-threshold",
    text="|V| <= G^2/s + D at lambda = 0",
    formula=f"{MODULE}: LogisticBounds.ceiling",
    domain=network_domain(STEP),
)
def threshold_zero(instance: Instance) -> Sides:
    """The potential without regularisation."""
    left = abs(values_of(instance).potential(instance.ball("s")))
    return left, bounds_of(instance).ceiling(instance.fraction("s"))


@bound(
    f"{PAPER}.smoothness",
    "lemma.logistic-hessian",
    text="|D^2 L[V, V]| <= gLip(L) |V|^2, lambda |V|^2 <= |D^2 g[V, V]|/64",
    formula=f"{MODULE}: LogisticBounds.smoothness",
    domain=network_domain(DIRECTION, WEAK_RATE),
)
def smoothness(instance: Instance) -> Sides:
    """The curvature of the loss along a direction, where the regulariser is small beside the data term."""
    values, rate = values_of(instance), instance.ball("lambda")
    require_direction(values)
    curvature = values.curvature / values.direction_norm
    if not 64 * rate <= abs(curvature):
        raise Outside("the regulariser hides the data term")
    return abs(curvature + rate), bounds_of(instance).smoothness


@bound(
    f"{PAPER}.smoothness/bend",
    "lemma.logistic-hessian",
    text="|D^2 L[V, V]| <= gLip(L) |V|^2 where the term with M_2 dominates",
    formula=f"{MODULE}: LogisticBounds.smoothness",
    domain=network_domain(DIRECTION, WEAK_RATE),
)
def bent_smoothness(instance: Instance) -> Sides:
    """The same, where the part with the squares of the outer weights is a hundredth at most."""
    bounds = bounds_of(instance)
    require_bend(bounds, bounds.outer.infinity)
    return smoothness(instance)


@bound(
    f"{PAPER}.strong-convexity",
    "lemma.logistic-hessian",
    text="-D^2 g[V, V] <= lambda_cvx |V|^2",
    formula=f"{MODULE}: LogisticBounds.strong_convexity",
    domain=network_domain(DIRECTION, WEAK_RATE),
)
def strong_convexity(instance: Instance) -> Sides:
    """The curvature of the data term against λ − (λ − λ_cvx)."""
    values = values_of(instance)
    require_direction(values)
    return -values.curvature / values.direction_norm, instance.ball("lambda") - bounds_of(instance).strong_convexity


@bound(
    f"{PAPER}.convex-case",
    "lemma.logistic-hessian",
    text="lambda_cvx <= lambda_c for |a|_2^2/|a|_infinity >= 2 M_2/M_1^2",
    formula=f"{MODULE}: LogisticBounds.convexity_threshold, LogisticBounds.published_threshold",
    domain=Domain((OUTER, POINTS), SIZES, {"sigma": SMOOTH}),
)
def convex_case(instance: Instance) -> Sides:
    """The two thresholds for a layer that is wide enough."""
    bounds = bounds_of(instance)
    width = bounds.outer.two_squared / bounds.outer.infinity
    if not 2 * bounds.bend <= bounds.slope**2 * enclose(width):
        raise Outside("the layer is not proved wide enough")
    return bounds.convexity_threshold, bounds.published_threshold
