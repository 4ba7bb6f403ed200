r"""Functions of ``X`` as sums of elementary terms, with formal thresholds and point masses.

The terms are those of :mod:`..activations.elementary_terms`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import sympy
from sympy.simplify.fu import TR8

from ..activations.elementary_terms import Term, elementary_term
from ..activations.functions import X, rewrite_elementary, sigmoid, softplus
from ..activations.pieces import KINKED, pieces
from ..errors import DerivationGap

PIECEWISE = (sympy.Abs, sympy.Max, sympy.Min)
"""The functions with kinks that are written with indicators."""
JUMPS = (sympy.Heaviside, sympy.sign)
"""Functions with a jump, of which a term has one."""
_ZERO = sympy.S.Zero


@lru_cache(maxsize=4096)
def terms(expression: sympy.Expr) -> tuple[Term, ...]:
    """The terms of a function; raises :class:`DerivationGap` for a function that is not a sum of such terms.

    >>> sorted((t.power, t.core) for t in terms(sympy.Max(X, 0) + sympy.erf(X)))
    [(0, 'erf'), (1, 'above')]
    """
    parts: dict[Term, sympy.Expr] = {}
    for product in sympy.Add.make_args(flat(expression)):
        if product != 0:
            term = elementary_term(product)
            parts[term.bare] = parts.get(term.bare, _ZERO) + term.coefficient
    return tuple(
        replace(term, coefficient=sympy.factor_terms(k)) for term, k in parts.items() if not sympy.expand(k).is_zero
    )


@lru_cache(maxsize=4096)
def flat(expression: sympy.Expr) -> sympy.Expr:
    """The function expanded, kinks written with indicators and waves linear.

    >>> flat(sympy.Max(sympy.Min(X, 1), 0))
    x*Heaviside(x) - x*Heaviside(x - 1) + Heaviside(x - 1)
    """
    if expression.has(sigmoid, softplus, sympy.tanh):
        raise DerivationGap(f"no closed form is known to the rules for {expression}: use the certified series.")
    if expression.has(*PIECEWISE):
        parts = sympy.Add.make_args(expression)
        kinked = sympy.Add(*(part for part in parts if part.has(*PIECEWISE)))
        expression = indicators(kinked) + sympy.Add(*(part for part in parts if not part.has(*PIECEWISE)))
    if expression.has(sympy.sinh, sympy.cosh):
        expression = rewrite_elementary(expression).rewrite([sympy.sinh, sympy.cosh], sympy.exp)
    expanded = sympy.expand(expression.replace(sympy.erfc, lambda y: 1 - sympy.erf(y)))
    if expanded.has(*JUMPS):
        expanded = sympy.expand(sympy.Add(*(_one_jump(part) for part in sympy.Add.make_args(expanded))))
    if expanded.has(sympy.sin, sympy.cos):
        expanded = sympy.expand(TR8(expanded))
    return expanded


def _one_jump(product: sympy.Expr) -> sympy.Expr:
    """A product of several steps and signs as a sum of products with one of them each."""
    jumps = [factor for factor in sympy.Mul.make_args(product) if factor.as_base_exp()[0].func in JUMPS]
    single = len(jumps) < 2 and all(factor.func in JUMPS for factor in jumps)
    return product if single or product.has(sympy.DiracDelta) else indicators(product)


def indicators(expression: sympy.Expr) -> sympy.Expr:
    """A function with kinks as the sum of its branches times indicators of half-lines.

    The two sides agree except at the breakpoints, a set of probability zero.
    """
    found = pieces(expression)
    if len(found) == 1:
        return found[0].expression
    total = found[0].expression * sympy.Heaviside(found[1].lo - X)
    for piece in found[1:-1]:
        total += piece.expression * (sympy.Heaviside(X - piece.lo) - sympy.Heaviside(X - piece.hi))
    return total + found[-1].expression * sympy.Heaviside(X - found[-1].lo)


def total(parts: tuple[Term, ...]) -> sympy.Expr:
    """The sum of terms as an expression in ``X``."""
    return sympy.Add(*(t.coefficient * t.function for t in parts))


@lru_cache(maxsize=4096)
def same(f: sympy.Expr, g: sympy.Expr) -> bool:
    """Whether two functions (or measures) are proved equal up to a null set, by their sums of terms."""
    from .identity import identical

    if f == g:
        return True
    try:
        difference = terms(f - g)
    except DerivationGap:
        return not f.has(*KINKED) and not g.has(*KINKED) and identical(f, g)
    groups: dict[Term, sympy.Expr] = {}
    for term in difference:
        for key in groups:
            if _alike(key, term):
                groups[key] += term.coefficient
                break
        else:
            groups[term.bare] = term.coefficient
    return all(identical(k, _ZERO) for k in groups.values()) or _by_indicators(tuple(groups.items()))


def _by_indicators(groups: tuple[tuple[Term, sympy.Expr], ...]) -> bool:
    """The same with 1_{x<t} = 1 - 1_{x>t}, sign(x-t) = 2 1_{x>t} - 1 and Phi = (1 + erf)/2."""
    from .identity import identical

    parts: list[tuple[Term, sympy.Expr]] = []
    for term, k in groups:
        base = replace(term, core="one", scale=_ZERO, shift=_ZERO)
        if term.core in ("below", "sign"):
            up = -k if term.core == "below" else 2 * k
            parts += [(replace(term, core="above"), up), (base, k if term.core == "below" else -k)]
        elif term.core == "cdf":
            root = sympy.sqrt(2)
            parts += [
                (replace(term, core="erf", scale=term.scale / root, shift=term.shift / root), k / 2),
                (base, k / 2),
            ]
        else:
            parts.append((term, k))
    sums: dict[Term, sympy.Expr] = {}
    for term, k in parts:
        key = next((other for other in sums if _alike(other, term)), term)
        sums[key] = sums.get(key, _ZERO) + k
    return all(identical(k, _ZERO) for k in sums.values())


def _alike(s: Term, t: Term) -> bool:
    from .identity import identical

    return (s.power, s.core) == (t.power, t.core) and all(
        identical(x, y) for x, y in ((s.rate, t.rate), (s.decay, t.decay), (s.scale, t.scale), (s.shift, t.shift))
    )


@lru_cache(maxsize=1024)
def derivative(expression: sympy.Expr) -> sympy.Expr:
    r"""The distributional derivative: point masses where the function jumps.

    Raises :class:`DerivationGap` for a function with point masses of its own.

    >>> derivative(sympy.Max(X, 0)), derivative(sympy.sign(X)), derivative(X * sympy.Heaviside(X - 1))
    (Heaviside(x), 2*DiracDelta(x), DiracDelta(x - 1) + Heaviside(x - 1))
    """
    if expression.has(sympy.DiracDelta):
        raise DerivationGap("the derivative of a point mass is not used.")
    if not expression.has(*KINKED):
        return sympy.diff(expression, X)
    parts = terms(expression)
    regular, masses = _ZERO, _ZERO
    for term in parts:
        smooth = replace(term, core="one", scale=_ZERO, shift=_ZERO)
        if term.core in ("sign", "above", "below"):
            regular += term.coefficient * sympy.diff(smooth.bare.function, X) * term.core_function
            jump = {"sign": 2, "above": 1, "below": -1}[term.core]
            height = sympy.expand(jump * term.coefficient * smooth.bare.function.xreplace({X: term.shift}))
            masses += height * sympy.DiracDelta(X - term.shift)
        else:
            regular += term.coefficient * sympy.diff(term.bare.function, X)
    return readable(regular) + masses


def readable(expression: sympy.Expr) -> sympy.Expr:
    """Indicators at 0 as the functions that readers know: max(x, 0), |x|, sign x.

    >>> readable(X * sympy.Heaviside(X)), readable(X * sympy.Heaviside(X) - X * sympy.Heaviside(-X))
    (Max(0, x), Abs(x))
    """
    expanded = sympy.expand(expression)
    above, below = sympy.Heaviside(X), sympy.Heaviside(-X)
    if expanded.atoms(sympy.Heaviside) - {above, below}:
        return expanded
    right, left = expanded.coeff(above), expanded.coeff(below)
    rest = sympy.expand(expanded - right * above - left * below)
    if right != 0 and sympy.expand(right + left) == 0:
        shown = sympy.Abs(X) * (right / X) if right.has(X) and (right / X).is_polynomial(X) else right * sympy.sign(X)
        return rest + shown
    if left == 0 and right != 0 and sympy.expand(right / X).is_polynomial(X):
        return rest + sympy.expand(right / X) * sympy.Max(X, 0) if (right / X).is_number else expanded
    return expanded
