"""A failure here means that an object of another library is misread, or ends in an exception that says nothing.

Tensors of torch are imitated by what they do when numpy asks for their numbers, so that torch need not be installed.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sympy

import certigram as cg
from certigram.numerics.studies.data import load
from certigram.theory.numbers import rational

POINTS = [[1.0, 0.25], [0.5, 1.0]]
SIXTEENTH = Fraction(1, 16)


class Tensor:
    """What torch does: ``shape``, ``item`` and ``__array__``, each of which may raise."""

    def __init__(self, numbers: Any, error: Exception | None = None) -> None:
        self._numbers, self._error = np.asarray(numbers), error
        self.shape, self.ndim = self._numbers.shape, self._numbers.ndim

    def _told(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._numbers

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self._told(), dtype=dtype)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Any:
        return iter(self._told())

    def item(self) -> Any:
        return self._told().item()


REFUSALS = {
    "requires grad": RuntimeError(
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
    ),
    "bfloat16": TypeError("Got unsupported ScalarType BFloat16"),
    "sparse": TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first."),
    "meta": TypeError("can't convert meta device type tensor to numpy. Use Tensor.cpu() first."),
}
TABLES: dict[str, Any] = {name: Tensor(POINTS, error) for name, error in REFUSALS.items()}
TABLES |= {
    "csr matrix": scipy.sparse.csr_matrix(np.eye(2)),
    "csr array": scipy.sparse.csr_array(np.eye(2)),
    "path": Path("points.csv"),
    "text": "points.csv",
    "list of tensors": [Tensor(row, REFUSALS["meta"]) for row in POINTS],
    "object": object(),
    "number": 3,
    "0-d": np.array(3.0),
    "complex": np.eye(2) * 1j,
}
CALLS: dict[str, Callable[[Any], Any]] = {
    "points": lambda x: cg.population_gram("deq-general", x, activation="tanh"),
    "network": lambda x: cg.nngp(x, activation="relu", depth=1),
    "inner products": lambda x: cg.population_gram("deq-general", input_gram=x, activation="tanh"),
    "midpoints": lambda x: cg.BallMatrix(x, 0.0),
    "eigenvalue": cg.least_eigenvalue,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("table", TABLES)
def test_what_is_no_table_is_refused_in_a_sentence(table: str, call: str) -> None:
    with pytest.raises(cg.SpecError, match=r"[.:]") as refusal:
        CALLS[call](TABLES[table])
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("table", [t for t in TABLES if t not in ("number", "0-d")])
def test_what_is_no_radius_is_refused_in_a_sentence(table: str) -> None:
    with pytest.raises(cg.SpecError, match="radi"):
        cg.BallMatrix(np.eye(2), TABLES[table])


@pytest.mark.parametrize(
    "make", [Tensor, memoryview, np.ndarray.tolist, tuple], ids=["tensor", "memoryview", "list", "tuple"]
)
def test_what_is_a_table_is_taken(make: Callable[[Any], Any]) -> None:
    table, gram = np.array(POINTS), np.array([[1.0, 0.25], [0.25, 0.5]])
    expected = cg.population_gram("deq-general", table, activation="tanh", bits=64)
    found = cg.population_gram("deq-general", make(table), activation="tanh", bits=64)
    assert found.ball(0, 1) == expected.ball(0, 1)
    by_gram = [cg.population_gram("deq-general", input_gram=g, activation="tanh") for g in (make(gram), gram.tolist())]
    assert by_gram[0].ball(0, 1) == by_gram[1].ball(0, 1)
    if make is not tuple:
        assert cg.BallMatrix(make(gram), make(gram)).radius(0, 1) == 0.25


NUMBERS = [np.float32(0.0625), np.float16(0.0625), np.float64(0.0625), np.longdouble(0.0625), np.array(0.0625)]
NUMBERS += [Tensor(0.0625), np.array("1/16"), sympy.Rational(1, 16), Decimal("0.0625"), "1/16", 0.0625]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda x: f"{type(x).__name__} {x!s:.6}")
def test_a_scalar_means_its_exact_value(number: Any) -> None:
    assert rational(number) == SIXTEENTH
    K = cg.population_gram("deq-general", POINTS, activation="tanh", sigma_w2=number)
    assert K.instance.parameters == {"sigma_w2": "1/16"}
    assert cg.certify(K, at_least=number).verdict is cg.Verdict.PROVED
    assert cg.least_eigenvalue(K, relative_width=number).relative_width <= SIXTEENTH


def test_extended_precision_is_not_rounded() -> None:
    third = np.longdouble(1) / 3
    assert rational(third) == Fraction(*third.as_integer_ratio()) == rational(np.array(third))
    assert rational(np.float32(0.1)) == Fraction(float(np.float32(0.1))) != Fraction("0.1")
    assert rational(np.array(2**63 + 1, dtype=np.uint64)) == 2**63 + 1


WRONG = [np.bool_(True), np.array(True), np.float32("nan"), np.array(np.inf), np.array([0.5]), 1j, np.array(1j)]
WRONG += [None, b"1", Path("1"), Tensor(0.5, REFUSALS["meta"]), np.datetime64("2020"), np.array(None)]


@pytest.mark.parametrize("number", WRONG, ids=lambda x: type(x).__name__)
def test_what_is_no_number_is_refused_in_a_sentence(number: Any) -> None:
    with pytest.raises(cg.SpecError, match="for q:"):
        rational(number, what="q")


@pytest.mark.parametrize("integer", [np.int64(64), np.uint8(64), np.array(64)], ids=repr)
def test_integers_of_numpy_are_integers(integer: Any) -> None:
    budget = cg.Budget(bits=integer)
    assert (budget.bits, type(budget.bits)) == (64, int)
    K = cg.nngp(POINTS, activation="relu", depth=integer // 32, bits=integer, budget=budget)
    assert K.instance.parameters["depth"] == 2
    assert K.matrix.provenance[0].endswith("at 64 bits")
    assert cg.population_gram("deq-general", POINTS, activation="tanh", bits=integer).rad is not None
    assert len(cg.activation("tanh").hermite(integer // 32, bits=integer)) == 3


@pytest.mark.parametrize("budget", [3, 60.0, {"bits": 64}, cg.Budget], ids=repr)
def test_what_is_no_budget_is_refused_in_a_sentence(budget: Any) -> None:
    for call in (
        lambda: cg.nngp(POINTS, activation="relu", depth=1, budget=budget),
        lambda: cg.nngp_and_ntk(POINTS, activation="relu", depth=1, budget=budget),
        lambda: cg.population_gram("deq-relu", POINTS, budget=budget),
        lambda: cg.least_eigenvalue(cg.BallMatrix(np.eye(2), 0.0), budget=budget),
    ):
        with pytest.raises(cg.SpecError, match="is not a Budget: give one"):
            call()


@pytest.mark.parametrize("number", [np.float64(64), np.array(64.0), "64", True, np.array([64])], ids=repr)
def test_other_numbers_are_no_integers(number: Any) -> None:
    for call in (
        lambda: cg.Budget(bits=number),
        lambda: cg.nngp(POINTS, activation="relu", depth=number),
        lambda: cg.nngp(POINTS, activation="relu", depth=1, bits=number),
    ):
        with pytest.raises(cg.SpecError, match="is not an integer"):
            call()


def test_paths_and_texts_in_the_wrong_place(tmp_path: Path) -> None:
    K = cg.population_gram("deq-relu", POINTS)
    path = Path("tanh")
    refused: list[Callable[[], Any]] = [
        lambda: cg.activation(path),  # type: ignore[arg-type]
        lambda: cg.population_gram(path, POINTS),  # type: ignore[arg-type]
        lambda: cg.population_gram("resnet-rkhs", POINTS, kernel=path),  # type: ignore[arg-type]
        lambda: cg.population_gram("deq-relu", POINTS, normalize=path),  # type: ignore[arg-type]
        lambda: cg.nngp(POINTS, activation=path, depth=1),  # type: ignore[arg-type]
        lambda: cg.ntk(POINTS, activation="relu", depth=1, convention=path),  # type: ignore[arg-type]
        lambda: cg.system(path),  # type: ignore[arg-type]
        lambda: cg.system([]),  # type: ignore[arg-type]
        lambda: cg.derive(path),  # type: ignore[arg-type]
        lambda: cg.check(3),  # type: ignore[arg-type]
        lambda: cg.check("a\0b"),
        lambda: cg.verify(3),  # type: ignore[arg-type]
        lambda: cg.certify(K, at_least="0.1").save(3),  # type: ignore[arg-type]
        lambda: cg.certify(K, at_least="0.1").save("a\0b"),
        lambda: cg.Certificate.read(str(tmp_path / "none.json")),
        lambda: cg.Ball("0.5"),  # type: ignore[arg-type]
    ]
    for call in refused:
        with pytest.raises(cg.SpecError):
            call()
    name = str(tmp_path / "found.json")
    cg.certify(K, at_least="0.1").save(name)
    assert cg.Certificate.read(name).verdict is cg.Verdict.PROVED


def test_a_matrix_as_numpy_sees_it() -> None:
    K = cg.population_gram("deq-general", load("sphere", 5), activation="tanh")
    for matrix in (K, K.matrix):
        found = np.asarray(matrix)
        assert found.shape == matrix.shape == (5, 5)
        assert len(matrix) == 5
        assert found.dtype == np.float64
        assert np.array_equal(found, K.mid)
        found *= 10  # a copy: what is proved stays
        assert found.flags.writeable
        assert not np.array_equal(found, K.mid)
        assert np.asarray(matrix, dtype=np.float32).dtype == np.float32
        assert np.array([matrix, matrix]).shape == (2, 5, 5)
        assert np.linalg.eigvalsh(matrix)[0] == pytest.approx(np.linalg.eigvalsh(K.mid)[0], rel=1e-12)
        with pytest.raises(ValueError, match="copy"):
            matrix.__array__(copy=False)
        for lost in (lambda m=matrix: cg.BallMatrix(m, 0.0), lambda m=matrix: cg.nngp(m, activation="relu", depth=1)):
            with pytest.raises(cg.SpecError, match="radii would be lost"):  # as midpoints they would be taken as exact
                lost()
