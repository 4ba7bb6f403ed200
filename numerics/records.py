"""Records in files: frozen dataclasses whose fields say what a file may hold, read and written through pydantic.

The library is loaded with the first record that is read or written; most commands touch none.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from ..theory.errors import SpecError

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import CoreSchema

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ByName:
    """Marks a field whose members of an enumeration stand in files by their names: ``Annotated[Verdict, ByName()]``."""

    def __get_pydantic_core_schema__(self, kind: type[Enum], handler: object) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(
            kind.__getitem__,
            core_schema.literal_schema([member.name for member in kind]),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda member: member.name),
        )


@dataclass(frozen=True, slots=True)
class End:
    """Marks a number that may be absent; an infinite one stands in files as text, or as null unless ``infinite``."""

    infinite: bool = False

    def __get_pydantic_core_schema__(self, kind: object, handler: object) -> CoreSchema:
        from pydantic_core import core_schema

        number: CoreSchema = core_schema.float_schema(strict=True, allow_inf_nan=False)
        if self.infinite:
            text = core_schema.no_info_after_validator_function(float, core_schema.literal_schema(["inf", "-inf"]))
            number = core_schema.union_schema(
                [number, text],
                custom_error_type="number",
                custom_error_message='Input should be a finite number, "inf" or "-inf"',
            )
        written = core_schema.plain_serializer_function_ser_schema(self._written)
        return core_schema.nullable_schema(number, serialization=written)

    def _written(self, value: float | None) -> float | str | None:
        return str(value) if self.infinite and value is not None and math.isinf(value) else value


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def written(record: object) -> dict[str, Any]:
    """A record as plain JSON data; a number that JSON has not becomes null."""
    document: dict[str, Any] = finite(_adapter(type(record)).dump_python(record, warnings=False))
    return document


def read(kind: type[T], document: object) -> T:
    """The record of a JSON document; raises :class:`SpecError` that names the first place where it is no such record.

    >>> from .balls.budget import Budget
    >>> read(Budget, {"bits": "many"})
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: bits: Input should be a valid integer
    """
    from pydantic import ValidationError

    try:
        record: T = _adapter(kind).validate_json(json.dumps(document), strict=True)
        return record
    except (TypeError, ValueError) as error:
        if not isinstance(error, ValidationError):
            raise SpecError(f"no JSON data: {error}") from None
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        why = str(first.get("ctx", {}).get("error", first["msg"]))
        raise SpecError(f"{place}: {why}" if place else why) from None


def schema(kind: type[T]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the documents of a record: closed; what has the default None may be absent."""
    found = _adapter(kind).json_schema()
    for record in (found, *found.get("$defs", {}).values()):
        fields = record.get("properties", {})
        record["required"] = [name for name, field in fields.items() if field.pop("default", ...) is not None]
        record["additionalProperties"] = False
    return found


def finite(value: Any) -> Any:
    """The same JSON data without numbers that JSON has not."""
    if isinstance(value, dict):
        return {key: finite(x) for key, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(x) for x in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
