r"""A guess at the lowest eigenpair from one Cholesky factorisation in *single* precision: cheap, and not trusted.

A bound needs a shift just below the least eigenvalue, and a double precision factorisation for every shift that is
tried. So the search is done with numbers half as long: a few Lanczos steps with the matrix itself place a first shift,
a single precision factor at that shift makes inverse Lanczos converge in a dozen steps, and the Rayleigh quotient of
the vector in double precision is as accurate as the *square* of what single precision lost. Nothing proved rests on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsymv
from scipy.linalg.lapack import spotrf, spotrs

from .cholesky import Matrix
from .inverse_iteration import RitzPair, inverse_lanczos, start_vector

Single = NDArray[np.float32]

SMALLEST_ORDER = 512
"""Below this order double precision is cheap enough from the start."""
FORWARD_STEPS = 24
"""Lanczos steps with the matrix itself; they come within a few per cent of the lower end of a kernel's spectrum."""
INVERSE_STEPS = 48
DOUBTS = (0.015, 0.08)
"""The first shift lies below the forward guess by the estimate of its error, at least and at most by these shares;
when it turns out to be too high the second is tried, and then 0."""
ROWS = 512
CORRECTIONS = 4
KEEP = 8
"""Ritz vectors that are taken over into double precision."""


def forward_guess(a: Matrix) -> RitzPair:
    """Lanczos with the matrix itself: an upper estimate of the least eigenvalue (``distance``), its Ritz vector, and
    an estimate of its error that is often too large.

    >>> round(forward_guess(np.diag([1.0, 2.0, 3.0])).distance, 9)
    1.0
    """
    top = 2.0 * float(np.diagonal(a).min())
    pair = inverse_lanczos(
        lambda v: top * v - dsymv(1.0, a.T, v, lower=1), start_vector(a.shape[0]), steps=FORWARD_STEPS, tolerance=0.0
    )
    if not 0.0 < pair.distance < math.inf:
        return replace(pair, distance=math.inf, error=math.inf)
    return replace(pair, distance=top - 1.0 / pair.distance, error=pair.error / pair.distance / pair.distance)


def single_precision_guess(a: Matrix, work: Matrix, *, tolerance: float) -> tuple[RitzPair, float] | None:
    r"""A guess ``(pair, value)``: ``value`` is the Rayleigh quotient of ``pair.vector``, ``pair.error`` a guess at
    :math:`\mathrm{value} - \lambda_{\min}`; None when single precision cannot factorise the matrix.

    Parameters
    ----------
    a: (n, n) float64, C order, symmetric.
    work: (n, n) float64, C order; its first half is overwritten by the single precision factor.
    tolerance: the relative error aimed at.

    >>> a = np.diag([1.0, 2.0, 3.0]) + 0.1
    >>> pair, value = single_precision_guess(a, np.empty((3, 3)), tolerance=1e-9)
    >>> bool(abs(value - np.linalg.eigvalsh(a)[0]) < 1e-9)
    True
    """
    largest = float(np.diagonal(a).max())
    if not 0.0 < largest < math.inf or not float(np.diagonal(a).min()) > 0.0:
        return None
    scale = math.ldexp(1.0, min(max(-math.frexp(largest)[1], -1000), 1000))
    start = forward_guess(a)
    buffer = work.reshape(-1).view(np.float32)[: a.size].reshape(a.shape)
    doubt = min(max(start.error / abs(start.distance or 1.0), DOUBTS[0]), DOUBTS[1])
    for shift in (*sorted({(1.0 - x) * start.distance for x in (doubt, DOUBTS[1])}, reverse=True), 0.0):
        if not 0.0 <= shift < math.inf:
            continue
        factor = _factor(a, buffer, scale, shift)
        if factor is None:
            continue

        def solve(v: Matrix, low: Single = factor) -> Matrix:
            x, _ = spotrs(low, v.astype(np.float32), lower=1)
            return np.asarray(x, dtype=np.float64)

        pair = inverse_lanczos(
            solve, start.vector, steps=INVERSE_STEPS, tolerance=tolerance, shift=shift * scale, keep=KEEP
        )
        found = (
            None
            if pair.space is None
            else _ritz_in_double(a, pair.space.T, lambda r: solve(scale * r), shift, tolerance)
        )
        if found is None:
            continue
        value = shift + found.distance
        return found, value
    return None


def _ritz_in_double(
    a: Matrix, space: Matrix, solve: Callable[[Matrix], Matrix], shift: float, tolerance: float
) -> RitzPair | None:
    """Rayleigh and Ritz in double precision on a few columns, corrected by solves with their residuals in turn.

    This tells apart what single precision has mixed, and removes the traces of the upper spectrum that it has left.
    """
    found = None
    for _ in range(CORRECTIONS):
        if not np.isfinite(space).all():
            return found
        basis, _ = np.linalg.qr(space)
        image = a @ basis
        values, rotation = np.linalg.eigh(basis.T @ image)
        basis, residuals = basis @ rotation, image @ rotation
        residuals -= basis * values
        size = float(np.linalg.norm(residuals[:, 0]))
        gap = float(values[1] - values[0]) if len(values) > 1 else math.inf
        error = min(size, size**2 / gap) if gap > 0 else size
        if found is None or error < found.error:
            found = RitzPair(basis[:, 0].copy(), float(values[0]) - shift, error, float(values[0]) + gap - shift)
        if error <= tolerance * abs(float(values[0])):
            break
        space = basis - solve(residuals)
    return found


def _factor(a: Matrix, buffer: Single, scale: float, shift: float) -> Single | None:
    """The single precision factor of ``scale * (a - shift*I)`` in ``buffer``; None when LAPACK stops."""
    n = a.shape[0]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for i in range(0, n, ROWS):
            np.multiply(a[i : i + ROWS], scale, out=buffer[i : i + ROWS], casting="same_kind")
        np.fill_diagonal(buffer, (np.diagonal(a) - shift) * scale)
        factor, info = spotrf(buffer.T, lower=1, clean=0, overwrite_a=1)
        pivots = np.diagonal(factor)
        return factor if info == 0 and bool((np.isfinite(pivots) & (pivots > 0)).all()) else None
