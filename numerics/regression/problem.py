r"""A regression with enclosed kernel matrices, and a proved lower bound of the spectrum of :math:`K + \sigma^2 I`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, fmpq

from ...theory.errors import CertigramError, SpecError
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure, float_above, float_below
from ..balls.precision import precision
from ..balls.printed import text_above, text_below
from ..eigenvalues.arb_rung import entries_in_balls
from ..eigenvalues.eigenvalue import least_eigenvalue
from ..kernels.ballmatrix import BallMatrix, Radius
from .products import Floats, majorant
from .targets import Targets

GUARD = 32
"""Bits that are computed beyond those asked for."""
NEARLY = 0.5
"""The relative width to which the least eigenvalue is proved: a factor of 2 in a quadratically small term."""


class NotDefinite(CertigramError, ValueError):
    """K + noise·I is not proved positive definite, so that the system of equations may have no solution."""


@dataclass(frozen=True, slots=True, eq=False)
class Balls:
    """The matrices of a problem at some precision: ``gram`` (n, n), ``cross`` (n, t), ``prior`` (t, 1)."""

    gram: arb_mat
    cross: arb_mat
    prior: arb_mat


Refine = Callable[[int], Balls]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    r"""Training points through their kernel matrices, and exact targets.

    Attributes
    ----------
    gram: :math:`K`, (n, n).
    cross: the midpoints of :math:`k(x_i, x^*_j)`, (n, t) float64, with ``cross_radius``, a number or (n, t).
    prior: the midpoints of :math:`k(x^*_j, x^*_j)`, (t,) float64, with ``prior_radius``, a number or (t,).
    targets: (n, o), exact.
    noise: the exact number :math:`\sigma^2 \ge 0`.
    kernel: whether a kernel made these matrices: then the matrix of all n + t points is positive semidefinite.
    refine: the same matrices in balls of more bits, where that is possible.
    """

    gram: BallMatrix
    cross: Floats
    cross_radius: Radius
    prior: Floats
    prior_radius: Radius
    targets: Targets
    noise: Fraction
    kernel: bool
    refine: Refine | None = None

    def __post_init__(self) -> None:
        n, t = self.cross.shape
        if n != self.gram.n or self.prior.shape != (t,) or self.targets.leading.shape[0] != n:
            raise SpecError(
                f"regression: matrices of shapes {self.gram.shape}, {self.cross.shape}, {self.prior.shape} and targets"
                f" of shape {self.targets.leading.shape} do not belong together: give (n, n), (n, t), (t,) and (n, o)."
            )
        if self.noise < 0:
            raise SpecError(f"noise = {self.noise} is negative: give the variance of the noise, 0 or more.")

    @property
    def n(self) -> int:
        """The number of training points."""
        return self.gram.n

    def part(self, tests: slice) -> Regression:
        """The same with some of the test points, in float64 only."""
        radii = [r[..., tests] if isinstance(r, np.ndarray) else r for r in (self.cross_radius, self.prior_radius)]
        return replace(
            self,
            cross=self.cross[:, tests],
            cross_radius=radii[0],
            prior=self.prior[tests],
            prior_radius=radii[1],
            refine=None,
        )

    @property
    def cross_radii(self) -> Floats:
        """The radii of the cross matrix, (n, t)."""
        return np.broadcast_to(np.asarray(self.cross_radius, dtype=np.float64), self.cross.shape)

    @property
    def prior_radii(self) -> Floats:
        """The radii of the prior variances, (t,)."""
        return np.broadcast_to(np.asarray(self.prior_radius, dtype=np.float64), self.prior.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    r"""The matrix :math:`M = K + \sigma^2I` in float64.

    :math:`|M - \mathrm{mid} - \mathrm{diag}(d)| \le` ``radius`` for a d with :math:`|d - \mathrm{left}| \le
    2u\,\mathrm{left}`, left >= 0: the diagonal of ``mid`` is rounded down.
    """

    mid: Floats
    left: Floats
    radius: Radius
    norm: float

    def spread(self, x: Floats) -> Floats:
        r"""An upper bound of :math:`R|x|` for (n, c) non-negative ``x``, R the radii of K."""
        if isinstance(self.radius, np.ndarray):
            return majorant(self.radius, x)
        return np.broadcast_to(majorant(np.full((1, x.shape[0]), float(self.radius)), x), x.shape)

    @property
    def whole_norm(self) -> float:
        """An upper bound of the norm of M - mid."""
        return float_above(Fraction(self.norm) + Fraction(float(self.left.max())) * Fraction(1 + 2.0**-50))


def ridge(gram: BallMatrix, noise: Fraction) -> Ridge:
    """K + noise·I, the diagonal rounded down and what is cut off kept.

    >>> m = ridge(BallMatrix(np.eye(2), 0.0), Fraction(1, 10**20))
    >>> float(m.mid[0, 0]), float(m.left[0])
    (1.0, 1.0000000000000001e-20)
    """
    mid = np.array(gram.mid)
    exact = [Fraction(x) + noise for x in np.diagonal(gram.mid).tolist()]
    below = [float_below(q) for q in exact]
    left = np.array([float_above(q - Fraction(x)) for q, x in zip(exact, below, strict=True)])
    if not (np.isfinite(below).all() and np.isfinite(left).all()):
        raise SpecError("the diagonal of K + noise·I is beyond the range of float64: scale kernel and noise.")
    np.fill_diagonal(mid, below)
    return Ridge(mid, left, gram.rad, gram.radius_norm())


def spectrum(problem: Regression, given: Ridge, *, bits: int = 64) -> Enclosure:
    r"""A proved interval around the least eigenvalue of every :math:`M = K + \sigma^2I`; its lower end may be negative.

    M is at least the float64 matrix whose diagonal was rounded down, in the order of symmetric matrices. With ``bits``
    of 128 and more the ladder goes on in balls, with those of ``problem.refine`` where there are any.
    """
    floor = problem.noise if problem.kernel else None
    matrix = BallMatrix(given.mid, given.radius)
    refine = problem.refine
    if bits < 128:
        found = least_eigenvalue(matrix, budget=Budget(bits=bits, max_bits=bits), relative_width=NEARLY)
    elif refine is None and not np.any(given.left):
        found = least_eigenvalue(matrix, budget=Budget(max_bits=bits), relative_width=NEARLY)
    else:

        def at(p: int) -> BallMatrix:
            with precision(p):
                return BallMatrix.from_arb(with_noise(gram_balls(problem, p + GUARD), problem.noise))

        found = least_eigenvalue(at(bits), budget=Budget(max_bits=bits), refine=at, relative_width=NEARLY)
        return _raised_to(found, floor)
    # the upper end speaks of the matrix that was rounded down
    upper = float_above(Fraction(found.upper) + Fraction(float(given.left.max())) * (1 + Fraction(1, 2**50)))
    return _raised_to(Enclosure(found.lower, upper, found.evidence, found.method, found.steps), floor)


def _raised_to(found: Enclosure, floor: Fraction | None) -> Enclosure:
    """A kernel matrix is positive semidefinite: the noise is a lower bound, to be rounded down."""
    if floor is None or Fraction(found.lower) >= floor:
        return found
    lower = float_below(floor)
    return Enclosure(lower, max(found.upper, lower), found.evidence, found.method, found.steps)


def gram_balls(problem: Regression, bits: int) -> arb_mat:
    """K in balls: from ``refine`` where there is one, else the balls there are."""
    return entries_in_balls(problem.gram) if problem.refine is None else problem.refine(bits).gram


def balls_of(problem: Regression, bits: int) -> Balls:
    """All matrices in balls: from ``refine`` where there is one, else the float64 ones with their radii."""
    if problem.refine is not None:
        return problem.refine(bits)
    n, t = problem.cross.shape
    cross = [
        arb(m, r) for m, r in zip(problem.cross.ravel().tolist(), problem.cross_radii.ravel().tolist(), strict=True)
    ]
    prior = [arb(m, r) for m, r in zip(problem.prior.tolist(), problem.prior_radii.tolist(), strict=True)]
    return Balls(gram_balls(problem, bits), arb_mat(n, t, cross), arb_mat(t, 1, prior))


def with_noise(gram: arb_mat, noise: Fraction) -> arb_mat:
    """``gram + noise·I`` in balls at the working precision."""
    n, c = gram.nrows(), arb(fmpq(noise.numerator, noise.denominator))
    total = arb_mat(gram)
    for i in range(n):
        total[i, i] = total[i, i] + c
    return total


def require_definite(found: Enclosure, problem: Regression) -> float:
    """The proved lower end, positive; :class:`NotDefinite` with one sentence otherwise."""
    if found.lower > 0:
        return found.lower
    advice = "give a positive noise" if problem.noise == 0 else "give more noise"
    advice += ", or ask for more bits" if found.upper > 0 and problem.refine is not None else ""
    raise NotDefinite(
        "K + noise·I is not proved positive definite (its least eigenvalue lies between"
        f" {text_below(found.lower, 3)} and {text_above(found.upper, 3)}), as with repeated points or a kernel of"
        f" finite rank: {advice}."
    )
