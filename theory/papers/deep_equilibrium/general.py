r"""Deep equilibrium models with general activations.

.. math::
    Z = \phi(W Z + U X), \qquad
    K = \mathbb E\,\phi(g)\phi(g)^\top,\quad g \sim N(0, \Sigma),\quad
    \Sigma = 2\sigma_w^2 K + 2C,\quad C = X^\top X / d .

The model and its initialisation follow Truong (2023) and, for ReLU, Ling et al. (2023); the statements below are those
with a complete proof in ``docs/papers/deep_equilibrium/population.md``, which is what ``ours`` refers to.
"""

from __future__ import annotations

from types import MappingProxyType

from ...claims.claim import Hypothesis
from ...claims.system import Parameter, System
from ...verdict import Argument
from .dual_calculus import dual_calculus_claims
from .population import COMMON_NORM, LIPSCHITZ, NOTES, Family, population_claims
from .training import TRAINING_PARAMETERS, training_claims
from .width import WIDTH_PARAMETERS, width_claims

PAPER, RELU_PAPER = "truong2023deq", "ling2023deq"

CONTRACTION = Hypothesis("contraction", r"\sigma_w^2 < 1/(2L^2)")
AFFINE = Hypothesis("affine", r"\phi(x) = \beta + \alpha x")
ODD = Hypothesis("odd", r"\phi(-x) = -\phi(x)")
RELU = Hypothesis("relu", r"\phi(x) = \max(x, 0)")

WELL_POSED = (LIPSCHITZ, CONTRACTION)
FAMILY = Family("deq-general", PAPER, NOTES, well_posed=WELL_POSED)
SHARED = population_claims(FAMILY)

CLAIMS = (
    FAMILY.claim(
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
    FAMILY.claim(
        "correlation-contraction",
        "C8",
        "every correlation of the equilibrium exists and is unique",
        WELL_POSED,
        r"\rho \mapsto \bigl(2\sigma_w^2\,\hat\phi(s_i, s_j, \rho\sqrt{s_is_j}) + 2C_{ij}\bigr)/\sqrt{s_is_j}"
        r" \text{ maps } [-1,1] \text{ into itself and contracts by } 2\sigma_w^2 L^2 < 1,\quad s_i, s_j > 0",
        method="correlation-contraction",
        control="the map with its input moved out of [-1, 1] by 1e-9 is not called a self-map",
        section="Existence and uniqueness (ii)",
        uses=("variance-contraction",),
    ),
    FAMILY.claim(
        "variance-bound",
        "C9",
        "an a-priori bound of the variance",
        WELL_POSED,
        r"\sqrt q \le \frac{|\phi(0)| + \sqrt{2C_{ii}}\,L}{1 - \sqrt2\,\sigma_w L}",
        method="variance-bound",
        control="the bound replaced by sqrt(q) (1 - 1e-9)",
        section="Existence and uniqueness (i)",
        uses=("variance-contraction",),
        argument=Argument.DIRECT,
    ),
    FAMILY.claim(
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
    SHARED["psd-order"],
    SHARED["lower-bound-correlation"],
    SHARED["lower-bound-schur"],
    SHARED["lower-bound-series"],
    SHARED["lower-bound-gershgorin"],
    SHARED["least-eigenvalue"],
    SHARED["positive-definite"],
    FAMILY.claim(
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
    SHARED["antipodal-definite"],
    FAMILY.claim(
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
    SHARED["gram-convergence"],
    SHARED["weight-norm"],
    *training_claims(FAMILY),
    *width_claims(FAMILY),
    *dual_calculus_claims(FAMILY),
)

SYSTEM = System(
    name="deq-general",
    title="Deep equilibrium models with general activations",
    paper=PAPER,
    model=r"Z = \phi(WZ + UX),\quad W_{ij}\sim N(0, 2\sigma_w^2/m),\quad U_{ij}\sim N(0, 2/d),"
    r"\quad K = \mathbb E\,\phi(g)\phi(g)^\top,\ g\sim N(0,\, 2\sigma_w^2K + 2C)",
    parameters=(
        Parameter("sigma_w2", "1/16", "variance parameter of the equilibrium weights, W_ij ~ N(0, 2 sigma_w2 / m)"),
        *TRAINING_PARAMETERS,
        *WIDTH_PARAMETERS,
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
        "The spectral norm O(p^(-1/2)) of the error of the high-dimensional equivalent, as recalled, lacks a logarithm:"
        " with a constant diagonal it is sqrt(log p / p).",
    ),
    default_activations=("tanh", "erf", "gelu", "sigmoid"),
    notation=MappingProxyType(
        {
            r"\phi": "activation",
            r"\mu_r(\sigma)": r"E[\phi(\sigma z) h_r(z)], h_r the normalised probabilists' Hermite polynomials",
            r"\ell, B, \rho_w": "constants of the theorem, in the notes on training",
            r"\eta": "step size",
            r"\Phi": "loss: half the sum of the squared output errors e",
            "Z, D": "equilibrium, (m, n), and slopes at its pre-activations",
            "C": "input Gram matrix X^T X / d (cosines of the inputs)",
            "K": "population Gram matrix of the equilibrium",
            "P": "correlation matrix of the pre-activations",
            "q, s": "diagonal of K, and s = 2 C_ii + 2 sigma_w^2 q, where C_ii = 1 on the sphere",
            "L": "Lipschitz constant of the activation",
            r"\delta": "largest |C_ij| off the diagonal",
        }
    ),
)
