"""Data sets: a failure here means that a run uses other numbers than those its file holds, or cannot name its data."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.kernels.points import points
from certigram.numerics.studies.data import DataSet, load, require_memory
from certigram.numerics.studies.reading import Reading
from certigram.theory.errors import SpecError

VALUES = np.array([[0.1, -2.5e-300], [3.0, 1 / 3], [-1e17, 7.0]])


def test_every_format_keeps_every_bit(tmp_path: Path) -> None:
    """CSV with 17 digits read as binary64, NPY and Parquet give the same numbers and so the same digest."""
    (tmp_path / "x.csv").write_text("\n".join(",".join(map(repr, row)) for row in VALUES.tolist()))
    np.save(tmp_path / "x.npy", VALUES)
    pq.write_table(pa.table({"a": VALUES[:, 0], "b": VALUES[:, 1]}), tmp_path / "x.parquet")
    as_binary64 = Reading(numbers="binary64")
    found = [load(str(tmp_path / f"x{suffix}"), reading=as_binary64) for suffix in (".csv", ".npy", ".parquet")]
    for data in found:
        assert data.points is not None
        assert np.array_equal(data.points.values, VALUES)
    assert len({data.digest for data in found}) == 1


def test_header_blank_lines_and_byte_order_mark(tmp_path: Path) -> None:
    """What spreadsheets write around the numbers is not data."""
    (tmp_path / "x.csv").write_bytes("\ufeffa,b\r\n1,2\r\n\r\n3, 4\r\n".encode())
    data = load(str(tmp_path / "x.csv"))
    assert data.points is not None
    assert data.points.values.tolist() == [[1, 2], [3, 4]]


def test_a_first_line_with_a_number_is_no_header(tmp_path: Path) -> None:
    """Half a line of numbers is a mistake, not a heading to be skipped."""
    (tmp_path / "x.csv").write_text("1,b\n3,4\n")
    with pytest.raises(SpecError, match="line 1"):
        load(str(tmp_path / "x.csv"))


def test_the_first_n_rows(tmp_path: Path) -> None:
    """n keeps the first rows; more than there are is refused."""
    np.save(tmp_path / "x.npy", VALUES)
    (tmp_path / "x.csv").write_text("1,2\n3,4\nnot read\n")
    assert load(str(tmp_path / "x.npy"), 2).n == 2
    assert load(str(tmp_path / "x.csv"), 2).n == 2
    with pytest.raises(SpecError, match="3 rows, not 4"):
        load(str(tmp_path / "x.npy"), 4)


def test_float32_and_integers_are_exact(tmp_path: Path) -> None:
    """Narrower numbers are binary64 numbers; wider integers are kept as integers."""
    np.save(tmp_path / "x.npy", VALUES[:2].astype(np.float32) + np.float32(1))
    assert load(str(tmp_path / "x.npy")).n == 2
    np.save(tmp_path / "x.npy", np.array([[2**53 + 1, 1]]))
    data = load(str(tmp_path / "x.npy"))
    assert data.points is not None
    assert data.points.entries(0) == (2**53 + 1, 1)


def test_the_sphere_is_reproducible() -> None:
    """The same seed gives the same points, another seed others."""
    first, again, other = (load("sphere", 5, d=3, seed=s) for s in (1, 1, 2))
    assert first.digest == again.digest != other.digest
    assert first.d == 3


def test_the_digest_depends_on_the_meaning() -> None:
    """Normalisation changes the digest; so does one bit of one number."""
    base = points(VALUES)
    moved = VALUES.copy()
    moved[0, 0] = np.nextafter(moved[0, 0], 1)
    digests = {
        DataSet(base, None, "", "sphere").digest,
        DataSet(base, None, "", None).digest,
        DataSet(points(moved), None, "", "sphere").digest,
        DataSet(None, input_gram([["1", "1/2"], ["1/2", "1"]]), "").digest,
        DataSet(None, input_gram([["1", "1/3"], ["1/3", "1"]]), "").digest,
    }
    assert len(digests) == 5
    assert DataSet(base, None, "another description", "sphere").digest in digests


def test_memory_is_estimated_before_it_is_taken() -> None:
    """The largest n that fits is accepted, one more is not; no number is too large to be refused."""
    memory = 8 * (3 * 1000**2 + 2 * 1000 * 10)
    require_memory(1000, 10, memory)
    for n in (1001, 10**9, 10**400):
        with pytest.raises(SpecError, match="GB"):
            require_memory(n, 10, memory)
    with pytest.raises(SpecError, match="GB"):
        load("sphere", 10**9)


def test_a_file_larger_than_the_budget(tmp_path: Path) -> None:
    """It is refused by its size or its shape, unread."""
    np.save(tmp_path / "x.npy", np.ones((50, 2)))
    with pytest.raises(SpecError, match="GB"):
        load(str(tmp_path / "x.npy"), memory=500)
    with pytest.raises(SpecError, match="50 points"):
        load(str(tmp_path / "x.npy"), memory=10_000)


def test_the_name_of_a_file_is_printed_without_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "x\x1b[2J\x9b\u202e.csv"
    path.write_text("1,2\n3,4\n")
    assert load(str(path)).description == r"2 points of x\x1b[2J\x9b\u202e.csv as decimals"
