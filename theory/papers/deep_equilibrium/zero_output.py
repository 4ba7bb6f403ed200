"""Gradient descent from zero or small outputs, for any Lipschitz activation: the claims of every equilibrium model."""

from __future__ import annotations

from dataclasses import replace

from ...claims.claim import Claim, Hypothesis
from ...claims.system import OUTPUT_WORDS, Parameter
from .population import FEEDBACK, LIPSCHITZ, Family
from .training import CONTRACTS, THEOREM
from .width import DEFINITE, WIDTH_RANGE

NOTES = "docs/papers/deep_equilibrium/descent.md"

SMALL_OUTPUTS = Hypothesis(
    "small-outputs",
    r"\ell_0^2\,(\|Z_0\|_2^2 + \|X\|_2^2)\,\|a(0)\|^2 < \lambda_0,\quad \ell_0 = L/(1 - L\|W(0)\|_2)",
)
SMALL_LABELS = Hypothesis(
    "small-labels",
    r"\text{(R), (H1) and (H2) hold for some } a_* < 1 \text{ and } N",
)
MADE_OUTPUTS = replace(SMALL_OUTPUTS, name="made-small-outputs")
MADE_LABELS = replace(SMALL_LABELS, name="made-small-labels")
"""The same conditions for labels that are made small."""
ZERO_OUTPUTS = Hypothesis("zero-outputs", r"a(0) = 0")

ZERO_OUTPUT_PARAMETERS = (
    Parameter(
        "output_init",
        "zero",
        "what the outputs of the networks start from in the claims on zero and small outputs: N(0, 1/m) times this"
        " number; zero is 0, small is 1/1024, standard is 1, with which the other claims train",
        sampled=False,
        words=OUTPUT_WORDS,
    ),
)

CONCLUSION = (
    r"0 < \eta \le \frac2{N^2 + \lambda} \implies \|e_{k+1}\| \le (1 - \eta c)\,\|e_k\|,\quad"
    r" L\|W_k\|_2 \le a_*,\quad \|Z_k\|_2 \le N,\quad"
    r" \lambda_{\min}(Z_k^\top Z_k) \ge \bigl(\sqrt\lambda - J\mathcal M\bigr)^2 \quad\text{for all } k"
)


def zero_output_claims(family: Family) -> tuple[Claim, ...]:
    """D4, D4m and D5 for one system, in this order."""
    claim = family.claim
    return (
        claim(
            "zero-output-descent",
            "D4",
            "gradient descent from zero or small outputs converges for every Lipschitz activation, on the study's data",
            (LIPSCHITZ, CONTRACTS, SMALL_OUTPUTS, SMALL_LABELS),
            CONCLUSION,
            method="deq-zero-output-descent",
            control="outputs four times the standard law, which no constants admit",
            section="The theorem",
            notes=NOTES,
            published=THEOREM,
            provenance="published for standard outputs with unspecified constants; ours starts from zero or small ones",
        ),
        claim(
            "made-zero-output",
            "D4m",
            "the same on few inputs with labels made small, every inequality of the proof checked at every step",
            (LIPSCHITZ, CONTRACTS, MADE_OUTPUTS, MADE_LABELS),
            CONCLUSION,
            method="deq-made-zero-output",
            control="twice the largest step, which is rejected, and with which the loss grows",
            section="The theorem",
            notes=NOTES,
            published=THEOREM,
            provenance="published for standard outputs with unspecified constants; ours starts from zero or small ones",
        ),
        claim(
            "zero-output-width",
            "D5",
            "from a width that is computed on, descent from zero outputs converges with the stated probability",
            (FEEDBACK, *family.well_posed, WIDTH_RANGE, DEFINITE, ZERO_OUTPUTS),
            r"\mathbb P\Bigl(L_k \le \bigl(1 - \tfrac12\eta m\lambda_*\bigr)^{2k} L_0 \text{ for all } k\Bigr)"
            r" \ge 1 - \delta \quad\text{for every } m \ge m_1 \text{ and } 0 < \eta \le \eta_*(m)",
            method="deq-zero-output-width",
            control="0.1 in place of 10.5 in the corollary: one neuron that then overshoots",
            section="The composed statement",
            notes=NOTES,
            published="width and step size with unspecified constants",
            provenance="published without constants for standard outputs; ours are explicit, and evaluated",
            uses=("width-whitened", "least-eigenvalue"),
        ),
    )
