"""The arguments of the theory: every line of every lemma is checked, and wrong lines are caught.

A failure means that a proof line as stated is false, that a line lost its check, or that the checks themselves accept a
wrong identity.
"""

from __future__ import annotations

import random
import re

import pytest
import sympy
from flint import fmpq, fmpq_mat

from certigram.numerics.proof_lines import identities
from certigram.numerics.proof_lines.instances import gram, hadamard, positive_semidefinite
from certigram.numerics.proof_lines.registry import check_lemma, outcome
from certigram.theory.claims.lemma import Lemma, arguments, lemma, lemmas, lemmas_of
from certigram.theory.claims.system import systems
from certigram.theory.discovery import bibliography
from certigram.theory.errors import DerivationGap, SpecError

LEMMAS = list(lemmas().values())


@pytest.mark.parametrize("found", LEMMAS, ids=lambda found: found.id)
def test_every_line_passes(found: Lemma) -> None:
    checked = check_lemma(found)
    assert checked.passed, [(step.check, result) for step, result in checked.lines if not result.passed]


@pytest.mark.parametrize("found", LEMMAS, ids=lambda found: found.id)
def test_references_resolve(found: Lemma) -> None:
    assert found.reference.key in re.findall(r"^@\w+\{([^,]+),", bibliography(), re.M)
    assert found.proof
    assert set(found.uses) <= set(lemmas())


def test_lemmas_come_after_what_they_use() -> None:
    seen: set[str] = set()
    for found in LEMMAS:
        assert set(found.uses) <= seen
        seen.add(found.id)


def test_what_is_not_computed_rests_on_a_lemma() -> None:
    """A claim that says "written proof" has its lines among the lemmas; statistics and computed claims need none."""
    claims = [claim for system in systems().values() for claim in system.claims]
    written = [c for c in claims if not c.argument.mechanical and not c.statistical and not c.obligation]
    assert [claim.id for claim in written if not arguments(claim.id)] == []
    assert len(written) > 40


def test_unknown_names_are_explained() -> None:
    with pytest.raises(SpecError, match="mehler"):
        lemma("mehlr")
    with pytest.raises(DerivationGap, match="no check"):
        outcome("no-such-line")


@pytest.mark.parametrize("slip", range(6))
def test_slightly_wrong_identities_are_refused(slip: int) -> None:
    """The comparison behind the symbolic lines sees a flipped sign, a dropped term and a changed constant."""
    w, q, c = sympy.symbols("sigma_w2 q c", positive=True)
    true = (2 * w * q + 2 * c) / (2 + 2 * w * q)
    wrong = [
        (2 * w * q - 2 * c) / (2 + 2 * w * q),
        2 * c / (2 + 2 * w * q),
        (2 * w * q + 2 * c) / (2 + 3 * w * q),
        (2 * w * q + 2 * c) / (2 + 2 * w * q) + sympy.Rational(1, 10**30),
        (2 * w * q + 2 * c) / (2 + 2 * w * q**2),
        (2 * w * q + c) / (2 + 2 * w * q),
    ][slip]
    assert identities.same(true, true)
    assert not identities.same(true, wrong)


def test_exact_elimination_sees_a_hair() -> None:
    """A matrix with one eigenvalue below zero by 1e-40 is not called positive semidefinite."""
    rng = random.Random(0)
    a = hadamard(gram(rng, 4, 2), gram(rng, 4, 1))
    assert positive_semidefinite(a)
    identity = fmpq_mat(4, 4, [int(i == j) for i in range(4) for j in range(4)])
    assert not positive_semidefinite(a - identity * fmpq(1, 10**40))


def test_every_linked_claim_exists() -> None:
    known = {claim.id for system in systems().values() for claim in system.claims}
    assert {id_ for found in LEMMAS for id_ in found.claims} <= known


@pytest.mark.parametrize("name", sorted(systems()))
def test_a_system_has_the_lemmas_of_its_claims(name: str) -> None:
    """The argument of a claim is among the lemmas of its system, with everything that it rests on."""
    found = lemmas_of(name)
    for claim in systems()[name].claims:
        assert set(arguments(claim.id)) <= set(found)
    assert {id_ for lemma_ in found for id_ in lemma_.uses} <= {lemma_.id for lemma_ in found}
    rigorous = [claim for claim in systems()[name].claims if not claim.statistical]
    assert 2 * sum(bool(arguments(claim.id)) for claim in rigorous) > len(rigorous)
