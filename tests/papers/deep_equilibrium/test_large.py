"""A failure here means that the way to many points proves something else than the way to few, or cannot be refused."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import certigram as cg
from certigram.numerics.scale.forecast import Forecast

POINTS = np.random.default_rng(2).standard_normal((60, 9))


@pytest.mark.parametrize("tiles", [None, 25])
def test_many_points_have_the_eigenvalue_of_few(tiles: int | None, tmp_path: Path) -> None:
    if tiles is not None:
        pytest.importorskip("dask.array", reason="tiles over processes are the extra certigram[cluster]")
    few = cg.least_eigenvalue(cg.population_gram("deq-general", POINTS, activation="gelu", sigma_w2="1/16"))
    middle = Fraction((few.lower + few.upper) / 2)
    said: list[str] = []

    def certify(bound: Fraction) -> cg.Certificate:
        return cg.certify_large(
            "deq-general",
            POINTS,
            activation="gelu",
            sigma_w2="1/16",
            at_least=bound,
            tiles=tiles,
            progress=lambda what, share: said.append(what),
        )

    found = certify(middle * (1 - Fraction(1, 10**5)))
    assert (found.verdict.name, certify(middle * (1 + Fraction(1, 10**5))).verdict.name) == ("PROVED", "REFUTED")
    assert found.lower is not None
    assert found.upper is not None
    assert max(found.lower, few.lower) <= min(found.upper, few.upper)
    assert said
    assert cg.check(found.save(tmp_path / "c.json")).verdict == "VALID"


def test_the_forecast_comes_before_the_refusal() -> None:
    told: list[Forecast] = []
    with pytest.raises(cg.SpecError, match="budget allows"):
        cg.certify_large(
            "deq-general",
            POINTS,
            activation="tanh",
            at_least="0.1",
            budget=cg.Budget(memory=10_000),
            announce=told.append,
        )
    assert told[0].bytes > 2 * 8 * 60**2


def test_what_has_no_common_norm_is_refused() -> None:
    for tiles in (None, 20):
        with pytest.raises(cg.SpecError, match="rescale them to the sphere"):
            cg.certify_large("deq-general", POINTS, activation="tanh", at_least="0.1", normalize=None, tiles=tiles)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: cg.activation("tanh").hermite(2.5), "order = 2.5"),  # type: ignore[arg-type]
        (lambda: cg.activation("tanh").hermite(2, bits="64"), "bits = '64'"),  # type: ignore[arg-type]
        (lambda: cg.activation("tanh").dual(1, 1, 0, bits=-3), "bits = -3"),
        (lambda: cg.least_eigenvalue(np.ones(3)), "least_eigenvalue: A has the shape"),
        (lambda: cg.certify(np.ones((2, 3)), at_least=1), "certify: A has the shape"),
        (lambda: cg.verify({}), "not the path"),  # type: ignore[arg-type]
        (lambda: cg.check(3), "not the path"),  # type: ignore[arg-type]
        (lambda: cg.population_gram(3, POINTS, activation="tanh"), "not a name"),  # type: ignore[arg-type]
        (lambda: cg.population_gram("deq-general", POINTS, activation="tanh", bits="64"), "bits"),  # type: ignore[arg-type]
        (lambda: cg.population_gram("deq-general", POINTS, activation="tanh", budget=3), "budget"),  # type: ignore[arg-type]
        (lambda: cg.population_gram("deq-general", input_gram=5, activation="tanh"), "not a matrix"),  # type: ignore[arg-type]
        (lambda: cg.population_gram("deq-general", [[1e308], [1e300]], activation="tanh", normalize=None), "norms"),
        (lambda: cg.Budget(bits="5"), "not an integer"),  # type: ignore[arg-type]
        (lambda: cg.nngp(POINTS, activation=3, depth=1), "not an activation"),  # type: ignore[arg-type]
        (lambda: cg.nngp(POINTS, activation="tanh", depth="a"), "depth"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments_are_sentences(call: Callable[[], object], what: str) -> None:
    with pytest.raises(cg.SpecError, match=what):
        call()
