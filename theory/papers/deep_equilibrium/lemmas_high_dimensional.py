"""The high-dimensional equivalent of the equilibrium kernel: the Taylor expansion of the fixed point."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep

NOTES = "docs/papers/deep_equilibrium/high-dimensional.md"

CENTRED = Hypothesis("centred", r"\mathbb E\,\phi(\tau_*\xi)=0")
RATE = Hypothesis("contraction", r"\sigma_a L<1")

EQUIVALENT = Lemma(
    "lemma.high-dimensional-equivalent",
    "the equations of the high-dimensional equivalent",
    (CENTRED, RATE),
    r"\tau_*^2=\sigma_a^2\,\mathbb E\,\phi(\tau_*\xi)^2+\sigma_b^2\tau_0^2,\quad"
    r" \alpha_1=\frac{\sigma_b^2d_1^2}{1-\sigma_a^2d_1^2},\quad"
    r" \alpha_4=\frac{\sigma_b^2}{1-\frac{\sigma_a^2}2\,\mathbb E(\phi^2)''(\tau_*\xi)},\quad"
    r" \alpha_2=\frac{d_2^2\alpha_4^2}{4(1-\sigma_a^2d_1^2)},\quad"
    r" \alpha_3=\frac{d_2^2(\sigma_a^2\alpha_1+\sigma_b^2)^2}{2(1-\sigma_a^2d_1^2)},\qquad"
    r" d_k=\mathbb E\,\phi^{(k)}(\tau_*\xi)",
    (
        ProofStep(
            r"$\frac{d}{ds}\,\mathbb E f(\sqrt s\,\xi)=\frac12\,\mathbb E f''(\sqrt s\,\xi)$: the density of $N(0,s)$"
            r" solves the heat equation $\partial_sp=\frac12p''$.",
            "heat-equation",
        ),
        ProofStep(
            r"The density $p$ of the pair solves $\partial_cp=\partial_x\partial_yp$, so the derivatives of"
            r" $F(s,s',c)=\mathbb E\,\phi(u)\phi(v)$ at $c=0$ are"
            r" $\partial_c^kF=\mathbb E\,\phi^{(k)}(u)\,\mathbb E\,\phi^{(k)}(v)$.",
            "dual-at-independence",
        ),
        ProofStep(
            r"By Stein, $d_1=\mu_1(\tau_*)/\tau_*$ and $d_2=\sqrt2\,\mu_2(\tau_*)/\tau_*^2$; in this form they exist"
            r" for every $\phi$ that is square-integrable.",
            "equivalent-slopes",
        ),
        ProofStep(
            r"With $q(s)=\mathbb E\,\phi(\sqrt s\,\xi)^2$ the variance solves"
            r" $s=\sigma_a^2q(s)+\sigma_b^2(\tau_0^2+\chi)$; at $\chi=0$ this is the equation of $\tau_*^2$, and"
            r" differentiating gives $ds/d\chi=\alpha_4$.",
            "variance-response",
        ),
        ProofStep(
            r"$G=F(s_i,s_j,\sigma_a^2G+\sigma_b^2t)$ with $s_i=\tau_*^2+\alpha_4\chi_i+\dots$: the coefficients of $t$,"
            r" $\chi_i\chi_j$ and $t^2$ are $\alpha_1$, $\alpha_2$, $\alpha_3$; those of $1$, $\chi_i$ and"
            r" $\chi_i^2$ vanish.",
            "equivalent-coefficients",
        ),
        ProofStep(
            r"For inputs of the norm $\tau_0$, $G(t)=\sum_{r\ge1}k_rt^r$ with $k_r\ge0$ and $\sum_rk_r\tau_0^{2r}=q$"
            r" (Mehler), so for $0<h\le\tau_0^2$: $0\le\frac{G(h)}h-k_1\le\frac{hq}{\tau_0^4}$ and"
            r" $0\le\frac{G(h)+G(-h)}{2h^2}-k_2\le\frac{h^2q}{\tau_0^8}$, without the formulas of"
            r" $\alpha_1=k_1$ and $\alpha_3=k_2$.",
            "equivalent-brackets",
        ),
        ProofStep(
            r"For $K=G/(1-\sigma_a^2\dot G)$ they are $\beta_1=\frac{\alpha_1}{1-a_0}$,"
            r" $\beta_2=\frac{\alpha_2}{1-a_0}$,"
            r" $\beta_3=\frac{\alpha_3}{1-a_0}"
            r"+\frac{\sigma_a^2d_2^2\alpha_1(\sigma_a^2\alpha_1+\sigma_b^2)}{(1-a_0)^2}$,"
            r" where $a_0=\sigma_a^2d_1^2$.",
            "equivalent-tangent",
        ),
    ),
    Reference("ling2024equivalence", ours=f"{NOTES}, Taylor expansion of the fixed point"),
    ("lemma.price", "lemma.mehler"),
    claims=("deq-general.high-dimensional", "deq-general.high-dimensional-norm"),
)

LEMMAS = (EQUIVALENT,)
