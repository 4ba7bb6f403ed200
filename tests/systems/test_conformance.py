"""What every system must satisfy; each system found by discovery inherits all of it.

A failure here means that a paper was added (or changed) without something that its readers rely on: a check, a negative
control, a reference, a statement that can be typeset, or a verdict that its own controls contradict.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

import latex2mathml.converter
import numpy as np
import pytest

import certigram.theory
from certigram.numerics.balls.ends import upper_float
from certigram.numerics.checks.registry import Outcome, control_subject, decide, find_check, find_control
from certigram.numerics.checks.sampled import SampledInstance, sampleable
from certigram.numerics.kernels.points import points
from certigram.numerics.sampling.experiment import Plan, Subject
from certigram.numerics.sampling.experiment import run as sample_networks
from certigram.numerics.sampling.statistics import ErrorBudget
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.instance import Instance
from certigram.numerics.studies.networks import has_sampler, instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.claim import Claim
from certigram.theory.claims.system import System, paper_of, systems
from certigram.theory.discovery import bibliography, rooms
from certigram.theory.verdict import Verdict

SYSTEMS = list(systems().values())
CLAIMS = [pytest.param(s, c, id=c.id) for s in SYSTEMS for c in s.claims]
CASES = [
    pytest.param(s, c, name, id=f"{c.id}-{name}")
    for s in SYSTEMS
    for c in s.claims
    if not c.statistical
    for name in (s.default_activations[:1] if c.activation_free else s.default_activations)
]
BY_A_SENTENCE = {("two-layer-logistic.activation-constants", name) for name in ("softplus", "gelu")}
"""Mechanical claims that are ARGUED for some activations: that a supremum is infinite is written, not computed."""
STATISTICAL = [pytest.param(s, c, id=c.id) for s in SYSTEMS for c in s.claims if c.statistical]
WITH_EIGENVALUE = [
    pytest.param(s, id=s.name) for s in SYSTEMS if any(c.id == f"{s.name}.least-eigenvalue" for c in s.claims)
]


@cache
def _study(system: str, names: tuple[str, ...], n: int = 12) -> Study:
    return Study(
        "conformance",
        (system,),
        names,
        load("digits", n),
        widths=(32, 64, 128),
        replicates=12,
        kernels=names,
    )


@cache
def _instance(system: str, name: str) -> Instance:
    return instance(system, name, _study(system, (name,)))


@cache
def _statistical_instance(system: str) -> Instance:
    """For the statistical claims: on few well separated inputs, so that small samples say something."""
    s = systems()[system]
    name = "tanh" if "tanh" in s.default_activations else s.default_activations[0]
    rng = np.random.default_rng(5)
    data = DataSet(points(rng.standard_normal((4, 16))), None, "four random points")
    study = Study("conformance", (system,), (name,), data, widths=(128, 256, 512), replicates=40, kernels=(name,))
    model = instance(system, name, study)
    if not has_sampler(system):
        return model
    assert sampleable(model)
    subject = Subject(model.activation, model.gram.mid, model.gram.radius_norm(), upper_float(model.lipschitz))
    parameters = {p.name: study.parameter(system, p.name) for p in s.parameters if p.sampled}
    plan = Plan(system, model.network_inputs, (subject,), study.widths, study.replicates, parameters=parameters)
    return SampledInstance(model, sample_networks(plan), 0)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.name)
def test_the_declaration_is_complete(system: System) -> None:
    """Names are permanent handles: prefixed, unique, and every claim used by another exists."""
    ids = [c.id for c in system.claims]
    assert len(set(ids)) == len(ids)
    assert len({c.label for c in system.claims}) == len(ids)
    assert system.default_activations
    for claim in system.claims:
        assert claim.system == system.name
        assert set(claim.uses) <= set(ids)
        assert claim.title
        assert claim.control
        assert claim.reference.ours, "every claim has our own proof"


def _folders(system: System) -> tuple[Path, ...]:
    """Where the proofs of a system may lie: in this checkout, or in the package of another distribution."""
    package, _, _ = rooms("theory")[paper_of(system.name)].rpartition(".")
    checkout, found = Path(__file__).parents[2], Path(next(iter(importlib.import_module(package).__path__)))
    return (checkout,) if package == f"{certigram.theory.__name__}.papers" else (checkout, found)


@pytest.mark.parametrize(("system", "claim"), CLAIMS)
def test_references_resolve(system: System, claim: Claim) -> None:
    """The paper is in the bibliography, and our proof is a section of a file that exists."""
    keys = set(re.findall(r"^@\w+\{([^,]+),", bibliography(), re.M))
    assert claim.reference.key in keys
    assert system.paper in keys
    place, _, section = claim.reference.ours.partition(", ")
    (file,) = (folder / place for folder in _folders(system) if (folder / place).is_file())
    text = file.read_text(encoding="utf-8")
    headings = [line for line in text.splitlines() if line.startswith(("#", "**"))]
    assert any(section.split(" (")[0].lower() in heading.lower() for heading in headings), section


@pytest.mark.parametrize(("system", "claim"), CLAIMS)
def test_statements_can_be_typeset(system: System, claim: Claim) -> None:
    """The LaTeX of the statement and of each hypothesis converts to MathML without a leftover command."""
    for text in (claim.statement, *(h.statement for h in claim.hypotheses)):
        assert "\\" not in latex2mathml.converter.convert(text)


@pytest.mark.parametrize(("system", "claim"), CLAIMS)
def test_every_claim_has_a_check_and_a_control(system: System, claim: Claim) -> None:
    """A claim without a check would be silently missing from a report."""
    assert find_check(claim.method) is not find_control(claim.method)


@pytest.mark.parametrize(("system", "claim"), CLAIMS)
def test_hypotheses_are_settled_by_a_rule(system: System, claim: Claim) -> None:
    """On a well-behaved instance every hypothesis is decided one way or the other."""
    model = _instance(system.name, system.default_activations[0])
    for hypothesis in claim.hypotheses:
        assert model.discharge(hypothesis).verdict in (Verdict.PROVED, Verdict.REFUTED), hypothesis.name


@pytest.mark.parametrize(("system", "claim", "name"), CASES)
def test_claims_hold_on_good_data(system: System, claim: Claim, name: str) -> None:
    """On distinct real images every rigorous claim is PROVED or ARGUED, as it says, or names the hypothesis that fails.

    A claim whose published proof leaves an obligation open may stay UNKNOWN, with the reason.
    """
    certificate, tests = decide(claim, _instance(system.name, name))
    assert not tests
    if claim.obligation and certificate.verdict is Verdict.UNKNOWN:
        assert certificate.reason
        return
    mechanical = claim.argument.mechanical and (claim.id, name) not in BY_A_SENTENCE
    holds = Verdict.PROVED if mechanical else Verdict.ARGUED
    assert certificate.verdict in (holds, Verdict.NOT_APPLICABLE), certificate.reason
    if certificate.verdict is Verdict.NOT_APPLICABLE:
        assert "hypothesis" in certificate.reason
    else:
        assert certificate.scope
    if certificate.lower is not None and certificate.upper is not None:
        assert certificate.lower <= certificate.upper


@pytest.mark.parametrize(("system", "claim", "name"), CASES)
def test_the_negative_control_is_not_proved(system: System, claim: Claim, name: str) -> None:
    """The planted, slightly false statement must not be proved by the machinery that proves the true one."""
    model = _instance(system.name, control_subject(claim.method) or name)
    outcome: Outcome = find_control(claim.method)(model)
    assert outcome.verdict in (Verdict.REFUTED, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize(("system", "claim"), STATISTICAL)
def test_statistical_claims_and_their_controls(system: System, claim: Claim) -> None:
    """A correct theory is CONSISTENT or undecided; the same experiment against a wrong one is INCONSISTENT."""
    model = _statistical_instance(system.name)
    certificate, tests = decide(claim, model)
    assert not certificate.verdict.rigorous
    if certificate.verdict is Verdict.NOT_APPLICABLE:
        assert "hypothesis" in certificate.reason
        return
    assert tests, certificate.reason
    assert all(o.verdict is not Verdict.INCONSISTENT for o in ErrorBudget().settle(tests))
    assert find_control(claim.method)(model).verdict is Verdict.INCONSISTENT


@pytest.mark.parametrize("system", WITH_EIGENVALUE)
def test_duplicates_refute_positivity(system: System) -> None:
    """A repeated input makes the matrix singular: REFUTED with the null vector, never PROVED, never an error."""
    name = "gelu" if "gelu" in system.default_activations else system.default_activations[0]
    table = np.vstack([load("digits", 6).points.values, 2.0 * load("digits", 1).points.values])  # type: ignore[union-attr]  # digits are points
    data = DataSet(points(table), None, "a repeated direction")
    study = Study("duplicates", (system.name,), (name,), data, kernels=(name,))
    certificate, _ = decide(system.claim(f"{system.name}.least-eigenvalue"), instance(system.name, name, study))
    assert certificate.verdict is Verdict.REFUTED
    assert certificate.detail["null_vector"] == {"0": "1", "6": "-1"}
