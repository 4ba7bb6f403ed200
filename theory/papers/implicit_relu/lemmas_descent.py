"""Gradient descent and flow of implicit ReLU networks with small output weights: the arguments."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import PAPER, UNIT, claims

NOTES = "docs/papers/implicit_relu/descent.md"
BELOW = Hypothesis(
    "contraction",
    r"\tilde\gamma\lVert A\rVert\le a_*<1\text{ before and after the step},\ s=\tfrac1{1-a_*},\ s_1=\sqrt{1+s^2}",
)
PLAIN = Hypothesis("plain", r"\rho_A=\rho_W=1,\ S=\Phi\text{ in the closed form and along the flow}")
CONSTANTS = (
    r"K=\tfrac1m(\rho_Ws_1^2x^2+\rho_As^2\gamma^2N^2),\ J_\Phi=\tfrac{\rho_W}mx^2s_1,\ J_A=\tfrac{\rho_A}m\gamma^2sN,"
    r"\ J_Z=s(J_A\lVert Z_0\rVert+J_\Phi)"
)

DRIFT = Lemma(
    "lemma.implicit-drift",
    "how far one step moves the features, whatever the derivative of ReLU at its kink is taken to be",
    (
        BELOW,
        Hypothesis("slopes", r"0\preceq D_i,E_i\preceq I\text{ diagonal, otherwise arbitrary}"),
        Hypothesis(
            "step",
            r"\text{steps }\rho_W\eta\text{ for }W,\ \rho_A\eta\text{ for }A;\ \lVert Z\rVert,\lVert Z_0\rVert\le N",
        ),
    ),
    r"\lVert(F^+-F)^\top w^+\rVert\le\eta K\lVert w\rVert\lVert w^+\rVert\lVert e\rVert,\quad"
    r"\lVert Z-Z'\rVert_F\le s\bigl(\tilde\gamma\lVert A-A'\rVert_F\lVert Z'\rVert+\lVert\Phi-\Phi'\rVert_F\bigr),\quad"
    r" J_\Phi\le K/\sqrt2,\ J_\Phi^2+J_Z^2\le K^2",
    (
        ProofStep(
            r"$q_i=D_ip$ with $p=u+\tilde\gamma A^\top D_ip$, so $\lVert q_i\rVert\le s\lVert u\rVert$ and"
            r" $\lVert E_i(q_i+v)\rVert\le s\lVert u\rVert+\lVert v\rVert\le s_1\lVert w\rVert$.",
            "drift-adjoint",
        ),
        ProofStep(
            r"A matrix with columns of norm at most $b$, times $\operatorname{diag}(e)X$, has Frobenius norm at most"
            r" $b\lVert e\rVert\lVert X\rVert$: $\lVert\Delta W\rVert_F\le\frac{\rho_W\eta x}{\sqrt m}(s\lVert"
            r" u\rVert+\lVert v\rVert)\lVert e\rVert$, $\lVert\Delta A\rVert_F\le\rho_A\eta\tilde\gamma Ns\lVert"
            r" u\rVert\lVert e\rVert$.",
            "drift-weights",
        ),
        ProofStep(
            r"$\lVert z-z'\rVert\le a_*\lVert z-z'\rVert+\lVert\tilde\gamma(A-A')z'+\varphi-\varphi'\rVert$, for all"
            r" inputs together; and $\lVert\Phi-\Phi'\rVert_F\le m^{-1/2}x\lVert W-W'\rVert_F$.",
            "drift-states",
        ),
        ProofStep(
            r"$\lVert v^+\rVert\lVert\Delta\Phi\rVert_F+\lVert u^+\rVert\lVert\Delta Z\rVert_F\le\frac\eta m\lVert"
            r" e\rVert\{\rho_Wx^2(s\lVert u^+\rVert+\lVert v^+\rVert)(s\lVert u\rVert+\lVert v\rVert)+\rho_As^2\gamma^2"
            r"N^2\lVert u\rVert\lVert u^+\rVert\}$.",
            "drift-coupling",
        ),
        ProofStep(
            r"With $g=\rho_As^2\gamma^2N^2$: $J_\Phi^2+J_Z^2\le\frac1{m^2}(\rho_W^2s_1^4x^4+2\rho_Wgss_1x^2+g^2)\le"
            r" K^2$,"
            r" since $s\le s_1$; $J_\Phi\le K/s_1$ and $s_1\ge\sqrt2$.",
            "drift-order",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, One step"),
    ("lemma.implicit-equilibrium", "lemma.implicit-resolvent", "lemma.feature-stability"),
    claims=claims("small-output-descent", "descent-corollary", "width-descent", "width-flow"),
)

THEOREM = Lemma(
    "lemma.small-output-descent",
    "gradient descent of an implicit ReLU network with small output weights",
    (
        Hypothesis("budget", r"\text{the budget of lemma.small-outputs with } K,\ J\text{ and a rate }c>0"),
        Hypothesis("H1", r"a(0)+J_AM(T)\le a_*<1"),
        Hypothesis("H2", r"N\ge\min\{\lVert Z_0\rVert+J_ZM(T),\,s(\lVert\Phi_0\rVert_F+J_\Phi M(T))\}"),
        Hypothesis(
            "H3",
            r"0<\eta\le\tfrac2{\Lambda+\lambda},\ \Lambda=\bigl(\lVert F_0\rVert+M(T)\sqrt{J_\Phi^2+J_Z^2}\bigr)^2",
        ),
        PLAIN,
    ),
    r"\lVert e(k+1)\rVert\le(1-\eta c)\lVert e(k)\rVert,\ a(k)\le a_*,\ \lVert Z_k\rVert\le N;\quad"
    r" m\ge\tfrac{9\lVert y\rVert^2}{\lambda^2}(s_1^2x^2+s^2\gamma^2N^2),\ w_0=0\implies c\ge\tfrac12\lambda",
    (
        ProofStep(
            r"Summing the steps: $\tilde\gamma\lVert A_k-A_0\rVert_F\le J_A\sum\eta\lVert w\rVert\lVert e\rVert$,"
            r" $\lVert\Phi_k-\Phi_0\rVert_F\le J_\Phi\sum$, $\lVert Z_k-Z_0\rVert_F\le J_Z\sum$. With the sum at most"
            r" $M(T)$ (H1) gives $a(k)\le a_*$, (H2) $\lVert Z_k\rVert\le N$, (H3) $\lVert F_k\rVert^2\le\Lambda$:"
            r" (a), (b) and (c) of the lemma hold.",
            "theorem-induction",
        ),
        ProofStep(
            r"$\mathcal C\ge9$ and $J_\Phi\le K/\sqrt2$. With $B=s_1^2x^2+s^2\gamma^2N^2\ge2s_1xs\gamma N$ and"
            r" $M(T)\le1.393\sqrt\lambda\,m/(9B)$: $J_AM\le.055\,\gamma\sqrt\lambda/x$, $J_\Phi M\le.110\sqrt\lambda$,"
            r" $KM\le.155\sqrt\lambda$.",
            "theorem-corollary",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, The theorem for one network"),
    ("lemma.small-outputs", "lemma.small-outputs-table", "lemma.implicit-drift"),
    claims=claims("small-output-descent", "descent-corollary", "width-descent"),
)

FLOW = Lemma(
    "lemma.small-output-flow",
    "gradient flow of an implicit ReLU network with any output weights",
    (
        Hypothesis("budget", r"\int_0^Tr_0\,dt=E_0,\ c=r_0(T)>0,\ r_0(t)=(\sqrt\lambda-J_\Phi M(t))_+^2"),
        Hypothesis("H1", r"a(0)+J_AM(T)\le a_*<1"),
        Hypothesis("H2", r"N\ge\min\{\lVert Z_0\rVert+J_ZM(T),\,s(\lVert\Phi_0\rVert_F+J_\Phi M(T))\}"),
        Hypothesis("flow", r"\dot\theta\in-\partial L(\theta)\text{ almost everywhere (Clarke), maximal}"),
        PLAIN,
    ),
    r"\lVert e(t)\rVert\le e^{-ct}E_0,\ a(t)\le a_*;\quad"
    r" m\ge4.641\,s_1x^2E_0(\omega_0+4YE_0/\lambda)^{1/2}\lambda^{-3/2}\implies c\ge\tfrac12\lambda",
    (
        ProofStep(
            r"$\dot e=-He$ almost everywhere with $H\succeq F^\top F$, for every choice in the subdifferentials (cited:"
            r" the chain rule of semialgebraic functions); and $\frac d{dt}\lVert w\rVert^2=-2\langle e,e+y\rangle\le"
            r"2Y\lVert e\rVert$.",
            "small-flow-energy",
        ),
        ProofStep(
            r"$|\hat y_i(A+H)-\hat y_i(A)|\le\lVert u\rVert s\tilde\gamma\lVert Hz_i\rVert$, so that every"
            r" subgradient in"
            r" $A$ is $g_iz_i^\top$ with $\lVert g_i\rVert\le\tilde\gamma s\lVert u\rVert$, through limits and hulls"
            r" too.",
            "drift-states",
        ),
        ProofStep(
            r"If $\lVert w\rVert\le\bar\Omega$ on the path and $\beta'=J_\Phi\bar\Omega E_0\lambda^{-3/2}<\frac13$:"
            r" $\int_0^\vartheta(1-\beta't)^2dt=1$ at $(1-\beta'\vartheta)^3=1-3\beta'$, and"
            r" $c=\lambda(1-3\beta')^{2/3}$.",
            "small-flow-budget",
        ),
        ProofStep(
            r"$c=\frac12\lambda$ at $1-3\beta'=2^{-3/2}$, where $1/\beta'<4.641$; $T\le2E_0/\lambda$, so"
            r" $\bar\Omega^2\le\omega_0+4YE_0/\lambda$. For $\omega_0=2m$, $Y\to0$: $m\ge2s_1^2x^4E_0^2"
            r"/(\beta'^2\lambda^3)$, and $2/\beta'^2<43.1$.",
            "small-flow-constant",
        ),
    ),
    Reference("bolte2021conservative", ours=f"{NOTES}, Gradient flow with any outputs"),
    ("lemma.small-outputs", "lemma.implicit-drift"),
    claims=claims("width-flow"),
)

CHERNOFF = Lemma(
    "lemma.feature-chernoff",
    "the least eigenvalue of the feature Gram matrix at a finite width",
    (
        UNIT,
        Hypothesis("definite", r"\lambda_0>0,\ \xi=x/\sqrt{\lambda_0},\ b=\sqrt n"),
        Hypothesis("ranges", r"\theta_1,\theta_2\in(0,1),\ t>0,\ 0<\epsilon<\lambda_0"),
        Hypothesis("moments", r"V\ge\lVert B\rVert^2,\ B_{ij}^2=\mathbb E\,\chi_i^2\chi_j^2"),
    ),
    r"\mathbb P\bigl(G_m\not\succ(1-\theta_1)(1-\theta_2)G^\infty\bigr)\le "
    r"n\exp\bigl(-\tfrac{m(1-\theta_1)h(\theta_2)}{(b+\xi t)^2}\bigr),\ \tau(t)\le\theta_1;\quad"
    r"\mathbb P(\lambda_{\min}(G_m)\le\lambda_0-\epsilon)\le n\,e^{-m\epsilon^2/(2V)}",
    (
        ProofStep(
            r"$\psi=(G^\infty)^{-1/2}\sigma(Xw)$ has $\mathbb E\psi\psi^\top=I$, and $w\mapsto\lVert\psi\rVert$ is"
            r" $\xi$-Lipschitz with mean at most $b$: $\mathbb P(\lVert\psi\rVert>b+\xi t)\le e^{-t^2/2}$ (cited),"
            r" and the"
            r" second moment beyond is at most $\tau(t)=e^{-t^2/2}(b+\xi t)(b+\xi t+2\xi/t)$.",
            "feature-tail",
        ),
        ProofStep(
            r"The matrix Chernoff bound (cited) for the truncated summands, of mean $\succeq(1-\theta_1)I$ and norm at"
            r" most $(b+\xi t)^2$; a lower bound may stand for the mean, because $\mu h(1-r/\mu)$ increases with"
            r" $\mu$.",
            "feature-exponent",
        ),
        ProofStep(
            r"$W\mapsto\sigma_{\min}(\Phi),\lVert\Phi\rVert_F$ are $x/\sqrt m$-Lipschitz: where the right side is at"
            r" most"
            r" $\frac12$, a median takes its place.",
            "feature-entries",
        ),
        ProofStep(
            r"$e^{-z}\le1-z+\frac12z^2$ for $z\ge0$ and Tropp's master bound (cited) give the exponent"
            r" $-\vartheta\epsilon+\frac12\vartheta^2V$, at $\vartheta=\epsilon/V$.",
            "feature-direct",
        ),
        ProofStep(
            r"$\mathbb E\chi_i^2\chi_j^2=\frac1{2\pi}(3\sin\theta\cos\theta+(\pi-\theta)(1+2\cos^2\theta))$ and"
            r" $\mathbb E\chi_i^3\chi_j=\frac1{2\pi}(\sin\theta(2+\cos^2\theta)+3(\pi-\theta)\cos\theta)$, in polar"
            r" coordinates; $\lVert Q\rVert\le\lVert B\rVert^2$ by Cauchy and Schwarz.",
            "feature-moments",
        ),
    ),
    Reference("tropp2012user", ours=f"{NOTES}, Concentration of the features"),
    ("lemma.arc-cosine", "lemma.feature-stability"),
    claims=claims("feature-concentration", "width-descent", "width-flow"),
)

COMPOSED = Lemma(
    "lemma.composed-descent",
    "the constants of the composed statements",
    (Hypothesis("inputs", r"n\ge2,\ p=n/\lambda_0\ge4,\ t_R=2\sqrt{\log40p}"),),
    r"\tau(t_R)\le.01,\quad(1-.01)(1-.2424)\ge\tfrac34,\quad\tfrac1{.99\,h(.2424)}\le32,\quad9\cdot\tfrac{16}9=16",
    (
        ProofStep(
            r"$\tau(t_R)\le p(1+t)(1+t+2/t)(40p)^{-2}$, and $(1+t)(1+t+2/t)\le16p$: at $p=4$, and its derivative"
            r" $\frac4p(1+\frac1t-\frac1{t^3})$ is at most 2.",
            "composed-truncation",
        ),
        ProofStep(
            r"$\theta_1=.01$, $\theta_2=.2424$ and the constants .055, .110, .155 at"
            r" $\lambda=\frac34\lambda_0\le\frac38$.",
            "composed-numbers",
        ),
        ProofStep(
            r"$(1-\frac38x)^2\le1-\frac12x$ for $0\le x\le\frac{16}9$, and $\eta\lambda_0\le\frac43$.",
            "composed-rate",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Composed statements"),
    ("lemma.small-output-descent", "lemma.feature-chernoff"),
    claims=claims("width-descent", "width-flow"),
)

LEMMAS = (DRIFT, THEOREM, FLOW, CHERNOFF, COMPOSED)
ARGUMENTS = {
    "lemma.small-outputs": claims(
        "descent-identity", "descent-energy", "small-output-descent", "width-descent", "width-flow"
    ),
    "lemma.small-outputs-table": claims("descent-budget", "descent-corollary"),
}
"""Which claims rest on the lemmas that papers share."""
