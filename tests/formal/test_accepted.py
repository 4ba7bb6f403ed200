"""Does Coq accept the bounds of true certificates? A failure: an export is broken, or the library is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import certigram as cg
from certigram.numerics.certificates.certificate import Certificate
from certigram.numerics.certificates.coq.subject import NoTheorem
from certigram.numerics.certificates.coq.verdict import REALS, FormalVerdict, check_text, check_with_coq

Make = Callable[..., Certificate]
KERNELS = ("own", "arc-cosine", "erf-equilibrium", "relu-equilibrium", "gaussian", "arcsine")


@pytest.mark.parametrize("kernel", KERNELS)
def test_twenty_digits(verdict: Callable[[str], FormalVerdict], certificate_of: Make, kernel: str) -> None:
    text = certificate_of(kernel).to_coq()
    found = verdict(text)
    assert (found.verdict, found.reason) == ("VALID", "")
    assert len(found.theorems) == 2
    lower, upper = (_number(theorem) for theorem in found.theorems)
    assert 0 < lower <= upper <= lower * (1 + 2e-6)
    assert set(found.assumptions) >= REALS


def _number(theorem: str) -> float:
    m, k = re.search(r"IZR (\d+) / IZR \(10 \^ (\d+)\)\)\.$", theorem).groups()  # type: ignore[union-attr]
    return int(m) / 10 ** int(k)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("backend", ["bigint", "z"])
def test_other_backends(
    verdict: Callable[[str], FormalVerdict], certificate_of: Make, kernel: str, backend: str
) -> None:
    found = verdict(certificate_of(kernel, 6).to_coq(backend=backend))
    assert (found.verdict, found.reason) == ("VALID", "")
    assert backend == "bigint" or set(found.assumptions) == REALS


@pytest.mark.slow
def test_coqchk_agrees(coq: Path, certificate_of: Make) -> None:
    found = check_text(certificate_of("arc-cosine", 6).to_coq(), "x", cache=coq.parent, coqchk=True)
    assert found.verdict == "VALID"
    assert found.rechecked


def test_a_saved_certificate(coq: Path, certificate_of: Make, tmp_path: Path) -> None:
    path = certificate_of("own", 4).save(tmp_path / "bound.json")
    assert check_with_coq(path, cache=coq.parent).verdict == "VALID"


def test_antipodal_points(verdict: Callable[[str], FormalVerdict]) -> None:
    """The cosine -1, where the interval of the closed form would be of no use: the square, 1/2 - 1/pi."""
    K = cg.population_gram("implicit-relu", np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]))
    assert verdict(cg.certify(K, at_least="0.1").to_coq()).verdict == "VALID"


def test_an_edited_certificate_is_invalid(coq: Path, certificate_of: Make, tmp_path: Path) -> None:
    """Also where no file can be written from it, so that a folder is checked to its end."""
    path = certificate_of("own", 4).save(tmp_path / "bound.json")
    document = json.loads(path.read_text("utf-8"))
    document["proof"]["data"]["radius"] = "1/2"
    path.write_text(json.dumps(document), "utf-8")
    found = check_with_coq(path, cache=coq.parent)
    assert (found.verdict, "digest" in found.reason) == ("INVALID", True)


def test_theorems_that_are_too_weak_say_so(coq: Path, tmp_path: Path) -> None:
    """The least eigenvalue is 2^-44: with floats the lower bound is negative, and the certificate says positive."""
    near = 1 - 2.0**-44
    path = cg.certify(np.array([[1.0, near], [near, 1.0]])).save(tmp_path / "bound.json")
    found = [check_with_coq(path, backend=backend, cache=coq.parent) for backend in ("float", "bigint")]
    assert [(x.verdict, "too weak" in x.reason) for x in found] == [("VALID", True), ("VALID", False)]


def test_what_has_no_theorem() -> None:
    K = cg.population_gram("deq-general", [[1.0, 0.0], [0.6, 0.8]], activation="tanh", sigma_w2="1/16")
    with pytest.raises(NoTheorem, match="those of erf and relu"):
        cg.certify(K, at_least="1e-3").to_coq()
