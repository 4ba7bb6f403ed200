"""Hermite coefficients of the activation by the midpoint rule, and the variance of the equilibrium (sections 3, 4)."""

from collections.abc import Callable
from fractions import Fraction
from math import factorial, isqrt
from operator import mul

from .activations import HINGES, Terms, parse
from .elementary import Interval, exp, pi, root
from .pieces import closed
from .slopes import facts, height
from .softsign import softsign
from .verdicts import UNSUPPORTED, require
from .work import free

ZERO, ONE, MAX_WORK = Fraction(0), Fraction(1), 1 << 35  # the last: some minutes


def moments(
    terms: Terms, variance: Fraction, order: int, t: int, parity: str = "-", spend: Callable[[int], None] = free
) -> tuple[Fraction, list[Interval], Interval]:
    """An exact sigma near the root of the variance, E f(sigma z) h_r(z) for r <= order, E f(sigma z)^2, to 2^-t."""
    bits, cut, sides = 2 * t + 80, isqrt(3 * t) + 2, 2 if parity in ("odd", "even") else 1  # (3.3); (3.11)
    # (3.2): alpha, the half-width of the strip where f(sigma z) is analytic, and N, the nodes in a unit
    widths = [max(root(scale * scale * variance, 8)[1], Fraction(1, 9)) for _, _, scale, _ in terms]
    alpha = min(facts(name).strip / width for (_, name, _, _), width in zip(terms, widths, strict=True))
    N = int((t * Fraction(7, 10) / alpha + isqrt(order) + alpha + 3) * Fraction(100, 628)) + 1
    work = N * cut * bits * (order * order // 64 + len(terms) * bits * bits // 256)
    require(N <= 128 and work <= MAX_WORK, "proof.kernel.activation", "too steep, or too many digits", UNSUPPORTED)
    spend(work)
    # (3.1): the nodes are x = j/2N for odd j, and sigma x = j unit
    unit, odd = (
        int(root(variance, bits)[0] * 2**bits) // (2 * N),
        range(1 if sides == 2 else 1 - 2 * N * cut, 2 * N * cut, 2),
    )
    values, sigma, size, noise = [0] * len(odd), Fraction(2 * N * unit, 1 << bits), ZERO, 2
    for factor, name, scale, _ in terms:  # (3.5): values of f, off by less than noise, and its size M
        known = (height(name, unit * j * scale.numerator // scale.denominator, bits) for j in odd)
        values = [y + z * factor.numerator // factor.denominator for y, z in zip(values, known, strict=True)]
        _, slope, _, constant, growth = facts(name)
        size += abs(factor) * (constant + (growth + 2 * slope) * abs(scale) * sigma)
        noise += int(abs(factor) * (9 + 9 * abs(scale) * sigma * cut)) + 2
    mean, size = (
        isqrt(2 * pi(2 * bits) << 2 * bits),
        size + Fraction(abs(values[0 if sides == 2 else N * cut]) + noise, 1 << bits),
    )
    density = [(exp(-(j * j << 2 * bits) // (8 * N * N), 2 * bits) << 2 * bits) // mean for j in odd]

    def integral(heights: list[int], weights: list[int], off: int, size: Fraction) -> Interval:
        """(3.7): of heights that are off by so many units, and weights by 4; (3.4): quadrature and cut."""
        lost = sides * (4 * sum(map(abs, heights)) + off * (sum(map(abs, weights)) + 4 * len(odd)))
        middle, error = sides * sum(map(mul, heights, weights)), 8 * size / 2**t
        return Fraction(middle - lost, N << 2 * bits) - error, Fraction(middle + lost, N << 2 * bits) + error

    noisy, found = (noise * (2 * max(map(abs, values)) + noise) >> bits) + 2, []  # of a square, and its rounding
    square = integral([y * y >> bits for y in values], [g >> bits for g in density], noisy, size**2)
    before, hermite = [0] * len(odd), [1] * len(odd)  # (3.6): (2N)^r He_r at the nodes, exactly
    for r in range(order + 1):
        divisor = isqrt(factorial(r) << 2 * bits) * (2 * N) ** r
        if (parity, r % 2) in (("odd", 0), ("even", 1)):
            found.append((ZERO, ZERO))
        else:
            weights = [g * h // divisor for g, h in zip(density, hermite, strict=True)]
            found.append(integral(values, weights, noise, size))
        before, hermite = hermite, [j * h - 4 * N * N * r * g for j, g, h in zip(odd, before, hermite, strict=True)]
    return sigma, found, square


def equilibrium(
    activation: str, feedback: Fraction, input_variance: Fraction, guess: Fraction, order: int, bits: int
) -> tuple[list[Interval], Interval, Interval]:
    """Enclosures of a_r for r <= order, of s (near the guess) and of q, for w = feedback and v = input_variance."""
    (terms, parity, slope), squares = parse(activation), []
    names, digits = {name for _, name, _, _ in terms}, 2 * bits + 112
    if names <= {"relu", "id"} and not any(
        shift for *_, shift in terms
    ):  # (3.8): linear x + modulus |x|, rational up to 2/pi
        modulus = sum((factor * abs(scale) / 2 for factor, name, scale, _ in terms if name == "relu"), ZERO)
        linear = sum((factor * scale / (2 if name == "relu" else 1) for factor, name, scale, _ in terms), ZERO)
        share, even, turn = linear**2 + modulus**2, 2 * modulus**2, pi(digits)
        s = input_variance / (1 - feedback * share)
        for r in range(order + 1):
            even *= Fraction((r - 3) ** 2, r * (r - 1)) if r and r % 2 == 0 else ONE  # 2 e^2 ((r - 3)!!)^2/r!
            odd, scaled = linear**2 * s if r == 1 else ZERO, even * s * 2**digits
            squares.append((odd, odd) if r % 2 else (scaled / (turn + 2), scaled / (turn - 2)))
        return squares, (s, s), (share * s, share * s)
    bent = names & {"relu", "elu", "softsign"}
    rule = softsign if "softsign" in bent else closed if bent else moments
    alone = not bent or names <= (HINGES if rule is closed else bent)
    require(alone, "proof.kernel.activation", "a hinge together with a smooth function", UNSUPPORTED)
    sigma, coefficients, square = rule(terms, guess, order, bits + 24, parity)
    below, above = (root(input_variance + feedback * end, digits) for end in square)  # (4.1): S(sigma)
    theta = root(feedback * slope**2, digits)[1]
    require(theta < 1, "proof.kernel.sigma_w2", "no contraction")
    error = slope * max(above[1] - sigma, sigma - below[0]) / (1 - theta)  # (4.2): L |sqrt s - sigma|
    low, high = max(root(square[0], digits)[0] - error, ZERO), root(square[1], digits)[1] + error  # of sqrt q
    for r, (a, b) in enumerate(coefficients):
        near, far = max(a - error, -b - error, ZERO), max(-a, b) + error
        squares.append((ZERO, ZERO) if (parity, r % 2) in (("odd", 0), ("even", 1)) else (near**2, far**2))
    return squares, (input_variance + feedback * low**2, input_variance + feedback * high**2), (low**2, high**2)
