"""The study file: TOML read into a checked specification, and the specification into a Study.

The models below are the reference of the format: field names, defaults and meanings are theirs, and
``docs/study-file.md`` is generated from them (``python -m certigram.spec``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .numerics.balls.budget import LONGEST, Budget
from .numerics.studies.data import MANY, SUFFIXES, load
from .numerics.studies.reading import NUMBERS, Reading
from .numerics.studies.study import Study
from .theory.activations.activation import activation
from .theory.claims.system import system, systems
from .theory.errors import SpecError
from .theory.numbers import MAX_DIGITS, require_short
from .theory.printable import shown
from .theory.suggestion import suggestion

MAX_STUDY_BYTES = 1 << 20
T = TypeVar("T")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class StudySection(_Section):
    """What is checked."""

    name: str = Field(
        default="study", description="name of the run (letters, digits, `_`, `-`, `.`); results go to `out/<name>/`"
    )
    systems: list[str] = Field(description="systems to check, by name (`certigram list systems`)", min_length=1)
    activations: list[str] = Field(
        default=[], description="activations by name or as expressions in x; empty: the defaults of each system"
    )
    kernels: list[str] = Field(
        default=[], description="kernels of the systems that are about kernels; empty: the defaults of each system"
    )
    seed: int = Field(default=0, description="seed of everything random", ge=0, le=MANY)


class DataSection(_Section):
    """The inputs; [data.md](data.md) says how files are read and what a number means."""

    source: str = Field(
        default="digits",
        description="digits, sphere, or a file of points: .csv, .tsv, .txt (also .gz), .npy, .npz, .parquet",
    )
    n: int | None = Field(default=None, description="number of points; default: 200, or all rows of a file")
    d: int = Field(default=64, description="dimension, for source = sphere", le=MANY)
    normalize: str = Field(default="sphere", description="sphere: rescale to norm sqrt(d); none: keep the norms")
    numbers: str = Field(
        default="decimal",
        description="numbers of a file: decimal, exactly what is written, or binary64, the nearest doubles",
    )
    header: bool | None = Field(
        default=None, description="whether the first line of a text file is a heading; default: by a rule"
    )
    columns: list[str | int] = Field(
        default=[], description="columns to keep, by name or place (an integer, from 0); empty: all"
    )
    drop: list[str | int] = Field(default=[], description="columns to leave out, by name or place")
    labels: str | int | None = Field(
        default=None,
        description="column of the labels by name or place, an array of the .npz file, or a file of labels",
    )
    array: str | None = Field(default=None, description="array of an .npz file that holds several")


class FiniteWidthSection(_Section):
    """The networks that are sampled."""

    widths: list[int] = Field(default=[256, 512, 1024, 2048], description="widths m; an empty list samples nothing")
    seeds: int = Field(default=20, description="networks per width", ge=1, le=10_000)
    alpha: float = Field(
        default=1e-3, description="error level of all statistical claims of the study together", gt=0, lt=0.5
    )


class BudgetSection(_Section):
    """What may be spent."""

    bits: int = Field(default=128, description="precision of enclosures, in binary digits", ge=24, le=10_000)
    max_bits: int = Field(default=1024, description="ceiling of the escalation of precision", ge=24, le=100_000)
    max_terms: int = Field(default=1024, description="longest series", ge=8, le=100_000)
    seconds: float = Field(default=600.0, description="wall time after which no new claim is started", gt=0, le=LONGEST)
    memory: float = Field(default=8.0, description="memory for matrices, in GB", gt=0, le=1e6)


class Spec(_Section):
    """A whole study file."""

    study: StudySection
    data: DataSection = DataSection()
    parameters: dict[str, dict[str, str | int | float]] = Field(
        default={}, description='one table per system, e.g. [parameters.deq-general] with sigma_w2 = "1/16"'
    )
    finite_width: FiniteWidthSection = Field(default=FiniteWidthSection(), alias="finite-width")
    budget: BudgetSection = BudgetSection()


def read_study(path: Path) -> Study:
    """The study described by a TOML file; raises :class:`SpecError` in one clear sentence for anything unusable."""
    try:
        if not path.exists():
            raise SpecError(f"there is no study file {path}: check the path.")
        if not path.is_file():
            raise SpecError(f"{path} is not a file: give the path of a study file (TOML).")
        if path.stat().st_size > MAX_STUDY_BYTES:
            raise SpecError(f"{path}: larger than 1 MB, so this is not a study file: give the path of a TOML file.")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not a text file (byte {error.start}): save the study as UTF-8 text.") from None
    except OSError as error:
        raise SpecError(f"{path}: not readable ({error.strerror}): check its permissions.") from None
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise SpecError(f"{path}: not valid TOML, nested too deeply: write a simpler study.") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path}: not valid TOML: {error}: check the syntax there.") from None
    except ValueError:  # a decimal integer beyond Python's limit
        raise SpecError(f"{path}: it holds an integer that is too long: give at most {MAX_DIGITS} digits.") from None
    return replace(build_study(document, where=str(path), base=path.parent), origin=str(path))


def default_study() -> Study:
    """The study that ships with the package: a deep equilibrium model on 200 images of handwritten digits."""
    text = (resources.files(__package__) / "default.toml").read_text(encoding="utf-8")
    return build_study(tomllib.loads(text), where="default.toml")


def build_study(document: dict[str, Any], *, where: str = "study", base: Path | None = None) -> Study:
    """The study described by the parsed TOML ``document``; relative data paths start at ``base``."""
    _require_short(document, where)
    try:
        spec = Spec.model_validate(document)
    except ValidationError as error:
        raise SpecError(f"{where}: {_sentence(error)}") from None
    names = tuple(dict.fromkeys(_found(system, name, f"{where}: [study] systems").name for name in spec.study.systems))
    canonical = [_found(activation, name, f"{where}: [study] activations").name for name in spec.study.activations]
    activations = tuple(dict.fromkeys(canonical))  # two spellings of one activation are one
    if not re.fullmatch(r"\w[\w.-]{0,63}", spec.study.name, re.ASCII):
        raise SpecError(
            f"{where}: [study] name = {shown(spec.study.name)} names a folder: use up to 64 letters, digits,"
            " underscores, hyphens and dots."
        )
    if spec.data.normalize not in ("sphere", "none"):
        raise SpecError(f'{where}: [data] normalize = "{spec.data.normalize}": choose "sphere" or "none".')
    if spec.data.numbers not in NUMBERS:
        raise SpecError(f'{where}: [data] numbers = {shown(spec.data.numbers)}: choose "decimal" or "binary64".')
    if any(m < 1 for m in spec.finite_width.widths) or len(set(spec.finite_width.widths)) < len(
        spec.finite_width.widths
    ):
        raise SpecError(f"{where}: [finite-width] widths must be distinct positive integers.")
    if 0 < len(spec.finite_width.widths) < 3 or (spec.finite_width.widths and spec.finite_width.seeds < 2):
        raise SpecError(
            f"{where}: [finite-width] needs at least three widths and two seeds to say anything about a slope:"
            " give more, or widths = [] to sample nothing."
        )
    memory = int(spec.budget.memory * 1e9)
    widest = max(spec.finite_width.widths, default=0)
    if 24 * widest**2 > memory:  # W in float64 and float32, and the draw itself
        raise SpecError(
            f"{where}: [finite-width] a network of width {shown(widest)} needs about"
            f" {min(24 * widest**2, 10**300) / 1e9:.2g} GB, the budget is {memory / 1e9:.2g} GB: take smaller widths,"
            " or raise memory in [budget]."
        )
    source = spec.data.source
    if base is not None and source.lower().endswith(SUFFIXES) and not Path(source).is_absolute():
        source = str(base / source)
    data = load(
        source,
        spec.data.n,
        d=spec.data.d,
        seed=spec.study.seed,
        normalize=None if spec.data.normalize == "none" else "sphere",
        memory=memory,
        reading=Reading(
            numbers=spec.data.numbers,
            header=spec.data.header,
            columns=tuple(spec.data.columns),
            drop=tuple(spec.data.drop),
            labels=spec.data.labels,
            array=spec.data.array,
        ),
    )
    if spec.budget.max_bits < spec.budget.bits:
        raise SpecError(f"{where}: [budget] max_bits = {spec.budget.max_bits} is below bits = {spec.budget.bits}.")
    return Study(
        name=spec.study.name,
        systems=names,
        activations=activations,
        kernels=tuple(dict.fromkeys(spec.study.kernels)),
        data=data,
        parameters=_parameters(spec.parameters, names, where),
        widths=tuple(sorted(spec.finite_width.widths)),
        replicates=spec.finite_width.seeds,
        alpha=spec.finite_width.alpha,
        budget=Budget(
            bits=spec.budget.bits,
            max_bits=spec.budget.max_bits,
            max_terms=spec.budget.max_terms,
            seconds=spec.budget.seconds,
            memory=memory,
            seed=spec.study.seed,
        ),
    )


def _require_short(content: object, where: str) -> None:
    """Refuse an integer, anywhere in the document, that is too long to be shown."""
    if isinstance(content, int):
        require_short(content, where)
    parts = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, part in parts:
        _require_short(part, f"{where}: {key}")


def _parameters(
    given: dict[str, dict[str, str | int | float]], names: tuple[str, ...], where: str
) -> MappingProxyType[str, MappingProxyType[str, Fraction]]:
    found: dict[str, MappingProxyType[str, Fraction]] = {}
    for name, table in given.items():
        known = [p.name for p in system(name).parameters]
        for key in table:
            if key not in known:
                raise SpecError(f"{where}: [parameters.{name}] has no parameter {key!r}." + suggestion(key, known))
        if name in names:
            values = {key: system(name).parameter(key).value(x, what=f"{name}.{key}") for key, x in table.items()}
            found[name] = MappingProxyType(values)
    return MappingProxyType(found)


def _sentence(error: ValidationError) -> str:
    """The first problem of a validation, as one sentence with a suggestion."""
    errors = error.errors()
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])  # a misspelt key explains the rest
    place = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        fields = _field_names(place[:-1])
        table = f"[{'.'.join(place[:-1])}] has" if len(place) > 1 else "there is"
        return f"{table} no key {place[-1]!r}." + suggestion(place[-1], fields)
    if first["type"] == "missing":
        table = f"[{'.'.join(place[:-1])}] " if len(place) > 1 else ""
        return f"{table}{place[-1]!r} is missing: a study needs at least [study] with systems = [...]."
    place = [part for part in place if part not in ("str", "int", "float")]  # members of a union, not keys
    where = f"[{place[0]}] {'.'.join(place[1:])}" if len(place) > 1 else f"[{place[0]}]"
    advice = _ADVICE.get(first["type"]) or first["msg"].removeprefix("Input ")
    return f"{where} = {shown(first.get('input'))}: it {advice}."


_ADVICE = {
    "model_type": "should be a table",
    "dict_type": "should be a table",
    "list_type": "should be a list",
    "too_short": "should have at least one entry",
    "string_type": "should be a text in quotes",
    "int_type": "should be an integer",
    "float_type": "should be a number",
}


def _found(find: Callable[[str], T], name: str, where: str) -> T:
    """What ``find`` makes of a name; its complaint says where the name stands."""
    try:
        return find(name)
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from None


def _field_names(place: list[str]) -> list[str]:
    model: type[BaseModel] = Spec
    for part in place:
        by_name = {(f.alias or name): f for name, f in model.model_fields.items()}
        annotation = by_name[part].annotation if part in by_name else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return [f.alias or name for name, f in model.model_fields.items()]


def reference_markdown() -> str:
    """The reference of the study file, generated from the models above."""
    lines = [
        "# The study file",
        "",
        'TOML; everything is optional but `[study] systems`. Numbers that must be exact are strings such as `"1/16"`;',
        "a float means its exact binary value. Paths are relative to the study file.",
        "",
        "*Generated by `python -m certigram.spec`.*",
    ]
    for name, section in Spec.model_fields.items():
        title = section.alias or name
        annotation = section.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            lines += ["", f"## [{title}]", "", (annotation.__doc__ or "").strip(), ""]
            lines += ["| key | default | meaning |", "|---|---|---|"]
            for key, field in annotation.model_fields.items():
                default = "required" if field.is_required() else f"`{field.default!r}`".replace("'", '"')
                default = "" if default == "`None`" else default
                lines.append(f"| `{field.alias or key}` | {default} | {field.description} |")
        else:
            lines += ["", f"## [{title}.*]", "", f"{section.description}.".capitalize(), ""]
            lines += ["| system | parameter | default | meaning |", "|---|---|---|---|"]
            for s in systems().values():
                lines += [f"| `{s.name}` | `{p.name}` | `{p.default}` | {p.meaning} |" for p in s.parameters]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(reference_markdown(), end="")
