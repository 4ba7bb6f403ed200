"""Two-layer networks with logistic loss: derivatives, bounds, the Villani inequality, the stationary law."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep

NOTES = "docs/papers/two_layer_logistic/proofs.md"
PAPER, SQUARED, SDE = "gopalani2023logistic", "gopalani2022squared", "shi2020learning"
LOSS = Hypothesis(
    "logistic-loss",
    r"L=g+\tfrac\lambda2\lVert W\rVert_F^2,\ g=\sum_i\omega_i\log(1+e^{-y_if_i}),\ f_i=a^\top\sigma(Wx_i)",
)
MODEL = Hypothesis("two-layers", r"f_i=a^\top\sigma(Wx_i),\ y_i=\pm1,\ \omega_i\ge0,\ \textstyle\sum_i\omega_i=1")
BOUNDED = Hypothesis("bounded-derivatives", r"M_1=\sup|\sigma'|,\ M_2=\sup|\sigma''|<\infty,\ \lVert x_i\rVert\le B")
SMOOTH = Hypothesis("smooth", r"\sigma\in C^\infty")
REGULARISED = Hypothesis("regularised", r"\lambda,s>0")


def claims(*slugs: str) -> tuple[str, ...]:
    """The claims of the system with these slugs."""
    return tuple(f"two-layer-logistic.{slug}" for slug in slugs)


DERIVATIVES = Lemma(
    "lemma.logistic-derivatives",
    "gradient, Laplacian and Hessian of the data term",
    (MODEL, SMOOTH),
    r"\nabla_{w_j}g=-\sum_i\omega_iy_iq_ia_j\sigma'(z_{ij})x_i,\qquad"
    r" \Delta g=\sum_i\omega_i\lVert x_i\rVert^2\Bigl[q_i(1-q_i)\sum_ja_j^2\sigma'(z_{ij})^2"
    r"-y_iq_i\sum_ja_j\sigma''(z_{ij})\Bigr],\qquad q_i=\frac1{1+e^{y_if_i}}",
    (
        ProofStep(
            r"$\partial\log(1+e^{-yf})=-yq\,\partial f$ and $\partial(-yq)=q(1-q)\,\partial f$, because $y^2=1$.",
            "logistic-chain",
        ),
        ProofStep(
            r"So $\partial_k\partial_l\log(1+e^{-yf})=q(1-q)\,\partial_kf\,\partial_lf-yq\,\partial_k\partial_lf$.",
            "logistic-second",
        ),
        ProofStep(
            r"$\partial_{w_{jk}}f=a_j\sigma'(z_j)x_k$, $\partial_{w_{jk}}\partial_{w_{jl}}f=a_j\sigma''(z_j)x_kx_l$,"
            r" and 0 for"
            r" weights of two units.",
            "network-derivatives",
        ),
        ProofStep(
            r"Sum the pure second derivatives over $k$, where $\sum_kx_k^2=\lVert x\rVert^2$, and over $j$.",
            "laplacian-sum",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Derivatives (C3)"),
    claims=claims("derivatives"),
)

BOUNDS = Lemma(
    "lemma.logistic-bounds",
    "the data term has a bounded gradient and a bounded Laplacian",
    (MODEL, BOUNDED),
    r"\lVert\nabla g\rVert_F\le G=M_1B\lVert a\rVert_2,\qquad"
    r" |\Delta g|\le D=B^2\bigl(\tfrac14M_1^2\lVert a\rVert_2^2+M_2\lVert a\rVert_1\bigr)",
    (
        ProofStep(r"$0<q<1$ and $q(1-q)\le\frac14$.", "logistic-weights"),
        ProofStep(
            r"The $i$-th summand of $\nabla g$ has rank one and norm"
            r" $q_i\lVert x_i\rVert(\sum_ja_j^2\sigma'(z_{ij})^2)^{1/2}\le BM_1\lVert a\rVert_2$; the norm is convex.",
            "gradient-rank-one",
        ),
        ProofStep(
            r"$q(1-q)\sum_ja_j^2\sigma'^2\le\frac14M_1^2\lVert a\rVert_2^2$ and"
            r" $q\,|\sum_ja_j\sigma''|\le M_2\lVert a\rVert_1$.",
            "laplacian-parts",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Bounds of the data term (C4, C5)"),
    ("lemma.logistic-derivatives",),
    claims=claims("gradient-bound", "laplacian-bound"),
)

VILLANI = Lemma(
    "lemma.villani",
    "the regularised logistic loss is a Villani function for every positive regularisation",
    (LOSS, SMOOTH, BOUNDED, REGULARISED),
    r"V=-\Delta L+\tfrac1s\lVert\nabla L\rVert^2\ge\tfrac1s(\lambda\lVert W\rVert-G)_+^2-\lambda N-D,\qquad"
    r" \lVert W\rVert\ge\frac{G+\sqrt{s(K+\lambda N+D)}}\lambda\implies V\ge K",
    (
        ProofStep(
            r"$\nabla L=\nabla g+\lambda W$ has norm at least $(\lambda\lVert W\rVert-G)_+$.",
            "villani-gradient",
        ),
        ProofStep(
            r"$\Delta\frac\lambda2\lVert W\rVert^2=\lambda N$, so $\Delta L\le D+\lambda N$.", "villani-laplacian"
        ),
        ProofStep(
            r"$V$ increases in $\lVert\nabla L\rVert$ and decreases in $\Delta L$: insert both.", "villani-insertion"
        ),
        ProofStep(
            r"The bound increases in $\lVert W\rVert$ beyond $G/\lambda$ and equals $K$ at the stated radius. So"
            r" $V\to\infty$ at infinity, for every $\lambda,s>0$.",
            "villani-radius",
        ),
        ProofStep(
            r"$g>0$ gives $L\ge\frac\lambda2\lVert W\rVert^2\to\infty$ and $\int e^{-2L/s}<\infty$.",
            "villani-integrable",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Villani for every positive regularisation (C6, C7, C9)"),
    ("lemma.logistic-bounds",),
    claims=claims("growth", "villani", "radius"),
)

THRESHOLD = Lemma(
    "lemma.villani-threshold",
    "without regularisation the fourth condition fails",
    (LOSS, BOUNDED, Hypothesis("no-regularisation", r"\lambda=0")),
    r"\bigl|-\Delta L+\tfrac1s\lVert\nabla L\rVert^2\bigr|\le\tfrac{G^2}s+D,\qquad"
    r" L\le\log(1+e^{\lVert a\rVert_1\sup|\sigma|})",
    (
        ProofStep(
            r"$\lVert\nabla L\rVert\le G$ and $|\Delta L|\le D$ bound both terms: the potential does not tend to"
            r" infinity.",
            "threshold-potential",
        ),
        ProofStep(
            r"$\log(1+e^{-m})$ decreases in $m=y_if_i\ge-\lVert a\rVert_1\sup|\sigma|$: for bounded $\sigma$ the"
            r" loss is"
            r" bounded too.",
            "threshold-loss",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Without regularisation (C8)"),
    ("lemma.logistic-bounds",),
    claims=claims("threshold-zero"),
)

SQUARED_LOSS = Lemma(
    "lemma.squared-loss",
    "the squared loss is a Villani function for nearly homogeneous activations",
    (
        Hypothesis(
            "squared-loss", r"L=\sum_i\omega_i\tfrac12(f_i-y_i)^2+\tfrac\lambda2\lVert W\rVert^2,\ |y_i|\le B_y"
        ),
        Hypothesis("nearly-homogeneous", r"\kappa=\sup_z|\sigma(z)-z\sigma'(z)|<\infty"),
        REGULARISED,
    ),
    r"\langle\nabla L,W\rangle\ge\lambda\lVert W\rVert^2-Q,\quad Q=\tfrac14(B_y+\kappa\lVert a\rVert_1)^2,\qquad"
    r" \lVert\nabla L\rVert^2\ge\lambda^2\lVert W\rVert^2-2\lambda Q\ \text{ for }\lVert W\rVert^2\ge Q/\lambda",
    (
        ProofStep(
            r"$\langle\nabla f,W\rangle=\sum_ja_jz_j\sigma'(z_j)=f-\delta$, where"
            r" $\delta=\sum_ja_j(\sigma(z_j)-z_j\sigma'(z_j))$ and $|\delta|\le\kappa\lVert a\rVert_1$.",
            "euler-defect",
        ),
        ProofStep(
            r"$(f-y)(f-\delta)=(f-\frac{y+\delta}2)^2-\frac14(y-\delta)^2\ge-Q$.",
            "square-completed",
        ),
        ProofStep(
            r"$\lVert\nabla L\rVert\ge\langle\nabla L,W\rangle/\lVert W\rVert\ge\lambda\lVert W\rVert-Q/\lVert"
            r" W\rVert$;"
            r" squared, it is at least $\lambda^2\lVert W\rVert^2-2\lambda Q$.",
            "squared-gradient",
        ),
        ProofStep(
            r"$|f|$ grows at most linearly, so $|\Delta g|\le\alpha+\beta\lVert W\rVert$, and"
            r" $\frac{\lambda^2}s w^2-\beta w\ge\frac{\lambda^2}{2s}w^2-\frac{s\beta^2}{2\lambda^2}$: $V\to\infty$.",
            "squared-growth",
        ),
        ProofStep(
            r"For bounded $\sigma$, $|f_i-y_i|\le R_f=B_y+\lVert a\rVert_1\sup|\sigma|$, and the theorem for the"
            r" logistic"
            r" loss holds with $G=R_fM_1B\lVert a\rVert_2$.",
            "squared-bounded",
        ),
    ),
    Reference(SQUARED, ours=f"{NOTES}, Squared loss (C10)"),
    ("lemma.villani",),
    claims=claims("squared-loss"),
)

HESSIAN = Lemma(
    "lemma.logistic-hessian",
    "curvature of the logistic loss, and when it is convex",
    (LOSS, BOUNDED),
    r"(\lambda-\lambda_{cvx})I\preceq\nabla^2L\preceq\bigl(\lambda+B^2(\tfrac14M_1^2\lVert a\rVert_2^2+M_2"
    r"\lVert a\rVert_\infty)\bigr)I,\qquad \lambda_{cvx}=B^2M_2\lVert a\rVert_\infty",
    (
        ProofStep(
            r"$0\preceq q(1-q)\nabla f\,\nabla f^\top\preceq\frac14\lVert\nabla f\rVert^2I$, and"
            r" $\lVert\nabla f\rVert^2=\lVert x\rVert^2\sum_ja_j^2\sigma'(z_j)^2\le B^2M_1^2\lVert a\rVert_2^2$.",
            "hessian-outer",
        ),
        ProofStep(
            r"The blocks $yq\,a_j\sigma''(z_j)xx^\top$ of the second part lie between $\mp B^2M_2\lVert"
            r" a\rVert_\infty I$.",
            "hessian-blocks",
        ),
        ProofStep(
            r"The recalled threshold $\lambda_c=\frac12M_1^2B^2\lVert a\rVert_2^2$ exceeds $\lambda_{cvx}$ by"
            r" $\frac12B^2M_1^2\lVert a\rVert_\infty\bigl(\lVert a\rVert_2^2/\lVert a\rVert_\infty-2M_2/M_1^2\bigr)$.",
            "threshold-difference",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Hessian (C12, C13, C14)"),
    ("lemma.logistic-derivatives",),
    claims=claims("smoothness", "strong-convexity", "convex-case"),
)

GAUSSIAN = Lemma(
    "lemma.gaussian-domination",
    "the stationary law exists and is dominated by a Gaussian",
    (LOSS, REGULARISED),
    r"\int e^{-2L/s}\,dW\le\Bigl(\frac{\pi s}\lambda\Bigr)^{N/2}",
    (
        ProofStep(r"$\log(1+e^{-m})>0$, so $g>0$ and $2L/s\ge\lambda\lVert W\rVert^2/s$.", "domination-exponent"),
        ProofStep(
            r"$\int e^{-\lambda w^2/s}\,dw=\sqrt{\pi s/\lambda}$ for each of the $N$ weights.", "domination-integral"
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Stationary law (C15, C19)"),
    claims=claims("partition-function"),
)

INITIAL = Lemma(
    "lemma.initial-laws",
    "which Gaussian initial laws the theorem admits",
    (LOSS, BOUNDED, REGULARISED),
    r"N(m,\tau^2I)\in L^2(\mu_s^{-1})\iff\tau^2<s/\lambda",
    (
        ProofStep(
            r"The integrand of $\int\rho_0^2/\mu_s$ is a constant times the exponential of"
            r" $-\frac{\lVert W-m\rVert^2}{\tau^2}+\frac{\lambda\lVert W\rVert^2}s+\frac{2g}s$, whose quadratic part is"
            r" $-\bigl(\frac1{\tau^2}-\frac\lambda s\bigr)\lVert W\rVert^2$.",
            "initial-exponent",
        ),
        ProofStep(
            r"If $\tau^2<s/\lambda$ it is $-c\lVert W\rVert^2$ with $c>0$, and the rest grows at most linearly:"
            r" $-cr^2+br\le-\frac c2r^2+\frac{b^2}{2c}$ is integrable.",
            "initial-integrable",
        ),
        ProofStep(
            r"If $\tau^2\ge s/\lambda$ the exponent is at least $\frac{2m\cdot W-\lVert m\rVert^2}{\tau^2}$, as"
            r" $g\ge0$: its"
            r" exponential is not integrable over $m\cdot W\ge0$.",
            "initial-divergent",
        ),
    ),
    Reference(SDE, ours=f"{NOTES}, Stationary law (C15, C19)"),
    ("lemma.gaussian-domination", "lemma.logistic-bounds"),
    claims=claims("initial-law"),
)

EXCESS = Lemma(
    "lemma.stationary-excess",
    "the excess loss of the stationary law",
    (LOSS, BOUNDED, REGULARISED),
    r"\mathbb E_{\mu_s}L-\inf L\le\frac{sN}4\log\frac{2e\,\mathrm{gLip}\,r^2}{sN},\qquad"
    r" r=\frac{G+\sqrt{G^2+2\lambda Ns}}{2\lambda}",
    (
        ProofStep(
            r"With $\beta=2/s$, $-\log\mu_s=\beta L+\log Z$: the entropy is $h=\beta\,\mathbb E_\mu L+\log Z$.",
            "excess-entropy",
        ),
        ProofStep(
            r"The Gaussian maximises the entropy at given $\mathbb E\lVert W\rVert^2\le r^2$:"
            r" $h\le\frac N2\log\frac{2\pi er^2}N$.",
            "excess-gaussian",
        ),
        ProofStep(
            r"$L\le L_*+\frac12\mathrm{gLip}\lVert W-W_*\rVert^2$ gives"
            r" $\log Z\ge-\beta L_*+\frac N2\log\frac{2\pi}{\beta\,\mathrm{gLip}}$.",
            "excess-partition",
        ),
        ProofStep(r"The difference of both, over $\beta$, is the stated bound.", "excess-difference"),
        ProofStep(
            r"Integration by parts, $\mathbb E_\mu\langle\nabla L,W\rangle=N/\beta$, and"
            r" $\langle\nabla L,W\rangle\ge\lambda\lVert W\rVert^2-G\lVert W\rVert$ give $\lambda r^2-Gr\le N/\beta$"
            r" for"
            r" $r^2=\mathbb E\lVert W\rVert^2$ (Jensen); solve.",
            "excess-moment",
        ),
    ),
    Reference(SDE, ours=f"{NOTES}, Stationary excess (C20)"),
    ("lemma.logistic-hessian", "lemma.logistic-bounds", "lemma.gaussian-domination"),
    claims=claims("stationary-excess"),
)

DESCENT = Lemma(
    "lemma.noisy-descent",
    "noisy gradient descent on a strongly convex loss",
    (LOSS, BOUNDED, Hypothesis("convex-step", r"m=\lambda-\lambda_{cvx}>0,\ 0<s\le\frac2{m+\Lambda}")),
    r"\mathbb E L(W_k)-\inf L\le\frac\Lambda2\Bigl[(1-sm)^{2k}\,\mathbb E\lVert W_0-W_*\rVert^2"
    r"+\frac{sN}{m(2-sm)}\Bigr]\quad\text{for}\quad W_{k+1}=W_k-s\nabla L(W_k)-s\xi_k,\ \xi_k\sim N(0,I)",
    (
        ProofStep(
            r"$\nabla L(W)=H(W-W_*)$ with the mean $H$ of the Hessian along the segment, $mI\preceq H\preceq\Lambda I$;"
            r" an eigenvalue $h$ of $H$ has $|1-sh|\le1-sm$, since $s(m+\Lambda)\le2$.",
            "descent-contraction",
        ),
        ProofStep(
            r"The noise is independent of $W_k$ and has mean zero, so $e_k=\mathbb E\lVert W_k-W_*\rVert^2$ satisfies"
            r" $e_{k+1}\le(1-sm)^2e_k+s^2N$, whose fixed point is $\frac{sN}{m(2-sm)}$.",
            "descent-fixed-point",
        ),
        ProofStep(
            r"The distance to the fixed point shrinks by $(1-sm)^2$ in a step; and"
            r" $L(W)\le L(W_*)+\frac\Lambda2\lVert W-W_*\rVert^2$.",
            "descent-distance",
        ),
        ProofStep(
            r"For $L=\frac\lambda2\lVert W\rVert^2$ the stationary excess $\frac{sN}4/(1-\frac{s\lambda}2)$ is the"
            r" bound.",
            "descent-equality",
        ),
    ),
    Reference(SDE, ours=f"{NOTES}, Descent (C21)"),
    ("lemma.logistic-hessian",),
    claims=claims("descent"),
)

LEMMAS = (DERIVATIVES, BOUNDS, VILLANI, THRESHOLD, SQUARED_LOSS, HESSIAN, GAUSSIAN, INITIAL, EXCESS, DESCENT)
