"""The document of results.json: what a run found, as records whose fields make its JSON Schema.

``python -m certigram.numerics.runs.document`` prints that schema, which ships as ``reports/results.schema.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from ...theory.verdict import Argument, Verdict
from ..balls.budget import Budget
from ..records import ByName, End, schema
from ..studies.curves import Curves
from .version import RESULTS_FORMAT

Bound = Annotated[float | None, End()]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Exact = Annotated[str, Field(pattern="^-?[0-9]+(/[0-9]+)?$")]


@dataclass(frozen=True, slots=True)
class DataRecord:
    """The inputs of a run."""

    description: str
    sha256: Annotated[Sha256, Field(description="of the exact numbers of the inputs")]
    n: Annotated[Count, Field(description="number of inputs")]
    d: Annotated[Count | None, Field(description="their dimension; null when only a Gram matrix was given")]
    normalize: Annotated[
        Literal["sphere"] | None, Field(description="sphere: rescaled to norm sqrt(d); null: as given")
    ]
    labels: Annotated[
        Sha256 | None,
        Field(description="SHA-256 of the labels of the source as little-endian binary64; null when it has none"),
    ]


@dataclass(frozen=True, slots=True)
class Setting:
    """The study besides its data, as it was asked for."""

    systems: Annotated[tuple[str, ...], Field(min_length=1)]
    activations: Annotated[tuple[str, ...], Field(description="empty: the defaults of each system")]
    kernels: Annotated[tuple[str, ...], Field(description="empty: the defaults of each system")]
    parameters: Annotated[
        dict[str, dict[str, Exact]],
        Field(description="by system and name, exact rationals; what is absent had its default"),
    ]
    widths: tuple[Count, ...]
    replicates: Annotated[int, Field(ge=0)]
    alpha: Annotated[float, Field(gt=0, lt=1)]
    budget: Budget


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """What was concluded of one claim with one subject; its evidence is in the certificate."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$", description="system.slug, permanent")]
    system: str
    activation: Annotated[
        str,
        Field(
            description="the subject of the claim, as the study names it: an activation, or a kernel where the system"
            ' is about kernels; "any" when the claim is about the system alone'
        ),
    ]
    verdict: Annotated[Verdict, ByName()]
    argument: Annotated[
        Argument, ByName(), Field(description="how the conclusion follows from the hypotheses; PROVED: by a machine")
    ]
    scope: Annotated[str, Field(description="for what it was established: which inputs, labels, networks")]
    method: str
    lower: Annotated[Bound, Field(description="lower end of the certified quantity, rounded down")]
    upper: Annotated[Bound, Field(description="upper end, rounded up")]
    margin: Annotated[Bound, Field(description="proved lower bound of the distance from being false")]
    sharpness: Annotated[
        tuple[float, float] | None,
        Field(description="ends of the smaller side over the larger one, for the loosest inequality of the claim"),
    ]
    seconds: Annotated[Seconds, Field(description="CPU time of the check")]
    reason: Annotated[str, Field(description="why it is not proved; empty when there is nothing to say")]
    figure: Annotated[
        Curves | None, Field(description="curves that illustrate the verdict; absent when there are none")
    ] = None


@dataclass(frozen=True, slots=True)
class EigenvalueRow:
    """The proved least eigenvalue of one system with one subject, and the theory's own lower bounds beside it."""

    system: str
    activation: str
    n: Annotated[Count, Field(description="number of inputs")]
    lower: Annotated[float, End(), Field(description="proved: lower <= least eigenvalue")]
    upper: Annotated[float, End(), Field(description="proved: least eigenvalue <= upper")]
    bounds: Annotated[
        dict[str, Annotated[float, End()]],
        Field(description="proved lower ends of the theory's own lower bounds, by name (LB_P, LB_X, LB_F, LB_G)"),
    ]


@dataclass(frozen=True, slots=True)
class Document:
    """What a run found. Every number that bounds something is rounded outwards to a JSON number (IEEE 754 binary64);
    null means absent or not finite."""

    format: Literal["certigram-results/2"]
    study: Annotated[str, Field(min_length=1, description="name of the study")]
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+", description="version of certigram that ran")]
    digest: Annotated[Sha256, Field(description="SHA-256 of everything that may change a result")]
    data: DataRecord
    setting: Setting
    complete: Annotated[bool, Field(description="false when time ran out before every claim was checked")]
    seconds: Annotated[Seconds, Field(description="wall time of the run")]
    notes: Annotated[tuple[str, ...], Field(description="what a reader should know besides the verdicts")]
    claims: tuple[ClaimRecord, ...]
    eigenvalues: tuple[EigenvalueRow, ...]


def results_schema() -> dict[str, Any]:
    """The JSON Schema of results.json; an undecided claim has a reason, a decided one an argument and a scope."""
    found = schema(Document)
    by_machine = [argument.name for argument in Argument if argument.mechanical]
    on_paper = [Argument.WRITTEN.name, Argument.CITED.name]
    wanted: dict[tuple[Verdict, ...], dict[str, object]] = {
        (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE): {"reason": {"minLength": 1}},
        (Verdict.PROVED,): {"argument": {"enum": by_machine}, "scope": {"minLength": 1}},
        (Verdict.ARGUED,): {"argument": {"enum": on_paper}, "scope": {"minLength": 1}},
        (Verdict.REFUTED,): {"argument": {"enum": by_machine + on_paper}, "scope": {"minLength": 1}},
    }
    found["$defs"]["ClaimRecord"]["allOf"] = [
        {"if": {"properties": {"verdict": {"enum": [v.name for v in verdicts]}}}, "then": {"properties": then}}
        for verdicts, then in wanted.items()
    ]
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": RESULTS_FORMAT,
        "title": "results.json of a certigram run",
    }
    return found | head


if __name__ == "__main__":
    print(json.dumps(results_schema(), indent=2))
