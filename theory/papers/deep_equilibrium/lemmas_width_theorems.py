"""Finite width, second half: bias, fluctuations, the whitened theorem, smoothing, training (docs/…/width.md)."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .arguments import both
from .lemmas_width import NOTES, SMALL, SMOOTH

RANGE = Hypothesis("half-range", r"\theta=\sqrt w\,L<\tfrac12")
DELTA = Hypothesis("delta", r"0<\delta\le\tfrac15,\ p_a\le\delta/4")
DEFINITE = Hypothesis("definite", r"\lambda_*=\lambda_{\min}(K)>0")
BIAS = Hypothesis("bias", r"|\mathbb E\,\mathsf G_{ij}-K_{ij}|\le D_{ij}")


def _ours(section: str) -> Reference:
    return Reference("truong2023deq", ours=f"{NOTES}, {section}")


MEAN = Lemma(
    "lemma.width-bias",
    "the mean of the Gram matrix of a finite network is within O(1/m) of its limit, entry by entry",
    (
        SMALL,
        SMOOTH,
        RANGE,
        Hypothesis(
            "positive",
            r"w>0,\ K_{ii}>0,\ 0<\underline c_i\le\Sigma(K)_{ii},\Sigma(\bar G)_{ii}:\ 2c_i,\text{ or }"
            r"w\varphi(0)^2/(1+a)^2\text{ where }c_i=0",
        ),
    ),
    r"|\mathbb E\,\mathsf G_{ij}-K_{ij}|\le D_{ij}=d_{ij}+\frac{\sqrt{p_0}}{1-p_0}\frac\ell{\sqrt"
    r" m}(R_iS_j+R_jS_i),\qquad"
    r" d_{ij}\text{ of lemma.approximate-fixed-point at }b_{ij}=\frac{B_{ij}}{m(1-p_0)}",
    (
        ProofStep(
            r"$\frac d{dt}\mathbb E_\xi f(\sqrt ty+\sqrt{1-t}\,\xi)=\frac{y}{2\sqrt t}\mathbb E_\xi f'-\frac{"
            r"\bar\Sigma}2"
            r"\mathbb E_\xi f''$, the second part by parts in $\xi\sim N(0,\bar\Sigma)$.",
            "bias-interpolation",
        ),
        ProofStep(
            r"With $M=(I-DW)^{-1}$, $N=(I-WD)^{-1}$: $N=I+WMD$, $MD=DN$, $\partial_{W_{pk}}z=MDe_pz_k$,"
            r" $\partial_{W_{pk}}y=Ne_pz_k$, and $d(MD)=M\,dD\,N+MD\,dW\,MD$.",
            "bias-resolvents",
        ),
        ProofStep(
            r"First integration by parts: the covariances add up to $\frac wm\sum_kz_{k\alpha}z_{k\beta}+"
            r"\frac2d\sum_j"
            r"x_{j\alpha}x_{j\beta}=\Sigma(\mathsf G)_{\alpha\beta}$, and $\sum_k\partial_{W_{pk}}z_k=(DM^"
            r"\top z)_p$.",
            "bias-first-parts",
        ),
        ProofStep(
            r"Second integration by parts, of $\sum_{pk}W_{pk}(M_\beta D_\beta)_{kp}H^p$: the derivatives of"
            r" $MD$ give"
            r" $\mathsf a=\sum_pH^p\lVert MDe_p\rVert^2$ and $\mathsf b=\sum_l(M^\top z)_l\varphi''(y_l)"
            r"\sum_pN_{lp}^2H^p$,"
            r" that of $H$ gives $\mathsf c$ and that of $\Sigma(\mathsf G)$ gives $\mathsf d$.",
            "bias-second-parts",
        ),
        ProofStep(
            r"The matrix $(N_{lp}^2)$ has row and column sums of at most $\kappa^2$, for these are squared"
            r" lengths of rows and"
            r" columns of $N$.",
            "bias-row-sums",
        ),
        ProofStep(
            r"$\bigl|\sum_pH^pn_p\bigr|\le m\max|n_p|\operatorname{rms}(H)$, $\operatorname{rms}(H)^2=\frac1m"
            r"\sum_p(H^p)^2$.",
            "bias-mean-squares",
        ),
        ProofStep(
            r"$\int_0^1\frac{dt}{\sqrt{1-t}}=2$, $\int_0^1\sqrt{\frac t{1-t}}\,dt=\frac\pi2$, $\int_0^1\sqrt"
            r" t\,dt=\frac23$,"
            r" $\int_0^1\frac{dt}{2\sqrt t}=1$.",
            "bias-integrals",
        ),
        ProofStep(
            r"$\bar G$ minimises $c\mapsto\mathbb E\psi(\mathsf G-c)^2$, and $\mathbb E\psi(\mathsf G-\bar"
            r" G)=0$: term I is a"
            r" covariance, at most $(\operatorname{Var}\mathsf G\operatorname{Var}\bar H)^{1/2}$. $|\bar G-"
            r"\mathbb E\mathsf G|"
            r"\le\sqrt{p_0\operatorname{Var}\mathsf G}/(1-p_0)$.",
            "bias-cut-off",
        ),
        ProofStep(
            r"The bounds of the terms I to IV, by H\"older's inequality with four norms in $L^4$, add up to"
            r" $B_{12}/m$ as it is"
            r" evaluated.",
            "bias-assembled",
        ),
    ),
    _ours("The bias"),
    ("lemma.approximate-fixed-point", "lemma.width-two-points", "lemma.width-logarithm", "lemma.dual-derivatives"),
    claims=both("width-bias"),
)

GRAM = Lemma(
    "lemma.width-gram",
    "the Gram matrix of a finite network in Frobenius norm",
    (SMALL, BIAS, DELTA, Hypothesis("feedback", r"w>0")),
    r"P\Bigl(\lVert G_m-K\rVert_F\le\lVert D\rVert_F+\tfrac32e_F+\frac{2\ell B\sqrt\Gamma}{\sqrt m}\sqrt{2"
    r"\log(1/\delta)}"
    r"\Bigr)\ge1-\delta",
    (
        ProofStep(
            r"$\sum_{ij}(R_jS_i+R_iS_j)^2\le4\sum_iR_i^2\sum_jS_j^2$, so $\mathbb E\lVert\mathsf G-\mathbb E"
            r"\mathsf G\rVert"
            r"_F^2\le e_F^2$ by Poincar\'e's inequality.",
            "gram-variance",
        ),
        ProofStep(
            r"$\lVert Z^\top Z-Z'^\top Z'\rVert_F\le(\lVert Z\rVert_2+\lVert Z'\rVert_2)\lVert Z-Z'\rVert_F$, and"
            r" $\lVert\mathsf G\rVert_2\le\Gamma=(B^2-2\lVert C\rVert_2)/w$ where $\mathsf X\le B$: the"
            r" Lipschitz constant there"
            r" is $2\ell B\sqrt\Gamma/\sqrt m$.",
            "gram-slope",
        ),
        ProofStep(
            r"By Chebyshev's inequality the extension of the function from $\{\mathsf X\le B\}$ exceeds $"
            r"\frac32e_F$ with"
            r" probability at most $\frac49+\frac1{20}<\frac12$: its median is at most $\frac32e_F$.",
            "gram-median",
        ),
        ProofStep(
            r"$\frac12e^{-\log(1/\delta)}+e^{-\log(4/\delta)}+\frac\delta4=\delta$.",
            "gram-total",
        ),
    ),
    _ours("Fluctuations"),
    ("lemma.width-two-points", "lemma.width-logarithm"),
    claims=both("width-gram"),
)

NET = Lemma(
    "lemma.whitened-net",
    "the whitened Gram matrix of a finite network, by a net of the sphere",
    (
        SMALL,
        BIAS,
        DEFINITE,
        Hypothesis(
            "net",
            r"0<\varepsilon<\tfrac12,\ 0<\eta'=(1-2\varepsilon)\eta<1,\ t_1>2\sigma,\ \beta+\varpi+\lambda_1^2<1,"
            r"\ \tau>0",
        ),
    ),
    r"P\bigl(\lVert K^{-1/2}(G_m-K)K^{-1/2}\rVert_2>\eta\text{ or }L\lVert W\rVert_2>a\bigr)\le"
    r" p_a+e^{-t_1^2/2}+2\bigl(1+"
    r"\tfrac2\varepsilon\bigr)^ne^{-\tau^2/(2\lambda_1^2)}",
    (
        ProofStep(
            r"$\lVert\bar Zv\rVert/\sqrt m$ moves by at most $\lVert v\rVert\lVert\bar Z-\bar Z'\rVert_F/"
            r"\sqrt m$, and"
            r" $\lVert v\rVert^2=u^\top K^{-1}u\le1/\lambda_*$.",
            "whitened-slope",
        ),
        ProofStep(
            r"$|v^\top(\mathbb E\mathsf G-K)v|\le\lVert D\rVert_F/\lambda_*=\beta$ and $v^\top Kv=1$.",
            "whitened-mean",
        ),
        ProofStep(
            r"$(\mathbb E\hat N)^2=\mathbb E\hat N^2-\operatorname{Var}\hat N\ge1-\beta-\varpi-\lambda_1^2$, and"
            r" $|\hat N-\mathbb E\hat N|\le\tau$ puts $\hat N^2$ into $[1-\eta',1+\eta']$.",
            "whitened-window",
        ),
        ProofStep(
            r"A symmetric $A$ with $|u^\top Au|\le\eta'$ on an $\varepsilon$-net of the sphere has"
            r" $\lVert A\rVert_2\le\eta'/(1-2\varepsilon)$.",
            "whitened-net",
        ),
    ),
    _ours("The whitened theorem"),
    ("lemma.width-two-points", "lemma.width-logarithm", "lemma.relative-concentration"),
    claims=both("width-whitened"),
)

TRACE = Lemma(
    "lemma.whitened-trace",
    "the whitened Gram matrix of a finite network, by its trace; and the widths in closed form",
    (SMALL, BIAS, DEFINITE, Hypothesis("trace", r"x=\beta+\tfrac32e_2<1,\ e^{-t_1^2/2}\le\tfrac1{20},\ t>0")),
    r"P\bigl(\text{the singular values of }ZK^{-1/2}/\sqrt m\text{ lie in }[\sqrt{1-x}-"
    r"\lambda_1t,\ \sqrt{1+x}+\lambda_1t]"
    r"\bigr)\ge1-p_a-e^{-t_1^2/2}-e^{-t^2/2}",
    (
        ProofStep(
            r"$\sum_{ab}(\lVert v_a\rVert N_b+\lVert v_b\rVert N_a)^2\le4\sum_a\lVert v_a\rVert^2\sum_bN_b^2"
            r"=4\operatorname{tr}(K^{-1})\,T$.",
            "trace-squares",
        ),
        ProofStep(
            r"$Y^2\le A(c^2+kY)$, $c=n(1+\beta)$, gives $Y\le\sqrt Ac+Ak$.",
            "trace-recursion",
        ),
        ProofStep(
            r"$\frac49+\frac1{20}<\frac12$: the medians of the extreme singular values lie in $[\sqrt{1-x},"
            r"\sqrt{1+x}]$.",
            "gram-median",
        ),
        ProofStep(
            r"(T1), where $mD$ does not increase: $\mathfrak c/m+Q/\sqrt m=\frac12\lambda_*$ at"
            r" $\sqrt m=(Q+\sqrt{Q^2+2\mathfrak c\lambda_*})/\lambda_*$.",
            "corollary-gram",
        ),
        ProofStep(
            r"(T2) $\varepsilon=.07$, $\eta'=.43$, $\beta\le.02$, $\varpi\le.0005$, $\lambda_1^2"
            r"\le1/(59(3.39+\log20))<.0027$:"
            r" $\tau\ge.1856$, $2/\tau^2<59$, $\log(1+2/.07)<3.39$, and $59\cdot3.39<200.1$.",
            "corollary-whitened",
        ),
    ),
    _ours("The whitened theorem"),
    ("lemma.whitened-net", "lemma.width-gram"),
    claims=both("width-whitened"),
)

SMOOTHED = Lemma(
    "lemma.smoothed-activation",
    "the bias of an activation that is only Lipschitz, through a smoothed one",
    (
        SMALL,
        Hypothesis("smoothed", r"\varphi_\tau(x)=\mathbb E\,\varphi(x+\tau z),\ \Delta=\sup|\varphi_\tau-\varphi|"),
    ),
    r"|\mathbb E\mathsf G_{ij}-K_{ij}|\le D^\tau_{ij}+\kappa\Delta\bigl(\sqrt{\hat q_j}+\sqrt{\hat q_i^\tau}"
    r"\bigr)+\frac"
    r"\Delta{1-\theta}\bigl(\sqrt{K_{jj}}+\sqrt{K_{ii}^\tau}\bigr),\qquad\sqrt{\hat q_j}=\sqrt{\hat q_j^"
    r"\tau}+\kappa\Delta",
    (
        ProofStep(
            r"$\varphi_\tau''(x)=\frac1\tau\mathbb E\,z\varphi'(x+\tau z)$ and $\mathbb E|z|=\sqrt{2/\pi}$:"
            r" $L_2(\varphi_\tau)\le\sqrt{2/\pi}\,L/\tau$, $\Delta\le\sqrt{2/\pi}\,L\tau$.",
            "smoothing-constants",
        ),
        ProofStep(
            r"For ReLU $\varphi_\tau(x)=x\Phi(x/\tau)+\tau\phi(x/\tau)$, $\varphi_\tau''(x)=\phi(x/\tau)/\tau"
            r"\le1/(\tau"
            r"\sqrt{2\pi})$, and the distance to ReLU is largest at 0: $\Delta=\tau/\sqrt{2\pi}$.",
            "smoothing-relu",
        ),
        ProofStep(
            r"$t=\lVert\bar z_i-\bar z_i^\tau\rVert$ obeys $t\le at+\Delta\sqrt m$, so $t\le\kappa\Delta\sqrt m$; the"
            r" population by the coupling of lemma.bures-contraction, $t\le\theta t+\Delta$.",
            "smoothing-distance",
        ),
        ProofStep(
            r"$|\langle x,y\rangle-\langle x',y'\rangle|\le\lVert x-x'\rVert\lVert y\rVert+\lVert x'\rVert"
            r"\lVert y-y'\rVert$.",
            "smoothing-products",
        ),
    ),
    _ours("Lipschitz activations"),
    ("lemma.width-bias", "lemma.bures-contraction"),
    claims=both("width-bias"),
)

TRAINING = Lemma(
    "lemma.width-training",
    "wide networks are trained to zero loss: gradient descent and the gradient flow, end to end",
    (
        RANGE,
        DEFINITE,
        Hypothesis(
            "start",
            r"|y_i|\le B_y,\ a_i\sim N(0,1/m)\text{ independent of }(W,U)\text{ and of each other};\ "
            r"\text{for descent }L_2<\infty,\ 0<\eta\le1/\beta_m",
        ),
        Hypothesis(
            "half-event",
            r"P\bigl(\lVert K^{-1/2}(G_m-K)K^{-1/2}\rVert_2>\eta_w\text{ or }L\lVert W\rVert_2>a\bigr)\le\delta/2",
        ),
        Hypothesis(
            "wide",
            r"L\rho_w<1,\ \ell_\rho\sqrt{(1+\eta_w)m\lVert K\rVert_2+d\lVert C\rVert_2}\,R\le(1-1/\sqrt2)"
            r"\sqrt{\underline\lambda}",
        ),
    ),
    r"P\Bigl(\Phi(\tau)\le\bigl(1-\tfrac12\eta\underline\lambda\bigr)^\tau\tfrac12E_0^2\ \forall\tau\Bigr)"
    r"\ge1-\delta,\quad"
    r"\underline\lambda=(1-\eta_w)m\lambda_*,\ E_0=\sqrt nB_y+\sqrt{(1+\eta_w)\operatorname{tr}K}+t\sqrt{(1+"
    r"\eta_w)\lVert K"
    r"\rVert_2},\ t=\sqrt{2\log(6/\delta)},\ R=2\sqrt2E_0/\sqrt{\underline\lambda}",
    (
        ProofStep(
            r"On the first event $(1-\eta_w)K\preceq G_m\preceq(1+\eta_w)K$: $\lambda_0\ge\underline\lambda$,"
            r" $\operatorname{tr}G_m\le(1+\eta_w)\operatorname{tr}K$, $\lVert G_m\rVert_2\le(1+\eta_w)\lVert"
            r" K\rVert_2$.",
            "training-spectrum",
        ),
        ProofStep(
            r"$\lVert U\rVert_2$, $\lVert a\rVert$ and $\lVert\hat y(0)\rVert$ exceed their bounds with probability"
            r" $e^{-t^2/2}=\delta/6$ each: together with the first event $\delta$.",
            "training-events",
        ),
        ProofStep(
            r"(ii) holds for $m\ge(4+4\sqrt2)^2\ell_\rho^2E_0^2\bigl((1+\eta_w)\lVert K\rVert_2+d\lVert C"
            r"\rVert_2/m\bigr)/"
            r"((1-\eta_w)\lambda_*)^2$, with $(2+2\sqrt2)^2$ for the flow; $(4+4\sqrt2)^2\le93.26$, $(2+2"
            r"\sqrt2)^2\le23.32$.",
            "training-width",
        ),
        ProofStep(
            r"The constants in use are these, and (H1), (H2'), (H3) become harder with each norm and with the"
            r" error, and easier"
            r" with $\lambda_0$.",
            "training-in-use",
        ),
    ),
    _ours("End to end"),
    ("lemma.whitened-net", "lemma.whitened-trace", "lemma.equilibrium-training", "lemma.equilibrium-smoothness"),
    claims=both("width-descent", "width-flow"),
)

LEMMAS = (MEAN, GRAM, NET, TRACE, SMOOTHED, TRAINING)
