"""The kernels of plain deep networks as functions of two inputs: ``nngp``, ``ntk``, and ``dual``, one expectation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

from flint import arb, arb_mat

from ...theory.activations.activation import Activation
from ...theory.activations.activation import activation as parse_activation
from ...theory.errors import SpecError
from ...theory.numbers import rational
from ..balls.budget import Budget
from ..deep.conventions import TangentConvention
from ..deep.instance import DeepInstance
from ..deep.network import DeepNetwork, deep_network
from ..deep.pair import pair_kernels
from ..deep.rectangle import deep_rectangle, deep_rectangle_balls
from ..eigenvalues.nullspace import NullVector, RankBound
from ..kernels.ballarray import BallArray
from ..studies.data import DataSet
from .block import Block
from .leaf import Leaf, take

NAMES = ("nngp", "ntk", "dual")


@dataclass(frozen=True, slots=True)
class DeepKernel(Leaf):
    r"""The NNGP kernel, a tangent kernel, or :math:`\mathbb E\,\phi(u)\phi(v)` with
    :math:`\operatorname{Cov}(u,v) = \sigma_w^2\langle x,y\rangle/d + \sigma_b^2`.

    ``weights``, ``biases``: the variances as they were given, one number or one for each dense layer.
    """

    kind: str
    activations: Activation | tuple[Activation, ...]
    depth: int
    weights: Fraction | tuple[Fraction, ...]
    biases: Fraction | tuple[Fraction, ...]
    convention: TangentConvention | None

    @classmethod
    def make(cls, name: str, given: Mapping[str, Any]) -> Self:
        """See :class:`~certigram.numerics.covariances.leaf.Leaf`; raises as :func:`deep_network` does."""
        defaults: dict[str, Any] = {"activation": ..., "sigma_w2": 1, "sigma_b2": 0}
        if name != "dual":
            defaults = {"activation": ..., "depth": ..., "sigma_w2": 1, "sigma_b2": 0}
        if name == "ntk":
            defaults["convention"] = TangentConvention.PREACTIVATION.value
        values = take(name, given, **defaults)
        convention = TangentConvention.named(values["convention"]) if name == "ntk" else None
        weights, biases = _variances(values["sigma_w2"], "sigma_w2"), _variances(values["sigma_b2"], "sigma_b2")
        if name == "dual" and (isinstance(weights, tuple) or isinstance(biases, tuple)):
            raise SpecError("kernel: dual has one sigma_w2 and one sigma_b2, those of the inputs: give numbers.")
        made = cls(name, _activations(values["activation"]), values.get("depth", 1), weights, biases, convention)
        made.network()  # raises for what is no network
        return made

    @property
    def name(self) -> str:
        """``nngp``, ``ntk`` or ``dual``."""
        return self.kind

    @property
    def parameters(self) -> Mapping[str, object]:
        """Activations, depth, variances and convention."""
        found: dict[str, object] = {"activation": self.activations}
        if self.kind != "dual":
            found["depth"] = self.depth
        found |= {"sigma_w2": self.weights, "sigma_b2": self.biases}
        return found if self.convention is None else {**found, "convention": self.convention.value}

    def network(self) -> DeepNetwork:
        """The network whose kernel this is."""
        activations = list(self.activations) if isinstance(self.activations, tuple) else self.activations
        weights: Any = self.weights
        biases: Any = self.biases
        if self.kind == "dual":  # both are one number
            weights, biases = (weights, Fraction(1)), (biases, Fraction(0))
        return deep_network(
            activations,
            self.depth,
            sigma_w2=weights,
            sigma_b2=biases,
            convention=self.convention or TangentConvention.PREACTIVATION,
        )

    def _instance(self, data: DataSet, block: Block) -> DeepInstance:
        model = DeepInstance(self.network(), data, self.convention, block.budget)
        model.require_square_integrable()
        return model

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii."""
        model = self._instance(block.stacked, block)
        if block.symmetric:
            return model.gram
        return deep_rectangle(model.network, block.stacked, block.left.n, self.convention, block.budget)

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls."""
        model = self._instance(block.stacked, block)
        if not block.symmetric:
            places = block.rows, block.columns
            return deep_rectangle_balls(model.network, block.stacked, *places, self.convention, bits)
        found = model.refine(bits).arb
        assert found is not None  # balls are what was asked for
        return found

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values k(x, x), one for each norm."""
        known: dict[Fraction, arb] = {}
        for m in data.moments:
            if m not in known:
                nngp, tangent = pair_kernels(self.network(), m, m, m, bits, self.convention)
                known[m] = nngp if tangent is None else tangent
        return [known[m] for m in data.moments]

    def quick(self, block: Block) -> bool:
        """As the kernels of networks on these points."""
        return self._instance(block.stacked, block).refinement is not None

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """As the kernels of networks on these points."""
        return DeepInstance(self.network(), data, self.convention, Budget()).null_vector


def _variances(given: Any, what: str) -> Fraction | tuple[Fraction, ...]:
    if isinstance(given, (list, tuple)) or getattr(given, "ndim", 0) == 1:
        return tuple(rational(x, what=what) for x in given)
    return rational(given, what=what)


def _activations(given: Any) -> Activation | tuple[Activation, ...]:
    if isinstance(given, (list, tuple)):
        return tuple(read_activation(x) for x in given)
    return read_activation(given)


def read_activation(given: Any) -> Activation:
    """An activation from its name, or from one that was made at the front door."""
    exact = getattr(given, "exact", given)
    if isinstance(exact, Activation):
        return exact
    if not isinstance(exact, str):
        raise SpecError(f"kernel: activation = {given!r} is not an activation: give a name, such as tanh.")
    return parse_activation(exact)
