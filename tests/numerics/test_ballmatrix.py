"""The matrix that is proved: a failure here means that somebody can change it, or that a radius is rounded down."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, arb_mat

from certigram.api import least_eigenvalue, population_gram
from certigram.numerics.kernels.ballmatrix import BallMatrix, read_only
from certigram.theory.errors import SpecError

POINTS = [[1.0, 0.0, 0.5], [0.0, 1.0, 0.25], [0.5, 0.5, 1.0]]


def test_the_matrix_cannot_be_changed_through_its_views() -> None:
    """``v = K.mid; v *= 10`` fails, and so does asking for a writeable one."""
    K = population_gram("deq-general", POINTS, activation="tanh")
    before = least_eigenvalue(K)
    for array in (K.mid, K.matrix.mid, K.mid[:1]):
        with pytest.raises(ValueError, match="read-only"):
            array *= 10
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)
    entries = BallMatrix(np.eye(2), np.full((2, 2), 0.1))
    assert isinstance(entries.rad, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        entries.rad[0, 0] = 0.0
    assert least_eigenvalue(K) == before


def test_what_was_given_is_copied() -> None:
    """Arrays, views, memory maps of another's memory, and balls: changed afterwards, the matrix stays."""
    mid, rad, balls = np.eye(2), np.full((2, 2), 0.5), arb_mat([[1, 0], [0, 1]])
    view = mid[:, :]
    view.setflags(write=False)
    found = [BallMatrix(mid, rad, arb=balls), BallMatrix(view, rad), BallMatrix(mid.view(np.matrix), rad)]
    mid[0, 0], rad[0, 0], balls[0, 0] = 7.0, 0.0, arb(7)
    for matrix in found:
        assert matrix.mid.tolist() == [[1, 0], [0, 1]]
        assert matrix.radius(0, 0) == 0.5
        assert matrix.ball(0, 0).contains(1)
        assert type(matrix.mid) is np.ndarray
    given = read_only(np.eye(3))
    assert BallMatrix(given, 0.0).mid.base is given  # given away: no second matrix


@pytest.mark.parametrize(
    "radius",
    [np.longdouble(1) / 3, np.longdouble(1) + np.finfo(np.longdouble).eps, Fraction(1, 3), Decimal("0.1"), 2**60 + 1],
)
def test_a_radius_is_never_rounded_down(radius: object) -> None:
    """Numbers of any type, one by one and in an array of extended precision."""
    exact = Fraction(*radius.as_integer_ratio())  # type: ignore[attr-defined]
    matrix = BallMatrix(np.eye(2), radius)  # type: ignore[arg-type]
    assert Fraction(matrix.radius(0, 0)) >= exact
    assert type(matrix.rad) is float
    if isinstance(radius, np.longdouble):
        table = BallMatrix(np.eye(2), np.full((2, 2), radius))  # type: ignore[arg-type]
        assert Fraction(table.radius(0, 1)) >= exact


@pytest.mark.parametrize(
    ("mid", "rad"),
    [
        (np.eye(2, dtype=np.longdouble), 0.0),
        (np.ones((2, 3)), 0.0),
        (np.ones(3), 0.0),
        (np.array([[1.0, 2.0], [0.0, 1.0]]), 0.0),
        (np.eye(2), -1),
        (np.eye(2), float("nan")),
        (np.eye(2), np.longdouble("inf")),
        (np.eye(2), "0"),
        (np.eye(2), None),
        (np.eye(2), np.zeros(2)),
        ([[1, 2], [3]], 0.0),
        ("eye", 0.0),
        (np.ma.array(np.eye(2), mask=np.eye(2)), 0.0),
    ],
)
def test_what_is_no_matrix_is_refused(mid: object, rad: object) -> None:
    """With a sentence of ours, which is a ValueError."""
    with pytest.raises(SpecError):
        BallMatrix(mid, rad)  # type: ignore[arg-type]


def test_nested_lists() -> None:
    """Lists of numbers are a matrix where they fit float64 exactly."""
    assert BallMatrix([[2, 1], [1, 2]], 0).ball(0, 1).contains(1)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="float64"):
        BallMatrix([[2**53 + 1, 0], [0, 1]], 0)  # type: ignore[arg-type]
