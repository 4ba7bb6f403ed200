r"""What the figures share: colours, markers, fonts, and names as labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .notation import TILDE, Run

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
"""Okabe and Ito's palette, distinguishable by colour-blind readers; markers and line styles repeat the distinction."""
MARKERS = "osD^vPX*<>hp"
INK = "#010203"
"""The colour of axes and words; becomes ``currentColor`` in the SVG."""
STYLE: dict[Any, Any] = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 10,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "certigram",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "legend.frameon": False,
    "text.parse_math": True,
}
SHORT = 24
"""Most characters of a name in a figure."""


def plain(text: str) -> str:
    """A name as a label: no mathematics is read into it, and it stays short."""
    short = text if len(text) <= SHORT else text[: SHORT - 1] + "…"
    return short.replace("$", r"\$")


def mathtext(pieces: Iterable[Run]) -> str:
    r"""Runs of text as matplotlib sets them; what is no symbol is never read as mathematics.

    >>> from .notation import prose
    >>> mathtext(prose("lambda_min of 5 $")), mathtext(prose("(1 - eta)^k L_0"))
    ('$\\mathit{λ}_{\\mathrm{min}}$ of 5 \\$', '(1 − $\\mathit{η}$)${}^{\\mathrm{k}}$ $\\mathit{L}_{\\mathrm{0}}$')
    """
    out = []
    for run in pieces:
        ends = (rf"_{{\mathrm{{{_safe(run.sub)}}}}}" if run.sub else "") + (
            rf"^{{\mathrm{{{_safe(run.sup)}}}}}" if run.sup else ""
        )
        if run.symbol and run.text.rstrip(TILDE):
            base = _safe(run.text.rstrip(TILDE))
            shape = "it" if len(base) == 1 else "rm"
            tilde = rf"\tilde{{{base}}}" if run.text.endswith(TILDE) else base
            out.append(rf"$\math{shape}{{{tilde}}}{ends}$")
        else:
            out.append(run.text.replace("$", r"\$") + (f"${{}}{ends}$" if ends else ""))
    return "".join(out)


def _safe(text: str) -> str:
    """Characters that mean nothing to the typesetter of formulas."""
    return "".join(ch for ch in text if ch not in "\\${}_^~#%&")
