"""Noisy stochastic gradient descent in dimension N = pd: constants, Theorem 3 step by step, Theorem 6, stationarity."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import LOSS, PAPER, claims

NOTES = "docs/papers/two_layer_logistic/sgd.md"
DERIVATIVES = Hypothesis("bounded-derivatives", r"M_1=\sup|\sigma'|,\ M_2=\sup|\sigma''|<\infty")
SCHEME = Hypothesis(
    "recursion",
    r"W_{k+1}=W_k-\eta(\nabla L(W_k)+n_k)+\sqrt{\eta s}\,\xi_k,\ \mathbb E[n_k|W_k]=0,\ \beta=2/s,"
    r"\ \pi\propto e^{-\beta L}",
)
STEP = Hypothesis("step", r"0<\eta\le\min\{1/\lambda,\,2/\Lambda\},\ \mathbb E\lVert W_0\rVert^2<\infty")

CONSTANTS = Lemma(
    "lemma.sgd-lemma-1",
    "all constants of noisy descent, by the second moment of the inputs",
    (LOSS, DERIVATIVES),
    r"\nabla^2g\succeq-\lambda_{cvx}I,\quad -\bar H\preceq\nabla^2L\preceq\bar H=\lambda I+\kappa_+I_p\otimes\Sigma_x,"
    r"\quad \lVert\nabla g\rVert\le G,\ \Delta g\le D,\ W\cdot\nabla g\ge-X,\quad"
    r" \mathbb E\lVert n\rVert^2\le\sigma^2,\ \lVert\operatorname{Cov}n\rVert_F\le C_F,\ \lVert n\rVert\le b_\infty",
    (
        ProofStep(r"$q_i=1/(1+e^{y_if_i})\le\bar q$ as $-y_if_i\le R$, and $q(1-q)\le\frac14$.", "output-weight"),
        ProofStep(
            r"$\sum_i\omega_i\langle\nabla f_i,V\rangle^2\le M_1^2\lVert a\rVert_2^2\sum_jv_j^\top\Sigma_xv_j$"
            r" (Cauchy and Schwarz over $j$).",
            "form-outer",
        ),
        ProofStep(
            r"$|\sum_i\omega_iy_iq_i\langle\nabla^2f_iV,V\rangle|\le\bar qM_2\lVert a\rVert_\infty"
            r"\sum_jv_j^\top\Sigma_xv_j$, and $v^\top\Sigma_xv\le\lVert\Sigma_x\rVert\lVert v\rVert^2$.",
            "form-bend",
        ),
        ProofStep(
            r"$|\langle\nabla g,V\rangle|=|\sum\omega_iy_iq_i\langle\nabla f_i,V\rangle|\le\bar q"
            r"(\sum\omega_i\langle\nabla f_i,V\rangle^2)^{1/2}$.",
            "gradient-form",
        ),
        ProofStep(
            r"$\Delta g\le\sum\omega_i\lVert x_i\rVert^2(\frac14M_1^2\lVert a\rVert_2^2+\bar qM_2\lVert a\rVert_1)$.",
            "laplacian-trace",
        ),
        ProofStep(
            r"$W\cdot\nabla f=\sum a_jz_j\sigma'(z_j)$ is at most $\chi\lVert a\rVert_1$; or it is $f-\delta$ with"
            r" $|\delta|\le\kappa\lVert a\rVert_1$, and $m/(1+e^m)\le\omega$ where $\omega e^\omega=e^{-1}$.",
            "radial-maximum",
        ),
        ProofStep(
            r"The mean of a batch of $b$ has the covariance $\frac\nu b$ times that of one gradient: $\nu=1$ with,"
            r" $\nu=\frac{n-b}{n-1}$ without replacement.",
            "batch-covariance",
        ),
        ProofStep(
            r"Centring makes a second moment smaller, and $0\preceq A\preceq B$ gives $\lVert A\rVert_F\le\lVert"
            r" B\rVert_F$.",
            "centred-moment",
        ),
        ProofStep(
            r"$\lVert\sum\omega_iu_iu_i^\top\rVert_F^2=\sum\omega_i\omega_k\langle u_i,u_k\rangle^2$, and"
            r" $|\langle\nabla\ell_i,\nabla\ell_k\rangle|\le\bar q^2M_1^2\lVert a\rVert_2^2|\langle x_i,x_k\rangle|$.",
            "moment-frobenius",
        ),
        ProofStep(r"$n$ is the difference of two means of vectors that are bounded by $b_\infty/2$.", "noise-size"),
    ),
    Reference(PAPER, ours=f"{NOTES}, Constants"),
    ("lemma.logistic-derivatives",),
    claims=claims("sgd-landscape", "sgd-noise"),
)

FREE_ENERGY = Lemma(
    "lemma.noisy-sgd-free-energy",
    "the loss above its infimum, by relative entropy and the second moment",
    (LOSS, DERIVATIVES, Hypothesis("law", r"\mathrm{KL}(\rho|\pi)<\infty,\ R=\mathbb E_\rho\lVert W\rVert^2<\infty")),
    r"\mathbb E_\rho L-\inf L\le\frac1\beta\mathrm{KL}(\rho|\pi)+\frac N{2\beta}\log\frac{e\beta(\lambda+D/N)R}N",
    (
        ProofStep(r"$\beta\,\mathbb E_\rho L=\mathrm{KL}(\rho|\pi)+h(\rho)-\log Z$.", "free-energy"),
        ProofStep(r"The Gaussian maximises the entropy: $h(\rho)\le\frac N2\log\frac{2\pi eR}N$.", "excess-gaussian"),
        ProofStep(
            r"$\frac d{dt}\mathbb E L(W_*+\sqrt t\xi)=\frac12\mathbb E\Delta L\le\frac12(\lambda N+D)$.",
            "loss-heat",
        ),
        ProofStep(
            r"Gibbs' principle with $N(W_*,tI)$, $t=\frac N{\beta(\lambda N+D)}$:"
            r" $\log Z\ge-\beta\inf L+\frac N2\log(2\pi t)$.",
            "gibbs-principle",
        ),
        ProofStep(
            r"The difference over $\beta$ is the bound; for $g=0$, $\rho=\pi$ it is attained.", "free-energy-sum"
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Theorem 3"),
    ("lemma.sgd-lemma-1", "lemma.stationary-excess"),
    claims=claims("sgd-descent", "sgd-plan"),
)

MOMENTS = Lemma(
    "lemma.noisy-sgd-moments",
    "the second moment at every step",
    (SCHEME, Hypothesis("radial", r"W\cdot\nabla g\ge-X,\ \lVert\nabla g\rVert\le G"), STEP),
    r"\mathbb E\lVert W_k\rVert^2\le R_k=(1-\eta\lambda)^{2k}\,\mathbb E\lVert W_0\rVert^2"
    r"+\frac{2(1-\eta\lambda)X+\eta(G^2+\sigma^2)+sN}{\lambda(2-\eta\lambda)}",
    (
        ProofStep(
            r"$\lVert(1-\eta\lambda)W-\eta\nabla g\rVert^2\le(1-\eta\lambda)^2\lVert W\rVert^2"
            r"+2\eta(1-\eta\lambda)X+\eta^2G^2$, as $1-\eta\lambda\ge0$.",
            "moment-step",
        ),
        ProofStep(
            r"Noise of mean zero adds $\eta^2\sigma^2+\eta sN$; the recursion has the stated fixed point.",
            "moment-fixed-point",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Theorem 3"),
    ("lemma.sgd-lemma-1",),
    claims=claims("sgd-descent", "sgd-plan"),
)

FIRST_STEP = Lemma(
    "lemma.noisy-sgd-first-step",
    "relative entropy after the first step, from any initial law",
    (SCHEME, STEP),
    r"\mathrm{KL}(\rho_1|\pi)\le K_1=\beta(\mathbb E L(W_0)-g_{\inf})+\tfrac N2\log\tfrac1{2e\eta\lambda}"
    r"+\eta(\lambda N+D)+\tfrac12\beta\Lambda\eta^2\sigma^2",
    (
        ProofStep(
            r"Given $(W_0,n_0)$ the law is $N(m_1,\frac{2\eta}\beta I)$, with $\mathrm{KL}=-\frac N2"
            r"\log\frac{4\pi e\eta}\beta+\beta\,\mathbb E L+\log Z$.",
            "first-entropy",
        ),
        ProofStep(
            r"$\log Z\le\frac N2\log\frac{2\pi}{\beta\lambda}-\beta g_{\inf}$, and"
            r" $\mathbb E L\le L(m_1)+\frac\eta\beta(\lambda N+D)$.",
            "first-partition",
        ),
        ProofStep(
            r"$\mathbb E L(m_1)\le L(W_0)-\eta(1-\frac{\Lambda\eta}2)\lVert\nabla L\rVert^2+\frac{\Lambda\eta^2}2"
            r"\sigma^2$ for $\eta\le2/\Lambda$.",
            "first-descent",
        ),
        ProofStep(r"Relative entropy is convex: average over $(W_0,n_0)$.", "entropy-convex"),
    ),
    Reference(PAPER, ours=f"{NOTES}, Theorem 3"),
    ("lemma.sgd-lemma-1", "lemma.gaussian-domination", "lemma.noisy-sgd-free-energy"),
    claims=claims("sgd-descent", "sgd-plan"),
)

CONVEX = Lemma(
    "lemma.strongly-convex-sgd",
    "noisy, mini-batch and plain stochastic descent on a strongly convex loss",
    (LOSS, SCHEME, Hypothesis("convex", r"m=\lambda-\lambda_{cvx}>0,\ 0<\eta\le\tfrac2{m+\Lambda},\ s\ge0")),
    r"\mathbb E L(W_k)-\inf L\le\frac\Lambda2\Bigl[(1-\eta m)^{2k}\,\mathbb E\lVert W_0-W_*\rVert^2"
    r"+\frac{sN+\eta\sigma^2}{m(2-\eta m)}\Bigr],\qquad"
    r" \mathbb E\lVert W_k-W_*\rVert^2\le\frac{\max(k_0\mathbb E\lVert W_0-W_*\rVert^2,4\sigma^2/m^2)}{k+k_0}"
    r"\ \text{ for }s=0,\ \eta_k=\tfrac2{m(k+k_0)},\ k_0\ge1+\tfrac\Lambda m",
    (
        ProofStep(
            r"$\nabla L(W)=H(W-W_*)$ with $mI\preceq H\preceq\Lambda I$: $\lVert I-\eta H\rVert\le1-\eta m$.",
            "descent-contraction",
        ),
        ProofStep(
            r"$e_{k+1}\le(1-\eta m)^2e_k+\eta^2\sigma^2+\eta sN$ has the fixed point"
            r" $\frac{sN+\eta\sigma^2}{m(2-\eta m)}$; for $g=0$ it is attained.",
            "convex-fixed-point",
        ),
        ProofStep(
            r"With $j=k+k_0\ge2$: $(1-\frac2j)^2\frac Cj+\frac C{j^2}\le\frac C{j+1}$, where"
            r" $\eta_k^2\sigma^2\le C/j^2$.",
            "decreasing-steps",
        ),
        ProofStep(
            r"$\lambda\lVert W_*\rVert^2=-W_*\cdot\nabla g\le\min\{X,\,G\lVert W_*\rVert\}$, and"
            r" $g_{\inf}+\frac\lambda2\lVert W_*\rVert^2\le L(0)$.",
            "minimiser-size",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Theorem 6"),
    ("lemma.sgd-lemma-1", "lemma.noisy-descent"),
    claims=claims("sgd-strongly-convex", "sgd-plan"),
)

STATIONARITY = Lemma(
    "lemma.sgd-stationarity",
    "plain mini-batches: the gradient becomes small, at every regularisation",
    (SCHEME, Hypothesis("plain", r"s=0,\ 0<\eta\le1/\Lambda")),
    r"\frac1K\sum_{k<K}\mathbb E\lVert\nabla L(W_k)\rVert^2\le\frac{2(\mathbb E L(W_0)-\inf L)}{\eta K}"
    r"+\eta\Lambda\sigma^2",
    (
        ProofStep(
            r"$\mathbb E L(W_{k+1})\le\mathbb E L(W_k)-\eta(1-\frac{\Lambda\eta}2)\mathbb E\lVert\nabla"
            r" L\rVert^2+\frac{\Lambda\eta^2}2\sigma^2$.",
            "first-descent",
        ),
        ProofStep(
            r"$1-\frac{\Lambda\eta}2\ge\frac12$; sum over $k<K$ and divide by $\frac{\eta K}2$.", "stationarity-sum"
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Plain mini-batches"),
    ("lemma.sgd-lemma-1", "lemma.noisy-sgd-first-step"),
    claims=claims("sgd-stationarity"),
)

LEMMAS = (CONSTANTS, FREE_ENERGY, MOMENTS, FIRST_STEP, CONVEX, STATIONARITY)
