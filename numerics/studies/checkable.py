"""Data as a certificate carries them: exact points in an array, or exact inner products as text, with their digest."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import DerivationGap
from ..certificates.certificate import fraction_text
from ..replay.inputs import MAX_GRAM, MAX_POINTS
from .data import DataSet

Arrays = dict[str, NDArray[Any]]


def checkable_data(data: DataSet) -> tuple[dict[str, Any], Arrays]:
    """The part ``data`` of a proof, and its arrays; raises :class:`DerivationGap` for data that the checker lacks."""
    if data.n > (MAX_GRAM if data.points is None else MAX_POINTS):
        raise DerivationGap(f"the checker takes at most {MAX_POINTS} points, or {MAX_GRAM} rows of inner products.")
    if data.points is not None and data.points.exact:
        raise DerivationGap(
            "the checker reads points of binary64 numbers, and some of these are none: read the"
            ' file with numbers = "binary64", give float64, or write fewer digits.'
        )
    gram = None if data.input_gram is None else [[fraction_text(q) for q in row] for row in data.input_gram.entries]
    arrays: Arrays = {}
    if data.points is not None:
        arrays["points"] = np.ascontiguousarray(data.points.values, dtype="<f8")
    content = arrays["points"].tobytes() if gram is None else ";".join(map(",".join, gram)).encode()
    if points_digest(data.normalize, data.n, data.d, content) != data.digest:
        raise DerivationGap("the checker takes points as float64 numbers, or exact inner products: not these data.")
    document = {
        "n": data.n,
        "d": data.d,
        "normalize": data.normalize,
        "sha256": data.digest,
        "description": data.description,
        "input_gram": gram,
    }
    return document, arrays


def points_digest(normalize: str | None, n: int, d: int | None, content: bytes) -> str:
    """The SHA-256 digest of data, of which ``content`` are the bytes of the points, or of the text of a Gram matrix."""
    return sha256(f"{normalize}|{n}|{d}|".encode() + content).hexdigest()
