"""A failure here means that the checker accepts a planted falsehood, crashes on a hostile file, or can be stalled."""

from __future__ import annotations

import hashlib
import io
import json
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import certigram as cg
from certigram.numerics import replay
from certigram.numerics.papers.deep_equilibrium.witness import FORMAT
from certigram.numerics.replay.activations import parse
from certigram.numerics.replay.command import main
from certigram.numerics.replay.inputs import inputs
from certigram.numerics.replay.transform import equilibrium
from certigram.numerics.replay.verdicts import Stop

Document = dict[str, Any]
Arrays = dict[str, np.ndarray]
Honest = Callable[[str, str], tuple[str, Arrays, float]]
Outcome = Callable[[Any, Any], tuple[replay.Check, float]]


def planted() -> Iterator[tuple[str, Callable[[Document, Arrays], None]]]:
    def entry(place: str, change: Callable[[Any], Any]) -> Callable[[Document, Arrays], None]:
        def plant(d: Document, a: Arrays) -> None:
            *path, last = place.split("/")
            target: Any = d
            for key in path:
                target = target[int(key)] if isinstance(target, list) else target[key]
            index = int(last) if isinstance(target, list) else last
            target[index] = change(target[index])

        return plant

    for r in (1, 3, 7):
        move = lambda m: str(int(m) + 2**20)  # noqa: E731 - a one-line change of a number, named for the loop
        yield f"coefficient {r} too large", entry(f"proof/kernel/coefficients/{r}/0", move)
    yield "coefficient 1 too small", entry("proof/kernel/coefficients/1/0", lambda m: str(int(m) - 2**20))
    yield "radius 0", entry("proof/kernel/coefficients/1/1", lambda m: "0")
    yield "wrong s", entry("proof/kernel/s/0", lambda m: str(int(m) + 2**100))
    yield "wrong mass", entry("proof/kernel/mass/0", lambda m: str(int(m) + 2**40))
    yield "understated Lipschitz constant", entry("proof/kernel/lipschitz", lambda m: "999999/1000000")
    yield "wrong sigma_w2", entry("proof/kernel/sigma_w2", lambda m: "1/17")
    yield "sigma_w2 outside the range", entry("proof/kernel/sigma_w2", lambda m: "2")
    yield "negative sigma_w2", entry("proof/kernel/sigma_w2", lambda m: "-1/16")
    yield "another activation", entry("proof/kernel/activation", lambda m: "1*sin(1*x)")
    yield "another label", entry("activation", lambda m: "erf")
    yield "a label that the checker does not know", entry("activation", lambda m: "mish")
    yield "another claim", entry("claim", lambda m: "deq-general.lower-bound-schur")
    yield "another system in the record", entry("system", lambda m: "deq-relu")
    yield "the data of somebody else", entry("detail/data/sha256", lambda m: "0" * 64)
    yield "another number of points in words", entry("detail/data/n", lambda m: 1797)
    yield "another normalisation in words", entry("detail/data/normalize", lambda m: None)
    yield "another variance in words", entry("detail/parameters/sigma_w2", lambda m: "1/4")
    yield "an interval of the prover that contradicts the proof", entry("prover/lower", lambda m: 0.9)
    yield "a hypothesis that fails", entry("hypotheses", lambda m: [{"name": "h", "verdict": "REFUTED", "text": ""}])
    yield "a second proof", lambda d, a: d.update({"proof2": d["proof"]})
    yield "a key that occurs nowhere", lambda d, a: d["proof"].update({"remark": "PROVED"})
    yield "a ball written as text", entry("proof/kernel/coefficients/0", lambda m: "11")
    yield "a numeral that is not in lowest terms", entry("proof/kernel/sigma_w2", lambda m: "2/32")
    yield "a numeral with a leading zero", entry("proof/kernel/sigma_w2", lambda m: "01/16")
    yield "digits of another script", entry("proof/kernel/sigma_w2", lambda m: "1/1٦")
    yield "wrong digest", entry("proof/data/sha256", lambda m: "0" * 64)
    yield "wrong normalisation", entry("proof/data/normalize", lambda m: None)
    yield "no known normalisation", entry("proof/data/normalize", lambda m: "unit")
    yield "wrong n", entry("proof/data/n", lambda m: 6)
    yield "a shift far below", entry("proof/witness/shift", lambda m: "1/1000")
    yield "a verdict that does not follow", entry("verdict", lambda m: "REFUTED")
    yield "a record that claims more", entry("lower", lambda m: m * (1 + 1e-12))
    yield "a margin that claims more", entry("margin", lambda m: m * (1 + 1e-12))
    yield "evidence that claims more", entry("evidence/0/values/lower", lambda m: "0.9")
    yield "evidence that claims more beyond float64", entry("evidence/0/values/lower", lambda m: m + "000000000000001")
    yield "a sentence that claims more", entry("detail/statement", lambda m: m.replace(">=", ">"))

    def array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Document, Arrays], None]:
        return lambda d, a: a.update({name: change(a[name])})

    yield "other points", array("points", lambda x: x * np.where(np.arange(24) == 0, 1 + 2**-50, 1.0))
    yield "a factor of something else", array("factor", lambda x: x + 2**45)
    yield "no vector", array("vector", lambda x: x * 0)


@pytest.mark.parametrize("plant", [p[1] for p in planted()], ids=[p[0] for p in planted()])
def test_planted_falsehoods_are_invalid(
    plant: Callable[[Document, Arrays], None], honest: Honest, outcome: Outcome
) -> None:
    text, arrays, _ = honest("tanh", "1/16")
    document, arrays = json.loads(text), dict(arrays)
    plant(document, arrays)
    found, _ = outcome(json.dumps(document), arrays)
    assert found.verdict == "INVALID"
    assert found.line
    assert found.reason


@pytest.mark.parametrize(
    "vector",
    [{"0": "1", "1": "1"}, {"0": "1", "2": "-1"}, {"0": "1"}, {}, {"0": "0"}, {"9": "1"}, {"-1": "1", "0": "-1"}],
)
def test_a_null_vector_that_is_none(vector: dict[str, str], tmp_path: Path) -> None:
    K = cg.population_gram("deq-general", [[1.0, 2.0], [2.0, 4.0], [1.0, 1.0]], activation="gelu")
    path = cg.certify(K, at_least="1/1000").save(tmp_path / "c.json")
    assert replay.check(path).verdict == "VALID"
    document = json.loads(path.read_text())
    document["proof"]["witness"]["null_vector"] = vector
    path.write_text(json.dumps(document))
    assert replay.check(path).verdict == "INVALID"


def test_a_null_vector_needs_parity(tmp_path: Path) -> None:
    K = cg.population_gram("deq-general", [[1.0, 2.0], [-1.0, -2.0], [1.0, 1.0]], activation="tanh")
    path = cg.certify(K, at_least="1/1000").save(tmp_path / "c.json")
    assert replay.check(path).verdict == "VALID"
    other = "1*tanh(1*x) + 1/1000*x**0"
    text = path.read_text().replace("1*tanh(1*x)", other).replace('"activation": "tanh"', f'"activation": "{other}"')
    path.write_text(text)
    found = replay.check(path)
    assert (found.verdict, found.line) == ("INVALID", "proof.witness.null_vector")


def zipped(name: str, content: bytes, *, compressed: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as file:
        file.writestr(name, content)
    return buffer.getvalue()


def npy(array: np.ndarray, *, pickled: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=pickled)
    return buffer.getvalue()


HOSTILE_ARRAYS = {
    "compressed bomb": zipped("points.npy", npy(np.zeros((1000, 4000))), compressed=True),
    "pickle": zipped("points.npy", npy(np.array([{"a": 1}], dtype=object), pickled=True)),
    "promised shape": zipped(
        "points.npy", npy(np.zeros((5, 24))).replace(b"'shape': (5, 24), }", b"'shape': (99999999999, 9), }")
    ),
    "python in the header": zipped("points.npy", npy(np.zeros((5, 24))).replace(b"'<f8'", b"exit()")),
    "many entries": zipped("points.npy", npy(np.zeros((5, 24)))) + b"PK\5\6" + b"\0" * 6 + b"\xff" * 10 + b"\0\0",
    "another name": zipped("../points.npy", npy(np.zeros((5, 24)))),
    "not a zip": b"PK\x03\x04 but nothing else",
    "empty": b"",
    "nan": zipped("points.npy", npy(np.full((5, 24), np.nan))),
    "infinity": zipped("points.npy", npy(np.full((5, 24), np.inf))),
}


@pytest.mark.parametrize("content", HOSTILE_ARRAYS.values(), ids=HOSTILE_ARRAYS)
def test_hostile_arrays(content: bytes, honest: Honest, outcome: Outcome) -> None:
    found, seconds = outcome(honest("tanh", "1/16")[0], content)
    assert found.verdict == "INVALID"
    assert seconds < 1


HOSTILE_TEXTS = {
    "not JSON": "{",
    "not an object": "[1, 2]",
    "deep": "[" * 100_000 + "]" * 100_000,
    "deeper": "[" * 200_000,
    "a long number": '{"format": ' + "9" * 10_000 + "}",
    "not text": b"\xff\xfe\x00",
    "nothing": "",
    "an old version": '{"format": "certigram-certificate/0"}',
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_hostile_texts(text: str | bytes, outcome: Outcome) -> None:
    found, seconds = outcome(text, None)
    assert found.verdict in ("INVALID", "UNSUPPORTED")
    assert seconds < 1


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("proof/witness/exponent", 10**9),
        ("proof/witness/exponent", -5),
        ("proof/witness/exponent", "60"),
        ("proof/witness/shift", "1/" + "9" * 1300),
        ("proof/kernel/sigma_w2", "1e999999999"),
        ("proof/kernel/activation", "__import__('os').system('x')"),
        ("proof/kernel/activation", "1*tanh(" + "9" * 60 + "*x)"),
        ("proof/kernel/activation", "1*x**99"),
        ("proof/kernel/activation", "1*tanh(1*x) + 1/9*relu(1*x)"),
        ("proof/kernel/activation", "1*tanh(1*x)" + " + 0*x**1" * 300),
        ("proof/statement/relation", "<"),
        ("proof/kernel/coefficients", [["1", "0"]] * 5000),
        ("proof/kernel/coefficients", [["9" * 1000, "1"]] * 50),
        ("proof/kernel/s", ["9" * 1000, "1"]),
        ("proof/statement/lower", "1/0"),
        ("proof/data/input_gram", [["1"] * 70] * 70),
        ("proof/data/input_gram", [["1", "2"], ["2", "1"]]),
        ("lower", "1e400"),
        ("lower", float("nan")),
        ("verdict", ["PROVED"]),
        ("evidence", 3),
        ("proof", "yes"),
    ],
)
def test_hostile_values(place: str, value: object, honest: Honest, outcome: Outcome) -> None:
    text, arrays, seconds = honest("tanh", "1/16")
    document = json.loads(text)
    *path, last = place.split("/")
    target = document
    for key in path:
        target = target[key]
    target[last] = value
    found, taken = outcome(json.dumps(document), arrays)
    assert found.verdict in ("INVALID", "UNSUPPORTED"), found
    assert taken < 2 * seconds + 1


def sidecar(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def rezipped(members: list[tuple[str, bytes]], *, comment: bytes = b"", extra: bytes = b"") -> bytes:
    """A zip file of these members, in this order, a name perhaps twice."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as file:
        warnings.simplefilter("ignore")  # of names that occur twice
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.extra = extra
            file.writestr(info, content)
        file.comment = comment
    return buffer.getvalue()


def two_views(arrays: Arrays) -> Iterator[tuple[str, bytes]]:
    """Sidecars in which one reader finds the points of the proof and another finds other ones."""
    others = {**arrays, "points": np.roll(arrays["points"], 1, axis=1)}
    plain, other = ([(f"{k}.npy", npy(v)) for k, v in a.items()] for a in (arrays, others))
    honest = sidecar(arrays)
    yield "a member whose name ends in that of another", rezipped([("xpoints.npy", plain[0][1]), *other])
    yield "the same after it", rezipped([*plain, ("xpoints.npy", other[0][1])])
    yield "a name twice", rezipped([plain[0], *other])
    yield "a name twice, the other way round", rezipped([other[0], *plain])
    yield "a folder", rezipped([("a/points.npy", plain[0][1]), *other])
    yield "bytes before the archive", npy(arrays["points"]) + honest
    yield "bytes after the archive", honest + npy(others["points"])
    yield "an archive in the comment", rezipped(plain, comment=sidecar(others))
    yield "an archive before it", sidecar(others) + honest
    yield "an archive after it", honest + sidecar(others)
    yield "an extra field", rezipped(plain, extra=b"\x99\x99\x04\x00abcd")
    yield "one array too few", rezipped(plain[:2])
    yield "one array too many", rezipped([*plain, ("other.npy", plain[0][1])])
    yield "compressed", zipped("points.npy", plain[0][1], compressed=True)
    yield "bytes after the numbers of an array", rezipped([(plain[0][0], plain[0][1] + b"\0" * 8), *plain[1:]])
    renamed = honest.replace(b"points.npy", b"Points.npy", 1)
    yield "two names of one member", renamed
    yield "a gap between members and directory", gap(honest)
    place = honest.index(arrays["points"].tobytes())
    yield "a byte of the points", honest[:place] + bytes([honest[place] ^ 1]) + honest[place + 1 :]


def gap(honest: bytes) -> bytes:
    """Eight bytes that belong to no member before the directory, all offsets being right."""
    end = len(honest) - 22
    start = int.from_bytes(honest[end + 16 : end + 20], "little")
    moved = honest[:start] + b"\0" * 8 + honest[start:]
    return moved[: end + 24] + (start + 8).to_bytes(4, "little") + moved[end + 28 :]


def test_a_sidecar_has_one_view_only(honest: Honest, outcome: Outcome) -> None:
    text, arrays, _ = honest("tanh", "1/16")
    assert outcome(text, sidecar(arrays))[0].verdict == "VALID"
    assert outcome(text, rezipped([(f"{k}.npy", npy(v)) for k, v in arrays.items()]))[0].verdict == "VALID"
    for what, content in two_views(arrays):
        found, _ = outcome(text, content)
        assert found.verdict == "INVALID", what
        assert found.line.startswith("arrays"), (what, found)
        assert found.reason


@pytest.mark.parametrize("kind", ["fifo", "folder", "device"])
def test_what_is_no_regular_file_is_not_opened(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    assert replay.check(path).verdict == "INVALID"
    if kind != "folder":
        with pytest.raises(cg.SpecError, match="no certificate here"):
            cg.check(path)
    assert cg.check(tmp_path).verdict == "INVALID"


def test_names_and_reasons_hold_no_control_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c\x1b[2J\x9b\u202e.json"
    path.write_text(json.dumps({"format": "certigram-certificate/1", "\x1b[31m": 1}), encoding="utf-8")
    assert main([str(path)]) == 1
    assert capsys.readouterr().out.rstrip("\n").isprintable()
    assert replay.check(path).reason.isprintable()


def test_numbers_of_an_input_gram_cannot_ask_for_long_work(outcome: Outcome) -> None:
    """Different denominators of many digits: their common one, and elimination, would take hours."""
    n = 40
    rows = [[f"1/{10**1100 + 7 * i + 1}" if i == j else "0" for j in range(n)] for i in range(n)]
    data = {"n": n, "d": None, "normalize": None, "input_gram": rows, "sha256": "0" * 64}
    with pytest.raises(Stop) as stopped:
        inputs(data, {}, False)
    assert stopped.value.args[0] == "UNSUPPORTED"


def test_a_missing_sidecar(honest: Honest, outcome: Outcome) -> None:
    assert outcome(honest("tanh", "1/16")[0], None)[0].verdict == "INVALID"


def test_a_variance_beyond_the_truth_does_not_shrink_the_error() -> None:
    """Without feedback the variance is exactly v; a guess above it must cost accuracy on both sides."""
    f = "1*tanh(1*x)"
    near = equilibrium(f, Fraction(0), Fraction(2), Fraction(2), 6, 64)
    for guess in (Fraction(19, 10), Fraction(21, 10)):
        squares, s, q = equilibrium(f, Fraction(0), Fraction(2), guess, 6, 64)
        assert s == (2, 2)
        assert q[0] < near[2][0] <= near[2][1] < q[1]
        assert all(wide[0] <= tight[0] and tight[1] <= wide[1] for wide, tight in zip(squares, near[0], strict=True))


def test_bytes_of_floats_read_as_integers(honest: Honest, outcome: Outcome) -> None:
    """The digest is that of the bytes: a header that gives them another meaning must not be believed."""
    text, arrays, _ = honest("tanh", "1/16")
    assert outcome(text, {**arrays, "points": arrays["points"].view(np.int64)})[0].verdict == "INVALID"
    assert outcome(text, {**arrays, "factor": arrays["factor"].view(np.float64)})[0].verdict == "INVALID"


def test_a_key_that_occurs_twice(honest: Honest, outcome: Outcome) -> None:
    """A reader sees the first, a program takes the last."""
    text, arrays, _ = honest("tanh", "1/16")
    for first in ('{"lower": 0.9,', '{"verdict": "REFUTED",'):
        assert outcome(text.replace("{", first, 1), arrays)[0].verdict == "INVALID"
    twice = text.replace('"statement": {', '"statement": {"lower": "9/10",', 1)
    assert outcome(twice, arrays)[0].verdict != "VALID"


def test_a_normalised_input_gram(tmp_path: Path) -> None:
    """Inner products are taken as they are: a certificate that says they were rescaled is false."""
    K = cg.population_gram("deq-general", input_gram=[["3", "1"], ["1", "3"]], activation="erf", sigma_w2="1/16")
    path = cg.certify(K, at_least="1/100").save(tmp_path / "c.json")
    assert replay.check(path).verdict == "VALID"
    path.write_text(path.read_text().replace('"normalize": null', '"normalize": "sphere"'))
    assert replay.check(path).verdict == "INVALID"


@pytest.mark.parametrize("activation", [
    " + ".join(["1/17*gelu(1*x)"] * 17), " + ".join(f"1/200*elu({k}*x)" for k in range(1, 18)), "1*softsign(1*x)",
    " + ".join(f"1/17*relu(1*x+{k})" for k in range(1, 18)), "1*relu(1*x+99999999999999999999999999999999)",
    "1/100000*elu(99999*x)", "10000000*softsign(1/10000000*x)",
])  # fmt: skip
def test_a_small_file_cannot_ask_for_long_work(activation: str, outcome: Outcome) -> None:
    """One point, but as many digits, orders and terms as the format allows."""
    data = {"n": 1, "d": 1, "normalize": "sphere", "input_gram": None}
    point = np.ones((1, 1))
    data["sha256"] = hashlib.sha256(b"sphere|1|1|" + point.tobytes()).hexdigest()
    slope = parse(activation)[2]
    kernel = {
        "activation": activation,
        "sigma_w2": "1/100",
        "lipschitz": str(slope),
        "s": [str(2 * 2**3968), "1"],
        "mass": [str(2**1984), "1"],
        "coefficients": [["1", "0"]] * 1025,
    }
    proof = {
        "format": FORMAT,
        "system": "deq-general",
        "data": data,
        "kernel": kernel,
        "statement": {"lower": "0", "upper": "1", "relation": ">", "bound": "0"},
        "witness": {"kind": "factor", "shift": "0", "exponent": 0},
    }
    record = {"verdict": "PROVED", "evidence": [], "margin": None, "detail": {}, "activation": "f"}
    document = {"format": "certigram-certificate/1", "system": "deq-general", "proof": proof, **record}
    long = np.ones((31, 1), dtype=np.int64)
    found, seconds = outcome(json.dumps(document), {"points": point, "factor": long, "vector": long})
    assert (found.verdict, found.line) == ("UNSUPPORTED", "proof.kernel.activation")
    assert seconds < 1
