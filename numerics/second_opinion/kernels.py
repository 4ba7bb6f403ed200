"""Entries of Gram matrices by the definition of their kernels, eigenvalues of small blocks, a loss: all by mpmath."""

from __future__ import annotations

from mpmath import mp

from .equilibrium import covariances, fixed_point, number, plane
from .functions import Number, evaluated, of_numbers
from .line import GUARD, Recomputed, floor
from .plane import Plane
from .recipes import Dual, DualOfInputs, LeastEigenvalue, LogisticLoss, PlaneMean, RadialEntry, Row


def dual(recipe: Dual, digits: int) -> Recomputed:
    """A dual activation at exact entries.

    >>> from fractions import Fraction
    >>> from certigram.theory.activations.functions import X
    >>> import sympy
    >>> found = dual(Dual(sympy.erf(X), sympy.erf(X), Fraction(1), Fraction(1), Fraction(1, 2)), 20)
    >>> print(mp.nstr(mp.sin(mp.pi * found.value / 2), 16))  # 2c/(1 + 2a)
    0.3333333333333333
    """
    f, g = evaluated(recipe.first), evaluated(recipe.second)
    with mp.workdps(digits + GUARD):
        a, b, c = map(number, (recipe.a, recipe.b, recipe.c))
        return Plane(f, g, a, b, digits).mean(c / mp.sqrt(a * b))


def dual_of_inputs(recipe: DualOfInputs, digits: int) -> Recomputed:
    """A dual activation at the cosine of two inputs."""
    with mp.workdps(digits + GUARD):
        first, second, product = covariances(recipe.inputs)
        v = number(recipe.variance)
        return plane(evaluated(recipe.function), v, v, digits).mean(product / mp.sqrt(first * second))


def radial(recipe: RadialEntry, digits: int) -> Recomputed:
    r"""A radial kernel: the Matérn kernel by the Bessel function :math:`K_\nu` that defines it."""
    with mp.workdps(digits + GUARD):
        distance = mp.sqrt(mp.fsum((number(a) - number(b)) ** 2 for a, b in zip(recipe.x, recipe.y, strict=True)))
        ratio = distance / number(recipe.scale)
        if not ratio:
            value = mp.one
        elif recipe.nu is None:
            value = mp.exp(-(ratio**2) / 2)
        else:
            nu = number(recipe.nu)
            t = mp.sqrt(2 * nu) * ratio
            value = 2 ** (1 - nu) / mp.gamma(nu) * t**nu * mp.besselk(nu, t)
        return Recomputed(value, floor(digits, value * (1 + ratio**2)), value)


def least_eigenvalue(recipe: LeastEigenvalue, digits: int) -> Recomputed:
    """The least eigenvalue by ``mpmath.eigsy``, at two precisions.

    >>> from fractions import Fraction
    >>> matrix = LeastEigenvalue(((Fraction(2), Fraction(1)), (Fraction(1), Fraction(2))))
    >>> print(mp.nstr(least_eigenvalue(matrix, 20).value, 15))
    1.0
    """

    def least(extra: int) -> tuple[Number, Number]:
        with mp.workdps(digits + extra):
            matrix = mp.matrix([[number(x) for x in row] for row in recipe.rows])
            found = mp.eigsy(matrix, eigvals_only=True)
            return min(found), max(abs(x) for x in found)

    (value, scale), (again, _) = least(GUARD), least(2 * GUARD)
    with mp.workdps(digits + GUARD):
        return Recomputed(again, abs(value - again) + floor(digits, scale), scale)


def plane_mean(recipe: PlaneMean, digits: int) -> Recomputed:
    r"""The fixed point of a mean over the plane, in polar coordinates, where a homogeneous function is one integral.

    .. math:: \mathbb E f = \frac{\mathbb E r^k}{2\pi}\int_0^{2\pi} f(\cos t, \sin t)\,dt,\qquad
              \mathbb E r^k = 2^{k/2}\,\Gamma(1 + k/2) .
    """
    f = of_numbers((recipe.x, recipe.y, recipe.unknown), recipe.function)
    directions = [of_numbers((recipe.unknown,), c) for kink in recipe.kinks for c in kink]

    def T(K: Number, level: int) -> Recomputed:
        ends = [c(K) for c in directions]
        angles = {mp.atan2(y, x) % (2 * mp.pi) for x, y in zip(ends[::2], ends[1::2], strict=True)}
        places = sorted({mp.zero, 2 * mp.pi, *angles})
        radius = mp.mpf(2) ** (mp.mpf(recipe.degree) / 2) * mp.gamma(1 + mp.mpf(recipe.degree) / 2)
        value, error = mp.quad(lambda t: f(mp.cos(t), mp.sin(t), K), places, error=True, method="gauss-legendre")
        weight = radius / (2 * mp.pi)
        return Recomputed(weight * value, weight * error + floor(level, abs(weight * value)), abs(weight * value))

    with mp.workdps(digits + GUARD):
        found, error, _ = fixed_point(T, mp.one / 2, digits)
        return Recomputed(found, error, abs(found))


def logistic_loss(recipe: LogisticLoss, digits: int) -> Recomputed:
    """The loss of a two-layer network, or the squared norm of its gradient, unit by unit and input by input."""
    sigma = evaluated(recipe.function).value
    with mp.workdps(digits + GUARD):
        weights, outer = [_numbers(row) for row in recipe.weights], _numbers(recipe.outer)
        inputs = [_numbers(row) for row in recipe.points]
        if recipe.sphere:
            factors = [mp.sqrt(len(x) / mp.fdot(x, x)) for x in inputs]
            inputs = [[factor * entry for entry in x] for factor, x in zip(factors, inputs, strict=True)]
        ridge = number(recipe.regularisation)
        reached = [[mp.fdot(w, x) for w in weights] for x in inputs]
        margins = [label * mp.fdot(outer, map(sigma, row)) for label, row in zip(recipe.labels, reached, strict=True)]
        if recipe.derivative is None:
            penalty = ridge / 2 * mp.fsum(mp.fdot(w, w) for w in weights)
            value = mp.fsum(mp.log1p(mp.exp(-margin)) for margin in margins) / len(inputs) + penalty
            return Recomputed(value, floor(digits, value), value)
        slope = evaluated(recipe.derivative).value
        pulls = [-label / (1 + mp.exp(margin)) for label, margin in zip(recipe.labels, margins, strict=True)]
        force = [
            [
                mp.fdot(column, entries) / len(inputs) + ridge * weight
                for entries, weight in zip(zip(*inputs, strict=True), w, strict=True)
            ]
            for column, w in (
                ([pull * a * slope(row[j]) for pull, row in zip(pulls, reached, strict=True)], w)
                for j, (a, w) in enumerate(zip(outer, weights, strict=True))
            )
        ]
        value = mp.fsum(mp.fdot(row, row) for row in force)
        return Recomputed(value, floor(digits, value + 1), value + 1)


def _numbers(row: Row) -> list[Number]:
    return [number(x) for x in row]
