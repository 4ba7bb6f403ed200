"""Residual networks in an RKHS: counts of random features, their bias, and a bound of the Hessian."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import ADMISSIBLE, BALL, NOTES, PAPER, claims
from .lemmas_kernels import FREQUENCIES, RADIAL

SAMPLED = Hypothesis("sampled", r"\omega_j\sim p\text{ independent}")

UNIFORM = Lemma(
    "lemma.uniform-features",
    "random features approximate the kernel uniformly on a set",
    (
        RADIAL,
        FREQUENCIES,
        SAMPLED,
        Hypothesis("spread", r"\sigma_p^2=\mathbb E|\omega|^2,\ \sigma_p\Delta\ge\varepsilon"),
    ),
    r"\mathbb P\Bigl(\sup_{|h|\le\Delta}|k_m-k|(h)\ge\varepsilon\Bigr)"
    r"\le2^9\Bigl(\frac{\sigma_p\Delta}\varepsilon\Bigr)^2e^{-m\varepsilon^2/(4(q+2))}",
    (
        ProofStep(
            r"$T\le(1+\frac{2\Delta}r)^q\le(\frac{4\Delta}r)^q$ balls of radius $r\le2\Delta$ cover the differences.",
            "covering-number",
        ),
        ProofStep(
            r"Hoeffding's inequality for means of $m$ values in $[-1,1]$ (of mean 0):"
            r" $\mathbb P(|f|\ge\frac\varepsilon2)\le2e^{-m\varepsilon^2/8}$ at each centre.",
            "hoeffding-exponent",
        ),
        ProofStep(
            r"$L_f\le\frac1m\sum|\omega_j|+\mathbb E|\omega|$, so $\mathbb EL_f^2\le2\sigma_p^2+2\sigma_p^2$, and"
            r" Markov's"
            r" inequality bounds $\mathbb P(L_f\ge\frac\varepsilon{2r})$ by $br^2$, $b=(4\sigma_p/\varepsilon)^2$.",
            "slope-moment",
        ),
        ProofStep(
            r"With $a=2(4\Delta)^qe^{-m\varepsilon^2/8}$, $ar^{-q}+br^2=2a^{2/(q+2)}b^{q/(q+2)}$ at"
            r" $r=(a/b)^{1/(q+2)}$, where"
            r" 2 has the exponent $1+\frac{2+8q}{q+2}=9-\frac{14}{q+2}<9$.",
            "covering-optimum",
        ),
        ProofStep(
            r"If this $r$ exceeds $2\Delta$, the value is $2br^2\ge128(\sigma_p\Delta/\varepsilon)^2>1$, and nothing"
            r" is said.",
            "covering-empty",
        ),
    ),
    Reference("rahimi2007random", ours=f"{NOTES}, Uniform approximation"),
    claims=claims("uniform-features"),
)

CHERNOFF = Lemma(
    "lemma.matrix-chernoff",
    "the least eigenvalue of a sum of few random matrices of small norm",
    (FREQUENCIES, SAMPLED, Hypothesis("definite", r"\lambda=\lambda_{\min}(K)>0")),
    r"\mathbb P\bigl(\lambda_{\min}(K_m)\le\tfrac\lambda2\bigr)\le N(\sqrt2e^{-1/2})^{m\lambda/N}\le"
    r" Ne^{-m\lambda/(8N)}",
    (
        ProofStep(
            r"$K_m=\sum_jX_j$ with $X_j=\frac1m(c_jc_j^\top+s_js_j^\top)\succeq0$ of trace $\ell=\frac Nm$, and"
            r" $\mathbb EX_j=\frac1mK$.",
            "feature-trace",
        ),
        ProofStep(
            r"$\operatorname{tr}e^{A+B}\le\operatorname{tr}e^Ae^B$ (Golden and Thompson), $m-1$ times, with"
            r" independence:"
            r" $\mathbb E\operatorname{tr}e^{-\theta K_m}\le N\lVert\mathbb Ee^{-\theta X_1}\rVert^m$.",
            "golden-thompson",
        ),
        ProofStep(
            r"$e^{-\theta x}\le1-\frac{1-e^{-\theta\ell}}\ell x$ on $[0,\ell]$ by convexity, so"
            r" $\lVert\mathbb Ee^{-\theta X_1}\rVert\le1-\frac{1-e^{-\theta\ell}}\ell\frac\lambda m$.",
            "exponential-chord",
        ),
        ProofStep(
            r"Markov's inequality and $1-x\le e^{-x}$: the exponent"
            r" $\frac{\theta\lambda}2-\frac{1-e^{-\theta\ell}}\ell\lambda$ at $\theta=\frac{\log2}\ell$ is"
            r" $\frac\lambda\ell\frac{\log2-1}2$, and $\frac{\log2-1}2<-\frac18$.",
            "chernoff-exponent",
        ),
    ),
    Reference("tropp2012user", ours=f"{NOTES}, Matrix Chernoff"),
    claims=claims("feature-chernoff"),
)

BIAS = Lemma(
    "lemma.feature-bias",
    "random features lower the least eigenvalue on average",
    (RADIAL, FREQUENCIES, SAMPLED),
    r"\mathbb EK_m=K,\qquad\mathbb E\lambda_{\min}(K_m)\le\lambda_{\min}(K)",
    (
        ProofStep(
            r"$\cos a\cos b+\sin a\sin b=\cos(a-b)$, and the mean of $\cos\omega\cdot(z-z')$ is $k(z-z')$ (Bochner).",
            "feature-product",
        ),
        ProofStep(
            r"$x^\top\mathbb EK_mx=\mathbb Ex^\top K_mx\ge\mathbb E\lambda_{\min}(K_m)$ for unit $x$: a minimum of"
            r" linear"
            r" functions is concave (Jensen).",
            "concave-minimum",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Bias"),
    claims=claims("feature-bias"),
)

SMOOTHNESS = Lemma(
    "lemma.residual-smoothness",
    "a bound of the Hessian on a ball",
    (ADMISSIBLE, BALL, Hypothesis("second", r"\lVert D^2v(z)\rVert\le\kappa_2\lVert v\rVert,\ K(z_l)\preceq\Lambda I")),
    r"\lVert\nabla^2L\rVert\le\lVert B\rVert^2\tfrac\Lambda Ne^{2\kappa_1R}+\lVert"
    r" B\rVert\sqrt{2L}\sqrt{\tfrac\Lambda N}"
    r"\bigl(\kappa_2\kappa_0Re^{3\kappa_1R}+2\kappa_1e^{2\kappa_1R}\bigr)",
    (
        ProofStep(
            r"Products of layers $I+\frac1DDv_l$ have norm at most $e^{\kappa_1R}$, since $1+x\le e^x$ and"
            r" $\frac1D\sum_l\lVert v_l\rVert\le R$.",
            "exponential-above-line",
        ),
        ProofStep(
            r"$\sum_i|w(z^i)|^2\le\Lambda\lVert w\rVert^2$, so the first variations of all points have norm at most"
            r" $e^{\kappa_1R}\sqrt\Lambda\lVert w\rVert$, and each at most $\kappa_0e^{\kappa_1R}\lVert w\rVert$.",
            "evaluation-norm",
        ),
        ProofStep(
            r"$\delta^2z_{l+1}=(I+\frac1DDv_l)\delta^2z_l+\frac1D(D^2v_l(\delta z_l,\delta z_l)+2Dw_l\,\delta z_l)$.",
            "second-variation",
        ),
        ProofStep(
            r"So $\lVert\delta^2z_D\rVert\le"
            r" e^{\kappa_1R}(\kappa_2R\kappa_0e^{\kappa_1R}+2\kappa_1)e^{\kappa_1R}\sqrt\Lambda"
            r"\lVert w\rVert^2$.",
            "second-variation-bound",
        ),
        ProofStep(
            r"$\nabla^2L(w,w)=\frac1N\sum_i(|B\delta z^i|^2+(F-y^i)\cdot B\delta^2z^i)$ and $\sum_i|F-y^i|^2=2NL$"
            r" (Cauchy--Schwarz); $\Lambda=N\kappa_0^2$ gives the other form.",
            "hessian-factors",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Smoothness"),
    ("lemma.state-separation",),
    claims=claims("smoothness", "descent-convergence", "made-descent"),
)

LEMMAS = (UNIFORM, CHERNOFF, BIAS, SMOOTHNESS)
