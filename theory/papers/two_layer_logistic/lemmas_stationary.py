"""Two-layer networks: second derivatives in closed form, a threshold that is needed, the bound of Holley and"
" Stroock."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import LOSS, NOTES, PAPER, REGULARISED, SQUARED, claims

SECOND = Lemma(
    "lemma.sigmoidal-bend",
    "the largest second derivatives of the logistic function, tanh and erf",
    (Hypothesis("named", r"\sigma\in\{1/(1+e^{-x}),\ \tanh,\ \operatorname{erf}\}"),),
    r"\sup|\sigma''|=\frac1{6\sqrt3},\ \frac4{3\sqrt3},\ \frac{2\sqrt2}{\sqrt\pi}e^{-1/2}",
    (
        ProofStep(
            r"$\sigma''=\sigma(1-\sigma)(1-2\sigma)$ for the logistic function, $-2t(1-t^2)$ with $t=\tanh$, and"
            r" $\operatorname{erf}''=-\frac4{\sqrt\pi}xe^{-x^2}$.",
            "bend-formulas",
        ),
        ProofStep(
            r"$w(1-w)^2\le\frac4{27}$ for $0\le w\le1$, as $\frac4{27}-w(1-w)^2=(w-\frac13)^2(\frac43-w)$; equality at"
            r" $w=\frac13$. With $w=(1-2\sigma)^2$ and $w=t^2$ the squares of the first two are $\frac1{16}$ and 4"
            r" times that.",
            "bend-cubic",
        ),
        ProofStep(
            r"$\log y\le y-1$ for $y>0$, with equality at $y=1$: at $y=2x^2$ it bounds"
            r" $\frac{16}\pi x^2e^{-2x^2}=\frac8{\pi e}ye^{1-y}$ by $\frac8{\pi e}$.",
            "bend-gaussian",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Constants of an activation"),
    claims=claims("second-derivative"),
)

COUNTEREXAMPLE = Lemma(
    "lemma.needed-threshold",
    "an activation for which the squared loss needs a positive threshold",
    (
        Hypothesis("profile", r"\sigma(w)=w(k+\sin u),\ u=\log(1+w^2),\ k>1"),
        Hypothesis("squared-loss", r"L=\tfrac12(a\sigma(w)-y)^2+\tfrac\lambda2w^2"),
        Hypothesis("dip", r"\varphi(u)=(k+\sin u)(k+\sin u+2\cos u),\ a^2\varphi(u_-)+\lambda<0"),
    ),
    r"L'\text{ has zeros }w_m\to\infty,\quad -L''+\tfrac1sL'^2\le a^2\bigl((k+3)^2+6(k+1)\bigr)+4|ya|+\lambda"
    r"\text{ at each of them}",
    (
        ProofStep(
            r"With $r=w^2/(1+w^2)$: $\sigma'=k+\sin u+2r\cos u$ and"
            r" $w\sigma''=2r^2(\cos u-2\sin u)+\frac{6w^2}{(1+w^2)^2}\cos u$.",
            "profile-derivatives",
        ),
        ProofStep(
            r"$\frac{L'}w=a^2\varphi(u)+\lambda-\frac{2a^2(k+\sin u)\cos u}{1+w^2}-\frac{ya\sigma'}w$, and"
            r" $L''=a^2\sigma'^2+(a\sigma-y)a\sigma''+\lambda$.",
            "profile-gradient",
        ),
        ProofStep(
            r"$\varphi$ has the period $2\pi$ and $\varphi(0)=k(k+2)>0$: far out $L'$ is negative where $u\equiv u_-$"
            r" and"
            r" positive where $u\equiv0$, and vanishes in between.",
            "profile-period",
        ),
        ProofStep(
            r"For $w\ge1$, $|\frac{L'}w-a^2\varphi-\lambda|\le\frac1w\bigl(2a^2(k+1)+|ya|(k+3)\bigr)$: the signs of"
            r" $L'$ agree with those of $a^2\varphi+\lambda$ at $u_-$ and 0 beyond that number over the smaller of both"
            r" values, which is more than 4, as $-\varphi\le\cos^2u$.",
            "profile-start",
        ),
        ProofStep(
            r"$|\cos u-2\sin u|\le\sqrt5$, $\frac{w^2}{(1+w^2)^2}\le\frac14$,"
            r" $\frac{|w|^3}{(1+w^2)^2},\frac{|w|}{(1+w^2)^2}\le\frac{3\sqrt3}{16}$; so"
            r" $|w\sigma''|\le2\sqrt5+\frac32<6$ and $|\sigma''|\le(2\sqrt5+6)\frac{3\sqrt3}{16}<4$.",
            "profile-bounds",
        ),
        ProofStep(
            r"With $|\sigma'|\le k+3$ and $|\sigma|\le(k+1)|w|$ the stated number bounds $|L''|$; where $L'=0$,"
            r" $-L''$ is"
            r" all that is left.",
            "profile-ceiling",
        ),
    ),
    Reference(SQUARED, ours=f"{NOTES}, A threshold that is needed"),
    claims=claims("counterexample"),
)

HOLLEY = Lemma(
    "lemma.holley-stroock",
    "a bounded data term costs the spectral gap a factor",
    (LOSS, REGULARISED, Hypothesis("bounded", r"f_-\le f_i\le f_+,\ \ell(t)=\log(1+e^{-t})")),
    r"\lambda_s\ge\lambda e^{-2\operatorname{osc}(g)/s},\quad\operatorname{osc}(g)\le"
    r" \max\{\ell(f_-)-\ell(f_+),\ \ell(-f_+)-\ell(-f_-)\}",
    (
        ProofStep(
            r"$e^{-2L/s}=e^{-2g/s}e^{-\lambda w^2/s}$: the second factor is $\gamma=N(0,\frac s{2\lambda}I)$ up to a"
            r" number.",
            "gaussian-factor",
        ),
        ProofStep(
            r"For $u=\sum_rc_rh_r(w\sqrt{2\lambda/s})$, $\frac s2\mathbb E_\gamma u'^2=\lambda\sum_rrc_r^2$"
            r"$\ge\lambda\operatorname{Var}_\gamma(u)$; with products of Hermite polynomials the same for several"
            r" weights.",
            "gaussian-gap",
        ),
        ProofStep(
            r"$\operatorname{Var}_\mu(u)\le\mathbb E_\mu(u-c)^2$ for every $c$: take $c=\mathbb E_\gamma u$.",
            "variance-least",
        ),
        ProofStep(
            r"With $\frac{d\mu}{d\gamma}$ between $C$ and $Ce^{2\operatorname{osc}(g)/s}$,"
            r" $\mathbb E_\mu(u-c)^2\le Ce^{2\operatorname{osc}(g)/s}\operatorname{Var}_\gamma(u)$ and"
            r" $\mathbb E_\gamma|\nabla u|^2\le\frac1C\mathbb E_\mu|\nabla u|^2$.",
            "bounded-density",
        ),
        ProofStep(
            r"$\ell$ decreases, so $\ell(yf)$ moves by at most the number that belongs to its $y$, and $g$ is a mean of"
            r" such terms.",
            "loss-oscillation",
        ),
    ),
    Reference("holleystroock1987", ours=f"{NOTES}, Spectral gap"),
    claims=claims("holley-stroock"),
)

LEMMAS = (SECOND, COUNTEREXAMPLE, HOLLEY)
