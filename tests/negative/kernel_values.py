"""Kernels by name and the kernels made of them, in mpmath, from the formulas of docs/kernels.md: a second account of
what the checker computes, with angles where it has fixed-point series and quadrature where it has Hermite series."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy as np

Table = list[list[mpmath.mpf]]
STEP, REACH, STEPS = 0.125, 72, 400


def mp(q: Any) -> mpmath.mpf:
    return mpmath.mpf(Fraction(q).numerator) / Fraction(q).denominator


def relu(a: mpmath.mpf, b: mpmath.mpf, c: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
    angle = mpmath.acos(max(min(c / mpmath.sqrt(a * b), mpmath.mpf(1)), mpmath.mpf(-1)))
    share = mpmath.pi - angle
    half = (mpmath.sin(angle) + share * mpmath.cos(angle)) / (2 * mpmath.pi)
    return mpmath.sqrt(a * b) * half, share / (2 * mpmath.pi)


def erf(a: mpmath.mpf, b: mpmath.mpf, c: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
    square = (1 + 2 * a) * (1 + 2 * b)
    return 2 / mpmath.pi * mpmath.asin(2 * c / mpmath.sqrt(square)), 4 / mpmath.pi / mpmath.sqrt(square - 4 * c * c)


@cache
def rule() -> tuple[np.ndarray, np.ndarray]:
    """The trapezoid rule for the Gaussian density, which is exponentially accurate for analytic functions."""
    x = STEP * np.arange(-REACH, REACH + 1)
    return x, STEP * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def by_quadrature(
    phi: Callable[[np.ndarray], np.ndarray], slope: Callable[[np.ndarray], np.ndarray]
) -> Callable[..., tuple[mpmath.mpf, mpmath.mpf]]:
    def both(a: mpmath.mpf, b: mpmath.mpf, c: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
        x, w = rule()
        u = np.sqrt(float(a)) * x
        v = float(c) / np.sqrt(float(a)) * x[:, None] + np.sqrt(max(float(b - c * c / a), 0.0)) * x[None, :]
        return tuple(mpmath.mpf(float((w * f(u)) @ (f(v) @ w))) for f in (phi, slope))

    return both


FUNCTIONS = {
    "relu": relu,
    "erf": erf,
    "tanh": by_quadrature(np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "sin": by_quadrature(np.sin, np.cos),
}


def deep(node: Any, cross: Table) -> Table:
    """The recursions of docs/ntk-conventions.md, one layer after the other."""
    depth, convention = node.get("depth", 1), node.get("convention")

    def each(given: Any, count: int) -> list[Any]:
        return given if isinstance(given, list) else [given] * count

    last = node["name"] == "nngp" or convention == "pre-activation"
    w, b = (each(node[key], depth + last) + ([] if last else [one]) for key, one in (("sigma_w2", 1), ("sigma_b2", 0)))
    n = len(cross)
    covariance = [[mp(w[0]) * x + mp(b[0]) for x in row] for row in cross]
    zero = [[mpmath.mpf(0)] * n for _ in range(n)]
    tangent = [row[:] for row in covariance] if convention in ("pre-activation", "readout") else zero
    for k, name in enumerate(each(node["activation"], depth)):
        after = [
            [FUNCTIONS[name](covariance[i][i], covariance[j][j], covariance[i][j]) for j in range(n)] for i in range(n)
        ]
        weight, bias = mp(w[k + 1]), mp(b[k + 1])
        covariance = [[weight * x + bias for x, _ in row] for row in after]
        sources = {
            "implicit": [[weight * x for x, _ in row] for row in after],
            "standard": [[x for x, _ in row] for row in after],
        }
        source = sources.get(str(convention), covariance)
        tangent = [[source[i][j] + weight * after[i][j][1] * tangent[i][j] for j in range(n)] for i in range(n)]
    return covariance if convention is None else tangent


def equilibrium(node: Any, cross: Table) -> Table:
    """The fixed points by iteration, of the norms and then of the pairs."""
    pair, w, n = FUNCTIONS[node.get("activation", "relu")], 2 * mp(node["sigma_w2"]), len(cross)
    sizes = []
    for i in range(n):
        s = 2 * cross[i][i]
        for _ in range(STEPS):
            s, before = 2 * cross[i][i] + w * pair(s, s, s)[0], s
            if abs(s - before) < mpmath.mpf(10) ** -45:
                break
        sizes.append(s)

    def entry(i: int, j: int) -> mpmath.mpf:
        c = sizes[i] if i == j else 2 * cross[i][j]
        for _ in range(STEPS):
            c, before = 2 * cross[i][j] + w * pair(sizes[i], sizes[j], c)[0], c
            if abs(c - before) < mpmath.mpf(10) ** -45:
                break
        return pair(sizes[i], sizes[j], c)[0]

    return [[entry(i, j) for j in range(n)] for i in range(n)]


def distances(node: Any, points: Table) -> Table:
    scale = mp(node["scale"])

    def value(x: list[mpmath.mpf], y: list[mpmath.mpf]) -> mpmath.mpf:
        r = mpmath.sqrt(mpmath.fsum((a - b) ** 2 for a, b in zip(x, y, strict=True))) / scale
        if node["name"] == "gaussian" or not r:
            return mpmath.exp(-r * r / 2)
        nu = mp(node["name"].removeprefix("matern-"))  # by the modified Bessel function, not by the polynomial
        t = mpmath.sqrt(2 * nu) * r
        return 2 ** (1 - nu) / mpmath.gamma(nu) * t**nu * mpmath.besselk(nu, t)

    return [[value(x, y) for y in points] for x in points]


def arc_cosine(order: int, inner: Table) -> Table:
    """The integral of Cho and Saul for orders 0, 1, 2."""

    def value(a: mpmath.mpf, b: mpmath.mpf, c: mpmath.mpf) -> mpmath.mpf:
        t = max(min(c / mpmath.sqrt(a * b), mpmath.mpf(1)), mpmath.mpf(-1))
        angle = mpmath.acos(t)
        sine, share = mpmath.sin(angle), mpmath.pi - angle
        found = (share, sine + share * t, 3 * sine * t + share * (1 + 2 * t * t))[order]
        return mpmath.sqrt(a * b) ** order * found / mpmath.pi

    n = len(inner)
    return [[value(inner[i][i], inner[j][j], inner[i][j]) for j in range(n)] for i in range(n)]


def values(node: Any, points: Table) -> Table:
    """The matrix of a kernel on points."""
    name, d, n = node["name"], len(points[0]), len(points)
    inner = [[mpmath.fdot(x, y) for y in points] for x in points]
    if name in ("nngp", "ntk", "dual"):
        return deep(node, [[x / d for x in row] for row in inner])
    if name in ("deq", "deq-relu"):
        return equilibrium(node, [[x / d for x in row] for row in inner])
    if name == "linear":
        return [[mp(node["sigma_w2"]) * x + mp(node["sigma_b2"]) for x in row] for row in inner]
    if name == "constant":
        return [[mp(node["value"])] * n for _ in points]
    if name == "arc-cosine":
        return arc_cosine(node["order"], inner)
    if "parts" not in node:
        return distances(node, points)
    parts = [values(part, points) for part in node["parts"]]

    def joined(*entries: mpmath.mpf) -> mpmath.mpf:
        if name == "sum":
            return mpmath.fsum(entries)
        if name == "product":
            return mpmath.fprod(entries)
        return mp(node["factor"]) * entries[0] if name == "scaled" else entries[0] ** node["exponent"]

    if name == "normalised":
        part = parts[0]
        return [[part[i][j] / mpmath.sqrt(part[i][i] * part[j][j]) for j in range(n)] for i in range(n)]
    return [[joined(*(part[i][j] for part in parts)) for j in range(n)] for i in range(n)]
