r"""The words of the report that belong to no single study, in a small notation: ``$math$``, ``[@key]``, code.

Both renderers read them; only what stands here may use the notation, never text from a study or a certificate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..theory.verdict import Argument, Evidence, Verdict

READING = (
    r"A verdict is about one claim, one activation (or kernel) and this data. PROVED: a machine has "
    r"established all of it. REFUTED: a counterexample was computed, or is exact by a theorem. ARGUED: a machine has "
    r"proved the hypotheses here, and the claim follows from them by a "
    r"proof that people wrote and that no machine has checked as a whole; how many claims are only argued is this "
    r"project's debt. CONSISTENT and INCONSISTENT are statistics. The claims are certigram's own statements of the "
    r"theories. $0.123_{45}^{67}$ means that the number was proved to lie in "
    r"$[0.12345, 0.12367]$; every printed end is rounded outwards, every margin and every share downwards, so what"
    r" is printed follows from what was proved."
)
EIGENVALUES = (
    r"$\lambda_*$ is the least eigenvalue of the Gram matrix that the theory is about, on this data, proved on both "
    r"sides [@rump2006; @higham2002]."
)
BOUNDS = (
    r"Beside it, the proved lower ends of the theory's own bounds, each with the share of $\lambda_*$ that it keeps at "
    r"least: what is missing to 100 % is the vacuity gap."
)
SHARPNESS = (
    r"The smaller side of an inequality over the larger one: 1 means that the bound is attained, 0 that it "
    r"says nothing. On this data: the loosest inequality of the claim, at the last iterate of a run, else "
    r"where both sides are nearest. Nearest to equality: the largest share that a search over instances found "
    r"and ball arithmetic proved, so that no constant can be improved by more (`docs/falsifier.md`); these "
    r"records ship with the program, nothing is searched here, and a dot says that none was."
)
SHARPNESS_CAPTION = (
    r"What is kept of each bound, on a logarithmic axis: on this data (filled; an arrow: less than $10^{-12}$), "
    r"and in the instance nearest to equality that is known (circles)."
)
HYPOTHESES = (
    r"What the claims assume, and how it was settled here. A claim can be PROVED or ARGUED only where each of its"
    r" hypotheses is proved."
)
STATEMENTS = (
    r"Each claim with the way it was decided here: by which argument and for what, from which evidence. What is kept "
    r"is the smaller side of the loosest inequality over the larger one; a bound that is proved to keep less than a "
    r"millionth of what it bounds is called vacuous here. The negative control is a slightly false variant, planted by "
    r"the tests of the same check, which the check must not prove."
)
GRAPH = (
    r"Which claim rests on which: an arrow leads from a claim to a claim whose proof uses it. The fill is the "
    r"verdict that a reader must not miss; the border is the argument: double, a machine has established all of it; "
    r"single, people wrote a proof; dashed, a published theorem is cited; dotted, an obligation."
)
GRAPH_AGAIN = r"Which claim rests on which; arrows, fills and borders as in the first graph of this kind."
FINITE_WIDTH = (
    r"Networks were sampled, their equilibria solved with a bound of the residual, and their Gram matrices $G_m$ "
    r"compared with the enclosed $K$."
)
STATISTICS = (
    r"All statistical tests of the study share one error budget by Holm's procedure [@holm1979]; probabilities have "
    r"exact binomial intervals [@clopper1934], and the intervals hold simultaneously. INCONSISTENT says that the claim "
    r"is rejected within the budget; CONSISTENT, that it is not, and that the interval excludes every value in the "
    r"last column, which a false theory would predict; otherwise the verdict is UNKNOWN."
)
STATISTICS_AGAIN = (
    r"These tests belong to the one error budget of the study; verdicts, intervals and the last column as explained in "
    r"the first section of experiments."
)
ERROR_CAPTION = (
    r"The error of the sampled Gram matrix against the width $m$, in the spectral norm (left) and in the whitened "
    r"Frobenius norm $\lVert K^{-1/2}(G_m-K)K^{-1/2}\rVert_F$, whose rate is tested (right; unwhitened where $K$ is "
    r"not numerically definite): geometric means over the networks of each width, with bars that hold simultaneously "
    r"over the widths with confidence 99.9 %. The legend gives the slope in the right panel; dashed lines have the "
    r"theory's slope $-1/2$."
)
BOUNDS_CAPTION = (
    r"The vacuity gap. Left, on a logarithmic axis: the proved least eigenvalue $\lambda_*$ (filled) and the proved "
    r"lower ends of the theory's own bounds; bounds that are not positive are not drawn. Right: the share of "
    r"$\lambda_*$ that each bound keeps."
)
ROLES = {
    "measured": "On the computed run (solid)",
    "bound": "The bound that the claim states (dashed)",
    "limit": "The theory's limit (dotted)",
}
CURVES = r"A picture proves nothing; the verdict on this claim here is"
LIMITS = (
    r"Arithmetic of processor and compiler is IEEE 754 binary64, rounding to nearest. Matrix products and Cholesky"
    r" factorisations of the BLAS and LAPACK in use are conventional: sums of products in any order, with or "
    r"without fused multiply-add, but no fast (Strassen-like) multiplication [@higham2002].",
    r"Enclosures trust the ball arithmetic of FLINT [@johansson2017arb]; symbolic steps trust SymPy. Neither is "
    r"checked by a proof assistant.",
    r"PROVED and ARGUED speak about the exact numbers of this data set, after the stated normalisation, and about no "
    r"other data; each claim says for how many of the inputs. ARGUED rests on the proofs named under each claim; those "
    r"are on paper. PROVED rests on the error bounds of the arithmetic (`docs/error-analysis.md`) and on the existence "
    r"of the objects that it speaks of, whose proofs are on paper too (`docs/verdicts.md`).",
    r"Statistical verdicts hold at the stated level for the sampled widths, and treat averages over replicates as "
    r"Gaussian (`docs/theory/finite-width.md`). CONSISTENT proves nothing.",
    r"UNKNOWN says that the budget or the rules did not suffice. It says nothing against the claim.",
)
REPEAT = (
    r"Run `certigram verify` with the same study file. A run with the same digest and the same versions reaches "
    r"the same verdicts; sampled numbers agree bit for bit on one machine. The certificates beside this report, "
    r"`certificates/*.json`, hold the exact numbers behind each verdict."
)
EVIDENCE_WORDS = {
    Evidence.EXACT: "exact",
    Evidence.ENCLOSED: "enclosed",
    Evidence.EXPERIMENTAL: "experimental",
    Evidence.NOTE: "note",
}
ARGUMENT_WORDS = {
    Argument.DIRECT: "computed",
    Argument.KERNEL: "proof kernel",
    Argument.SYMBOLIC: "symbolic",
    Argument.WRITTEN: "written proof",
    Argument.CITED: "cited",
    Argument.OPEN: "open",
}

VERDICT_WORDS = {verdict: verdict.name.replace("_", " ").lower() for verdict in Verdict}

_TOKEN = re.compile(r"\$(?P<math>[^$]+)\$|`(?P<code>[^`]+)`|\[(?P<cite>@[\w; @]+)\]")


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of such a text: ``kind`` is text, math, code or cite."""

    kind: str
    text: str


def words(text: str) -> tuple[Word, ...]:
    """The pieces of a text.

    >>> [(w.kind, w.text) for w in words("by $x$ [@rump2006; @higham2002].")]
    [('text', 'by '), ('math', 'x'), ('text', ' '), ('cite', 'rump2006 higham2002'), ('text', '.')]
    """
    out, at = [], 0
    for found in _TOKEN.finditer(text):
        if found.start() > at:
            out.append(Word("text", text[at : found.start()]))
        kind = str(found.lastgroup)
        value = found.group(kind)
        out.append(Word(kind, " ".join(re.findall(r"@(\w+)", value)) if kind == "cite" else value))
        at = found.end()
    if at < len(text):
        out.append(Word("text", text[at:]))
    return tuple(out)


def cited(text: str) -> list[str]:
    """The keys that a text cites."""
    return [key for word in words(text) if word.kind == "cite" for key in word.text.split()]
