"""Residual networks in an RKHS: the recipe end to end, and the limit of depth.

The proofs are in ``docs/papers/resnet_rkhs/recipe.md``; the constants are ours.
"""

from __future__ import annotations

from ...claims.claim import Source
from .hypotheses import ADMISSIBLE, TRAINING, TRANSLATION, WELL_POSED

SOURCE = Source("resnet-rkhs", "barboni2022resnets", "docs/papers/resnet_rkhs/recipe.md", "the constants are ours")

RECIPE_CLAIMS = (
    SOURCE.claim(
        "lazy-descent",
        "R-1",
        "gradient descent on random features converges at a finite depth, for every readout above a threshold",
        (*WELL_POSED, TRAINING),
        r"B = \beta(0\; I),\ BA = 0,\ v_0 = 0,\ 0 < \theta < 1,\ "
        r"\beta > \beta_0 = \frac{\sqrt8 N\kappa_0\kappa_1\sqrt{L_0}\,e^c}{(\theta - \theta^2/2)\lambda'},\ "
        r"\eta \le \frac1S \implies L_{k+1} \le \Bigl(1 - \frac{\eta\mu}2\Bigr)L_k,\ \|v_k\| < R",
        method="resnet-lazy-descent",
        control="the step 32/S, with which the loss rises",
        section="Gradient descent at a finite depth",
        uses=("feature-admissibility", "gradient"),
    ),
    SOURCE.claim(
        "leverage-features",
        "R-1'",
        "frequencies drawn by leverage keep the spectrum, in a number that depends on no eigenvalue",
        (TRANSLATION, ADMISSIBLE, TRAINING),
        r"\omega_j \sim \tfrac12p\,(1 + \ell/N) \text{ with weights } w = 2/(1 + \ell/N),\ \ell = u^*K^{-1}u,\ "
        r"m \ge \frac{2N}{h(\varepsilon)}\log\frac{2N}\tau \implies "
        r"\mathbb P\bigl((1 - \varepsilon)K \preceq K_m \preceq (1 + \varepsilon)K\bigr) \ge 1 - \tau",
        method="resnet-leverage-features",
        control="four fifths of the count, which fails more often",
        section="How many frequencies",
        uses=("least-eigenvalue",),
    ),
    SOURCE.claim(
        "depth-limit",
        "R-2",
        "the network of D layers differs from the infinitely deep one by at most C/D",
        (TRANSLATION, ADMISSIBLE),
        r"\|v\| \le R,\ v_l = D\int_{l/D}^{(l+1)/D} v_t\,dt \implies "
        r"|F_D - F_\infty| \le \frac{b\,C_z}D,\qquad C_z = \tfrac12\kappa_0\kappa_1R^2e^{\kappa_1R}",
        method="resnet-depth-limit",
        control="a quarter of the constant, on a network that nearly attains half of it",
        section="Depth",
        uses=("admissibility",),
    ),
)
