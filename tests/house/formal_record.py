"""Compile the theorems of ``theory/formal/lemmas`` with Coq and write down what was accepted.

``python tests/house/formal_record.py`` writes ``accepted.json``; it needs coqc with Coquelicot
(theory/formal/lemmas/README.md).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from certigram.theory.claims import formal

AXIOMS = (
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
    "Eqdep.Eq_rect_eq.eq_rect_eq",
)
"""The axioms of the real numbers in Coq's standard library and in Coquelicot; nothing else may appear."""
ORDER = (
    "Vectors",
    "Equilibrium",
    "Matrices",
    "Spectra",
    "Descent",
    "Residual",
    "Logistic",
    "Population",
    "Features",
    "Widths",
)


class Refused(Exception):
    """What coqc said of a file that it does not accept."""


def coqc(folder: Path, file: str) -> str:
    """Compile one file of a folder that holds the library under lemmas/; returns what was printed."""
    command = ["coqc", "-q", "-w", "none", "-Q", ".", "Certigram", file]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise Refused(done.stderr.strip()[-800:])
    return done.stdout


def compiled(folder: Path) -> list[str]:
    """Compile all files into ``folder`` and return the axioms that the listed theorems rest on."""
    target = folder / "lemmas"
    target.mkdir(exist_ok=True)
    for name, file in formal.shared_sources().items():
        (folder / f"{name}.v").write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        coqc(folder, f"{name}.v")
    for name, file in formal.sources().items():
        (target / f"{name}.v").write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    for name in ORDER:
        coqc(folder, f"lemmas/{name}.v")
    return axioms(folder)


def axioms(folder: Path) -> list[str]:
    """The axioms that the listed theorems rest on together, as Coq prints them."""
    places = sorted({f"{line.file}.{line.theorem}" for line in formal.stated_lines()})
    body = [f"From {formal.LIBRARY} Require {' '.join(ORDER)}."]
    body += ["Definition listed :=", " ,\n ".join(f"@{place}" for place in places).join(("(", ")."))]
    body += ["Print Assumptions listed."]
    (folder / "Assumptions.v").write_text("\n".join(body) + "\n", encoding="utf-8")
    printed = coqc(folder, "Assumptions.v").partition("Axioms:")[2]
    return sorted(re.findall(r"^([A-Za-z_][\w.]*)\s*:", printed, re.M))


def record(folder: Path) -> dict[str, object]:
    """What is written into accepted.json."""
    used = compiled(folder)
    if strange := [name for name in used if name not in AXIOMS]:
        raise Refused(f"axioms that are not allowed: {strange}")
    version = subprocess.run(["coqc", "--print-version"], capture_output=True, text=True, check=True).stdout.split()[0]
    theorems = sorted({f"{line.file}.{line.theorem}" for line in formal.stated_lines()})
    return {"coq": version, "digest": formal.digest(), "axioms": used, "theorems": theorems}


if __name__ == "__main__":
    if shutil.which("coqc") is None:
        sys.exit("coqc is not installed; on Debian: apt install coq libcoq-coquelicot")
    with tempfile.TemporaryDirectory() as scratch:
        written = record(Path(scratch))
    path = Path(__file__).parents[2] / "theory" / "formal" / "lemmas" / formal.RECORD
    path.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(f"{len(written['theorems'])} theorems, axioms: {', '.join(written['axioms'])}")  # type: ignore[arg-type]
