r"""The figures: the error of finite width, the vacuity gap of the theory's bounds, and the curves that checks leave.

Each is drawn once and written twice: as PDF for LaTeX, and as SVG that takes its ink from the page it stands in.
Nothing here depends on a display, on pyplot, or on the clock.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from ..numerics.certificates.certificate import Certificate
from ..numerics.files import write_atomically
from .curves import curves_figure
from .palette import COLOURS, INK, MARKERS, STYLE, plain
from .parts import SystemPart
from .sharpness import sharpness_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .model import Report


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure with the name that its file and its identifiers have."""

    name: str
    figure: Figure

    def pdf(self) -> bytes:
        """The figure as a PDF file without a date."""
        return self.file("pdf")

    def svg(self) -> Markup:
        """The figure as an ``<svg>`` element to stand inside a page."""
        return inline(self.file("svg").decode(), self.name)

    def file(self, kind: str) -> bytes:
        """The figure as a whole file, ``svg`` or ``pdf``, without a date."""
        import matplotlib

        stream = io.BytesIO()
        metadata = {"CreationDate" if kind == "pdf" else "Date": None}
        with matplotlib.rc_context(STYLE):  # the salt of identifiers is read when the file is written
            self.figure.savefig(stream, format=kind, metadata=metadata, transparent=True)
        return stream.getvalue()


def inline(text: str, name: str) -> Markup:
    """A standalone SVG as an element: no prologue, no metadata, identifiers of its own, ink from the page.

    >>> inline('<?xml?><svg width="9pt" id="a"><metadata>http</metadata><use xlink:href="#a"/></svg>', "f")
    Markup('<svg id="f-a" role="img"><use href="#f-a"/></svg>')
    """
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-").replace(INK, "currentColor")
    head, _, rest = text.partition(">")
    head = re.sub(r'\s(?:width|height|xmlns|xmlns:xlink|version)="[^"]*"', "", head)
    return Markup(f'{head} role="img">{rest}')


def drawings(report: Report) -> tuple[Drawing, ...]:
    """All figures that the results have numbers for."""
    import matplotlib

    found: list[Drawing] = []
    with matplotlib.rc_context(STYLE):
        for part in report.systems:
            candidates = [
                (f"{part.anchor}-bounds", bounds_figure(part)),
                (f"{part.anchor}-gram-error", error_figure(part)),
                (f"{part.anchor}-given-away", sharpness_figure(part)),
                *((k.name, curves_figure(k.curves)) for claim in part.claims for k in claim.curves),
            ]
            found += [Drawing(name, figure) for name, figure in candidates if figure is not None]
        for drawing in found:
            drawing.figure.draw_without_rendering()  # lay it out while the style holds, once for both kinds of files
            drawing.figure.set_layout_engine(None)
    return tuple(found)


def error_figure(part: SystemPart) -> Figure | None:
    """The errors of G_m against m with confidence bars, one colour and marker for each activation; the slope −1/2."""
    found = [c for claim in part.sampled for c in claim.certificates if c.detail.get("bands")]
    if not found:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.0 if len(found) <= 6 else 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, key, title in (
        (left, "bands", r"$\Vert G_m - K\Vert_2$"),
        (right, "rate_bands", r"$\Vert K^{-1/2}(G_m - K)K^{-1/2}\Vert_F$"),
    ):
        axes.set_title(title, fontsize=10)
        series = [(c, np.array(c.detail.get(key) or np.zeros((0, 5)), dtype=float)) for c in found]
        _errors(axes, [(c, bands[(bands[:, 2] > 0) & np.isfinite(bands[:, 2])]) for c, bands in series])
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", handlelength=1.4, title="activation (slope)")
    return figure


def _errors(axes: Any, series: list[tuple[Certificate, NDArray[np.float64]]]) -> None:
    """One panel: points with bars, the least-squares line through the means, and a line of slope −1/2 above them."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    for k, (c, bands) in enumerate(series):
        if not len(bands):
            continue
        m = bands[:, 0] * (1 + 0.03 * (k - (len(series) - 1) / 2) / max(len(series) / 4, 1))  # bars side by side
        middle = bands[:, 2]
        low = np.where(bands[:, 3] > 0, bands[:, 3], middle)
        high = np.where(np.isfinite(bands[:, 4]), bands[:, 4], middle)
        style: dict[str, Any] = {"color": COLOURS[k % len(COLOURS)], "lw": 0.9}
        slope = c.detail.get("slope")
        text = plain(c.activation) + (f" ({slope:.3f})".replace("-", "−") if isinstance(slope, float) else "")
        if len(bands) > 1:
            exponent, offset = np.polyfit(np.log(bands[:, 0]), np.log(middle), 1)
            axes.plot(m, np.exp(offset) * bands[:, 0] ** exponent, **style)
        bars = np.array([middle - low, high - middle])
        axes.errorbar(m, middle, yerr=bars, fmt=MARKERS[k % len(MARKERS)], ms=4, capsize=2, label=text, **style)
    widths = sorted({float(m) for _, bands in series for m in bands[:, 0]})
    if len(widths) > 1:
        top = 1.8 * max(float(bands[0, 2]) for _, bands in series if len(bands))
        reference = [top * math.sqrt(widths[0] / m) for m in widths]
        axes.plot(widths, reference, "--", color=INK, lw=0.8, label="slope −1/2")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(widths, [f"{m:g}" for m in widths])
    axes.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axes.set_xlabel("width $m$")


def bounds_figure(part: SystemPart) -> Figure | None:
    """The proved least eigenvalue of each activation and the theory's bounds: values, and shares of the truth."""
    lines = [line for line in part.eigenvalues if line.row.lower > 0]
    if not (lines and part.bound_names):
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, max(1.1 + 0.27 * len(lines), 1.7)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    places = np.arange(len(lines))[::-1]
    truth = [line.row.lower for line in lines]
    least = [min([line.row.lower, *(b.value for b in line.bounds if b.value and b.value > 0)]) for line in lines]
    left.hlines(places, least, truth, color=INK, lw=0.4, alpha=0.6)
    for k, name in enumerate(part.bound_names):
        found = zip([line.bounds[k].value for line in lines], truth, places, strict=True)
        points = [(v, t, y) for v, t, y in found if v is not None and v > 0]
        style: dict[str, Any] = {
            "color": COLOURS[(k + 1) % len(COLOURS)],
            "mfc": "none",
            "ms": 6,
            "mew": 1.1,
            "ls": "none",
        }
        style |= {"marker": MARKERS[(k + 1) % len(MARKERS)]}
        text = rf"$\mathrm{{{name.replace('_', '}_{')}}}$"
        left.plot([v for v, _, _ in points], [y for _, _, y in points], label=text, **style)
        right.plot([100 * v / t for v, t, _ in points], [y for _, _, y in points], **style)
    left.plot(truth, places, "o", color=COLOURS[0], ms=5, label=r"$\lambda_*$")
    right.axvline(100, color=COLOURS[0], lw=0.9)
    left.set_xscale("log")
    left.set_yticks(places, [plain(line.row.activation) for line in lines])
    left.set_ylim(-0.6, len(lines) - 0.4)
    right.set_xlim(-4, 104)
    right.hlines(places, 0, 100, color=INK, lw=0.4, alpha=0.25)
    for axes in (left, right):
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    left.set_xlabel("lower bound of the least eigenvalue")
    right.set_xlabel("per cent of $\\lambda_*$")
    figure.legend(loc="outside upper center", ncols=5, columnspacing=1.4, handletextpad=0.2)
    return figure


def write_pdfs(report: Report, folder: Path) -> Sequence[Path]:
    """Write every figure as PDF into a folder of their own, each whole or not at all; others there are removed."""
    files = [write_atomically(folder / f"{drawing.name}.pdf", drawing.pdf()) for drawing in report.drawings]
    for old in set(folder.glob("*.pdf")) - set(files):
        old.unlink()
    return files
