"""A failure here means that the front door refuses a system that has a population Gram matrix, or gives a wrong one.

Entries are compared with formulas written down here: the arc-cosine kernel, the Gaussian and Matérn kernels, the dual
of the error function.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

import certigram as cg
from certigram.numerics.studies.gram_model import GramModel
from certigram.theory.claims.kernel_claims import LEAST_EIGENVALUE

POINTS = np.random.default_rng(11).standard_normal((5, 3))
UNIT = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
DISTANCE = np.linalg.norm(POINTS[:, None] - POINTS, axis=2)
MATERN = 5**0.5 / 2 * DISTANCE
COSINE = np.clip(UNIT @ UNIT.T, -1, 1)

MODELS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "implicit-relu": (
        "implicit-relu",
        {},
        (np.sqrt(1 - COSINE**2) + COSINE * (math.pi - np.arccos(COSINE))) / (2 * math.pi),
    ),
    "gaussian": ("resnet-rkhs", {"kernel": "gaussian", "scale": "2", "normalize": None}, np.exp(-(DISTANCE**2) / 8)),
    "matern-5/2": (
        "resnet-rkhs",
        {"kernel": "matern-5/2", "scale": 2, "normalize": None},
        (1 + MATERN + MATERN**2 / 3) * np.exp(-MATERN),
    ),
    "dual(erf)": (  # variance 3/16: 2/pi asin(2 v t/(1 + 2 v))
        "resnet-rkhs",
        {"kernel": "dual(erf)"},
        2 / math.pi * np.arcsin(3 / 8 * COSINE / (1 + 3 / 8)),
    ),
    "deq-relu": ("deq-relu", {"sigma_w2": 0}, None),
}


def model(name: str) -> tuple[cg.PopulationGram, Any]:
    system, arguments, expected = MODELS[name]
    return cg.population_gram(system, POINTS, **arguments), expected


@pytest.mark.parametrize("name", MODELS)
def test_every_system_answers_and_its_entries_are_right(name: str) -> None:
    K, expected = model(name)
    if expected is not None:
        assert np.abs(np.asarray(K) - expected).max() < 1e-13
    found = cg.least_eigenvalue(K)
    assert found.lower <= np.linalg.eigvalsh(K.mid)[0] + 1e-12
    assert found.upper >= np.linalg.eigvalsh(K.mid)[0] - 1e-12
    assert found.relative_width < 1e-5
    assert repr(K).startswith(f"PopulationGram({MODELS[name][0]!r}")
    assert K.instance.subject in K._repr_html_()
    fine = cg.population_gram(MODELS[name][0], POINTS, **MODELS[name][1], bits=160)
    assert fine.accuracy_bits is not None
    assert fine.accuracy_bits > 140
    assert all(K.ball(i, j).overlaps(fine.ball(i, j)) for i in range(5) for j in range(5))


@pytest.mark.parametrize("name", MODELS)
def test_bounds_are_certified_under_the_claim_that_they_decide(name: str, tmp_path: Path) -> None:
    K, _ = model(name)
    least = cg.least_eigenvalue(K)
    proved = cg.certify(K, at_least=least.lower / 2)
    assert proved.verdict is cg.Verdict.PROVED
    assert cg.certify(K, at_least=least.upper * 2).verdict is cg.Verdict.REFUTED  # the control: twice too large
    assert proved.claim == LEAST_EIGENVALUE.id
    path = proved.save(tmp_path / "bound.json")
    read = cg.Certificate.read(path)
    assert read.activation == K.instance.subject
    assert read.system == MODELS[name][0]
    assert all(isinstance(value, str) for value in json.loads(path.read_text())["detail"]["parameters"].values())
    assert cg.check(path).verdict == ("UNSUPPORTED" if name.startswith("dual") else "VALID")


def test_a_certificate_names_what_determines_the_kernel() -> None:
    rounded = "rescaled to norm sqrt(d), then rounded to binary64"
    K = cg.population_gram("resnet-rkhs", POINTS, kernel="gaussian", scale="3/2", depth=7)
    assert dict(K.instance.parameters) == {"scale": "3/2", "embedding": "1", "points": rounded}
    assert dict(model("implicit-relu")[0].instance.parameters) == {}
    assert dict(model("dual(erf)")[0].instance.parameters) == {"scale": "4", "embedding": "1"}


def test_singular_for_an_exact_reason() -> None:
    repeated = [[1, 2], [3, 1], [2, 4]]
    for system, arguments in (("implicit-relu", {}), ("deq-relu", {}), ("resnet-rkhs", {"kernel": "gaussian"})):
        K = cg.population_gram(system, repeated, **arguments)  # type: ignore[arg-type]
        assert cg.least_eigenvalue(K).upper == 0
        assert K.instance.null_vector is not None
        assert cg.certify(K, at_least="1e-30").verdict is cg.Verdict.REFUTED
    hexagon = [[1, -1, 0], [1, 0, -1], [0, 1, -1], [-1, 1, 0], [-1, 0, 1], [0, -1, 1]]
    K = cg.population_gram("implicit-relu", hexagon)
    reason = K.instance.null_vector
    assert reason is not None
    assert "linearly dependent" in reason.reason
    assert np.linalg.matrix_rank(K.mid, tol=1e-12) == reason.rank  # type: ignore[union-attr]
    assert cg.population_gram("resnet-rkhs", repeated, kernel="gaussian", normalize=None).instance.null_vector is None


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "no matrix": ("two-layer-logistic", {"activation": "tanh"}, "has no population Gram matrix: choose deq-general"),
    "no matrix, no activation": ("two-layer-logistic", {}, "has no population Gram matrix"),
    "no activation": ("deq-general", {}, 'as in activation="tanh"'),
    "no kernel": ("resnet-rkhs", {}, 'as in kernel="gaussian"'),
    "an activation for a kernel": ("resnet-rkhs", {"activation": "tanh"}, "is about kernels"),
    "a kernel for an activation": ("deq-general", {"kernel": "gaussian"}, "is about activations"),
    "another activation": ("implicit-relu", {"activation": "tanh"}, "about ReLU networks"),
    "a misspelt kernel": ("resnet-rkhs", {"kernel": "gausian"}, "Did you mean gaussian"),
    "a misspelt parameter": ("resnet-rkhs", {"kernel": "gaussian", "scal": 2}, "Did you mean scale"),
    "a bad parameter": ("resnet-rkhs", {"kernel": "gaussian", "scale": -2}, "scale"),
    "norms that differ": ("resnet-rkhs", {"kernel": "dual(erf)", "normalize": None}, "different norms"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case: str) -> None:
    system, arguments, sentence = REFUSED[case]
    with pytest.raises(cg.SpecError, match=sentence):
        cg.population_gram(system, POINTS, **arguments)


def test_every_model_is_one() -> None:
    """Each name of the protocol, on each kind of model: a type checker sees the rest."""
    names = [name for name in dir(GramModel) if not name.startswith("_")]
    assert len(names) >= 10
    grams = [model(name)[0] for name in MODELS]
    grams += [cg.nngp(POINTS, activation="relu", depth=1), cg.population_gram("deq-general", POINTS, activation="gelu")]
    for K in grams:
        for name in names:
            getattr(K.instance, name)


def test_the_arc_cosine_kernel_to_thirty_digits() -> None:
    K = cg.population_gram("implicit-relu", input_gram=[["1", "1/3"], ["1/3", "1"]], bits=128)
    with mpmath.workdps(40):
        t = mpmath.mpf(1) / 3
        value = (mpmath.sqrt(1 - t * t) + t * (mpmath.pi - mpmath.acos(t))) / (2 * mpmath.pi)
        middle = K.ball(0, 1).mid
        assert K.accuracy_bits is not None
        assert K.accuracy_bits >= 120
        assert mpmath.almosteq(mpmath.mpf(middle.numerator) / middle.denominator, value, 1e-36)
