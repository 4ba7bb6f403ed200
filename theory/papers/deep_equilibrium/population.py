"""What deep equilibrium models have in common: hypotheses, claims about the population and about training.

A system declares its own claims and takes these for its name; the proofs are the same, and so are the checks.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...claims.claim import Claim, Hypothesis, Source
from ...verdict import Argument

NOTES = "docs/papers/deep_equilibrium/population.md"
WIDTH_NOTES = "docs/papers/deep_equilibrium/width.md"

LIPSCHITZ = Hypothesis("lipschitz", r"L = \sup|\phi'| < \infty")
COMMON_NORM = Hypothesis("common-norm", r"\|x_i\|_2 = \sqrt d \text{ for all } i")
DISTINCT = Hypothesis("non-parallel", r"|C_{ij}| < 1 \text{ for } i \neq j")
FEEDBACK = Hypothesis("feedback", r"\sigma_w > 0")
NON_AFFINE = Hypothesis("non-affine", r"\phi \text{ is not affine}")
NOT_ODD = Hypothesis("not-odd", r"\phi \text{ is not odd}")


@dataclass(frozen=True, slots=True)
class Family(Source):
    """A system of deep equilibrium models, with what makes its population unique."""

    well_posed: tuple[Hypothesis, ...] = ()


def population_claims(family: Family) -> dict[str, Claim]:
    """The claims about the population Gram matrix that hold for every deep equilibrium model, by slug."""
    well_posed, claim = family.well_posed, family.claim
    claims = (
        claim(
            "bures-contraction",
            "C8'",
            "the population map contracts in Bures-Wasserstein distance",
            (FEEDBACK, *well_posed),
            r"d\bigl(F(G), F(G')\bigr) \le \theta\, d(G, G'),\quad F(G) = \mathbb E\,\phi(g)\phi(g)^\top,"
            r"\ g \sim N(0, 2\sigma_w^2G + 2C),\quad \theta = \sqrt2\,\sigma_w\Lambda < 1,"
            r"\ \Lambda = L\ (\Lambda^2 = \tfrac12 \text{ for ReLU})",
            method="deq-bures-contraction",
            control="theta^2 in the place of theta",
            section="The population map",
            notes=WIDTH_NOTES,
        ),
        claim(
            "psd-order",
            "C11",
            "the population Gram matrix is positive semidefinite and dominates the data",
            (*well_posed, COMMON_NORM),
            r"K \succeq 0 \quad\text{and}\quad P \succeq \tfrac2s C",
            method="psd-order",
            control="P dominates (1 + 1e-9) C",
            section="Lower bounds",
            uses=("correlation-contraction",),
        ),
        claim(
            "lower-bound-correlation",
            "C12",
            "lower bound LB_P through Schur powers of the correlations",
            (*well_posed, COMMON_NORM),
            r"\lambda_{\min}(K) \ge \sum_{r\in S} \mu_r(\sqrt s)^2\, \lambda_{\min}(P^{\circ r})",
            method="lower-bound-correlation",
            control="the right side scaled to lie 1e-9 above the least eigenvalue",
            section="Lower bounds (LB_P)",
            uses=("psd-order",),
        ),
        claim(
            "lower-bound-schur",
            "C13",
            "lower bound LB_X through Schur powers of the inputs",
            (*well_posed, COMMON_NORM),
            r"\lambda_{\min}(K) \ge \sum_{r\in S} \mu_r(\sqrt s)^2 (2/s)^r\, \lambda_{\min}(C^{\circ r})",
            method="lower-bound-schur",
            control="the right side scaled to lie 1e-9 above the least eigenvalue",
            section="Lower bounds (LB_X)",
            uses=("psd-order",),
        ),
        claim(
            "lower-bound-series",
            "C13'",
            "lower bound LB_F through the power series of the equilibrium kernel",
            (*well_posed, COMMON_NORM),
            r"K_{ij} = F(C_{ij}),\quad F = \sum_r k_r c^r,\quad k_r \ge \mu_r(\sqrt s)^2 (2/s)^r \ge 0,\quad"
            r" \lambda_{\min}(K) \ge \lambda_{\min}\bigl(\textstyle\sum_{r<R} k_r C^{\circ r}\bigr)",
            method="lower-bound-series",
            control="the right side scaled to lie 1e-9 above the least eigenvalue",
            section="Lower bounds (LB_F)",
            uses=("correlation-contraction",),
        ),
        claim(
            "lower-bound-gershgorin",
            "C14",
            "lower bound LB_G through Gershgorin's discs",
            (*well_posed, COMMON_NORM, DISTINCT),
            r"\lambda_{\min}(K) \ge \sum_{r\ge1} \mu_r(\sqrt s)^2 (2/s)^r\,"
            r" \Bigl(1 - \max_i \sum_{j\ne i} |C_{ij}|^r\Bigr)_+"
            r" \ge \tfrac12 \sum_{r\ge r_0} \mu_r(\sqrt s)^2 (2/s)^r,\quad"
            r" r_0 = \max\left(1, \left\lceil \tfrac{\log 2(n-1)}{\log 1/\delta} \right\rceil\right)",
            method="lower-bound-gershgorin",
            control="the right side scaled to lie 1e-9 above the least eigenvalue",
            section="Lower bounds (LB_G)",
            uses=("lower-bound-schur",),
        ),
        claim(
            "least-eigenvalue",
            "λ*",
            "the population Gram matrix of this data is positive definite",
            (*well_posed,),
            r"\lambda_* = \lambda_{\min}(K) > 0",
            method="least-eigenvalue",
            control="lambda_* at least its proved upper end times 1 + 1e-9",
            section="Lower bounds",
            published="hypothesis lambda_* > 0 of the convergence theorem",
            uses=("mehler", "variance-contraction", "correlation-contraction", "psd-order", "lower-bound-series"),
            argument=Argument.DIRECT,
        ),
        claim(
            "positive-definite",
            "C16",
            "non-affine activations give a positive definite matrix on non-parallel data",
            (FEEDBACK, NON_AFFINE, *well_posed, COMMON_NORM, DISTINCT),
            r"\lambda_* > 0,\quad \text{because } k_r > 0 \text{ and } \lambda_{\min}(C^{\circ r}) > 0"
            r" \text{ for some } r",
            method="positive-definite",
            control="the same argument on data with a repeated point",
            section="Positive definiteness",
            published="Theorem 8 (numbering of the ICLR submission)",
            provenance="published for activations with non-vanishing coefficients; non-affine suffices when"
            " sigma_w > 0",
            uses=("lower-bound-series",),
        ),
        claim(
            "antipodal-definite",
            "C17'",
            "on points of the data joined by their antipodes the matrix stays positive definite",
            (FEEDBACK, NOT_ODD, NON_AFFINE, *well_posed),
            r"\lambda_* > 0 \text{ on the tested points and their antipodes, of which no two others are parallel}",
            method="antipodal-definite",
            control="the odd part of the activation on the same points",
            section="Singular cases (c)",
            uses=("lower-bound-series",),
            argument=Argument.DIRECT,
        ),
        claim(
            "gram-convergence",
            "C22",
            "the finite-width Gram matrix converges at rate m^(-1/2), and its least eigenvalue with it",
            (*well_posed, COMMON_NORM),
            r"\|G_m - K\|_2 \asymp m^{-1/2},\qquad"
            r" \mathbb P\bigl(\lambda_{\min}(G_m) \ge \tfrac12\lambda_*\bigr) \to 1",
            method="gram-convergence",
            control="the same samples against a matrix that is wrong by 5 percent",
            section="Finite width",
            published="lambda_0 >= m lambda_*/2 with high probability",
            uses=("least-eigenvalue",),
            statistical=True,
        ),
        claim(
            "weight-norm",
            "C30",
            "the norm of the weights stays below its limit with the stated probability",
            (FEEDBACK,),
            r"\mathbb P\bigl(\|W\|_2 \ge \sqrt2\,\sigma_w (2 + t/\sqrt m)\bigr) \le e^{-t^2/2}",
            method="weight-norm",
            control="the same bound with the limit 2 sqrt(2) sigma_w lowered by 5 percent",
            section="Finite width",
            published="the condition sigma_w^2 < 1/(8 L^2)",
            statistical=True,
            activation_free=True,
        ),
    )
    return {claim.id.partition(".")[2]: claim for claim in claims}
