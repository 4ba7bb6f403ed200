"""What a certificate of a kernel by name carries so that a stranger can check it: points, factor, vector."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ...theory.errors import DerivationGap
from ..balls.enclosure import Enclosure
from ..balls.precision import undisturbed
from ..certificates.certificate import Proof, fraction_text
from ..eigenvalues.nullspace import NullVector
from ..eigenvalues.witness import Question, kernel_proof
from ..studies.checkable import checkable_data
from .model import KernelModel
from .radial import DistanceKernel

FORMAT = "certigram-proof/2"


@undisturbed
def covariance_proof(
    model: KernelModel, found: Enclosure, *, bound: Fraction = Fraction(0), relation: str = ">"
) -> Proof:
    """The checkable part of a certificate about the least eigenvalue of ``model``, which ``found`` encloses.

    Raises :class:`DerivationGap` for kernels and data that the checker has no rule for: it knows those of the distance
    of points that are binary64 numbers.
    """
    kernel = model.covariance
    if not isinstance(kernel, DistanceKernel):
        raise DerivationGap(f"the checker has no rule for {kernel}: it knows Gaussian and Matérn kernels.")
    if model.data.normalize is not None:
        raise DerivationGap("the checker has no rule for distances of rescaled points.")
    data, arrays = checkable_data(model.data)
    document: dict[str, Any] = {
        "format": FORMAT,
        "system": model.system,
        "statement": {"lower": "0", "upper": "0", "relation": relation, "bound": fraction_text(bound)},
        "data": data,
        "kernel": {
            "kind": "radial",
            "name": kernel.name,
            "scale": fraction_text(kernel.kernel.scale),
            "embedding": "1",
        },
    }
    if isinstance(model.null_vector, NullVector):
        i, j = model.null_vector.support
        return Proof({**document, "witness": {"kind": "repeated", "points": [i, j]}}, arrays)
    question = Question.of(found, bound, strict=relation == ">")
    return kernel_proof(document, arrays, model.gram, found, question, Fraction(3 * model.data.n))
