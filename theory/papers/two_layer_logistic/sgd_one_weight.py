"""Plain mini-batches below the threshold of convexity: no theorem of global convergence."""

from __future__ import annotations

from ...claims.claim import Source

SOURCE = Source(
    "two-layer-logistic",
    "gopalani2023logistic",
    "docs/papers/two_layer_logistic/sgd-one-weight.md",
    "a counterexample of ours: the published theorem for mini-batches asks for a threshold",
)

ONE_WEIGHT_CLAIMS = (
    SOURCE.claim(
        "sgd-trapped",
        "C29",
        "plain mini-batch descent can stay in a poor well for ever, whatever is sampled",
        (),
        r"\sigma=\tanh,\ a=2,\ \lambda=\tfrac1{100},\ 3\times(3,+1),\ 7\times(\tfrac12,-1),\ b=9"
        r" \text{ without replacement},\ 0<\eta\le8,\ W_0\in[-3,-\tfrac32] \implies"
        r" W_k\in[-3,-\tfrac32],\ L(W_k)-\inf L\ge0.1406 \text{ for all } k",
        method="sgd-trapped",
        control="the same with the right end at -1/2",
        section="Plain mini-batches that are trapped",
        activation_free=True,
    ),
)
