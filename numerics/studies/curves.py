"""Curves that a check leaves for the report: what was measured, the claim's bound beside it, along one axis.

They stand in ``Outcome.detail["figure"]`` as plain JSON data, whose shape is ``$defs/figure`` of
``reports/results.schema.json``. They illustrate a verdict and are no evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from ...theory.errors import SpecError

KEY = "figure"
Role = Literal["measured", "bound", "limit"]
"""Measured on a computed run; the bound that the claim states; the value that the theory predicts in a limit."""
MAX_POINTS = 400
"""Points per series that are shown and written; longer series are thinned, first and last point kept."""
MAX_SERIES = 12
MAX_INPUT = 1_000_000

Label = Annotated[str, Field(min_length=1)]
Values = Annotated[tuple[float | None, ...], Field(max_length=MAX_POINTS)]


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: a value at each place of the axis, None where there is none."""

    label: Label
    values: Values
    role: Role

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return all(value is None for value in self.values)


@dataclass(frozen=True, slots=True)
class Axis:
    """The places that the series share, in order."""

    label: Label
    values: Annotated[tuple[float, ...], Field(max_length=MAX_POINTS)]


@dataclass(frozen=True, slots=True)
class Curves:
    """Series over one axis; ``log`` asks for a logarithmic vertical axis."""

    title: Label
    x: Axis
    series: Annotated[tuple[Series, ...], Field(min_length=1, max_length=MAX_SERIES)]
    log: bool


def curves(detail: Mapping[str, Any]) -> Curves | None:
    """The curves of a certificate, thinned; None when it has none, or none with a number in it.

    Raises :class:`SpecError` for data of another shape.

    >>> found = curves({"figure": {"title": "loss", "x": {"label": "t", "values": [0, 1, 2]}, "log": True, "series": [
    ...     {"label": "L(t)", "values": [1.0, 0.5, float("nan")], "role": "measured"}]}})
    >>> found.series[0].values, found.x.values
    ((1.0, 0.5, None), (0.0, 1.0, 2.0))
    """
    if detail.get(KEY) is None:
        return None
    figure = _table(detail[KEY], "the figure", {"title", "x", "series"}, {"log"})
    axis = _table(figure["x"], "x", {"label", "values"}, set())
    places = _values(axis["values"], "x")
    given = figure["series"]
    if not isinstance(given, list | tuple) or len(given) > MAX_SERIES:
        raise SpecError(f"figure: series is not a list of at most {MAX_SERIES} curves.")
    if not isinstance(figure.get("log", False), bool):
        raise SpecError("figure: log is neither true nor false.")
    kept = [k for k, place in enumerate(places) if place is not None]  # nothing can stand at no place
    chosen = [kept[k] for k in thinned(len(kept))]
    series = tuple(_series(one, len(places), chosen) for one in given)
    shown = tuple(one for one in series if not one.empty)
    if not shown:
        return None
    x = Axis(_text(axis["label"], "x.label"), tuple(float(places[k] or 0.0) for k in chosen))
    return Curves(_text(figure["title"], "title"), x, shown, figure.get("log", False))


def thinned(count: int, most: int = MAX_POINTS) -> list[int]:
    """At most ``most`` of the places 0..count-1, evenly spread, the first and the last among them.

    >>> thinned(5, 3), thinned(2, 3)
    ([0, 2, 4], [0, 1])
    """
    if count <= most:
        return list(range(count))
    return [k * (count - 1) // (most - 1) for k in range(most)]


def _series(given: Any, length: int, chosen: list[int]) -> Series:
    one = _table(given, "a series", {"label", "values", "role"}, set())
    label, values = _text(one["label"], "label"), _values(one["values"], "a series")
    if len(values) != length:
        raise SpecError(f"figure: {label!r} has {len(values)} values on an axis of {length}.")
    if one["role"] not in get_args(Role):
        raise SpecError(f"figure: the role of {label!r} is {one['role']!r}: choose among {', '.join(get_args(Role))}.")
    return Series(label, tuple(values[k] for k in chosen), one["role"])


def _table(given: Any, what: str, required: set[str], optional: set[str]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not required <= set(given) <= required | optional:
        raise SpecError(f"figure: {what} is not a table with {', '.join(sorted(required))}.")
    return given


def _text(given: Any, what: str) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > 400:
        raise SpecError(f"figure: {what} is not a short text.")
    return given


def _values(given: Any, what: str) -> list[float | None]:
    if not isinstance(given, list | tuple) or len(given) > MAX_INPUT:
        raise SpecError(f"figure: the values of {what} are not a list of at most {MAX_INPUT} numbers.")
    found: list[float | None] = []
    for value in given:
        if value is None:
            found.append(None)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value) if abs(value) < 1e300 else math.inf
            found.append(number if math.isfinite(number) else None)
        else:
            raise SpecError(f"figure: {value!r:.40} among the values of {what} is not a number.")
    return found
