"""The hypotheses that several claims about two-layer networks with logistic loss share."""

from __future__ import annotations

from ...claims.claim import Hypothesis

SMOOTH = Hypothesis("smooth", r"\sigma \in C^\infty(\mathbb R)")
SLOPE = Hypothesis("bounded-slope", r"M_1 = \sup|\sigma'| < \infty")
BEND = Hypothesis("bounded-bend", r"M_2 = \sup|\sigma''| < \infty")
REGULARISED = Hypothesis("regularised", r"\lambda > 0")
BOUNDED = Hypothesis("bounded", r"\sup|\sigma| < \infty")
TAME = Hypothesis("bounded-or-homogeneous", r"\sup|\sigma| < \infty \text{ or } \sup_z|\sigma(z)-z\sigma'(z)| < \infty")
NAMED = Hypothesis("closed-form", r"\sigma \text{ is the logistic function, tanh or erf}")
RADIAL = Hypothesis("radial", r"\sup_z|z\sigma'(z)| < \infty \text{ or } \sup_z|\sigma(z)-z\sigma'(z)| < \infty")

DERIVATIVES = (SMOOTH, SLOPE, BEND)
