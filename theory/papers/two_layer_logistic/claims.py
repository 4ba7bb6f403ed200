r"""Two-layer networks with logistic loss as Villani functions.

.. math::
    L(W) = \frac1n\sum_i\log\bigl(1+e^{-y_i a^\top\sigma(Wx_i)}\bigr) + \frac\lambda2\|W\|_F^2,\qquad
    dW = -\nabla L\,dt + \sqrt s\,dB .

The statements below have a complete proof in ``docs/papers/two_layer_logistic/proofs.md``; what was recalled of the
papers without their text at hand is provenance only.
"""

from __future__ import annotations

from types import MappingProxyType

from ...claims.claim import Hypothesis, Source
from ...claims.system import Parameter, System
from ...verdict import Argument
from .assumptions import BOUNDED, DERIVATIVES, NAMED, REGULARISED, SLOPE, SMOOTH, TAME
from .sgd_claims import SGD_CLAIMS

PAPER, SQUARED_PAPER, SDE_PAPER = "gopalani2023logistic", "gopalani2022squared", "shi2020learning"
NOTES = "docs/papers/two_layer_logistic/proofs.md"
RECALLED = "the body of the paper's theorem was not at hand: the constant is recalled, the abstract was read"

WIDE = Hypothesis("wide", r"\|a\|_2^2/\|a\|_\infty \ge 2M_2/M_1^2")
SMALL_STEP = Hypothesis(
    "small-step", r"s \le 2/(m+\mathrm{gLip}(L)) \text{ on the reference case with } \lambda \ge 2\lambda_{cvx}"
)

SOURCE = Source("two-layer-logistic", PAPER, NOTES)


CLAIMS = (
    SOURCE.claim(
        "second-derivative",
        "C1",
        "the largest second derivative of the sigmoidal activations in closed form",
        (NAMED, SMOOTH),
        r"\sup|\sigma''| = \frac1{6\sqrt3},\ \frac4{3\sqrt3},\ \frac{2\sqrt2}{\sqrt\pi}e^{-1/2}"
        r" \text{ for the logistic function, tanh, erf}",
        method="villani-second-derivative",
        control="the closed form times 1 + 1e-9",
        section="Constants of an activation (C1, C2)",
    ),
    SOURCE.claim(
        "activation-constants",
        "C2",
        "the constants of the activation, enclosed",
        DERIVATIVES,
        r"M_1 = \sup|\sigma'|,\ M_2 = \sup|\sigma''|,\ M_3 = \sup|\sigma'''|,\ \sup|\sigma|,\ "
        r" \kappa = \sup_z|\sigma(z)-z\sigma'(z)| \text{ lie in the enclosures found}",
        method="villani-constants",
        control="M_1, M_2 and M_3 times 1 + 1e-9",
        section="Constants of an activation (C1, C2)",
        published="assumptions on the activation",
        provenance="L and M_D, and L' and M'_D, are the same numbers for a smooth activation",
        argument=Argument.DIRECT,
    ),
    SOURCE.claim(
        "derivatives",
        "C3",
        "gradient and Laplacian of the data term",
        (SMOOTH,),
        r"\nabla_{w_j} g = -\frac1n\sum_i y_iq_ia_j\sigma'(z_{ij})x_i,\quad"
        r" \Delta g = \frac1n\sum_i\|x_i\|^2\Bigl[q_i(1-q_i)\sum_ja_j^2\sigma'(z_{ij})^2"
        r" - y_iq_i\sum_ja_j\sigma''(z_{ij})\Bigr]",
        method="villani-derivatives",
        control="the Laplacian with the sign of its second term changed",
        section="Derivatives (C3)",
    ),
    SOURCE.claim(
        "gradient-bound",
        "C4",
        "the gradient of the data term is bounded",
        (SMOOTH, SLOPE),
        r"\|\nabla g\|_F \le G = M_1 B_x\|a\|_2",
        method="villani-gradient-bound",
        control="99/100 of the bound of |q| in the formula, at a network that nearly attains it",
        section="Bounds of the data term (C4, C5)",
        uses=("derivatives",),
    ),
    SOURCE.claim(
        "laplacian-bound",
        "C5",
        "the Laplacian of the data term is bounded",
        DERIVATIVES,
        r"|\Delta g| \le D = B_x^2\bigl(\tfrac14M_1^2\|a\|_2^2 + M_2\|a\|_1\bigr)",
        method="villani-laplacian-bound",
        control="99/100 of the bound of |q|, and of that of q(1-q), in the formula, each at a network where it counts",
        section="Bounds of the data term (C4, C5)",
        uses=("derivatives",),
    ),
    SOURCE.claim(
        "growth",
        "C6",
        "quadratic growth of the Schroedinger potential",
        (*DERIVATIVES, REGULARISED),
        r"-\Delta L + \tfrac1s\|\nabla L\|^2 \ge \tfrac1s(\lambda\|W\|-G)_+^2 - \lambda pd - D",
        method="villani-growth",
        control="99/100 of s, and 9/10 of G, in the formula, at a network that nearly attains it",
        section="Villani for every positive regularisation (C6, C7, C9)",
        uses=("gradient-bound", "laplacian-bound"),
    ),
    SOURCE.claim(
        "villani",
        "C7",
        "the regularised logistic loss is a Villani function for every positive regularisation",
        (*DERIVATIVES, REGULARISED),
        r"\lambda > 0 \implies L \text{ is smooth},\ L \to \infty,\ \int e^{-2L/s} < \infty,\ "
        r" -\Delta L + \tfrac1s\|\nabla L\|^2 \to \infty \text{ for all } s > 0",
        method="villani-conditions",
        control="the same conclusion at lambda = 0",
        section="Villani for every positive regularisation (C6, C7, C9)",
        published="regularisation above lambda_c = M_D L B_x^2 |a|^2/2",
        provenance=RECALLED + "; our theorem needs no threshold and no bound of the activation",
        uses=("growth",),
    ),
    SOURCE.claim(
        "threshold-zero",
        "C8",
        "without regularisation the fourth condition fails: the sharp threshold is zero",
        DERIVATIVES,
        r"\lambda = 0 \implies \bigl|-\Delta L + \tfrac1s\|\nabla L\|^2\bigr| \le \tfrac{G^2}s + D,"
        r" \text{ so L is Villani iff } \lambda > 0",
        method="villani-threshold-zero",
        control="99/100 of the bound of |q| in the formula, and the bound at a positive regularisation",
        section="Without regularisation (C8)",
        uses=("gradient-bound", "laplacian-bound"),
    ),
    SOURCE.claim(
        "radius",
        "C9",
        "a certified radius beyond which the potential exceeds a level",
        (*DERIVATIVES, REGULARISED),
        r"\|W\| \ge R(K) = \frac{G + \sqrt{s(K+\lambda pd+D)_+}}\lambda \implies"
        r" -\Delta L + \tfrac1s\|\nabla L\|^2 \ge K",
        method="villani-radius",
        control="81/100 of s in the formula, at a network whose potential barely exceeds the level",
        section="Villani for every positive regularisation (C6, C7, C9)",
        uses=("growth",),
    ),
    SOURCE.claim(
        "squared-loss",
        "C10",
        "the squared loss is a Villani function for bounded or nearly homogeneous activations",
        (*DERIVATIVES, TAME, REGULARISED),
        r"\lambda > 0 \implies \frac1n\sum_i\tfrac12(y_i-f_i)^2 + \tfrac\lambda2\|W\|_F^2 \text{ is Villani}",
        method="villani-squared-loss",
        control="the same conclusion at lambda = 0",
        section="Squared loss (C10)",
        published="regularisation above 2 M_D L B_x^2 |a|^2",
        provenance=RECALLED,
        key=SQUARED_PAPER,
    ),
    SOURCE.claim(
        "counterexample",
        "C11",
        "an unbounded activation for which the squared loss needs a positive threshold",
        (),
        r"\sigma(z) = z(2+\sin\log(1+z^2)),\ L(w) = \tfrac12(a\sigma(w)-y)^2 + \tfrac\lambda2w^2,\ 0 < \lambda"
        r" \le 0.37a^2 \implies -L'' + \tfrac1s L'^2 \text{ is bounded along a sequence } w_m \to \infty",
        method="villani-counterexample",
        control="the same with lambda = 0.38 a^2",
        section="A threshold that is needed (C11)",
        activation_free=True,
        key=SQUARED_PAPER,
    ),
    SOURCE.claim(
        "smoothness",
        "C12",
        "the gradient is Lipschitz, with a constant that does not see the size of the activation",
        DERIVATIVES,
        r"\mathrm{gLip}(L) \le \lambda + B_x^2\bigl(\tfrac14M_1^2\|a\|_2^2 + M_2\|a\|_\infty\bigr)",
        method="villani-smoothness",
        control="99/100 of the bound of |q|, and of that of q(1-q), in the formula, each at a network where it counts",
        section="Hessian (C12, C13, C14)",
        published="finite for sigmoid and tanh; SoftPlus only in continuous time",
        provenance="for the logistic loss it is finite for SoftPlus too",
        uses=("derivatives",),
    ),
    SOURCE.claim(
        "strong-convexity",
        "C13",
        "above lambda_cvx the loss is strongly convex",
        DERIVATIVES,
        r"\nabla^2L \succeq (\lambda-\lambda_{cvx}) I,\quad \lambda_{cvx} = B_x^2M_2\|a\|_\infty",
        method="villani-strong-convexity",
        control="99/100 of the bound of |q| in lambda_cvx, at a network that nearly attains it",
        section="Hessian (C12, C13, C14)",
        uses=("derivatives",),
    ),
    SOURCE.claim(
        "convex-case",
        "C14",
        "for wide layers the published threshold is at least that of convexity",
        (*DERIVATIVES, WIDE),
        r"\lambda_c = \tfrac12M_1^2B_x^2\|a\|_2^2 \ge \lambda_{cvx} = B_x^2M_2\|a\|_\infty",
        method="villani-convex-case",
        control="99/100 of the factor 2 in the identity behind it, and the opposite strict inequality",
        section="Hessian (C12, C13, C14)",
        provenance=RECALLED,
        uses=("strong-convexity",),
    ),
    SOURCE.claim(
        "partition-function",
        "C15",
        "the stationary law exists and is dominated by a Gaussian",
        (SMOOTH, REGULARISED),
        r"\int e^{-2L/s}\,dW \le (\pi s/\lambda)^{pd/2}",
        method="villani-partition-function",
        control="99/100 of pi in the formula, where the data term nearly vanishes",
        section="Stationary law (C15, C19)",
    ),
    SOURCE.claim(
        "holley-stroock",
        "C16",
        "an explicit spectral gap for bounded activations",
        (*DERIVATIVES, BOUNDED, REGULARISED),
        r"\lambda_s \ge \lambda e^{-2\operatorname{osc}(g)/s},\quad \operatorname{osc}(g) \le"
        r" \max\{\ell(f_-)-\ell(f_+),\ \ell(-f_+)-\ell(-f_-)\}",
        method="villani-holley-stroock",
        control="two thirds of the exponent, where a barrier is the whole oscillation",
        section="Spectral gap (C16, C17)",
        published="existence of some positive rate",
        key=SDE_PAPER,
    ),
    SOURCE.claim(
        "gap-enclosure",
        "C17",
        "the spectral gap of the reference case, enclosed",
        (*DERIVATIVES,),
        r"\frac s2\inf_x\frac{f'(x)\rho(x)}{\int_x^\infty(f-\mathbb E f)\rho} \le \lambda_s \le"
        r" \frac s2\frac{\int u'^2\,d\mu_s}{\operatorname{Var}_{\mu_s}(u)}",
        method="villani-gap",
        control="99/100 of the factor s/2 of the quotient, where the stationary law is nearly Gaussian",
        section="Spectral gap (C16, C17)",
        key=SDE_PAPER,
    ),
    SOURCE.claim(
        "convergence",
        "C18",
        "the expected loss converges at the rate of the gap",
        (*DERIVATIVES, REGULARISED),
        r"|\mathbb E L(W_t)-\mathbb E_{\mu_s}L| \le \operatorname{sd}_{\mu_s}(L)\,\|\rho_0-\mu_s\|_{\mu_s^{-1}}"
        r"\,e^{-\lambda_st}",
        method="villani-convergence",
        control="half the distance that the Fokker-Planck equation predicts",
        section="Convergence (C18)",
        published="exponential rate in continuous time",
        provenance="constants C(s, L) of the papers are not explicit; these are",
        uses=("gap-enclosure",),
        statistical=True,
        key=SDE_PAPER,
    ),
    SOURCE.claim(
        "initial-law",
        "C19",
        "which Gaussian initial laws the theorem admits",
        (SMOOTH, SLOPE, REGULARISED),
        r"N(m,\tau^2I) \in L^2(\mu_s^{-1}) \iff \tau^2 < s/\lambda",
        method="villani-initial-law",
        control="the law with variance exactly s/lambda is admitted",
        section="Stationary law (C15, C19)",
        published="a class of distributions of the initial weights",
        provenance="the class shrinks with s and never contains a point mass",
    ),
    SOURCE.claim(
        "stationary-excess",
        "C20",
        "the excess loss of the stationary law is small, explicitly",
        (*DERIVATIVES, REGULARISED),
        r"\mathbb E_{\mu_s}L - \inf L \le \frac{sN}4\log\frac{2e\,\mathrm{gLip}(L)\,r^2}{sN},\quad"
        r" r = \frac{G+\sqrt{G^2+2\lambda Ns}}{2\lambda},\quad N = pd",
        method="villani-stationary-excess",
        control="99/100 of r^2 in the bound, and of s in r^2, where the stationary law is nearly Gaussian",
        section="Stationary excess (C20)",
        published="eps(s) increasing in s, without constants",
        uses=("smoothness", "gradient-bound"),
        key=SDE_PAPER,
    ),
    SOURCE.claim(
        "descent",
        "C21",
        "noisy gradient descent in the strongly convex range",
        (*DERIVATIVES, REGULARISED, SMALL_STEP),
        r"m = \lambda-\lambda_{cvx} > 0,\ s \le \frac2{m+\mathrm{gLip}(L)} \implies"
        r" \mathbb E L(W_k) - \inf L \le \frac{\mathrm{gLip}(L)}2\Bigl[(1-sm)^{2k}\,\mathbb E\|W_0-W_*\|^2"
        r" + \frac{sN}{m(2-sm)}\Bigr] \text{ for } W_{k+1} = W_k - s\nabla L(W_k) - s\xi_k",
        method="villani-descent",
        control="99/100 of s in the bound for a quadratic loss, and a tenth of the bound for the same runs",
        section="Descent (C21)",
        published="discrete theorem, step s*(eps)",
        provenance="the published theorem asks for no convexity and gives no explicit constant; the stationary bound"
        " of the stochastic equation does not hold for the recursion; mini-batch noise is not the noise of this claim",
        uses=("strong-convexity", "smoothness"),
        statistical=True,
    ),
)

SYSTEM = System(
    name="two-layer-logistic",
    title="Two-layer networks with logistic loss as Villani functions",
    paper=PAPER,
    model=r"L(W) = \frac1n\sum_i\log\bigl(1+e^{-y_ia^\top\sigma(Wx_i)}\bigr) + \frac\lambda2\|W\|_F^2,\quad"
    r" dW = -\nabla L\,dt + \sqrt s\,dB",
    parameters=(
        Parameter("regularisation", "1/100", "lambda, the weight of |W|^2/2 in the loss"),
        Parameter("width", "64", "p, the number of hidden units"),
        Parameter("outer", "1/4", "size of the fixed outer weights, which alternate in sign: a_j = (-1)^j outer"),
        Parameter("step", "1/64", "s, step of the recursion and noise level of the stochastic equation"),
        Parameter("level", "1", "K, the level of the certified radius"),
        Parameter("initial_variance", "1/64", "tau^2, variance of the Gaussian initial law"),
        Parameter("noise", "1/2", "noise level s of the reference case in one dimension"),
        Parameter("epsilon", "1/10", "distance to the infimum of the loss that a plan of noisy descent is made for"),
        Parameter("batch", "20", "inputs in a mini-batch, drawn with replacement"),
    ),
    claims=(*CLAIMS, *SGD_CLAIMS),
    errata=(
        "The papers' constants L and M_D, and L' and M'_D, are the same numbers: for a smooth activation the best"
        " Lipschitz constant is the largest derivative.",
        "The threshold lambda_c is sufficient and not necessary: for the logistic loss the sharp threshold is 0.",
        "Independence of the width holds only when the norm of the outer layer is held fixed: with a_j = +-1 the"
        " threshold lambda_c grows like the width.",
        "Above lambda_c the loss is often strongly convex, so that global convergence is the convex case.",
        "The stochastic equation has isotropic noise; that of mini-batch gradient descent is not, and is not covered.",
        "The constants A, B(T), C are not explicit; the step s* depends on T and on the gap at s*, so that no"
        " polynomial number of steps follows.",
        "The class of initial laws shrinks with s: a Gaussian needs variance below s/lambda, a point mass never"
        " qualifies.",
        "SoftPlus is excluded from the discrete theorem although the gradient of its logistic loss is Lipschitz.",
        "The Witten Laplacian is 2s times the generator's operator: its eigenvalues are 2s lambda_s.",
        "The rate tends to 0 as s does, but the gap is not monotone in s.",
    ),
    default_activations=("tanh", "sigmoid", "softplus", "gelu", "relu"),
    notation=MappingProxyType(
        {
            r"\sigma": "activation",
            "W, a": "trained inner weights (p, d), fixed outer weights (p)",
            "g": "data term: L without its regulariser",
            "z_{ij}, q_i": "w_j . x_i, and 1/(1 + exp(y_i f_i))",
            "B_x": "largest norm of an input",
            r"\mu_s": "stationary law, proportional to exp(-2L/s), with density rho in one dimension",
            r"\lambda_s": "spectral gap of the generator (s/2) Laplacian - grad L . grad",
            r"\ell": "logistic loss log(1 + exp(-m))",
            r"\Sigma_x": "mean of x_i x_i^T",
            r"\bar q": "bound of q_i from the range of the activation",
            r"\rho_k, \pi": "law of W_k, and the law proportional to exp(-2L/s)",
        }
    ),
)
