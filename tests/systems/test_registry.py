"""No claim of a theory is silently missing: the registry against the lists of claims of the notes.

A failure means that a claim lost its entry, or that a label was invented without being listed here.
"""

from __future__ import annotations

import re

import pytest

from certigram.theory.claims.system import system, systems


def numbered(letter: str, count: int, width: int = 1) -> set[str]:
    """The labels ``letter1`` to ``letterN``."""
    return {f"{letter}{k:0{width}d}" for k in range(1, count + 1)}


LISTS = {
    "deq-general": numbered("C", 30),
    "deq-relu": numbered("C", 30),
    "implicit-relu": numbered("A", 20, 2),
    "resnet-rkhs": numbered("B", 20, 2),
    "two-layer-logistic": numbered("C", 21),
}
LEFT_OUT = {
    "deq-general": {},
    "deq-relu": {
        "C6": "about GELU",
        "C18": "about affine activations",
        "C27": "needs a second derivative",
    },
    "implicit-relu": {},
    "resnet-rkhs": {},
    "two-layer-logistic": {},
}
"""Claims of the common list of the equilibrium models that say nothing about ReLU, with the reason."""


def test_every_system_has_a_list() -> None:
    assert set(systems()) == set(LISTS)


@pytest.mark.parametrize("name", sorted(LISTS))
def test_no_claim_is_missing(name: str) -> None:
    """Each listed claim is in the registry; variants carry the label of their claim with primes."""
    labels = [claim.label for claim in system(name).claims]
    present = {re.sub(r"'+$", "", label) for label in labels} - {"λ*", "λ"}
    assert present == LISTS[name] - set(LEFT_OUT[name])
    assert len(set(labels)) == len(labels)
