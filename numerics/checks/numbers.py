"""Enclosed numbers that several papers offer for a second computation; the recipes say what each number is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from random import Random

import numpy as np
import sympy
from flint import arb

from ...theory.errors import DerivationGap
from ..balls.ball import Ball
from ..eigenvalues.eigenvalue import least_eigenvalue
from ..kernels.ballmatrix import BallMatrix
from ..second_opinion.recipes import EnclosedNumber, Ends, LeastEigenvalue, Recipe, SupremumOfAbsoluteValue
from ..studies.gram_model import GramModel

NARROW = 1e-14
"""Relative width that is asked of their enclosures."""
BLOCK = 6
"""Rows of the principal blocks whose least eigenvalue is computed again."""


def ends(x: arb | Ball) -> Ends:
    """The ends of a ball, exactly; raises :class:`DerivationGap` where it is not finite.

    >>> ends(arb(1) / 2)
    (Fraction(1, 2), Fraction(1, 2))
    """
    ball = x if isinstance(x, Ball) else Ball(x)
    if not ball.finite:
        raise DerivationGap("the number has no finite enclosure.")
    return ball.lower, ball.upper


def pairs(rows: Sequence[int], pick: Random, count: int) -> list[tuple[int, int]]:
    """Different pairs i > j of some rows, at most ``count``.

    >>> pairs([4, 7], Random(0), 5)
    [(7, 4)]
    """
    found: dict[tuple[int, int], None] = {}
    for _ in range(4 * count if len(rows) > 1 else 0):
        i, j = sorted(pick.sample(rows, 2), reverse=True)
        found[i, j] = None
        if len(found) == count:
            break
    return list(found)


def gram_entries(
    model: GramModel, rows: Sequence[int], pick: Random, count: int, recipe: Callable[[int, int], Recipe]
) -> Iterator[EnclosedNumber]:
    """Entries of the population Gram matrix; ``recipe`` says what entry (i, j) is."""

    def found(i: int, j: int) -> tuple[Ends, Recipe]:
        return ends(model.gram.ball(i, j)), recipe(i, j)

    for i, j in pairs(rows, pick, count):
        where = f"entry ({i}, {j})"
        yield EnclosedNumber(f"{model.system}.least-eigenvalue", "Gram matrix entry", where, partial(found, i, j))


def small_blocks(model: GramModel, pick: Random, count: int) -> Iterator[EnclosedNumber]:
    """Least eigenvalues of principal blocks of the midpoints, as the ladder encloses them."""

    def found(rows: tuple[int, ...]) -> tuple[Ends, Recipe]:
        block = model.gram.mid[np.ix_(rows, rows)]
        enclosed = least_eigenvalue(BallMatrix(block, 0.0), budget=model.budget, relative_width=NARROW)
        exactly = tuple(tuple(map(Fraction, row)) for row in block.tolist())
        return (Fraction(enclosed.lower), Fraction(enclosed.upper)), LeastEigenvalue(exactly)

    size, claim = min(BLOCK, model.data.n), f"{model.system}.least-eigenvalue"
    blocks = {tuple(sorted(pick.sample(range(model.data.n), size))) for _ in range(count)}
    for rows in sorted(blocks):
        where = f"rows {', '.join(map(str, rows))}"
        yield EnclosedNumber(claim, "least eigenvalue of a small principal block", where, partial(found, rows))


def supremum(
    claim: str, where: str, expression: Callable[[], sympy.Expr], enclosure: Callable[[], arb | None]
) -> EnclosedNumber:
    """The supremum of the modulus of an expression; not enclosed where ``enclosure`` gives None."""

    def found() -> tuple[Ends, Recipe]:
        value = enclosure()
        if value is None:
            raise DerivationGap(f"{where} has no finite enclosure.")
        return ends(value), SupremumOfAbsoluteValue(expression())

    return EnclosedNumber(claim, "supremum, from below", where, found)
