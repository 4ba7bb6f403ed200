"""What a certificate of a kernel by name carries so that a stranger can check it: points, factor, vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...theory.activations.activation import Activation
from ...theory.errors import DerivationGap
from ..balls.enclosure import Enclosure
from ..balls.precision import undisturbed
from ..certificates.certificate import Proof, fraction_text
from ..deep.instance import DeepInstance
from ..eigenvalues.nullspace import NullVector, RankBound
from ..eigenvalues.witness import WIDTH, Question, Rows, factor_witness, kernel_proof, subject_of
from ..expressions.checkable import checkable_expression
from ..replay.activations import NAMES, parse
from ..replay.expressions import MAX_POINTS
from ..replay.layers import MAX_ORDER, in_closed_form
from ..replay.matrix import Matrix
from ..replay.verdicts import Stop
from ..studies.checkable import checkable_data
from ..studies.data import DataSet
from ..studies.gram_model import GramModel
from .algebra import Composite, Power, Scaled
from .covariance import Covariance
from .deep import DeepKernel
from .leaf import written
from .model import KernelModel
from .radial import DistanceKernel
from .system import SystemKernel

FORMAT = "certigram-proof/2"
FIRST_ORDER = 32
"""So many Hermite orders are tried first, then twice as many."""
SHARE = 64
"""The checker's matrix is made so sharp that its radii are below this share of the room that a bound leaves."""
GAIN = 0.9
"""More orders are of no use when they leave more than this share of the radii."""


@undisturbed
def covariance_proof(
    model: KernelModel, found: Enclosure, *, bound: Fraction = Fraction(0), relation: str = ">"
) -> Proof:
    """The checkable part of a certificate about the least eigenvalue of ``model``, which ``found`` encloses.

    Raises :class:`DerivationGap` for kernels and data that the checker has no rule for.
    """
    kernel = model.covariance
    if not isinstance(kernel, DistanceKernel) or model.data.normalize is not None:
        return expressed_proof(model, node_of(kernel), found, bound, relation)
    document, arrays = _document(model.system, model.data, bound, relation)
    document["kernel"] = {
        "kind": "radial",
        "name": kernel.name,
        "scale": fraction_text(kernel.kernel.scale),
        "embedding": "1",
    }
    if isinstance(model.null_vector, NullVector):
        i, j = model.null_vector.support
        return Proof({**document, "witness": {"kind": "repeated", "points": [i, j]}}, arrays)
    question = Question.of(found, bound, strict=relation == ">")
    return kernel_proof(document, arrays, model.gram, found, question, Fraction(3 * model.data.n))


@undisturbed
def network_proof(
    model: DeepInstance, found: Enclosure, *, bound: Fraction = Fraction(0), relation: str = ">"
) -> Proof:
    """The same for the kernels of plain deep networks, ``nngp`` and ``ntk``."""
    own, network = model.parameters, model.network
    last = model.convention is None or own["convention"] == "pre-activation"
    node: dict[str, Any] = {
        "name": model.system,
        "activation": [_activation(phi) for phi in network.activations],
        "depth": network.depth,
    }
    for key, values in (("sigma_w2", network.sigma_w2), ("sigma_b2", network.sigma_b2)):
        node[key] = [written(x) for x in (values if last else values[:-1])]
    if model.convention is not None:
        node["convention"] = model.convention.value
    return expressed_proof(model, node, found, bound, relation)


def equilibrium_node(system: str, phi: Activation, sigma_w2: Fraction) -> dict[str, Any]:
    """The kernel of an equilibrium model as the checker reads it."""
    if system == "deq-relu":
        return {"name": "deq-relu", "sigma_w2": written(sigma_w2)}
    return {"name": "deq", "activation": _activation(phi), "sigma_w2": written(sigma_w2)}


def node_of(kernel: Covariance) -> dict[str, Any]:
    """A kernel as the checker reads it: its name and parameters, or its parts.

    >>> from .catalogue import make
    >>> node_of(make("gaussian", {"scale": "1/2"}))
    {'name': 'gaussian', 'scale': '1/2'}
    """
    if not isinstance(kernel, Composite):
        own = dict(kernel.parameters)
        if isinstance(kernel, DeepKernel):
            phi = kernel.activations
            own["activation"] = list(map(_activation, phi)) if isinstance(phi, tuple) else _activation(phi)
        if isinstance(kernel, SystemKernel) and kernel.activation is not None:
            own["activation"] = _activation(kernel.activation)
        return {"name": kernel.name} | {
            key: value if key == "activation" else written(value) for key, value in own.items()
        }
    more: dict[str, Any] = {}
    if isinstance(kernel, Scaled):
        more = {"factor": written(kernel.factor)}
    if isinstance(kernel, Power):
        more = {"exponent": kernel.exponent}
    return {"name": kernel.name, **more, "parts": list(map(node_of, kernel.parts))}


def _activation(phi: Activation) -> str:
    """The name under which the checker knows an activation, or else the sum that it is."""
    expression = checkable_expression(phi.expression)
    same = sorted(NAMES.get(phi.name, "").split(" + ")) == sorted(expression.split(" + "))
    return phi.name if same else expression


def _document(
    system: str, data: DataSet, bound: Fraction, relation: str
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    described, arrays = checkable_data(data)
    return {
        "format": FORMAT,
        "system": system,
        "statement": {"lower": "0", "upper": "0", "relation": relation, "bound": fraction_text(bound)},
        "data": described,
    }, arrays


def expressed_proof(model: GramModel, node: dict[str, Any], found: Enclosure, bound: Fraction, relation: str) -> Proof:
    """The proof about a kernel that is written out as ``node``; raises :class:`DerivationGap` as the others do."""
    if model.data.n > MAX_POINTS:
        raise DerivationGap(f"the checker takes at most {MAX_POINTS} points of such a kernel.")
    document, arrays = _document(model.system, model.data, bound, relation)
    document["kernel"] = {"kind": "expression", "expression": node, "order": FIRST_ORDER}
    about = subject_of(document, arrays)
    record: dict[str, Any] = {"activation": about.label}
    if model.system in ("kernel", "nngp", "ntk"):
        record["parameters"] = about.parameters
    singular = model.null_vector
    if singular is not None:
        witness = _singular(singular)
        try:
            about.others[witness["kind"]](witness)
        except Stop as stop:
            raise DerivationGap(f"the checker does not see why the matrix is singular ({stop.args[2]}).") from None
        return Proof({**document, "witness": witness}, arrays, record)
    if not found.lower > 0:
        raise DerivationGap("no positive lower bound is proved.")
    question = Question.of(found, bound, strict=relation == ">")
    matrix = _Remade(model, document, arrays, _room(found, question))
    lower, upper = Fraction(found.lower) / matrix.unit, Fraction(found.upper) / matrix.unit
    part = factor_witness(matrix, lower, upper, question._replace(bound=bound / matrix.unit))
    kernel = {**document["kernel"], "order": matrix.orders[part.limbs]}
    return replace(part.proof({**document, "kernel": kernel}, arrays, matrix.unit), record=record)


def _singular(reason: NullVector | RankBound) -> dict[str, Any]:
    if isinstance(reason, RankBound):
        return {"kind": "features"}
    if len(reason.support) != 2:
        raise DerivationGap(f"the checker has no rule for: {reason.reason}.")
    return {"kind": "repeated", "points": list(reason.support)}


def _room(found: Enclosure, question: Question) -> Fraction:
    """What the radii of all entries of a row may add up to."""
    low, high = Fraction(found.lower), Fraction(found.upper)
    room = Fraction(WIDTH) * low
    if question.proved:
        room = min(room, (low - question.bound) / 2)
    if question.refuted:
        room = min(room, (question.bound - high) / 2)
    return room / SHARE


@dataclass(frozen=True, eq=False)
class _Remade:
    """The matrix that the checker makes, divided by a power of two, with as many Hermite orders as it needs."""

    model: GramModel
    document: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    room: Fraction
    made: dict[int, Matrix] = field(default_factory=dict)
    orders: dict[int, int] = field(default_factory=dict)

    def matrix(self, limbs: int) -> Matrix:
        """The checker's own; more orders as long as they help and are needed."""
        if limbs in self.made:
            return self.made[limbs]
        series = _orders(self.document["kernel"]["expression"])
        order, best = FIRST_ORDER, None
        while best is None or (series and max(best.errors) * best.unit > self.room and order <= MAX_ORDER):
            kernel = {**self.document["kernel"], "order": order}
            try:
                found = subject_of({**self.document, "kernel": kernel}, self.arrays).make(64 * limbs, None)
            except Stop as stop:
                raise DerivationGap(f"the checker's arithmetic does not resolve it ({stop.args[2]}).") from None
            if best is not None and max(found.errors) > GAIN * max(best.errors):
                break
            best, self.orders[limbs] = found, order
            order *= 2
        self.made[limbs] = best
        return best

    @property
    def unit(self) -> Fraction:
        """The power of two that the matrix is divided by."""
        return self.matrix(1).unit * 2**64

    @property
    def mid(self) -> NDArray[np.float64]:
        """The prover's midpoints."""
        return np.asarray(self.model.gram.mid / float(self.unit))

    @property
    def radius(self) -> float:
        """Their error."""
        return self.model.gram.radius_norm() / float(self.unit)

    def spread(self, limbs: int) -> Fraction:
        """The largest sum of radii in a row."""
        found = self.matrix(limbs)
        return max(found.errors) * found.unit / self.unit

    def rows(self, limbs: int) -> Rows:
        """The checker's own."""
        found = self.matrix(limbs)
        move = found.unit * 2 ** (64 * limbs) / self.unit  # 1, or 2 to a small power where rounding moved the diagonal
        return [[int(x * move) for x in row] for row in found.rows]


def _orders(node: dict[str, Any]) -> bool:
    """Whether a layer somewhere is a series, so that its length matters."""
    given: str | Sequence[str] = node.get("activation", [])  # of deq-relu none, and it is in closed form
    names = [given] if isinstance(given, str) else given
    bent = any(not in_closed_form(parse(NAMES.get(name, name))[0]) for name in names)
    return bent or any(map(_orders, node.get("parts", [])))
