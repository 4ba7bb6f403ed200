"""Entrywise products of matrices and their order."""

from __future__ import annotations

from ..claims.claim import Hypothesis, Reference
from ..claims.lemma import Lemma, ProofStep

SCHUR = Lemma(
    "lemma.schur-order",
    "Schur powers respect the order of matrices",
    (Hypothesis("order", r"0\preceq A\preceq B"),),
    r"A^{\circ r}\preceq B^{\circ r},\qquad \lambda_{\min}(A\circ B)\ge\lambda_{\min}(B)\min_ia_{ii}",
    (
        ProofStep(
            r"$A\circ B\succeq0$ for positive semidefinite $A$, $B$ (Schur): with $B=\sum_k v_kv_k^\top$,"
            r" $A\circ B=\sum_k\operatorname{diag}(v_k)A\operatorname{diag}(v_k)$.",
            "schur-product",
        ),
        ProofStep(
            r"$B^{\circ r}-A^{\circ r}=\sum_{k<r}A^{\circ k}\circ(B-A)\circ B^{\circ(r-1-k)}$ telescopes, and every"
            r" term is"
            r" positive semidefinite.",
            "telescoping",
        ),
        ProofStep(
            r"$A\circ(B-\lambda I)\succeq0$ for $\lambda=\lambda_{\min}(B)$, so"
            r" $A\circ B\succeq\lambda\operatorname{diag}(a_{ii})$.",
            "schur-least-eigenvalue",
        ),
    ),
    Reference("schur1911", ours="docs/papers/deep_equilibrium/population.md, Lower bounds"),
)

LEMMAS = (SCHUR,)
