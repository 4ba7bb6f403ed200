"""What a certificate is about, in the words of the library of Coq: its matrix and its data as integers.

Everything is read from the proof of the certificate, through the parts of the checker that read and refuse it; nothing
in it is believed. A statement that is false gives a file that Coq refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any

from ....theory.errors import SpecError
from ...replay.kernels import KINDS, arrays_of
from ...replay.sidecar import Arrays
from ...replay.verdicts import Stop, fraction
from .vernacular import Rows, integer, quotient

STEPS = 8
"""Newton steps of a fixed point: enough for 90 bits."""
HERE = "certificate"


@dataclass(frozen=True, slots=True)
class FormalSubject:
    """A matrix of the library.

    ``module``: who checks it; ``matrix``: the term of the statement, or K where ``equation`` says of which K it speaks;
    ``arguments``: what the check takes before the factor or the vector; ``name``, ``rows``: the data, integers;
    ``remark``: what they are, in words and numbers; ``size`` is at least every entry of the matrix.
    """

    module: str
    matrix: str
    equation: str
    arguments: str
    name: str
    rows: Rows
    remark: str
    size: Fraction
    unit: Fraction = Fraction(1)


class NoTheorem(SpecError):
    """The library has no theorem about this."""


def unsupported(why: str) -> NoTheorem:
    """The sentence for what the library has no theorem for."""
    return NoTheorem(
        f"{HERE}: {why}: docs/coq.md lists the kernels that can be exported; `certigram check` checks the others."
    )


def subject(proof: dict[str, Any], found: Arrays) -> FormalSubject:
    """The matrix of a proof, given its arrays; raises :class:`SpecError` where it is malformed or has no theorem."""
    try:
        kernel = proof["kernel"]
        kind = kernel["kind"] if proof["format"] == "certigram-proof/2" else "equilibrium"
        if set(found) != arrays_of(proof):
            raise SpecError(f"{HERE}: it does not have the arrays of its proof: make it again.")
        checked = KINDS[kind].subject(proof, found, True)  # shapes, parameters, digest
        about = MAKERS[kind](proof, found)
        return replace(about, unit=checked.make(64, None).unit * 2**64) if kind in ("matrix", "expression") else about
    except Stop as stop:
        raise SpecError(f"{HERE}: {stop.args[1]}: {stop.args[2]}: make it again.") from None
    except (SpecError, MemoryError):
        raise
    except Exception as error:  # whatever a malformed proof runs into
        raise SpecError(f"{HERE}: malformed ({type(error).__name__}): make it again.") from None


def integer_points(proof: dict[str, Any], found: Arrays) -> tuple[Rows, int, int]:
    """The points times a power of two, that power, and the dimension."""
    if proof["data"]["input_gram"] is not None:
        raise unsupported("it has inner products and no points")
    (n, d), _, numbers = found["points"]
    scale = max(x.as_integer_ratio()[1] for x in numbers)
    whole = [p * (scale // q) for p, q in (x.as_integer_ratio() for x in numbers)]
    return [whole[i * d : i * d + d] for i in range(n)], scale, d


def directions(proof: dict[str, Any], found: Arrays) -> tuple[Rows, str]:
    """Points of which a kernel sees the cosines only, all of the norm sqrt(d); what they are, in words."""
    rows, scale, d = integer_points(proof, found)
    if proof["data"]["normalize"] != "sphere" and any(sum(x * x for x in row) != d * scale * scale for row in rows):
        raise unsupported("the inputs of this equilibrium model have norms other than sqrt(d)")
    return rows, f"{len(rows)} points in dimension {d}, times {scale}. Only their directions count."


def arc_cosine(proof: dict[str, Any], found: Arrays) -> FormalSubject:
    """ReLU: of directions, or in an equilibrium model."""
    if "sigma_w2" in proof["kernel"]:
        return equilibrium("ReluEquilibrium", "relu_equilibrium", proof, found)
    rows, scale, d = integer_points(proof, found)
    remark = f"{len(rows)} points in dimension {d}, times {scale}. Only their directions count."
    return FormalSubject("ArcCosine", "(arc_cosine_matrix X)", "", "X", "X", rows, remark, Fraction(1))


def series(proof: dict[str, Any], found: Arrays) -> FormalSubject:
    """An equilibrium model whose proof gives a power series; the library solves the equation instead."""
    known = {
        "1*erf(1*x)": ("ErfEquilibrium", "erf_equilibrium"),
        "1*relu(1*x)": ("ReluEquilibrium", "relu_equilibrium"),
    }
    if proof["kernel"]["activation"] not in known:
        raise unsupported("the equilibrium models with a theorem are those of erf and relu")
    return equilibrium(*known[proof["kernel"]["activation"]], proof, found)


def equilibrium(module: str, equation: str, proof: dict[str, Any], found: Arrays) -> FormalSubject:
    """Every matrix that solves the equation of an equilibrium model, w = 2 sigma_w^2."""
    rows, remark = directions(proof, found)
    w = 2 * fraction(proof["kernel"]["sigma_w2"], "proof.kernel.sigma_w2")
    size = 2 / (2 - w)
    arguments = f"{w.numerator} {w.denominator} ltac:(easy) {STEPS} X"
    return FormalSubject(module, "K", f"{equation} {quotient(w)} X K", arguments, "X", rows, remark, size)


def radial(proof: dict[str, Any], found: Arrays) -> FormalSubject:
    """A Gaussian kernel; the rate is that of the points as integers."""
    claim = proof["kernel"]
    if claim["name"] != "gaussian":
        raise unsupported("of the radial kernels the Gaussian one has a theorem")
    rows, scale, d = integer_points(proof, found)
    width = fraction(claim["scale"], HERE) / fraction(claim["embedding"], HERE)
    rate = 1 / (2 * (width * scale) ** 2)
    remark = (
        f"{len(rows)} points in dimension {d}, times {scale}; the rate is 1 / (2 s^2) for s = {width} times {scale}."
    )
    arguments = f"{rate.numerator} {rate.denominator} X"
    return FormalSubject(
        "Gaussian", f"(gaussian_matrix {quotient(rate)} X)", "", arguments, "X", rows, remark, Fraction(1)
    )


def expression(proof: dict[str, Any], found: Arrays) -> FormalSubject:
    """A kernel that is written out: E erf(u) erf(v) of a hidden layer."""
    node = proof["kernel"]["expression"]
    if node["name"] == "gaussian":
        plain = {"name": "gaussian", "scale": str(node["scale"]), "embedding": "1"}
        return radial({**proof, "kernel": plain}, found)
    if node["name"] != "dual" or node["activation"] not in ("erf", "1*erf(1*x)") or proof["data"]["normalize"]:
        raise unsupported("of the kernels that are written out, dual of erf at the given norms has a theorem")
    rows, scale, d = integer_points(proof, found)
    if not all(map(any, rows)):
        raise unsupported("a point is zero")
    slope, bias = Fraction(str(node["sigma_w2"])) / (d * scale**2), Fraction(str(node["sigma_b2"]))
    r = slope.denominator * bias.denominator
    p, q = int(slope * r), int(bias * r)
    matrix = f"(arcsine_matrix (IZR {p} / IZR {r}) (IZR {q} / IZR {r}) X)"
    remark = f"{len(rows)} points in dimension {d}, times {scale}."
    arguments = f"{integer(p)} {integer(q)} {r} ltac:(easy) X"
    return FormalSubject("Arcsine", matrix, "", arguments, "X", rows, remark, Fraction(1))


def given(proof: dict[str, Any], found: Arrays) -> FormalSubject:
    """A matrix that is given by its entries."""
    data = proof["data"]
    radius = data["radius"]
    exact = radius == "0" if isinstance(radius, str) else not any(found["radius"][2]) if radius is None else False
    if not exact:
        raise unsupported("an interval matrix has no theorem, a matrix of exact entries has")
    if data["entries"] is None:
        (n, _), _, numbers = found["matrix"]
        entries = [[Fraction(x) for x in numbers[i * n : i * n + i + 1]] for i in range(n)]
    else:
        entries = [[Fraction(x) for x in line[: i + 1]] for i, line in enumerate(data["entries"])]
    den = lcm(*(x.denominator for line in entries for x in line))
    rows = [[int(x * den) for x in line] for line in entries]
    remark = f"The lower triangle of a symmetric matrix of order {len(rows)}, times the integer {den}."
    size = max(abs(x) for line in entries for x in line)
    return FormalSubject("GivenMatrix", f"(given_matrix A {den})", "", f"A {den}", "A", rows, remark, size)


MAKERS: dict[str, Callable[[dict[str, Any], Arrays], FormalSubject]] = {
    "arc-cosine": arc_cosine,
    "equilibrium": series,
    "radial": radial,
    "expression": expression,
    "matrix": given,
}
