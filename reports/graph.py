r"""The claim graph: which claim rests on which, in layers, drawn without any tool.

The fill of a box is the verdict, its border the argument: double where a machine has established all of it, single
where people wrote a proof, dashed where a published theorem is cited, dotted where the argument is an obligation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup, escape

from ..theory.verdict import Argument, Verdict
from .notation import SYMBOL, Run, label
from .parts import ClaimPart

WIDTH, HEIGHT, GAP_X, GAP_Y = 92, 40, 50, 16
SWEEPS = 8
ROW = 5
"""Claims without relations that stand side by side, where the graph is not wider."""


@dataclass(frozen=True, slots=True)
class Node:
    """A claim and the middle of its box."""

    part: ClaimPart
    x: float
    y: float

    @property
    def counts(self) -> str:
        """The verdicts as signs and numbers."""
        return "  ".join(f"{SYMBOL[v]} {n}" for v, n in self.part.counts)


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes and arrows (from the claim that is used to the claim that uses it) on a page of the given size."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[Node, Node], ...]
    width: float
    height: float


def layers(uses: dict[str, tuple[str, ...]]) -> list[list[str]]:
    """The longest-path layering: a claim stands right of everything that it uses.

    >>> layers({"a": (), "b": ("a",), "c": ("a", "b")})
    [['a'], ['b'], ['c']]
    """

    @cache
    def depth(id: str) -> int:
        return 1 + max((depth(other) for other in uses[id] if other in uses), default=-1)

    found: list[list[str]] = [[] for _ in range(1 + max(map(depth, uses), default=0))]
    for id in uses:
        found[depth(id)].append(id)
    return found


def layout(parts: Sequence[ClaimPart]) -> Layout:
    """Place the claims: layers from left to right, each sorted by the mean place of its neighbours; the others below.

    Claims that rest on none and that none rests on stand in rows under the graph, as wide as it is.
    """
    uses = {p.claim.id: tuple(p.claim.uses) for p in parts}
    related = {id for id in uses if any(o in uses for o in uses[id])}
    related |= {o for id in related for o in uses[id] if o in uses}
    columns = layers({id: used for id, used in uses.items() if id in related}) if related else []
    rank = {id: float(k) for column in columns for k, id in enumerate(column)}
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            weight = {id: _mean(id, uses, rank, backwards=sweep % 2 == 1) for id in column}
            column.sort(key=lambda id: weight[id])
            offset = (max(map(len, columns)) - len(column)) / 2
            rank.update({id: offset + k for k, id in enumerate(column)})
    tallest = max(map(len, columns), default=0)
    cell = {id: (x, rank[id]) for x, column in enumerate(columns) for id in column}
    alone = [id for id in uses if id not in related]
    across = min(max(len(columns), ROW), max(len(columns), len(alone)))
    cell |= {id: (k % across, tallest + k // across) for k, id in enumerate(alone)}
    place = {
        id: (x * (WIDTH + GAP_X) + WIDTH / 2 + 4, y * (HEIGHT + GAP_Y) + HEIGHT / 2 + 4) for id, (x, y) in cell.items()
    }
    nodes = {p.claim.id: Node(p, *place[p.claim.id]) for p in parts}
    edges = tuple((nodes[used], nodes[id]) for id in uses for used in uses[id] if used in nodes)
    rows = tallest + (-(-len(alone) // across) if alone else 0)
    size = max(across, 1) * (WIDTH + GAP_X) - GAP_X + 8.0, max(rows, 1) * (HEIGHT + GAP_Y) - GAP_Y + 8.0
    return Layout(tuple(nodes.values()), edges, *size)


def _mean(id: str, uses: dict[str, tuple[str, ...]], rank: dict[str, float], *, backwards: bool) -> float:
    near = [o for o in uses if id in uses[o]] if backwards else [o for o in uses[id] if o in uses]
    return sum(rank[o] for o in near) / len(near) if near else rank[id]


def border(argument: Argument) -> str:
    """The name of the border for the argument of a claim."""
    names = {Argument.WRITTEN: "written", Argument.CITED: "cited", Argument.OPEN: "open"}
    return names.get(argument, "mechanical")


def svg(parts: Sequence[ClaimPart], system: str) -> Markup:
    """The graph as an inline ``<svg>``; its colours come from the style sheet of the page."""
    page = layout(parts)
    out = [
        f'<svg class="graph" viewBox="0 0 {page.width:g} {page.height:g}" role="img" '
        f'style="min-width:{page.width * 0.8:.0f}px;max-width:{page.width * 1.2:.0f}px" '
        f'aria-label="which claim of {escape(system)} rests on which">',
    ]
    for a, b in page.edges:
        x0, x1 = a.x + WIDTH / 2, b.x - WIDTH / 2
        bend = (x0 + x1) / 2
        out.append(
            f'<path class="edge" d="M{x0:g} {a.y:g}C{bend:g} {a.y:g} {bend:g} {b.y:g} {x1 - 5:g} {b.y:g}"/>'
            f'<path class="head" d="M{x1:g} {b.y:g}l-7 -3v6z"/>'
        )
    for node in page.nodes:
        out.append(_box(node))
    return Markup("\n".join([*out, "</svg>"]))


def _box(node: Node) -> str:
    part = node.part
    x, y = node.x - WIDTH / 2, node.y - HEIGHT / 2
    kind = border(part.weakest)
    inner = f'<rect class="inner" x="{x + 3:g}" y="{y + 3:g}" width="{WIDTH - 6}" height="{HEIGHT - 6}" rx="2"/>'
    return (
        f'<a href="#{part.anchor}" class="{css(part.verdict)}"><title>{escape(part.claim.title)}</title>'
        f'<rect class="box {kind}" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="3"/>'
        f"{inner if kind == 'mechanical' else ''}"
        f'<text x="{node.x:g}" y="{node.y - 4:g}" class="label">{_tspans(label(part.claim.label))}</text>'
        f'<text x="{node.x:g}" y="{node.y + 12:g}" class="counts">{escape(node.counts)}</text></a>'
    )


def _tspans(runs: tuple[Run, ...]) -> str:
    return "".join(
        f"<tspan>{escape(r.text)}</tspan>" + (f'<tspan class="sub" dy="3">{escape(r.sub)}</tspan>' if r.sub else "")
        for r in runs
    )


def css(verdict: Verdict) -> str:
    """The class of a verdict in the style sheet.

    >>> css(Verdict.NOT_APPLICABLE)
    'v-not-applicable'
    """
    return "v-" + verdict.name.lower().replace("_", "-")
