"""The width gap: from which width a theorem promises an event of sampled networks, and from which one they show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeGuard

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...theory.activations.activation import Activation
from ...theory.claims.system import system, systems
from ...theory.errors import SpecError
from ..balls.ends import upper_float
from ..kernels.ballmatrix import BallMatrix
from ..sampling.experiment import Subject
from ..sampling.least_width import LeastWidth, Networks
from ..studies.gram_model import GramModel
from ..studies.networks import has_sampler, offered_by_face

DOUBLINGS = 5
"""How many widths are tried where none are named."""


class NetworkModel(GramModel, Protocol):
    """A kernel on data that is the limit of networks which can be sampled."""

    @property
    def activation(self) -> Activation:
        """The activation."""

    @property
    def lipschitz(self) -> arb:
        """An enclosure of its Lipschitz constant."""

    @property
    def network_inputs(self) -> NDArray[np.float64]:
        """The inputs of sampled networks, (n, d)."""


def has_networks(model: GramModel) -> TypeGuard[NetworkModel]:
    """Whether networks of a model can be sampled; nothing is computed for the answer."""
    return has_sampler(model.system) and hasattr(type(model), "network_inputs")


@dataclass(frozen=True, slots=True, eq=False)
class WidthGap:
    """The widths of one system and subject on n inputs: those that are sampled, and those that a theorem gives.

    ``certified`` has for each event the width from which the room of the system proves it with probability at least
    1 - delta; None where it proves none. ``parameters`` are as in :class:`GramModel`.
    """

    system: str
    subject: str
    parameters: Mapping[str, object]
    n: int
    sampled: LeastWidth
    certified: Mapping[str, int | None]

    def factor(self, event: str) -> float | None:
        """By how much the certified width exceeds the least one of which the probability is stated."""
        certified, least = self.certified.get(event), self.sampled.least(event)
        return None if certified is None or least is None else certified / least


def networks_of(model: GramModel, seed: int = 0) -> Networks:
    """The finite networks of a system on data, beside their population Gram matrix.

    Raises :class:`SpecError` for a system without sampled networks, for inputs of which only the Gram matrix is given,
    and where the population Gram matrix is singular.
    """
    if not has_networks(model):
        known = [name for name in systems() if has_sampler(name)]
        raise SpecError(f"least_width: no networks of {model.system} are sampled: choose {' or '.join(known)}.")
    if model.data.points is None:
        raise SpecError("least_width: networks need input points, and only their Gram matrix is given.")
    if model.null_vector is not None:
        why = model.null_vector.reason
        raise SpecError(f"least_width: K is singular, and both events are about a definite K: {why}")
    matrix = BallMatrix(model.gram.mid, model.gram.rad)
    names = [p.name for p in system(model.system).parameters if p.sampled]
    values = {name: Fraction(str(model.parameters[name])) for name in names if name in model.parameters}
    subject = Subject(model.activation, matrix.mid, matrix.radius_norm(), upper_float(model.lipschitz))
    return Networks(model.system, model.network_inputs, subject, matrix, model.eigenvalue, values, seed)


def certified_widths(model: GramModel, delta: Fraction) -> Mapping[str, int | None]:
    """For each event the width from which the room of a system proves it; empty where the room has no such theorem."""
    found = offered_by_face(model.system, "certified_widths")
    widths: Mapping[str, int | None] = {} if found is None else found(model, delta)
    return widths


def default_widths(inputs: int) -> tuple[int, ...]:
    """The widths that are tried on so many inputs where none are named: from their number on, doubled each time.

    >>> default_widths(200), default_widths(2)
    ((200, 400, 800, 1600, 3200), (8, 16, 32, 64, 128))
    """
    return tuple(max(inputs, 8) << k for k in range(DOUBLINGS))
