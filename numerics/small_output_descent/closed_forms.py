r"""The closed form of (R) for zero outputs: one polynomial, and the table of constants that corollaries quote.

With :math:`w_0=0`, :math:`E_0=Y`, :math:`t=(Y/\lambda)\vartheta`, :math:`\kappa=2KY^2/\lambda^2` and
:math:`\beta=\frac{2\sqrt2}3JY^2/\lambda^2`

.. math:: \frac r\lambda=(1-\beta\vartheta^{3/2})_+^2-\kappa\vartheta,\qquad
          \vartheta-\tfrac45\beta\vartheta^{5/2}+\tfrac14\beta^2\vartheta^4-\tfrac12\kappa\vartheta^2=1 .

Where the left side of the equation is at least 1, and r positive, T is at most that :math:`\vartheta`. As c falls and
:math:`\vartheta` grows with κ and β, a row holds for every constant :math:`\mathcal C=\lambda^2/(KY^2)` above its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ..balls.ball import enclose
from ..balls.precision import precision

BITS = 128


@dataclass(frozen=True, slots=True)
class Row:
    r"""One row of the table: for :math:`J\le K/\sqrt2` (``features``) or :math:`J\le K`, and :math:`\mathcal C`.

    Attributes
    ----------
    features: whether only the features Φ are tracked, so that :math:`\beta\le\kappa/3`; else
        :math:`\beta\le\frac{\sqrt2}3\kappa`.
    constant: :math:`\mathcal C=\lambda^2/(KY^2)`.
    theta: the bound of :math:`\vartheta`.
    rate: the bound of :math:`c/\lambda`, from below.
    path: the bound of :math:`\frac{2\sqrt2}3\vartheta^{3/2}`, which is :math:`M(T)\lambda^{3/2}/Y^2`.
    """

    features: bool
    constant: Fraction
    theta: Fraction
    rate: Fraction
    path: Fraction

    def slopes(self) -> tuple[arb, arb]:
        """κ and the largest β."""
        kappa = 2 / enclose(self.constant)
        return kappa, kappa / 3 if self.features else arb(2).sqrt() * kappa / 3

    def reached(self) -> arb:
        """The left side of (R) at the bound of ϑ; it must be at least 1."""
        with precision(BITS):
            kappa, beta = self.slopes()
            x = enclose(self.theta)
            return x - 4 * beta * x**2 * x.sqrt() / 5 + beta**2 * x**4 / 4 - kappa * x**2 / 2

    def least_rate(self) -> arb:
        """r/λ there; it must be at least the bound of c/λ."""
        with precision(BITS):
            kappa, beta = self.slopes()
            x = enclose(self.theta)
            return (1 - beta * x * x.sqrt()).max(arb(0)) ** 2 - kappa * x

    def longest(self) -> arb:
        r""":math:`\frac{2\sqrt2}3\vartheta^{3/2}` there; it must be at most the bound of the path."""
        with precision(BITS):
            x = enclose(self.theta)
            return 2 * arb(2).sqrt() * x * x.sqrt() / 3

    def holds(self) -> bool:
        """Whether the three bounds are proved.

        >>> TABLE[1].holds(), Row(True, Fraction(9), Fraction("1.297"), Fraction("0.506"), Fraction("1.393")).holds()
        (True, False)
        """
        return (
            bool(self.reached() >= 1)
            and bool(self.least_rate() >= enclose(self.rate))
            and bool(self.longest() <= enclose(self.path))
        )


def _row(features: bool, *numbers: str) -> Row:
    return Row(features, *map(Fraction, numbers))


TABLE = (
    _row(True, "7", "1.588", "0.201", "1.887"),
    _row(True, "9", "1.297", "0.504", "1.393"),
    _row(True, "20", "1.093", "0.815", "1.078"),
    _row(True, "100", "1.016", "0.966", "0.966"),
    _row(False, "8", "1.615", "0.171", "1.936"),
    _row(False, "10.5", "1.288", "0.509", "1.379"),
    _row(False, "20", "1.110", "0.781", "1.103"),
    _row(False, "100", "1.019", "0.960", "0.970"),
)
"""The rows for :math:`J\\le K/\\sqrt2`, then those for :math:`J\\le K`."""
