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


TABLE = """one even 0 4 1 0; id odd 1 4 4 1; relu - 1 0 0 0;
    softsign odd 1 0 0 0; tanh odd 1 1 2 0; atan odd 1 1/2 2 0; sin odd 1 4 28 0;
    cos even 1 4 28 0; sigmoid - 1/4 2 3/2 0; silu - 1.09985 2 3 3/2; softplus - 1 2 4 1; phi - 0.398943 2 7 0;
    gelu - 1.12890443 2 14 7; erf odd 1.1283791671 1 5 0; mish - 1.0886 3/2 9/2 3; elu - 1 0 0 0;
    softsign odd 1 0 0 0;
    gaussian even 0.606531 2 8 0; xgaussian odd 1 2 16 8"""
KNOWN = {x[0]: Known(x[1], *map(Fraction, x[2:])) for x in map(str.split, TABLE.split(";"))}
NAMES = {  # the activations of the catalogue by name, where they are such sums; any other label is the sum itself
    "identity": "1*x**1",
    "normal_cdf": "1*phi(1*x)",
    "abs": "1*relu(1*x) + 1*relu(-1*x)",
    "leaky_relu": "1*relu(1*x) + -1/100*relu(-1*x)",
    "hard_tanh": "-1*x**0 + 1*relu(1*x+1) + -1*relu(1*x+-1)",
    "relu6": "1*relu(1*x) + -1*relu(1*x+-6)",
}
NAMES |= {name: f"1*{name}(1*x)" for name in KNOWN if name not in ("one", "id", "phi", "xgaussian")}
HINGES = {"one", "id", "relu", "elu"}  # in closed form: (3.8), (3.9)
NUMERAL = r"(-?[\d/]{1,161})"
TERM = rf"{NUMERAL}\*(?:([a-z]+)\({NUMERAL}\*x(?:\+{NUMERAL})?\)|x\*\*([01]))"
Terms = list[tuple[Fraction, str, Fraction, Fraction]]  # c f(ax + b): the factor c, the name of f, a and b


def parse(text: str) -> tuple[Terms, str, Fraction]:
    """The terms ``c*f(a*x)``, ``c*relu(a*x+b)``, ``c*x**0``, ``c*x**1`` of a sum; its parity; sup|f'| (1.2)."""
    line, parts, found = "proof.kernel.activation", text.split(" + ", 16), []
    for match in (re.fullmatch(TERM, part) for part in parts):
        proper = match and (match[2] or "id") in KNOWN and (not match[4] or match[2] == "relu")
        found += [match.groups()] if match and proper else []
    require(len(text) <= 2000 and len(found) == len(parts), line, "too long, or an unknown term", UNSUPPORTED)
    terms = [
        (fraction(c, line), f or ("one", "id")[int(k)], fraction(a or "1", line), fraction(b or "0", line))
        for c, f, a, b, k in found
    ]
    require(all(scale or name != "relu" for _, name, scale, _ in terms), line, "a hinge of slope 0", UNSUPPORTED)
    parities = {KNOWN[name].parity for _, name, _, _ in terms}
    hinges = [(-shift / scale, factor * abs(scale)) for factor, name, scale, shift in terms if name == "relu"]
    others = (abs(c * a) * KNOWN[name].slope for c, name, a, _ in terms if name not in ("relu", "id"))
    slope = sum(others, max(map(abs, slopes(terms, hinges))))
    return terms, "odd" if hinged_odd(terms, hinges) else parities.pop() if len(parities) == 1 else "-", slope


def slopes(terms: Terms, hinges: list[tuple[Fraction, Fraction]]) -> list[Fraction]:
    """The slopes of the sum of hinges and c x from left to right: a hinge bends it by c|a| at -b/a."""
    left = (
        factor * (scale if name == "id" or scale < 0 else 0)
        for factor, name, scale, _ in terms
        if name in ("id", "relu")
    )
    found = [sum(left, Fraction(0))]
    for place in sorted({place for place, _ in hinges}):
        found.append(found[-1] + sum(bend for at, bend in hinges if at == place))
    return found


def hinged_odd(terms: Terms, hinges: list[tuple[Fraction, Fraction]]) -> bool:
    """Whether a sum of hinges, one and id is odd (1.4): opposite bends at opposite places, and nothing else is even."""
    if not {name for _, name, _, _ in terms} <= {"one", "id", "relu"}:
        return False
    bends = {place: sum(bend for at, bend in hinges if at == place) for place, _ in hinges}
    weights = {"relu": Fraction(1, 2), "id": Fraction(0)}
    even = sum((c * weights.get(name, 1) * (b if name == "relu" else 1) for c, name, _, b in terms), Fraction(0))
    return not even and all(bend == -bends.get(-place, 0) for place, bend in bends.items())
