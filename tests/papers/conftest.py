"""Formulas of the papers with a wrong constant in them, for the tests that ask whether somebody notices."""

from __future__ import annotations
import __future__

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest


@contextmanager
def _planted(function: Callable[..., Any], old: str, new: str) -> Iterator[None]:
    """The same function object with one place of its source changed: whoever imported it runs the changed code."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {function.__qualname__}"
    tree = ast.parse(source.replace(old, new))
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    scope = dict(function.__globals__)
    exec(compile(tree, "planted", "exec", __future__.annotations.compiler_flag), scope)  # our own source, one edit
    honest = function.__code__
    function.__code__ = scope[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = honest


@pytest.fixture
def planted() -> Callable[[Callable[..., Any], str, str], AbstractContextManager[None]]:
    """A context in which one place of a function's source is changed: a wrong constant, another exponent."""
    return _planted
