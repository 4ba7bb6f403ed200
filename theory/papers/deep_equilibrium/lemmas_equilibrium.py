"""Deep equilibrium models: existence and uniqueness, the power series, ReLU in closed form."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .arguments import both

NOTES = "docs/papers/deep_equilibrium/population.md"
CONTRACTION = Hypothesis("contraction", r"\theta=\sqrt2\,\sigma_w L<1")
RANGE = Hypothesis(
    "range",
    r"\sqrt2\,\sigma_w\Lambda<1,\ \Lambda=L,\text{ or }\Lambda^2=\tfrac12(\alpha^2+\beta^2)\text{ for }"
    r"\phi(x)=\alpha\max(x,0)+\beta\min(x,0)",
)
"""What the population needs: L enters its lemmas only through existence, uniqueness and the rate."""
SPHERE = Hypothesis("common-norm", r"C_{ii}=1")

WELL_POSED = Lemma(
    "lemma.well-posed",
    "the population Gram matrix exists and is unique",
    (CONTRACTION,),
    r"K=\mathbb E\,\phi(g)\phi(g)^\top,\ g\sim N(0,2\sigma_w^2K+2C) \text{ has exactly one solution, and }"
    r"|\sqrt q-\tilde r|\le\frac{|T(\tilde r)-\tilde r|}{1-\theta} \text{ for every } \tilde r\ge0",
    (
        ProofStep(
            r"Put $T(r)=\lVert\phi(\sqrt{2\sigma_w^2r^2+2c}\,z)\rVert_{L^2}$. By Minkowski's inequality and the"
            r" Lipschitz"
            r" bound, $|T(r)-T(r')|\le L\,\bigl|\sqrt{2\sigma_w^2r^2+2c}-\sqrt{2\sigma_w^2r'^2+2c}\bigr|$.",
            "minkowski",
        ),
        ProofStep(
            r"$t\mapsto\sqrt{2\sigma_w^2t^2+2c}$ has slope"
            r" $2\sigma_w^2t/\sqrt{2\sigma_w^2t^2+2c}\le\sqrt2\,\sigma_w$, so $T$"
            r" contracts by $\theta<1$; Banach's theorem gives one fixed point $\sqrt q$ and the a-posteriori bound.",
            "slope-of-root",
        ),
        ProofStep(
            r"Off the diagonal the equation is $\rho=M(\rho)=(2\sigma_w^2K_{ij}(\rho)+2C_{ij})/\sqrt{s_is_j}$; by"
            r" Cauchy--Schwarz twice, $|2\sigma_w^2K_{ij}+2C_{ij}|\le2\sigma_w^2\sqrt{q_iq_j}+2\sqrt{C_{ii}C_{jj}}"
            r"\le\sqrt{s_is_j}$, so $M$ maps $[-1,1]$ into itself.",
            "self-map",
        ),
        ProofStep(
            r"By Price's theorem $|M'|\le2\sigma_w^2L^2=\theta^2<1$: exactly one $\rho_{ij}$.",
            "correlation-rate",
        ),
    ),
    Reference("truong2023deq", "Proposition 12", f"{NOTES}, Existence and uniqueness"),
    ("lemma.price",),
    claims=("deq-general.variance-contraction", "deq-general.correlation-contraction", "deq-general.variance-bound"),
)

SERIES = Lemma(
    "lemma.series-positivity",
    "the equilibrium kernel is a power series with non-negative coefficients (LB_F)",
    (RANGE, SPHERE),
    r"K_{ij}=F(C_{ij}),\quad F(c)=\sum_r k_rc^r,\quad k_r\ge\mu_r(\sqrt s)^2(2/s)^r\ge0,\quad \sum_rk_r=q,\quad"
    r"\lambda_{\min}(K)\ge\lambda_{\min}\Bigl(\sum_{r<R}k_rC^{\circ r}\Bigr)",
    (
        ProofStep(
            r"Iterate $F^{(l)}=\kappa_s(\rho^{(l)})$, $\rho^{(l+1)}=(2\sigma_w^2F^{(l)}+2c)/s$ from $\rho^{(0)}=0$:"
            r" sums,"
            r" products and compositions of power series with non-negative coefficients have such coefficients.",
            "closure-of-positivity",
        ),
        ProofStep(
            r"The iterates do not decrease, coefficient by coefficient, and $F^{(l)}(1)\le q$; they converge to a"
            r" solution"
            r" for every $|c|\le1$, which is $F$ by uniqueness.",
            "monotone-iterates",
        ),
        ProofStep(r"At $c=1$ the solution is $\rho=1$, so $\sum_rk_r=F(1)=q$.", "mass-of-series"),
        ProofStep(
            r"$\rho\ge2c/s$ coefficient by coefficient, so $k_r\ge\mu_r^2(2/s)^r$.",
            "coefficient-floor",
        ),
        ProofStep(
            r"$K=\sum_rk_rC^{\circ r}$ with positive semidefinite terms (Schur), so dropping the orders from $R$ on can"
            r" only lower the least eigenvalue.",
            "schur-product",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, The equilibrium kernel as a power series"),
    ("lemma.well-posed", "lemma.relu-range", "lemma.mehler"),
    claims=both("lower-bound-series", "least-eigenvalue"),
)

RELU = Lemma(
    "lemma.relu-fixed-point",
    "the fixed point of the ReLU equilibrium",
    (Hypothesis("relu", r"\phi(x)=\max(x,0),\ \sigma_w^2<1"), SPHERE),
    r"q=\frac1{1-\sigma_w^2},\qquad \cos\theta_{ij}=\sigma_w^2Q(\cos\theta_{ij})+(1-\sigma_w^2)C_{ij},\qquad "
    r"Q(x)=\frac{\sqrt{1-x^2}+x(\pi-\arccos x)}\pi",
    (
        ProofStep(r"$\mathbb E\max(\sqrt s z,0)^2=s/2$ by symmetry.", "relu-second-moment"),
        ProofStep(r"$s=2+2\sigma_w^2q$ and $q=s/2$ give $q=1/(1-\sigma_w^2)$ and $s=2q$.", "relu-variance"),
        ProofStep(
            r"The arc-cosine kernel of order one is $\mathbb E\,\phi(u)\phi(v)=\frac s2Q(\rho)$ at variances $s$, so"
            r" $K_{ij}=q\,Q(\rho)$.",
            "relu-dual",
        ),
        ProofStep(
            r"$\rho=(2\sigma_w^2qQ(\rho)+2C_{ij})/(2q)=\sigma_w^2Q(\rho)+(1-\sigma_w^2)C_{ij}$.",
            "relu-correlation",
        ),
    ),
    Reference("ling2023deq", ours=f"{NOTES}, ReLU"),
    ("lemma.relu-range",),
    claims=both("relu-fixed-point"),
)

LEMMAS = (WELL_POSED, SERIES, RELU)
