"""Numbers of the two-layer network that are enclosed, and what each of them is: for a second computation."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from random import Random

import sympy
from flint import arb, arb_mat

from ....theory.activations.functions import X
from ...balls.ball import exact
from ...checks.numbers import ends, supremum
from ...second_opinion.recipes import EnclosedNumber, Ends, LogisticLoss, Recipe
from .constants import NAMES
from .instance import NORMS, TwoLayerInstance

MEANING = {"size": "sup|σ|", "slope": "sup|σ'|", "bend": "sup|σ''|", "third": "sup|σ'''|", "defect": "sup|σ - xσ'|"}


def enclosed_numbers(model: TwoLayerInstance, pick: Random, count: int) -> Iterator[EnclosedNumber]:
    """The constants of a smooth activation; the loss and its gradient at the weights where they are enclosed."""
    claims = f"{model.system}.activation-constants", f"{model.system}.derivatives"
    if model.activation.smooth:
        for name in NAMES:
            yield supremum(
                claims[0],
                MEANING[name],
                partial(_function, model, name),
                partial(_constant, model, name),
            )
    for k in range(min(count, len(NORMS))):
        for what in ("loss", "gradient"):
            yield EnclosedNumber(
                claims[1],
                "logistic loss" if what == "loss" else "squared norm of a gradient",
                f"weights of norm {NORMS[k]:g}",
                partial(_evaluated, model, k, what),
            )


def _function(model: TwoLayerInstance, name: str) -> sympy.Expr:
    sigma = model.activation.expression
    if name == "defect":
        return sigma - X * sympy.diff(sigma, X)
    return sympy.diff(sigma, X, ("size", "slope", "bend", "third").index(name))


def _constant(model: TwoLayerInstance, name: str) -> arb | None:
    return dict(model.constants.items())[name].value


def _evaluated(model: TwoLayerInstance, k: int, what: str) -> tuple[Ends, Recipe]:
    enclosed = model.evaluations[k]
    recipe = LogisticLoss(
        model.activation.expression,
        model.activation.derivative() if what == "gradient" else None,
        tuple(map(model.points.entries, range(model.points.n))),
        model.data.normalize == "sphere",
        model.labels,
        _rows(model.weights(NORMS[k], k)),
        tuple(map(Fraction, model.outer.values)),
        model.regularisation,
    )
    return ends(enclosed.loss if what == "loss" else enclosed.gradient), recipe


def _rows(matrix: arb_mat) -> tuple[tuple[Fraction, ...], ...]:
    """The exact entries."""
    return tuple(tuple(exact(matrix[i, j]) for j in range(matrix.ncols())) for i in range(matrix.nrows()))
