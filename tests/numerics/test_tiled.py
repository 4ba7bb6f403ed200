"""A failure here means that spreading a matrix over tiles changes what is proved, or proves something else."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues.blocked import factorise_panels
from certigram.numerics.eigenvalues.cholesky import backward_error, factorise, shifted_diagonal
from certigram.numerics.kernels.cosines import cosines
from certigram.numerics.kernels.gram import gram
from certigram.numerics.kernels.series import DotProductSeries
from certigram.numerics.scale.tiled import tiled_factorise
from certigram.numerics.scale.tiled_eigenvalue import tiled_least_eigenvalue, tiled_rayleigh_quotient
from certigram.numerics.scale.tiled_gram import tiled_gram
from certigram.theory.errors import SpecError

da = pytest.importorskip("dask.array", reason="tiles over processes are the extra certigram[cluster]")
dask = pytest.importorskip("dask", reason="tiles over processes are the extra certigram[cluster]")


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def exponential(delta: float) -> DotProductSeries:
    """exp(t - 1), to order 30 whatever the largest cosine is."""
    with precision(96):
        return DotProductSeries(tuple(arb(-1).exp() / arb(r).fac() for r in range(31)), arb(1))


def points(n: int, d: int = 9, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.parametrize("tile", [7, 16, 200])
def test_the_tiles_are_those_of_the_whole_matrix(tile: int) -> None:
    table = points(60)
    whole = gram(exponential(1.0), cosines(table), radius="scalar")
    tiled = tiled_gram(table, exponential, tile=tile)
    assert np.max(np.abs(tiled.mid.compute() - whole.mid)) <= tiled.rad + np.max(whole.rad)
    assert tiled.rad <= 1.01 * np.max(whole.rad)
    assert np.array_equal(tiled.diagonal, np.diagonal(whole.mid))


def test_the_whole_and_the_parts_share_one_radius() -> None:
    """Whole numbers in one group of points, others in the next: the rests of all count."""
    table = points(12)
    table[:6] = np.rint(4 * table[:6]) + 0.0
    table[:6, 0] += 10
    whole = gram(exponential(1.0), cosines(table), radius="scalar")
    tiled = tiled_gram(table, exponential, tile=6)
    assert np.max(np.abs(tiled.mid.compute() - whole.mid)) <= tiled.rad + np.max(whole.rad)
    assert tiled.rad >= np.max(whole.rad) / 1.01


@pytest.mark.parametrize("tile", [5, 16, 40])
def test_a_tiled_factorisation_proves_the_bound_of_one_call(tile: int) -> None:
    a = gram(exponential(1.0), cosines(points(40)), radius="scalar").mid
    least = float(np.linalg.eigvalsh(a)[0])
    proof = tiled_factorise(da.from_array(a, chunks=tile), least * (1 - 1e-9))
    assert proof is not None
    assert proof.error == backward_error(shifted_diagonal(np.diagonal(a), least * (1 - 1e-9)))
    assert least * (1 - 1e-8) < proof.lower < least * (1 + 1e-12)
    assert tiled_factorise(da.from_array(a, chunks=tile), least * (1 + 1e-9)) is None


def test_a_false_bound_is_not_proved_whatever_the_tile() -> None:
    for seed in range(8):
        spectrum = np.random.default_rng(seed).integers(1, 9, 24).astype(float)
        v = np.random.default_rng(seed + 100).choice([-1.0, 1.0], 16)
        h = np.eye(24)
        h[:16, :16] -= np.outer(v, v) / 8
        a = h @ np.diag(spectrum) @ h  # exact: its least eigenvalue is min(spectrum)
        for tile in (5, 24):
            chunks = da.from_array(a, chunks=tile)
            assert tiled_factorise(chunks, spectrum.min() * (1 + 1e-9)) is None
            proof = tiled_factorise(chunks, spectrum.min() * (1 - 1e-9))
            assert proof is not None
            assert Fraction(proof.lower) <= Fraction(spectrum.min())


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_poison_is_not_proved(poison: float) -> None:
    for i, j in ((1, 0), (5, 2), (5, 5)):
        a = np.eye(6)
        a[i, j] = a[j, i] = poison
        assert tiled_factorise(da.from_array(a, chunks=2), 0.0) is None
        buffer = a.copy()
        assert not factorise_panels(buffer, panel=2)


def test_duplicates_are_not_proved_positive() -> None:
    table = points(20)
    table[13] = 2.0 * table[4]
    tiled = tiled_gram(table, exponential, tile=6)
    lower = tiled.lower_bound(1e-15)
    assert lower is None or lower < 0


def test_the_radius_of_the_entries_is_subtracted() -> None:
    tiled = tiled_gram(points(30), exponential, tile=8)
    shift = 1e-4
    lower = tiled.lower_bound(shift)
    assert lower is not None
    proof = tiled_factorise(tiled.mid, shift)
    assert proof is not None
    assert lower <= proof.lower - 30 * tiled.rad


def test_panels_give_the_factor_of_one_call() -> None:
    a = gram(exponential(1.0), cosines(points(50)), radius="scalar").mid
    said: list[float] = []
    whole = factorise(a, 1e-3)
    assert whole is not None
    for panel in (7, 50, 64):
        buffer = a - 1e-3 * np.eye(50)
        assert factorise_panels(buffer, panel=panel, progress=lambda what, share: said.append(share))
        assert np.allclose(np.triu(buffer).T, np.tril(whole.factor), atol=1e-12)
    assert said[-1] == 1.0
    assert said[:8] == sorted(said[:8])


def test_what_is_not_a_square_of_floats_is_refused() -> None:
    for bad in (da.zeros((4, 3)), da.zeros((4, 4), dtype=np.float32)):
        with pytest.raises(SpecError, match="square dask array"):
            tiled_factorise(bad, 0.0)


@pytest.mark.parametrize("tile", [5, 16, 40])
def test_both_sides_by_tiles(tile: int) -> None:
    table = points(40)
    whole = gram(exponential(1.0), cosines(table), radius="scalar")
    found = tiled_least_eigenvalue(tiled_gram(table, exponential, tile=tile))
    least = float(np.linalg.eigvalsh(whole.mid)[0])
    assert found.lower <= least * (1 + 1e-12)
    assert least * (1 - 1e-12) <= found.upper
    assert found.relative_width <= 1e-6


def test_the_upper_end_by_tiles_is_never_below_the_truth() -> None:
    """Exact spectra, vectors good and bad; the lower tiles alone count, whatever stands above the diagonal."""
    for seed in range(8):
        rng = np.random.default_rng(seed)
        spectrum = rng.integers(1, 9, 24).astype(float)
        v = rng.choice([-1.0, 1.0], 16)
        h = np.eye(24)
        h[:16, :16] -= np.outer(v, v) / 8
        a = h @ np.diag(spectrum) @ h
        best = h[:, int(np.argmin(spectrum))]
        for tile in (5, 24):
            chunks = da.from_array(np.tril(a), chunks=tile)
            for vector in (best, best + 1e-9 * rng.standard_normal(24), rng.standard_normal(24)):
                found = tiled_rayleigh_quotient(chunks, vector)
                assert found.upper >= Fraction(spectrum.min())
                exact = [Fraction(x) for x in vector.tolist()]
                form = sum(exact[i] * Fraction(a[i, j]) * exact[j] for i in range(24) for j in range(24))
                assert found.lower <= form / sum(x * x for x in exact) <= found.upper
            assert tiled_rayleigh_quotient(chunks, best).upper - Fraction(spectrum.min()) < Fraction(1, 10**12)


def test_a_singular_matrix_by_tiles_keeps_zero() -> None:
    table = points(20)
    table[13] = 2.0 * table[4]
    found = tiled_least_eigenvalue(tiled_gram(table, exponential, tile=6))
    assert found.lower <= 0 <= found.upper
