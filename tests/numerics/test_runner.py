"""Whole runs: a failure here means that a study ends in an exception, or that the reason of a verdict is not true."""

import tempfile
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from certigram.numerics.certificates.certificate import Certificate
from certigram.numerics.runs import runner
from certigram.numerics.runs.results import Results
from certigram.numerics.runs.runner import Event, _Run, run, sample
from certigram.numerics.sampling.statistics import BinomialTest
from certigram.numerics.studies.data import load
from certigram.numerics.studies.study import Study
from certigram.spec import build_study
from certigram.theory.claims.system import system
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

POINTS = np.random.default_rng(0).standard_normal((6, 4))
SETS: Mapping[str, np.ndarray] = {
    "distinct": POINTS,
    "duplicate": np.vstack([POINTS, POINTS[:1]]),
    "antipodal": np.vstack([POINTS, -POINTS[:1]]),
    "parallel": np.vstack([POINTS, 2 * POINTS[:1]]),
    "one": POINTS[:1],
    "two": POINTS[:2],
}
ACTIVATIONS = ["tanh", "relu", "cos", "identity", "x/2 + 1", "step", "exp", "x**2", "Max(x, -x/3) - 1/2"]


SMALL = {"training_width": 48, "training_points": 3, "training_steps": 6}
"""Trained networks small enough that most of the time goes into what these tests are about."""


def results(
    folder: Path,
    data: str = "distinct",
    activations: list[str] | None = None,
    widths: tuple[int, ...] = (),
    normalize: str = "sphere",
    **more: dict[str, object],
) -> Results:
    """A run on one of the sets above."""
    np.save(folder / "x.npy", SETS[data])
    document = {
        "study": {"systems": ["deq-general"], "activations": activations or ACTIVATIONS},
        "data": {"source": str(folder / "x.npy"), "normalize": normalize},
        "finite-width": {"widths": list(widths), "seeds": 4},
        "budget": {"max_bits": 256, "max_terms": 256},
        **more,
    }
    given = dict(more.get("parameters", {}).get("deq-general", {}))  # type: ignore[attr-defined]  # tables of a study file
    document["parameters"] = {"deq-general": {**SMALL, **given}}
    return run(build_study(document), jobs=1)


def verdicts(found: Results, claim: str) -> dict[str, Verdict]:
    """The verdict on a claim by activation."""
    return {c.activation: c.verdict for c in found.certificates if c.claim == f"deq-general.{claim}"}


@cache
def whole(data: str, normalize: str) -> Results:
    """All activations on one of the sets above, once for the tests below."""
    with tempfile.TemporaryDirectory() as folder:
        return results(Path(folder), data, normalize=normalize)


@pytest.mark.parametrize(
    ("data", "normalize"),
    [  # a duplicate and a parallel row are the same thing on the sphere
        *(("distinct", "none"), ("distinct", "sphere"), ("duplicate", "none"), ("duplicate", "sphere")),
        *(("parallel", "none"), ("antipodal", "none"), ("antipodal", "sphere")),
        *(("one", "none"), ("one", "sphere"), ("two", "none"), ("two", "sphere")),
    ],
)
def test_every_claim_gets_a_verdict_with_a_reason(data: str, normalize: str) -> None:
    """No exception on singular, parallel, few or unequal inputs with smooth, kinked, affine and unbounded functions."""
    found = whole(data, normalize)
    claims = system("deq-general").claims
    free = sum(claim.activation_free for claim in claims)
    assert len(found.certificates) == (len(claims) - free) * len(ACTIVATIONS) + free
    assert Verdict.INCONSISTENT not in {c.verdict for c in found.certificates}
    for c in found.certificates:
        assert c.reason or c.verdict.favourable or c.verdict is Verdict.CONSISTENT, (c.claim, c.activation)
        if c.claim != "deq-general.least-eigenvalue":
            assert c.verdict is not Verdict.REFUTED, (c.claim, c.activation, c.reason)


def test_functions_without_lipschitz_constant_are_not_applicable(tmp_path: Path) -> None:
    """exp, a step and a parabola have unbounded slopes: the hypothesis fails, and the reason names it."""
    found = results(tmp_path, activations=["exp", "step", "x**2"])
    for c in found.certificates:
        if c.claim == "deq-general.least-eigenvalue":
            assert c.verdict is Verdict.NOT_APPLICABLE
            assert "hypothesis lipschitz fails" in c.reason
            assert f"{c.activation} has no finite Lipschitz constant" in c.reason


def test_duplicates_refute_positivity_and_nothing_else() -> None:
    """The eigenvalue is exactly zero; the lower bounds hold with equality; distinctness is named where it is needed."""
    found = whole("duplicate", "sphere")
    for name in ("tanh", "relu", "identity"):
        assert verdicts(found, "least-eigenvalue")[name] is Verdict.REFUTED
        assert verdicts(found, "lower-bound-schur")[name] is Verdict.ARGUED
    assert verdicts(found, "positive-definite")["tanh"] is Verdict.NOT_APPLICABLE
    for c in found.certificates:
        if c.verdict is Verdict.REFUTED:
            assert c.reason == "the least eigenvalue is exactly 0: points 0 and 6 are equal"
            assert c.detail["null_vector"] == {"0": "1", "6": "-1"}


def test_antipodes_refute_odd_activations_only() -> None:
    """tanh is singular on antipodes, ReLU is not."""
    found = verdicts(whole("antipodal", "sphere"), "least-eigenvalue")
    assert (found["tanh"], found["relu"]) == (Verdict.REFUTED, Verdict.PROVED)


def test_bounds_that_are_the_eigenvalue_itself() -> None:
    """For a linear function LB_P and LB_F equal the eigenvalue: proved by structure, not by comparing enclosures."""
    for claim in ("lower-bound-correlation", "lower-bound-series"):
        found = verdicts(whole("two", "sphere"), claim)
        assert all(found[name].favourable for name in ("identity", "tanh"))


def test_without_feedback(tmp_path: Path) -> None:
    """sigma_w2 = 0 is allowed; the claims that need feedback say so, and the norm of W = 0 is not tested."""
    found = results(tmp_path, "two", ["erf"], widths=(32, 64, 128), parameters={"deq-general": {"sigma_w2": "0"}})
    by_claim = {c.claim.partition(".")[2]: c for c in found.certificates}
    assert by_claim["least-eigenvalue"].verdict is Verdict.PROVED
    for claim in ("positive-definite", "weight-norm"):
        assert by_claim[claim].verdict is Verdict.NOT_APPLICABLE
        assert "there is no feedback" in by_claim[claim].reason


def test_parameters_out_of_range(tmp_path: Path) -> None:
    """Refused when no activation admits them; otherwise those that do not are not applicable, with the range."""
    outside = {"parameters": {"deq-general": {"sigma_w2": "2"}}}
    with pytest.raises(SpecError, match="contraction range"):
        results(tmp_path, activations=["erf"], **outside)
    found = verdicts(results(tmp_path, activations=["erf", "sigmoid"], **outside), "least-eigenvalue")
    assert found == {"erf": Verdict.NOT_APPLICABLE, "sigmoid": Verdict.PROVED}


def test_networks_are_sampled_for_the_activations_that_have_an_equilibrium(tmp_path: Path) -> None:
    """The first activation having none does not keep the others, nor the norm of the weights, from being tested."""
    found = results(tmp_path, "two", ["step", "erf"], widths=(32, 64, 128))
    assert verdicts(found, "gram-convergence")["step"] is Verdict.NOT_APPLICABLE
    tested = next(c for c in found.certificates if c.claim == "deq-general.weight-norm")
    assert tested.detail["tests"]
    assert any("step" in note for note in found.notes)


def test_time_runs_out(tmp_path: Path) -> None:
    """No claim is started after the time of the budget: UNKNOWN says so, and nothing of it is saved as a verdict."""
    found = results(tmp_path, "two", ["tanh"], budget={"seconds": 1e-9})
    assert not found.complete
    assert {c.verdict for c in found.certificates} == {Verdict.UNKNOWN}
    assert all("the budget had run out" in c.reason or "no networks" in c.reason for c in found.certificates)


def test_events_count_to_the_end(tmp_path: Path) -> None:
    """The listener hears of every claim once, in counts that end at the total."""
    np.save(tmp_path / "x.npy", POINTS)
    document = {
        "study": {"systems": ["deq-general"], "activations": ["erf"]},
        "data": {"source": str(tmp_path / "x.npy")},
        "finite-width": {"widths": [32, 64, 128], "seeds": 2},
        "parameters": {"deq-general": SMALL},
    }
    heard: list[Event] = []
    study = build_study(document)
    done, total = sample(study, out=tmp_path / "out", listen=heard.append, jobs=1)
    assert (done, total) == (6, 6)
    assert [e.done for e in heard if e.kind == "sample"] == list(range(7))
    heard.clear()
    found = run(study, out=tmp_path / "out", listen=heard.append, jobs=1)
    claims = [e for e in heard if e.kind == "claim"]
    assert [e.done for e in claims] == list(range(1, len(found.certificates) + 1))
    assert {e.total for e in claims} == {len(found.certificates)}
    assert len(list((tmp_path / "out" / "certificates").glob("*.json"))) >= 14


def test_a_study_that_is_resumed_with_more_samples_pays_for_looking_again(tmp_path: Path) -> None:
    """Five of five failures have p = 1/32: enough at the first look at level 1/10, not at the second."""
    np.save(tmp_path / "x.npy", POINTS)
    document = {
        "study": {"systems": ["deq-general"], "activations": ["tanh"]},
        "data": {"source": str(tmp_path / "x.npy")},
        "finite-width": {"seeds": 4, "alpha": 0.1},
    }

    def verdict(trials: int, seeds: int) -> tuple[Verdict, int]:
        document["finite-width"]["seeds"] = seeds
        work = _Run(build_study(document), tmp_path / "out", None, 1)
        work.found = [Certificate("deq-general.weight-norm", "deq-general", "any", Verdict.UNKNOWN, reason="not yet")]
        work.pending = [(0, (BinomialTest("event", 0, trials, 0.5, "at-least", (0.25,)),))]
        work._settle()
        return work.found[0].verdict, len(work.notes)

    assert verdict(5, 4) == (Verdict.INCONSISTENT, 0)
    assert verdict(5, 4) == (Verdict.INCONSISTENT, 0)  # a second start finds the same: it is the same look
    assert verdict(5, 6) == (Verdict.UNKNOWN, 1)
    assert verdict(50, 8) == (Verdict.INCONSISTENT, 1)


def test_processes_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Subjects that are checked side by side leave the same certificates, up to the time they took."""
    monkeypatch.setattr(runner, "WORTH_A_PROCESS", 1)
    small = {"resnet-rkhs": {"points": 3, "iterations": 2, "features": 20, "depth": 3}, "deq-relu": SMALL}
    sizes = {name: {key: Fraction(value) for key, value in given.items()} for name, given in small.items()}
    data, systems = load("sphere", 3, d=2, seed=4), ("resnet-rkhs", "deq-relu")
    model = Study("two", systems, (), data, sizes, widths=(), kernels=("gaussian",))
    said: list[str] = []

    def found(jobs: int) -> list[tuple[object, ...]]:
        results = run(model, out=tmp_path / str(jobs), jobs=jobs, listen=lambda event: said.append(event.text))
        fields = (
            "claim",
            "activation",
            "verdict",
            "argument",
            "scope",
            "lower",
            "upper",
            "margin",
            "evidence",
            "reason",
        )
        return [tuple(getattr(c, name) for name in fields) for c in results.certificates]

    alone = found(1)
    assert not [text for text in said if "processes" in text]
    assert found(2) == alone
    assert [text for text in said if text == "checking 2 subjects in 2 processes"]
