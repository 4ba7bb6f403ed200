"""Logarithmic Sobolev inequalities of the stationary law, the recursion of relative entropy, and the transfer."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import LOSS, PAPER, claims
from .lemmas_sgd import DERIVATIVES, NOTES, SCHEME, STEP

LAW = Hypothesis("law", r"\pi\propto e^{-\beta L},\ \beta=2/s,\ \lambda>0")
BOUNDED = Hypothesis("bounded", r"\operatorname{osc}\sigma=\sup\sigma-\inf\sigma<\infty")
MEAN_FIELD = Hypothesis(
    "mean-field",
    r"F(f)=\sum_i\omega_i\ell(y_if_i),\ \varphi_j(w)=a_j(\sigma(w\cdot x_i))_i,\ f_*=\sum_j\mathbb E_{m_j}\varphi_j,\ "
    r" u=\nabla F(f_*),\ m_j=z_j^{-1}e^{-\beta(\langle u,\varphi_j\rangle+\lambda\lVert w\rVert^2/2)}",
)

ENVELOPE = Lemma(
    "lemma.holley-stroock-envelope",
    "a logarithmic Sobolev inequality from a strongly convex part",
    (LAW, Hypothesis("split", r"L=\tfrac m2\lVert W\rVert^2+c+r,\ m>0,\ c\text{ convex},\ \operatorname{osc}r<\infty")),
    r"\mathrm{FI}(\nu|\pi)\ge2\beta\alpha_0\,\mathrm{KL}(\nu|\pi),\quad \alpha_0=m\,e^{-\beta\operatorname{osc}r};"
    r"\qquad \alpha_0\ge(\lambda-\theta^2\lambda_{cvx})_+\,e^{-2\beta\bar q\lVert a\rVert_1\sup|\sigma-\sigma_\theta|}",
    (
        ProofStep(
            r"$\operatorname{Ent}(\varphi)=\inf_t\int(\varphi\log\frac\varphi t-\varphi+t)$, attained at the mean, and"
            r" $\varphi\log\frac\varphi t-\varphi+t\ge0$.",
            "entropy-variational",
        ),
        ProofStep(
            r"So a density $h$ costs $\sup h$ in the entropy and $\inf h$ in the energy: together $e^{\beta"
            r"\operatorname{osc}r}$.",
            "bounded-density",
        ),
        ProofStep(
            r"A convex function lies below its mean over a centred law: $c*\delta_\varepsilon\ge c$, so the"
            r" smooth laws dominate and the inequality passes to the limit.",
            "envelope-mollified",
        ),
        ProofStep(
            r"$\sigma_\theta(z)=\sigma(\theta z)$ has $\sigma_\theta''=\theta^2\sigma''(\theta z)$ and the range of"
            r" $\sigma$; $\operatorname{osc}r\le2\sup|r|\le2\bar q\lVert a\rVert_1\sup|\sigma-\sigma_\theta|$.",
            "envelope-flatter",
        ),
    ),
    Reference("holleystroock1987", ours=f"{NOTES}, Functional inequalities"),
    ("lemma.holley-stroock", "lemma.sgd-lemma-1"),
    claims=claims("sgd-log-sobolev", "sgd-plan"),
)

MEAN_FIELD_LSI = Lemma(
    "lemma.mean-field-log-sobolev",
    "the law of all neurons by the laws of one neuron given the others, with a defect",
    (LAW, LOSS, BOUNDED, MEAN_FIELD),
    r"\mathrm{KL}(\nu|\pi)\le\sum_j\mathbb E_\nu\mathrm{KL}(\nu_{j|-j}|\pi_{j|-j})+\Delta,\quad"
    r" \Delta=\tfrac\beta8(\operatorname{osc}\sigma)^2\lVert a\rVert_2^2,\qquad"
    r" \mathrm{FI}(\nu|\pi)\ge2\beta\min_j\alpha_0^{(j)}\,(\mathrm{KL}(\nu|\pi)-\Delta)",
    (
        ProofStep(
            r"$F(f)\ge F(f_*)+\langle u,f-f_*\rangle$, so $\log Z\le A=-\beta F(f_*)+\beta\langle u,f_*\rangle+\sum"
            r"\log z_j$.",
            "mean-field-partition",
        ),
        ProofStep(
            r"$\log Z_j(w_{-j})=\log\int e^{-V}dw_j\ge-\mathbb E_{m_j}V+h(m_j)$.",
            "gibbs-principle",
        ),
        ProofStep(
            r"$\ell(m+t)\le\ell(m)+\ell'(m)t+\frac{t^2}8$: $F(f)-F(f+\delta)\ge-\langle\nabla F(f),\delta\rangle"
            r"-\frac18a_j^2(\operatorname{osc}\sigma)^2$ for $\delta=\varphi_j(w')-\varphi_j(w_j)$.",
            "logistic-quadratic",
        ),
        ProofStep(r"Summed over $j$: $\langle\nabla F(f),f-f_*\rangle\ge F(f)-F(f_*)$.", "logistic-convex"),
        ProofStep(
            r"With $h(m_j)=\log z_j+\beta\,\mathbb E_{m_j}(\langle u,\varphi_j\rangle+\frac\lambda2\lVert w\rVert^2)$:"
            r" $\sum_j(V+\log Z_j)\ge V+A-\Delta$.",
            "mean-field-assembly",
        ),
        ProofStep(r"$\sum_jh(\nu_j|\nu_{-j})\le h(\nu)$ (Han).", "han"),
        ProofStep(
            r"$\partial_j\log$ of a law is that of its conditional law, so $\mathrm{FI}(\nu|\pi)=\sum_j\mathbb E"
            r"\,\mathrm{FI}(\nu_{j|-j}|\pi_{j|-j})$.",
            "conditional-score",
        ),
        ProofStep(r"Given the others $g$ moves by at most $\bar q|a_j|\operatorname{osc}\sigma$.", "loss-oscillation"),
    ),
    Reference("nitanda2024improved", ours=f"{NOTES}, Theorem 2"),
    ("lemma.holley-stroock-envelope", "lemma.sgd-lemma-1"),
    claims=claims("sgd-log-sobolev", "sgd-plan"),
)

MEAN_FIELD_GAP = Lemma(
    "lemma.mean-field-gap",
    "a spectral gap that the width does not see",
    (LAW, LOSS, DERIVATIVES),
    r"\lambda_s\ge\min_j\max\bigl\{m,\ \alpha_0^{(j)}-\tfrac14a_j^2M_1^2\lVert\Sigma_x\rVert\bigr\}",
    (
        ProofStep(
            r"$\int(\mathcal L\varphi)^2d\pi=\int(\lVert\nabla^2\varphi\rVert^2+\langle\nabla^2V\nabla\varphi,"
            r"\nabla\varphi\rangle)\,d\pi$: the difference is a divergence.",
            "bochner",
        ),
        ProofStep(
            r"A gap $\kappa$ says $\int(\mathcal L\varphi)^2\ge\kappa\int|\nabla\varphi|^2$, and conversely;"
            r" so for one neuron given the others.",
            "gap-squared",
        ),
        ProofStep(
            r"The part of Gauss and Newton is $\succeq0$: without its diagonal blocks it is at least minus these.",
            "block-diagonal",
        ),
        ProofStep(r"A diagonal block is at most $\frac14a_j^2M_1^2\lVert\Sigma_x\rVert$ in norm.", "form-outer"),
    ),
    Reference("bakry2014", ours=f"{NOTES}, A gap without a defect"),
    ("lemma.sgd-lemma-1", "lemma.holley-stroock-envelope"),
)

CONDITIONAL_NOISE = Lemma(
    "lemma.conditional-noise",
    "what is seen of a small bounded noise through a Gaussian one",
    (Hypothesis("noise", r"y=\sqrt\gamma n+z,\ \mathbb En=0,\ |n|\le b,\ \mathbb E|n|^2\le\sigma^2,\ z\sim N(0,I)"),),
    r"\mathbb E\bigl|\mathbb E[n|y]\bigr|^2\le\gamma\lVert\operatorname{Cov}n\rVert_F^2\,e^{\gamma(b^2+\sigma^2/2)}",
    (
        ProofStep(
            r"$q=\mathbb Ep_n\ge\exp(\mathbb E\log p_n)=p_0e^{-\gamma\mathbb E|n|^2/2}$ (Jensen).", "noise-density"
        ),
        ProofStep(
            r"$q\,\mathbb E[n|y]=\mathbb E\,n(p_n-p_0)$, and $\int\frac{(p_n-p_0)(p_{n'}-p_0)}{p_0}=e^{\gamma"
            r"\langle n,n'\rangle}-1$.",
            "noise-overlap",
        ),
        ProofStep(r"$x(e^{\gamma x}-1)\le\gamma x^2e^{\gamma b^2}$ for $|x|\le b^2$.", "noise-exponential"),
        ProofStep(
            r"$\mathbb E\langle n,n'\rangle^2=\lVert\operatorname{Cov}n\rVert_F^2$ for an independent copy.",
            "moment-frobenius",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Lemma 4"),
    ("lemma.sgd-lemma-1",),
    claims=claims("sgd-descent", "sgd-plan"),
)

RECURSION = Lemma(
    "lemma.noisy-sgd-recursion",
    "one step of noisy descent in relative entropy",
    (SCHEME, STEP, Hypothesis("inequality", r"\mathrm{FI}(\nu|\pi)\ge2\beta\alpha_0(\mathrm{KL}(\nu|\pi)-\Delta)")),
    r"\mathrm{KL}_{k+1}-\Delta\le e^{-\alpha_0\eta}(\mathrm{KL}_k-\Delta)+\tfrac12(\sqrt{\mathcal A}"
    r"+\sqrt{\mathcal B})^2",
    (
        ProofStep(
            r"$\partial_t\rho=\nabla\cdot(\rho\nabla\log\frac\rho\pi)-\nabla\cdot(\rho(\nabla V-\hat b))$, so"
            r" $\dot{\mathrm{KL}}=-\mathrm{FI}+\int\langle\nabla V-\hat b,\nabla\log\frac\rho\pi\rangle\rho\le"
            r"-\frac12\mathrm{FI}+\frac12\mathbb E|\nabla V-\hat b|^2$.",
            "entropy-flow",
        ),
        ProofStep(r"$-\bar H\preceq H\preceq\bar H$ gives $|Hd|^2\le\lVert\bar H\rVert\,d^\top\bar Hd$.", "sandwich"),
        ProofStep(
            r"$\int_0^{\eta/\beta}\beta^2\Lambda[t^2\beta^2\Lambda S+2tT]\,dt=\mathcal A$ with"
            r" $S=(\lambda\sqrt{\bar R}+G)^2+\sigma^2$ and $\mathbb E\,\xi^\top\bar H\xi=T$.",
            "step-cost",
        ),
        ProofStep(
            r"With $\gamma=\frac12\beta^2t\le\frac12\eta\beta$:"
            r" $\int_0^{\eta/\beta}\beta^2\,\mathbb E|\mathbb E[n|x_t]|^2dt\le\mathcal B$.",
            "noise-cost",
        ),
        ProofStep(r"Minkowski: $(\int\mathbb E|u-v|^2)^{1/2}\le\sqrt{\mathcal A}+\sqrt{\mathcal B}$.", "two-sources"),
        ProofStep(
            r"Grönwall over the time $\eta/\beta$ at the rate $\beta\alpha_0$; the sum of the costs is at most the"
            r" fixed point.",
            "entropy-sum",
        ),
    ),
    Reference("vempala2019rapid", ours=f"{NOTES}, Theorem 3"),
    ("lemma.sgd-lemma-1", "lemma.noisy-sgd-moments", "lemma.conditional-noise"),
    claims=claims("sgd-descent", "sgd-plan"),
)

TRANSFER = Lemma(
    "lemma.one-neuron-transfer",
    "from relative entropy to the loss by integrals over one neuron",
    (LAW, LOSS, BOUNDED, MEAN_FIELD, Hypothesis("tilt", r"0<t<\beta")),
    r"\mathbb E_\rho L\le\tfrac1t\bigl[\mathrm{KL}(\rho|\pi)+\log\tfrac{Z(\beta-t)}{Z(\beta)}\bigr],\quad"
    r" A\ge\log Z\ge-\beta\bigl[F(f_*)+\tfrac1{32}(\operatorname{osc}\sigma)^2\lVert a\rVert_2^2+\tfrac\lambda2"
    r"\textstyle\sum\mathbb E_{m_j}\lVert w\rVert^2\bigr]+\sum h(m_j)",
    (
        ProofStep(
            r"$t\,\mathbb E_\rho L\le\mathrm{KL}(\rho|\pi)+\log\mathbb E_\pi e^{tL}$, and"
            r" $\mathbb E_\pi e^{tL}=Z(\beta-t)/Z(\beta)$.",
            "gibbs-principle",
        ),
        ProofStep(r"$\log Z\le A$ as in Theorem 2.", "mean-field-partition"),
        ProofStep(
            r"$\mathbb E F\le F(f_*)+\frac18\sum\omega_i\operatorname{Var}f_i$ under $\otimes m_j$.",
            "logistic-quadratic",
        ),
        ProofStep(
            r"$\operatorname{Var}f_i\le\frac14\lVert a\rVert_2^2(\operatorname{osc}\sigma)^2$ (Popoviciu).",
            "popoviciu",
        ),
        ProofStep(
            r"$L\ge F(f_*)-\langle u,f_*\rangle+\sum_j(\langle u,\varphi_j(w_j)\rangle+\frac\lambda2\lVert"
            r" w_j\rVert^2)$ bounds $\inf L$.",
            "logistic-convex",
        ),
    ),
    Reference("nitanda2024improved", ours=f"{NOTES}, Proposition 7"),
    ("lemma.mean-field-log-sobolev",),
)

LEMMAS = (ENVELOPE, MEAN_FIELD_LSI, MEAN_FIELD_GAP, CONDITIONAL_NOISE, RECURSION, TRANSFER)
