"""Which argument and which evidence a verdict needs: the constructor of certificates, and what a check may claim.

A failure here means that PROVED could stand where a machine has not established all of it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from flint import arb

from certigram.numerics.certificates.certificate import Certificate, Discharged, EvidenceItem
from certigram.numerics.checks.evidence import exact, note, observed
from certigram.numerics.checks.registry import Outcome, argument
from certigram.numerics.checks.relation import Relation, Sense, judge
from certigram.numerics.checks.trajectories import Bounds
from certigram.theory.claims.claim import Claim, Reference
from certigram.theory.claims.system import systems
from certigram.theory.verdict import Argument, Evidence, Verdict

SEEN = (exact("the sum", sum="2"),)
COMPUTED = {
    "deq-general": {
        *("variance-bound", "least-eigenvalue", "antipodal-definite", "relative-concentration"),
        *("descent-rate", "descent-spectrum", "descent-norm"),
    },
    "implicit-relu": {
        *("least-eigenvalue", "width-constant", "gradient-descent"),
        *("small-output-run", "standard-output-obstacle"),
    },
    "resnet-rkhs": {"least-eigenvalue"},
    "two-layer-logistic": {"activation-constants"},
}
"""The claims whose printed conclusion is computed, for all that it speaks of: none of them says "for every"."""
COMPUTED["deq-relu"] = COMPUTED["deq-general"]
SYMBOLIC = {
    *("deq-general.dual-closed-form", "deq-relu.dual-closed-form", "deq-general.gelu-dual"),
}


def certificate(verdict: Verdict, argument: Argument, **changed: object) -> Certificate:
    """A certificate with good evidence."""
    given = {"evidence": SEEN, "argument": argument, "scope": "all 2 inputs", "reason": "none", **changed}
    return Certificate("x.y", "x", "tanh", verdict, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(("verdict", "kind"), list(product(Verdict, Argument)))
def test_a_verdict_has_the_argument_that_it_needs(verdict: Verdict, kind: Argument) -> None:
    """PROVED and REFUTED by a machine, ARGUED by a proof that exists; the others say how it would follow."""
    allowed = {
        Verdict.PROVED: {Argument.DIRECT, Argument.KERNEL, Argument.SYMBOLIC},
        Verdict.REFUTED: set(Argument) - {Argument.OPEN},
        Verdict.ARGUED: {Argument.WRITTEN, Argument.CITED},
    }.get(verdict, set(Argument))
    if kind in allowed:
        assert certificate(verdict, kind).argument is kind
    else:
        with pytest.raises(ValueError, match=rf"x\.y cannot be {verdict}: its argument is {kind}"):
            certificate(verdict, kind)


DECIDED = ((Verdict.PROVED, Argument.DIRECT), (Verdict.ARGUED, Argument.WRITTEN), (Verdict.REFUTED, Argument.DIRECT))


@pytest.mark.parametrize(("verdict", "kind"), DECIDED)
def test_a_decided_verdict_has_computed_evidence_and_a_scope(verdict: Verdict, kind: Argument) -> None:
    """A note carries no weight, sampling proves nothing, and what was looked at is said."""
    for bad in ({"evidence": ()}, {"evidence": (note("obvious"),)}, {"evidence": (*SEEN, observed("seen", x=1.0))}):
        with pytest.raises(ValueError, match=r"x\.y cannot be"):
            certificate(verdict, kind, **bad)
    with pytest.raises(ValueError, match="does not say for what"):
        certificate(verdict, kind, scope="")
    assert certificate(verdict, kind, evidence=(*SEEN, note("a remark"))).verdict is verdict


@pytest.mark.parametrize(("verdict", "kind"), DECIDED[:2])
@pytest.mark.parametrize("settled", [v for v in Verdict if v is not Verdict.PROVED])
def test_a_claim_holds_only_where_its_hypotheses_are_proved(verdict: Verdict, kind: Argument, settled: Verdict) -> None:
    """An argued hypothesis is not a proved one."""
    with pytest.raises(ValueError, match="hypothesis 'h' is"):
        certificate(verdict, kind, hypotheses=(Discharged("h", settled, ""),))


@pytest.mark.parametrize("kind", [Evidence.EXACT, Evidence.ENCLOSED])
@pytest.mark.parametrize("values", [{}, {"x": ""}])
def test_rigorous_evidence_has_a_computed_value(kind: Evidence, values: dict[str, str]) -> None:
    """A sentence that somebody wrote is no evidence."""
    with pytest.raises(ValueError, match="no computed value"):
        EvidenceItem(kind, "clearly", values)


def claim(kind: Argument) -> Claim:
    """A claim that hopes for an argument."""
    return Claim("x.y", "X", "", (), "", Reference("x"), "m", "", argument=kind)


PROVED = Outcome(Verdict.PROVED, SEEN)


@pytest.mark.parametrize("hoped", list(Argument))
def test_a_check_gives_no_more_than_it_did(hoped: Argument) -> None:
    """Without computing the conclusion, or deciding each line, a hoped-for argument by a machine is WRITTEN."""
    fallen = Argument.WRITTEN if hoped.mechanical else hoped
    assert argument(claim(hoped), PROVED) is fallen
    below, above, open_ = (Relation.of("", 1, x) for x in (2, 0, arb(1, 1)))
    direct, symbolic = replace(PROVED, computed=(below,)), replace(PROVED, symbolic=True)
    for undecided in ((), (above,), (open_,), (below, open_)):  # what a check says of itself does not count
        assert argument(claim(hoped), replace(PROVED, computed=undecided)) is fallen
    assert argument(claim(hoped), direct) is (hoped if hoped is Argument.DIRECT else fallen)
    assert argument(claim(hoped), symbolic) is (hoped if hoped is Argument.SYMBOLIC else fallen)
    assert argument(claim(hoped), Outcome(Verdict.REFUTED, SEEN)) is Argument.WRITTEN
    assert argument(claim(hoped), judge([above])) is argument(claim(hoped), judge([above, open_], argued=True))
    assert argument(claim(hoped), judge([above])) is Argument.DIRECT
    assert argument(claim(hoped), judge([above], theorem=True)) is Argument.WRITTEN


def test_direct_is_what_every_relation_decides_by_itself() -> None:
    """Balls that overlap decide no equality, and an argument beside the relations is not computed."""
    below, meet = Relation.of("", 1, 2), Relation.of("", arb.pi(), arb.pi(), Sense.EQUAL)
    assert judge([below]).direct
    assert not judge([below], argued=True).direct
    assert not judge([below, meet], argued=True).direct
    assert judge([below, meet]).verdict is Verdict.UNKNOWN
    assert not judge([below]).symbolic
    assert judge([below], lemma="lemma.tangent-conventions").symbolic  # four identities
    assert not judge([below], lemma="lemma.mehler").symbolic  # enclosures at random points among its lines


def test_which_claims_are_computed() -> None:
    """The list once more: a claim moves into it only when somebody has read what its check computes."""
    found = {name: {c.id for c in s.claims if c.argument is Argument.DIRECT} for name, s in systems().items()}
    assert found == {name: {f"{name}.{slug}" for slug in slugs} for name, slugs in COMPUTED.items()}
    assert {c.id for s in systems().values() for c in s.claims if c.argument is Argument.SYMBOLIC} == SYMBOLIC
    universal = (r"\forall", "for every", "for all", r"\implies", r"\in S", r"\to ", r"\sum_{r\ge", r"\lim")
    computed = [c for s in systems().values() for c in s.claims if c.argument is Argument.DIRECT]
    assert not [c.id for c in computed if any(word in c.statement for word in universal)]


def test_sharpness_is_that_of_the_loosest_bound() -> None:
    """Conditions and equalities do not count; a share below a millionth is called vacuous."""
    tight, loose = Relation.of("", [1, 3], [4, 4]), Relation.of("", Fraction(1, 10**7), 1)
    condition, equal = Relation.of("", 1, 10**9, condition=True), Relation.of("", 1, 1, Sense.EQUAL)
    assert tight.kept == (0.75, 0.75)
    assert (condition.kept, equal.kept, Relation.of("", 0, 1, Sense.BELOW).kept) == (None, None, None)
    assert Relation.of("", -1, 1).kept == Relation.of("", 0, 1).kept == (0.0, 0.0)  # a bound that says nothing
    low, high = judge([tight, loose, condition, equal]).sharpness or (0.0, 0.0)
    assert low <= 1e-7 <= high < 2e-7
    assert certificate(Verdict.PROVED, Argument.DIRECT, sharpness=(low, high)).vacuous
    assert not certificate(Verdict.PROVED, Argument.DIRECT, sharpness=(0.75, 0.75)).vacuous
    partly = Relation.of("", 1, Bounds.of([1.0, 4.0], [3.0, 4.0]), place="input")  # at one the right side may be 1
    assert partly.kept == (0.3333333333333333, 1.0)
    assert Relation.of("", [1, 1], [1, 4]).kept == (0.25, 0.25)  # along a run: at its end


def test_an_undecided_share_is_not_called_vacuous() -> None:
    """Only a proved upper end of the share says that a bound is loose."""
    assert Relation.of("", Bounds.of([0.0], [2.0]), 10**9).kept == (0.0, 2.0000000000000003e-09)
    assert Relation.of("", 1, Bounds.of([0.0], [1e9])).kept is None  # the right side may be 0
