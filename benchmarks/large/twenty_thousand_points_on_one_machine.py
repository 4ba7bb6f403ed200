"""Claim: the least eigenvalue of the tanh equilibrium kernel of 20 000 points is proved on both sides, to a relative
width of 1e-6, on one machine with less than 8 GiB of memory, which is said before the work starts.

    python benchmarks/large/twenty_thousand_points_on_one_machine.py [n]

Takes minutes; see docs/scale.md for measured figures.
"""

from __future__ import annotations

import resource
import sys
import time
from fractions import Fraction

import numpy as np
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from certigram.numerics.balls.budget import Budget
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.large import prove_large
from certigram.numerics.studies.data import DataSet
from certigram.theory.activations.activation import activation

D, LIMIT = 64, 8 * 2**30


def main(n: int) -> int:
    """Prove the bound and compare width and memory with the claim."""
    table = np.random.default_rng(0).standard_normal((n, D))
    data = DataSet(points(table), None, "random points")
    model = EquilibriumInstance("deq-general", activation("tanh"), data, Fraction(1, 16), Budget())
    wall, cpu = time.perf_counter(), time.process_time()
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), TextColumn("{task.fields[at]}")) as bar:
        task = bar.add_task("starting", total=1.0, at="")
        found = prove_large(
            model,
            announce=lambda forecast: bar.console.print(str(forecast)),
            progress=lambda what, share: bar.update(task, description=what, completed=share),
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"n = {n}: {found.lower!r} <= least eigenvalue <= {found.upper!r}, width {found.relative_width:.1e}")
    print(
        f"wall {time.perf_counter() - wall:.0f} s, CPU {time.process_time() - cpu:.0f} s, peak {peak / 2**30:.1f} GiB"
    )
    holds = found.relative_width <= 1e-6 and peak <= LIMIT
    print(f"claim: {'holds' if holds else 'FAILS'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
