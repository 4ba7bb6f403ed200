"""Certificates: a failure here means that something can be called PROVED without a proof, or is not saved whole."""

import json
import os
from fractions import Fraction
from pathlib import Path

import pytest

from certigram.numerics.certificate import (
    Certificate,
    Discharged,
    EvidenceItem,
    fraction_text,
)
from certigram.numerics.files import write_atomically
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Evidence, Verdict

EXACT = EvidenceItem(Evidence.EXACT, "by structure")
ENCLOSED = EvidenceItem(Evidence.ENCLOSED, "a ball excludes 0", {"x": "[1 ± 0.1]"})
SEEN = EvidenceItem(Evidence.EXPERIMENTAL, "ten networks", {"mean": "0.5"})


def certificate(verdict: Verdict = Verdict.PROVED, *evidence: EvidenceItem, **more: object) -> Certificate:
    """A certificate of a made-up claim."""
    return Certificate("a.b", "a", "tanh", verdict, evidence, **more)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("verdict", [Verdict.PROVED, Verdict.REFUTED])
@pytest.mark.parametrize("evidence", [(), (SEEN,), (EXACT, SEEN), (SEEN, ENCLOSED)])
def test_no_proof_from_experiments(verdict: Verdict, evidence: tuple[EvidenceItem, ...]) -> None:
    """A mathematical verdict needs evidence, and every piece of it must be rigorous."""
    with pytest.raises(ValueError, match=f"cannot be {verdict.name}"):
        certificate(verdict, *evidence)


@pytest.mark.parametrize("evidence", [(EXACT,), (ENCLOSED,), (EXACT, ENCLOSED)])
def test_rigorous_evidence_suffices(evidence: tuple[EvidenceItem, ...]) -> None:
    """Exact and enclosed evidence may carry both mathematical verdicts."""
    for verdict in (Verdict.PROVED, Verdict.REFUTED):
        assert certificate(verdict, *evidence).verdict is verdict


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.PROVED])
def test_no_proof_under_an_open_hypothesis(verdict: Verdict) -> None:
    """Each hypothesis must itself be proved."""
    with pytest.raises(ValueError, match="hypothesis 'h'"):
        certificate(Verdict.PROVED, EXACT, hypotheses=(Discharged("h", verdict, "why"),))


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.NOT_APPLICABLE])
def test_what_is_not_decided_says_why(verdict: Verdict) -> None:
    """Not deciding is allowed with a reason only."""
    with pytest.raises(ValueError, match="needs a reason"):
        certificate(verdict)
    assert certificate(verdict, reason="the budget ran out").reason


def test_statistical_verdicts_take_experiments() -> None:
    """The control: sampling may say CONSISTENT and INCONSISTENT."""
    for verdict in (Verdict.CONSISTENT, Verdict.INCONSISTENT):
        assert certificate(verdict, SEEN).verdict is verdict


def test_round_trip(tmp_path: Path) -> None:
    """A saved certificate is read back equal, numbers bit for bit."""
    made = certificate(
        Verdict.PROVED,
        ENCLOSED,
        hypotheses=(Discharged("h", Verdict.PROVED, "by structure"),),
        method="m",
        lower=0.1,
        upper=5e-324 + 0.3,
        margin=1 / 3,
        seconds=0.25,
        detail={"n": 3, "list": [1, "2"]},
    )
    path = made.save(tmp_path / "deep" / "c.json")
    assert Certificate.from_json(json.loads(path.read_text(encoding="utf-8"))) == made


@pytest.mark.parametrize("field", ["claim", "verdict", "evidence", "hypotheses", "detail", "format"])
def test_what_is_no_certificate_is_refused(field: str) -> None:
    """A file that lacks a field, or whose field is something else, is a SpecError and nothing else."""
    document = certificate(Verdict.PROVED, EXACT).to_json()
    for wrong in (None, "nonsense", 3):
        with pytest.raises(SpecError):
            Certificate.from_json({**document, field: wrong} if field != "claim" else {"claim": wrong})
    del document[field]
    with pytest.raises(SpecError, match="not a certificate"):
        Certificate.from_json(document)


def test_a_forged_certificate_is_refused() -> None:
    """Changing the verdict of a file does not make a proof: the constructor looks at the evidence again."""
    document = certificate(Verdict.CONSISTENT, SEEN).to_json()
    document["verdict"] = "PROVED"
    with pytest.raises(SpecError, match="cannot be PROVED"):
        Certificate.from_json(document)


def test_writing_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the write fails the old file is untouched and no half of a new one stays behind."""
    target = write_atomically(tmp_path / "x.json", "old")

    def fail(*paths: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_fractions_as_text() -> None:
    """A rational is written so that it is read back exactly."""
    for q in (Fraction(0), Fraction(-7), Fraction(1, 3), Fraction(-22, 7)):
        assert Fraction(fraction_text(q)) == q
