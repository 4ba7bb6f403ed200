"""The small commands: a failure here means that the front door shows something else than what the library proved."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import certigram as cg

POINTS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5], [7.0, -8.0, 10.0]])
DUAL = "-0.15091976410914172513"  # E tanh(u) tanh(v) at [[1.3, -0.4], [-0.4, 0.7]], by mpmath's quadrature at 40 digits


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The same points in every format that is read."""
    (tmp_path / "x.csv").write_text("a,b,c\n" + "\n".join(",".join(map(repr, row)) for row in POINTS.tolist()) + "\n")
    np.save(tmp_path / "x.npy", POINTS)
    pq.write_table(pa.table({name: POINTS[:, k] for k, name in enumerate("abc")}), tmp_path / "x.parquet")
    return {path.suffix: path for path in tmp_path.iterdir()}


def test_dual(call: Callable[..., tuple[int, str, str]]) -> None:
    """The enclosure contains the known value, and JSON is one document whose ends are rounded outwards."""
    status, out, err = call("dual", "tanh", "1.3", "0.7", "-0.4", "--json")
    document = json.loads(out)
    assert (status, err) == (0, "")
    assert Fraction(document["lower"]) <= Fraction(DUAL) + Fraction(1, 10**19)
    assert Fraction(document["upper"]) >= Fraction(DUAL) - Fraction(1, 10**19)
    status, out, _ = call("dual", "step", "1", "1", "0")
    assert status == 0
    assert "asin" in out


def test_the_accuracy_reached_is_said(call: Callable[..., tuple[int, str, str]]) -> None:
    """As a field, as a line where it falls short; the value in question is about exp(-4e6)."""
    status, out, _ = call("dual", "hard_tanh", "1", "1", "0.999", "--json")
    document = json.loads(out)
    assert (status, document["accuracy_bits"] >= 126) == (0, True)
    assert document["ball"].startswith("[0.5153816175469456")
    status, out, _ = call("dual", "elu", "100000", "1", "0")
    assert "20.17067603613162507" in out
    assert "accuracy" not in out
    status, out, _ = call("dual", "max(x-2,0)", "1", "1", "-0.999999", "--bits", "32")
    assert status == 0
    assert "accuracy: 0 bits relative to the value, where 32 were asked for" in out
    status, out, _ = call("hermite", "elu", "--variance", "100000", "--order", "2", "--json")
    assert json.loads(out)["accuracy_bits"] >= 126


def test_hermite(call: Callable[..., tuple[int, str, str]]) -> None:
    """Orders 0 to 3 of the sine at variance 1: e^(-1/2) at order 1, minus that over sqrt 6 at order 3."""
    status, out, err = call("hermite", "sin", "--order", "3", "--json")
    document = json.loads(out)
    assert (status, err) == (0, "")
    assert [row["order"] for row in document["coefficients"]] == [0, 1, 2, 3]
    first, third = document["coefficients"][1], document["coefficients"][3]
    assert first["lower"] <= np.exp(-0.5) <= first["upper"] + 1e-15
    assert third["lower"] - 1e-15 <= -np.exp(-0.5) / np.sqrt(6) <= third["upper"] + 1e-15
    status, out, _ = call("hermite", "sin", "--order", "3")
    assert out.count("mu_") == 4


def test_hermite_beyond_float64(call: Callable[..., tuple[int, str, str]]) -> None:
    """A coefficient too large for float64 is null in JSON, and still a ball as text."""
    _, out, _ = call("hermite", "exp(x)", "--variance", "1600", "--order", "0", "--json")
    (row,) = json.loads(out)["coefficients"]
    assert row["upper"] is None or row["upper"] >= 1e300
    assert "e+347" in row["ball"]  # exp(800) = 2.7e347


@pytest.mark.parametrize("suffix", [".csv", ".npy", ".parquet"])
def test_gram_reads_every_format(
    call: Callable[..., tuple[int, str, str]], files: dict[str, Path], suffix: str
) -> None:
    """The same points give the same proved interval, whatever file they come from."""
    status, out, err = call("gram", files[suffix], "--json")
    document = json.loads(out)
    assert (status, err) == (0, "")
    assert document["n"] == 3
    expected = json.loads(call("gram", files[".npy"], "--json")[1])
    assert (document["lower"], document["upper"]) == (expected["lower"], expected["upper"])
    assert 0 < document["lower"] <= document["upper"]


def test_gram_with_more_bits(call: Callable[..., tuple[int, str, str]], files: dict[str, Path]) -> None:
    """More bits narrow the interval, and the narrower one lies in the wider."""
    wide = json.loads(call("gram", files[".npy"], "--json")[1])
    narrow = json.loads(call("gram", files[".npy"], "--bits", "200", "--json")[1])
    assert narrow["radius"] < wide["radius"]
    assert narrow["lower"] <= wide["upper"]
    assert wide["lower"] <= narrow["upper"]


def test_kernels_by_name(call: Callable[..., tuple[int, str, str]], files: dict[str, Path]) -> None:
    """Where the system is about activations, --kernel names a kernel of its own, with its parameters."""
    status, out, _ = call(
        *(
            "gram",
            str(files[".npy"]),
            "--kernel",
            "arc-cosine",
            "-p",
            "order=2",
            "--keep-norms",
            "--bits",
            "64",
            "--json",
        )
    )
    document = json.loads(out)
    assert (status, document["system"], document["n"]) == (0, "kernel", 3)
    assert 0 < document["lower"] <= document["upper"]
    status, out, _ = call("certify", "1e-3", str(files[".npy"]), "--kernel", "gaussian", "-p", "scale=4")
    assert (status, out.split(":")[0]) == (0, "PROVED")
    status, _, err = call("gram", str(files[".npy"]), "--kernel", "gaussian", "-p", "order=2")
    assert status == 2
    assert "has no parameter 'order'" in err


def test_kernels_by_name_keep_norms_as_in_python(
    call: Callable[..., tuple[int, str, str]], files: dict[str, Path]
) -> None:
    """One kernel on one file has one matrix, here and there; what became of the norms is always said."""
    points, d = np.load(files[".npy"]), np.load(files[".npy"]).shape[1]
    for args, K, told in (
        (("--kernel", "gaussian"), cg.kernel("gaussian")(points), "norms kept"),
        (("--kernel", "gaussian", "--rescale"), cg.kernel("gaussian")(points, normalize="sphere"), f"sqrt({d})"),
        ((), cg.population_gram("deq-general", points, activation="tanh"), f"rescaled to norm sqrt({d})"),
    ):
        target = files[".npy"].parent / "norms.npz"
        status, out, _ = call("gram", files[".npy"], *args, "--out", target)
        assert (status, told in out) == (0, True)
        with np.load(target) as saved:
            np.testing.assert_array_equal(saved["mid"], K.mid)
        assert told in call("certify", "0", files[".npy"], *args)[1]


def test_gram_writes_the_matrix(call: Callable[..., tuple[int, str, str]], files: dict[str, Path]) -> None:
    """Midpoints and radius as a plain .npz file."""
    target = files[".npy"].parent / "deep" / "matrix.npz"
    assert call("gram", files[".npy"], "-p", "sigma_w2=0", "--out", target)[0] == 0
    with np.load(target) as saved:
        assert saved["mid"].shape == (3, 3)
        assert saved["rad"].max() < 1e-14


def test_the_activation_of_a_system_that_has_but_one(call: Callable[..., tuple[int, str, str]]) -> None:
    """Where a system is about ReLU alone, nobody has to say so."""
    status, out, _ = call("gram", "--n", "3", "--system", "deq-relu")
    assert status == 0
    assert out.startswith("deq-relu, relu, 3 handwritten digits")


def test_one_point(call: Callable[..., tuple[int, str, str]]) -> None:
    """A single point: the least eigenvalue is q, known for tanh at sigma_w2 = 1/16."""
    document = json.loads(call("gram", "--n", "1", "--json")[1])
    assert document["lower"] <= 0.5256839176973689 <= document["upper"]
    assert document["upper"] - document["lower"] < 1e-12


@pytest.mark.parametrize(("rows", "activation"), [("duplicate", "gelu"), ("antipodal", "tanh")])
def test_singular_data_is_refuted(
    call: Callable[..., tuple[int, str, str]], tmp_path: Path, rows: str, activation: str
) -> None:
    """Repeated rows, and antipodes of an odd activation: REFUTED with the reason, status 1, not an error."""
    sign = 1 if rows == "duplicate" else -1
    np.save(tmp_path / "x.npy", np.vstack([POINTS, sign * POINTS[:1]]))
    status, out, err = call("certify", "1e-9", tmp_path / "x.npy", "--activation", activation, "--json")
    certificate = json.loads(out)
    assert (status, err) == (1, "")
    assert certificate["verdict"] == "REFUTED"
    assert certificate["evidence"][0]["kind"] == "EXACT"
    assert "points 0 and 3" in certificate["evidence"][0]["text"]
    status, out, _ = call("gram", tmp_path / "x.npy", "--activation", activation)
    assert status == 0
    assert "exactly singular" in out


def test_certify_decides_both_ways(call: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    """Below the eigenvalue PROVED and status 0, above it REFUTED and status 1; the certificate is written."""
    status, out, _ = call("certify", "0.5", "--n", "1", "--out", tmp_path / "c.json")
    assert status == 0
    assert out.startswith("PROVED")
    assert json.loads((tmp_path / "c.json").read_text())["verdict"] == "PROVED"
    status, out, _ = call("certify", "0.53", "--n", "1")
    assert status == 1
    assert out.startswith("REFUTED")


@pytest.mark.parametrize("what", ["systems", "activations", "claims"])
def test_list(call: Callable[..., tuple[int, str, str]], what: str) -> None:
    """Each listing is one JSON document with the entries that the text shows."""
    status, out, err = call("list", what, "--json")
    rows = json.loads(out)[what]
    assert (status, err) == (0, "")
    assert rows
    text = call("list", what)[1]
    for row in rows:
        assert next(iter(row.values())).rpartition(".")[2] in text


@pytest.mark.parametrize(
    "command", ["verify", "sweep", "dual", "hermite", "gram", "certify", "jitter", "diagnose", "report", "list"]
)
def test_help_has_an_example(call: Callable[..., tuple[int, str, str]], command: str) -> None:
    """Every command explains itself, with an example of itself."""
    status, out, err = call(command, "--help")
    assert (status, err) == (0, "")
    assert f"Example: certigram {command}" in " ".join(out.split())


def test_no_arguments_shows_the_commands(call: Callable[..., tuple[int, str, str]]) -> None:
    """Somebody who only types the name is told what there is."""
    status, out, err = call()
    assert (status, err) == (0, "")
    assert "verify" in out


def test_how_the_data_were_read_is_said(call: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    """The meaning of the numbers and what was left out: on the terminal, in the document, and in the certificate."""
    (tmp_path / "x.csv").write_text("id;a;b\n7;0,1;0,2\n9;0,3;-0,7\n")
    status, out, _ = call("gram", tmp_path / "x.csv", "--drop", "id")
    assert status == 0
    assert "2 points of x.csv as decimals" in out
    assert "data: column 'id' is left out as asked\n" in out
    assert "data: columns are separated by semicolons, numbers have decimal commas\n" in out
    status, out, _ = call(
        "gram", tmp_path / "x.csv", "--columns", "2", "--columns", "1", "--numbers", "binary64", "--json"
    )
    assert json.loads(out)["data"] == "2 points of x.csv as binary64"
    assert "line 1 is a heading" in json.loads(out)["notes"]
    status, out, _ = call("certify", "1e-9", tmp_path / "x.csv", "--drop", "0", "--out", tmp_path / "c.json")
    assert status == 0
    kept = json.loads((tmp_path / "c.json").read_text())["detail"]["data"]
    assert kept["description"] == "2 points of x.csv as decimals"
    assert "column 'id' is left out as asked" in kept["notes"]
    assert kept["notes"][0] in out
