"""Edits of a kernel that is written out, for the tests of tampered certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

from certigram.numerics.eigenvalues.witness import subject_of
from certigram.theory.errors import DerivationGap

from .least_eigenvalue_of import Arrays, Document


def of_expressions(node: Document) -> list[tuple[str, Callable[[Document, Arrays], None]]]:
    """Every number, name and list of a kernel that is written out, changed; with and without what the record says."""

    def nodes(part: Document, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Document]]:
        yield path, part
        for k, inner in enumerate(part.get("parts", [])):
            yield from nodes(inner, (*path, "parts", k))

    def plant(path: tuple[Any, ...], value: Callable[[Any], Any], record: bool) -> Callable[[Document, Arrays], None]:
        def change(document: Document, arrays: Arrays) -> None:
            *way, last = path
            target = document["proof"]["kernel"]["expression"]
            for key in way:
                target = target[key]
            target[last] = value(target[last])
            if record:  # as a forger would, who makes all of it agree
                with suppress(DerivationGap):
                    about = subject_of(document["proof"], arrays)
                    document["activation"], document["detail"]["parameters"] = about.label, about.parameters

        return change

    def other(value: Any) -> Any:
        if isinstance(value, list):
            return [other(value[0]), *value[1:]]
        if isinstance(value, int):
            return value + 1
        names = {"relu": "erf", "erf": "relu", "tanh": "sin", "readout": "standard", "pre-activation": "implicit"}
        names |= {"nngp": "dual", "ntk": "nngp", "sum": "product", "product": "sum", "matern-1/2": "matern-3/2"}
        names |= {
            "linear": "constant",
            "power": "normalised",
            "deq": "linear",
            "deq-relu": "linear",
            "constant": "linear",
            "scaled": "normalised",
            "arc-cosine": "gaussian",
        }
        return names.get(value) or str(Fraction(value) * 3 / 2)

    places = [((*path, key), other) for path, part in nodes(node, ()) for key in part if key not in ("parts", "depth")]
    shorter = [((*path, "depth"), lambda depth: depth - 1) for path, part in nodes(node, ()) if "depth" in part]
    fewer = [((*path, "parts"), lambda parts: parts[:-1]) for path, part in nodes(node, ()) if "parts" in part]
    return [
        (f"{path} {'and the record' if record else ''}", plant(path, value, record))
        for path, value in [*places, *shorter, *fewer]
        for record in (False, True)
    ]
