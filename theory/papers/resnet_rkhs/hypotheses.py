"""What the claims about residual networks in an RKHS assume."""

from __future__ import annotations

from ...claims.claim import Hypothesis

TRANSLATION = Hypothesis("translation-invariant", r"k(z, z') = k(\|z - z'\|),\ k(0) = 1")
ADMISSIBLE = Hypothesis("admissible", r"\kappa_0, \kappa_1 < \infty")
STRONG = Hypothesis("strongly-admissible", r"\kappa_2 < \infty")
DISTINCT = Hypothesis("distinct", r"x^i \ne x^j \text{ for } i \ne j")
SEVERAL = Hypothesis("several-points", r"N \ge 2")
TRAINING = Hypothesis("training-distinct", r"x^i \ne x^j \text{ for the training points } i \ne j")
READOUT = Hypothesis("readout", r"\sigma_{\min}(A) > 0 \text{ and } \sigma_{\min}(B^T) > 0")
INVERTIBLE = Hypothesis("invertible-layers", r"\kappa_1 \|v\| < \sqrt D")
SMALL_LOSS = Hypothesis("small-loss", r"L(v^0) < \tfrac14 R^2 \mu(\|v^0\| + R) \text{ for some } R > 0")
SMALL_LOSS_DESCENT = Hypothesis("small-loss-descent", r"4\sqrt{L_0/\mu(R)} < R \text{ for some } R > 0")
SMALL_LOSS_MADE = Hypothesis(
    "small-loss-made",
    r"L(v^0) < \tfrac14 R^2 \mu(\|v^0\| + R) \text{ at the scale, the lift and the } R \text{ of B13}",
)
STEP = Hypothesis("step-size", r"\eta \le 1/\beta(R)")
STEP_MADE = Hypothesis("step-size-made", r"\eta \le 1/\beta \text{ at the scale and the lift of the recipe}")
LAZY = Hypothesis("lazy", r"2\sqrt{L_0/\mu} < R \text{ with the constants of the features}")

WELL_POSED = (TRANSLATION, ADMISSIBLE, READOUT)
