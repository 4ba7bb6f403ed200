"""The population Gram matrix as the limit of Gram matrices: the iteration from zero with moving diagonals."""

from __future__ import annotations

from ...claims.claim import Reference
from ...claims.lemma import Lemma, ProofStep
from .arguments import both
from .lemmas_equilibrium import NOTES, RANGE

ITERATION = Lemma(
    "lemma.population-iteration",
    "the iteration from zero converges to the solution, which is therefore positive semidefinite",
    (RANGE,),
    r"K^{(0)}=0,\ K^{(l+1)}=\mathbb E\,\phi(g)\phi(g)^\top,\ g\sim N(0,2\sigma_w^2K^{(l)}+2C):\qquad"
    r" \Bigl|\sqrt{q_i^{(l)}}-\sqrt{q_i}\Bigr|\le\theta^l\sqrt{q_i},\quad |K^{(l)}_{ij}-K_{ij}|\le\theta^{2l}|K_{ij}|"
    r"+A_{ij}\,\theta^{l-1}\frac{1-\theta^l}{1-\theta}\to0,\qquad K\succeq0",
    (
        ProofStep(
            r"With $r=\sqrt{q^{(l)}}$ the diagonal obeys $r\mapsto T(r)$, which contracts by $\theta$ to $\sqrt q$; and"
            r" $|\sqrt{s^{(l)}}-\sqrt s|\le\sqrt2\sigma_w|\sqrt{q^{(l)}}-\sqrt q|$ for"
            r" $s^{(l)}=2\sigma_w^2q^{(l)}+2C_{ii}$ (lengths of vectors of the plane).",
            "moving-variance",
        ),
        ProofStep(
            r"One pair of standard normal variables with the correlation $\rho^{(l)}$ of step $l$, at the variances"
            r" of step"
            r" $l$ and at the limits:"
            r" $\phi(u')\phi(v')-\phi(u)\phi(v)=(\phi(u')-\phi(u))\phi(v')+\phi(u)(\phi(v')-\phi(v))$,"
            r" and Cauchy--Schwarz bounds the means by $3\theta^{l+1}\sqrt{q_iq_j}$.",
            "moving-product",
        ),
        ProofStep(
            r"$\rho^{(l)}\sqrt{s_is_j}-c=(c^{(l)}-c)+\rho^{(l)}\bigl(\sqrt{s_is_j}-\sqrt{s_i^{(l)}s_j^{(l)}}\bigr)$"
            r" for the"
            r" covariances $c^{(l)}=2\sigma_w^2K^{(l)}_{ij}+2C_{ij}$ and $c$ of the limit; by Price's theorem the"
            r" dual at"
            r" the limiting variances moves by at most $\Lambda^2$ times that.",
            "moving-covariance",
        ),
        ProofStep(
            r"So $d_l=|K^{(l)}_{ij}-K_{ij}|$ obeys $d_{l+1}\le\theta^2d_l+A_{ij}\theta^l$ with"
            r" $A_{ij}=3\theta\sqrt{q_iq_j}+\theta\Lambda(2\sqrt{q_is_j}+\sqrt{s_iq_j})$, and induction gives the"
            r" stated bound.",
            "moving-recursion",
        ),
        ProofStep(
            r"$x^\top K^{(l)}x=\mathbb E(x\cdot\phi(g))^2\ge0$, which passes to the limit; so $2\sigma_w^2K+2C$ is a"
            r" covariance"
            r" matrix, and the entries solve the equation together.",
            "mean-of-squares",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, Existence and uniqueness"),
    ("lemma.well-posed", "lemma.relu-range", "lemma.price"),
    claims=both("psd-order", "correlation-contraction"),
)

LEMMAS = (ITERATION,)
