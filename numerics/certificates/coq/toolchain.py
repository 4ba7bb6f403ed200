"""Coq on this machine: where it is, how it is run, and the library of certigram built for it, outside the package."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from .... import theory
from ....theory.errors import SpecError
from ....theory.printable import printable

LIBRARY = "Certigram"
"""The logical name of the library."""
ABSENT = (
    "Coq is not installed: `apt-get install coq libcoq-coquelicot libcoq-interval libcoq-bignums` installs it on Debian"
    " and Ubuntu (1.1 GB), `opam install coq-coquelicot coq-interval` elsewhere."
)


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that has ended: its status (negative: the signal), what it wrote, CPU seconds, memory at most in MB.

    The last two are None where the system does not say.
    """

    status: int
    output: str
    errors: str
    seconds: float | None
    megabytes: int | None


def sources() -> Path:
    """The folder of the library's sources."""
    return Path(str(theory.__file__)).resolve().parent / "formal"


def program(name: str) -> str:
    """The path of ``coqc`` or ``coqchk``; raises :class:`SpecError` where Coq is not installed."""
    found = shutil.which(name)
    if found is None:
        raise SpecError(ABSENT)
    return found


def order() -> list[str]:
    """The names of the library's files, each after those that it uses."""
    lines = (sources() / "_CoqProject").read_text("utf-8").split()
    return [line for line in lines if line.endswith(".v")]


def run(arguments: list[str], folder: Path) -> Finished:
    """Run a program to its end, or to ours."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        seconds, megabytes = None, None
        try:
            if hasattr(os, "wait4"):
                _, code, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(code)
                seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss // 1024
            else:
                process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        texts = []
        for stream in (output, errors):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "replace"))
        return Finished(process.returncode, texts[0], texts[1], seconds, megabytes)


@cache
def version() -> str:
    """The version of Coq and of the OCaml that compiled it."""
    return subprocess.run(
        [program("coqc"), "--print-version"], capture_output=True, text=True, check=True
    ).stdout.strip()


def digest() -> str:
    """SHA-256 of the library's sources."""
    found = sha256()
    for name in ("_CoqProject", *order()):
        content = (sources() / name).read_bytes()
        found.update(f"{name}|{len(content)}|".encode() + content)
    return found.hexdigest()


def cache_folder() -> Path:
    """Where a user's caches lie."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "certigram"


def library(folder: Path | None = None) -> Path:
    """The compiled library: built once for these sources and this Coq, under ``folder`` or the user's cache.

    Raises :class:`SpecError` where Coq, or a library that ours needs, is not installed, or nothing can be written.
    """
    coqc, base = program("coqc"), folder or cache_folder()
    name = sha256(f"{digest()}|{version()}".encode()).hexdigest()[:24]
    place = base / f"coq-{name}"
    if (place / "built").is_file():
        return place
    try:
        base.mkdir(parents=True, exist_ok=True)
        with _alone(base / "coq.lock"):
            return place if (place / "built").is_file() else _build(coqc, base, place)
    except OSError as error:
        raise SpecError(f"{base}: {error.strerror}: set XDG_CACHE_HOME to a folder that can be written.") from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time, where the system has locks that end with their process."""
    with path.open("a") as file:
        try:
            import fcntl
        except ImportError:  # pragma: no cover - Windows: two processes may build, one of them in vain
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(coqc: str, base: Path, place: Path) -> Path:
    """Compile into a hidden folder, which has its name when it is whole."""
    part = Path(tempfile.mkdtemp(prefix=".coq-", dir=base))
    try:
        for file in order():
            shutil.copyfile(sources() / file, part / file)
            done = run([coqc, "-q", "-w", "none", "-Q", ".", LIBRARY, file], part)
            if done.status:
                raise SpecError(f"coqc does not build {file} of the library ({reason(done)}). {ABSENT}")
        (part / "built").write_text(f"{version()}\n{time.time()}\n", "utf-8")
        try:
            os.rename(part, place)
        except OSError:  # another process was first
            if not (place / "built").is_file():
                raise
        return place
    finally:
        shutil.rmtree(part, ignore_errors=True)


def reason(done: Finished) -> str:
    """Why a program failed, on one line."""
    if done.status < 0:
        return f"ended by signal {-done.status}"
    lines = [line.strip() for line in done.errors.splitlines() if line.strip() and not line.startswith("File ")]
    return printable(" ".join(lines)[:300]).rstrip(".") or f"status {done.status}"
