"""Coq, its library built once for all tests, and certificates of small matrices of each kernel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import certigram as cg
from certigram.numerics.certificates.certificate import Certificate
from certigram.numerics.certificates.coq.toolchain import library
from certigram.numerics.certificates.coq.verdict import FormalVerdict, check_text

N = 20
CACHE = Path(__file__).resolve().parents[2] / "out" / "coq"

if shutil.which("coqc") is None and os.environ.get("CERTIGRAM_REQUIRE_TOOLS"):
    raise RuntimeError("coqc is not installed, and CERTIGRAM_REQUIRE_TOOLS asks for it")


@pytest.fixture(scope="session")
def coq() -> Path:
    """The folder of the compiled library; tests that ask for it are skipped where Coq is not installed."""
    if shutil.which("coqc") is None:
        pytest.skip("coqc is not installed")
    return library(CACHE)


@pytest.fixture(scope="session")
def certificate_of() -> Callable[..., Certificate]:
    """Certificates by the name of a kernel and the number of points."""
    return made


@pytest.fixture(scope="session")
def verdict(coq: Path) -> Callable[[str], FormalVerdict]:
    """What Coq says of the text of an exported file."""
    return lambda text: check_text(text, "the file", cache=CACHE)


@cache
def made(kernel: str, n: int = N) -> Certificate:
    """A certificate whose bounds are tight to about 1e-6, of the first n digits."""
    X = load_digits().data[:n]
    if kernel == "own":
        A = np.random.default_rng(1).standard_normal((n, 2 * n))
        A = A @ A.T / (2 * n)
        return tight((A + A.T) / 2)
    makers: dict[str, Callable[[], object]] = {
        "arc-cosine": lambda: cg.population_gram("implicit-relu", X),
        "erf-equilibrium": lambda: cg.population_gram("deq-general", X, activation="erf", sigma_w2="1/16"),
        "relu-equilibrium": lambda: cg.population_gram("deq-relu", X, sigma_w2="3/4"),
        "gaussian": lambda: cg.kernel("gaussian", scale=16)(X),
        "arcsine": lambda: cg.kernel("dual", activation="erf", sigma_b2="1/10")(X),
    }
    return tight(makers[kernel]())


def tight(K: object) -> Certificate:
    """Certify what is nearly the least eigenvalue."""
    top = float(cg.least_eigenvalue(K).lower) if not isinstance(K, np.ndarray) else float(np.linalg.eigvalsh(K)[0])
    return cg.certify(K, at_least=repr(top * (1 - 1e-6)))
