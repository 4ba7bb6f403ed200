r"""Deep equilibrium models with general activations.

.. math::
    Z = \phi(W Z + U X), \qquad
    K = \mathbb E\,\phi(g)\phi(g)^\top,\quad g \sim N(0, \Sigma),\quad
    \Sigma = 2\sigma_w^2 K + 2C,\quad C = X^\top X / d .

The model and its initialisation follow Truong (2023) and, for ReLU, Ling et al. (2023); the statements below are those
with a complete proof in ``docs/theory/deep-equilibrium.md``, which is what ``ours`` refers to.
"""

from __future__ import annotations

from types import MappingProxyType

from ..claim import Claim, Hypothesis, Reference
from ..system import Parameter, System

PAPER, RELU_PAPER, NOTES = "truong2023deq", "ling2023deq", "docs/theory/deep-equilibrium.md"

LIPSCHITZ = Hypothesis("lipschitz", r"L = \sup|\phi'| < \infty")
CONTRACTION = Hypothesis("contraction", r"\sigma_w^2 < 1/(2L^2)")
COMMON_NORM = Hypothesis("common-norm", r"\|x_i\|_2 = \sqrt d \text{ for all } i")
DISTINCT = Hypothesis("non-parallel", r"|C_{ij}| < 1 \text{ for } i \neq j")
FEEDBACK = Hypothesis("feedback", r"\sigma_w > 0")
NON_AFFINE = Hypothesis("non-affine", r"\phi \text{ is not affine}")
AFFINE = Hypothesis("affine", r"\phi(x) = \beta + \alpha x")
ODD = Hypothesis("odd", r"\phi(-x) = -\phi(x)")
NOT_ODD = Hypothesis("not-odd", r"\phi \text{ is not odd}")
RELU = Hypothesis("relu", r"\phi(x) = \max(x, 0)")

WELL_POSED = (LIPSCHITZ, CONTRACTION)


def _claim(
    slug: str,
    label: str,
    title: str,
    hypotheses: tuple[Hypothesis, ...],
    statement: str,
    *,
    method: str,
    control: str,
    section: str,
    published: str = "",
    provenance: str = "",
    uses: tuple[str, ...] = (),
    statistical: bool = False,
    activation_free: bool = False,
    key: str = PAPER,
) -> Claim:
    reference = Reference(key, published, f"{NOTES}, {section}", provenance)
    needed = tuple(f"deq-general.{name}" for name in uses)
    return Claim(
        f"deq-general.{slug}",
        label,
        title,
        hypotheses,
        statement,
        reference,
        method,
        control,
        needed,
        statistical,
        activation_free,
    )


CLAIMS = (
    _claim(
        "variance-contraction",
        "C7",
        "the variance of the equilibrium exists and is unique",
        WELL_POSED,
        r"T(r) = \|\phi(\sqrt{2\sigma_w^2 r^2 + 2C_{ii}}\, z)\|_{L^2} \text{ contracts by }"
        r" \theta = \sqrt2\,\sigma_w L < 1;\quad q = T(\sqrt q)^2 \text{ has exactly one solution}",
        method="variance-contraction",
        control="q moved by a relative 1e-9 is not a fixed point, and sigma_w2 at the edge of the range is refused",
        section="Existence and uniqueness (i)",
        published="Proposition 12 (numbering of the ICLR submission)",
        provenance="published under 2 q^2 L~_q sigma_w^2 < 1 in addition; our proof needs sigma_w^2 < 1/(2L^2) only",
    ),
    _claim(
        "correlation-contraction",
        "C8",
        "every correlation of the equilibrium exists and is unique",
        (*WELL_POSED, COMMON_NORM),
        r"\rho \mapsto (2\sigma_w^2\kappa_s(\rho) + 2C_{ij})/s \text{ maps } [-1,1] \text{ into itself"
        r" and contracts by } 2\sigma_w^2 L^2 < 1",
        method="correlation-contraction",
        control="the map with its input moved out of [-1, 1] by 1e-9 is not called a self-map",
        section="Existence and uniqueness (ii)",
        uses=("variance-contraction",),
    ),
    _claim(
        "variance-bound",
        "C9",
        "an a-priori bound of the variance",
        WELL_POSED,
        r"\sqrt q \le \frac{|\phi(0)| + \sqrt{2C_{ii}}\,L}{1 - \sqrt2\,\sigma_w L}",
        method="variance-bound",
        control="the bound replaced by sqrt(q) (1 - 1e-9)",
        section="Existence and uniqueness (i)",
        uses=("variance-contraction",),
    ),
    _claim(
        "relu-fixed-point",
        "C10",
        "the ReLU fixed point in closed form",
        (RELU, *WELL_POSED, COMMON_NORM),
        r"q = \frac1{1-\sigma_w^2},\quad \cos\theta_{ij} = \sigma_w^2 Q(\cos\theta_{ij}) + (1-\sigma_w^2) C_{ij}",
        method="relu-fixed-point",
        control="q = (1 + 1e-9)/(1 - sigma_w2)",
        section="ReLU",
        key=RELU_PAPER,
        uses=("variance-contraction",),
    ),
    _claim(
        "psd-order",
        "C11",
        "the population Gram matrix is positive semidefinite and dominates the data",
        (*WELL_POSED, COMMON_NORM),
        r"K \succeq 0 \quad\text{and}\quad P \succeq \tfrac2s C",
        method="psd-order",
        control="P dominates (1 + 1e-9) C",
        section="Lower bounds",
        uses=("correlation-contraction",),
    ),
    _claim(
        "lower-bound-correlation",
        "C12",
        "lower bound LB_P through Schur powers of the correlations",
        (*WELL_POSED, COMMON_NORM),
        r"\lambda_{\min}(K) \ge \sum_{r\in S} \mu_r(\sqrt s)^2\, \lambda_{\min}(P^{\circ r})",
        method="lower-bound-correlation",
        control="the right side scaled to lie 1e-9 above the least eigenvalue",
        section="Lower bounds (LB_P)",
        uses=("psd-order",),
    ),
    _claim(
        "lower-bound-schur",
        "C13",
        "lower bound LB_X through Schur powers of the inputs",
        (*WELL_POSED, COMMON_NORM),
        r"\lambda_{\min}(K) \ge \sum_{r\in S} \mu_r(\sqrt s)^2 (2/s)^r\, \lambda_{\min}(C^{\circ r})",
        method="lower-bound-schur",
        control="the right side scaled to lie 1e-9 above the least eigenvalue",
        section="Lower bounds (LB_X)",
        uses=("psd-order",),
    ),
    _claim(
        "lower-bound-series",
        "C13'",
        "lower bound LB_F through the power series of the equilibrium kernel",
        (*WELL_POSED, COMMON_NORM),
        r"K_{ij} = F(C_{ij}),\quad F = \sum_r k_r c^r,\quad k_r \ge \mu_r(\sqrt s)^2 (2/s)^r \ge 0,\quad"
        r" \lambda_{\min}(K) \ge \lambda_{\min}\bigl(\textstyle\sum_{r<R} k_r C^{\circ r}\bigr)",
        method="lower-bound-series",
        control="the right side scaled to lie 1e-9 above the least eigenvalue",
        section="Lower bounds (LB_F)",
        uses=("correlation-contraction",),
    ),
    _claim(
        "lower-bound-gershgorin",
        "C14",
        "lower bound LB_G through Gershgorin's discs",
        (*WELL_POSED, COMMON_NORM, DISTINCT),
        r"\lambda_{\min}(K) \ge \sum_{r\ge1} \mu_r(\sqrt s)^2 (2/s)^r\,"
        r" \Bigl(1 - \max_i \sum_{j\ne i} |C_{ij}|^r\Bigr)_+"
        r" \ge \tfrac12 \sum_{r\ge r_0} \mu_r(\sqrt s)^2 (2/s)^r,\quad"
        r" r_0 = \left\lceil \tfrac{\log 2(n-1)}{\log 1/\delta} \right\rceil",
        method="lower-bound-gershgorin",
        control="the right side scaled to lie 1e-9 above the least eigenvalue",
        section="Lower bounds (LB_G)",
        uses=("lower-bound-schur",),
    ),
    _claim(
        "least-eigenvalue",
        "λ*",
        "the population Gram matrix of this data is positive definite",
        (*WELL_POSED,),
        r"\lambda_* = \lambda_{\min}(K) > 0",
        method="least-eigenvalue",
        control="lambda_* at least its proved upper end times 1 + 1e-9",
        section="Lower bounds",
        published="hypothesis lambda_* > 0 of the convergence theorem",
        uses=("psd-order",),
    ),
    _claim(
        "positive-definite",
        "C16",
        "non-affine activations give a positive definite matrix on non-parallel data",
        (FEEDBACK, NON_AFFINE, *WELL_POSED, COMMON_NORM, DISTINCT),
        r"\lambda_* > 0,\quad \text{because } k_r > 0 \text{ and } \lambda_{\min}(C^{\circ r}) > 0 \text{ for some } r",
        method="positive-definite",
        control="the same argument on data with a repeated point",
        section="Positive definiteness",
        published="Theorem 8 (numbering of the ICLR submission)",
        provenance="published for activations with non-vanishing coefficients; non-affine suffices when sigma_w > 0",
        uses=("lower-bound-series",),
    ),
    _claim(
        "antipodal-odd",
        "C17",
        "odd activations are singular on antipodal points",
        (ODD, *WELL_POSED),
        r"x_j = -x_i \implies K(e_i + e_j) = 0",
        method="antipodal-odd",
        control="the same null vector for the activation plus a small constant",
        section="Singular cases (b)",
        uses=("correlation-contraction",),
    ),
    _claim(
        "antipodal-definite",
        "C17'",
        "on points of the data joined by their antipodes the matrix stays positive definite",
        (FEEDBACK, NOT_ODD, NON_AFFINE, *WELL_POSED),
        r"x_j = -x_i \text{ allowed},\ \text{otherwise } |C_{ij}|<1 \implies \lambda_* > 0 \text{ on the tested set}",
        method="antipodal-definite",
        control="the odd part of the activation on the same points",
        section="Singular cases (c)",
        uses=("lower-bound-series",),
    ),
    _claim(
        "affine-rank",
        "C18",
        "affine activations have rank at most d + 1",
        (AFFINE, *WELL_POSED),
        r"K = \frac{2\alpha^2 C + \beta^2 \mathbf 1\mathbf 1^\top}{1 - 2\sigma_w^2\alpha^2},\qquad"
        r" \operatorname{rank} K \le d + 1",
        method="affine-rank",
        control="rank at most d + 1 for the activation with a quadratic term added",
        section="Singular cases (d)",
        provenance="refutes the claim for any activation with bounded derivatives; non-affine is needed",
    ),
    _claim(
        "gram-convergence",
        "C22",
        "the finite-width Gram matrix converges at rate m^(-1/2), and its least eigenvalue with it",
        (*WELL_POSED, COMMON_NORM),
        r"\|G_m - K\|_2 \asymp m^{-1/2},\qquad \mathbb P\bigl(\lambda_{\min}(G_m) \ge \tfrac12\lambda_*\bigr) \to 1",
        method="gram-convergence",
        control="the same samples against a matrix that is wrong by 5 percent",
        section="Finite width",
        published="lambda_0 >= m lambda_*/2 with high probability",
        uses=("least-eigenvalue",),
        statistical=True,
    ),
    _claim(
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

SYSTEM = System(
    name="deq-general",
    title="Deep equilibrium models with general activations",
    paper=PAPER,
    model=r"Z = \phi(WZ + UX),\quad W_{ij}\sim N(0, 2\sigma_w^2/m),\quad U_{ij}\sim N(0, 2/d)",
    parameters=(
        Parameter("sigma_w2", "1/16", "variance parameter of the equilibrium weights, W_ij ~ N(0, 2 sigma_w2 / m)"),
    ),
    claims=CLAIMS,
    errata=(
        "Existence and uniqueness of K: the published proof needs 2 q^2 L~_q sigma_w^2 < 1, which sigma_w^2 < 1/(8 L^2)"
        " does not imply (pointed out in the public reviews); the contraction in L2 proves it for"
        " sigma_w^2 < 1/(2 L^2).",
        "The abstract speaks of any activation with bounded first and second derivatives: affine activations satisfy"
        " that and K is singular for n > d + 1. Not affine is exactly the hypothesis that is missing.",
        "An early abstract asks for bounded activations; that is not needed, so GELU and softplus qualify.",
        "The factor 2 in both variances comes from the ReLU case and is harmless: s = 2 (1 + sigma_w^2 q).",
        "K has a constant diagonal only because all inputs have norm sqrt(d).",
    ),
    default_activations=("tanh", "erf", "gelu", "sigmoid"),
    notation=MappingProxyType(
        {
            r"\phi": "activation",
            r"\mu_r(\sigma)": r"E[\phi(\sigma z) h_r(z)], h_r the normalised probabilists' Hermite polynomials",
            "C": "input Gram matrix X^T X / d (cosines of the inputs)",
            "K": "population Gram matrix of the equilibrium",
            "P": "correlation matrix of the pre-activations",
            "q, s": "diagonal of K, and s = 2 C_ii + 2 sigma_w^2 q, where C_ii = 1 on the sphere",
            "L": "Lipschitz constant of the activation",
            r"\delta": "largest |C_ij| off the diagonal",
        }
    ),
)
