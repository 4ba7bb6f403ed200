"""Kernels of networks of layers by their definition: every pair of positions of every pair of images, by mpmath.

Slow, and on purpose nothing but the recursion as it is written down: covariances in a table with a row for each
position of each image, one loop for each layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any

from mpmath import mp

from ...theory.errors import SpecError
from .functions import Number

Place = tuple[int, tuple[int, ...]]
Table = dict[tuple[Place, Place], Number]
Layers = Sequence[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _State:
    """The sides of an image of positions, the covariances and the tangent kernel of all pairs of places; ``mixed``: the
    entries of a place come from several positions, so that covariances do not determine what a function makes of them.
    """

    count: int
    sides: tuple[int, ...]
    sigma: Table
    theta: Table
    mixed: bool = False

    @property
    def places(self) -> list[Place]:
        return [(a, p) for a in range(self.count) for p in product(*map(range, self.sides))]


def layered_kernels(
    layers: Layers, images: Sequence[Any], digits: int
) -> tuple[list[list[Number]], list[list[Number]]]:
    """The NNGP and the tangent kernel of layers, each its name and its arguments, on images as nested lists.

    Activations: relu, leaky_relu(1/10) and erf, by their closed forms.

    >>> nngp, ntk = layered_kernels([("Dense", {}), ("Activation", {"function": "relu"}), ("Dense", {})], [[1.0]], 20)
    >>> print(nngp[0][0], ntk[0][0])
    0.5 1.0
    """
    with mp.workdps(digits):
        state = _start(images)
        for name, arguments in layers:
            state = _after(name, arguments, state)
        if state.sides:
            raise SpecError("the last layer leaves positions")
        at: list[Place] = [(a, ()) for a in range(state.count)]
        nngp, ntk = ([[table[a, b] for b in at] for a in at] for table in (state.sigma, state.theta))
        return nngp, ntk


def _start(images: Sequence[Any]) -> _State:
    sides, x = [], images[0]
    while isinstance(x[0], (list, tuple)):
        sides.append(len(x))
        x = x[0]
    state = _State(len(images), tuple(sides), {}, {})

    def pixel(place: Place) -> list[Number]:
        value = images[place[0]]
        for k in place[1]:
            value = value[k]
        return [mp.mpf(c) for c in value]

    pixels = {place: pixel(place) for place in state.places}
    for a, b in product(state.places, repeat=2):
        state.sigma[a, b] = sum((s * t for s, t in zip(pixels[a], pixels[b], strict=True)), mp.mpf(0)) / len(pixels[a])
        state.theta[a, b] = mp.mpf(0)
    return state


def _after(name: str, given: dict[str, Any], state: _State) -> _State:
    if name in ("Dense", "Conv"):
        return _weights(given, state)
    if name == "Activation":
        return _activation(given["function"], state)
    if name == "LayerNorm":
        return _norm(given, state)
    if name == "Residual":
        one = other = state
        for inner, arguments in given["block"]:
            one = _after(inner, arguments, one)
        for inner, arguments in given.get("shortcut", ()):
            other = _after(inner, arguments, other)
        return replace(
            one,
            sigma={k: one.sigma[k] + other.sigma[k] for k in one.sigma},
            theta={k: one.theta[k] + other.theta[k] for k in one.theta},
            mixed=one.mixed or other.mixed,
        )
    if name == "Flatten":
        return replace(_pooled(state, together=True), mixed=state.mixed or math.prod(state.sides) > 1)
    if name == "GlobalAveragePool":
        return replace(_pooled(state, together=False), mixed=state.mixed)
    window, sides, seen = _geometry(given["window_shape"], given, state.sides)
    return _means(state, sides, seen, window)


def _geometry(window: Sequence[int], given: dict[str, Any], sides: Sequence[int]) -> tuple[int, tuple[int, ...], Any]:
    """The size of the window, the sides after it, and the places that an output sees, each with its offset."""
    strides = given.get("strides") or [1] * len(window)
    padding = given.get("padding", "VALID")
    out, low = [], []
    for n, f, s in zip(sides, window, strides, strict=True):
        out.append((n - f) // s + 1 if padding == "VALID" else -(-n // s))
        low.append(0 if padding == "VALID" else max((out[-1] - 1) * s + f - n, 0) // 2)

    def seen(o: tuple[int, ...]) -> dict[tuple[int, ...], tuple[int, ...]]:
        found = {}
        for k in product(*map(range, window)):
            at = [c * s + j - before for c, s, j, before in zip(o, strides, k, low, strict=True)]
            if padding == "CIRCULAR":
                at = [c % n for c, n in zip(at, sides, strict=True)]
            if all(0 <= c < n for c, n in zip(at, sides, strict=True)):
                found[k] = tuple(at)
        return found

    return math.prod(window), tuple(out), seen


def _weights(given: dict[str, Any], state: _State) -> _State:
    shape = given.get("filter_shape")
    sides = state.sides
    size, sides, seen = _geometry([1] * len(sides) if shape is None else shape, given, sides)
    w, b = (_number(given.get(key, default)) for key, default in (("sigma_w2", "1"), ("sigma_b2", "0")))
    after = _State(state.count, sides, {}, {})
    for (i, p), (j, q) in product(after.places, repeat=2):
        left, right = seen(p), seen(q)
        pairs = [((i, left[k]), (j, right[k])) for k in left if k in right]
        sigma = w * sum((state.sigma[x] for x in pairs), mp.mpf(0)) / size + b
        passed = w * sum((state.theta[x] for x in pairs), mp.mpf(0)) / size
        key = ((i, p), (j, q))
        after.sigma[key], after.theta[key] = sigma, passed + (sigma if given.get("trained", True) else 0)
    return after


def _activation(function: str, state: _State) -> _State:
    if state.mixed:
        raise SpecError("an activation behind a Flatten of several positions: the recursion has no such line")
    sigma, theta = {}, {}
    for a, b in state.sigma:
        features, slopes = _dual(function, state.sigma[a, a], state.sigma[b, b], state.sigma[a, b])
        sigma[a, b], theta[a, b] = features, slopes * state.theta[a, b]
    return replace(state, sigma=sigma, theta=theta)


def _dual(function: str, a: Number, b: Number, c: Number) -> tuple[Number, Number]:
    if function == "erf":
        scale = mp.sqrt((1 + 2 * a) * (1 + 2 * b))
        return 2 / mp.pi * mp.asin(2 * c / scale), 4 / mp.pi / mp.sqrt(scale**2 - 4 * c**2)
    leak = {"relu": mp.mpf(0), "leaky_relu(1/10)": mp.mpf(1) / 10}[function]
    if a == 0 or b == 0:
        return mp.mpf(0), mp.mpf(0)
    root = mp.sqrt(a * b)
    angle = mp.acos(max(-1, min(1, c / root)))
    arc = (mp.sin(angle) + (mp.pi - angle) * mp.cos(angle)) / (2 * mp.pi)  # of relu, at unit variances
    mirrored = (mp.sin(angle) - angle * mp.cos(angle)) / (2 * mp.pi)  # of relu(u) relu(-v)
    both = (mp.pi - angle) / (2 * mp.pi)
    opposite = angle / (2 * mp.pi)
    return root * ((1 + leak**2) * arc - 2 * leak * mirrored), (1 + leak**2) * both + 2 * leak * opposite


def _norm(given: dict[str, Any], state: _State) -> _State:
    eps = _number(given.get("eps", "1e-12"))

    def spread(place: Place) -> Number:
        if given.get("axis", "channels") == "channels":
            return state.sigma[place, place]
        mine = [p for p in state.places if p[0] == place[0]]
        return sum((state.sigma[p, p] for p in mine), mp.mpf(0)) / len(mine)

    scale = {place: 1 / mp.sqrt(eps + spread(place)) for place in state.places}
    sigma, theta = (
        {(a, b): x * scale[a] * scale[b] for (a, b), x in table.items()} for table in (state.sigma, state.theta)
    )
    return replace(state, sigma=sigma, theta=theta)


def _pooled(state: _State, *, together: bool) -> _State:
    """The mean over all positions: of equal ones (``together``), or of all pairs."""
    after = _State(state.count, (), {}, {})
    positions = list(product(*map(range, state.sides)))
    for i, j in product(range(state.count), repeat=2):
        pairs = [((i, p), (j, q)) for p in positions for q in positions if p == q or not together]
        key = ((i, ()), (j, ()))
        for table, source in ((after.sigma, state.sigma), (after.theta, state.theta)):
            table[key] = sum((source[x] for x in pairs), mp.mpf(0)) / len(pairs)
    return after


def _means(state: _State, sides: tuple[int, ...], seen: Any, window: int) -> _State:
    """The mean over windows that slide on each of two images by themselves."""
    after = _State(state.count, sides, {}, {})
    for (i, p), (j, q) in product(after.places, repeat=2):
        pairs = [((i, x), (j, y)) for x in seen(p).values() for y in seen(q).values()]
        for table, source in ((after.sigma, state.sigma), (after.theta, state.theta)):
            table[(i, p), (j, q)] = sum((source[x] for x in pairs), mp.mpf(0)) / window**2
    return after


def _number(text: Any) -> Number:
    value = Fraction(str(text))
    return mp.mpf(value.numerator) / value.denominator
