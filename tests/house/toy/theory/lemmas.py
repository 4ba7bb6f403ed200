"""The argument behind the claim, line by line."""

from __future__ import annotations

from ...claims.claim import Reference
from ...claims.lemma import Lemma, ProofStep

LAGRANGE = Lemma(
    "lemma.toy-lagrange",
    "Lagrange's identity in the plane",
    (),
    r"(a^2+b^2)(c^2+d^2)-(ac+bd)^2\ge0",
    (ProofStep(r"The difference is $(ad-bc)^2$.", "toy-lagrange"),),
    Reference("toy2024linear", ours="docs/papers/toy/proofs.md, The entries"),
    claims=("toy.cauchy-schwarz",),
)

LEMMAS = (LAGRANGE,)
