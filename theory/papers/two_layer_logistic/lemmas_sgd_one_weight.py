"""An interval that every step of a stochastic descent maps into itself."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import claims

TRAPPED = Lemma(
    "lemma.trapped-descent",
    "an interval that no step of mini-batch descent leaves",
    (
        Hypothesis("signs", r"L_B'(u)\le0\le L_B'(v)\text{ for every batch }B,\ u<v"),
        Hypothesis("small-step", r"\eta>0,\ \eta L_B''\le1\text{ on }[u,v]"),
    ),
    r"w\in[u,v]\implies w-\eta L_B'(w)\in[u,v]\text{ for every batch: }W_k\in[u,v]\text{ for all }k",
    (
        ProofStep(
            r"$w\mapsto w-\eta L_B'(w)$ has the derivative $1-\eta L_B''\ge0$ on $[u,v]$.",
            "trapped-increasing",
        ),
        ProofStep(
            r"So for $w\in[u,v]$ its value is at least that at $u$ and at most that at $v$"
            r" (mean value theorem).",
            "trapped-between",
        ),
        ProofStep(
            r"$u-\eta L_B'(u)\ge u$ and $v-\eta L_B'(v)\le v$; by induction all $W_k\in[u,v]$, whichever batches were"
            r" drawn.",
            "trapped-ends",
        ),
    ),
    Reference(
        "gopalani2023logistic",
        ours="docs/papers/two_layer_logistic/sgd-one-weight.md, Plain mini-batches that are trapped",
    ),
    claims=claims("sgd-trapped"),
)

LEMMAS = (TRAPPED,)
