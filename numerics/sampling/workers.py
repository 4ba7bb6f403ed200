"""Work spread over processes, item by item; an item whose process dies is tried once more, and then named."""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import Any, Generic, TypeVar

from ...theory.errors import Unfinished

Setting = TypeVar("Setting")
Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(eq=False, slots=True)
class _Worker(Generic[Item]):
    process: SpawnProcess
    connection: Connection
    ready: bool = False
    item: Item | None = None

    def end(self) -> str:
        """How the process ended, in words; one that is still there is killed."""
        self.connection.close()
        self.process.join(1.0)  # it may be dying
        self.process.kill()
        self.process.join()
        status = self.process.exitcode or 0
        self.process.close()
        if status >= 0:
            return f"ended with status {status}"
        name = signal.Signals(-status).name
        return f"was ended by {name}" + (" (as happens when memory runs out)" if name == "SIGKILL" else "")


class Workers(Generic[Setting, Item, Found]):
    """Processes that call ``prepare(setting)(item)`` for every item; ``finish`` gets each result in this process.

    ``more`` is asked before an item is started, ``name`` says what an item is, ``tell`` gets a sentence when a worker
    died. ``prepare`` and ``setting`` are pickled; where they cannot be, ``tell`` is told why, and all is done in this
    process.
    """

    def __init__(
        self,
        prepare: Callable[[Setting], Callable[[Item], Found]],
        setting: Setting,
        *,
        finish: Callable[[Found], None],
        more: Callable[[], bool],
        name: Callable[[Item], str] = str,
        tell: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.task = (prepare, setting)
        self.finish, self.more, self.name, self.tell = finish, more, name, tell
        self.queue: deque[Item] = deque()
        self.deaths: Counter[Item | None] = Counter()
        self.workers: list[_Worker[Item]] = []

    def run(self, items: Iterable[Item], jobs: int) -> None:
        """Work through the items with at most ``jobs`` processes; one job is done in this process.

        Raises :class:`Unfinished` when one item ends two workers, or when workers do not even start, and whatever an
        item raises. On the way out, also of an interrupt, results that have come are finished, and workers killed: what
        they were at is lost.
        """
        self.queue = deque(items)
        if jobs <= 1 or not self._can_be_sent():
            self._work_here()
            return
        try:
            self.workers += [_started() for _ in range(min(jobs, len(self.queue)))]
            while any(w.item is not None or (self.queue and not w.ready) for w in self.workers):
                for connection in wait([w.connection for w in self.workers]):
                    worker = next(w for w in self.workers if w.connection is connection)
                    try:
                        self._hear(worker)
                    except (EOFError, ConnectionError):
                        self._replace(worker)
        finally:
            self._end()

    def _can_be_sent(self) -> bool:
        try:
            pickle.dumps(self.task)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            self.tell(f"the work cannot be sent to other processes ({error}): it is done in this one")
            return False
        return True

    def _work_here(self) -> None:
        prepare, setting = self.task
        work = prepare(setting) if self.queue else None
        while work is not None and self.queue and self.more():
            self.finish(work(self.queue.popleft()))

    def _hear(self, worker: _Worker[Item]) -> None:
        found = _received(worker)
        if worker.ready:
            worker.item = None
            self.finish(found)
        else:
            worker.ready = True
            worker.connection.send(self.task)
        if self.queue and self.more():
            worker.item = self.queue.popleft()
            worker.connection.send(worker.item)

    def _replace(self, dead: _Worker[Item]) -> None:
        self.workers.remove(dead)
        how, item = dead.end(), dead.item
        self.deaths[item] += 1
        if item is None and self.deaths[item] > 1:
            raise Unfinished(
                f"a worker process {how} before it could work: take one job, or protect the code of a script by"
                ' `if __name__ == "__main__":`.'
            )
        if item is not None:
            if self.deaths[item] > 1:
                raise Unfinished(
                    f"a worker process {how} at {self.name(item)}, twice: what was finished is saved, and the same"
                    " command continues; take fewer jobs, or less work."
                )
            self.tell(f"a worker process {how} at {self.name(item)}, which is started once more")
            self.queue.appendleft(item)
        if self.queue:
            self.workers.append(_started())

    def _end(self) -> None:
        for worker in self.workers:
            with suppress(Exception):  # it died, failed, or the disk is full: there is nothing to keep
                if worker.item is not None and worker.connection.poll():
                    self.finish(_received(worker))
            worker.process.kill()
        for worker in self.workers:
            worker.end()
        self.workers.clear()


def _started() -> _Worker[Any]:
    """A new worker; signals that come while it starts are kept for this process, which answers them."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    held = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # which would let them through, if it started below
        before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        process.start()
    finally:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Worker(process, ours)


def _received(worker: _Worker[Item]) -> Any:
    """What a worker sent; its error is raised here."""
    error, content = worker.connection.recv()
    if error is not None:
        raise error
    return content


# -- in the worker ---------------------------------------------------------------------------------------------------


def _serve(connection: Connection) -> None:
    """Say that this process is there, get its task, then work on one item after the other."""
    Thread(target=_leave_with_the_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where signals cannot be held back
    connection.send((None, None))
    try:
        prepare, setting = connection.recv()
        work = prepare(setting)
        while True:
            connection.send((None, work(connection.recv())))
    except (EOFError, ConnectionError):
        os._exit(1)  # the parent is gone
    except Exception as error:
        error.add_note(f"in a worker process:\n{traceback.format_exc()}")
        try:
            connection.send((error, None))
        except (TypeError, AttributeError, ValueError) as unsent:  # an error that cannot be pickled
            connection.send((RuntimeError(f"{type(error).__name__}: {error} ({unsent})"), None))


def _leave_with_the_parent() -> None:
    """End this process when its parent is gone: after a kill it would work, or wait for work, for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
