"""Gradient descent and flow of implicit ReLU networks with small output weights: the claims."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Source
from ...verdict import Argument

PAPER, NOTES = "gao2022implicit", "docs/papers/implicit_relu/descent.md"
SOURCE = Source("implicit-relu", PAPER, NOTES, "derived here with explicit constants")

UNIT = Hypothesis("unit-inputs", r"\|x_i\|_2 = 1 \text{ for all } i")
WELL_POSED = Hypothesis("well-posed", r"a = \tfrac{\gamma}{\sqrt m}\|A\|_2 < 1")
DEFINITE = Hypothesis("definite", r"\lambda_0 > 0")
OUTPUT_SIZE = Hypothesis("output-size", r"K\|w(0)\|^2 < \lambda,\quad w = (v;u)")
OUTPUT_LAW = Hypothesis(
    "output-law",
    r"w_i(0) \sim N(0,\varsigma^2),\ 2\varsigma^2\bigl(s_1^2\|X\|^2+\tfrac n2\gamma^2s^4\bigr) < \lambda_0,"
    r"\ s = \tfrac1{1-2\gamma} > 0",
)
OBSTACLE = (
    "A-4: for standard outputs no proof is known to us that gradient descent on all weights converges at the rate of"
    " the"
    " output layer: at the step that this rate allows the loss can rise, as the network here shows. At smaller steps it"
    " was seen to fall, which is neither proved nor refuted."
)
BUDGET = (
    r"\int_0^Tr\,dt = E_0,\ c = r(T) > 0,\ r(t) = (\sqrt\lambda-JM(t))_+^2-K(\omega_0+2\|y\|t),"
    r"\ M(t) = \int_0^t\sqrt{\omega_0+2\|y\|s}\,ds"
)

CLAIMS = (
    SOURCE.claim(
        "descent-identity",
        "A21",
        "a step of gradient descent as the step of the output layer and one term that is quadratic in its weights",
        (),
        r"w^+ = w-\eta Fe,\ e = F^\top w-y \implies e^+ = (I-\eta F^\top F)e+(F^+-F)^\top w^+",
        method="descent-identity",
        control="w in place of its value after the step",
        section="The lemma",
        activation_free=True,
    ),
    SOURCE.claim(
        "descent-energy",
        "A22",
        "the output weights grow no faster than the residual is summed, at every width",
        (),
        r"\eta\|F\|^2 \le 2 \implies \|w^+\|^2 \le \|w\|^2+2\eta\|y\|\|e\|",
        method="descent-energy",
        control="the right side without its factor 2",
        section="The lemma",
        uses=("descent-identity",),
        activation_free=True,
    ),
    SOURCE.claim(
        "descent-budget",
        "A23",
        "how long descent from zero outputs may take, and its rate, in numbers",
        (),
        r"w_0 = 0,\ J \le K/\sqrt2,\ \lambda^2 \ge 9K\|y\|^2 \implies c \ge 0.504\,\lambda,"
        r"\ M(T) \le 1.393\,\|y\|^2\lambda^{-3/2},\quad \text{with } " + BUDGET,
        method="descent-budget",
        control="0.506 in place of 0.504",
        section="Closed forms",
        uses=("descent-energy",),
        activation_free=True,
    ),
    SOURCE.claim(
        "small-output-descent",
        "A24",
        "gradient descent on all weights converges, whatever the derivative of ReLU at 0 is taken to be",
        (WELL_POSED, OUTPUT_SIZE),
        r"y \text{ scaled by } \tau,\ " + BUDGET + r",\ a(0)+J_AM(T) \le a_* < 1,\ N \ge \min\{\|Z(0)\|+J_ZM(T),"
        r"\,s(\|\Phi(0)\|_F+JM(T))\},\ 0 < \eta \le \tfrac2{\Lambda+\lambda} \implies"
        r" \|e(k+1)\| \le (1-\eta c)\|e(k)\|,\ L(k) \le (1-\eta c)^{2k}L(0),\ a(k) \le a_*",
        method="small-output-descent",
        control="K/2 in place of K where the output weights and the step conspire",
        section="The theorem for one network",
        published="linear convergence of gradient descent for wide networks",
        uses=("descent-identity", "descent-energy", "feature-lipschitz", "equilibrium"),
    ),
    SOURCE.claim(
        "small-output-run",
        "A25",
        "a computed run from small outputs keeps every bound of that theorem",
        (WELL_POSED, OUTPUT_SIZE),
        r"L(k+1) \le (1-\eta c)^2L(k),\ a(k) \le a_*,\ \|w(k)-w(0)\| \le \sqrt\Lambda\,T,\ \|\Phi(k)-\Phi(0)\|_F \le"
        r" JM(T),"
        r"\ \lambda_{\min}(\Phi(k)^\top\Phi(k)) \ge (\sqrt\lambda-JM(T))^2\quad\text{at each recorded iterate of the"
        r" run}",
        method="small-output-run",
        control="twice the slowest rate of the same run",
        section="Computed runs",
        uses=("small-output-descent",),
        argument=Argument.DIRECT,
    ),
    SOURCE.claim(
        "descent-corollary",
        "A26",
        "a width in closed form from which gradient descent from zero outputs converges at half the rate of its output"
        " layer",
        (WELL_POSED,),
        r"u(0) = v(0) = 0,\ y \text{ scaled by } \tau,\ m \ge"
        r" 9\,\|y\|^2\bigl(s_1^2\|X\|^2+s^2\gamma^2N^2\bigr)/\lambda^2,"
        r"\ \eta \le \tfrac2{\Lambda+\lambda} \implies L(k) \le \bigl(1-\tfrac12\eta\lambda\bigr)^{2k}L(0)",
        method="descent-corollary",
        control="7 in place of 9",
        section="The corollary for zero outputs",
        uses=("small-output-descent", "descent-budget"),
    ),
    SOURCE.claim(
        "feature-concentration",
        "A27",
        "the feature Gram matrix keeps its least eigenvalue at widths of order (n + |X|^2/lambda_0) log n",
        (UNIT, DEFINITE),
        r"\mathbb P\bigl(G_m \not\succ (1-\theta_1)(1-\theta_2)G^\infty\bigr) \le"
        r" n\exp\Bigl(-\tfrac{m(1-\theta_1)h(\theta_2)}{(\sqrt n+\xi t)^2}\Bigr),\quad \tau(t) \le \theta_1,"
        r"\ h(\theta) = \theta+(1-\theta)\log(1-\theta)",
        method="feature-concentration",
        control="the square of theta in place of h(theta)",
        section="Concentration of the features",
        published="a width of order n^2 lambda_0^(-2) log(n/delta)",
        provenance="derived here from Gaussian concentration and Tropp's matrix Chernoff bound, which are cited",
    ),
    SOURCE.claim(
        "width-descent",
        "A28",
        "a width from which gradient descent on all weights converges with probability 1 - delta, end to end",
        (UNIT, DEFINITE, OUTPUT_LAW),
        r"m \ge m_0(\delta),\ 0 < \eta \le \eta_* \implies \mathbb P\Bigl(L(k) \le"
        r" \bigl(1-\tfrac12\eta\lambda_0\bigr)^{2k}L(0)\ \ \forall k\Bigr) \ge 1-\delta",
        method="width-descent",
        control="theta_2 = 0.26 in place of 0.2424",
        section="Composed statements",
        published="linear convergence for sufficiently wide networks",
        uses=("small-output-descent", "feature-concentration"),
    ),
    SOURCE.claim(
        "width-flow",
        "A29",
        "a width from which gradient flow with standard outputs converges with probability 1 - delta, end to end",
        (UNIT, DEFINITE),
        r"w_i(0) \sim N(0,1),\ m \ge m_1(\delta) \implies \mathbb P\bigl(L(t) \le e^{-\lambda_0t}L(0)\ \ \forall"
        r" t\bigr)"
        r" \ge 1-\delta \text{ for every maximal solution of } \dot\theta \in -\partial L(\theta)",
        method="width-flow",
        control="4.640 in place of 4.641",
        section="Gradient flow with any outputs",
        published="linear convergence of gradient flow for sufficiently wide networks",
        uses=("feature-concentration",),
    ),
    SOURCE.claim(
        "standard-output-obstacle",
        "A30",
        "with large outputs one computed step of about the size that the output layer allows can raise the loss",
        (),
        r"\exists\,(A,W,u,v): \ L(1) > L(0)\quad\text{after one computed step of about}\quad"
        r"\tfrac2{\sigma_1^2+\sigma_n^2}(F(0))",
        method="standard-output-obstacle",
        control="a tenth of the step",
        section="What standard outputs do",
        uses=("descent-identity",),
        activation_free=True,
        obligation=OBSTACLE,
        argument=Argument.DIRECT,
    ),
)
