"""Unusable input: a failure here means that somebody who made a mistake met a traceback, a lie, or a silent success.

Every refusal is one sentence on standard error, exit status 2, nothing on standard output.
"""

import gzip
import os
import pickle
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from certigram import population_gram
from certigram.numerics.studies.data import load


def refused(answer: object, *words: str) -> None:
    status, out, err = answer  # type: ignore[misc]  # an Answer, defined in conftest.py
    assert status == 2
    assert out == ""
    assert err.startswith("certigram: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for word in words:
        assert word in err


ARGUMENTS = {
    "unknown command": (["vrify"], "verify"),
    "unknown option": (["gram", "--nn", "3"], "--nn"),
    "missing argument": (["dual", "tanh", "1"], "Missing argument"),
    "not a choice": (["list", "nothing"], "systems"),
    "too few bits": (["hermite", "tanh", "--bits", "3"], "24"),
    "not a number": (["dual", "tanh", "abc", "1", "0"], "'abc' is not a number for a"),
    "no covariance": (["dual", "tanh", "1", "1", "2"], "not a covariance"),
    "negative variance": (["hermite", "tanh", "--variance", "-1"], "variance = -1"),
    "unknown activation": (["dual", "tanhh", "1", "1", "0"], "Did you mean tanh"),
    "unknown system": (["gram", "--system", "deq-genral"], "Did you mean deq-general"),
    "infinite mean square": (["dual", "exp(x**2)", "1", "1", "0"], "not square-integrable"),
    "infinite coefficients": (["hermite", "exp(x**2)"], "not square-integrable"),
    "infinite Gram matrix": (["gram", "--activation", "exp(x**2)"], "not square-integrable"),
    "no Lipschitz constant": (["gram", "--activation", "exp"], "no finite Lipschitz constant"),
    "code": (["dual", "__import__('os').system('x')", "1", "1", "0"], "cannot read"),
    "attribute": (["hermite", "x.__class__"], "cannot read"),
    "a million characters": (["hermite", "x+" * 500_000 + "x"], "1000001 characters"),
    "deep nesting": (["hermite", "(" * 200 + "x" + ")" * 200], "nesting"),
    "tower of powers": (["hermite", "9**9**9"], "exponent"),
    "end of the range": (["gram", "--sigma-w2", "1/2"], "contraction range sigma_w2 < 1/(2 L^2) = 1/2"),
    "beyond the range": (["gram", "--sigma-w2", "2"], "What is still true beyond"),
    "negative sigma_w2": (["gram", "--sigma-w2", "-1"], "negative"),
    "sigma_w2 in words": (["gram", "--sigma-w2", "abc"], "'abc' is not a number for sigma_w2"),
    "unknown parameter": (["gram", "-p", "sigma_w=1"], "Did you mean sigma_w2"),
    "parameter of Python": (["gram", "-p", "budget=1"], "no such parameter"),
    "parameter without value": (["gram", "-p", "sigma_w2"], "sigma_w2=1/16"),
    "parameter twice": (["gram", "-p", "sigma_w2=0", "--sigma-w2", "0"], "twice"),
    "no points": (["gram", "--n", "0"], "n = 0"),
    "a billion points": (["gram", "sphere", "--n", "1000000000"], "GB"),
    "a billion digits": (["gram", "--n", "1000000000"], "digits has 1797 images"),
    "a system of kernels": (["gram", "--n", "3", "--system", "resnet-rkhs"], "is about kernels"),
    "no equilibrium": (["gram", "--n", "3", "--system", "two-layer-logistic"], "no population Gram matrix"),
    "implicit": (
        ["certify", "0", "--n", "3", "--system", "implicit-relu", "--activation", "tanh"],
        "about ReLU networks",
    ),
    "not its activation": (
        ["gram", "--n", "3", "--system", "deq-relu", "--activation", "tanh"],
        "one activation, relu",
    ),
    "more digits than there are": (["gram", "--n", "5000"], "1797"),
    "no bound": (["certify", "half"], "'half' is not a number for the bound"),
    "no source": (["gram", "digts"], "Did you mean digits"),
    "no file": (["gram", "nowhere.csv"], "there is no file"),
    "no study": (["verify", "nowhere.toml"], "there is no study file"),
    "not a matrix file": (["gram", "--n", "3", "--out", "matrix.csv"], ".npz"),
    "arrays in the place of a certificate": (["certify", "0", "--n", "3", "--out", "c.npz"], ".json"),
    "nothing to derive": (["derive", "exp(x**2)"], "not square-integrable at variance 1"),
    "nothing to write": (["derive", "exp(x**3)", "--format", "html"], "square-integrable at no variance"),
    "no folder of results": (["list", "claims", "--out", "nofolder"], "no such folder"),
    "no folder of results for systems": (["list", "systems", "--out", "nofolder"], "no such folder"),
    "more digits than Python writes": (["dual", "tanh", "1", "1e-4500", "0"], "at most 4000 digits"),
    "a bound of as many": (["certify", "1e5000", "--n", "2"], "at most 4000 digits"),
    "a parameter of as many": (["gram", "--n", "2", "--sigma-w2", "1e-5000"], "at most 4000 digits"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(call: Callable[..., object], name: str) -> None:
    """A misused command says what is wrong, where, and what to try."""
    arguments, words = ARGUMENTS[name]
    refused(call(*arguments), words)


CSV = {
    "nan.csv": ("1,2\n3,nan\n", "line 2 has an entry that is NaN"),
    "zero.csv": ("a,b\n1,2\n0,0\n", "line 3 is zero"),
    "ragged.csv": ("1,2\n3,4,5\n", "line 2 has 3 columns, the first has 2"),
    "empty.csv": ("", "no rows of numbers"),
    "header.csv": ("a,b\n", "no rows of numbers"),
    "text.csv": ("1,2\nfoo,3\n", "line 2 is not made of numbers"),
    "columns.csv": ("0,1,2\n3,4,5\n", "is it a heading or a point? Say header = true or header = false"),
    "years.csv": ("2019,2020,2021\n3,4,5\n", "is it a heading or a point?"),
    "index.csv": ("0,7,2\n1,4,5\n2,2,1\n", "is it an index or a coordinate? Say drop = [0]"),
    "missing.csv": ("NA,NA,NA\n3,4,5\n", "line 1 has an entry that is missing"),
    "later.csv": ("3,4,5\nNA,NA,NA\n", "line 2 has an entry that is missing"),
    "hole.csv": ("1,,2\n3,4,5\n", "line 1 has an entry that is missing"),
    "class.csv": ("1.5,2,setosa\n3,4,versicolor\n", "other columns are left out by drop"),
    "both.csv": ("1,5;2.5\n3,5;4\n", "decimal commas and others decimal points"),
    "long.csv": ("1" * 5000 + ",2\n", "more than 4000 digits"),
    "far.csv": ("1e999999999,2\n", "more than 4000 digits"),
    "range.csv": ("1e400,2\n", "beyond the range of float64"),
    "underscores.csv": ("1,2\n1_0,3\n", "line 2"),
}


@pytest.mark.parametrize("name", CSV)
def test_csv(call: Callable[..., object], tmp_path: Path, name: str) -> None:
    """The sentence names the file and the line."""
    text, words = CSV[name]
    (tmp_path / name).write_text(text)
    refused(call("gram", tmp_path / name), name, words)


def test_binary_csv(call: Callable[..., object], tmp_path: Path) -> None:
    """Bytes that are no text are not read as numbers."""
    (tmp_path / "x.csv").write_bytes(bytes(range(256)))
    refused(call("gram", tmp_path / "x.csv"), "x.csv", "UTF-8")


ARRAYS = {
    "vector": (np.arange(3.0), "(3,)"),
    "scalar": (np.float64(3.0), "()"),
    "times": (np.array([["2020-01-01"]], dtype="M8[D]"), "datetime64[D] are not real numbers"),
    "empty": (np.ones((0, 3)), "(0, 3)"),
    "infinite": (np.array([[1, 2], [np.inf, 1]]), "row 1"),
    "zero": (np.array([[1.0, 2], [0, 0]]), "row 1"),
    "complex": (np.ones((2, 2)) * 1j, "complex"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_npy(call: Callable[..., object], tmp_path: Path, name: str) -> None:
    """Arrays that are no table of points are refused with their shape or the bad row."""
    array, words = ARRAYS[name]
    np.save(tmp_path / "x.npy", array)
    refused(call("gram", tmp_path / "x.npy"), "x.npy", words)


class _Touch:
    """What a hostile pickle would do when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, (f"touch {self.path}",))


@pytest.mark.parametrize("wrapped", [False, True])
def test_hostile_npy_is_not_executed(call: Callable[..., object], tmp_path: Path, wrapped: bool) -> None:
    """A pickle in the clothes of an array is refused without being opened."""
    mark, file = tmp_path / "executed", tmp_path / "x.npy"
    if wrapped:
        np.save(file, np.array([_Touch(mark)], dtype=object), allow_pickle=True)
    else:
        file.write_bytes(pickle.dumps(_Touch(mark)))
    refused(call("gram", file), "x.npy")
    assert not mark.exists()


def test_npy_that_lies_about_its_size(call: Callable[..., object], tmp_path: Path) -> None:
    """A header that promises 8 TB is not believed, and nothing is allocated for it."""
    with (tmp_path / "x.npy").open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
        np.lib.format.write_array_header_1_0(file, header)
    refused(call("gram", tmp_path / "x.npy"), "x.npy")


TABLES = {
    "text": (pa.table({"a": ["x", "y"], "b": [1.0, 2.0]}), "column 'a' is not numeric"),
    "missing": (pa.table({"a": [1.0, None], "b": [1.0, 2.0]}), "row 1"),
    "nested": (pa.table({"a": [[1.0], [2.0]]}), "not numeric"),
    "empty": (pa.table({"a": pa.array([], pa.float64())}), "empty"),
}


@pytest.mark.parametrize("name", TABLES)
def test_parquet(call: Callable[..., object], tmp_path: Path, name: str) -> None:
    """Tables that are no points are refused with the column or the row."""
    table, words = TABLES[name]
    pq.write_table(table, tmp_path / "x.parquet")
    refused(call("gram", tmp_path / "x.parquet"), "x.parquet", words)


HEADERS = {
    "a shape beyond C": "(99999999999999999999, 0)",
    "signs": "(" + "-" * 9000 + "1, 2)",
    "brackets": "[" * 9000 + "]" * 100,
    "digits": "(" + "9" * 5000 + ", 2)",
    "a negative shape": "(-1, 2)",
    "objects": "(1, 2), 'descr': 'O'",
}


@pytest.mark.parametrize("name", HEADERS)
def test_hostile_npy_headers(call: Callable[..., object], tmp_path: Path, name: str) -> None:
    """numpy parses the header as Python's literals: whatever that raises is one sentence."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {HEADERS[name]}, }}\n".encode()
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64))
    refused(call("gram", tmp_path / "x.npy"), "x.npy", "not a plain .npy array")


def test_what_is_no_regular_file(call: Callable[..., object], tmp_path: Path) -> None:
    """A pipe would wait for ever, a folder holds no rows."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("pipe.csv", "folder.csv"):
        refused(call("gram", tmp_path / name), name, "not a regular file")


def test_text_that_is_no_text(call: Callable[..., object], tmp_path: Path) -> None:
    """An array of characters beyond Unicode, which numpy loads and cannot convert."""
    header = b"{'descr': '<U1', 'fortran_order': False, 'shape': (1, 1), }\n"
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b" " * 4)
    refused(call("gram", tmp_path / "x.npy"), "x.npy", "not numerals")


def test_damaged_archives(call: Callable[..., object], tmp_path: Path) -> None:
    """Compressed files that are cut or none, and .npz files with no array, several, or two of one name."""
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"1,2\n" * 1000)[:-20])
    (tmp_path / "none.csv.gz").write_bytes(b"1,2\n")
    np.savez(tmp_path / "two.npz", a=np.eye(2), b=np.eye(2))
    with zipfile.ZipFile(tmp_path / "twice.npz", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            archive.writestr("a.npy", b"")
    with zipfile.ZipFile(tmp_path / "empty.npz", "w"):
        pass
    words = {
        "cut.csv.gz": "not readable",
        "none.csv.gz": "not readable",
        "two.npz": "'a', 'b'",
        "twice.npz": "two arrays of one name",
        "empty.npz": "nothing",
    }
    for name, word in words.items():
        refused(call("gram", tmp_path / name), name, word)


def test_damaged_parquet(call: Callable[..., object], tmp_path: Path) -> None:
    """A file that only begins like Parquet."""
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and no more")
    refused(call("gram", tmp_path / "x.parquet"), "not readable as Parquet")


SYSTEMS = '[study]\nsystems = ["deq-general"]\n'
STUDIES = {
    "no TOML": ("study = [", "not valid TOML"),
    "no systems": ("[study]\n", "systems"),
    "nothing": ("", "needs at least [study]"),
    "unknown key": ('[study]\nsystem = ["deq-general"]\n', "Did you mean systems"),
    "unknown section": (SYSTEMS + "[dat]\n", "Did you mean data"),
    "unknown system": ('[study]\nsystems = ["deq-genral"]\n', "Did you mean deq-general"),
    "unknown activation": (SYSTEMS + 'activations = ["tanhh"]\n', "Did you mean tanh"),
    "infinite activation": (SYSTEMS + 'activations = ["exp(x**2)"]\n', "not square-integrable"),
    "a number for a list": ("[study]\nsystems = 1\n", "should be a list"),
    "a text for a number": (SYSTEMS + 'seed = "one"\n', "should be an integer"),
    "a truth for a number": (SYSTEMS + "seed = true\n", "should be an integer"),
    "path as a name": (SYSTEMS + 'name = "../elsewhere"\n', "names a folder"),
    "parent as a name": (SYSTEMS + 'name = ".."\n', "names a folder"),
    "huge n": (SYSTEMS + "[data]\nn = 1000000000\n", "1797"),
    "no n": (SYSTEMS + "[data]\nn = 0\n", "n = 0"),
    "no normalisation": (SYSTEMS + '[data]\nnormalize = "l2"\n', "sphere"),
    "missing data": (SYSTEMS + '[data]\nsource = "points.csv"\n', "there is no file"),
    "one width": (SYSTEMS + "[finite-width]\nwidths = [256]\n", "three widths"),
    "width zero": (SYSTEMS + "[finite-width]\nwidths = [0, 64, 128]\n", "positive"),
    "width beyond memory": (SYSTEMS + "[finite-width]\nwidths = [64, 128, 1000000000]\n", "GB"),
    "no seeds": (SYSTEMS + "[finite-width]\nseeds = 0\n", "seeds = 0"),
    "no bits": (SYSTEMS + "[budget]\nbits = 1\n", "bits = 1"),
    "endless memory": (SYSTEMS + "[budget]\nmemory = inf\n", "memory = inf"),
    "range of sigma_w2": (
        SYSTEMS + 'activations = ["tanh"]\n[parameters.deq-general]\nsigma_w2 = "2"\n',
        "contraction range",
    ),
    "sigma_w2 in words": (SYSTEMS + '[parameters.deq-general]\nsigma_w2 = "abc"\n', "'abc' is not a number"),
    "unknown parameter": (SYSTEMS + '[parameters.deq-general]\nsigma_w = "1"\n', "Did you mean sigma_w2"),
    "integer beyond measure": (SYSTEMS + f"seed = {'9' * 5000}\n", "holds an integer that is too long"),
    "hexadecimal seed beyond measure": (SYSTEMS + f"seed = 0x{'f' * 5000}\n", "study: seed is too long"),
    "hexadecimal n": (SYSTEMS + f"[data]\nn = 0x{'f' * 5000}\n", "data: n is too long"),
    "octal width": (SYSTEMS + f"[finite-width]\nwidths = [64, 128, 0o{'7' * 9000}]\n", "widths: 2 is too long"),
    "binary parameter": (
        SYSTEMS + f"[parameters.deq-general]\nsigma_w2 = 0b{'1' * 20000}\n",
        "deq-general: sigma_w2 is too long",
    ),
    "exponent beyond measure": (SYSTEMS + '[parameters.deq-general]\nsigma_w2 = "1e-5000"\n', "too long"),
    "endless time": (SYSTEMS + "[budget]\nseconds = inf\n", "seconds = inf"),
    "no time at all": (SYSTEMS + "[budget]\nseconds = 0\n", "seconds = 0"),
    "time backwards": (SYSTEMS + "[budget]\nseconds = -1.5\n", "seconds = -1.5"),
    "time that is no number": (SYSTEMS + "[budget]\nseconds = nan\n", "seconds = nan"),
    "memory that is no number": (SYSTEMS + "[budget]\nmemory = nan\n", "memory = nan"),
    "level that is no number": (SYSTEMS + "[finite-width]\nalpha = nan\n", "alpha = nan"),
}


@pytest.mark.parametrize("name", STUDIES)
def test_studies(call: Callable[..., object], tmp_path: Path, name: str) -> None:
    """A bad study is refused before anything is computed or written."""
    text, words = STUDIES[name]
    (tmp_path / "study.toml").write_text(text)
    refused(call("verify", tmp_path / "study.toml", "--out", tmp_path / "out"), words)
    assert not list(tmp_path.glob("out/*/certificates"))


def test_study_that_is_no_text(call: Callable[..., object], tmp_path: Path) -> None:
    """Binary garbage and folders are not studies."""
    (tmp_path / "garbage.toml").write_bytes(os.urandom(64) + b"\xff\xfe")
    refused(call("verify", tmp_path / "garbage.toml"), "not a text file")
    refused(call("verify", tmp_path), "is not a file")


def test_output_that_cannot_be_written(call: Callable[..., object], tmp_path: Path) -> None:
    """The folder of the results is tried before the work begins."""
    (tmp_path / "taken").write_text("")
    refused(call("verify", "--out", tmp_path / "taken"), "choose another folder")


def test_only_files_and_folders_are_replaced(call: Callable[..., object], tmp_path: Path) -> None:
    """A pipe or a device that --out names is refused before any work, by every command that writes."""
    pipe, device = tmp_path / "pipe.npz", "/dev/null"
    os.mkfifo(pipe)
    for command in (
        ["gram", "--n", "1000", "--out", pipe],
        ["certify", "0.001", "--n", "1000", "--out", device],
        ["certify", "0.001", "--n", "1000", "--out", tmp_path / "pipe.json"],  # its arrays would replace the pipe
        ["derive", "mish", "--out", pipe],
        ["derive", "mish", "--format", "pdf", "--out", device],
        ["derive", "--all", "--out", pipe],
        ["verify", "--out", pipe],
        ["sweep", "--out", device],
    ):
        refused(call(*command), "choose another")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert stat.S_ISCHR(os.stat(device).st_mode)


def test_a_place_that_is_a_folder(call: Callable[..., object], tmp_path: Path) -> None:
    """The sentence names what was asked for, not the file that was written first."""
    place = tmp_path / "folder"
    place.mkdir()
    refused(call("derive", "sign", "--out", place), f"{place}: Is a directory")
    for nameless in (".", "/", place):
        refused(call("certify", "0.001", "--out", nameless), "Is a directory")


def test_nothing_reaches_the_terminal_as_a_control(call: Callable[..., object]) -> None:
    """Escape sequences in a name are not echoed."""
    for name in ("\x1b[31mred.csv", "a\u202ebfdp.csv", "\x9b2Jc.csv", "\u2066d.csv", "\udcff.csv", "e\nf.csv"):
        answer = call("gram", name)
        refused(answer)
        assert answer[2][:-1].isprintable()  # type: ignore[index]  # an Answer
        if name != "e\nf.csv":
            assert name.encode("unicode_escape").decode() in answer[2]  # type: ignore[index]  # an Answer


def test_names_of_files_are_shown_as_text(call: Callable[..., object], tmp_path: Path) -> None:
    """A file called by controls is read, and named on the terminal and in notebooks without any of them."""
    name = "\x1b[31m\u202e<b>\x9b.npy"
    np.save(tmp_path / name, np.array([[1.0, 0.0], [2.0, 1.0]]))
    status, out, _ = call("gram", tmp_path / name)  # type: ignore[misc]  # an Answer
    assert status == 0
    assert out.replace("\n", "").isprintable()
    assert r"\x1b[31m\u202e<b>\x9b.npy" in out
    K = population_gram("deq-general", load(str(tmp_path / name)), activation="tanh")
    assert r"\x1b[31m\u202e&lt;b&gt;\x9b.npy" in K._repr_html_()
    status, out, _ = call("certify", "0", tmp_path / name, "--out", tmp_path / f"{name}.json")  # type: ignore[misc]
    assert status == 0
    status, out, _ = call("check", tmp_path / f"{name}.json")  # type: ignore[misc]  # an Answer
    assert status == 0
    assert out.replace("\n", "").isprintable()
