"""Training of wide random networks, end to end: gradient descent and the gradient flow with explicit widths (T3)."""

from __future__ import annotations

from ...claims.claim import Claim
from .population import FEEDBACK, Family
from .training import SECOND_DERIVATIVE, THEOREM
from .width import DEFINITE, NOTES, WIDTH_RANGE

EVENT = (
    r"\quad\text{for every } m \ge m_1,\quad \underline\lambda = (1-\eta_w)\,m\lambda_*,\quad"
    r" E_0 = \sqrt n\max_i|y_i| + \sqrt{(1+\eta_w)\operatorname{tr}K} + t\sqrt{(1+\eta_w)\|K\|_2},\quad"
    r" t = \sqrt{2\log(6/\delta)}"
)


def width_training_claims(family: Family) -> tuple[Claim, ...]:
    """Gradient descent and the gradient flow from a random start, in this order."""
    claim, given = family.claim, (FEEDBACK, *family.well_posed, WIDTH_RANGE, DEFINITE)
    return (
        claim(
            "width-descent",
            "T3",
            "from a computed width on, gradient descent from a random start converges with the stated probability",
            (*given, SECOND_DERIVATIVE),
            r"\mathbb P\Bigl(\Phi_\tau \le \bigl(1 - \tfrac12\eta\underline\lambda\bigr)^\tau\,\tfrac12E_0^2,"
            r"\ L\|W(\tau)\|_2 < 1 \text{ for all } \tau \ge 0,\ \eta \le 1/\beta_m\Bigr) \ge 1 - \delta" + EVENT,
            method="deq-width-descent",
            control="half of t in the outputs at the start, for one neuron whose law is known; labels far away",
            section="End to end",
            notes=NOTES,
            published=THEOREM,
            provenance="published with unspecified constants; ours are explicit, and evaluated",
            uses=("width-whitened", "gradient-descent", "least-eigenvalue"),
        ),
        claim(
            "width-flow",
            "T3'",
            "from a computed width on, the gradient flow from a random start converges with the stated probability",
            given,
            r"\mathbb P\Bigl(\Phi(t) \le e^{-\underline\lambda t}\,\tfrac12E_0^2 \text{ for all } t \ge 0"
            r" \text{ and every solution of } \dot\theta \in -\partial\Phi(\theta)\Bigr) \ge 1 - \delta" + EVENT,
            method="deq-width-flow",
            control="half of t in the output weights at the start, for one neuron whose law is known; labels far away",
            section="End to end",
            notes=NOTES,
            published=THEOREM,
            provenance="published with unspecified constants; ours are explicit, and evaluated",
            uses=("width-whitened", "gradient-flow", "least-eigenvalue"),
        ),
    )
