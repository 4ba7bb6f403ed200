r"""One linear neuron with one input, trained from a zero output: gradient descent in balls.

.. math:: z = \frac{ux}{1-w},\qquad \delta = \frac a{1-w},\qquad
          (w, u, a)^+ = (w, u, a) - \eta\,(e\,\delta z,\ e\,\delta x,\ e z),\qquad e = az - y .

Here :math:`L = 1` and :math:`\lambda = z^2`; the label is the largest that the corollary admits with a given constant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.relation import Relation
from .theorem import ROW, Corollary, Initial, corollary

BITS = 256
"""Precision of the run."""
START = (Fraction(1, 4), Fraction(1), Fraction(1, 4))
"""w, u and x at the start."""
STEPS = 12
"""Steps that are made."""


@dataclass(frozen=True, slots=True)
class Neuron:
    """The weights w, u, a, the input x and the label y, as balls."""

    w: arb
    u: arb
    a: arb
    x: arb
    y: arb

    @property
    def z(self) -> arb:
        """The equilibrium."""
        return self.u * self.x / (1 - self.w)

    @property
    def e(self) -> arb:
        """The error of the output."""
        return self.a * self.z - self.y

    def after(self, step: arb) -> Neuron:
        """One step of gradient descent."""
        e, z, slope = self.e, self.z, self.a / (1 - self.w)
        return replace(
            self, w=self.w - step * e * slope * z, u=self.u - step * e * slope * self.x, a=self.a - step * e * z
        )


def start(constant: Fraction = ROW.constant) -> tuple[Neuron, Corollary]:
    """The neuron with the largest label that the corollary admits with this constant, and the corollary there."""
    w, u, x = map(enclose, START)
    z, nothing = abs(u * x / (1 - w)), arb(0)
    at = Initial(arb(1), w, z, z * z, x, nothing, arb(1), arb(1))
    y = (at.least**2 / corollary(at, constant=constant).left).sqrt().lower()
    return Neuron(w, u, nothing, x, y), corollary(replace(at, labels=y, residual=y), constant=constant)


def overshoot(constant: Fraction = ROW.constant) -> Relation:
    """Each step contracts the error by 1 - eta lambda/2, with the largest step of the corollary.

    It holds for the constant of the corollary, and is false for small ones.

    >>> overshoot().verdict.name, overshoot(Fraction(1, 10)).verdict.name
    ('PROVED', 'REFUTED')
    """
    with precision(BITS):
        neuron, found = start(constant)
        errors = [neuron.e]
        for _ in range(STEPS):
            neuron = neuron.after(found.step.lower())
            errors.append(neuron.e)
        share = 1 - found.step.lower() * found.rate
        return Relation.of(
            f"each step contracts the error, the constant of the corollary {constant}",
            [abs(e) for e in errors[1:]],
            [share * abs(e) for e in errors[:-1]],
            place="step",
        )
