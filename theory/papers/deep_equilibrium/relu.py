r"""The deep equilibrium model with ReLU.

.. math::
    Z = \max(W Z + U X, 0), \qquad
    K_{ij} = \frac{Q(\rho_{ij})}{1-\sigma_w^2},\quad \rho_{ij} = \sigma_w^2 Q(\rho_{ij}) + (1-\sigma_w^2) C_{ij} .

The model and its initialisation follow Ling et al. (2023). Positive homogeneity makes the population unique for every
:math:`\sigma_w^2 < 1`, not only inside the Lipschitz range 1/2; networks of finite width are known to have an
equilibrium while :math:`\|W\|_2 < 1`, that is for :math:`\sigma_w^2 < 1/8` in the limit. Each claim says what it needs.
"""

from __future__ import annotations

from types import MappingProxyType

from ...claims.claim import Hypothesis
from ...claims.system import Parameter, System
from ...verdict import Argument
from .dual_calculus import dual_calculus_claims
from .population import COMMON_NORM, LIPSCHITZ, NOTES, Family, population_claims
from .training import NOTES as TRAINING
from .training import TRAINING_PARAMETERS, training_claims
from .width import WIDTH_PARAMETERS, width_claims

PAPER = "ling2023deq"

RANGE = Hypothesis("relu-range", r"\sigma_w^2 < 1")
WELL_POSED = (LIPSCHITZ, RANGE)
FAMILY = Family("deq-relu", PAPER, NOTES, well_posed=WELL_POSED)
SHARED = population_claims(FAMILY)

CLAIMS = (
    FAMILY.claim(
        "variance-contraction",
        "C7",
        "the variance of the equilibrium exists and is unique for every variance below one",
        WELL_POSED,
        r"T(r) = \|\max(\sqrt{2\sigma_w^2 r^2 + 2C_{ii}}\, z, 0)\|_{L^2} = \sqrt{\sigma_w^2 r^2 + C_{ii}}"
        r" \text{ contracts by } \theta = \sigma_w < 1",
        method="variance-contraction",
        control="q moved by a relative 1e-9 is not a fixed point, and sigma_w2 at the edge of the range is refused",
        section="The range of ReLU",
        notes=TRAINING,
        provenance="published for sigma_w^2 < 1/8; homogeneity gives the whole range below 1",
    ),
    FAMILY.claim(
        "correlation-contraction",
        "C8",
        "every correlation of the equilibrium exists and is unique",
        (*WELL_POSED, COMMON_NORM),
        r"\rho \mapsto \sigma_w^2 Q(\rho) + (1-\sigma_w^2) C_{ij} \text{ maps } [-1,1] \text{ into itself"
        r" and contracts by } \sigma_w^2 < 1",
        method="correlation-contraction",
        control="the map with its input moved out of [-1, 1] by 1e-9 is not called a self-map",
        section="The range of ReLU",
        notes=TRAINING,
        uses=("variance-contraction",),
    ),
    FAMILY.claim(
        "variance-bound",
        "C9",
        "an a-priori bound of the variance",
        WELL_POSED,
        r"\sqrt q \le \frac{\sqrt{C_{ii}}}{1 - \sigma_w}",
        method="variance-bound",
        control="the bound replaced by sqrt(q) (1 - 1e-9)",
        section="The range of ReLU",
        notes=TRAINING,
        uses=("variance-contraction",),
        argument=Argument.DIRECT,
    ),
    FAMILY.claim(
        "relu-fixed-point",
        "C10",
        "the fixed point in closed form",
        (*WELL_POSED, COMMON_NORM),
        r"q = \frac1{1-\sigma_w^2},\quad \cos\theta_{ij} = \sigma_w^2 Q(\cos\theta_{ij}) + (1-\sigma_w^2) C_{ij},\quad"
        r" Q(x) = \tfrac1\pi\bigl(\sqrt{1-x^2} + x(\pi - \arccos x)\bigr)",
        method="relu-fixed-point",
        control="q = (1 + 1e-9)/(1 - sigma_w2)",
        section="The range of ReLU",
        notes=TRAINING,
        uses=("variance-contraction",),
    ),
    *SHARED.values(),
    *training_claims(FAMILY),
    *width_claims(FAMILY),
    *dual_calculus_claims(FAMILY),
)

SYSTEM = System(
    name="deq-relu",
    title="The deep equilibrium model with ReLU",
    paper=PAPER,
    model=r"Z = \max(WZ + UX, 0),\quad W_{ij}\sim N(0, 2\sigma_w^2/m),\quad U_{ij}\sim N(0, 2/d),"
    r"\quad a_i\sim N(0, 1/m),"
    r"\quad K = \mathbb E\,\phi(g)\phi(g)^\top,\ g\sim N(0,\, 2\sigma_w^2K + 2C)",
    parameters=(
        Parameter(
            "sigma_w2",
            "1/16",
            "variance parameter of the equilibrium weights, W_ij ~ N(0, 2 sigma_w2 / m); below 1 for the population,"
            " below about 1/8 for training",
        ),
        *TRAINING_PARAMETERS,
        *WIDTH_PARAMETERS,
    ),
    claims=CLAIMS,
    errata=(
        "The range sigma_w^2 < 1/8 belongs to networks of finite width (it makes ||W||_2 < 1 in the limit); the"
        " population matrix exists, uniquely and in closed form, for every sigma_w^2 < 1.",
        "The theorem for gradient descent with explicit constants needs a second derivative, which ReLU does not have:"
        " with explicit constants the gradient flow is proved here, and gradient descent is certified along the run.",
        "The published width is O~(n^2/lambda_*^2) with unspecified constants; nothing here depends on them.",
        "Inputs that point the same way make K singular; antipodal inputs do not when sigma_w > 0.",
    ),
    default_activations=("relu",),
    notation=MappingProxyType(
        {
            r"\phi": "ReLU, max(x, 0)",
            r"\mu_r(\sigma)": r"E[\phi(\sigma z) h_r(z)], h_r the normalised probabilists' Hermite polynomials",
            "C": "input Gram matrix X^T X / d (cosines of the inputs)",
            "K": "population Gram matrix of the equilibrium",
            "P": "correlation matrix of the pre-activations, entries rho_ij = cos theta_ij",
            "Q": "arc-cosine kernel of order one, normalised",
            "q, s": "diagonal of K, q = 1/(1 - sigma_w^2), and s = 2 q",
            "L": "Lipschitz constant of the activation: 1",
            r"\delta": "largest |C_ij| off the diagonal",
            r"\ell, B, \rho_w": "constants of the theorem, in the notes on training",
            r"\eta": "step size",
            r"\Phi": "loss: half the sum of the squared output errors e",
            "Z, D": "equilibrium, (m, n), and slopes at its pre-activations",
        }
    ),
    fixed=True,
)
