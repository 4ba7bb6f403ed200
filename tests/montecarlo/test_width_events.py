"""A failure here means that networks of a certified width miss an event that is claimed of 95 in 100 of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg
import scipy.special
from numpy.typing import NDArray

from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.studies.given import given_data
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study

pytestmark = pytest.mark.slow

NETWORKS, SETTLED = 200, 1e-6
Array = NDArray[np.float32]


def state(phi: Callable[[Array], Array], width: int, sigma_w2: float, points: Array, seed: int) -> tuple[Array, float]:
    """The equilibrium of a sampled network by Picard's iteration, and the norm of W by the power method."""
    random = np.random.Generator(np.random.PCG64([4050, seed]))
    recurrent = random.standard_normal((width, width), dtype=np.float32)
    recurrent *= np.float32(math.sqrt(2 * sigma_w2 / width))
    drive = random.standard_normal((width, points.shape[1]), dtype=np.float32) @ points.T
    drive *= np.float32(math.sqrt(2 / points.shape[1]))
    current = phi(drive)
    for _ in range(200):
        following = phi(recurrent @ current + drive)
        change = float(np.linalg.norm(following - current))
        current = following
        if change <= SETTLED * float(np.linalg.norm(current)):
            break
    else:
        raise AssertionError("the iteration did not settle")
    vector = random.standard_normal(width, dtype=np.float32)
    for _ in range(30):
        vector /= np.linalg.norm(vector)
        vector = recurrent.T @ (recurrent @ vector)
    return current, math.sqrt(float(np.linalg.norm(vector)))


@pytest.mark.parametrize(
    ("name", "sigma_w2", "phi", "slope"),
    [("sigmoid", "1/16", scipy.special.expit, 0.25), ("tanh", "1/128", np.tanh, 1.0)],
)
def test_the_event_holds_at_the_certified_width(
    name: str, sigma_w2: str, phi: Callable[[Array], Array], slope: float
) -> None:
    """Two orthogonal inputs, 200 networks: the whitened norm is at most 1/2 and L‖W‖ at most a in every one."""
    given_ = {"deq-general": {"sigma_w2": Fraction(sigma_w2)}}
    data = given_data([[1.0, 0.0], [0.0, 1.0]], "sphere")
    inst = instance("deq-general", name, Study("events", ("deq-general",), (name,), data, given_))
    assert isinstance(inst, EquilibriumInstance)
    found = inst.widths.whitened
    assert found is not None
    points, limit = inst.inputs.floats.astype(np.float32), inst.gram.mid
    norms = []
    for seed in range(NETWORKS):
        z, norm = state(phi, found.width, float(Fraction(sigma_w2)), points, seed)
        gram = (z.T @ z).astype(np.float64) / found.width
        values = scipy.linalg.eigh((gram + gram.T) / 2 - limit, limit, eigvals_only=True)
        norms.append(float(np.abs(values).max()))
        assert slope * norm <= float(found.a.upper())
    assert max(norms) <= 0.5
    assert 0.01 < np.median(norms) < 0.2  # the theorem is far from sharp, and the networks are not all one
