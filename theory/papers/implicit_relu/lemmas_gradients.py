"""Gradients of an implicit ReLU network, and its tangent kernel."""

from __future__ import annotations

from ...claims.claim import Hypothesis, Reference
from ...claims.lemma import Lemma, ProofStep
from .lemmas import NOTES, PAPER, WELL_POSED, claims

GRADIENTS = Lemma(
    "lemma.relu-gradients",
    "gradients of an implicit ReLU network, and the four parts of its tangent kernel",
    (
        WELL_POSED,
        Hypothesis("no-kink", r"\tilde\gamma Az_i+\varphi_i\text{ and }Wx_i\text{ without a zero entry}"),
        Hypothesis("adjoint", r"q_i=D_i(I-\tilde\gamma A^\top D_i)^{-1}u,\ p_i=E_i(q_i+v)"),
    ),
    r"\nabla_vL=\Phi e,\quad\nabla_uL=Ze,\quad\nabla_AL=\tilde\gamma\sum_ie_iq_iz_i^\top,\quad"
    r" \nabla_WL=\tfrac1{\sqrt m}\sum_ie_ip_ix_i^\top;\qquad H=\Phi^\top\Phi+Z^\top Z"
    r"+\tilde\gamma^2(Q^\top Q)\circ(Z^\top Z)+\tfrac1m(P^\top P)\circ(XX^\top)\succeq\Phi^\top\Phi",
    (
        ProofStep(
            r"The sign patterns are constant nearby, so $z=D(\tilde\gamma Az+\varphi)$ is linear, and"
            r" $dz=(I-\tilde\gamma DA)^{-1}D(\tilde\gamma\,dA\,z+d\varphi)$ solves its differential; the inverse"
            r" exists, as"
            r" $\lVert\tilde\gamma DA\rVert_2<1$.",
            "relu-differential",
        ),
        ProofStep(
            r"$\bigl((I-\tilde\gamma DA)^{-1}D\bigr)^\top=D(I-\tilde\gamma A^\top D)^{-1}$, so $u^\top dz=q^\top"
            r"(\tilde\gamma\,dA\,z+d\varphi)$.",
            "relu-adjoint",
        ),
        ProofStep(
            r"With $d\varphi=m^{-1/2}E\,dW\,x$ the sum $dL=\sum_ie_i\,d\hat y_i$ is the inner product of the stated"
            r" gradients with $(dv,du,dA,dW)$.",
            "relu-gradient-sum",
        ),
        ProofStep(
            r"$H_{ij}$ is the inner product of the gradients of $\hat y_i$ and $\hat y_j$; the parts of $v,u,A,W$ are"
            r" the"
            r" four matrices.",
            "relu-tangent-parts",
        ),
        ProofStep(
            r"Gram matrices and their Schur products are positive semidefinite.",
            "relu-tangent-order",
        ),
    ),
    Reference(PAPER, ours=f"{NOTES}, Gradients"),
    ("lemma.implicit-resolvent", "lemma.schur-order"),
    claims=claims("gradients", "tangent-order"),
)

LEMMAS = (GRADIENTS,)
