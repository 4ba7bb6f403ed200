"""A failure here means a wrong verdict on a matrix that is hard for a reason: the table of docs/hard-matrices.md."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

import certigram as cg
from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from certigram.numerics.expressions.regularity import regularity
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.numerics.kernels.cosines import cosines_arb
from certigram.numerics.kernels.gram import gram_arb
from certigram.numerics.papers.deep_equilibrium.population.pair_entry import PairEntry
from certigram.theory.activations.activation import activation as activation_named
from certigram.theory.verdict import Verdict


def sphere(n: int = 12, d: int = 6, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1)[:, None]


def model(x: np.ndarray, activation: str) -> cg.PopulationGram:
    return cg.population_gram("deq-general", x, activation=activation, sigma_w2="1/16")


def verdicts(k: cg.PopulationGram, *bounds: str) -> list[str]:
    return [cg.certify(k, at_least=bound).verdict.name for bound in bounds]


@pytest.mark.parametrize("factor", [1.0, 4.0, 3.0])
def test_duplicates_are_singular_exactly(factor: float) -> None:
    x = np.round(sphere() * 2**40) / 2**40
    k = model(np.vstack([x, factor * x[3]]), "tanh")
    e = cg.least_eigenvalue(k)
    assert e.lower <= 0 <= e.upper
    assert verdicts(k, "0", "1e-300") == ["PROVED", "REFUTED"]


def with_near_duplicate(distance: float, *, sign: float = 1.0) -> np.ndarray:
    x = np.vstack([sphere(), sign * sphere()[3]])
    x[-1, 0] += distance
    return x


NEAR_DUPLICATES = {  # least eigenvalue times 10^25, to the digits of the table
    "tanh": ("1.29577", "1.29578"),
    "erf": ("1.86628", "1.86629"),
    "sin": ("3.96442", "3.96444"),
    "gelu": ("1.94212", "1.94213"),
    "silu": ("1.31791", "1.31792"),
    "softplus": ("0.503262", "0.503264"),
    "mish": ("1.63278", "1.63279"),
    "atan": ("0.98392", "0.98393"),
    "sigmoid": ("0.0463237", "0.0463238"),
    "relu": ("2.1944", "2.1946"),
}


@pytest.mark.parametrize("activation", NEAR_DUPLICATES)
def test_near_duplicates_at_1e_12_are_positive_definite(activation: str) -> None:
    """1 - C is about 5e-25: float64 does not see the two points apart, and none of the eigenvalue is above 1e-20."""
    e = model(with_near_duplicate(1e-12), activation).instance.eigenvalue
    low, high = (Fraction(x) / 10**25 for x in NEAR_DUPLICATES[activation])
    assert low < e.lower <= e.upper < high
    assert "arb" in e.method
    assert e.relative_width <= (1e-4 if activation == "relu" else 1e-6)


@pytest.mark.parametrize(("activation", "sign"), [("tanh", 1.0), ("tanh", -1.0), ("gelu", 1.0), ("relu", 1.0)])
def test_near_duplicates_agree_with_the_whole_series(activation: str, sign: float) -> None:
    """At distance 1e-3 the power series alone still converges: two roads to one matrix."""
    x = with_near_duplicate(2.0**-11, sign=sign)
    inst = model(x, activation).instance
    assert inst.reach < inst.inputs.separation
    alone = inst.refine(96)
    order = inst.order_for(arb((1, -96)), 96, individually=False)
    series = gram_arb(inst.kernel(order, 96).series, cosines_arb(inst.data.source, 96), 96)
    assert alone.arb is not None
    assert series.arb is not None
    with precision(96):
        n = alone.n
        assert all(alone.arb[i, j].overlaps(series.arb[i, j]) for i in range(n) for j in range(n))
        assert alone.arb[n - 1, 3].rad() < arb((1, -60))
        if activation != "relu":
            assert not (alone.arb[n - 1, 3] * (1 + arb((1, -50)))).overlaps(series.arb[n - 1, 3])


@pytest.mark.parametrize("exponent", [-21, -30, -50, -80])
def test_the_kernel_next_to_one(exponent: int) -> None:
    """erf has a closed form with feedback too: the drop F(1) - F(1 - d) by Taylor's formula, against it."""
    phi, bits = activation_named("erf"), 320
    entry = PairEntry(phi, Fraction(1, 16), Fraction(1), regularity(phi, bits).lipschitz, bits)
    with precision(bits):
        cosine = 1 - arb((1, exponent))
        near, closed = entry.near(cosine), entry._by_closed_form(cosine)
        assert near.is_finite()
        assert near.overlaps(closed)
        drop = entry.near.moment(0) - near
        assert drop > 0
        assert drop.rad() < drop * arb((1, max(4 * exponent, -200)))  # six terms: the remainder is of sixth order
        lie = entry.near.moment(0) - drop * (1 + 4 * drop.rad() / drop + arb((1, -100)))
        assert not lie.overlaps(closed) or closed.rad() > drop.rad()


def test_kinks_are_not_taken_for_smooth() -> None:
    phi = activation_named("relu")
    entry = PairEntry(phi, Fraction(1, 16), Fraction(1), arb(1), 64)
    assert not entry.near.usable
    assert not entry.near(1 - arb((1, -40))).is_finite()
    kinked = activation_named("leaky_relu(x, 1/10) + tanh(x)")
    assert not PairEntry(kinked, Fraction(0), Fraction(1), arb(2), 64).near(1 - arb((1, -40))).is_finite()


def test_near_duplicates_within_float64_stay_unknown_without_more_bits() -> None:
    matrix = model(with_near_duplicate(1e-12), "erf").matrix
    verdict, e = decide_at_least(matrix, Fraction(0), strict=True)
    assert verdict is Verdict.UNKNOWN
    assert e.lower < 0 < e.upper
    assert "radi" in e.steps[-1]


def test_antipodes_are_singular_for_odd_activations_only() -> None:
    x = np.vstack([sphere(), -sphere()[3]])
    assert verdicts(model(x, "tanh"), "0", "1e-300") == ["PROVED", "REFUTED"]
    assert verdicts(model(x, "gelu"), "0.02", "0.03") == ["PROVED", "REFUTED"]


def test_a_single_point() -> None:
    k = model(sphere(1), "tanh")
    e = k.instance.eigenvalue
    assert e.upper - e.lower < 1e-15
    assert verdicts(k, "0.5256839", "0.5256840") == ["PROVED", "REFUTED"]


def test_an_affine_activation_has_the_rank_of_the_inputs() -> None:
    assert verdicts(model(sphere(), "identity"), "0", "1e-300") == ["PROVED", "REFUTED"]
    assert verdicts(model(sphere(5), "identity"), "1e-6") == ["PROVED"]


@pytest.mark.parametrize("rank", [0, 1, 7, 29])
def test_rank_deficient_matrices_of_exact_entries(rank: int) -> None:
    g = np.random.default_rng(rank).integers(-9, 10, (30, rank)).astype(float)
    matrix = BallMatrix(g @ g.T, 0.0)
    e = least_eigenvalue(matrix)
    assert (e.lower, e.upper) == (0.0, 0.0)
    assert decide_at_least(matrix, Fraction(0), strict=True)[0] is Verdict.REFUTED
    assert decide_at_least(matrix, Fraction(0))[0] is Verdict.PROVED
    below = BallMatrix(g @ g.T - 2.0**-40 * np.eye(30), 0.0)
    assert decide_at_least(below, Fraction(0))[0] is Verdict.REFUTED
    above = BallMatrix(g @ g.T + 2.0**-40 * np.eye(30), 0.0)
    assert decide_at_least(above, Fraction(0), strict=True)[0] is Verdict.PROVED


def test_an_ill_conditioned_matrix_says_how_far_each_rung_came() -> None:
    n = 40
    a = np.array([[1.0 / (i + j + 1) for j in range(n)] for i in range(n)])
    a = (a + a.T) / 2
    a += 2.0**-45 * np.eye(n)  # exact: a multiple of the last place of the diagonal
    e = least_eigenvalue(BallMatrix(a, 0.0))
    assert e.relative_width <= 1e-6
    names = [step.split(":")[0] for step in e.steps]
    assert names[0] == "float64 Cholesky"
    assert names[-1].startswith("arb LDL^T")
    assert all("stopped" in s or "good enough" in s or "factorise" in s or "gap" in s for s in e.steps)
    floats = least_eigenvalue(BallMatrix(a, 0.0), budget=Budget(bits=24, max_bits=64))
    assert floats.lower <= e.lower <= e.upper <= floats.upper


def _clipped_gap(distance: float) -> float:
    """q - K_12 for hard_tanh and two unit vectors at an angle atan(distance), sigma_w^2 = 1/16, by sums in float64.

    With s = 2 + q/8 the gap D solves s e = D/8 + 2 (1 - cos), D = E (f(u) - f(v))^2 / 2 at the correlation 1 - e.
    """
    x, w = np.polynomial.legendre.leggauss(20)

    def composite(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        half = np.diff(ends)[:, None] / 2
        nodes = (half * x + (ends[1:] + ends[:-1])[:, None] / 2).ravel()
        return nodes, (half * w).ravel() * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)

    def clip(t: np.ndarray) -> np.ndarray:
        return np.clip(t, -1.0, 1.0)

    s, e, cosine_gap = 2.0, 0.0, 1.0 - 1.0 / np.hypot(1.0, distance)
    for _ in range(60):
        nodes, weights = composite(np.unique(np.concatenate([np.linspace(-9, 9, 19), [-1 / s**0.5, 1 / s**0.5]])))
        s = 2.0 + float(np.sum(weights * clip(s**0.5 * nodes) ** 2)) / 8
    gap = 0.0
    for _ in range(40):
        e = (gap / 8 + 2 * cosine_gap) / s
        along, across = (s * (1 - e / 2)) ** 0.5, (s * e / 2) ** 0.5
        near = np.linspace(-9, 9, 73) * across / along
        cuts = np.concatenate([np.linspace(-9, 9, 19), near - 1 / along, near + 1 / along])
        z1, w1 = composite(np.unique(cuts))
        z2, w2 = composite(np.linspace(-9, 9, 37))
        u, shift = (along * z1)[:, None], across * z2
        gap = float(w1 @ ((clip(u + shift) - clip(u - shift)) ** 2 / 2) @ w2)
    return gap


@pytest.mark.parametrize("distance", [2.0**-7])
def test_near_duplicates_with_kinks_are_known_to_float64(distance: float) -> None:
    found = cg.least_eigenvalue(model(np.array([[1.0, 0.0], [1.0, distance]]), "hard_tanh"))
    assert found.relative_width <= 1e-9
    assert abs(found.lower / _clipped_gap(distance) - 1) < 1e-5


def test_near_duplicates_of_a_rectifier_scale_with_the_square_of_the_distance() -> None:
    pairs = [np.array([[1.0, 0.0], [1.0, d]]) for d in (2.0**-10, 2.0**-20)]
    far, near = (cg.least_eigenvalue(cg.population_gram("deq-relu", x, activation="relu")) for x in pairs)
    assert max(far.relative_width, near.relative_width) <= 1e-9
    assert abs(far.lower / near.lower / 2**20 - 1) < 2e-3
