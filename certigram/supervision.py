"""Stopping at once: a command computes in a child process, and its parent answers the signals.

A computation inside a library of C cannot be interrupted by Python before that library returns, which may take
minutes. The parent only waits. At the first signal (Ctrl-C, SIGTERM, SIGHUP) it asks the child to stop, which saves and
says what was finished; a child that has not stopped after ``GRACE`` seconds, or at the second signal, is killed. What
was finished is on the disk by then. Without ``fork`` (on Windows) the command runs in this process.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from threading import Thread
from types import FrameType
from typing import NoReturn

GRACE = 1.5
"""Seconds that a command has to stop by itself."""
INTERRUPTED = 130
"""Exit status of a command that stopped when it was asked to; the parent makes of it 128 + the signal."""
PR_SET_PDEATHSIG = 1
"""From <sys/prctl.h>: the signal that a process is to get when its parent ends."""
STOPPED = "interrupted; what verify and sweep finished is saved, and the same command continues."


def supervise() -> None:
    """Go on in a child process; the parent stays in here and leaves with the status of the child."""
    if not hasattr(os, "fork"):
        return
    answered = [s for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) != signal.SIG_IGN]
    signal.pthread_sigmask(signal.SIG_BLOCK, answered)  # none may come before somebody answers it
    parent, child = os.getpid(), os.fork()
    if child:
        _Supervisor(child, answered).wait()
    _leave_with(parent)
    for number in (*answered, signal.SIGUSR1):
        signal.signal(number, _interrupt)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, answered)


def leave() -> NoReturn:
    """Leave an interrupted command, everything being said and written.

    The interpreter is not taken apart: that may take a second, and another signal in that second would kill it.
    """
    sys.stderr.flush()
    os._exit(INTERRUPTED)


class _Supervisor:
    """The parent: it waits for the child, and stops it when it is told to stop."""

    def __init__(self, child: int, answered: list[signal.Signals]) -> None:
        self.child = child
        self.received = 0
        for number in answered:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGALRM, lambda *_: self._send(signal.SIGKILL))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, answered)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._send(signal.SIGKILL if self.received else signal.SIGUSR1)
        self.received = self.received or number
        signal.setitimer(signal.ITIMER_REAL, GRACE)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(self.child, number)

    def wait(self) -> None:
        """Leave when the child does, with its status."""
        _, how = os.waitpid(self.child, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        status = os.waitstatus_to_exitcode(how)
        if status < 0:
            if sys.stderr.isatty():
                print("\x1b[?25h", file=sys.stderr)  # the display of progress hid the cursor
            print(f"certigram: {STOPPED if self.received else _killed(-status)}", file=sys.stderr)
            status = 128 - status
            if self.received:
                status = INTERRUPTED
        if self.received and status == INTERRUPTED:
            status = 128 + self.received
        raise SystemExit(status)


def _killed(number: int) -> str:
    name = signal.Signals(number).name
    why = ", as happens when memory runs out" if number == signal.SIGKILL else ""
    return f"the computation was ended by {name}{why}; what verify and sweep finished is saved."


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Interrupt the child once; a terminal sends its signal to the child and to the parent, who passes it on."""
    for repeated in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(repeated, lambda *_: None)  # one that is under way already may not be ignored
    raise KeyboardInterrupt


def _leave_with(parent: int) -> None:
    """Let this process end when its parent is killed: the system sees to it, or a thread that looks."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(INTERRUPTED)

    Thread(target=look, daemon=True).start()
