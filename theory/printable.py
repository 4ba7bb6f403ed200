"""Text from outside, as it may be shown: nothing in it acts on a terminal, on a page, or on the order of reading."""

from __future__ import annotations


def printable(text: str, keep: str = "") -> str:
    r"""The text with every control, bidirectional, invisible or undecodable character written as its escape.

    ``keep`` are characters to leave alone, such as the line breaks of a document.

    >>> print(printable("\x1b[31mred\u202e.csv \udcff"), printable("λ ≤ ½"))
    \x1b[31mred\u202e.csv \udcff λ ≤ ½
    """
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() or ch in keep else _escaped(ch) for ch in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def shown(value: object) -> str:
    """A value that somebody gave, short enough for a sentence.

    >>> shown("tanh"), shown(-(10**5000))
    ("'tanh'", 'an integer of about 5001 digits')
    """
    try:
        text = repr(value)
    except ValueError:  # Python does not write integers of more than 4300 digits
        size = (
            f"of about {int(value.bit_length() * 0.30103) + 1} digits" if isinstance(value, int) else "too long to show"
        )
        return f"{'an integer' if isinstance(value, int) else f'a {type(value).__name__}'} {size}"
    return printable(text if len(text) <= 60 else text[:57] + "...")
