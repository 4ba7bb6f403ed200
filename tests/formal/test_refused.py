"""Does Coq refuse what is false? A failure here is of the worst kind: the library proves too much."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

import certigram as cg
from certigram.numerics.certificates.certificate import Certificate, Proof
from certigram.numerics.certificates.coq.skeleton import recognised
from certigram.numerics.certificates.coq.theorem import arrays_given, theorem
from certigram.numerics.certificates.coq.verdict import FormalVerdict
from certigram.theory.errors import SpecError

Make = Callable[..., Certificate]
Judge = Callable[[str], FormalVerdict]
KERNELS = ("own", "arc-cosine", "erf-equilibrium", "relu-equilibrium", "gaussian", "arcsine")
SMALL = 5


def proof_of(certificate: Certificate) -> Proof:
    assert certificate.prover is not None
    return certificate.prover()


def with_bounds(proof: Proof, lower: Fraction, upper: Fraction) -> str:
    """The file that states other bounds, with nothing given away."""
    said = {**proof.document["statement"], "lower": str(lower), "upper": str(upper)}
    document = {**proof.document, "statement": said}
    return theorem(document, arrays_given(proof.arrays), slack=Fraction(0))


@pytest.mark.parametrize("kernel", KERNELS)
def test_bounds_on_the_wrong_side_of_the_eigenvalue(verdict: Judge, certificate_of: Make, kernel: str) -> None:
    """The lower bound just above the upper one, which is above the eigenvalue; and the other way round."""
    proof = proof_of(certificate_of(kernel, SMALL))
    lower, upper = (Fraction(proof.document["statement"][key]) for key in ("lower", "upper"))
    tiny = upper / 10**9
    side = "lower" if KERNELS.index(kernel) % 2 else "upper"
    ends = (upper + tiny, upper * 2) if side == "lower" else (lower / 2, lower - tiny)
    found = verdict(with_bounds(proof, *ends))
    assert (found.verdict, f"of the {side} bound" in found.reason) == ("INVALID", True)


def test_a_factor_that_would_help_a_false_bound(verdict: Judge) -> None:
    """The factor of another matrix, K + t I, does not prove a bound that only that matrix has."""
    A = np.array([[2.0, 1.0], [1.0, 2.0]])
    honest, other = (proof_of(cg.certify(M, at_least=c)) for M, c in ((A, "0.999"), (A + np.eye(2), "1.999")))
    forged = Proof(
        {**honest.document, "statement": other.document["statement"], "witness": other.document["witness"]},
        {**honest.arrays, "factor": other.arrays["factor"]},
    )
    assert verdict(theorem(forged.document, arrays_given(forged.arrays))).verdict == "INVALID"


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("  vm_cast_no_check (eq_refl true).\nQed.", "Admitted.", 1),
        lambda text: text.replace("Definition factor", "Axiom cheat : False.\nDefinition factor", 1),
        lambda text: text.replace("(** * The theorems *)", "Unset Guard Checking.\n(** * The theorems *)", 1),
        lambda text: text.replace("arc_cosine_matrix X", "fun i j => INR i", 1),
        lambda text: text.replace("least_eigenvalue_at_least", "least_eigenvalue_at_most", 1),
        lambda text: text + 'Redirect "x" Print nat.\n',
        lambda text: 'Declare ML Module "x".\n' + text,
        lambda text: text.replace("Only their directions count.", "Every eigenvalue is above 5.", 1),
        lambda text: text.replace("Definition vector", "(** Every eigenvalue is above 5. *)\nDefinition vector", 1),
        lambda text: text.replace("Only their directions count.", '*) Axiom cheat : False. (* "', 1),
        lambda text: text.replace("Import ListNotations.", 'Notation "5" := 4.\nImport ListNotations.', 1),
    ],
)
def test_other_words_than_those_of_an_export_are_never_run(certificate_of: Make, edit: Callable[[str], str]) -> None:
    text = certificate_of("arc-cosine", SMALL).to_coq()
    assert recognised(text)
    edited = edit(text)
    assert edited != text
    assert recognised(edited) is None


def false_edits(certificate_of: Make, number: int, generator: random.Random) -> list[tuple[str, str]]:
    """Edits of exported files that make a statement false: the bounds, the points or entries, the parameters."""
    found = []
    texts = {kernel: certificate_of(kernel, SMALL).to_coq() for kernel in KERNELS}
    while len(found) < number:
        kernel = generator.choice(KERNELS)
        text, kind = texts[kernel], generator.choice(["lower", "upper", "data", "order"])
        if kind in ("lower", "upper"):  # beyond the eigenvalue by one unit of the sixth digit or more, in all places
            number_ = re.search(rf"Theorem {kind} .*?IZR (\d+) / IZR \(10", text, re.S).group(1)  # type: ignore[union-attr]
            share = Fraction(generator.choice([1, 3, 10, 100, 10000]), 10**5)
            moved = int(int(number_) * (1 + share if kind == "lower" else 1 - share))
            found.append((f"{kernel} {kind} {share}", text.replace(number_, str(moved))))
        elif kind == "data":  # two equal points or rows: the matrix is singular, the bound is positive
            rows = re.search(r"integers \[\n(.*?)\]%sint63", text, re.S)
            if rows is None or kernel == "own":
                continue
            lines = rows.group(1).split(";\n")
            i, j = generator.sample(range(SMALL), 2)
            lines[i] = lines[j]
            found.append((f"{kernel} points {i} {j}", text.replace(rows.group(1), ";\n".join(lines))))
        else:
            found.append((f"{kernel} order", text.replace(f"at_least {SMALL} ", f"at_least {SMALL + 1} ")))
    return found


def test_three_edits(verdict: Judge, certificate_of: Make) -> None:
    for name, text in false_edits(certificate_of, 3, random.Random(1)):
        assert recognised(text), name
        assert verdict(text).verdict == "INVALID", name


@pytest.mark.slow
def test_one_hundred_edits(verdict: Judge, certificate_of: Make) -> None:
    """None is accepted; a hundred that make the statement false."""
    accepted = [
        name for name, text in false_edits(certificate_of, 100, random.Random(2)) if verdict(text).verdict != "INVALID"
    ]
    assert accepted == []


@pytest.mark.parametrize(
    "edit",
    [
        {"statement": {"lower": "1/0", "upper": "1"}},
        {"statement": None},
        {"kernel": {"kind": "arc-cosine", "sigma_w2": "1) Axiom"}},
        {"kernel": {"kind": "../../x"}},
        {"witness": {"kind": "factor", "shift": "0", "exponent": 10**9}},
        {"witness": {"kind": "factor", "shift": "0", "exponent": True}},
        {"data": {}},
        {"format": []},
    ],
)
def test_malformed_proofs_get_a_sentence(certificate_of: Make, edit: dict[str, object]) -> None:
    proof = proof_of(certificate_of("arc-cosine", SMALL))
    with pytest.raises(SpecError, match=r"^certificate: .*[.]$"):
        theorem({**proof.document, **edit}, arrays_given(proof.arrays))


def test_points_that_are_no_numbers(certificate_of: Make) -> None:
    proof = proof_of(certificate_of("arc-cosine", SMALL))
    for hostile in (np.inf, np.nan):
        points = proof.arrays["points"].copy()
        points[0, 0] = hostile
        with pytest.raises(SpecError):
            theorem(proof.document, arrays_given({**proof.arrays, "points": points}))


def test_labels_do_not_get_into_a_file(certificate_of: Make) -> None:
    certificate = certificate_of("arc-cosine", SMALL)
    proof = proof_of(certificate)
    text = "*) Axiom cheat : False. (*"
    document = {**proof.document, "data": {**proof.document["data"], "description": text}}
    assert theorem(document, arrays_given(proof.arrays)) == certificate.to_coq()
    assert dataclasses.replace(certificate, activation=text).to_coq() == certificate.to_coq()
