r"""The figure of the width gap: where sampled networks show an event, and where a theorem is certified to give it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..numerics.files import write_atomically
from ..numerics.runs.widths import WidthGap
from .figures import Drawing
from .palette import COLOURS, INK, MARKERS, STYLE, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {
    "least-eigenvalue": r"$\lambda_{\min}(G_m) \geq \lambda_*/2$",
    "whitened": r"$\Vert K^{-1/2}(G_m - K)K^{-1/2}\Vert_2 \leq 1/2$",
}
"""The events as the panels name them."""
CARET = r"$\rangle$"


def gap_figure(gaps: Sequence[WidthGap]) -> Figure:
    """One line for each set of networks, one panel for each event.

    A bar reaches from the largest width of which the opposite is stated to the least of which the event is, where a
    filled marker stands; an open marker of the same colour is the certified width. Where the event was stated at no
    width, a caret points to the right from the largest width at which it was ruled out. One colour for each subject.
    """
    from matplotlib.figure import Figure

    events = list(dict.fromkeys(event for gap in gaps for event in gap.sampled.question.events))
    figure = Figure(figsize=(2.2 + 3.0 * len(events), 1.25 + 0.25 * len(gaps)), layout="constrained")
    panels = figure.subplots(1, len(events), sharex=True, sharey=True, squeeze=False)[0]
    subjects = list(dict.fromkeys(gap.subject for gap in gaps))
    for axes, event in zip(panels, events, strict=True):
        for y, gap in enumerate(reversed(gaps)):
            _line(axes, y, gap, event, subjects.index(gap.subject))
        axes.set_xscale("log")
        axes.set_title(TITLES[event], fontsize=10)
        axes.set_xlabel("width $m$")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    panels[0].set_yticks(range(len(gaps)), [_label(gap) for gap in reversed(gaps)])
    panels[0].set_ylim(-0.6, len(gaps) - 0.4)
    style: dict[str, Any] = {"color": INK, "ls": "none", "ms": 5}
    panels[0].plot([], [], "o", label="sampled", **style)
    panels[0].plot([], [], "o", mfc="none", label="certified", **style)
    if any(gap.sampled.least(event) is None is not gap.sampled.opposite(event) for gap in gaps for event in events):
        panels[0].plot([], [], marker=CARET, label="not yet at this width", **style)
    figure.legend(loc="outside upper left", ncols=3, columnspacing=1.4, handletextpad=0.2)
    return figure


def _line(axes: Any, y: int, gap: WidthGap, event: str, k: int) -> None:
    if event not in gap.sampled.question.events:
        return
    colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
    least, opposite = gap.sampled.least(event), gap.sampled.opposite(event)
    certified = gap.certified.get(event)
    start = opposite if least is None else least
    if start is not None and certified is not None:
        axes.hlines(y, min(start, certified), max(start, certified), color=INK, lw=0.4, alpha=0.6)
    if least is None and opposite is not None:
        axes.plot([float(opposite)], [y], marker=CARET, color=colour, ms=5)
    if least is not None and opposite is not None and opposite < least:
        axes.hlines(y, opposite, least, color=colour, lw=2.5)
    for width, face in ((least, colour), (certified, "none")):
        if width is not None:
            axes.plot([float(width)], [y], marker, color=colour, mfc=face, ms=5)


def _label(gap: WidthGap) -> str:
    named = {"sigma_w2": r"$\sigma_w^2$"}
    parts = [f"{named.get(key, plain(key))} = {plain(str(value))}" for key, value in gap.parameters.items()]
    return ", ".join([plain(gap.subject), *parts, f"n = {gap.n}"])


def save_gaps(gaps: Sequence[WidthGap], path: Path) -> Path:
    """Write the figure as .svg or .pdf, whole or not at all."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        figure = gap_figure(gaps)
        figure.draw_without_rendering()
    return write_atomically(path, Drawing("width-gap", figure).file(path.suffix.removeprefix(".")))
