"""Derivatives of the known functions, as functions of the same kind: ``tanh'`` is the one of tanh (section 13)."""

from fractions import Fraction
from functools import cache
from math import isqrt

from .activations import KNOWN, Known, Terms
from .elementary import exp, pi, value

GUARD = 64
BENDS = {  # sup|f''|, rounded up (13.2)
    **dict.fromkeys(("one", "id"), "0"),
    **dict.fromkeys(("tanh", "atan", "sigmoid", "softplus", "silu", "erf", "phi", "gelu", "gaussian", "mish"), "1"),
    **dict.fromkeys(("sin", "cos"), "1"),
    "xgaussian": "3",
}
PARITY = {"odd": "even", "even": "odd", "-": "-"}


@cache
def known(name: str) -> Known:
    """The derivative of a function of the table: on half the strip by Cauchy's inequality (13.1)."""
    parity, _, strip, constant, growth = KNOWN[name]
    return Known(PARITY[parity], Fraction(BENDS[name]), strip / 2, 2 * constant / strip + growth, 2 * growth / strip)


def facts(name: str) -> Known:
    """What is known of a function of the table, or of the derivative of one."""
    return known(name[:-1]) if name.endswith("'") else KNOWN[name]


def differentiated(terms: Terms) -> Terms:
    """The derivative of a sum of smooth terms c f(ax): c a f'(ax)."""
    return [(c * a, f"{name}'", a, b) for c, name, a, b in terms if c * a and name != "one"]


def height(name: str, x: int, bits: int) -> int:
    """A function of the table or the derivative of one, off by less than 7 (1 + |x|) units."""
    return value(name, x, bits) if not name.endswith("'") else slope(name[:-1], x << GUARD, bits + GUARD) >> GUARD


def slope(name: str, x: int, bits: int) -> int:
    """The derivative, off by less than 2^-GUARD of what :func:`height` promises (13.3)."""
    one = 1 << bits
    if name in ("id", "softplus"):
        return one if name == "id" else value("sigmoid", x, bits)
    if name in ("sin", "cos"):
        return value("cos", x, bits) if name == "sin" else -value("sin", x, bits)
    if name == "atan":
        return (one << bits) // (one + (x * x >> bits))
    if name == "tanh":
        return one - (value(name, x, bits) ** 2 >> bits)
    if name in ("sigmoid", "silu"):
        s = value("sigmoid", x, bits)
        bend = s * (one - s) >> bits
        return bend if name == "sigmoid" else s + (x * bend >> bits)
    if name == "mish":
        e = exp(-abs(x), bits)  # T' = 4w(w + 1)/(w^2 + 2w + 2)^2, w = exp(x), by exp(-|x|)
        square = e * e >> bits
        below = one + 2 * e + 2 * square if x > 0 else square + 2 * e + 2 * one
        above = 4 * (square + (square * e >> bits) if x > 0 else e + square)
        return value("share", x, bits) + ((x * above << bits) // (below * below))
    bell = exp(-x * x >> bits + (name != "erf"), bits)
    if name == "erf":
        return 2 * (bell << bits) // isqrt(pi(bits) << bits)
    if name == "gaussian":
        return -(x * bell) >> bits
    if name == "xgaussian":
        return bell - (x * (x * bell >> bits) >> bits)
    bell = (bell << bits) // isqrt(2 * pi(bits) << bits)
    return bell if name == "phi" else value("phi", x, bits) + (x * bell >> bits)  # gelu
