"""The inner products of the inputs, exactly, and the digest of the data (section 6)."""

from fractions import Fraction
from hashlib import sha256
from math import lcm
from typing import Any

from .matrix import Rows, product
from .sidecar import Arrays
from .verdicts import UNSUPPORTED, fraction, require

MAX_POINTS, MAX_GRAM, MAX_PIVOT = 4096, 64, 1 << 16  # the last: bits of an integer times rows of an input Gram matrix


def semidefinite(gram: list[Any], line: str) -> tuple[Rows, list[Fraction]]:
    """A positive semidefinite matrix of rationals, in integers over their common denominator; its diagonal."""
    n, unit, last = len(gram), 1, 1
    require(1 <= n <= MAX_GRAM, line, f"not between 1 and {MAX_GRAM} rows", UNSUPPORTED)
    require(all(isinstance(row, list) and len(row) == n for row in gram), line, "not a square of numbers")
    table = [[fraction(x, line) for x in row] for row in gram]
    for x in (x for row in table for x in row):  # elimination multiplies the digits by the number of rows
        unit = lcm(unit, x.denominator)
        length = (unit * (abs(x.numerator) // x.denominator + 1)).bit_length()
        require(n * length <= MAX_PIVOT, line, "too many digits", UNSUPPORTED)
    inner = [[int(x * unit) for x in row] for row in table]
    rows = [row[:] for row in inner]
    for k, row in enumerate(rows):  # (6.5): every pivot is positive, or 0 with its whole row
        proper = [other[k] for other in inner] == inner[k] and (row[k] > 0 or not any(row[k:]))
        require(proper, line, "not symmetric and positive semidefinite")
        for other in rows[k + 1 :] if row[k] else []:
            other[:] = [(x * row[k] - other[k] * y) // last for x, y in zip(other, row, strict=True)]
        last = row[k] or last
    return inner, [row[i] for i, row in enumerate(table)]


def inputs(data: Any, found: Arrays, accelerate: bool) -> tuple[Rows, int, Fraction]:
    """Inner products as integers, up to a positive factor for each input; the dimension; the variance v = 2 C_ii."""
    line, gram, sphere = "proof.data", data["input_gram"], data["normalize"] == "sphere"
    require(data["normalize"] is None or (sphere and gram is None), f"{line}.normalize", "neither null nor sphere")
    if gram is None:
        (n, d), content, numbers = found["points"]
        require(1 <= n <= MAX_POINTS and d, line, f"not between 1 and {MAX_POINTS} points", UNSUPPORTED)
        unit, points = max(x.as_integer_ratio()[1] for x in numbers), (numbers[i * d : i * d + d] for i in range(n))
        inner = product([[p * (unit // q) for p, q in map(float.as_integer_ratio, x)] for x in points], accelerate)
        sizes = [Fraction(row[i], unit * unit * d) for i, row in enumerate(inner)]
    else:
        line, n, d = f"{line}.input_gram", len(gram), 0
        inner, sizes = semidefinite(gram, line)
        content = ";".join(map(",".join, gram)).encode()
    digest = sha256(f"{data['normalize']}|{n}|{d or None}|".encode() + content).hexdigest()
    said = [data["n"], data["d"], data["sha256"]]
    require(repr(said) == repr([n, d or None, digest]), line, "not the size or the digest of the data")  # true is not 1
    require(min(sizes) > 0 and (sphere or len(set(sizes)) == 1), line, "a zero input, or different norms", UNSUPPORTED)
    return inner, d or n, Fraction(2) if sphere else 2 * sizes[0]
