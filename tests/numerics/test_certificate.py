"""Certificates: a failure here means that something can be called PROVED without a proof, or is not saved whole."""

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import certigram as cg
from certigram.numerics.certificates.certificate import Certificate, Discharged, EvidenceItem, fraction_text
from certigram.numerics.files import remove_parts, write_atomically
from certigram.theory.claims.kernel_claims import CLAIMS, KERNELS
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Argument, Evidence, Verdict

EXACT = EvidenceItem(Evidence.EXACT, "by structure", {"entry": "0"})
ENCLOSED = EvidenceItem(Evidence.ENCLOSED, "a ball excludes 0", {"x": "[1 ± 0.1]"})
SEEN = EvidenceItem(Evidence.EXPERIMENTAL, "ten networks", {"mean": "0.5"})


def certificate(verdict: Verdict = Verdict.PROVED, *evidence: EvidenceItem, **more: object) -> Certificate:
    """A certificate of a made-up claim."""
    given = {"argument": Argument.DIRECT, "scope": "all 3 inputs", **more}
    return Certificate("a.b", "a", "tanh", verdict, evidence, **given)  # type: ignore[arg-type]  # fields by name


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
    with pytest.raises(SpecError, match=f"not a certificate: it has no '{field}'"):
        Certificate.from_json(document)


@pytest.mark.parametrize("value", [[1], None, "text", 7])
def test_what_is_no_object_is_no_certificate(value: Any) -> None:
    with pytest.raises(SpecError, match="not a certificate: it is no JSON object"):
        Certificate.from_json(value)


def test_a_forged_certificate_is_refused() -> None:
    """Changing the verdict of a file does not make a proof: the constructor looks at the evidence again."""
    document = certificate(Verdict.CONSISTENT, SEEN).to_json()
    document["verdict"] = "PROVED"
    with pytest.raises(SpecError, match="cannot be PROVED"):
        Certificate.from_json(document)


@pytest.mark.parametrize(
    ("lower", "upper"), [(0.9, 0.0015), (float("nan"), 1.0), ("abc", 1.0), (True, 1.0), (0.0, [1])]
)
def test_bounds_are_numbers_in_order(lower: object, upper: object) -> None:
    with pytest.raises(ValueError, match=r"is above|is no number"):
        certificate(Verdict.PROVED, EXACT, lower=lower, upper=upper)


def test_what_json_does_not_have_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for detail in ({"x": object()}, {"x": 10**5000}, {("a", "b"): 1}):
        with pytest.raises(SpecError, match="cannot be written"):
            certificate(Verdict.PROVED, EXACT, detail=detail).save(tmp_path / "c.json")
    with pytest.raises(SpecError, match="choose a name in"):
        certificate(Verdict.PROVED, EXACT).save(tmp_path / "c.npz")
    assert list(tmp_path.iterdir()) == []
    made = certificate(Verdict.UNKNOWN, reason="r", lower=-float("inf"), upper=float("inf"), detail={"w": float("inf")})
    read = Certificate.read(made.save(tmp_path / "c.json"))
    assert (read.lower, read.upper, read.detail) == (made.lower, made.upper, {"w": None})


def test_kernels_of_plain_networks_are_named_and_saved(tmp_path: Path) -> None:
    """Depth, variances, convention, data, their normalisation; the claim is declared, the checker proves it again."""
    points = [[1.0, 0.0], [0.0, 2.0]]
    ntk = cg.ntk(points, activation="erf", depth=2, sigma_w2="9/4", sigma_b2="1/100", convention="pre-activation")
    nngp = cg.nngp(points, activation=["tanh", "relu"], depth=2, normalize="sphere")
    for K, more in ((ntk, {"convention": "pre-activation"}), (nngp, {})):
        path = cg.certify(K, at_least="1/1000").save(tmp_path / "c.json")
        saved, read = json.loads(path.read_text()), Certificate.read(path)
        assert (read.claim, read.system) == ("kernel.least-eigenvalue", K.instance.system)
        assert any(claim.id == read.claim for claim in CLAIMS)
        assert read.system in KERNELS
        network = K.instance.network
        assert saved["detail"]["parameters"] == {
            "depth": 2,
            "activations": [phi.name for phi in network.activations],
            "sigma_w2": list(map(str, network.sigma_w2)),
            "sigma_b2": list(map(str, network.sigma_b2)),
            **more,
        }
        data = saved["detail"]["data"]
        assert (data["sha256"], data["n"], data["d"]) == (K.instance.data.digest, 2, 2)
        assert data["normalize"] == K.instance.data.normalize
        (part,) = cg.check(path).parts
        assert part.verdict == "VALID", part
        assert "depth=2" in part.reason


def test_certificates_without_a_rule_name_their_parameters(tmp_path: Path) -> None:
    K = cg.population_gram("deq-general", [[1.0, 0.0], [0.0, 1.0]], activation="gelu_tanh", sigma_w2="1/32")
    saved = json.loads(cg.certify(K, at_least="1/1000").save(tmp_path / "c.json").read_text())
    assert saved["detail"]["parameters"] == {"sigma_w2": "1/32"}
    assert saved["detail"]["data"]["normalize"] == "sphere"
    assert "no rule" in saved["detail"]["not checkable"]


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    """In the folders below too; other hidden files are left alone."""
    script = "import os, sys; from pathlib import Path; from certigram.numerics import files\n"
    script += "os.replace = lambda *paths: os._exit(9)\n"
    script += "files.write_atomically(Path(sys.argv[1]), 'half')"
    for name in ("a.json", "certificates/b.json"):
        assert subprocess.run([sys.executable, "-c", script, tmp_path / name], check=False).returncode == 9
    strange = tmp_path / ".notes.tmp"
    strange.write_text("")
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 3
    remove_parts(tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [strange]
    remove_parts(tmp_path / "nothing")


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_only_files_are_replaced(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.mkdir() if kind == "folder" else os.mkfifo(target)
    with pytest.raises(SpecError, match=r"Is a directory|is a pipe, not a file"):
        write_atomically(target, "text")
    assert not target.is_file()


def test_a_failure_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"Not a directory|exists") as failed:
        write_atomically(tmp_path / "file" / "x.json", "text")
    assert failed.value.filename == str(tmp_path / "file" / "x.json")


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


def test_a_refutation_says_what_it_rests_on(tmp_path: Path) -> None:
    """Two equal points need no theorem; antipodes of an odd activation and affine ranks do. Both are VALID."""
    equal, opposite = [[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0], [-1.0, -2.0]]
    for points, name, argument in (
        (equal, "tanh", Argument.DIRECT),
        (opposite, "tanh", Argument.WRITTEN),
        ([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 2.0]], "x/2 + 1", Argument.WRITTEN),
    ):
        K = cg.population_gram("deq-general", points, activation=name, sigma_w2="1/16")
        refuted, proved = cg.certify(K, at_least="1/1000"), cg.certify(K, at_least=0)
        assert (refuted.verdict, refuted.argument) == (Verdict.REFUTED, argument)
        assert (proved.verdict, proved.argument) == (Verdict.PROVED, Argument.DIRECT)
        assert cg.check(refuted.save(tmp_path / "c.json")).verdict == "VALID"


def test_the_claim_of_a_certificate_is_what_was_decided(tmp_path: Path) -> None:
    """Its statement is that of the proof; the claim of a study stands only where the bounds decide that one."""
    K = cg.population_gram("deq-general", [[1.0, 0.0], [0.0, 1.0]], activation="tanh")
    own = "deq-general.least-eigenvalue"
    for bound, verdict, decided in (("1/2", "PROVED", True), ("-1", "PROVED", True), ("53/100", "REFUTED", False)):
        path = cg.certify(K, at_least=bound).save(tmp_path / "c.json")
        document = json.loads(path.read_text())
        assert (document["claim"], document["verdict"]) == ("kernel.least-eigenvalue", verdict)
        for claim, valid in ((own, decided), ("kernel.least-eigenvalue", True), ("deq-relu.least-eigenvalue", False)):
            path.write_text(json.dumps({**document, "claim": claim}))
            (part,) = cg.check(path).parts
            assert (part.verdict, part.line) == (("VALID", "") if valid else ("INVALID", "claim"))
    singular = cg.population_gram("deq-general", [[1.0, 0.0], [1.0, 0.0]], activation="tanh")
    path = cg.certify(singular, at_least=0).save(tmp_path / "s.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "claim": own}))
    assert cg.check(path).parts[0].line == "claim"  # 0 is not positive
