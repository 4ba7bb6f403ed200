r"""A derivation as blocks: the theorem, the declarations, the displays, and how the lines were checked."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import sympy

from ...numerics.derivation_check.report import CheckReport, Status
from ...theory.closed_forms import A, B, C
from ...theory.derivations.notation import Expectation, Mean
from ...theory.derivations.rules import RULES
from ...theory.derivations.step import Derivation
from .blocks import Block, Display, Heading, Paragraph, Row, Theorem, listed
from .breaking import LINE, equation, width
from .fold import Display as Chain
from .fold import Row as Link
from .fold import fold
from .shorten import Shorthand, shorthand

MATRIX = r"\begin{pmatrix}a&c\\c&b\end{pmatrix}"
LAW = rf"$(u,v)$ is the centred Gaussian pair with covariance ${MATRIX}$, $a,b>0$, $c^2<ab$"
MAX_STAGES = 12
"""More changes of stage than this would be a hindrance: no headings then."""
_STAGES = {
    "price": "Differentiating in $c$.",
    "integration": "Integrating back.",
    "mean": "The means at $c=0$.",
    "other": "The right-hand side.",
}


def derivation_blocks(
    derivation: Derivation, report: CheckReport, anchor: str, title: str, *, seen: frozenset[str] = frozenset()
) -> list[Block]:
    """The theorem and its proof; a derivation with a gap says where it stops and why."""
    chains = fold(derivation)
    short = shorthand(chains, derivation.goal)
    writer = _Writer(chains, short, anchor)
    out: list[Block] = []
    result = derivation.result
    if derivation.derived and result is not None:
        statement = writer.equation(derivation.goal, result, "", f"{anchor}:result")
        radicands = needed(short.declarations, statement.formula)
        words = f"If {LAW}, then" + (f", with {math_list(radicands)}," if radicands else "")
        content = (Paragraph(words.replace("If $(u,v)$ is", "Let $(u,v)$ be").replace(", then", ". Then")),)
        out.append(Theorem("Theorem", title, (*content, Display((statement,))), anchor))
        declared = {*radicands}
    else:
        out.append(Paragraph(f"*No closed form is derived:* {gap_text(derivation, report)}"))
        declared = set()
    body = writer.displays(with_stages=any(row.rule == "price" for chain in chains for row in chain.rows))
    formulas = " ".join(row.formula for block in body if isinstance(block, Display) for row in block.rows)
    extra = [d for d in needed(short.declarations, formulas) if d not in declared]
    functions = [d for d in short.functions if d.partition("(")[0] in formulas]
    if derivation.steps:
        intro = "Proof." if derivation.derived else "The lines that were reached."
        out.append(Heading(2, intro))
        if functions:
            long = max(map(width, functions)) > LINE
            out.append(Paragraph("Write" if long else f"Write {math_list(functions)}."))
            out += [Display(tuple(Row(f) for f in functions))] if long else []
        if extra:
            out.append(Paragraph(f"Abbreviate {math_list(extra)}{_law_words(extra)}."))
        out += body
    if derivation.steps:
        out.append(Paragraph(checked(report), small=True))
    return out


def displays(derivation: Derivation, anchor: str) -> list[Block]:
    """The lines of a derivation without a theorem around them."""
    chains = fold(derivation)
    return _Writer(chains, shorthand(chains, derivation.goal), anchor).displays(with_stages=False)


def gap_text(derivation: Derivation, report: CheckReport) -> str:
    """What is missing, in sentences."""
    reasons = [gap.reason for gap in derivation.gaps]
    reasons += [f"line {s.index + 1} ({s.rule}) is {s.status}" for s in report.gaps]
    return plain_text(" ".join(reasons)) or "the chain does not end in the goal."


def plain_text(text: str) -> str:
    """A text in which nothing is markup: expressions are set as code."""
    return (
        text.replace("$", "")
        .replace("`", "'")
        .replace("**", "^")
        .replace("*", "\u00b7")
        .replace("[", "(")
        .replace("]", ")")
        .replace("~", " ")
    )


def checked(*reports: CheckReport) -> str:
    """One line on how a derivation, or several that belong together, were checked."""
    lines = [step for report in reports for step in report.steps]
    if not lines:
        return "No line was reached."
    proved = sum(s.status is Status.PROVED for s in lines)
    enclosed = [s for s in lines if s.status is Status.ENCLOSED]
    open_ = [s for s in lines if s.status in (Status.GAP, Status.CONTRADICTED)]
    points = [s.points for s in lines if s.points]
    worst = max((s.agreement for s in lines if s.points), default=0.0)
    many = f"{len(reports)} derivations, together " if len(reports) > 1 else ""
    count = f"{many}{len(lines)} line{'s' * (len(lines) != 1)}: "
    every = "each" if len(lines) > 1 else "it is"
    text = count + (f"{every} proved by an exact identity" if proved == len(lines) else f"{proved} proved exactly")
    if enclosed:
        text += f", {len(enclosed)} enclosed only (lines {listed([str(s.index + 1) for s in enclosed])})"
    if open_:
        text += f", {len(open_)} open (lines {listed([str(s.index + 1) for s in open_])})"
    if points:
        some = f"{max(points)}" if min(points) == max(points) else f"{min(points)} to {max(points)}"
        where = "both sides" if len(points) == len(lines) else f"both sides of {len(points)} lines"
        text += f"; {where} enclosed at {some} points, the balls overlap, relative radius ${scientific(worst)}$"
    return f"*Checked.* {text}."


def scientific(x: float) -> str:
    """``\\le 2\\cdot10^{-25}``, rounded up."""
    if x == 0:
        return "0"
    mantissa, _, exponent = f"{x * 1.05:.1e}".partition("e")
    return rf"\le{mantissa}\cdot10^{{{int(exponent)}}}"


def math_list(formulas: list[str]) -> str:
    return listed([f"${f}$" for f in formulas])


def _law_words(declared: list[str]) -> str:
    if any(d.startswith(("a'", "a_")) for d in declared):
        return "; the subscripts of $\\mathbb{E}$ are the entries of another covariance"
    return ""


def needed(declarations: list[str], formulas: str) -> list[str]:
    """The declarations whose names occur, and those that they use themselves."""
    found: list[str] = []
    text = formulas
    for declaration in reversed(declarations):
        name = declaration.partition("=")[0]
        if name in text:
            found.insert(0, declaration)
            text += declaration
    return found


class _Writer:
    """Writes the displays of one derivation with labels under one anchor."""

    def __init__(self, chains: tuple[Chain, ...], short: Shorthand, anchor: str) -> None:
        self.chains, self.short, self.anchor = chains, short, anchor
        self.place = {j: chain.at for chain in chains for row in chain.rows for j in row.covers}
        self.printed: dict[tuple[str, str], int] = {}
        self.instead: dict[int, int | None] = {}

    def equation(self, left: sympy.Expr, right: sympy.Expr, reason: str, label: str) -> Row:
        head = self.short.full(left)
        return equation(head, right, self.short, reason=reason, label=label)

    def displays(self, *, with_stages: bool) -> list[Block]:
        """The displays that say something new, under run-in headings where the stages are few."""
        shown = [chain for chain in self.chains if not self._idle(chain)]
        stages = [stage for stage in map(_stage, shown) if stage != "same"]
        changes = sum(left != right for left, right in pairwise(stages))
        out: list[Block] = []
        stage = ""
        for chain in shown:
            new = _stage(chain)
            if with_stages and changes <= MAX_STAGES and new != stage and new != "same":
                out.append(Heading(2, _STAGES[new]))
                stage = new
            out.append(self.display(chain))
        return out

    def _idle(self, chain: Chain) -> bool:
        """Whether both sides look alike, or an earlier display ends in the same equation; it is then not shown.

        An expectation of a function of one variable and the mean are two objects for the rules, and one for a reader.
        """
        left, right = self.short.latex(chain.left), self.short.latex(chain.last)
        earlier = self.printed.setdefault((left, right), chain.at)
        if left == right:
            self.instead[chain.at] = None
        elif earlier != chain.at:
            self.instead[chain.at] = earlier
        return chain.at in self.instead and chain is not self.chains[-1]

    def display(self, chain: Chain) -> Display:
        rows: list[Row] = []
        previous = self.short.latex(chain.left)
        for k, link in enumerate(chain.rows):
            shown = self.short.latex(link.right)
            if shown == previous and (rows or k + 1 < len(chain.rows)):
                continue
            previous = shown
            reason = self.reason(link, chain)
            if not rows:
                rows.append(self.equation(chain.left, link.right, reason, ""))
            else:
                head = self.short.latex(chain.left)
                rows.append(equation("", link.right, self.short, reason=reason, indent=head))
        last = rows[-1]
        rows[-1] = replace(last, label=f"{self.anchor}:{chain.at}")
        return Display(tuple(rows))

    def reason(self, link: Link, chain: Chain) -> str:
        labels = list(dict.fromkeys(self.place[j] for j in link.uses if self.place.get(j, chain.at) != chain.at))
        found = dict.fromkeys(self.instead.get(at, at) for at in labels)
        refs = [f"[eq:{self.anchor}:{at}]" for at in found if at is not None]
        if link.rule == "twin":
            return f"as {listed(refs)}, with $u$ and $v$, $a$ and $b$ exchanged"
        if link.rule == "substitution":
            head = next((c for c in self.chains if c.at == self.place[link.uses[0]]), None) if link.uses else None
            if head is not None and head.left == chain.left and head is not chain and len(refs) > 1:
                return f"inserting {listed(refs[1:])} into {refs[0]}"
            return f"inserting {listed(refs)}" if refs else "collecting terms"
        words = f"[ref:rule-{link.rule}|{rule_words(link.rule)}]"
        return words + (f", by {listed(refs)}" if refs else "")


def rule_words(name: str) -> str:
    """The title of a rule without a formula in it, so that it can be a link."""
    if name == "integration":
        return "integration from 0"
    return RULES[name].title.partition(", checked")[0] if name in RULES else name


def _stage(chain: Chain) -> str:
    rule = chain.rows[0].rule
    if rule == "price":
        return "price"
    if rule in ("integration", "antiderivative"):
        return "integration"
    if isinstance(chain.left, Mean) and chain.left.variance in (A, B):
        return "mean"
    if isinstance(chain.left, Expectation) and chain.rows[-1].rule == "substitution" and len(chain.rows) == 1:
        return "same"
    return "other" if C in chain.left.free_symbols else "same"
