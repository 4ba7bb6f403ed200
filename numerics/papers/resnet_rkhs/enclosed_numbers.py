"""Numbers of residual networks in an RKHS that are enclosed, and what each of them is: for a second computation."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

from ...checks.numbers import gram_entries, small_blocks
from ...second_opinion.recipes import DualOfInputs, EnclosedNumber, InputPair, RadialEntry, Recipe
from .dot_product import DotProductInstance
from .instance import ResNetInstance


def enclosed_numbers(model: ResNetInstance | DotProductInstance, pick: Random, count: int) -> Iterator[EnclosedNumber]:
    """Entries and small eigenvalues of the kernel Gram matrix."""

    def entry(i: int, j: int) -> Recipe:
        if isinstance(model, DotProductInstance):
            return DualOfInputs(model.activation.expression, model.variance, InputPair.of(model.data, i, j))
        kernel = model.seen_kernel
        x, y = (tuple(map(Fraction, model.points[k].tolist())) for k in (i, j))
        return RadialEntry(kernel.nu, kernel.scale, x, y)

    yield from small_blocks(model, pick, count)
    yield from gram_entries(model, range(model.data.n), pick, count, entry)
