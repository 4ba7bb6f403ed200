"""Checks by name: each decides one kind of claim; each has a negative control beside it.

A check takes an instance (a system with an activation, parameters and data) and returns an :class:`Outcome`. A control
takes the same instance, plants the slightly false statement that the claim's ``control`` sentence describes, and
returns what the same machinery says of it: anything but PROVED.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Protocol

from ...theory.claims.claim import Claim
from ...theory.discovery import Register, on_floor
from ...theory.errors import CertigramError, DerivationGap, PrecisionExhausted
from ...theory.verdict import Argument, Verdict
from ..balls.precision import undisturbed
from ..certificates.certificate import Certificate, Discharged, EvidenceItem, Proof
from ..sampling.statistics import StatisticalTest
from ..studies.instance import Instance


class Decided(Protocol):
    """A relation with what was decided of it (:class:`~certigram.numerics.checks.relation.Relation`)."""

    @property
    def verdict(self) -> Verdict:
        """PROVED, REFUTED or UNKNOWN, from both of its sides."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found; see :class:`Certificate` for the meaning of the fields.

    PROVED says that what was computed on the instance is rigorous; whether the claim is then PROVED or ARGUED depends
    on its argument. ``computed`` are the relations that are the conclusion, or its counterexample, where no theorem
    stands between: the registry reads off them whether they were decided. ``symbolic`` says that each line of the
    lemmas behind it is an identity decided exactly. Without a ``scope`` it is that of the instance.
    ``tests`` are those of a statistical check; its verdict is given later, for all tests of a study together.
    ``prover`` makes the part of the certificate that the independent checker needs.
    """

    verdict: Verdict
    evidence: tuple[EvidenceItem, ...] = ()
    lower: float | None = None
    upper: float | None = None
    margin: float | None = None
    method: str = ""
    reason: str = ""
    tests: tuple[StatisticalTest, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
    prover: Callable[[], Proof] | None = None
    computed: tuple[Decided, ...] = ()
    symbolic: bool = False
    scope: str = ""
    sharpness: tuple[float, float] | None = None

    @property
    def direct(self) -> bool:
        """Whether every relation of the conclusion, or of its counterexample, was decided by itself."""
        return bool(self.computed) and all(relation.verdict is self.verdict for relation in self.computed)


Check = Callable[[Any], Outcome]
_SUBJECTS: dict[str, str] = {}


@cache
def _discover() -> None:
    on_floor("numerics")


Scope = str | Callable[[Any], str]
_SCOPES: dict[str, Scope] = {}
_checks = Register[Check](_discover, "no check is called {}: add one to the room of its paper in numerics/papers.")
_controls = Register[Check](_discover, "the check {} has no negative control: add one beside it.")
find_check, find_control = _checks.find, _controls.find


def check(name: str, *, scope: Scope) -> Callable[[Check], Check]:
    """Register the check that decides claims whose ``method`` is the name.

    ``scope`` says for what of an instance it establishes its verdict: how many inputs, which networks.
    """
    register = _checks(name)

    def scoped(function: Check) -> Check:
        register(function)
        _SCOPES[name] = scope
        return function

    return scoped


def scope_of(method: str, instance: object) -> str:
    """For what the check called ``method`` speaks on this instance."""
    find_check(method)
    given = _SCOPES[method]
    return given if isinstance(given, str) else given(instance)


def control(name: str, *, subject: str = "") -> Callable[[Check], Check]:
    """Register the negative control of the check called ``name``; ``subject`` where it says something of one alone."""
    _SUBJECTS[name] = subject
    return _controls(name)


def control_subject(method: str) -> str:
    """The one activation or kernel that a negative control speaks about; empty where any will do.

    >>> control_subject("relu-fixed-point"), control_subject("psd-order")
    ('relu', '')
    """
    find_control(method)
    return _SUBJECTS[method]


@undisturbed
def decide(claim: Claim, instance: Instance) -> tuple[Certificate, tuple[StatisticalTest, ...]]:
    """Check one claim on one instance: discharge its hypotheses, then run its check.

    A refuted hypothesis gives NOT_APPLICABLE, an undecided one UNKNOWN; both name it. The second value are the tests of
    a statistical claim. An exhausted budget or a missing rule is UNKNOWN with the sentence that says so.
    """
    started = time.process_time()
    discharged: list[Discharged] = []
    scope = ""  # nothing is established where no check was run
    try:
        for hypothesis in claim.hypotheses:
            discharged.append(instance.discharge(hypothesis))
        failed = next((h for h in discharged if h.verdict is Verdict.REFUTED), None)
        open_ = next((h for h in discharged if h.verdict is Verdict.UNKNOWN), None)
        if failed is not None:
            outcome = Outcome(Verdict.NOT_APPLICABLE, reason=f"hypothesis {failed.name} fails: {failed.text}")
        elif open_ is not None:
            outcome = Outcome(Verdict.UNKNOWN, reason=f"hypothesis {open_.name} is undecided: {open_.text}")
        else:
            outcome = find_check(claim.method)(instance)
            scope = outcome.scope or _scope(claim.method, instance)
    except (DerivationGap, PrecisionExhausted) as error:
        outcome = Outcome(Verdict.UNKNOWN, reason=str(error))
    light = argument(claim, outcome)
    if outcome.verdict is Verdict.PROVED and (claim.statistical or light is Argument.OPEN):
        why = "only experiments can speak about it" if claim.statistical else "its argument is an obligation"
        outcome = replace(outcome, verdict=Verdict.UNKNOWN, reason=f"nothing is proved of it: {why}")
    certificate = Certificate(
        claim=claim.id,
        system=claim.system,
        activation="any" if claim.activation_free else instance.subject,
        verdict=Verdict.ARGUED if outcome.verdict is Verdict.PROVED and not light.mechanical else outcome.verdict,
        evidence=outcome.evidence,
        hypotheses=tuple(discharged),
        method=outcome.method or claim.method,
        lower=outcome.lower,
        upper=outcome.upper,
        margin=outcome.margin,
        seconds=time.process_time() - started,
        reason=outcome.reason,
        detail=outcome.detail,
        prover=outcome.prover,
        argument=light,
        scope=scope,
        sharpness=outcome.sharpness,
    )
    return certificate, outcome.tests


def _scope(method: str, instance: Instance) -> str:
    try:
        return scope_of(method, instance)
    except CertigramError:  # the check said why there is nothing to speak about
        return ""


def argument(claim: Claim, outcome: Outcome) -> Argument:
    """How the conclusion follows: as the claim says, but no more than the check did.

    A conclusion that its check did not compute for itself, or a proof with a line that was not decided exactly, is
    WRITTEN. A computed counterexample needs no argument; one that a theorem gives is WRITTEN.
    """
    if outcome.verdict is Verdict.REFUTED:
        return Argument.DIRECT if outcome.direct else Argument.WRITTEN
    done = {Argument.DIRECT: outcome.direct, Argument.SYMBOLIC: outcome.symbolic, Argument.KERNEL: False}
    settled = outcome.verdict is Verdict.PROVED
    return Argument.WRITTEN if settled and not done.get(claim.argument, True) else claim.argument
