"""The list of claims of residual networks is complete.

A failure here means that a claim of docs/papers/resnet_rkhs/proofs.md is silently missing, or a label was invented.
"""

from __future__ import annotations

import re

from certigram.theory.claims.system import system


def test_no_claim_is_missing() -> None:
    """B01 to B20, the least eigenvalue, R-1 and R-2 of the recipe; variants carry primes."""
    labels = [claim.label for claim in system("resnet-rkhs").claims]
    assert len(set(labels)) == len(labels)
    assert {re.sub(r"['m]+$", "", label) for label in labels} - {"λ*", "λ"} == {f"B{k:02d}" for k in range(1, 21)} | {
        "R-1",
        "R-2",
    }
