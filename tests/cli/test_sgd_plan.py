"""A failure here means that certigram sgd-plan prints another plan than was proved, or meets a mistake badly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Call = Callable[..., tuple[int, str, str]]


def test_a_plan_is_printed_and_written_as_json(call: Call, tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("1,0\n0,1\n")
    given = ("sgd-plan", tmp_path / "two.csv", "--outer", "1/64", "--regularisation", "1/20", "--batch", "2")
    status, out, _ = call(*given)
    assert status == 0
    assert out.startswith("ARGUED: E L(W_K) - inf L <= 1/10 for s = ")
    assert "strongly convex: yes" in out
    status, out, _ = call(*given, "--json")
    found = json.loads(out)
    assert (status, found["convex"], found["epsilon"]) == (0, "ARGUED", "1/10")
    assert all(plan["bound"]["upper"] <= 0.1 for plan in found["plans"])
    assert found["plans"][0]["steps"] == min(plan["steps"] for plan in found["plans"] if plan["steps"])


def test_labels_are_a_column_and_one_neuron_gives_the_shorter_plan(call: Call, tmp_path: Path) -> None:
    (tmp_path / "line.csv").write_text("x,sign\n" + "1,1\n" * 19 + "1,-1\n")
    given = ("--labels", "sign", "--keep-norms", "--width", "256", "--outer", "1/512", "--regularisation", "3/8000")
    status, out, _ = call("sgd-plan", tmp_path / "line.csv", *given, "--one-neuron", "--json")
    plans = json.loads(out)["plans"]
    assert (status, plans[0]["steps"] < 1000, plans[1]["steps"] > 10**6) == (0, True, True)
    assert "Hardy" in plans[0]["inequality"]
    status, _, err = call("sgd-plan", tmp_path / "line.csv", "--labels", "name")
    assert (status, "name" in err) == (2, True), err


def test_mistakes_get_a_sentence(call: Call) -> None:
    for arguments, words in (
        (("--epsilon", "0"), "epsilon = 0"),
        (("--regularisation", "-1"), "regularisation"),
        (("--activation", "relu"), "not proved smooth"),
        (("--batch", "9"), "at most 4"),
        (("--outer", "0"), "all zero"),
    ):
        status, _, err = call("sgd-plan", "digits", "--n", "4", *arguments)
        assert (status, words in err) == (2, True), err
