"""What a certificate of ``implicit-relu`` carries so that a stranger can check it: data, factor and vector."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ...balls.enclosure import Enclosure
from ...balls.precision import undisturbed
from ...certificates.certificate import Proof, fraction_text
from ...eigenvalues.witness import Question, kernel_proof
from ...studies.checkable import checkable_data
from .instance import ImplicitInstance

FORMAT = "certigram-proof/2"


@undisturbed
def arc_cosine_proof(
    inst: ImplicitInstance, found: Enclosure, *, bound: Fraction = Fraction(0), relation: str = ">"
) -> Proof:
    """The checkable part of a certificate about the least eigenvalue of ``inst``, which ``found`` encloses.

    Raises :class:`DerivationGap` for data that the checker has no rule for, or when its arithmetic does not reach the
    bound.
    """
    data, arrays = checkable_data(inst.data)
    document: dict[str, Any] = {
        "format": FORMAT,
        "system": inst.system,
        "statement": {"lower": "0", "upper": "0", "relation": relation, "bound": fraction_text(bound)},
        "data": data,
        "kernel": {"kind": "arc-cosine"},
    }
    singular = inst.singularity
    if singular.null_vector is not None:
        pairs = list(singular.null_vector.entries.items())
        if singular.repetitions:
            vector = {str(i): fraction_text(a) for i, (a, _) in pairs}
            return Proof({**document, "witness": {"kind": "singular", "null_vector": vector}}, arrays)
        half = {str(i): fraction_text(a) for i, (a, _) in pairs[::2]}  # each is followed by its antipode
        return Proof({**document, "witness": {"kind": "dependent", "coefficients": half}}, arrays)
    question = Question.of(found, bound, strict=relation == ">")
    return kernel_proof(document, arrays, inst.gram, found, question, Fraction(4 * inst.data.n))
