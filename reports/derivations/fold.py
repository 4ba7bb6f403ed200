r"""From the lines of a derivation to the rows that a reader sees.

A chain ``N = R`` (a rule), ``R``'s only open part ``M = S`` (another rule), ``N = S'`` (substitution) becomes one
display ``N = R = S'`` with one rule for each row. A display that only exchanges u and v, a and b of an earlier one
becomes a single row that says so. Every line stays accounted for: ``covers`` lists the lines that a row stands for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import sympy

from ...theory.closed_forms import A, B
from ...theory.derivations.notation import Expectation, Mean
from ...theory.derivations.step import Derivation, Step


@dataclass(frozen=True, slots=True)
class Row:
    """``= right`` by one rule; ``uses`` are positions of lines in other displays."""

    right: sympy.Expr
    rule: str
    uses: tuple[int, ...] = ()
    covers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Display:
    """One display: a left side, and its rows; ``twin`` is the display of which this is the mirror image."""

    left: sympy.Expr
    rows: tuple[Row, ...]
    at: int
    twin: int | None = field(default=None)

    @property
    def last(self) -> sympy.Expr:
        """What the display shows the left side to be."""
        return self.rows[-1].right


def fold(derivation: Derivation) -> tuple[Display, ...]:
    """The displays of a derivation in the order of its lines.

    >>> from ...theory.activations.activation import activation
    >>> from ...theory.derivations.dual import derive_dual
    >>> derivation = derive_dual(activation("erf"))
    >>> len(fold(derivation)) < len(derivation.steps)
    True
    """
    steps = derivation.steps
    consumers = Counter(k for step in steps for k in step.uses)
    found: dict[int, Display] = {}  # by the line that closes the display
    for k, step in enumerate(steps):
        if step.rule == "substitution" and step.uses and step.uses[0] in found:
            head = found[step.uses[0]]
            if head.left == step.before and head.at == step.uses[0] and consumers[head.at] == 1:
                chained = _chain(head, step, k, found, consumers)
                if chained is not None:
                    found[k] = chained
                    continue
        found[k] = Display(step.before, (Row(step.after, step.rule, step.uses, (k,)),), k)
    return _twins(tuple(found[k] for k in sorted(found)), steps)


def _chain(head: Display, step: Step, k: int, found: dict[int, Display], consumers: Counter[int]) -> Display | None:
    """The head continued to the closed form, when there is at most one part to insert and nobody else uses it."""
    rest = step.uses[1:]
    if not rest:
        row = head.rows[-1]
        del found[head.at]
        return Display(head.left, (*head.rows[:-1], replace(row, right=step.after, covers=(*row.covers, k))), k)
    if all(found[j].at < head.rows[0].covers[0] for j in rest if j in found) and all(j in found for j in rest):
        del found[head.at]
        return Display(head.left, (*head.rows, Row(step.after, "substitution", rest, (k,))), k)
    if len(rest) > 1 or consumers[rest[0]] != 1 or rest[0] not in found or found[rest[0]].at != rest[0]:
        return None
    part = found[rest[0]]
    outer = head.last
    inserted = [replace(row, right=outer.xreplace({part.left: row.right})) for row in part.rows]
    inserted[-1] = replace(inserted[-1], right=step.after, covers=(*inserted[-1].covers, k))
    del found[head.at], found[rest[0]]
    return Display(head.left, (*head.rows, *inserted), k)


def mirror(expression: sympy.Expr) -> sympy.Expr:
    """Exchange u and v, a and b.

    >>> mirror(sympy.sqrt(A) + 2 * B)
    2*a + sqrt(b)
    """
    if isinstance(expression, Expectation):
        a, b, c = (mirror(entry) for entry in expression.covariance)
        return Expectation(mirror(expression.g), mirror(expression.f), b, a, c)
    if isinstance(expression, Mean):
        return Mean(mirror(expression.f), mirror(expression.variance))
    if not expression.args:
        return {A: B, B: A}.get(expression, expression)
    if not expression.has(A, B, Expectation, Mean):
        return expression
    return expression.func(*(mirror(arg) for arg in expression.args))


def _twins(displays: tuple[Display, ...], steps: tuple[Step, ...]) -> tuple[Display, ...]:
    seen: dict[tuple[sympy.Expr, str], Display] = {}
    out = []
    hidden: set[int] = set()
    for display in displays:
        image = seen.get((mirror(display.left), display.rows[0].rule))
        same = image is not None and image.left != display.left and len(image.rows) == len(display.rows)
        if image is not None and same and _mirrored(image, display):
            covers = tuple(j for row in display.rows for j in row.covers)
            out.append(Display(display.left, (Row(display.last, "twin", (image.at,), covers),), display.at, image.at))
            hidden |= {j for row in display.rows for j in row.uses}
        else:
            out.append(display)
            seen.setdefault((display.left, display.rows[0].rule), display)
    return _without_orphans(tuple(out), hidden)


def _mirrored(image: Display, display: Display) -> bool:
    rules = [row.rule for row in image.rows] == [row.rule for row in display.rows]
    return rules and _equal(mirror(image.last), display.last)


def _equal(left: sympy.Expr, right: sympy.Expr) -> bool:
    from ...theory.derivations.identity import identical

    return bool(left == right or identical(left, right))


def _without_orphans(displays: tuple[Display, ...], hidden: set[int]) -> tuple[Display, ...]:
    """Drop displays that only served a display which is now a single row, and give their lines to it."""
    while True:
        used = {j for display in displays for row in display.rows for j in row.uses}
        gone = [d for d in displays if d.at in hidden and d.at not in used and d is not displays[-1]]
        if not gone:
            return displays
        for display in gone:
            hidden |= {j for row in display.rows for j in row.uses}
        covers = tuple(j for display in gone for row in display.rows for j in row.covers)
        kept = [d for d in displays if d not in gone]
        heir = next(k for k, d in enumerate(kept) if d.twin is not None and d.at > gone[0].at)
        row = kept[heir].rows[0]
        kept[heir] = replace(kept[heir], rows=(replace(row, covers=(*covers, *row.covers)),))
        displays = tuple(kept)
