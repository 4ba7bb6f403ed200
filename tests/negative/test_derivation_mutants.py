"""A failure here means that a false line in a derivation would go unnoticed.

``CERTIGRAM_ALL_MUTANTS=1`` takes every mutant of every derivation (about 68 000, 20 minutes) instead of a sample that
has mutants of every line.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import sympy

from certigram.numerics.derivation_check import Status
from certigram.numerics.derivation_check.check import BITS, check_step
from certigram.numerics.derivation_check.points import Point, points
from certigram.theory.activations.activation import activation
from certigram.theory.activations.parity import parity
from certigram.theory.derivations.coefficients import derive_coefficients
from certigram.theory.derivations.dual import derive_dual
from certigram.theory.derivations.notation import Expectation, HermiteCoefficient, Mean, TaylorCoefficient
from certigram.theory.derivations.step import Derivation
from certigram.theory.derivations.verify import proved

FAST = ["erf", "relu", "x*exp(-x**2/2)", "exp"]
DUALS = [
    *FAST,
    *("identity", *(f"monomial({k})" for k in range(2, 11)), "x**3 - 2*x + 1", *(f"hermite({k})" for k in range(2, 7))),
    *("exp(x/2)", "sin", "cos", "sin(2*x + 1/3)", "cos(x/2 - 1)", "gaussian(1/2)", "gaussian(1)"),
    *("exp(-x**2/4)*sin(3*x)", "exp(-x**2)*cos(x + 1)", "erf(2*x)/3", "normal_cdf", "normal_cdf(x/2)", "gelu"),
    *("x*erf(x)", "step", "sign", "leaky_relu(1/10)", "abs", *(f"Max(x, 0)**{k}" for k in range(2, 6))),
    *("2*Max(x, 0) + 3*Min(x, 0)", "erf(x) + exp(-x**2)", "Max(x, 0) + x**2", "Max(x, 0) + erf(x)"),
    *("elu(1)", "elu(1/2)", "selu", "hard_tanh", "erf(x + 1)", "Max(x - 1, 0)"),
]
CROSS = [("relu", "erf"), ("erf", "exp(-x**2)"), ("relu", "step"), ("x", "gelu"), ("cos", "exp"), ("sign", "x**3")]
COEFFICIENTS = [
    *("identity", "x**5", "hermite(4)", "exp(x/2)", "x**2*exp(x)", "sin", "x*cos(2*x + 1)", "gaussian(1)"),
    *("x*exp(-x**2/2)", "erf", "erf(2*x)/3", "normal_cdf", "gelu", "x*erf(x)", "sign", "step", "relu", "abs"),
    *("leaky_relu(1/10)", "Max(x, 0)**2", "Max(x, 0)**5", "Max(x, 0) + x**2"),
]
MOST = {"fast": 60, "full": 10**9 if os.environ.get("CERTIGRAM_ALL_MUTANTS") else 200}
"""Most mutants of one derivation, spread evenly over all that exist, besides the first two of each line."""


@dataclass(frozen=True)
class Mutant:
    """A derivation with one side of one line changed."""

    derivation: Derivation
    line: int
    side: str
    kind: str
    old: sympy.Expr
    new: sympy.Expr

    def __str__(self) -> str:
        rule = self.derivation.steps[self.line].rule
        return f"line {self.line + 1} ({rule}), {self.side}, {self.kind}: {self.old} -> {self.new}"


def changes(side: sympy.Expr) -> Iterator[tuple[str, sympy.Expr]]:
    """A side with a sign flipped, a term dropped, or a constant changed, at every place of its tree."""
    for path, node in _places(side, ()):
        if node.is_Add:
            for k in range(len(node.args)):
                rest = [*node.args[:k], *node.args[k + 1 :]]
                yield "term dropped", _put(side, path, node.func(*rest))
                yield "sign flipped", _put(side, path, node.func(*rest, -node.args[k]))
        elif node.is_Rational and not node.is_zero:
            yield "constant changed", _put(side, path, node + 1)
            if not node.is_positive or not path:
                yield "sign flipped", _put(side, path, -node)
        elif node.is_Symbol and node.name in "abc":
            yield "factor changed", _put(side, path, 2 * node)
    yield "sign flipped", -side


def _places(node: sympy.Expr, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], sympy.Expr]]:
    yield path, node
    if isinstance(node, sympy.Derivative):
        return
    for k, child in enumerate(node.args):
        if isinstance(child, sympy.Expr):
            yield from _places(child, (*path, k))


def _put(node: sympy.Expr, path: tuple[int, ...], new: sympy.Expr) -> sympy.Expr:
    if not path:
        return new
    arguments = list(node.args)
    arguments[path[0]] = _put(arguments[path[0]], path[1:], new)
    return node.func(*arguments)


def mutants(derivation: Derivation) -> Iterator[Mutant]:
    """All of them; those that sympy itself sees to be the same line are no mutants."""
    for k, step in enumerate(derivation.steps):
        for side in ("before", "after"):
            old = getattr(step, side)
            for kind, new in changes(old):
                if new == old or new.has(sympy.nan, sympy.zoo, sympy.oo):
                    continue
                steps = list(derivation.steps)
                steps[k] = replace(step, **{side: new})
                yield Mutant(replace(derivation, steps=tuple(steps)), k, side, kind, old, new)


def caught(mutant: Mutant) -> bool:
    """Whether the check refuses: only the changed line and the lines that use it can be affected.

    A derivation needs an exact proof of every line, so the enclosures are computed only where that proof succeeds.
    """
    steps = mutant.derivation.steps
    for k, step in enumerate(steps):
        if k == mutant.line or mutant.line in step.uses:
            if not proved(step, steps[:k]):
                return True
            if k == mutant.line and check_step(step, True, k, _points(mutant), BITS).status is not Status.PROVED:
                return True
    return not mutant.derivation.derived


def _points(mutant: Mutant) -> tuple[Point, ...]:
    return points(mutant.derivation.parameters, 3, 5, corners=False)


def still_true(mutant: Mutant) -> bool:
    """The known survivors: the mean of an odd function is 0, and it is multiplied by 0.

    The line ``Mean(f, a) = 0``, f odd, becomes ``Mean(f, 2*a) = 0``, ``-Mean(f, a) = 0`` or ``Mean(g, a) = 0``, g an
    odd summand of f. All of these are true; the line that used it had ``Mean(f, a)*Mean(f, b)``, in which the other
    factor is still known to be 0. Nothing false is derived.
    """
    if not mutant.new.has(Mean, Expectation, TaylorCoefficient, HermiteCoefficient) and same_number(mutant):
        return True
    line = mutant.derivation.steps[mutant.line]
    mean = mutant.new if isinstance(mutant.new, Mean) else -mutant.new
    return line.after == 0 and isinstance(mutant.old, Mean) and isinstance(mean, Mean) and parity(mean.f) == "odd"


def same_number(mutant: Mutant) -> bool:
    """Whether the two sides are the same number at five points, as (-1)^(k+2) and (-1)^(k-2) are."""
    difference = mutant.new - mutant.old
    chosen_points = points(mutant.derivation.parameters, 5, 11, corners=False)
    values = [{s: sympy.Rational(x.numerator, x.denominator) for s, x in p.values} for p in chosen_points]
    return all(abs(difference.xreplace(v).evalf(40)) < sympy.Rational(1, 10**30) for v in values)


def chosen(derivation: Derivation, most: int) -> list[Mutant]:
    every = list(mutants(derivation))
    stride = max(1, len(every) // most)
    seen = Counter[int]()
    found = []
    for k, mutant in enumerate(every):
        seen[mutant.line] += 1
        if k % stride == 0 or seen[mutant.line] <= 2:
            found.append(mutant)
    return found


def survivors(found: list[Mutant]) -> list[str]:
    """Those that are not caught although they change the meaning."""
    return [str(m) for m in found if not caught(m) and not still_true(m)]


@pytest.mark.parametrize("name", FAST)
def test_every_mutant_is_caught(name: str) -> None:
    found = chosen(derive_dual(activation(name)), MOST["fast"])
    assert len(found) >= 20
    assert survivors(found) == []


@pytest.mark.parametrize("name", ["erf", "relu"])
def test_every_mutant_of_a_coefficient_is_caught(name: str) -> None:
    for derivation in derive_coefficients(activation(name).expression):
        assert survivors(chosen(derivation, 15)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", DUALS)
def test_every_mutant_of_every_dual_is_caught(name: str) -> None:
    found = chosen(derive_dual(activation(name)), MOST["full"])
    print(f"{len(found)} mutants of {name}")
    assert {m.line for m in found} == set(range(len(found[0].derivation.steps)))
    assert survivors(found) == []


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), CROSS)
def test_every_mutant_of_every_cross_dual_is_caught(first: str, second: str) -> None:
    found = chosen(derive_dual(activation(first), activation(second)), MOST["full"])
    print(f"{len(found)} mutants of {first} and {second}")
    assert survivors(found) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COEFFICIENTS)
def test_every_mutant_of_every_coefficient_is_caught(name: str) -> None:
    for derivation in derive_coefficients(activation(name).expression):
        found = chosen(derivation, MOST["full"])
        print(f"{len(found)} mutants of the coefficient {derivation.goal.args[1]} of {name}")
        assert survivors(found) == []


def test_there_are_hundreds_of_mutants() -> None:
    assert sum(len(chosen(derive_dual(activation(name)), MOST["fast"])) for name in ("gelu", "erf", "relu")) >= 300


def test_enclosures_alone_refute_most_mutants() -> None:
    """The second opinion without the exact one.

    What it lets pass are lines that stay true: the law of a constant is changed, or a summand that is 0 is dropped.
    They are caught because the line is no instance of its rule any more, or not the one that later lines use.
    """
    found = chosen(derive_dual(activation("relu")), 30)
    refuted = 0
    for mutant in found:
        step = mutant.derivation.steps[mutant.line]
        outcome = check_step(step, False, mutant.line, _points(mutant), BITS).status
        refuted += outcome in (Status.CONTRADICTED, Status.GAP)
    assert refuted >= 0.75 * len(found)
