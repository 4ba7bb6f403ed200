"""A failure here means that the independent checker accepts a false certificate, crashes on one, or can be stalled."""

from __future__ import annotations

import copy
import io
import json
import random
import re
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

import certigram as cg
from certigram.numerics import replay, replay_hermite

Document = dict[str, Any]
Arrays = dict[str, np.ndarray]
POINTS = np.random.default_rng(5).standard_normal((5, 24))
CASES = (("tanh", "1/16"), ("gelu", "1/16"), ("relu", "1/16"), ("sigmoid", "1/4"))
NUMBER = re.compile(r"\d+")
EDITS, FAST = 500, 60


@cache
def honest(name: str, sigma_w2: str) -> tuple[str, Arrays, float]:
    """A valid certificate as JSON text, its arrays, and the seconds that checking it takes."""
    K = cg.population_gram("deq-general", POINTS, activation=name, sigma_w2=sigma_w2)
    certificate = cg.certify(K, at_least=Fraction(cg.least_eigenvalue(K).lower) / 2)
    with tempfile.TemporaryDirectory() as folder:
        path = certificate.save(Path(folder) / "c.json")
        text = path.read_text()
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    verdict, seconds = outcome(text, arrays)
    assert verdict.verdict == "VALID", verdict
    return text, arrays, seconds


def outcome(text: str | bytes, arrays: Arrays | bytes | None) -> tuple[replay.Check, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.json"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        if isinstance(arrays, bytes):
            path.with_suffix(".npz").write_bytes(arrays)
        elif arrays is not None:
            np.savez(path.with_suffix(".npz"), **arrays)
        started = time.process_time()
        found = replay.check(path, accelerate=False)
        return found, time.process_time() - started


@cache
def truth(name: str, sigma_w2: str) -> mpmath.mpf:
    """The least eigenvalue to 25 digits: rectangle sums, fixed-point iteration, eigenvalues, all in mpmath."""
    f = {
        "tanh": mpmath.tanh,
        "gelu": lambda x: x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2,
        "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
        "relu": None,
    }[name]
    with mpmath.workdps(40):
        w = 2 * mpmath.mpf(Fraction(sigma_w2).numerator) / Fraction(sigma_w2).denominator
        nodes = [mpmath.mpf(j) / 16 for j in range(-256, 257)]
        weights = [mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi) / 16 for x in nodes]
        s = mpmath.mpf(2)
        for _ in range(80):
            if f is None:
                q = s / 2
            else:
                values = [f(mpmath.sqrt(s) * x) for x in nodes]
                q = mpmath.fsum(g * v * v for g, v in zip(weights, values, strict=True))
            moved = 2 + w * q
            if abs(moved - s) < mpmath.mpf(10) ** -35:
                break
            s = moved
        if f is None:

            def kappa(r: mpmath.mpf) -> mpmath.mpf:
                return s * (mpmath.sqrt(1 - r * r) + r * (mpmath.pi - mpmath.acos(r))) / (2 * mpmath.pi)
        else:
            squares, before, hermite = [], [mpmath.mpf(0)] * len(nodes), [mpmath.mpf(1)] * len(nodes)
            for r in range(260):
                squares.append(mpmath.fsum(g * v * h for g, v, h in zip(weights, values, hermite, strict=True)) ** 2)
                grown = [
                    (x * h - mpmath.sqrt(r) * b) / mpmath.sqrt(r + 1)
                    for x, h, b in zip(nodes, hermite, before, strict=True)
                ]
                before, hermite = hermite, grown

            def kappa(r: mpmath.mpf) -> mpmath.mpf:
                return mpmath.polyval(squares[::-1], r)

        n = len(POINTS)
        rows = [[mpmath.mpf(float(x)) for x in row] for row in POINTS]
        K = mpmath.matrix(n, n)
        for i in range(n):
            for j in range(n):
                inner, left, right = (
                    mpmath.fdot(a, b) for a, b in ((rows[i], rows[j]), (rows[i], rows[i]), (rows[j], rows[j]))
                )
                rho = c = inner / mpmath.sqrt(left * right)
                for _ in range(0 if i == j else 60):
                    rho = (w * kappa(rho) + 2 * c) / s
                K[i, j] = q if i == j else kappa(rho)
        return min(mpmath.eigsy(K, eigvals_only=True))


def exact(value: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** exponent


SLACK = Fraction(1, 10**20)
"""Far above the error of the independent value, far below the distance that an edit can hide in."""


@pytest.mark.parametrize(("name", "sigma_w2"), CASES)
def test_honest_certificates_state_the_truth(name: str, sigma_w2: str) -> None:
    document = json.loads(honest(name, sigma_w2)[0])
    value = exact(truth(name, sigma_w2))
    low, high = (Fraction(document["proof"]["statement"][key]) for key in ("lower", "upper"))
    assert low - SLACK <= value <= high + SLACK
    assert (high - low) / value < Fraction(1, 10**6)


# --- planted falsehoods: every one must be INVALID ---------------------------------------------------------------


def planted() -> Iterator[tuple[str, Callable[[Document, Arrays], None]]]:
    def bound(key: str, factor: Fraction) -> Callable[[Document, Arrays], None]:
        def plant(d: Document, a: Arrays) -> None:
            value = exact(truth("tanh", "1/16")) * factor
            d["proof"]["statement"][key] = f"{value.numerator}/{value.denominator}"
            d[key] = None
            d["evidence"] = []

        return plant

    yield "lower bound past the truth by 1e-9", bound("lower", 1 + Fraction(1, 10**9))
    yield "upper bound past the truth by 1e-9", bound("upper", 1 - Fraction(1, 10**9))

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
    yield "wrong digest", entry("proof/data/sha256", lambda m: "0" * 64)
    yield "wrong normalisation", entry("proof/data/normalize", lambda m: None)
    yield "wrong n", entry("proof/data/n", lambda m: 6)
    yield "a shift far below", entry("proof/witness/shift", lambda m: "1/1000")
    yield "a verdict that does not follow", entry("verdict", lambda m: "REFUTED")
    yield "a record that claims more", entry("lower", lambda m: m * (1 + 1e-12))
    yield "a margin that claims more", entry("margin", lambda m: m * (1 + 1e-12))
    yield "evidence that claims more", entry("evidence/0/values/lower", lambda m: "0.9")

    def array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Document, Arrays], None]:
        return lambda d, a: a.update({name: change(a[name])})

    yield "other points", array("points", lambda x: x * np.where(np.arange(24) == 0, 1 + 2**-50, 1.0))
    yield "a factor of something else", array("factor", lambda x: x + 2**45)
    yield "no vector", array("vector", lambda x: x * 0)


@pytest.mark.parametrize("plant", [p[1] for p in planted()], ids=[p[0] for p in planted()])
def test_planted_falsehoods_are_invalid(plant: Callable[[Document, Arrays], None]) -> None:
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
    text = path.read_text().replace("1*tanh(1*x)", "1*tanh(1*x) + 1/1000*x**0").replace('"tanh"', '"tanh + 1/1000"')
    path.write_text(text)
    assert replay.check(path).verdict == "INVALID"


# --- hostile files -----------------------------------------------------------------------------------------------


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
def test_hostile_arrays(content: bytes) -> None:
    found, seconds = outcome(honest("tanh", "1/16")[0], content)
    assert found.verdict == "INVALID"
    assert seconds < 1


HOSTILE_TEXTS = {
    "not JSON": "{",
    "not an object": "[1, 2]",
    "deep": "[" * 100_000 + "]" * 100_000,
    "a long number": '{"format": ' + "9" * 10_000 + "}",
    "not text": b"\xff\xfe\x00",
    "nothing": "",
    "an old version": '{"format": "certigram-certificate/0"}',
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_hostile_texts(text: str | bytes) -> None:
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
def test_hostile_values(place: str, value: object) -> None:
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


def test_a_missing_sidecar() -> None:
    assert outcome(honest("tanh", "1/16")[0], None)[0].verdict == "INVALID"


# --- random edits ------------------------------------------------------------------------------------------------


def numbers(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all numbers, written as numbers or inside text."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from numbers(value, (*path, key))
    elif isinstance(node, list):
        for k, value in enumerate(node):
            yield from numbers(value, (*path, k))
    elif (isinstance(node, str) and NUMBER.search(node)) or (
        isinstance(node, (int, float)) and not isinstance(node, bool)
    ):
        yield path


def edited(number: str, rng: random.Random) -> str:
    """Another number: a digit changed, dropped or added, a small step, or something else altogether."""
    k = rng.randrange(len(number))
    kind = rng.randrange(6)
    if kind == 0:
        return number[:k] + str((int(number[k]) + rng.randrange(1, 10)) % 10) + number[k + 1 :]
    if kind == 1:
        return number[:k] + number[k + 1 :] or "0"
    if kind == 2:
        return number[:k] + str(rng.randrange(10)) + number[k:]
    if kind == 3:
        return str(int(number) + rng.choice([-1, 1]) * 2 ** rng.randrange(len(number) * 3 + 1))
    return (
        str(int(number) + rng.choice([1, -1]))
        if kind == 4
        else str(rng.choice([0, 1, 2, 10**9, 2**64, int(number) * 2]))
    )


def edit(document: Document, arrays: Arrays, rng: random.Random) -> None:
    """Change one number of the document or of an array."""
    if rng.random() < 0.25:
        name = rng.choice(sorted(arrays))
        changed = arrays[name].copy()
        flat = changed.reshape(-1)
        k = rng.randrange(flat.size)
        if changed.dtype.kind == "f":
            flat[k] *= 1 + 2.0 ** -rng.randrange(1, 52)
        else:
            flat[k] += rng.choice([-1, 1]) * 2 ** rng.randrange(61)
        arrays[name] = changed
        return
    *path, last = rng.choice(list(numbers(document)))
    target: Any = document
    for key in path:
        target = target[key]
    value = target[last]
    if isinstance(value, str):
        match = rng.choice(list(NUMBER.finditer(value)))
        target[last] = value[: match.start()] + edited(match[0], rng) + value[match.end() :]
    elif isinstance(value, int):
        target[last] = int(edited(str(abs(value)), rng))
    else:
        target[last] = value * (1 + rng.choice([-1, 1]) * 2.0 ** -rng.randrange(1, 53))


def attack(seed: int) -> str:
    """One random edit of one certificate; what the checker says, after asserting that it may."""
    rng = random.Random(seed)
    name, sigma_w2 = rng.choice(CASES)
    text, arrays, seconds = honest(name, sigma_w2)
    original = json.loads(text)
    document, arrays = copy.deepcopy(original), dict(arrays)
    edit(document, arrays, rng)
    found, taken = outcome(json.dumps(document), arrays)
    assert taken < 2 * seconds + 0.2, (seed, found, taken, seconds)
    assert found.verdict in ("VALID", "INVALID", "UNSUPPORTED")
    if found.verdict == "VALID":
        proof, before = document["proof"], original["proof"]
        for key, read in (("activation", replay_hermite.parse), ("sigma_w2", Fraction)):
            assert read(proof["kernel"][key]) == read(before["kernel"][key]), (seed, found)  # then the value is the one
        for key in ("n", "d", "normalize", "sha256"):
            assert proof["data"][key] == before["data"][key], (seed, found)
        assert np.array_equal(arrays["points"], honest(name, sigma_w2)[1]["points"])
        value = exact(truth(name, sigma_w2))
        for holder in (proof["statement"], document, document["evidence"][0]["values"]):
            low, high = Fraction(holder["lower"]), Fraction(holder["upper"])
            assert low - SLACK <= value <= high + SLACK, (seed, found)
        bound = Fraction(proof["statement"]["bound"])
        assert document["verdict"] == "PROVED"
        assert value >= bound - SLACK, (seed, found)
        assert Fraction(document["margin"]) <= value - bound + SLACK, (seed, found)
    return found.verdict


def test_random_edits_are_caught_or_harmless() -> None:
    verdicts = [attack(seed) for seed in range(FAST)]
    assert verdicts.count("INVALID") > FAST // 3


@pytest.mark.slow
def test_five_hundred_random_edits_are_caught_or_harmless() -> None:
    verdicts = [attack(seed) for seed in range(1000, 1000 + EDITS)]
    assert verdicts.count("INVALID") > EDITS // 3


def test_a_variance_beyond_the_truth_does_not_shrink_the_error() -> None:
    """Without feedback the variance is exactly v; a guess above it must cost accuracy on both sides."""
    f = replay_hermite.parse("1*tanh(1*x)")
    near = replay_hermite.equilibrium(f, Fraction(0), Fraction(2), Fraction(2), 6, 64)
    for guess in (Fraction(19, 10), Fraction(21, 10)):
        squares, s, q = replay_hermite.equilibrium(f, Fraction(0), Fraction(2), guess, 6, 64)
        assert s == (2, 2)
        assert q[0] < near[2][0] <= near[2][1] < q[1]
        assert all(wide[0] <= tight[0] and tight[1] <= wide[1] for wide, tight in zip(squares, near[0], strict=True))
