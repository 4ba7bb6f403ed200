"""Random rational vectors and matrices whose norms and eigenvalues are known exactly."""

from __future__ import annotations

import random

from flint import fmpq, fmpq_mat

from .instances import rational


def positive(rng: random.Random) -> fmpq:
    """A random positive rational."""
    return fmpq(rng.randint(1, 9), rng.randint(1, 9))


def share(rng: random.Random) -> fmpq:
    """A random rational strictly between 0 and 1."""
    return fmpq(rng.randint(1, 9), 10)


def signed_share(rng: random.Random) -> fmpq:
    """A random rational between -1 and 1."""
    return fmpq(rng.randint(-10, 10), 10)


def matrix(rng: random.Random, n: int, m: int) -> fmpq_mat:
    """A random rational matrix."""
    return fmpq_mat(n, m, [rational(rng) for _ in range(n * m)])


def vector(rng: random.Random, n: int) -> fmpq_mat:
    """A random rational column that is not zero."""
    found = matrix(rng, n, 1)
    return found if squared(found) != 0 else fmpq_mat(n, 1, [1] * n)


def diagonal(entries: list[fmpq]) -> fmpq_mat:
    """The diagonal matrix of these entries."""
    n = len(entries)
    return fmpq_mat(n, n, [entries[i] if i == j else fmpq(0) for i in range(n) for j in range(n)])


def eye(n: int, factor: fmpq | int = 1) -> fmpq_mat:
    """A multiple of the identity.

    >>> eye(2, fmpq(1, 3))
    [1/3,   0]
    [  0, 1/3]
    """
    return diagonal([fmpq(factor)] * n)


def inner(x: fmpq_mat, y: fmpq_mat) -> fmpq:
    """The sum of the products of the entries.

    >>> inner(fmpq_mat(2, 1, [1, 2]), fmpq_mat(2, 1, [3, 4]))
    11
    """
    return sum((x[i, j] * y[i, j] for i in range(x.nrows()) for j in range(x.ncols())), fmpq(0))


def squared(x: fmpq_mat) -> fmpq:
    """The squared Frobenius norm."""
    return inner(x, x)


def entrywise_relu(x: fmpq_mat) -> fmpq_mat:
    """The positive part of every entry."""
    n, m = x.nrows(), x.ncols()
    return fmpq_mat(n, m, [max(x[i, j], fmpq(0)) for i in range(n) for j in range(m)])


def orthogonal(rng: random.Random, n: int) -> fmpq_mat:
    """A rational orthogonal matrix: the product of two reflections.

    >>> q = orthogonal(random.Random(0), 3)
    >>> q * q.transpose() == eye(3)
    True
    """
    found = eye(n)
    for _ in range(2):
        v = vector(rng, n)
        found = found * (eye(n) - v * v.transpose() * (2 / squared(v)))
    return found


def with_spectrum(rng: random.Random, eigenvalues: list[fmpq]) -> fmpq_mat:
    """A symmetric rational matrix with these eigenvalues."""
    q = orthogonal(rng, len(eigenvalues))
    return q * diagonal(eigenvalues) * q.transpose()


def contraction(rng: random.Random, n: int, norm: fmpq) -> fmpq_mat:
    """A rational matrix of spectral norm at most this."""
    return orthogonal(rng, n) * diagonal([norm * signed_share(rng) for _ in range(n)]) * orthogonal(rng, n)


def rescaled(x: fmpq_mat, bound: fmpq) -> fmpq_mat:
    """The matrix divided by a power of two, so that its Frobenius norm is at most the bound."""
    while squared(x) > bound * bound:
        x = x * fmpq(1, 2)
    return x
