"""Lower bounds through Schur powers and Gershgorin's discs, and the singular cases."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .arguments import both
from .lemmas_equilibrium import CONTRACTION, NOTES, RANGE, SPHERE

LB_X = Lemma(
    "lemma.lower-bound-schur",
    "the lower bound LB_X, from the input data alone",
    (RANGE, SPHERE),
    r"\lambda_{\min}(K)\ge\sum_{r\in S}\mu_r(\sqrt s)^2(2/s)^r\lambda_{\min}(C^{\circ r})",
    (
        ProofStep(
            r"$P=\Sigma/s=(2\sigma_w^2K+2C)/s$, hence $P-\frac2sC=\frac{2\sigma_w^2}sK\succeq0$.", "correlation-order"
        ),
        ProofStep(
            r"By Mehler $K=\sum_r\mu_r(\sqrt s)^2P^{\circ r}$, every term positive semidefinite.", "mehler-matrix"
        ),
        ProofStep(
            r"Schur powers respect the order: $P^{\circ r}\succeq(2/s)^rC^{\circ r}$; the least eigenvalue of a sum"
            r" is at"
            r" least the sum of the least eigenvalues.",
            "telescoping",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, Lower bounds (LB_X)"),
    ("lemma.mehler", "lemma.schur-order", "lemma.well-posed", "lemma.relu-range"),
    claims=both("lower-bound-schur"),
)

LB_G = Lemma(
    "lemma.lower-bound-gershgorin",
    "the lower bound LB_G, through Gershgorin's discs",
    (RANGE, SPHERE, Hypothesis("non-parallel", r"\delta=\max_{i\ne j}|C_{ij}|<1")),
    r"\lambda_{\min}(K)\ge\sum_{r\ge1}\mu_r(\sqrt s)^2(2/s)^r\Bigl(1-\max_i\sum_{j\ne i}|C_{ij}|^r\Bigr)_+"
    r"\ge\tfrac12\sum_{r\ge r_0}\mu_r(\sqrt s)^2(2/s)^r,\quad"
    r" r_0=\max\left(1,\left\lceil\frac{\log2(n-1)}{\log1/\delta}\right\rceil\right)",
    (
        ProofStep(
            r"Gershgorin: $\lambda_{\min}(C^{\circ r})\ge1-\max_i\sum_{j\ne i}|C_{ij}|^r\ge1-(n-1)\delta^r$.",
            "gershgorin",
        ),
        ProofStep(r"$(n-1)\delta^r\le\frac12$ exactly for $r\ge\log(2(n-1))/\log(1/\delta)$.", "gershgorin-order"),
        ProofStep(r"Insert both into LB\textsubscript{X}.", "gershgorin-insertion"),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, Lower bounds (LB_G)"),
    ("lemma.lower-bound-schur",),
    claims=both("lower-bound-gershgorin"),
)

DEFINITE = Lemma(
    "lemma.positive-definite",
    "feedback and an activation that is not affine make the population Gram matrix positive definite",
    (
        RANGE,
        SPHERE,
        Hypothesis("feedback", r"\sigma_w>0"),
        Hypothesis("non-affine", r"\phi \text{ is continuous and not affine}"),
        Hypothesis("non-parallel", r"\delta=\max_{i\ne j}|C_{ij}|<1"),
    ),
    r"\exists\,p\ge2:\ \mu_p(\sqrt s)\ne0,\quad k_{p^j}\ge A^{\frac{p^{j-1}-1}{p-1}}"
    r"\bigl(\mu_p(\sqrt s)^2(2/s)^p\bigr)^{p^{j-1}}>0\ (j\ge1),\quad A=\mu_p(\sqrt s)^2(2\sigma_w^2/s)^p,"
    r"\qquad \lambda_*\ge\tfrac12k_{p^j}>0\ \text{ for } 2(n-1)\delta^{p^j}\le1",
    (
        ProofStep(
            r"$s=2+2\sigma_w^2q>0$, and $\mathbb E(\phi(\sqrt sz)-\mu_0-\mu_1z)^2=\sum_{r\ge2}\mu_r^2$. Were it 0, the"
            r" continuous $\phi$ would be affine: so $\mu_p\ne0$ for some $p\ge2$.",
            "distance-from-affine",
        ),
        ProofStep(
            r"In $F=\sum_r\mu_r^2\rho^r$ all terms have non-negative coefficients, and the coefficient of $c^{pm}$ in"
            r" $\rho^p$ is at least $\rho_m^p$: $k_{pm}\ge\mu_p^2\rho_m^p$.",
            "power-coefficient",
        ),
        ProofStep(
            r"$\rho=(2\sigma_w^2F+2c)/s$ has $\rho_m=2\sigma_w^2k_m/s$ for $m\ge2$, so $k_{pm}\ge Ak_m^p$; from"
            r" $k_p\ge\mu_p^2(2/s)^p$ on, induction gives the stated bound of $k_{p^j}$.",
            "feedback-orders",
        ),
        ProofStep(
            r"As $p\ge2$, the orders $r=p^j$ have no bound, and $\lambda_{\min}(C^{\circ"
            r" r})\ge1-(n-1)\delta^r\ge\frac12$"
            r" once $2(n-1)\delta^r\le1$.",
            "gershgorin",
        ),
        ProofStep(
            r"$K=\sum_lk_lC^{\circ l}$ with positive semidefinite terms, so $\lambda_*\ge k_r\lambda_{\min}(C^{\circ"
            r" r})$"
            r" for each single $r$.",
            "single-order",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, Positive definiteness"),
    ("lemma.series-positivity", "lemma.schur-order"),
    claims=both("positive-definite"),
)

AFFINE = Lemma(
    "lemma.affine-rank",
    "affine activations have rank at most d + 1",
    (Hypothesis("affine", r"\phi(x)=\beta+\alpha x,\ 2\sigma_w^2\alpha^2<1"),),
    r"K=\frac{2\alpha^2C+\beta^2\mathbf1\mathbf1^\top}{1-2\sigma_w^2\alpha^2},\qquad \operatorname{rank}K\le d+1",
    (
        ProofStep(
            r"$\mathbb E(\beta+\alpha u)(\beta+\alpha v)=\alpha^2c+\beta^2$, so"
            r" $K=\alpha^2(2\sigma_w^2K+2C)+\beta^2\mathbf1\mathbf1^\top$.",
            "affine-dual",
        ),
        ProofStep(r"The equation is linear in $K$; solve it entry by entry.", "affine-solution"),
        ProofStep(r"$\operatorname{rank}C\le d$ and $\operatorname{rank}\mathbf1\mathbf1^\top=1$.", "affine-rank"),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, Singular cases"),
    ("lemma.well-posed",),
    claims=("deq-general.affine-rank",),
)

ANTIPODES = Lemma(
    "lemma.antipodal-odd",
    "odd activations are singular on antipodal inputs",
    (Hypothesis("odd", r"\phi(-x)=-\phi(x)"), CONTRACTION),
    r"x_j=-x_i\implies K(e_i+e_j)=0",
    (
        ProofStep(
            r"For odd $\phi$, $\mathbb E\,\phi(u)\phi(-v)=-\mathbb E\,\phi(u)\phi(v)$, so the dual is odd in the"
            r" covariance.",
            "odd-dual",
        ),
        ProofStep(
            r"With $C_{ij}=-C_{ii}$ the value $\rho=-1$ solves the equation of entry $(i,j)$, and"
            r" $\rho_{jk}=-\rho_{ik}$ that"
            r" of $(j,k)$; by uniqueness $K_{ij}=-q$ and $K_{jk}=-K_{ik}$.",
            "antipodal-fixed-point",
        ),
        ProofStep(r"So row $j$ of $K$ is minus row $i$, and $K(e_i+e_j)=0$ by symmetry.", "antipodal-null-vector"),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, Singular cases"),
    ("lemma.well-posed",),
    claims=("deq-general.antipodal-odd",),
)

LEMMAS = (LB_X, LB_G, DEFINITE, AFFINE, ANTIPODES)
