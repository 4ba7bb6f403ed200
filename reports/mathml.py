r"""LaTeX statements as MathML, which browsers draw by themselves: no script and no font is loaded."""

from __future__ import annotations

import re
from functools import cache
from xml.etree import ElementTree

from markupsafe import Markup, escape

from ..theory.errors import DerivationGap

_CAPITALS = {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}
_VARIANT = re.compile(r'<m([ino]) mathvariant="(double-struck|bold)">(\w+)</m\1>')
_ELEMENTS = frozenset(
    ("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup",
     "munder", "mover", "munderover", "mstyle", "mpadded", "mtable", "mtr", "mtd", "mphantom", "menclose")
)  # fmt: skip


def _letters(variant: str, text: str) -> str:
    """Letters and digits of a mathematical alphabet; browsers know these, not the attribute ``mathvariant``."""
    out = []
    for ch in text:
        if variant == "double-struck" and ch in _CAPITALS:
            out.append(_CAPITALS[ch])
        elif ch.isascii() and ch.isdigit():
            out.append(chr((0x1D7D8 if variant == "double-struck" else 0x1D7CE) + int(ch)))
        elif ch.isascii() and ch.isupper():
            out.append(chr((0x1D538 if variant == "double-struck" else 0x1D400) + ord(ch) - ord("A")))
        elif ch.isascii() and ch.islower():
            out.append(chr((0x1D552 if variant == "double-struck" else 0x1D41A) + ord(ch) - ord("a")))
        else:
            out.append(ch)
    return "".join(out)


_REPAIRS = (
    # what the converter takes for letters: relations, the tilde; and for an operator: infinity, the prime
    (re.compile(r"<mi>&#x0007E;</mi>"), "<mo>&#x0223C;</mo>"),
    (re.compile(r"<mi>(&#x02AB0;|&#x0227D;|&#x027F9;|⟹|⪰)</mi>"), r"<mo>\1</mo>"),
    (re.compile(r"<mo>(&#x0221E;|∞)</mo>"), r"<mi>\1</mi>"),
    (re.compile(r"<mi>&#x02032;</mi>"), "<mo>&#x02032;</mo>"),
    # no space inside parentheses, bars and fractions written with a slash
    (re.compile(r"<mo( [^>]*)?>(&#x0002[89];|&#x0005[BD];|&#x0007C;|&#x02016;|&#x0002F;|[()|])</mo>"),
     r'<mo\1 lspace="0" rspace="0">\2</mo>'),
    # a sign after a relation, a comma or an opening parenthesis belongs to what follows
    (re.compile(r"(<mo[^>]*>(?:&#x00028;|&#x0005B;|&#x0003D;|&#x0002C;)</mo>)<mo>&#x02212;</mo>"),
     r'\1<mo form="prefix">&#x02212;</mo>'),
    # names of functions stand close to a parenthesis and a thin space away from a letter
    (re.compile(r"<m[oi]>([A-Za-z]{2,})</m[oi]>(?=(?:<mrow>)*<mo[^>]*>&#x00028;)"), r"<mi>\1</mi>"),
    (re.compile(r"<mi>(cos|sin|log|exp|tanh)</mi>(?=(?:<m[sn]u[bp]|<msubsup)?<m[in])"),
     r'<mi>\1</mi><mspace width="0.167em"/>'),
)  # fmt: skip


_TALL = r"\\left|\\right|\\[td]?frac|\\sqrt|\\sum|\\prod|\\int|\\begin|\\binom"
_BIG = re.compile(r"\\[bB]igg?[lrm]?(?![a-zA-Z])")
_LOW = re.compile(rf"\\left\s*([(\[|])((?:(?!{_TALL}).)*)\\right\s*([)\]|])")
"""A pair of fences around something no taller than a line; those that stretch stand too far from what they hold."""


def unstretched(latex: str) -> str:
    r"""The formula with plain fences where nothing tall stands between them.

    >>> unstretched(r"\tanh{\left(1 + \left(x \right) \right)} + \left(\frac x2\right)")
    '\\tanh{(1 + (x ) )} + \\left(\\frac x2\\right)'
    """
    latex = _BIG.sub("", latex)
    while (shorter := _LOW.sub(r"\1\2\3", latex)) != latex:
        latex = shorter
    return latex


@cache
def mathml(latex: str, *, display: bool = False) -> Markup:
    r"""A formula as a ``<math>`` element with the LaTeX source as its alternative text.

    Raises :class:`DerivationGap` when the formula uses a command that is not understood.

    >>> "𝔼" in mathml(r"\mathbb E\,\phi(z)")
    True
    """
    from latex2mathml.converter import convert

    try:
        found = convert(unstretched(latex), display="block" if display else "inline")
    except Exception as error:
        raise DerivationGap(f"the formula {latex!r} cannot be converted to MathML ({error}).") from error
    if "\\" in found:
        raise DerivationGap(f"the formula {latex!r} uses a command that is unknown to the MathML converter.")
    found = _VARIANT.sub(lambda m: f"<m{m[1]}>{_letters(m[2], m[3])}</m{m[1]}>", found)
    for pattern, better in _REPAIRS:
        found = pattern.sub(better, found)
    found = found.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', f' alttext="{escape(latex)}"', 1)
    try:
        elements = {element.tag for element in ElementTree.fromstring(found).iter()}
    except ElementTree.ParseError:  # the converter does not escape what stands in \\text
        raise DerivationGap(
            f"the formula {latex!r} has a <, > or & inside of \\text: write it as mathematics."
        ) from None
    if not elements <= _ELEMENTS:
        raise DerivationGap(f"the formula {latex!r} contains elements that are not MathML.")
    return Markup(found)


def formula(latex: str, *, display: bool = False) -> Markup:
    r"""A formula for a page: MathML, or its LaTeX source as code where the converter fails.

    >>> formula(r"\unknowncommand x")
    Markup('<code class="latex">\\unknowncommand x</code>')
    """
    try:
        return mathml(latex, display=display)
    except DerivationGap:
        return Markup('<code class="latex">{}</code>').format(latex)
