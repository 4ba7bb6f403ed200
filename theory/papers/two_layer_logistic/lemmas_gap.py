"""The spectral gap in one dimension, from both sides."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import NOTES, claims

GAP = Lemma(
    "lemma.gap-enclosure",
    "the spectral gap of a law on the line, from a trial function on each side",
    (
        Hypothesis("law", r"\rho\propto e^{-2L/s}\text{ is a density},\ \mu=\rho\,dx"),
        Hypothesis("trial", r"f\in L^1(\mu)\text{ locally absolutely continuous},\ f'>0\text{ almost everywhere}"),
    ),
    r"\frac s2\operatorname{ess\,inf}\frac{f'\rho}T\le\lambda_s\le\frac s2\frac{\int"
    r" u'^2d\mu}{\operatorname{Var}_\mu(u)},"
    r"\qquad T(z)=\int_z^\infty(f-m)\rho,\ m=\int f\rho",
    (
        ProofStep(
            r"$\lambda_s$ is the least quotient of $\frac s2\int u'^2d\mu$ and $\operatorname{Var}_\mu(u)$: every $u$"
            r" gives"
            r" an upper bound.",
            "least-quotient",
        ),
        ProofStep(
            r"For $u=h+k(x-c)$ on each cell, $\int u^2=h^2m_0+2hkm_1+k^2m_2$ and $\int u'^2=k^2m_0$ with the moments"
            r" about $c$; beyond the nodes $|u|$ is at most the larger end value.",
            "rayleigh-quotient",
        ),
        ProofStep(
            r"$(u(y)-u(x))^2\le\int_x^y\frac{u'^2}{f'}\,(f(y)-f(x))$ for $x<y$ (Cauchy--Schwarz).",
            "weighted-increment",
        ),
        ProofStep(
            r"$\operatorname{Var}_\mu(u)=\iint_{x<y}(u(y)-u(x))^2\rho(x)\rho(y)$.",
            "variance-pairs",
        ),
        ProofStep(
            r"So $\operatorname{Var}_\mu(u)\le\int\frac{u'^2}{f'}\bigl[F\int_z^\infty"
            r" f\rho-(1-F)\int_{-\infty}^zf\rho\bigr]dz$"
            r" with the distribution function $F$, and the bracket is $T(z)\le\sup\frac T{f'\rho}\,f'\rho$.",
            "gap-bracket",
        ),
        ProofStep(
            r"$W=T/\rho$ solves $W'=\frac2sL'W-(f-m)$; on a cell of length $h$ a function is at most the larger end"
            r" value"
            r" plus $\frac{h^2}8\sup|E''|$.",
            "gap-equation",
        ),
        ProofStep(
            r"On a tail with $S=\omega f'$, $((S-W)\rho)'=(S'-\frac2sL'S+f-m)\rho$; where that is at most 0, $S\ge W$.",
            "gap-tail",
        ),
        ProofStep(
            r"For $f'=cv^k$, $v=1+\varepsilon t$, and $L'\ge\phi+\lambda t$ that asks for"
            r" $P(v)=Av^{k+1}+Bv^k-Cv^{k-1}-H\ge0$, which follows from $P(1)\ge0$, $A\ge0$ and $B\ge C\ge0$ for"
            r" $k=1,2$, and from $P(1)\ge0$ and $\lambda\ge\bar\lambda$ for $k=0$.",
            "gap-polynomial",
        ),
    ),
    Reference("chen1997", ours=f"{NOTES}, Spectral gap"),
    claims=claims("gap-enclosure"),
)

LEMMAS = (GAP,)
