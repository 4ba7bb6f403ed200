"""Descent and gradient flow under a local Polyak-Lojasiewicz inequality."""

from __future__ import annotations

from ..claims.claim import Hypothesis, Reference
from ..claims.lemma import Lemma, ProofStep

DESCENT = Lemma(
    "lemma.pl-descent",
    "gradient descent under a local PL inequality: rate and length of the path",
    (
        Hypothesis("pl", r"\lVert\nabla\Phi\rVert^2\ge\lambda\Phi \text{ on the ball of radius } R"),
        Hypothesis("smooth", r"\lVert\nabla^2\Phi\rVert\le\beta \text{ there},\ 0<\eta\le1/\beta"),
        Hypothesis("radius", r"R\ge4\sqrt{\Phi_0/\lambda}"),
    ),
    r"\Phi_{\tau+1}\le\bigl(1-\tfrac12\eta\lambda\bigr)\Phi_\tau,\qquad"
    r" \sum_\tau\lVert\theta_{\tau+1}-\theta_\tau\rVert\le4\sqrt{\Phi_0/\lambda}",
    (
        ProofStep(
            r"With $g=\nabla\Phi(\theta_\tau)$ Taylor's theorem on the segment gives"
            r" $\Phi_{\tau+1}\le\Phi_\tau-\eta\lVert g\rVert^2+\frac12\beta\eta^2\lVert g\rVert^2"
            r"\le\Phi_\tau-\frac12\eta\lVert g\rVert^2\le(1-\frac12\eta\lambda)\Phi_\tau$.",
            "descent-step",
        ),
        ProofStep(
            r"$\sqrt{\Phi_\tau}-\sqrt{\Phi_{\tau+1}}\ge\frac{\Phi_\tau-\Phi_{\tau+1}}{2\sqrt{\Phi_\tau}}"
            r"\ge\frac{\eta\lVert g\rVert^2}{4\sqrt{\Phi_\tau}}\ge\frac14\eta\sqrt\lambda\,\lVert g\rVert$.",
            "descent-root",
        ),
        ProofStep(
            r"The sum telescopes: the path up to $\tau+1$ is at most"
            r" $4(\sqrt{\Phi_0}-\sqrt{\Phi_{\tau+1}})/\sqrt\lambda$.",
            "descent-telescope",
        ),
        ProofStep(
            r"No segment leaves the ball: were it to meet the sphere first where $\Phi=0$, the second line would gain a"
            r" factor 2, and the path be at most $(4\sqrt{\Phi_0}-2\sqrt{\Phi_\tau})/\sqrt\lambda<R$.",
            "descent-inside",
        ),
    ),
    Reference("truong2023deq", ours="docs/papers/deep_equilibrium/training.md, The theorem with explicit constants"),
)

FLOW = Lemma(
    "lemma.pl-flow",
    "gradient flow under a local PL inequality: rate and length of the path",
    (
        Hypothesis("pl", r"\lVert\nabla\Phi\rVert^2\ge\lambda\Phi \text{ on the ball of radius } R"),
        Hypothesis(
            "flow",
            r"\dot\Phi=-\lVert\dot\theta\rVert^2,\ \lVert\dot\theta\rVert\ge\lVert\nabla\Phi\rVert"
            r" \text{ for almost every } t",
        ),
        Hypothesis("radius", r"R\ge2\sqrt{\Phi_0/\lambda}"),
    ),
    r"\Phi(t)\le e^{-\lambda t}\Phi_0,\qquad \int_0^\infty\lVert\dot\theta\rVert\,dt\le2\sqrt{\Phi_0/\lambda}\le R",
    (
        ProofStep(
            r"$\dot\Phi\le-\lVert\nabla\Phi\rVert^2\le-\lambda\Phi$, so $e^{\lambda t}\Phi$ does not increase.",
            "flow-rate",
        ),
        ProofStep(
            r"$-\frac{d}{dt}\sqrt\Phi=\frac{\lVert\dot\theta\rVert^2}{2\sqrt\Phi}"
            r"\ge\frac12\sqrt\lambda\,\lVert\dot\theta\rVert$ while $\Phi>0$.",
            "flow-root",
        ),
        ProofStep(
            r"So the path up to $t$ is at most $2(\sqrt{\Phi_0}-\sqrt{\Phi(t)})/\sqrt\lambda$, below"
            r" $2\sqrt{\Phi_0/\lambda}\le R$ while $\Phi>0$; once $\Phi=0$ it stays 0, and $\theta$ rests. The closed"
            r" ball is"
            r" never left, also for $\Phi_0=\frac14R^2\lambda$, and finite length gives a limit.",
            "flow-radius",
        ),
    ),
    Reference("truong2023deq", ours="docs/papers/deep_equilibrium/training.md, The gradient flow"),
)

LEMMAS = (DESCENT, FLOW)
