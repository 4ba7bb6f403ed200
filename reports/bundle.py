"""Everything a run leaves behind for a reader, in one folder: page, document, data and figures."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..numerics.files import write_atomically
from ..theory.printable import printable
from .model import Report

SECONDS = 180
"""After this long a LaTeX run is given up."""


def _to_stderr(sentence: str) -> None:
    print(printable(sentence), file=sys.stderr)


def save(
    report: Report,
    folder: str | os.PathLike[str],
    *,
    tell: Callable[[str], None] = _to_stderr,
    pdf: bool = True,
    results: bool = True,
) -> list[Path]:
    """Write report.html, report.tex with its figures, results.json, and report.pdf where latexmk is found.

    A second opinion goes to second-opinion.json.

    Each file is written whole or not at all. A missing latexmk is no failure; a LaTeX run that fails is reported
    through ``tell`` in one sentence, and everything else is there. ``results=False`` leaves results.json alone. Returns
    the files that were written.
    """
    place = Path(folder)
    files = [report.to_json(place / "results.json")] if results else []
    if report.second_opinion is not None:
        files.append(report.second_opinion.save(place))
    files += [report.to_html(place / "report.html"), source := report.to_latex(place / "report.tex")]
    figures = sorted((place / "report-figures").glob("*.pdf"))
    files += figures
    if pdf and shutil.which("latexmk"):
        made, why = typeset(source, figures)
        if made is not None:
            files.append(write_atomically(place / "report.pdf", made))
        else:
            tell(f"report.pdf was not made: {why} The source {source} is complete.")
    return files


def _run(command: list[str], room: str) -> int:
    """The exit status; a run that takes too long is ended with everything that it started."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=room, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    ) as process:
        try:
            return process.wait(SECONDS)
        except BaseException:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            raise


def typeset(source: Path, figures: list[Path]) -> tuple[bytes | None, str]:
    """The PDF of a LaTeX document, or None with the reason in a sentence; works in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="certigram-") as room:
        for file in (source, *figures):
            beside = Path(room) / file.relative_to(source.parent)
            beside.parent.mkdir(exist_ok=True)
            shutil.copy(file, beside)
        command = ["latexmk", "-norc", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]
        try:
            status = _run([*command, source.name], room)
        except subprocess.TimeoutExpired:
            return None, f"latexmk took longer than {SECONDS} s."
        except OSError as error:
            return None, f"latexmk did not start ({error})."
        made = Path(room) / f"{source.stem}.pdf"
        if status == 0 and made.is_file():
            return made.read_bytes(), ""
        log = Path(room) / f"{source.stem}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
        first = next((line.lstrip("! ").rstrip(".") for line in lines if line.startswith("!")), "")
        return None, f"LaTeX stopped ({first or f'latexmk ended with status {status}'})."
