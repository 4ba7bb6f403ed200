"""Arrays and tables in binary formats: a failure here means that a column is misread, or an index taken for data."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from certigram.numerics.kernels.points import points
from certigram.numerics.studies.data import load
from certigram.numerics.studies.reading import Reading
from certigram.theory.errors import SpecError


def _parquet(path: Path, table: pa.Table, index: object = None) -> str:
    if index is not None:
        table = table.replace_schema_metadata({"pandas": json.dumps({"index_columns": index})})
    pq.write_table(table, path)
    return str(path)


def test_the_index_that_parquet_names(tmp_path: Path) -> None:
    """The metadata of pandas say which columns are the index; a range is none, and damaged metadata name none."""
    table = pa.table({"a": [0.5, 1.0], "__index_level_0__": [7, 3], "b": [2.0, 4.0]})
    data = load(_parquet(tmp_path / "x.parquet", table, ["__index_level_0__"]))
    assert data.d == 2
    assert data.notes == ("column '__index_level_0__' is left out: it is the index of a data frame",)
    assert load(_parquet(tmp_path / "x.parquet", table, [{"kind": "range", "start": 0}])).d == 3
    for damaged in (b"[" * 100_000, b"7", b'{"index_columns": 7}', b"\xff"):
        pq.write_table(table.replace_schema_metadata({b"pandas": damaged}), tmp_path / "x.parquet")
        assert load(str(tmp_path / "x.parquet")).d == 3
    asked = load(_parquet(tmp_path / "x.parquet", table, ["__index_level_0__"]), reading=Reading(columns=(0, 1)))
    assert asked.d == 2
    with pytest.raises(SpecError, match="'__index_level_0__' is the index of a data frame: leave it out"):
        points(pq.read_table(tmp_path / "x.parquet"))


def test_the_index_that_records_carry(tmp_path: Path) -> None:
    """The first fields of pandas' to_records, and first columns of a table without a name."""
    records = np.array([(7, 0.5, 2.0), (3, 1.0, 4.0)], dtype=[("index", "i8"), ("a", "f8"), ("b", "f8")])
    np.save(tmp_path / "x.npy", records)
    data = load(str(tmp_path / "x.npy"))
    assert data.d == 2
    assert data.notes == ("column 'index' is left out: it is the index of a data frame",)
    np.save(tmp_path / "x.npy", records[["a", "b"]])
    assert load(str(tmp_path / "x.npy")).notes == ()
    assert load(_parquet(tmp_path / "x.parquet", pa.table({"Unnamed: 0": [0, 1], "a": [0.5, 1.0]}))).d == 1


def test_every_column_keeps_its_type(tmp_path: Path) -> None:
    """Decimals, integers, truth values and floats side by side."""
    table = pa.table(
        {
            "decimal": pa.array([Decimal("0.1"), Decimal("2.50")], pa.decimal128(5, 2)),
            "integer": pa.array([2**63, 3], pa.uint64()),
            "truth": [True, False],
            "float": pa.array([0.1, 0.5], pa.float32()),
        }
    )
    data = load(_parquet(tmp_path / "x.parquet", table), normalize=None)
    assert data.points is not None
    assert data.points.entries(0) == (Fraction(1, 10), 2**63, 1, Fraction(float(np.float32(0.1))))
    assert data.points.entries(1) == (Fraction(5, 2), 3, 0, Fraction(1, 2))


def test_rounding_that_is_asked_for_is_said(tmp_path: Path) -> None:
    """numbers = binary64 takes the nearest doubles of any file, and counts the rows that were not doubles."""
    np.save(tmp_path / "x.npy", np.array([[2**53 + 1, 1], [3, 4]]))
    data = load(str(tmp_path / "x.npy"), reading=Reading(numbers="binary64"))
    assert data.points is not None
    assert data.points.values.tolist() == [[2.0**53, 1.0], [3.0, 4.0]]
    assert not data.points.exact
    assert data.notes == ("rows rounded to the nearest binary64 numbers, as asked: 1",)


def test_labels_of_a_parquet_file(tmp_path: Path) -> None:
    """A column of text is left out as the labels; without that it is refused by name."""
    path = _parquet(tmp_path / "x.parquet", pa.table({"a": [0.5, 1.0], "0": [2, 4], "kind": ["x", "y"]}))
    with pytest.raises(SpecError, match="column 'kind' is not numeric"):
        load(path)
    data = load(path, reading=Reading(labels="kind"))
    assert data.labels is not None
    assert data.labels.tolist() == [-1, 1]
    assert load(path, reading=Reading(drop=("kind", "0"))).d == 1


def test_npz(tmp_path: Path) -> None:
    """The only array is taken; of several the one that is named, and labels may be another."""
    np.savez(tmp_path / "one.npz", points=np.eye(3))
    assert load(str(tmp_path / "one.npz"), 2).n == 2
    np.savez_compressed(tmp_path / "two.npz", x=np.ones((3, 2, 2), dtype=np.uint8), y=np.array([0, 1, 0]))
    with pytest.raises(SpecError, match="'x', 'y'"):
        load(str(tmp_path / "two.npz"))
    with pytest.raises(SpecError, match="no array 'q'; it holds 'x', 'y'"):
        load(str(tmp_path / "two.npz"), reading=Reading(array="q"))
    for reading in (Reading(array="x", labels="y"), Reading(labels="y")):
        data = load(str(tmp_path / "two.npz"), reading=reading)
        assert data.d == 4
        assert data.notes[0] == "each point of shape (2, 2) is laid out as a row of 4"
        assert data.labels is not None
        assert data.labels.tolist() == [-1, 1, -1]
    with pytest.raises(SpecError, match="budget"):
        load(str(tmp_path / "one.npz"), memory=100)


def test_npy(tmp_path: Path) -> None:
    """Images, truth values, records and extended precision, each exactly."""
    np.save(tmp_path / "x.npy", np.arange(1, 9).reshape(2, 2, 2))
    assert load(str(tmp_path / "x.npy")).notes == ("each point of shape (2, 2) is laid out as a row of 4",)
    np.save(tmp_path / "x.npy", np.array([(2**53 + 1, 0.5)], dtype=[("a", "i8"), ("b", "f8")]))
    data = load(str(tmp_path / "x.npy"), normalize=None, reading=Reading(columns=("b", "a")))
    assert data.points is not None
    assert data.points.entries(0) == (Fraction(1, 2), 2**53 + 1)
    third = np.longdouble(1) / 3
    np.save(tmp_path / "x.npy", np.array([[third, 1]]))
    data = load(str(tmp_path / "x.npy"), normalize=None)
    assert data.points is not None
    assert data.points.entries(0) == (Fraction(*third.as_integer_ratio()), 1)
