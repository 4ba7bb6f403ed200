"""How wide is wide enough: the claims about networks of a finite width with explicit constants (T0 to T2)."""

from __future__ import annotations

from ...claims.claim import Claim, Hypothesis
from ...claims.system import Parameter
from .population import FEEDBACK, Family

NOTES = "docs/papers/deep_equilibrium/width.md"

WIDTH_RANGE = Hypothesis("width-range", r"\sigma_w^2 < 1/(8L^2)")
DEFINITE = Hypothesis("definite", r"\lambda_* > 0")

WIDTH_PARAMETERS = (
    Parameter(
        "delta",
        "1/20",
        "probability with which a statement about random networks may fail, at most 1/5",
        sampled=False,
    ),
)


def width_claims(family: Family) -> tuple[Claim, ...]:
    """The bias, the Gram matrix and the whitened Gram matrix of networks of a finite width, in this order."""
    claim, well_posed = family.claim, (FEEDBACK, *family.well_posed, WIDTH_RANGE)
    return (
        claim(
            "width-bias",
            "T0",
            "the mean of the Gram matrix of networks of a finite width, with explicit constants",
            well_posed,
            r"|\mathbb E\,\mathsf G_{ij} - K_{ij}| \le D_{ij}(m) \le \tfrac1{100}\max_k K_{kk}"
            r"\quad\text{for all } i, j \text{ and every } m \ge m_b,"
            r"\quad \mathsf G = G_m \text{ where } L\|W\|_2 \le a(m) < 1;\quad D_{ij} = O(1/m) \text{ for Lipschitz }"
            r" \phi',\ O(m^{-1/2}) \text{ else}",
            method="deq-width-bias",
            control="the bound divided by 1.01, for an affine network of one neuron whose mean is known",
            section="The bias",
            notes=NOTES,
            published="with high probability for large widths, without constants",
            provenance="published without constants; ours are explicit, and evaluated",
            uses=("variance-contraction", "correlation-contraction"),
        ),
        claim(
            "width-gram",
            "T1",
            "from a width that is computed on, half of the least eigenvalue remains with the stated probability",
            (*well_posed, DEFINITE),
            r"\mathbb P\bigl(\|G_m - K\|_F \le \tfrac12\lambda_*,\ \lambda_{\min}(G_m) \ge \tfrac12\lambda_*\bigr)"
            r" \ge 1 - \delta \quad\text{for every } m \ge m_0",
            method="deq-width-gram",
            control="two thirds of the spread and 99 percent of the slope, for a linear layer whose law is known",
            section="Fluctuations",
            notes=NOTES,
            published="lambda_0 >= m lambda_*/2 with high probability",
            provenance="published without constants; ours are explicit, and evaluated",
            uses=("width-bias", "least-eigenvalue", "weight-norm"),
        ),
        claim(
            "width-whitened",
            "T2",
            "from a width linear in 1/lambda_* on, the whole spectrum is kept up to a half with the stated probability",
            (*well_posed, DEFINITE),
            r"\mathbb P\bigl(\|K^{-1/2}(G_m - K)K^{-1/2}\|_2 \le \tfrac12\bigr) \ge 1 - \delta"
            r" \quad\text{for every } m \ge m_0,\quad m_0 \approx 200\,\ell^2\,n\,\|2\sigma_w^2K + 2C\|_2/\lambda_*",
            method="deq-width-whitened",
            control="the exponent of the tail doubled, for a linear layer whose law is chi-square",
            section="The whitened theorem",
            notes=NOTES,
            published="lambda_0 >= m lambda_*/2 with high probability",
            provenance="published without constants and with 1/lambda_*^2; ours are explicit, and evaluated",
            uses=("width-bias", "least-eigenvalue", "weight-norm"),
        ),
    )
