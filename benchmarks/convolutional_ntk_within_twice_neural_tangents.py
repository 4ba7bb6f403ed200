"""Claim: convolutional kernels with proved radii cost at most twice neural-tangents 0.6.5, which proves nothing.

Three 3 × 3 convolutions (SAME, W_std = 1.5, b_std = 0.1) with relu or erf, Flatten or GlobalAveragePool, a dense layer;
NNGP and NTK of 20 images of 8 × 8 pixels, random ones and digits, float64. Both sides warm: XLA has compiled, here the
constants of the activations are known. Everything else is included: labels, diagonals, radii. CPU seconds of the
process, medians; radii at most 1e-12.

    python benchmarks/convolutional_ntk_within_twice_neural_tangents.py
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
from peers.stax_networks import timed
from sklearn.datasets import load_digits

import certigram as cg
from certigram import layers

N, REPEATS, LIMIT, RADIUS = 20, 15, 2.0, 1e-12
WEIGHTS = {"sigma_w2": "9/4", "sigma_b2": "1/100"}


def main() -> int:
    """Print one line per network and set of images; the status says whether the claim held for all."""
    inputs = {
        "random": np.random.default_rng(0).standard_normal((N, 8, 8, 1)),
        "digits": load_digits().images[:N, :, :, None] / 16.0,
    }
    print(f"{'':36} {'certigram':>10} {'n.-tangents':>12} {'ratio':>6} {'radius':>8} {'difference':>11} {'i != j':>8}")
    holds = True
    for name, images in inputs.items():
        for function in ("relu", "erf"):
            for last in ("Flatten", "GlobalAveragePool"):
                stack = [
                    ["Conv", {"filter_shape": [3, 3], "padding": "SAME", **WEIGHTS}],
                    ["Activation", {"function": function}],
                ]
                plain = [*stack * 3, [last, {}], ["Dense", WEIGHTS]]
                net = cg.network([getattr(layers, kind)(**given) for kind, given in plain])
                peer, *theirs = timed(images, plain, REPEATS)
                seconds = []
                for k in range(REPEATS + 1):
                    start = time.process_time()
                    ours = net.nngp_and_ntk(images)
                    if k:
                        seconds.append(time.process_time() - start)
                mine = statistics.median(seconds)
                radius = max(float(np.max(K.rad)) for K in ours)
                gaps = [np.abs(K.mid - other) for K, other in zip(ours, theirs, strict=True)]
                apart = ~np.eye(N, dtype=bool)
                label = f"{name}, {function}, {last}"
                print(
                    f"{label:36} {mine:9.4f}s {peer:11.4f}s {mine / peer:6.2f} {radius:8.1e}"
                    f" {max(g.max() for g in gaps):11.1e} {max(g[apart].max() for g in gaps):8.1e}"
                )
                holds &= mine <= LIMIT * peer and radius <= RADIUS
    print(f"claim: at most {LIMIT} times neural-tangents, radii at most {RADIUS}: {'holds' if holds else 'FAILS'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
