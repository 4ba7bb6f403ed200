"""Work over processes: a failure here means that a killed worker costs the work, or that a run waits for ever."""

import importlib
import re
import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from certigram.numerics.sampling.workers import Workers
from certigram.theory.errors import Unfinished

TASKS = '''
import os, signal
from pathlib import Path


def squares(folder):
    """Squares; 3 kills its process at the first try, 5 each time, 7 fails; "early" kills before any work."""
    if folder == "early":
        os._exit(3)

    def work(item):
        mark = Path(folder) / str(item)
        if item == 5 or (item == 3 and not mark.exists()):
            mark.write_text("")
            os.kill(os.getpid(), signal.SIGKILL)
        if item == 7:
            raise ArithmeticError("seven")
        return item * item

    return work
'''


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that worker processes can import."""
    (tmp_path / "tasks_of_workers.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return importlib.import_module("tasks_of_workers")


def test_an_item_whose_worker_dies_is_tried_once_more(tasks: ModuleType, tmp_path: Path) -> None:
    """One kill costs nothing but a sentence; a second one at the same item ends the work, and the rest is kept."""
    found: list[int] = []
    told: list[str] = []
    workers = Workers(
        tasks.squares,
        str(tmp_path),
        finish=found.append,
        more=lambda: True,
        name=lambda k: f"item {k}",
        tell=told.append,
    )
    workers.run([1, 3, 4], 2)
    assert sorted(found) == [1, 9, 16]
    assert told == [
        "a worker process was ended by SIGKILL (as happens when memory runs out) at item 3, which is started once more"
    ]
    with pytest.raises(Unfinished, match=r"SIGKILL .* at item 5, twice: what was finished is saved"):
        workers.run([5], 2)
    assert sorted(found) == [1, 9, 16]
    assert len(told) == 2


def test_what_an_item_raises_is_raised_here(tasks: ModuleType, tmp_path: Path) -> None:
    """An error is no death: it arrives as it is, with its place in the worker, and is not tried again."""
    told: list[str] = []
    with pytest.raises(ArithmeticError, match="seven") as caught:
        Workers(tasks.squares, str(tmp_path), finish=print, more=lambda: True, tell=told.append).run([7, 7], 2)
    assert "in a worker process" in caught.value.__notes__[0]
    assert told == []


def test_workers_that_do_not_start(tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process that ends before it works is not started for ever; a setting larger than a pipe blocks nobody."""
    with pytest.raises(Unfinished, match="ended with status 3 at 1, twice"):
        Workers(tasks.squares, "early", finish=print, more=lambda: True).run([1], 2)
    (tmp_path / "tasks_of_workers.py").write_text("raise SystemExit(4)")
    monkeypatch.setattr("multiprocessing.spawn._main_path", str(tmp_path / "tasks_of_workers.py"), raising=False)
    main = importlib.import_module("__main__")
    monkeypatch.setattr(main, "__spec__", None)
    monkeypatch.setattr(main, "__file__", str(tmp_path / "tasks_of_workers.py"), raising=False)
    with pytest.raises(Unfinished, match="ended with status 4 before it could work"):
        Workers(tasks.squares, "x" * 10**6, finish=print, more=lambda: True).run([1, 2], 2)


def test_what_cannot_be_sent_is_done_here(tmp_path: Path) -> None:
    """A task that no other process can get is no reason to fail, or to be silent; one job needs no process."""
    made: list[int] = []
    done: list[int] = []
    told: list[str] = []

    def prepare(setting: int) -> Callable[[int], int]:
        made.append(setting)
        return lambda item: setting * item

    workers = Workers(prepare, 3, finish=done.append, more=lambda: len(done) < 2, tell=told.append)
    workers.run([1, 2, 5], 1)
    assert (made, done, told) == ([3], [3, 6], [])
    done.clear()
    workers.run([1, 2, 5], 2)
    assert (made, done) == ([3, 3], [3, 6])
    (sentence,) = told
    assert re.fullmatch(r"the work cannot be sent to other processes \(.*prepare.*\): it is done in this one", sentence)


def test_no_time_no_work(tasks: ModuleType, tmp_path: Path) -> None:
    """Nothing is started when there is no time for it; and a worker is no reason to forget a handler."""
    before = signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, [])
    found: list[int] = []
    Workers(tasks.squares, str(tmp_path), finish=found.append, more=lambda: False).run([1, 2], 2)
    assert found == []
    assert (signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, [])) == before
