"""The claims about one kernel matrix that no paper makes: what ``certify`` says of kernels of plain deep networks."""

from __future__ import annotations

from types import MappingProxyType

from .claim import Claim, Source
from .system import systems

KERNELS = MappingProxyType(
    {
        "nngp": "NNGP kernel of a fully connected network with any depth, activations and variances",
        "ntk": "neural tangent kernel of the same network, in one of the four conventions",
        "kernel": "kernel by name, or a sum or product of such (docs/kernels.md)",
    }
)
"""The systems that such a certificate can name, and what their kernels are."""

LEAST_EIGENVALUE: Claim = Source("kernel", "", "docs/theory/deep-networks.md").claim(
    "least-eigenvalue",
    "K1",
    "The least eigenvalue of a kernel matrix is at least the bound given",
    (),
    r"\lambda_{\min}(K) \ge \text{bound}",
    method="certify",
    control="a bound above the least eigenvalue is REFUTED",
    section="2 and 4",
)
CLAIMS: tuple[Claim, ...] = (LEAST_EIGENVALUE,)


def least_eigenvalue_claim(system: str) -> str:
    """The id under which a certificate about a system's least eigenvalue is saved.

    >>> least_eigenvalue_claim("deq-general"), least_eigenvalue_claim("ntk")
    ('deq-general.least-eigenvalue', 'kernel.least-eigenvalue')
    """
    own = f"{system}.least-eigenvalue"
    declared = system in systems() and any(claim.id == own for claim in systems()[system].claims)
    return own if declared else LEAST_EIGENVALUE.id
