"""The figure of what each theorem gives away: the share that its loosest bound keeps, and the nearest to equality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .notation import label
from .palette import COLOURS, INK, MARKERS, mathtext, plain
from .parts import SystemPart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 1e-12
"""Shares below this are drawn at the edge of the axis, as arrows."""


def sharpness_figure(part: SystemPart) -> Figure | None:
    """One line for each claim: a marker for each activation, an open circle for the instance nearest to equality."""
    claims = part.given_away
    if not claims:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.8, 1.1 + 0.2 * len(claims)), layout="constrained")
    axes = figure.subplots()
    places = {c.claim.id: y for y, c in enumerate(reversed(claims))}
    axes.hlines(list(places.values()), LEAST, 1, color=INK, lw=0.4, alpha=0.2)
    for k, name in enumerate(part.names):
        kept = [
            (cert.sharpness[0], places[c.claim.id])
            for c in claims
            for cert in c.applicable
            if cert.activation in (name, "any") and cert.sharpness
        ]
        inside = [(x, y) for x, y in kept if x >= LEAST]
        style: dict[str, Any] = {"color": COLOURS[k % len(COLOURS)], "ls": "none", "ms": 5}
        axes.plot([x for x, _ in inside], [y for _, y in inside], MARKERS[k % len(MARKERS)], label=plain(name), **style)
        axes.plot([LEAST] * (len(kept) - len(inside)), [y for x, y in kept if x < LEAST], "<", **style)
    worst = [(max(w.sharpness for w in c.worst), places[c.claim.id]) for c in claims if c.worst]
    axes.plot(
        [max(x, LEAST) for x, _ in worst],
        [y for _, y in worst],
        "o",
        mfc="none",
        mew=1.1,
        color=INK,
        ms=8,
        ls="none",
        label="nearest to equality, searched",
    )
    axes.set_xscale("log")
    axes.set_xlim(LEAST / 2, 2)
    axes.set_yticks(list(places.values()), [mathtext(label(c.claim.label)) for c in reversed(claims)])
    axes.set_ylim(-0.6, len(claims) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("smaller side over larger side")
    figure.legend(loc="outside upper left", ncols=5, columnspacing=1.4, handletextpad=0.2)
    return figure
