r"""Networks of infinite depth that are solved exactly, in balls: both inequalities and the Hessian (B03, B04, B12).

The inputs lie on a line, and the control is a sum of dipoles on it, transversal to it and constant in time on
:data:`PIECES` parts of the unit interval. It is zero on the line, so that no state moves, and its derivative at an
input multiplies the transversal part of an adjoint by :math:`e^{a\,t}`:
:math:`a_i=\kappa_1\sum_jB_jm(|x_i-\zeta_j|^2)`, with the squared norm :math:`\sum_{jk}B_jB_km(|\zeta_j-\zeta_k|^2)`.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from ....balls.ball import enclose
from ....balls.ends import nonnegative
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Outside, Real
from ....radial.kernel import RadialKernel
from ..rates import Landscape
from .networks import KERNELS, kernel_of, landscape_of, require_reach

PAPER, MODULE = "resnet-rkhs", "numerics/papers/resnet_rkhs/rates.py"
PIECES = 4
LINE = Domain(
    (
        Real("z", ("n", 1), -8.0, 8.0),
        Real("p", ("n",)),
        Real("zeta", ("j",), -8.0, 8.0),
        Real("B", (PIECES, "j"), -4.0, 4.0),
    ),
    {"n": (1, 2, 3), "j": (1, 2, 3)},
    {"kernel": KERNELS},
)


def _slopes(kernel: RadialKernel, points: list[arb], poles: list[arb], strengths: list[arb]) -> list[arb]:
    """Σ_j B_j m(|x − ζ_j|²) at each point."""
    return [
        sum((s * kernel.slope((x - pole) ** 2) for pole, s in zip(poles, strengths, strict=True)), arb(0))
        for x in points
    ]


def _exponential_mean(rate: arb, length: arb) -> arb:
    """The integral of exp(rate t) over [0, length]."""
    if rate.contains(0):
        far = (abs(rate) * length).exp() * abs(rate) * length**2
        return length + arb(0, far.upper())
    return (rate * length).expm1() / rate


def _landscape(instance: Instance) -> Landscape:
    """In the plane: the line and a direction transversal to it."""
    found = landscape_of(instance, None)
    return Landscape(found.kernel, found.count, 2, found.alpha, found.separation_squared, None)


def _inequality(instance: Instance) -> tuple[Landscape, arb, arb, arb]:
    """The constants, R, the squared gradient and the loss; ``p`` are the transversal residuals."""
    kernel, landscape = kernel_of(instance), _landscape(instance)
    points, poles, n = instance.balls("z"), instance.balls("zeta"), instance.sizes["n"]
    parts = [[arb(x) for x in row] for row in instance["B"].tolist()]
    norms = [sum((s * t for s, t in zip(b, _slopes(kernel, poles, poles, b), strict=True)), arb(0)) for b in parts]
    radius = nonnegative(sum(norms, arb(0)) / PIECES).sqrt()
    require_reach(landscape.kernel, radius)
    adjoint, square, length = instance.balls("p"), arb(0), arb(1) / PIECES
    kappa1 = enclose(kernel.kappa1_squared).sqrt()
    loss = sum((p * p for p in adjoint), arb(0)) / (2 * n)
    gram = [[kernel.value((x - y) ** 2) for y in points] for x in points]
    for part in reversed(parts):  # p(t - u) = exp(a u) p(t)
        rates = [kappa1 * slope for slope in _slopes(kernel, points, poles, part)]
        for i in range(n):
            for j in range(n):
                square += gram[i][j] * adjoint[i] * adjoint[j] * _exponential_mean(rates[i] + rates[j], length)
        adjoint = [p * (a * length).exp() for p, a in zip(adjoint, rates, strict=True)]
    return landscape, radius, square / n**2, loss


@bound(
    f"{PAPER}.pl-lower",
    "lemma.residual-pl",
    text="mu(R) L <= |grad L|^2 at infinite depth, kappa_1 R >= 1/2",
    formula=f"{MODULE}: Landscape.lower",
    domain=LINE,
    evaluations=6000,
)
def lower_inequality(instance: Instance) -> Sides:
    """With λ of the separation that states keep."""
    landscape, radius, square, loss = _inequality(instance)
    return landscape.lower(radius) * loss, square


@bound(
    f"{PAPER}.pl-upper",
    "lemma.residual-pl",
    text="|grad L|^2 <= (2/N) exp(2 kappa_1 R) Lambda L at infinite depth, kappa_1 R >= 1/2",
    formula=f"{MODULE}: Landscape.upper, Landscape.largest",
    domain=LINE,
    evaluations=6000,
)
def upper_inequality(instance: Instance) -> Sides:
    """With Λ of the separation that states keep."""
    landscape, radius, square, loss = _inequality(instance)
    return square, landscape.upper(radius, landscape.largest(radius)) * loss


@bound(
    f"{PAPER}.smoothness",
    text="D^2 L[w, w] <= beta |w|^2 at L = 0, kappa_1 R >= 1/2",
    formula=f"{MODULE}: Landscape.smoothness",
    domain=Domain((Real("a", (PIECES,), -4.0, 4.0), Real("w", (PIECES,))), {}, {"kernel": KERNELS[:1] + KERNELS[2:]}),
)
def smoothness(instance: Instance) -> Sides:
    r"""One input at the pole of a dipole of slope :math:`a_t`, moved by sections :math:`w_tk(\cdot,z)` along it.

    The state moves by :math:`\int w_te^{\int_t^1a}dt`, and the second derivative of the loss is its square.
    """
    landscape = Landscape(kernel_of(instance), 1, 1, Fraction(1), Fraction(1))
    slopes, sizes, length = instance.balls("a"), instance.balls("w"), arb(1) / PIECES
    kappa1 = enclose(landscape.kernel.kappa1_squared).sqrt()
    radius = nonnegative(sum((a * a for a in slopes), arb(0)) / PIECES).sqrt() / kappa1
    require_reach(landscape.kernel, radius)
    norm = sum((w * w for w in sizes), arb(0)) / PIECES
    if not norm > 0:
        raise Outside("the direction is zero")
    moved = arb(0)
    for a, w in zip(slopes, sizes, strict=True):
        moved = moved * (a * length).exp() + w * _exponential_mean(a, length)
    return moved**2 / norm, landscape.smoothness(radius, arb(0))


@bound(
    f"{PAPER}.smoothness/residual",
    text="D^2 L[w, w] <= beta |w|^2 at v = 0, large residuals",
    formula=f"{MODULE}: Landscape.smoothness",
    domain=Domain(
        (
            Real("r", (), 2.0**10, 2.0**20, logarithmic=True),
            Real("w", (PIECES,)),
            Real("g", (PIECES,)),
        ),
        {},
        {"kernel": KERNELS[:1] + KERNELS[2:]},
    ),
)
def residual_smoothness(instance: Instance) -> Sides:
    r"""One input with residual r, a direction :math:`w_tk(\cdot,z)` plus :math:`g_t` times the unit dipole at it.

    The second derivative is :math:`(\int w)^2+2r\kappa_1\int g_t\int_0^tw_s\,ds\,dt`.
    """
    landscape = Landscape(kernel_of(instance), 1, 1, Fraction(1), Fraction(1))
    sizes, slopes, length, r = instance.balls("w"), instance.balls("g"), arb(1) / PIECES, instance.ball("r")
    norm = sum((x * x for x in (*sizes, *slopes)), arb(0)) / PIECES
    if not norm > 0:
        raise Outside("the direction is zero")
    moved, bent = arb(0), arb(0)
    for w, g in zip(sizes, slopes, strict=True):
        bent += g * (moved * length + w * length**2 / 2)
        moved += w * length
    kappa1 = enclose(landscape.kernel.kappa1_squared).sqrt()
    return (moved**2 + 2 * r * kappa1 * bent) / norm, landscape.smoothness(arb(0), r**2 / 2)


@bound(
    f"{PAPER}.smoothness/moved",
    text="D^2 L[w, w] <= beta |w|^2 at large residuals, for a control with kappa_1 R >= 1/2, at scale 2",
    formula=f"{MODULE}: Landscape.smoothness",
    domain=Domain(
        (
            Real("r", (), 2.0**4, 2.0**16, logarithmic=True),
            Real("a", (PIECES,), 2.0**-4, 4.0, logarithmic=True),
            Real("w", (PIECES,)),
            Real("g", (PIECES,)),
        ),
        {},
        {"kernel": KERNELS[:1] + KERNELS[2:]},
    ),
)
def moved_smoothness(instance: Instance) -> Sides:
    r"""Both at once: one input with residual r at the pole of a dipole of slope :math:`a_t>0`.

    The first variation m of the state follows :math:`m'=am+w`, the second :math:`b'=ab+2\kappa_1gm`, and the second
    derivative of the loss is :math:`m^2+rb` at the end: second derivatives of the field vanish at the pole. The kernel
    has the scale 2, so that :math:`\kappa_1\ne1`.
    """
    landscape = Landscape(kernel_of(instance).with_scale(2), 1, 1, Fraction(1), Fraction(1))
    slopes, sizes, gains = (instance.balls(name) for name in ("a", "w", "g"))
    r, length, kappa1 = instance.ball("r"), arb(1) / PIECES, enclose(landscape.kernel.kappa1_squared).sqrt()
    radius = (sum((a * a for a in slopes), arb(0)) / PIECES).sqrt() / kappa1
    require_reach(landscape.kernel, radius)
    norm = sum((x * x for x in (*sizes, *gains)), arb(0)) / PIECES
    if not norm > 0:
        raise Outside("the direction is zero")
    moved, bent = arb(0), arb(0)
    for a, w, g in zip(slopes, sizes, gains, strict=True):
        grown, mean = (a * length).exp(), _exponential_mean(a, length)
        bent = bent * grown + 2 * kappa1 * g * (moved * length * grown + w * (length * grown - mean) / a)
        moved = moved * grown + w * mean
    return (moved**2 + r * bent) / norm, landscape.smoothness(radius, r**2 / 2)
