"""The factor and the vector of a certificate as integers that the check of Coq takes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ....theory.errors import SpecError
from ...replay.sidecar import Arrays
from .subject import NoTheorem
from .vernacular import WORD, Rows

DIGIT, MAX_EXPONENT = 62, 1 << 12


@dataclass(frozen=True, slots=True)
class FormalWitness:
    """Rows of a lower triangular matrix L and a vector; L L^T over 2^``exponent`` is near the shifted matrix."""

    factor: Rows
    exponent: int
    vector: list[int]


def witness(proof: dict[str, Any], found: Arrays, n: int, unit: Fraction) -> FormalWitness:
    """What a proof offers, its numbers shortened to machine integers; :class:`SpecError` where there is no factor."""
    claim = proof["witness"]
    if not isinstance(claim, dict) or claim.get("kind") != "factor" or "weights" in claim:
        raise NoTheorem("certificate: its proof has no plain factor, as that of a matrix that is not singular has.")
    exponent = claim["exponent"]
    if type(exponent) is not int or not 0 <= exponent <= MAX_EXPONENT:
        raise SpecError("certificate: the exponent of its factor is no number of digits: make it again.")
    flat, vector = _joined(found["factor"], n * (n + 1) // 2), _joined(found["vector"], n)
    surplus = max(0, max((abs(x) for x in flat), default=0).bit_length() - (WORD.bit_length() - 1))
    shortened = [x >> surplus for x in flat]
    factor = [shortened[i * (i + 1) // 2 : (i + 1) * (i + 2) // 2] for i in range(n)]
    height = unit.numerator.bit_length() - unit.denominator.bit_length()  # unit = 2^height
    if 2 * (exponent - surplus) < height:
        raise SpecError("certificate: the entries of its factor are too large for the check of Coq: scale the matrix.")
    return FormalWitness(factor, 2 * (exponent - surplus) - height, vector)


def _joined(array: Any, width: int) -> list[int]:
    """Integers from their digits to the base 2^62."""
    (limbs, count), _, numbers = array
    if count != width or not limbs:
        raise SpecError("certificate: an array of its witness has another shape than its data ask for: make it again.")
    return [sum(numbers[k * count + i] << DIGIT * k for k in range(limbs)) for i in range(count)]
