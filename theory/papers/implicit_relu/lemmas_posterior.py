"""Gradient flow of an implicit ReLU network with the norms that it starts with."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import NOTES, PAPER, claims

POSTERIOR = Lemma(
    "lemma.implicit-flow-posterior",
    "gradient flow converges while neither the features nor the contraction can leave what they start with",
    (
        Hypothesis("contraction", r"a_0=\tilde\gamma\lVert A(0)\rVert<\bar a<1"),
        Hypothesis("rate", r"0<\beta<1,\ s_0=\sigma_{\min}(\Phi(0)),\ \mu=(1-\beta)^2s_0^2,\ \ell=E_0/\mu"),
        Hypothesis("A", r"\tilde\gamma^2\,\frac U{1-\bar a}\,\frac F{1-\bar a}\,\ell<\bar a-a_0"),
        Hypothesis("W", r"\frac{\lVert X\rVert^2}m\Bigl(\frac U{1-\bar a}+V\Bigr)\ell<\beta s_0"),
    ),
    r"L(t)\le e^{-2\mu t}L(0),\qquad\tilde\gamma\lVert A(t)\rVert<\bar a,\qquad\text{with}\quad"
    r" F_2=\lVert\Phi(0)\rVert+\beta s_0,\ F=\lVert\Phi(0)\rVert_F+\beta s_0,\ V=\lVert v(0)\rVert+F_2\ell,"
    r"\ U=\lVert u(0)\rVert+\frac{F\ell}{1-\bar a}",
    (
        ProofStep(
            r"Until the first time at which $\tilde\gamma\lVert A-A(0)\rVert_F$ reaches $\bar a-a_0$ or"
            r" $m^{-1/2}\lVert W-W(0)\rVert_F\lVert X\rVert$ reaches $\beta s_0$: $\sigma_{\min}(\Phi)\ge(1-\beta)s_0$,"
            r" so $\lVert e(t)\rVert\le e^{-\mu t}E_0$ and $\int\lVert e\rVert\,dt\le\ell$.",
            "posterior-residual",
        ),
        ProofStep(
            r"$\lVert\nabla_v\rVert\le\lVert\Phi\rVert\lVert e\rVert\le F_2\lVert e\rVert$ and"
            r" $\lVert\nabla_u\rVert\le\lVert Z\rVert_F\lVert e\rVert\le\frac F{1-\bar a}\lVert e\rVert$: the two stay"
            r" below $V$ and $U$.",
            "posterior-outputs",
        ),
        ProofStep(
            r"$\lVert q_i\rVert\le U/(1-\bar a)$, so $\tilde\gamma\lVert A-A(0)\rVert_F$ and"
            r" $m^{-1/2}\lVert W-W(0)\rVert_F\lVert X\rVert$ stay below the left sides of the two hypotheses, strictly"
            r" inside what they are allowed; certigram compares these sides.",
            "posterior-displacements",
        ),
        ProofStep(
            r"$\beta$ and $\bar a$ are taken from a grid, $\beta=\frac k{16}$ and $\bar a=a_0+\frac j8(1-a_0)$; the"
            r" first pair for which both hold gives $L(t)\le e^{-2\mu t}L(0)$ and $\bar a$.",
            "posterior-choice",
        ),
        ProofStep(
            r"The norms are those at the start: $s_0^2=\lambda_{\min}(G(0))$,"
            r" $\lVert\Phi(0)\rVert_F^2=\operatorname{tr}G(0)$, and $\max(n,\lVert X\rVert_F^2)$ for the number of"
            r" inputs.",
            "posterior-start",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Gradient flow, a posteriori"),
    ("lemma.implicit-equilibrium", "lemma.implicit-resolvent", "lemma.feature-stability", "lemma.pl-flow"),
    claims=claims("gradient-flow"),
)

LEMMAS = (POSTERIOR,)
