"""A matrix that was given, as it is worked with: a ball matrix, an exact scale, and which matrices are meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import sha256

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ..balls.enclosure import float_above
from ..kernels.ballmatrix import BLOCK, BallMatrix

Matrix = NDArray[np.float64]
Rationals = list[list[Fraction]]


@dataclass(frozen=True, eq=False)
class GivenMatrix:
    """What was given: every symmetric matrix ``scale * A`` with A a member of ``matrix``.

    Attributes
    ----------
    matrix: (n, n) midpoints and radii, with exact balls where float64 numbers are not enough.
    scale: an exact positive number.
    meaning: which matrices a statement speaks of, in words.
    dtype: what the numbers came as: float64, float32, exact numbers, an interval, ...
    refine: the same matrix at more bits, where its entries are neither float64 numbers nor over one denominator.
    entries: the midpoints themselves, where they came as exact numbers, or in balls.
    radii: the radii themselves, where they came in balls.
    """

    matrix: BallMatrix
    scale: Fraction
    meaning: str
    dtype: str
    refine: Callable[[int], BallMatrix] | None = None
    entries: Rationals | None = None
    radii: Rationals | None = None

    @property
    def n(self) -> int:
        """The order."""
        return self.matrix.n

    @property
    def exact(self) -> bool:
        """Whether exactly one matrix is meant."""
        return self.radii is None if self.entries is not None else not np.any(self.matrix.rad)

    @property
    def stated(self) -> tuple[Matrix | Rationals, Matrix | Rationals | Fraction]:
        """The midpoints and the radii in the units that were given, as the certificate names them."""
        rad, middle = self.matrix.rad, self._in_units(self.matrix.mid) if self.entries is None else self.entries
        if self.exact:
            return middle, Fraction(0)
        if self.radii is not None:
            return middle, self.radii
        return middle, self._in_units(rad) if isinstance(rad, np.ndarray) else Fraction(float(rad)) * self.scale

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the order, the entries and the radii: ``n|entries|radii``.

        Entries and radii that are float64 numbers are their bytes, row by row, the lower end of each number first;
        exact ones are fractions, with commas between them and a semicolon between rows; one radius for all is a
        fraction.
        """
        found = sha256(f"{self.n}".encode())
        for part in self.stated:
            found.update(b"|")
            if isinstance(part, Fraction):
                found.update(str(part).encode())
            elif isinstance(part, np.ndarray):
                for i in range(0, self.n, BLOCK):
                    found.update(np.ascontiguousarray(part[i : i + BLOCK], dtype="<f8").tobytes())
            else:
                found.update(";".join(",".join(map(_digits, row)) for row in part).encode())
        return found.hexdigest()

    def _in_units(self, numbers: Matrix) -> Matrix:
        """Float64 numbers times the scale, which is a power of two: exact."""
        exponent = self.scale.numerator.bit_length() - self.scale.denominator.bit_length()
        return np.ldexp(numbers, exponent) if exponent else numbers

    @property
    def radius_text(self) -> str:
        """The radius in words: 0, a number, or the largest of a matrix of them."""
        if self.exact:
            return "0"
        rad = self.matrix.rad
        largest = float_above(Fraction(float(np.max(rad))) * self.scale)
        return f"at most {largest!r}" if isinstance(rad, np.ndarray) else repr(largest)

    @property
    def label(self) -> str:
        """The subject of its certificates: ``matrix``, or ``interval matrix``."""
        return "matrix" if self.exact else "interval matrix"


def _digits(q: Fraction) -> str:
    """p/q, or p, of any length, which ``str`` refuses where balls have numbers far from 1."""
    return str(fmpq(q.numerator, q.denominator))
