"""Laws on finitely many points, in balls: entropies, means and relative entropies of lines about laws."""

from __future__ import annotations

import random

from flint import arb, fmpq


def law(rng: random.Random, count: int) -> list[arb]:
    """A random law on so many points; none has mass 0."""
    found = [fmpq(rng.randint(1, 20)) for _ in range(count)]
    total = sum(found, fmpq(0))
    return [arb(x / total) for x in found]


def mean(weights: list[arb], values: list[arb]) -> arb:
    """The sum of the products.

    >>> mean([arb(0.5), arb(0.5)], [arb(1), arb(3)])
    2.00000000000000
    """
    return sum((w * v for w, v in zip(weights, values, strict=True)), arb(0))


def entropy(weights: list[arb]) -> arb:
    """Minus the mean of the logarithm, by the counting measure."""
    return -mean(weights, [w.log() for w in weights])


def relative_entropy(weights: list[arb], target: list[arb]) -> arb:
    """The mean of the logarithm of the density with respect to a target."""
    return mean(weights, [(w / t).log() for w, t in zip(weights, target, strict=True)])
