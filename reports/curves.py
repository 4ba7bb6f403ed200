"""The drawing of curves that a check leaves: what was measured, and the claim's bound or limit beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..numerics.studies.curves import Curves, Series
from .notation import prose
from .palette import COLOURS, INK, MARKERS, mathtext

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE = {"measured": "-", "bound": "--", "limit": ":"}
"""The line says the role, so that it survives without colours."""
FEW = 25
"""Up to so many points each gets a marker."""
DECADES = 30.0
"""A logarithmic axis shows at most so many powers of ten below the largest value."""


def curves_figure(curves: Curves) -> Figure | None:
    """The curves over their axis; None when the axis is logarithmic and nothing on it is positive."""
    drawn = [(one, points) for one in curves.series if (points := _points(curves.x.values, one, curves.log))]
    if not drawn:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.6 + 0.17 * len(drawn)), layout="constrained")
    axes = figure.subplots()
    for k, (one, points) in enumerate(drawn):
        x, y = zip(*points, strict=True)
        axes.plot(x, y, label=mathtext(prose(one.label)), **_style(one, k, len(points)))
    if curves.log:
        axes.set_yscale("log")
        heights = [y for _, points in drawn for _, y in points]
        if min(heights) < (floor := max(heights) * 10.0**-DECADES):
            axes.set_ylim(bottom=floor)
    axes.set_xlabel(mathtext(prose(curves.x.label)))
    axes.margins(x=0.02)
    figure.legend(loc="outside upper left", ncols=1 if max(len(one.label) for one, _ in drawn) > 28 else 3)
    return figure


def _points(x: tuple[float, ...], one: Series, log: bool) -> list[tuple[float, float]]:
    """What can be drawn of a series; a missing value is passed over, so that a line keeps its style."""
    return [(a, b) for a, b in zip(x, one.values, strict=True) if b is not None and not (log and b <= 0)]


def _style(one: Series, place: int, points: int) -> dict[str, Any]:
    limit = one.role == "limit"
    found: dict[str, Any] = {
        "color": INK if limit else COLOURS[place % len(COLOURS)],
        "ls": LINE[one.role],
        "lw": 1.3 if limit else 1.1,
    }
    if one.role == "measured" and points <= FEW:
        found |= {"marker": MARKERS[place % len(MARKERS)], "ms": 4}
    return found
