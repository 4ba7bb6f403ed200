"""The certified widths of one model on its data, each computed at its first use."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import arb

from ....balls.precision import precision
from ..population.model import Population
from .bias import Bias
from .gram import Gram
from .scale import scale
from .search import certified_gram, certified_whitened, certified_width
from .setting import BITS, WidthSetting
from .smoothed import bias
from .whitened import Whitened

SMALL_BIAS = Fraction(1, 100)
"""The bias is called small where no entry of its bound exceeds this share of the largest K_ii."""


@dataclass(frozen=True, eq=False)
class CertifiedWidths:
    """What the finite-width theorems say of a model, with the probability ``delta`` to fail.

    All raise what the population of the model raises, and :class:`SpecError` for a ``delta`` outside (0, 1/5].
    """

    model: Population
    delta: Fraction

    @cached_property
    def setting(self) -> WidthSetting:
        """What the theorems know of the model."""
        return WidthSetting.of(self.model, self.delta)

    @cached_property
    def small_bias(self) -> tuple[int, Bias] | None:
        """A width from which the bias is small, and the bound there; None where none is certified."""
        with precision(BITS):
            limit = self.bias_limit
        width = certified_width(lambda m: self._bias_at(m, limit) is not None)
        found = None if width is None else self._bias_at(width, limit)
        return None if width is None or found is None else (width, found)

    @cached_property
    def bias_limit(self) -> arb:
        """The bias that is called small: the proved lower end."""
        with precision(BITS):
            largest = arb(0)
            for group in self.setting.groups:
                largest = largest.max(group.variance)
            return (largest * SMALL_BIAS.numerator / SMALL_BIAS.denominator).lower()

    def _bias_at(self, width: int, limit: arb) -> Bias | None:
        with precision(BITS):
            k = scale(self.setting, width)
            found = None if k is None else bias(self.setting, k)
            return found if found is not None and found.largest <= limit else None

    @cached_property
    def gram(self) -> Gram | None:
        """T1 at the least width that is certified."""
        return certified_gram(self.setting)

    @cached_property
    def whitened(self) -> Whitened | None:
        """T2 at the least width that is certified."""
        return certified_whitened(self.setting)
