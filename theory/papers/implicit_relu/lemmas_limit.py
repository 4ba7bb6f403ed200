"""The squared norm of the equilibrium at infinite width: an expectation, and the fixed point of a contraction."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import NOTES, PAPER, claims

LIMIT = Lemma(
    "lemma.implicit-limit",
    "the limit of the squared norm of the equilibrium is one fixed point of an expectation",
    (Hypothesis("scale", r"0\le\gamma^2<\tfrac43"), Hypothesis("independent", r"g,h\sim N(0,1)\text{ independent}")),
    r"F(K)=\mathbb E\,\sigma(sg+\sigma(h))^2=\frac{s^2}4+\frac{(1+s^2)(\pi-\arctan s)+s}{2\pi},\ s^2=\gamma^2K,\qquad"
    r" 0\le F'(K)\le\tfrac34\gamma^2<1,\qquad K^*=F(K^*)\text{ is unique}",
    (
        ProofStep(
            r"For $h<0$: $\mathbb E\,\sigma(sg)^2=\frac{s^2}2$, with probability $\frac12$.",
            "limit-inactive",
        ),
        ProofStep(
            r"For $h>0$: $sg+h=\sqrt{1+s^2}\,r\cos\alpha$ in polar coordinates, and $h>0$ cuts the half-plane down to"
            r" $\arctan s-\frac\pi2<\alpha<\frac\pi2$:"
            r" $\frac{1+s^2}{2\pi}\int_0^\infty r^3e^{-r^2/2}\,dr\int\cos^2\alpha\,d\alpha"
            r"=\frac{(1+s^2)(\pi-\arctan s)+s}{2\pi}$.",
            "limit-active",
        ),
        ProofStep(
            r"$F'(K)=\gamma^2\bigl(\frac34-\frac{\arctan s}{2\pi}\bigr)\le\frac34\gamma^2$, its value at $K=0$.",
            "limit-contraction",
        ),
        ProofStep(
            r"Banach's theorem gives one fixed point; the number that certigram encloses is one.",
            "limit-point",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Infinite width"),
    claims=claims("equilibrium-limit"),
)

LEMMAS = (LIMIT,)
