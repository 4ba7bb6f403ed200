"""The falsifier: a failure here means that a false bound may pass it, or that what it says is not proved."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.falsify.bound import Bound, Sides, bounds, find_bound, find_bounds
from certigram.numerics.falsify.domain import Domain, Finite, Instance, Outside, Real
from certigram.numerics.falsify.draws import draw
from certigram.numerics.falsify.evaluation import evaluate, rounded_down
from certigram.numerics.falsify.falsifier import falsify, replay
from certigram.numerics.falsify.quotients import largest_at_least, least_at_most
from certigram.numerics.falsify.record import Record, load
from certigram.numerics.falsify.search import search
from certigram.theory.errors import PrecisionExhausted, SpecError
from certigram.theory.verdict import Verdict

LINE = Domain((Real("x"), Real("s", (), 2.0**-4, 16.0, logarithmic=True)))


def made(left: str, domain: Domain = LINE, evaluations: int = 400) -> Bound:
    """A bound on the line: sin x or one of its siblings against c |x|, or against 1."""

    def enclosed(instance: Instance) -> Sides:
        x, s = instance.ball("x"), instance.ball("s")
        match left:
            case "sine":
                return x.sin(), arb(1)
            case "small sine":  # false at pi/2 alone, by a thousandth
                return x.sin(), arb(999) / 1000
            case "product":
                return s * x.sin(), s
            case "inside":
                if not x >= 1:
                    raise Outside("x is below 1")
                return 1 / x, arb(1)
            case _:
                return x, x  # equal, whatever it is

    return Bound(f"test.{left}", (f"test.{left}",), left, "here", domain, enclosed, evaluations)


def test_a_true_bound_gets_a_proved_sharpness_next_to_its_own() -> None:
    found = falsify(made("sine"))
    assert found.verdict is Verdict.UNKNOWN
    assert Fraction(999_999, 10**6) < (found.sharpness or 0) <= 1


def test_a_bound_that_is_false_by_a_thousandth_is_refuted() -> None:
    found = falsify(made("small sine"))
    assert found.verdict is Verdict.REFUTED
    assert Fraction(1) < (found.sharpness or 0) <= Fraction(1001002, 10**6)
    assert found.tried < 400  # and the search ended there
    with precision(300):
        left, right = made("small sine").enclosed(found.record.instance())
        assert left > right  # at the instance of the record, by more digits


def test_equal_sides_are_neither_refuted_nor_above_one() -> None:
    found = falsify(made("equal"))
    assert found.verdict is Verdict.UNKNOWN
    assert found.sharpness == 1


def test_instances_outside_of_the_hypotheses_count_for_nothing() -> None:
    """1/x <= 1 is false for x < 1, where the hypothesis fails; at the edge it is sharp."""
    found = falsify(made("inside"))
    assert found.verdict is Verdict.UNKNOWN
    assert float(found.instance["x"]) >= 1
    with pytest.raises(PrecisionExhausted, match="none of 50 instances"):
        falsify(made("inside", Domain((Real("x", (), -1.0, 0.5), *LINE.variables[1:])), 50))


def test_a_quotient_of_floats_does_not_refute() -> None:
    """The difference 2 - 2 cos x is known to no digit at 64 bits for tiny x; the proof is what counts."""

    def enclosed(instance: Instance) -> Sides:
        x = instance.ball("x")
        return 2 - 2 * x.cos(), x**2

    tiny = Domain((Real("x", (), 2.0**-60, 2.0**-20, logarithmic=True),))
    found = falsify(Bound("test.tiny", ("test.tiny",), "", "here", tiny, enclosed, 200))
    assert found.verdict is Verdict.UNKNOWN
    assert found.tried == 200


def test_the_seed_decides_and_the_budget_says_that_it_cut() -> None:
    bound = made("product")
    one, same, other = (search(bound, seed, 60.0, 250) for seed in (3, 3, 4))
    assert [str(x) for _, x in one.candidates] == [str(x) for _, x in same.candidates]
    assert [str(x) for _, x in one.candidates] != [str(x) for _, x in other.candidates]
    assert not one.cut
    short = search(bound, 3, 0.02, 10**6)
    assert short.cut
    assert short.tried < 10**6


def test_draws_lie_in_the_domain_and_many_are_degenerate() -> None:
    domain = Domain(
        (Real("x", ("n", 2), -1.0, 3.0), Real("t", (), 0.5, 4.0, logarithmic=True), Finite("y", (-1.0, 1.0), ("n",))),
        {"n": (1, 2, 3)},
        {"sigma": ("a", "b")},
    )
    random = np.random.default_rng(0)
    drawn = [draw(domain, random) for _ in range(400)]
    for instance in drawn:
        domain.require(instance)
    pairs = [x["x"] for x in drawn if x.sizes["n"] > 1]
    assert sum(bool(np.all(x == x[0])) for x in pairs) > 10  # equal rows
    assert sum(bool(np.all(x[1] == -x[0])) for x in pairs) > 5  # opposite ones, where the range allows it
    assert {x.choices["sigma"] for x in drawn} == {"a", "b"}
    assert sum(0 < float(np.abs(x["x"]).max()) < 1e-4 for x in drawn) > 10  # tiny ones


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sizes": {"n": 7, "p": 1, "d": 1}}, "n = 7 is none of"),
        ({"choices": {"sigma": "exp(exp(x))"}}, "is none of"),
        ({"values": {}}, "others are expected"),
    ],
)
def test_a_record_of_an_instance_outside_of_the_domain_is_refused(change: dict[str, object], sentence: str) -> None:
    record = falsify(find_bound("two-layer-logistic.gradient-bound"), evaluations=60).record
    forged = Record(**{**{name: getattr(record, name) for name in Record.__slots__}, **change})
    with pytest.raises(SpecError, match=sentence):
        replay(find_bound(record.bound), forged)


def test_numbers_outside_of_the_range_are_refused() -> None:
    record = falsify(find_bound("two-layer-logistic.gradient-bound"), evaluations=60).record
    values = dict(record.values)
    values["y"] = type(values["y"])(values["y"].shape, ("0x1.8p+0",) * len(values["y"].entries))
    forged = Record(**{**{name: getattr(record, name) for name in Record.__slots__}, "values": values})
    with pytest.raises(SpecError, match="y lies outside its range"):
        replay(find_bound(record.bound), forged)


def test_a_record_that_states_more_than_is_proved_is_refused(tmp_path: Path) -> None:
    place = falsify(find_bound("two-layer-logistic.gradient-bound"), evaluations=60).record.save(tmp_path)
    document = json.loads(place.read_text("utf-8"))
    for lie in ({"ratio": "0.999999998"}, {"verdict": "REFUTED"}):
        place.write_text(json.dumps(document | lie), "utf-8")
        with pytest.raises(SpecError, match="is proved"):
            replay(find_bound("two-layer-logistic.gradient-bound"), load(place))


@pytest.mark.parametrize(
    "lie",
    [
        {"format": "something"},
        {"version": 2},
        {"verdict": "PROVED"},
        {"ratio": "1e3"},
        {"values": {"x": {"shape": [2], "entries": ["0x1p+0"]}}},
        {"values": {"x": {"shape": [], "entries": ["__import__('os')"]}}},
        {"values": {"x": {"shape": [], "entries": ["inf"]}}},
        {"values": {"x": {"shape": [-1], "entries": ["0x1p+0"]}}},
        {"sizes": {"n": "two"}},
        {"seed": None},
    ],
)
def test_what_is_no_record_is_one_sentence(tmp_path: Path, lie: dict[str, object]) -> None:
    place = falsify(find_bound("resnet-rkhs.admissibility"), evaluations=20).record.save(tmp_path)
    place.write_text(json.dumps(json.loads(place.read_text("utf-8")) | lie), "utf-8")
    with pytest.raises(SpecError) as said:
        load(place)
    assert str(place) in str(said.value)


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    found = falsify(find_bound("two-layer-logistic.laplacian-bound"), evaluations=60)
    record = load(found.record.save(tmp_path))
    assert record == found.record
    for name, array in found.instance.values.items():
        assert np.array_equal(record.instance()[name], array)
    assert evaluate(found.bound, record.instance()).ratio == found.sharpness


def test_claims_lemmas_systems_and_parts_are_found() -> None:
    names = [found.name for found in find_bounds("resnet-rkhs.separation")]
    assert names == ["resnet-rkhs.separation/lower", "resnet-rkhs.separation/upper"]
    assert find_bounds("lemma.state-separation") == find_bounds("state-separation")
    assert len(find_bounds("two-layer-logistic")) >= 14
    assert [found.name for found in find_bounds("resnet-rkhs.separation/upper")] == names[1:]
    with pytest.raises(SpecError, match="has no bound to falsify"):
        find_bounds("resnet-rkhs.gradient")
    with pytest.raises(SpecError, match=r"Did you mean resnet-rkhs\.separation"):
        find_bounds("resnet-rkhs.seperation")


def test_every_bound_speaks_of_claims_and_lemmas_that_exist() -> None:
    from certigram.theory.claims.lemma import lemmas
    from certigram.theory.claims.system import systems

    known = {claim.id for system in systems().values() for claim in system.claims} | set(lemmas())
    for found in bounds():
        assert set(found.speaks_of) <= known, found.name
        assert found.name.partition("/")[0] in known


def test_every_formula_names_code_that_exists() -> None:
    root = Path(__file__).parents[2]
    for found in bounds():
        for part in found.formula.split("; "):
            place, colon, names = part.partition(".py: ")
            if colon:
                text = (root / f"{place}.py").read_text("utf-8")
                for name in names.split(", "):
                    assert re.search(rf"^ *(def |class |){name.rpartition('.')[2]}\b", text, re.M), (found.name, name)
            else:
                assert "as stated" in part, found.name


def test_ratios_are_rounded_down() -> None:
    with precision(128):
        assert rounded_down(arb(1) - arb(2) ** -60) == Fraction(999_999_999, 10**9)
        assert rounded_down(arb(2) ** -100) == 0
        assert rounded_down(arb(2) ** 100) == 10**12


def test_quotients_bound_eigenvalues_from_the_side_that_counts() -> None:
    from flint import arb_mat

    for seed in range(4):
        basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((4, 4)))[0]
        floats = basis @ np.diag([1e-9, 0.5, 1.0, 2.0]) @ basis.T
        matrix = arb_mat(((floats + floats.T) / 2).tolist())
        with precision(256):
            low, high = np.linalg.eigvalsh((floats + floats.T) / 2)[[0, -1]]
            assert math.isclose(float(least_at_most(matrix)), low, rel_tol=1e-5)
            assert math.isclose(float(largest_at_least(matrix)), high, rel_tol=1e-9)
