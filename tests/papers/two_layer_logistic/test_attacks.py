"""Attacks on two-layer-logistic: a failure here is a false PROVED or REFUTED."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from flint import arb

from certigram.numerics.checks.registry import decide as decide_claim
from certigram.numerics.checks.registry import find_check, find_control
from certigram.numerics.papers.two_layer_logistic.counterexample import decide
from certigram.numerics.papers.two_layer_logistic.face import instance
from certigram.numerics.studies.data import load
from certigram.numerics.studies.study import Study
from certigram.numerics.studies.workspace import Workspace
from certigram.theory.papers.two_layer_logistic.claims import SYSTEM
from certigram.theory.verdict import Verdict


def test_the_counterexample_says_which_loss_it_is_about() -> None:
    """With an input x the threshold is that of a x: at x = 1/2 and lambda = 0.37 a^2 V4 holds."""
    rescaled = decide(Fraction(2), Fraction(37, 100) * 4, Fraction(1), Fraction(1))  # w -> w/x: lambda/x^2
    assert rescaled.verdict is Verdict.PROVED
    statement = SYSTEM.claim("two-layer-logistic.counterexample").statement
    assert r"\tfrac12(a\sigma(w)-y)^2" in statement


def test_overlapping_ends_of_a_gap_do_not_refute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ends are proved; balls that overlap contradict nothing, balls in the wrong order do."""
    study = Study("attack", ("two-layer-logistic",), ("tanh",), load("digits", 3))
    inst = instance("tanh", study, Workspace())
    found = inst.gap
    ends = arb("0.01", "1e-9")
    inst.__dict__["gap"] = replace(found, lower=ends, upper=ends)
    assert find_check("villani-gap")(inst).verdict is Verdict.PROVED
    inst.__dict__["gap"] = replace(found, lower=arb(1), upper=ends)
    assert find_check("villani-gap")(inst).verdict is Verdict.REFUTED


def test_an_eigenvalue_solver_that_fails_leaves_the_gap_undecided() -> None:
    """At a tiny noise level the float64 spectrum underflows: a sentence, not a crash, and no verdict."""
    study = Study(
        "attack",
        ("two-layer-logistic",),
        ("tanh",),
        load("digits", 1),
        parameters={"two-layer-logistic": {"noise": Fraction(1, 10**6)}},
    )
    inst = instance("tanh", study, Workspace())
    certificate, _ = decide_claim(SYSTEM.claim("two-layer-logistic.gap-enclosure"), inst)
    assert certificate.verdict is Verdict.UNKNOWN
    assert "noise" in certificate.reason


def test_controls_speak_without_regularisation() -> None:
    """At lambda = 0 the false radius is planted at a network of its own, and refuted there."""
    study = Study(
        "attack",
        ("two-layer-logistic",),
        ("tanh",),
        load("digits", 1),
        parameters={"two-layer-logistic": {"regularisation": Fraction(0)}},
    )
    assert find_control("villani-radius")(instance("tanh", study, Workspace())).verdict is Verdict.REFUTED
