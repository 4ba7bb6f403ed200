"""Lines about the training of wide random networks, end to end, and the bounds of a random start in use."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import partial

import sympy
from flint import arb, fmpq

from ...balls.ball import enclose
from ...proof_lines.draws import eye, positive, share, signed_share, with_spectrum
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .lines_smoothness import STATED
from .width.end_to_end import random_start
from .width.setting import ActivationBounds, NormGroup, WidthSetting

N = 3


@argument("training-spectrum", "trace and least eigenvalue of matrices with a known deviation; equality at its ends")
def training_spectrum() -> tuple[Relation, ...]:
    def matrices(rng: random.Random) -> tuple[fmpq, list[fmpq], list[fmpq]]:
        """η_w, the eigenvalues of the root of K, and those of the whitened deviation."""
        eta = share(rng)
        return eta, [positive(rng) for _ in range(N)], [eta * signed_share(rng) for _ in range(N)]

    def trace(eta: fmpq, roots: list[fmpq], moves: list[fmpq], rng: random.Random) -> Sides:
        s = with_spectrum(rng, roots)
        g = s * (eye(N) + with_spectrum(rng, moves)) * s
        k = s * s
        return sum((g[i, i] for i in range(N)), fmpq(0)), (1 + eta) * sum((k[i, i] for i in range(N)), fmpq(0))

    def below(eta: fmpq, roots: list[fmpq], moves: list[fmpq], rng: random.Random) -> Sides:
        s = with_spectrum(rng, roots)
        return eye(N, (1 - eta) * min(roots) ** 2), s * (eye(N) + with_spectrum(rng, moves)) * s

    half = fmpq(1, 2)
    ends = half, [fmpq(2)] * N
    start = random.Random(0)
    return (
        Instances(lambda rng: trace(*matrices(rng), rng), 271, (trace(*ends, [half] * N, start),)),
        Instances(lambda rng: below(*matrices(rng), rng), 272, (below(*ends, [-half] * N, start),)),
    )


@argument("training-events", "the probability at t, and the sum of all")
def training_events() -> tuple[Relation, ...]:
    delta = sympy.Symbol("delta", positive=True)
    t = sympy.sqrt(2 * sympy.log(6 / delta))
    return Equation(sympy.exp(-(t**2) / 2), delta / 6), Equation(delta / 2 + 3 * (delta / 6), delta)


@argument("training-width", "the condition at the stated width with equality; both constants below their decimals")
def training_width() -> tuple[Relation, ...]:
    ell, e, star, share_, gram, inputs = sympy.symbols("ell E_0 lambda kept G C_m", positive=True)

    def both_sides(speed: int) -> Equation:
        constant = (speed * (2 + 2 * sympy.sqrt(2))) ** 2
        m = constant * ell**2 * e**2 * (gram + inputs) / (share_ * star) ** 2
        least = share_ * m * star
        radius = speed * sympy.sqrt(2) * e / sympy.sqrt(least)
        left = ell**2 * m * (gram + inputs) * radius**2
        return Equation(left, ((1 - 1 / sympy.sqrt(2)) ** 2 * least))

    def decimal(number: int, speed: int) -> Order:
        constant = (speed * (2 + 2 * sympy.sqrt(2))) ** 2
        margin = sympy.Rational(number, 100) - constant
        return Order(constant, sympy.Rational(number, 100), sympy.nsimplify(margin))

    return both_sides(1), both_sides(2), decimal(2332, 1), decimal(9326, 2)


def _setting(rng: random.Random) -> WidthSetting:
    """Numbers that no data need have; two groups of inputs."""
    numbers = [arb(positive(rng)) for _ in range(12)]
    phi = ActivationBounds(numbers[0], numbers[1], numbers[2], None, numbers[3], numbers[4])
    groups = NormGroup(2, numbers[5], numbers[6]), NormGroup(1, numbers[7], numbers[8])
    delta = Fraction(1, rng.randint(5, 99))
    inputs, gram, least = numbers[9:]
    return WidthSetting(delta, N, 4, phi, arb(1), groups, inputs, gram, least, least)


FIELDS = ("recurrent", "inputs", "readout", "points", "residual", "least", "state")


def _stated(s: WidthSetting, label: arb, d: int, m: int, eta: Fraction, a: arb) -> dict[str, arb]:
    """The bounds of a random start, as Theorem E prints them."""
    t = (2 * (6 * arb(s.delta.denominator) / s.delta.numerator).log()).sqrt()
    up, down = 1 + enclose(eta), 1 - enclose(eta)
    trace = 2 * s.groups[0].variance + s.groups[1].variance
    return {
        "recurrent": a / s.phi.lipschitz,
        "inputs": arb(2 * m).sqrt() / arb(d).sqrt() + arb(2).sqrt() + t * arb(2).sqrt() / arb(d).sqrt(),
        "readout": 1 + t / arb(m).sqrt(),
        "points": arb(d).sqrt() * s.input_norm.sqrt(),
        "residual": arb(N).sqrt() * label + up.sqrt() * trace.sqrt() + t * up.sqrt() * s.gram_norm.sqrt(),
        "least": m * s.least * down,
        "state": up.sqrt() * arb(m).sqrt() * s.gram_norm.sqrt(),
    }


@argument("training-in-use", "the bounds of a start at made numbers; signs of the derivatives of the hypotheses")
def training_in_use() -> tuple[Relation, ...]:
    def draw(rng: random.Random, name: str) -> Sides:
        s, label, a = _setting(rng), arb(positive(rng)), arb(share(rng))
        given = label, 4, rng.randint(1, 10**9), Fraction(rng.randint(1, 9), 18), a
        return getattr(random_start(s, *given), name), _stated(s, *given)[name]

    def norms(rng: random.Random) -> Sides:
        s = _setting(rng)
        found = random_start(s, arb(1), 4, 9, Fraction(1, 4), arb(1)).point_norms
        return sum((x * x for x in found), arb(0)), 4 * (2 * s.groups[0].norm + s.groups[1].norm)

    symbols = {str(x): x for x in STATED["gap"].free_symbols}
    slack, more = sympy.Symbol("slack", positive=True), sympy.Symbol("more", positive=True)
    w, radius, lip, state = (symbols[name] for name in ("w", "R", "L", "Z"))
    gap = STATED["gap"].subs(w, (1 - slack) / lip - radius)  # 1 - L rho_w = slack
    lost = 1 - 1 / sympy.sqrt(2)
    inputs, least = symbols["X"], symbols["lambda_0"]
    return (
        *(Instances(partial(draw, name=name), 273 + k, equal=True) for k, name in enumerate(FIELDS)),
        Instances(norms, 280, equal=True),
        Equation(gap, lip * sympy.sqrt(state**2 + inputs**2) * radius / (slack * lost * sympy.sqrt(least))),
        Order(state**2 + inputs**2, (state + more) ** 2 + inputs**2, more * (2 * state + more)),
    )
