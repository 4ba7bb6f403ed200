"""The logarithmic Sobolev inequality of one neuron on the line by Hardy's inequality on two half-lines."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep

HALF_LINES = Lemma(
    "lemma.half-lines-log-sobolev",
    "a logarithmic Sobolev inequality on the line by Hardy's inequality on two half-lines",
    (
        Hypothesis("line", r"n>0\text{ a continuous probability density on the line},\ m\in\mathbb R"),
        Hypothesis("pair", r"e^{\psi(t)}\le A+Be^t\text{ for all }t,\ \psi(t)=t+\tfrac{t^2}{e^t-1-t},\ A\ge1,\ B>0"),
    ),
    r"\operatorname{Ent}(f^2)\le4\max(B_+,B_-)\int f'^2n,\quad"
    r" B_+=\sup_{x>m}T\log\bigl(A+\tfrac BT\bigr)\int_m^x\tfrac1n,\ T=\int_x^\infty n,"
    r"\quad \alpha=\frac1{2\max(B_+,B_-)}",
    (
        ProofStep(
            r"Where $\int e^\varphi=1$, $D=-\int\varphi=\int(e^\varphi-1-\varphi)$:"
            r" $\int(g+a)^2\varphi\le\int g^2\varphi+\frac1D(\int g\varphi)^2\le\int g^2\psi(\varphi)$.",
            "rothaus-shift",
        ),
        ProofStep(
            r"$A=\frac{15}2$, $B=\frac32$: $\psi(t)\le r+\kappa(l)$ on $[l,r]$ with"
            r" $\kappa(t)=t^2/(e^t-1-t)=1/\int_0^1(1-u)e^{ut}du$;"
            r" $\psi\le\frac32$ below $-3$, and $e^{\kappa(4)}\le1.39$.",
            "rothaus-pair",
        ),
        ProofStep(
            r"Hardy: $I'=\frac1n$, $\nu[x,\infty)\le\frac{B_0}{I(x)}$ give $\int g^2d\nu\le\int g'^2n\,I^{1/2}\cdot"
            r"2\int_y^\infty I^{1/2}d\nu\,dy\le4B_0\int g'^2n$.",
            "hardy-weights",
        ),
        ProofStep(
            r"$\int_x^\infty\psi(\varphi)_+\le T\log\frac{AT+B}T$ (Jensen), and that is $T\log(A+\frac BT)$.",
            "jensen-tail",
        ),
        ProofStep(
            r"$\mathrm{KL}=\operatorname{Ent}(f^2)$ and $\mathrm{FI}=4\int f'^2n$:"
            r" $\mathrm{KL}\le\frac1{2\alpha}\mathrm{FI}$.",
            "half-lines-constant",
        ),
    ),
    Reference(
        "muckenhoupt1972hardy", ours="docs/papers/two_layer_logistic/one-neuron.md, Hardy's inequality on half-lines"
    ),
)

LEMMAS = (HALF_LINES,)
