"""The exact nullity of the arc-cosine Gram matrix."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import NOTES, PAPER, claims

NULLITY = Lemma(
    "lemma.arc-cosine-nullity",
    "the nullity of the arc-cosine Gram matrix: repetitions, and antipodal pairs of dependent directions",
    (
        Hypothesis("non-zero", r"x_i\ne0"),
        Hypothesis("antipodes", r"x_1,\dots,x_p:\ \text{one of each antipodal pair}"),
    ),
    r"\dim\ker G^\infty=\#\{\text{repetitions}\}+p-\operatorname{rank}(x_1,\dots,x_p)",
    (
        ProofStep(
            r"$c^\top G^\infty c=\mathbb E f(w)^2$ with $f(w)=\sum_ic_i\sigma(w\cdot x_i)$, which is continuous: it"
            r" is 0 iff"
            r" $f\equiv0$, and $G^\infty c=0$ iff it is 0.",
            "nullity-form",
        ),
        ProofStep(
            r"Let $x$ have the coefficient $c$ and $-x$ the coefficient $c'$ (0 if it is no input), and let $w_0\cdot"
            r" x=0$,"
            r" $w_0\cdot y\ne0$ for all other lines: almost all $w_0\in x^\perp$. Then"
            r" $f(w_0+tx)-2f(w_0)+f(w_0-tx)=t(c+c')\lVert x\rVert^2$ for small $t>0$, so $f\equiv0$ forces $c'=-c$.",
            "nullity-kink",
        ),
        ProofStep(
            r"$\sigma(s)-\sigma(-s)=s$: with $c'=-c$ on each line, $f(w)=w\cdot\sum_kc_kx_k$, and $f\equiv0$ iff"
            r" $\sum_kc_kx_k=0$, a space of dimension $p-\operatorname{rank}$.",
            "nullity-linear",
        ),
        ProofStep(
            r"Equal directions enter $f$ through the sum of their coefficients, so each repetition adds 1, and the"
            r" pairs"
            r" are counted without repetitions.",
            "nullity-count",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Positive definiteness"),
    ("lemma.arc-cosine",),
    claims=claims("nullity", "least-eigenvalue"),
)

LEMMAS = (NULLITY,)
