"""Recurrences of Hermite coefficients in order and in scale, Khatri-Rao powers, and the tangent-kernel conventions."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .arguments import both

NOTES = "docs/papers/deep_equilibrium/dual-calculus.md"

ABSOLUTELY_CONTINUOUS = Hypothesis(
    "absolutely-continuous", r"\phi \text{ absolutely continuous},\ |\phi'(x)|\le A(1+|x|)^ke^{B|x|}"
)

STEIN = Lemma(
    "lemma.stein-recurrence",
    "Hermite coefficients of an activation and of its derivative",
    (ABSOLUTELY_CONTINUOUS,),
    r"\sqrt r\,\mu_r(\phi;\sigma)=\sigma\,\mu_{r-1}(\phi';\sigma),\qquad r\ge1",
    (
        ProofStep(
            r"With the density $w$ and $G=\sum_rh_r(x)w(x)\,t^r/\sqrt{r!}=e^{-(x-t)^2/2}/\sqrt{2\pi}$,"
            r" $\partial_xG=-\partial_tG$; comparing powers of $t$, $(h_{r-1}w)'=-\sqrt r\,h_rw$ for every $r$.",
            "weighted-hermite-derivative",
        ),
        ProofStep(
            r"$\phi(\sigma x)h_{r-1}(x)w(x)\to0$ as $|x|\to\infty$: for $k,b\ge0$, $|x|^ke^{b|x|}e^{-x^2/2}$ is at most"
            r" $(4k/e)^{k/2}e^{2b^2}e^{-x^2/4}$.",
            "boundary-terms",
        ),
        ProofStep(
            r"Integrate by parts: $\sqrt r\,\mu_r=-\int\phi(\sigma x)(h_{r-1}w)'=\sigma\int\phi'(\sigma x)h_{r-1}w$.",
            "stein-enclosure",
        ),
    ),
    Reference("stein1981", ours=f"{NOTES}, Recurrence in the order"),
    claims=both("order-recurrence"),
)

SCALE = Lemma(
    "lemma.scale-recurrence",
    "how Hermite coefficients move with the scale",
    (ABSOLUTELY_CONTINUOUS,),
    r"\sigma\,\frac{d\mu_r}{d\sigma}(\sigma)=r\,\mu_r(\sigma)+\sqrt{(r+1)(r+2)}\,\mu_{r+2}(\sigma),\qquad \sigma>0",
    (
        ProofStep(
            r"$\sigma\mu_r'(\sigma)=\sigma\,\mathbb E\,z\,\phi'(\sigma z)h_r(z)$, since"
            r" $\sigma\,\partial_\sigma\phi(\sigma z)=\sigma z\,\phi'(\sigma z)$ is dominated for $\sigma$ in a compact"
            r" interval.",
            "chain-rule",
        ),
        ProofStep(
            r"$xe^{tx-t^2/2}=(\partial_t+t)e^{tx-t^2/2}$ gives $x\,h_r=\sqrt{r+1}\,h_{r+1}+\sqrt r\,h_{r-1}$.",
            "three-term-recurrence",
        ),
        ProofStep(
            r"By the recurrence in the order $\sigma\,\mathbb E\,\phi'(\sigma z)h_k(z)=\sqrt{k+1}\,\mu_{k+1}$ for"
            r" $k=r+1$ and $k=r-1$: insert.",
            "scale-insertion",
        ),
        ProofStep(
            r"The closed forms of $\exp$, $\sin$ and $\operatorname{erf}$ satisfy it identically in $\sigma$.",
            "scale-closed-forms",
        ),
    ),
    Reference("stein1981", ours=f"{NOTES}, Recurrence in the scale"),
    ("lemma.stein-recurrence",),
    claims=both("scale-recurrence"),
)

KHATRI_RAO = Lemma(
    "lemma.khatri-rao",
    "Schur powers of a Gram matrix are Gram matrices of Khatri-Rao powers",
    (Hypothesis("gram", r"C=\hat X^\top\hat X"),),
    r"C^{\circ r}=(\hat X^{*r})^\top\hat X^{*r},\qquad \hat X^{*r}=(\hat x_1^{\otimes r},\dots,\hat x_n^{\otimes r})",
    (
        ProofStep(
            r"$\langle x\otimes y,x'\otimes y'\rangle=\sum_{k,l}x_ky_lx'_ky'_l"
            r"=\langle x,x'\rangle\langle y,y'\rangle$.",
            "kronecker-inner-product",
        ),
        ProofStep(
            r"By induction on $r$, $\langle x_i^{\otimes r},x_j^{\otimes r}\rangle=\langle x_i,x_j\rangle^r$: the entry"
            r" $(i,j)$ of both sides.",
            "khatri-rao-power",
        ),
        ProofStep(r"So $C^{\circ r}\succeq0$.", "khatri-rao-order"),
    ),
    Reference("schur1911", ours=f"{NOTES}, Khatri-Rao powers"),
    claims=both("khatri-rao"),
)

CONVENTIONS = Lemma(
    "lemma.tangent-conventions",
    "the four tangent kernels of an equilibrium and their relations",
    (Hypothesis("stability", r"w\,\dot G<1 \text{ entry by entry},\ \Sigma=wG+2C"),),
    r"\mathrm{N1}=\tfrac{\Sigma}{1-w\dot G},\ \mathrm{N2}=\tfrac{G}{1-w\dot G},\ "
    r"\mathrm{N3}=G+\tfrac{\Sigma\dot G}{1-w\dot G},\ \mathrm{N4}=G\bigl(1+\tfrac{\dot G}{1-w\dot G}\bigr);\qquad"
    r" \mathrm{N3}=G+\dot G\circ\mathrm{N1},\quad \mathrm{N2}-G=w(\mathrm{N4}-G)",
    (
        ProofStep(
            r"The recursions of finite depth, $T\mapsto S+w\dot G\,T$, are geometric series: $T=S/(1-w\dot G)$, and"
            r" after $n$ steps the rest is $(w\dot G)^n$ times that.",
            "geometric-resolvent",
        ),
        ProofStep(r"$\mathrm{N3}=G+\dot G\circ\mathrm{N1}$.", "readout-relation"),
        ProofStep(r"$\mathrm{N2}-G=w\,(\mathrm{N4}-G)$.", "standard-relation"),
        ProofStep(
            r"At $w=0$ they are $\Sigma$, $G$, $G+\Sigma\circ\dot G$ and $G\circ(1+\dot G)$: the kernels of one hidden"
            r" layer.",
            "shallow-limit",
        ),
    ),
    Reference("ling2024equivalence", ours="docs/ntk-conventions.md, Deep equilibrium models"),
    claims=both("tangent-conventions"),
)

LEMMAS = (STEIN, SCALE, KHATRI_RAO, CONVENTIONS)
