"""Training of equilibrium models: gradients, tangent kernels, concentration, and a local PL inequality."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .arguments import both

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
    claims=both("gradient-descent", "gradient-flow", "made-descent", "made-flow"),
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
            r" $|wx|\le\chi$. On the diagonal this is $\frac{\dot\Gamma_{ii}}{1-\chi}$.",
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

EQUILIBRIUM_DESCENT = Lemma(
    "lemma.equilibrium-training",
    "the loss of an equilibrium model satisfies a local PL inequality",
    (
        WEIGHTS,
        Hypothesis("initial-gram", r"\lambda_{\min}(G(0))=\lambda_0>0"),
        Hypothesis(
            "small-residual",
            r"\ell\sqrt{\lVert Z(0)\rVert_2^2+\lVert X\rVert_2^2}\;R\le(1-1/\sqrt2)\sqrt{\lambda_0}",
        ),
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
            r"Only $\lVert W_1\rVert_2$ enters the factor $\ell$ of lemma.equilibrium-perturbation, and only $Z_2$ its"
            r" root: with $Z_2=Z(0)$, $\lVert Z-Z(0)\rVert_F\le\ell\sqrt{\lVert Z(0)\rVert_2^2+\lVert X\rVert_2^2}\,R$"
            r" on the ball. No bound of $\lVert Z\rVert$ on the ball is needed.",
            "perturbation-at-the-start",
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
    claims=both("gradient-descent", "gradient-flow", "made-descent", "made-flow"),
)

SMOOTHNESS = Lemma(
    "lemma.equilibrium-smoothness",
    "the constants of the training theorem: how smooth the loss is near its start",
    (
        Hypothesis("radius", r"R=2\sqrt2\,\lVert e_0\rVert/\sqrt{\lambda_0}\text{, for the flow half of it}"),
        Hypothesis("near", r"\lVert\theta-\theta(0)\rVert\le R,\ \rho_w=\lVert W(0)\rVert_2+R,\ L\rho_w<1"),
        Hypothesis("bend", r"L_2=\sup|\varphi''|<\infty"),
    ),
    r"\beta=L_F^2+(\lVert e_0\rVert+L_FR)\Bigl(\sum_i\Lambda_i^2\Bigr)^{1/2}\text{ bounds }\nabla^2\Phi,\quad"
    r" L_F^2=B^2+(B^2+\lVert X\rVert_2^2)\rho_a^2\ell^2,\quad"
    r" \Lambda_i=\rho_a(L_2\kappa^3q_i^2+2\ell^2q_i)+\ell q_i,\qquad \kappa=\frac1{1-L\rho_w},\ \ell=L\kappa,"
    r"\ B=\min\bigl\{\kappa(|\varphi(0)|\sqrt{mn}+L\rho_u\lVert X\rVert_F),\ \sup|\varphi|\sqrt{mn}\bigr\},"
    r"\ q_i^2=\min\bigl\{\kappa(|\varphi(0)|\sqrt m+L\rho_u\lVert x_i\rVert),\ \sup|\varphi|\sqrt m\bigr\}^2"
    r"+\lVert x_i\rVert^2",
    (
        ProofStep(
            r"Along a unit direction the state moves by $\lVert\dot z\rVert\le\ell p$, $p\le q_is$, and the"
            r" pre-activation by $p+\rho_w\ell p=\kappa p$, where $s$ is the part of the direction in $W$ and $U$.",
            "smoothness-state",
        ),
        ProofStep(
            r"$|\ddot{\hat y}_i|\le\rho_a(L_2\kappa^3q_i^2+2\ell^2q_i)s^2+2t\ell q_is\le\Lambda_i$, because"
            r" $s^2+t^2=1$.",
            "smoothness-output",
        ),
        ProofStep(
            r"$\lVert D\hat y\rVert^2=\lVert H\rVert_2\le\lVert G\rVert_2"
            r"+\lVert G+X^\top X\rVert_2\max_i\lVert\delta_i\rVert^2\le L_F^2$:"
            r" $\lambda_{\max}(A\circ B)\le\lambda_{\max}(A)\max_iB_{ii}$ for $A,B\succeq0$.",
            "smoothness-slope",
        ),
        ProofStep(
            r"$\nabla^2\Phi$ along the direction is $\lVert D\hat y[\cdot]\rVert^2+\sum_ie_i\ddot{\hat y}_i\le\beta$."
            r" The constants in use are these; that of the second hypothesis is"
            r" $\ell\sqrt{\lVert Z(0)\rVert_2^2+\lVert X\rVert_2^2}\,R/\bigl((1-1/\sqrt2)\sqrt{\lambda_0}\bigr)$.",
            "smoothness-in-use",
        ),
    ),
    Reference("truong2023deq", ours=f"{NOTES}, The theorem with explicit constants"),
    ("lemma.implicit-gradients", "lemma.equilibrium-perturbation"),
    claims=both("gradient-descent", "made-descent"),
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

LEMMAS = (PERTURBATION, GRADIENTS, CONCENTRATION, TANGENT, EQUILIBRIUM_DESCENT, SMOOTHNESS, RANGE)
