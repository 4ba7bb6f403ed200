"""Files of earlier versions: certificates are still checked; everything else is refused in one sentence.

A failure here means that somebody's certificate lost its meaning, or that an old file is read as a new one.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from certigram.numerics.certificates.certificate import Certificate
from certigram.numerics.replay import UNSUPPORTED, VALID, check
from certigram.numerics.runs.archive import read_results
from certigram.theory.errors import SpecError

OLD = Path(__file__).parents[1] / "golden" / "certificates-1"
NAMES = sorted(path.stem for path in OLD.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("accelerate", [True, False])
def test_certificates_of_the_first_format_stay_valid(name: str, accelerate: bool) -> None:
    """They say less (no argument, scope and sharpness), and what they say is proved."""
    path = OLD / f"{name}.json"
    assert json.loads(path.read_text())["format"] == "certigram-certificate/1"
    assert check(path, accelerate=accelerate).verdict == VALID


def test_there_are_old_certificates() -> None:
    """A factor, a null vector, two systems."""
    assert NAMES == ["relu", "repeated-point", "tanh", "two-points"]


@pytest.mark.parametrize("key", ["certificate", "proof"])
def test_a_format_without_a_rule_is_unsupported(key: str, tmp_path: Path) -> None:
    """The version is what the answer is about, not a guess at the content."""
    document = json.loads((OLD / "tanh.json").read_text())
    (document if key == "certificate" else document["proof"])["format"] = f"certigram-{key}/0"
    path = tmp_path / "c.json"
    path.write_text(json.dumps(document))
    shutil.copy(OLD / "tanh.npz", tmp_path / "c.npz")
    found = check(path)
    assert (found.verdict, "version" in found.reason) == (UNSUPPORTED, True)


def test_reading_an_old_certificate_names_its_version() -> None:
    """It holds no argument: nothing is made up for it."""
    with pytest.raises(SpecError, match=r"certigram-certificate/1.*certigram check"):
        Certificate.read(OLD / "tanh.json")


def test_a_run_of_an_older_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """Its results lack what a report of today says."""
    old = {"study": "digits", "version": "0.0.9", "digest": "0" * 64, "claims": []}
    (tmp_path / "results.json").write_text(json.dumps(old))
    with pytest.raises(SpecError, match=r"another version of certigram \('0\.0\.9'\).*run the study again\.$"):
        read_results(tmp_path)
