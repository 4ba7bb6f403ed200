"""Residual networks in an RKHS: descent on random features at a finite depth, frequencies by leverage, depth."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import ADMISSIBLE, BALL, PAPER, READOUT, claims

NOTES = "docs/papers/resnet_rkhs/recipe.md"

DESCENT = Lemma(
    "lemma.lazy-descent",
    "gradient descent on features that keep a least eigenvalue, at a finite depth",
    (
        ADMISSIBLE,
        READOUT,
        Hypothesis("start", r"v^0=0,\ 0<\lambda'\le\lambda_{\min}(K_m),\ \Lambda'\ge\lambda_{\max}(K_m)"),
        Hypothesis("large-readout", r"\sigma^2>8N^2\kappa_0^2\kappa_1^2L_0e^{2c}/((\theta-\theta^2/2)^2\lambda'^2)"),
        Hypothesis("step", r"0<\eta\le1/S"),
    ),
    r"L_{k+1}\le(1-\tfrac{\eta\mu}2)L_k,\qquad \sum_{j<k}\lVert v_{j+1}-v_j\rVert<R",
    (
        ProofStep(
            r"Each of the $N$ rows of $\Psi_l$ moves by at most $\kappa_1\kappa_0\rho$; at $\rho=R$ all of it by"
            r" $\sqrt N\kappa_0\kappa_1R=\theta\sqrt{\lambda'}$. So"
            r" $\mu(\rho)=\frac2N\sigma^2e^{-2c}(\sqrt{\lambda'}-\sqrt N\kappa_0\kappa_1\rho)^2$, and"
            r" $\mu(R)=\frac2N\sigma^2e^{-2c}(1-\theta)^2\lambda'$.",
            "finite-depth-displacement",
        ),
        ProofStep(
            r"While $\lVert v\rVert\le R$ and $L\le L_0$, $D^2L\le S$; so $L(t)\le L_k-t\lVert g\rVert^2+\frac"
            r" S2t^2\lVert g\rVert^2\le L_k-\frac t2\lVert g\rVert^2$ for $t\le1/S$.",
            "finite-depth-decrease",
        ),
        ProofStep(
            r"$\sqrt a-\sqrt b\ge\frac{a-b}{2\sqrt a}$ for $0\le b\le a$: so $\sqrt{L_k}-\sqrt{L(t)}\ge\frac"
            r"{t\lVert g\rVert^2}{4\sqrt{L_k}}\ge\frac14\int_{s_k}^{s_k+t\lVert g\rVert}\sqrt\mu$.",
            "finite-depth-root",
        ),
        ProofStep(
            r"$\int_0^R\sqrt{\mu}=\frac{\sqrt2\sigma e^{-c}\lambda'(\theta-\theta^2/2)}{N\kappa_0\kappa_1}$, which is"
            r" $4\sqrt{L_0}$ where the first hypothesis on $\sigma$ is an equality: the ball is not left.",
            "finite-depth-integral",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Gradient descent at a finite depth"),
    ("lemma.adjoint-gradient", "lemma.finite-depth", "lemma.lazy-radius"),
    claims("lazy-descent"),
)

LEVERAGE = Lemma(
    "lemma.leverage-features",
    "frequencies by leverage keep the spectrum",
    (
        Hypothesis("definite", r"K\succ0,\ u(\omega)=(e^{i\omega\cdot z_i})_i,\ \ell(\omega)=u^*K^{-1}u"),
        Hypothesis("sampled-by-leverage", r"\omega_j\sim\tfrac12p\,(1+\ell/N)\text{ independent}"),
        Hypothesis(
            "weighted-features",
            r"\psi=m^{-1/2}(\sqrt{w_j}\cos\omega_j\cdot z,\ \sqrt{w_j}\sin\omega_j\cdot z)"
            r"_{j\le m},\ w=2/(1+\ell/N)",
        ),
    ),
    r"m\ge\frac{2N}{h(\varepsilon)}\log\frac{2N}\tau\implies\mathbb P\bigl((1-\varepsilon)K\preceq"
    r" K_m\preceq(1+\varepsilon)K\bigr)\ge1-\tau",
    (
        ProofStep(
            r"$\mathbb E_puu^*=K$, so $\mathbb E_p\ell=\operatorname{tr}K^{-1}K=N$, and $\frac12p(1+\ell/N)$ has mass"
            r" 1.",
            "leverage-mass",
        ),
        ProofStep(
            r"$w=2/(1+\ell/N)\le2$ and $w\ell\le2N$: the norm of each summand of $K^{-1/2}K_mK^{-1/2}$ is at most"
            r" $2N/m$.",
            "leverage-weight",
        ),
        ProofStep(
            r"Tropp's bounds have the rates $\varepsilon+(1-\varepsilon)\log(1-\varepsilon)\ge"
            r" h(\varepsilon)=(1+\varepsilon)\log(1+\varepsilon)-\varepsilon$, and $2Ne^{-mh/2N}=\tau$ at the count.",
            "leverage-rates",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, How many frequencies"),
    ("lemma.matrix-chernoff",),
    claims("leverage-features"),
)

DEPTH = Lemma(
    "lemma.depth-limit",
    "Euler's rule for a control that is square integrable in time",
    (ADMISSIBLE, BALL, Hypothesis("averages", r"v_l=D\int_{I_l}v_t\,dt")),
    r"|F_D-F_\infty|\le\frac bD\,\tfrac12\kappa_0\kappa_1R^2e^{\kappa_1R}",
    (
        ProofStep(
            r"From the same state a layer and the flow differ by at most"
            r" $\int_{I_l}\kappa_1\lVert v_t\rVert\int_{l/D}^t\kappa_0\lVert v_s\rVert\,ds\,dt"
            r"=\frac{\kappa_0\kappa_1}2(\int_{I_l}\lVert v\rVert)^2$.",
            "residual-depth-defect",
        ),
        ProofStep(
            r"$(\int_{I_l}\lVert v\rVert)^2\le\frac1D\int_{I_l}\lVert v\rVert^2$; the sum over the layers is at most"
            r" $R^2/D$.",
            "residual-depth-cauchy",
        ),
        ProofStep(
            r"Errors grow by $1+\kappa_1\int_{I_l}\lVert v\rVert$ in each layer, in all by at most $e^{\kappa_1R}$.",
            "residual-depth-growth",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Depth"),
    claims=claims("depth-limit"),
)

LEMMAS = (DESCENT, LEVERAGE, DEPTH)
