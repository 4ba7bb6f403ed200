"""A failure here means that an edited certificate is accepted although what it says is false, or slows the checker."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

from certigram.numerics import replay

Document = dict[str, Any]
Arrays = dict[str, np.ndarray]
Honest = Callable[[str, str], tuple[str, Arrays, float]]
Outcome = Callable[[Any, Any], tuple[replay.Check, float]]
POINTS = np.random.default_rng(5).standard_normal((5, 24))
CASES = (("tanh", "1/16"), ("gelu", "1/16"), ("relu", "1/16"), ("sigmoid", "1/4"))
NUMBER = re.compile(r"\d+")
EDITS, FAST = 500, 60


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
def test_honest_certificates_state_the_truth(name: str, sigma_w2: str, honest: Honest) -> None:
    document = json.loads(honest(name, sigma_w2)[0])
    value = exact(truth(name, sigma_w2))
    low, high = (Fraction(document["proof"]["statement"][key]) for key in ("lower", "upper"))
    assert low - SLACK <= value <= high + SLACK
    assert (high - low) / value < Fraction(1, 10**6)


@pytest.mark.parametrize(("key", "sign"), [("lower", 1), ("upper", -1)])
def test_a_bound_past_the_truth_by_1e_9_is_invalid(key: str, sign: int, honest: Honest, outcome: Outcome) -> None:
    text, arrays, _ = honest("tanh", "1/16")
    document = json.loads(text)
    document["proof"]["statement"][key] = str(exact(truth("tanh", "1/16")) * (1 + sign * Fraction(1, 10**9)))
    document[key], document["evidence"] = None, []
    found, _ = outcome(json.dumps(document), arrays)
    assert (found.verdict, found.line) == ("INVALID", f"proof.statement.{key}")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("argument", {"argument": "KERNEL"}),
        ("argument", {"argument": "WRITTEN"}),
        ("argument", {"argument": None}),
        ("scope", {"scope": "all inputs"}),
        ("scope", {"scope": f"all {len(POINTS) + 1} inputs"}),
        ("scope", {"scope": ""}),
        ("sharpness", {"sharpness": [0.5, 0.5]}),
        ("argument", {"verdict": "ARGUED", "argument": "WRITTEN"}),
        ("format", {"verdict": "ARGUED"}),
        ("format", {"format": "certigram-certificate/1"}),
        ("format", {"vacuous": False}),
    ],
)
def test_another_argument_scope_or_sharpness_is_invalid(
    line: str, wrong: Document, honest: Honest, outcome: Outcome
) -> None:
    """An eigenvalue bound is computed, for all its inputs, and compares nothing: the record may say no more."""
    text, arrays, _ = honest("tanh", "1/16")
    found, _ = outcome(json.dumps(json.loads(text) | wrong), arrays)
    assert (found.verdict, found.line) == ("INVALID", line)


@pytest.mark.parametrize("key", ["argument", "scope", "sharpness"])
def test_a_record_that_is_silent_is_invalid(key: str, honest: Honest, outcome: Outcome) -> None:
    """Only the earlier format has no such keys, and it has none of them."""
    text, arrays, _ = honest("tanh", "1/16")
    document = json.loads(text)
    told = document.pop(key)
    found, _ = outcome(json.dumps(document), arrays)
    assert (found.verdict, found.line) == ("INVALID", "format")
    earlier = {k: v for k, v in document.items() if k not in ("argument", "scope", "sharpness")}
    earlier["format"] = "certigram-certificate/1"
    assert outcome(json.dumps(earlier), arrays)[0].verdict == "VALID"
    assert outcome(json.dumps(earlier | {key: told}), arrays)[0].verdict == "INVALID"


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


def attack(seed: int, honest: Honest, outcome: Outcome) -> str:
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
        for key in ("activation", "sigma_w2"):
            assert proof["kernel"][key] == before["kernel"][key], (seed, found)  # then the value is the one
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


def test_random_edits_are_caught_or_harmless(honest: Honest, outcome: Outcome) -> None:
    verdicts = [attack(seed, honest, outcome) for seed in range(FAST)]
    assert verdicts.count("INVALID") > FAST // 3


@pytest.mark.slow
def test_five_hundred_random_edits_are_caught_or_harmless(honest: Honest, outcome: Outcome) -> None:
    verdicts = [attack(seed, honest, outcome) for seed in range(1000, 1000 + EDITS)]
    assert verdicts.count("INVALID") > EDITS // 3
