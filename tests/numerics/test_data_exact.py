"""Numbers enter exactly: a failure here means that two points are told apart, or taken for one, by a rounding."""

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from certigram.api import certify, check, least_eigenvalue, population_gram
from certigram.deep import nngp
from certigram.numerics.kernels.cosines import cosines, cosines_arb, raw_gram
from certigram.numerics.kernels.parallel import duplicate_pairs, parallel_pairs
from certigram.numerics.kernels.points import Points, points
from certigram.numerics.kernels.split_rows import radius
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.reading import Reading
from certigram.theory.errors import DerivationGap, SpecError

BIG = 2**53
NEAR = [[BIG + 1, 1.0], [BIG, 1.0]]
"""Two points that are one as soon as the first is rounded; λ = 5.4718413e-65 on the sphere with tanh."""
PARALLEL = "0.1,0.2,0.7\n0.3,0.6,2.1\n"
"""Parallel as decimals, not as the nearest binary64 numbers."""


def _csv(folder: Path, text: str) -> Path:
    (folder / "x.csv").write_text(text)
    return folder / "x.csv"


def _parquet(folder: Path) -> Path:
    pq.write_table(pa.table({"a": [BIG + 1, BIG], "b": [1.0, 1.0]}), folder / "x.parquet")
    return folder / "x.parquet"


class Frame:
    """What is used of a pandas frame: columns that have each their own type."""

    def __init__(self, *columns: object, names: tuple[str, ...] = ()) -> None:
        self.columns = list(names) or [f"c{k}" for k in range(len(columns))]
        self.iloc = self
        self.given = columns

    def __getitem__(self, key: tuple[slice, int]) -> "_Series":
        return _Series(self.given[key[1]])


class _Series:
    def __init__(self, entries: object) -> None:
        self.entries = np.asarray(entries)
        self.dtype = self.entries.dtype

    def isna(self) -> np.ndarray:
        return np.array([x is None or x != x for x in self.entries.tolist()])

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return self.entries


WAYS: dict[str, Callable[[Path], object]] = {
    "nested lists": lambda folder: NEAR,
    "tuples of fractions": lambda folder: tuple((Fraction(a), Fraction(b)) for a, b in NEAR),
    "objects": lambda folder: np.array(NEAR, dtype=object),
    "numerals": lambda folder: [[str(BIG + 1), "1"], [str(BIG), "1"]],
    "decimals": lambda folder: [[Decimal(BIG + 1), 1], [Decimal(BIG), Decimal("1.0")]],
    "extended precision": lambda folder: np.add(np.full((2, 2), [BIG, 1], dtype=np.longdouble), [[1, 0], [0, 0]]),
    "int64": lambda folder: np.array([[BIG + 1, 1], [BIG, 1]]),
    "uint64": lambda folder: np.array([[BIG + 1, 1], [BIG, 1]], dtype=np.uint64),
    "a frame": lambda folder: Frame([BIG + 1, BIG], [1.0, 1.0]),
    "a structured array": lambda folder: np.array([tuple(r) for r in NEAR], dtype=[("a", "i8"), ("b", "f8")]),
    "an arrow table": lambda folder: pa.table({"a": [BIG + 1, BIG], "b": [1.0, 1.0]}),
    "csv": lambda folder: load(str(_csv(folder, f"{BIG + 1},1.0\n{BIG},1.0\n"))),
    "parquet": lambda folder: load(str(_parquet(folder))),
}


@pytest.mark.parametrize("way", WAYS)
def test_integers_beyond_binary64_stay_apart(tmp_path: Path, way: str) -> None:
    """However they come, the two points differ and the least eigenvalue is that of the exact ones."""
    given = WAYS[way](tmp_path)
    if way == "extended precision" and np.finfo(np.longdouble).nmant < 63:
        given = NEAR  # the type is binary64 on this machine
    data = given if isinstance(given, DataSet) else DataSet(points(given), None, way)
    assert isinstance(data.points, Points)
    assert not parallel_pairs(data.points)
    found = least_eigenvalue(population_gram("deq-general", data, activation="tanh"))
    assert 5.471841301105e-65 < found.lower <= found.upper < 5.471841301119e-65


def test_decimals_of_a_file_mean_what_is_written(tmp_path: Path) -> None:
    """The rows are parallel as decimals: λ = 0 exactly; as binary64 they are not, and both say which they are."""
    path = str(_csv(tmp_path, PARALLEL))
    written, nearest = load(path), load(path, reading=Reading(numbers="binary64"))
    assert written.description == "2 points of x.csv as decimals"
    assert nearest.description == "2 points of x.csv as binary64"
    assert written.digest != nearest.digest
    zero = least_eigenvalue(population_gram("deq-general", written, activation="tanh"))
    assert (zero.lower, zero.upper) == (0.0, 0.0)
    assert least_eigenvalue(population_gram("deq-general", nearest, activation="tanh")).lower > 1e-33


def test_the_same_numbers_as_decimals_and_fractions() -> None:
    """[[1/3, 2/3], [0.1, 0.2]] is singular on the sphere, and not where norms are kept."""
    table = [[Fraction(1, 3), Fraction(2, 3)], [Decimal("0.1"), "1/5"]]
    assert [tuple(p) for p in parallel_pairs(table)] == [(0, 1, 1)]
    assert duplicate_pairs(table) == []
    assert duplicate_pairs([["1/10", "1/3"], [0.1, "1/3"], [Fraction(1, 10), Fraction(2, 6)]]) == [(0, 2)]
    assert least_eigenvalue(population_gram("deq-general", table, activation="tanh")).upper == 0.0
    assert least_eigenvalue(nngp(table, activation="erf", depth=1)).lower > 0


def test_inner_products_are_those_of_the_exact_numbers() -> None:
    """Rows, inner products and cosines of decimals, against fractions and mpmath."""
    rng = np.random.default_rng(5)
    exact = [[Fraction(int(x), 10**19) for x in row] for row in rng.integers(-(10**18), 10**18, (12, 5))]
    p = points(exact)
    assert len(p.exact) == 12
    assert [list(p.entries(i)) for i in range(12)] == exact
    c, balls, raw = cosines(p), cosines_arb(p, 128), raw_gram(p)
    assert c.rad == radius(5, whole=False, rounded=True)
    with mpmath.workdps(50):
        for i in range(12):
            for j in range(i):
                inner = sum((a * b for a, b in zip(exact[i], exact[j], strict=True)), Fraction(0))
                assert p.inner(i, j) == inner
                assert raw.ball(i, j).contains(inner / 5)
                x, y = (mpmath.matrix([mpmath.mpf(q.numerator) / q.denominator for q in exact[k]]) for k in (i, j))
                value = mpmath.fdot(x, y) / mpmath.norm(x) / mpmath.norm(y)
                assert abs(value - mpmath.mpf(float(c.mid[i, j]))) <= c.rad
                assert abs(mpmath.mpf(str(balls[i, j].mid()).strip("[]").split(" ")[0]) - value) < 1e-12


def test_a_row_whose_integers_are_beyond_binary64_is_kept_as_it_is() -> None:
    """1e200, 1/3 and 1e-200 over one denominator are integers of 1,300 bits: the sphere takes them."""
    wide = [10**200, Fraction(1, 3), Fraction(1, 10**200)]
    given = points([[1, 2, 3], wide])
    assert given.on_sphere().entries(1) == tuple(map(Fraction, wide))
    K = population_gram("deq-general", [wide, [3 * x for x in wide], [1, 2, Fraction(1, 3)]], activation="tanh")
    assert "points 0 and 1 are equal" in least_eigenvalue(K).method


def test_rounded_rows_need_their_own_radius() -> None:
    """A radius that forgets the rounding of the rows is exceeded; the one that counts it is not."""
    u = Fraction(1, 2**53)
    assert radius(2, whole=True, rounded=True) > radius(2, whole=True) + float(2 * u) * (1 - 1e-9)
    worst = Fraction(0)
    rng = np.random.default_rng(2)
    for a, b in rng.integers(10**17, 10**18, (300, 2)).tolist():
        p = points([[a, b], [b, -a + 1]])
        c = cosines(p)
        (x, y), (s, t) = p.entries(0), p.entries(1)
        square = (x * s + y * t) ** 2 / ((x * x + y * y) * (s * s + t * t))
        gap = abs(Fraction(float(c.mid[0, 1])) ** 2 - square)
        assert gap <= (2 * Fraction(abs(float(c.mid[0, 1]))) + Fraction(c.rad)) * Fraction(c.rad)
        worst = max(worst, abs(Fraction(float(c.mid[0, 1]))))
    assert worst > u / 8  # the exact cosine is below 1e-17: what is seen is the rounding of the rows


def test_no_certificate_about_other_numbers(tmp_path: Path) -> None:
    """Decimals that the sphere can show in binary64 are certified as such; others are not certified at all."""
    short = load(str(_csv(tmp_path, "0.1,0.2,0.7\n0.3,-0.6,0.2\n")))
    assert short.points is not None
    assert short.points.values.tolist() == [[1, 2, 7], [3, -6, 2]]
    saved = certify(population_gram("deq-general", short, activation="tanh"), at_least="1e-9").save(tmp_path / "s.json")
    assert check(saved).verdict == "VALID"
    long = load(str(_csv(tmp_path, "0.1234567890123456789,0.2,0.7\n0.3,-0.6,0.2\n")))
    proved = certify(population_gram("deq-general", long, activation="tanh"), at_least="1e-9")
    assert str(proved.verdict) == "PROVED"
    assert check(proved.save(tmp_path / "l.json")).verdict == "UNSUPPORTED"


def test_the_digest_sees_what_binary64_does_not() -> None:
    """Exact tables whose nearest binary64 numbers agree have different digests."""
    first, second = ([[Fraction(x, 3), 1]] for x in (1, Fraction(3 * BIG + 1, 3 * BIG)))
    digests = {DataSet(points(table), None, "", None).digest for table in (first, second, [[1 / 3, 1.0]])}
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([[10**400, 1]], "beyond the range of float64"),
        ([[10**5000, 1]], "more than 4000 digits"),
        ([[Fraction(1, 10**5000), 1]], "more than 4000 digits"),
        ([[Decimal("1e-5000"), 1]], "more than 4000 digits"),
        ([[Fraction(1, 3 * 10**300), 0]], "between 2\\^-900 and 2\\^1000"),
        ([[Decimal("nan"), 1]], "NaN or infinite"),
        ([[Decimal("inf"), 1]], "NaN or infinite"),
        ([[np.longdouble("inf"), Fraction(1, 3)]], "NaN or infinite"),
        ([[1, 2], [3]], "differ in length"),
        ([[1, 2j]], "type complex"),
        ("x.csv", "a text"),
        ({"a": 1}, "a dict"),
        ([np.ma.array([1.0, 2.0], mask=[True, False])], "masked"),
        (np.ma.array([[1.0, 2.0]], mask=[[0, 1]]), "masked"),
        (Frame([1.0, None]), "column 'c0': row 1"),
        (Frame(["a", "b"]), "'a' is not a number for column 'c0'"),
        (pa.table({"a": pa.array([1, None], pa.int64())}), "column 'a': row 1 has a missing entry"),
    ],
)
def test_what_cannot_be_carried_is_refused(table: object, says: str) -> None:
    """One sentence that names the place."""
    with pytest.raises(SpecError, match=says):
        points(table)


class _Foreign:
    """An object with ``__array__``, such as a tensor."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return self.array


def test_the_callers_memory_is_copied(tmp_path: Path) -> None:
    """What happens to the caller's array after the call changes nothing; the points cannot be written to."""
    np.save(tmp_path / "x.npy", np.eye(2))
    for make in (
        lambda a: a,
        lambda a: a.view(np.matrix),
        lambda a: memoryview(a),
        _Foreign,
        lambda a: a[:, :],
        lambda a: np.load(tmp_path / "x.npy", mmap_mode="r+"),
    ):
        array = np.eye(2)
        given = make(array)
        kept = points(given)
        (given if isinstance(given, np.memmap) else array)[0, 0] = 7.0
        assert kept.values.tolist() == [[1, 0], [0, 1]]
        assert not kept.values.flags.writeable
    signs = np.array([1.0, -1.0])
    data = DataSet(points(np.eye(2)), None, "", labels=signs)
    signs[0] = -1.0
    assert data.labels is not None
    assert data.labels.tolist() == [1, -1]


def test_images_are_laid_out_and_it_is_said() -> None:
    """(n, h, w, c) as a caller has it; the description says what became of the axes."""
    images = np.arange(1, 25, dtype=np.uint8).reshape(2, 2, 3, 2)
    K = population_gram("deq-general", images, activation="tanh")
    flat = population_gram("deq-general", images.reshape(2, 12), activation="tanh")
    assert K.instance.data.description == "points given as an array, each of shape (2, 3, 2) laid out as a row of 12"
    assert np.array_equal(K.mid, flat.mid)
    assert points(np.array([[True, False]])).values.tolist() == [[1.0, 0.0]]


def test_the_index_of_an_arrow_table_in_memory_is_left_out_and_said() -> None:
    """The metadata that pandas writes name it, as in a file."""
    table = pa.table({"a": [1.0, 0.0], "__index_level_0__": [0, 1], "b": [0.5, 1.0]})
    marked = table.replace_schema_metadata({b"pandas": json.dumps({"index_columns": ["__index_level_0__"]}).encode()})
    assert population_gram("deq-relu", marked).instance.data.points.values.tolist() == [[1.0, 0.5], [0.0, 1.0]]
    assert "index" in population_gram("deq-relu", marked).instance.data.notes[0]
    assert population_gram("deq-relu", table).instance.data.d == 3


@pytest.mark.parametrize(
    ("values", "index"),
    [
        (Frame([0, 1], [1.0, 0.0], names=("Unnamed: 0", "a")), "Unnamed: 0"),
        (np.array([(0, 1.0, 0.5), (1, 0.0, 1.0)], dtype=[("index", "i8"), ("a", "f8"), ("b", "f8")]), "index"),
        (np.array([(0, 5, 0.5), (1, 5, 1.0)], dtype=[("level_0", "i8"), ("level_1", "i8"), ("b", "f8")]), "level_0"),
    ],
)
def test_an_index_in_memory_is_not_taken_for_a_coordinate(values: object, index: str) -> None:
    """A table that was read with its index, and the records of a frame, as pandas makes them."""
    with pytest.raises(SpecError, match=f"column '{index}' is the index of a data frame: leave it out"):
        points(values)


def test_networks_are_not_trained_on_rounded_rows_in_silence() -> None:
    """A trained network takes binary64 inputs: rows 0 and 1 would be one input."""
    rows = [["0.1", "0.2"], ["0.10000000000000000001", "0.2"], ["0.5", "0.25"]]
    kept = population_gram("deq-relu", rows, normalize=None).instance
    with pytest.raises(DerivationGap, match="binary64"):
        _ = kept.network_inputs
    assert population_gram("deq-relu", rows).instance.network_inputs.shape == (3, 2)
