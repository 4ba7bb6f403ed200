r"""Assertions about enclosures: against a reference value, against each other, and about positive semidefiniteness."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb

from ..numerics.balls.ball import Ball
from ..numerics.balls.enclosure import Enclosure
from ..numerics.eigenvalues.eigenvalue import least_eigenvalue
from ..numerics.kernels.ballmatrix import BallMatrix
from ..theory.numbers import rational

if TYPE_CHECKING:
    from ..api import PopulationGram


def assert_encloses(found: Ball | arb | Enclosure, reference: Any, digits: int = 30, *, what: str = "value") -> None:
    r"""Fail unless ``found`` meets :math:`r \pm 10^{-\mathrm{digits}}\max(|r|, 10^{-\mathrm{digits}})`.

    ``reference`` is an independent value r known to that accuracy: an exact number (string, int, Fraction, float) or an
    mpmath number. A ball that is not finite, and so says nothing, fails too.

    >>> with_radius = Ball.from_dyadic((1, -1), (1, -60))
    >>> assert_encloses(with_radius, "0.5")
    >>> assert_encloses(with_radius, "0.6")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    AssertionError: the value lies in [0.5... ± ...], but the reference is 0.6 (to 30 digits).
    """
    r = _exactly(reference)
    lower, upper = _ends(found, what)
    slack = Fraction(1, 10**digits) * max(abs(r), Fraction(1, 10**digits))
    if not lower - slack <= r <= upper + slack:
        shown = found if isinstance(found, Enclosure) else Ball(found) if isinstance(found, arb) else found
        raise AssertionError(f"the {what} lies in {shown}, but the reference is {reference} (to {digits} digits).")


def assert_overlap(first: Ball | arb, second: Ball | arb, *, what: str = "value") -> None:
    """Fail when two enclosures of one number have no point in common: then at least one of them is wrong.

    >>> assert_overlap(Ball.exactly(1), Ball.exactly(1))
    """
    x, y = (v if isinstance(v, Ball) else Ball(v) for v in (first, second))
    if not x.overlaps(y):
        raise AssertionError(f"two enclosures of the {what} exclude each other: {x} and {y}.")


def assert_psd(matrix: BallMatrix | PopulationGram) -> None:
    """Fail when the least eigenvalue of every symmetric member of the ball matrix is proved negative.

    A population Gram matrix (``certigram.population_gram``) stands for its ball matrix.

    >>> assert_psd(BallMatrix(np.eye(2), 0.0))
    >>> assert_psd(BallMatrix(-np.eye(2), 0.25))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    AssertionError: the matrix is not positive semidefinite: its least eigenvalue lies in [..., -0.75].
    """
    found = least_eigenvalue(matrix if isinstance(matrix, BallMatrix) else matrix.matrix)
    if found.upper < 0:
        raise AssertionError(f"the matrix is not positive semidefinite: its least eigenvalue lies in {found}.")


def _ends(found: Ball | arb | Enclosure, what: str) -> tuple[Fraction, Fraction]:
    if isinstance(found, Enclosure):
        if not (np.isfinite(found.lower) and np.isfinite(found.upper)):
            raise AssertionError(f"the enclosure {found} of the {what} is not finite.")
        return Fraction(found.lower), Fraction(found.upper)
    ball = found if isinstance(found, Ball) else Ball(found)
    if not ball.finite:
        raise AssertionError(f"the enclosure of the {what} is not finite: it says nothing.")
    return ball.lower, ball.upper


def _exactly(reference: Any) -> Fraction:
    """An exact number as it is; an mpmath number through its mantissa and exponent."""
    triple = getattr(reference, "_mpf_", None)
    if triple is None:
        return rational(reference, what="reference")
    sign, mantissa, exponent, _ = triple
    if mantissa == 0 and exponent != 0:
        raise AssertionError(f"the reference {reference} is not a finite number.")
    return (-1 if sign else 1) * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
