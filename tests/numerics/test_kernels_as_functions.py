"""Kernels by name, on one and on two sets of points: a failure means that an entry lies outside its ball."""

from fractions import Fraction
from functools import reduce

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import certigram as cg
from certigram.numerics.covariances import arc_cosine, catalogue, radial
from certigram.numerics.kernels import entrywise
from certigram.numerics.kernels.ballarray import BallArray
from certigram.theory.errors import SpecError

RNG = np.random.default_rng(5)
X = RNG.standard_normal((4, 3))
Y = np.vstack([X[:1], 2 * X[1:2], -X[2:3], RNG.standard_normal((2, 3)), X[3:] + 1e-9])
DECIMAL = [["0.1", "0.2", "-0.3"], ["1/3", "2", "1"]]


def exact(rows):
    table = rows.tolist() if isinstance(rows, np.ndarray) else rows
    return [[mp.mpf(Fraction(x).numerator) / Fraction(x).denominator for x in row] for row in table]


def rescaled(rows):
    return [[x * mp.sqrt(len(r)) / mp.sqrt(mp.fsum(y * y for y in r)) for x in r] for r in rows]


def dot(a, b):
    return mp.fsum(x * y for x, y in zip(a, b, strict=True))


def of_distance(profile):
    return lambda a, b: profile(mp.sqrt(mp.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True))) / mp.mpf("1.5"))


def matern(p, t):
    return mp.exp(-t) * {0: 1, 1: 1 + t, 2: 1 + t + t * t / 3}[p]


def arc(order):
    def value(a, b):
        p, q = mp.sqrt(dot(a, a)), mp.sqrt(dot(b, b))
        c = max(mp.mpf(-1), min(mp.mpf(1), dot(a, b) / p / q))
        t, s = mp.acos(c), mp.sqrt(1 - c * c)
        j = [mp.pi - t, s + (mp.pi - t) * c, 3 * s * c + (mp.pi - t) * (1 + 2 * c * c)]
        j += [s * (4 + 11 * c * c) + (mp.pi - t) * (9 * c + 6 * c**3)]
        return (p * q) ** order * j[order] / mp.pi

    return value


def erf_tangent(a, b, depth=2):
    """The tangent kernel of an erf network by its recursion, in mpmath."""
    w, v = mp.mpf(9) / 4, mp.mpf(1) / 100
    p, q, c = (w * dot(x, y) / len(a) + v for x, y in ((a, a), (b, b), (a, b)))
    theta = c
    for _ in range(depth):
        left, right = 1 + 2 * p, 1 + 2 * q
        slope = 4 / mp.pi / mp.sqrt(left * right - 4 * c * c)
        p, q, c = (2 / mp.pi * mp.asin(2 * x / mp.sqrt(y)) for x, y in ((p, left**2), (q, right**2), (c, left * right)))
        p, q, c = (w * x + v for x in (p, q, c))
        theta = c + w * slope * theta
    return theta


CASES = {
    "gaussian": ({"scale": "3/2"}, of_distance(lambda r: mp.exp(-r * r / 2))),
    "matern-1/2": ({"scale": "3/2"}, of_distance(lambda r: matern(0, r))),
    "matern-3/2": ({"scale": "3/2"}, of_distance(lambda r: matern(1, mp.sqrt(3) * r))),
    "matern-5/2": ({"scale": "3/2"}, of_distance(lambda r: matern(2, mp.sqrt(5) * r))),
    "linear": ({"sigma_w2": "1/3", "sigma_b2": "1/7"}, lambda a, b: dot(a, b) / 3 + mp.mpf(1) / 7),
    "constant": ({"value": "2/3"}, lambda a, b: mp.mpf(2) / 3),
    "ntk": ({"activation": "erf", "depth": 2, "sigma_w2": "9/4", "sigma_b2": "1/100"}, erf_tangent),
    "dual": (
        {"activation": "sin", "sigma_b2": "1/5"},
        lambda a, b: mp.exp(-(dot(a, a) + dot(b, b)) / 6 - mp.mpf(1) / 5) * mp.sinh(dot(a, b) / 3 + mp.mpf(1) / 5),
    ),
    **{f"arc-cosine {n}": ({"order": n}, arc(n)) for n in range(4)},
}


def outside(found, value, left, right) -> int:
    """How many entries do not contain the value, known to 2^-230."""
    count = 0
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            ball = found[i, j]
            gap = abs(mp.mpf(ball.mid.numerator) / ball.mid.denominator - value(a, b))
            count += gap > mp.mpf(ball.rad.numerator) / ball.rad.denominator + mp.mpf(2) ** -110 * (ball.rad == 0)
    return int(count)


@pytest.mark.parametrize("normalize", [None, "sphere"])
@pytest.mark.parametrize("case", CASES)
def test_entries_contain_the_values_of_mpmath(case, normalize):
    mp.mp.prec = 260
    parameters, value = CASES[case]
    k = cg.kernel(case.split()[0], **parameters)
    for left, right in ((X, Y), (DECIMAL, Y), (X, None)):
        a, b = exact(left), exact(left if right is None else right)
        if normalize:
            a, b = rescaled(a), rescaled(b)
        found, sharp = k(left, right, normalize=normalize), k(left, right, bits=100, normalize=normalize)
        assert outside(found, value, a, b) == 0
        assert outside(sharp, value, a, b) == 0
        assert (sharp.accuracy_bits or 100) > 40
        assert found.shape == (len(a), len(b)) == np.asarray(found).shape
        diagonal = k.diag(left, normalize=normalize)
        assert all(abs(mp.mpf(float(d)) - value(x, x)) < 1e-9 for d, x in zip(diagonal, a, strict=True))


WITH_ZERO = ("deq-relu", "arc-cosine", "gaussian")
FOR_BLOCKS = [
    ("nngp", {"activation": "tanh", "depth": 2, "sigma_w2": "3/2", "sigma_b2": "1/10"}),
    ("ntk", {"activation": "gelu", "depth": 1}),
    ("ntk", {"activation": ["relu", "tanh"], "depth": 2, "convention": "standard"}),
    ("deq", {"activation": "tanh"}),
    ("deq-relu", {}),
    ("arc-cosine", {"order": 2}),
    ("gaussian", {}),
]


@pytest.mark.parametrize(("name", "parameters"), FOR_BLOCKS)
def test_a_rectangle_is_a_block_of_the_square_on_all_points(name, parameters):
    k, zero = cg.kernel(name, **parameters), np.vstack([X, np.zeros((1, 3))])
    cases = [(zero, Y, None), (X, Y, "sphere")] if name in WITH_ZERO else [(X, Y, None)]
    for left, right, normalize in cases:
        block = k(left, right, normalize=normalize)
        part = k(np.vstack([left, right]), normalize=normalize)[: len(left), len(left) :]
        assert np.all(np.abs(part.mid - block.mid) <= part.rad + block.rad)
        if normalize is None and name != "gaussian":  # one path: one function of the same numbers
            assert np.all(np.abs(part.mid - block.mid) <= 4e-16 * (1 + np.abs(block.mid)))
        assert k(right, left, normalize=normalize).shape == (len(right), len(left))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("ntk", {"activation": "relu", "depth": 2}),
        ("arc-cosine", {"order": 2}),
        ("linear", {}),
        ("gaussian", {"scale": 20}),
        ("deq", {"activation": "tanh"}),
    ],
)
def test_on_data_of_few_bits_a_block_is_that_of_the_square_bit_by_bit(name, parameters):
    from sklearn.datasets import load_digits

    left, right, k = load_digits().data[:3], load_digits().data[20:25], cg.kernel(name, **parameters)
    block, part = k(left, right), k(np.vstack([left, right]))[:3, 3:]
    assert np.array_equal(block.mid, part.mid)
    assert np.array_equal(np.broadcast_to(block.rad, block.shape), np.broadcast_to(part.rad, block.shape))


def test_many_norms_of_digits_agree_with_single_transforms():
    from sklearn.datasets import load_digits

    digits = load_digits().data
    for depth, wanted in ((1, 1e-10), (3, 1e-8)):
        k = cg.kernel("ntk", activation="tanh", depth=depth)
        block, few = k(digits[:5], digits[20:60]), k(digits[:2], digits[20:22])
        assert np.max(block.rad) <= wanted
        assert np.all(np.abs(block.mid[:2, :2] - few.mid) <= block.rad[:2, :2] + few.rad)
        assert np.all(np.abs(block.mid[:2, :2] - few.mid) <= 1e-13 * few.mid)  # by a transform for each norm


numbers = st.fractions(min_value=Fraction(1, 8), max_value=8, max_denominator=16)


@settings(max_examples=15, deadline=None)
@given(numbers, numbers, st.integers(1, 4), st.integers(0, 1000))
def test_sums_products_and_powers_contain_what_they_are_of(scale, factor, exponent, seed):
    rng = np.random.default_rng(seed)
    left, right = rng.standard_normal((3, 2)), rng.standard_normal((2, 2))
    first, second = cg.kernel("gaussian", scale=scale), cg.kernel("linear", sigma_b2=1)
    balls = {k: k(left, right, bits=120) for k in (first, second)}
    made = {
        first + second: lambda x, y: x + y,
        first * second + factor: lambda x, y: x * y + factor,
        factor * first: lambda x, y: factor * x,
        first * (factor * second) + (first + second) ** 2: lambda x, y: factor * x * y + (x + y) ** 2,
        second**exponent: lambda x, y: y**exponent,
    }
    for k, operation in made.items():
        found = k(left, right)
        for i in range(3):
            for j in range(2):
                value = operation(balls[first][i, j].mid, balls[second][i, j].mid)
                ball = found[i, j]
                assert abs(ball.mid - value) <= ball.rad + Fraction(1, 2**90)
        assert k == eval(repr(k), {"kernel": cg.kernel})
        assert np.linalg.eigvalsh(np.asarray(k(left))).min() > -1e-12


def test_normalised_kernels_have_ones_on_the_diagonal():
    k = (cg.kernel("linear", sigma_b2=1) ** 2).normalised()
    found = k(X)
    assert np.diag(found.mid).tolist() == [1.0] * 4
    balls = k(X, Y, bits=100)
    assert all(balls[i, j].arb.overlaps(k(X, Y)[i, j].arb) for i in range(4) for j in range(6))
    with pytest.raises(SpecError, match="not proved positive"):
        cg.kernel("linear").normalised()([[0.0, 0.0], [1.0, 0.0]])


def test_certificates_name_the_kernel_and_refuse_what_is_false():
    k = cg.kernel("gaussian", scale="1/2") + "1/1000"
    K = k(X)
    found = cg.certify(K, at_least="1/10")
    assert (str(found.verdict), found.system, found.activation) == ("PROVED", "kernel", repr(k))
    least = cg.least_eigenvalue(K)
    assert str(cg.certify(K, at_least=Fraction(least.upper) + Fraction(1, 10**6)).verdict) == "REFUTED"
    assert str(cg.certify(k(np.vstack([X, X[:1]])), at_least="1e-9").verdict) == "REFUTED"  # a repeated point
    assert cg.least_eigenvalue(cg.kernel("linear")(Y)).upper == 0.0  # six points in three dimensions


CONTROLS = {
    "gaussian": lambda patch: patch(radial, "radial_block", lambda k, a, b, **how: shifted(honest_block(k, a, b))),
    "arc-cosine 1": lambda patch: patch(arc_cosine, "arcsine", lambda x, out: np.arcsin(x) * (1 + 1e-13)),
}
honest_block = radial.radial_block


def shifted(matrix):
    return BallArray(matrix.mid * (1 + 1e-14), matrix.rad)


@pytest.mark.parametrize("case", CONTROLS)
def test_a_wrong_constant_in_a_kernel_is_noticed(case, monkeypatch):
    mp.mp.prec = 260
    CONTROLS[case](monkeypatch.setattr)
    parameters, value = CASES[case]
    assert outside(cg.kernel(case.split()[0], **parameters)(X, Y), value, exact(X), exact(Y)) > 0


def test_a_radius_without_the_rounding_of_a_product_is_noticed(monkeypatch):
    monkeypatch.setattr(entrywise, "UNIT", 0.0)
    a = BallArray(np.full((1, 40), 0.1) * np.arange(1, 41), 0.0)
    product = entrywise.multiply(a, a)
    wrong = sum(
        abs(Fraction(float(x)) ** 2 - Fraction(float(y))) > Fraction(float(r))
        for x, y, r in zip(a.mid[0], product.mid[0], product.rad[0], strict=True)
    )
    assert wrong > 0


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: cg.kernel("gausian"), "Did you mean gaussian"),
        (lambda: cg.kernel(7), "is not a name"),
        (lambda: cg.kernel("gaussian", lengthscale=1), "has no parameter 'lengthscale'"),
        (lambda: cg.kernel("ntk", activation="relu", W_std=1.5), "give its square as sigma_w2"),
        (lambda: cg.certify(cg.kernel("gaussian"), at_least=1), r"its values, as in k\(X\)"),
        (lambda: cg.kernel("nngp", activation="tanh"), "needs the parameter depth"),
        (lambda: cg.kernel("constant", value=-1), "negative"),
        (lambda: cg.kernel("arc-cosine", order="2"), "whole number"),
        (lambda: cg.kernel("gaussian") * 0, "positive number"),
        (lambda: cg.kernel("gaussian") ** 0, "exponent"),
        (lambda: cg.kernel("gaussian") * "one", "is not a number"),
        (lambda: cg.kernel("gaussian")(X, [[1.0]]), "one dimension"),
        (lambda: ("1e400" * cg.kernel("linear"))(X, X), "beyond the range of float64"),
        (lambda: cg.kernel("constant", value="1e400")(X), "beyond the range of float64"),
        (lambda: cg.kernel("linear", sigma_b2="1e400")(X), "beyond the range of float64"),
        (lambda: cg.kernel("linear", sigma_w2="1e400")(X, X), "beyond the range of float64"),
        (lambda: (cg.kernel("linear", sigma_w2=9) ** 1000)(X, X), "beyond the range of float64"),
        (lambda: ("1e-320" * cg.kernel("linear")).normalised()(X), "beyond the range of float64"),
        (lambda: cg.kernel("constant")(X, budget=cg.Budget(memory=10)), "constant kernel: n = "),
        (lambda: (cg.kernel("constant") + 1)(X, budget=cg.Budget(memory=300)), "sum of kernels: n = "),
        (lambda: reduce(lambda k, _: (k + 1).normalised(), range(200), cg.kernel("linear")), "inside each other"),
        (lambda: cg.kernel("gaussian")(X, Y, normalize="unit"), "choose"),
        (lambda: cg.kernel("gaussian")(X)[0], "two axes"),
        (lambda: (cg.kernel("gaussian") + 1).with_parameters({"2.scale": 1}), "no parameter"),
        (lambda: cg.kernel("arc-cosine", order=0)([[0.0, 0.0], [1.0, 1.0]]), "no angle"),
        (lambda: cg.kernel("deq", activation="tanh", sigma_w2=3)(X), "sigma_w2"),
    ],
)
def test_bad_input_gets_one_clear_sentence(make, text):
    with pytest.raises(SpecError, match=text):
        make()


def test_a_sum_with_something_else_is_a_type_error():
    with pytest.raises(TypeError):
        cg.kernel("gaussian") + object()


@pytest.mark.parametrize("name", catalogue.KINDS)
def test_every_kernel_is_a_value_and_takes_new_parameters(name):
    needed = {"nngp": 1, "ntk": 1, "dual": 0, "deq": 0}
    given_parameters = {} if name not in needed else {"activation": "tanh", **({"depth": 2} if needed[name] else {})}
    k = cg.kernel(name, **given_parameters)
    assert k == cg.kernel(name, **given_parameters)
    assert hash(k) == hash(cg.kernel(name, **given_parameters))
    assert eval(repr(k), {"kernel": cg.kernel}) == k
    assert k.with_parameters(**k.parameters) == k
    for key in k.parameters:
        if key in ("scale", "sigma_b2", "value"):
            assert k.with_parameters(**{key: "7/8"}).parameters[key] == Fraction(7, 8)
            assert k.with_parameters(**{key: "7/8"}) != k


def test_matrices_of_balls_are_read_by_places():
    K = cg.kernel("gaussian")(X, Y, bits=80)
    assert K[-1, 2].contains(K[3, 2].mid)
    part = K[1:3, [0, 5]]
    assert part.shape == (2, 2)
    assert part[1, 1].mid == K[2, 5].mid
    midpoints = np.asarray(K)
    midpoints[0, 0] = 7.0  # a copy
    assert K.mid[0, 0] == 1.0
    with pytest.raises(TypeError):
        iter(K)
    with pytest.raises(IndexError):
        K[4, 0]
    square = cg.kernel("gaussian")(X)
    assert isinstance(square[:2, :2], cg.BallMatrix)
    assert not isinstance(square[:2, 1:3], cg.BallMatrix)


@pytest.mark.parametrize(("name", "here"), [("rbf", "gaussian"), ("Poly", "linear"), ("matern", "matern-5/2")])
def test_names_of_other_libraries_are_led_home(name: str, here: str) -> None:
    with pytest.raises(cg.SpecError, match=here):
        cg.kernel(name)
