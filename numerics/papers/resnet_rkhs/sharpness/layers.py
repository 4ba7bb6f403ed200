"""Networks with D layers: distances of states, and the lower inequality (B02, B05)."""

from __future__ import annotations

from flint import arb

from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Real
from .networks import (
    CONTROL,
    KERNELS,
    STATES,
    Field,
    dot,
    factors,
    landscape_of,
    minus,
    norm_of,
    require_reach,
    trajectory,
)

PAPER, MODULE = "resnet-rkhs", "numerics/papers/resnet_rkhs/rates.py"
DEPTHS = (1, 2, 8, 32)
PAIRS = Domain((STATES, *CONTROL), {"n": (2,), "q": (1, 2), "m": (1, 2), "D": DEPTHS}, {"kernel": KERNELS})


def _pair(instance: Instance) -> tuple[arb, arb]:
    """The radius, and the quotient of the last and the first distance of two states."""
    field, gains = Field.of(instance), factors(instance)
    radius = norm_of(field, gains)
    require_reach(field.kernel, radius)
    one, other = (trajectory(field, gains, [arb(x) for x in row]) for row in instance["z"].tolist())
    first, last = minus(one[0], other[0]), minus(one[-1], other[-1])
    return radius, (dot(last, last) / dot(first, first)).sqrt()


@bound(
    f"{PAPER}.separation/lower",
    "lemma.finite-depth",
    "lemma.state-separation",
    text="exp(-c) <= |z_D - z_D'| / |z_0 - z_0'|, c = kappa_1 R/(1 - kappa_1 R/sqrt D), kappa_1 R >= 1/2",
    formula=f"{MODULE}: Landscape.compression",
    domain=PAIRS,
    evaluations=5000,
)
def separation_lower(instance: Instance) -> Sides:
    """Two states are not pulled together by more."""
    radius, kept = _pair(instance)
    return (-landscape_of(instance, instance.sizes["D"]).compression(radius)).exp(), kept


@bound(
    f"{PAPER}.separation/upper",
    "lemma.state-separation",
    text="|z_D - z_D'| / |z_0 - z_0'| <= exp(kappa_1 R), kappa_1 R >= 1/2",
    formula=f"{MODULE}: Landscape.kappa1",
    domain=PAIRS,
    evaluations=5000,
)
def separation_upper(instance: Instance) -> Sides:
    """Two states are not pushed apart by more."""
    radius, kept = _pair(instance)
    return kept, (landscape_of(instance, None).kappa1 * radius).exp()


@bound(
    f"{PAPER}.pl-finite-depth",
    "lemma.finite-depth",
    "lemma.residual-pl",
    text="mu(R) L <= |grad L|^2 with D layers, kappa_1 R >= 1/2",
    formula=f"{MODULE}: Landscape.lower",
    domain=Domain(
        (STATES, Real("p", ("n", "q")), *CONTROL),
        {"n": (1, 2, 3), "q": (1, 2), "m": (1, 2), "D": (1, 2, 8)},
        {"kernel": KERNELS},
    ),
    evaluations=16000,
)
def lower_inequality(instance: Instance) -> Sides:
    """``p`` are the residuals at the end; the labels are what is left of the outputs."""
    field, gains = Field.of(instance), factors(instance)
    n, depth = instance.sizes["n"], instance.sizes["D"]
    landscape, radius = landscape_of(instance, depth), norm_of(field, gains)
    require_reach(landscape.kernel, radius)
    states = [trajectory(field, gains, [arb(x) for x in row]) for row in instance["z"].tolist()]
    adjoint = [[arb(x) for x in row] for row in instance["p"].tolist()]
    loss = sum((dot(p, p) for p in adjoint), arb(0)) / (2 * n)
    square = arb(0)
    for layer in reversed(range(depth)):
        here = [path[layer] for path in states]
        for z, p in zip(here, adjoint, strict=True):
            for y, q in zip(here, adjoint, strict=True):
                away = minus(z, y)
                square += field.kernel.value(dot(away, away)) * dot(p, q)
        back = [field.transposed(z, p) for z, p in zip(here, adjoint, strict=True)]
        step = gains[layer] / depth
        adjoint = [[a + step * x for a, x in zip(p, move, strict=True)] for p, move in zip(adjoint, back, strict=True)]
    return landscape.lower(radius) * loss, square / (depth * n**2)
