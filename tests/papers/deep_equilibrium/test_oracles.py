"""A failure here means that an enclosure of a deep equilibrium kernel misses a number computed by other means.

Two sources. ``data/three-points.json``: own computation with mpmath, 60 digits working precision, 40 shown, three
points with C_12 = 1/2, C_13 = -1/4, C_23 = 1/5 and sigma_w^2 = 1/16; entries of size below 1e-59 are rounding noise
around exact zeros. The tables: own computation in float64 on points drawn by numpy's generator, 4 to 10 digits shown.

A printed string with its last digit worth u stands for the interval x ± u/2; our ball must meet it, and must contain
the string itself where the ball is the wider of the two.
"""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat

from certigram.numerics.balls.ball import Ball, enclose, exact
from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import lower_arb
from certigram.numerics.hermite import gaussian_mean
from certigram.numerics.papers.deep_equilibrium.population.kernel import EquilibriumKernel, equilibrium_kernel
from certigram.numerics.papers.deep_equilibrium.population.pair import equilibrium_pair
from certigram.theory.activations.activation import activation

ORACLE: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "three-points.json").read_text())["activations"]
SIGMA_W2 = Fraction(1, 16)
COSINES = {"12": Fraction(1, 2), "13": Fraction(-1, 4), "23": Fraction(1, 5)}
BITS = [53, 128, 333]
ORDER = {53: 60, 128: 150, 333: 170}
NOISE = Fraction(1, 10**59)
SMALL = arb("1e-30")


def lipschitz(name: str, bits: int) -> arb:
    with precision(bits + 64):
        return lower_arb(activation(name).lipschitz)(arb(0))


@cache
def kernel(name: str, order: int, bits: int) -> EquilibriumKernel:
    return equilibrium_kernel(activation(name), SIGMA_W2, order, bits, lipschitz=lipschitz(name, bits))


def agrees(value: arb, text: str) -> bool:
    """Whether the ball meets the interval that the printed digits stand for (and contains them when it is wider)."""
    number = Decimal(text)
    x, unit = Fraction(text), Fraction(10) ** int(number.as_tuple().exponent)
    if abs(x) < NOISE:
        return bool(value.contains(0))
    lower, upper = exact(value.lower()), exact(value.upper())
    meets = lower <= x + unit / 2 and x - unit / 2 <= upper
    return meets and (lower <= x <= upper or (upper - lower) / 2 <= unit)


def small(value: arb, bits: int) -> bool:
    return bits != 128 or bool(value.rad() <= SMALL)


def check(value: arb, text: str, bits: int) -> None:
    assert agrees(value, text), f"{value.str(50)} against {text}"
    assert small(value, bits), f"radius {value.rad()}"


def symmetric(diagonal: arb, entries: dict[str, arb]) -> arb_mat:
    a, b, c = entries["12"], entries["13"], entries["23"]
    return arb_mat([[diagonal, a, b], [a, diagonal, c], [b, c, diagonal]])


def eigenvalues(matrix: arb_mat) -> list[arb]:
    return sorted((root.real for root in matrix.eig()), key=lambda root: float(root.mid()))


def negative_pivots(matrix: arb_mat, shift: arb) -> int | None:
    """The number of eigenvalues below ``shift`` (Sylvester), or None when a pivot is not separated from zero."""
    n = matrix.nrows()
    a = [[matrix[i, j] - (shift if i == j else 0) for j in range(n)] for i in range(n)]
    count = 0
    for k in range(n):
        if a[k][k].contains(0):
            return None
        count += a[k][k] < 0
        for i in range(k + 1, n):
            factor = a[i][k] / a[k][k]
            for j in range(k + 1, i + 1):
                a[i][j] = a[j][i] = a[i][j] - factor * a[k][j]
    return count


def least_eigenvalue(matrix: arb_mat, slack: float) -> arb:
    """The least eigenvalue as a ball of radius ``slack`` around its float64 value, proved by two inertias."""
    n = matrix.nrows()
    floats = np.array([[float(matrix[i, j]) for j in range(n)] for i in range(n)])
    guess = arb(float(np.linalg.eigvalsh(floats)[0]))
    assert negative_pivots(matrix, guess - slack) == 0
    above = negative_pivots(matrix, guess + slack)
    assert above is not None
    assert above >= 1
    return guess + arb(0, slack)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", ORACLE)
def test_fixed_point_and_hermite_coefficients(name: str, bits: int) -> None:
    k, row = kernel(name, ORDER[bits], bits), ORACLE[name]
    check(k.fixed_point.s, row["s"], bits)
    check(k.fixed_point.q, row["q"], bits)
    for mu, text in zip(k.hermite.coefficients, row["mu"], strict=False):
        check(mu, text, bits)


@pytest.mark.parametrize("name", ORACLE)
def test_tail_after_170_orders(name: str) -> None:
    k = kernel(name, 170, 333)
    with precision(333):
        assert agrees(k.dual_series.truncate(170).tail, ORACLE[name]["tail"])


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", ORACLE)
def test_entries_from_the_series(name: str, bits: int) -> None:
    k, row = kernel(name, ORDER[bits], bits), ORACLE[name]
    with precision(bits + 32):
        for pair, c in COSINES.items():
            rho = k.correlation(enclose(c))
            check(k.series(enclose(c)), row[f"K{pair}"], bits)
            check(rho, row[f"rho{pair}"], bits)
            check(k.dual_series.derivative(rho) / k.fixed_point.s, row[f"Gd{pair}"], bits)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", ORACLE)
def test_entries_from_the_pair_iteration(name: str, bits: int) -> None:
    """The same numbers by the route for unequal norms, which never sees the series k_r."""
    k, row = kernel(name, ORDER[bits], bits), ORACLE[name]
    for pair, c in COSINES.items():
        found = equilibrium_pair(
            activation(name), k.hermite, k.hermite, SIGMA_W2, c, bits + 16, lipschitz=lipschitz(name, bits)
        )
        check(found.rho, row[f"rho{pair}"], bits)
        check(found.value, row[f"K{pair}"], bits)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", ORACLE)
def test_eigenvalues_of_gram_and_tangent_kernel(name: str, bits: int) -> None:
    k, row = kernel(name, ORDER[bits], bits), ORACLE[name]
    with precision(bits + 32):
        w, s = 2 * enclose(SIGMA_W2), k.fixed_point.s
        slope = gaussian_mean(activation(name).derivative() ** 2, s, bits + 32)
        check(slope, row["Gd0"], bits)
        gram = {pair: k.series(enclose(c)) for pair, c in COSINES.items()}
        slopes = {pair: k.dual_series.derivative(k.correlation(enclose(c))) / s for pair, c in COSINES.items()}
        tangent = {pair: gram[pair] * (1 + g / (1 - w * g)) for pair, g in slopes.items()}
        for value, text in zip(eigenvalues(symmetric(k.fixed_point.q, gram)), row["lam"], strict=True):
            check(value, text, bits)
        diagonal = k.fixed_point.q * (1 + slope / (1 - w * slope))
        for value, text in zip(eigenvalues(symmetric(diagonal, tangent)), row["ntk"], strict=True):
            check(value, text, bits)


@pytest.mark.parametrize("name", ORACLE)
def test_lower_bounds_of_the_theory(name: str) -> None:
    """LB_X and LB_P: 12 to 15 digits, the least eigenvalues of Hadamard powers from characteristic polynomials."""
    k, row = kernel(name, 150, 128), ORACLE[name]
    with precision(160):
        s = k.fixed_point.s
        bounds = [
            k.dual_series.coefficients[r]
            * (2 / s) ** r
            * smallest_of_three({p: enclose(c**r) for p, c in COSINES.items()})
            for r in range(8)
        ]
        for value, text in zip(bounds, row["lbX"], strict=True):
            check(value, text, 128)
        check(sum(bounds, arb(0)), row["sumlbX"], 128)
        rho = {pair: k.correlation(enclose(c)) for pair, c in COSINES.items()}
        total = arb(0)
        for r in range(60):
            total += k.dual_series.coefficients[r] * smallest_of_three({p: x**r for p, x in rho.items()})
        check(total, row["sumP"], 128)


def smallest_of_three(entries: dict[str, arb]) -> arb:
    """The least eigenvalue of a 3 × 3 correlation matrix: 1 + the least root of x³ − (a² + b² + c²) x − 2abc, found by
    trigonometry: 1 − 2 √(p/3) cos(arccos(−z)/3) with p = a² + b² + c², z = abc (3/p)^{3/2}."""
    a, b, c = entries["12"], entries["13"], entries["23"]
    p = a**2 + b**2 + c**2
    z = a * b * c * (3 / p).sqrt() ** 3
    if z >= 1:
        return arb(0)
    return 1 - 2 * (p / 3).sqrt() * ((-z).acos() / 3).cos()


K_SERIES = {
    "tanh": {1: ".462971152", 3: ".0434894990", 5: ".0115071358"},
    "gelu": {0: ".23714064", 1: ".52174234", 2: ".1956207", 3: ".00553519", 4: ".01592298", 5: ".00143779"},
    "sigmoid": {
        0: ".251025459",
        1: ".0656304421",
        2: "1.01642127e-4",
        3: "2.16873600e-3",
        4: "1.77916011e-5",
        5: "2.27855375e-4",
    },
}


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", K_SERIES)
def test_coefficients_of_the_equilibrium_kernel(name: str, bits: int) -> None:
    series = kernel(name, ORDER[bits], bits).series
    for r, text in K_SERIES[name].items():
        check(series.coefficients[r], text, bits)


RELU_Q = Fraction(16, 15)
RELU = {
    "rho12": "0.507109157645605884598038900691675",
    "rho13": "-0.2208962627038429440877662210232755",
    "rho23": "0.21455904393270497707501287724326354",
    "K12": "0.65466295715167376380653057180458675",
    "K13": "0.23003711652108042090212316120276482",
    "K23": "0.46180768311816494208021977161836441",
}
RELU_LAM = (
    "0.361271994783282017392403291082516626",
    "0.85228308572808352083918730512567307643",
    "1.9864449194886344617684094037918102976",
)
RELU_NTK = (
    "0.68431925247152247249448770902994359653",
    "1.3776819866293440067152315521382720227",
    "2.8446654275658001874569474054984510475",
)


@pytest.mark.parametrize("bits", BITS)
def test_relu(bits: int) -> None:
    """ReLU, where q = 1/(1 − sigma_w²); the code knows nothing special about it."""
    k = kernel("relu", ORDER[bits], bits)
    assert Ball(k.fixed_point.q).contains(RELU_Q)
    assert Ball(k.fixed_point.s).contains(2 * RELU_Q)
    assert small(k.fixed_point.q, bits)
    with precision(bits + 32):
        w, s = 2 * enclose(SIGMA_W2), k.fixed_point.s
        gram, tangent = {}, {}
        for pair, c in COSINES.items():
            rho = k.correlation(enclose(c))
            gram[pair] = k.series(enclose(c))
            check(rho, RELU[f"rho{pair}"], bits)
            check(gram[pair], RELU[f"K{pair}"], bits)
            slope = k.dual_series.derivative(rho) / s
            tangent[pair] = gram[pair] * (1 + slope / (1 - w * slope))
        diagonal = k.fixed_point.q * (1 + arb("0.5") / (1 - w / 2))
        for value, text in zip(eigenvalues(symmetric(k.fixed_point.q, gram)), RELU_LAM, strict=True):
            check(value, text, bits)
        for value, text in zip(eigenvalues(symmetric(diagonal, tangent)), RELU_NTK, strict=True):
            check(value, text, bits)


# Columns: s, q, lambda_min(K), LB_X and LB_P summed over 1 <= r < 60, lambda_min of the tangent kernel. The two sums of
# relu come from its Hermite coefficients in closed form: quadrature across the kink (trapezoid rule, step 0.08) gives
# 0.06474804 instead of 0.06465556, more than the whole series adds up to (0.06465670).
TABLE = {
    "tanh": ("2.0657104897", "0.5256839177", "0.04808791", "0.03895647", "0.04439007", "0.10025134"),
    "erf": ("2.0745650766", "0.5965206125", "0.06300780", "0.04946442", "0.05816536", "0.14832959"),
    "sin": ("2.0614877343", "0.4919018744", "0.12013901", "0.09732254", "0.11164969", "0.25266655"),
    "sigmoid": ("2.0399028561", "0.3192228485", "0.00346511", "0.00305047", "0.00318564", "0.00408522"),
    "gelu": ("2.1229844131", "0.9838753050", "0.09262605", "0.07240092", "0.08504483", "0.20728348"),
    "softplus": ("2.1834629165", "1.4677033316", "0.04028271", "0.03303287", "0.03739940", "0.06883566"),
    "relu": ("2.1333333333", "1.0666666667", "0.08474311", "0.06465556", "0.07786474", "0.23609566"),
}
MORE_POINTS = {
    (12, 6, 1): {
        "tanh": ".01892269",
        "erf": ".02720069",
        "sin": ".05899003",
        "sigmoid": ".00072876",
        "gelu": ".04672414",
        "softplus": ".01281110",
        "relu": ".04319526",
    },
    (20, 8, 2): {"tanh": ".02760492", "gelu": ".05108362", "sigmoid": ".00095873", "relu": ".04686232"},
}


def cosines(n: int, d: int, seed: int) -> list[list[arb]]:
    """Cosines of points drawn as in the tables: the float64 draws are taken as exact numbers."""
    draws = np.random.default_rng(seed).standard_normal((d, n)).T.tolist()
    points = [[Fraction(x) for x in point] for point in draws]
    norms = [enclose(sum((x * x for x in p), Fraction(0))).sqrt() for p in points]
    return [
        [
            enclose(sum((x * y for x, y in zip(p, q, strict=True)), Fraction(0))) / (a * b)
            for q, b in zip(points, norms, strict=True)
        ]
        for p, a in zip(points, norms, strict=True)
    ]


def matrix_of(entries: list[list[arb]], diagonal: arb) -> arb_mat:
    n = len(entries)
    return arb_mat([[diagonal if i == j else entries[min(i, j)][max(i, j)] for j in range(n)] for i in range(n)])


@pytest.mark.parametrize("name", TABLE)
def test_table_of_eight_points(name: str) -> None:
    s_text, q_text, least, least_x, least_p, least_tangent = TABLE[name]
    k = kernel(name, 200, 96)
    check(k.fixed_point.s, s_text, 96)
    check(k.fixed_point.q, q_text, 96)
    with precision(96):
        c = cosines(8, 10, 0)
        n, s, one, w = len(c), k.fixed_point.s, arb(1), 2 * enclose(SIGMA_W2)
        upper = [(i, j) for i in range(n) for j in range(i + 1, n)]
        zero = [[arb(0)] * n for _ in range(n)]
        gram, rho, tangent = ([row[:] for row in zero] for _ in range(3))
        for i, j in upper:
            gram[i][j], rho[i][j] = k.series(c[i][j]), k.correlation(c[i][j])
            slope = k.dual_series.derivative(rho[i][j]) / s
            tangent[i][j] = gram[i][j] * (1 + slope / (1 - w * slope))
        assert agrees(least_eigenvalue(matrix_of(gram, k.fixed_point.q), 1e-11), least)
        slope = gaussian_mean(activation(name).derivative() ** 2, s, 96)
        diagonal = k.fixed_point.q * (1 + slope / (1 - w * slope))
        assert agrees(least_eigenvalue(matrix_of(tangent, diagonal), 1e-10), least_tangent)
        b = k.dual_series.coefficients
        bound_x = bound_p = arb(0)
        for r in range(1, 60):
            if not b[r].is_zero():
                powers_x, powers_p = ([[x**r for x in row] for row in entries] for entries in (c, rho))
                bound_x += b[r] * (2 / s) ** r * least_eigenvalue(matrix_of(powers_x, one), 1e-11)
                bound_p += b[r] * least_eigenvalue(matrix_of(powers_p, one), 1e-11)
        assert agrees(bound_x, least_x)
        assert agrees(bound_p, least_p)


@pytest.mark.parametrize(("shape", "name"), [(shape, name) for shape, row in MORE_POINTS.items() for name in row])
def test_least_eigenvalues_of_more_points(shape: tuple[int, int, int], name: str) -> None:
    k = kernel(name, 200, 96)
    with precision(96):
        c = cosines(*shape)
        n = len(c)
        gram = [[k.series(c[i][j]) if i < j else arb(0) for j in range(n)] for i in range(n)]
        assert agrees(least_eigenvalue(matrix_of(gram, k.fixed_point.q), 1e-11), MORE_POINTS[shape][name])
