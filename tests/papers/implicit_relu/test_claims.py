"""The list of claims of the implicit ReLU network is complete, and what is open in its proofs is on record.

A failure here means that a claim of proofs.md or descent.md in docs/papers/implicit_relu is silently missing, or a
gap is no longer shown.
"""

from __future__ import annotations

from certigram.theory.claims.system import system

SYSTEM = system("implicit-relu")


def test_all_thirty_labels_are_present() -> None:
    """A03 has two parts: the kernel matrix is positive definite or not, and which functions vanish on all inputs."""
    labels = [f"A{k:02d}" for k in range(1, 31)]
    assert [claim.label for claim in SYSTEM.claims] == [*labels[:3], "A03'", *labels[3:]]


def test_the_gap_of_gradient_descent_is_an_obligation_and_the_only_one() -> None:
    """A-4 belongs to the claims about descent from standard outputs; a claim with a complete proof carries none."""
    claim, obstacle = [claim for claim in SYSTEM.claims if claim.obligation]
    assert (claim.label, obstacle.label) == ("A18", "A30")
    assert all(found.obligation.startswith("A-4") for found in (claim, obstacle))
    assert "recorded iterate" in claim.statement
    assert "computed step" in obstacle.statement


def test_ambiguities_are_listed() -> None:
    assert [text.split(":")[0] for text in SYSTEM.errata] == [f"A-{k}" for k in range(1, 9)]


def test_statistical_claims_are_those_that_only_sampling_can_check() -> None:
    assert [c.label for c in SYSTEM.claims if c.statistical] == ["A10", "A11", "A12", "A19", "A20"]


def test_the_system_is_about_relu_alone() -> None:
    assert SYSTEM.fixed
    assert SYSTEM.default_activations == ("relu",)
