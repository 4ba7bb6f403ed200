r"""What a document is made of: one activation, lemma or system, or the whole book."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

import sympy

from ...numerics.derivation_check.check import check
from ...numerics.derivation_check.report import CheckReport
from ...numerics.proof_lines.registry import check_lemma
from ...theory.activations.activation import activation
from ...theory.activations.functions import X
from ...theory.claims.claim import Claim, Reference
from ...theory.claims.formal import accepted_lines
from ...theory.claims.lemma import Lemma, arguments, lemmas, lemmas_of
from ...theory.claims.system import System, systems
from ...theory.closed_forms import C
from ...theory.derivations.dual import derive_expectation
from ...theory.derivations.notation import Expectation
from ...theory.derivations.rules import RULES
from ...theory.derivations.step import Derivation
from ...theory.errors import DerivationGap
from ..bibliography import library
from ..content import capital
from .blocks import MARKUP, Block, Display, Document, Facts, Heading, Items, Paragraph, Theorem
from .breaking import LINE, equation, statement, width
from .families import (
    ALPHA,
    CROSS,
    OTHER_SLOPE,
    SLOPE,
    cross_blocks,
    list_blocks,
    parameter_domain,
    selu_blocks,
    slope_blocks,
)
from .printer import Printer
from .proof import derivation_blocks, plain_text
from .series import ball_blocks, formula_blocks
from .shorten import Shorthand

OMEGA = sympy.Symbol("omega", positive=True)
ELU = sympy.Max(X, 0) + ALPHA * (sympy.exp(sympy.Min(X, 0)) - 1)
SUBTITLE = (
    "Every line of a derivation below was proved by a program and enclosed on both sides;"
    " lemmas say how each is checked."
)

BOOK: tuple[tuple[str, str | sympy.Expr], ...] = (
    ("The identity", "identity"),
    ("The square", "x**2"),
    ("A polynomial", "x**3 - 2*x**2 + 1"),
    ("The Hermite polynomial of degree 3", "hermite(3)"),
    ("Exponentials", sympy.exp(ALPHA * X)),
    ("Sine waves", sympy.sin(OMEGA * X)),
    ("Cosine waves", sympy.cos(OMEGA * X)),
    ("Gaussians", sympy.exp(-ALPHA * X**2)),
    ("The Gabor function", "exp(-x**2)*sin(x)"),
    ("The derivative of a Gaussian", "x*exp(-x**2/2)"),
    ("Error functions", sympy.erf(ALPHA * X)),
    ("The normal distribution function", "normal_cdf"),
    ("GELU", "gelu"),
    ("x times the error function", "x*erf(x)"),
    ("The step: arc-cosine kernel of order 0", "step"),
    ("The sign", "sign"),
    ("ReLU: arc-cosine kernel of order 1", "relu"),
    ("Leaky ReLU", sympy.Max(X, 0) + SLOPE * sympy.Min(X, 0)),
    ("The absolute value", "abs"),
    ("The rectified square: arc-cosine kernel of order 2", "x**2*Heaviside(x)"),
    ("The rectified cube: arc-cosine kernel of order 3", "x**3*Heaviside(x)"),
    ("The rectified fourth power: arc-cosine kernel of order 4", "x**4*Heaviside(x)"),
    ("The rectified fifth power: arc-cosine kernel of order 5", "x**5*Heaviside(x)"),
    ("ABReLU", SLOPE * sympy.Min(X, 0) + OTHER_SLOPE * sympy.Max(X, 0)),
    ("ELU and SELU", ELU),
    ("The clipped line", "hard_tanh"),
    ("A sum", "erf(x) + exp(-x**2)"),
    ("The hyperbolic tangent", "tanh"),
    ("The logistic function", "sigmoid"),
    ("Softplus", "softplus"),
    ("SiLU", "silu"),
    ("Mish", "mish"),
    ("The arc tangent", "atan"),
)
"""The sections on activations: a title, and a name or an expression whose symbols besides x are parameters."""

NOTATION = (
    (r"$\mathbb{E}[f(u)\,g(v)]$", r"expectation; $(u,v)$ is centred Gaussian with covariance "
     r"$\begin{pmatrix}a&c\\c&b\end{pmatrix}$"),
    (r"$\mathbb{E}_{a',b',c'}[f(u)\,g(v)]$", r"the same at the covariance $\begin{pmatrix}a'&c'\\c'&b'\end{pmatrix}$"),
    (r"$\mathbb{E}_{w\sim N(0,s)}[f(w)]$", r"the mean of a function of one Gaussian variable of variance $s$"),
    (r"$\partial_c$", r"derivative in the covariance $c$, at fixed $a$ and $b$"),
    (r"$\varphi^{(k)}$", r"distributional derivative of order $k$"),
    (r"$\delta(x)$, $\mathbf{1}_{x>t}$", r"unit point mass at 0; indicator of a half-line"),
    (r"$\Phi(h)$", r"distribution function of the standard normal law"),
    (r"$\Phi_2(h;\,k;\,\rho)$", r"that of a standard bivariate normal law of correlation $\rho$"),
    (r"$h_r$, $\mu_r(\sigma)$", r"normalised Hermite polynomial; coefficient $\mathbb{E}\,\varphi(\sigma z)h_r(z)$"),
    (r"$\Delta$, $D$, $D_t$", r"radicands, declared where they are used; $t$ in place of $c$"),
    (r"$A\circ B$, $A^{\circ r}$", r"entrywise product and power of matrices"),
    (r"$A\preceq B$", r"$B-A$ is positive semidefinite"),
)  # fmt: skip


@lru_cache(maxsize=128)
def checked_derivation(f: sympy.Expr, title: str) -> tuple[Derivation, CheckReport]:
    """A derivation of E f(u) f(v) and what its check found."""
    derivation = derive_expectation(f, f, title)
    return derivation, check(derivation)


def slug(text: str) -> str:
    """A name as a label.

    >>> slug("leaky_relu(1/10)")
    'leaky-relu-1-10'
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", text.replace("**", "^")).strip("-").lower() or "f"


def _cite(reference: Reference) -> str:
    parts = [f"[cite:{reference.key}]" if reference.key in library() else ""]
    parts.append(plain_text(reference.where) if reference.where and parts[0] else "")
    place, comma, section = reference.ours.partition(",")
    ours = f"proof: `{place}`{plain_text(comma + section)}"
    return "; ".join(filter(None, [", ".join(filter(None, parts)), ours if reference.ours else ""]))


# --- activations ------------------------------------------------------------------------------------------------------


def activation_blocks(title: str, subject: str | sympy.Expr, *, level: int = 1) -> list[Block]:
    """The section on one activation: its dual with proof, its Hermite coefficients, or the certified series."""
    f = activation(subject).expression if isinstance(subject, str) else subject
    name = slug(subject if isinstance(subject, str) else str(subject))
    anchor = f"dual-{name}"
    derivation, report = checked_derivation(f, f"dual activation of {title}")
    shown = Printer().doprint(f)
    parameters = derivation.parameters
    domain = parameter_domain(parameters)
    out: list[Block] = [Heading(level, title, f"sec-{name}"), *_defined(f, shown, domain)]
    out += derivation_blocks(derivation, report, anchor, "dual activation")
    if subject == ELU:
        out += selu_blocks(derivation, anchor)
    out += _slope(derivation, anchor) or (slope_blocks(f, anchor) if derivation.derived else [])
    formula = formula_blocks(f, anchor)
    out += formula
    if not derivation.derived or not formula:
        out += ball_blocks(f, instead=not derivation.derived) if not parameters else []
    return out


def _defined(f: sympy.Expr, shown: str, domain: str) -> list[Block]:
    """What the activation is, displayed where it is long."""
    if width(shown) < LINE:
        return [Paragraph(rf"$\varphi(x)={shown}${domain}.")]
    return [Display((equation(r"\varphi(x)", f, Shorthand()),))]


def _slope(derivation: Derivation, anchor: str) -> list[Block]:
    """Where the dual of the derivative stands: Price's theorem made it a line of the proof."""
    from .fold import fold

    goal = derivation.goal
    first = next((s for s in derivation.steps if s.rule == "price" and s.before == sympy.Derivative(goal, C)), None)
    if first is None or not derivation.derived:
        return []
    last = [d for d in fold(derivation) if d.left == first.after and not d.last.has(Expectation, sympy.Integral)]
    if not last:
        return []
    return [
        Paragraph(
            rf"The dual of the derivative, $\mathbb{{E}}[\varphi'(u)\,\varphi'(v)]$, is [eq:{anchor}:{last[-1].at}]."
        )
    ]


# --- rules, lemmas, systems -------------------------------------------------------------------------------------------


def rule_blocks(names: tuple[str, ...]) -> list[Block]:
    """Rules with statement, conditions and reference."""
    out: list[Block] = []
    for name in names:
        rule = RULES[name]
        words = "; ".join(c.rstrip(".") for c in rule.conditions if c != "none")
        content: list[Paragraph | Display] = [Display((statement(rule.statement),))]
        note = f"Conditions: {words}. " if words else ""
        content.append(Paragraph(f"{note}Reference: {_cite(rule.reference)}.", small=True))
        out.append(Theorem("Rule", rule.title.replace("c = 0", "$c=0$"), tuple(content), f"rule-{name}"))
    return out


def _prose(text: str) -> str:
    """The prose of a lemma as marked-up text."""
    text = re.sub(r"(\w+)\\textsubscript\{(\w+)\}", r"$\\mathrm{\1}_{\2}$", text)
    return text.replace("--", "\u2013")


def lemma_blocks(lemma: Lemma, *, level: int = 1) -> list[Block]:
    """A lemma: hypotheses, conclusion, proof line by line with the outcome of each check."""
    found = check_lemma(lemma)
    anchor = slug(lemma.id)
    given = listed_hypotheses(lemma.hypotheses)
    content = (
        Paragraph(given),
        Display((statement(lemma.conclusion, f"{anchor}:statement"),)),
        Paragraph(f"Reference: {_cite(lemma.reference)}.", small=True),
    )
    out: list[Block] = [
        Heading(level, capital(lemma.title), f"sec-{anchor}"),
        Theorem("Lemma", f"`{lemma.id}`", content, anchor),
        Heading(2, "Proof."),
    ]
    lines = []
    for step, outcome in found.lines:
        verdict = "" if outcome.passed else "*not confirmed:* "
        proved = accepted_lines().get((lemma.id, step.check))
        coq = f"; *theorem of Coq:* `{proved.file}.{proved.theorem}`" if proved else ""
        lines.append(f"{_prose(step.text)} ({verdict}*{outcome.kind.value}:* ~{plain_text(outcome.text)}~{coq})")
    out.append(Items(tuple(lines)))
    if lemma.uses:
        out.append(Paragraph(f"Uses {_links(lemmas()[u] for u in lemma.uses)}.", small=True))
    n, good = len(found.lines), sum(o.passed for _, o in found.lines)
    proved_lines = sum((lemma.id, step.check) in accepted_lines() for step, _ in found.lines)
    said = f"; {proved_lines} of them are theorems of Coq" if proved_lines else ""
    out.append(Paragraph(f"*Checked.* {good} of {n} lines confirmed, each in the way it names{said}.", small=True))
    return out


def _links(found: Iterable[Lemma]) -> str:
    """Links to lemmas."""
    return ", ".join(f"[ref:{slug(lemma.id)}|{lemma.id}]" for lemma in found)


def listed_hypotheses(hypotheses: tuple[object, ...]) -> str:
    """Hypotheses as a sentence."""
    parts = [f"${h.statement}$ *({h.name})*" for h in hypotheses]  # type: ignore[attr-defined]  # Hypothesis
    return f"Assume {'; '.join(parts)}. Then" if parts else "Without any hypothesis,"


def claim_blocks(claim: Claim) -> list[Block]:
    """A claim of a system as a theorem, with the place of its proof and the lemmas that are its argument."""
    content: list[Paragraph | Display] = [
        Paragraph(listed_hypotheses(claim.hypotheses)),
        Display((statement(claim.statement, f"{slug(claim.id)}:statement"),)),
        Paragraph(
            f"`{claim.id}`; reference: {_cite(claim.reference)}. Negative control: ~{plain_text(claim.control)}~.",
            small=True,
        ),
    ]
    if found := arguments(claim.id):
        content.append(Paragraph(f"Argument, line by line: {_links(found)}.", small=True))
    return [Theorem("Claim", f"~{plain_text(capital(claim.title))}~", tuple(content), slug(claim.id))]


def system_blocks(system: System) -> list[Block]:
    """A system: model, notation, claims."""
    name = slug(system.name)
    out: list[Block] = [Heading(1, system.title, f"sec-{name}"), Paragraph(f"The model of [cite:{system.paper}]:")]
    out.append(Display((statement(system.model, f"{name}:model"),)))
    facts = tuple((f"${symbol}$", f"~{plain_text(meaning)}~") for symbol, meaning in system.notation.items())
    out += [Facts(facts)] if facts else []  # LaTeX takes no empty list
    for claim in system.claims:
        out += claim_blocks(claim)
    return out


# --- documents --------------------------------------------------------------------------------------------------------


def with_rules(blocks: list[Block]) -> list[Block]:
    """The blocks followed by the rules that they refer to."""
    words = " ".join(text for block in blocks for text in Document("", "", (block,)).texts())
    refs = [m["ref"].removeprefix("rule-") for m in MARKUP.finditer(words) if (m["ref"] or "").startswith("rule-")]
    names = tuple(name for name in RULES if name in refs)
    return [*blocks, Heading(1, "Rules used", "rules"), *rule_blocks(names)] if names else blocks


def document(name: str) -> Document:
    """The document about an activation, an expression, a lemma or a system; raises ``SpecError`` for anything else."""
    if name in systems():
        system = systems()[name]
        blocks = system_blocks(system)
        for lemma in lemmas_of(name):
            blocks += lemma_blocks(lemma)
        return Document(system.title, "The claims, and the lemmas behind them.", tuple(blocks))
    known = name if name in lemmas() else f"lemma.{name}"
    if known in lemmas():
        return Document(capital(lemmas()[known].title), SUBTITLE, tuple(_closure(lemmas()[known])))
    phi = activation(name)
    blocks = activation_blocks("Closed form and proof", name)
    shown = f"`{phi.name}`" if phi.name.isidentifier() else f"${Printer().doprint(phi.expression)}$"
    return Document(f"The dual activation of {shown}", SUBTITLE, tuple(with_rules(blocks)))


def _closure(lemma: Lemma) -> list[Block]:
    """The lemma, then those that it rests on."""
    order, todo = [], [lemma.id]
    while todo:
        current = todo.pop(0)
        if current not in order:
            order.append(current)
            todo += lemmas()[current].uses
    return [block for id_ in order for block in lemma_blocks(lemmas()[id_])]


def book(tell: Callable[[str], None] = lambda _: None) -> Document:
    """Everything: notation, rules, lemmas, systems, one section for each family of activations."""
    blocks: list[Block] = [Heading(0, "Notation and rules"), Heading(1, "Notation"), Facts(NOTATION)]
    blocks += [Heading(1, "Rules", "rules"), *rule_blocks(tuple(RULES))]
    behind = {system: {lemma.id for lemma in lemmas_of(system)} for system in systems()}
    shared = [id_ for id_ in lemmas() if sum(id_ in found for found in behind.values()) != 1]
    blocks.append(Heading(0, "Lemmas that systems share"))
    for id_ in shared:
        tell(id_)
        blocks += lemma_blocks(lemmas()[id_])
    blocks.append(Heading(0, "Systems, their claims and their arguments"))
    for system in systems().values():
        tell(system.name)
        blocks += system_blocks(system)
        for id_ in lemmas():
            if id_ in behind[system.name] and id_ not in shared:
                tell(id_)
                blocks += lemma_blocks(lemmas()[id_])
    blocks.append(Heading(0, "Activations and their duals"))
    for title, subject in BOOK:
        tell(title)
        try:
            blocks += activation_blocks(title, subject)
        except DerivationGap as gap:
            blocks += [Heading(1, title), Paragraph(plain_text(str(gap)))]
        if subject == "x**2":
            blocks += list_blocks("Powers", "powers")
        if subject == "hermite(3)":
            blocks += list_blocks("Hermite polynomials", "hermite")
    blocks.append(Heading(0, "Cross duals"))
    for title, f, g in CROSS:
        tell(title)
        blocks += cross_blocks(title, f, g)
    return Document("Derivations", SUBTITLE, tuple(blocks), contents=True)


def headline(name: str) -> str:
    r"""One formula between dollar signs, for a notebook: the closed form, or the statement of the lemma."""
    known = name if name in lemmas() else f"lemma.{name}"
    if known in lemmas():
        return rf"$\displaystyle {lemmas()[known].conclusion}$"
    if name in systems():
        return rf"$\displaystyle {systems()[name].model}$"
    f = activation(name).expression
    derivation = derive_expectation(f, f, f"dual activation of {name}")
    left = Printer().doprint(derivation.goal)
    if derivation.result is None:
        return rf"$\displaystyle {left}=\text{{no closed form is known here}}$"
    return rf"$\displaystyle {left}={Printer().doprint(derivation.result)}$"
