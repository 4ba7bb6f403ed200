r"""Any text as LaTeX source in plain ASCII: nothing that a user typed is ever read as a command.

Covers what names, descriptions and reasons may contain; a character without a name here is written as its code point.
"""

from __future__ import annotations

import re
import unicodedata

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": "'",
    "`": r"\textasciigrave{}",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\dots{}",
    "\u00a0": "~",
    "\u2002": " ",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "ø": r"\o{}",
    "ł": r"\l{}",
    "§": r"\S{}",
}
MATH = {
    "±": r"\pm",
    "×": r"\times",
    "·": r"\cdot",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "≉": r"\not\approx",
    "∞": r"\infty",
    "−": "-",
    "′": "'",
    "‖": r"\Vert",
    "√": r"\surd",
    "✓": r"\checkmark",
    "✗": r"\times",
    "∴": r"\therefore",
    "⊘": r"\oslash",
    "■": r"\blacksquare",
    "□": r"\square",
    "◧": r"\boxminus",
    "→": r"\to",
    "∼": r"\sim",
    "°": r"^\circ",
    "²": "^2",
    "³": "^3",
    "½": r"\tfrac12",
}
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta",
    "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r", "\u030c": "v",
    "\u0327": "c",
}  # fmt: skip
MONO = {ch: rf"\symbol{{{ord(ch)}}}" for ch in '\\{}<>|_^~"'}
"""Characters that a typewriter face has in the places of ASCII, whatever its encoding."""
LONG = 16
"""Words longer than this may be broken: after a sign, and after every GROUP letters or digits."""
GROUP = 12


def in_math(text: str) -> str:
    """The characters of a symbol as math source."""
    out = []
    for ch in text:
        if ch in GREEK:
            out.append(rf"\{GREEK[ch]} ")
        elif ch in MATH:
            out.append(MATH[ch] + (" " if MATH[ch][-1].isalpha() else ""))
        elif ch.isascii() and (ch.isalnum() or ch in "+-*/=()[],.;:! "):
            out.append(ch)
        else:
            out.append(rf"\text{{{_character(ch)}}}")
    return "".join(out)


def _character(ch: str) -> str:
    if ch in SPECIAL:
        return SPECIAL[ch]
    if ch in MATH:
        return f"${MATH[ch]}$"
    if ch in GREEK:
        return rf"$\{GREEK[ch]}$"
    if ch.isascii():
        return ch if ch.isprintable() else " "
    parts = unicodedata.normalize("NFD", ch)
    if len(parts) == 2 and parts[1] in ACCENTS and parts[0].isascii():
        return rf"\{ACCENTS[parts[1]]}{{{parts[0]}}}"
    return rf"\texttt{{U+{ord(ch):04X}}}"


def code(text: str) -> str:
    r"""A text in a typewriter face.

    >>> code("a_b")
    '\\code{a\\symbol{95}b}'
    """
    return rf"\code{{{escape(text, mono=True)}}}"


def escape(text: str, *, mono: bool = False) -> str:
    r"""A text as LaTeX source.

    >>> escape("50 % of a_b <é>"), escape("λ ≤ ½")
    ("50 \\% of a\\_b \\textless{}\\'{e}\\textgreater{}", '$\\lambda$ $\\le$ $\\tfrac12$')
    """
    text = re.sub(r"(?<=\S) ([±×]) (?=\S)", "\u00a0\\1\u00a0", text)
    return "".join(_word(word, mono) for word in re.split("([ \u00a0]+)", text))


def _word(word: str, mono: bool) -> str:
    breakable = len(word) > LONG
    out, run = [], 0
    for k, ch in enumerate(word):
        out.append(MONO[ch] if mono and ch in MONO else _character(ch))
        run = run + 1 if ch.isalnum() else 0
        last = k == len(word) - 1
        if breakable and not last and (run == GROUP or (not ch.isalnum() and ch not in "([{-.")):
            out.append(r"\allowbreak{}")
            run = 0
    return "".join(out)
