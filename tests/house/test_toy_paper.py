"""A paper is added by its rooms alone: in this tree, and from another distribution.

The rooms of ``tests/house/toy`` are what CONTRIBUTING.md shows as the recipe. A failure here means that somewhere a
list of names has to be edited before a paper is known.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOY = Path(__file__).with_name("toy")
STOREYS = ("theory", "numerics", "reports")
FLOORS = ("theory", "numerics", "docs", "tests")
SUITE = ("tests/systems/test_conformance.py", "tests/theory/test_lemmas.py")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")


def copied(place: Path) -> Path:
    """The packages, the pages and the tests, as real files."""
    for name in ("certigram", *STOREYS, "docs", "tests", "benchmarks", "examples"):
        links = STOREYS if name == "certigram" else ()
        ignore = shutil.ignore_patterns("__pycache__", ".*", *links)
        shutil.copytree(ROOT / name, place / name, ignore=ignore)
    for name in ("pyproject.toml", "conftest.py", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, place)
    return place


def run(place: Path, *arguments: str, path: tuple[Path, ...] = ()) -> str:
    """Python in a checkout; what it printed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (*path, place)))}
    done = subprocess.run([sys.executable, *arguments], cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def passed(out: str) -> int:
    """How many tests passed; none failed."""
    found = re.search(r"(\d+) passed", out)
    assert found is not None, out
    return int(found[1])


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this tree."""
    return copied(tmp_path_factory.mktemp("tree"))


def test_a_paper_from_another_distribution(tree: Path, tmp_path: Path) -> None:
    """A package beside ours and one entry point: the suite finds it, with its proofs and its references."""
    package = tmp_path / "linear_networks"
    for floor in ("theory", "numerics", "docs"):
        shutil.copytree(TOY / floor, package / floor, ignore=LEFT_OUT)
        for file in (package / floor).glob("*.py"):
            text = file.read_text("utf-8").replace("docs/papers/toy/", "docs/")
            text = re.sub(r"from \.{4}(?=\w)", "from certigram.", text)
            file.write_text(re.sub(r"from \.{3}(?=\w)", f"from certigram.{floor}.", text), "utf-8")
    (package / "__init__.py").write_text('"""Linear networks."""\n', "utf-8")
    about = tmp_path / "linear_networks-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: linear-networks\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text("[certigram.papers]\ntoy = linear_networks\n", "utf-8")
    out = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "toy", *SUITE, path=(tmp_path,))
    assert passed(out) >= 9, out
    study = tmp_path / "study.toml"
    study.write_text('[study]\nsystems = ["toy"]\n[data]\nsource = "digits"\nn = 4\n', "utf-8")
    told = """if True:
        import sys, certigram as cg
        print(list(cg.systems()), [(c.claim, c.verdict.name) for c in cg.verify(sys.argv[1]).claims])"""
    said = run(tree, "-c", told, str(study), path=(tmp_path,))
    assert "'toy', 'two-layer-logistic'] [('toy.cauchy-schwarz', 'PROVED')]" in said


def test_a_paper_in_this_tree(tree: Path) -> None:
    """Four rooms and nothing else: the suite, the rules of the house and the command line know the paper."""
    for floor in FLOORS:
        shutil.copytree(TOY / floor, tree / floor / "papers" / "toy", ignore=LEFT_OUT)
    house = [f"tests/house/test_{name}.py" for name in ("imports", "rooms", "references")]
    which = "toy or nothing_is_wrong or names_agree or no_reference"
    out = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", which, "tests/papers/toy", *SUITE, *house)
    assert passed(out) >= 24, out
