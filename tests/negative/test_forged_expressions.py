"""A failure here means that the checker accepts a forged certificate of a written kernel, or labours over one.

The forger writes whole files: trees, witnesses, records and digests that fit each other, for statements that are false
or that have no meaning.
"""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from certigram.numerics import replay
from certigram.numerics.replay import work
from certigram.numerics.replay.expressions import written

Node = dict[str, Any]
APART, EQUAL, ZEROS = [[1.0], [2.0]], [[1.0], [1.0]], [[0.0], [0.0]]
FEATURES: Node = {"kind": "features"}
REPEATED: Node = {"kind": "repeated", "points": [0, 1]}
FACTOR: Node = {"kind": "factor", "shift": "0", "exponent": 0}
ZERO = ("0", "0", "0", ">=", "PROVED")


def checked(
    folder: Path,
    tree: Node,
    points: list[list[float]],
    statement: tuple[str, str, str, str, str] = ZERO,
    witness: Node = REPEATED,
    **more: Any,
) -> replay.Check:
    """The checker's answer to a certificate whose record, sizes and digests are made to fit."""
    system, normalize = more.get("system", "kernel"), more.get("normalize")
    table = np.ascontiguousarray(np.array(points, dtype="<f8"))
    (n, d), content = table.shape, table.tobytes()
    lower, upper, bound, relation, verdict = statement
    digest = hashlib.sha256(f"{normalize}|{n}|{d}|".encode() + content).hexdigest()
    arrays = {"points": table}
    if witness["kind"] == "factor":
        arrays |= {"factor": np.zeros((1, n * (n + 1) // 2), "<i8"), "vector": np.array([[1] + [-1] * (n - 1)], "<i8")}
    proof = {
        "format": "certigram-proof/2",
        "system": system,
        "statement": {"lower": lower, "upper": upper, "bound": bound, "relation": relation},
        "data": {"n": n, "d": d, "normalize": normalize, "sha256": digest, "input_gram": None},
        "kernel": {"kind": "expression", "expression": tree, "order": more.get("order", 64)},
        "witness": witness,
    }
    document = {
        **dict.fromkeys(("lower", "upper", "margin", "sharpness")),
        "format": "certigram-certificate/2",
        "claim": "kernel.least-eigenvalue",
        "system": system,
        "activation": more.get("label") or written(tree)[0],
        "verdict": verdict,
        "method": "x",
        "seconds": 0,
        "reason": "",
        "hypotheses": [],
        "evidence": [],
        "detail": {},
        "argument": "DIRECT",
        "scope": f"all {n} inputs",
        "proof": proof,
    }
    path = folder / "forged.json"
    path.write_text(json.dumps(document))
    np.savez(path.with_suffix(".npz"), **arrays)  # type: ignore[arg-type]  # none is allow_pickle
    return replay.check(path)


def named(name: str, **parameters: Any) -> Node:
    return {"name": name, **parameters}


def joined(name: str, *parts: Node, **own: Any) -> Node:
    return {"name": name, **own, "parts": list(parts)}


LINEAR, GAUSSIAN = named("linear", sigma_w2=1, sigma_b2=0), named("gaussian", scale=1)
NO_KERNELS: dict[str, tuple[Node, list[list[float]], Node]] = {
    "a negative constant": (named("constant", value=-5), APART, FEATURES),
    "a negative weight variance": (named("linear", sigma_w2=-3, sigma_b2=0), APART, FEATURES),
    "a negative bias variance": (named("linear", sigma_w2=1, sigma_b2=-7), [*APART, [3.0]], FEATURES),
    "a truth value": (named("constant", value=True), APART, FEATURES),
    "a list": (named("constant", value=["x"]), APART, FEATURES),
    "no scale": (named("gaussian", scale=0), EQUAL, REPEATED),
    "a word for a scale": (named("matern-3/2", scale="abc"), EQUAL, REPEATED),
    "no contraction": (named("deq", activation="tanh", sigma_w2=100), EQUAL, REPEATED),
    "a negative variance of a model": (named("deq-relu", sigma_w2=-4), EQUAL, REPEATED),
    "relu in the wider range": (named("deq", activation="relu", sigma_w2="3/4"), EQUAL, REPEATED),
    "a negative order": (named("arc-cosine", order=-1), EQUAL, REPEATED),
    "no activation": (named("dual", activation="foo", sigma_w2=1, sigma_b2=0), EQUAL, REPEATED),
    "a part that is no kernel": (joined("sum", GAUSSIAN, named("constant", value=-5)), [*EQUAL, [2.0]], REPEATED),
    "nothing over nothing": (joined("normalised", LINEAR), ZEROS, REPEATED),
    "the constant 0 over itself": (joined("normalised", named("constant", value=0)), APART, FEATURES),
    "directions of zero inputs": (named("arc-cosine", order=0), ZEROS, REPEATED),
}


@pytest.mark.parametrize("case", NO_KERNELS)
def test_what_is_no_kernel_has_no_least_eigenvalue(case: str, tmp_path: Path) -> None:
    tree, points, witness = NO_KERNELS[case]
    assert checked(tmp_path, tree, points, witness=witness, label="x").verdict != "VALID"
    with_its_text = checked(tmp_path, tree, points, witness=witness, label=_text(tree))
    assert with_its_text.verdict != "VALID", with_its_text


def _text(tree: Node) -> str:
    """The record's name of a kernel, also of one that is none."""
    if "parts" in tree:
        inside = [_text(part) for part in tree["parts"]]
        return " + ".join(inside) if tree["name"] == "sum" else f"{inside[0]}.normalised()"
    own = "".join(f", {key}={value!r}" for key, value in tree.items() if key != "name")
    return f"kernel({tree['name']!r}{own})"


def test_a_zero_row_has_no_direction(tmp_path: Path) -> None:
    """The rows 0 and 1 are of one direction; the row 2 has none, and so there is no matrix."""
    assert checked(tmp_path, GAUSSIAN, [[1.0], [2.0]], normalize="sphere").verdict == "VALID"
    assert checked(tmp_path, GAUSSIAN, [[1.0], [2.0], [0.0]], normalize="sphere").verdict != "VALID"


def test_the_record_names_the_kernel_that_is_proved(tmp_path: Path) -> None:
    """Pieces between plus signs may not change places: neither across brackets nor across layers nor across hinges."""
    a, b, c, d = (named("gaussian", scale=k) for k in (1, 2, 3, 4))
    tree = joined("sum", a, joined("product", b, joined("sum", c, d)))
    first, second, third = written(tree)[0].split(" + ")
    assert checked(tmp_path, tree, EQUAL).verdict == "VALID"
    assert checked(tmp_path, tree, EQUAL, label=f"{second} + {first} + {third}").verdict == "INVALID"

    def network(*layers: str) -> Node:
        more = {"sigma_w2": [1] * (len(layers) + 1), "sigma_b2": [0] * (len(layers) + 1)}
        return named("nngp", activation=list(layers), depth=len(layers), **more)

    deep = network("1*tanh(1*x) + 1*sin(1*x)", "1*erf(1*x)")
    for label, verdict in (
        ("1*tanh(1*x) + 1*sin(1*x), 1*erf(1*x)", "VALID"),
        ("1*sin(1*x) + 1*tanh(1*x), 1*erf(1*x)", "VALID"),  # the same sum
        ("1*sin(1*x), 1*erf(1*x) + 1*tanh(1*x)", "INVALID"),
        ("1*erf(1*x), 1*tanh(1*x) + 1*sin(1*x)", "INVALID"),
    ):
        assert checked(tmp_path, deep, EQUAL, system="nngp", label=label).verdict == verdict, label
    hinges = named("nngp", activation=["2*relu(1*x+1/2) + 1*relu(1*x+3/4)"], depth=1, sigma_w2=[1, 1], sigma_b2=[0, 0])
    other = "1*relu(1*x+1/2) + 2*relu(1*x+3/4)"
    assert checked(tmp_path, hinges, EQUAL, system="nngp", label=other).verdict == "INVALID"


HEIGHT = 70  # half of the digits that the checker takes for the kernel below
WAVE = f"1*erf({Fraction(1409, 1000) / 2**HEIGHT}*x)"
STEEP = {"activation": ["1*sin(1*x)", WAVE], "depth": 2, "sigma_w2": [20, 2 ** (2 * HEIGHT - 20), 1]}
TOWER = joined(
    "sum",
    joined("scaled", named("nngp", **STEEP, sigma_b2=[0, 0, 0]), factor=2**18),
    joined("scaled", joined("power", LINEAR, exponent=2), factor=64),
)


@pytest.mark.parametrize("share", ["999/1000", "9/10", "77/100", "76/100", "3/4"])
def test_a_root_that_is_rounded_moves_all_of_a_ball(share: str, tmp_path: Path) -> None:
    """The covariance behind a steep sine is a ball far wider than its middle; the last layer multiplies it by a unit.

    The true least eigenvalue, from the closed form of erf; an upper end below it is false.
    """
    with mpmath.workdps(60):
        q = mpmath.mpf(1409) / 1000 / mpmath.mpf(2) ** HEIGHT
        variance = STEEP["sigma_w2"][1] * (1 - mpmath.exp(-40)) / 2  # type: ignore[index, operator]  # a list of numbers
        angle = 2 / mpmath.pi * mpmath.asin(2 * q * q * variance / (1 + 2 * q * q * variance))
        truth = Fraction(mpmath.nstr(2 * angle * 2**18, 15))  # sin is odd: the points 1 and -1 give A and -A
        upper = truth * Fraction(share)
    statement = (str(-(10**9)), str(upper), str(upper + Fraction(1, 1000)), ">=", "REFUTED")
    found = checked(tmp_path, TOWER, [[1.0], [-1.0]], statement, FACTOR, order=3)
    assert found.verdict != "VALID", (share, found)


def _raised(part: Node, times: int) -> Node:
    for _ in range(times):
        part = joined("power", part, exponent=1000)
    return part


TINY = named("gaussian", scale=f"1/{10**1000}")
UNBOUNDED = ("-1000000000", "1000000000", "0", ">=", "UNKNOWN")
LABOUR: dict[str, tuple[Node, int, Node]] = {
    "radii of billions of digits": (_raised(joined("scaled", TINY, factor=2), 2), 2, FACTOR),
    "a rank of billions of digits": (_raised(named("linear", sigma_w2=1, sigma_b2=1), 4), 2, FEATURES),
    "hours of fixed points": (joined("sum", *[named("deq-relu", sigma_w2="9/10")] * 62), 500, FACTOR),
    "hours of transforms": (
        joined("sum", *[named("dual", activation="tanh", sigma_w2=1, sigma_b2=0)] * 20),
        25,
        FACTOR,
    ),
    "gigabytes of products": (
        joined("product", *[named("linear", sigma_w2=7**1200, sigma_b2=0)] * 60),
        600,
        FACTOR,
    ),
}


@pytest.mark.parametrize("case", LABOUR)
def test_a_small_file_asks_for_little(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take hours or gigabytes is refused; the limit of work is lower here, so that the test is quick."""
    monkeypatch.setattr(work, "MAX_WORK", work.MAX_WORK >> 10)
    tree, n, witness = LABOUR[case]
    points = [[1 + k / 64, 1.0] for k in range(n)]
    statement = ZERO if witness is FEATURES else UNBOUNDED
    found = checked(tmp_path, tree, points, statement, witness, order=200, label="x")
    assert found.verdict != "VALID"
    if witness is not FEATURES:
        assert (found.verdict, found.line) == ("UNSUPPORTED", "proof.kernel.expression"), found
