"""Lines about matrices, checked in exact rational arithmetic on random instances: no rounding, no tolerance."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from functools import wraps

from flint import fmpq, fmpq_mat

from ..kernels.input_gram import bad_pivot
from .registry import Checked, Kind, line

TRIALS = 25
SIZE = 5


def instances(passed: bool, text: str) -> Checked:
    """Exact instances."""
    return Checked(Kind.INSTANCES, passed, f"{TRIALS} of them; {text}")


def rational(rng: random.Random) -> fmpq:
    """A small random rational."""
    return fmpq(rng.randint(-9, 9), rng.randint(1, 9))


def gram(rng: random.Random, n: int, rank: int) -> fmpq_mat:
    """A random rational Gram matrix B B^T of the given rank at most."""
    b = fmpq_mat(n, rank, [rational(rng) for _ in range(n * rank)])
    return b * b.transpose()


def hadamard(a: fmpq_mat, b: fmpq_mat) -> fmpq_mat:
    """The entrywise product."""
    n, m = a.nrows(), a.ncols()
    return fmpq_mat(n, m, [a[i, j] * b[i, j] for i in range(n) for j in range(m)])


def hadamard_power(a: fmpq_mat, r: int) -> fmpq_mat:
    """The entrywise power; order 0 is the matrix of ones."""
    n = a.nrows()
    return fmpq_mat(n, n, [a[i, j] ** r for i in range(n) for j in range(n)])


def positive_semidefinite(a: fmpq_mat) -> bool:
    """Exactly: symmetric elimination; a zero pivot asks for a zero column.

    >>> positive_semidefinite(fmpq_mat(2, 2, [1, 1, 1, 1])), positive_semidefinite(fmpq_mat(2, 2, [1, 2, 2, 1]))
    (True, False)
    """
    n = a.nrows()
    return bad_pivot([[a[i, j] for j in range(n)] for i in range(n)]) is None


Test = Callable[[random.Random], bool]


def sampled(name: str, seed: int, text: str) -> Callable[[Test], Test]:
    """Register the check of a proof line: a test that must hold at :data:`TRIALS` random instances."""

    def register(test: Test) -> Test:
        @wraps(test)
        def check() -> Checked:
            rng = random.Random(seed)
            return instances(all(test(rng) for _ in range(TRIALS)), text)

        line(name)(check)
        return test

    return register


@sampled("schur-product", 1, "A o B is positive semidefinite")
def schur_product(rng: random.Random) -> bool:
    return positive_semidefinite(hadamard(gram(rng, SIZE, 3), gram(rng, SIZE, 2)))


@sampled("telescoping", 2, "B^(r) - A^(r) equals the telescoping sum and is positive semidefinite")
def telescoping(rng: random.Random) -> bool:
    a = gram(rng, SIZE, 2)
    d = gram(rng, SIZE, 2)
    b, r = a + d, rng.randint(2, 4)
    total = fmpq_mat(SIZE, SIZE)
    for k in range(r):
        total = total + hadamard(hadamard(hadamard_power(a, k), d), hadamard_power(b, r - 1 - k))
    difference = hadamard_power(b, r) - hadamard_power(a, r)
    return bool(difference == total) and positive_semidefinite(difference)


@sampled("schur-least-eigenvalue", 3, "A o B - shift diag(A) is positive semidefinite for B >= shift I")
def schur_least_eigenvalue(rng: random.Random) -> bool:
    a, shift = gram(rng, SIZE, 4), fmpq(rng.randint(1, 9), rng.randint(1, 9))
    identity = fmpq_mat(SIZE, SIZE, [int(i == j) for i in range(SIZE) for j in range(SIZE)])
    b = gram(rng, SIZE, 2) + identity * shift
    diagonal = fmpq_mat(SIZE, SIZE, [a[i, i] * int(i == j) for i in range(SIZE) for j in range(SIZE)])
    return positive_semidefinite(hadamard(a, b) - diagonal * shift)


@sampled("mehler-matrix", 4, "sums of mu_r^2 P^(r) are positive semidefinite")
def mehler_matrix(rng: random.Random) -> bool:
    """For a polynomial activation the Mehler sum is finite and exact: K = sum of mu_r^2 P^(r)."""
    p = gram(rng, SIZE, 3)
    weights = [rational(rng) for _ in range(4)]
    total = fmpq_mat(SIZE, SIZE)
    for r, mu in enumerate(weights):
        total = total + hadamard_power(p, r) * (mu * mu)
    return positive_semidefinite(total)


@sampled("gershgorin", 5, "C^(r) minus Gershgorin's bound is positive semidefinite")
def gershgorin(rng: random.Random) -> bool:
    n, r = SIZE, rng.randint(1, 4)
    c = fmpq_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    for i in range(n):
        for j in range(i):
            c[i, j] = c[j, i] = fmpq(rng.randint(-9, 9), 10)
    power = hadamard_power(c, r)
    worst = max(sum((abs(power[i, j]) for j in range(n) if j != i), fmpq(0)) for i in range(n))
    identity = fmpq_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    delta = max(abs(c[i, j]) for i in range(n) for j in range(i))
    return positive_semidefinite(power - identity * (1 - worst)) and 1 - worst >= 1 - (n - 1) * delta**r


@sampled("gershgorin-insertion", 6, "r_0 is the first order at which the bracket reaches 1/2")
def gershgorin_insertion(rng: random.Random) -> bool:
    n = rng.randint(2, 40)
    delta = Fraction(rng.randint(1, 99), 100)
    r = next(r for r in range(10_000) if 2 * (n - 1) * delta**r <= 1)
    return 1 - (n - 1) * delta**r >= Fraction(1, 2) and (r == 0 or 2 * (n - 1) * delta ** (r - 1) > 1)


@sampled("affine-rank", 7, "the rank of alpha C + beta 11' is at most d + 1")
def affine_rank(rng: random.Random) -> bool:
    d = rng.randint(1, 3)
    c = gram(rng, 6, d)
    ones = fmpq_mat(6, 6, [1] * 36)
    return int((c * rational(rng) + ones * rational(rng)).rref()[1]) <= d + 1


@sampled("antipodal-null-vector", 8, "odd kernels of points with an antipodal pair annihilate e_i + e_j")
def antipodal_null_vector(rng: random.Random) -> bool:
    x = fmpq_mat(4, 3, [rational(rng) for _ in range(12)])
    rows = [[x[i, j] for j in range(3)] for i in range(4)]
    rows.append([-value for value in rows[0]])
    table = fmpq_mat(5, 3, [value for row in rows for value in row])
    c = table * table.transpose()
    k = c + hadamard_power(c, 3) * fmpq(rng.randint(1, 9), 7)
    null = fmpq_mat(5, 1, [1, 0, 0, 0, 1])
    return bool(k * null == fmpq_mat(5, 1))


@sampled("closure-of-positivity", 9, "composition of polynomials with non-negative coefficients")
def closure_of_positivity(rng: random.Random) -> bool:
    p = [Fraction(rng.randint(0, 9), rng.randint(1, 9)) for _ in range(6)]
    q = [Fraction(rng.randint(0, 9), rng.randint(1, 9)) for _ in range(6)]
    return all(x >= 0 for x in compose(p, q))


@sampled("monotone-iterates", 10, "five iterates of the truncated series, coefficient by coefficient")
def monotone_iterates(rng: random.Random) -> bool:
    kappa = [Fraction(rng.randint(0, 9), rng.randint(10, 60)) for _ in range(4)]
    w, s = Fraction(1, rng.randint(8, 40)), Fraction(rng.randint(2, 4))
    rho, steps = [Fraction(0)] * 6, []
    for _ in range(5):
        f = (compose(kappa, rho) + [Fraction(0)] * 6)[:6]
        rho = [2 * w * x / s + (2 / s if k == 1 else 0) for k, x in enumerate(f)]
        steps.append(f)
    return all(x <= y for f, g in itertools.pairwise(steps) for x, y in zip(f, g, strict=True))


@sampled("coefficient-floor", 11, "k_r >= kappa_r (2/s)^r after six iterations of the truncated series")
def coefficient_floor(rng: random.Random) -> bool:
    kappa = [Fraction(rng.randint(0, 9), rng.randint(10, 60)) for _ in range(5)]
    w, s = Fraction(1, rng.randint(8, 40)), Fraction(rng.randint(2, 4))
    rho = [Fraction(0)] * 6
    for _ in range(6):
        f = (compose(kappa, rho) + [Fraction(0)] * 6)[:6]
        rho = [2 * w * x / s + (2 / s if k == 1 else 0) for k, x in enumerate(f)]
    return all(f[r] >= kappa[r] * (2 / s) ** r for r in range(5))


def compose(p: list[Fraction], q: list[Fraction]) -> list[Fraction]:
    """p(q(t)) truncated at the length of q, by Horner's rule.

    >>> compose([Fraction(0), Fraction(0), Fraction(1)], [Fraction(1), Fraction(1), Fraction(0)])
    [Fraction(1, 1), Fraction(2, 1), Fraction(1, 1)]
    """
    size = len(q)
    total = [Fraction(0)] * size
    for coefficient in reversed(p):
        product = [Fraction(0)] * size
        for i, x in enumerate(total):
            for j, y in enumerate(q[: size - i]):
                product[i + j] += x * y
        product[0] += coefficient
        total = product
    return total
