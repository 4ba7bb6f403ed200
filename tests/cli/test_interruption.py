"""Interrupted runs: a failure here means that a kill costs more than the claim under work, or spoils what was saved."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from certigram.numerics.runs.runner import run
from certigram.spec import read_study

STUDY = """
[study]
name = "small"
systems = ["deq-general"]
activations = ["erf"]
[parameters.deq-general]
training_width = 48
training_points = 3
training_steps = 6
[data]
n = 6
[finite-width]
widths = [32, 64, 128]
seeds = 4
"""
LONG = STUDY.replace("[32, 64, 128]", "[32, 64, 256]").replace("seeds = 4", "seeds = 5000")


def heed_interrupts() -> None:
    """A shell starts what runs in its background deaf to SIGINT, and so would be everything below it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(study: Path, out: Path) -> subprocess.Popen[str]:
    """`certigram verify` in a process of its own, under work: some claims are decided and some networks sampled."""
    command = [sys.executable, "-m", "certigram", "verify", str(study), "--out", str(out), "--jobs", "2"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
        preexec_fn=heed_interrupts,
    )
    deadline = time.monotonic() + 120
    while not (list(out.glob("small/certificates/*.json")) and list(out.glob("small/samples/*.npz"))):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def read_everything(folder: Path) -> dict[str, object]:
    """Every saved file, whole; reading fails on half of one."""
    found: dict[str, object] = {}
    for path in folder.glob("certificates/[!.]*.json"):
        found[path.name] = json.loads(path.read_text(encoding="utf-8"))["verdict"]
    for path in folder.glob("samples/[!.]*.npz"):
        with np.load(path, allow_pickle=False) as data:
            if "numbers" in data.files:  # of a network: all but the time it took
                found[path.name] = data["numbers"][:, :-1].tobytes()
            else:  # of another experiment
                found[path.name] = b"".join(data[name].tobytes() for name in sorted(data.files))
    return found


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_what_was_finished_is_kept(tmp_path: Path, how: signal.Signals) -> None:
    """After Ctrl-C or a kill every saved file is whole, and Ctrl-C says so with status 130."""
    (tmp_path / "study.toml").write_text(LONG)
    process = started(tmp_path / "study.toml", tmp_path / "out")
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert out == ""
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in err
        assert "Traceback" not in err
    else:
        assert process.returncode == -signal.SIGKILL
    saved = read_everything(tmp_path / "out" / "small")
    assert sum(name.endswith(".json") for name in saved) >= 10
    assert any(name.endswith(".npz") for name in saved)


def test_a_second_start_continues(tmp_path: Path) -> None:
    """A run that reads what an earlier one saved ends with the verdicts and numbers of an undisturbed one."""
    (tmp_path / "study.toml").write_text(STUDY)
    study = read_study(tmp_path / "study.toml")
    whole = run(study, out=tmp_path / "whole", jobs=1)
    part = tmp_path / "part"
    shutil.copytree(tmp_path / "whole", part)
    for path in sorted(part.glob("*/*.[jn]*"))[::2]:
        path.unlink()  # as if the run had been killed before these were written
    for path in sorted(part.glob("certificates/*.json"))[:2]:
        path.write_text('{"format": "certigram-cer')  # half a file from somewhere else is not believed
    kept = {path: path.stat().st_mtime_ns for path in part.glob("samples/*")}
    again = run(study, out=part, jobs=1)

    def outline(results: object) -> list[tuple[object, ...]]:
        return [(c.claim, c.activation, c.verdict, c.lower, c.upper) for c in results.certificates]  # type: ignore[attr-defined]  # Results

    assert outline(again) == outline(whole)
    found, undisturbed = read_everything(part), read_everything(tmp_path / "whole")
    assert found.items() <= undisturbed.items()
    # an experiment whose claims were all read back is not made again; everything else is there
    assert {name for name in undisturbed if name.endswith(".json")} <= set(found)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "a finished network was sampled again"


def test_another_study_is_not_continued(tmp_path: Path) -> None:
    """Certificates of other parameters are not read back."""
    (tmp_path / "study.toml").write_text(STUDY.replace("[32, 64, 128]", "[]"))
    first = run(read_study(tmp_path / "study.toml"), out=tmp_path / "out")
    (tmp_path / "study.toml").write_text(
        STUDY.replace("[32, 64, 128]", "[]").replace("[data]", 'sigma_w2 = "1/8"\n[data]')
    )
    second = run(read_study(tmp_path / "study.toml"), out=tmp_path / "out")
    assert first.certificates[0].lower != second.certificates[0].lower
