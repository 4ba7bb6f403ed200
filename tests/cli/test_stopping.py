"""Signals: a failure here means that a command cannot be stopped, leaves processes behind, or lies with its status.

The commands are small programs under the supervision of the command line, so that they tell when they are under work.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, sys, time
from itertools import repeat
from pathlib import Path
from certigram import supervision
from certigram.supervision import leave, supervise

deaf = sys.argv[1] == "deaf"
supervision.GRACE = 0.5 if deaf else 100.0  # on a busy machine too
supervise()
if deaf:  # from before it says that it is under work
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
try:
    Path("child").write_text(str(os.getpid()))
    sum(repeat(1, 10**15)) if deaf else time.sleep(600)  # a loop in C, which no signal interrupts
except KeyboardInterrupt:
    print("finished pieces are saved", file=sys.stderr)
    leave()
"""
GUARD = 120.0
"""Seconds after which a test gives up; nothing is measured by it."""


def heed_signals() -> None:
    """What a shell runs in its background is deaf to SIGINT, what nohup started to SIGHUP, and so is all below it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def start(folder: Path, how: str) -> tuple[subprocess.Popen[str], int]:
    """The program under work, and the process in which it works."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    )
    deadline = time.monotonic() + GUARD
    mark = folder / "child"
    while not (mark.exists() and mark.read_text()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process, int(mark.read_text())


def gone(pid: int) -> bool:
    """Whether a process has ended, or ends while we look."""
    deadline = time.monotonic() + GUARD
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_stops_by_itself(tmp_path: Path, number: signal.Signals) -> None:
    """It says what it has saved, and the status is 128 + the signal."""
    process, child = start(tmp_path, "willing")
    process.send_signal(number)
    _, err = process.communicate(timeout=GUARD)
    assert (process.returncode, err) == (128 + number, "finished pieces are saved\n")
    assert gone(child)


def test_a_terminal_sends_its_signal_to_both(tmp_path: Path) -> None:
    """Ctrl-C reaches the parent and the child: the child is interrupted once, and says what it has saved once."""
    process, child = start(tmp_path, "willing")
    os.kill(child, signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=GUARD)
    assert (process.returncode, err) == (130, "finished pieces are saved\n")
    assert gone(child)


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
def test_a_command_that_cannot_stop_is_killed(tmp_path: Path, signals: list[signal.Signals]) -> None:
    """A library of C that does not return is no reason to wait: one sentence, the same status, no process left."""
    process, child = start(tmp_path, "deaf")
    for number in signals:
        process.send_signal(number)
    _, err = process.communicate(timeout=GUARD)
    assert process.returncode == 128 + signals[0]
    assert err.startswith("certigram: interrupted; ")
    assert err.count("\n") == 1
    assert gone(child)


def test_a_command_that_is_killed(tmp_path: Path) -> None:
    """The kernel ends the one that takes the memory; the other one says so. Without it, nobody works on unseen."""
    process, child = start(tmp_path, "deaf")
    os.kill(child, signal.SIGKILL)
    _, err = process.communicate(timeout=GUARD)
    assert process.returncode == 137
    assert err.startswith("certigram: the computation was ended by SIGKILL, as happens when memory runs out")
    (tmp_path / "child").unlink()
    process, child = start(tmp_path, "deaf")
    process.kill()
    process.communicate(timeout=GUARD)
    if sys.platform == "linux":  # elsewhere it looks from time to time, which the loop of C does not let it
        assert gone(child)
    else:
        os.kill(child, signal.SIGKILL)
