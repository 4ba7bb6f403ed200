"""A matrix that is given by its entries and their radii, exactly: not a kernel, the user's own (section 8)."""

from collections.abc import Iterator
from fractions import Fraction
from hashlib import sha256
from itertools import product
from operator import mul
from typing import Any

from .inputs import MAX_POINTS, rationals, semidefinite
from .matrix import Matrix, row_sums
from .sidecar import Arrays
from .verdicts import UNSUPPORTED, fraction, require

MAX_VERTICES, MAX_RANGE = 9, 1 << 12  # rows of an interval matrix whose vertices are eliminated; bits of an entry
Numbers = list[list[Any]]  # of float64 numbers or of rationals, exactly


def table(text: Any, array: Any, line: str) -> tuple[Numbers, bytes]:
    """A symmetric table, from rationals as text or else from an array of float64; its bytes for the digest."""
    if text is not None:
        rows, content = rationals(text, line), ";".join(map(",".join, text)).encode()
    else:
        (n, width), content, numbers = array
        require(1 <= n <= MAX_POINTS, line, f"not between 1 and {MAX_POINTS} rows", UNSUPPORTED)
        require(n == width, line, "not a square of numbers")
        rows = [list(numbers[i * n : i * n + n]) for i in range(n)]
    require(rows == [list(column) for column in zip(*rows, strict=True)], line, "not symmetric")  # nor is nan
    return rows, content


class Given:
    """The symmetric matrices A with |A - M| <= R entry by entry, M and R exact (8.1)."""

    def __init__(self, data: Any, found: Arrays) -> None:
        line, radius = "proof.data", data["radius"]
        self.middles, content = table(data["entries"], found.get("matrix"), f"{line}.entries")
        self.n = n = len(self.middles)
        if isinstance(radius, str):
            self.radii: Numbers = [[fraction(radius, f"{line}.radius")] * n] * n
            more = radius.encode()
        else:
            self.radii, more = table(radius, found.get("radius"), f"{line}.radius")
        require(len(self.radii) == n, f"{line}.radius", "not of the order of the matrix")
        require(min(map(min, self.radii)) >= 0, f"{line}.radius", "negative")
        digest = sha256(f"{n}|".encode() + content + b"|" + more).hexdigest()
        require(
            repr([data["n"], data["sha256"]]) == repr([n, digest]), line, "not the size or the digest of the matrix"
        )
        self.exact = not any(map(any, self.radii))
        p, q = max(max(map(abs, row)) for row in self.middles).as_integer_ratio()
        self.height = p.bit_length() - q.bit_length() + 1 if p else 0  # every entry is at most 2^height
        require(abs(self.height) <= MAX_RANGE, f"{line}.entries", "too large or too small", UNSUPPORTED)

    def matrix(self, bits: int, weights: list[int] | None) -> Matrix:
        """The lower triangle in units of 2^(height - bits), and radii that cover what is rounded (8.2)."""
        up = bits - self.height

        def parts(row: list[Any]) -> Iterator[tuple[int, int]]:
            """The integer part of each entry in these units, and what tells whether there is a rest."""
            ratios = (x.as_integer_ratio() for x in row)
            return (divmod(p << up, q) if up >= 0 else divmod(p, q << -up) for p, q in ratios)

        rows, radii = [], []
        for i, (row, wide) in enumerate(zip(self.middles, self.radii, strict=True)):
            whole = list(parts(row[: i + 1]))
            rows.append([x for x, _ in whole])
            radii.append([x + bool(y) + bool(z) for (x, y), (_, z) in zip(parts(wide[: i + 1]), whole, strict=True)])
        errors = row_sums(radii, weights or [1] * self.n)
        return Matrix(rows, [max(errors)] * self.n if weights else errors, Fraction(2) ** -up, radii)

    def eliminated(self, witness: Any) -> tuple[Fraction, Fraction]:
        """Bounds by exact elimination at each vertex (8.3), and of the Rayleigh quotients of a vector (8.4)."""
        line, n, text = "proof.witness", self.n, witness["vector"]
        shift, zero = fraction(witness["shift"], f"{line}.shift"), Fraction(0)
        require(self.exact or n <= MAX_VERTICES, line, f"more than {MAX_VERTICES} rows with radii", UNSUPPORTED)
        middles, radii = ([[Fraction(x) for x in row] for row in rows] for rows in (self.middles, self.radii))
        for signs in product((1, -1), repeat=0 if self.exact else n - 1):
            z = (1, *signs) if signs else (1,) * n
            vertex = [[m - z[i] * z[j] * radii[i][j] for j, m in enumerate(row)] for i, row in enumerate(middles)]
            for i in range(n):
                vertex[i][i] -= shift
            semidefinite(vertex, f"{line}.shift", "a shifted vertex is not positive semidefinite")
        x = {int(key[:9]): fraction(entry, f"{line}.vector") for key, entry in text.items()}
        require(list(map(str, x)) == list(text) and set(x) <= set(range(n)), f"{line}.vector", "not a vector")
        require(any(x.values()), f"{line}.vector", "zero")
        form = sum((a * b * middles[i][j] + abs(a * b) * radii[i][j] for i, a in x.items() for j, b in x.items()), zero)
        return shift, form / sum(map(mul, x.values(), x.values()))
