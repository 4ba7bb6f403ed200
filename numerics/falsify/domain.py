"""The instances of a bound as data: sizes, choices, and arrays of float64 numbers, each of which is meant exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from ...theory.errors import SpecError

Array = NDArray[np.float64]
Dimension = int | str
"""A length, or the name of a size."""


class Outside(Exception):
    """An instance does not satisfy a hypothesis of its bound, or is not proved to: nothing follows from it."""


@dataclass(frozen=True, slots=True)
class Real:
    """An array of real numbers in [low, high]; ``logarithmic`` ones are positive and are moved by factors.

    ``corners`` are values of special interest, such as kinks, where a search starts more often.
    """

    name: str
    shape: tuple[Dimension, ...] = ()
    low: float = -8.0
    high: float = 8.0
    logarithmic: bool = False
    corners: tuple[float, ...] = (0.0, 1.0, -1.0)

    def holds(self, array: Array) -> bool:
        """Whether every entry lies in the range."""
        return bool(np.all((array >= self.low) & (array <= self.high)))


@dataclass(frozen=True, slots=True)
class Finite:
    """An array whose entries are some of finitely many numbers, such as labels; it is drawn and not moved."""

    name: str
    values: tuple[float, ...]
    shape: tuple[Dimension, ...] = ()

    def holds(self, array: Array) -> bool:
        """Whether every entry is one of the values."""
        return bool(np.all(np.isin(array, self.values)))


@dataclass(frozen=True, eq=False)
class Instance:
    """Sizes and choices by name, and the float64 arrays of the variables.

    >>> x = Instance({"n": 2}, {}, {"x": np.array([0.5, 1.0]), "s": np.array(0.25)})
    >>> x.fractions("x"), x.fraction("s")
    ((Fraction(1, 2), Fraction(1, 1)), Fraction(1, 4))
    """

    sizes: Mapping[str, int]
    choices: Mapping[str, str]
    values: Mapping[str, Array]

    def __getitem__(self, name: str) -> Array:
        return self.values[name]

    def fraction(self, name: str) -> Fraction:
        """A number, exactly."""
        return Fraction(float(self.values[name]))

    def fractions(self, name: str) -> tuple[Fraction, ...]:
        """All entries of an array, row by row, exactly."""
        return tuple(Fraction(x) for x in self.values[name].ravel().tolist())

    def ball(self, name: str) -> arb:
        """A number as a ball of radius zero."""
        return arb(float(self.values[name]))

    def balls(self, name: str) -> list[arb]:
        """All entries of an array, row by row, as balls of radius zero."""
        return [arb(x) for x in self.values[name].ravel().tolist()]

    def matrix(self, name: str) -> arb_mat:
        """An array (n, m) as a matrix of balls of radius zero."""
        return arb_mat(self.values[name].tolist())

    def __str__(self) -> str:
        with np.printoptions(precision=6, threshold=24, edgeitems=3, linewidth=10_000):
            shown = (f"{name} = {' '.join(np.array2string(x).split())}" for name, x in self.values.items())
            return "; ".join([*(f"{k} = {v}" for k, v in {**self.sizes, **self.choices}.items()), *shown])


@dataclass(frozen=True, eq=False)
class Domain:
    """The instances to choose from: values of each size and choice, and the variables.

    ``sizes`` names lengths, ``choices`` words such as names of activations. Every instance of a domain satisfies the
    hypotheses of its bound by construction, or the bound decides them in balls and raises :class:`Outside`.

    >>> Domain((Real("x", ("n",)),), {"n": (1, 2)}).require(Instance({"n": 3}, {}, {}))
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: n = 3 is none of 1, 2.
    """

    variables: tuple[Real | Finite, ...]
    sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def shape(self, variable: Real | Finite, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The lengths of a variable."""
        return tuple(sizes[length] if isinstance(length, str) else length for length in variable.shape)

    def require(self, instance: Instance) -> None:
        """Raise :class:`SpecError` unless an instance belongs to the domain: what it claims would say nothing else."""
        for given, allowed in ((instance.sizes, self.sizes), (instance.choices, self.choices)):
            if set(given) != set(allowed):
                raise SpecError(f"an instance has {sorted(given)} where {sorted(allowed)} are expected.")
            for name, value in given.items():
                if value not in allowed[name]:
                    raise SpecError(f"{name} = {value} is none of {', '.join(map(str, allowed[name]))}.")
        if set(instance.values) != {variable.name for variable in self.variables}:
            raise SpecError(f"an instance has the variables {sorted(instance.values)}: others are expected.")
        for variable in self.variables:
            array = instance[variable.name]
            if array.shape != self.shape(variable, instance.sizes):
                raise SpecError(f"{variable.name} has the shape {array.shape}, which does not fit the sizes.")
            if not (np.all(np.isfinite(array)) and variable.holds(array)):
                raise SpecError(f"{variable.name} lies outside its range.")

    # -- coordinates: what local optimisation moves ----------------------------------------

    def _moved(self) -> Iterator[Real]:
        return (variable for variable in self.variables if isinstance(variable, Real))

    def coordinates(self, instance: Instance) -> Array:
        """The real variables as one vector; logarithmic ones by their binary logarithms."""
        parts = [np.log2(instance[v.name]) if v.logarithmic else instance[v.name] for v in self._moved()]
        return np.concatenate([part.ravel() for part in parts]) if parts else np.zeros(0)

    def at(self, instance: Instance, coordinates: Array) -> Instance:
        """The instance with other coordinates, clipped to the ranges."""
        values, start = dict(instance.values), 0
        for variable in self._moved():
            old = instance[variable.name]
            part = coordinates[start : start + old.size].reshape(old.shape)
            start += old.size
            moved = np.exp2(np.clip(part, -1000, 1000)) if variable.logarithmic else part
            values[variable.name] = np.asarray(np.clip(moved, variable.low, variable.high), dtype=np.float64)
        return replace(instance, values=values)


def rounded(array: Array, digits: int) -> Array:
    """The numbers with ``digits`` binary digits.

    >>> rounded(np.array([0.3, -5.1]), 2)
    array([ 0.25, -6.  ])
    """
    mantissa, exponent = np.frexp(array)
    return np.asarray(np.ldexp(np.round(np.ldexp(mantissa, digits)), exponent - digits))
