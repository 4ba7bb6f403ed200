r"""Noisy stochastic gradient descent in dimension N = pd, with every constant.

.. math:: W_{k+1} = W_k - \eta(\nabla L(W_k)+n_k) + \sqrt{\eta s}\,\xi_k,\qquad \beta = 2/s .

Three kinds of descent are kept apart: Gaussian noise alone (n = 0), mini-batches with Gaussian noise, and plain
mini-batches (s = 0). Proofs: ``docs/papers/two_layer_logistic/sgd.md``.
"""

from __future__ import annotations

from ...claims.claim import Source
from .assumptions import DERIVATIVES, RADIAL, REGULARISED, SLOPE, SMOOTH

SOURCE = Source(
    "two-layer-logistic",
    "gopalani2023logistic",
    "docs/papers/two_layer_logistic/sgd.md",
    "the published theorem gives no explicit constant; these statements and their proofs are ours",
)

SGD_CLAIMS = (
    SOURCE.claim(
        "sgd-landscape",
        "C22",
        "gradient, Laplacian, curvature and radial derivative, by the second moment of the inputs",
        (*DERIVATIVES, RADIAL, REGULARISED),
        r"\|\nabla g\| \le G,\ \Delta g \le D,\ \nabla^2g \succeq -\lambda_{cvx} I,\ \nabla^2L \preceq \Lambda I,\ "
        r" W\cdot\nabla g \ge -X,\quad \lambda_{cvx} = \bar qM_2\|a\|_\infty\|\Sigma_x\|",
        method="sgd-landscape",
        control="99/100 of M_1, of M_2, of the trace and of the bounds of q(1-q) and of z sigma'(z), each at a network"
        " where it counts",
        section="Constants",
    ),
    SOURCE.claim(
        "sgd-noise",
        "C23",
        "the noise of mini-batches: variance, covariance and size",
        (SMOOTH, SLOPE, REGULARISED),
        r"\mathbb E\|n\|^2 \le \sigma^2,\quad \|\operatorname{Cov}n\|_F \le C_F,\quad \|n\| \le b_\infty",
        method="sgd-noise",
        control="99/100 of M_1 where all three are nearly attained, and nu = (n-b)/n without replacement",
        section="Constants",
        uses=("sgd-landscape",),
    ),
    SOURCE.claim(
        "sgd-log-sobolev",
        "C24",
        "an explicit logarithmic Sobolev inequality of the stationary law in dimension pd",
        (*DERIVATIVES, REGULARISED),
        r"\mathrm{FI}(\nu|\pi) \ge 2\beta\alpha_0(\mathrm{KL}(\nu|\pi)-\Delta) \text{ for every } \nu",
        method="sgd-log-sobolev",
        control="each constant without its loss, which is lambda, and two thirds of the exponent of Holley and Stroock,"
        " where the gap is enclosed",
        section="Functional inequalities",
        uses=("sgd-landscape", "holley-stroock"),
    ),
    SOURCE.claim(
        "sgd-descent",
        "C25",
        "noisy descent comes close to the infimum of the loss, from any start",
        (*DERIVATIVES, RADIAL, REGULARISED),
        r"\mathrm{FI} \ge 2\beta\alpha_0(\mathrm{KL}-\Delta),\ 0<\eta\le\min\{1/\lambda,\,2/\Lambda\},"
        r"\ \mathbb E\|W_0\|^2<\infty,\ k\ge1 \implies"
        r" \mathrm{KL}(\rho_k|\pi) \le \Delta+e^{-\alpha_0\eta(k-1)}(K_1-\Delta)_+"
        r"+\frac{(\sqrt{\mathcal A}+\sqrt{\mathcal B})^2}{2(1-e^{-\alpha_0\eta})},\quad"
        r" \mathbb E L(W_k)-\inf L \le \tfrac1\beta\mathrm{KL}(\rho_k|\pi)"
        r"+\tfrac N{2\beta}\log\tfrac{e\beta(\lambda+D/N)R_k}N",
        method="sgd-descent",
        control="99/100 of R_k, of K_1 and of N in the transfer, and no cost of a step, for a quadratic loss",
        section="Noisy descent",
        uses=("sgd-landscape", "sgd-noise", "sgd-log-sobolev"),
    ),
    SOURCE.claim(
        "sgd-plan",
        "C26",
        "temperature, step and number of steps for a target",
        (*DERIVATIVES, RADIAL, REGULARISED),
        r"\mathbb E L(W_K)-\inf L \le \varepsilon \text{ for the } s,\ \eta \text{ and } K \text{ found}",
        method="sgd-plan",
        control="the number of steps of the closed formula, which takes the temperature's cost at step zero",
        section="Corollary 5",
        uses=("sgd-descent", "sgd-strongly-convex"),
    ),
    SOURCE.claim(
        "sgd-strongly-convex",
        "C27",
        "noisy, mini-batch and plain stochastic descent above lambda_cvx",
        (*DERIVATIVES, RADIAL, REGULARISED),
        r"m > 0,\ \eta \le \frac2{m+\Lambda} \implies \mathbb E L(W_k)-\inf L \le"
        r" \frac\Lambda2\Bigl[(1-\eta m)^{2k}\mathbb E\|W_0-W_*\|^2+\frac{sN+\eta\sigma^2}{m(2-\eta m)}\Bigr]",
        method="sgd-strongly-convex",
        control="99/100 of what remains, and of what is forgotten, for a quadratic loss",
        section="Theorem 6",
        uses=("sgd-landscape", "sgd-noise"),
    ),
    SOURCE.claim(
        "sgd-stationarity",
        "C28",
        "plain mini-batches at every lambda: stationarity, and no more",
        (*DERIVATIVES, REGULARISED),
        r"s = 0,\ \eta \le 1/\Lambda \implies \frac1K\sum_{k<K}\mathbb E\|\nabla L(W_k)\|^2 \le"
        r" \frac{2(\mathbb E L(W_0)-\inf L)}{\eta K}+\eta\Lambda\sigma^2",
        method="sgd-stationarity",
        control="99/100 of the first term, for a quadratic loss and one step",
        section="Plain mini-batches",
        uses=("sgd-landscape", "sgd-noise"),
    ),
)
