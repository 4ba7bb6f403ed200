r"""What a certificate carries so that a stranger can check it: data, coefficient balls, a factor and a vector.

Nothing here is proved; :mod:`certigram.numerics.replay` proves it from the file alone. Radii are therefore as wide as
its test of the series asks for, and shifts are estimates. The format: ``docs/certificate-format.md``.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ....theory.errors import DerivationGap
from ...balls.ball import exact
from ...balls.enclosure import Enclosure
from ...balls.ends import upper_float
from ...balls.precision import undisturbed
from ...certificates.certificate import Proof, fraction_text
from ...covariances.witness import equilibrium_node, expressed_proof
from ...eigenvalues.nullspace import NullVector
from ...eigenvalues.witness import Question, Rows, factor_witness, kernel_proof
from ...expressions.checkable import checkable_expression
from ...hermite import hermite_transform
from ...kernels.series import DotProductSeries
from ...replay.activations import parse
from ...replay.series import prove_series
from ...replay.verdicts import UNSUPPORTED, Stop
from ...studies.checkable import checkable_data
from .population.kernel import EquilibriumKernel
from .population.model import FLOAT_BITS, FLOAT_TARGET, Population

GROWTH = 5
"""How often radii that the checker does not accept are tried again, 64 times wider."""

FORMAT = "certigram-proof/1"


@undisturbed
def equilibrium_proof(
    inst: Population, found: Enclosure, *, bound: Fraction = Fraction(0), relation: str = ">"
) -> Proof:
    """The checkable part of a certificate about the least eigenvalue of ``inst``, which ``found`` encloses.

    ``bound`` and ``relation`` are the claim that the verdict is about. Raises :class:`DerivationGap` when the checker
    has no rule for the activation or the data, or when nothing is proved.
    """
    if inst.inputs.common_norm is None:
        node = equilibrium_node(inst.system, inst.activation, inst.sigma_w2)
        return expressed_proof(inst, node, found, bound, relation)
    question = Question.of(found, bound, strict=relation == ">")
    data, arrays = checkable_data(inst.data)
    document: dict[str, Any] = {
        "format": FORMAT,
        "system": inst.system,
        "statement": {"lower": "0", "upper": "0", "relation": relation, "bound": fraction_text(bound)},
        "data": data,
    }
    if inst.activation.name != "relu":
        return _by_series(inst, found, document, arrays, question)
    if 2 * inst.sigma_w2 < 1:
        with suppress(DerivationGap):  # of inputs so near to each other that no power series serves them
            return _by_series(inst, found, document, arrays, question)
    return _by_closed_form(inst, found, document, arrays, question)


def _singular(inst: Population, document: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Proof | None:
    """The proof by an exact null vector, or by the rank of an affine activation; None where K is not singular."""
    singular = inst.null_vector
    if singular is None:
        return None
    entries = singular.entries if isinstance(singular, NullVector) else None
    vector = None if entries is None else {str(i): fraction_text(x) for i, x in enumerate(entries) if x}
    return Proof({**document, "witness": {"kind": "singular", "null_vector": vector}}, arrays)


def _by_closed_form(
    inst: Population, found: Enclosure, document: dict[str, Any], arrays: dict[str, NDArray[Any]], question: Question
) -> Proof:
    """The arc-cosine kernel at its fixed points, for ReLU with any variance below 1."""
    kernel = {"kind": "arc-cosine", "sigma_w2": fraction_text(inst.sigma_w2)}
    document = {**document, "format": "certigram-proof/2", "kernel": kernel}
    singular = _singular(inst, document, arrays)
    if singular is not None:
        return singular
    size = Fraction(upper_float(inst.fixed_point.s)) / (1 - inst.sigma_w2)
    return kernel_proof(document, arrays, inst.gram, found, question, inst.data.n * (4 + size / 2**9))


def _by_series(
    inst: Population, found: Enclosure, document: dict[str, Any], arrays: dict[str, NDArray[Any]], question: Question
) -> Proof:
    """The kernel as a power series, for sums of known functions."""
    expression = checkable_expression(inst.activation.expression)
    slope = parse(expression)[2]
    if 2 * inst.sigma_w2 * slope**2 >= 1:
        raise DerivationGap("the checker's bound of the Lipschitz constant does not prove that the maps contract.")
    kernel: dict[str, Any] = {
        "activation": expression,
        "sigma_w2": fraction_text(inst.sigma_w2),
        "lipschitz": fraction_text(slope),
    }
    document = {**document, "kernel": kernel}
    singular = _singular(inst, document, arrays)
    if singular is not None:
        return singular
    if not found.lower > 0:
        raise DerivationGap("no positive lower bound is proved.")
    matrix = _Series(inst, kernel)
    witness = factor_witness(matrix, Fraction(found.lower), Fraction(found.upper), question)
    kernel.update(matrix.series(witness.limbs)[0])
    return witness.proof(document, arrays)


@dataclass(frozen=True, eq=False)
class _Series:
    """The checker's matrix of this kernel, whose series it must accept first."""

    inst: Population
    claim: dict[str, Any]
    known: dict[int, tuple[dict[str, Any], Fraction]] = field(default_factory=dict)

    @property
    def mid(self) -> NDArray[np.float64]:
        """The prover's midpoints."""
        return self.inst.gram.mid

    @property
    def radius(self) -> float:
        """Their error."""
        return self.inst.gram.radius_norm()

    def series(self, limbs: int) -> tuple[dict[str, Any], Fraction]:
        """Balls that the checker accepts, and what they cost; found once."""
        if limbs not in self.known:
            self.known[limbs] = _series(self.inst, self.claim, limbs)
        return self.known[limbs]

    def spread(self, limbs: int) -> Fraction:
        """The largest sum of radii in a row."""
        return self.series(limbs)[1]

    def rows(self, limbs: int) -> Rows:
        """The prover's matrix in balls, rounded."""
        matrix, one, n = self.inst.refine(64 * limbs + 32).arb, 1 << 64 * limbs, self.inst.data.n
        assert matrix is not None  # refine computes in ball arithmetic
        return [[round(exact(matrix[i, j].mid()) * one) for j in range(i + 1)] for i in range(n)]


def _kernel(inst: Population, limbs: int) -> EquilibriumKernel:
    """The equilibrium kernel with the terms and the digits that integers of ``limbs`` digits deserve."""
    if limbs == 1:
        if not inst.reach < inst.inputs.separation:
            return inst.float_kernel
        return inst.kernel(max(inst.order_for(FLOAT_TARGET, FLOAT_BITS, individually=False), 8), FLOAT_BITS)
    return inst.kernel(max(inst.order_for(arb((1, -64 * limbs)), 64 * limbs, individually=False), 8), 64 * limbs + 32)


def _series(inst: Population, claim: dict[str, Any], limbs: int) -> tuple[dict[str, Any], Fraction]:
    """Balls of coefficients, mass and variance that the checker accepts, and the largest row sum of radii they cost.

    The radii begin at an estimate of the checker's own error, and grow until its own test of the series passes. Raises
    :class:`DerivationGap` when it does not.
    """
    bits, v, kernel = 64 * limbs, 2 * (inst.inputs.common_norm or 0), _kernel(inst, limbs)
    why = ""
    for grown in range(GROWTH):
        found = _balls(inst, kernel, bits, _room(inst) * 64.0**grown)
        try:
            balls, (_, off), tail = prove_series({**claim, **found}, Fraction(v), bits)
        except Stop as stop:
            why = f"{stop.args[1]}: {stop.args[2]}"
            if stop.args[0] == UNSUPPORTED:
                break
        else:
            radius, reach = tail, Fraction(1.0 if inst.inputs.parallel else min(inst.inputs.separation, 1.0))
            for _, r in reversed(balls):
                radius = math.ceil(radius * reach) + r
            radius += 4 * len(balls) * (sum(abs(m) for m, _ in balls) // 2**bits + 3)
            return found, Fraction(off + inst.data.n * radius, 2**bits)
    raise DerivationGap(f"the checker's arithmetic does not resolve this kernel ({why}).")


def _balls(inst: Population, kernel: EquilibriumKernel, bits: int, room: float) -> dict[str, Any]:
    one = 1 << bits
    s, q = kernel.fixed_point.s, kernel.fixed_point.q
    size = upper_float(q)
    extra = _beyond(inst, kernel.series, kernel.correlation, float(one))
    coefficients = []
    for k, more in zip(kernel.series.coefficients, extra, strict=True):
        if k.is_zero() and inst.activation.parity == "odd":
            coefficients.append(["0", "0"])
            continue
        mid, rad = exact(k.mid()), exact(k.rad())
        radius = math.ceil((4 + 64 * size + 2 * more + float(rad * one) * 2) * room)
        coefficients.append([str(round(mid * one)), str(radius)])
    wide, off = 1 << 2 * bits, Fraction(room * upper_float(s)) * 2 ** (bits + 8)
    return {
        "s": [str(round(exact(s.mid()) * wide)), str(math.ceil(off) + 1 + _units(s.rad(), wide))],
        "mass": [str(round(exact(q.mid()) * one)), str(math.ceil((4 + 1024 * size) * room) + _units(q.rad(), one))],
        "coefficients": coefficients,
    }


def _units(radius: arb, one: int) -> int:
    return math.ceil(exact(radius) * one)


def _room(inst: Population) -> float:
    """By how much the fixed points amplify an error: 1 / (1 - theta)."""
    slope = float(parse(checkable_expression(inst.activation.expression))[2])
    return 1 / (1 - math.sqrt(2 * float(inst.sigma_w2)) * slope)


def _beyond(inst: Population, series: DotProductSeries, correlation: DotProductSeries, scale: float) -> list[float]:
    """What Hermite orders beyond the checker's own may add to each coefficient, in units of ``1 / scale``."""
    order = series.order
    if inst.activation.parity == "odd" or correlation.coefficients[0].is_zero():
        return [0.0] * (order + 1)
    many = (order + 1) * 3 // 2 + 32
    tail = upper_float(hermite_transform(inst.activation, many, exact(inst.fixed_point.s.mid()), 64).tail)
    p = np.array([float(b) for b in correlation.coefficients])
    power, factor, k = np.zeros(order + 1), p, many + 1
    power[0] = 1.0
    while k:
        power = np.convolve(power, factor)[: order + 1] if k & 1 else power
        factor, k = np.convolve(factor, factor)[: order + 1], k >> 1
    return [float(x) * tail * scale for x in np.maximum.accumulate(power)]
