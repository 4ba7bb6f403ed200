"""The claims about training that every deep equilibrium model makes: gradients, rates, tangent kernel, stability."""

from __future__ import annotations

from dataclasses import replace

from ...claims.claim import Claim, Hypothesis
from ...claims.system import Parameter
from ...verdict import Argument
from .population import COMMON_NORM, LIPSCHITZ, Family

NOTES = "docs/papers/deep_equilibrium/training.md"

SECOND_DERIVATIVE = Hypothesis("second-derivative", r"L_2 = \sup|\phi''| < \infty")
EVENT = Hypothesis("relative-event", r"\|K^{-1/2}(G_m - K)K^{-1/2}\|_2 \le \tfrac12 \text{ for the sampled network}")
CONTRACTS = Hypothesis("weights-contract", r"L\,\|W(0)\|_2 < 1 \text{ for the trained network}")
SMALL_RESIDUAL = Hypothesis(
    "small-residual",
    r"L\rho_w < 1,\quad"
    r" \ell\sqrt{\|Z(0)\|_2^2 + \|X\|_2^2}\;R \le \bigl(1 - \tfrac1{\sqrt2}\bigr)\sqrt{\lambda_0},\quad"
    r" R = 2\sqrt2\,\|e_0\|/\sqrt{\lambda_0}",
)
SMALL_RESIDUAL_FLOW = Hypothesis(
    "small-residual-flow",
    r"L\rho_w < 1,\quad"
    r" \ell\sqrt{\|Z(0)\|_2^2 + \|X\|_2^2}\;R \le \bigl(1 - \tfrac1{\sqrt2}\bigr)\sqrt{\lambda_0},\quad"
    r" R = \sqrt2\,\|e_0\|/\sqrt{\lambda_0}",
)
MADE_RESIDUAL = replace(SMALL_RESIDUAL, name="made-residual")
MADE_RESIDUAL_FLOW = replace(SMALL_RESIDUAL_FLOW, name="made-residual-flow")
"""The same conditions for labels that are made near the outputs of the network at the start."""

TRAINING_PARAMETERS = (
    Parameter("training_width", "512", "width of the networks that are trained", sampled=False),
    Parameter(
        "training_points", "200", "how many inputs they are trained on: the first that are not parallel", sampled=False
    ),
    Parameter("training_steps", "200", "steps of gradient descent", sampled=False),
)

THEOREM = "global convergence of gradient descent (the constants published with it were not available to us)"


def training_claims(family: Family) -> tuple[Claim, ...]:
    """C19 to C21 and C23 to C26 for one system, in this order."""
    claim, well_posed = family.claim, family.well_posed
    return (
        claim(
            "implicit-gradients",
            "C19",
            "gradients through the equilibrium, and the tangent Gram matrix",
            (LIPSCHITZ, CONTRACTS),
            r"\nabla_W = \Delta\,\mathrm{diag}(e)\,Z^\top,\; \nabla_U = \Delta\,\mathrm{diag}(e)\,X^\top,\;"
            r" \nabla_a = Ze,\quad \delta_i = D_i(I - W^\top D_i)^{-1}a;\qquad \dot{\hat y} = -He,\quad"
            r" H = G + (Z^\top Z + X^\top X)\circ\Delta^\top\Delta \succeq G",
            method="deq-implicit-gradients",
            control="the adjoint equation with W in place of its transpose",
            section="Gradients through the equilibrium",
            notes=NOTES,
        ),
        claim(
            "picard-rate",
            "C20",
            "a network whose weights contract has one equilibrium, reached geometrically",
            (LIPSCHITZ, CONTRACTS),
            r"L\|W\|_2 \le \theta < 1 \implies \|Z - Z^{(l)}\|_F \le \theta^l\,\|Z\|_F,\quad Z^{(0)} = 0",
            method="deq-picard-rate",
            control="the square of the rate that the iteration met",
            section="The equilibrium of given weights",
            notes=NOTES,
        ),
        claim(
            "relative-concentration",
            "C21",
            "relative concentration of the Gram matrix is enough for its least eigenvalue",
            (*well_posed, CONTRACTS, EVENT),
            r"\lambda_{\min}(G_m) \ge \tfrac12\lambda_*",
            method="deq-relative-concentration",
            control="half of the deviation that the network has",
            section="Relative concentration",
            notes=NOTES,
            published="lambda_0 >= m lambda_*/2 with high probability",
            uses=("least-eigenvalue",),
            argument=Argument.DIRECT,
        ),
        claim(
            "tangent-order",
            "C23",
            "the limit of the tangent Gram matrix dominates the population Gram matrix",
            (*well_posed, COMMON_NORM),
            r"\Theta = K \circ \Bigl(1 + \frac{\dot\Gamma}{1 - 2\sigma_w^2\dot\Gamma}\Bigr) \succeq K,\qquad"
            r" \dot\Gamma_{ij} = \mathbb E\,\phi'(g_i)\phi'(g_j),\quad"
            r" \chi = 2\sigma_w^2\,\mathbb E\,\phi'(\sqrt s z)^2 < 1",
            method="deq-tangent-order",
            control="domination by a factor a relative 1e-9 above what the diagonal allows",
            section="The tangent kernel",
            notes=NOTES,
            uses=("least-eigenvalue",),
        ),
        claim(
            "tangent-limit",
            "C23'",
            "the tangent Gram matrix of wide networks has this limit",
            (*well_posed, COMMON_NORM),
            r"H/m \to \Theta",
            method="deq-tangent-limit",
            control="the same networks against 1.15 times the limit",
            section="The tangent kernel",
            notes=NOTES,
            uses=("tangent-order",),
            statistical=True,
        ),
        claim(
            "gradient-descent",
            "C24",
            "gradient descent converges at the stated rate, on the study's data",
            (LIPSCHITZ, SECOND_DERIVATIVE, CONTRACTS, SMALL_RESIDUAL),
            r"\eta \le 1/\beta \implies \Phi_\tau \le \bigl(1 - \tfrac12\eta\lambda_0\bigr)^\tau \Phi_0,\quad"
            r" \lambda_{\min}(G(\tau)) \ge \tfrac12\lambda_0,\quad L\|W(\tau)\|_2 < 1,\quad"
            r" \|\theta(\tau) - \theta(0)\|_F \le R",
            method="deq-gradient-descent",
            control="labels a million times as far from the outputs, for which a hypothesis fails",
            section="The theorem with explicit constants",
            notes=NOTES,
            published=THEOREM,
            provenance="published with unspecified constants; ours are explicit, and proved",
            uses=("implicit-gradients",),
        ),
        claim(
            "gradient-flow",
            "C24'",
            "the gradient flow converges at the stated rate, without a second derivative, on the study's data",
            (LIPSCHITZ, CONTRACTS, SMALL_RESIDUAL_FLOW),
            r"\Phi(t) \le e^{-\lambda_0 t}\,\Phi(0),\quad \lambda_{\min}(G(t)) \ge \tfrac12\lambda_0,\quad"
            r" \|\theta(t) - \theta(0)\|_F \le R",
            method="deq-gradient-flow",
            control="labels a million times as far from the outputs, for which a hypothesis fails",
            section="The gradient flow",
            notes=NOTES,
            published=THEOREM,
            uses=("implicit-gradients",),
        ),
        claim(
            "made-descent",
            "C24m",
            "the same on few inputs with labels made so that the hypotheses hold, every iterate checked",
            (LIPSCHITZ, SECOND_DERIVATIVE, CONTRACTS, MADE_RESIDUAL),
            r"\eta \le 1/\beta \implies \Phi_\tau \le \bigl(1 - \tfrac12\eta\lambda_0\bigr)^\tau \Phi_0,\quad"
            r" \lambda_{\min}(G(\tau)) \ge \tfrac12\lambda_0,\quad L\|W(\tau)\|_2 < 1,\quad"
            r" \|\theta(\tau) - \theta(0)\|_F \le R",
            method="deq-made-descent",
            control="twice the rate that the run met",
            section="The theorem with explicit constants",
            notes=NOTES,
            published=THEOREM,
            provenance="published with unspecified constants; ours are explicit, and proved",
            uses=("implicit-gradients",),
        ),
        claim(
            "made-flow",
            "C24'm",
            "the same for the flow, on few inputs with labels made so that the hypotheses hold",
            (LIPSCHITZ, CONTRACTS, MADE_RESIDUAL_FLOW),
            r"\Phi(t) \le e^{-\lambda_0 t}\,\Phi(0),\quad \lambda_{\min}(G(t)) \ge \tfrac12\lambda_0,\quad"
            r" \|\theta(t) - \theta(0)\|_F \le R",
            method="deq-made-flow",
            control="labels eight times as far from the outputs, for which a hypothesis fails",
            section="The gradient flow",
            notes=NOTES,
            published=THEOREM,
            uses=("implicit-gradients",),
        ),
        claim(
            "descent-rate",
            "C25",
            "on an ordinary instance the rate holds along the run, whether or not the hypotheses of the theorem hold",
            (LIPSCHITZ, CONTRACTS),
            r"\Phi_\tau \le \bigl(1 - \tfrac12\eta\lambda_0\bigr)^\tau\,\Phi_0"
            r" \quad\text{at each computed iterate, labels } \pm1",
            method="deq-descent-rate",
            control="a step size sixteen times as large, and twice the rate that was met",
            section="Ordinary instances",
            notes=NOTES,
            published=THEOREM,
            argument=Argument.DIRECT,
        ),
        claim(
            "descent-spectrum",
            "C25'",
            "along the same run the least eigenvalue of the Gram matrix stays above half of its first value",
            (LIPSCHITZ, CONTRACTS),
            r"\lambda_{\min}(G(\tau)) \ge \tfrac12\lambda_0 \quad\text{at each computed iterate}",
            method="deq-descent-spectrum",
            control="a thousandth more than the largest value that was met",
            section="Ordinary instances",
            notes=NOTES,
            published=THEOREM,
            argument=Argument.DIRECT,
        ),
        claim(
            "descent-norm",
            "C25''",
            "along the same run the norm of the weights stays where the equilibrium is well posed",
            (LIPSCHITZ, CONTRACTS),
            r"L\,\|W(\tau)\|_2 < 1 \quad\text{at each computed iterate}",
            method="deq-descent-norm",
            control="a thousandth less than the norm at the start",
            section="Ordinary instances",
            notes=NOTES,
            published=THEOREM,
            argument=Argument.DIRECT,
        ),
        claim(
            "stability-threshold",
            "C26",
            "the linearised equilibrium is stable up to chi = 1, and not beyond",
            well_posed,
            r"\rho(DW) \to \sqrt\chi,\quad \chi = 2\sigma_w^2\,\mathbb E\,\phi'(\sqrt s z)^2;\quad"
            r" \text{Picard's iteration converges for } \chi < 1 \text{ and fails for } \chi \ge 2",
            method="deq-stability-threshold",
            control="networks past the threshold, said to converge",
            section="Stability",
            notes=NOTES,
            statistical=True,
        ),
    )
