r"""The activations known by name: their expressions and, where a closed form exists, their exact Lipschitz constants.

Every constant is proved in ``docs/activations.md``. ``lipschitz`` is :math:`\sup|\varphi'|`, ``second_lipschitz`` the
Lipschitz constant of :math:`\varphi'` (:math:`\infty` where :math:`\varphi'` jumps); ``None``: no closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import sympy
from sympy import Rational, exp, oo, pi, sqrt

from ..errors import SpecError
from ..suggestion import suggestion
from .functions import X, normal_cdf, sigmoid, softplus

MAX_POLYNOMIAL = 64
"""Largest degree of ``hermite(k)`` and ``monomial(k)``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A named activation at fixed parameters."""

    name: str
    expression: sympy.Expr
    lipschitz: sympy.Expr | None
    second_lipschitz: sympy.Expr | None


@dataclass(frozen=True, slots=True)
class Family:
    """A named family: its builder, its meaning and its default parameter (``None``: none; ``""``: must be given)."""

    build: Callable[[sympy.Rational], Entry]
    default: str | None
    meaning: str


def _fixed(
    name: str, expression: sympy.Expr, lipschitz: sympy.Expr | None, second: sympy.Expr | None, meaning: str
) -> tuple[str, Family]:
    def sympified(bound: sympy.Expr | int | None) -> sympy.Expr | None:
        return None if bound is None else sympy.Integer(bound) if isinstance(bound, int) else bound

    entry = Entry(name, expression, sympified(lipschitz), sympified(second))
    return name, Family(lambda _: entry, None, meaning)


def _leaky_relu(alpha: sympy.Rational) -> Entry:
    kinked = alpha != 1
    return Entry(
        f"leaky_relu({alpha})",
        sympy.Max(X, 0) + alpha * sympy.Min(X, 0),
        sympy.Max(1, abs(alpha)),
        oo if kinked else sympy.Integer(0),
    )


def _elu(alpha: sympy.Rational) -> Entry:
    second = sympy.Integer(1) if alpha == 1 else oo
    return Entry(
        f"elu({alpha})",
        sympy.Max(X, 0) + alpha * (exp(sympy.Min(X, 0)) - 1),
        sympy.Max(1, abs(alpha)),
        second,
    )


def _gaussian(alpha: sympy.Rational) -> Entry:
    if alpha <= 0:
        raise SpecError(f"gaussian({alpha}) is not a Gaussian: give a positive alpha, as in gaussian(1/2).")
    return Entry(f"gaussian({alpha})", exp(-alpha * X**2), sqrt(2 * alpha) * exp(-Rational(1, 2)), 2 * alpha)


def _polynomial_bounds(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    degree = sympy.degree(expression, X) if expression.has(X) else 0
    lipschitz = abs(sympy.diff(expression, X)) if degree <= 1 else oo
    return lipschitz, abs(sympy.diff(expression, X, 2)) if degree <= 2 else oo


def _order(value: sympy.Rational, name: str) -> int:
    if value.q != 1 or not 0 <= value <= MAX_POLYNOMIAL:
        raise SpecError(f"{name}({value}) needs an integer between 0 and {MAX_POLYNOMIAL}, as in {name}(3).")
    return int(value)


def _hermite(order: sympy.Rational) -> Entry:
    k = _order(order, "hermite")
    # He_k(x) = 2^{-k/2} H_k(x/sqrt 2), by its three-term recurrence: He_{k+1} = x He_k - k He_{k-1}
    previous, current = sympy.Poly(0, X), sympy.Poly(1, X)
    for j in range(k):
        previous, current = current, sympy.Poly(X, X) * current - j * previous
    return Entry(f"hermite({k})", current.as_expr(), *_polynomial_bounds(current.as_expr()))


def _monomial(order: sympy.Rational) -> Entry:
    k = _order(order, "monomial")
    return Entry(f"monomial({k})", X**k, *_polynomial_bounds(X**k))


def _positive(value: sympy.Rational, name: str, meaning: str) -> sympy.Rational:
    if value <= 0:
        raise SpecError(f"{name}({value}) needs a positive {meaning}, as in {name}(1/2).")
    return value


def _celu(alpha: sympy.Rational) -> Entry:
    a = _positive(alpha, "celu", "alpha")
    return Entry(
        f"celu({a})", sympy.Max(X, 0) + a * (exp(sympy.Min(X, 0) / a) - 1), sympy.Integer(1), 1 / sympy.sympify(a)
    )


def _snake(frequency: sympy.Rational) -> Entry:
    a = _positive(frequency, "snake", "frequency")
    return Entry(f"snake({a})", X + sympy.sin(a * X) ** 2 / a, sympy.Integer(2), 2 * a)


def _softshrink(threshold: sympy.Rational) -> Entry:
    a = _positive(threshold, "softshrink", "threshold")
    return Entry(f"softshrink({a})", sympy.Max(X - a, 0) + sympy.Min(X + a, 0), sympy.Integer(1), oo)


def _hardshrink(threshold: sympy.Rational) -> Entry:
    a = _positive(threshold, "hardshrink", "threshold")
    # continuous part plus the two jumps; at the jumps the mean of both sides
    jumps = a * (sympy.Heaviside(X - a) - sympy.Heaviside(-X - a))
    return Entry(f"hardshrink({a})", sympy.Max(X - a, 0) + sympy.Min(X + a, 0) + jumps, oo, oo)


_SELU_ALPHA = Rational("1.6732632423543772848170429916717")
_SELU_SCALE = Rational("1.0507009873554804934193349852946")
_QUICK = Rational("1.702")
_CUBIC = Rational("0.044715")
_HALF = Rational(1, 2)
_GELU_SLOPE = (1 + sympy.erf(1)) / 2 + exp(-1) / sqrt(pi)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    dict(
        [
            _fixed("identity", X, 1, 0, "the identity"),
            _fixed("tanh", sympy.tanh(X), 1, 4 / (3 * sqrt(3)), "hyperbolic tangent"),
            _fixed("erf", sympy.erf(X), 2 / sqrt(pi), 2 * sqrt(2 / (pi * sympy.E)), "error function"),
            _fixed("sigmoid", sigmoid(X), Rational(1, 4), 1 / (6 * sqrt(3)), "logistic function"),
            _fixed("softplus", softplus(X), 1, Rational(1, 4), "log(1 + exp(x))"),
            _fixed(
                "normal_cdf",
                normal_cdf(X),
                1 / sqrt(2 * pi),
                exp(-Rational(1, 2)) / sqrt(2 * pi),
                "distribution function of the standard normal law",
            ),
            _fixed("sin", sympy.sin(X), 1, 1, "sine"),
            _fixed("cos", sympy.cos(X), 1, 1, "cosine"),
            _fixed("atan", sympy.atan(X), 1, 3 * sqrt(3) / 8, "arc tangent"),
            _fixed("gelu", X * normal_cdf(X), _GELU_SLOPE, sqrt(2 / pi), "x times the normal distribution function"),
            _fixed("silu", X * sigmoid(X), None, Rational(1, 2), "x times the logistic function"),
            _fixed("mish", X * sympy.tanh(softplus(X)), None, None, "x tanh(softplus(x))"),
            _fixed("relu", sympy.Max(X, 0), 1, oo, "max(x, 0)"),
            _fixed("abs", sympy.Abs(X), 1, oo, "absolute value"),
            _fixed("step", sympy.Heaviside(X), oo, oo, "1 for x > 0, 0 for x < 0, 1/2 at 0"),
            _fixed("sign", sympy.sign(X), oo, oo, "1 for x > 0, -1 for x < 0, 0 at 0"),
            _fixed("exp", exp(X), oo, oo, "exponential"),
            _fixed("softsign", X / (1 + sympy.Abs(X)), 1, 2, "x/(1 + |x|)"),
            _fixed("hard_tanh", sympy.Max(sympy.Min(X, 1), -1), 1, oo, "x clipped to [-1, 1]"),
            _fixed(
                "selu",
                _SELU_SCALE * (sympy.Max(X, 0) + _SELU_ALPHA * (exp(sympy.Min(X, 0)) - 1)),
                _SELU_SCALE * _SELU_ALPHA,
                oo,
                "scaled elu with the constants of self-normalising networks",
            ),
            _fixed("log_sigmoid", -softplus(-X), 1, Rational(1, 4), "log(sigmoid(x)) (PyTorch's LogSigmoid)"),
            _fixed("tanhshrink", X - sympy.tanh(X), 1, 4 / (3 * sqrt(3)), "x - tanh(x) (PyTorch's Tanhshrink)"),
            _fixed(
                "quick_gelu",
                X * sigmoid(_QUICK * X),
                None,
                _QUICK / 2,
                "x sigmoid(1.702 x), the first approximation of gelu by Hendrycks and Gimpel",
            ),
            _fixed(
                "gelu_tanh",
                X * (1 + sympy.tanh(sqrt(2 / pi) * (X + _CUBIC * X**3))) / 2,
                None,
                None,
                "approximation of gelu by tanh, with 0.044715 x^3 (PyTorch's GELU, approximate='tanh')",
            ),
            _fixed("relu6", sympy.Max(sympy.Min(X, 6), 0), 1, oo, "x clipped to [0, 6] (PyTorch's ReLU6)"),
            _fixed(
                "hard_sigmoid",
                sympy.Max(sympy.Min(X / 6 + _HALF, 1), 0),
                Rational(1, 6),
                oo,
                "x/6 + 1/2 clipped to [0, 1] (PyTorch's Hardsigmoid)",
            ),
            _fixed(
                "hard_swish",
                X * sympy.Max(sympy.Min(X / 6 + _HALF, 1), 0),
                Rational(3, 2),
                oo,
                "x hard_sigmoid(x) (PyTorch's Hardswish)",
            ),
            ("snake", Family(_snake, "1", "x + sin(a x)^2/a")),
            ("softshrink", Family(_softshrink, "1/2", "x moved towards 0 by lambda (PyTorch's Softshrink)")),
            ("hardshrink", Family(_hardshrink, "1/2", "x for |x| > lambda, 0 for |x| < lambda (PyTorch's Hardshrink)")),
            ("leaky_relu", Family(_leaky_relu, "1/100", "max(x, 0) + alpha min(x, 0)")),
            ("elu", Family(_elu, "1", "x for x > 0, alpha (exp(x) - 1) for x < 0")),
            ("celu", Family(_celu, "1", "x for x > 0, alpha (exp(x/alpha) - 1) for x < 0 (PyTorch's CELU)")),
            ("gaussian", Family(_gaussian, "1/2", "exp(-alpha x^2)")),
            ("hermite", Family(_hermite, "", "probabilists' Hermite polynomial He_k")),
            ("monomial", Family(_monomial, "", "x^k")),
        ]
    )
)
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "arctan": "atan",
        "swish": "silu",
        "logistic": "sigmoid",
        "Phi": "normal_cdf",
        "Abs": "abs",
        "Heaviside": "step",
        "heaviside": "step",
        "sgn": "sign",
        "linear": "identity",
        "gelu_new": "gelu_tanh",
    }
)
NO_FUNCTION_OF_ONE_NUMBER: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("softmax", "softmin", "log_softmax"), "it takes a vector: write sigmoid or softplus of x."),
        **dict.fromkeys(("glu", "swiglu", "geglu", "reglu", "maxout"), "it multiplies or compares two inputs."),
        **dict.fromkeys(("prelu", "rrelu"), "its slope is learned or drawn: fix it, as in leaky_relu(1/4)."),
        **dict.fromkeys(("clip", "clamp"), "it needs its ends: write clip(x, -1, 1)."),
        **dict.fromkeys(("where", "piecewise"), "it needs conditions: write where(x > 0, x, exp(x) - 1)."),
        "threshold": "it needs its values: write where(x > 1, x, 0).",
        "sinc": "the quotient sin(x)/x has no rule at 0, and some mean sin(pi x)/(pi x): write a function without a "
        "division by x, such as exp(-x**2/6).",
    }
)
"""What people type that is no activation by itself, and what to do instead."""


def _folded(name: str) -> str:
    return name.lower().replace("_", "")


_BY_FOLDED_NAME: Mapping[str, str] = MappingProxyType(
    {
        **{_folded(alias): name for alias, name in ALIASES.items() if alias != "Phi"},  # phi is many things
        **{_folded(name): name for name in FAMILIES},
    }
)


def canonical(name: str) -> str:
    """The catalogue's own spelling of a name or alias (unknown names come back unchanged).

    Capitals and underscores do not matter.

    >>> canonical("swish"), canonical("HardTanh"), canonical("LeakyReLU"), canonical("unheard_of")
    ('silu', 'hard_tanh', 'leaky_relu', 'unheard_of')
    """
    return ALIASES.get(name) or _BY_FOLDED_NAME.get(_folded(name), name)


def advice(name: str) -> str:
    """What to write instead of a name that is no activation by itself; empty when nothing is known.

    >>> advice("Softmax")
    'it takes a vector: write sigmoid or softplus of x.'
    """
    folded = _folded(name)
    return next((text for known, text in NO_FUNCTION_OF_ONE_NUMBER.items() if _folded(known) == folded), "")


@lru_cache(maxsize=512)
def entry(name: str, parameter: sympy.Rational | None = None) -> Entry:
    """The catalogue entry for a name and, for a parametric family, its rational parameter.

    Raises :class:`SpecError` for unknown names and for parameters that are missing, superfluous or out of range.

    >>> entry("leaky_relu", sympy.Rational(1, 10)).name
    'leaky_relu(1/10)'
    """
    family = FAMILIES.get(canonical(name))
    if family is None:
        if advice(name):
            raise SpecError(f"{name} is not a function of one number: {advice(name)}")
        raise SpecError(f"no activation is called {name!r}." + suggestion(name.lower(), names()))
    if family.default is None:
        if parameter is not None:
            raise SpecError(f"{name} has no parameter: write {name}, or an expression such as {name}(2*x).")
        return family.build(sympy.Integer(0))
    if parameter is None and not family.default:
        raise SpecError(f"{name} needs its order: write for instance {name}(3).")
    value = Rational(family.default) if parameter is None else parameter
    built = family.build(value)
    if parameter is None or (family.default and value == Rational(family.default)):
        return Entry(canonical(name), built.expression, built.lipschitz, built.second_lipschitz)
    return built


def names() -> list[str]:
    """All names and aliases of the catalogue, sorted.

    >>> "tanh" in names()
    True
    """
    return sorted([*FAMILIES, *ALIASES])
