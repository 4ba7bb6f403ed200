"""What Coq says of an exported file: VALID, or INVALID and why."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ....theory.errors import SpecError, Unfinished
from ...replay import INVALID, VALID, check
from ...stored import read_json
from .skeleton import recognised
from .subject import NoTheorem
from .theorem import theorem_of_file
from .toolchain import LIBRARY, Finished, library, program, reason, run

__all__ = ["FormalVerdict", "NoTheorem", "check_text", "check_with_coq"]

MAX_FILE = 1 << 28
BOUND = re.compile(r"\(IZR \(?(-?[0-9]+)\)? / IZR \(10 \^ ([0-9]+)\)\)\.\nProof\.")
"""The bound at the end of a theorem of an exported file."""
REALS = {
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "Classical_Prop.classic",
    "FunctionalExtensionality.functional_extensionality_dep",
}
"""What the real numbers of Coq's standard library are built on."""
PRIMITIVE = {
    "z": (),
    "bigint": ("PrimInt63", "Uint63", "Sint63"),
    "float": ("PrimInt63", "Uint63", "Sint63", "PrimFloat", "FloatAxioms"),
}
"""The modules of the standard library that describe the processor's words and floats, for each backend."""


@dataclass(frozen=True, slots=True)
class FormalVerdict:
    """VALID where the kernel of Coq accepted the theorems of a file, else INVALID and the reason.

    ``theorems`` are their statements as they stand in the file, ``assumptions`` the axioms on which they rest,
    ``seconds`` and ``megabytes`` what coqc took (None where the system does not say), ``rechecked`` whether ``coqchk``
    checked the compiled file once more.
    """

    verdict: str
    path: str
    reason: str
    theorems: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    seconds: float | None = None
    megabytes: int | None = None
    rechecked: bool = False

    def __bool__(self) -> bool:
        raise TypeError("compare the verdict with 'VALID' or 'INVALID'")


def check_with_coq(
    path: Path, *, backend: str = "float", coqchk: bool = False, cache: Path | None = None
) -> FormalVerdict:
    """Check an exported file, or a certificate through its export, with Coq.

    A certificate must be VALID for the independent checker too, which looks at the record around the proof; where the
    theorems, whose bounds are weaker, do not say what it states, ``reason`` says so beside VALID. Raises
    :class:`SpecError` where Coq is not installed or there is nothing to check, :class:`Unfinished` where coqc was
    killed.
    """
    program("coqc")
    if path.suffix == ".v":
        text = _read(path)
        return check_text(text, str(path), coqchk=coqchk, cache=cache)
    try:
        text = theorem_of_file(path, backend=backend)
    except NoTheorem:
        raise
    except SpecError:
        told = check(path)
        if told.verdict != INVALID:
            raise
    else:
        told = check(path)
    if told.verdict != VALID:
        return FormalVerdict(INVALID, str(path), f"certigram check: {told.verdict}, {told.line}: {told.reason}")
    found = check_text(text, str(path), coqchk=coqchk, cache=cache)
    return replace(found, reason=short_of(read_json(path), text)) if found.verdict == VALID else found


def short_of(certificate: Any, text: str) -> str:
    """What a certificate states and the theorems, whose bounds are weaker, do not; empty where they state it too."""
    said = certificate["proof"]["statement"]
    low, high = (Fraction(int(m), 10 ** int(k)) for m, k in BOUND.findall(text))
    bound, strict = Fraction(said["bound"]), said["relation"] == ">"
    whole = {
        "PROVED": low > bound if strict else low >= bound,
        "REFUTED": high <= bound if strict else high < bound,
    }
    if whole.get(certificate["verdict"], True):
        return ""
    return (
        f"the theorems are true, but too weak for what the certificate states, {certificate['verdict']}"
        f" {said['relation']} {said['bound']}: try --backend bigint"
    )


def check_text(text: str, path: str, *, coqchk: bool = False, cache: Path | None = None) -> FormalVerdict:
    """The verdict on the text of an exported file."""
    known = recognised(text)
    if known is None:
        why = "it differs from an exported file in more than numbers: read it, and run coqc on it yourself"
        return FormalVerdict(INVALID, path, why)
    built = library(cache)
    theorems = tuple(re.findall(r"^Theorem .*?\.(?=\nProof\.)", text, re.S | re.M))
    with tempfile.TemporaryDirectory(prefix="certigram-coq-") as place:
        folder = Path(place)
        paths = ["-q", "-w", "none", "-Q", str(built), LIBRARY, "-Q", ".", "Exported"]
        (folder / "Bounds.v").write_text(text, "utf-8")
        done = run([program("coqc"), *paths, "Bounds.v"], folder)
        _require_end(done)
        if done.status:
            why = f"coqc does not accept it: {refusal(done)}"
            return FormalVerdict(INVALID, path, why, theorems, (), done.seconds, done.megabytes)
        both = "Definition both := (Bounds.lower, Bounds.upper).\nPrint Assumptions both.\n"
        (folder / "Assumptions.v").write_text(f"From Exported Require Bounds.\n{both}", "utf-8")
        shown = run([program("coqc"), *paths, "Assumptions.v"], folder)
        _require_end(shown)
        assumptions = assumed(shown.output)
        alien = sorted(x for x in assumptions if x not in REALS and x.split(".")[0] not in PRIMITIVE[known[1]])
        if shown.status or alien:
            why = f"it rests on {', '.join(alien)}" if alien else f"its assumptions are not shown ({reason(shown)})"
            return FormalVerdict(INVALID, path, why, theorems, assumptions, done.seconds, done.megabytes)
        if coqchk:
            again = run(
                [program("coqchk"), "-silent", "-bytecode-compiler", "yes", *paths[3:], "-norec", "Exported.Bounds"],
                folder,
            )
            _require_end(again)
            if again.status:
                why = f"coqchk does not accept it: {reason(again)}"
                return FormalVerdict(INVALID, path, why, theorems, assumptions, done.seconds, done.megabytes)
        return FormalVerdict(VALID, path, "", theorems, assumptions, done.seconds, done.megabytes, coqchk)


def assumed(output: str) -> tuple[str, ...]:
    """The names that ``Print Assumptions`` lists; whatever is no line of such a list counts as a name too.

    >>> assumed("Axioms:" + chr(10) + "A.b : forall" + chr(10) + "  x, x" + chr(10) + "Closed under the global context")
    ('A.b',)
    """
    found = set()
    for line in output.splitlines():
        if line and not line.startswith(" ") and line not in ("Axioms:", "Closed under the global context"):
            found.add(line.split(" ")[0])
    return tuple(sorted(found))


def refusal(done: Finished) -> str:
    """Why coqc refused, in a sentence where it is the usual reason."""
    if re.search(r'"eq_refl"\s+has\s+type\s+"true\s*=\s*true"', done.errors):
        side = "lower" if re.search(r"Check\.check_lower", done.errors) else "upper"
        return f"the check of the {side} bound does not succeed with these data, this factor and this vector"
    return reason(done)


def _require_end(done: Finished) -> None:
    if done.status < 0 or "Out of memory" in done.errors:
        raise Unfinished(f"coqc did not finish ({reason(done)}): give it more memory or time, and start again.")


def _read(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > MAX_FILE:
        raise SpecError(f"{path}: there is no exported file here: `certigram export --coq CERTIFICATE` writes one.")
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise SpecError(f"{path}: this is no text: `certigram export --coq CERTIFICATE` writes one.") from None
