"""Residual networks in an RKHS: constants of kernels, Gershgorin, the recipe, random features, the lazy regime."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import NOTES, PAPER, claims

RADIAL = Hypothesis("translation-invariant", r"k(z,z')=k(\lVert z-z'\rVert),\ k(0)=1")
FREQUENCIES = Hypothesis("features", r"\psi(z)=m^{-1/2}(\cos\omega_j\cdot z,\ \sin\omega_j\cdot z)_{j\le m}")

CONSTANTS = Lemma(
    "lemma.kernel-constants",
    "the constants of Gaussian and Matern kernels",
    (RADIAL, Hypothesis("spectral", r"k(z-z')=\mathbb E\cos\omega\cdot(z-z')")),
    r"\kappa_1^2=-k''(0),\ \kappa_2^2=k''''(0);\qquad \text{Gauss: }\frac1{s^2},\ \frac3{s^4};\qquad"
    r" \text{Matern: }\frac\nu{(\nu-1)\ell^2},\ \frac{3\nu^2}{(\nu-1)(\nu-2)\ell^4}",
    (
        ProofStep(
            r"$\lVert\psi(z)-\psi(z')\rVert^2=2\,\mathbb E(1-\cos\omega\cdot(z-z'))\le\mathbb"
            r" E(\omega\cdot(z-z'))^2$, with"
            r" equality to second order as $z'\to z$.",
            "feature-distance",
        ),
        ProofStep(
            r"$-k''(0)=\mathbb E\omega_1^2$ and $k''''(0)=\mathbb E\omega_1^4$: two and four derivatives of"
            r" $r\mapsto\mathbb E\cos\omega_1r$.",
            "spectral-moments",
        ),
        ProofStep(r"$k(r)=e^{-r^2/2s^2}=1-\frac{r^2}{2s^2}+\frac{r^4}{8s^4}-\dots$", "gauss-constants"),
        ProofStep(
            r"Matern: $k(r)=M_p(\sqrt{2\nu}\,r/\ell)$, $\nu=p+\frac12$, $M_p'(t)=-\frac t{2p-1}M_{p-1}(t)$,"
            r" $M_0=e^{-t}$.",
            "matern-recurrence",
        ),
        ProofStep(
            r"So $-k''(0)=\frac{2\nu}{(2p-1)\ell^2}$ and $k''''(0)=\frac{(2\nu)^2}{\ell^4}\frac3{(2p-1)(2p-3)}$ for"
            r" $p\ge2$, which are the stated numbers; for $p=1$ the term $\frac13|t|^3$ makes the second infinite.",
            "matern-constants",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Admissibility"),
    claims=claims("admissibility"),
)

GERSHGORIN = Lemma(
    "lemma.kernel-gershgorin",
    "Gershgorin's bounds at large separation",
    (
        RADIAL,
        Hypothesis("decreasing", r"k(r) \text{ decreases}"),
        Hypothesis("separated", r"\lVert z_i-z_j\rVert\ge\delta"),
    ),
    r"1-(N-1)k(\delta)\le\lambda_{\min}(K)\le\lambda_{\max}(K)\le1+(N-1)k(\delta);\qquad"
    r" \text{Gauss: }\delta\ge s\sqrt{2\log(2(N-1))}\implies\lambda_{\min}(K)\ge\tfrac12",
    (
        ProofStep(r"The discs stand around 1 and have radii at most $(N-1)k(\delta)$.", "kernel-discs"),
        ProofStep(
            r"For the Gaussian kernel $(N-1)k(\delta)=\frac12$ at $\delta=s\sqrt{2\log(2(N-1))}$.",
            "gauss-separation",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Gershgorin's bound"),
    claims=claims("gershgorin"),
)

RECIPE = Lemma(
    "lemma.recipe",
    "a lift and a scale for which the flow converges",
    (
        Hypothesis("gauss", r"k(r)=e^{-r^2/2s^2},\ A=(\alpha I;0),\ \sigma_B=1,\ v^0=0,\ R=s"),
        Hypothesis("scale", r"s^2\ge4e^2NL_0"),
        Hypothesis("lift", r"\alpha\ge\tfrac{es}\delta\sqrt{2\log(2(N-1))}"),
    ),
    r"\lambda\ge\tfrac12,\qquad \mu\ge\frac{e^{-2}}N,\qquad L_0\le\tfrac14R^2\mu;\qquad"
    r" \text{depth }D:\ \max_\rho\rho^2e^{-2c}\text{ at }\rho=(1-\rho/\sqrt D)^2",
    (
        ProofStep(
            r"$\kappa_1R=1$: states keep the distance $e^{-1}\alpha\delta\ge s\sqrt{2\log(2(N-1))}$, so"
            r" $\lambda\ge\frac12$.",
            "recipe-distance",
        ),
        ProofStep(r"$\mu\ge\frac2Ne^{-2}\cdot\frac12=\frac{e^{-2}}N$.", "recipe-rate"),
        ProofStep(r"$\frac14R^2\mu\ge\frac{s^2}{4e^2N}\ge L_0$.", "recipe-loss"),
        ProofStep(
            r"With $\rho=\kappa_1R$ and $c=\rho/(1-\rho/\sqrt D)$,"
            r" $\frac{d}{d\rho}\log(\rho^2e^{-2c})=\frac2\rho-\frac2{(1-\rho/\sqrt D)^2}$.",
            "recipe-depth",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, A recipe"),
    ("lemma.kernel-gershgorin", "lemma.kernel-constants", "lemma.residual-pl", "lemma.pl-flow"),
    claims=claims("recipe"),
)

PERTURBATION = Lemma(
    "lemma.feature-perturbation",
    "kernels that are close have close eigenvalues",
    (Hypothesis("entries", r"\max_{ij}|(K_m-K)_{ij}|\le\varepsilon"),),
    r"\lVert K_m-K\rVert_2\le N\varepsilon,\qquad \lambda_{\min}(K_m)\ge\lambda_{\min}(K)-N\varepsilon,\qquad"
    r" \varepsilon=\frac\lambda{2N}\implies\lambda_{\min}(K_m)\ge\frac\lambda2",
    (
        ProofStep(r"A symmetric matrix has norm at most its largest row sum.", "row-sums"),
        ProofStep(r"Weyl's inequality: $K_m\succeq(\lambda-N\varepsilon)I$.", "feature-weyl"),
        ProofStep(
            r"With the uniform bound $2^9(\sigma_p\Delta/\varepsilon)^2e^{-m\varepsilon^2/(4(q+2))}$ at"
            r" $\varepsilon=\frac\lambda{2N}$, the failure probability is $\tau$ for"
            r" $m=\frac{16(q+2)N^2}{\lambda^2}\bigl(2\log\frac{2N\Delta\sigma_p}\lambda+\log\frac{2^9}\tau\bigr)$.",
            "feature-count",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Perturbation"),
    claims=claims("feature-perturbation"),
)

LAZY = Lemma(
    "lemma.lazy-radius",
    "random features converge in the lazy regime",
    (
        FREQUENCIES,
        Hypothesis("start", r"v^0=0,\ \lambda'=\lambda_{\min}(K_m)>0"),
        Hypothesis("lazy-radius", r"R=\tfrac{\sqrt{\lambda'}}{2\sqrt N\kappa_1}"),
    ),
    r"\sigma_{\min}(\Psi_t)\ge\sigma_{\min}(\Psi_0)-\sqrt N\kappa_0\kappa_1R=\tfrac12\sqrt{\lambda'},\qquad"
    r" L_0<\frac{\sigma_B^2\lambda'^2e^{-\sqrt{\lambda'/N}}}{32N^2\kappa_1^2}\implies L\to0",
    (
        ProofStep(
            r"$\cos^2+\sin^2=1$, so $\kappa_0=1$. States move by at most $\kappa_0R$, each of the $N$ rows of $\Psi$ by"
            r" $\kappa_1\kappa_0R$, and $\Psi$ by $\sqrt N\kappa_0\kappa_1R$ in Frobenius norm.",
            "lazy-displacement",
        ),
        ProofStep(r"Singular values move by at most that (Weyl).", "singular-value-weyl"),
        ProofStep(
            r"At the stated radius $\sqrt{\lambda'}-\sqrt N\kappa_1R=\frac12\sqrt{\lambda'}$, so $\lambda'/4$ takes"
            r" the place"
            r" of $\lambda$ in the lower inequality.",
            "lazy-half",
        ),
        ProofStep(
            r"$\frac14R^2\mu$ with $\mu=\frac2N\sigma_B^2e^{-2\kappa_1R}\frac{\lambda'}4$ and"
            r" $2\kappa_1R=\sqrt{\lambda'/N}$ is the stated bound of the loss.",
            "lazy-loss",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, The lazy regime"),
    ("lemma.residual-pl", "lemma.pl-flow"),
    claims=claims("lazy-regime"),
)

LEMMAS = (CONSTANTS, GERSHGORIN, RECIPE, PERTURBATION, LAZY)
