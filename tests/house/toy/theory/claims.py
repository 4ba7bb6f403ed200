r"""The linear network :math:`z_i = Wx_i`, whose limit is the Gram matrix of the inputs.

The statement has a complete proof in ``docs/papers/toy/proofs.md``.
"""

from __future__ import annotations

from ...claims.claim import Hypothesis, Source
from ...claims.system import System
from ...verdict import Argument

SOURCE = Source("toy", "toy2024linear", "docs/papers/toy/proofs.md")
POINTS = Hypothesis("points", r"x_1,\dots,x_n\in\mathbb R^d \text{ are given}")

SYSTEM = System(
    name="toy",
    title="Linear networks",
    paper="toy2024linear",
    model=r"K_{ij}=\tfrac1d\langle x_i,x_j\rangle",
    parameters=(),
    claims=(
        SOURCE.claim(
            "cauchy-schwarz",
            "T1",
            "no entry is larger than the diagonal allows",
            (POINTS,),
            r"K_{ij}^2\le K_{ii}K_{jj} \text{ for all } i, j",
            method="toy-cauchy-schwarz",
            control="the right side times 1 - 1e-9",
            section="The entries",
            argument=Argument.DIRECT,
        ),
    ),
    default_activations=("identity",),
    fixed=True,
)
