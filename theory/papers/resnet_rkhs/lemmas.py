"""Residual networks in an RKHS: adjoint gradient, flow bounds, the PL inequalities, convergence from a small loss."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep

NOTES, PAPER = "docs/papers/resnet_rkhs/proofs.md", "barboni2022resnets"
ADMISSIBLE = Hypothesis("admissible", r"\lVert v(z)\rVert\le\kappa_0\lVert v\rVert,\ "
                        r"\lVert Dv(z)\rVert\le\kappa_1\lVert v\rVert")  # fmt: skip
BALL = Hypothesis("ball", r"\lVert v\rVert\le R")
READOUT = Hypothesis("readout", r"BB^\top\succeq\sigma_B^2I,\ \lVert Ax\rVert\ge\sigma_A\lVert x\rVert")


def claims(*slugs: str) -> tuple[str, ...]:
    """The claims of the system with these slugs."""
    return tuple(f"resnet-rkhs.{slug}" for slug in slugs)


GRADIENT = Lemma(
    "lemma.adjoint-gradient",
    "the gradient is a sum of kernel sections at the states",
    (Hypothesis("layers", r"z_{l+1}=z_l+\tfrac1Dv_l(z_l),\ p_l=p_{l+1}+\tfrac1DDv_l(z_l)^\top p_{l+1}"),),
    r"\nabla L(v)_l=\frac1N\sum_ik(\cdot,z_l^i)\,p_{l+1}^i,\qquad p_D^i=B^\top(F(v,x^i)-y^i),\qquad"
    r" \lVert\nabla L(v)_l\rVert^2=\frac1{N^2}\sum_{ij}k(z_l^i,z_l^j)\,p_{l+1}^i\cdot p_{l+1}^j",
    (
        ProofStep(
            r"The first variation along $w$ obeys"
            r" $\delta z_{l+1}=(I+\frac1DDv_l(z_l))\,\delta z_l+\frac1Dw_l(z_l)$, so"
            r" $p_{l+1}\cdot\delta z_{l+1}-p_l\cdot\delta z_l=\frac1Dp_{l+1}\cdot w_l(z_l)$.",
            "adjoint-layer",
        ),
        ProofStep(
            r"Sum over the layers, with $\delta z_0=0$ and $\delta L=\frac1N\sum_ip_D^i\cdot\delta z_D^i$:"
            r" $\delta L=\frac1D\sum_l\frac1N\sum_ip_{l+1}^i\cdot w_l(z_l^i)$.",
            "adjoint-sum",
        ),
        ProofStep(
            r"Reproducing property: $w(z)\cdot p=\langle w,k(\cdot,z)p\rangle$; with features $\psi$, $w=W\psi$, it is"
            r" $p\cdot W\psi(z)=\langle W,p\,\psi(z)^\top\rangle$.",
            "reproducing-property",
        ),
        ProofStep(
            r"The norm of $\frac1N\sum_ip^i\psi(z^i)^\top$ is the stated double sum.",
            "adjoint-norm",
        ),
        ProofStep(
            r"For the flow, $\frac{d}{dt}(p\cdot\delta z)=p\cdot w(z)$ if $\dot p=-Dv(z)^\top p$.",
            "adjoint-flow",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, The gradient"),
    claims=claims("gradient"),
)

SEPARATION = Lemma(
    "lemma.state-separation",
    "states neither merge nor fly apart",
    (ADMISSIBLE, BALL),
    r"e^{-\kappa_1R}\le\frac{\lVert z_t^i-z_t^j\rVert}{\lVert Ax^i-Ax^j\rVert}\le e^{\kappa_1R},\qquad"
    r" e^{-\kappa_1R}\lVert p_1\rVert\le\lVert p_t\rVert\le e^{\kappa_1R}\lVert p_1\rVert",
    (
        ProofStep(
            r"$\frac{d}{dt}\log\lVert d\rVert=\frac{d\cdot\dot d}{\lVert d\rVert^2}$ for $d=z^i-z^j$.", "log-derivative"
        ),
        ProofStep(
            r"$|d\cdot\dot d|\le\lVert d\rVert\lVert\dot d\rVert\le\kappa_1\lVert v_t\rVert\lVert d\rVert^2$"
            r" (Cauchy--Schwarz, and the mean value theorem for $v_t$); the same for $p$.",
            "log-derivative-bound",
        ),
        ProofStep(
            r"$\int_0^1\lVert v_t\rVert\,dt\le\bigl(\int_0^1\lVert v_t\rVert^2\,dt\bigr)^{1/2}=\lVert v\rVert\le R$.",
            "mean-below-root",
        ),
        ProofStep(r"With layers the upper bounds hold, since $1+x\le e^x$.", "exponential-above-line"),
    ),
    Reference(PAPER, ours=f"{NOTES}, Separation of states"),
    claims=claims("separation"),
)

POLYAK = Lemma(
    "lemma.residual-pl",
    "the two inequalities of Polyak and Lojasiewicz",
    (
        ADMISSIBLE,
        BALL,
        READOUT,
        Hypothesis(
            "gram", r"\lambda I\preceq K(z_t)\preceq\Lambda I \text{ for the states of all } \lVert v\rVert\le R"
        ),
    ),
    r"\frac2N\sigma_B^2e^{-2\kappa_1R}\lambda\,L\le\lVert\nabla L\rVert^2\le\frac2N\lVert"
    r" B\rVert^2e^{2\kappa_1R}\Lambda\,L"
    r"\le2\kappa_0^2\lVert B\rVert^2e^{2\kappa_1R}L",
    (
        ProofStep(
            r"$\lambda\sum_i\lVert p^i\rVert^2\le\sum_{ij}K_{ij}\,p^i\cdot p^j\le\Lambda\sum_i\lVert p^i\rVert^2$,"
            r" because"
            r" $K\otimes I$ has the eigenvalues of $K$.",
            "kronecker-spectrum",
        ),
        ProofStep(
            r"$\lVert p_t^i\rVert\ge e^{-\kappa_1R}\lVert p_1^i\rVert$ and"
            r" $\lVert B^\top r\rVert^2\ge\sigma_B^2\lVert r\rVert^2$.",
            "readout-bound",
        ),
        ProofStep(
            r"$\sum_i\lVert F(v,x^i)-y^i\rVert^2=2NL$: collect the factors.",
            "pl-factors",
        ),
        ProofStep(r"$\lambda_{\max}(K)\le\operatorname{tr}K\le N\kappa_0^2$.", "trace-bound"),
    ),
    Reference(PAPER, ours=f"{NOTES}, The lower inequality"),
    ("lemma.adjoint-gradient", "lemma.state-separation"),
    claims=claims("pl-lower", "pl-upper", "critical-points"),
)

DEPTH = Lemma(
    "lemma.finite-depth",
    "what a finite depth costs",
    (ADMISSIBLE, BALL, Hypothesis("invertible-layers", r"\kappa_1R<\sqrt D")),
    r"\prod_l\Bigl(1-\frac{\kappa_1\lVert v_l\rVert}D\Bigr)\ge e^{-c},\qquad c=\frac{\kappa_1R}{1-\kappa_1R/\sqrt D}",
    (
        ProofStep(
            r"Put $x_l=\kappa_1\lVert v_l\rVert/D$: $\lVert z_{l+1}^i-z_{l+1}^j\rVert\ge(1-x_l)\lVert"
            r" z_l^i-z_l^j\rVert$,"
            r" and the same for $p$.",
            "layer-lower-bound",
        ),
        ProofStep(
            r"$\sum_lx_l\le\kappa_1R$ and $x_l\le\kappa_1R/\sqrt D<1$, since $\frac1D\sum_l\lVert v_l\rVert^2\le R^2$.",
            "layer-shares",
        ),
        ProofStep(
            r"$\log(1-x)\ge-\frac x{1-x}$ for $0\le x<1$: equal at 0, and the difference has the derivative"
            r" $\frac x{(1-x)^2}\ge0$.",
            "log-lower-bound",
        ),
        ProofStep(
            r"So $\prod_l(1-x_l)\ge\exp\bigl(-\sum_lx_l/(1-\max_lx_l)\bigr)\ge e^{-c}$, and $c\to\kappa_1R$ as"
            r" $D\to\infty$.",
            "product-lower-bound",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Finite depth"),
    ("lemma.residual-pl",),
    claims=claims("pl-finite-depth"),
)

RADIUS = Lemma(
    "lemma.best-radius",
    "the best radius, and a closed condition for Matern kernels",
    (
        Hypothesis("matern", r"\lambda_W(\delta)=c\,\delta^{2\nu}(2\nu\delta^2/\ell^2+16M_q^2)^{-\nu-q/2}"),
        Hypothesis("start", r"v^0=0,\ b=(2+2\nu)\kappa_1,\ \mu_0=\tfrac2N\sigma_B^2\lambda_W(\sigma_A\delta)"),
    ),
    r"\sup_{R>0}R^2e^{-bR}=\frac4{(eb)^2}\text{ at }R=\frac2b,\qquad \mu(R)\ge\mu_0e^{-bR},\qquad"
    r" L_0<\frac{\mu_0}{e^2b^2}\implies L_0<\tfrac14R^2\mu(R)\text{ at this }R",
    (
        ProofStep(
            r"The derivative of $R^2e^{-bR}$ is $R(2-bR)e^{-bR}$: one critical point, and zero at both ends.",
            "radius-derivative",
        ),
        ProofStep(
            r"$\delta^{-2\nu}\lambda_W(\delta)$ decreases, so"
            r" $\lambda_W(e^{-\kappa_1R}\delta_0)\ge e^{-2\nu\kappa_1R}\lambda_W(\delta_0)$; with $e^{-2\kappa_1R}$"
            r" from the"
            r" lower inequality, $\mu(R)\ge\mu_0e^{-bR}$.",
            "wendland-scaling",
        ),
        ProofStep(r"At $R=2/b$, $\frac14R^2\mu_0e^{-bR}=\frac{\mu_0}{e^2b^2}$.", "radius-value"),
    ),
    Reference(PAPER, ours=f"{NOTES}, The best radius"),
    ("lemma.residual-pl", "lemma.pl-flow", "lemma.wendland"),
    claims=claims("optimal-radius"),
)

LEMMAS = (GRADIENT, SEPARATION, POLYAK, DEPTH, RADIUS)
ARGUMENTS = {
    "lemma.pl-descent": claims("descent-convergence", "made-descent"),
    "lemma.pl-flow": claims("flow-convergence", "made-flow"),
}
"""Which claims rest on the lemmas that papers share."""
