"""The folder of a finished run, read back: its results without computing anything, and what in it is out of date."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...theory.errors import SpecError
from ...theory.numbers import rational
from ...theory.printable import shown
from ...theory.verdict import Verdict
from ..certificates.certificate import FORMAT, Certificate
from ..records import read
from ..stored import read_json
from ..studies.data import DataSet
from ..studies.study import Study
from .results import Results
from .version import RESULTS_FORMAT

if TYPE_CHECKING:
    from .document import ClaimRecord, DataRecord, Document

RESULTS = "results.json"
CERTIFICATES = "certificates"


@dataclass(frozen=True, eq=False)
class RecordedData(DataSet):
    """A data set of which only the description is left: enough for a report, not for a computation."""

    record: DataRecord = field(kw_only=True)

    @property
    def n(self) -> int:
        """The number of points."""
        return self.record.n

    @property
    def d(self) -> int | None:
        """The dimension of the inputs, when points were given."""
        return self.record.d

    @property
    def digest(self) -> str:
        """SHA-256 of the exact numbers, as the run recorded it."""
        return self.record.sha256

    @property
    def labels_digest(self) -> str | None:
        """SHA-256 of the labels, as the run recorded it."""
        return self.record.labels


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
    if document.get("format") != RESULTS_FORMAT:
        raise SpecError(
            f"{path} was written by another version of certigram ({shown(document.get('version'))}), whose results say"
            " less: run the study again."
        )
    return path.parent, document


def read_results(run: str | os.PathLike[str]) -> Results:
    """The results of a finished run, from its results.json and its certificates; nothing is computed.

    A claim whose certificate is missing or damaged keeps the verdict of results.json, but never PROVED or REFUTED:
    these become UNKNOWN, because their evidence is in the certificate. Raises :class:`SpecError` when the folder holds
    no results, or results whose digest does not fit their study.
    """
    from .document import Document

    folder, found = read_document(run)
    try:
        document = read(Document, found)
        study = _study(document)
        digest = study.digest
        saved = _saved(folder / CERTIFICATES, digest)
        rows = [((row.id, row.activation), row) for row in document.claims]
        claims = tuple(saved[key] if key in saved else _bare(row) for key, row in rows)
    except ValueError as error:
        why = str(error).rstrip(".")
        raise SpecError(f"{folder / RESULTS} is not complete ({why}): run the study again.") from None
    if digest != document.digest:
        raise SpecError(
            f"{folder / RESULTS}: its digest does not fit its study: it was edited, or written by another version"
            " of certigram; run the study again."
        )
    return Results(study, claims, document.seconds, document.version, document.complete, document.notes)


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


def _bare(row: ClaimRecord) -> Certificate:
    if row.verdict.rigorous:  # PROVED is not to be had from a table: the evidence is in the certificate
        return Certificate(
            row.id, row.system, row.activation, Verdict.UNKNOWN, method=row.method,
            argument=row.argument, scope=row.scope,
            reason=f"{RESULTS} says {row.verdict}, but the certificate with its evidence is missing or damaged:"
            " run the study again.",
        )  # fmt: skip
    return Certificate(
        row.id, row.system, row.activation, row.verdict, method=row.method, lower=row.lower, upper=row.upper,
        margin=row.margin, seconds=row.seconds, reason=row.reason, argument=row.argument, scope=row.scope,
        sharpness=row.sharpness,
    )  # fmt: skip


def _study(document: Document) -> Study:
    setting, data = document.setting, document.data
    return Study(
        name=document.study,
        systems=setting.systems,
        activations=setting.activations,
        kernels=setting.kernels,
        data=RecordedData(None, None, data.description, data.normalize, record=data),
        parameters={
            system: {name: rational(value, what=name) for name, value in table.items()}
            for system, table in setting.parameters.items()
        },
        widths=setting.widths,
        replicates=setting.replicates,
        alpha=setting.alpha,
        budget=setting.budget,
    )
