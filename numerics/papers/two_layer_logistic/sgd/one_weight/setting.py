r"""The constants of noisy descent for one weight, each by the range of a function of one variable.

.. math::
    \Lambda = T = \sup|L''|,\quad \lambda_{cvx} = -\inf g'',\quad G = \sup|g'|,\quad D = \sup g'',\quad
    X = \sup(-wg'(w)),\quad g_{inf} = \inf g,\quad \operatorname{osc}g = \sup g-\inf g .

The theorems use their constants only through the inequalities of Lemma 1, all of which hold with these.
docs/papers/two_layer_logistic/sgd-one-weight.md, section 1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property

import sympy
from flint import arb

from ......theory.activations.functions import X
from ......theory.errors import PrecisionExhausted, SpecError
from .....balls.ball import enclose
from .....balls.precision import precision
from .....expressions.lowering import lower_arb
from .....expressions.range import supremum, supremum_of_absolute_value
from ...scalar import ScalarLoss
from ..setting import Batches, SgdSetting
from ..theorem import Start

BITS = 64


@dataclass(frozen=True, eq=False)
class LineSetting(SgdSetting):
    """:class:`SgdSetting` of one weight with the suprema of its own loss; :meth:`on_the_line` makes one.

    >>> from ...scalar import reference
    >>> case = LineSetting.on_the_line(reference("T1"))
    >>> [x.str(4, radius=False) for x in (case.smoothness, case.laplacian, case.convexity_threshold)]
    ['3.396', '3.386', '2.441']
    """

    case: ScalarLoss | None = None

    @classmethod
    def on_the_line(cls, case: ScalarLoss, batches: Batches | None = None, bits: int = 128) -> LineSetting:
        """The constants of a reference case."""
        base = SgdSetting.scalar(case, batches, bits)
        return cls(**{f.name: getattr(base, f.name) for f in fields(base)}, case=case)

    @property
    def line(self) -> ScalarLoss:
        """The loss; raises :class:`SpecError` where none was given."""
        if self.case is None:
            raise SpecError("a setting on the line needs its loss: make it by on_the_line.")
        return self.case

    def _data_term(self, order: int) -> sympy.Expr:
        return sympy.diff(self.line.data_term, X, order)

    def _largest(self, expression: sympy.Expr) -> arb:
        """A ball around the supremum over the line."""
        found = supremum(expression, bits=BITS).ball
        if found is None:
            raise PrecisionExhausted(f"{self.line.name}: the supremum of {expression} was not enclosed.")
        return found

    @cached_property
    def convexity_threshold(self) -> arb:
        """-inf g''."""
        return self._largest(-self._data_term(2))

    @cached_property
    def smoothness(self) -> arb:
        """sup|L''|."""
        found = supremum_of_absolute_value(self.line.derivative(2), bits=BITS).ball
        if found is None:
            raise PrecisionExhausted(f"{self.line.name}: the second derivative was not enclosed.")
        return found

    @cached_property
    def hessian_trace(self) -> arb:
        """The same: there is one weight."""
        return self.smoothness

    @cached_property
    def gradient(self) -> arb:
        """sup|g'|."""
        found = supremum_of_absolute_value(self._data_term(1), bits=BITS).ball
        if found is None:
            raise PrecisionExhausted(f"{self.line.name}: the slope of the data term was not enclosed.")
        return found

    @cached_property
    def laplacian(self) -> arb:
        """sup g''."""
        return self._largest(self._data_term(2))

    @cached_property
    def radial(self) -> arb:
        """sup(-w g'(w))."""
        return self._largest(-X * self._data_term(1))

    @cached_property
    def loss_floor(self) -> arb:
        """inf g."""
        return -self._largest(-self._data_term(0))

    @cached_property
    def loss_ceiling(self) -> arb:
        """sup g."""
        return self._largest(self._data_term(0))

    def value(self, weight: Fraction) -> arb:
        """L at a weight."""
        with precision(self.bits):
            return lower_arb(self.line.expression)(enclose(weight))

    def point(self, weight: Fraction) -> Start:
        """The start at a weight."""
        return Start.point(self, weight**2, self.value(weight))
