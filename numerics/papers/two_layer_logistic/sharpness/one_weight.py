r"""Bounds of the stationary law of one weight on one input, by quadrature in balls (C15, C16, C17, C20).

Where the data term counts: :mod:`.laws` has the laws where it is constant.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from flint import arb

from .....theory.activations.activation import activation
from .....theory.errors import SpecError
from ....balls.ball import enclose
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Finite, Instance, Outside, Real
from ..bounds import LogisticBounds, holley_stroock, log_partition_bound, oscillation
from ..constants import activation_constants
from ..extremal import OFFSET
from ..gap import gap_enclosure, upper_bound
from ..quadrature import CellMoments, cell_moments, clustered_grid, default_reach
from ..scalar import ScalarLoss
from .laws import MODULE, PAPER, range_of

CELLS, BITS = 200, 64
LAW = (
    Real("a", (), -16.0, 16.0, corners=(1.0, -1.0, 4.0, 8.0)),
    Real("x", (), 2.0**-8, 4.0, logarithmic=True),
    Finite("y", (-1.0, 1.0)),
    Real("lambda", (), 2.0**-6, 2.0, logarithmic=True),
    Real("s", (), 2.0**-3, 8.0, logarithmic=True),
)
SIGMA = {"sigma": ("tanh", "sigmoid", "sin(x)", OFFSET)}
BARRIERS = {"sigma": ("tanh", "sin(x)", "exp(-x**2/2)")}


@lru_cache(maxsize=8)
def _moments(sigma: str, outer: Fraction, point: Fraction, label: int, rate: Fraction, step: Fraction) -> CellMoments:
    loss = ScalarLoss(sigma, activation(sigma), outer, rate, ((point, label, Fraction(1)),))
    return cell_moments(loss, step, clustered_grid(default_reach(loss, step), CELLS))


def law_of(instance: Instance) -> CellMoments:
    """Moments of the law; raises :class:`Outside` for the outer weight 0."""
    if not instance["a"]:
        raise Outside("the outer weight is zero")
    names = ("a", "x", "lambda", "s")
    outer, point, rate, step = (instance.fraction(name) for name in names)
    try:
        return _moments(instance.choices["sigma"], outer, point, int(instance["y"]), rate, step)
    except SpecError as error:
        raise Outside(str(error)) from None


def bounds_of(law: CellMoments) -> LogisticBounds:
    """The constants of the theorems; raises :class:`Outside` unless G² is at least λs: the data term counts."""
    bounds = law.loss.bounds(activation_constants(law.loss.activation, 128), 128)
    pull = bounds.slope**2 * bounds.norm_squared * enclose(bounds.outer.two_squared)
    if not pull >= enclose(law.step * law.loss.regularisation):
        raise Outside("the data term is small")
    return bounds


@bound(
    f"{PAPER}.partition-function/one-weight",
    "lemma.gaussian-domination",
    text="Z <= (pi s/lambda)^(1/2) for one weight, G^2 >= lambda s",
    formula=f"{MODULE}: log_partition_bound",
    domain=Domain(LAW, {}, SIGMA),
    evaluations=160,
    digits=6,
)
def partition(instance: Instance) -> Sides:
    """The integral by quadrature."""
    law = law_of(instance)
    bounds_of(law)
    return law.partition, log_partition_bound(law.loss.regularisation, 1, law.step).exp()


@bound(
    f"{PAPER}.stationary-excess/one-weight",
    "lemma.stationary-excess",
    text="E L - inf L <= (s/4) log(2e gLip r^2/s) for one weight, G^2 >= lambda s",
    formula=f"{MODULE}: LogisticBounds.stationary_excess, LogisticBounds.second_moment",
    domain=Domain(LAW, {}, SIGMA),
    evaluations=160,
    digits=6,
)
def excess(instance: Instance) -> Sides:
    """The mean loss by quadrature, the least one by range analysis."""
    law = law_of(instance)
    return law.mean_loss - law.loss.minimum(), bounds_of(law).stationary_excess(law.step)


@bound(
    f"{PAPER}.stationary-excess/second-moment-of-one",
    "lemma.stationary-excess",
    text="E w^2 <= r^2 for one weight, G^2 >= lambda s",
    formula=f"{MODULE}: LogisticBounds.second_moment",
    domain=Domain(LAW, {}, SIGMA),
    evaluations=400,
    digits=6,
)
def second_moment(instance: Instance) -> Sides:
    """The second moment by quadrature."""
    law = law_of(instance)
    return law.second_moment, bounds_of(law).second_moment(law.step)


@bound(
    f"{PAPER}.holley-stroock/barrier",
    text="lambda exp(-2 osc(g)/s) <= Rayleigh's quotient, 2 osc(g) >= s",
    formula=f"{MODULE}: holley_stroock, oscillation",
    domain=Domain(LAW, {}, BARRIERS),
    evaluations=120,
    digits=6,
)
def barrier(instance: Instance) -> Sides:
    """The quotient of a test function is at least the gap."""
    law = law_of(instance)
    found = oscillation(*range_of(law.loss.name), law.loss.weights, (int(instance["y"]),))
    if not 2 * found >= enclose(law.step):
        raise Outside("the data term hardly varies")
    return holley_stroock(law.loss.regularisation, found, law.step), upper_bound(law)[2]


@bound(
    f"{PAPER}.gap-enclosure",
    text="the best lower bound of the gap <= Rayleigh's quotient, for one weight, G^2 >= lambda s",
    formula="numerics/papers/two_layer_logistic/gap.py: gap_enclosure",
    domain=Domain(LAW, {}, {"sigma": ("tanh", "sin(x)")}),
    evaluations=40,
    digits=4,
)
def gap(instance: Instance) -> Sides:
    """Both ends of the enclosure, where the data term counts."""
    law = law_of(instance)
    bounds_of(law)
    found = gap_enclosure(law)
    return arb(found.lower.lower()), found.upper
