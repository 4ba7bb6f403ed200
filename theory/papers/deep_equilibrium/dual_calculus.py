"""The calculus of dual activations as claims, shared by the deep equilibrium models: C1 to C6, C15, C27 to C29."""

from __future__ import annotations

from ...claims.claim import Claim, Hypothesis
from ...verdict import Argument
from .population import COMMON_NORM, Family
from .training import SECOND_DERIVATIVE

NOTES = "docs/papers/deep_equilibrium/dual-calculus.md"
EQUIVALENT_NOTES = "docs/papers/deep_equilibrium/high-dimensional.md"
CONVENTIONS_NOTES = "docs/ntk-conventions.md"

SQUARE_INTEGRABLE = Hypothesis(
    "square-integrable", r"\mathbb E\,\phi(u)^2 < \infty \text{ at the variances of the inputs}"
)
ABSOLUTELY_CONTINUOUS = Hypothesis(
    "absolutely-continuous", r"\phi \text{ absolutely continuous},\ |\phi'(x)| \le A(1+|x|)^k e^{B|x|}"
)
CLOSED_FORM = Hypothesis(
    "closed-form", r"\text{a closed form of } \hat\phi \text{ is known to the rules of derivation}"
)
GELU = Hypothesis("gelu", r"\phi(x) = x\Phi(x)")
HOMOGENEOUS = ("deq-relu",)
"""Systems with ReLU alone: neither GELU nor the equivalent, which asks for a second derivative, concerns them."""


def dual_calculus_claims(family: Family) -> tuple[Claim, ...]:
    """C1 to C6, C15, C27 to C29 for one system, in this order.

    >>> [c.label for c in dual_calculus_claims(Family("deq-general", "truong2023deq", ""))][:3]
    ['C1', 'C2', 'C3']
    """
    smooth = () if family.system in HOMOGENEOUS else (_gelu(family),)
    equivalent = () if family.system in HOMOGENEOUS else _equivalent(family)
    return (*_expansions(family), *smooth, _khatri_rao(family), *equivalent, *_tangent(family))


def _expansions(family: Family) -> tuple[Claim, ...]:
    claim = family.claim
    return (
        claim(
            "mehler",
            "C1",
            "Mehler's expansion of the dual activation, with its tail",
            (SQUARE_INTEGRABLE,),
            r"\mathbb E\,\phi(u)\phi(v) = \sum_{r\ge0} \mu_r(\sqrt a)\,\mu_r(\sqrt b)\,\rho^r,\quad"
            r" \Bigl|\sum_{r>R}\Bigr| \le |\rho|^{R+1}\sqrt{\tau_R(a)\,\tau_R(b)},\quad"
            r" \tau_R(a) = \mathbb E\,\phi(u)^2 - \sum_{r\le R}\mu_r(\sqrt a)^2",
            method="dual-mehler",
            control="every coefficient taken at the correlation moved by 1e-9",
            section="Mehler's expansion",
            notes=NOTES,
            key="daniely2016",
        ),
        claim(
            "price",
            "C2",
            "Price's theorem: the derivative of the dual is the dual of the derivative",
            (ABSOLUTELY_CONTINUOUS,),
            r"\partial_c\,\hat\phi(a,b,c) = \hat{\phi'}(a,b,c)",
            method="dual-price",
            control="the dual of the derivative times 1 + 1e-6",
            section="Price's theorem",
            notes=NOTES,
            key="price1958",
            uses=("mehler",),
        ),
        claim(
            "order-recurrence",
            "C3",
            "Hermite coefficients of an activation and of its derivative",
            (ABSOLUTELY_CONTINUOUS,),
            r"\sqrt r\,\mu_r(\phi;\sigma) = \sigma\,\mu_{r-1}(\phi';\sigma)",
            method="hermite-order-recurrence",
            control="the right side times 1 + 1e-9",
            section="Recurrence in the order",
            notes=NOTES,
            key="stein1981",
        ),
        claim(
            "scale-recurrence",
            "C4",
            "how Hermite coefficients move with the scale",
            (ABSOLUTELY_CONTINUOUS,),
            r"\sigma\,\mu_r'(\sigma) = r\,\mu_r(\sigma) + \sqrt{(r+1)(r+2)}\,\mu_{r+2}(\sigma)",
            method="hermite-scale-recurrence",
            control="the factor r + 1/1000 in place of r",
            section="Recurrence in the scale",
            notes=NOTES,
            key="stein1981",
            uses=("order-recurrence",),
        ),
        claim(
            "dual-closed-form",
            "C5",
            "the closed form of the dual activation, derived line by line",
            (CLOSED_FORM, SQUARE_INTEGRABLE),
            r"\hat\phi(a,b,c) = \mathbb E\,\phi(u)\phi(v) \text{ in elementary functions, } \operatorname{erf},"
            r" \Phi \text{ and } \Phi_2 \text{ of } a, b > 0 \text{ and } c,\ c^2 < ab",
            method="dual-closed-form",
            control="the closed form times 1 + 1e-9",
            section="Closed forms",
            notes=NOTES,
            key="daniely2016",
            uses=("price",),
            argument=Argument.SYMBOLIC,
        ),
    )


def _gelu(family: Family) -> Claim:
    return family.claim(
        "gelu-dual",
        "C6",
        "the dual activation of GELU at unequal variances",
        (GELU,),
        r"\hat\phi = \frac c4 + \frac c{2\pi}\arctan\frac c{\sqrt\Delta}"
        r" + \frac{ab\Delta + c^2}{2\pi(1+a)(1+b)\sqrt\Delta},\qquad \Delta = (1+a)(1+b) - c^2",
        method="dual-gelu",
        control="the same formula with c/(2 pi) replaced by c/6",
        section="GELU",
        notes=NOTES,
        key="daniely2016",
        uses=("dual-closed-form",),
        argument=Argument.SYMBOLIC,
    )


def _khatri_rao(family: Family) -> Claim:
    return family.claim(
        "khatri-rao",
        "C15",
        "Schur powers of the input Gram matrix are Gram matrices of Khatri-Rao powers",
        (),
        r"C^{\circ r} = (\hat X^{*r})^\top \hat X^{*r}",
        method="khatri-rao",
        control="the Khatri-Rao power with two coordinates of one input exchanged",
        section="Khatri-Rao powers",
        notes=NOTES,
        key="schur1911",
    )


def _equivalent(family: Family) -> tuple[Claim, ...]:
    claim = family.claim
    return (
        claim(
            "high-dimensional",
            "C27",
            "the equations of the high-dimensional equivalent are the Taylor expansion of the fixed point",
            (*family.well_posed, SECOND_DERIVATIVE),
            r"\tau_*^2 = \sigma_a^2\,\mathbb E\,\phi(\tau_*\xi)^2 + \sigma_b^2\tau_0^2,\;"
            r" \alpha_1 = \frac{\sigma_b^2d_1^2}{1-\sigma_a^2d_1^2},\;"
            r" \alpha_2 = \frac{d_2^2\alpha_4^2}{4(1-\sigma_a^2d_1^2)},\;"
            r" \alpha_3 = \frac{d_2^2(\sigma_a^2\alpha_1+\sigma_b^2)^2}{2(1-\sigma_a^2d_1^2)},\;"
            r" \alpha_4 = \frac{\sigma_b^2}{1-\frac{\sigma_a^2}2\mathbb E(\phi^2)''(\tau_*\xi)}",
            method="high-dimensional",
            control="alpha_3 without its factor 1/2, and alpha_1 times 1 + 1e-3",
            section="Taylor expansion of the fixed point",
            notes=EQUIVALENT_NOTES,
            key="ling2024equivalence",
            provenance="the abstract speaks of four nonlinear equations; the formulas are our own derivation, for the"
            " activation minus its mean",
            uses=("price",),
        ),
        claim(
            "high-dimensional-norm",
            "C27'",
            "the equivalent approaches the kernel of a high-dimensional Gaussian mixture",
            (),
            r"n^{-1/2}\|G^* - \bar G\|_F \asymp p^{-1/2},\qquad"
            r" \|G^* - \bar G\|_2 = O\bigl(\sqrt{\log p/p}\bigr),\qquad n/p \text{ fixed},\ \mathbb E(\phi^2)'' \ne 0",
            method="high-dimensional-norm",
            control="the equivalent without its quadratic term, alpha_3 = 0",
            section="The error",
            notes=EQUIVALENT_NOTES,
            key="ling2024equivalence",
            published="spectral norm O(p^(-1/2)) (recalled, not read)",
            provenance="the diagonal alone has max|chi_i| of order sqrt(log(n)/p), hence our logarithm",
            statistical=True,
            activation_free=True,
        ),
    )


def _tangent(family: Family) -> tuple[Claim, ...]:
    claim = family.claim
    return (
        claim(
            "tangent-conventions",
            "C28",
            "the four kernels called NTK, and their relations",
            (*family.well_posed, COMMON_NORM),
            r"\mathrm{N3} = G + \dot G\circ\mathrm{N1},\qquad \mathrm{N2} - G = w\,(\mathrm{N4} - G),\qquad w ="
            r" 2\sigma_w^2",
            method="tangent-conventions",
            control="the pre-activation kernel N1 taken for the readout kernel N3",
            section="Deep equilibrium models",
            notes=CONVENTIONS_NOTES,
            key="ling2024equivalence",
        ),
        claim(
            "nngp-to-ntk",
            "C29",
            "from the coefficients of the NNGP kernel to those of the tangent kernel",
            (ABSOLUTELY_CONTINUOUS,),
            r"\kappa(c) = \sum_r b_r^2c^r \implies \kappa(c) + c\,\kappa'(c) = \sum_r (1+r)\,b_r^2\,c^r",
            method="nngp-to-ntk",
            control="the factor r in place of 1 + r",
            section="Finite depth",
            notes=CONVENTIONS_NOTES,
            key="daniely2016",
            uses=("price",),
        ),
    )
