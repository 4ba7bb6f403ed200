"""Kernels from kernels: sums, products, positive multiples, powers and the normalised kernel, again semidefinite.

Sums, products (Schur) and positive multiples of positive semidefinite functions are positive semidefinite, and so is
:math:`k(x,y)/\\sqrt{k(x,x)k(y,y)}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Any, Self

import numpy as np
from flint import arb, arb_mat

from ...theory.errors import SpecError
from ...theory.numbers import rational
from ...theory.printable import shown
from ..balls.ball import enclose
from ..balls.precision import precision
from ..eigenvalues.nullspace import NullVector, RankBound
from ..kernels import entrywise
from ..kernels.ballarray import BallArray, read_only
from ..kernels.ballmatrix import BallMatrix
from ..studies.data import DataSet
from .block import Block
from .covariance import Covariance
from .leaf import repeated, written

FLOAT_BITS = 96
"""Precision of the diagonal behind a normalised matrix in float64."""
DEEPEST = 100
"""Operations inside operations go no deeper."""


@dataclass(frozen=True, slots=True)
class Composite(Covariance):
    """A kernel with parts; its parameters are theirs, under the number of the part: ``0.scale``, ``1.sigma_w2``."""

    parts: tuple[Covariance, ...]

    def __post_init__(self) -> None:
        if self.depth > DEEPEST:
            raise SpecError(f"kernel: more than {DEEPEST} operations inside each other: write the kernel more simply.")

    @property
    def depth(self) -> int:
        """How many operations are inside each other."""
        return 1 + max(part.depth if isinstance(part, Composite) else 0 for part in self.parts)

    def _require_memory(self, block: Block) -> None:
        """Each operation that is under way holds a result, and the innermost its parts and temporaries."""
        block.require_memory(f"{self.name} of kernels", 2 * self.depth + 6)

    @property
    def name(self) -> str:
        """What is done with the parts."""
        return type(self).__name__.lower()

    @property
    def parameters(self) -> Mapping[str, object]:
        """The parameters of the parts."""
        return {f"{i}.{key}": value for i, part in enumerate(self.parts) for key, value in part.parameters.items()}

    def changed(self, changes: Mapping[str, object]) -> Self:
        """The same with other parameters of the parts."""
        chosen: list[dict[str, object]] = [{} for _ in self.parts]
        for key, value in changes.items():
            place, _, rest = str(key).partition(".")
            if not (rest and place.isdecimal() and int(place) < len(self.parts)):
                raise SpecError(
                    f"kernel: this {self.name} has no parameter {shown(key)}. Known: {', '.join(self.parameters)}."
                )
            chosen[int(place)][rest] = value
        return replace(self, parts=tuple(p.changed(c) if c else p for p, c in zip(self.parts, chosen, strict=True)))

    def quick(self, block: Block) -> bool:
        """Whether all parts are."""
        return all(part.quick(block) for part in self.parts)

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """Two points that are one."""
        return repeated(data)

    def _balls(self, block: Block, bits: int) -> list[list[arb]]:
        return [part.balls(block, bits).entries() for part in self.parts]


class Sum(Composite):
    """The sum of its parts."""

    __slots__ = ()

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii."""
        self._require_memory(block)
        return reduce(entrywise.add, (part.values(block) for part in self.parts))

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls."""
        tables = self._balls(block, bits)
        with precision(bits):
            return arb_mat(*block.shape, [sum(entries, arb(0)) for entries in zip(*tables, strict=True)])

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values k(x, x)."""
        columns = [part.diagonal(data, bits) for part in self.parts]
        with precision(bits):
            return [sum(entries, arb(0)) for entries in zip(*columns, strict=True)]

    def __str__(self) -> str:
        return " + ".join(map(str, self.parts))


class Product(Composite):
    """The product of its parts."""

    __slots__ = ()

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii."""
        self._require_memory(block)
        return reduce(entrywise.multiply, (part.values(block) for part in self.parts))

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls."""
        tables = self._balls(block, bits)
        with precision(bits):
            return arb_mat(*block.shape, [_product(entries) for entries in zip(*tables, strict=True)])

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values k(x, x)."""
        columns = [part.diagonal(data, bits) for part in self.parts]
        with precision(bits):
            return [_product(entries) for entries in zip(*columns, strict=True)]

    def __str__(self) -> str:
        return " * ".join(map(_inside, self.parts))


@dataclass(frozen=True, slots=True)
class Scaled(Composite):
    """A positive multiple of one part; the parameter ``factor`` is its own."""

    factor: Fraction

    def __post_init__(self) -> None:
        Composite.__post_init__(self)
        if not self.factor > 0:
            raise SpecError(f"kernel: a kernel times {self.factor} is none: multiply by a positive number.")

    @property
    def parameters(self) -> Mapping[str, object]:
        """The factor, and the parameters of the part."""
        return {"factor": self.factor, **Composite.parameters.__get__(self)}

    def changed(self, changes: Mapping[str, object]) -> Self:
        """The same with other parameters."""
        rest = {key: value for key, value in changes.items() if key != "factor"}
        made = Composite.changed(self, rest)
        if "factor" not in changes:
            return made
        given: Any = changes["factor"]  # what is no number raises
        return replace(made, factor=rational(given, what="factor"))

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii."""
        self._require_memory(block)
        return entrywise.scale(self.parts[0].values(block), self.factor)

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls."""
        table = self.parts[0].balls(block, bits)
        with precision(bits):
            return table * enclose(self.factor)

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values k(x, x)."""
        entries = self.parts[0].diagonal(data, bits)
        with precision(bits):
            return [x * enclose(self.factor) for x in entries]

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """What is singular stays so."""
        return self.parts[0].singular(data)

    def __str__(self) -> str:
        return f"{written(self.factor)!r} * {_inside(self.parts[0])}"


@dataclass(frozen=True, slots=True)
class Power(Composite):
    """A positive integer power of one part."""

    exponent: int

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii."""
        self._require_memory(block)
        return entrywise.power(self.parts[0].values(block), self.exponent)

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls."""
        entries = self.parts[0].balls(block, bits).entries()
        with precision(bits):
            return arb_mat(*block.shape, [_product([x] * self.exponent) for x in entries])

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values k(x, x)."""
        entries = self.parts[0].diagonal(data, bits)
        with precision(bits):
            return [_product([x] * self.exponent) for x in entries]

    def __str__(self) -> str:
        return f"{_inside(self.parts[0])} ** {self.exponent}"


class Normalised(Composite):
    r""":math:`k(x,y)/\sqrt{k(x,x)k(y,y)}` for a kernel whose diagonal is positive."""

    __slots__ = ()

    def values(self, block: Block) -> BallArray:
        """The values in float64 with radii; the diagonal of a square is exactly 1."""
        from ..deep.bounds import roots

        self._require_memory(block)
        with precision(FLOAT_BITS):
            scale = roots([1 / x for x in self._positive(block.stacked, FLOAT_BITS)])
        left, right = scale[list(block.rows)], scale[list(block.columns)]
        with np.errstate(over="ignore"):
            unit = np.multiply.outer(left, right)
        if not np.isfinite(unit).all():
            raise SpecError(entrywise.BEYOND)
        given = self.parts[0].values(block)
        outer = BallArray(read_only(unit), read_only(unit * 2.0**-50))  # two factors known to 2u, and one rounding
        found = entrywise.multiply(given, BallMatrix(unit, unit * 2.0**-50) if block.symmetric else outer)
        if not block.symmetric:
            return found
        mid, rad = found.mid.copy(), np.array(found.rad)
        np.fill_diagonal(mid, 1.0)
        np.fill_diagonal(rad, 0.0)
        return BallMatrix(read_only(mid), read_only(rad), provenance=found.provenance)

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The values in balls."""
        table = self.parts[0].balls(block, bits)
        root = [x.rsqrt() for x in self._positive(block.stacked, bits)]
        with precision(bits):
            result = arb_mat(*block.shape)
            for a, i in enumerate(block.rows):
                for b, j in enumerate(block.columns):
                    result[a, b] = arb(1) if i == j else table[a, b] * root[i] * root[j]
            return result

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """One, for each point."""
        return [arb(1)] * data.n

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """A rank is not changed by scaling rows and columns; a null vector is."""
        found = self.parts[0].singular(data)
        return found if isinstance(found, RankBound) else repeated(data)

    def _positive(self, data: DataSet, bits: int) -> list[arb]:
        found = self.parts[0].diagonal(data, bits)
        for i, x in enumerate(found):
            if not x > 0:
                raise SpecError(f"kernel: k(x, x) of point {i} is not proved positive: it cannot be normalised.")
        return found

    def __str__(self) -> str:
        return f"{_inside(self.parts[0])}.normalised()"


def _product(entries: Sequence[arb]) -> arb:
    result = arb(1)
    for x in entries:
        result *= x
    return result


def _inside(part: Covariance) -> str:
    return str(part) if not isinstance(part, Composite) else f"({part})"
