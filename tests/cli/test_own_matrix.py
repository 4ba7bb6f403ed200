"""A failure here means that a stranger with a matrix in a file meets a wrong status, a wrong matrix, or a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("matrices")
    X = np.random.default_rng(0).standard_normal((30, 5))
    K = np.exp(-((X[:, None] - X) ** 2).sum(axis=2) / 2)
    K = (K + K.T) / 2
    np.save(place / "K.npy", K)
    np.save(place / "single.npy", K.astype(np.float32))
    np.savez(place / "two.npz", K=K, R=np.full((30, 30), 1e-6))
    np.savez(place / "one.npz", only=K.astype(np.float32))
    np.savetxt(place / "K.txt", K)
    np.savetxt(place / "K.csv", K, delimiter=",", fmt="%.6f")
    np.save(place / "R.npy", np.full((30, 30), 1e-6))
    np.save(place / "rows.npy", K[:5])
    np.save(place / "pages.npy", np.eye(4)[:, :, None])
    np.save(place / "truth.npy", np.eye(3) > 0)
    np.save(place / "long.npy", np.eye(3, dtype=np.longdouble) / 3)
    np.save(place / "whole.npy", np.eye(3, dtype=np.int64))
    np.save(place / "skew.npy", np.triu(K))
    (place / "distances.csv").write_text("0,1,2\n1,0,1\n2,1,0\n")
    np.save(place / "bad.npy", np.array([[1.0, 2.0], [2.0, 1.0]]))
    return place


@pytest.mark.parametrize(
    ("file", "about"),
    [
        ("K.npy", "the 30 × 30 matrix of these float64 numbers exactly"),
        ("single.npy", "the 30 × 30 matrix of these float32 numbers exactly"),
        ("one.npz", "the 30 × 30 matrix of these float32 numbers exactly"),
        ("whole.npy", "the 3 × 3 matrix of these int64 numbers exactly"),
        ("long.npy", f"the 3 × 3 matrix of these {np.dtype(np.longdouble)} numbers exactly"),
        ("K.txt", "the 30 × 30 matrix of these exact numbers; columns are separated by blanks"),
        ("K.csv", "the 30 × 30 matrix of these exact numbers"),
    ],
)
def test_files_of_all_kinds_are_certified(call: Call, folder: Path, file: str, about: str) -> None:
    status, out, err = call("certify", "1e-3", "--matrix", folder / file)
    assert (status, err) == (0, "")
    assert "PROVED: least eigenvalue >= 1e-3" in out
    assert f"about: {about}\n" in out


def test_positive_is_more_than_at_least_0_and_a_proof_is_announced(call: Call, tmp_path: Path) -> None:
    np.save(tmp_path / "ones.npy", np.ones((2, 2)))
    status, out, _ = call("certify", "0", "--matrix", tmp_path / "ones.npy", "--out", tmp_path / "c.json")
    assert (status, "with a proof for certigram check" in out) == (0, True)
    status, out, _ = call("check", tmp_path / "c.json", tmp_path / "c.json")
    assert (status, out.count("VALID       c.json: PROVED lambda_min(A) >= 0; ")) == (0, 2)
    status, out, _ = call("certify", "positive", "--matrix", tmp_path / "ones.npy")
    assert (status, "REFUTED: least eigenvalue > 0" in out) == (1, True)
    args = ("--kernel", "nngp", "--activation", "hard_swish", "-p", "depth=1", "--n", "2", "--out", tmp_path / "k.json")
    status, out, _ = call("certify", "positive", *args)
    assert (status, "k.json; without a proof for the checker: " in out) == (0, True)


def test_the_kernel_is_named_and_a_matrix_may_be_points_of_a_named_one(call: Call, folder: Path) -> None:
    status, out, _ = call("certify", "1e-3", "digits", "--n", "2")
    assert (status, "kernel: deq-general, tanh, sigma_w2 = 1/16\n" in out) == (0, True)
    status, out, _ = call("certify", "1e-3", folder / "K.npy", "--kernel", "gaussian", "-p", "scale=1/2")
    assert "kernel: kernel('gaussian', scale='1/2')\n" in out
    assert call("certify", "1e-9", folder / "K.npy", "--activation", "tanh")[0] == 0


def test_a_certificate_of_a_matrix_is_written_and_refuted_bounds_are_told(call: Call, folder: Path) -> None:
    args = ("--matrix", folder / "two.npz", "--array", "K", "--radius", "1e-6", "--out", folder / "c.json", "--json")
    status, out, _ = call("certify", "1e-3", *args)
    found = json.loads(out)
    assert (status, found["verdict"], found["scope"]) == (0, "PROVED", "every symmetric matrix within the radii")
    assert json.loads((folder / "c.json").read_text())["detail"]["statement"] == "lambda_min(A) >= 1/1000"
    assert call("certify", "0.5", "--matrix", folder / "K.npy")[0] == 1
    assert call("certify", "1e-3", "--matrix", folder / "K.npy", "--radius", folder / "R.npy")[0] == 0
    status, out, _ = call("certify", "1e-3", "--matrix", folder / "K.npy", "--radius", "1", "--strict")
    assert (status, "UNKNOWN" in out) == (3, True)


@pytest.mark.parametrize(
    "text", ["1,0.5\n0.5\n", "1.0;2.0\n2.0\n", '"1","0.5"\n0.5\n', "1,,0.5\n0.5\n", "1,0.5,\n0.5\n"]
)
def test_a_first_line_of_numbers_is_no_heading(call: Call, tmp_path: Path, text: str) -> None:
    """A ragged file is refused, where its first line would be lost; a heading that is said stays one."""
    (tmp_path / "ragged.csv").write_text(text)
    status, _, err = call("certify", "1e-8", "--matrix", tmp_path / "ragged.csv")
    assert (status, "ragged.csv" in err) == (2, True)
    assert "the 1 × 1 matrix" in call("certify", "1e-8", "--matrix", tmp_path / "ragged.csv", "--header")[1]


def test_jitter_and_diagnosis(call: Call, folder: Path) -> None:
    status, out, _ = call("jitter", folder / "bad.npy")
    assert status == 0
    assert "least jitter in [1.0, 1.0]" in out
    assert "A + 1.0000000000000004 * I is proved positive definite" in out
    status, out, _ = call("jitter", folder / "K.npy", "--json")
    assert (json.loads(out)["upper"], json.loads(out)["stored"]) == (0.0, 0.0)
    status, out, _ = call("diagnose", folder / "bad.npy", "--json")
    found = json.loads(out)
    pair = found["pairs"][0]
    assert (found["dimension"], pair["rows"], pair["kind"]) == (1, [0, 1], "an indefinite pair")
    status, out, _ = call("diagnose", folder / "K.npy")
    assert status == 0
    assert "its eigenvector is enclosed to" in out


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("certify", "0", "--matrix", "rows.npy"), "A has the shape (5, 30): give a square matrix"),
        (("certify", "0", "--matrix", "skew.npy"), "A is not symmetric"),
        (("certify", "0", "K.npy"), "is a symmetric matrix: for its own eigenvalue say --matrix"),
        (("gram", "K.csv"), "is a symmetric matrix"),
        (("certify", "0", "--matrix", "none.npy"), "there is no file"),
        (("certify", "0", "--matrix", "K.xyz"), "is no file of a matrix: its name must end in one of"),
        (("certify", "0", "--matrix", "two.npz"), "it holds 'K', 'R'"),
        (("certify", "0", "--matrix", "K.npy", "--n", "3"), "--matrix is a matrix itself"),
        (("certify", "0", "--radius", "1"), "--radius is about --matrix"),
        (("certify", "0", "--matrix", "K.npy", "--radius", "-1"), "radius"),
        (("certify", "0", "--matrix", "K.npy", "--radius", "wide"), "'wide' is not a number for --radius"),
        (("certify", "0", "--matrix", "distances.csv"), "is it a heading or a point"),
        (("check", "K.npy"), "there is no certificate here"),
        (("jitter", "K.npy", "--relative-width", "0"), "relative_width = 0 is no width"),
        (("diagnose", "rows.npy"), "A has the shape (5, 30)"),
        (("jitter", "pages.npy"), "holds an array of the shape (4, 4, 1): give a square matrix"),
        (("jitter", "truth.npy"), "is made of truth values"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(call: Call, folder: Path, command: tuple[str, ...], sentence: str) -> None:
    placed = [folder / x if Path(x).suffix in (".npy", ".npz", ".csv", ".xyz") else x for x in command]
    status, out, err = call(*placed)
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_the_first_column_of_a_matrix_may_count_its_rows(call: Call, folder: Path) -> None:
    status, out, _ = call("certify", "0", "--matrix", folder / "distances.csv", "--no-header")
    assert (status, "REFUTED" in out) == (1, True)
