"""Random admissible covariances and parameters, rational, with the corners where formulas break: fixed seeds."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction

import sympy

from ...theory.closed_forms import A, B, C

Environment = dict[sympy.Symbol, Fraction]

CORNERS = (
    ("correlation near 1", 0, 1 - Fraction(1, 2**20)),
    ("correlation near -1", 0, -1 + Fraction(1, 2**20)),
    ("tiny variances", -15, None),
    ("huge variances", 10, None),
)
"""Names, the binary exponent of the standard deviations, and the correlation (None: random)."""

MAX_ORDER = 6
"""Largest value of a parameter that is an order."""


@dataclass(frozen=True, slots=True)
class Point:
    """Rational values for a, b, c and the parameters; ``kind`` says what is special about them."""

    kind: str
    values: tuple[tuple[sympy.Symbol, Fraction], ...]

    @property
    def environment(self) -> Environment:
        """The values as a table."""
        return dict(self.values)

    def __str__(self) -> str:
        return ", ".join(f"{symbol} = {value}" for symbol, value in self.values)


def points(parameters: tuple[sympy.Symbol, ...], generic: int, seed: int, *, corners: bool = True) -> tuple[Point, ...]:
    """``generic`` random points, then the corners; variances are squares of rationals so that c can be near its bound.

    >>> [p.kind for p in points((), 2, 0)][:3]
    ['random', 'random', 'correlation near 1']
    """
    source = random.Random(seed)
    found = [_point("random", 0, None, parameters, source) for _ in range(generic)]
    if corners:
        found += [_point(name, exponent, rho, parameters, source) for name, exponent, rho in CORNERS]
    return tuple(found)


def _point(
    kind: str, exponent: int, rho: Fraction | None, parameters: tuple[sympy.Symbol, ...], source: random.Random
) -> Point:
    scale = Fraction(2) ** exponent
    s, t = (Fraction(source.randint(40, 160), 80) * scale for _ in range(2))
    if rho is None:
        rho = Fraction(source.choice((-1, 1)) * source.randint(10, 88), 100)
    values: list[tuple[sympy.Symbol, Fraction]] = [(A, s * s), (B, t * t), (C, rho * s * t)]
    for symbol in parameters:
        if symbol.is_integer:
            values.append((symbol, Fraction(source.randint(0, MAX_ORDER))))
            continue
        size = Fraction(source.randint(20, 150), 100)
        sign = 1 if symbol.is_positive else -1 if symbol.is_negative else source.choice((-1, 1))
        values.append((symbol, sign * size))
    return Point(kind, tuple(values))
