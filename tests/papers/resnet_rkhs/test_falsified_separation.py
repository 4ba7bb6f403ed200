"""B02 as once stated, with kappa_1 R for any number of layers: the falsifier finds a counterexample by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.falsify.bound import Bound, Sides
from certigram.numerics.falsify.domain import Domain, Instance, Outside
from certigram.numerics.falsify.falsifier import falsify, replay
from certigram.numerics.falsify.record import load
from certigram.numerics.papers.resnet_rkhs.sharpness.networks import (
    CONTROL,
    KERNELS,
    STATES,
    Field,
    dot,
    factors,
    landscape_of,
    minus,
    norm_of,
    trajectory,
)
from certigram.theory.verdict import Verdict


def as_printed(instance: Instance) -> Sides:
    """exp(-kappa_1 R) against the quotient of distances after D layers, without the hypothesis of invertible layers."""
    field, gains = Field.of(instance), factors(instance)
    radius, landscape = norm_of(field, gains), landscape_of(instance, None)
    one, other = (trajectory(field, gains, [arb(x) for x in row]) for row in instance["z"].tolist())
    first, last = minus(one[0], other[0]), minus(one[-1], other[-1])
    if not dot(first, first) > 0:
        raise Outside("the states coincide")
    return (-landscape.kappa1 * radius).exp(), (dot(last, last) / dot(first, first)).sqrt()


ANY = Domain((STATES, *CONTROL), {"n": (2,), "q": (1, 2), "m": (1, 2), "D": (1, 2, 4, 8)}, {"kernel": KERNELS})
PRINTED = Bound("test.separation", ("test.separation",), "as printed", "exp(-kappa_1 R)", ANY, as_printed)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_printed_bound_is_refuted_from_any_seed(seed: int, tmp_path: Path) -> None:
    found = falsify(PRINTED, seed=seed, seconds=30.0)
    assert found.verdict is Verdict.REFUTED
    assert (found.sharpness or 0) > 1
    record = load(found.record.save(tmp_path))
    assert replay(PRINTED, record).verdict is Verdict.REFUTED
    with precision(400):  # by more digits, and not by the evaluation of the falsifier
        left, right = as_printed(record.instance())
        assert left > right
