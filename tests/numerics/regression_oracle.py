"""Regressions of known solution: what mpmath, at 60 digits and by other formulas, says of one member of a ball."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.numerics.regression.problem import Regression
from certigram.numerics.regression.targets import targets

Floats = NDArray[np.float64]
DIGITS = 60


def number(x: Any) -> Any:
    """An exact number at the precision of mpmath."""
    q = Fraction(x)
    return mpmath.mpf(q.numerator) / q.denominator


@dataclass(frozen=True)
class Case:
    """Matrices of float64 midpoints, radii and exact targets; ``member`` takes one matrix out of the balls."""

    joint: Floats
    n: int
    radius: Floats
    y: list[list[Any]]
    noise: Fraction

    def problem(self, *, kernel: bool = False) -> Regression:
        """The enclosed regression."""
        n, K, R = self.n, self.joint, self.radius
        gram = BallMatrix(K[:n, :n].copy(), R[:n, :n].copy())
        prior, prior_radius = np.diagonal(K)[n:].copy(), np.diagonal(R)[n:].copy()
        return Regression(
            gram, K[:n, n:].copy(), R[:n, n:].copy(), prior, prior_radius, targets(self.y, n)[0], self.noise, kernel
        )

    def truth(self, signs: NDArray[np.int64] | None = None, time: Fraction | None = None) -> dict[str, Any]:
        """Means, variances and log evidence of the member at ``midpoint + signs * radius``."""
        with mpmath.workdps(DIGITS):
            size, n = len(self.joint), self.n
            J = mpmath.matrix(size, size)
            for i in range(size):
                for j in range(size):
                    s = 0 if signs is None else int(signs[i, j])
                    J[i, j] = number(self.joint[i, j]) + s * number(self.radius[i, j])
            M = J[:n, :n] + number(self.noise) * mpmath.eye(n)
            k, y = J[:n, n:], mpmath.matrix([[number(v) for v in row] for row in self.y])
            if time is not None:
                values, vectors = mpmath.eigsy(M)
                weights = [-mpmath.expm1(-v * number(time)) / v if v else number(time) for v in values]
                return {"mean": k.T * (vectors * mpmath.diag(weights) * (vectors.T * y))}
            inverse = mpmath.inverse(M)
            x, z = inverse * y, inverse * k
            gaps = [J[n + j, n + j] - sum(k[i, j] * z[i, j] for i in range(n)) for j in range(size - n)]
            forms = [sum(y[i, o] * x[i, o] for i in range(n)) for o in range(y.cols)]
            constant = mpmath.log(mpmath.det(M)) + n * mpmath.log(2 * mpmath.pi)
            return {"mean": k.T * x, "variance": gaps, "evidence": [-(f + constant) / 2 for f in forms]}


def inside(mid: Any, rad: Any, value: Any) -> bool:
    """Whether a number lies in a ball."""
    with mpmath.workdps(DIGITS):
        return bool(abs(value - number(mid)) <= number(rad))


def all_inside(mid: Floats, rad: Floats, values: Any) -> bool:
    """Whether a matrix, or a list for one column, lies in its enclosures."""
    if isinstance(values, list):
        return all(inside(m, r, v) for m, r, v in zip(mid.ravel(), rad.ravel(), values, strict=True))
    places = [(i, j) for i in range(values.rows) for j in range(values.cols)]
    return all(inside(mid[i, j], rad[i, j], values[i, j]) for i, j in places)


def spectral_case(
    seed: int, n: int, t: int, condition: float, radius: float, noise: Fraction, outputs: int = 1
) -> Case:
    """A positive definite matrix of n + t points with geometric spectrum, and a radius relative to its entries."""
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.standard_normal((n + t, n + t)))
    joint = (basis * np.geomspace(1.0, 1.0 / condition, n + t)) @ basis.T
    joint = (joint + joint.T) / 2
    radii = radius * np.abs(rng.standard_normal(joint.shape))
    return Case(joint, n, (radii + radii.T) / 2, rng.standard_normal((n, outputs)).tolist(), noise)


def random_signs(seed: int, size: int) -> NDArray[np.int64]:
    """A vertex of a symmetric matrix of balls."""
    upper = np.triu(np.random.default_rng(seed).choice([-1, 1], (size, size)))
    return np.asarray(upper + np.triu(upper, 1).T)
