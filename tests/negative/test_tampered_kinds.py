"""A failure here means that an edited certificate of a given matrix or of a closed form is accepted and says something
false: about other numbers, other parameters, another bound, or more members than were proved."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import tempfile
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

import certigram as cg
from certigram.numerics import replay
from certigram.numerics.balls.enclosure import Enclosure, float_below
from certigram.numerics.certificates.certificate import Certificate, EvidenceItem
from certigram.numerics.eigenvalues.own_matrix import CLAIM, SYSTEM, OwnMatrix, own_matrix_proof
from certigram.theory.verdict import Argument, Evidence, Verdict

from .edits_of_expressions import of_expressions
from .least_eigenvalue_of import Arrays, Document, mp, truth
from .test_tampering import NUMBER, edited, numbers

Outcome = Callable[[Any, Any], tuple[replay.Check, float]]
POINTS = np.random.default_rng(7).standard_normal((5, 4))
WISHART = POINTS @ POINTS.T / 4 + np.eye(5)
WIDE = 2.0**-10 * np.abs(np.random.default_rng(8).standard_normal((5, 5)))
HILBERT = [[Fraction(1, i + j + 1) for i in range(4)] for j in range(4)]
UNIT = [[Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)]]
WRITTEN = (cg.kernel("linear") + "1/2") ** 2 * cg.kernel("matern-1/2", scale="3/2") + "1/8" * cg.kernel(
    "arc-cosine", order=2
)
NETWORK: dict[str, Any] = {
    "activation": ["erf", "relu"],
    "depth": 2,
    "sigma_w2": [2, "1/2"],
    "sigma_b2": ["1/3", 0],
    "convention": "readout",
}
FAST, EDITS = 40, 500
PRECISE = {"series": 1e-9}  # of the second account where it is a quadrature in float64


def own(matrix: OwnMatrix, lower: str, upper: str, bound: str, relation: str = ">=") -> Certificate:
    low, high, q = Fraction(lower), Fraction(upper), Fraction(bound)
    found = Enclosure(float(low), float(high), Evidence.ENCLOSED)
    return Certificate(
        claim=CLAIM,
        system=SYSTEM,
        activation=matrix.label,
        verdict=Verdict.PROVED if low >= q else Verdict.REFUTED,
        evidence=(EvidenceItem(Evidence.ENCLOSED, "given", {"lower": repr(found.lower), "upper": repr(found.upper)}),),
        lower=found.lower,
        upper=found.upper,
        margin=float_below(low - q),
        argument=Argument.DIRECT,
        scope=matrix.scope,
        detail={
            "statement": f"lambda_min(A) {relation} {q}",
            "data": {key: matrix.data[key] for key in ("n", "sha256")},
        },
        prover=lambda: own_matrix_proof(matrix, found, bound=q, relation=relation),
    )


def kernel(system: str, **parameters: Any) -> Certificate:
    return halved(cg.population_gram(system, POINTS, **parameters))


def halved(K: cg.PopulationGram) -> Certificate:
    return cg.certify(K, at_least=Fraction(cg.least_eigenvalue(K).lower) / 2)


MADE: dict[str, Callable[[], Certificate]] = {
    "matrix": lambda: own(OwnMatrix(WISHART), "1", "3/2", "1/2"),
    "refuted": lambda: own(OwnMatrix(WISHART - 2 * np.eye(5)), "-2", "-1/2", "-1/4"),
    "rationals": lambda: own(OwnMatrix(HILBERT), "9/100000", "1/10000", "1/20000"),
    "radius": lambda: own(OwnMatrix(WISHART, Fraction(1, 1000)), "99/100", "3/2", "1/2"),
    "radii": lambda: own(OwnMatrix(WISHART, WIDE + WIDE.T), "98/100", "3/2", "1/2"),
    "elimination": lambda: own(OwnMatrix(np.ones((3, 3))), "0", "0", "0"),
    "vertices": lambda: own(OwnMatrix(UNIT, Fraction(1, 2)), "0", "1", "0"),
    "gaussian": lambda: kernel("resnet-rkhs", kernel="gaussian"),
    "matern": lambda: kernel("resnet-rkhs", kernel="matern-5/2", scale="3/2", embedding="1/2", normalize=None),
    "named": lambda: halved(cg.kernel("matern-5/2", scale="3/2")(POINTS)),
    "implicit": lambda: kernel("implicit-relu"),
    "rectified": lambda: kernel("deq-relu", sigma_w2="3/4"),
    "nngp": lambda: halved(cg.kernel("nngp", activation="relu", depth=3, sigma_w2=2, sigma_b2="1/10")(POINTS)),
    "ntk": lambda: halved(cg.kernel("ntk", activation="erf", depth=3, sigma_w2="9/4", sigma_b2="1/100")(POINTS)),
    "layers": lambda: halved(cg.ntk(POINTS, **NETWORK)),
    "series": lambda: halved(cg.kernel("ntk", activation="tanh", depth=1, sigma_w2="3/2")(POINTS, normalize="sphere")),
    "equilibrium": lambda: kernel("deq-general", activation="erf", sigma_w2="1/8", normalize=None),
    "equilibrium of relu": lambda: halved((cg.kernel("deq-relu", sigma_w2="3/4") + 1)(POINTS)),
    "written": lambda: halved(WRITTEN(POINTS)),
    "features": lambda: cg.certify(cg.kernel("linear", sigma_b2=1)(np.random.default_rng(9).standard_normal((5, 2)))),
}  # fmt: skip


@cache
def honest(kind: str) -> tuple[str, Arrays]:
    with tempfile.TemporaryDirectory() as folder:
        path = MADE[kind]().save(Path(folder) / "c.json")
        assert replay.check(path).verdict == "VALID", replay.check(path)
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
            return path.read_text(), {key: file[key] for key in file.files}


def redigested(document: Document, arrays: Arrays) -> None:
    """The digests that an editor would write: of the data as they are now."""
    data = document["proof"]["data"]
    if "input_gram" in data:
        content = f"{data['normalize']}|{data['n']}|{data['d']}|".encode() + arrays["points"].tobytes()
    else:
        parts = []
        for key, array in (("entries", "matrix"), ("radius", "radius")):
            given = data[key]
            text = given if isinstance(given, str) else None if given is None else ";".join(map(",".join, given))
            parts.append(arrays[array].tobytes() if text is None else text.encode())
        content = f"{data['n']}|".encode() + b"|".join(parts)
    data["sha256"] = hashlib.sha256(content).hexdigest()
    if "data" in document["detail"]:
        document["detail"]["data"]["sha256"] = data["sha256"]


def holds(document: Document, arrays: Arrays, reason: str, kind: str = "") -> None:
    """What is VALID is true of the matrix that it names, and the reason names it."""
    proof = document["proof"]
    with mpmath.workdps(50):
        low_truth, high_truth = truth(proof, arrays)
        slack = (1 + abs(low_truth)) * PRECISE.get(kind, mpmath.mpf(10) ** -30)
        for holder in (proof["statement"], document, *(item["values"] for item in document["evidence"])):
            if holder.get("lower") is not None:
                assert mp(holder["lower"]) <= low_truth + slack
            if holder.get("upper") is not None:
                assert mp(holder["upper"]) >= high_truth - slack
        bound = mp(proof["statement"]["bound"])
        if document["verdict"] == "PROVED":
            assert low_truth >= bound - slack
            assert document["margin"] is None or mp(document["margin"]) <= low_truth - bound + slack
        if document["verdict"] == "REFUTED":
            assert high_truth < bound + slack
    assert (
        document["detail"].get("statement", f" {proof['statement']['bound']}").split()[-1]
        == proof["statement"]["bound"]
    )
    for key in ("name", "scale", "embedding", "sigma_w2"):
        assert str(proof["kernel"].get(key, "")) in reason
    assert proof["data"]["sha256"][:16] in reason
    assert document["system"] in reason


@pytest.mark.parametrize("kind", MADE)
def test_honest_certificates_are_valid_and_true(kind: str, outcome: Outcome) -> None:
    text, arrays = honest(kind)
    found, _ = outcome(text, arrays)
    assert found.verdict == "VALID", found
    holds(json.loads(text), arrays, found.reason, kind)


@pytest.mark.parametrize("kind", MADE)
def test_certificates_follow_their_schema(kind: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(replay.__file__).parents[1] / "certificate.schema.json").read_text())
    document = json.loads(honest(kind)[0])
    valid = jsonschema.Draft202012Validator(schema).is_valid
    assert valid(document)
    for place in ("proof", "kernel", "data", "witness"):
        wrong = copy.deepcopy(document)
        (wrong["proof"] if place == "proof" else wrong["proof"][place])["remark"] = "1"
        assert not valid(wrong)


def meanings(kind: str) -> list[tuple[str, Callable[[Document, Arrays], None]]]:
    """Edits that make the statement false, or say of it what was not proved; digests follow."""

    def at(place: str, value: Any) -> Callable[[Document, Arrays], None]:
        def plant(document: Document, arrays: Arrays) -> None:
            *path, last = place.split("/")
            target: Any = document
            for key in path:
                target = target[key]
            target[last] = value(target[last]) if callable(value) else value

        return plant

    def array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Document, Arrays], None]:
        return lambda document, arrays: arrays.update({name: np.ascontiguousarray(change(arrays[name]))})

    def both(document: Document, arrays: Arrays) -> None:
        document |= {"system": "deep", "claim": "deep.least-eigenvalue"}
        document["proof"]["system"] = "deep"

    more = lambda text: str(Fraction(text) + abs(Fraction(text)) / 10**5 + Fraction(1, 10**9))  # noqa: E731
    less = lambda text: str(Fraction(text) - abs(Fraction(text)) / 10**5 - Fraction(1, 10**9))  # noqa: E731
    found = [
        ("lower", at("proof/statement/lower", more)),
        ("upper", at("proof/statement/upper", less)),
        ("bound", at("proof/statement/bound", "100")),
        ("relation", at("proof/statement/relation", ">>")),
        ("verdict", at("verdict", lambda v: "PROVED" if v == "REFUTED" else "REFUTED")),
        ("system", at("system", lambda name: "deq-relu" if name == "deq-general" else "deq-general")),
        ("both systems", both),
        ("claim", at("claim", lambda c: "kernel.least-eigenvalue" if c == CLAIM else CLAIM)),
        ("activation", at("activation", "tanh")),
        ("scope", at("scope", "all matrices")),
        ("size", at("proof/data/n", lambda n: n + 1)),
        ("kind", at("proof/kernel/kind", "equilibrium")),
        ("format", at("proof/format", "certigram-proof/1")),
        ("a key", lambda d, a: d["proof"]["kernel"].update(remark="1")),
        ("a key of the data", lambda d, a: d["proof"]["data"].update(remark="1")),
        ("a witness of no kind", at("proof/witness/kind", "belief")),
    ]  # fmt: skip
    text, arrays = honest(kind)
    document = json.loads(text)
    if document["proof"]["witness"]["kind"] == "factor":
        found += [
            ("shift", at("proof/witness/shift", lambda t: str(Fraction(t) - 1))),
            ("exponent", at("proof/witness/exponent", lambda e: e - 1)),
            ("factor", array("factor", lambda x: x * 0)),
            ("vector", array("vector", lambda x: x * 0)),
            ("another vector", array("vector", lambda x: np.roll(x, 1, axis=1) * 2)),
            ("weights", lambda d, a: d["proof"]["witness"].update(weights=["1", "1", "1", "1", "-1"])),
            ("no weights", lambda d, a: d["proof"]["witness"].update(weights=["0"] * d["proof"]["data"]["n"])),
        ]
    if kind in ("elimination", "vertices"):
        found += [
            ("shift", at("proof/witness/shift", "1/1000000")),
            ("vector", at("proof/witness/vector", {})),
            ("vector of nobody", at("proof/witness/vector", {"7": "1"})),
            ("null vector", at("proof/witness", {"kind": "singular", "null_vector": {"0": "1", "1": "-1"}})),
        ]
    if document["proof"]["kernel"]["kind"] == "matrix":
        label = document["activation"]
        found.append(("label", at("activation", "matrix" if label != "matrix" else "interval matrix")))
        if kind in ("radius", "vertices"):
            found.append(("a wider radius", at("proof/data/radius", lambda r: str(Fraction(r) * 2))))
            found.append(("a negative radius", at("proof/data/radius", lambda r: f"-{r}")))
        if kind == "radii":
            found.append(("wider radii", array("radius", lambda x: x * 2)))
            found.append(("radii that are not symmetric", array("radius", lambda x: np.triu(x))))
            found.append(("a negative radius", array("radius", lambda x: x - 2 * np.diag(np.diag(x)))))
        if "matrix" in arrays and kind != "elimination":
            found.append(("other entries", array("matrix", lambda x: x - 0.1 * np.eye(len(x)))))
            found.append(("entries that are not symmetric", array("matrix", lambda x: np.triu(x))))
            found.append(("entries that are no numbers", array("matrix", lambda x: x * np.nan)))
        if kind == "rationals":
            found.append(("an entry", lambda d, a: d["proof"]["data"]["entries"][0].__setitem__(0, "99/100")))
    else:
        found.append(("other points", array("points", lambda x: x * (1 + np.arange(x.size).reshape(x.shape) % 3))))
        for key in ("scale", "embedding", "sigma_w2"):
            if key in document["proof"]["kernel"]:
                found.append((key, at(f"proof/kernel/{key}", lambda t: str(Fraction(t) * 9 / 8))))
                out = "1" if key == "sigma_w2" else "0"
                found.append((f"no {key}", at(f"proof/kernel/{key}", out)))
        if "name" in document["proof"]["kernel"]:
            found.append(("another kernel", at("proof/kernel/name", "matern-3/2")))
        if "expression" in document["proof"]["kernel"]:
            found += of_expressions(document["proof"]["kernel"]["expression"])
        found.append(("another normalisation", at("proof/data/normalize", lambda n: None if n else "sphere")))
    return found


@pytest.mark.parametrize("kind", MADE)
def test_edits_of_meaning_are_not_valid(kind: str, outcome: Outcome) -> None:
    text, arrays = honest(kind)
    tried = meanings(kind)
    for what, plant in tried:
        document, changed = json.loads(text), dict(arrays)
        plant(document, changed)
        redigested(document, changed)
        if what == "another normalisation" and kind == "implicit":
            continue  # directions have no norm
        found, _ = outcome(json.dumps(document), changed)
        if kind == "features" and found.verdict == "VALID":  # a kernel of few features is singular on any points
            holds(document, changed, found.reason, kind)
            continue
        assert found.verdict != "VALID", (kind, what, found)
    assert len(tried) >= 18


def attack(kind: str, seed: int, outcome: Outcome) -> str:
    """One random edit of a number anywhere; what is still VALID is true of what it names."""
    rng = random.Random(seed)
    text, arrays = honest(kind)
    document, arrays = json.loads(text), {key: value.copy() for key, value in arrays.items()}
    if arrays and rng.random() < 0.3:
        name = rng.choice(sorted(arrays))
        flat = arrays[name].reshape(-1)
        k = rng.randrange(flat.size)
        if flat.dtype.kind == "f":
            step = 1 + rng.choice([-1, 1]) * 2.0 ** -rng.randrange(1, 52)
            flat[k] *= step
            if name != "points":  # and its mirror image, so that it stays symmetric
                i, j = divmod(k, len(arrays[name]))
                arrays[name][j, i] = arrays[name][i, j]
        else:
            flat[k] += rng.choice([-1, 1]) * 2 ** rng.randrange(61)
    else:
        proof = rng.random() < 0.7  # most numbers of the record are commentary
        start: Any = document["proof"] if proof else document
        *path, last = rng.choice(list(numbers(start)))
        target = start
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
    if rng.random() < 0.6:
        with suppress(KeyError, TypeError, AttributeError):
            redigested(document, arrays)
    before = copy.deepcopy(document)
    found, _ = outcome(json.dumps(document), arrays)
    assert document == before
    if found.verdict == "VALID":
        holds(document, arrays, found.reason, kind)
    return found.verdict


@pytest.mark.parametrize("kind", MADE)
def test_random_edits_are_caught_or_true(kind: str, outcome: Outcome) -> None:
    verdicts = [attack(kind, seed, outcome) for seed in range(FAST)]
    assert verdicts.count("INVALID") > FAST // 4


@pytest.mark.slow
@pytest.mark.parametrize("kind", MADE)
def test_five_hundred_random_edits_are_caught_or_true(kind: str, outcome: Outcome) -> None:
    verdicts = [attack(kind, seed, outcome) for seed in range(1000, 1000 + EDITS)]
    assert verdicts.count("INVALID") > EDITS // 4


@pytest.mark.parametrize("name", ["elu", "selu", "softsign", "hard_tanh", "mish"])
def test_series_of_bent_activations_are_not_taken_on_trust(
    name: str, honest_series: Callable[[str, str], tuple[str, Arrays, float]], outcome: Outcome
) -> None:
    """Another coefficient, mass, factor, scale or kink: the closed forms notice each."""
    text, arrays, _ = honest_series(name, "1/16")
    document = json.loads(text)
    claim = document["proof"]["kernel"]["activation"]
    for place in (1, 3, 5):
        for step in (2**24, -(2**24)):
            wrong = copy.deepcopy(document)
            ball = wrong["proof"]["kernel"]["coefficients"][place]
            ball[0] = str(int(ball[0]) + step)
            assert outcome(json.dumps(wrong), arrays)[0].verdict == "INVALID", (name, place)
    digits = list(NUMBER.finditer(claim))
    assert digits
    changed = 0
    for match in digits:
        other = claim[: match.start()] + str(int(match[0]) + 1) + claim[match.end() :]
        wrong = copy.deepcopy(document)
        wrong["proof"]["kernel"]["activation"] = wrong["activation"] = other
        wrong["proof"]["kernel"]["lipschitz"] = "5/2"
        found = outcome(json.dumps(wrong), arrays)[0]
        if len(match[0]) < 20:  # of long numbers the last digit is far below what is stated
            assert found.verdict != "VALID", (name, other)
            changed += 1
    assert changed or name == "selu"
