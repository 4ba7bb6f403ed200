"""Claim: NNGP and NTK with proved radii cost at most twice neural-tangents 0.6.5, which proves nothing.

3 hidden layers of erf, W_std = 1.5, b_std = 0.1, n = 2000 random points of the sphere in dimension 32, float64, both
matrices. neural-tangents evaluates its closed forms compiled by XLA; here one power series is composed from three
layers and evaluated on tiles. Everything is included: cosines, coefficients, radii. CPU seconds of the process, medians
of warm calls; relu and gelu are shown beside it.

    python benchmarks/nngp_and_ntk_of_erf_within_twice_neural_tangents.py
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
from peers.stax_kernels import timed

from certigram.deep import nngp_and_ntk

N, D, REPEATS, LIMIT = 2000, 32, 7, 2.0


def main() -> int:
    """Print one line per activation; the status says whether the claim held for erf."""
    points = np.random.default_rng(0).standard_normal((N, D))
    points *= np.sqrt(D) / np.linalg.norm(points, axis=1, keepdims=True)
    ratios = {}
    print(
        f"{'':6} {'certigram':>10} {'n.-tangents':>12} {'ratio':>6} {'radius NNGP, NTK':>20} {'difference i != j':>20}"
    )
    for name in ("erf", "relu", "gelu"):
        peer, _, their_nngp, their_ntk = timed(points, name, REPEATS)
        seconds = []
        for k in range(REPEATS + 1):
            start = time.process_time()
            K, T = nngp_and_ntk(points, activation=name, depth=3, sigma_w2="9/4", sigma_b2="1/100", normalize="sphere")
            if k:
                seconds.append(time.process_time() - start)
        ours = statistics.median(seconds)
        ratios[name] = ours / peer
        apart = ~np.eye(N, dtype=bool)  # on the diagonal its relu loses half the digits to acos next to 1
        gap = max(np.abs(a - b)[apart].max() for a, b in ((K.mid, their_nngp), (T.mid, their_ntk)))
        radii = f"{np.median(K.rad):.1e}, {np.median(T.rad):.1e}"
        print(f"{name:6} {ours:9.3f}s {peer:11.3f}s {ours / peer:6.2f} {radii:>20} {gap:20.1e}")
    holds = ratios["erf"] <= LIMIT
    print(f"claim: erf at most {LIMIT} times neural-tangents: {'holds' if holds else 'FAILS'} ({ratios['erf']:.2f})")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
