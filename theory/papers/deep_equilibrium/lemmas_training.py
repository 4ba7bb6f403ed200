"""Training of equilibrium models: gradients, tangent kernels, concentration, and descent under the PL inequality."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep, both

NOTES = "docs/papers/deep_equilibrium/training.md"
WEIGHTS = Hypothesis("weights-contract", r"L\,\lVert W\rVert_2\le\theta<1")


PERTURBATION = Lemma(
    "lemma.equilibrium-perturbation",
    "the equilibrium depends on the weights in a Lipschitz manner",
    (Hypothesis("weights-contract", r"L\,\lVert W_1\rVert_2,\ L\,\lVert W_2\rVert_2\le\theta<1"),),
    r"\lVert Z_1-Z_2\rVert_F\le\ell\sqrt{\lVert Z_2\rVert_2^2+\lVert X\rVert_2^2}\;\lVert\theta_1-\theta_2\rVert,"
    r"\qquad \ell=\frac{L}{1-\theta}",
    (
        ProofStep(
            r"The pre-activations differ by $W_1(Z_1-Z_2)+(W_1-W_2)Z_2+(U_1-U_2)X$.",
            "perturbation-split",
        ),
        ProofStep(
            r"$\varphi$ is Lipschitz, so $t=\lVert Z_1-Z_2\rVert_F$ satisfies $t\le\theta t+Lb$ with"
            r" $b=\lVert W_1-W_2\rVert_F\lVert Z_2\rVert_2+\lVert U_1-U_2\rVert_F\lVert X\rVert_2$: $t\le"
            r" Lb/(1-\theta)$.",
            "perturbation-solved",
        ),
        ProofStep(
            r"By the Cauchy--Schwarz inequality in the plane"
            r" $b\le\lVert\theta_1-\theta_2\rVert\sqrt{\lVert Z_2\rVert_2^2+\lVert X\rVert_2^2}$.",
            "perturbation-plane",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, The equilibrium of given weights"),
    claims=both("gradient-descent", "gradient-flow"),
)

GRADIENTS = Lemma(
    "lemma.implicit-gradients",
    "gradients through the equilibrium, and the tangent Gram matrix",
    (WEIGHTS, Hypothesis("slopes", r"D_i=\operatorname{diag}\varphi'(Wz_i+Ux_i)")),
    r"\delta_i=D_i(I-W^\top D_i)^{-1}a,\quad \nabla_W\hat y_i=\delta_iz_i^\top,\quad"
    r" \nabla_U\hat y_i=\delta_ix_i^\top,\quad\nabla_a\hat y_i=z_i;\qquad"
    r" \dot{\hat y}=-He,\quad H=G+(Z^\top Z+X^\top X)\circ\Delta^\top\Delta\succeq G",
    (
        ProofStep(
            r"Differentiate $z=\varphi(Wz+Ux)$: $\dot z=D(\dot Wz+\dot Ux+W\dot z)$, solved by"
            r" $\dot z=(I-DW)^{-1}D(\dot Wz+\dot Ux)$; the inverse exists because $\lVert DW\rVert_2<1$.",
            "implicit-derivative",
        ),
        ProofStep(r"$\bigl((I-DW)^{-1}D\bigr)^\top=D(I-W^\top D)^{-1}$.", "adjoint-resolvent"),
        ProofStep(
            r"So $\dot{\hat y}_i=\dot a^\top z_i+a^\top\dot z_i=\dot a^\top z_i+\delta_i^\top(\dot Wz_i+\dot Ux_i)$,"
            r" which are the three gradients.",
            "implicit-gradient",
        ),
        ProofStep(
            r"The inner products of the gradients of $\hat y_i$ and $\hat y_j$ are"
            r" $H_{ij}=z_i^\top z_j+(z_i^\top z_j+x_i^\top x_j)\,\delta_i^\top\delta_j$, and under"
            r" $\dot\theta=-\sum_je_j\nabla\hat y_j$ the outputs move by $-He$.",
            "tangent-gram",
        ),
        ProofStep(
            r"$H-G$ is the Schur product of two positive semidefinite matrices.",
            "tangent-above-gram",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, Gradients through the equilibrium"),
    ("lemma.schur-order",),
    claims=both("implicit-gradients"),
)

CONCENTRATION = Lemma(
    "lemma.relative-concentration",
    "relative concentration of a Gram matrix",
    (
        Hypothesis("definite", r"\lambda_{\min}(K)=\lambda_*>0"),
        Hypothesis("relative-event", r"\lVert K^{-1/2}(G-K)K^{-1/2}\rVert_2\le w<1"),
    ),
    r"(1-w)K\preceq G\preceq(1+w)K,\qquad \lambda_{\min}(G)\ge(1-w)\lambda_*",
    (
        ProofStep(
            r"$M=K^{-1/2}(G-K)K^{-1/2}$ lies between $-wI$ and $wI$; multiply by $K^{1/2}$ on both sides.",
            "relative-order",
        ),
        ProofStep(r"$G\succeq(1-w)K\succeq(1-w)\lambda_*I$.", "relative-eigenvalue"),
        ProofStep(
            r"Weyl's inequality asks for more: $\lVert G-K\rVert_2\le w\lambda_*$ implies the hypothesis, since"
            r" $K^{-1}\preceq\lambda_*^{-1}I$.",
            "relative-weyl",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, Relative concentration"),
    claims=both("relative-concentration"),
)

TANGENT = Lemma(
    "lemma.tangent-order",
    "the limit of the tangent Gram matrix dominates the population Gram matrix",
    (
        Hypothesis("stability", r"w=2\sigma_w^2,\ \chi=w\max_i\dot\Gamma_{ii}<1"),
        Hypothesis("semidefinite", r"K\succeq0,\ \dot\Gamma\succeq0"),
    ),
    r"\Theta=K\circ\Bigl(1+\frac{\dot\Gamma}{1-w\dot\Gamma}\Bigr)\succeq K",
    (
        ProofStep(
            r"$|\dot\Gamma_{ij}|\le\max_i\dot\Gamma_{ii}$ because every minor of order two is not negative, so no"
            r" denominator is below $1-\chi$.",
            "minor-of-order-two",
        ),
        ProofStep(
            r"$\frac{x}{1-wx}=\sum_{k=1}^nw^{k-1}x^k+\frac{w^nx^{n+1}}{1-wx}$, and the rest vanishes as $n\to\infty$"
            r" for"
            r" $|wx|\le\chi$.",
            "tangent-series",
        ),
        ProofStep(
            r"$K\circ\dot\Gamma^{\circ k}\succeq0$ for every $k$ (Schur), so the sum, and its limit"
            r" $\Theta-K$, are positive semidefinite.",
            "tangent-domination",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, The tangent kernel"),
    ("lemma.schur-order",),
    claims=both("tangent-order"),
)

DESCENT = Lemma(
    "lemma.pl-descent",
    "gradient descent under a local PL inequality: rate and length of the path",
    (
        Hypothesis("pl", r"\lVert\nabla\Phi\rVert^2\ge\lambda\Phi \text{ on the ball of radius } R"),
        Hypothesis("smooth", r"\lVert\nabla^2\Phi\rVert\le\beta \text{ there},\ 0<\eta\le1/\beta"),
        Hypothesis("radius", r"R\ge4\sqrt{\Phi_0/\lambda}"),
    ),
    r"\Phi_{\tau+1}\le\bigl(1-\tfrac12\eta\lambda\bigr)\Phi_\tau,\qquad"
    r" \sum_\tau\lVert\theta_{\tau+1}-\theta_\tau\rVert\le4\sqrt{\Phi_0/\lambda}",
    (
        ProofStep(
            r"With $g=\nabla\Phi(\theta_\tau)$ Taylor's theorem on the segment gives"
            r" $\Phi_{\tau+1}\le\Phi_\tau-\eta\lVert g\rVert^2+\frac12\beta\eta^2\lVert g\rVert^2"
            r"\le\Phi_\tau-\frac12\eta\lVert g\rVert^2\le(1-\frac12\eta\lambda)\Phi_\tau$.",
            "descent-step",
        ),
        ProofStep(
            r"$\sqrt{\Phi_\tau}-\sqrt{\Phi_{\tau+1}}\ge\frac{\Phi_\tau-\Phi_{\tau+1}}{2\sqrt{\Phi_\tau}}"
            r"\ge\frac{\eta\lVert g\rVert^2}{4\sqrt{\Phi_\tau}}\ge\frac14\eta\sqrt\lambda\,\lVert g\rVert$.",
            "descent-root",
        ),
        ProofStep(
            r"The sum telescopes: the path up to $\tau+1$ is at most"
            r" $4(\sqrt{\Phi_0}-\sqrt{\Phi_{\tau+1}})/\sqrt\lambda$.",
            "descent-telescope",
        ),
        ProofStep(
            r"No segment leaves the ball: were it to meet the sphere first where $\Phi=0$, the second line would gain a"
            r" factor 2, and the path be at most $(4\sqrt{\Phi_0}-2\sqrt{\Phi_\tau})/\sqrt\lambda<R$.",
            "descent-inside",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, The theorem with explicit constants"),
    claims=(*both("gradient-descent"), "resnet-rkhs.descent-convergence"),
)

FLOW = Lemma(
    "lemma.pl-flow",
    "gradient flow under a local PL inequality: rate and length of the path",
    (
        Hypothesis("pl", r"\lVert\nabla\Phi\rVert^2\ge\lambda\Phi \text{ on the ball of radius } R"),
        Hypothesis("radius", r"R>2\sqrt{\Phi_0/\lambda}"),
    ),
    r"\Phi(t)\le e^{-\lambda t}\Phi_0,\qquad \int_0^\infty\lVert\dot\theta\rVert\,dt\le2\sqrt{\Phi_0/\lambda}<R",
    (
        ProofStep(
            r"$\dot\Phi=-\lVert\nabla\Phi\rVert^2\le-\lambda\Phi$, so $e^{\lambda t}\Phi$ does not increase.",
            "flow-rate",
        ),
        ProofStep(
            r"$-\frac{d}{dt}\sqrt\Phi=\frac{\lVert\nabla\Phi\rVert^2}{2\sqrt\Phi}"
            r"\ge\frac12\sqrt\lambda\,\lVert\dot\theta\rVert$ while $\Phi>0$.",
            "flow-root",
        ),
        ProofStep(
            r"So the path is at most $2\sqrt{\Phi_0/\lambda}$, which is below $R$ exactly when"
            r" $\Phi_0<\frac14R^2\lambda$: the ball is never left, and finite length gives a limit.",
            "flow-radius",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, The gradient flow"),
    claims=(*both("gradient-flow"), "resnet-rkhs.flow-convergence", "implicit-relu.gradient-flow"),
)

EQUILIBRIUM_DESCENT = Lemma(
    "lemma.equilibrium-training",
    "the loss of an equilibrium model satisfies a local PL inequality",
    (
        WEIGHTS,
        Hypothesis("initial-gram", r"\lambda_{\min}(G(0))=\lambda_0>0"),
        Hypothesis("small-residual", r"\ell\sqrt{B^2+\lVert X\rVert_2^2}\;R\le(1-1/\sqrt2)\sqrt{\lambda_0}"),
    ),
    r"\lVert\theta-\theta(0)\rVert\le R\implies\lambda_{\min}(G)\ge\tfrac12\lambda_0,\quad"
    r" \lVert\nabla\Phi\rVert^2\ge\lambda_0\Phi;\qquad 4\sqrt{\Phi_0/\lambda_0}=2\sqrt2\,\lVert"
    r" e_0\rVert/\sqrt{\lambda_0}",
    (
        ProofStep(
            r"Singular values move by at most the norm of a change (Weyl):"
            r" $(Z+P)^\top(Z+P)\succeq(\sigma-p)^2I$ if $Z^\top Z\succeq\sigma^2I$ and $\lVert P\rVert_2\le"
            r" p\le\sigma$.",
            "singular-value-weyl",
        ),
        ProofStep(
            r"$\sigma_{\min}(Z)\ge\sqrt{\lambda_0}-(1-1/\sqrt2)\sqrt{\lambda_0}=\sqrt{\lambda_0/2}$.",
            "half-eigenvalue",
        ),
        ProofStep(
            r"$\lVert\nabla\Phi\rVert^2=e^\top He\ge e^\top Ge\ge\frac12\lambda_0\lVert e\rVert^2=\lambda_0\Phi$, and"
            r" $\Phi_0=\frac12\lVert e_0\rVert^2$ gives the radius.",
            "equilibrium-pl",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, The theorem with explicit constants"),
    ("lemma.equilibrium-perturbation", "lemma.implicit-gradients", "lemma.pl-descent", "lemma.pl-flow"),
    claims=both("gradient-descent", "gradient-flow"),
)

RANGE = Lemma(
    "lemma.relu-range",
    "for ReLU the population is unique for every variance below one",
    (
        Hypothesis("relu-range", r"\varphi(x)=\alpha\max(x,0)+\beta\min(x,0),\ 2\sigma_w^2\Lambda^2<1"),
        Hypothesis("mean-slope", r"\Lambda^2=\tfrac12(\alpha^2+\beta^2)"),
    ),
    r"q=\frac{2\Lambda^2C_{ii}}{1-2\sigma_w^2\Lambda^2},\qquad"
    r" \sqrt q\le\frac{\sqrt{2C_{ii}}\,\Lambda}{1-\sqrt2\,\sigma_w\Lambda},\qquad"
    r" \bigl|\partial_c\,\mathbb E\,\varphi(u)\varphi(v)\bigr|\le\Lambda^2",
    (
        ProofStep(r"$\mathbb E\,\varphi(\sqrt v\,z)^2=\Lambda^2v$ by homogeneity.", "range-moment"),
        ProofStep(
            r"The equation of the variance is linear, $q=\Lambda^2(2\sigma_w^2q+2C_{ii})$, and has the stated"
            r" solution.",
            "range-variance",
        ),
        ProofStep(
            r"$\sqrt q=\Lambda\sqrt{2\sigma_w^2q+2C_{ii}}\le\Lambda(\sqrt2\,\sigma_w\sqrt q+\sqrt{2C_{ii}})$.",
            "range-bound",
        ),
        ProofStep(
            r"For ReLU, $Q'(\rho)=1-\arccos(\rho)/\pi\in[0,1]$; in general"
            r" $|\mathbb E\,\varphi'(u)\varphi'(v)|\le\Lambda^2$ (Cauchy--Schwarz), so the map of the correlations"
            r" contracts by $2\sigma_w^2\Lambda^2$. Nothing else is used of $L$ by the lemmas on the population.",
            "range-slope",
        ),
    ),
    Reference("ling2023deq", ours=f"{NOTES}, The range of ReLU"),
    ("lemma.price",),
    claims=("deq-relu.variance-contraction", "deq-relu.correlation-contraction", "deq-relu.variance-bound"),
)

LEMMAS = (PERTURBATION, GRADIENTS, CONCENTRATION, TANGENT, DESCENT, FLOW, EQUILIBRIUM_DESCENT, RANGE)
