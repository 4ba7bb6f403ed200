"""Text files as people have them, read by the rules of docs/data.md: a failure here is a file misread in silence."""

import gzip
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.reading import Reading
from certigram.theory.errors import SpecError

TABLE = [[Fraction(3, 2), Fraction(2)], [Fraction(-1, 4), Fraction(7)]]
"""What each of the files below holds."""

FILES = {
    "commas": ("x.csv", "1.5,2\n-0.25,7\n", ()),
    "blanks after commas": ("x.csv", "1.5, 2\n -0.25, 7\n", ()),
    "heading": ("x.csv", "a,b\n1.5,2\n-0.25,7\n", ("line 1 is a heading",)),
    "heading in quotes": ("x.csv", '"a, m","b"\n"1.5","2"\n"-0.25","7"\n', ("line 1 is a heading",)),
    "a heading that looks like a missing value": ("x.csv", "Na,Mg\n1.5,2\n-0.25,7\n", ("line 1 is a heading",)),
    "byte order mark": ("x.csv", "\ufeffa,b\r\n1.5,2\r\n\r\n-0.25,7\r\n", ("line 1 is a heading",)),
    "comments": ("x.csv", "# one\n% two\n1.5,2\n# three\n-0.25,7\n", ("comment lines skipped: 3",)),
    "exponents": ("x.csv", "15e-1,+2.0\n-2.5E-1,0.7e1\n", ()),
    "semicolons": ("x.csv", "1.5;2\n-0.25;7\n", ("columns are separated by semicolons",)),
    "decimal commas": (
        "x.csv", "a;b\n1,5;2\n-0,25;7\n",
        ("line 1 is a heading", "columns are separated by semicolons, numbers have decimal commas"),
    ),
    "points and commas in a heading": (
        "x.csv", "a.b;c, d\n1,5;2\n-0,25;7\n",
        ("line 1 is a heading", "columns are separated by semicolons, numbers have decimal commas"),
    ),
    "tabs": ("x.tsv", "1.5\t2\n-0.25\t7\n", ("columns are separated by tabs",)),
    "blanks": ("x.txt", "  1.5   2\n -0.25   7\n", ("columns are separated by blanks",)),
    "trailing commas": ("x.csv", "1.5,2,\n-0.25,7,\n", ("an empty last column is left out",)),
    "an index": (
        "x.csv", ",a,b\n0,1.5,2\n1,-0.25,7\n",
        ("line 1 is a heading", "column 0 is left out: it is the index of a data frame"),
    ),
    "an index of names": (
        "x.csv", ",0,1\nfirst,1.5,2\nsecond,-0.25,7\n",
        ("line 1 is a heading", "column 0 is left out: it is the index of a data frame"),
    ),
    "an index that went through a frame": (
        "x.csv", "Unnamed: 0,a,b\n5,1.5,2\n3,-0.25,7\n",
        ("line 1 is a heading", "column 'Unnamed: 0' is left out: it is the index of a data frame"),
    ),
    "an index of two levels": (
        "x.csv", ",,a,b\n0,1,1.5,2\n0,2,-0.25,7\n",
        (
            "line 1 is a heading",
            "column 0 is left out: it is the index of a data frame",
            "column 1 is left out: it is the index of a data frame",
        ),
    ),
    "a table written twice": (
        "x.csv", ",Unnamed: 0,a,b\n0,0,1.5,2\n1,1,-0.25,7\n",
        (
            "line 1 is a heading",
            "column 0 is left out: it is the index of a data frame",
            "column 'Unnamed: 0' is left out: it is the index of a data frame",
        ),
    ),
}  # fmt: skip


def exact(data: DataSet) -> list[list[Fraction]]:
    """The points as fractions."""
    assert data.points is not None
    return [list(data.points.entries(i)) for i in range(data.n)]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_one_table_in_many_clothes(tmp_path: Path, name: str, packed: bool) -> None:
    """The same numbers come out, and what was skipped or assumed is said."""
    file, text, notes = FILES[name]
    path = tmp_path / (file + ".gz" if packed else file)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    data = load(str(path), normalize=None)
    assert exact(data) == TABLE
    assert data.notes == notes
    assert data.description == f"2 points of {path.name} as decimals"


def test_columns_of_numbers_as_a_heading(tmp_path: Path) -> None:
    """A heading of consecutive integers is not guessed at: header settles it, or a column asked for by name."""
    path = tmp_path / "x.csv"
    path.write_text("0,1\n1.5,2\n-0.25,7\n")
    with pytest.raises(SpecError, match="is it a heading or a point"):
        load(str(path))
    assert exact(load(str(path), normalize=None, reading=Reading(header=True))) == TABLE
    assert exact(load(str(path), normalize=None, reading=Reading(columns=("0", "1")))) == TABLE
    assert load(str(path), reading=Reading(header=False)).n == 3
    path.write_text("3,4\n1.5,2\n")
    assert load(str(path)).n == 2


def test_columns_are_kept_left_out_and_used_as_labels(tmp_path: Path) -> None:
    """By name or by place, in the order asked for; two classes become -1 and +1, and it is said which."""
    path = tmp_path / "x.csv"
    path.write_text("id,a,kind,b\n17,1.5,yes,2\n4,-0.25,no,7\n")
    for reading in (
        Reading(drop=("id",), labels="kind"),
        Reading(columns=("a", "b"), labels=2),
        Reading(drop=(0,), labels="kind"),
        Reading(columns=(1, 3), labels="kind"),
    ):
        data = load(str(path), normalize=None, reading=reading)
        assert exact(data) == TABLE
        assert data.labels is not None
        assert data.labels.tolist() == [1.0, -1.0]
        assert any(note.endswith("no is -1, yes is +1") for note in data.notes)
        assert any(note.startswith("column 'id' is left out") for note in data.notes)
    turned = load(str(path), normalize=None, reading=Reading(columns=("b", "a")))
    assert exact(turned) == [row[::-1] for row in TABLE]


def test_labels_from_a_file(tmp_path: Path) -> None:
    """One line for each point, with or without a heading; labels are part of what a study is about."""
    (tmp_path / "x.csv").write_text("1.5,2\n-0.25,7\n")
    (tmp_path / "y.txt").write_text("kind\nb\na\n")
    data = load(str(tmp_path / "x.csv"), reading=Reading(labels="y.txt"))
    assert data.labels is not None
    assert data.labels.tolist() == [1.0, -1.0]
    (tmp_path / "y.txt").write_text("b\n")
    with pytest.raises(SpecError, match="1 labels for 2 points"):
        load(str(tmp_path / "x.csv"), reading=Reading(labels="y.txt"))


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        (Reading(drop=("c",)), "no column 'c'"),
        (Reading(drop=(2,)), "there is no column 2"),
        (Reading(drop=("a", "b")), "no column is left"),
        (Reading(labels="a"), "3 different labels"),
        (Reading(header=True, columns=("b", "bb")), "no column 'bb'.*Did you mean b"),
    ],
)
def test_columns_that_are_not_there(tmp_path: Path, reading: Reading, says: str) -> None:
    """The sentence names the file and the column."""
    (tmp_path / "x.csv").write_text("a,b\n1.5,2\n-0.25,7\n3,3\n")
    with pytest.raises(SpecError, match=says):
        load(str(tmp_path / "x.csv"), reading=reading)
    (tmp_path / "y.csv").write_text("a,a\n1.5,2\n-0.25,7\n")
    with pytest.raises(SpecError, match="more than one column is named 'a': give its place"):
        load(str(tmp_path / "y.csv"), reading=Reading(columns=("a",)))


def test_settings_that_exclude_each_other(tmp_path: Path) -> None:
    """Columns to keep and to leave out; a meaning that is none; settings of a file for what is no such file."""
    np.save(tmp_path / "x.npy", np.eye(2))
    for source, reading, says in (
        ("digits", Reading(drop=(0,)), "digits is no file"),
        (str(tmp_path / "x.npy"), Reading(header=False), "no text file"),
        (str(tmp_path / "x.npy"), Reading(array="x"), "holds one table"),
    ):
        with pytest.raises(SpecError, match=says):
            load(source, 2, reading=reading)
    with pytest.raises(SpecError, match="columns and drop"):
        Reading(columns=(0,), drop=(1,))
    with pytest.raises(SpecError, match="decimal"):
        Reading(numbers="float32")


def test_a_column_that_counts_the_rows(tmp_path: Path) -> None:
    """Without a heading it is not guessed at; with one it is kept, and said to be there."""
    path = tmp_path / "x.csv"
    path.write_text("1,5,3\n2,2,7\n3,1,1\n")
    with pytest.raises(SpecError, match="is it an index or a coordinate"):
        load(str(path))
    assert load(str(path), reading=Reading(drop=(0,))).d == 2
    assert load(str(path), reading=Reading(columns=(0, 1, 2))).d == 3
    path.write_text("id,a,b\n1,5,3\n2,2,7\n3,1,1\n")
    assert "column 'id' counts the rows, and is kept as a coordinate" in load(str(path)).notes


def test_long_decimals_are_kept_as_integers(tmp_path: Path) -> None:
    """What 17 digits are too few for is carried exactly, and counted in the notes."""
    (tmp_path / "x.csv").write_text("0.12345678901234567891,1\n2,3\n")
    data = load(str(tmp_path / "x.csv"))
    assert exact(data)[0][0] == Fraction(12345678901234567891, 10**20)
    assert data.notes == ("rows that binary64 does not hold, kept exactly as integers: 1",)


def test_a_packed_file_is_measured_as_it_is_read(tmp_path: Path) -> None:
    """A few kilobytes that unfold into more than the memory allows are refused on the way."""
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"1,2\n" * 100_000))
    with pytest.raises(SpecError, match="larger than the budget"):
        load(str(tmp_path / "x.csv.gz"), memory=50_000)
