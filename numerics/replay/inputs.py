"""The inner products of the inputs, exactly, and the digest of the data (section 6)."""

from fractions import Fraction
from hashlib import sha256
from math import lcm
from typing import Any, NamedTuple

from .matrix import Rows, product
from .sidecar import Arrays
from .verdicts import UNSUPPORTED, fraction, require

MAX_POINTS, MAX_GRAM, MAX_PIVOT = 4096, 64, 1 << 16  # the last: bits of an integer times rows of an input Gram matrix


def rationals(given: Any, line: str) -> list[list[Fraction]]:
    """A square table of exact rationals as text."""
    n = len(given)
    require(1 <= n <= MAX_GRAM, line, f"not between 1 and {MAX_GRAM} rows", UNSUPPORTED)
    require(all(isinstance(row, list) and len(row) == n for row in given), line, "not a square of numbers")
    return [[fraction(x, line) for x in row] for row in given]


def semidefinite(table: list[list[Fraction]], line: str, reason: str) -> Rows:
    """A matrix of rationals, in integers over their common denominator, proved positive semidefinite (6.5)."""
    n, unit, last = len(table), 1, 1
    for x in (x for row in table for x in row):  # elimination multiplies the digits by the number of rows
        unit = lcm(unit, x.denominator)
        length = (unit * (abs(x.numerator) // x.denominator + 1)).bit_length()
        require(n * length <= MAX_PIVOT, line, "too many digits", UNSUPPORTED)
    inner = [[int(x * unit) for x in row] for row in table]
    rows = [row[:] for row in inner]
    for k, row in enumerate(rows):  # every pivot is positive, or 0 with its whole row
        proper = [other[k] for other in inner] == inner[k] and (row[k] > 0 or not any(row[k:]))
        require(proper, line, reason)
        for other in rows[k + 1 :] if row[k] else []:
            other[:] = [(x * row[k] - other[k] * y) // last for x, y in zip(other, row, strict=True)]
        last = row[k] or last
    return inner


class Inputs(NamedTuple):
    """Inner products x_i.x_j in units of ``unit`` (their lower triangle), the dimension, the norms |x_i|^2/d."""

    inner: Rows
    dimension: int
    sizes: list[Fraction]
    unit: Fraction

    def variance(self, sphere: bool) -> Fraction:
        """The variance v = 2 |x|^2/d of inputs that have one norm."""
        line, sizes = "proof.data", set(self.sizes)
        require(min(sizes) > 0 and (sphere or len(sizes) == 1), line, "a zero input, or different norms", UNSUPPORTED)
        return Fraction(2) if sphere else 2 * self.sizes[0]


def inputs(data: Any, found: Arrays, accelerate: bool) -> Inputs:
    """The inputs, from their exact points or exact inner products; their digest must be the one that is claimed."""
    line, gram, sphere, unit = "proof.data", data["input_gram"], data["normalize"] == "sphere", Fraction(0)
    require(data["normalize"] is None or (sphere and gram is None), f"{line}.normalize", "neither null nor sphere")
    if gram is None:
        (n, d), content, numbers = found["points"]
        require(1 <= n <= MAX_POINTS and d, line, f"not between 1 and {MAX_POINTS} points", UNSUPPORTED)
        scale, points = max(x.as_integer_ratio()[1] for x in numbers), (numbers[i * d : i * d + d] for i in range(n))
        inner = product([[p * (scale // q) for p, q in map(float.as_integer_ratio, x)] for x in points], accelerate)
        unit = Fraction(1, scale * scale)
        sizes = [row[i] * unit / d for i, row in enumerate(inner)]
    else:
        line, n, d = f"{line}.input_gram", len(gram), 0
        table = rationals(gram, line)
        inner = semidefinite(table, line, "not symmetric and positive semidefinite")
        sizes, content = [row[i] for i, row in enumerate(table)], ";".join(map(",".join, gram)).encode()
    digest = sha256(f"{data['normalize']}|{n}|{d or None}|".encode() + content).hexdigest()
    said = [data["n"], data["d"], data["sha256"]]
    require(repr(said) == repr([n, d or None, digest]), line, "not the size or the digest of the data")  # true is not 1
    return Inputs(inner, d or n, sizes, unit)
