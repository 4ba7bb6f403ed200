"""Finite width, first half: the population map and the Lipschitz estimates of networks (docs/…/width.md)."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .arguments import both

NOTES = "docs/papers/deep_equilibrium/width.md"
RANGE = Hypothesis("theta", r"w=2\sigma_w^2,\ \theta=\sqrt w\,\Lambda<1")
SMALL = Hypothesis("small-weights", r"a=\theta(2+t_a)<1,\ \kappa=\tfrac1{1-a},\ \ell=L\kappa,\ \sigma=\ell\sqrt{w/m}")
SMOOTH = Hypothesis("smooth", r"L_2=\sup|\varphi''|<\infty")


def _ours(section: str) -> Reference:
    return Reference("truong2023deq", ours=f"{NOTES}, {section}")


BURES = Lemma(
    "lemma.bures-contraction",
    "the population map contracts in Bures-Wasserstein distance",
    (RANGE, Hypothesis("semidefinite", r"G,G'\succeq0")),
    r"d(F(G),F(G'))\le\theta\,d(G,G'),\qquad\lVert G-G'\rVert_1\le\bigl(\sqrt{\operatorname{tr}G}+\sqrt{"
    r"\operatorname{tr}"
    r"G'}\bigr)\,d(G,G'),\qquad d^2=\min\{\mathbb E\lVert\zeta-\zeta'\rVert^2:\mathbb E\zeta\zeta^\top=G,\ \mathbb E"
    r"\zeta'\zeta'^\top=G'\}",
    (
        ProofStep(
            r"With an optimal Gaussian pair $\zeta,\zeta'$ and one $h\sim N(0,2C)$ beside it, $\varphi(\sqrt"
            r" w\zeta+h)$ and"
            r" $\varphi(\sqrt w\zeta'+h)$ couple $F(G)$ and $F(G')$, at a cost of at most"
            r" $L^2w\,\mathbb E\lVert\zeta-\zeta'\rVert^2$.",
            "bures-coupling",
        ),
        ProofStep(
            r"For $\varphi(x)=p|x|+qx$ the pair $(u,v)$ is as likely as $(-u,-v)$, so that"
            r" $\mathbb E(\varphi(u)-\varphi(v))^2=p^2\,\mathbb E(|u|-|v|)^2+q^2\,\mathbb E(u-v)^2"
            r"\le\Lambda^2\,\mathbb E(u-v)^2$, $\Lambda^2=p^2+q^2$: for ReLU $\Lambda^2=\frac12$ takes the"
            r" place of $L^2$.",
            "bures-homogeneous",
        ),
        ProofStep(
            r"$G-G'=\mathbb E[(\zeta-\zeta')\zeta^\top+\zeta'(\zeta-\zeta')^\top]$, and"
            r" $\lVert\mathbb Eab^\top\rVert_1\le\sqrt{\mathbb E\lVert a\rVert^2\,\mathbb E\lVert b\rVert^2}$.",
            "bures-nuclear",
        ),
        ProofStep(
            r"For two by two matrices $d^2=\operatorname{tr}G+\operatorname{tr}G'-2\bigl("
            r"\operatorname{tr}GG'+2\sqrt{\det G"
            r"\det G'}\bigr)^{1/2}$, because $\operatorname{tr}M^{1/2}=(\operatorname{tr}M+2\sqrt{\det"
            r" M})^{1/2}$; this"
            r" is what the check evaluates.",
            "bures-plane",
        ),
    ),
    _ours("The population map"),
    claims=both("bures-contraction"),
)

DUAL = Lemma(
    "lemma.dual-derivatives",
    "how the dual of an activation depends on the covariance",
    (SMOOTH, Hypothesis("law", r"(u,v)\sim N\bigl(0,\begin{pmatrix}s_1&c\\c&s_2\end{pmatrix}\bigr)")),
    r"|\partial_c\hat\varphi|\le L^2,\qquad|\partial_{s_1}\hat\varphi|\le\tfrac12\min\Bigl\{L_2\lVert"
    r"\varphi(v)\rVert,"
    r"\ \frac{L\lVert\varphi(v)\rVert}{\sqrt{s_1}}+L^2\sqrt{s_2/s_1}\Bigr\}",
    (
        ProofStep(
            r"$\partial_c\,\mathbb E\varphi(u)\varphi(v)=\mathbb E\varphi'(u)\varphi'(v)$ and"
            r" $\partial_{s_1}\mathbb E\varphi(u)\varphi(v)=\frac12\mathbb E\varphi''(u)\varphi(v)$ (Price).",
            "dual-price",
        ),
        ProofStep(
            r"By parts in $u/\sqrt{s_1}$: $\mathbb E\varphi''(u)\varphi(v)=\frac1{s_1}\mathbb E\,u\varphi'(u)"
            r"\varphi(v)"
            r"-\frac c{s_1}\mathbb E\varphi'(u)\varphi'(v)$.",
            "dual-by-parts",
        ),
        ProofStep(
            r"$(\mathbb E\,z\varphi'(u)\varphi(v))^2\le L^2\,\mathbb Ez^2\;\mathbb E\varphi(v)^2$ with $"
            r"\mathbb Ez^2=1$, and"
            r" $|c|/s_1\le\sqrt{s_2/s_1}$.",
            "dual-bounded",
        ),
    ),
    _ours("The population map"),
    ("lemma.price",),
)

APPROXIMATE = Lemma(
    "lemma.approximate-fixed-point",
    "an approximate solution of the population equation is near the solution",
    (SMOOTH, RANGE, Hypothesis("defect", r"G\succeq0,\ |G_{ij}-F(G)_{ij}|\le b_{ij},\ K_{ii}>0")),
    r"|G_{ii}-K_{ii}|\le d_i=\frac{b_{ii}}{1-\theta-\theta b_{ii}/((1-\theta)K_{ii})}\ (\infty\text{ unless"
    r" the denominator"
    r" is positive}),\qquad|G_{ij}-K_{ij}|\le\frac{b_{ij}+w(A_{ij}d_i+A_{ji}d_j)}{1-\theta^2}",
    (
        ProofStep(
            r"With $x^2=G_{ii}$, $y^2=K_{ii}$, $T=T(x)$ and $|T-y|\le\theta|x-y|$: $x+T\ge(1-\theta)y$,"
            r" whichever of $x,y$"
            r" is larger.",
            "fixed-point-sum",
        ),
        ProofStep(
            r"$T^2-y^2=(T-y)(x+y)\bigl(1+\frac{T-x}{x+y}\bigr)$ and $|T-x|\le b_{ii}/((1-\theta)y)$: so"
            r" $|x^2-y^2|\le b_{ii}+\theta|x^2-y^2|\bigl(1+\frac{b_{ii}}{(1-\theta)y^2}\bigr)$, which is"
            r" solved by $d_i$.",
            "fixed-point-diagonal",
        ),
        ProofStep(
            r"$\lVert\varphi(\sqrt s\,z)\rVert\le\sqrt{K_{jj}}+L|\sqrt s-\sqrt{s_j}|\le f_j="
            r"\sqrt{K_{jj}}+Lwd_j/\sqrt{s_j}$"
            r" for $|s-s_j|\le wd_j$.",
            "fixed-point-size",
        ),
        ProofStep(
            r"Along the segment from $\Sigma(K)$ to $\Sigma(G)$:"
            r" $|F(G)_{ij}-K_{ij}|\le\theta^2|G_{ij}-K_{ij}|+w(A_{ij}d_i+A_{ji}d_j)$, and the recursion is solved.",
            "fixed-point-pairs",
        ),
    ),
    _ours("The population map"),
    ("lemma.dual-derivatives", "lemma.well-posed"),
)

TWO_POINTS = Lemma(
    "lemma.width-two-points",
    "the regularised network at two points of weight space",
    (
        SMALL,
        Hypothesis("regularised", r"\bar W=\Pi(W),\ \lVert\bar W\rVert_2\le a/L,\ \bar Z=\varphi(\bar W\bar Z+UX)"),
    ),
    r"\lVert\bar Z-\bar Z'\rVert_F\le\ell\min(\mathsf X,\mathsf X')\,|g-g'|,\quad\lVert\bar z_i-\bar z_i'"
    r"\rVert\le\ell"
    r"\min(\mathsf X_i,\mathsf X_i')|g-g'|,\quad\lVert\bar y_i-\bar y_i'\rVert\le\kappa\min(\mathsf X_i,"
    r"\mathsf X_i')|g-g'|",
    (
        ProofStep(
            r"The nearest point of a convex set moves by no more than the point: $\lVert\bar W-\bar W'\rVert_F\le"
            r"\lVert W-W'\rVert_F$.",
            "projection-nearest",
        ),
        ProofStep(
            r"$\bar Z-\bar Z'$ is $\varphi$ of arguments that differ by $\bar W(\bar Z-\bar Z')+(\bar W-\bar"
            r" W')\bar Z'"
            r"+(U-U')X$.",
            "perturbation-split",
        ),
        ProofStep(
            r"$W=\sqrt{w/m}\,\tilde W$, $U=\sqrt{2/d}\,\tilde U$ and $\lVert\bar Z'\rVert_2^2=m\lVert\mathsf"
            r" G'\rVert_2$,"
            r" $\lVert X\rVert_2^2=d\lVert C\rVert_2$: by Cauchy--Schwarz in the plane the last two terms are at most"
            r" $\mathsf X'|g-g'|$, $\mathsf X'^2=w\lVert\mathsf G'\rVert_2+2\lVert C\rVert_2$.",
            "two-points-plane",
        ),
        ProofStep(
            r"$t=\lVert\bar y_i-\bar y'_i\rVert$ obeys $t\le at+\mathsf X_i'|g-g'|$, so $t\le\kappa\mathsf"
            r" X_i'|g-g'|$ and"
            r" $\lVert\bar z_i-\bar z_i'\rVert\le Lt$; exchange $g$ and $g'$.",
            "two-points-solved",
        ),
    ),
    _ours("Lipschitz estimates"),
    ("lemma.equilibrium-perturbation",),
)

LOGARITHM = Lemma(
    "lemma.width-logarithm",
    "moments, tails and gradients of the sizes of a network",
    (SMALL, Hypothesis("gaussian", r"g=(\tilde W,\tilde U)\text{ standard normal}")),
    r"\log\mathsf X\text{ is }\sigma\text{-Lipschitz};\quad P(\mathsf X>X_0e^{\sigma t})\le e^{-t^2/2};\quad\mathbb E"
    r"[\mathsf X^2;\mathsf X>B]\le B^2e^{-t^2/2}\tfrac t{t-2\sigma}\ (t>2\sigma);\quad\lVert\nabla\mathsf"
    r" G_{ij}\rVert\le"
    r"\tfrac\ell{\sqrt m}(r_j\mathsf X_i+r_i\mathsf X_j);\quad\lVert r_i\rVert_{L^4}\le R_i,\ \lVert\mathsf"
    r" X_i\rVert_{L^4}"
    r"\le S_i",
    (
        ProofStep(
            r"$\frac d{dN}\log\sqrt{wN^2+2\lVert C\rVert}=wN/\mathsf X^2\le\sqrt w/\mathsf X$, and $N=\lVert\mathsf G"
            r"\rVert_2^{1/2}$ moves by at most $\frac\ell{\sqrt m}\min(\mathsf X,\mathsf X')|g-g'|$.",
            "logarithm-slope",
        ),
        ProofStep(
            r"$\mathbb E\log\mathsf X\le\frac12\log\mathbb E\mathsf X^2$, so $\mathbb E\mathsf X^k\le(\mathbb"
            r" E\mathsf X^2)"
            r"^{k/2}e^{k^2\sigma^2/2}$; at $k=4$, $\lVert\mathsf X_i\rVert_{L^4}\le\sqrt{\hat s_i}\,e^{2"
            r"\sigma^2}=S_i$.",
            "logarithm-moments",
        ),
        ProofStep(
            r"$\int_t^\infty2\sigma e^{2\sigma y-y^2/2}dy\le\frac{2\sigma}{t-2\sigma}e^{2\sigma t-t^2/2}$, and"
            r" $1+\frac{2\sigma}{t-2\sigma}=\frac t{t-2\sigma}$.",
            "logarithm-tail",
        ),
        ProofStep(
            r"Product rule: $|d(z_i\cdot z_j)|\le\lVert dz_i\rVert\lVert z_j\rVert+\lVert z_i\rVert\lVert"
            r" dz_j\rVert$.",
            "product-rule",
        ),
        ProofStep(
            r"Poincar\'e: $\mathbb Er^4\le(\mathbb Er^2)^2+k\,\mathbb E\,r^2\mathsf X^2$, $k=4\ell^2/m$. With"
            r" $r\le\mathsf X/"
            r"\sqrt w$ this is $R_i^4=\hat q_i^2+\frac kw\hat s_i^2e^{8\sigma^2}$; with $\mathbb Er^2\mathsf X^2\le"
            r"\lVert r\rVert_4^2S^2$ it is $\rho^2\le\hat q^2+kS^2\rho$ for $\rho=\lVert r\rVert_4^2$.",
            "fourth-moment",
        ),
        ProofStep(
            r"$r_i\le\kappa(\varphi_0+L\lVert Ux_i\rVert/\sqrt m)$, $\mathbb E\lVert Ux_i\rVert^2=2mc_i$, $\mathbb E"
            r"\lVert Ux_i\rVert^4=(2mc_i)^2(1+\frac2m)$.",
            "chi-squared",
        ),
    ),
    _ours("Lipschitz estimates"),
    ("lemma.width-two-points",),
)

LEMMAS = (BURES, DUAL, APPROXIMATE, TWO_POINTS, LOGARITHM)
