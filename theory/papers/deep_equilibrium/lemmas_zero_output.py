"""Descent from zero or small outputs: the theorem for Lipschitz activations, its corollary, the composed statement."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .arguments import both

NOTES = "docs/papers/deep_equilibrium/descent.md"

THEOREM = Lemma(
    "lemma.zero-output-descent",
    "gradient descent of an equilibrium model with small outputs, for any Lipschitz activation",
    (
        Hypothesis(
            "model",
            r"Z=\varphi(WZ+UX),\ \varphi\ L\text{-Lipschitz},\ L>0,\ L\lVert W_0\rVert<1,\ x=\lVert X\rVert",
        ),
        Hypothesis(
            "rule",
            r"(\Delta W,\Delta U,\Delta a)=-\eta\,(\rho\Delta\operatorname{diag}(e)Z^\top,"
            r"\ \rho\Delta\operatorname{diag}(e)X^\top,\ Ze),\ \delta_i=D_i(I-W^\top D_i)^{-1}a,\ |D_i|\le L",
        ),
        Hypothesis(
            "constants",
            r"a_*<1,\ \ell=\frac L{1-a_*},\ K=\rho\ell^2(N^2+x^2),"
            r"\ J=\rho\ell^2\sqrt{(N^2+x^2)(\lVert Z_0\rVert^2+x^2)},\ 0<\lambda\le\lambda_{\min}(Z_0^\top Z_0)",
        ),
        Hypothesis("R", r"\text{(R) of lemma.small-outputs has a solution } T,\ c,\ \mathcal M=M(T)"),
        Hypothesis(
            "H",
            r"L\lVert W_0\rVert+L\rho\ell N\mathcal M\le a_*,\quad\lVert Z_0\rVert+J\mathcal M\le N,\quad"
            r" 0<\eta\le\frac2{N^2+\lambda}",
        ),
    ),
    r"\lVert e_{k+1}\rVert\le(1-\eta c)\lVert e_k\rVert,\quad L\lVert W_k\rVert\le a_*,\quad\lVert Z_k\rVert\le N,"
    r"\quad\lambda_{\min}(Z_k^\top Z_k)\ge(\sqrt\lambda-J\mathcal M)^2",
    (
        ProofStep(
            r"Let $L\lVert W\rVert\le a_*$. $v=(I-W^\top D)^{-1}a$ solves $v=a+W^\top Dv$, so"
            r" $\lVert v\rVert\le\lVert a\rVert/(1-a_*)$ and $\lVert\delta_i\rVert\le L\lVert v\rVert\le"
            r"\ell\lVert a\rVert$.",
            "zero-output-adjoint",
        ),
        ProofStep(
            r"The columns of $\Delta\operatorname{diag}(e)$ are $e_i\delta_i$:"
            r" $\lVert\Delta\operatorname{diag}(e)\rVert_F\le\ell\lVert a\rVert\lVert e\rVert$; hence"
            r" $\lVert\Delta W\rVert_F\le\rho\eta\ell N\lVert a\rVert\lVert e\rVert$ and"
            r" $\lVert(\Delta W,\Delta U)\rVert_F\le\rho\eta\ell\sqrt{N^2+x^2}\,\lVert a\rVert\lVert e\rVert$.",
            "zero-output-step",
        ),
        ProofStep(
            r"$\Delta W\,Z+\Delta U\,X=-\rho\eta\Delta\operatorname{diag}(e)(Z^\top Z+X^\top X)$, of norm at most"
            r" $\rho\eta\ell(N^2+x^2)\lVert a\rVert\lVert e\rVert$.",
            "zero-output-argument",
        ),
        ProofStep(
            r"The pre-activations of the new and the old equilibrium differ by"
            r" $W^+(Z^+-Z)+\Delta W\,Z+\Delta U\,X$.",
            "zero-output-split",
        ),
        ProofStep(
            r"So $t=\lVert Z^+-Z\rVert_F\le a_*t+L\lVert\Delta W\,Z+\Delta U\,X\rVert_F$, that is"
            r" $t\le\ell\lVert\Delta W\,Z+\Delta U\,X\rVert_F$: nothing of $\varphi$ is used but $L$.",
            "zero-output-features",
        ),
        ProofStep(
            r"(c): $\lVert(Z^+-Z)^\top a^+\rVert\le\ell\cdot\rho\eta\ell(N^2+x^2)\lVert a\rVert\lVert e\rVert\cdot"
            r"\lVert a^+\rVert=\eta K\lVert a\rVert\lVert a^+\rVert\lVert e\rVert$.",
            "zero-output-coupling",
        ),
        ProofStep(
            r"(a), (b): $\lVert Z_k-Z_0\rVert_F\le\ell\sqrt{\lVert Z_0\rVert^2+x^2}\,"
            r"\lVert(W_k-W_0,U_k-U_0)\rVert_F\le J\sum_{j<k}\eta\lVert a_j\rVert\lVert e_j\rVert\le J\mathcal M$, so"
            r" $\lVert Z_k\rVert\le N$ by (H2); and $L\lVert W_k\rVert\le a_*$ by (H1), first for $k$, then $k+1$.",
            "zero-output-drift",
        ),
        ProofStep(
            r"$J\le K$ because $\lVert Z_0\rVert\le N$; lemma.small-outputs with $w=a$, $F=S=Z$, $\Lambda=N^2$.",
            "zero-output-order",
        ),
    ),
    Reference("ling2023deq", ours=f"{NOTES}, The theorem"),
    ("lemma.small-outputs", "lemma.equilibrium-perturbation"),
    claims=both("zero-output-descent", "made-zero-output", "zero-output-width"),
)

COROLLARY = Lemma(
    "lemma.zero-output-corollary",
    "zero outputs: one condition on quantities at the start, with the constant 10.5",
    (
        Hypothesis(
            "zero",
            r"a(0)=0,\ \rho=1,\ \ell_0=\frac L{1-L\lVert W_0\rVert},\ \bar Z\ge\lVert Z_0\rVert,"
            r"\ \varrho=\sqrt\lambda/\bar Z\le1",
        ),
        Hypothesis(
            "condition",
            r"\lambda^2\ge10.5\,(1+.132\varrho)^4\lVert y\rVert^2\ell_0^2(\bar Z^2+x^2),\quad"
            r" \eta\le\frac2{(1+.132\varrho)^2\bar Z^2+\lambda}",
        ),
    ),
    r"L_k\le(1-\tfrac12\eta\lambda)^{2k}L_0",
    (
        ProofStep(
            r"Take $N=(1+.132\varrho)\bar Z$ and $1-a_*=(1-L\lVert W_0\rVert)/(1+.132\varrho)$:"
            r" $\ell=(1+.132\varrho)\ell_0$, and $K\le(1+.132\varrho)^4\ell_0^2(\bar Z^2+x^2)$, so"
            r" $\mathcal C=\lambda^2/(K\lVert y\rVert^2)\ge10.5$.",
            "zero-output-choice",
        ),
        ProofStep(
            r"By the table for $J\le K$: $c\ge\frac12\lambda$ and"
            r" $K\mathcal M\le1.379\sqrt\lambda/10.5<.132\sqrt\lambda$.",
            "zero-output-share",
        ),
        ProofStep(
            r"(H2): $\bar Z+J\mathcal M\le\bar Z+.132\sqrt\lambda=N$.",
            "zero-output-second",
        ),
        ProofStep(
            r"(H1): $L\ell N\mathcal M\le\frac{L\,(.132\sqrt\lambda)N}{\ell(N^2+x^2)}\le(1-a_*)\,.132\varrho"
            r"=a_*-L\lVert W_0\rVert$.",
            "zero-output-first",
        ),
        ProofStep(
            r"$10.5\cdot1.132^4\le17.3$, the constant at worst, where $\varrho=1$.",
            "zero-output-worst",
        ),
    ),
    Reference("ling2023deq", ours=f"{NOTES}, The corollary"),
    ("lemma.zero-output-descent", "lemma.small-outputs-table"),
    claims=both("zero-output-descent", "made-zero-output", "zero-output-width"),
)

WIDTH = Lemma(
    "lemma.zero-output-width",
    "random weights: the theorem on the event of relative concentration, from one width on",
    (
        Hypothesis("event", r"(1-\eta_w)K\preceq G_m\preceq(1+\eta_w)K,\ L\lVert W_0\rVert\le a<1"),
        Hypothesis("probability", r"\text{that of the whitened lemmas}"),
        Hypothesis("outputs", r"a(0)=0,\ \text{so that } e_0=-y"),
    ),
    r"\lambda=(1-\eta_w)m\lambda_*,\ \bar Z^2=(1+\eta_w)m\lVert K\rVert,\ x^2=d\lVert C\rVert:\quad"
    r" \text{what holds at } m \text{ holds at every larger width}",
    (
        ProofStep(
            r"$\lambda_{\min}(Z_0^\top Z_0)=m\lambda_{\min}(G_m)\ge(1-\eta_w)m\lambda_*$ and"
            r" $\lVert Z_0\rVert^2=m\lVert G_m\rVert\le(1+\eta_w)m\lVert K\rVert$.",
            "zero-output-event",
        ),
        ProofStep(
            r"Let $N^2=m\nu^2$ with $\nu$, $a_*$ and $\eta_w$ fixed. $\kappa=2Ky^2/\lambda^2$ and"
            r" $\beta=\frac{2\sqrt2}3Jy^2/\lambda^2$ do not increase with $m$, so that $c/\lambda$ and $\vartheta$ get"
            r" no worse.",
            "zero-output-wider",
        ),
        ProofStep(
            r"With $\mathcal M=\frac{2\sqrt2}3\lVert y\rVert^2\lambda^{-3/2}\vartheta^{3/2}$ neither $N\mathcal M$, in"
            r" (H1), nor $J\mathcal M/\sqrt m$, in (H2), increases.",
            "zero-output-wider-conditions",
        ),
        ProofStep(
            r"In the limit of wide networks $a_i\sim N(0,\varsigma^2/m)$ is admitted where"
            r" $\varsigma^2<\lambda_*/(\rho\ell^2\lVert K\rVert)$; for $\rho=\varsigma=1$ that is"
            r" $\ell^2\lVert K\rVert<\lambda_*$, impossible for $L\ge1$ because $\ell\ge L$ and"
            r" $\lambda_*\le\lVert K\rVert$.",
            "zero-output-share-of-outputs",
        ),
    ),
    Reference("ling2023deq", ours=f"{NOTES}, The composed statement"),
    ("lemma.zero-output-descent", "lemma.relative-concentration", "lemma.whitened-net", "lemma.whitened-trace"),
    claims=both("zero-output-width"),
)

LEMMAS = (THEOREM, COROLLARY, WIDTH)
