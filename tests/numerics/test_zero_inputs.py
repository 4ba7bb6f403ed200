"""A failure here means that a zero input, where norms are kept, is refused, or has wrong entries.

The arc-cosine formulas, one-dimensional quadrature and the fixed points are written down here a second time, in mpmath.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

import certigram as cg
from certigram.numerics.checks.registry import decide
from certigram.numerics.dual import dual
from certigram.numerics.kernels.cosines import cosines, cosines_arb
from certigram.numerics.kernels.parallel import duplicate_pairs, parallel_pairs
from certigram.numerics.kernels.points import points
from certigram.numerics.studies.data import load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.activations.activation import activation
from certigram.theory.claims.system import system

LINE = np.linspace(-1, 1, 15)[:, None]
PLANE = [[0.0, 0.0], [1.0, 2.0], [0.5, 1.0], [-1.0, 2.0], [2.0, 0.0]]


def arc_cosine_network(x: list[Any], w: Any, b: Any, depth: int) -> tuple[Any, Any]:
    """The NNGP and tangent matrices of a ReLU network on numbers, by the arc-cosine formulas."""
    n = len(x)
    sigma = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(n):
            sigma[i, j] = w * x[i] * x[j] + b
    tangent = sigma.copy()
    for _ in range(depth):
        after, both = mpmath.matrix(n, n), mpmath.matrix(n, n)
        for i in range(n):
            for j in range(n):
                size = mpmath.sqrt(sigma[i, i] * sigma[j, j])
                rho = mpmath.mpf(1) if i == j else min(max(sigma[i, j] / size, mpmath.mpf(-1)), mpmath.mpf(1))
                angle = mpmath.acos(rho)
                value = size * (mpmath.sin(angle) + (mpmath.pi - angle) * rho) / (2 * mpmath.pi)
                after[i, j] = w * value + b
                both[i, j] = after[i, j] + w * (mpmath.pi - angle) / (2 * mpmath.pi) * tangent[i, j]
        sigma, tangent = after, both
    return sigma, tangent


def test_relu_on_an_odd_grid() -> None:
    """W_std = 3/2, b_std = 1/20, two hidden layers, fifteen points of [-1, 1] with 0 in the middle."""
    setting: dict[str, Any] = {"activation": "relu", "depth": 2, "sigma_w2": "2.25", "sigma_b2": "0.0025"}
    exact = [Fraction(float(t)) for t in LINE.ravel()]
    assert exact[7] == 0
    with mpmath.workdps(40):
        x = [mpmath.mpf(t.numerator) / t.denominator for t in exact]
        expected = arc_cosine_network(x, mpmath.mpf("2.25"), mpmath.mpf("0.0025"), 2)
        least = [mpmath.eigsy(matrix, eigvals_only=True)[0] for matrix in expected]
        assert [mpmath.nstr(value, 5) for value in least] == ["1.6279e-7", "0.008329"]
        for make, matrix, value in zip((cg.nngp, cg.ntk), expected, least, strict=True):
            for bits in (None, 96):
                K = make(LINE, bits=bits, **setting)
                found = cg.least_eigenvalue(K)
                assert found.lower <= value <= found.upper
                assert found.relative_width < 2e-6
                for j in range(15):
                    middle = mpmath.mpf(K.mid[7, j])
                    assert abs(middle - matrix[7, j]) <= mpmath.mpf(np.broadcast_to(K.rad, (15, 15))[7, j])
                    assert K.ball(7, j).rad < Fraction(1, 10**14)
        first, second = cg.nngp_and_ntk(LINE, **setting)
        assert first.ball(7, 3).overlaps(cg.nngp(LINE, **setting).ball(7, 3))
        assert second.ball(7, 7).overlaps(cg.ntk(LINE, **setting).ball(7, 7))


@pytest.mark.parametrize(("name", "bias"), [("tanh", "1/100"), ("gelu", "1/100"), ("cos", 0), ("elu", [0, "1/10", 0])])
def test_a_zero_input_is_the_limit_of_small_ones(name: str, bias: Any) -> None:
    setting: dict[str, Any] = {"activation": name, "depth": 2, "sigma_b2": bias}
    for make in (cg.nngp, cg.ntk):
        at_zero, nearby = make(PLANE[:3], **setting), make([[1e-9, 0.0], *PLANE[1:3]], **setting)
        assert np.abs(at_zero.mid - nearby.mid).max() < 1e-8 + 2 * max(np.max(at_zero.rad), np.max(nearby.rad))
        fine = make(PLANE[:3], bits=80, **setting)
        assert all(at_zero.ball(i, j).overlaps(fine.ball(i, j)) for i in range(3) for j in range(3))
        assert cg.certify(at_zero, at_least="1/1000000").verdict is cg.Verdict.PROVED


def test_the_row_of_a_zero_input_by_quadrature() -> None:
    """One hidden layer without a first bias: K(0, x) = w φ(0) E φ(v) + b, v of variance |x|²/d."""
    K = cg.nngp(PLANE, activation="softplus", depth=1, sigma_w2=[1, 3], sigma_b2=[0, "1/7"], bits=100)
    with mpmath.workdps(30):

        def mean(variance: Any) -> Any:
            root = mpmath.sqrt(variance)
            return mpmath.quad(lambda z: mpmath.log1p(mpmath.exp(root * z)) * mpmath.npdf(z), [-12, -6, 0, 6, 12])

        for j, row in enumerate(PLANE):
            value = 3 * mpmath.log(2) * mean(mpmath.mpf(sum(t * t for t in row)) / 2) + mpmath.mpf(1) / 7
            middle = K.ball(0, j).mid
            assert mpmath.almosteq(mpmath.mpf(middle.numerator) / middle.denominator, value, 1e-24)
        assert K.accuracy_bits is not None
        assert K.accuracy_bits > 80


def test_exactly_singular_without_bias_and_value_at_zero() -> None:
    for name in ("tanh", "relu", "softplus(x) - log(2)", "sin", "x**2"):
        for make in (cg.nngp, cg.ntk):
            K = make(PLANE[:2], activation=name, depth=2)
            null = K.instance.null_vector
            assert null is not None
            assert null.entries == (1, 0)
            assert "point 0 is zero" in null.reason
            assert not K.mid[0].any()
            assert (cg.least_eigenvalue(K).lower, cg.least_eigenvalue(K).upper) == (0.0, 0.0)
    for name, bias in (("tanh", [0, 0, 1]), ("cos", 0), ("x + 1", 0), ("step", 0)):  # the controls: nothing vanishes
        K = cg.nngp(PLANE[:2], activation=name, depth=2, sigma_b2=bias)
        assert K.instance.null_vector is None, name
        assert cg.least_eigenvalue(K).lower > 0, name


def test_two_zero_inputs_are_one() -> None:
    twice = [*PLANE[:2], [0.0, -0.0]]
    for name, bias in (("cos", 0), ("relu", 1)):
        null = cg.ntk(twice, activation=name, depth=1, sigma_b2=bias).instance.null_vector
        assert null is not None
        assert null.entries == (1, 0, -1)
    null = cg.population_gram("deq-general", twice, activation="sigmoid", normalize=None).instance.null_vector
    assert null is not None
    assert null.entries == (1, 0, -1)
    assert cg.nngp([[0.0], [0.0]], activation="relu", depth=1, sigma_b2=1).instance.null_vector is not None
    single = cg.nngp([[0]], activation="relu", depth=1, sigma_b2=2)
    assert single.ball(0, 0).contains(3)
    assert cg.least_eigenvalue(single).contains(3)


def test_other_reasons_are_found_beside_a_zero_input() -> None:
    antipodes = cg.nngp([[0, 0], [1, 2], [3, 1], [-1, -2]], activation="cos", depth=1)
    assert antipodes.instance.null_vector.entries == (0, 1, 0, -1)  # type: ignore[union-attr]
    affine = cg.nngp([[0], [1], [3]], activation="x", depth=1, sigma_b2=1)
    assert affine.instance.null_vector.rank == 2  # type: ignore[union-attr]
    assert cg.nngp([[0], [1]], activation="x", depth=1, sigma_b2=1).instance.null_vector is None


def test_equilibrium_of_a_zero_input() -> None:
    """sigmoid: s = 2 w q, q = E φ(√s z)², and K(0, x) from the fixed point of the correlation, in mpmath."""
    w = Fraction(1, 4)
    K = cg.population_gram("deq-general", PLANE[:2], activation="sigmoid", sigma_w2=w, normalize=None)
    fine = cg.population_gram("deq-general", PLANE[:2], activation="sigmoid", sigma_w2=w, normalize=None, bits=64)
    with mpmath.workdps(20):
        nodes = mpmath.linspace(-9, 9, 181)
        weights = [mpmath.npdf(z) / 10 for z in nodes]

        def phi(u: Any) -> Any:
            return 1 / (1 + mpmath.exp(-u))

        def second(s: Any) -> Any:
            return sum(p * phi(mpmath.sqrt(s) * z) ** 2 for z, p in zip(nodes, weights, strict=True))

        s0, s1 = mpmath.mpf(0), mpmath.mpf(5)
        for _ in range(25):
            s0, s1 = second(s0) / 2, 5 + second(s1) / 2
        k = second(mpmath.mpf(0))
        for _ in range(12):  # ρ = K/(2 √(s0 s1)) is small, and K(ρ) = Σ μ_r μ_r' ρ^r to order 6
            rho = k / 2 / mpmath.sqrt(s0 * s1)
            k = mpmath.mpf(0)
            for r in range(7):
                left, right = (
                    sum(
                        p * phi(mpmath.sqrt(s) * z) * mpmath.hermite(r, z / mpmath.sqrt(2))
                        for z, p in zip(nodes, weights, strict=True)
                    )
                    for s in (s0, s1)
                )
                k += left * right * (rho / 2) ** r / mpmath.factorial(r)
        for M in (K, fine):
            assert abs(M.mid[0, 1] - float(k)) < 1e-9
            assert abs(M.mid[0, 0] - float(2 * s0)) < 1e-12
    assert fine.ball(0, 1).overlaps(K.ball(0, 1))
    assert np.max(fine.rad) < 1e-16
    assert cg.certify(K, at_least="1/100").verdict is cg.Verdict.PROVED


def test_equilibria_that_vanish_and_none_without_feedback() -> None:
    for chosen, name in (("deq-general", "tanh"), ("deq-relu", "relu")):
        K = cg.population_gram(chosen, PLANE[:3], activation=name, normalize=None)
        assert "point 0 is zero" in K.instance.null_vector.reason
        assert not K.mid[0].any()
        assert cg.certify(K, at_least="1e-300").verdict is cg.Verdict.REFUTED
    free = cg.population_gram("deq-general", PLANE[:3], activation="cos", sigma_w2=0, normalize=None, bits=80)
    half = mpmath.exp(-mpmath.mpf(5) / 2)  # E cos(v), v of variance 2 · 5/2
    assert free.ball(0, 0).contains(1)
    assert abs(free.mid[0, 1] - float(half)) < 1e-16


def test_radial_kernels_have_an_origin() -> None:
    K = cg.population_gram("resnet-rkhs", PLANE, kernel="gaussian", scale=2, normalize=None)
    assert np.abs(K.mid[0] - np.exp(-(np.linalg.norm(PLANE, axis=1) ** 2) / 8)).max() < 1e-15
    assert cg.least_eigenvalue(K).lower > 0


REFUSED = {
    "the sphere": lambda: cg.nngp(PLANE, activation="relu", depth=1, normalize="sphere"),
    "directions": lambda: cg.population_gram("implicit-relu", PLANE, normalize=None),
    "directions in balls": lambda: cg.population_gram("implicit-relu", PLANE, normalize=None, bits=64),
    "an equilibrium on the sphere": lambda: cg.population_gram("deq-general", PLANE, activation="sigmoid"),
    "cosines": lambda: cosines(points(PLANE, zero_rows=True)),
    "cosines in balls": lambda: cosines_arb(points(PLANE, zero_rows=True), 64),
    "parallel pairs": lambda: parallel_pairs(points(PLANE, zero_rows=True)),
    "points": lambda: points(PLANE),
    "a direction": lambda: points(PLANE, zero_rows=True).direction(0),
}


@pytest.mark.parametrize("case", REFUSED)
def test_where_a_zero_row_has_no_meaning_it_is_refused(case: str) -> None:
    with pytest.raises(cg.SpecError, match="row 0 is zero, so it has no direction"):
        REFUSED[case]()


def test_points_with_a_zero_row() -> None:
    given = points([[1, 2], [0, 0], ["1/3", 0], [0, -0.0]], zero_rows=True)
    assert given.zero_rows == (1, 3)
    assert given.row(1) == (1, (0, 0))
    assert given.entries(1) == (0, 0)
    assert given.inner(0, 1) == given.second_moment(1) == 0
    assert given.integer_gram()[0, 1] == 0
    assert duplicate_pairs(given) == [(1, 3)]
    assert given.take([0, 2]).zero_rows == ()
    assert points(given, zero_rows=True) is given


def test_files_and_studies(tmp_path: Path) -> None:
    table = tmp_path / "blank.csv"
    table.write_text("0,0\n1,2\n0.1,0.2\n", encoding="utf-8")
    data = load(str(table), normalize=None)
    assert data.zero_rows == (0,)
    assert data.nonzero_rows == [1, 2]
    K = cg.nngp(data, activation="relu", depth=1, sigma_b2="1/10")
    assert cg.least_eigenvalue(K).lower > 0
    with pytest.raises(cg.SpecError, match="line 1 is zero, so it has no direction"):
        load(str(table))
    np.save(tmp_path / "blank.npy", [[0.0, 0.0], [1.0, 2.0]])
    assert load(str(tmp_path / "blank.npy"), normalize=None).zero_rows == (0,)
    study = Study("blank", ("deq-relu", "resnet-rkhs"), (), data, widths=())
    relu, gaussian = instance("deq-relu", "relu", study), instance("resnet-rkhs", "gaussian", study)
    for model, claim, verdict, sentence in (
        (relu, "least-eigenvalue", cg.Verdict.REFUTED, "point 0 is zero"),
        (relu, "mehler", cg.Verdict.ARGUED, ""),
        (gaussian, "least-eigenvalue", cg.Verdict.PROVED, ""),
    ):
        decided, _ = decide(system(model.system).claim(f"{model.system}.{claim}"), model)
        assert decided.verdict is verdict
        assert sentence in decided.reason
    with pytest.raises(cg.SpecError, match="row 0 is zero, so it has no direction"):  # in a study: NOT_APPLICABLE
        _ = relu.inputs.cosines  # type: ignore[attr-defined]
    assert relu.training.chosen(2) == [1]  # type: ignore[attr-defined]  # 2 is parallel to 1


def test_duals_at_variance_zero_are_exact() -> None:
    """E φ(0)ψ(v) = φ(0) E ψ(v), exact where φ(0) is 0, with balls beside the exact 0."""
    from flint import arb

    ball = arb(1, 2.0**-60)
    assert dual(activation("relu"), Fraction(0), ball, Fraction(0), 64).is_zero()
    assert dual(activation("tanh"), arb(0), ball, arb(0), 64).is_zero()
    found = dual(activation("cos"), Fraction(0), ball, Fraction(0), 64)
    assert found.overlaps(arb(-1).exp().sqrt())
    assert found.rad() < 2.0**-58
    assert dual(activation("step"), Fraction(0), Fraction(1), Fraction(0), 64).contains(arb(1) / 4)
