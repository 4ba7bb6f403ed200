r"""Residual networks whose blocks lie in a reproducing kernel Hilbert space.

.. math::
    \dot z_t = v_t(z_t),\ z_0 = Ax,\ F(v, x) = Bz_1, \qquad
    L(v) = \tfrac1{2N}\sum_i |F(v, x^i) - y^i|^2, \qquad \|v\|^2 = \int_0^1 \|v_t\|_V^2\,dt,

or, with D layers, :math:`z_{l+1} = z_l + \tfrac1D v_l(z_l)` and :math:`\|v\|^2 = \tfrac1D\sum_l\|v_l\|_V^2`. The model
follows Barboni, Peyré and Vialard (2022). The constants below are those of our own proofs in
``docs/papers/resnet_rkhs/proofs.md``; none of them is quoted from the paper.
"""

from __future__ import annotations

from types import MappingProxyType

from ...claims.claim import Source
from ...claims.system import Parameter, System
from ...verdict import Argument
from .hypotheses import (
    ADMISSIBLE,
    DISTINCT,
    INVERTIBLE,
    LAZY,
    SEVERAL,
    SMALL_LOSS,
    SMALL_LOSS_DESCENT,
    SMALL_LOSS_MADE,
    STEP,
    STEP_MADE,
    STRONG,
    TRAINING,
    TRANSLATION,
    WELL_POSED,
)
from .recipe_claims import RECIPE_CLAIMS

NAME, PAPER, NOTES = "resnet-rkhs", "barboni2022resnets", "docs/papers/resnet_rkhs/proofs.md"
FORM = "of this form in the paper; the constants are ours"

SOURCE = Source(NAME, PAPER, NOTES)


CLAIMS = (
    SOURCE.claim(
        "gradient",
        "B01",
        "the gradient is a sum of kernel sections at the states, weighted by the adjoint",
        WELL_POSED,
        r"\nabla L(v)_t = \frac1N \sum_i k(\cdot, z_t^i)\, p_t^i,\quad"
        r" \dot p_t = -Dv_t(z_t)^T p_t,\quad p_1^i = B^T(F(v, x^i) - y^i)",
        method="resnet-gradient",
        control="the adjoint of the next layer replaced by that of the same layer",
        section="The gradient",
    ),
    SOURCE.claim(
        "separation",
        "B02",
        "states neither merge nor fly apart",
        (*WELL_POSED, TRAINING, INVERTIBLE),
        r"e^{-c} \le \frac{\|z_t^i - z_t^j\|}{\|Ax^i - Ax^j\|} \le e^{\kappa_1 R}"
        r" \quad\text{for } \|v\| \le R,\qquad c = \kappa_1 R \text{ at infinite depth},\quad"
        r" c = \frac{\kappa_1 R}{1 - \kappa_1 R/\sqrt D} \text{ with } D \text{ layers}",
        method="resnet-separation",
        control="kappa_1 R in place of c for one layer, on two states that it pulls together",
        section="Separation of states",
    ),
    SOURCE.claim(
        "pl-lower",
        "B03",
        "the lower inequality of Polyak and Lojasiewicz, infinite depth",
        (*WELL_POSED, TRAINING),
        r"\|\nabla L\|^2 \ge \frac2N \sigma_{\min}(B^T)^2 e^{-2\kappa_1 R}"
        r" \lambda\Bigl(\frac{e^{\kappa_1 R}}{\sigma_{\min}(A)\delta}\Bigr) L \quad\text{for } \|v\| \le R",
        method="resnet-pl-lower",
        control="the exponent -kappa_1 R in place of -2 kappa_1 R, on a network that nearly attains the bound",
        section="The lower inequality",
        provenance=FORM,
        uses=("separation", "least-eigenvalue"),
    ),
    SOURCE.claim(
        "pl-upper",
        "B04",
        "the upper inequality",
        (*WELL_POSED, TRAINING),
        r"\|\nabla L\|^2 \le \frac2N \|B\|^2 e^{2\kappa_1 R} \Lambda L"
        r" \le 2\kappa_0^2 \|B\|^2 e^{2\kappa_1 R} L \quad\text{for } \|v\| \le R",
        method="resnet-pl-upper",
        control="the exponent kappa_1 R in place of 2 kappa_1 R, on a network that nearly attains the bound",
        section="The upper inequality",
        provenance=FORM,
        uses=("separation",),
    ),
    SOURCE.claim(
        "pl-finite-depth",
        "B05",
        "the lower inequality with D layers",
        (*WELL_POSED, TRAINING, INVERTIBLE),
        r"\|\nabla L\|^2 \ge \frac2N \sigma_{\min}(B^T)^2 e^{-2c}"
        r" \lambda\Bigl(\frac{e^{c}}{\sigma_{\min}(A)\delta}\Bigr) L,"
        r"\quad c = \frac{\kappa_1 R}{1 - \kappa_1 R/\sqrt D}",
        method="resnet-pl-finite-depth",
        control="mu replaced by the observed ratio times 1 + 1e-6 at some iterate",
        section="Finite depth",
        provenance="ours",
        uses=("pl-lower",),
    ),
    SOURCE.claim(
        "admissibility",
        "B06",
        "the constants of Gaussian and Matern kernels",
        (TRANSLATION, ADMISSIBLE),
        r"\text{Gauss: } \kappa_1^2 = \frac1{s^2},\ \kappa_2^2 = \frac3{s^4};\quad"
        r" \text{Matern: } \kappa_1^2 = \frac{\nu}{(\nu-1)\ell^2},\ \kappa_2^2 = \frac{3\nu^2}{(\nu-1)(\nu-2)\ell^4}",
        method="resnet-admissibility",
        control="kappa_1^2 reduced by a relative 1e-9",
        section="Admissibility",
    ),
    SOURCE.claim(
        "wendland",
        "B07",
        "Wendland's lower bound of the least eigenvalue",
        (TRANSLATION, DISTINCT, SEVERAL),
        r"\lambda_{\min}(K) \ge C_q\, q_X^{-q} \inf_{\|\omega\| \le 2M_q/q_X} \hat k(\omega),"
        r"\quad q_X = \frac{\alpha\delta}2,\ q \text{ the dimension of the inputs}",
        method="resnet-wendland",
        control="the least eigenvalue moved to lie 1e-9 below the right side",
        section="Wendland's bound",
        published="Theorem 12.3",
        key="wendland2005",
        uses=("least-eigenvalue",),
    ),
    SOURCE.claim(
        "gershgorin",
        "B08",
        "Gershgorin's lower bound at large separation",
        (TRANSLATION, DISTINCT, SEVERAL),
        r"\lambda_{\min}(K) \ge 1 - (N-1) k(\delta);\quad"
        r" \text{Gauss: } \delta \ge s\sqrt{2\log(2(N-1))} \implies \lambda_{\min}(K) \ge \tfrac12",
        method="resnet-gershgorin",
        control="lambda at least one half on the same points with the scale of the kernel 20 times as large",
        section="Gershgorin's bound",
        uses=("least-eigenvalue",),
    ),
    SOURCE.claim(
        "least-eigenvalue",
        "λ",
        "the kernel Gram matrix of this data is positive definite",
        (),
        r"\lambda_{\min}(K) > 0,\quad K_{ij} = k(Ax^i, Ax^j)",
        method="resnet-least-eigenvalue",
        control="lambda at least its proved upper end times 1 + 1e-9",
        section="Positive definiteness",
        published="the expressivity assumption, for one configuration",
        argument=Argument.DIRECT,
    ),
    SOURCE.claim(
        "flow-convergence",
        "B09",
        "gradient flow converges from a small loss, at the study's scale",
        (*WELL_POSED, TRAINING, SMALL_LOSS),
        r"L(v(s)) \le e^{-\mu s} L(v^0),\qquad \|v(s) - v^0\| \le 2\sqrt{L(v^0)/\mu} < R",
        method="resnet-flow-convergence",
        control="a loss a millionth above what any R allows",
        section="Convergence of the flow",
        provenance=FORM,
        uses=("pl-lower",),
    ),
    SOURCE.claim(
        "made-flow",
        "B09m",
        "the same at a scale and a lift that are made to fit",
        (*WELL_POSED, TRAINING, SMALL_LOSS_MADE),
        r"L(v(s)) \le e^{-\mu s} L(v^0),\qquad \|v(s) - v^0\| \le 2\sqrt{L(v^0)/\mu} < R",
        method="resnet-made-flow",
        control="the condition with a loss larger by the square of R over the path",
        section="Convergence of the flow",
        provenance=FORM,
        uses=("pl-lower",),
    ),
    SOURCE.claim(
        "optimal-radius",
        "B10",
        "the best radius, and a closed condition for Matern kernels",
        (TRANSLATION, ADMISSIBLE),
        r"\sup_{R>0} R^2 e^{-bR} = \frac4{e^2 b^2} \text{ at } R = \frac2b;\quad \text{Matern: converges if }"
        r" L_0 < \frac{2}{N} \frac{\sigma_{\min}(B^T)^2 \lambda_W(\sigma_{\min}(A)\delta)}{e^2 (2+2\nu)^2 \kappa_1^2}",
        method="resnet-optimal-radius",
        control="the supremum reduced by a relative 1e-9",
        section="The best radius",
        uses=("flow-convergence", "wendland"),
    ),
    SOURCE.claim(
        "descent-convergence",
        "B11",
        "gradient descent converges with step sizes up to 1/beta, at the study's scale",
        (*WELL_POSED, TRAINING, STRONG, SMALL_LOSS_DESCENT, STEP, INVERTIBLE),
        r"4\sqrt{L_0/\mu} \le R \implies L_{k} \le (1 - \tfrac12\eta\mu)^k L_0,\quad"
        r" \sum_k \|v^{k+1} - v^k\| \le 4\sqrt{L_0/\mu}",
        method="resnet-descent-convergence",
        control="a loss a millionth above what any R allows",
        section="Gradient descent",
        provenance=FORM,
        uses=("pl-finite-depth", "smoothness"),
    ),
    SOURCE.claim(
        "made-descent",
        "B11m",
        "the same at a scale and a lift that are made to fit",
        (*WELL_POSED, TRAINING, STRONG, STEP_MADE, INVERTIBLE),
        r"4\sqrt{L_0/\mu} \le R \implies L_{k} \le (1 - \tfrac12\eta\mu)^k L_0,\quad"
        r" \sum_k \|v^{k+1} - v^k\| \le 4\sqrt{L_0/\mu}",
        method="resnet-made-descent",
        control="a run with a step far beyond 1/beta, whose loss rises",
        section="Gradient descent",
        provenance=FORM,
        uses=("pl-finite-depth", "smoothness"),
    ),
    SOURCE.claim(
        "smoothness",
        "B12",
        "a bound of the Hessian on a ball",
        (*WELL_POSED, STRONG),
        r"\|\nabla^2 L\| \le \beta = \|B\|^2\kappa_0^2 e^{2\kappa_1R}"
        r" + \|B\|\sqrt{2L}\,(\kappa_2\kappa_0^2 R e^{3\kappa_1R} + 2\kappa_0\kappa_1 e^{2\kappa_1R})",
        method="resnet-smoothness",
        control="half of beta, at v = 0 and L = 0, where it is attained",
        section="Smoothness",
        provenance="the paper asks for strong admissibility too; the bound is ours",
    ),
    SOURCE.claim(
        "recipe",
        "B13",
        "a lift and a scale for which the flow converges, for any distinct data",
        (*WELL_POSED, TRAINING),
        r"s^2 \ge 4e^2 N L_0,\ \alpha \ge \frac{es}{\delta}\sqrt{2\log(2(N-1))}"
        r" \implies \lambda \ge \tfrac12,\ \mu = \frac{e^{-2}}N,\ L_0 \le \tfrac14 R^2\mu,\ R = s",
        method="resnet-recipe",
        control="the same lift with the scale reduced by the factor 0.99 times the room that the condition leaves",
        section="A recipe",
        provenance="the lift is the paper's idea; scale, lift and rate are ours",
        uses=("gershgorin", "flow-convergence"),
    ),
    SOURCE.claim(
        "uniform-features",
        "B14",
        "random features approximate the kernel uniformly",
        (TRANSLATION, ADMISSIBLE),
        r"\sigma_p\Delta \ge \varepsilon \implies"
        r" \mathbb P\Bigl(\sup_{|z - z'| \le \Delta} |k_m - k|(z - z') \ge \varepsilon\Bigr)"
        r" \le 2^9 \Bigl(\frac{\sigma_p\Delta}{\varepsilon}\Bigr)^2 e^{-m\varepsilon^2/(4(q+2))}",
        method="resnet-uniform-features",
        control="the constant of the optimised bound taken as 2 to the power 7, that of the textbook argument",
        section="Uniform approximation",
        published="Claim 1, with a constant that its proof does not give",
        provenance="our constant for cosine and sine features; see the corrections",
        key="rahimi2007random",
    ),
    SOURCE.claim(
        "feature-perturbation",
        "B15",
        "kernels that are close have close eigenvalues",
        (TRANSLATION, ADMISSIBLE),
        r"\|K_m - K\| \le N \max_{ij} |(K_m - K)_{ij}|,\quad"
        r" \max|k_m - k| \le \frac{\lambda}{2N} \implies \lambda_{\min}(K_m) \ge \frac{\lambda}2",
        method="resnet-feature-perturbation",
        control="the norm of the difference at most its proved lower end divided by 1 + 1e-6",
        section="Perturbation",
        uses=("least-eigenvalue",),
    ),
    SOURCE.claim(
        "feature-chernoff",
        "B16",
        "one configuration needs far fewer features",
        (TRANSLATION, ADMISSIBLE, DISTINCT),
        r"\mathbb P\Bigl(\lambda_{\min}(K_m) \le \frac{\lambda}2\Bigr) \le N e^{-m\lambda/(8N)}",
        method="resnet-feature-chernoff",
        control="the exponent 1/8 replaced by 1/6",
        section="Matrix Chernoff",
        published="Theorem 1.1",
        key="tropp2012user",
        uses=("least-eigenvalue",),
    ),
    SOURCE.claim(
        "sampled-chernoff",
        "B16'",
        "the same, on sampled features",
        (TRANSLATION, ADMISSIBLE, TRAINING),
        r"\mathbb P\Bigl(\lambda_{\min}(K_m) \le \frac{\lambda}2\Bigr) \le N e^{-m\lambda/(8N)}"
        r" \text{ on sampled features}",
        method="resnet-sampled-chernoff",
        control="the same samples, claimed to fall below lambda itself as rarely",
        section="Matrix Chernoff",
        statistical=True,
        uses=("feature-chernoff",),
    ),
    SOURCE.claim(
        "feature-admissibility",
        "B17",
        "the constant of random features, exactly",
        (TRANSLATION, ADMISSIBLE),
        r"\kappa_1^2 = \lambda_{\max}\Bigl(\frac1m \sum_j \omega_j\omega_j^T\Bigr)",
        method="resnet-feature-admissibility",
        control="kappa_1^2 reduced by a relative 1e-6",
        section="Admissibility of features",
    ),
    SOURCE.claim(
        "lazy-regime",
        "B18",
        "random features converge in the lazy regime, from a condition that can be checked",
        (*WELL_POSED, TRAINING, LAZY),
        r"\sigma_{\min}(\Psi_t) \ge \sigma_{\min}(\Psi_0) - \sqrt N \kappa_0\kappa_1 R,\quad"
        r" L_0 < \frac{\sigma_{\min}(B^T)^2 \lambda'^2 e^{-\sqrt{\lambda'/N}}}{32 N^2\kappa_1^2} \implies L \to 0",
        method="resnet-lazy-regime",
        control="the condition for more points than features span, N > 2m",
        section="The lazy regime",
        provenance="the regime is the paper's; the condition is ours",
        uses=("feature-admissibility", "flow-convergence"),
    ),
    SOURCE.claim(
        "feature-bias",
        "B19",
        "random features lower the least eigenvalue on average",
        (TRANSLATION, ADMISSIBLE),
        r"\mathbb E K_m = K,\qquad \mathbb E \lambda_{\min}(K_m) \le \lambda_{\min}(K)",
        method="resnet-feature-bias",
        control="concavity of the largest eigenvalue, which is convex",
        section="Bias",
        uses=("least-eigenvalue",),
    ),
    SOURCE.claim(
        "sampled-bias",
        "B19'",
        "the same, on sampled features",
        (TRANSLATION, ADMISSIBLE, TRAINING),
        r"\mathbb E \lambda_{\min}(K_m) \le \lambda_{\min}(K) \text{ on sampled features}",
        method="resnet-sampled-bias",
        control="the same samples against half of the mean that they show",
        section="Bias",
        statistical=True,
        uses=("feature-bias",),
    ),
    SOURCE.claim(
        "critical-points",
        "B20",
        "at infinite depth every critical point is a global minimiser",
        (*WELL_POSED, TRAINING),
        r"\nabla L(v) = 0,\ \|v\| < \infty \implies L(v) = 0",
        method="resnet-critical-points",
        control="the same on a repeated input with two labels, where the zero control is critical",
        section="Critical points",
        published="every critical point is a global minimizer (abstract)",
        uses=("pl-lower",),
    ),
    *RECIPE_CLAIMS,
)

SYSTEM = System(
    name=NAME,
    title="Residual networks with blocks in a reproducing kernel Hilbert space",
    paper=PAPER,
    model=r"\dot z_t = v_t(z_t),\quad z_0 = Ax,\quad F(v, x) = Bz_1,\quad v \in L^2([0,1], V)",
    parameters=(
        Parameter("scale", "4", "scale of the kernel: s of the Gaussian, l of Matern kernels"),
        Parameter("embedding", "1", "factor alpha of the lift A = (alpha I; 0) at the study's scale"),
        Parameter("depth", "10", "number D of layers of the trained networks"),
        Parameter("step", "1", "step size eta of gradient descent"),
        Parameter("iterations", "60", "steps of each training run"),
        Parameter("points", "200", "training points: the first distinct ones of the data"),
        Parameter("features", "1024", "number m of random frequencies in the lazy regime"),
    ),
    claims=CLAIMS,
    errata=(
        "B-1: losses are normalised by 1/(2N) here; with 1/2 every mu and beta is N times as large.",
        "B-2: nu of a Matern kernel is not the order of its Sobolev space, which is nu + q/2.",
        "B-3: the published constant 2^8 counts cosines with a random phase; the textbook argument bounds a gradient at"
        " a maximiser that depends on the sample. With cosine and sine features 2^9 is what the proof gives.",
        "B-4: the inequality is local, mu(R) tends to 0 exponentially. That every critical point is a global minimiser"
        " needs mu(R) > 0 alone; it does not follow that gradient descent converges from everywhere.",
        "B-5: one constant kappa for kappa_0, kappa_1 and kappa_2 is safe, but it depends on the units of the inputs.",
        "B-6: finitely many features satisfy no expressivity assumption on all of R^q: K_m is singular for N > 2m, and"
        " the features nearly return at large distances. On compact sets they do so with high probability (B14).",
        "B-7: with D layers kappa_1 R < sqrt(D) is needed; beyond it a layer can merge states.",
        "Wendland's constant can be taken 2^q times as large: see the proof.",
    ),
    default_activations=("gaussian", "matern-5/2"),
    notation=MappingProxyType(
        {
            "k": "kernel of the blocks, k(z, z) = 1, V = RKHS of k times the identity",
            r"\kappa_0, \kappa_1, \kappa_2": "sup of the feature map, of its first and of its second derivatives",
            r"\delta": "least distance of two inputs",
            r"\lambda(1/\delta), \Lambda": "bounds of the eigenvalues of K on all configurations of separation delta",
            "N, q, D": "training points, dimension of the states, layers",
            r"A, B": "lift of the inputs and readout",
            r"\mu, \beta": "constants of the lower inequality and of smoothness",
            r"\omega_j": "random frequencies, from the spectral measure p of the kernel",
            r"\sigma_p": "root of the second moment of p",
        }
    ),
    subject="kernel",
)
