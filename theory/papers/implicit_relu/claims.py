r"""Implicit networks with ReLU activation and their training.

.. math::
    z_i = \sigma\!\left(\tfrac{\gamma}{\sqrt m} A z_i + \varphi_i\right),\quad
    \varphi_i = \tfrac1{\sqrt m}\sigma(Wx_i),\quad \hat y_i = u^\top z_i + v^\top \varphi_i .

The model and the shape of the convergence theorem follow Gao, Liu, Liu, Rajan and Gao (2022). The statements below are
those with a complete proof and explicit constants in ``docs/papers/implicit_relu/proofs.md``; the constants are not the
paper's, whose theorem bodies were not compared.
"""

from __future__ import annotations

from types import MappingProxyType

from ...claims.claim import Hypothesis, Source
from ...claims.system import OUTPUT_WORDS, Parameter, System
from ...verdict import Argument
from . import descent_claims

PAPER, NOTES = "gao2022implicit", "docs/papers/implicit_relu/proofs.md"
DERIVED = "derived here with explicit constants; the published statement has this shape"

UNIT = Hypothesis("unit-inputs", r"\|x_i\|_2 = 1 \text{ for all } i")
WELL_POSED = Hypothesis("well-posed", r"a = \tfrac{\gamma}{\sqrt m}\|A\|_2 < 1")
DEFINITE = Hypothesis("definite", r"\lambda_0 > 0")
INITIAL = Hypothesis("initial-gram", r"\lambda_{\min}(G(0)) \ge \tfrac34\lambda_0 > 0")

WIDTH = (
    r"m > \frac{nE_0^2}{\lambda_0^2}\max\Bigl(\frac{64}{(1-\gamma_0)^2},\,\frac{16\gamma_0^2}{(1-\gamma_0)^4},\,"
    r"\frac{2535\,c^2\|X\|_2^2}{(1-\gamma_0)^2\lambda_0}\Bigr)"
)
GD_GAP = (
    "A-4: a step of gradient descent changes sign patterns of W x_i and of the implicit pre-activations at first order"
    " in the step. Where the outputs start small these terms are small (A24); with standard outputs no proof is known"
    " to us, and only the computed run is certified here."
)
SOURCE = Source("implicit-relu", PAPER, NOTES, DERIVED)


CLAIMS = (
    SOURCE.claim(
        "arc-cosine-kernel",
        "A01",
        "the expected product of two ReLU features in closed form",
        (UNIT,),
        r"\mathbb E_{w\sim N(0,I)}\,\sigma(w\cdot x)\,\sigma(w\cdot x')"
        r" = \frac{\sin\theta + (\pi-\theta)\cos\theta}{2\pi},\quad \theta = \angle(x,x')",
        method="arc-cosine-kernel",
        control="the closed form times 1 + 1e-9",
        section="Arc-cosine kernel",
        key="cho2009",
        provenance="standard",
    ),
    SOURCE.claim(
        "arc-cosine-series",
        "A02",
        "the same kernel as a power series with non-negative coefficients",
        (),
        r"g(\rho) = \frac1{2\pi} + \frac\rho4 + \sum_{k\ge1} \frac{((2k-3)!!)^2}{2\pi\,(2k)!}\,\rho^{2k},"
        r"\quad |\rho| \le 1",
        method="arc-cosine-series",
        control="the coefficient of order 4 times 1 + 1e-9",
        section="Power series",
        uses=("arc-cosine-kernel",),
        activation_free=True,
    ),
    SOURCE.claim(
        "least-eigenvalue",
        "A03",
        "the arc-cosine Gram matrix of this data is positive definite",
        (UNIT,),
        r"\lambda_0 = \lambda_{\min}(G^\infty) > 0",
        method="arc-cosine-eigenvalue",
        control="lambda_0 at least its proved upper end times 1 + 1e-9",
        section="Positive definiteness",
        published="lambda_0 > 0 when no two inputs are parallel",
        uses=("arc-cosine-kernel", "arc-cosine-series", "nullity"),
        argument=Argument.DIRECT,
    ),
    SOURCE.claim(
        "nullity",
        "A03'",
        "how singular the arc-cosine Gram matrix is: it is definite whenever no two inputs are parallel",
        (UNIT,),
        r"\dim\ker G^\infty = \#\text{repetitions} + p - \operatorname{rank}(\text{directions of the }p"
        r"\text{ antipodal pairs})",
        method="arc-cosine-nullity",
        control="p in place of p minus the rank, on a hexagon",
        section="Positive definiteness",
        published="lambda_0 > 0 when no two inputs are parallel",
        uses=("arc-cosine-series",),
    ),
    SOURCE.claim(
        "hermite-bound",
        "A04",
        "lower bounds through the even Schur powers of the inputs",
        (UNIT,),
        r"\lambda_0 \ge \sum_{k\ge1}\mu_{2k}^2\bigl(1-(n-1)\rho^{2k}\bigr)_+ \ge \mu_{2k}^2\bigl(1-(n-1)\rho^{2k}\bigr)"
        r"\ \ \forall k\ge1,\quad \rho = \max_{i\ne j}|x_i\cdot x_j|",
        method="arc-cosine-hermite",
        control="the least eigenvalue replaced by a number 1e-9 below the bound",
        section="Hermite bounds",
        uses=("arc-cosine-series",),
    ),
    SOURCE.claim(
        "closed-forms",
        "A05",
        "orthonormal inputs, the square and the hexagon",
        (),
        r"\lambda_0 = \tfrac12-\tfrac1{2\pi}\ \text{(orthonormal)},\quad \tfrac12-\tfrac1\pi\ \text{(square)},\quad"
        r" 0\ \text{(hexagon, } G^\infty(1,-1,1,-1,1,-1)^\top = 0)",
        method="arc-cosine-closed-forms",
        control="the square with a least eigenvalue of (1/2 - 1/pi)(1 + 1e-9)",
        section="Closed forms",
        uses=("arc-cosine-kernel",),
        activation_free=True,
    ),
    SOURCE.claim(
        "equilibrium",
        "A06",
        "the equilibrium exists, is unique and bounded, and Picard iteration finds it",
        (WELL_POSED,),
        r"\|z\| \le \frac{\|\varphi\|}{1-a},\quad \|z^\ell - z\| \le \frac{a^\ell\|\varphi\|}{1-a}\ (z^0=0),\quad"
        r" \|z_i-z_j\| \le \frac{\|\varphi_i-\varphi_j\|}{1-a}",
        method="implicit-equilibrium",
        control="the bound of |z| with 1 + a in place of 1 - a",
        section="Well-posedness",
        published="existence for gamma ||A||/sqrt(m) < 1",
    ),
    SOURCE.claim(
        "resolvent",
        "A07",
        "the linearised equilibrium equation is solvable",
        (WELL_POSED,),
        r"0 \preceq D \preceq I \text{ diagonal} \implies"
        r" \|(I-\tfrac{\gamma}{\sqrt m}DA)^{-1}\|_2 \le \frac1{1-a}",
        method="implicit-resolvent",
        control="the same bound for D = 2I",
        section="Well-posedness (resolvent)",
        uses=("equilibrium",),
    ),
    SOURCE.claim(
        "gradients",
        "A08",
        "the gradient of the loss by implicit differentiation",
        (),
        r"a<1,\ Wx_i\text{ and }\tfrac{\gamma}{\sqrt m}Az_i+\varphi_i\text{ without a zero entry} \implies"
        r" \nabla_vL=\Phi e,\ \nabla_uL=Ze,\ \nabla_AL=\tfrac{\gamma}{\sqrt m}\sum_i e_iq_iz_i^\top,"
        r"\ \nabla_WL=\tfrac1{\sqrt m}\sum_i e_iE_i(q_i+v)x_i^\top,\quad"
        r" q_i = D_i(I-\tfrac{\gamma}{\sqrt m}A^\top D_i)^{-1}u",
        method="implicit-gradients",
        control="the adjoint equation with A in place of its transpose",
        section="Gradients",
        uses=("resolvent",),
        activation_free=True,
    ),
    SOURCE.claim(
        "tangent-order",
        "A09",
        "the tangent kernel dominates the feature Gram matrix",
        (WELL_POSED,),
        r"H \succeq \Phi^\top\Phi",
        method="tangent-order",
        control="H - Phi'Phi at least 1 + 1e-6 times its least eigenvalue",
        section="Tangent kernel",
        published="used for the rate",
        uses=("gradients",),
    ),
    SOURCE.claim(
        "concentration",
        "A10",
        "the feature Gram matrix concentrates entry by entry",
        (UNIT,),
        r"\mathbb P\bigl(\max_{ij}|G_m-G^\infty|_{ij} \ge t\bigr) \le n(n+1)\exp\Bigl(-\frac{mt^2}{2(4+2t)}\Bigr)",
        method="implicit-concentration",
        control="the exponent times 100",
        section="Concentration",
        key="boucheron2013",
        statistical=True,
    ),
    SOURCE.claim(
        "concentration-width",
        "A11",
        "a width from which the feature Gram matrix keeps three quarters of the least eigenvalue",
        (UNIT, DEFINITE),
        r"m \ge \frac{136\,n^2}{\lambda_0^2}\log\frac{n(n+1)}{\delta} \implies"
        r" \mathbb P\bigl(\lambda_{\min}(G_m) \ge \tfrac34\lambda_0\bigr) \ge 1-\delta",
        method="concentration-width",
        control="1.05 lambda_0 in place of 3/4 lambda_0",
        section="Concentration (width)",
        published="a width of order n^2 lambda_0^(-2) log(n/delta)",
        uses=("concentration",),
        statistical=True,
    ),
    SOURCE.claim(
        "jensen",
        "A12",
        "finite width lowers the least eigenvalue on average",
        (UNIT,),
        r"\mathbb E\,\lambda_{\min}(G_m) \le \lambda_0 \quad\text{for every } m",
        method="jensen-eigenvalue",
        control="a tenth of lambda_0 in place of lambda_0",
        section="Concentration (expectation)",
        provenance="derived here",
        statistical=True,
    ),
    SOURCE.claim(
        "feature-lipschitz",
        "A13",
        "the features move at most as far as the weights",
        (WELL_POSED,),
        r"\|\Phi_W-\Phi_{W'}\|_F \le \tfrac1{\sqrt m}\|W-W'\|_F\,\|X\|_2",
        method="feature-lipschitz",
        control="the right side moved to lie 1e-9 below the left side",
        section="Stability",
        provenance="derived here; no sign changes are counted, because the features involve the activation only",
    ),
    SOURCE.claim(
        "feature-stability",
        "A14",
        "the least eigenvalue survives while the weights stay near their start",
        (WELL_POSED, INITIAL),
        r"\|W-W(0)\|_F\|X\|_2 \le \Bigl(\tfrac{\sqrt3}2-\tfrac1{\sqrt2}\Bigr)\sqrt{m\lambda_0} \implies"
        r" \lambda_{\min}(G) \ge \tfrac12\lambda_0",
        method="feature-stability",
        control="no loss of the least eigenvalue when W moves against the least singular direction",
        section="Stability (least eigenvalue)",
        provenance="derived here",
        uses=("feature-lipschitz",),
    ),
    SOURCE.claim(
        "gradient-flow",
        "A15",
        "gradient flow converges at the rate lambda_0",
        (WELL_POSED, INITIAL),
        r"\|A(0)\|,\|W(0)\|,\|u(0)\|,\|v(0)\| \le c\sqrt m,\ c\ge1,\ \gamma_0 = 2c\gamma < 1,\ "
        + WIDTH
        + r" \implies L(t) \le e^{-\lambda_0t}L(0),\quad \tfrac{\gamma}{\sqrt m}\|A(t)\| < \gamma_0;"
        r"\quad\text{or, closing the argument with the norms of the network at its start:}"
        r"\quad L(t) \le e^{-\lambda_0t}L(0),\quad \tfrac{\gamma}{\sqrt m}\|A(t)\| < 1",
        method="implicit-gradient-flow",
        control="the width condition with 60 in place of 64",
        section="Gradient flow",
        published="linear convergence of gradient flow for sufficiently wide networks",
        uses=("tangent-order", "feature-stability", "width-constant"),
    ),
    SOURCE.claim(
        "width-constant",
        "A16",
        "the constant of the width condition",
        (),
        r"\frac{64}{(\sqrt3/2-1/\sqrt2)^2} < 2535",
        method="width-constant",
        control="2534 in place of 2535",
        section="Gradient flow (constant)",
        provenance="derived here",
        activation_free=True,
        argument=Argument.DIRECT,
    ),
    SOURCE.claim(
        "output-training",
        "A17",
        "training the output layer alone converges at the rate of its Gram matrix",
        (WELL_POSED,),
        r"0 < \eta \le 1/\lambda_{\max},\ M = \Phi^\top\Phi+Z^\top Z \implies"
        r" \|e(k)\| \le \bigl(1-\eta\lambda_{\min}(M)\bigr)^k\|e(0)\|",
        method="output-training",
        control="the largest eigenvalue of M in place of the least",
        section="Gradient descent (output layer)",
        provenance="derived here",
    ),
    SOURCE.claim(
        "gradient-descent",
        "A18",
        "gradient descent on all weights: the computed run falls at the rate of the theory",
        (DEFINITE,),
        r"L(k+1) \le \bigl(1-\tfrac{\eta\lambda_0}2\bigr)L(k),\quad \tfrac{\gamma}{\sqrt m}\|A(k)\| < 1"
        r"\quad\text{at each recorded iterate of the run}",
        method="implicit-descent",
        control="twice the slowest rate of the same run; a run of contraction 1",
        section="Gradient descent",
        published="linear convergence of gradient descent for a step of order lambda_0/n^2",
        provenance="certified a posteriori for one run; the published theorem for all runs is not proved here",
        uses=("gradients",),
        obligation=GD_GAP,
        argument=Argument.DIRECT,
    ),
    SOURCE.claim(
        "gaussian-norm",
        "A19",
        "the norm of a Gaussian matrix",
        (),
        r"\mathbb P\bigl(\|A(0)\|_2 > 2\sqrt m + t\bigr) \le 2e^{-t^2/2}",
        method="gaussian-norm",
        control="3/2 sqrt(m) in place of 2 sqrt(m)",
        section="Well-posedness (norms at the start)",
        key="davidson2001",
        provenance="standard",
        statistical=True,
        activation_free=True,
    ),
    SOURCE.claim(
        "equilibrium-limit",
        "A20",
        "the squared norm of the equilibrium at infinite width",
        (UNIT,),
        r"\|z\|^2 \to K^*,\quad K^* = \frac{s^2}4 + \frac{(1+s^2)(\pi-\arctan s)+s}{2\pi},\quad s^2 = \gamma^2K^*",
        method="equilibrium-limit",
        control="1.1 K* in place of K*",
        section="Infinite width",
        provenance="a row of A is treated as independent of z, as the exact law of one equilibrium allows; the fixed"
        " point itself is enclosed",
        statistical=True,
    ),
)

SYSTEM = System(
    name="implicit-relu",
    title="Implicit networks with ReLU activation",
    paper=PAPER,
    model=r"z = \sigma\bigl(\tfrac{\gamma}{\sqrt m}Az + \varphi\bigr),\ \varphi = \tfrac1{\sqrt m}\sigma(Wx),"
    r"\ \hat y = u^\top z + v^\top\varphi,\quad A_{ij}, W_{ij}, u_i, v_i \sim N(0, 1)",
    parameters=(
        Parameter("gamma", "1/5", "scale of the recurrent weights; wide networks are well posed for gamma < 1/2"),
        Parameter("width", "512", "width of the network that is trained"),
        Parameter("training_points", "200", "how many of the inputs it is trained on, the first ones"),
        Parameter("steps", "60", "steps of gradient descent"),
        Parameter("step", "1/2", "step of gradient descent, as a multiple of 1/lambda_max(H(0))"),
        Parameter(
            "output_init",
            "zero",
            "output weights that the claims on small outputs start from, as a multiple of the standard normal law",
            words=OUTPUT_WORDS,
        ),
        Parameter("delta", "1/20", "probability with which the statements on widths may fail"),
    ),
    claims=(*CLAIMS, *descent_claims.CLAIMS),
    errata=(
        "A-1: gamma is a fixed number here; with a scale normalised by ||A|| the gradient has further terms.",
        "A-2: ReLU has kinks, so that gradient flow is a differential inclusion; the chain rule holds for almost every"
        " time (Bolte and Pauwels), which an argument with continuous derivatives does not give.",
        "A-3: the residual at the start has Gaussian tails: a bound of it without log(n/delta) or 1/delta cannot hold.",
        "A-4: the published rate of gradient descent rests on a step whose proof we could not complete for standard"
        " outputs (A18, A30); from small outputs A24 proves it, without that step.",
        "A-5: no two inputs parallel must exclude antipodes too: on a regular hexagon lambda_0 = 0 exactly. It is"
        " sufficient and not necessary: on a square lambda_0 = 1/2 - 1/pi.",
        "A-6: title and abstract speak of gradient descent; the analysis that they announce is of gradient flow.",
        "A-7: H dominates Phi'Phi, and the rate uses nothing else: the implicit layer plays no part in it.",
        "A-8: the features carry the factor m^(-1/2); without it the predictions at the start are of order sqrt(m) and"
        " every constant changes.",
    ),
    default_activations=("relu",),
    notation=MappingProxyType(
        {
            r"\sigma": "ReLU, max(x, 0)",
            r"\Phi, Z": "features and equilibria of the inputs that the network is trained on, columns",
            "a": r"gamma ||A||/sqrt(m), the contraction of the equilibrium map",
            r"G^\infty": "arc-cosine Gram matrix, the limit of Phi'Phi",
            r"G_m, G(k)": "Phi'Phi of a network, and of the k-th iterate",
            r"\lambda_0": "least eigenvalue of the arc-cosine Gram matrix (of the training inputs for networks)",
            "H": "tangent kernel: de/dt = -He under gradient flow",
            r"D_i, E_i": "diagonal sign patterns of the two layers",
            "e, E_0, L": "residual, its norm at the start, and half its square",
        }
    ),
    fixed=True,
)
