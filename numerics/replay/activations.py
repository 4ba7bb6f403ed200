"""Activations: sums of known functions, with proved slopes, strips of analyticity and parities (section 1)."""

import re
from fractions import Fraction
from typing import NamedTuple

from .verdicts import UNSUPPORTED, fraction, require


class Known(NamedTuple):
    """Parity; sup|f'| <= slope; |f(u + iv)| <= constant + growth |u| for |v| <= strip (1.1). x**0 is one, x is id."""

    parity: str
    slope: Fraction
    strip: Fraction
    constant: Fraction
    growth: Fraction


TABLE = """one even 0 4 1 0; id odd 1 4 4 1; relu - 1 0 0 0; tanh odd 1 1 2 0; atan odd 1 1/2 2 0; sin odd 1 4 28 0;
    cos even 1 4 28 0; sigmoid - 1/4 2 3/2 0; silu - 1.09985 2 3 3/2; softplus - 1 2 4 1; phi - 0.398943 2 7 0;
    gelu - 1.12890443 2 14 7; erf odd 1.1283791671 1 5 0; gaussian even 0.606531 2 8 0; xgaussian odd 1 2 16 8"""
KNOWN = {x[0]: Known(x[1], *map(Fraction, x[2:])) for x in map(str.split, TABLE.split(";"))}
NAMES = {  # the activations of the catalogue by name, where they are such sums; any other label is the sum itself
    "identity": "1*x**1",
    "normal_cdf": "1*phi(1*x)",
    "abs": "1*relu(1*x) + 1*relu(-1*x)",
    "leaky_relu": "1*relu(1*x) + -1/100*relu(-1*x)",
}
NAMES |= {name: f"1*{name}(1*x)" for name in KNOWN if name not in ("one", "id", "phi", "xgaussian")}
TERM = r"(-?[\d/]{1,121})\*(?:([a-z]+)\((-?[\d/]{1,121})\*x\)|x\*\*([01]))"
Terms = list[tuple[Fraction, str, Fraction]]  # c f(ax): the factor c, the name of f, the scale a


def parse(text: str) -> tuple[Terms, str, Fraction]:
    """The terms ``c*f(a*x)``, ``c*x**0``, ``c*x**1`` of a sum, joined by `` + ``; its parity; sup|f'| (1.2)."""
    line, parts, found = "proof.kernel.activation", text.split(" + ", 16), []
    for match in (re.fullmatch(TERM, part) for part in parts):
        found += [match.groups()] if match and (match[2] or "id") in KNOWN else []
    require(len(text) <= 2000 and len(found) == len(parts), line, "too long, or an unknown term", UNSUPPORTED)
    terms = [(fraction(c, line), f or ("one", "id")[int(k)], fraction(a or "1", line)) for c, f, a, k in found]
    parities = {KNOWN[name].parity for _, name, _ in terms}
    slope = sum((abs(factor * scale) * KNOWN[name].slope for factor, name, scale in terms), Fraction(0))
    return terms, parities.pop() if len(parities) == 1 else "-", slope
