"""The inputs of a model: a failure here means that a norm, a parallel pair or a separation is not that of the data."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from certigram.numerics.balls.budget import Budget
from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.kernels.points import points
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.inputs import Inputs
from certigram.theory.errors import DerivationGap, SpecError


def inputs(rows: list[list[object]], normalize: str | None = None) -> Inputs:
    return Inputs(DataSet(points(rows, zero_rows=normalize is None), None, "given", normalize), Budget())


def test_norms_are_exact() -> None:
    """Thirds and tenths as they were written; 1 on the sphere; the diagonal of an exact Gram matrix."""
    assert inputs([["1/3", 0], [0, "1/3"]]).common_norm == Fraction(1, 18)
    assert inputs([[3, 4], [5, 12]]).common_norm is None
    assert inputs([[3, 4], [5, 12]], "sphere").norms == (1, 1)
    gram = DataSet(None, input_gram([["2/5", "1/5"], ["1/5", "2/5"]]), "given", None)
    assert Inputs(gram, Budget()).common_norm == Fraction(2, 5)


def test_parallel_pairs_are_numbered_as_in_the_data() -> None:
    """Zero inputs are parallel to nothing, and do not shift the others; without zeros, the same pairs."""
    rows: list[list[object]] = [[0, 0], [1, 2], [0, 0], [2, 4], [1, 1], [-3, -6]]
    assert [tuple(p) for p in inputs(rows).parallel] == [(1, 3, 1), (1, 5, -1), (3, 5, -1)]
    assert [tuple(p) for p in inputs([r for r in rows if any(r)]).parallel] == [(0, 1, 1), (0, 3, -1), (1, 3, -1)]
    assert inputs([[0, 0], [0, 0]]).parallel == ()
    with pytest.raises(SpecError, match="zero"):
        _ = inputs(rows).cosines


def test_the_separation_leaves_parallel_pairs_out() -> None:
    """cos = 3/5 beside a pair of duplicates; one input, and two parallel ones, have nothing to separate."""
    found = inputs([[1, 0], [2, 0], [3, 4]])
    assert found.cosines.delta == 1.0
    assert 0.6 <= found.separation < 0.6 + 1e-12
    assert inputs([[1, 0], [3, 4]]).separation == inputs([[1, 0], [3, 4]]).cosines.delta
    assert inputs([[1, 2]]).separation == 0.0
    assert inputs([[1, 2], [2, 4]]).separation < 1e-12


def test_distinct_inputs() -> None:
    """The first ones of each line through the origin, without zeros, in order."""
    found = inputs([[0, 0], [1, 2], [2, 4], [1, 1], [-1, -1], [0, 1]])
    assert found.distinct(2) == [1, 3]
    assert found.distinct(9) == [1, 3, 5]
    assert inputs([[0, 0]]).distinct(3) == []


def test_networks_take_rescaled_inputs_unless_norms_are_kept() -> None:
    """Rows of norm sqrt(d), also where a square would overflow; a Gram matrix and rows beyond binary64 are refused."""
    scaled = inputs([[3e200, 4e200], [0, -5]], "sphere").floats
    assert np.allclose(np.linalg.norm(scaled, axis=1), np.sqrt(2), rtol=1e-15)
    assert inputs([[3, 4]]).floats.tolist() == [[3.0, 4.0]]
    assert Inputs(load("digits", 3), Budget()).floats.shape == (3, 64)
    with pytest.raises(DerivationGap, match="binary64"):
        _ = inputs([["1/3", 1]]).floats
    with pytest.raises(DerivationGap, match="Gram matrix"):
        _ = Inputs(DataSet(None, input_gram([[1, 0], [0, 1]]), "given"), Budget()).floats
