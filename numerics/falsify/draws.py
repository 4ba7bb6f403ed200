"""Random and degenerate instances from a seeded generator: where a search starts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .domain import Array, Domain, Finite, Instance, Real

Generator = np.random.Generator


def draw(domain: Domain, random: Generator) -> Instance:
    """An instance whose sizes, choices and numbers are drawn; every second one is degenerate in some way.

    >>> found = draw(Domain((Real("x", ("n", 2)),), {"n": (3,)}), np.random.default_rng(0))
    >>> found["x"].shape
    (3, 2)
    """
    sizes = {name: int(random.choice(allowed)) for name, allowed in domain.sizes.items()}
    choices = {name: str(random.choice(allowed)) for name, allowed in domain.choices.items()}
    values = {}
    for variable in domain.variables:
        shape = domain.shape(variable, sizes)
        if isinstance(variable, Finite):
            found = random.choice(variable.values, size=shape)
            found = np.full(shape, random.choice(variable.values)) if random.random() < 0.3 else found
        else:
            found = _factors(variable, shape, random) if variable.logarithmic else _numbers(variable, shape, random)
        values[variable.name] = np.asarray(found, dtype=np.float64)
    return Instance(sizes, choices, values)


def _factors(variable: Real, shape: tuple[int, ...], random: Generator) -> Array:
    """Positive numbers over the whole range of orders of magnitude, or an order around 1."""
    low, high = np.log2(variable.low), np.log2(variable.high)
    if random.random() < 0.5:
        low, high = max(low, min(-3.0, high)), min(high, max(3.0, low))
    found = random.uniform(low, high, size=shape)
    if random.random() < 0.2:
        found = np.full(shape, random.choice((low, high, random.uniform(low, high))))
    return np.asarray(np.clip(np.exp2(found), variable.low, variable.high))


def _numbers(variable: Real, shape: tuple[int, ...], random: Generator) -> Array:
    """Normal or uniform numbers, half of the time made degenerate."""
    width = variable.high - variable.low
    if random.random() < 0.5:
        found = random.uniform(variable.low, variable.high, size=shape)
    else:
        found = random.standard_normal(shape) * min(1.0, width / 4)
        if not variable.low <= 0.0 <= variable.high:
            found = (variable.low + variable.high) / 2 + found
    found = np.asarray(found, dtype=np.float64)
    if random.random() < 0.5:
        found = np.asarray(_DEGENERATE[int(random.integers(len(_DEGENERATE)))](variable, found, random))
    return np.clip(found, variable.low, variable.high)


def _corner(variable: Real, x: Array, random: Generator) -> Array:
    return np.full(x.shape, random.choice(variable.corners)) if variable.corners else x


def _corners(variable: Real, x: Array, random: Generator) -> Array:
    return np.asarray(random.choice(variable.corners, size=x.shape)) if variable.corners else x


def _scaled(variable: Real, x: Array, random: Generator) -> Array:
    return np.ldexp(x, int(random.integers(-30, 8)))


def _equal(variable: Real, x: Array, random: Generator) -> Array:
    return np.broadcast_to(x[:1], x.shape).copy() if x.ndim else x


def _nearly_equal(variable: Real, x: Array, random: Generator) -> Array:
    return _equal(variable, x, random) + np.ldexp(random.standard_normal(x.shape), int(random.integers(-20, -3)))


def _opposite(variable: Real, x: Array, random: Generator) -> Array:
    if not x.ndim:
        return -x
    signs = np.where(np.arange(len(x)) % 2, -1.0, 1.0).reshape((-1,) + (1,) * (x.ndim - 1))
    return _equal(variable, x, random) * signs


def _orthogonal(variable: Real, x: Array, random: Generator) -> Array:
    return np.eye(*x.shape) * random.choice((0.5, 1.0, 2.0)) if x.ndim == 2 else x


def _sparse(variable: Real, x: Array, random: Generator) -> Array:
    return x * (random.random(x.shape) < 0.4)


def _ladder(variable: Real, x: Array, random: Generator) -> Array:
    steps = np.arange(x.size, dtype=np.float64).reshape(x.shape)
    return np.asarray((steps - steps.mean()) * float(random.uniform(0.0, 2.0)) if x.size > 1 else x)


_DEGENERATE: tuple[Callable[[Real, Array, Generator], Array], ...] = (
    _corner, _corners, _scaled, _equal, _nearly_equal, _opposite, _orthogonal, _sparse, _ladder,
)  # fmt: skip
