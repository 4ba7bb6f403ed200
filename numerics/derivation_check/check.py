r"""Check a derivation line by line: an exact proof of each line, and enclosures of both sides at random points.

The exact side is :func:`certigram.theory.derivations.verify.proved`. The second opinion uses no rule of
derivation: each side is enclosed in ball arithmetic from its meaning (:mod:`.value`), at generic points, near
:math:`|\rho|=1`, and at tiny and huge variances. Disjoint enclosures refute a line, whatever the exact side said.
"""

from __future__ import annotations

from functools import lru_cache

import sympy
from flint import arb

from ...theory.derivations.step import Derivation, Step
from ...theory.derivations.verify import verify
from ...theory.errors import CertigramError
from ..balls.precision import precision, undisturbed
from .points import Point, points
from .report import CheckReport, Status, StepReport
from .value import enclose

BITS, GENERIC, SEED = 64, 3, 20240
ACCURATE = 2.0**-20
"""Relative radius from which an agreement at a generic point counts."""


@undisturbed
def check(
    derivation: Derivation, *, bits: int = BITS, generic: int = GENERIC, seed: int = SEED, corners: bool = True
) -> CheckReport:
    """The report of a derivation; ``generic`` random points and, with ``corners``, the extreme ones.

    >>> from certigram.theory.activations.activation import activation
    >>> from certigram.theory.derivations.dual import derive_dual
    >>> check(derive_dual(activation("sin"))).derived
    True
    """
    proofs = verify(derivation)
    chosen = points(derivation.parameters, generic, seed, corners=corners)
    reports = (
        check_step(step, proof, k, chosen, bits)
        for k, (step, proof) in enumerate(zip(derivation.steps, proofs, strict=True))
    )
    return CheckReport(derivation, tuple(reports))


def check_step(step: Step, proof: bool, index: int, chosen: tuple[Point, ...], bits: int) -> StepReport:
    """The report of one line."""
    enclosed, good, worst = 0, 0, 0.0
    for point in chosen:
        found = compare(step, point, bits)
        if found is None:
            continue
        overlap, radius = found
        if not overlap:
            return StepReport(index, step.rule, proof, enclosed, radius, Status.CONTRADICTED, str(point))
        enclosed += 1
        if point.kind == "random":
            good += radius <= ACCURATE
            worst = max(worst, radius)
    generic = sum(point.kind == "random" for point in chosen)
    status = Status.PROVED if proof else Status.ENCLOSED if generic and good == generic else Status.GAP
    return StepReport(index, step.rule, proof, enclosed, worst, status)


def compare(step: Step, point: Point, bits: int) -> tuple[bool, float] | None:
    """Whether the enclosures of the two sides overlap, and the larger relative radius; None without a finite one.

    Where both contain 0 the radius is absolute.
    """
    try:
        left, right = (_side(side, point, bits) for side in (step.before, step.after))
    except (CertigramError, ValueError, OverflowError):
        return None
    if not (left.is_finite() and right.is_finite()):
        return None
    with precision(bits + 16):
        size = max(left.abs_upper(), right.abs_upper())
        radius = max(left.rad(), right.rad())
        zero = left.contains(0) and right.contains(0)
        relative = float(radius if zero else arb(radius / size))
    return bool(left.overlaps(right)), relative


@lru_cache(maxsize=4096)
def _side(expression: sympy.Expr, point: Point, bits: int) -> arb:
    """A side of a line at a point; neighbouring lines share a third of their sides."""
    return enclose(expression, point.environment, bits)
