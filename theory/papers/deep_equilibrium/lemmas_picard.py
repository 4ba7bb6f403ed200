"""Picard's iteration of a network whose weights contract."""

from __future__ import annotations

from ...claims.claim import Reference
from ...claims.lemma import Lemma, ProofStep
from .arguments import both
from .lemmas_training import WEIGHTS

PICARD = Lemma(
    "lemma.picard-rate",
    "a network whose weights contract has one equilibrium, reached geometrically",
    (WEIGHTS,),
    r"Z=\varphi(WZ+UX)\text{ has exactly one solution},\quad\lVert Z-Z^{(l)}\rVert_F\le\theta^l\lVert Z\rVert_F"
    r"\ (Z^{(0)}=0),\quad\lVert\hat Z-Z\rVert_F\le\frac{\lVert\varphi(W\hat Z+UX)-\hat Z\rVert_F}{1-\theta}",
    (
        ProofStep(
            r"$|\varphi(s)-\varphi(t)|\le L|s-t|$ entry by entry and $\lVert W(Y-Z)\rVert_F\le\lVert W\rVert_2\lVert"
            r" Y-Z\rVert_F$: the map contracts by $\theta$, and Banach's theorem gives one fixed point.",
            "picard-contraction",
        ),
        ProofStep(
            r"$\lVert Z-Z^{(l+1)}\rVert_F\le\theta\lVert Z-Z^{(l)}\rVert_F$, and $\lVert Z-Z^{(0)}\rVert_F=\lVert"
            r" Z\rVert_F$.",
            "picard-iterates",
        ),
        ProofStep(
            r"$\lVert\hat Z-Z\rVert_F\le\lVert\hat Z-\varphi(W\hat Z+UX)\rVert_F+\theta\lVert\hat Z-Z\rVert_F$.",
            "picard-residual",
        ),
    ),
    Reference("truong2023deq", ours="docs/theory/finite-width.md, Solving the equilibrium"),
    claims=both("picard-rate"),
)

LEMMAS = (PICARD,)
