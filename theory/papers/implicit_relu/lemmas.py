"""Implicit ReLU networks: well-posedness, the arc-cosine kernel, concentration, stability and gradient flow."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep

NOTES, PAPER = "docs/papers/implicit_relu/proofs.md", "gao2022implicit"
WELL_POSED = Hypothesis("well-posed", r"a=\tilde\gamma\lVert A\rVert_2<1,\ \tilde\gamma=\gamma/\sqrt m")
UNIT = Hypothesis("unit-inputs", r"\lVert x_i\rVert_2=1")


def claims(*slugs: str) -> tuple[str, ...]:
    """The claims of the system with these slugs."""
    return tuple(f"implicit-relu.{slug}" for slug in slugs)


EQUILIBRIUM = Lemma(
    "lemma.implicit-equilibrium",
    "the equilibrium of an implicit ReLU network",
    (WELL_POSED,),
    r"\lVert z\rVert\le\frac{\lVert\varphi\rVert}{1-a},\quad"
    r" \lVert z^\ell-z\rVert\le\frac{a^\ell\lVert\varphi\rVert}{1-a}\ (z^0=0),\quad"
    r" \lVert z_i-z_j\rVert\le\frac{\lVert\varphi_i-\varphi_j\rVert}{1-a}",
    (
        ProofStep(
            r"$T(z)=\sigma(\tilde\gamma Az+\varphi)$ contracts by $a$, because $|\sigma(s)-\sigma(t)|\le|s-t|$;"
            r" Banach's"
            r" theorem gives one fixed point.",
            "implicit-contraction",
        ),
        ProofStep(
            r"$\lVert z\rVert\le\lVert T(z)-T(0)\rVert+\lVert\sigma(\varphi)\rVert\le a\lVert"
            r" z\rVert+\lVert\varphi\rVert$.",
            "implicit-size",
        ),
        ProofStep(
            r"$\lVert z^\ell-z\rVert\le a^\ell\lVert z^0-z\rVert=a^\ell\lVert z\rVert$.",
            "implicit-picard",
        ),
        ProofStep(
            r"$\lVert z_i-z_j\rVert\le a\lVert z_i-z_j\rVert+\lVert\varphi_i-\varphi_j\rVert$.",
            "implicit-two-inputs",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Well-posedness"),
    claims=claims("equilibrium"),
)

RESOLVENT = Lemma(
    "lemma.implicit-resolvent",
    "the linearised equilibrium equation is solvable",
    (WELL_POSED, Hypothesis("slopes", r"D \text{ diagonal},\ 0\preceq D\preceq I")),
    r"\bigl\lVert(I-\tilde\gamma DA)^{-1}\bigr\rVert_2\le\frac1{1-a}",
    (
        ProofStep(r"$\lVert\tilde\gamma DA\rVert_2\le a$.", "resolvent-norm"),
        ProofStep(
            r"The partial sums of Neumann's series are at most $\sum_{k<n}a^k=\frac{1-a^n}{1-a}$.", "resolvent-series"
        ),
        ProofStep(
            r"So the inverse has norm at most $1/(1-a)$, and the same for $I-\tilde\gamma A^\top D$.", "resolvent-bound"
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Well-posedness"),
    claims=claims("resolvent"),
)

ARC_COSINE = Lemma(
    "lemma.arc-cosine",
    "the expected product of two ReLU features",
    (UNIT, Hypothesis("angle", r"\theta=\angle(x,x')")),
    r"\mathbb E_{w\sim N(0,I)}\,\sigma(w\cdot x)\,\sigma(w\cdot x')=\frac{\sin\theta+(\pi-\theta)\cos\theta}{2\pi}",
    (
        ProofStep(
            r"Only the component of $w$ in the plane of $x,x'$ matters. In polar coordinates the radial integral is"
            r" $\int_0^\infty r^3e^{-r^2/2}\,dr=2$.",
            "arc-cosine-radius",
        ),
        ProofStep(
            r"Both features are active for angles in $(\theta-\frac\pi2,\frac\pi2)$:"
            r" $\int\cos\alpha\cos(\alpha-\theta)\,d\alpha=\frac12(\sin\theta+(\pi-\theta)\cos\theta)$.",
            "arc-cosine-angle",
        ),
        ProofStep(r"Multiply by the density $\frac1{2\pi}$.", "arc-cosine-value"),
    ),
    Reference("cho2009", ours=f"{NOTES}, Arc-cosine kernel"),
    claims=claims("arc-cosine-kernel"),
)

CLOSED_FORMS = Lemma(
    "lemma.arc-cosine-closed-forms",
    "least eigenvalues of the arc-cosine kernel on orthonormal inputs, the square and the hexagon",
    (UNIT,),
    r"\lambda_0=\tfrac12-\tfrac1{2\pi}\ \text{(orthonormal)},\quad\tfrac12-\tfrac1\pi\ \text{(square)},\quad"
    r" 0\ \text{(hexagon)}",
    (
        ProofStep(
            r"On orthonormal inputs $G^\infty=(\frac12-\frac1{2\pi})I+\frac1{2\pi}\mathbf1\mathbf1^\top$, with the"
            r" eigenvalues $\frac12-\frac1{2\pi}$ ($n-1$ times) and $\frac12+\frac{n-1}{2\pi}$.",
            "orthonormal-spectrum",
        ),
        ProofStep(
            r"On the square $G^\infty$ is circulant with the first row $(\frac12,\frac1{2\pi},0,\frac1{2\pi})$ and the"
            r" eigenvalues $\frac12,\frac12,\frac12\pm\frac1\pi$.",
            "square-spectrum",
        ),
        ProofStep(
            r"On the hexagon the first row is $g(\cos\frac{k\pi}3)$, $k=0,1,2,3,2,1$, and its alternating sum is 0: so"
            r" is that of each row, and $G^\infty(1,-1,1,-1,1,-1)^\top=0$.",
            "hexagon-null-vector",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Closed forms"),
    ("lemma.arc-cosine",),
    claims=claims("closed-forms"),
)

SERIES = Lemma(
    "lemma.arc-cosine-series",
    "the arc-cosine kernel as a power series",
    (Hypothesis("cosine", r"|\rho|\le1"),),
    r"g(\rho)=\frac1{2\pi}+\frac\rho4+\sum_{k\ge1}\mu_{2k}^2\rho^{2k},\qquad"
    r" \mu_{2k}^2=\frac{((2k-3)!!)^2}{2\pi\,(2k)!}=\frac{\binom{2k}k}{2\pi\,4^k(2k-1)^2}",
    (
        ProofStep(
            r"$g'(\rho)=\frac{\pi-\arccos\rho}{2\pi}$ and $g''(\rho)=\frac1{2\pi\sqrt{1-\rho^2}}$; $g(0)=\frac1{2\pi}$,"
            r" $g'(0)=\frac14$.",
            "arc-cosine-derivatives",
        ),
        ProofStep(
            r"$y=(1-x)^{-1/2}$ solves $2(1-x)y'=y$, so its coefficients satisfy $2(k+1)c_{k+1}=(2k+1)c_k$:"
            r" $c_k=\binom{2k}k4^{-k}$.",
            "inverse-root-series",
        ),
        ProofStep(
            r"Integrated twice, the coefficient of $\rho^{2k+2}$ is"
            r" $\binom{2k}k4^{-k}/(2\pi(2k+1)(2k+2))=\mu_{2k+2}^2$.",
            "arc-cosine-coefficients",
        ),
        ProofStep(
            r"All coefficients are non-negative and $g(1)=\frac12$; the terms are $O(k^{-5/2})$, so the series"
            r" converges at"
            r" $|\rho|=1$ too (Abel), and what is left out of it is known.",
            "arc-cosine-mass",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Power series"),
    ("lemma.arc-cosine",),
    claims=claims("arc-cosine-series"),
)

HERMITE = Lemma(
    "lemma.even-powers",
    "lower bounds through the even Schur powers of the inputs",
    (UNIT, Hypothesis("cosines", r"\rho=\max_{i\ne j}|x_i\cdot x_j|<1")),
    r"\lambda_0\ge\sum_{k\ge1}\mu_{2k}^2\bigl(1-(n-1)\rho^{2k}\bigr)_+\ge\mu_{2k}^2\bigl(1-(n-1)\rho^{2k}\bigr)",
    (
        ProofStep(
            r"$(XX^\top)^{\circ2k}$ has the diagonal 1 and entries in $[0,\rho^{2k}]$ off it: by Gershgorin its least"
            r" eigenvalue is at least $1-(n-1)\rho^{2k}$, and at least 0 (Schur).",
            "even-power-discs",
        ),
        ProofStep(
            r"$G^\infty=\sum_r\mu_r^2(XX^\top)^{\circ r}$ with positive semidefinite terms, and least eigenvalues are"
            r" superadditive.",
            "even-power-sum",
        ),
        ProofStep(
            r"The bracket is at least $\frac12$ once $2k\ge\log(2(n-1))/\log(1/\rho)$.",
            "gershgorin-order",
        ),
        ProofStep(
            r"Once $(n-1)\rho^{2k}<1$ no bracket is cut off, and what is left of the sum is closed:"
            r" $\sum_{k\ge1}\mu_{2k}^2=\frac14-\frac1{2\pi}$ and"
            r" $\sum_{k\ge1}\mu_{2k}^2\rho^{2k}=\frac{g(\rho)+g(-\rho)}2-\frac1{2\pi}$. The numbers in use agree.",
            "even-power-values",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Hermite bounds"),
    ("lemma.arc-cosine-series", "lemma.schur-order"),
    claims=claims("hermite-bound", "least-eigenvalue"),
)

CONCENTRATION = Lemma(
    "lemma.feature-concentration",
    "the feature Gram matrix concentrates entry by entry",
    (UNIT,),
    r"\mathbb P\bigl(\max_{ij}|G_m-G^\infty|_{ij}\ge t\bigr)\le n(n+1)\exp\Bigl(-\frac{mt^2}{2(4+2t)}\Bigr),\qquad"
    r" m\ge\frac{136\,n^2}{\lambda_0^2}\log\frac{n(n+1)}\delta\implies"
    r"\mathbb P\bigl(\lVert G_m-G^\infty\rVert_2\le\tfrac14\lambda_0\bigr)\ge1-\delta",
    (
        ProofStep(
            r"$S=\sigma(w\cdot x_i)\sigma(w\cdot x_j)\ge0$ has"
            r" $\mathbb ES^p\le\mathbb E\,\sigma(z)^{2p}=\frac12(2p-1)!!$ (Cauchy--Schwarz).",
            "relu-moments",
        ),
        ProofStep(
            r"$(2p-1)!!\le2^pp!$ by induction, as $2p+1\le2(p+1)$; so"
            r" $\mathbb ES^p\le\frac{p!}2\cdot4\cdot2^{p-2}$ for $p\ge2$.",
            "double-factorial",
        ),
        ProofStep(
            r"Bernstein's inequality with $v=4m$, $c=2$ at the deviation $mt$ has the exponent"
            r" $\frac{(mt)^2}{2(v+c\,mt)}=\frac{mt^2}{2(4+2t)}$; two signs and $n(n+1)/2$ pairs.",
            "bernstein-exponent",
        ),
        ProofStep(
            r"At $t=\lambda_0/(4n)$, with $\lambda_0\le\frac12$, $2(4+2t)\le\frac{17}2$, and the exponent is at least"
            r" $\log(n(n+1)/\delta)$ for the stated $m$; $\lVert\cdot\rVert_2\le n\max|\cdot|$.",
            "concentration-width-constant",
        ),
        ProofStep(
            r"It is tried on one and two inputs, where $\lambda_0=\frac12$ and $\lambda_0=\frac12-g(\rho)$: the matrix"
            r" is $\frac12$, or has the eigenvectors $(1,\pm1)$.",
            "pair-spectrum",
        ),
    ),
    Reference("boucheron2013", "Theorem 2.10", f"{NOTES}, Concentration"),
    ("lemma.arc-cosine",),
    claims=claims("concentration", "concentration-width"),
)

STABILITY = Lemma(
    "lemma.feature-stability",
    "the least eigenvalue survives while the weights stay near their start",
    (
        Hypothesis("initial-gram", r"\lambda_{\min}(G(0))\ge\tfrac34\lambda_0>0"),
        Hypothesis("near", r"\lVert W-W(0)\rVert_F\lVert X\rVert_2\le\kappa\sqrt{m\lambda_0}"),
    ),
    r"\lVert\Phi_W-\Phi_{W'}\rVert_F\le\tfrac1{\sqrt m}\lVert W-W'\rVert_F\lVert X\rVert_2,\qquad"
    r" \kappa=\tfrac{\sqrt3}2-\tfrac1{\sqrt2}\implies\lambda_{\min}(G)\ge\tfrac12\lambda_0",
    (
        ProofStep(
            r"$\sigma$ is 1-Lipschitz entry by entry, so the features move in Frobenius norm by at most"
            r" $m^{-1/2}\lVert(W-W')X^\top\rVert_F$.",
            "feature-entries",
        ),
        ProofStep(
            r"$\lVert MX^\top\rVert_F\le\lVert M\rVert_F\lVert X\rVert_2$.",
            "frobenius-spectral",
        ),
        ProofStep(
            r"Singular values move by at most the norm of the change (Weyl).",
            "singular-value-weyl",
        ),
        ProofStep(
            r"$\sigma_{\min}(\Phi)\ge(\frac{\sqrt3}2-\kappa)\sqrt{\lambda_0}=\sqrt{\lambda_0/2}$.",
            "stability-constant",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Stability"),
    claims=claims("feature-lipschitz", "feature-stability"),
)

FLOW = Lemma(
    "lemma.implicit-flow",
    "no weight of a wide implicit network travels far",
    (
        Hypothesis("start", r"\lVert A(0)\rVert,\lVert W(0)\rVert,\lVert u(0)\rVert,\lVert v(0)\rVert\le c\sqrt m"),
        Hypothesis("range", r"c\ge1,\ \gamma_0=2c\gamma<1"),
        Hypothesis("rate", r"\lVert e(t)\rVert\le e^{-\lambda_0t/2}E_0"),
    ),
    r"\lVert v-v(0)\rVert\le\frac{4c\sqrt nE_0}{\lambda_0},\quad"
    r" \lVert u-u(0)\rVert\le\frac{4c\sqrt nE_0}{(1-\gamma_0)\lambda_0},\quad"
    r" \lVert W-W(0)\rVert_F\le\frac{8c\sqrt nE_0}{(1-\gamma_0)\lambda_0},\quad"
    r" \lVert A-A(0)\rVert_F\le\frac{4c\gamma_0\sqrt nE_0}{(1-\gamma_0)^2\lambda_0}",
    (
        ProofStep(
            r"Let all four norms be below $2c\sqrt m$. Then $\lVert\Phi\rVert_F\le2c\sqrt n$,"
            r" $\lVert Z\rVert_F\le2c\sqrt n/(1-\gamma_0)$ and $\lVert q_i\rVert\le2c\sqrt m/(1-\gamma_0)$; and"
            r" $\int_0^\infty\lVert e\rVert\,dt\le2E_0/\lambda_0$.",
            "flow-residual",
        ),
        ProofStep(
            r"Integrate $\lVert\nabla_v\rVert\le\lVert\Phi\rVert\lVert e\rVert$, $\lVert\nabla_u\rVert\le\lVert Z\rVert"
            r"\lVert e\rVert$ and $\lVert\nabla_A\rVert_F\le\tilde\gamma\max_i\lVert q_i\rVert\lVert Z\rVert_F"
            r"\lVert e\rVert$.",
            "flow-displacements",
        ),
        ProofStep(
            r"$\lVert\nabla_W\rVert_F\le m^{-1/2}\max_i\lVert q_i+v\rVert\,\lVert X\rVert\lVert e\rVert$,"
            r" $\lVert X\rVert\le\sqrt n$ and $\frac1{1-\gamma_0}+1\le\frac2{1-\gamma_0}$.",
            "flow-input-weights",
        ),
        ProofStep(
            r"All are below $c\sqrt m$ once $m$ exceeds $16$, $\frac{16}{(1-\gamma_0)^2}$,"
            r" $\frac{64}{(1-\gamma_0)^2}$ and"
            r" $\frac{16\gamma_0^2}{(1-\gamma_0)^4}$ times $nE_0^2/\lambda_0^2$.",
            "flow-widths",
        ),
        ProofStep(
            r"$\lVert W-W(0)\rVert_F\lVert X\rVert<\kappa\sqrt{m\lambda_0}$ once $m$ exceeds"
            r" $\frac{64}{\kappa^2}\cdot\frac{c^2\lVert X\rVert^2nE_0^2}{(1-\gamma_0)^2\lambda_0^3}$, and"
            r" $64/\kappa^2<2535$.",
            "flow-stability-width",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Gradient flow"),
    ("lemma.implicit-equilibrium", "lemma.implicit-resolvent", "lemma.feature-stability", "lemma.pl-flow"),
    claims=claims("gradient-flow", "width-constant"),
)

OUTPUT = Lemma(
    "lemma.output-training",
    "training the output layer alone",
    (Hypothesis("step", r"0<\eta\le1/\lambda_{\max}(M),\ M=\Phi^\top\Phi+Z^\top Z"),),
    r"e(k+1)=(I-\eta M)e(k),\qquad \lVert e(k)\rVert\le\bigl(1-\eta\lambda_{\min}(M)\bigr)^k\lVert e(0)\rVert",
    (
        ProofStep(
            r"$\hat y=Z^\top u+\Phi^\top v$ is linear in $(u,v)$, and one step takes $e$ to $e-\eta(Z^\top"
            r" Z+\Phi^\top\Phi)e$.",
            "output-step",
        ),
        ProofStep(
            r"The eigenvalues of $I-\eta M$ lie in $[0,1-\eta\lambda_{\min}(M)]$.",
            "output-spectrum",
        ),
        ProofStep(
            r"So every step multiplies the norm by at most $1-\eta\lambda_{\min}(M)$.",
            "output-rate",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Gradient descent"),
    claims=claims("output-training"),
)

LEMMAS = (EQUILIBRIUM, RESOLVENT, ARC_COSINE, CLOSED_FORMS, SERIES, HERMITE, CONCENTRATION, STABILITY, FLOW, OUTPUT)
ARGUMENTS = {"lemma.pl-flow": claims("gradient-flow")}
"""Which claims rest on the lemmas that papers share."""
