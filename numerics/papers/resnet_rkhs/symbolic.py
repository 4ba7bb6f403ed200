"""The identities behind the claims, decided by symbolic computation."""

from __future__ import annotations

import sympy

from ...radial.kernel import RadialKernel, matern_coefficients


def gradient_identity(depth: int, *, shifted: bool = False) -> bool:
    r"""Whether :math:`\frac{d}{d\varepsilon}L(v+\varepsilon w) = \frac1D\sum_l w_l(z_l)p_{l+1}` for arbitrary fields.

    One input, states in R², readout of the second coordinate; v_l and w_l are undefined functions. ``shifted`` takes
    p_l for p_{l+1}, which is false.

    >>> gradient_identity(2), gradient_identity(2, shifted=True)
    (True, False)
    """
    eps, y = sympy.symbols("epsilon y", real=True)
    a, b = sympy.symbols("a b", real=True)
    fields = [[sympy.Function(f"v_{layer}_{part}")(a, b) for part in range(2)] for layer in range(depth)]
    directions = [[sympy.Function(f"w_{layer}_{part}")(a, b) for part in range(2)] for layer in range(depth)]

    def at(expression: sympy.Expr, z: list[sympy.Expr]) -> sympy.Expr:
        return expression.subs({a: z[0], b: z[1]}, simultaneous=True)

    z0 = list(sympy.symbols("x_0 x_1", real=True))
    # first variations, by differentiating one step of the recursion
    states, variation = [z0], [sympy.Integer(0), sympy.Integer(0)]
    for layer in range(depth):
        z = states[-1]
        step = []
        for part in range(2):
            moved = fields[layer][part] + eps * directions[layer][part]
            slope = sum(moved.diff(s) * d for s, d in zip((a, b), variation, strict=True)).subs(eps, 0)
            step.append(at(slope + directions[layer][part], z))
        variation = [d + s / depth for d, s in zip(variation, step, strict=True)]
        states.append([s + at(f, z) / depth for s, f in zip(z, fields[layer], strict=True)])
    gap = states[-1][1] - y
    derivative = gap * variation[1]
    p, pairing = [sympy.Integer(0), gap], sympy.Integer(0)
    for layer in range(depth - 1, -1, -1):
        z = states[layer]
        back = [at(sum(f.diff(s) * c for f, c in zip(fields[layer], p, strict=True)), z) for s in (a, b)]
        before = [c + d / depth for c, d in zip(p, back, strict=True)]
        used = before if shifted else p
        pairing += sum(at(w, z) * c for w, c in zip(directions[layer], used, strict=True)) / depth
        p = before
    return bool(sympy.expand(derivative - pairing) == 0)


def taylor_constants(kernel: RadialKernel) -> tuple[sympy.Expr, sympy.Expr]:
    """κ₁² = −k''(0) and κ₂² = k''''(0) from the Taylor series of k at 0; κ₂² is oo when r³ occurs in it.

    >>> from ...radial.kernel import radial_kernel
    >>> taylor_constants(radial_kernel("matern-3/2", 2))
    (3/4, oo)
    """
    r = sympy.Symbol("r", positive=True)
    scale = sympy.Rational(kernel.scale.numerator, kernel.scale.denominator)
    if kernel.order is None:
        k = sympy.exp(-(r**2) / (2 * scale**2))
    else:
        t = sympy.sqrt(2 * kernel.order + 1) * r / scale
        terms = (
            sympy.Rational(c.numerator, c.denominator) * t**j for j, c in enumerate(matern_coefficients(kernel.order))
        )
        k = sum(terms) * sympy.exp(-t)
    series = sympy.expand(sympy.series(k, r, 0, 5).removeO())
    if series.coeff(r, 0) != 1 or series.coeff(r, 1) != 0:
        raise ArithmeticError(f"{kernel.name} is not 1 - k_2 r^2 + ... at 0")
    kappa2 = sympy.oo if series.coeff(r, 3) != 0 else 24 * series.coeff(r, 4)
    return sympy.simplify(-2 * series.coeff(r, 2)), sympy.simplify(kappa2) if kappa2 != sympy.oo else kappa2


def best_radius() -> bool:
    """Whether R² e^(−bR) has its only maximum on R > 0 at R = 2/b, with the value 4/(eb)²."""
    r, b = sympy.symbols("R b", positive=True)
    f = r**2 * sympy.exp(-b * r)
    critical = sympy.solve(sympy.simplify(f.diff(r) * sympy.exp(b * r) / r), r)
    value = sympy.simplify(f.subs(r, 2 / b) - 4 / (sympy.E * b) ** 2)
    vanishes = sympy.limit(f.subs(b, 1), r, 0) == 0 and sympy.limit(f.subs(b, 1), r, sympy.oo) == 0
    return critical == [2 / b] and value == 0 and bool(vanishes)


def covering_exponent() -> sympy.Expr:
    """The exponent of 2 in the optimised covering bound, minus 9: it must be negative for every dimension q > 0."""
    q = sympy.Symbol("q", positive=True)
    return sympy.simplify(1 + 2 / (q + 2) + 8 * q / (q + 2) - 9)


def root_loss_identity() -> bool:
    """Whether −d√L/ds = |∇L|²/(2√L) along dL/ds = −|∇L|², and likewise for one step of descent."""
    s = sympy.Symbol("s", real=True)
    loss, g = sympy.Function("L", positive=True)(s), sympy.Symbol("g", positive=True)
    flow = sympy.simplify(-sympy.sqrt(loss).diff(s).subs(loss.diff(s), -(g**2)) - g**2 / (2 * sympy.sqrt(loss)))
    old, new = sympy.symbols("L_0 L_1", positive=True)
    step = sympy.expand((sympy.sqrt(old) - sympy.sqrt(new)) * (sympy.sqrt(old) + sympy.sqrt(new)) - (old - new))
    return bool(flow == 0 and step == 0)


def inverse_layer_bound() -> bool:
    """Whether log(1 − x) + x/(1 − x) >= 0 on [0, 1): it vanishes at 0 and its derivative is x/(1 − x)²."""
    x = sympy.Symbol("x", real=True)
    f = sympy.log(1 - x) + x / (1 - x)
    return bool(f.subs(x, 0) == 0 and sympy.simplify(f.diff(x) - x / (1 - x) ** 2) == 0)
