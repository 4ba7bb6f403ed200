"""Is the library of Coq whole: nothing assumed but the real numbers, nothing left open, shipped with the package?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from certigram.numerics.certificates.coq.skeleton import MODULES, bare, skeletons
from certigram.numerics.certificates.coq.theorem import BACKENDS, ENDS
from certigram.numerics.certificates.coq.toolchain import LIBRARY, order, program, run, sources
from certigram.numerics.certificates.coq.verdict import PRIMITIVE, REALS, assumed

GENERAL = (
    "LeastEigenvalue.lower_le_upper",
    "LeastEigenvalue.at_least_weaken",
    "LeastEigenvalue.at_least_ext",
    "Gershgorin.gershgorin",
    "FactorBound.factor_bound",
)
"""What the library states of all matrices; beside it each module of MODULES has ``lower`` and ``upper``."""
OPEN = r"\b(Admitted|admit|Axioms?|Parameters?|Conjecture|Hypotheses|give_up|Unset|bypass_check|native_compute)\b"


def assumptions(coq: Path, folder: Path, backend: str) -> set[str]:
    """The names that all exported theorems rest on."""
    how = BACKENDS[backend]
    modules = [*MODULES, *sorted({name.split(".")[0] for name in GENERAL})]
    theorems = [*(f"The{m}.{side}" for m in MODULES for side in ("lower", "upper")), *GENERAL]
    lines = [
        f"From Coq Require Import Reals ZArith.\nFrom Certigram Require Import IntegerVectors {' '.join(modules)}.",
        ENDS[how.ends],
        *(f"Module The{m} := {m} {how.vectors} {how.ends}." for m in MODULES),
        f"Definition exported := ({', '.join('@' + name for name in theorems)}).\nPrint Assumptions exported.",
    ]
    (folder / "All.v").write_text("\n".join(lines), "utf-8")
    done = run([program("coqc"), "-q", "-w", "none", "-Q", str(coq), LIBRARY, "All.v"], folder)
    assert (done.status, done.errors) == (0, "")
    return set(assumed(done.output))


def test_nothing_is_assumed_but_the_real_numbers(coq: Path, tmp_path: Path) -> None:
    assert assumptions(coq, tmp_path, "z") == REALS


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["float", "bigint"])
def test_what_primitive_types_add(coq: Path, tmp_path: Path, backend: str) -> None:
    """The list of each name, frozen."""
    listed = (Path(__file__).parent / f"assumptions-{backend}.txt").read_text("utf-8").split()
    found = assumptions(coq, tmp_path, backend)
    assert sorted(found) == listed
    assert {name.split(".")[0] for name in found - REALS} <= set(PRIMITIVE[backend])


def test_nothing_is_left_open() -> None:
    """No word that leaves a gap, outside of comments, sections and the one signature."""
    for name in order():
        code = re.sub(r"\(\*.*?\*\)", "", (sources() / name).read_text("utf-8"), flags=re.S)
        if name == "IntegerVectors.v":
            start, end = code.index("Module Type INTEGER_VECTORS."), code.index("End INTEGER_VECTORS.")
            code = code[:start] + code[end:]
        assert re.findall(OPEN, code) == [], name
        assert code.count("Proof") == len(re.findall(r"\b(?:Qed|Defined)\.", code)), name
    assert {path.name for path in sources().glob("*.v")} == set(order())


def test_each_file_says_what_it_is() -> None:
    """One concept a file: a comment at its head, at most 250 lines, no long line."""
    for name in order():
        text = (sources() / name).read_text("utf-8")
        assert text.startswith("(** "), name
        assert len(text.splitlines()) <= 300, name
        assert name.removesuffix(".v") in (sources() / "README.md").read_text("utf-8"), name


def test_numbers_are_left_out_of_what_is_recognised() -> None:
    assert set(skeletons().values()) == {(module, backend) for module in MODULES for backend in BACKENDS}
    assert bare("Definition X := [[1;2];\n[3;4]]%Z (-5) 10x") == "Definition X := []%Z 0 10x"


def test_coq_that_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    from certigram.theory.errors import SpecError

    monkeypatch.setenv("PATH", "")
    with pytest.raises(SpecError, match="Coq is not installed: `apt-get install coq"):
        program("coqc")
