r"""What is known of a kernel before any entry is: its diagonals, and one bound for the errors of all entries.

For positions a, b of any two images (docs/theory/convolutional-networks.md, section 2)

.. math:: |\tilde\Sigma_{ab} - \Sigma_{ab}| \le e\sqrt{U_aU_b},\qquad
          |\tilde\Theta_{ab} - \Theta_{ab}| \le g\sqrt{V_aV_b} + X_{ab} .
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....theory.errors import PrecisionExhausted, SpecError
from ...balls.rounding import UNIT
from ...kernels.points import Floats

SLACK = 1.0 + 2.0**-16
"""Pays for products of errors, for the roundings of the bounds themselves and for underflow: section 2."""
LARGEST_ERROR = 2.0**-20
"""No relative error here may be larger: below it, errors add up within ``SLACK``."""
LEAST, MOST = 2.0**-500, 2.0**500
"""Between these lie all variances that are not zero, so that no layer turns one into 0 and no underflow matters."""


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    r"""The diagonals of one layer for all images, and the errors.

    ``shape``: the sides of the image of positions, () after Flatten. ``U``, ``V``: (positions, n), the variances
    :math:`U_a \ge \Sigma_{aa}` and :math:`V_a \ge \Theta_{aa}` (None without a trained layer so far), stored with a
    relative error of at most ``eta``, ``zeta``; zeros are exact. ``e``, ``g``: see above. ``exact``: U is the diagonal
    itself, and not only a bound of it. ``gaussian``: the entries of a place are Gaussian with one variance at infinite
    width. ``centred``: their mean is 0; after Flatten they may be centred without being ``gaussian``. ``fresh``: there
    is a dense layer or a convolution after the last activation (of the branch, inside a residual block).
    """

    shape: tuple[int, ...]
    U: Floats
    eta: float
    e: float
    V: Floats | None = None
    zeta: float = 0.0
    g: float = 0.0
    exact: bool = True
    gaussian: bool = False
    centred: bool = False
    fresh: bool = False

    def checked(self, where: str) -> Scales:
        """The same; raises where the numbers leave the range of the bounds."""
        for variances in (self.U, self.V):
            if variances is not None and not in_range(variances):
                raise SpecError(
                    f"{where}: a variance leaves the range from 2^-500 to 2^500: scale the images or the weights."
                )
        if not max(self.eta, self.e, self.zeta, self.g) <= LARGEST_ERROR:
            raise PrecisionExhausted(
                f"{where}: the errors grow beyond 1e-6 of the diagonal in float64: choose an activation without a jump"
                " and less steep, or take fewer layers."
            )
        return self


def rounded(*terms: float) -> float:
    """An upper bound of a sum of first-order errors and of everything of higher order."""
    return sum(terms) * SLACK


def units(count: float) -> float:
    """``count`` unit roundoffs."""
    return count * UNIT


def in_range(variances: Floats) -> bool:
    """Whether all that are not zero lie between ``LEAST`` and ``MOST``."""
    present = variances[variances != 0.0]
    return not present.size or bool(present.min() >= LEAST and present.max() <= MOST)


def inverse_roots(variances: Floats) -> Floats:
    r""":math:`1/\sqrt q`, and 0 where q = 0; off by at most 2u besides half the relative error of q."""
    return np.divide(1.0, np.sqrt(variances), out=np.zeros_like(variances), where=variances != 0.0)
