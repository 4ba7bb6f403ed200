"""`certigram falsify`: a failure here means that a counterexample is not reported, or a record cannot be replayed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from certigram.numerics.papers.two_layer_logistic.bounds import LogisticBounds

CLAIM = "two-layer-logistic.gradient-bound"


def test_a_search_is_printed_recorded_and_replayed(call: Callable[..., object], tmp_path: Path) -> None:
    status, out, err = call("falsify", CLAIM, "--evaluations", 200, "--seed", 1, "--out", tmp_path)  # type: ignore[misc]
    assert (status, err) == (0, "")
    assert out.startswith(f"{CLAIM}: not refuted; sharpness >= 0.")
    for part in (
        "200 instances tried from seed 1",
        "LogisticBounds.gradient",
        "|grad g| <= G",
        "W = [[",
        str(tmp_path),
    ):
        assert part in out
    (record,) = tmp_path.glob("*.json")
    assert json.loads(record.read_text("utf-8"))["bound"] == CLAIM
    for place in (record, tmp_path):
        status, out, err = call("falsify", "--replay", place)  # type: ignore[misc]
        assert (status, err) == (0, "")
        assert out.startswith(f"{CLAIM}: not refuted; left/right >= 0.")


def test_a_false_bound_has_status_one(
    call: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A constant that is too small in the code of the formula: the search refutes it, and so does an old record."""
    call("falsify", CLAIM, "--evaluations", 500, "--out", tmp_path)
    true = LogisticBounds.gradient.fget
    assert true is not None
    monkeypatch.setattr(LogisticBounds, "gradient", property(lambda bounds: true(bounds) * 0.5))
    for arguments in (("--replay", tmp_path), (CLAIM, "--evaluations", 500, "--out", tmp_path)):
        status, out, _ = call("falsify", *arguments)  # type: ignore[misc]
        assert status == 1
        assert f"{CLAIM}: REFUTED" in out


def test_json_is_one_document(call: Callable[..., object], tmp_path: Path) -> None:
    status, out, _ = call("falsify", CLAIM, "--evaluations", 60, "--out", tmp_path, "--json")  # type: ignore[misc]
    assert status == 0
    (record,) = json.loads(out)["records"]
    assert (record["bound"], record["verdict"]) == (CLAIM, "UNKNOWN")
    status, out, _ = call("falsify", "--replay", tmp_path, "--json")  # type: ignore[misc]
    assert json.loads(out)["records"][0]["ratio"] == record["ratio"]
    status, out, _ = call("falsify", "--json")  # type: ignore[misc]
    assert any(row["bound"] == CLAIM and row["sharpness"] for row in json.loads(out)["bounds"])


def test_without_a_claim_the_bounds_are_listed(call: Callable[..., object]) -> None:
    status, out, _ = call("falsify")  # type: ignore[misc]
    assert status == 0
    assert any(line.startswith(f"{CLAIM} ") and "0.99" in line for line in out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("two-layer-logistic.gradient-bund",), "no claim or lemma is called 'two-layer-logistic.gradient-bund'. Did"),
        (("two-layer-logistic.derivatives",), "two-layer-logistic.derivatives has no bound to falsify"),
        ((CLAIM, "--budget", "0"), "--budget"),
        ((CLAIM, "--seed", "-1"), "--seed"),
        ((CLAIM, "--out", "/dev/null"), "/dev/null is a device, not a folder"),
        ((CLAIM, "--replay", "somewhere"), "leave out"),
        (("--replay", "nowhere.json"), "nowhere.json is no record of the falsifier"),
        (("--replay", "."), "holds no record of the falsifier"),
    ],
)
def test_bad_input_is_one_sentence(
    call: Callable[..., object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = call("falsify", *arguments)  # type: ignore[misc]
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
