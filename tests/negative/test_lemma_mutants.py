"""Wrong proof lines are refused: a flipped sign, a dropped term, another constant, in every relation of every line.

A failure means that the check behind a line of a lemma would pass although the line is false. At most five faults are
planted in each relation, spread over its places; all of them with ``CERTIGRAM_ALL_MUTANTS=1``.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import islice
from operator import mul

import pytest
import sympy
from flint import fmpq

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.hermite import HermiteTransform, hermite_transform
from certigram.numerics.proof_lines import enclosures
from certigram.numerics.proof_lines.identities import same
from certigram.numerics.proof_lines.relations import Equation, Growth, Instances, Order, Relation, relations
from certigram.theory.activations.activation import Activation
from certigram.theory.claims.lemma import Lemma, lemmas

LEMMAS = [found for found in lemmas().values() if any(relations(step.check) for step in found.proof)]
MOST = 5
SCALES = (fmpq(99, 100), fmpq(101, 100), fmpq(-1))


def changed(expr: sympy.Expr) -> Iterator[sympy.Expr]:
    """Every expression that differs from this one in one sign, one term, or one constant."""
    yield -expr
    if expr.is_Add:
        for k, term in enumerate(expr.args):
            rest = [*expr.args[:k], *expr.args[k + 1 :]]
            yield expr.func(*rest)
            yield expr.func(*rest, -term)
    if expr.is_Number:
        yield expr + 1
        yield expr * 2
    for k, part in enumerate(expr.args):
        if isinstance(part, sympy.Expr) and not part.is_Symbol:
            for other in changed(part):
                if other != -part or expr.is_Add:  # the sign of a factor is that of the product
                    yield expr.func(*expr.args[:k], other, *expr.args[k + 1 :])


def value(expr: sympy.Expr, seed: int) -> complex | None:
    """The number that it is at a random point of the positive axis; None where there is none."""
    rng = random.Random(seed)
    atoms = sorted(expr.free_symbols | expr.atoms(sympy.core.function.AppliedUndef, sympy.Derivative), key=str)
    if any(isinstance(atom, sympy.Derivative | sympy.core.function.AppliedUndef) for atom in atoms):
        return None
    point = {atom: sympy.Rational(rng.randint(11, 89), 100) for atom in atoms}
    try:
        return complex(expr.evalf(20, subs=point))
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def different(one: sympy.Expr, other: sympy.Expr) -> bool:
    """Whether they differ at a random point, so that the change is one."""
    if other.has(sympy.zoo, sympy.nan, sympy.oo):
        return False
    x, y = value(one, 1), value(other, 1)
    if x is None or y is None:
        return one.subs(sympy.Wild("w"), 0) != other and sympy.expand(one - other) != 0
    return abs(x - y) > 1e-12 * (1 + abs(x))


def mutants(relation: Relation, *, shuffled: bool = False) -> Iterator[Relation]:
    """The relation with one thing wrong in its right side."""
    match relation:
        case Instances(equal=equal):
            for scale in SCALES:
                if scale < 1 or equal:
                    yield replace(relation, change=partial(mul, scale))
        case Equation() | Order() | Growth():
            others = list(changed(relation.right))
            if shuffled:
                random.Random(len(others)).shuffle(others)
            for other in others:
                if different(relation.right, other):
                    yield replace(relation, right=other)


def chosen(relation: Relation) -> list[Relation]:
    """All mutants, or some of them that are spread over the places where one was planted."""
    if os.environ.get("CERTIGRAM_ALL_MUTANTS"):
        return list(mutants(relation))
    return list(islice(mutants(relation, shuffled=True), MOST))


def test_no_value_at_a_point_makes_an_identity() -> None:
    """Sides that differ by less than floats tell are refused by simplification, and true ones pass with any symbols."""
    x, n = sympy.Symbol("x", real=True), sympy.Symbol("n", integer=True)
    for small in (sympy.Rational(1, 10**12), sympy.Rational(1, 10**40)):
        assert not same(x, x + small)
        assert not same(sympy.sin(x) ** 2, 1 - sympy.cos(x) ** 2 + small * x)
    assert same(sympy.sin(x) ** 2, 1 - sympy.cos(x) ** 2)
    assert same(sympy.cos(sympy.pi * n) ** 2, sympy.Integer(1))
    assert not same(sympy.cos(sympy.pi * n), sympy.Integer(1))


@pytest.mark.parametrize("factor", [Fraction(999, 1000), Fraction(1001, 1000)])
def test_wrong_coefficients_do_not_add_up_to_the_moment(monkeypatch: pytest.MonkeyPatch, factor: Fraction) -> None:
    """Parseval's line compares two computations: it refuses the coefficients of a multiple of the activation."""

    def wrong(phi: Activation, order: int, variance: Fraction, bits: int) -> HermiteTransform:
        true = hermite_transform(phi, order, variance, bits)
        with precision(bits):
            return replace(true, coefficients=tuple(x * enclose(factor) for x in true.coefficients))

    case = ("tanh", Fraction(1), Fraction(1), Fraction(0))
    assert enclosures.parseval(*case)
    monkeypatch.setattr(enclosures, "hermite_transform", wrong)
    assert not enclosures.parseval(*case)


@pytest.mark.parametrize("found", LEMMAS, ids=lambda found: found.id)
def test_wrong_lines_are_refused(found: Lemma) -> None:
    planted = 0
    for step in found.proof:
        for at, relation in enumerate(relations(step.check)):
            for mutant in chosen(relation):
                assert not mutant.holds(), (step.check, at, mutant)
                planted += 1
    assert planted >= 2 * sum(bool(relations(step.check)) for step in found.proof)
