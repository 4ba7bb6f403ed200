"""Every constant and factor of the formulas, changed in the code: the claims' own checks, or their records, notice.

A failure means that a wrong constant in a formula would be printed as a theorem and nothing would say so; or that a
formula is missing from the list of those that are changed (``formula_mutants/formulas.py``).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import pytest

from .formula_mutants.formulas import LINES, NO_CONSTANTS, PAPERS, ROOMS, WHY, Room
from .formula_mutants.search import Found, Search
from .formula_mutants.sites import FORMS, function_of, has_sites, planted, sites
from .formula_mutants.table import listed, named, state, table

UNGUARDED = Path(__file__).parents[2] / "docs" / "unguarded.md"
BY_NAME = {room.name: room for room in ROOMS}


def _functions(module: str) -> Iterator[str]:
    """The functions, methods and properties that a module defines, as ``module:qualified.name``."""
    for name, value in vars(importlib.import_module(module)).items():
        owned = {f"{name}.{k}": v for k, v in vars(value).items()} if inspect.isclass(value) else {name: value}
        if getattr(value, "__module__", "") == module:
            for path, found in owned.items():
                inner = (
                    found.fget
                    if isinstance(found, property)
                    else found.func
                    if isinstance(found, cached_property)
                    else found
                )
                inner = getattr(inner, "__wrapped__", getattr(inner, "__func__", inner))
                if inspect.isfunction(inner) and inner.__module__ == module and inner.__qualname__ == path:
                    yield f"{module}:{path}"


def _explained(room: Room, name: str) -> bool:
    """Whether a function, or a module or package that it stands in, is no formula for a reason."""
    module, _, path = name.partition(":")
    short = module.removeprefix(f"{PAPERS}.{room.name}.")
    return (
        short.startswith(LINES)
        or f"{short}:{path}" in room.others
        or any(short == other or short.startswith(f"{other}.") for other in room.others)
    )


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_no_formula_is_left_out(room: Room) -> None:
    """Every function of a room that has a constant is changed, or is no formula for a reason that is given."""
    package = importlib.import_module(f"{PAPERS}.{room.name}")
    modules = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    missing = [
        name
        for module in modules
        for name in _functions(module)
        if name not in room.formulas and not _explained(room, name) and has_sites(function_of(name), NO_CONSTANTS)
    ]
    assert not missing


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_what_is_listed_exists(room: Room) -> None:
    for name in room.formulas:
        assert function_of(name).__qualname__ == name.partition(":")[2]
    for other in room.others:
        module, _, path = other.partition(":")
        assert importlib.import_module(room.module(module))
        assert not path or function_of(f"{room.module(module)}:{path}")
    assert set(room.systems) == {case.system for case in room.cases}


def _example(x: float, scale: float = 3.0, *, bits: int = 53) -> float:
    """A formula: no text, index or setting of it is a place."""
    table = (x, 2 * x)
    if bits < 8:
        raise ValueError(f"{bits} bits are fewer than 8")
    return scale * table[1] ** 2 - x / 4


def test_no_number_of_a_formula_is_left_out() -> None:
    found = sites(_example)
    assert [str(site) for site in found] == [
        "operator `2 «*» x`",
        "number `«2» * x`",
        "value `«scale * table[1] ** 2 - x / 4»`",
        "operator `scale * table[1] ** 2 «-» x / 4`",
        "operator `scale «*» table[1] ** 2`",
        "exponent +1 `table[1] ** «2»`",
        "exponent -1 `table[1] ** «2»`",
        "operator `x «/» 4`",
        "number `scale * table[1] ** 2 - x / «4»`",
        "default `scale`",
    ]
    values = []
    for site in found:
        with planted(_example, site, Fraction(2), FORMS[0]):
            values.append(_example(2.0))
    assert values == [2.5, 191.5, 95.0, 48.5, -0.3125, 191.5, 11.5, 40.0, 47.75, 95.5]
    assert _example(2.0) == 47.5


QUICK = {
    "two_layer_logistic": (
        ("record growth", "record radius", "record descent", "check growth", "check radius"),
        "LogisticBounds.growth LogisticBounds.radius LogisticBounds.descent LogisticBounds.parameters",
    ),
    "resnet_rkhs": (
        ("record flow-convergence", "record descent-convergence", "control flow-convergence"),
        "path_bound",
    ),
}
"""A few things that may notice, and functions of which they guard every place, or one direction of it."""


@pytest.mark.parametrize("name", QUICK)
def test_a_changed_constant_is_noticed(name: str) -> None:
    starts, functions = QUICK[name]
    search = Search(BY_NAME[name], lambda watcher: watcher.startswith(starts))
    found = [one for f in search.functions() if f.partition(":")[2] in functions.split() for one in search.of(f)]
    assert len(found) > 5
    known = listed(UNGUARDED.read_text(encoding="utf-8"))
    assert not [one.key for one in found if state(one) == "unguarded" and named(one) not in known]
    assert [one for one in found if state(one) == "guarded"]


def test_the_table_names_places_that_exist() -> None:
    """A place that is no more, or was renamed, must leave the table: write it again."""
    there = {
        named(Found(name, site, None, None, (True, False)))
        for room in ROOMS
        for name in room.formulas
        for site in sites(function_of(name), NO_CONSTANTS)
    }
    known = listed(UNGUARDED.read_text(encoding="utf-8"))
    assert known
    assert known <= there
    names = {name.partition(":")[2] for room in ROOMS for name in room.formulas}
    assert set(WHY) <= names


def test_the_table_lists_what_was_found() -> None:
    """A place that nothing notices stands in the table, one that is noticed does not."""
    room = ROOMS[0]
    name = room.formulas[0]
    (site, *_) = sites(function_of(name), NO_CONSTANTS)
    found = [
        Found(name, site, None, None, (True, True)),
        Found(room.formulas[3], site, (Fraction(2), "check"), None, (True, True)),
    ]
    assert listed(table({room.name: found})) == {named(found[0])}


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_nothing_more_is_unguarded_than_the_table_says(room: Room) -> None:
    """All places of all formulas of a paper; ``docs/unguarded.md`` lists what nothing notices, and may not grow."""
    search = Search(room)
    found = [one for name in search.functions() for one in search.of(name)]
    known = listed(UNGUARDED.read_text(encoding="utf-8"))
    assert not [one.key for one in found if state(one) == "unguarded" and named(one) not in known]
