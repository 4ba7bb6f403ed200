"""Bounds of the least eigenvalue from the witness that the certificate carries (section 7)."""

from fractions import Fraction
from operator import mul
from typing import Any

from .activations import parse
from .matrix import Rows, matrix, product
from .series import prove_series
from .sidecar import Arrays
from .transform import ZERO, Interval
from .verdicts import fraction, require

MAX_LIMBS, LIMB = 8, 62  # digits of the long integers, and bits of each


def singular(proof: Any, inner: Rows, dimension: int) -> Interval:
    """Prove K v = 0, hence the bounds 0 and 0: by parallel inputs (7.3), or the rank of an affine activation (7.4)."""
    line, sums, vector = "proof.witness.null_vector", [ZERO] * len(inner), proof["witness"]["null_vector"]
    terms, parity, _ = parse(proof["kernel"]["activation"])
    names = {name for _, name, _ in terms}
    affine = vector is None and names <= {"one", "id"} and len(inner) > dimension + ("one" in names)
    require(vector or affine, line, "nothing shows that K is singular")
    for key, text in (vector or {}).items():
        i, entry = int(key[:9]), fraction(text, line)
        require(0 <= i < len(inner) and str(i) == key and entry, line, "not an entry")
        parallel = (j for j in range(i + 1) if inner[i][j] ** 2 == inner[i][i] * inner[j][j])
        first = next(j for j in parallel if inner[i][j] > 0 or parity == "odd")
        sums[first] += entry if inner[i][first] > 0 else -entry
    require(not any(sums), line, "not a null vector by parallel inputs")
    return ZERO, ZERO


def spectrum(proof: Any, found: Arrays, inner: Rows, input_variance: Fraction, accelerate: bool) -> Interval:
    """Proved bounds of the least eigenvalue, from the factor L, the shift c and the vector x."""
    line, n, exponent, lists = "proof.witness", len(inner), proof["witness"]["exponent"], []
    for name, length in (("factor", n * (n + 1) // 2), ("vector", n)):
        (limbs, size), _, numbers = found[name]
        require(1 <= limbs <= MAX_LIMBS and size == length, line, f"{name} has a wrong shape")
        lists.append([sum(x << LIMB * k for k, x in enumerate(numbers[i::length])) for i in range(length)])
    (factor, vector), bits, sums, form = lists, 64 * limbs, [0] * n, 0
    require(type(exponent) is int and 0 <= exponent <= bits + 64 and any(vector), line, "wrong exponent, or no vector")
    rows, errors = matrix(prove_series(proof["kernel"], input_variance, bits), inner, bits)
    squares = product([factor[i * (i + 1) // 2 : (i + 1) * (i + 2) // 2] for i in range(n)], accelerate)
    shift, scale = int(fraction(proof["witness"]["shift"], f"{line}.shift") * 2**bits), max(bits, 2 * exponent)
    for i, (row, square) in enumerate(zip(rows, squares, strict=True)):
        form += vector[i] * (2 * sum(map(mul, row[:i], vector)) + row[i] * vector[i])
        row[i] -= shift
        for j, (entry, other) in enumerate(zip(row, square, strict=True)):  # |D_ij| in units of 2^-scale
            gap = abs((entry << scale - bits) - (other << scale - 2 * exponent))
            sums[i] += gap
            sums[j] += gap if i != j else 0
    worst = max((total >> scale - bits) + 1 + error for total, error in zip(sums, errors, strict=True))
    most = form // sum(map(mul, vector, vector)) + 1 + max(errors)  # (7.2)
    return Fraction(shift - worst, 1 << bits), Fraction(most, 1 << bits)  # (7.1)
