"""The network of a study from which descent with small outputs starts, measured once."""

from __future__ import annotations

from functools import lru_cache

from ..instance import ImplicitInstance
from .measured import Closed, Measured, close, measure, with_outputs


@lru_cache(maxsize=4)
def started(inst: ImplicitInstance) -> Measured | None:
    """The network of an instance with its output weights times the scale of the study; None as in :func:`measure`."""
    return measure(with_outputs(inst.network, float(inst.outputs)), inst.labels)


@lru_cache(maxsize=4)
def closed(inst: ImplicitInstance) -> Closed | None:
    """The theorem for that network, with the labels scaled down until it closes."""
    found = started(inst)
    return None if found is None else close(found)
