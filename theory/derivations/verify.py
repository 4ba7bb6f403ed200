r"""The exact check of a step: is the line an instance of its rule, or does it follow from the lines it uses?

The right side is computed again from the left side and the two are compared by :func:`identical`; antiderivatives are
differentiated; substitutions are carried out. "True" is a proof (given the rules); "False" means that no
proof was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy

from ..activations.functions import X
from ..closed_forms import A, B, C
from ..errors import DerivationGap
from . import bivariate, univariate
from .domain import admissible, continuous, real
from .functions import derivative, same, terms
from .identity import identical
from .notation import SIGMA, Expectation, HermiteCoefficient, Mean, T, TaylorCoefficient, Y
from .step import Derivation, Step
from .taylor import taylor_coefficient

Earlier = Sequence[Step]
NODES = (Expectation, Mean, sympy.Integral, sympy.Derivative, HermiteCoefficient, TaylorCoefficient)


def proved(step: Step, earlier: Earlier) -> bool:
    """Whether the line is proved from its rule and the lines before it.

    >>> from .functions import X
    >>> before = Expectation(X, X, A, B, C)
    >>> proved(Step("wick", before, C), ()), proved(Step("wick", before, -C), ())
    (True, False)
    """
    if any(not 0 <= k < len(earlier) for k in step.uses) or not _guarded(step):
        return False
    check = SPECIAL.get(step.rule)
    try:
        for node in step.before.atoms(Expectation, Mean, HermiteCoefficient):
            _growth_guard(node)
        if check is not None:
            return check(step, [earlier[k] for k in step.uses])
        if step.rule in bivariate.FORMULAS and isinstance(step.before, Expectation):
            return identical(step.after, bivariate.FORMULAS[step.rule](step.before))
        if step.rule in univariate.FORMULAS and isinstance(step.before, Mean):
            return identical(step.after, univariate.FORMULAS[step.rule](step.before))
    except (DerivationGap, sympy.PolynomialError, NotImplementedError):
        return False
    return False


def verify(derivation: Derivation) -> tuple[bool, ...]:
    """For each step, whether it is proved."""
    return tuple(proved(step, derivation.steps[:k]) for k, step in enumerate(derivation.steps))


def _guarded(step: Step) -> bool:
    """The domain: real parameters, admissible laws, no bound variable that escapes, no new symbol on the right."""
    left, right = (side.free_symbols for side in (step.before, step.after))
    if T in left | right or not right <= left | {A, B, C}:
        return False
    laws = step.before.atoms(Expectation, Mean) | step.after.atoms(Expectation, Mean)
    return real(step.before) and real(step.after) and all(admissible(node) for node in laws)


def _growth_guard(node: sympy.Expr) -> None:
    """Raise unless the functions are sums of terms, which are integrable with all derivatives at every variance."""
    for f in node.args[: 2 if isinstance(node, Expectation) else 1]:
        terms(f)


def _rewriting(step: Step, used: Earlier) -> bool:
    before, after = step.before, step.after
    if not isinstance(before, (Expectation, Mean, HermiteCoefficient)) or after.func != before.func:
        return False
    count = 2 if isinstance(before, Expectation) else 1
    return before.args[count:] == after.args[count:] and all(
        same(f, g) for f, g in zip(before.args[:count], after.args[:count], strict=True)
    )


def _price(step: Step, used: Earlier) -> bool:
    before, after = step.before, step.after
    if not isinstance(before, sympy.Derivative) or not isinstance(after, Expectation):
        return False
    (variable, order), *others = before.variable_count
    node = before.expr
    if others or variable != C or order != 1 or not isinstance(node, Expectation):
        return False
    if node.covariance != (A, B, C) or after.covariance != (A, B, C) or (node.f.has(A, B, C) or node.g.has(A, B, C)):
        return False
    return same(derivative(node.f), after.f) and same(derivative(node.g), after.g)


def _integrating(step: Step, used: Earlier) -> bool:
    """E f g = E f E g + the integral from 0 to c of its derivative, known from the two lines used."""
    if len(used) != 2 or used[0].rule != "price" or used[0].after != used[1].before:
        return False
    node = step.before
    if not isinstance(node, Expectation) or used[0].before != sympy.Derivative(node, C):
        return False
    slope = used[1].after.xreplace({C: T})
    if slope.has(*NODES):
        return False
    a, b, c = node.covariance
    return bool(step.after == Mean(node.f, a) * Mean(node.g, b) + sympy.Integral(slope, (T, 0, c)))


def _antiderivative(step: Step, used: Earlier) -> bool:
    before, after = step.before, step.after
    if not isinstance(before, sympy.Integral) or after.has(*NODES):
        return False
    if len(before.limits) != 1 or before.limits[0] != sympy.Tuple(T, 0, C):
        return False
    integrand = before.function.xreplace({T: C})
    if not continuous(after):
        return False
    return identical(sympy.diff(after, C), integrand) and identical(after.xreplace({C: sympy.S.Zero}), sympy.S.Zero)


def _substituting(step: Step, used: Earlier) -> bool:
    """The left side with earlier lines put in; the first line used may be about the left side itself."""
    value = step.before
    for line in used:
        value = value.xreplace({line.before: line.after})
    return identical(value, step.after)


def _instance(step: Step, used: Earlier) -> bool:
    """An identity in a, b, c at another covariance."""
    if len(used) != 1 or not isinstance(used[0].before, Expectation) or used[0].before.covariance != (A, B, C):
        return False
    node = step.before
    if not isinstance(node, Expectation) or node.args[:2] != used[0].before.args[:2]:
        return False
    if node.f.has(A, B, C) or node.g.has(A, B, C):
        return False
    entries = dict(zip((A, B, C), node.covariance, strict=True))
    return identical(step.after, used[0].after.xreplace(entries))


def _specialising(step: Step, used: Earlier) -> bool:
    """An identity in parameters at values of them."""
    if len(used) != 1 or not all(value.is_Rational and value.is_positive for _, value in step.values):
        return False
    if {A, B, C} & {symbol for symbol, _ in step.values} or not all(_in_domain(*pair) for pair in step.values):
        return False
    values = dict(step.values)
    return used[0].before.xreplace(values) == step.before and identical(used[0].after.xreplace(values), step.after)


def _in_domain(symbol: sympy.Symbol, value: sympy.Expr) -> bool:
    """Whether a value has every property that the parameter was assumed to have."""
    return bool(symbol.is_positive) and all(
        getattr(value, f"is_{name}", None) is truth for name, truth in symbol.assumptions0.items()
    )


def _generating(step: Step, used: Earlier) -> bool:
    """mu_r = sqrt(r!) [y^r] E f(w + sigma y), the mean being known from the line used."""
    node = step.before
    if len(used) != 1 or not isinstance(node, HermiteCoefficient) or not isinstance(used[0].before, Mean):
        return False
    f, order, sigma = node.args
    mean, g = used[0].before, used[0].after
    if sigma != SIGMA or mean.variance != SIGMA**2 or f.has(SIGMA, Y, sympy.DiracDelta) or g.has(X, *NODES):
        return False
    if not same(f.xreplace({X: X + SIGMA * Y}), mean.f):
        return False
    return bool(step.after == sympy.sqrt(sympy.factorial(order)) * TaylorCoefficient(g, order))


def _taylor(step: Step, used: Earlier) -> bool:
    """The coefficient is computed again."""
    node = step.before
    if not isinstance(node, TaylorCoefficient) or node.args[0].has(X, *NODES):
        return False
    return identical(step.after, taylor_coefficient(*node.args))


SPECIAL: dict[str, Callable[[Step, Earlier], bool]] = {
    "rewriting": _rewriting,
    "price": _price,
    "integration": _integrating,
    "antiderivative": _antiderivative,
    "substitution": _substituting,
    "instance": _instance,
    "specialisation": _specialising,
    "generating-function": _generating,
    "taylor": _taylor,
}
