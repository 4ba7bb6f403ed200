"""Studies: a failure here means that two different runs share certificates, or that the same run does not find its own.

Also here: the study file's reference in docs/ is the one that its models generate, and the examples are valid.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from certigram.numerics.balls.budget import Budget
from certigram.numerics.runs.runner import run
from certigram.numerics.studies.data import load
from certigram.numerics.studies.study import Study
from certigram.spec import build_study, default_study, read_study, reference_markdown
from certigram.theory.claims.system import system
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

ROOT = Path(__file__).parents[2]
BASE = Study("base", ("deq-general",), ("tanh",), load("sphere", 4, d=3))
SMALL = {"training_width": 48, "training_points": 3, "training_steps": 6, "width": 48, "steps": 6, "iterations": 6}
SMALL |= {"points": 4, "features": 64}
"""Sizes of trained networks with which an example takes a second or two."""
CHANGES: dict[str, Callable[[Study], Study]] = {
    "activations": lambda s: replace(s, activations=("erf",)),
    "data": lambda s: replace(s, data=load("sphere", 5, d=3)),
    "parameters": lambda s: replace(s, parameters={"deq-general": {"sigma_w2": Fraction(1, 8)}}),
    "widths": lambda s: replace(s, widths=(64, 128, 256)),
    "replicates": lambda s: replace(s, replicates=3),
    "alpha": lambda s: replace(s, alpha=0.01),
    "bits": lambda s: replace(s, budget=Budget(bits=64)),
    "seed": lambda s: replace(s, budget=Budget(seed=1)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_digest_sees_what_may_change_a_result(what: str) -> None:
    """Each of these makes another run."""
    assert CHANGES[what](BASE).digest != BASE.digest


def test_the_digest_ignores_what_may_not() -> None:
    """The name and the time allowed do not."""
    assert replace(BASE, name="other", budget=Budget(seconds=1.0)).digest == BASE.digest


def test_parameters_have_defaults() -> None:
    """A parameter that is not given is the system's own default, exactly."""
    assert BASE.parameter("deq-general", "sigma_w2") == Fraction(1, 16)
    study = build_study({"study": {"systems": ["deq-general"]}, "parameters": {"deq-general": {"sigma_w2": 0.1}}})
    assert study.parameter("deq-general", "sigma_w2") == Fraction(0.1)  # a float means its binary value


def test_the_default_study() -> None:
    """Two hundred digits, four activations: what the README promises."""
    study = default_study()
    assert (study.data.n, study.data.d) == (200, 64)
    assert study.subjects("deq-general") == ("tanh", "erf", "gelu", "sigmoid")
    assert study.parameter("deq-general", "sigma_w2") == Fraction(1, 16)


def test_repeated_names_count_once() -> None:
    """Asking twice for the same is asking once."""
    study = build_study({"study": {"systems": ["deq-general"] * 2, "activations": ["tanh", "tanh"]}, "data": {"n": 2}})
    assert (study.systems, study.activations) == (("deq-general",), ("tanh",))


def test_paths_are_relative_to_the_study(tmp_path: Path) -> None:
    """A study and its data can be moved together."""
    (tmp_path / "points.csv").write_text("1,2\n3,4\n")
    (tmp_path / "s.toml").write_text('[study]\nsystems = ["deq-general"]\n[data]\nsource = "points.csv"\n')
    assert read_study(tmp_path / "s.toml").data.n == 2
    (tmp_path / "s.toml").write_text('[study]\nsystems = ["deq-general"]\n[data]\nsource = "other.csv"\n')
    with pytest.raises(SpecError, match="relative to the study file"):
        read_study(tmp_path / "s.toml")


def test_the_reference_is_current() -> None:
    """docs/study-file.md is what `python -m certigram.spec` prints."""
    assert (ROOT / "docs" / "study-file.md").read_text(encoding="utf-8") == reference_markdown()


def test_the_settings_of_data_reach_the_reader(tmp_path: Path) -> None:
    """Columns, labels and the meaning of numbers; what was left out is in the notes of the results."""
    (tmp_path / "x.csv").write_text(",a,kind,b\n0,0.1,u,0.2\n1,0.3,v,0.7\n")
    document = {
        "study": {"systems": ["deq-relu"]},
        "data": {"source": "x.csv", "labels": "kind", "numbers": "binary64", "normalize": "none"},
        "finite-width": {"widths": []},
        "budget": {"seconds": 1e-9},
    }
    study = build_study(document, base=tmp_path)
    assert study.data.points is not None
    assert study.data.points.values.tolist() == [[0.1, 0.2], [0.3, 0.7]]
    assert study.data.labels is not None
    assert study.data.labels.tolist() == [-1.0, 1.0]
    found = run(study)
    assert found.notes[:3] == (
        "data: line 1 is a heading.",
        "data: column 0 is left out: it is the index of a data frame.",
        "data: labels from column 'kind': u is -1, v is +1.",
    )
    assert found.to_json()["data"]["description"] == "2 points of x.csv as binary64"


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("study", "seed"),
        ("data", "n"),
        ("data", "d"),
        ("data", "labels"),
        ("finite-width", "seeds"),
        ("finite-width", "widths"),
        ("budget", "bits"),
        ("parameters", "deq-general"),
    ],
)
def test_integers_longer_than_python_prints(tmp_path: Path, section: str, key: str) -> None:
    """Hexadecimal integers of TOML have no limit; each is refused with a sentence that does not print it."""
    huge = 16**5000
    (tmp_path / "x.csv").write_text("1,2\n3,4\n")
    document: dict[str, dict[str, object]] = {"study": {"systems": ["deq-general"]}, "data": {}}
    if key in ("d", "labels"):
        document["data"]["source"] = "sphere" if key == "d" else str(tmp_path / "x.csv")
    values = {"widths": [huge, 2, 3], "deq-general": {"sigma_w2": huge}}
    document.setdefault(section, {})[key] = values.get(key, huge)
    with pytest.raises(SpecError) as refused:
        build_study(document)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda p: p.stem)
def test_examples_run(path: Path) -> None:
    """Every example is a valid study, and a few of its points without networks prove its eigenvalues.

    Two of its activations and kernels stand for all: the slow test below takes every one.
    """
    study = read_study(path)
    assert study.name == path.stem
    data = study.data
    assert data.points is not None
    points = type(data.points)(data.points.values[:5])
    labels = None if data.labels is None else data.labels[:5]
    data = replace(data, points=points, labels=labels)
    sizes = {
        s: {p.name: Fraction(SMALL[p.name]) if p.name in SMALL else study.parameter(s, p.name) for p in own}
        for s in study.systems
        for own in [system(s).parameters]
    }
    some = replace(study, activations=study.activations[:2], kernels=study.kernels[:2])
    few = replace(some, data=data, widths=(), parameters=sizes, budget=Budget(max_bits=256, max_terms=256))
    found = run(few)
    assert {c.claim for c in found.certificates} == {c.id for s in study.systems for c in system(s).claims}
    proved = [c for c in found.certificates if c.claim.endswith(".least-eigenvalue")]
    asked = [s for s in study.systems if any(c.id == f"{s}.least-eigenvalue" for c in system(s).claims)]
    assert len(proved) == sum(len(few.subjects(s)) for s in asked)
    assert {c.verdict for c in proved} <= {Verdict.PROVED}


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda p: p.stem)
def test_examples_in_full(path: Path) -> None:
    """Every example, networks included: nothing is refuted."""
    found = run(read_study(path))
    assert found.complete
    assert found.exit_status == 0
