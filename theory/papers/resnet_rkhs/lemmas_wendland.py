"""Wendland's lower bound of the least eigenvalue of a radial kernel matrix."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import NOTES, claims
from .lemmas_kernels import RADIAL

WENDLAND = Lemma(
    "lemma.wendland",
    "Wendland's bound, for any number of separated points",
    (
        RADIAL,
        Hypothesis("transform", r"\hat k>0,\ \varphi=\inf_{|\omega|\le2M}\hat k,\ M=M_q/q_X,\ G=\Gamma(\tfrac q2+1)"),
        Hypothesis("separated", r"|x_i-x_j|\ge\delta=2q_X\text{ for }i\ne j"),
    ),
    r"\lambda_{\min}(K)\ge2^qC_qq_X^{-q}\varphi\ge C_qq_X^{-q}\varphi,\qquad M_q=12\Bigl(\frac{\pi"
    r" G^2}9\Bigr)^{1/(q+1)},\quad"
    r" C_q=\frac1{2G}\Bigl(\frac{M_q}{2^{3/2}}\Bigr)^q",
    (
        ProofStep(
            r"With the indicator $\chi$ of the ball of radius $M$, $\hat\Psi=\varphi\,\chi*\chi/\mathrm{vol}\le\hat"
            r" k$; and"
            r" $\Psi(x)=\varphi G2^{q/2}|x|^{-q}J_{q/2}(M|x|)^2$ has $\Psi(0)=\frac\varphi G(M/\sqrt2)^q$, because"
            r" $J_\nu(t)\approx(t/2)^\nu/\Gamma(\nu+1)$ at 0.",
            "wendland-centre",
        ),
        ProofStep(
            r"Gershgorin: $\lambda_{\min}\ge\Psi(0)-\max_i\sum_{j\ne i}\Psi(x_i-x_j)$.",
            "gershgorin",
        ),
        ProofStep(
            r"A ring $nq_X\le|x-x_i|<(n+1)q_X$ holds at most $(n+2)^q-(n-1)^q\le3^qn^{q-1}$ points (disjoint balls).",
            "ring-count",
        ),
        ProofStep(
            r"$w=\sqrt tJ_\nu$ solves $w''+Qw=0$, $Q=1-(\nu^2-\frac14)/t^2$, so that $w^2+w'^2/Q$ does not increase"
            r" where $Q>0$.",
            "bessel-energy",
        ),
        ProofStep(
            r"So $tJ_\nu(t)^2\le\nu+\frac43\bigl(\frac1{4\sqrt\nu}+0.854\sqrt{2\nu}\bigr)^2\le2^{2\nu+2}/\pi$ for"
            r" $\nu=\frac q2\ge1$"
            r" ($|J_\nu|\le\frac1{\sqrt2}$, $|J_\nu'|<0.854$); for $\nu=\frac12$ it is $\frac2\pi\sin^2t$.",
            "bessel-size",
        ),
        ProofStep(
            r"With $\sum n^{-2}=\frac{\pi^2}6$ the sum is at most"
            r" $\varphi G2^{q/2}3^q2^{q+2}\frac\pi6/(Mq_X^{q+1})=\frac12\Psi(0)\,12^q\frac{4\pi}3G^2/(Mq_X)^{q+1}$,"
            r" which is"
            r" $\frac12\Psi(0)$ for $Mq_X=M_q$.",
            "wendland-sum",
        ),
        ProofStep(
            r"$\frac12\Psi(0)=\frac\varphi{2G}(M_q/\sqrt2)^qq_X^{-q}=2^qC_qq_X^{-q}\varphi$.",
            "wendland-value",
        ),
        ProofStep(
            r"$\hat k(\omega)=(2\pi)^{-q/2}\int k(x)e^{-ix\cdot\omega}dx$ is $s^qe^{-s^2|\omega|^2/2}$ for the Gaussian"
            r" kernel, a product of $q$ integrals on the line, and"
            r" $2^{q/2}\frac{\Gamma(\nu+q/2)}{\Gamma(\nu)}a^\nu(a+|\omega|^2)^{-\nu-q/2}$ with $a=2\nu/\ell^2$ for"
            r" Mat\'ern kernels; seen on the line and in space from"
            r" $\int x^ne^{-(t-i\omega)x}dx=n!/(t-i\omega)^{n+1}$.",
            "wendland-transform",
        ),
    ),
    Reference("wendland2005", "Theorem 12.3", f"{NOTES}, Wendland's bound"),
    claims=claims("wendland", "pl-lower", "pl-finite-depth", "flow-convergence", "optimal-radius", "critical-points"),
)

LEMMAS = (WENDLAND,)
