r"""The proof about a matrix that a user gives: its exact entries, their radii, and a witness of the least eigenvalue.

For all members of :math:`|A - M| \le R` one has :math:`\lambda_{\min}(A) \ge \lambda_{\min}(M) - \rho(R)`, and
:math:`\rho(R) \le \max_i (Rw)_i/w_i` for every w > 0 (Collatz); for few rows, exact elimination at the vertices
(Hertz, Rohn) decides what that leaves open. Proofs and format: ``docs/certificate-format.md``, section 8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from flint import arb_mat
from numpy.typing import NDArray
from scipy.linalg import eigh

from ...theory.errors import DerivationGap
from ..balls.ball import enclose
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure
from ..balls.precision import precision, undisturbed
from ..certificates.certificate import Proof, fraction_text
from ..kernels.ballmatrix import BallMatrix
from ..replay.given import MAX_VERTICES, Given
from ..replay.inputs import MAX_GRAM, MAX_POINTS
from ..replay.verdicts import Stop, fraction
from .eigenvalue import climb, least_eigenvalue
from .ladder import Goal, Known, Problem
from .nullspace import rational_null_vector
from .witness import Question, Rows, factor_witness, rounded_up

SYSTEM, FORMAT = "matrix", "certigram-proof/2"
CLAIM = "matrix.least-eigenvalue"
WEIGHTS, POWERS = 1 << 20, 30
"""The weights of the radii are integers up to this, from so many steps of the power method."""
TIGHT, RESOLVED = 1e-6, 1e-9
"""A known interval as narrow as this is used; a float64 eigenvalue as large as this is a good guess."""

Rationals = Sequence[Sequence[Fraction]]


@dataclass(frozen=True, eq=False)
class OwnMatrix:
    """All symmetric matrices within ``radius`` of ``entries``: exact rationals, or float64 numbers taken exactly."""

    entries: NDArray[np.float64] | Rationals
    radius: Fraction | NDArray[np.float64] | Rationals = Fraction(0)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What a certificate says of the matrix: its order, its text where it is no array, and its digest."""
        n = len(self.entries)
        entries, middle = _text_or_bytes(self.entries)
        if isinstance(self.radius, Fraction):
            radius: Any = fraction_text(self.radius)
            wide = radius.encode()
        else:
            radius, wide = _text_or_bytes(self.radius)
        digest = sha256(f"{n}|".encode() + middle + b"|" + wide).hexdigest()
        return {"n": n, "entries": entries, "radius": radius, "sha256": digest}

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The arrays that go beside the certificate."""
        named = (("matrix", self.entries), ("radius", self.radius))
        return {name: np.ascontiguousarray(x, dtype="<f8") for name, x in named if isinstance(x, np.ndarray)}

    @cached_property
    def given(self) -> Given:
        """The matrix as the checker reads it."""
        found = {name: (list(x.shape), x.tobytes(), tuple(x.ravel().tolist())) for name, x in self.arrays.items()}
        return Given(self.data, found)

    @property
    def exact(self) -> bool:
        """Whether there is only one such matrix."""
        return self.given.exact

    @property
    def label(self) -> str:
        """The subject of its certificates: ``matrix``, or ``interval matrix``."""
        return "matrix" if self.exact else "interval matrix"

    @property
    def scope(self) -> str:
        """For what its certificates hold."""
        return "the one matrix" if self.exact else "every symmetric matrix within the radii"


def _text_or_bytes(table: NDArray[np.float64] | Rationals) -> tuple[list[list[str]] | None, bytes]:
    if isinstance(table, np.ndarray):
        return None, np.ascontiguousarray(table, dtype="<f8").tobytes()
    text = [[fraction_text(Fraction(q)) for q in row] for row in table]
    return text, ";".join(map(",".join, text)).encode()


@dataclass(frozen=True, eq=False)
class _Scaled:
    """The midpoints over 2^height, which is what the checker factorises: entries of modulus at most 1."""

    own: OwnMatrix

    @property
    def radius(self) -> float:
        """Rationals of modulus at most 1 are rounded by half a unit of 2^-53 at most; float64 numbers are not."""
        return 0.0 if isinstance(self.own.entries, np.ndarray) else len(self.own.entries) * 2.0**-54

    @cached_property
    def mid(self) -> NDArray[np.float64]:
        """In float64, rounded where they are no such numbers."""
        return scaled(self.own.entries, self.own.given.height)

    def spread(self, limbs: int) -> Fraction:
        """Each entry is rounded down by less than a unit."""
        return Fraction(2 * len(self.mid), 1 << 64 * limbs)

    def rows(self, limbs: int) -> Rows:
        """Those of the checker."""
        return self.own.given.matrix(64 * limbs, None).rows

    def refine(self, bits: int) -> BallMatrix:
        """The same in balls, for the eigenvalue ladder."""
        factor = Fraction(2) ** -self.own.given.height
        with precision(bits):
            exact = [[enclose(Fraction(x) * factor) for x in row] for row in self.own.entries]
            return BallMatrix.from_arb(arb_mat(exact))


def scaled(table: NDArray[np.float64] | Rationals | Fraction, height: int) -> NDArray[np.float64]:
    """A table over 2^height in float64, for guesses."""
    if isinstance(table, np.ndarray):
        return np.ldexp(table, -height)
    factor = Fraction(2) ** -height
    if isinstance(table, Fraction):
        return np.array(float(table * factor))
    return np.array([[float(Fraction(x) * factor) for x in row] for row in table])


@undisturbed
def own_matrix_proof(
    matrix: OwnMatrix,
    found: Enclosure,
    *,
    bound: Fraction = Fraction(0),
    relation: str = ">=",
    budget: Budget | None = None,
) -> Proof:
    """The checkable part of a certificate about the least eigenvalue of a given matrix, which ``found`` encloses.

    ``found`` holds for every member; ``bound`` and ``relation`` (``>`` or ``>=``) are the claim that the verdict is
    about. Raises :class:`DerivationGap` when the checker's arithmetic does not reach it.

    >>> own = OwnMatrix(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> from ...theory.verdict import Evidence
    >>> proof = own_matrix_proof(own, Enclosure(1.0, 1.0, Evidence.EXACT), bound=Fraction(1, 2))
    >>> proof.document["witness"]["kind"], sorted(proof.arrays)
    ('factor', ['factor', 'matrix', 'vector'])
    """
    n = len(matrix.entries)
    if n > (MAX_POINTS if isinstance(matrix.entries, np.ndarray) else MAX_GRAM):
        raise DerivationGap(f"the checker takes at most {MAX_POINTS} rows of float64, or {MAX_GRAM} of rationals.")
    if not (math.isfinite(found.lower) and math.isfinite(found.upper)):
        raise DerivationGap("the least eigenvalue is beyond the range of float64, in which a certificate states it.")
    try:
        given = matrix.given
        fraction(fraction_text(bound), "bound")
    except Stop as stop:
        raise DerivationGap(f"the checker does not take this matrix ({stop.args[1]}: {stop.args[2]}).") from None
    except ValueError:  # of Python, for integers of more than 4300 digits
        raise DerivationGap("the matrix has numbers of more digits than a certificate holds.") from None
    document: dict[str, Any] = {
        "format": FORMAT,
        "system": SYSTEM,
        "statement": {"lower": "0", "upper": "0", "relation": relation, "bound": fraction_text(bound)},
        "data": matrix.data,
        "kernel": {"kind": "matrix"},
    }
    try:
        return _by_factor(matrix, found, document, bound, relation == ">", budget or Budget())
    except DerivationGap:
        if n > (MAX_GRAM if given.exact else MAX_VERTICES):
            raise
    return _by_elimination(matrix, found, document, bound, relation == ">")


def _by_factor(
    matrix: OwnMatrix, found: Enclosure, document: dict[str, Any], bound: Fraction, strict: bool, budget: Budget
) -> Proof:
    height, part = matrix.given.height, _Scaled(matrix)
    unit = Fraction(2) ** height
    value, v = _float_pair(part.mid)
    lower, upper = _center(part, found, value, unit, budget)
    wide = np.broadcast_to(scaled(matrix.radius, height), part.mid.shape)
    rho, weights = (Fraction(0), None) if matrix.exact else _radius_norm(matrix, wide)
    question = Question.of(found, bound, strict=strict)
    if matrix.exact and found.lower <= bound <= found.upper and not (question.proved or question.refuted):
        known = _known(part, bound / unit, strict, budget)  # the bound is nearer than float64 numbers are
        lower, upper = max(lower, known.lower), min(upper, known.upper)
        question = Question.of(known, bound / unit, strict=strict)._replace(bound=bound)
    slack = Fraction(float(np.abs(v) @ wide @ np.abs(v))) * (1 + Fraction(1, 2**20))
    aim = bound / unit + (-slack if question.refuted else rho)  # what the midpoints have to decide
    witness = factor_witness(part, lower, upper, question._replace(bound=aim))
    if rho:
        more = _mean_radius(matrix, witness.vector) / unit
        witness = replace(witness, lower=witness.lower - rho, upper=rounded_up(witness.upper + more, rho))
    if not all(question.answered(witness.lower * unit, witness.upper * unit)):
        raise DerivationGap("the radii leave the bound open where only their norm is used.")
    proof = witness.proof(document, matrix.arrays, unit)
    if weights is not None:
        proof.document["witness"]["weights"] = list(map(str, weights))
    return proof


def _float_pair(a: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """A guess at the least eigenvalue, and its vector of norm 1."""
    values, vectors = eigh(a, subset_by_index=[0, 0])
    return float(values[0]), vectors[:, 0]


def _center(part: _Scaled, found: Enclosure, value: float, unit: Fraction, budget: Budget) -> tuple[Fraction, Fraction]:
    """The least eigenvalue of the midpoints over 2^height, on both sides: a good guess."""
    if part.own.exact and found.relative_width <= TIGHT:
        return Fraction(found.lower) / unit, Fraction(found.upper) / unit
    if abs(value) > RESOLVED:
        return Fraction(value) - Fraction(1, 2**46), Fraction(value) + Fraction(1, 2**46)
    exact = isinstance(part.own.entries, np.ndarray)
    known = least_eigenvalue(BallMatrix(part.mid, 0.0 if exact else 2.0**-52), budget=budget, refine=part.refine)
    return Fraction(known.lower), Fraction(known.upper)


def _known(part: _Scaled, bound: Fraction, strict: bool, budget: Budget) -> Known:
    """What the ladder says of the midpoints over 2^height, as rationals."""
    exact = isinstance(part.own.entries, np.ndarray)
    ball = BallMatrix(part.mid, 0.0 if exact else 2.0**-52)
    return climb(Problem(ball, part.refine, budget, Goal(bound=bound, strict=strict)))


def _radius_norm(matrix: OwnMatrix, wide: NDArray[np.float64]) -> tuple[Fraction, list[int] | None]:
    """A bound of the spectral norm of all radii over 2^height, and the weights that show it; None for weights of 1."""
    w = np.ones(len(wide))
    for _ in range(0 if isinstance(matrix.radius, Fraction) else POWERS):
        w = wide @ w
        w = w / np.max(w) + 2.0**-30
    weights = [max(round(float(x) * WEIGHTS), 1) for x in w]
    errors = matrix.given.matrix(64, weights).errors
    return Fraction(max(errors), 1 << 64), None if isinstance(matrix.radius, Fraction) else weights


def _mean_radius(matrix: OwnMatrix, vector: list[int]) -> Fraction:
    """The largest change of the Rayleigh quotient of a vector within the radii."""
    x = list(map(abs, vector))
    if isinstance(matrix.radius, Fraction):
        return matrix.radius * sum(x) ** 2 / sum(a * a for a in x)
    pairs = ((a, b, r) for a, row in zip(x, matrix.given.radii, strict=True) for b, r in zip(x, row, strict=True))
    form = sum((a * b * Fraction(r) for a, b, r in pairs), Fraction(0))
    return form / sum(a * a for a in x)


def _by_elimination(
    matrix: OwnMatrix, found: Enclosure, document: dict[str, Any], bound: Fraction, strict: bool
) -> Proof:
    """Exact elimination at the bound itself, or below what is known; a null vector, or a guess at the eigenvector."""
    given = matrix.given
    middles = [[Fraction(x) for x in row] for row in given.middles]
    n, lower = len(middles), Fraction(found.lower)
    shift = lower if lower < bound else (bound + lower) / 2 if strict else bound
    for i in range(n):
        middles[i][i] -= bound
    null = rational_null_vector(middles) if found.upper == bound else None
    _, v = _float_pair(scaled(matrix.entries, given.height))
    entries = [Fraction(round(x * 2**52)) for x in v.tolist()] if null is None else list(null.entries)
    witness = {
        "kind": "elimination",
        "shift": fraction_text(shift),
        "vector": {str(i): fraction_text(x) for i, x in enumerate(entries) if x},
    }
    try:
        low, high = given.eliminated(witness)
    except Stop as stop:
        raise DerivationGap(
            f"the checker does not decide it by elimination ({stop.args[1]}: {stop.args[2]})."
        ) from None
    ends = {"lower": fraction_text(low), "upper": fraction_text(high)}
    return Proof({**document, "statement": {**document["statement"], **ends}, "witness": witness}, matrix.arrays)
