"""What was perhaps meant by a misspelt name."""

from __future__ import annotations

import difflib


def suggestion(word: str, known: list[str]) -> str:
    """A sentence that helps with a misspelt name.

    >>> suggestion("tanhh", ["tanh", "erf"])
    ' Did you mean tanh?'
    """
    near = difflib.get_close_matches(word, known, n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else f" Known: {', '.join(sorted(known))}."
