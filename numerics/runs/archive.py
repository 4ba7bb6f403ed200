"""The folder of a finished run, read back: its results without computing anything, and what in it is out of date."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...theory.errors import SpecError
from ...theory.numbers import rational
from ...theory.verdict import Verdict
from ..balls.budget import Budget
from ..certificates.certificate import FORMAT, Certificate
from ..stored import read_json
from ..studies.data import DataSet
from ..studies.study import Study
from .results import Results

RESULTS = "results.json"
CERTIFICATES = "certificates"


@dataclass(frozen=True, eq=False)
class RecordedData(DataSet):
    """A data set of which only the description is left: enough for a report, not for a computation."""

    points_n: int = 0
    points_d: int | None = None
    sha256: str = ""
    labels_sha256: str | None = None

    @property
    def n(self) -> int:
        """The number of points."""
        return self.points_n

    @property
    def d(self) -> int | None:
        """The dimension of the inputs, when points were given."""
        return self.points_d

    @property
    def digest(self) -> str:
        """SHA-256 of the exact numbers, as the run recorded it."""
        return self.sha256

    @property
    def labels_digest(self) -> str | None:
        """SHA-256 of the labels, as the run recorded it."""
        return self.labels_sha256


def read_document(run: str | os.PathLike[str]) -> tuple[Path, dict[str, Any]]:
    """The folder of a run and the document of its results.json; ``run`` is that folder or that file.

    Raises :class:`SpecError` when there is none, or when it is something else.
    """
    given = Path(run)
    path = given / RESULTS if given.is_dir() else given
    if not path.is_file():
        raise SpecError(f"{given} holds no {RESULTS}: give the folder of a finished run, such as out/digits.")
    try:
        document = read_json(path)
    except SpecError as error:
        raise SpecError(f"{str(error).rstrip('.')}: run the study again.") from None
    if not isinstance(document, dict) or not {"study", "digest", "claims"} <= set(document):
        raise SpecError(f"{path} is not the results of a run: give the folder that `certigram verify` wrote.")
    return path.parent, document


def read_results(run: str | os.PathLike[str]) -> Results:
    """The results of a finished run, from its results.json and its certificates; nothing is computed.

    A claim whose certificate is missing or damaged keeps the verdict of results.json, but never PROVED or REFUTED:
    these become UNKNOWN, because their evidence is in the certificate. Raises :class:`SpecError` when the folder holds
    no results, or results whose digest does not fit their study.
    """
    folder, document = read_document(run)
    try:
        study = _study(document)
        digest = study.digest
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _incomplete(folder, error) from None
    if digest != document["digest"]:
        raise SpecError(
            f"{folder / RESULTS}: its digest does not fit its study: it was edited, or written by another version"
            " of certigram; run the study again."
        )
    try:
        saved = _saved(folder / CERTIFICATES, digest)
        rows = [((row["id"], row["activation"]), row) for row in document["claims"]]
        found = tuple(saved[key] if key in saved else _bare(row) for key, row in rows)
        notes = tuple(map(str, document["notes"]))
        return Results(
            study, found, float(document["seconds"]), str(document["version"]), bool(document["complete"]), notes
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _incomplete(folder, error) from None


def _incomplete(folder: Path, error: Exception) -> SpecError:
    why = str(error).rstrip(".") if isinstance(error, SpecError) else f"{type(error).__name__}: {error}"
    return SpecError(f"{folder / RESULTS} is not complete ({why}): run the study again.")


def remove_stale(folder: Path, digest: str) -> list[Path]:
    """Remove the certificates that a run of *another* study left in this folder; what was removed.

    A file that no run wrote (another format, no digest of a study) is left alone.
    """
    removed = []
    for path, document in _documents(folder / CERTIFICATES):
        detail = document.get("detail")
        owner = detail.get("study") if isinstance(detail, dict) else None
        if isinstance(owner, str) and owner != digest:
            for file in (path, path.with_suffix(".npz")):
                file.unlink(missing_ok=True)
            removed.append(path)
    return removed


def last_runs(out: Path) -> Mapping[str, tuple[Path, dict[str, Any]]]:
    """For each system the newest run below ``out`` (or ``out`` itself) that checked it: its folder and its document."""
    files = [file for file in (out / RESULTS, *out.glob(f"*/{RESULTS}")) if file.is_file()]
    found: dict[str, tuple[Path, dict[str, Any]]] = {}
    for file in sorted(files, key=lambda file: file.stat().st_mtime):
        try:
            folder, document = read_document(file)
            names = {str(row["system"]) for row in document["claims"]}
        except (SpecError, KeyError, TypeError):
            continue
        found |= dict.fromkeys(names, (folder, document))
    return MappingProxyType(found)


def _documents(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            document = read_json(path)
        except SpecError:
            continue
        if isinstance(document, dict) and document.get("format") == FORMAT:
            yield path, document


def _saved(folder: Path, digest: str) -> dict[tuple[str, str], Certificate]:
    found: dict[tuple[str, str], Certificate] = {}
    for path, _ in _documents(folder):
        try:
            certificate = Certificate.read(path)
        except SpecError:
            continue
        if certificate.detail.get("study") == digest:
            found[certificate.claim, certificate.activation] = certificate
    return found


def _bare(row: Mapping[str, Any]) -> Certificate:
    for key in ("id", "system", "activation", "method", "reason"):
        if not isinstance(row[key], str):
            raise SpecError(f"the {key} of a claim is not text")
    verdict = Verdict[row["verdict"]]
    known = {key: row[key] for key in ("method", "seconds", "reason", "lower", "upper", "margin")}
    if verdict.rigorous:  # PROVED is not to be had from a table: the evidence is in the certificate
        return Certificate(
            row["id"], row["system"], row["activation"], Verdict.UNKNOWN, method=str(row["method"]),
            reason=f"{RESULTS} says {verdict}, but the certificate with its evidence is missing or damaged:"
            " run the study again.",
        )  # fmt: skip
    return Certificate(row["id"], row["system"], row["activation"], verdict, **known)


def _study(document: Mapping[str, Any]) -> Study:
    setting = document["setting"]
    return Study(
        name=str(document["study"]),
        systems=tuple(setting["systems"]),
        activations=tuple(setting["activations"]),
        kernels=tuple(setting["kernels"]),
        data=_data(document["data"]),
        parameters={
            system: {name: rational(value, what=name) for name, value in table.items()}
            for system, table in setting["parameters"].items()
        },
        widths=tuple(setting["widths"]),
        replicates=int(setting["replicates"]),
        alpha=float(setting["alpha"]),
        budget=Budget(**setting["budget"]),
    )


def _data(recorded: Mapping[str, Any]) -> RecordedData:
    return RecordedData(
        points=None,
        input_gram=None,
        description=str(recorded["description"]),
        normalize=recorded["normalize"],
        points_n=int(recorded["n"]),
        points_d=recorded["d"],
        sha256=str(recorded["sha256"]),
        labels_sha256=recorded["labels"],
    )
