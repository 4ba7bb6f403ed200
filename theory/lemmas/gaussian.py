"""Expansions of Gaussian expectations: Mehler, Price, and the map from the NNGP to the NTK."""

from __future__ import annotations

from ..claims.claim import Hypothesis, Reference
from ..claims.lemma import Lemma, ProofStep

SQUARE_INTEGRABLE = Hypothesis("square-integrable", r"\mathbb E\,\phi(u)^2 < \infty,\ \mathbb E\,\phi(v)^2 < \infty")
COVARIANCE = Hypothesis(
    "covariance", r"(u,v)\sim N\bigl(0,\begin{pmatrix}a&c\\c&b\end{pmatrix}\bigr),\ \rho = c/\sqrt{ab}"
)

MEHLER = Lemma(
    "lemma.mehler",
    "Mehler's expansion of the dual activation",
    (SQUARE_INTEGRABLE, COVARIANCE),
    r"\mathbb E\,\phi(u)\phi(v) = \sum_{r\ge0}\mu_r(\sqrt a)\,\mu_r(\sqrt b)\,\rho^r,\qquad"
    r"\Bigl|\sum_{r>R}\mu_r(\sqrt a)\mu_r(\sqrt b)\rho^r\Bigr| \le |\rho|^{R+1}\sqrt{\tau_R(a)\,\tau_R(b)},"
    r"\quad \tau_R(s) = \mathbb E\,\phi(\sqrt s z)^2 - \sum_{r\le R}\mu_r(\sqrt s)^2",
    (
        ProofStep(
            r"The normalised Hermite polynomials have the generating function"
            r" $e^{tx-t^2/2}=\sum_r h_r(x)\,t^r/\sqrt{r!}$.",
            "generating-function",
        ),
        ProofStep(
            r"For unit variances the moment generating function gives"
            r" $\mathbb E\,e^{su-s^2/2}e^{tv-t^2/2} = e^{\rho st}$.",
            "moment-generating-function",
        ),
        ProofStep(
            r"Comparing the coefficients of $s^jt^k$ gives $\mathbb E\,h_j(u)h_k(v)=\delta_{jk}\rho^k$.",
            "hermite-covariance",
        ),
        ProofStep(
            r"The $h_r$ are complete in $L^2$, so $\phi(\sqrt a\,\cdot)=\sum_r\mu_r(\sqrt a)h_r$ and Parseval's"
            r" identity"
            r" gives $\sum_r\mu_r(\sqrt a)^2=\mathbb E\,\phi(\sqrt a z)^2$; inserting both expansions gives the"
            r" series.",
            "parseval",
        ),
        ProofStep(
            r"The tail is at most $|\rho|^{R+1}\sum_{r>R}|\mu_r(\sqrt a)\mu_r(\sqrt b)|$, and the Cauchy--Schwarz"
            r" inequality bounds the sum by $\sqrt{\tau_R(a)\tau_R(b)}$.",
            "mehler-tail",
        ),
    ),
    Reference("daniely2016", ours="docs/papers/deep_equilibrium/population.md, Notation"),
)

PRICE = Lemma(
    "lemma.price",
    "Price's theorem",
    (
        Hypothesis("absolutely-continuous", r"\phi \text{ absolutely continuous},\ |\phi'(x)|\le A(1+|x|)^ke^{B|x|}"),
        COVARIANCE,
    ),
    r"\frac{\partial}{\partial c}\,\mathbb E\,\phi(u)\phi(v) = \mathbb E\,\phi'(u)\phi'(v),\qquad"
    r"\Bigl|\frac{\partial}{\partial c}\,\mathbb E\,\phi(u)\phi(v)\Bigr|\le L^2\ \text{ if } L=\sup|\phi'|<\infty",
    (
        ProofStep(
            r"Integration by parts (Stein) gives $\mu_r(\phi';\sigma)=\sqrt{r+1}\,\mu_{r+1}(\phi;\sigma)/\sigma$.",
            "stein-coefficients",
        ),
        ProofStep(
            r"Differentiating Mehler's series in $c$ term by term,"
            r" $\partial_c\sum_r\mu_r\mu_r'\rho^r=\sum_r r\,\mu_r\mu_r'\rho^{r-1}/\sqrt{ab}$,"
            r" which is Mehler's series of $\phi'$.",
            "price-coefficients",
        ),
        ProofStep(r"If $|\phi'|\le L$, then $|\mathbb E\,\phi'(u)\phi'(v)|\le L^2$.", "price-enclosure"),
    ),
    Reference("price1958", ours="docs/papers/deep_equilibrium/population.md, Notation"),
    ("lemma.mehler",),
)

NTK_MAP = Lemma(
    "lemma.nngp-to-ntk",
    "from the coefficients of the NNGP kernel to those of the NTK",
    (Hypothesis("sphere", r"\kappa(t)=\sum_r b_r t^r,\ b_r\ge0, \text{ the kernel of one hidden layer, no bias}"),),
    r"\Theta(t) = \kappa(t) + t\,\kappa'(t) = \sum_r (1+r)\, b_r\, t^r",
    (
        ProofStep(
            r"The readout contributes $\kappa(t)$, the hidden layer $t\,\mathbb E\,\phi'(u)\phi'(v)$, and the latter is"
            r" $t\,\kappa'(t)$ by Price's theorem at unit variance.",
            "price-unit-variance",
        ),
        ProofStep(r"$t\,\frac{d}{dt}t^r=r\,t^r$, so each coefficient is multiplied by $1+r$.", "ntk-coefficients"),
    ),
    Reference("daniely2016", ours="docs/ntk-conventions.md"),
    ("lemma.price",),
)

LEMMAS = (MEHLER, PRICE, NTK_MAP)
