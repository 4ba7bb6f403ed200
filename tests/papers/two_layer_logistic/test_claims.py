"""The declaration of the system two-layer-logistic: complete, in order, and nothing rigorous rests on a recalled text.

A failure means that a claim of the list is missing, mislabelled, or that a report would attribute to a paper what was
only recalled of it.
"""

from __future__ import annotations

import pytest
import sympy

from certigram.theory.activations.suprema import CLOSED_FORMS, closed_forms
from certigram.theory.claims.system import system

SYSTEM = system("two-layer-logistic")


def test_all_claims_are_there() -> None:
    """C1 to C29 in order; only the two that speak of trajectories are statistical."""
    assert [c.label for c in SYSTEM.claims] == [f"C{k}" for k in range(1, 30)]
    assert [c.label for c in SYSTEM.claims if c.statistical] == ["C18", "C21"]
    assert [c.label for c in SYSTEM.claims if c.activation_free] == ["C11", "C29"]
    assert len(SYSTEM.errata) == 10


def test_recalled_thresholds_say_so() -> None:
    """Each claim that mentions a published constant carries the provenance that it was recalled."""
    for slug in ("villani", "squared-loss", "convex-case"):
        assert "recalled" in SYSTEM.claim(f"two-layer-logistic.{slug}").reference.provenance


def test_the_theorem_needs_no_bound_of_the_activation() -> None:
    """The Villani property asks for smoothness, two bounded derivatives and lambda > 0, nothing else."""
    names = {h.name for h in SYSTEM.claim("two-layer-logistic.villani").hypotheses}
    assert names == {"smooth", "bounded-slope", "bounded-bend", "regularised"}


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("sigmoid", "bend", sympy.sqrt(3) / 18),
        ("tanh", "bend", 4 * sympy.sqrt(3) / 9),
        ("erf", "bend", 2 * sympy.sqrt(2) * sympy.exp(-sympy.Rational(1, 2)) / sympy.sqrt(sympy.pi)),
        ("softplus", "defect", sympy.log(2)),
        ("sin", "defect", sympy.oo),
    ],
)
def test_closed_forms(name: str, attribute: str, value: sympy.Expr) -> None:
    """The closed forms, as sympy sees them."""
    assert sympy.simplify(getattr(closed_forms(name), attribute) - value) in (0, sympy.nan)
    assert getattr(closed_forms(name), attribute) == value or value != sympy.oo


def test_unknown_names_have_no_closed_form() -> None:
    """An activation that is not in the table has no entry, not a wrong one."""
    assert closed_forms("relu").slope is None
    assert "relu" not in CLOSED_FORMS
