"""Lines about the nullity of the arc-cosine Gram matrix, in rational numbers at random inputs."""

from __future__ import annotations

import random
from collections.abc import Sequence

from flint import fmpq, fmpq_mat

from ...proof_lines.draws import inner, matrix, squared, vector
from ...proof_lines.instances import rational
from ...proof_lines.relations import Instances, Relation, Sides, argument

D = 3
HEXAGON = ((1, -1, 0), (1, 0, -1), (0, 1, -1))
"""Three dependent directions of the plane x + y + z = 0; with their antipodes they are a regular hexagon."""
Vectors = Sequence[fmpq_mat]


def _relu(x: fmpq) -> fmpq:
    return max(x, fmpq(0))


def _function(w: fmpq_mat, x: Vectors, c: Sequence[fmpq]) -> fmpq:
    """The sum of c_i relu(w . x_i)."""
    return sum((a * _relu(inner(w, y)) for a, y in zip(c, x, strict=True)), fmpq(0))


def _table(rows: Sequence[Sequence[fmpq]]) -> fmpq_mat:
    return fmpq_mat(len(rows), len(rows[0]), [entry for row in rows for entry in row])


@argument("nullity-form", "the quadratic form of the Gram matrix of features at five weights")
def nullity_form() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        x, c = [vector(rng, D) for _ in range(4)], [rational(rng) for _ in range(4)]
        weights = [vector(rng, D) for _ in range(5)]
        features = _table([[_relu(inner(w, y)) for y in x] for w in weights])
        column = fmpq_mat(4, 1, c)
        form = (column.transpose() * features.transpose() * features * column)[0, 0]
        return form, sum((_function(w, x, c) ** 2 for w in weights), fmpq(0))

    return (Instances(draw, 220, equal=True),)


def _parallel(x: fmpq_mat, y: fmpq_mat) -> bool:
    return bool(inner(x, y) ** 2 == squared(x) * squared(y))


def _on_hyperplane(rng: random.Random, x: fmpq_mat, others: Vectors) -> tuple[fmpq_mat, fmpq]:
    """A point of the hyperplane of x and of no other, and a step along x that meets no other."""
    crossing = [y for y in others if not _parallel(x, y)]
    while True:
        v = vector(rng, D)
        w = v - x * (inner(v, x) / squared(x))
        if all(inner(w, y) != 0 for y in crossing):
            steps = [abs(inner(w, y)) / (abs(inner(x, y)) + 1) / 2 for y in crossing]
            return w, min(steps, default=fmpq(1))


@argument("nullity-kink", "the second difference of f across the hyperplane of one line, four other inputs")
def nullity_kink() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        x, others = vector(rng, D), [vector(rng, D) for _ in range(4)]
        others = [y for y in others if not _parallel(x, y)]
        inputs, c = [x, -x, *others], [rational(rng) for _ in range(2 + len(others))]
        w, t = _on_hyperplane(rng, x, others)
        values = [_function(w + x * step, inputs, c) for step in (t, fmpq(0), -t)]
        return values[0] - 2 * values[1] + values[2], t * (c[0] + c[1]) * squared(x)

    return (Instances(draw, 221, equal=True),)


@argument("nullity-linear", "f of three antipodal pairs with opposite coefficients, and the linear function")
def nullity_linear() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        x, c, w = [vector(rng, D) for _ in range(3)], [rational(rng) for _ in range(3)], vector(rng, D)
        combination = sum((y * a for y, a in zip(x, c, strict=True)), fmpq_mat(D, 1))
        return _function(w, [*x, *(-y for y in x)], [*c, *(-a for a in c)]), inner(w, combination)

    return (Instances(draw, 222, equal=True),)


def _counted(rng: random.Random, alone: Vectors, pairs: Vectors, repeated: int) -> Sides:
    """What the features at weights across each hyperplane leave of the number of inputs, and the formula.

    The weights determine f: three on both sides of each hyperplane and on it, and some that span the space.
    """
    inputs = [*alone, *pairs, *(-x for x in pairs)]
    inputs += [inputs[k] * fmpq(rng.randint(1, 5)) for k in range(repeated)]
    weights = [matrix(rng, D, 1) for _ in range(2 * D)]
    for x in inputs:
        w, t = _on_hyperplane(rng, x, inputs)
        weights += [w, w + x * t, w - x * t]
    features = _table([[_relu(inner(w, y)) for y in inputs] for w in weights])
    rank = int(_table([list(x.entries()) for x in pairs]).rref()[1]) if pairs else 0
    return fmpq(len(inputs) - int(features.rref()[1])), fmpq(repeated + len(pairs) - rank)


@argument("nullity-count", "ranks of features at weights across each hyperplane: repetitions, pairs; the hexagon")
def nullity_count() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        drawn = [vector(rng, D) for _ in range(rng.randint(2, 6))]
        lines = [x for k, x in enumerate(drawn) if not any(_parallel(x, y) for y in drawn[:k])]
        cut = rng.randint(0, len(lines))
        return _counted(rng, lines[:cut], lines[cut:], rng.randint(0, 2))

    plane = [fmpq_mat(D, 1, list(x)) for x in HEXAGON]
    rng = random.Random(223)
    special = (_counted(rng, [], plane, 0), _counted(rng, plane[:1], plane[1:], 0), _counted(rng, [], plane, 2))
    return (Instances(draw, 224, special, equal=True),)
