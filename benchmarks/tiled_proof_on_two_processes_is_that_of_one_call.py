"""Claim: at n = 6000 a Cholesky factorisation by tiles on two dask processes proves the bound of one LAPACK call.

Gram matrix of the tanh equilibrium kernel on random points of the sphere (d = 64, sigma_w2 = 1/16), made by tiles in
the workers, factorised by tiles in the workers; then the same shift in this process. Both bounds are printed, and must
agree to the rounding of the entries; so must the verdict on a shift that is 1e-6 too high (nothing is proved). Then the
least eigenvalue on both sides by tiles alone, without a shift from elsewhere: it must agree to the width of 1e-6.
Needs the extra certigram[cluster].
"""

from __future__ import annotations

import sys
import time
from fractions import Fraction

import numpy as np
from flint import arb

from certigram.numerics.eigenvalues.cholesky import factorise
from certigram.numerics.eigenvalues.eigenvalue import least_eigenvalue
from certigram.numerics.kernels.cosines import cosines
from certigram.numerics.kernels.gram import gram
from certigram.numerics.kernels.series import DotProductSeries
from certigram.numerics.papers.deep_equilibrium.population.kernel import equilibrium_kernel
from certigram.numerics.scale.tiled_eigenvalue import tiled_least_eigenvalue
from certigram.numerics.scale.tiled_gram import tiled_gram
from certigram.theory.activations.activation import activation

D, TILE = 64, 1000


def series(delta: float) -> DotProductSeries:
    """64 coefficients, far more than these cosines need."""
    return equilibrium_kernel(activation("tanh"), Fraction(1, 16), 63, 96, lipschitz=arb(1)).series


def main(n: int) -> int:
    """Prove the bound twice and compare."""
    from distributed import Client, LocalCluster

    table = np.random.default_rng(0).standard_normal((n, D))
    started = time.perf_counter()
    matrix = gram(series(1.0), cosines(table), radius="scalar", overwrite=True)
    found = least_eigenvalue(matrix)
    here = time.perf_counter() - started
    shift = found.lower * (1 - 1e-7)
    whole = factorise(matrix.mid, shift)
    assert whole is not None
    one_call = whole.lower - n * float(np.max(matrix.rad))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        started = time.perf_counter()
        tiled = tiled_gram(table, series, tile=TILE)
        lower = tiled.lower_bound(shift)
        there = time.perf_counter() - started
        too_high = tiled.lower_bound(found.upper * (1 + 1e-6))
        started = time.perf_counter()
        both = tiled_least_eigenvalue(tiled)
        both_time = time.perf_counter() - started
    print(f"n = {n}, tiles of {TILE}: two-sided here [{found.lower!r}, {found.upper!r}] in {here:.1f} s (wall)")
    print(f"one call:      least eigenvalue >= {one_call!r}")
    print(f"two processes: least eigenvalue >= {lower!r} in {there:.1f} s (wall), radius {tiled.rad:.2g}")
    print(f"past the truth: {'nothing is proved' if too_high is None else too_high}")
    print(f"both sides by tiles: [{both.lower!r}, {both.upper!r}], width {both.relative_width:.1e}, {both_time:.1f} s")
    print(f"ratio of the times, tiles on two processes to this process: {both_time / here:.2f}")
    agrees = both.relative_width <= 1e-6 and max(both.lower, found.lower) <= min(both.upper, found.upper)
    holds = agrees and lower is not None and too_high is None and abs(lower - one_call) <= 2 * n * tiled.rad
    print(f"claim: {'holds' if holds else 'FAILS'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 6000))
