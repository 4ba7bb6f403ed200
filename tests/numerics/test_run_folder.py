"""The folder of a run: a failure here means that two runs write over each other, or one takes the place of another."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from certigram import verify
from certigram.numerics.files import require_output, write_atomically
from certigram.numerics.runs.folder import locked, run_folder
from certigram.spec import read_study
from certigram.theory.errors import CertigramError, SpecError, Unfinished

STUDY = (
    '[study]\nname = "s"\nsystems = ["deq-general"]\nactivations = ["{}"]\n[data]\nn = 2\n[finite-width]\nwidths=[]\n'
)


def study(folder: Path, activation: str, name: str = "s.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(STUDY.format(activation))
    return folder / name


def started(folder: Path, file: Path, *, replace: bool = False) -> list[str]:
    """What is said when a run of this file starts in this folder, and leaves something there."""
    told: list[str] = []
    with run_folder(folder, read_study(file), replace=replace, tell=told.append):
        write_atomically(folder / "results.json", "{}")
    return told


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """A second process is told who is writing, the lock ends with its holder, and what a kill left is removed."""
    program = "import sys\nfrom pathlib import Path\nfrom certigram.numerics.runs.folder import locked\n"
    program += "with locked(Path(sys.argv[1])):\n    print('writing', flush=True)\n    sys.stdin.read()\n"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    folder = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", program, folder], env=environment, stdin=-1, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "writing\n"
        with (
            pytest.raises(Unfinished, match=rf"another run \(process {other.pid}\) is writing to .*run"),
            locked(folder),
        ):
            pass
        other.kill()
    (folder / "certificates").mkdir()
    (folder / "certificates" / ".c.json.abcdefgh.part").write_text("half")
    with locked(folder):
        assert list((folder / "certificates").iterdir()) == []


def test_another_study_does_not_take_the_place(tmp_path: Path) -> None:
    """The same study continues, an edited one replaces with a word, another one is refused until it is asked for."""
    mine, folder = study(tmp_path, "tanh"), tmp_path / "out"
    assert started(folder, mine) == []
    assert started(folder, mine) == []
    assert started(folder, study(tmp_path / "copy", "tanh")) == []  # the same study from elsewhere
    mine = study(tmp_path / "copy", "sin")
    assert "replaces" in started(folder, mine)[0]
    other = study(tmp_path, "erf", "other.toml")
    with pytest.raises(SpecError, match=r"holds a run of another study \(.*s\.toml.*--replace"):
        started(folder, other)
    with pytest.raises(SpecError, match="another study"):
        verify(other, out=folder)
    assert "replaces" in started(folder, other, replace=True)[0]
    with pytest.raises(SpecError, match="another study"):
        started(folder, mine)
    (folder / "results.json").unlink()  # emptied by hand: free for anybody
    assert started(folder, mine) == []
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("copy", "out"):
        (tmp_path / name).rename(moved / name)
    assert "replaces" in started(moved / "out", study(moved / "copy", "erf"))[0]  # edited after both were moved


def test_only_files_are_replaced(tmp_path: Path) -> None:
    """A pipe, a device, a folder or a file in the place of a folder is refused; a link stays one."""
    pipe, plain, folder = tmp_path / "pipe", tmp_path / "plain", tmp_path / "folder"
    os.mkfifo(pipe)
    plain.write_text("old")
    folder.mkdir()
    for place, words in (
        (pipe, "is a pipe, not a file"),
        (Path("/dev/null"), "is a device, not a file"),
        (folder, "Is a directory"),
        (plain / "below", "plain is a file, not a folder"),
        (tmp_path / ("x" * 300), "File name too long"),
        (Path("a\0b"), "null (byte|character)"),
    ):
        with pytest.raises(CertigramError, match=words):
            require_output(place)
    for place in (pipe, Path("/dev/null"), folder):
        with pytest.raises(SpecError):
            write_atomically(place, "new")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    for place, words in ((pipe, "is a pipe, not a folder"), (plain, "is a file, not a folder")):
        with pytest.raises(SpecError, match=words):
            require_output(place, folder=True)
    link = tmp_path / "link"
    link.symlink_to(plain)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert plain.read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "pipe", "plain"]


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the name that was asked for, not that of the file under work, nor none."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/wanted\.json'"):
        write_atomically(tmp_path / "wanted.json", "content")
