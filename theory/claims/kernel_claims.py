"""The claims about one kernel matrix that no paper makes: what ``certify`` says of any kernel."""

from __future__ import annotations

from types import MappingProxyType

from .claim import Claim, Source

KERNELS = MappingProxyType(
    {
        "nngp": "NNGP kernel of a fully connected network with any depth, activations and variances",
        "ntk": "neural tangent kernel of the same network, in one of the four conventions",
        "kernel": "kernel by name, or a sum or product of such (docs/kernels.md)",
    }
)
"""The kernels that such a certificate can name besides those of the systems, and what they are."""

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
MATRIX_LEAST_EIGENVALUE: Claim = Source("matrix", "", "docs/own-matrix.md").claim(
    "least-eigenvalue",
    "M1",
    "The least eigenvalue of every symmetric matrix that was given is at least the bound given",
    (),
    r"\lambda_{\min}(A) \ge \text{bound}",
    method="certify",
    control="a bound above the least eigenvalue is REFUTED",
    section="What is certified",
)
MATRIX_CLAIMS: tuple[Claim, ...] = (MATRIX_LEAST_EIGENVALUE,)
"""What ``certify`` says of a matrix that was given."""
