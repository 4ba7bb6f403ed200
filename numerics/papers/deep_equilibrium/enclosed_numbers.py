"""Numbers of deep equilibrium models that are enclosed, and what each of them is: for a second computation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from random import Random

from ....theory.errors import DerivationGap
from ...balls.ball import enclose
from ...balls.precision import precision
from ...checks.numbers import ends, gram_entries, pairs, small_blocks, supremum
from ...deep.series import slope
from ...dual import dual
from ...hermite import hermite_transform
from ...second_opinion.recipes import (
    Dual,
    EnclosedNumber,
    Ends,
    EquilibriumEntry,
    EquilibriumVariance,
    HermiteCoefficient,
    InputPair,
    Recipe,
)
from .instance import EquilibriumInstance

ORDERS = 33
"""Hermite coefficients below this order are offered."""
TANGENT = {"slope": "slope of the tangent kernel", "tangent": "tangent Gram matrix entry"}
DENOMINATOR = 1 << 20
"""Covariances of duals are rounded to fractions below this denominator."""


def enclosed_numbers(model: EquilibriumInstance, pick: Random, count: int) -> Iterator[EnclosedNumber]:
    """Fixed points, Hermite coefficients, duals, entries, small eigenvalues and Lipschitz constants of a model."""
    rows = model.data.nonzero_rows
    system, phi = model.system, model.activation
    yield supremum(f"{system}.variance-contraction", "sup|φ'|", phi.derivative, lambda: model.regularity.lipschitz)
    yield supremum(f"{system}.variance-bound", "sup|φ|", lambda: phi.expression, lambda: model.regularity.supremum)
    if phi.smooth:
        yield supremum(
            f"{system}.descent-norm",
            "sup|φ''|",
            lambda: phi.derivative(2),
            lambda: model.regularity.second_lipschitz,
        )
    yield from small_blocks(model, pick, count)
    yield from gram_entries(model, rows, pick, count, lambda i, j: _entry(model, i, j, "gram"))
    if model.data.common_norm is not None:
        yield from _on_one_sphere(model, rows, pick, count)
    norms = sorted({model.data.moments[i] for i in rows})
    for norm in pick.sample(norms, min(count, len(norms))):
        where = f"q at |x|²/d = {_short(norm)}"
        found = partial(_fixed_point, model, norm)
        yield EnclosedNumber(f"{system}.variance-contraction", "variance at the fixed point", where, found)
    for order in pick.sample(range(ORDERS), min(count, ORDERS) if norms else 0):
        norm = pick.choice(norms)
        where = f"order {order} at |x|²/d = {_short(norm)}"
        yield EnclosedNumber(f"{system}.mehler", "Hermite coefficient", where, partial(_hermite, model, norm, order))
    for i, j in pairs(rows, pick, count):
        where = f"the covariance of inputs ({i}, {j})"
        yield EnclosedNumber(f"{system}.mehler", "dual activation", where, partial(_dual, model, i, j, False))
        yield EnclosedNumber(f"{system}.price", "dual of the derivative", where, partial(_dual, model, i, j, True))


def _on_one_sphere(model: EquilibriumInstance, rows: list[int], pick: Random, count: int) -> Iterator[EnclosedNumber]:
    """What is known as a function of the cosine alone."""
    system = model.system
    for i, j in pairs(rows, pick, count):
        found, where = partial(_correlation, model, i, j), f"inputs ({i}, {j})"
        yield EnclosedNumber(f"{system}.correlation-contraction", "correlation at the fixed point", where, found)
    for i, j in pairs(rows, pick, count):
        for what, kind in TANGENT.items():
            found, where = partial(_tangent, model, i, j, what), f"inputs ({i}, {j})"
            yield EnclosedNumber(f"{system}.tangent-limit", kind, where, found)


def _short(norm: Fraction) -> str:
    return str(norm) if len(str(norm)) < 12 else f"{float(norm):.8g}"


def _entry(model: EquilibriumInstance, i: int, j: int, what: str) -> EquilibriumEntry:
    phi = model.activation
    return EquilibriumEntry(phi.expression, phi.derivative(), 2 * model.sigma_w2, InputPair.of(model.data, i, j), what)


def _correlation(model: EquilibriumInstance, i: int, j: int) -> tuple[Ends, Recipe]:
    return ends(model.correlation.ball(i, j)), _entry(model, i, j, "correlation")


def _fixed_point(model: EquilibriumInstance, norm: Fraction) -> tuple[Ends, Recipe]:
    return ends(model.variances[norm].q), _variance(model, norm)


def _variance(model: EquilibriumInstance, norm: Fraction, *, total: bool = False) -> EquilibriumVariance:
    return EquilibriumVariance(model.activation.expression, 2 * model.sigma_w2, 2 * norm, total)


def _hermite(model: EquilibriumInstance, norm: Fraction, order: int) -> tuple[Ends, Recipe]:
    """A coefficient at the variance of the fixed point: of the kernel of one sphere, or of a transform of its own."""
    if model.data.common_norm is not None:
        hermite = model.float_kernel.hermite
    else:
        hermite = hermite_transform(model.activation, ORDERS, model.variances[norm].s, model.budget.bits)
    if order >= len(hermite.coefficients):
        raise DerivationGap(f"the run takes {len(hermite.coefficients)} Hermite coefficients.")
    variance = _variance(model, norm, total=True)
    return ends(hermite.coefficients[order]), HermiteCoefficient(model.activation.expression, order, variance)


def _dual(model: EquilibriumInstance, i: int, j: int, derivative: bool) -> tuple[Ends, Recipe]:
    """The dual activation, or that of the derivative, at nearly the covariance of the pre-activations of a pair."""
    a, b = (Fraction(float(model.variances[model.data.moments[k]].s)).limit_denominator(DENOMINATOR) for k in (i, j))
    inputs = model.inputs.norms
    cosine = float(model.inputs.cosines.mid[i, j]) if not model.data.zero_rows else _cosine(model, i, j)
    fed = 2 * cosine * float(inputs[i] * inputs[j]) ** 0.5
    c = Fraction(fed + 2 * float(model.sigma_w2) * float(model.gram.mid[i, j])).limit_denominator(DENOMINATOR)
    if c * c > a * b:
        raise DerivationGap("the rounded covariance is none: the inputs are parallel.")
    phi = slope(model.activation) if derivative else model.activation
    return ends(dual(phi, a, b, c, model.budget.bits)), Dual(phi.expression, phi.expression, a, b, c)


def _cosine(model: EquilibriumInstance, i: int, j: int) -> float:
    source = model.data.source
    return float(source.inner(i, j)) / math.sqrt(source.inner(i, i) * source.inner(j, j))


def _tangent(model: EquilibriumInstance, i: int, j: int, what: str) -> tuple[Ends, Recipe]:
    """A series of the tangent kernel at the cosine of two inputs."""
    source, kernel = model.data.source, model.tangent
    with precision(model.float_kernel.hermite.bits):
        product = enclose(source.inner(i, i)) * enclose(source.inner(j, j))
        cosine = enclose(source.inner(i, j)) / product.sqrt()
        found = (kernel.slopes if what == "slope" else kernel.tangent)(cosine)
    return ends(found), _entry(model, i, j, what)
