"""A study: which systems and activations are checked, on which data, with which budget."""

from __future__ import annotations

import copyreg
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any

from ...theory.claims.system import system
from ..balls.budget import Budget
from .data import DataSet


def frozen(table: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    """A table that nobody can change, also in another process."""
    return MappingProxyType(table)


copyreg.pickle(MappingProxyType, lambda table: (frozen, (dict(table),)))  # studies are sent to other processes


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that determines a run; ``digest`` identifies it, so that a second start can continue a first.

    ``alpha`` is the error level of all statistical claims together; ``replicates`` the networks sampled per width.
    ``activations`` and ``kernels`` may be empty: then each system is checked with its own default ones. ``origin`` is
    the file that it was read from, if any.
    """

    name: str
    systems: tuple[str, ...]
    activations: tuple[str, ...]
    data: DataSet
    parameters: Mapping[str, Mapping[str, Fraction]] = field(default_factory=lambda: MappingProxyType({}))
    widths: tuple[int, ...] = (256, 512, 1024, 2048)
    replicates: int = 20
    alpha: float = 1e-3
    budget: Budget = field(default_factory=Budget)
    kernels: tuple[str, ...] = ()
    origin: str = ""

    def subjects(self, system_name: str) -> tuple[str, ...]:
        """The activations (or kernels) that the claims of a system are checked with."""
        s = system(system_name)
        chosen = self.kernels if s.subject == "kernel" else self.activations
        return s.default_activations if s.fixed or not chosen else chosen

    @cached_property
    def all_subjects(self) -> tuple[str, ...]:
        """The subjects of all systems, each once, in the order of the systems."""
        return tuple(dict.fromkeys(name for s in self.systems for name in self.subjects(s)))

    def parameter(self, system_name: str, name: str) -> Fraction:
        """The value of a parameter: from the study, or the default of the system."""
        given = self.parameters.get(system_name, {})
        if name in given:
            return given[name]
        parameter = system(system_name).parameter(name)
        return parameter.value(parameter.default)

    def setting(self) -> dict[str, Any]:
        """What was asked for besides the data, as JSON data from which the study can be told again."""
        return {
            "systems": list(self.systems),
            "activations": list(self.activations),
            "kernels": list(self.kernels),
            "parameters": {s: {k: str(v) for k, v in sorted(p.items())} for s, p in sorted(self.parameters.items())},
            "widths": list(self.widths),
            "replicates": self.replicates,
            "alpha": self.alpha,
            "budget": asdict(self.budget),
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that may change a result (not the name, not the wall time allowed)."""
        document = {
            "systems": self.systems,
            "activations": {s: self.subjects(s) for s in self.systems},
            "data": self.data.digest,
            "labels": self.data.labels_digest,
            "parameters": {s: {k: str(v) for k, v in sorted(p.items())} for s, p in sorted(self.parameters.items())},
            "widths": self.widths,
            "replicates": self.replicates,
            "alpha": self.alpha,
            "budget": [self.budget.bits, self.budget.max_bits, self.budget.max_terms, self.budget.seed],
        }
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
