"""What the checks of residual networks share: lemmas that are cited, products along runs, least and largest values."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.errors import DerivationGap
from ....balls.enclosure import Enclosure, float_above, float_below
from ....balls.ends import outward
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import as_ball, lemma_evidence
from ....checks.relation import Relation, Sense
from ....checks.trajectories import Bounds
from ..descent import Descent

CLOSE = Fraction(1, 10**6)
"""How far planted constants are from what was observed: well beyond the width of the enclosures."""


def cited(lemma: str) -> EvidenceItem:
    """A lemma whose proof lines have passed; raises :class:`DerivationGap` where one has not."""
    found = lemma_evidence(lemma)
    if found is None:
        raise DerivationGap(f"a line of {lemma} did not pass its check.")
    return found


def definite(eigenvalue: Enclosure) -> arb:
    """A least eigenvalue as a ball; raises :class:`DerivationGap` where it is not proved positive."""
    if not eigenvalue.lower > 0:
        raise DerivationGap("the least eigenvalue is not proved positive: raise max_bits.")
    return as_ball(eigenvalue)


def positive(name: str, x: arb) -> Relation:
    """0 < x for a number whose exponent may be of any size: it has a logarithm."""
    nothing = Bounds.of([-math.inf], [-math.inf])
    return Relation.of(f"-inf < log {name}, so 0 < {name}", nothing, x.log(), Sense.BELOW, constants={name: x})


def times(factor: arb, bounds: Bounds) -> Bounds:
    """The products of a ball and bounds of non-negative numbers.

    A rounded product lies between the neighbours of the true one, at underflow too.

    >>> found = times(arb(1) / 3, Bounds.exact([3]))
    >>> bool(found.lower[0] <= 1 <= found.upper[0])
    True
    """
    low, high = outward(factor) if factor.is_finite() else (-math.inf, math.inf)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        below = np.minimum(low * bounds.lower, low * bounds.upper)
        above = np.maximum(high * bounds.lower, high * bounds.upper)
    return Bounds.of(np.nextafter(below, -np.inf), np.nextafter(above, np.inf))


def quotients(run: Descent) -> Bounds:
    """Bounds of ‖∇L‖²/L at each iterate, likewise; infinite where the loss is not proved positive."""
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        below, above = run.gradient_squared.lower / run.loss.upper, run.gradient_squared.upper / run.loss.lower
    return Bounds.of(np.maximum(np.nextafter(below, -np.inf), 0.0), np.nextafter(above, np.inf))


def combination(*terms: tuple[Fraction | int, Enclosure]) -> Bounds:
    """The sum of rational multiples of enclosed numbers, as bounds at one place.

    >>> from .....theory.verdict import Evidence
    >>> combination((1, Enclosure(1.0, 2.0, Evidence.ENCLOSED)), (-1, Enclosure(0.0, 0.5, Evidence.ENCLOSED))).lower
    array([0.5])
    """
    ends = [sorted((factor * Fraction(x.lower), factor * Fraction(x.upper))) for factor, x in terms]
    low, high = (sum(end[side] for end in ends) for side in (0, 1))
    return Bounds.of([float_below(Fraction(low))], [float_above(Fraction(high))])


def least(bounds: Bounds) -> tuple[float, float]:
    """Bounds of the least value."""
    return float(bounds.lower.min()), float(bounds.upper.min())


def largest(bounds: Bounds) -> tuple[float, float]:
    """Bounds of the largest value."""
    return float(bounds.lower.max()), float(bounds.upper.max())
