"""Lines about numbers of the arc-cosine kernel that are evaluated in another way than the code does."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from flint import arb, fmpq

from ...balls.ball import enclose
from ...balls.enclosure import Enclosure
from ...proof_lines.relations import Instances, Relation, Sides, argument
from .arc_cosine import hermite_bound, pair_eigenvalue
from .training import span


def _kernel(cosine: arb) -> arb:
    """The closed form as the lemma of the kernel states it, by the angle."""
    angle = cosine.acos()
    return (angle.sin() + (arb.pi() - angle) * cosine) / (2 * arb.pi())


def _weight(k: int) -> arb:
    """The coefficient of order 2k as the lemma of the power series states it."""
    return arb(fmpq(math.comb(2 * k, k), 4**k * (2 * k - 1) ** 2)) / (2 * arb.pi())


def _ball(found: Enclosure) -> arb:
    return span(found.lower, found.upper)


@argument("pair-spectrum", "one input, and two of random cosines")
def pair_spectrum() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        cosine = enclose(Fraction(rng.randint(-19, 19), 20))
        return _ball(pair_eigenvalue(cosine)), arb(fmpq(1, 2)) - _kernel(cosine)

    return (Instances(draw, 234, ((_ball(pair_eigenvalue(None)), arb(fmpq(1, 2))),), equal=True),)


def _even_sum(n: int, rho: Fraction) -> arb:
    """The sum of the discs that are not empty, the infinitely many last ones by the two closed sums."""
    first = next(k for k in range(1, 500) if (n - 1) * rho ** (2 * k) < 1)
    cosine, known = enclose(rho), [_weight(k) for k in range(1, first)]
    mass = arb(fmpq(1, 4)) - 1 / (2 * arb.pi()) - sum(known, arb(0))
    even = (_kernel(cosine) + _kernel(-cosine)) / 2 - 1 / (2 * arb.pi())
    powers = even - sum((w * cosine ** (2 * k) for k, w in enumerate(known, 1)), arb(0))
    return mass - (n - 1) * powers


@argument("even-power-values", "the sum, the best term and its order, the order of the gap and half its weight")
def even_power_values() -> tuple[Relation, ...]:
    def drawn(rng: random.Random) -> tuple[int, Fraction]:
        return rng.randint(2, 9), Fraction(rng.randint(2, 18), 20)

    def single(n: int, rho: Fraction, k: int) -> arb:
        return _weight(k) * enclose(1 - (n - 1) * rho ** (2 * k))

    def summed(rng: random.Random) -> Sides:
        n, rho = drawn(rng)
        return _ball(hermite_bound(n, (rho, rho)).summed), _even_sum(n, rho)

    def best(rng: random.Random) -> Sides:
        n, rho = drawn(rng)
        found = hermite_bound(n, (rho, rho))
        terms = [single(n, rho, k) for k in range(1, 60)]
        return _ball(found.single) + found.order, max(terms) + 1 + terms.index(max(terms))

    def simple(rng: random.Random) -> Sides:
        n, rho = drawn(rng)
        found = hermite_bound(n, (rho, rho))
        k = next(k for k in range(1, 500) if 2 * (n - 1) * rho ** (2 * k) <= 1)
        assert found.simple is not None
        return _ball(found.simple) * found.order, _weight(k) / 2 * found.order

    return tuple(Instances(draw, seed, equal=True) for draw, seed in ((summed, 235), (best, 236), (simple, 237)))
