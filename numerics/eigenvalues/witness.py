r"""What lets a stranger check a least eigenvalue: a shift, a Cholesky factor and a vector, in integers.

Nothing here is proved; :mod:`certigram.numerics.replay` proves it from the file alone, by the norm of
:math:`K - cI - LL^T` and a Rayleigh quotient in exact integers. Shifts are estimates that leave room for what its
arithmetic loses. The format: ``docs/certificate-format.md``.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky

from ...theory.errors import DerivationGap
from ..balls.enclosure import Enclosure
from ..certificates.certificate import Proof, fraction_text
from ..kernels.ballmatrix import BallMatrix
from ..replay.kernels import KINDS, Subject
from ..replay.spectrum import MAX_LIMBS, Maker
from ..replay.verdicts import Stop
from .inverse_iteration import start_vector
from .ladder import Known

DIGIT = 62
"""Bits of one digit of the long integers in the arrays."""
WIDTH = 1e-6
"""Relative loss of a bound at which longer integers are used."""
ROUNDS = 4
"""Steps of inverse iteration."""
KEPT = 64
"""Binary digits of the room of a bound that its text keeps."""

Rows = list[list[int]]


class Witnessed(Protocol):
    """A matrix of the checker: its float64 midpoints, and its integers in units of 2^(-64 limbs)."""

    @property
    def mid(self) -> NDArray[np.float64]:
        """The midpoints, (n, n)."""

    @property
    def radius(self) -> float:
        """A bound of the norm of what they are off."""

    def spread(self, limbs: int) -> Fraction:
        """The largest sum of radii in a row of the checker's matrix; :class:`DerivationGap` where it makes none."""

    def rows(self, limbs: int) -> Rows:
        """The lower triangle in units of 2^(-64 limbs), near the checker's own."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Shift, factor and vector, the bounds that they support, and how many digits of 62 bits the integers have."""

    shift: Fraction
    lower: Fraction
    upper: Fraction
    factor: list[int]
    vector: list[int]
    exponent: int
    limbs: int

    def proof(self, document: dict[str, Any], arrays: dict[str, NDArray[Any]], unit: Fraction | int = 1) -> Proof:
        """The proof with this witness; the matrix of the witness is the one of the document divided by ``unit``."""
        ends = {"lower": fraction_text(self.lower * unit), "upper": fraction_text(self.upper * unit)}
        statement = {**ends, **{key: document["statement"][key] for key in ("relation", "bound")}}
        witness = {"kind": "factor", "shift": fraction_text(self.shift * unit), "exponent": self.exponent}
        more = {"factor": digits(self.factor, self.limbs), "vector": digits(self.vector, self.limbs)}
        return Proof({**document, "statement": statement, "witness": witness}, {**arrays, **more})


class Question(NamedTuple):
    """The bound that a verdict is about, which way it went (both false: it did not), and whether equality counts."""

    bound: Fraction
    proved: bool
    refuted: bool
    strict: bool = False

    @classmethod
    def of(cls, found: Enclosure | Known, bound: Fraction, *, strict: bool) -> Self:
        """What an enclosure says of ``least eigenvalue >= bound``, or ``>`` with ``strict``."""
        proved = found.lower > bound if strict else found.lower >= bound
        return cls(bound, proved, found.upper <= bound if strict else found.upper < bound, strict)

    def answered(self, lower: Fraction, upper: Fraction) -> tuple[bool, bool]:
        """Whether these ends are enough for a proof, and for a refutation, where there is one."""
        above = lower > self.bound if self.strict else lower >= self.bound
        below = upper <= self.bound if self.strict else upper < self.bound
        return above or not self.proved, below or not self.refuted


def factor_witness(matrix: Witnessed, lower: Fraction, upper: Fraction, question: Question) -> Witness:
    """A witness of ``lower <= least eigenvalue <= upper``, as far as it must reach to answer the question.

    The integers have as many digits as that asks for. Raises :class:`DerivationGap` when the checker takes no so many.
    """
    size, n, bound = max(float(np.max(np.abs(matrix.mid))), 2.0**-900), len(matrix.mid), question.bound
    needed = Fraction(WIDTH) * (abs(lower) or Fraction(size))
    proved, refuted = question.proved, question.refuted
    if proved:  # what is stated must still reach the bound
        needed = min(needed, (lower - bound) / 2)
    if refuted:
        needed = min(needed, (bound - upper) / 2)
    if not needed > 0:
        raise DerivationGap("the bound is nearer to the least eigenvalue than a factor resolves.")
    attempt = None
    with suppress(DerivationGap):  # of what 64 bits do not resolve, more may
        attempt = float_witness(matrix, lower, needed)
    digits_needed = math.log2(max(size, 1.0) * n * n) - _log2(needed) + 24
    limbs, gap = max(2, math.ceil((digits_needed + 8) / DIGIT)), ""
    while attempt is None or not all(question.answered(attempt.lower, attempt.upper)):
        if limbs > MAX_LIMBS:
            raise DerivationGap(gap or f"the bound asks for {64 * limbs} bits, the checker takes {64 * MAX_LIMBS}.")
        try:
            attempt = integer_witness(matrix, lower, limbs)
        except DerivationGap as error:
            gap = str(error)
        limbs += 1
    return attempt


def _log2(q: Fraction) -> float:
    return math.log2(q.numerator) - math.log2(q.denominator)


def float_witness(matrix: Witnessed, lower: Fraction, needed: Fraction) -> Witness | None:
    """Factor, shift and vector from float64; None when its rounding would cost more than ``needed``."""
    a, n, spread = matrix.mid, len(matrix.mid), matrix.spread(1)
    shift, lost = float(lower - needed / 4), 0.0
    for _ in range(2):  # the second time as near to the bound as the rounding of the first time allows
        try:
            factor = cholesky(a - shift * np.eye(n), lower=True)
        except LinAlgError:
            return None
        size = np.abs(factor)
        lost = (n + 4) * 2.0**-53 * float(np.max(size @ (size.T @ np.ones(n)))) + 2 * matrix.radius
        lost += 2 * float(spread)
        shift = max(shift, float(lower - Fraction(lost) / 2)) if lost < float(needed) / 2 else shift
    if shift - lost < float(lower - needed):
        return None
    v = start_vector(n)
    for _ in range(ROUNDS):
        v = cho_solve((factor, True), v)
        v = v / np.max(np.abs(v))
    vector = np.rint(np.ldexp(v, 52)).astype(np.int64)
    wide = vector.astype(np.longdouble)
    quotient = Fraction(*((wide @ (a @ wide)) / (wide @ wide)).as_integer_ratio()) + Fraction(lost)
    quotient += Fraction((2 * n + 4) * float(np.finfo(np.longdouble).eps) * float(np.abs(a).sum(axis=1).max()))
    exponent = min(62 - max(math.frexp(float(size.max()))[1], 0), 60)
    if exponent < 0:
        return None
    rows, columns = np.tril_indices(n)
    scaled = np.rint(np.ldexp(factor[rows, columns], exponent)).astype(np.int64)
    stated = Fraction(shift) - Fraction(lost)
    return Witness(Fraction(shift), stated, quotient, scaled.tolist(), vector.tolist(), exponent, 1)


def integer_witness(matrix: Witnessed, lower: Fraction, limbs: int) -> Witness:
    """The same in integers of 64 bits times ``limbs``, for bounds that float64 cannot resolve."""
    spread, a = matrix.spread(limbs), matrix.rows(limbs)
    n, bits = len(a), 64 * limbs
    one = 1 << bits
    largest = 2 + max(abs(x) for row in a for x in row) // one
    lost = 2 * spread + Fraction(n * n * largest << 6, 1 << DIGIT * limbs - 8)  # the factor's own digits
    shift = lower + lost
    rows = integer_cholesky(a, round(shift * one), bits)
    if rows is None:
        shift = lower - lost
        rows = integer_cholesky(a, round(shift * one), bits)
    if rows is None:
        raise DerivationGap("the shifted matrix was not factorised at the precision of the certificate.")
    v = [round(Fraction(x) * one) for x in start_vector(n).tolist()]
    exponent = DIGIT * limbs - 4 - max(abs(x) for row in rows for x in row).bit_length() + bits
    if not 0 <= exponent <= bits + 64:
        exponent = min(max(exponent, 0), bits)
    for _ in range(ROUNDS):
        for i in range(n):
            v[i] = ((v[i] << bits) - sum(x * y for x, y in zip(rows[i][:i], v, strict=False))) // rows[i][i]
        for i in reversed(range(n)):
            v[i] = ((v[i] << bits) - sum(rows[k][i] * v[k] for k in range(i + 1, n))) // rows[i][i]
        top = max(map(abs, v))
        v = [(x << DIGIT * limbs - 8) // top for x in v]
    form = sum(v[i] * (2 * sum(x * y for x, y in zip(a[i][:i], v, strict=False)) + a[i][i] * v[i]) for i in range(n))
    quotient = Fraction(form, sum(x * x for x in v) << bits) + lost
    scaled = [x << exponent - bits if exponent > bits else x >> bits - exponent for row in rows for x in row]
    return Witness(shift, shift - lost, rounded_up(quotient, lost), scaled, v, exponent, limbs)


def rounded_up(q: Fraction, room: Fraction) -> Fraction:
    """A rational of few digits that is at least ``q``, and above it by a small share of ``room`` > 0.

    >>> rounded_up(Fraction(1, 3), Fraction(1)) - Fraction(1, 3) < Fraction(1, 2**60)
    True
    """
    one = 1 << max(KEPT - math.floor(_log2(room)), 0)
    return Fraction(math.ceil(q * one), one)


def integer_cholesky(a: Rows, shift: int, bits: int) -> Rows | None:
    """Rows of a Cholesky factor of the lower triangle ``a - shift I`` at scale 2^-bits; None when a pivot fails."""
    rows: Rows = []
    for i, given in enumerate(a):
        row: list[int] = []
        for j in range(i):
            row.append(((given[j] << bits) - sum(x * y for x, y in zip(row, rows[j], strict=False))) // rows[j][j])
        pivot = ((given[i] - shift) << bits) - sum(x * x for x in row)
        if pivot <= 0:
            return None
        rows.append([*row, math.isqrt(pivot)])
    return rows


def digits(values: list[int], limbs: int) -> NDArray[np.int64]:
    """Signed integers as ``limbs`` digits to the base 2^62, the last one signed: (limbs, len(values))."""
    mask = (1 << DIGIT) - 1
    found = [[x >> DIGIT * k & mask for x in values] for k in range(limbs - 1)]
    found.append([x >> DIGIT * (limbs - 1) for x in values])
    return np.array(found, dtype="<i8").reshape(limbs, len(values))


@dataclass(frozen=True, slots=True, eq=False)
class Remade:
    """A matrix that the checker makes by itself: the prover's midpoints, and the checker's integers.

    ``units`` bounds the sum of the radii in a row of the checker's matrix, in its last digit.
    """

    mid: NDArray[np.float64]
    radius: float
    units: Fraction
    make: Maker

    def spread(self, limbs: int) -> Fraction:
        """The largest sum of radii in a row."""
        return self.units / (1 << 64 * limbs)

    def rows(self, limbs: int) -> Rows:
        """The checker's own."""
        return self.make(64 * limbs, None).rows


def kernel_proof(
    document: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    matrix: BallMatrix,
    found: Enclosure,
    question: Question,
    units: Fraction,
) -> Proof:
    """The proof of a kernel that is all data and parameters, given as ``document`` and ``arrays``, with its witness."""
    if not found.lower > 0:
        raise DerivationGap("no positive lower bound is proved.")
    about = subject_of(document, arrays)
    remade = Remade(matrix.mid, matrix.radius_norm(), units, about.make)
    return factor_witness(remade, Fraction(found.lower), Fraction(found.upper), question).proof(document, arrays)


def subject_of(document: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Subject:
    """What the checker takes a proof to be about; raises :class:`DerivationGap` where it takes none."""
    given = {name: (list(x.shape), x.tobytes(), tuple(x.ravel().tolist())) for name, x in arrays.items()}
    try:
        return KINDS[document["kernel"]["kind"]].subject(document, given, True)
    except Stop as stop:
        raise DerivationGap(f"the checker does not take this kernel ({stop.args[1]}: {stop.args[2]}).") from None
