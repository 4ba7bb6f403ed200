"""A failure here means that a damaged file of a run is believed, or stops the run that should have made it again."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import certigram as cg
from certigram.numerics.certificates.certificate import Certificate
from certigram.numerics.runs.archive import last_runs, read_results
from certigram.numerics.runs.runner import Event, run
from certigram.numerics.sampling.experiment import Plan, Sample, Subject
from certigram.numerics.sampling.experiment import run as sample
from certigram.numerics.stored import read_json
from certigram.numerics.studies.study import Study
from certigram.numerics.studies.workspace import Workspace
from certigram.spec import build_study
from certigram.theory.activations.activation import activation
from certigram.theory.errors import SpecError

EXAMPLES = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STRANGE: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e308, -0.0, "", "abc", "\x1b[2J", [], [1], {}, {"a": []}, "Infinity", 10**400,
]  # fmt: skip


@st.composite
def damages(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """A change of bytes: flipped, cut off, taken out, put in, doubled, or another file altogether."""
    kind = draw(st.sampled_from(["flip", "cut", "drop", "insert", "double", "zero", "other"]))
    place, length = draw(st.floats(0, 1, exclude_max=True)), draw(st.integers(1, 40))
    content, bit = draw(st.binary(min_size=1, max_size=40)), draw(st.integers(0, 7))

    def damage(raw: bytes) -> bytes:
        k = int(place * len(raw))
        return {
            "flip": raw[:k] + bytes([raw[k] ^ 1 << bit]) + raw[k + 1 :],
            "cut": raw[:k],
            "drop": raw[:k] + raw[k + length :],
            "insert": raw[:k] + content + raw[k:],
            "double": raw + raw[:k],
            "zero": raw[:k] + b"\0" * length + raw[k + length :],
            "other": content,
        }[kind]

    return damage


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of everything in a JSON document."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, value in inner for place in [(*path, key), *places(value, (*path, key))]]


def planted(document: Any, share: float, value: Any) -> Any:
    """The document with something strange in one place, or without that place."""
    document = copy.deepcopy(document)
    found = places(document)
    *path, last = found[int(share * len(found))]
    target = document
    for key in path:
        target = target[key]
    if value is StopIteration:
        del target[last]
    else:
        target[last] = value
    return document


SHARES, VALUES = st.floats(0, 1, exclude_max=True), st.sampled_from([*STRANGE, StopIteration])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    K = cg.population_gram("deq-general", np.random.default_rng(1).standard_normal((4, 6)), activation="tanh")
    return cg.certify(K, at_least="1/1000").save(tmp_path_factory.mktemp("saved") / "c.json")


def one_sentence(error: SpecError) -> None:
    assert len(str(error).splitlines()) == 1


def same_or_refused(path: Path, before: Certificate) -> None:
    try:
        assert Certificate.read(path) == before
    except SpecError as error:
        one_sentence(error)
    assert cg.check(path).verdict in ("VALID", "INVALID", "UNSUPPORTED")


@EXAMPLES
@given(damages(), st.sampled_from([".json", ".npz"]))
def test_a_damaged_certificate_is_refused_or_the_same(
    saved: Path, tmp_path: Path, damage: Callable[[bytes], bytes], suffix: str
) -> None:
    for file in (saved, saved.with_suffix(".npz")):
        shutil.copy(file, tmp_path)
    target = tmp_path / f"c{suffix}"
    target.write_bytes(damage(target.read_bytes()))
    same_or_refused(tmp_path / "c.json", Certificate.read(saved))


@EXAMPLES
@given(SHARES, VALUES)
def test_an_edited_certificate_is_refused_or_the_same(saved: Path, tmp_path: Path, share: float, value: Any) -> None:
    shutil.copy(saved.with_suffix(".npz"), tmp_path)
    (tmp_path / "c.json").write_text(json.dumps(planted(json.loads(saved.read_text()), share, value)))
    same_or_refused(tmp_path / "c.json", Certificate.read(saved))


@EXAMPLES
@given(SHARES, VALUES)
def test_an_edited_certificate_whose_digest_is_right_is_a_certificate_or_refused(
    saved: Path, share: float, value: Any
) -> None:
    try:
        found = Certificate.from_json(planted(json.loads(saved.read_text()), share, value))
    except SpecError:
        return
    assert found.lower is None or found.upper is None or found.lower <= found.upper
    json.dumps(found.to_json(), allow_nan=False)


# -- samples ---------------------------------------------------------------------------------------------------------


def plan() -> Plan:
    points = np.random.default_rng(3).standard_normal((3, 4))
    subjects = (Subject(activation("tanh"), np.eye(3), lipschitz=1.0),)
    return Plan("deq-general", points, subjects, (8, 12), 1, parameters={"sigma_w2": Fraction(1, 16)})


def numbers(found: Sample) -> list[list[float]]:
    """Everything but the seconds, which no two runs share."""
    return [[*unit.numbers[:, :-1].ravel().tolist(), *unit.functionals.ravel().tolist()] for unit in found.units]


@EXAMPLES
@given(damages(), st.integers(0, 1))
def test_damaged_samples_are_drawn_again(tmp_path: Path, damage: Callable[[bytes], bytes], which: int) -> None:
    expected, told, fresh = numbers(sample(plan(), store=tmp_path)), [], []
    file = sorted(tmp_path.iterdir())[which]
    before = file.read_bytes()
    file.write_bytes(damage(before))
    found = sample(plan(), store=tmp_path, on_unit=lambda *unit: fresh.append(unit), on_damage=told.append)
    assert np.array_equal(numbers(found), expected, equal_nan=True)
    assert len(told) == len(fresh)


@pytest.mark.parametrize("which", ["samples of each other", "an array too many", "another kind of number", "no zip"])
def test_files_that_hold_something_else_are_drawn_again(which: str, tmp_path: Path) -> None:
    expected, told = numbers(sample(plan(), store=tmp_path)), []
    first, second = sorted(tmp_path.iterdir())
    if which == "samples of each other":
        shutil.copy(first, second)
    elif which == "no zip":
        second.write_bytes(b"PK")
    else:
        arrays = dict(np.load(first))
        more = {"more": np.ones(1)} if which == "an array too many" else {"numbers": arrays["numbers"].astype("<f4")}
        np.savez(first, **{**arrays, **more})
    assert np.array_equal(numbers(sample(plan(), store=tmp_path, on_damage=told.append)), expected, equal_nan=True)
    assert len(told) == 1


@EXAMPLES
@given(damages())
def test_damaged_experiments_are_made_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    told: list[str] = []
    work = Workspace(store=tmp_path, tell=told.append)
    made = {"x": np.arange(40.0), "y": np.zeros((2, 0))}
    work.keep("k", lambda: made)
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    file.write_bytes(damage(before))
    found = work.keep("k", lambda: made)
    assert {name: array.tolist() for name, array in found.items()} == {k: v.tolist() for k, v in made.items()}
    assert len(told) <= 1
    assert Workspace(store=tmp_path, tell=told.append).keep("k", dict)["x"].tolist() == made["x"].tolist()


# -- a whole run -----------------------------------------------------------------------------------------------------


def study(folder: Path) -> Study:
    (folder / "points.csv").write_text("1,0,0\n0,1,0\n1,1,1\n")
    document = {
        "study": {"systems": ["deq-general"], "activations": ["tanh"]},
        "data": {"source": str(folder / "points.csv")},
        "finite-width": {"widths": []},
        "parameters": {"deq-general": {"training_width": 48, "training_points": 3, "training_steps": 6}},
        "budget": {"max_bits": 256, "max_terms": 256},
    }
    return build_study(document)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    found = run(study(folder), out=folder / "out", jobs=1)
    (folder / "out" / "results.json").write_text(found.dumps())
    return folder


def shown(found: Any) -> list[tuple[Any, ...]]:
    return [(c.claim, c.verdict, c.lower, c.upper, c.margin, c.reason) for c in found.certificates]


def test_what_is_damaged_in_a_run_is_made_again_and_said(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "copy")
    out = tmp_path / "copy" / "out"
    expected = shown(run(study(tmp_path / "copy"), out=out, jobs=1))
    eigenvalue = next(path for path in (out / "certificates").glob("*least-eigenvalue*.json"))
    side = eigenvalue.with_suffix(".npz")
    whole, arrays = eigenvalue.read_text(), side.read_bytes()
    edited = json.loads(whole)
    edited["lower"] = edited["prover"]["lower"] = 0.9
    for name, text, content in [
        ("a side file deleted", whole, None),
        ("a side file cut", whole, arrays[: len(arrays) // 2]),
        ("a side file emptied", whole, b""),
        ("a lower end above the upper one", json.dumps(edited), arrays),
        ("text for a number", whole.replace('"lower": ', '"lower": "abc", "was": ', 1), arrays),
        ("deep", "[" * 200_000, arrays),
        ("no object", "[1]", arrays),
        ("infinite", whole.replace('"seconds": ', '"seconds": Infinity, "was": ', 1), arrays),
    ]:
        eigenvalue.write_text(text)
        side.unlink(missing_ok=True)
        if content is not None:
            side.write_bytes(content)
        heard: list[Event] = []
        assert shown(run(study(tmp_path / "copy"), out=out, jobs=1, listen=heard.append)) == expected, name
        told = [event.text for event in heard if event.kind == "note"]
        assert len(told) == 1, name
        assert "damaged" in told[0]
        assert cg.check(eigenvalue).verdict == "VALID", name
        assert "PROVED [0.9" not in eigenvalue.read_text()


@settings(EXAMPLES, max_examples=25)
@given(SHARES, VALUES)
def test_edited_results_are_shown_or_refused(finished: Path, tmp_path: Path, share: float, value: Any) -> None:
    out = tmp_path / "out"
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(finished / "out", out)
    document = planted(read_json(out / "results.json"), share, value)
    (out / "results.json").write_text(json.dumps(document))
    try:
        json.dumps(read_results(out).to_json(), allow_nan=False)
    except SpecError as error:
        one_sentence(error)
    last_runs(tmp_path)


@EXAMPLES
@given(damages())
def test_damaged_results_are_shown_or_refused(finished: Path, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    raw = (finished / "out" / "results.json").read_bytes()
    (tmp_path / "results.json").write_bytes(damage(raw))
    try:
        json.dumps(read_results(tmp_path).to_json(), allow_nan=False)
    except SpecError as error:
        one_sentence(error)
    last_runs(tmp_path)
