"""Lines about descent from zero or small outputs: the theorem, its corollary, the composed statement."""

from __future__ import annotations

import random
from fractions import Fraction

import sympy
from flint import fmpq, fmpq_mat

from ...proof_lines.draws import (
    contraction,
    diagonal,
    eye,
    matrix,
    orthogonal,
    positive,
    share,
    signed_share,
    squared,
    with_spectrum,
)
from ...proof_lines.draws import vector as column
from ...proof_lines.instances import rational
from ...proof_lines.registry import Checked, Kind, line
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .zero_output.theorem import ROW, SHARE

N = 3
M, P, Q, S = sympy.symbols("m p q s", positive=True)
ELL, RHO, ETA, X, Z, NU, LAM, Y = sympy.symbols("l rho eta x z nu lambda y", positive=True)
A, APLUS, E, LIP, THETA = sympy.symbols("a a_plus e L theta", positive=True)

# -- the theorem ------------------------------------------------------------------------------


@argument("zero-output-adjoint", "L = 1, squares of both sides; equality where W and D are multiples of the identity")
def adjoint_norm() -> tuple[Relation, ...]:
    def sides(w: fmpq_mat, d: fmpq_mat, a: fmpq_mat, theta: fmpq) -> Sides:
        return squared(d * (eye(N) - w.transpose() * d).inv() * a), squared(a) / (1 - theta) ** 2

    def draw(rng: random.Random) -> Sides:
        theta = share(rng)
        slopes = diagonal([signed_share(rng) for _ in range(N)])
        return sides(contraction(rng, N, theta), slopes, column(rng, N), theta)

    half = fmpq(1, 2)
    return (Instances(draw, 601, (sides(eye(N, half), eye(N), fmpq_mat(N, 1, [1, 2, 2]), half),)),)


def _known(rng: random.Random) -> tuple[fmpq_mat, fmpq]:
    """A square matrix and its spectral norm."""
    values = [positive(rng) for _ in range(N)]
    return orthogonal(rng, N) * diagonal(values) * orthogonal(rng, N), max(values)


@argument("zero-output-step", "squares of both sides; equality where the columns are equally long, Z and X isometric")
def step_norm() -> tuple[Relation, ...]:
    def columns(delta: fmpq_mat, e: list[fmpq]) -> Sides:
        longest = max(sum((delta[i, j] ** 2 for i in range(N)), fmpq(0)) for j in range(N))
        return squared(delta * diagonal(e)), longest * sum((x * x for x in e), fmpq(0))

    def draw(rng: random.Random) -> Sides:
        return columns(matrix(rng, N, N), [rational(rng) for _ in range(N)])

    def both(factor: fmpq_mat, z: fmpq_mat, x: fmpq_mat, norms: fmpq) -> Sides:
        return squared(factor * z.transpose()) + squared(factor * x.transpose()), squared(factor) * norms

    def moved(rng: random.Random) -> Sides:
        (z, n), (x, k) = _known(rng), _known(rng)
        return both(matrix(rng, N, N), z, x, n * n + k * k)

    some = fmpq_mat(N, N, [1, 2, 0, 3, 1, 1, 0, 2, 5])
    return (
        Instances(draw, 602, (columns(eye(N), [fmpq(1), fmpq(2), fmpq(3)]),)),
        Instances(moved, 603, (both(some, eye(N, 2), eye(N), fmpq(5)),)),
    )


@argument("zero-output-argument", "both sides as matrices; squares of the bound, with equality for isometric Z and X")
def argument_norm() -> tuple[Relation, ...]:
    def identity(rng: random.Random) -> Sides:
        factor, z, x = (matrix(rng, N, N) for _ in range(3))
        moved = (factor * z.transpose()) * z + (factor * x.transpose()) * x
        return moved, factor * (z.transpose() * z + x.transpose() * x)

    def sides(factor: fmpq_mat, z: fmpq_mat, x: fmpq_mat, norms: fmpq) -> Sides:
        return squared(factor * (z.transpose() * z + x.transpose() * x)), squared(factor) * norms**2

    def draw(rng: random.Random) -> Sides:
        (z, n), (x, k) = _known(rng), _known(rng)
        return sides(matrix(rng, N, N), z, x, n * n + k * k)

    some = fmpq_mat(N, N, [1, 2, 0, 3, 1, 1, 0, 2, 5])
    return (
        Instances(identity, 604, equal=True),
        Instances(draw, 605, (sides(some, eye(N, 2), eye(N), fmpq(5)),)),
    )


@argument("zero-output-split", "both sides as matrices")
def argument_split() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        w, v, u, t, z, y, x = (matrix(rng, N, N) for _ in range(7))
        return v * y + t * x - (w * z + u * x), v * (y - z) + (v - w) * z + (t - u) * x

    return (Instances(draw, 606, equal=True),)


@argument(
    "zero-output-features", "t = a_* t + L b at its solution; one neuron with ReLU, equality where it stays active"
)
def feature_move() -> tuple[Relation, ...]:
    b = sympy.Symbol("b", positive=True)
    solution = LIP * b / (1 - THETA)

    def state(w: fmpq, b: fmpq) -> fmpq:
        return max(b, fmpq(0)) / (1 - w)

    def sides(w: fmpq, b: fmpq, v: fmpq, c: fmpq) -> Sides:
        z = state(w, b)
        return abs(state(v, c) - z), abs((v - w) * z + c - b) / (1 - abs(v))

    def draw(rng: random.Random) -> Sides:
        w, v = share(rng) * signed_share(rng), share(rng) * signed_share(rng)
        return sides(w, rational(rng), v, rational(rng))

    active = sides(fmpq(1, 4), fmpq(1), fmpq(1, 2), fmpq(2))
    return Equation(solution, THETA * solution + LIP * b), Instances(draw, 607, (active,))


@argument("zero-output-coupling", "the constants; squares of a product of a matrix with a vector, equality at rank one")
def coupling() -> tuple[Relation, ...]:
    size = NU**2 + X**2
    product = ELL * (RHO * ETA * ELL * size * A * E) * APLUS

    def sides(move: fmpq_mat, a: fmpq_mat) -> Sides:
        return squared(move.transpose() * a), squared(move) * squared(a)

    def draw(rng: random.Random) -> Sides:
        return sides(matrix(rng, N, N), column(rng, N))

    a = fmpq_mat(N, 1, [1, 2, 2])
    return (
        Equation(product, ETA * (RHO * ELL**2 * size) * A * APLUS * E),
        Instances(draw, 608, (sides(a * fmpq_mat(1, N, [3, 0, 4]), a),)),
    )


def _drift(start: sympy.Expr, norm: sympy.Expr) -> sympy.Expr:
    """J squared."""
    return RHO**2 * ELL**4 * (norm**2 + X**2) * (start**2 + X**2)


@argument("zero-output-drift", "squares of the constants; what is left of the path, M - S = p")
def drift() -> tuple[Relation, ...]:
    j, path = sympy.symbols("J S", positive=True)
    return (
        Equation((ELL**2 * (Z**2 + X**2)) * (RHO**2 * ELL**2 * (NU**2 + X**2)), _drift(Z, NU)),
        Order(Z + j * path, Z + j * (path + P), j * P),
    )


@argument("zero-output-order", "N = |Z_0| + p: the difference of the squares")
def drift_below_coupling() -> tuple[Relation, ...]:
    norm = Z + P
    coupling = RHO**2 * ELL**4 * (norm**2 + X**2) ** 2
    return (Order(_drift(Z, norm), coupling, RHO**2 * ELL**4 * (norm**2 + X**2) * P * (2 * Z + P)),)


# -- the corollary --------------------------------------------------------------------------------


@argument("zero-output-choice", "g = 1 + s = 1 + .132 rho")
def choice() -> tuple[Relation, ...]:
    g = 1 + S
    slope = LIP / (1 - THETA)
    return (
        Equation(LIP / ((1 - THETA) / g), g * slope),
        Order(
            (g * ELL) ** 2 * ((g * Z) ** 2 + X**2), g**4 * ELL**2 * (Z**2 + X**2), g**2 * ELL**2 * X**2 * S * (2 + S)
        ),
    )


def share_holds(bound: Fraction) -> bool:
    """Whether the row of the table holds with a rate of at least 1/2, and its path over 10.5 is below the bound.

    >>> share_holds(SHARE), share_holds(Fraction("0.1313"))
    (True, False)
    """
    return ROW.holds() and ROW.rate >= Fraction(1, 2) and ROW.path / ROW.constant < bound


def worst_holds(bound: Fraction) -> bool:
    """Whether 10.5 times the fourth power of 1.132 is at most the bound, in rationals.

    >>> worst_holds(Fraction("17.3")), worst_holds(Fraction("17.2"))
    (True, False)
    """
    return ROW.constant * (1 + SHARE) ** 4 <= bound


@line("zero-output-share")
def path_share() -> Checked:
    return Checked(Kind.ENCLOSURE, share_holds(SHARE), "the row of the table in balls; 1.379/10.5 < 0.132 in rationals")


@argument("zero-output-second", "sqrt(lambda) = q |Z_0|, J M = .132 sqrt(lambda) - p")
def second_condition() -> tuple[Relation, ...]:
    return (Order(Z + (S * (Q * Z) - P), (1 + S * Q) * Z, P),)


@argument("zero-output-first", "L = l (1 - a_*), N = |Z_0| + p; 1 - a_* = (1 - theta)/(1 + s)")
def first_condition() -> tuple[Relation, ...]:
    rest, root, part = sympy.symbols("r w t", positive=True)  # 1 - a_*, sqrt(lambda), 0.132
    norm = Z + P
    left = (ELL * rest) * ELL * norm * (part * root / (ELL**2 * (norm**2 + X**2)))
    right = rest * part * root / Z
    margin = rest * part * root * (norm * P + X**2) / (Z * (norm**2 + X**2))
    kept = (1 - THETA) / (1 + S)
    return Order(left, right, margin), Equation(kept * S, 1 - kept - THETA)


@line("zero-output-worst")
def worst_constant() -> Checked:
    return Checked(Kind.ENCLOSURE, worst_holds(Fraction("17.3")), "10.5 times 1.132^4 in rationals")


# -- at a width -------------------------------------------------------------------------------------


@argument("zero-output-event", "both inequalities by elimination; equality at M = -wI and M = wI with K = 4I")
def event() -> tuple[Relation, ...]:
    def draw(rng: random.Random, sign: int) -> Sides:
        roots, w = [positive(rng) for _ in range(N)], share(rng)
        s = with_spectrum(rng, roots)
        g = s * s + s * with_spectrum(rng, [w * signed_share(rng) for _ in range(N)]) * s
        low, high = eye(N, (1 - w) * min(roots) ** 2), eye(N, (1 + w) * max(roots) ** 2)
        return (low, g) if sign < 0 else (g, high)

    return (
        Instances(lambda rng: draw(rng, -1), 609, ((eye(N, 2), eye(N, 4) - eye(N, 2)),)),
        Instances(lambda rng: draw(rng, 1), 610, ((eye(N, 4) + eye(N, 2), eye(N, 6)),)),
    )


def _per_width(width: sympy.Expr, size: sympy.Expr) -> sympy.Expr:
    """(m size^2 + x^2)/m^2."""
    return size**2 / width + X**2 / width**2


@argument("zero-output-wider", "the widths m and m + p")
def wider() -> tuple[Relation, ...]:
    front = 2 * ELL**2 * Y**2 / LAM**2
    kappa = 2 * (ELL**2 * (M * NU**2 + X**2)) * Y**2 / (M * LAM) ** 2
    margin = front * (NU**2 * P / (M * (M + P)) + X**2 * P * (2 * M + P) / (M**2 * (M + P) ** 2))
    drift = ELL**4 * (M * NU**2 + X**2) * (M * Z**2 + X**2) * Y**4 / (M * LAM) ** 4
    return (
        Equation(kappa, front * _per_width(M, NU)),
        Order(front * _per_width(M + P, NU), front * _per_width(M, NU), margin),
        Equation(drift, ELL**4 * Y**4 / LAM**4 * _per_width(M, NU) * _per_width(M, Z)),
    )


@argument("zero-output-wider-conditions", "N M and the square of J M/sqrt(m), but for constants")
def wider_conditions() -> tuple[Relation, ...]:
    half = sympy.Rational(3, 2)
    path = Y**2 * (M * LAM) ** -half
    drift = ELL**4 * (M * NU**2 + X**2) * (M * Z**2 + X**2) * path**2 / M
    return (
        Equation(sympy.sqrt(M) * NU * path, NU * Y**2 / (LAM**half * M)),
        Equation(drift, ELL**4 * Y**4 / LAM**3 * (NU**2 + X**2 / M) * (Z**2 + X**2 / M) / M**2),
    )


@argument("zero-output-share-of-outputs", "K omega_0/lambda and its limit; l = 1 + p and |K| = lambda_* + q")
def share_of_outputs() -> tuple[Relation, ...]:
    scale = sympy.Symbol("varsigma", positive=True)
    ratio = RHO * ELL**2 * (M * NU**2 + X**2) * scale**2 / (M * LAM)
    limit = RHO * ELL**2 * NU**2 * scale**2 / LAM
    return (
        Equation(ratio, limit + RHO * ELL**2 * X**2 * scale**2 / (M * LAM)),
        Order(LAM, (1 + P) ** 2 * (LAM + Q), Q * (1 + P) ** 2 + LAM * P * (2 + P)),
    )
