"""However it was obtained, it runs: from a plain folder without links, and from what is built for an index."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STOREYS = ("theory", "numerics", "reports")
SOURCES = (*STOREYS, "certigram", "tests", "docs", "examples", "benchmarks")
FILES = (
    "pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "conftest.py",
    "constraints.txt", "hatch_build.py",
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    not (ROOT / "hatch_build.py").is_file(), reason="this is an installed package, not a checkout that can be built"
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as a zip download leaves it: no links, and flattened ones as the text files that Windows makes."""
    room = tmp_path_factory.mktemp("download") / "certigram-main"
    room.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in SOURCES:
        shutil.copytree(ROOT / name, room / name, ignore=ignore, symlinks=True)
    for name in FILES:
        shutil.copy(ROOT / name, room / name)
    for name in STOREYS:
        link = room / "certigram" / name
        link.unlink(missing_ok=True)
        link.write_text(f"../{name}", encoding="utf-8")
    return room


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_folder_without_links_runs_as_it_is(checkout: Path) -> None:
    """Before anything is installed: the package finds its storeys beside itself, and these are the ones it runs."""
    where = "import certigram.theory.version as v, certigram.reports; print(v.__file__)"
    assert Path(run("-c", where, cwd=checkout).strip()) == checkout / "theory" / "version.py"
    assert "-0.1509197641" in run("-m", "certigram", "dual", "tanh", "1.3", "0.7", "-0.4", cwd=checkout)


def test_an_editable_install_makes_the_links(checkout: Path) -> None:
    """Tools that follow folders (type checkers, doctests) see one package."""
    sys.path.insert(0, str(ROOT))
    try:
        from hatch_build import link
    finally:
        sys.path.pop(0)
    for name in STOREYS:
        for _ in range(2):  # the second time there is nothing to do
            link(checkout / "certigram" / name, checkout / name)
        assert (checkout / "certigram" / name / "__init__.py").is_file()
    assert run("-c", "import certigram.theory.version as v; print(v.__file__)", cwd=checkout).strip() == str(
        checkout / "certigram" / "theory" / "version.py"
    )


@pytest.fixture(scope="module")
def built(checkout: Path) -> tuple[Path, Path]:
    """The sdist, and a wheel built from the sdist's own content."""
    run("-m", "hatchling", "build", "-t", "sdist", "-d", "dist", cwd=checkout)
    (sdist,) = (checkout / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(checkout / "dist", filter="data")
    unpacked = sdist.with_name(sdist.name.removesuffix(".tar.gz"))
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(checkout / "dist"), cwd=unpacked)
    (wheel,) = (checkout / "dist").glob("*.whl")
    return unpacked, wheel


def test_the_source_archive_holds_everything_but_the_history(built: tuple[Path, Path], checkout: Path) -> None:
    unpacked, _ = built
    links = {Path("certigram", storey) for storey in STOREYS}
    for name in SOURCES:
        for file in (checkout / name).rglob("*"):
            place = file.relative_to(checkout)
            if file.is_file() and "__pycache__" not in place.parts and not links & {place, *place.parents}:
                assert (unpacked / place).is_file(), place
    tests = run(
        "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", "tests/numerics/test_ball.py", cwd=unpacked
    )
    assert "test_ball.py" in tests


def test_the_wheel_holds_each_module_once_and_runs(built: tuple[Path, Path], tmp_path: Path) -> None:
    unpacked, wheel = built
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert len(names) == len(set(names))
    for storey in STOREYS:
        for file in (unpacked / storey).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                assert f"certigram/{file.relative_to(unpacked).as_posix()}" in names
    assert "-0.1509197641" in run("-m", "certigram", "dual", "tanh", "1.3", "0.7", "-0.4", cwd=tmp_path)
