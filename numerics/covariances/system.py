"""The population kernels of systems as functions of two inputs; what they are is asked of the faces of the papers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Self

from flint import arb, arb_mat

from ...theory.activations.activation import Activation
from ...theory.claims.system import system
from ...theory.numbers import rational
from ..balls.budget import Budget
from ..eigenvalues.nullspace import NullVector, RankBound
from ..kernels.ballarray import BallArray
from ..studies.data import DataSet
from ..studies.gram_model import GramModel
from ..studies.networks import gram_model, offered_by_face
from ..studies.study import Study
from .block import Block
from .deep import read_activation
from .leaf import Leaf, take

SYSTEMS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {"deq": ("deq-general", ("sigma_w2",)), "deq-relu": ("deq-relu", ("sigma_w2",))}
)
"""For each name the system, and those of its parameters that its kernel depends on."""
NAMES = tuple(SYSTEMS)


@dataclass(frozen=True, slots=True)
class SystemKernel(Leaf):
    """The kernel K of a system, with an activation where the system has several."""

    kind: str
    activation: Activation | None
    values_of: tuple[tuple[str, Fraction], ...]

    @classmethod
    def make(cls, name: str, given: Mapping[str, Any]) -> Self:
        """See :class:`~certigram.numerics.covariances.leaf.Leaf`."""
        found, names = SYSTEMS[name]
        defaults = {p.name: p.default for p in system(found).parameters if p.name in names}
        phi: dict[str, Any] = {} if system(found).fixed else {"activation": ...}
        values = take(name, given, **phi, **defaults)
        chosen = read_activation(values["activation"]) if phi else None
        return cls(name, chosen, tuple((key, rational(values[key], what=key)) for key in defaults))

    @property
    def name(self) -> str:
        """The name at the front door."""
        return self.kind

    @property
    def parameters(self) -> Mapping[str, object]:
        """The activation, and the parameters that the kernel depends on."""
        own: dict[str, object] = {} if self.activation is None else {"activation": self.activation}
        return {**own, **dict(self.values_of)}

    def _model(self, data: DataSet, budget: Budget) -> GramModel:
        name = SYSTEMS[self.kind][0]
        subject = self.activation or system(name).default_activations[0]
        return gram_model(
            name, subject, Study("kernel", (name,), (), data, {name: dict(self.values_of)}, (), 0, budget=budget)
        )

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii."""
        model = self._model(block.stacked, block.budget)
        if block.symmetric:
            return model.gram
        found: BallArray = self._face("kernel_rectangle")(model, block.left.n)
        return found

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls."""
        model = self._model(block.stacked, block.budget)
        if not block.symmetric:
            table: arb_mat = self._face("kernel_balls")(model, block.rows, block.columns, bits)
            return table
        found = model.refine(bits).arb
        assert found is not None  # balls are what was asked for
        return found

    def _face(self, what: str) -> Any:
        return offered_by_face(SYSTEMS[self.kind][0], what)

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values k(x, x), one for each norm."""
        known: dict[Fraction, arb] = {}
        for i, m in enumerate(data.moments):
            if m not in known:
                known[m] = self._model(data.take([i], data.description), Budget()).refine(bits).ball(0, 0).arb
        return [known[m] for m in data.moments]

    def quick(self, block: Block) -> bool:
        """As the system on these points."""
        return self._model(block.stacked, block.budget).refinement is not None

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """As the system on these points."""
        return self._model(data, Budget()).null_vector
