"""The command line: status 0 all are VALID; 1 one is INVALID; 3 none is, but one is UNSUPPORTED; 2 nothing to check."""

import sys
from pathlib import Path

from .certificate import check
from .verdicts import INVALID, UNSUPPORTED, printable


def certificate_files(path: Path) -> list[Path]:
    """The certificate files that a path means: itself, or the .json files of the folder or of its ``certificates``."""
    if path.is_dir():
        inner = path / "certificates"
        return sorted((inner if inner.is_dir() else path).glob("*.json"))
    return [path] if path.is_file() else []


def main(arguments: list[str]) -> int:
    """Check what the arguments name, print one line for each certificate; the exit status."""
    paths = [Path(x) for x in arguments if x != "--exact"]
    wrong = [x for x in paths if str(x).startswith("-") or not certificate_files(x)]
    if not paths or wrong:
        what = f"{printable(str(wrong[0]))}: there is no certificate here" if wrong else "nothing to check"
        print(f"{what}: give a .json certificate, or a folder of them [--exact: without flint].", file=sys.stderr)
        return 2
    verdicts = set()
    for file in (file for path in paths for file in certificate_files(path)):
        found = check(file, accelerate="--exact" not in arguments)
        verdicts.add(found.verdict)
        place = f" at {found.line}" if found.line else ""
        print(f"{found.verdict:<11} {printable(found.path)}{place}: {found.reason}")
    return 1 if INVALID in verdicts else 3 if UNSUPPORTED in verdicts else 0
