"""A file of Coq that states the bounds of a certificate as theorems and gives their proofs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ....theory.errors import SpecError
from ...replay.kernels import arrays_of
from ...replay.sidecar import Arrays, arrays
from ...replay.verdicts import Stop, fraction
from ...stored import read_json
from .subject import FormalSubject, NoTheorem, subject
from .vernacular import Rows, decimal, fits, row, table
from .witness import FormalWitness, witness


@dataclass(frozen=True, slots=True)
class Backend:
    """How Coq computes: the module of its interval ends, their digits, the module of its integers.

    ``loss``: digits of the entries that remain when a row of the matrix has been added up.
    """

    ends: str
    digits: int
    vectors: str
    loss: int


BACKENDS = {
    "float": Backend("PrimitiveFloat", 53, "WordVectors", 43),
    "bigint": Backend("BigIntFloat", 90, "WordVectors", 78),
    "z": Backend("BinaryFloat", 64, "BinaryVectors", 52),
}
"""float: the processor's floats and words; bigint: words only; z: the binary integers of the standard library."""
ENDS = {
    "PrimitiveFloat": "From Interval.Float Require Import Primitive_ops.\n",
    "BigIntFloat": "From Interval.Float Require Import Specific_bigint Specific_ops.\n"
    "Module BigIntFloat := SpecificFloat BigIntRadix2.\n",
    "BinaryFloat": "From Interval.Float Require Import Specific_stdz Specific_ops.\n"
    "Module BinaryFloat := SpecificFloat StdZRadix2.\n",
}
HEADER = """(** Bounds of the least eigenvalue of a matrix of order {n}, as theorems that the kernel of Coq checks.

    Made by certigram from a certificate.  `certigram check --coq` checks this file, or coqc with the library of
    certigram (theory/formal) as Certigram.  What the theorems state is defined there, in LeastEigenvalue.v and
    {module}.v. *)
From Coq Require Import Reals List ZArith Uint63 Sint63.
From Certigram Require Import LeastEigenvalue IntegerVectors Points {module}.
"""
IMPORTS = "Import ListNotations.\n"


def theorem(proof: Mapping[str, Any], found: Arrays, *, backend: str = "float", slack: Fraction | None = None) -> str:
    """The file for a proof and its arrays: its bounds are the proof's, weakened by ``slack`` and rounded outwards.

    Raises :class:`SpecError` where the library has no theorem about the kernel, or the proof is malformed.
    """
    if backend not in BACKENDS:
        raise SpecError(f"backend: {backend!r} is none of {', '.join(BACKENDS)}.")
    document = dict(proof)
    about = subject(document, found)
    try:
        offered = witness(document, found, len(about.rows), about.unit)
        said = document["statement"]
        lower, upper = (fraction(said[key], f"proof.statement.{key}") for key in ("lower", "upper"))
    except Stop as stop:
        raise SpecError(f"certificate: {stop.args[1]}: {stop.args[2]}: make it again.") from None
    except (SpecError, MemoryError):
        raise
    except Exception as error:  # whatever a malformed proof runs into
        raise SpecError(f"certificate: malformed ({type(error).__name__}): make it again.") from None
    with_ = BACKENDS[backend]
    lost = len(about.rows) * about.size / (1 << with_.loss) if slack is None else slack
    return written(about, offered, with_, lower - lost, upper + lost)


def written(about: FormalSubject, offered: FormalWitness, backend: Backend, lower: Fraction, upper: Fraction) -> str:
    """The text of the file."""
    words = backend.vectors == "WordVectors"
    parts = [HEADER.format(n=len(about.rows), module=about.module), ENDS[backend.ends], IMPORTS]
    parts.append(f"\n(** {about.remark} *)\n{definition(about.name, about.rows, words=words)}")
    parts.append(
        "\n(** * What is used and not trusted: a lower triangular matrix, times a power of two, and a vector. *)\n"
    )
    kind, scope = ("list (list int)", "sint63") if words else ("list (list Z)", "Z")
    parts.append(f"Definition factor : {kind} := {table(offered.factor)}%{scope}.\n")
    parts.append(f"Definition vector : list Z := {row(offered.vector)}%Z.\n")
    parts.append(f"Module Check := {about.module} {backend.vectors} {backend.ends}.\n")
    parts.append(f"Definition precision := {backend.ends}.PtoP {backend.digits}.\n\n(** * The theorems *)\n")
    n, quantified = len(about.rows), f"forall K, {about.equation} ->\n  " if about.equation else ""
    for side, word, bound in (("lower", "least", lower), ("upper", "most", upper)):
        m, k = decimal(bound, above=side == "upper")
        number = f"({m})" if m < 0 else str(m)
        given = f"(2 ^ {offered.exponent}) factor" if side == "lower" else "vector"
        parts.append(
            f"Theorem {side} : {quantified}"
            f"least_eigenvalue_at_{word} {n} {about.matrix} (IZR {number} / IZR (10 ^ {k})).\n"
            f"Proof.\n  apply (Check.{side} precision {about.arguments} {given} {number} (10 ^ {k})).\n"
            "  vm_cast_no_check (eq_refl true).\nQed.\n"
        )
    return "".join(parts)


def definition(name: str, rows: Rows, *, words: bool) -> str:
    """The data; machine integers, where they may be used and suffice, are read faster than others."""
    text = table(rows)
    body = f"integers {text}%sint63" if words and fits(rows) else f"{text}%Z"
    return f"Definition {name} : list (list Z) := {body}.\n"


def theorem_of_file(path: Path, *, backend: str = "float") -> str:
    """The file for a certificate that was saved."""
    data = read_json(path)
    proof = data.get("proof") if isinstance(data, dict) else None
    if not isinstance(proof, dict):
        raise NoTheorem(f"{path}: this certificate carries no proof that can be exported.")
    try:
        found = arrays(path.with_suffix(".npz"), arrays_of(proof))
    except Stop as stop:
        raise SpecError(f"{path}: {stop.args[1]}: {stop.args[2]}: make it again.") from None
    except MemoryError:
        raise
    except Exception as error:  # whatever a malformed file runs into
        raise SpecError(f"{path}: malformed ({type(error).__name__}): make it again.") from None
    return theorem(proof, found, backend=backend)


def arrays_given(found: Mapping[str, NDArray[Any]]) -> Arrays:
    """Arrays as the checker reads them from a file."""
    return {name: (list(x.shape), x.tobytes(), tuple(x.ravel().tolist())) for name, x in found.items()}
