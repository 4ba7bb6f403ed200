"""What a certificate of ``resnet-rkhs`` carries so that a stranger can check it: points, parameters, factor, vector."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ....theory.errors import DerivationGap
from ...balls.enclosure import Enclosure
from ...balls.precision import undisturbed
from ...certificates.certificate import Proof, fraction_text
from ...eigenvalues.witness import Question, kernel_proof
from ...replay.inputs import MAX_POINTS
from ...studies.checkable import points_digest
from .dot_product import DotProductInstance
from .instance import ResNetInstance

FORMAT = "certigram-proof/2"


@undisturbed
def kernel_matrix_proof(
    inst: ResNetInstance | DotProductInstance,
    found: Enclosure,
    *,
    bound: Fraction = Fraction(0),
    relation: str = ">",
) -> Proof:
    """The checkable part of a certificate about the least eigenvalue of ``inst``, which ``found`` encloses.

    The points in it are those that the kernel sees: where the study rescales them, float64 numbers all the same.
    Raises :class:`DerivationGap` for dual kernels, and where the checker's arithmetic does not reach the bound.
    """
    if isinstance(inst, DotProductInstance):
        raise DerivationGap(f"the checker has no rule for {inst.subject}.")
    points = np.ascontiguousarray(inst.points, dtype="<f8")
    n, d = points.shape
    if n > MAX_POINTS:
        raise DerivationGap(f"the checker takes at most {MAX_POINTS} points.")
    rescaled = "" if inst.data.normalize is None else ", rescaled to norm sqrt(d) and rounded to binary64"
    document: dict[str, Any] = {
        "format": FORMAT,
        "system": inst.system,
        "statement": {"lower": "0", "upper": "0", "relation": relation, "bound": fraction_text(bound)},
        "data": {
            "n": n,
            "d": d,
            "normalize": None,
            "sha256": points_digest(None, n, d, points.tobytes()),
            "description": f"{inst.data.description}{rescaled}",
            "input_gram": None,
        },
        "kernel": {
            "kind": "radial",
            "name": inst.subject,
            "scale": fraction_text(inst.values["scale"]),
            "embedding": fraction_text(inst.values["embedding"]),
        },
    }
    if inst.null_vector is not None:
        i, j = inst.null_vector.support
        return Proof({**document, "witness": {"kind": "repeated", "points": [i, j]}}, {"points": points})
    question = Question.of(found, bound, strict=relation == ">")
    return kernel_proof(document, {"points": points}, inst.gram, found, question, Fraction(3 * n))
