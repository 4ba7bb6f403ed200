"""Chains of wide networks over all planned steps, from the wrong place, against the bound at each record.

The bound speaks of the mean of the loss; eight chains give an upper end of Student's interval at a level that all
records of a run share. Experiments: they prove nothing. A failure means that a proved bound is violated.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from certigram.numerics.papers.two_layer_logistic.sgd.neuron.chains import Chains
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.planned import planned

CHAINS, RECORDS, LEVEL = 8, 40, 1e-4


def run(name: str, *, half_lines: bool = False, most: int | None = None) -> tuple[np.ndarray, np.ndarray, float]:
    """Upper ends of the observed excess and bounds at the records, and the mean excess at the last."""
    plan = planned(name, half_lines=half_lines)
    last = plan.steps if most is None else min(most, plan.steps)
    records = sorted({int(k) for k in np.geomspace(1, last, RECORDS)} | {last})
    chains = Chains(plan.case, float(plan.noise), float(plan.step), CHAINS, seed=20261201)
    found = chains.recorded(records) - float(plan.transfer.floor.lower())
    spread = found.std(axis=1, ddof=1) / np.sqrt(CHAINS)
    factor = scipy.stats.t.ppf(1 - LEVEL / len(records), CHAINS - 1)
    bounds = np.array([float(plan.excess(k).upper()) for k in records])
    return found.mean(axis=1) + factor * spread, bounds, float(found[-1].mean())


@pytest.mark.parametrize(("name", "half_lines"), [("row-1", False), ("row-1", True)])
def test_the_whole_run(name: str, half_lines: bool) -> None:
    above, bounds, last = run(name, half_lines=half_lines)
    assert (above <= bounds).all()
    assert 0 < last < bounds[-1]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "half_lines", "most"), [
    ("row-2", False, None),
    ("row-3", True, None),
    ("row-3", False, None),
    ("row-4", False, 10**6),
    ("row-5", False, None),
])  # fmt: skip
def test_whole_runs_of_millions_of_steps(name: str, half_lines: bool, most: int | None) -> None:
    """Row 4 is cut at a million steps; its 18 million take twenty minutes."""
    above, bounds, last = run(name, half_lines=half_lines, most=most)
    assert (above <= bounds).all()
    assert 0 < last < bounds[-1]
