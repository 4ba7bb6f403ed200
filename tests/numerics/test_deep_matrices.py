"""A failure here means that the matrices of the front door for deep networks are wrong or not semidefinite."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

import certigram as cg
from certigram.deep import nngp, nngp_and_ntk, ntk
from certigram.numerics.balls.precision import precision
from certigram.numerics.deep.conventions import TangentConvention
from certigram.numerics.deep.instance import DeepInstance
from certigram.numerics.deep.pair import pair_kernels
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

TABLE = np.random.default_rng(3).standard_normal((25, 6))


@pytest.mark.parametrize("name", ["tanh", "erf", "gelu", "relu", pytest.param("elu", marks=pytest.mark.slow)])
@pytest.mark.parametrize("normalize", ["sphere", None])
def test_entries_against_pairs_and_positivity(name: str, normalize: str | None) -> None:
    table = TABLE if normalize else TABLE[:8]
    K = ntk(table, activation=name, depth=2, sigma_w2="9/4", sigma_b2="1/100", normalize=normalize)
    model = K.instance
    assert isinstance(model, DeepInstance)
    source = model.data.source
    for i, j in ((1, 0), (5, 2), (7, 6), (3, 3)):
        if normalize:
            with precision(128):
                c: arb | Fraction = model.inputs.cosines.entry(i, j) if i != j else Fraction(1)
            a = b = Fraction(1)
        else:
            a, b, c = source.second_moment(i), source.second_moment(j), source.inner(i, j) / 6
        values = pair_kernels(model.network, a, b, c, 80, TangentConvention.PREACTIVATION)
        for matrix, value in zip((model.nngp, K.matrix), values, strict=True):
            assert value is not None
            assert arb(float(matrix.mid[i, j]), matrix.radius(i, j)).overlaps(value)
    assert np.median(K.rad) < 1e-12 * K.mid.max()
    for matrix in (model.nngp, K.matrix):
        assert decide_at_least(matrix, -Fraction(1, 10**6))[0] is Verdict.PROVED
    # adding the derivative part to a positive semidefinite matrix: diagonal and trace grow
    assert (np.diag(K.mid) > np.diag(model.nngp.mid)).all()


def test_float_matrices_contain_the_sharp_ones() -> None:
    for name, depth in (("erf", 3), ("relu", 2)):
        rough = ntk(TABLE[:6], activation=name, depth=depth, normalize="sphere")
        sharp = ntk(TABLE[:6], activation=name, depth=depth, normalize="sphere", bits=160)
        for i in range(6):
            for j in range(i + 1):
                assert rough.ball(i, j).overlaps(sharp.ball(i, j))
                assert float(sharp.ball(i, j).rad) < 1e-40


def test_both_at_once_are_the_two_matrices() -> None:
    K, T = nngp_and_ntk(TABLE, activation="erf", depth=2, sigma_w2=2, normalize="sphere")
    alone = nngp(TABLE, activation="erf", depth=2, sigma_w2=2, normalize="sphere")
    other = ntk(TABLE, activation="erf", depth=2, sigma_w2=2, normalize="sphere")
    assert np.abs(K.mid - alone.mid).max() <= np.max(K.rad) + np.max(alone.rad)
    assert np.array_equal(T.mid, other.mid)


def test_exact_gram_and_kept_norms() -> None:
    gram = [["1", "1/2"], ["1/2", "4"]]
    K = nngp(input_gram=gram, activation="relu", depth=1, sigma_w2=["1", "2"])
    with precision(160):
        # sqrt(ab)/pi (sin t + (pi - t) cos t) with a = 1, b = 4, cos t = 1/4
        t = (arb(1) / 4).acos()
        assert K.ball(0, 1).arb.overlaps(2 * (t.sin() + (arb.pi() - t) / 4) / arb.pi())
    assert K.ball(1, 1).contains(4)
    assert float(K.ball(0, 1).rad) < 1e-30
    half = TABLE[:3] * np.array([[1.0], [2.0], [0.5]])
    same = nngp(half, activation="relu", depth=2, normalize="sphere").mid
    assert np.allclose(same, nngp(TABLE[:3], activation="relu", depth=2, normalize="sphere").mid, atol=1e-13)


def test_nearly_parallel_points_of_a_rectifier_are_sharp() -> None:
    """The slope of relu's dual is infinite at 1: such pairs are evaluated one by one."""
    table = np.vstack([TABLE[:4], TABLE[0] + 1e-12, 3 * TABLE[1], -TABLE[2]])
    T = ntk(table, activation="relu", depth=3, sigma_w2=2)
    assert T.matrix.radius(0, 4) < 1e-12 * T.mid.max()
    assert cg.least_eigenvalue(T).upper < 1e-4


@pytest.mark.parametrize("convention", ["implicit", "readout", "standard"])
def test_other_conventions(convention: str) -> None:
    K = ntk(TABLE, activation="tanh", depth=2, sigma_w2=[2, 3], convention=convention, normalize="sphere")
    assert (K.instance.system, K.instance.parameters["convention"]) == ("ntk", convention)
    assert cg.least_eigenvalue(K).lower > 0
    with pytest.raises(SpecError, match="3 entries where 2 dense layers"):
        ntk(TABLE, activation="tanh", depth=2, sigma_w2=[1, 1, 1], convention=convention)


def test_misuse_is_explained() -> None:
    with pytest.raises(SpecError, match="square"):
        nngp(TABLE, activation="exp(x**2)", depth=1)
    with pytest.raises(SpecError, match="either the points X or"):
        nngp(activation="tanh", depth=1)
    with pytest.raises(SpecError, match="choose"):
        ntk(TABLE, activation="tanh", depth=1, normalize="unit")
    with pytest.raises(SpecError, match="convention"):
        ntk(TABLE, activation="tanh", depth=1, convention="ntk")
