r"""How symbols and numbers are written, the same in every format.

Numbers keep their meaning when they are shortened: the ends of an interval are rounded *outwards*, one-sided bounds in
the direction that keeps them true, so that what is printed is implied by what was proved.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from itertools import takewhile

from ..numerics.balls.enclosure import float_below
from ..theory.verdict import Evidence, Verdict

SYMBOL = {
    Verdict.PROVED: "✓",
    Verdict.ARGUED: "∴",
    Verdict.REFUTED: "✗",
    Verdict.CONSISTENT: "≈",
    Verdict.INCONSISTENT: "≉",
    Verdict.UNKNOWN: "?",
    Verdict.NOT_APPLICABLE: "⊘",
}
"""A sign beside the word and the colour of a verdict, so that it survives greyscale and colour blindness."""
EVIDENCE_SYMBOL = {Evidence.EXACT: "■", Evidence.ENCLOSED: "◧", Evidence.EXPERIMENTAL: "□", Evidence.NOTE: "·"}
"""Full, half and empty: exact, enclosed, only sampled; a dot: a remark."""
DIGITS = 10
"""Most significant digits of an enclosure in a table."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A printed number: ``digits`` shared by both ends, then the last digits of each end, times a power of ten.

    ``relation`` is ``≥`` or ``≤`` when only one end is known.
    """

    digits: str
    low: str = ""
    high: str = ""
    exponent: int = 0
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Bracket:
    """An interval whose ends share too few digits to be written as one numeral."""

    low: Numeral
    high: Numeral


Shown = Numeral | Bracket | None


def _rounded(x: Decimal, digits: int, rounding: str, exponent: int) -> str:
    """``x / 10**exponent`` with ``digits`` significant digits (counted from the power 10**exponent), as fixed point."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 1200, -999999, 999999
        return f"{x.scaleb(-exponent).quantize(Decimal(1).scaleb(1 - digits), rounding=rounding):f}"


def _shift(x: Decimal) -> int:
    """The power of ten that is split off: 0 for numbers of ordinary size."""
    size = x.adjusted() if x else 0
    return size if size < -2 or size > 5 else 0


def numeral(x: float | None, direction: str, digits: int = 3) -> Numeral | None:
    """A float rounded down (``direction="down"``) or up; None for what is absent or not finite.

    >>> numeral(0.64664, "down"), numeral(1.7206e-28, "up")
    (Numeral(digits='0.646', low='', high='', exponent=0, relation=''),
     Numeral(digits='1.73', low='', high='', exponent=-28, relation=''))
    """
    if x is None or not math.isfinite(x):
        return None
    exact = Decimal(x)
    if not exact:
        return Numeral("0")
    shift = _shift(exact)
    kept = digits - (exact.adjusted() - shift)
    text = _rounded(exact, max(kept, 1), ROUND_FLOOR if direction == "down" else ROUND_CEILING, shift)
    if Decimal(text).scaleb(shift) == exact and "." in text:
        text = text.rstrip("0").rstrip(".")
    return Numeral(text.replace("-", "−"), exponent=shift)


def enclosure(lower: float | None, upper: float | None, digits: int = DIGITS) -> Shown:
    """An enclosure for print: the digits that both ends share and two more, both ends rounded outwards.

    >>> enclosure(0.00110532913363775, 0.00110532920459)
    Numeral(digits='1.105329', low='13', high='21', exponent=-3, relation='')
    >>> enclosure(0.125, 0.125)
    Numeral(digits='0.125', low='', high='', exponent=0, relation='')
    >>> enclosure(2.9093e-4, None)
    Numeral(digits='2.909', low='', high='', exponent=-4, relation='≥')
    >>> enclosure(-0.51204, -0.48659).low.digits
    '−0.5121'
    """
    low = None if lower is None or not math.isfinite(lower) else Decimal(lower)
    high = None if upper is None or not math.isfinite(upper) else Decimal(upper)
    if low is None or high is None:
        one = numeral(lower, "down", 4) if high is None else numeral(upper, "up", 4)
        relation = "≥" if high is None else "≤"
        return None if one is None else Numeral(one.digits, exponent=one.exponent, relation=relation)
    if low == high and len(low.normalize().as_tuple().digits) <= 12:
        return numeral(lower, "down", 12)
    shift = _shift(max(abs(low), abs(high)))
    leading = max(abs(low), abs(high)).adjusted() - shift
    best: Numeral | None = None
    for k in range(3, digits + 1):
        ends = _rounded(low, k - leading, ROUND_FLOOR, shift), _rounded(high, k - leading, ROUND_CEILING, shift)
        shared = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(*ends, strict=False)))
        significant = len(shared.lstrip("-0.").replace(".", ""))
        rest = ends[0][len(shared) :], ends[1][len(shared) :]
        if len(ends[0]) == len(ends[1]) and significant >= 2 and len(rest[0]) <= 2 and "." not in rest[0] + rest[1]:
            best = Numeral(shared.replace("-", "−"), rest[0], rest[1], shift)
    if best is not None:
        return best
    ends_shown = numeral(lower, "down", 4), numeral(upper, "up", 4)
    assert ends_shown[0] is not None  # both ends are finite here
    assert ends_shown[1] is not None
    return Bracket(ends_shown[0], ends_shown[1])


def share(part: float | None, whole_upper: float, digits: int = 4) -> Numeral | None:
    """A lower bound of ``100 part / whole`` in percent, given an upper bound of a positive whole, rounded down.

    >>> share(0.000985941899582234, 0.0011053292045940203).digits
    '89.19'
    """
    if part is None or not math.isfinite(part) or not 0 < whole_upper < math.inf:
        return None
    return numeral(float_below(100 * Fraction(part) / Fraction(whole_upper)), "down", digits)


# -- words -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line of text: plain words, or a symbol (``symbol=True``) with its subscript and superscript."""

    text: str
    symbol: bool = False
    sub: str = ""
    sup: str = ""


GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ",
    "psi": "ψ", "xi": "ξ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Sigma": "Σ",
    "Phi": "Φ", "Omega": "Ω",
}  # fmt: skip
_WORDS = re.compile(
    r"(?P<tilded>(?<![A-Za-z])[A-Za-z])~_(?P<tildesub>\w)\b"
    r"|(?P<number>\b\d+(?:\.\d+)?)e(?P<power>[+-]?\d+)\b"
    rf"|(?:\\|\b)(?P<letter>{'|'.join(GREEK)})(?:_(?P<gsub>\*|[A-Za-z0-9]+))?(?:\^(?P<gsup>\d+|[a-zT]\b|\([^()]*\)))?(?![A-Za-z_])"
    r"|(?P<lb>\bLB)_(?P<lbsub>[A-Z])\b"
    r"|\b(?P<base>[A-Za-z])(?:_(?P<sub>\*|[A-Za-z0-9]{1,2}))(?![A-Za-z0-9_])(?:\^(?P<sup>\d+|[a-zT]\b|\([^()]*\)))?"
    r"|(?<![A-Za-z_])(?P<power_base>[A-Z]{2,3}|[A-Za-z])\^(?P<only>\d+|[a-zT]\b|\([^()]*\))"
    rf"|(?P<root>\bsqrt)\((?P<radicand>\w|{'|'.join(GREEK)})\)"
    r"|(?P<star>λ)\*"
    r"|(?P<tail>\|\||[|)\]])(?:_(?P<tailsub>[A-Z0-9]|inf)(?![A-Za-z0-9]))?(?:\^(?P<tailsup>\d+|[a-zA-Z]\b|\([^()]*\)))?"
)
TILDE = "\u0303"
"""A combining tilde, over the letter before it."""
_SIGNS = ((" ~ ", " ∼ "), ("<=", "≤"), (">=", "≥"), ("||", "‖"), (" - ", " − "))


def _signs(text: str) -> str:
    for written, printed in _SIGNS:
        text = text.replace(written, printed)
    return re.sub(r"(?<=[=(\[, ])-(?=[\w.]|$)|^-(?=[\d.])", "−", text)


def _power(text: str | None) -> str:
    inner = (text or "").strip()
    if inner.startswith("(") and re.fullmatch(r"\(-\d[\d/]*\)|\(\d+/\d+\)", inner):
        inner = inner[1:-1]
    return inner.replace("-", "−")


def prose(text: str) -> tuple[Run, ...]:
    """A sentence of a certificate, written in plain ASCII, as runs with real symbols.

    >>> prose("2 sigma_w2 L^2 = 0.125 < 1")[1]
    Run(text='σ', symbol=True, sub='w', sup='2')
    >>> prose("K_ij >= 1e-9")
    (Run(text='K', symbol=True, sub='ij', sup=''), Run(text=' ≥ 1 × 10', symbol=False, sub='', sup=''),
     Run(text='', symbol=False, sub='', sup='−9'))
    """
    runs: list[Run] = []

    def plain(words: str) -> None:
        if words and runs and not (runs[-1].symbol or runs[-1].sup or runs[-1].sub):
            runs[-1] = Run(runs[-1].text + words)
        elif words:
            runs.append(Run(words))

    at = 0
    for found in _WORDS.finditer(text):
        plain(_signs(text[at : found.start()]))
        at = found.end()
        part = found.groupdict()
        if part["tilded"]:
            runs.append(Run(part["tilded"] + TILDE, True, part["tildesub"]))
        elif part["number"]:
            plain(f"{part['number']} × 10")
            runs.append(Run("", sup=str(int(part["power"])).replace("-", "−")))
        elif part["letter"]:
            sub, sup = part["gsub"] or "", _power(part["gsup"])
            if sub == "w2":  # the exact parameter sigma_w2 is the square of sigma_w
                sub, sup = "w", sup or "2"
            runs.append(Run(GREEK[part["letter"]], True, sub, sup))
        elif part["lb"]:
            runs.append(Run("LB", True, part["lbsub"]))
        elif part["base"]:
            runs.append(Run(part["base"], True, part["sub"], _power(part["sup"])))
        elif part["power_base"]:
            runs.append(Run(part["power_base"], True, "", _power(part["only"])))
        elif part["root"]:
            runs.append(Run(f"√{GREEK.get(part['radicand'], part['radicand'])}", True))
        elif part["star"]:
            runs.append(Run("λ", True, "*"))
        else:
            plain(_signs(part["tail"]))
            if part["tailsub"] or part["tailsup"]:
                runs.append(Run("", sub=(part["tailsub"] or "").replace("inf", "∞"), sup=_power(part["tailsup"])))
    plain(_signs(text[at:]))
    return tuple(runs)


def label(text: str) -> tuple[Run, ...]:
    """The label of a claim as runs.

    >>> label("C13'"), label("λ*")
    ((Run(text='C13′', symbol=False, sub='', sup=''),), (Run(text='λ', symbol=True, sub='*', sup=''),))
    """
    return prose(text.replace("'", "′"))


def statement_parts(latex: str) -> tuple[str, ...]:
    r"""The parts of a statement between its outermost ``\quad``: what may stand on lines of its own.

    >>> statement_parts(r"a = b,\quad c = \text{x \quad y}")
    ('a = b,', 'c = \\text{x \\quad y}')
    """
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"\\[{}]|[{}]|\\qquad|\\quad(?![a-z])", latex):
        token = found.group()
        if token == "{":
            depth += 1
        elif token == "}":
            depth -= 1
        elif token in (r"\quad", r"\qquad") and depth == 0:
            parts.append(latex[start : found.start()].strip())
            start = found.end()
    parts.append(latex[start:].strip())
    return tuple(part for part in parts if part)
