r"""The identities behind the theorems, proved by sympy: each function returns what must vanish identically.

A second derivative in one or two weights moves nothing else, so that everything but those weights can be collected in
constants: the identities below hold for every p, d and n. docs/papers/two_layer_logistic/proofs.md, section 3.
"""

from __future__ import annotations

import sympy

from ....theory.activations.functions import X

Identity = tuple[str, sympy.Expr]


def coordinate_identities(bend_sign: int = -1) -> tuple[Identity, ...]:
    r"""Gradient, Laplacian and Hessian entries of one summand of g, for both labels and an arbitrary smooth σ.

    With everything but the weights w, v held fixed, the output is :math:`c+a\sigma(wx+b)` (one weight),
    :math:`c+a\sigma(wx+vt+b)` (two weights of one unit) or :math:`c+a\sigma(wx+b)+e\sigma(vt+h)` (of two units).
    ``bend_sign`` is that of the second term of the Laplacian; any other value than -1 plants a falsehood.
    """
    w, v, x, t, a, e, b, c, h = sympy.symbols("w v x t a e b c h", real=True)
    sigma = sympy.Function("sigma")
    found: list[Identity] = []
    for label in (1, -1):
        one, same, other = (
            c + a * sigma(w * x + b),
            c + a * sigma(w * x + v * t + b),
            c + a * sigma(w * x + b) + e * sigma(v * t + h),
        )
        for name, output, pair in (("one", one, None), ("same unit", same, (x, t)), ("two units", other, (x, t))):
            loss = sympy.log(1 + sympy.exp(-label * output))
            q = 1 / (1 + sympy.exp(label * output))
            slope, bend = _outer(sigma, w * x + (v * t if name == "same unit" else 0) + b)
            if pair is None:
                found.append((f"gradient, y = {label}", sympy.diff(loss, w) + label * q * a * slope * x))
                claimed = x**2 * (q * (1 - q) * a**2 * slope**2 + bend_sign * label * q * a * bend)
                found.append((f"laplacian, y = {label}", sympy.diff(loss, w, 2) - claimed))
            elif name == "same unit":
                claimed = x * t * (q * (1 - q) * a**2 * slope**2 - label * q * a * bend)
                found.append((f"hessian in a block, y = {label}", sympy.diff(loss, w, v) - claimed))
            else:
                far, _ = _outer(sigma, v * t + h)
                claimed = x * t * q * (1 - q) * a * e * slope * far
                found.append((f"hessian between blocks, y = {label}", sympy.diff(loss, w, v) - claimed))
    return tuple(found)


def _outer(sigma: sympy.Function, argument: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """σ' and σ'' at an argument, in the form in which sympy differentiates."""
    z = sympy.Symbol("z", real=True)
    first, second = sympy.diff(sigma(z), z), sympy.diff(sigma(z), z, 2)
    return sympy.Subs(first, z, argument), sympy.Subs(second, z, argument)


def vanishes(expression: sympy.Expr) -> bool:
    """Whether an expression in abstract functions simplifies to zero."""
    return bool(sympy.simplify(_without_substitutions(expression)) == 0)


def _without_substitutions(expression: sympy.Expr) -> sympy.Expr:
    """Replace derivatives of the abstract function at equal points by equal symbols."""
    names: dict[tuple[int, sympy.Expr], sympy.Symbol] = {}

    def symbol(node: sympy.Subs) -> sympy.Symbol:
        order = int(node.expr.derivative_count)
        point = sympy.expand(node.point[0])
        return names.setdefault((order, point), sympy.Symbol(f"d{order}_{len(names)}", real=True))

    return expression.doit(deep=False).replace(lambda node: isinstance(node, sympy.Subs), symbol)


def radius_identity() -> sympy.Expr:
    r"""The growth bound at R(K) minus K."""
    rate, s, level, g, n, d = sympy.symbols("lambda s K G N D", positive=True)
    radius = (g + sympy.sqrt(s * (level + rate * n + d))) / rate
    return sympy.simplify((rate * radius - g) ** 2 / s - rate * n - d - level)


def square_identity() -> sympy.Expr:
    r""":math:`(f-y)(f-\delta)+(y-\delta)^2/4` minus a square."""
    f, y, delta = sympy.symbols("f y delta", real=True)
    return sympy.expand((f - y) * (f - delta) + (y - delta) ** 2 / 4 - (f - (y + delta) / 2) ** 2)


def gaussian_identity() -> sympy.Expr:
    r""":math:`\int e^{-\lambda w^2/s}dw` minus :math:`\sqrt{\pi s/\lambda}`."""
    rate, s = sympy.symbols("lambda s", positive=True)
    return sympy.simplify(sympy.integrate(sympy.exp(-rate * X**2 / s), (X, -sympy.oo, sympy.oo)) - _root(rate, s))


def _root(rate: sympy.Expr, s: sympy.Expr) -> sympy.Expr:
    return sympy.sqrt(sympy.pi * s / rate)


def excess_identity() -> sympy.Expr:
    r"""The entropy bound minus the partition bound, over β, minus the claimed excess, with β = 2/s."""
    s, n, lip, r2 = sympy.symbols("s N gLip r2", positive=True)
    beta = 2 / s
    upper = n / 2 * sympy.log(2 * sympy.pi * sympy.E * r2 / n)
    lower = n / 2 * sympy.log(2 * sympy.pi / (beta * lip))
    claimed = s * n / 4 * sympy.log(2 * sympy.E * lip * r2 / (s * n))
    return sympy.simplify(sympy.expand_log((upper - lower) / beta - claimed, force=True))


def second_derivative_supremum(name: str) -> sympy.Expr:
    r"""The exact supremum of :math:`|\sigma''|` for sigmoid, tanh or erf, from its critical points.

    sigmoid'' and tanh'' are polynomials in the function itself; erf'' is a linear factor times a Gaussian.

    >>> second_derivative_supremum("tanh")
    4*sqrt(3)/9
    """
    t = sympy.Symbol("t", real=True)
    if name == "erf":
        size = 4 / sympy.sqrt(sympy.pi) * t * sympy.exp(-(t**2))
        factor = sympy.simplify(sympy.diff(size, t) * sympy.exp(t**2))  # a quadratic: 1 - 2 t^2 up to a constant
        point = max(sympy.solve(factor, t))
        return sympy.simplify(size.subs(t, point))
    polynomial, low, high = {
        "sigmoid": (t * (1 - t) * (1 - 2 * t), 0, 1),
        "tanh": (-2 * t * (1 - t**2), -1, 1),
    }[name]
    points = [r for r in sympy.solve(sympy.diff(polynomial, t), t) if low <= r <= high]
    return sympy.simplify(max(sympy.Abs(polynomial.subs(t, r)) for r in [*points, low, high]))
