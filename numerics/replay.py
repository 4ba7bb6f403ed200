r"""The independent checker of certificates: standard library and exact integers only, nothing of the prover.

:func:`check` answers VALID, INVALID (which line of the certificate, and why) or UNSUPPORTED. Hermite coefficients and
the variance come from :mod:`certigram.numerics.replay_hermite`, the checker's other half. The claimed series must be a
sub- and a super-solution of :math:`F = \kappa((wF + vc)/s)`, which is monotone in every coefficient; the matrix is
formed entry by entry in fixed point; :math:`K - cI - LL^T` and a Rayleigh quotient are evaluated in exact integers.
Only :func:`product` may use flint, for exact integers. Format, limits and proofs: docs/certificate-format.md.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
from array import array
from fractions import Fraction
from functools import cache
from math import inf, isqrt, lcm, nextafter, prod
from operator import mul
from pathlib import Path
from typing import Any, NamedTuple

from .replay_hermite import KNOWN, ONE, ZERO, Activation, Ends, Stop, equilibrium, fraction, parse, require

FORMAT = "certigram-proof/1"
NAMES = ("points.npy", "factor.npy", "vector.npy")
MAX_FILE, MAX_POINTS, MAX_NUMBERS, MAX_ORDER, MAX_GRAM, MAX_LIMBS = 1 << 22, 4096, 1 << 24, 1024, 64, 8
HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<([fi])8', 'fortran_order': False, 'shape': \(([\d, ]{1,40})\), \} *\n", re.S
)
Json = dict[str, Any]
Rows = list[list[int]]
Balls = list[tuple[int, int]]


class Check(NamedTuple):
    """VALID, INVALID or UNSUPPORTED; the line of the certificate that decided, and the reason or what is proved."""

    verdict: str
    path: str
    line: str
    reason: str


def multiply(a: list[int], b: list[int], scale: int, lost: int) -> list[int]:
    """The first coefficients of a product of non-negative series, ``lost`` added before each rounding down."""
    width = (2 * scale + 40) // 8
    packed = [int.from_bytes(b"".join(c.to_bytes(width, "little") for c in x), "little") for x in (a, b)]
    digits = (packed[0] * packed[1]).to_bytes(2 * width * len(a), "little")
    places = range(0, width * len(a), width)
    return [int.from_bytes(digits[k : k + width], "little") + lost >> scale for k in places]


def compose(outer: list[int], inner: list[int], scale: int, up: int) -> list[int]:
    """The first coefficients of a composition of series with non-negative coefficients, rounded down (up = 0) or up."""
    step, lost, value = isqrt(len(outer)) + 1, up * ((1 << scale) - 1), [0] * len(inner)
    powers = [[1 << scale] + [0] * (len(inner) - 1)]
    for _ in range(step):
        powers.append(multiply(powers[-1], inner, scale, lost))
    for k in reversed(range(0, len(outer), step)):
        value = multiply(value, powers[step], scale, lost)
        sums = (sum(map(mul, outer[k : k + step], column)) for column in zip(*powers, strict=True))
        value = [v + (x + lost >> scale) for v, x in zip(value, sums, strict=True)]
    return value


def ball(claim: Any, line: str) -> tuple[int, int]:
    """A claimed ball [m, r] of integers as text."""
    ends = [fraction(x, line) for x in claim[:3]]
    require(len(ends) == 2 and all(x.denominator == 1 for x in ends) and ends[1] >= 0, line, "not a ball of integers")
    return int(ends[0]), int(ends[1])


def kernel(claim: Json, f: Activation, w: Fraction, v: Fraction, bits: int) -> Balls:
    """Prove the claimed balls of coefficients, variance and mass, at scale 2^-bits; mass and tail come last."""
    line, one = "proof.kernel", 1 << bits + 16
    balls = [ball(c, f"{line}.coefficients[{r}]") for r, c in enumerate(claim["coefficients"][: MAX_ORDER + 2])]
    require(
        3 <= len(balls) <= MAX_ORDER + 1 and all(m + r >= 0 for m, r in balls),
        f"{line}.coefficients",
        "too many, too few, or negative",
    )
    (s_mid, s_rad), (q_mid, q_rad) = (ball(claim[name], f"{line}.{name}") for name in ("s", "mass"))
    known = {"s": [Fraction(s_mid + e, 1 << 2 * bits) for e in (-s_rad, s_rad)]}
    known["mass"] = [Fraction(q_mid + e, 1 << bits) for e in (-q_rad, q_rad)]
    require(0 < known["s"][0] < v + 2**40, f"{line}.s", "not the variance of a pre-activation")
    order = len(balls) - 1 if f.parity == "odd" else len(balls) * 3 // 2 + 32
    squared, s, q = equilibrium(f, w, v, sum(known["s"], ZERO) / 2, order, bits)
    for name, (low, high) in (("s", s), ("mass", q)):
        require(known[name][0] <= low and high <= known[name][1], f"{line}.{name}", "the proved value is not inside")
    ends = [[max(m + sign * r, 0) << 16 for m, r in balls] for sign in (-1, 1)]
    inner = [
        [int((w * k + v * (one if r == 1 else 0)) / t) for r, k in enumerate(e)]
        for e, t in zip(ends, s[::-1], strict=True)
    ]
    inner[1] = [k + 1 if k else 0 for k in inner[1]]
    require(sum(inner[1]) <= one + one // 1024 and inner[1][0] < one, line, "the coefficients exceed the mass")
    least = compose([int(a * one) for a, _ in squared], inner[0], bits + 16, 0)
    most = compose([int(b * one) + (b > 0) for _, b in squared], inner[1], bits + 16, 1)
    rest, beyond = max(q[1] - sum(a for a, _ in squared), ZERO) if inner[1][0] else ZERO, 0
    power = compose([0] * (order + 1) + [one], inner[1], bits + 16, 1) if rest else [0] * len(balls)
    for r in range(len(balls)):
        beyond = max(beyond, power[r])
        proved = ends[0][r] <= least[r] and most[r] + int(rest * beyond) + (rest > 0) <= ends[1][r]
        require(proved, f"{line}.coefficients[{r}]", "not proved")
    tail = max(known["mass"][1] - sum(Fraction(max(m - r, 0), 1 << bits) for m, r in balls), ZERO)
    return [*balls, (q_mid, q_rad), (int(tail * 2**bits) + 1, 0)]


def matrix(balls: Balls, inner: Rows, bits: int) -> tuple[Rows, list[int]]:
    """The lower triangle of the matrix at scale 2^-bits, and for each row the sum of the radii of its entries."""
    *series, mass, (tail, _) = balls
    one, mids, n = 1 << bits, [m for m, _ in series], len(inner)
    odd = not any(mids[0::2])
    step = 2 if odd or not any(mids[1::2]) else 1
    used, rounding, short = mids[odd::step], 4 * len(mids) * ((sum(map(abs, mids)) >> bits) + 2), []
    for size in range(bits, -2, -1):  # cosines below 2^-size: the terms that reach a unit
        reach = (k for k in range(len(used), 1, -1) if used[k - 1] >> max(size, 0) * (odd + step * (k - 1)))
        short.append(used[: next(reach, 1)][::-1])

    @cache
    def radius(low: int) -> int:  # for cosines at most 1 - low, and two units more
        e = tail
        for _, r in reversed(series):
            e = (e * min(one - low + 2, one) >> bits) + 1 + r
        return e + rounding

    scales = [bits + 16 + (inner[i][i].bit_length() + 1) // 2 for i in range(n)]
    roots = [isqrt((1 << 2 * g) // inner[i][i]) for i, g in enumerate(scales)]
    rows, errors = [], [mass[1]] * n
    for i in range(n):
        row = []
        for j in range(i):
            t = inner[i][j] * roots[i] * roots[j] >> scales[i] + scales[j] - bits
            u, entry, size = t * t >> bits if step == 2 else t, 0, abs(t)
            for c in short[size.bit_length()]:
                entry = (entry * u >> bits) + c
            row.append(entry * t >> bits if odd else entry)
            drop = max((one - size).bit_length() - 7, 0)
            lost = radius(one - size >> drop << drop)
            errors[i], errors[j] = errors[i] + lost, errors[j] + lost
        rows.append([*row, mass[0]])
    return rows, errors


def product(rows: Rows, accelerate: bool) -> Rows:
    """The lower triangle of A A^T in integers, by flint where it is allowed and installed."""
    try:
        fmpz_mat = __import__("flint").fmpz_mat if accelerate else None
    except ImportError:
        fmpz_mat = None
    if fmpz_mat is None:
        return [[sum(map(mul, a, b)) for b in rows[: i + 1]] for i, a in enumerate(rows)]
    n, width = len(rows), len(rows[-1])
    a = fmpz_mat(n, width, [x for row in rows for x in row + [0] * (width - len(row))])
    flat = (a * a.transpose()).entries()
    return [list(map(int, flat[i * n : i * n + i + 1])) for i in range(n)]


def arrays(path: Path) -> dict[str, tuple[tuple[int, ...], bytes, Any]]:
    """The arrays of a sidecar of stored (not compressed) .npy files of '<f8' or '<i8': shape, bytes and numbers."""
    found = {}
    with path.open("rb") as raw_file:  # the last record: no comment, no zip64, a short directory
        raw_file.seek(-42, 2)
        tail = raw_file.read()
    plain = tail[20:24] == b"PK\5\6" and tail[:4] != b"PK\6\7" and int.from_bytes(tail[32:36], "little") < 1000
    require(plain, "arrays", "not a plain zip file of a few arrays")
    with zipfile.ZipFile(path) as file:
        for info in file.infolist():
            known = info.compress_type == zipfile.ZIP_STORED and info.filename in NAMES
            stored = known and info.filename not in found and info.file_size <= 8 * MAX_NUMBERS
            raw = file.read(info) if stored else b""
            match = HEADER.match(raw)
            if match is None:
                raise Stop("INVALID", info.filename[:80], "not a stored array of '<f8' or '<i8' in C order")
            shape, numbers = (
                tuple(map(int, match[2].replace(b",", b" ").split())),
                array("d" if match[1] == b"f" else "q"),
            )
            numbers.frombytes(raw[match.end() :])
            if sys.byteorder == "big":
                numbers.byteswap()
            require(len(numbers) == prod(shape), info.filename[:80], "its shape does not fit its size")
            found[info.filename] = shape, raw[match.end() :], numbers
    return found


def inputs(data: Json, found: Json, accelerate: bool) -> tuple[Rows, int, Fraction]:
    """Inner products as integers, up to a positive factor for each input; the dimension; the variance 2 C_ii."""
    line, gram, normalize = "proof.data", data["input_gram"], data["normalize"]
    if gram is not None:
        table = [[fraction(x, f"{line}.input_gram") for x in row] for row in gram[: MAX_GRAM + 1]]
        n = d = len(table)
        require(
            1 <= n <= MAX_GRAM and all(len(row) == n for row in table),
            line,
            f"not square, or n > {MAX_GRAM}",
            "UNSUPPORTED",
        )
        common, content = (
            lcm(*(x.denominator for row in table for x in row)),
            ";".join(",".join(map(str, row)) for row in table).encode(),
        )
        inner, last = [[int(x * common) for x in row] for row in table], 1
        a = [row[:] for row in inner]
        for k, row in enumerate(a):  # Bareiss: semidefinite when every pivot is positive, or 0 with its whole row
            require(
                all(inner[k][i] == inner[i][k] for i in range(n)) and (row[k] > 0 or not any(row[k:])),
                line,
                "not positive semidefinite",
            )
            for i in range(k + 1, n if row[k] else 0):
                a[i][k + 1 :] = [
                    (x * row[k] - a[i][k] * y) // last for x, y in zip(a[i][k + 1 :], row[k + 1 :], strict=True)
                ]
            last = row[k] or last
        sizes, header = [table[i][i] for i in range(n)], f"None|{n}|None|"
    else:
        (n, d), content, numbers = found["points.npy"]
        require(1 <= n <= MAX_POINTS, line, f"not between 1 and {MAX_POINTS} points", "UNSUPPORTED")
        rows, sizes, header = [], [], f"{normalize}|{n}|{d}|"
        for i in range(n):
            parts = [x.as_integer_ratio() for x in numbers[i * d : i * d + d]]
            unit = max(q for _, q in parts)
            rows.append([p * (unit // q) for p, q in parts])
            sizes.append(Fraction(sum(p * p for p in rows[-1]), unit * unit * d))
        inner = product(rows, accelerate)
    sphere = normalize == "sphere" and gram is None
    require((data["n"], data["d"]) == (n, None if gram else d), line, "n or d does not fit the data")
    require(
        hashlib.sha256(header.encode() + content).hexdigest() == data["sha256"],
        f"{line}.sha256",
        "not the digest of the data",
    )
    require(
        all(x > 0 for x in sizes) and (sphere or len(set(sizes)) == 1),
        line,
        "a zero input, or inputs of different norms",
        "UNSUPPORTED",
    )
    return inner, d, 2 * (ONE if sphere else sizes[0])


def singular(witness: Json, f: Activation, inner: Rows, d: int) -> None:
    """Prove K v = 0: by parallel inputs of equal norm, or by the rank of an affine activation."""
    line = "proof.witness.null_vector"
    sums: dict[int, Fraction] = {}
    if witness["null_vector"] is None:
        affine = not f.terms and all(k <= 1 for k in f.polynomial)
        require(affine and len(inner) > d + (0 in f.polynomial), line, "nothing shows that K is singular")
        return
    for key, text in witness["null_vector"].items():
        i, x = int(key[:9]), fraction(text, line)
        require(0 <= i < len(inner) and str(i) == key and x != 0, line, "not an entry")
        same = (j for j in sums if inner[max(i, j)][min(i, j)] ** 2 == inner[i][i] * inner[j][j])
        place = next((j for j in same if f.parity == "odd" or inner[max(i, j)][min(i, j)] > 0), i)
        sums[place] = sums.get(place, ZERO) + (x if inner[max(i, place)][min(i, place)] > 0 else -x)
    require(bool(sums) and not any(sums.values()), line, "not a null vector by parallel inputs")


def spectrum(
    proof: Json,
    found: Json,
    f: Activation,
    inner: Rows,
    w: Fraction,
    v: Fraction,
    accelerate: bool,
) -> Ends:
    """Proved bounds of the least eigenvalue, from the factor L and the vector."""
    line, n, exponent, lists = "proof.witness", len(inner), proof["witness"]["exponent"], []
    for name, count in (("factor.npy", n * (n + 1) // 2), ("vector.npy", n)):
        (limbs, size), _, numbers = found[name]
        require(
            1 <= limbs <= MAX_LIMBS
            and size == count
            and isinstance(exponent, int)
            and 0 <= exponent <= 64 * limbs + 64,
            line,
            "a wrong shape or exponent",
        )
        parts = [numbers[k * count : k * count + count] for k in range(limbs)]
        lists.append([sum(x << 62 * k for k, x in enumerate(digits)) for digits in zip(*parts, strict=True)])
    (factor, vector), bits = lists, 64 * limbs
    rows, errors = matrix(kernel(proof["kernel"], f, w, v, bits), inner, bits)
    squares = product([factor[i * (i + 1) // 2 : (i + 1) * (i + 2) // 2] for i in range(n)], accelerate)
    shift, scale = int(fraction(proof["witness"]["shift"], line) * 2**bits), max(bits, 2 * exponent)
    sums, form, length = [0] * n, 0, sum(x * x for x in vector)
    for i, (row, square) in enumerate(zip(rows, squares, strict=True)):
        form += vector[i] * (2 * sum(map(mul, row[:i], vector)) + row[i] * vector[i])
        row[i] -= shift
        for j, (x, y) in enumerate(zip(row, square, strict=True)):
            gap = abs((x << scale - bits) - (y << scale - 2 * exponent))
            sums[i] += gap
            sums[j] += gap if i != j else 0
    require(length > 0, line, "the vector is zero")
    worst = max((s >> scale - bits) + 1 + e for s, e in zip(sums, errors, strict=True))
    return Fraction(shift - worst, 1 << bits), Fraction(form // length + 1 + max(errors), 1 << bits)


def verify(document: Json, path: Path, accelerate: bool) -> str:
    """The statement that is proved; :class:`Stop` where it is not."""
    require(
        document["format"] == "certigram-certificate/1", "format", "not a certificate of this version", "UNSUPPORTED"
    )
    proof, label = document.get("proof"), document["activation"]
    if (
        not isinstance(proof, dict)
        or proof["format"] != FORMAT
        or not proof["system"] == document["system"] == "deq-general"
    ):
        raise Stop("UNSUPPORTED", "proof", "the certificate carries no proof, or none of this version and system")
    claim, statement, f = proof["kernel"], proof["statement"], parse(proof["kernel"]["activation"])
    require(label not in KNOWN or claim["activation"] == f"1*{label}(1*x)", "activation", "not the one of the proof")
    w = 2 * fraction(claim["sigma_w2"], "proof.kernel.sigma_w2")
    if any(k > 1 for k in f.polynomial):
        require(
            w == 0 and not f.terms, "proof.kernel.activation", "a power, with feedback or other terms", "UNSUPPORTED"
        )
    else:
        bound = fraction(claim["lipschitz"], "proof.kernel.lipschitz")
        require(bound >= f.lipschitz, "proof.kernel.lipschitz", "not a proved bound of the slope of the activation")
        require(w >= 0 and w * bound**2 < 1, "proof.kernel.sigma_w2", "outside the range where K is defined")
    found = arrays(path.with_suffix(".npz"))
    inner, d, v = inputs(proof["data"], found, accelerate)
    if proof["witness"]["kind"] == "singular":
        singular(proof["witness"], f, inner, d)
        ends = ZERO, ZERO
    else:
        ends = spectrum(proof, found, f, inner, w, v, accelerate)
    low, high = (
        None if statement[k] is None else fraction(statement[k], f"proof.statement.{k}") for k in ("lower", "upper")
    )
    require(low is None or low <= ends[0], "proof.statement.lower", "above what is proved")
    require(high is None or high >= ends[1], "proof.statement.upper", "below what is proved")
    for place, values in [
        ("", document),
        *((f"evidence[{k}].", e["values"]) for k, e in enumerate(document["evidence"])),
    ]:
        for key, end, sign in (("lower", low, 1), ("upper", high, -1)):
            said = values.get(key)
            require(
                said is None or (end is not None and sign * Fraction(float(said)) <= sign * end),
                place + key,
                "not the statement",
            )
    bound, margin = fraction(statement["bound"], "proof.statement.bound"), document["margin"]
    strict = {">": True, ">=": False}[statement["relation"]]
    proved = low is not None and (low > bound or (low == bound and not strict))
    refuted = high is not None and (high < bound or (high == bound and strict))
    require({"PROVED": proved, "REFUTED": refuted, "UNKNOWN": True}[document["verdict"]], "verdict", "does not follow")
    require(
        margin is None or (low is not None and Fraction(float(margin)) <= low - bound), "margin", "larger than proved"
    )
    left, right = (
        "" if low is None else f"{outward(low, -inf)} <= ",
        "" if high is None else f" <= {outward(high, inf)}",
    )
    return left + "least eigenvalue" + right


def outward(q: Fraction, way: float) -> float:
    """A float on the given side of an exact number, or equal to it."""
    return float(q) if Fraction(float(q)) == q else nextafter(float(q), way)


def check(path: str | Path, *, accelerate: bool = True) -> Check:
    """Check one certificate, hostile or not; ``accelerate`` allows flint for exact integer products."""
    try:
        path = Path(path)
        require(path.stat().st_size <= MAX_FILE, "file", "too long", "UNSUPPORTED")
        return Check("VALID", str(path), "", verify(json.loads(path.read_bytes()), path, accelerate))
    except Stop as stop:
        return Check(stop.args[0], str(path), stop.args[1], stop.args[2])
    except Exception as error:  # whatever a malformed file runs into, it proves nothing
        return Check("INVALID", str(path), "format", f"{type(error).__name__}: {str(error)[:200]}")
