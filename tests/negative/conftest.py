"""Certificates that are valid, for the tests that attack them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import certigram as cg
from certigram.numerics import replay

Arrays = dict[str, np.ndarray]
POINTS = np.random.default_rng(5).standard_normal((5, 24))


def _outcome(text: str | bytes, arrays: Arrays | bytes | None) -> tuple[replay.Check, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.json"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        if isinstance(arrays, bytes):
            path.with_suffix(".npz").write_bytes(arrays)
        elif arrays is not None:
            np.savez(path.with_suffix(".npz"), **arrays)
        started = time.process_time()
        found = replay.check(path, accelerate=False)
        return found, time.process_time() - started


@cache
def _honest(name: str, sigma_w2: str) -> tuple[str, Arrays, float]:
    K = cg.population_gram("deq-general", POINTS, activation=name, sigma_w2=sigma_w2)
    certificate = cg.certify(K, at_least=Fraction(cg.least_eigenvalue(K).lower) / 2)
    with tempfile.TemporaryDirectory() as folder:
        path = certificate.save(Path(folder) / "c.json")
        text = path.read_text()
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    _outcome(text, arrays)  # what the first call alone needs is not measured
    verdict, seconds = _outcome(text, arrays)
    assert verdict.verdict == "VALID", verdict
    return text, arrays, seconds


@pytest.fixture
def outcome() -> Callable[[str | bytes, Any], tuple[replay.Check, float]]:
    """What the checker, in pure Python, says of a certificate's text and arrays, and the CPU seconds that took."""
    return _outcome


@pytest.fixture
def honest() -> Callable[[str, str], tuple[str, Arrays, float]]:
    """A valid certificate for five points: its text, its arrays, and the CPU seconds of checking it."""
    return _honest


@pytest.fixture
def honest_series() -> Callable[[str, str], tuple[str, Arrays, float]]:
    """The same, for modules that have certificates of their own."""
    return _honest
