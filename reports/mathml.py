r"""LaTeX statements as MathML, which browsers draw by themselves: no script and no font is loaded."""

from __future__ import annotations

import re
from functools import cache

from markupsafe import Markup, escape

from ..theory.errors import DerivationGap

_CAPITALS = {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}
_VARIANT = re.compile(r'<m([ino]) mathvariant="(double-struck|bold)">(\w+)</m\1>')
_BLANK = re.compile(r'(?<=<mtext)>([^<]*)<')


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


@cache
def mathml(latex: str, *, display: bool = False) -> Markup:
    r"""A formula as a ``<math>`` element with the LaTeX source as its alternative text.

    Raises :class:`DerivationGap` when the formula uses a command that is not understood.

    >>> "𝔼" in mathml(r"\mathbb E\,\phi(z)")
    True
    """
    from latex2mathml.converter import convert

    try:
        found = convert(latex, display="block" if display else "inline")
    except Exception as error:
        raise DerivationGap(f"the formula {latex!r} cannot be converted to MathML ({error}).") from error
    if "\\" in found:
        raise DerivationGap(f"the formula {latex!r} uses a command that is unknown to the MathML converter.")
    found = _VARIANT.sub(lambda m: f"<m{m[1]}>{_letters(m[2], m[3])}</m{m[1]}>", found)
    found = found.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', f' alttext="{escape(latex)}"', 1)
    return Markup(found)  # the converter escapes its input
