"""Lines about gradient descent and flow with small output weights: drift, theorem, flow."""

from __future__ import annotations

import random
from fractions import Fraction

import sympy
from flint import arb, fmpq, fmpq_mat

from ...balls.ball import enclose
from ...proof_lines.draws import contraction, diagonal, eye, matrix, positive, share, squared, vector
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .descent.extreme import NEARLY, Unit
from .descent.theorem import Initial, constants

N = 3
M, X, GAMMA, S, S1, SIZE, STATES, RA, RW, ETA, P, G = sympy.symbols(
    "m x gamma s s_1 N Z_0 rho_A rho_W eta p g", positive=True
)
A, B, C, D = sympy.symbols("u v u_+ v_+", positive=True)
K = (RW * S1**2 * X**2 + RA * S**2 * GAMMA**2 * SIZE**2) / M
JF, JA = RW / M * X**2 * S1, RA / M * GAMMA**2 * S * SIZE
JZ = S * (JA * STATES + JF)


@argument("drift-adjoint", "slopes in [0, 1], a contraction of known norm; equality for A = aI and D = I")
def drift_adjoint() -> tuple[Relation, ...]:
    def sides(a: fmpq_mat, norm: fmpq, slopes: fmpq_mat, u: fmpq_mat) -> Sides:
        p = (eye(N) - a.transpose() * slopes).inv() * u
        return squared(slopes * p) * (1 - norm) ** 2, squared(u)

    def draw(rng: random.Random) -> Sides:
        norm = share(rng)
        slopes = diagonal([fmpq(rng.randint(0, 10), 10) for _ in range(N)])
        return sides(contraction(rng, N, norm), norm, slopes, vector(rng, N))

    extremal = sides(eye(N, fmpq(1, 2)), fmpq(1, 2), eye(N), fmpq_mat(N, 1, [1, 2, 3]))
    return (
        Instances(draw, 421, (extremal,)),
        Order((S * A + B) ** 2, (1 + S**2) * (A**2 + B**2), (A - S * B) ** 2),
    )


@argument("drift-weights", "squares of norms, X of known norm; one column and X = xI attain it; products of norms")
def drift_weights() -> tuple[Relation, ...]:
    def sides(columns: fmpq_mat, e: list[fmpq], x: fmpq_mat, norm: fmpq) -> Sides:
        most = max(squared(fmpq_mat(N, 1, [columns[i, j] for i in range(N)])) for j in range(N))
        return squared(columns * diagonal(e) * x), most * sum((a * a for a in e), fmpq(0)) * norm**2

    def draw(rng: random.Random) -> Sides:
        norm = positive(rng)
        return sides(matrix(rng, N, N), [positive(rng) for _ in range(N)], contraction(rng, N, norm), norm)

    extremal = sides(eye(N), [fmpq(1), fmpq(0), fmpq(0)], eye(N, 2), fmpq(2))
    root = sympy.sqrt(M)
    return (
        Instances(draw, 422, (extremal,)),
        Equation(X / root * (RW * X / root * S1), JF),
        Equation(GAMMA / root * (RA * GAMMA / root * SIZE * S), JA),
    )


@argument("drift-states", "two equilibria with kinks; equality for A = A' = aI, both active")
def drift_states() -> tuple[Relation, ...]:
    def sides(a: fmpq_mat, other: fmpq_mat, norm: fmpq, z: fmpq_mat, y: fmpq_mat, cut: fmpq_mat) -> Sides:
        # z = relu(a z + f) and y = relu(other y + g) for these f and g, with slack where an entry is cut off
        f = z - a * z - fmpq_mat(N, 1, [cut[i, 0] if z[i, 0] == 0 else fmpq(0) for i in range(N)])
        g = y - other * y - fmpq_mat(N, 1, [cut[i, 0] if y[i, 0] == 0 else fmpq(0) for i in range(N)])
        return squared(z - y) * (1 - norm) ** 2, squared((a - other) * y + f - g)

    def state(rng: random.Random) -> fmpq_mat:
        return fmpq_mat(N, 1, [positive(rng) * rng.randint(0, 1) for _ in range(N)])

    def draw(rng: random.Random) -> Sides:
        norm = share(rng)
        cut = fmpq_mat(N, 1, [positive(rng) for _ in range(N)])
        return sides(contraction(rng, N, norm), matrix(rng, N, N), norm, state(rng), state(rng), cut)

    half, one = eye(N, fmpq(1, 2)), fmpq_mat(N, 1, [1, 1, 1])
    return (Instances(draw, 423, (sides(half, half, fmpq(1, 2), one * fmpq(2), one, one),)),)


@argument("drift-coupling", "the products of norms; networks of one unit, of which one uses 999 thousandths")
def drift_coupling() -> tuple[Relation, ...]:
    moved = ETA * RW * X**2 / M * (S * A + B)  # |Delta Phi| over |e|, and then |Delta Z|
    states = S * (GAMMA * (ETA * RA * GAMMA / M * SIZE * S * A) * SIZE + moved)
    total = ETA / M * (RW * X**2 * (S * C + D) * (S * A + B) + RA * S**2 * GAMMA**2 * SIZE**2 * A * C)

    def sides(unit: Unit) -> Sides:
        left, right = unit.coupling()
        return tuple(fmpq(q.numerator, q.denominator) for q in (left, right))  # type: ignore[return-value]  # two

    def draw(rng: random.Random) -> Sides:
        w, u, v = (Fraction(rng.randint(1, 20), rng.randint(1, 20)) for _ in range(3))
        recurrent, gamma = Fraction(rng.randint(1, 8), 10), Fraction(1, rng.randint(2, 4))
        return sides(Unit(recurrent, w, u, v, gamma, Fraction(1, 4096), Fraction(-1)))

    nearly = sides(NEARLY)
    return (
        Equation(D * moved + C * states, total),
        Instances(draw, 424, (nearly,)),
        Instances(lambda rng: (nearly[1] * fmpq(999, 1000), nearly[0]), 425),  # so that no smaller constant would do
    )


@argument("drift-order", "the margin 2 g rho_W x^2 s_1 (s_1 - s)/m^2 with s_1 = s + p; s = 1 + p")
def drift_order() -> tuple[Relation, ...]:
    root = S + P  # s_1, so that s_1^2 stands for 1 + s^2
    left = RW**2 * root**4 * X**4 + 2 * RW * G * S * root * X**2 + G**2
    return (
        Order(left / M**2, (RW * root**2 * X**2 + G) ** 2 / M**2, 2 * G * RW * X**2 * root * P / M**2),
        Equation(
            (JF**2 * (1 + S**2) + 2 * JF * S**2 * JA * SIZE + (S * JA * SIZE) ** 2).subs(S1, sympy.sqrt(1 + S**2)),
            (
                (
                    RW**2 * S1**4 * X**4
                    + 2 * RW * (RA * S**2 * GAMMA**2 * SIZE**2) * S * S1 * X**2
                    + (RA * S**2 * GAMMA**2 * SIZE**2) ** 2
                )
                / M**2
            ).subs(S1, sympy.sqrt(1 + S**2)),
        ),
        Order(sympy.Integer(2), 1 + (1 + P) ** 2, P * (2 + P)),
        Order(JF, K / S1, RA * S**2 * GAMMA**2 * SIZE**2 / (M * S1)),
    )


@argument("theorem-induction", "the program's constants at random numbers, against the formulas of the lemma")
def theorem_induction() -> tuple[Relation, ...]:
    formulas = {"coupling": K, "features": JF, "recurrent": JA, "states": JZ}

    def compared(name: str, seed: int) -> Instances:
        def draw(rng: random.Random) -> Sides:
            a = Fraction(rng.randint(1, 9), 10)
            x, states, size = (Fraction(rng.randint(1, 40), 10) for _ in range(3))
            gamma, ra, rw = (Fraction(rng.randint(1, 20), 20) for _ in range(3))
            m = rng.randint(1, 10**6)
            one = arb(1)
            start = Initial(m, gamma, enclose(x), one, enclose(states), one, one, one, one, one, one, False, ra, rw)
            at = {M: m, X: x, GAMMA: gamma, S: 1 / (1 - a), SIZE: size, STATES: states, RA: ra, RW: rw}
            value = formulas[name].subs(S1, sympy.sqrt(1 + S**2)).subs({k: sympy.Rational(v) for k, v in at.items()})
            found = getattr(constants(start, enclose(a), enclose(size)), name)
            return found, arb(str(sympy.N(value, 60))) * arb(1, 2.0**-90)

        return Instances(draw, seed, equal=True)

    return tuple(compared(name, 430 + k) for k, name in enumerate(formulas))


@argument(
    "theorem-corollary", "2ab <= a^2 + b^2, and six numbers: the table's M(T) over 9, and over 7, with s_1 >= sqrt(2)"
)
def theorem_corollary() -> tuple[Relation, ...]:
    first, second = S1 * X, S * GAMMA * SIZE
    return (
        Order(2 * first * second, first**2 + second**2, (first - second) ** 2),
        *(
            Order(sympy.Rational(path) / constant / divisor, sympy.Rational(bound), gap)
            for path, constant, bounds in (
                ("1.393", 9, (".055", ".110", ".155")),
                ("1.887", 7, (".096", ".191", ".270")),
            )
            for divisor, bound in zip((2 * sympy.sqrt(2), sympy.sqrt(2), sympy.Integer(1)), bounds, strict=True)
            for gap in (sympy.Rational(bound) - sympy.Rational(path) / constant / divisor,)
        ),
    )


@argument("small-flow-energy", "the margin 2|e|^2, with <e, y> = -|e| Y at the worst")
def small_flow_energy() -> tuple[Relation, ...]:
    e, y = sympy.symbols("e Y", positive=True)
    return (Order(-2 * e**2 + 2 * e * y, 2 * y * e, 2 * e**2),)


@argument("small-flow-budget", "the integral, and the rate where it is 1")
def small_flow_budget() -> tuple[Relation, ...]:
    beta, theta, t = sympy.symbols("beta theta t", positive=True)
    integral = sympy.integrate(sympy.expand((1 - beta * t) ** 2), (t, 0, theta))
    return (
        Equation(integral, (1 - (1 - beta * theta) ** 3) / (3 * beta)),
        Equation((1 - (1 - 3 * beta)) / (3 * beta), sympy.Integer(1)),
    )


@argument("small-flow-constant", "the power, 1/beta' and 2/beta'^2, and c >= lambda/2 on [0, T]")
def small_flow_constant() -> tuple[Relation, ...]:
    kept = 2 ** sympy.Rational(-3, 2)
    beta = (1 - kept) / 3
    e0, lam = sympy.symbols("E_0 lambda", positive=True)
    first, second = sympy.Rational("4.641") - 1 / beta, sympy.Rational("43.1") - 2 / beta**2
    return (
        Equation(kept ** sympy.Rational(2, 3), sympy.Rational(1, 2)),
        Order(1 / beta, sympy.Rational("4.641"), first),
        Order(2 / beta**2, sympy.Rational("43.1"), second),
        Equation(e0 / (lam / 2), 2 * e0 / lam),
    )
