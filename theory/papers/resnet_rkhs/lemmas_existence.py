"""Residual networks in an RKHS: the gradient flow exists, and random features attain their slope."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import NOTES, PAPER, claims
from .lemmas_kernels import FREQUENCIES, RADIAL

EXISTENCE = Lemma(
    "lemma.flow-existence",
    "the gradient flow exists, for kernels without a second derivative of the features too",
    (
        RADIAL,
        Hypothesis("admissible", r"\kappa_0=1,\ \kappa_1^2=\sup_{|h|=1}\mathbb E(\omega\cdot h)^2<\infty"),
        Hypothesis("pl", r"\lVert\nabla L\rVert^2\ge\mu L\text{ for }\lVert v-v^0\rVert\le R"),
        Hypothesis("radius", r"L(v^0)\le\tfrac14R^2\mu"),
    ),
    r"\dot v=-\nabla L(v)\text{ has a solution from }v^0\text{ for all }s\ge0,\text{ with }\lVert v(s)-v^0\rVert\le R;"
    r"\text{ each one obeys }\tfrac{d}{ds}L=-\lVert\nabla L\rVert^2",
    (
        ProofStep(
            r"On $\lVert v\rVert\le\rho$, $|z_t-z_{t'}|\le\kappa_0\int_{t'}^t\lVert"
            r" v\rVert\le\kappa_0\rho\sqrt{t-t'}$, and"
            r" the same for $p$ with $\kappa_1e^{\kappa_1\rho}|p_1|$.",
            "window-root",
        ),
        ProofStep(
            r"$\lVert k(\cdot,z)p-k(\cdot,z')p'\rVert\le\kappa_1|z-z'||p|+\kappa_0|p-p'|$. So $t\mapsto\nabla L(v)_t$"
            r" is"
            r" equicontinuous for all these $v$, with values in the compact image of a ball of $(z,p)$: $\nabla L$ maps"
            r" bounded sets into relatively compact ones (Ascoli).",
            "section-split",
        ),
        ProofStep(
            r"$\lVert\partial_h\psi(z)-\partial_h\psi(z')\rVert^2=2\,\mathbb E(\omega\cdot"
            r" h)^2(1-\cos\omega\cdot(z-z'))"
            r"\le4\,\mathbb E(\omega\cdot h)^2$, which tends to 0 as $z'\to z$ (dominated convergence): $Dv$ has a"
            r" modulus"
            r" of continuity that depends on $\lVert v\rVert$ alone, $z$ and $p$ depend continuously on $v$"
            r" (Gronwall), and"
            r" $\nabla L$ is continuous.",
            "slope-modulus",
        ),
        ProofStep(
            r"The projection $P$ onto the ball is 1-Lipschitz. So $v\mapsto v^0-\int_0^s\nabla L(Pv)$ is continuous and"
            r" compact on $C([0,S],L^2)$ and bounded: it has a fixed point (Schauder).",
            "ball-projection",
        ),
        ProofStep(
            r"While it is in the ball the path is at most $2(\sqrt{L(v^0)}-\sqrt L)/\sqrt\mu$; it cannot leave it, so"
            r" $P$"
            r" may be dropped.",
            "flow-radius",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Existence of the flow"),
    ("lemma.adjoint-gradient", "lemma.state-separation", "lemma.pl-flow"),
    claims=claims("flow-convergence", "made-flow", "lazy-regime"),
)

SLOPE = Lemma(
    "lemma.feature-slope",
    "the Lipschitz constant of random features, exactly",
    (FREQUENCIES, Hypothesis("second-moment", r"S=\tfrac1m\sum_j\omega_j\omega_j^\top,\ Se=\lambda_{\max}e,\ |e|=1")),
    r"\kappa_1^2=\sup_{h\ne0}\frac{\lVert\psi(z+h)-\psi(z)\rVert^2}{|h|^2}=\lambda_{\max}(S),\qquad"
    r" \lambda_{\max}-\frac{t^2}{12}M\le\frac{\lVert\psi(z+te)-\psi(z)\rVert^2}{t^2}\le\lambda_{\max},\quad"
    r" M=\tfrac1m\sum_j(\omega_j\cdot e)^4",
    (
        ProofStep(
            r"$(\cos a-\cos b)^2+(\sin a-\sin b)^2=2(1-\cos(a-b))$, so"
            r" $\lVert\psi(z+h)-\psi(z)\rVert^2=\frac2m\sum_j(1-\cos\omega_j\cdot h)$.",
            "slope-distance",
        ),
        ProofStep(
            r"$x^2-\frac1{12}x^4\le2(1-\cos x)\le x^2$: equal at 0, and four derivatives of the differences end at"
            r" $4\sin^2\frac x2\ge0$.",
            "cosine-between",
        ),
        ProofStep(
            r"Upper end: the sum is at most $h^\top Sh\le\lambda_{\max}|h|^2$.",
            "largest-quotient",
        ),
        ProofStep(
            r"Lower end: at $h=te$ it is at least $t^2\lambda_{\max}-\frac{t^4}{12}M$. So the supremum is at least"
            r" $\lambda_{\max}-\frac{t^2}{12}M$ for every $t>0$, hence at least $\lambda_{\max}$.",
            "slope-limit",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Admissibility of features"),
    claims=claims("feature-admissibility"),
)

LEMMAS = (EXISTENCE, SLOPE)
