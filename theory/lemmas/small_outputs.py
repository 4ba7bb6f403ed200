"""Gradient descent of networks that are linear in their output weights, while these weights are small."""

from __future__ import annotations

from ..claims.claim import Hypothesis, Reference
from ..claims.lemma import Lemma, ProofStep

OURS = "docs/papers/implicit_relu/descent.md"

SMALL_OUTPUTS = Lemma(
    "lemma.small-outputs",
    "gradient descent converges while the output weights stay small: one identity, one energy, no signs of activations",
    (
        Hypothesis(
            "step-rule",
            r"w_{k+1}=w_k-\eta F_ke_k,\quad e_k=F_k^\top w_k-y,\quad T_k=\sum_{j<k}\eta\lVert e_j\rVert",
        ),
        Hypothesis(
            "start",
            r"\lVert w_0\rVert^2\le\omega_0,\ \lVert y\rVert\le Y,\ \lVert e_0\rVert\le E_0,\ S_k \text{ a block of}"
            r"\text{ rows of }F_k,\ 0<\lambda\le\min_{\lVert v\rVert=1}\lVert S_0v\rVert^2",
        ),
        Hypothesis(
            "budget",
            r"\int_0^Tr\,dt=E_0,\ c=r(T)>0,\quad r(t)=\bigl(\sqrt\lambda-JM(t)\bigr)_+^2-K(\omega_0+2Yt),"
            r"\ M(t)=\int_0^t\sqrt{\omega_0+2Ys}\,ds",
        ),
        Hypothesis("step", r"0<\eta\le2/(\Lambda+\lambda)"),
        Hypothesis(
            "bounded",
            r"\text{as long as } T_k\le T,\ \lVert w_j\rVert^2\le\omega_0+2YT_j,\ "
            r"\textstyle\sum_{i<j}\eta\lVert w_i\rVert\lVert e_i\rVert\le M(T_j)\ (j\le k):\quad"
            r" \lVert F_k\rVert^2\le\Lambda,\ \lVert S_k-S_0\rVert\le J\sum_{i<k}\eta\lVert w_i\rVert\lVert e_i\rVert",
        ),
        Hypothesis(
            "coupling",
            r"\text{and as long as the same holds for } j\le k+1:\quad"
            r" \lVert(F_{k+1}-F_k)^\top w_{k+1}\rVert\le\eta K\lVert w_k\rVert\lVert w_{k+1}\rVert\lVert e_k\rVert",
        ),
    ),
    r"\lVert e_{k+1}\rVert\le(1-\eta c)\lVert e_k\rVert,\quad L_k\le(1-\eta c)^{2k}L_0,\quad"
    r" \sum_k\eta\lVert e_k\rVert\le T,\quad\lVert w_k\rVert^2\le\omega_0+2YT",
    (
        ProofStep(
            r"$e_{k+1}=(I-\eta F_k^\top F_k)e_k+(F_{k+1}-F_k)^\top w_{k+1}$, exactly.",
            "small-output-identity",
        ),
        ProofStep(
            r"With $P(t)=E_0-\int_0^tr$ suppose $T_k\le T$ and $\lVert e_k\rVert\le P(T_k)=\int_{T_k}^Tr$. As"
            r" $r\le\lambda$ and $\eta\lambda\le1$ (because $\lambda\le\Lambda$),"
            r" $T_{k+1}\le T_k+\eta\lambda(T-T_k)\le T$.",
            "small-output-no-overshoot",
        ),
        ProofStep(
            r"$\lVert w_{k+1}\rVert^2=\lVert w_k\rVert^2-2\eta\lVert e_k\rVert^2-2\eta\langle y,e_k\rangle"
            r"+\eta^2\lVert F_ke_k\rVert^2\le\lVert w_k\rVert^2+2\eta Y\lVert e_k\rVert$, since $\eta\lVert"
            r" F_k\rVert^2\le2$; so $\lVert w_{k+1}\rVert^2\le\omega_0+2YT_{k+1}$.",
            "small-output-energy",
        ),
        ProofStep(
            r"$\eta\lVert w_k\rVert\lVert e_k\rVert\le(T_{k+1}-T_k)\sqrt{\omega_0+2YT_k}\le"
            r"\int_{T_k}^{T_{k+1}}\sqrt{\omega_0+2Ys}\,ds$, a left Riemann sum of an increasing function.",
            "small-output-path",
        ),
        ProofStep(
            r"By Weyl $\min\lVert S_kv\rVert\ge\sqrt\lambda-JM(T_k)=:\sqrt{\lambda_k}>0$, as $S^\top S\succeq"
            r"\lambda I$ bounds what a perturbation leaves.",
            "singular-value-weyl",
        ),
        ProofStep(
            r"The spectrum of $F_k^\top F_k\succeq S_k^\top S_k$ lies in $[\lambda_k,\Lambda]$ and"
            r" $\eta(\Lambda+\lambda_k)\le2$: $\lVert I-\eta F_k^\top F_k\rVert\le1-\eta\lambda_k$.",
            "small-output-contraction",
        ),
        ProofStep(
            r"With $\Delta=T_{k+1}-T_k$: $\lambda_k\Delta\ge\int_{T_k}^{T_{k+1}}(\sqrt\lambda-JM)_+^2$, the left end"
            r" of a decreasing function, and $K\lVert w_k\rVert\lVert w_{k+1}\rVert\Delta\le "
            r"K\bigl(\omega_0+Y(T_k+T_{k+1})\bigr)\Delta=\int_{T_k}^{T_{k+1}}K(\omega_0+2Yt)\,dt$.",
            "small-output-decrease",
        ),
        ProofStep(
            r"So $\lVert e_{k+1}\rVert\le\lVert e_k\rVert-\int_{T_k}^{T_{k+1}}r\le P(T_{k+1})$, and this integral is at"
            r" least $c\Delta=\eta c\lVert e_k\rVert$, because $r$ does not increase.",
            "small-output-rate",
        ),
        ProofStep(
            r"With $a=\sqrt{\omega_0}$ and $b=\sqrt{\omega_0+2Yt}$: $M(t)=\frac{2t(a^2+ab+b^2)}{3(a+b)}$,"
            r" $\int_0^tM=\frac{2t^2(2b^3+4ab^2+6a^2b+3a^3)}{15(a+b)^2}$ and"
            r" $\int_0^tM^2=\frac{t^3(5b^5+15ab^4+30a^2b^3+34a^3b^2+27a^4b+9a^5)}{45(a+b)^3}$; certigram solves"
            r" $\int_0^Tr=E_0$ with these.",
            "small-output-integrals",
        ),
    ),
    Reference("gao2022implicit", ours=f"{OURS}, The lemma"),
)

CLOSED_FORM = Lemma(
    "lemma.small-outputs-table",
    "outputs that start at zero: the budget as one polynomial, and its constants",
    (
        Hypothesis("zero", r"w_0=0,\ E_0=Y,\ \mathcal C=\lambda^2/(KY^2)"),
        Hypothesis("tracked", r"J\le K/\sqrt2 \text{ (a), or } J\le K \text{ (b)}"),
    ),
    r"\mathcal C\ge9\text{ in (a), }10.5\text{ in (b)}\implies c\ge\tfrac12\lambda,\quad"
    r" M(T)\le1.393\,Y^2\lambda^{-3/2}\text{ and }1.379\,Y^2\lambda^{-3/2};\qquad"
    r" \mathcal C\ge7\text{ in (a)}\implies c\ge\tfrac15\lambda,\ M(T)\le1.887\,Y^2\lambda^{-3/2}",
    (
        ProofStep(
            r"With $t=(Y/\lambda)\vartheta$, $\kappa=2KY^2/\lambda^2$, $\beta=\frac{2\sqrt2}3JY^2/\lambda^2$:"
            r" $r/\lambda=(1-\beta\vartheta^{3/2})^2-\kappa\vartheta$, and $\int_0^Tr=E_0$ reads"
            r" $\vartheta-\frac45\beta\vartheta^{5/2}+\frac14\beta^2\vartheta^4-\frac12\kappa\vartheta^2=1$.",
            "small-output-scaling",
        ),
        ProofStep(
            r"$\kappa=2/\mathcal C$; $\beta\le\kappa/3$ in (a) and $\beta\le\frac{\sqrt2}3\kappa$ in (b). $r$ falls"
            r" with $\kappa$ and $\beta$, so that $\vartheta$ grows and $c$ falls with them.",
            "small-output-slopes",
        ),
        ProofStep(
            r"In each row of the table the polynomial at the stated $\vartheta$ is at least 1 and $r/\lambda$ at least"
            r" the stated $c/\lambda$: $\mathcal C=7,9,20,100$ in (a), $8,10.5,20,100$ in (b).",
            "small-output-table",
        ),
        ProofStep(
            r"The equation solved without the table gives $c/\lambda$ at least the stated one, and less than $0.506$ at"
            r" $\mathcal C=9$; at $\mathcal C=6.6$ it has no solution with $c>0$.",
            "small-output-solved",
        ),
    ),
    Reference("gao2022implicit", ours=f"{OURS}, Closed forms"),
    ("lemma.small-outputs",),
)

LEMMAS = (SMALL_OUTPUTS, CLOSED_FORM)
