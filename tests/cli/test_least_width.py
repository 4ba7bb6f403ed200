"""A failure here means that certigram least-width says something else than was sampled, or meets a mistake badly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Call = Callable[..., tuple[int, str, str]]


def test_both_widths_are_printed_drawn_and_kept(call: Call, tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("1,0\n0,1\n")
    given = ("least-width", tmp_path / "two.csv", "--activation", "sigmoid", "--event", "whitened", "--widths", "8,128")
    kept = ("--out", tmp_path / "kept", "--jobs", "1")
    status, out, _ = call(*given, *kept, "--figure", tmp_path / "gap.svg")
    assert status == 0
    assert "at width 128, the least of those tried; certified from 1" in out
    assert "sampled, not proved" in out
    assert (tmp_path / "gap.svg").read_text().rstrip().endswith("</svg>")
    status, out, _ = call(*given, *kept, "--json")
    (row,) = json.loads(out)["networks"]
    assert (status, row["least"], row["largest below"], row["look"]) == (0, {"whitened": 128}, {"whitened": 8}, 1)


def test_mistakes_get_a_sentence(call: Call, tmp_path: Path) -> None:
    for arguments, words in (
        (("--widths", "8;16"), "is not a width"),
        (("--figure", "gap.png"), "ends in .svg or .pdf"),
        (("--event", "weyl", "--n", "4"), "choose least-eigenvalue or whitened"),
    ):
        status, _, err = call("least-width", "digits", *arguments, "--out", tmp_path / "kept")
        assert (status, words in err) == (2, True), err
