"""A failure here means that the checker has no rule for a kernel that can be written out, or a wrong one."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import certigram as cg
from certigram.numerics.covariances.witness import node_of
from certigram.numerics.replay.expressions import expressed, rank, written
from certigram.numerics.replay.inputs import Inputs
from certigram.numerics.replay.verdicts import Stop

POINTS = np.random.default_rng(3).standard_normal((5, 8))


def saved(k: cg.Kernel, folder: Path) -> Path:
    K = k(POINTS)
    return cg.certify(K, at_least=Fraction(cg.least_eigenvalue(K).lower) / 2).save(folder / "c.json")


@pytest.mark.parametrize(
    "k",
    [
        cg.kernel("matern-1/2"),
        2 * cg.kernel("gaussian") + cg.kernel("dual", activation="gelu"),
        (cg.kernel("linear") + "1/3") ** 3,
        cg.kernel("arc-cosine", order=2).normalised(),
        cg.kernel("ntk", activation="leaky_relu(1/10)", depth=3, convention="standard"),
        cg.kernel("nngp", activation=["tanh", "elu"], depth=2, sigma_b2="1/10"),
        cg.kernel("deq", activation="tanh", sigma_w2="1/8") + cg.kernel("deq-relu", sigma_w2="3/4"),
    ],
)
def test_kernels_that_are_written_out(k: cg.Kernel, tmp_path: Path) -> None:
    """Whatever is made of kernels that the checker knows."""
    found = cg.check(saved(k, tmp_path))
    assert found.verdict == "VALID", found
    shown = {"matern-1/2": "matern-1/2", "ntk": "relu(-1*x)"}.get(k.name, str(k))
    assert shown in found.parts[0].reason


def test_kernels_without_a_rule_are_unsupported(tmp_path: Path) -> None:
    k = cg.kernel("dual", activation="gelu_tanh")
    assert cg.check(saved(k, tmp_path)).verdict == "UNSUPPORTED"


def test_few_features_are_fewer_than_points() -> None:
    """A sum, a product and a power of kernels with few features: on as many points, and on one more."""
    k = (cg.kernel("linear") * cg.kernel("linear", sigma_b2=1) + 1) ** 2
    given = Inputs([[0]] * 7, 1, [Fraction(0)], Fraction(1))
    assert rank(node_of(k.covariance), given) == 6  # (1*2 + 1)(1*2 + 2)/2
    assert rank(node_of((k + cg.kernel("gaussian")).covariance), given) is None
    assert rank(node_of((2 * k.normalised()).covariance), given) == 6


@pytest.mark.parametrize(
    "k",
    [
        3 * cg.kernel("gaussian") * cg.kernel("linear") + 1,
        ((cg.kernel("matern-3/2", scale="1/2") + 1) * (cg.kernel("linear") + 2)) ** 3,
        (2 * cg.kernel("ntk", activation=["erf", "tanh"], depth=2, sigma_w2=["9/4", 1, 2])).normalised(),
    ],
)
def test_a_kernel_is_written_as_at_the_front_door(k: cg.Kernel) -> None:
    """Text and parameters, which are what a reader sees, are made from the very tree that is proved."""
    node = json.loads(json.dumps(node_of(k.covariance)))
    text, parameters, _ = written(node)
    assert text == str(k)
    assert list(parameters) == list(k.parameters)


def test_equilibrium_kernels_at_many_norms(tmp_path: Path) -> None:
    """The prover's own enclosure, on the same points, is met by the checker's."""
    for name, phi, w in (("deq-general", "sigmoid", "1/4"), ("deq-relu", None, "15/16"), ("deq-general", "erf", 0)):
        K = cg.population_gram(name, POINTS, activation=phi, sigma_w2=w, normalize=None)
        found = cg.check(cg.certify(K).save(tmp_path / "c.json"))
        assert found.verdict == "VALID", found
        assert f"{name}, " in found.parts[0].reason


@pytest.mark.parametrize(("sigma_w2", "name"), [("1/2", "deq"), (1, "deq-relu"), ("-1/8", "deq")])
def test_no_fixed_point_is_taken_on_trust(sigma_w2: object, name: str) -> None:
    more = {"activation": "relu"} if name == "deq" else {}
    given = Inputs([[2], [1, 3]], 2, [Fraction(1), Fraction(3, 2)], Fraction(1))
    with pytest.raises(Stop, match="outside the range"):
        expressed({"name": name, **more, "sigma_w2": sigma_w2}, given, False, 16, 64)


def test_towers_of_powers_are_not_climbed() -> None:
    node = {"name": "constant", "value": 2}
    for _ in range(5):
        node = {"name": "power", "exponent": 1000, "parts": [node]}
    with pytest.raises(Stop, match="too many digits"):
        expressed(node, Inputs([[2], [1, 3]], 2, [Fraction(1), Fraction(3, 2)], Fraction(1)), False, 16, 64)


@pytest.mark.parametrize(
    "node",
    [
        {"name": "linear", "sigma_b2": 0, "sigma_w2": 1},  # another order
        {"name": "linear", "sigma_w2": 1},
        {"name": "linear", "sigma_w2": 1, "sigma_b2": 0, "remark": 1},
        {"name": "sum", "parts": [{"name": "linear", "sigma_w2": 1, "sigma_b2": 0}]},
        {"name": "scaled", "factor": -1, "parts": [{"name": "gaussian", "scale": 1}]},
        {"name": "scaled", "factor": "4/2", "parts": [{"name": "gaussian", "scale": 1}]},
        {"name": "power", "exponent": 0, "parts": [{"name": "gaussian", "scale": 1}]},
        {"name": "power", "exponent": True, "parts": [{"name": "gaussian", "scale": 1}]},
        {"name": "nngp", "activation": "relu", "depth": 0, "sigma_w2": 1, "sigma_b2": 0},
        {"name": "nngp", "activation": "relu", "depth": 2, "sigma_w2": [1, 1], "sigma_b2": 0},
        {"name": "nngp", "activation": "relu", "depth": 1, "sigma_w2": 0, "sigma_b2": 1},
        {"name": "nngp", "activation": "relu", "depth": 1, "sigma_w2": 1, "sigma_b2": "-1/2"},
        {"name": "ntk", "activation": "relu", "depth": 1, "sigma_w2": 1, "sigma_b2": 0, "convention": "N1"},
        {"name": "difference", "parts": []},
        ["linear"],
    ],
)  # fmt: skip
def test_what_is_no_kernel_is_refused(node: object) -> None:
    with pytest.raises(Stop):
        written(node)
