"""Lines about recurrences of Hermite coefficients, Khatri-Rao powers and the tangent-kernel conventions.

The identities for all orders at once are identities of generating functions; each is one symbolic equation.
"""

from __future__ import annotations

import random
from fractions import Fraction

import sympy
from flint import arb, fmpq, fmpq_mat

from ....theory.activations.activation import activation, from_expression
from ...balls.ball import enclose
from ...balls.precision import precision
from ...deep.conventions import TangentConvention, equilibrium_tangent
from ...hermite import hermite_transform
from ...proof_lines.enclosures import BITS, NAMES, POINTS, enclosed
from ...proof_lines.identities import identity, same
from ...proof_lines.instances import TRIALS, hadamard_power, instances, positive_semidefinite, rational
from ...proof_lines.registry import Checked, line

ORDER, CLOSED = 12, 7
"""Orders compared one by one: in balls, and for the closed forms."""


@line("weighted-hermite-derivative")
def weighted_hermite_derivative() -> Checked:
    x, t, r, before = sympy.symbols("x t r before", positive=True)  # before = (r-1)!
    generating = sympy.exp(-((x - t) ** 2) / 2)
    unweighted = sympy.exp(t * x - t**2 / 2 - x**2 / 2)
    # [t^(r-1)] of -d/dt sum h_r w t^r/sqrt(r!) is -r/sqrt(r!) h_r w; times sqrt((r-1)!) that is -sqrt(r) h_r w
    normalised = same(r / sympy.sqrt(r * before) * sympy.sqrt(before), sympy.sqrt(r))
    exponent = same(sympy.log(generating).expand(force=True), sympy.log(unweighted).expand(force=True))
    ratio = same(sympy.diff(generating, x) / generating, -sympy.diff(generating, t) / generating)
    return identity(exponent and ratio and normalised, "d/dx and -d/dt agree on exp(-(x-t)^2/2): all orders at once")


@line("boundary-terms")
def boundary_terms() -> Checked:
    x, k, b = sympy.symbols("x k b", positive=True)
    log_first = k * sympy.log(x) - x**2 / 8  # at most its value where the derivative vanishes, by concavity
    peak = 2 * sympy.sqrt(k)
    concave = sympy.diff(log_first, x, 2).is_negative
    stationary = same(sympy.diff(log_first, x).subs(x, peak), sympy.Integer(0))
    value = sympy.expand_log(log_first.subs(x, peak) - k / 2 * sympy.log(4 * k / sympy.E), force=True)
    square = same(2 * b**2 - (b * x - x**2 / 8), 2 * (b - x / 4) ** 2)
    return identity(
        bool(concave and stationary and square) and same(value, sympy.Integer(0)),
        "|x|^k e^(-x^2/8) <= (4k/e)^(k/2) at its only stationary point; 2 b^2 - b x + x^2/8 = 2 (b - x/4)^2",
    )


@line("stein-enclosure")
def stein_enclosure() -> Checked:
    rng, passed = random.Random(21), True
    for name in NAMES:
        phi = activation(name)
        for _ in range(POINTS):
            variance = Fraction(rng.randint(1, 30), 10)
            mu = hermite_transform(phi, ORDER, variance, BITS).coefficients
            nu = hermite_transform(from_expression(phi.derivative()), ORDER, variance, BITS).coefficients
            with precision(BITS):
                sigma = enclose(variance).sqrt()
                passed = passed and all(
                    (arb(r).sqrt() * mu[r]).overlaps(sigma * nu[r - 1]) for r in range(1, ORDER + 1)
                )
    return enclosed(passed, f"both sides for the orders 1 to {ORDER}")


@line("chain-rule")
def chain_rule() -> Checked:
    sigma, z = sympy.symbols("sigma z", positive=True)
    f, point = sympy.Function("f"), sympy.Symbol("y")
    slope = sympy.diff(f(point), point).subs(point, sigma * z)
    return identity(same(sigma * sympy.diff(f(sigma * z), sigma).doit(), sigma * z * slope.doit()), "the chain rule")


@line("three-term-recurrence")
def three_term_recurrence() -> Checked:
    x, t = sympy.symbols("x t", real=True)
    r, before = sympy.symbols("r before", positive=True)
    generating = sympy.exp(t * x - t**2 / 2)
    passed = same(x, sympy.diff(generating, t) / generating + t)
    # [t^r]: x h_r/sqrt(r!) = (r+1) h_(r+1)/sqrt((r+1)!) + h_(r-1)/sqrt((r-1)!), times sqrt(r!); before = (r-1)!
    root = sympy.sqrt(r * before)
    up, down = (r + 1) / sympy.sqrt((r + 1) * r * before) * root, root / sympy.sqrt(before)
    passed = passed and same(up, sympy.sqrt(r + 1)) and same(down, sympy.sqrt(r))
    return identity(passed, "x G = (d/dt + t) G for G = exp(tx - t^2/2): all orders at once")


@line("scale-insertion")
def scale_insertion() -> Checked:
    r = sympy.Symbol("r", integer=True, positive=True)
    up, down = sympy.symbols("mu_up mu_same")  # mu_(r+2) and mu_r

    def slope(k: sympy.Expr, mu: sympy.Symbol) -> sympy.Expr:
        return sympy.sqrt(k + 1) * mu  # sigma E phi'(sigma z) h_k(z) = sqrt(k+1) mu_(k+1)

    left = sympy.sqrt(r + 1) * slope(r + 1, up) + sympy.sqrt(r) * slope(r - 1, down)
    right = r * down + sympy.sqrt(r + 1) * sympy.sqrt(r + 2) * up
    return identity(same(left, right), "sqrt(r+1) sqrt(r+2) mu_(r+2) + sqrt(r) sqrt(r) mu_r, symbolic r")


def scale_residual(mu: sympy.Expr, above: sympy.Expr, r: sympy.Expr, sigma: sympy.Symbol) -> sympy.Expr:
    """The left side of the recurrence in the scale minus the right side; ``above`` is the coefficient of order r + 2.

    >>> s = sympy.Symbol("s", positive=True)
    >>> scale_residual(s, sympy.Integer(0), sympy.Integer(1), s)  # phi(x) = x: mu_1 = sigma, mu_3 = 0
    0
    """
    return sympy.simplify(sigma * sympy.diff(mu, sigma) - r * mu - sympy.sqrt((r + 1) * (r + 2)) * above)


@line("scale-closed-forms")
def scale_closed_forms() -> Checked:
    sigma = sympy.Symbol("sigma", positive=True)
    passed = True
    for r in range(CLOSED):
        k = sympy.Integer(r)

        def exponential(n: sympy.Expr) -> sympy.Expr:
            return sigma**n * sympy.exp(sigma**2 / 2) / sympy.sqrt(sympy.factorial(n))

        def sine(n: sympy.Expr) -> sympy.Expr:
            wave = sympy.sin(n * sympy.pi / 2) * sympy.exp(-(sigma**2) / 2)
            return wave * sigma**n / sympy.sqrt(sympy.factorial(n))

        passed = passed and scale_residual(exponential(k), exponential(k + 2), k, sigma) == 0
        passed = passed and scale_residual(sine(k), sine(k + 2), k, sigma) == 0
        if r % 2:
            squares = [_error_function_square(k + 2 * j, sigma) for j in range(2)]
            first, second = ((-1) ** ((r + 2 * j - 1) // 2) * sympy.sqrt(squares[j]) for j in range(2))
            passed = passed and scale_residual(first, second, k, sigma) == 0
    return identity(passed, f"exp, sin and erf, orders 0 to {CLOSED - 1}, identically in sigma")


def _error_function_square(r: sympy.Expr, sigma: sympy.Symbol) -> sympy.Expr:
    """The square of the coefficient of erf at odd order r."""
    share = 2 * sigma**2 / (1 + 2 * sigma**2)
    return 2 / sympy.pi * share**r * sympy.binomial(r - 1, (r - 1) / 2) / (2 ** (r - 1) * r)


@line("kronecker-inner-product")
def kronecker_inner_product() -> Checked:
    x, u = (sympy.Matrix(sympy.symbols(f"{name}0:2", real=True)) for name in "xu")
    y, v = (sympy.Matrix(sympy.symbols(f"{name}0:3", real=True)) for name in "yv")
    left = (sympy.kronecker_product(x, y).T * sympy.kronecker_product(u, v))[0]
    return identity(same(left, (x.T * u)[0] * (y.T * v)[0]), "vectors of lengths 2 and 3 with symbols as entries")


def khatri_rao(columns: list[list[fmpq]], r: int) -> list[list[fmpq]]:
    """The columnwise Kronecker power of a matrix that is given by its columns.

    >>> khatri_rao([[fmpq(2), fmpq(3)]], 2)
    [[4, 6, 6, 9]]
    """
    powers = [[fmpq(1)] for _ in columns]
    for _ in range(r):
        powers = [[p * x for p in power for x in column] for power, column in zip(powers, columns, strict=True)]
    return powers


def _instance(rng: random.Random) -> tuple[fmpq_mat, int, fmpq_mat]:
    n, d, r = 4, 3, rng.randint(1, 4)
    columns = [[rational(rng) for _ in range(d)] for _ in range(n)]
    powers = khatri_rao(columns, r)
    x = fmpq_mat(n, d, [value for column in columns for value in column])
    p = fmpq_mat(n, d**r, [value for power in powers for value in power])
    return x * x.transpose(), r, p


@line("khatri-rao-power")
def khatri_rao_power() -> Checked:
    rng, passed = random.Random(22), True
    for _ in range(TRIALS):
        c, r, p = _instance(rng)
        passed = passed and bool(hadamard_power(c, r) == p * p.transpose())
    return instances(passed, "the Schur power equals the Gram matrix of the Khatri-Rao power, r = 1 to 4")


@line("khatri-rao-order")
def khatri_rao_order() -> Checked:
    rng = random.Random(23)
    cases = (_instance(rng) for _ in range(TRIALS))
    return instances(all(positive_semidefinite(hadamard_power(c, r)) for c, r, _ in cases), "C^(r) by elimination")


def _kernels() -> tuple[dict[str, sympy.Expr], tuple[sympy.Symbol, ...]]:
    sigma, g, slopes, w = sympy.symbols("Sigma G Gd w", positive=True)
    found = {c.name: equilibrium_tangent(sigma, g, slopes, w, c) for c in TangentConvention}
    return found, (sigma, g, slopes, w)


@line("geometric-resolvent")
def geometric_resolvent() -> Checked:
    x, s = sympy.symbols("x S", positive=True)
    solution = s / (1 - x)
    rest = all(
        same(solution - s * sum((x**k for k in range(n)), sympy.Integer(0)), x**n * solution) for n in range(1, 8)
    )
    return identity(
        same(solution, s + x * solution) and rest, "the solution of T = S + x T, and the rest after n steps"
    )


@line("readout-relation")
def readout_relation() -> Checked:
    found, (_, g, slopes, _) = _kernels()
    return identity(same(found["READOUT"], g + slopes * found["PREACTIVATION"]), "N3 = G + Gd N1")


@line("standard-relation")
def standard_relation() -> Checked:
    found, (_, g, _, w) = _kernels()
    return identity(same(found["IMPLICIT"] - g, w * (found["STANDARD"] - g)), "N2 - G = w (N4 - G)")


@line("shallow-limit")
def shallow_limit() -> Checked:
    found, (sigma, g, slopes, w) = _kernels()
    limits = {"PREACTIVATION": sigma, "IMPLICIT": g, "READOUT": g + sigma * slopes, "STANDARD": g * (1 + slopes)}
    return identity(all(same(found[name].subs(w, 0), limits[name]) for name in limits), "w = 0 in each of the four")
