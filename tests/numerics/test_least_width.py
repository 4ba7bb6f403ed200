"""A failure here means that a statement about sampled widths is made too easily, or depends on how it was computed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import certigram as cg
from certigram.numerics.eigenvalues.eigenvalue import least_eigenvalue
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.numerics.sampling.events import decided
from certigram.numerics.sampling.experiment import Subject
from certigram.numerics.sampling.least_width import Networks, Question, find
from certigram.numerics.sampling.sequential import Standing, judged
from certigram.numerics.studies.networks import FiniteGram, Nonlinearity
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

PHI = Nonlinearity("identity", lambda x: x, 1.0)
KERNEL = BallMatrix(np.eye(2), 0.0)


def coin(points: Any, functions: Any, *, width: int, seed: Any, **_: Any) -> tuple[FiniteGram, ...]:
    """A network whose event has a known probability: that of a uniform number below width / 1000."""
    happened = np.random.default_rng(seed).random() < width / 1000
    gram = np.diag([1.0, 1.0 if happened else 0.1])
    return (FiniteGram("identity", width, gram, True, 1, 0.0, 0.0, 1e-9 if width != 7 else np.inf, 0.0, 0.0, 0.0),)


def networks() -> Networks:
    subject = Subject(PHI, KERNEL.mid)
    return Networks(coin, np.eye(2), subject, KERNEL, least_eigenvalue(KERNEL))


def test_at_the_claimed_probability_hardly_anything_is_stated() -> None:
    """At p = 0.95 either statement is wrong or nearly so: each may be made in 1 of 20 sequences, over all times."""
    rng, wrong = np.random.default_rng(0), {Standing.AT_LEAST: 0, Standing.BELOW: 0, Standing.OPEN: 0}
    for _ in range(400):
        happened = rng.random(1000) < 0.95
        wrong[judged(happened, ~happened, 0.95, 0.05).standing] += 1
    assert wrong[Standing.AT_LEAST] < 45  # 400 * 0.05 = 20 are allowed; 45 has probability 1e-6 at most
    assert wrong[Standing.BELOW] < 45
    assert wrong[Standing.AT_LEAST] + wrong[Standing.BELOW] > 0


def test_undecided_trials_count_against_either_statement() -> None:
    unknown = np.zeros(4000, dtype=bool)
    some = np.arange(4000) % 5 == 0
    assert judged(unknown, unknown, 0.95, 0.01).standing is Standing.OPEN
    assert judged(~some, unknown, 0.95, 0.01).standing is Standing.OPEN  # at least 80 in 100, the rest unknown
    assert judged(unknown, some, 0.95, 0.01).standing is Standing.BELOW  # at most 80 in 100
    assert judged(~some, unknown, 0.75, 0.01).standing is Standing.AT_LEAST


def test_an_event_within_the_error_of_the_network_is_not_decided() -> None:
    star = least_eigenvalue(KERNEL)
    for event, edge in (("whitened", 0.5), ("whitened", 1.5), ("least-eigenvalue", 0.5)):
        for error in (1e-3, 1e-9):
            inside, outside = (edge + side * (1 if edge < 1 else -1) * 2 * error for side in (1, -1))
            assert decided(event, np.diag([1.0, inside]), error, KERNEL, star) is True
            assert decided(event, np.diag([1.0, outside]), error, KERNEL, star) is False
            assert decided(event, np.diag([1.0, edge + error / 2]), error, KERNEL, star) is None
    assert decided("whitened", np.eye(2), np.inf, KERNEL, star) is None


def test_widths_are_judged_one_by_one_without_monotonicity() -> None:
    found = find(networks(), Question((999, 7, 500, 300), ("whitened",), most=300))
    standing = {s.width: s.standing for s in found.statements}
    assert standing == {7: Standing.OPEN, 300: Standing.BELOW, 500: Standing.BELOW, 999: Standing.AT_LEAST}
    assert (found.least("whitened"), found.opposite("whitened")) == (999, 500)
    assert {s.standing.verdict for s in found.statements} == {
        Verdict.UNKNOWN, Verdict.INCONSISTENT, Verdict.CONSISTENT,
    }  # fmt: skip


def test_a_second_start_continues_and_another_question_pays(tmp_path: Path) -> None:
    question = Question((300, 999), ("whitened",), most=300)
    cut = find(networks(), question, store=tmp_path, seconds=0.0)
    assert not cut.complete
    whole = find(networks(), question, store=tmp_path)
    assert whole.statements == find(networks(), question).statements
    assert whole.look == 1
    file = next(tmp_path.rglob("m999-r3.npz"))
    file.write_bytes(b"broken")
    told: list[str] = []
    assert find(networks(), question, store=tmp_path, tell=told.append).statements == whole.statements
    assert "damaged" in told[0]
    other = find(networks(), Question((300,), ("whitened",), most=300), store=tmp_path)
    assert other.look == 2
    assert other.level == pytest.approx(1e-3 / 6)


def test_sigmoid_networks_show_the_event_far_below_the_certified_width(tmp_path: Path) -> None:
    gap = cg.width_gap("deq-general", [[1, 0], [0, 1]], activation="sigmoid", event="whitened", widths=[8, 128])
    assert (gap.sampled.opposite("whitened"), gap.sampled.least("whitened")) == (8, 128)
    certified = gap.certified["whitened"]
    assert certified is not None
    assert 1000 < certified < 1440


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"event": "weyl"}, "choose least-eigenvalue or whitened"),
        ({"widths": []}, "distinct positive integers"),
        ({"widths": [64, 64]}, "distinct positive integers"),
        ({"networks": 10}, "is too small"),
        ({"delta": 1}, "between 0 and 1"),
        ({"delta": "1e-9"}, "is too small"),
        ({"delta": "1e-30"}, "too small for a statement"),
        ({"alpha": "1e-400"}, "too small for a statement"),
        ({"system": "implicit-relu", "activation": None}, "choose deq-general or deq-relu"),
        ({"X": [[1, 0], [1, 0]]}, "K is singular"),
    ],
)
def test_bad_questions_get_a_sentence(arguments: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"system": "deq-general", "X": [[1, 0], [0, 1]], "activation": "tanh", "widths": [8]}
    with pytest.raises(SpecError, match=words):
        cg.least_width(**(given | arguments))


def test_a_false_probability_is_not_stated() -> None:
    """Control: at a width where the event has probability 0.9 nothing says 0.95, and 0.8 is said."""
    assert find(networks(), Question((900,), ("whitened",), most=2000)).least("whitened") is None
    assert find(networks(), Question((900,), ("whitened",), Fraction(1, 5), most=2000)).least("whitened") == 900
