"""The least eigenvalue of the matrix that a proof names, by mpmath alone, from the data and parameters of the proof."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import numpy as np

from .kernel_values import mp, values

Document = dict[str, Any]
Arrays = dict[str, np.ndarray]


def least(rows: list[list[mpmath.mpf]]) -> mpmath.mpf:
    return min(mpmath.eigsy(mpmath.matrix(rows), eigvals_only=True))


def truth(proof: Document, arrays: Arrays) -> tuple[mpmath.mpf, mpmath.mpf]:
    """The least eigenvalue of the matrix that the proof names, by mpmath; of all members the least and one of them."""
    data, claim = proof["data"], proof["kernel"]
    if claim.get("kind") == "matrix":
        middles = arrays["matrix"].tolist() if data["entries"] is None else data["entries"]
        n = len(middles)
        radii = data["radius"] if data["radius"] is not None else arrays["radius"].tolist()
        radii = [[radii] * n] * n if isinstance(radii, str) else radii
        lows = []
        for z in itertools.product((1, -1), repeat=n - 1):
            z = (1, *z)
            lows.append(
                least([[mp(middles[i][j]) - z[i] * z[j] * mp(radii[i][j]) for j in range(n)] for i in range(n)])
            )
        return min(lows), least([[mp(x) for x in row] for row in middles])
    rows = [[mp(x) for x in row] for row in arrays["points"].tolist()]
    n = len(rows)
    if claim["kind"] == "expression":
        if data["normalize"]:
            rows = [[x * mpmath.sqrt(len(row)) / mpmath.norm(row) for x in row] for row in rows]
        return (least(values(claim["expression"], rows)),) * 2
    entries = [[mpmath.mpf(1)] * n for _ in range(n)]
    if claim["kind"] == "radial":
        scale = mp(claim["scale"]) / mp(claim["embedding"])
        for i, j in itertools.product(range(n), repeat=2):
            r = mpmath.sqrt(mpmath.fsum((a - b) ** 2 for a, b in zip(rows[i], rows[j], strict=True))) / scale
            if claim["name"] == "gaussian":
                entries[i][j] = mpmath.exp(-r * r / 2)
            elif r:  # by the modified Bessel function, not by the polynomial
                nu = mp(claim["name"].removeprefix("matern-"))
                t = mpmath.sqrt(2 * nu) * r
                entries[i][j] = 2 ** (1 - nu) / mpmath.gamma(nu) * t**nu * mpmath.besselk(nu, t)
        return (least(entries),) * 2
    w, units = mp(claim.get("sigma_w2", 0)), [mpmath.norm(row) for row in rows]
    size = 1 if "sigma_w2" not in claim else 2 if data["normalize"] else 2 * units[0] ** 2 / len(rows[0])
    for i, j in itertools.product(range(n), repeat=2):
        c = mpmath.mpf(1) if i == j else mpmath.fdot(rows[i], rows[j]) / units[i] / units[j]

        def g(r: mpmath.mpf) -> mpmath.mpf:
            angle = mpmath.acos(r)  # the derivative of order one of Cho and Saul, over 2 pi
            return (mpmath.sin(angle) + (mpmath.pi - angle) * mpmath.cos(angle)) / (2 * mpmath.pi)

        r = c
        for _ in range(400):
            moved = min((1 - w) * c + 2 * w * g(r), mpmath.mpf(1))
            r, done = moved, abs(moved - r) < mpmath.mpf(10) ** -45
            if done:
                break
        entries[i][j] = size / (1 - w) * g(r)
    return (least(entries),) * 2
