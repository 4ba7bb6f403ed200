"""The lists of claims of both systems of equilibrium models are complete.

A failure here means that a claim of docs/papers/deep_equilibrium is silently missing, or that a label was invented.
"""

from __future__ import annotations

import re

import pytest

from certigram.theory.claims.system import system

LEFT_OUT = {
    "deq-general": {},
    "deq-relu": {
        "C6": "about GELU",
        "C18": "about affine activations",
        "C27": "needs a second derivative",
    },
}
"""Claims of the common list that say nothing about ReLU, with the reason."""


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
def test_no_claim_is_missing(name: str) -> None:
    """C1 to C30, and the least eigenvalue; variants carry the label of their claim with primes."""
    labels = [claim.label for claim in system(name).claims]
    assert len(set(labels)) == len(labels)
    present = {re.sub(r"['m]+$", "", label) for label in labels if label.startswith("C")}
    assert present == {f"C{k}" for k in range(1, 31)} - set(LEFT_OUT[name])
