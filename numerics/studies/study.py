"""A study: which systems and activations are checked, on which data, with which budget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from ...theory.system import system
from ..budget import Budget
from .data import DataSet


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that determines a run; ``digest`` identifies it, so that a second start can continue a first.

    ``alpha`` is the error level of all statistical claims together; ``replicates`` the networks sampled per width.
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

    def parameter(self, system_name: str, name: str) -> Fraction:
        """The value of a parameter: from the study, or the default of the system."""
        given = self.parameters.get(system_name, {})
        if name in given:
            return given[name]
        return next(Fraction(p.default) for p in system(system_name).parameters if p.name == name)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that may change a result (not the name, not the wall time allowed)."""
        document = {
            "systems": self.systems,
            "activations": self.activations,
            "data": self.data.digest,
            "parameters": {s: {k: str(v) for k, v in sorted(p.items())} for s, p in sorted(self.parameters.items())},
            "widths": self.widths,
            "replicates": self.replicates,
            "alpha": self.alpha,
            "budget": [self.budget.bits, self.budget.max_bits, self.budget.max_terms, self.budget.seed],
        }
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
