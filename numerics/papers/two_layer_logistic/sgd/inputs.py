r"""Labelled inputs as exact numbers, and the four numbers of their second moment that the theorems use.

With weights :math:`\omega_i` of sum one (1/n for a data set) and :math:`\Sigma_x=\sum_i\omega_ix_ix_i^\top`: the norm
:math:`\lVert\Sigma_x\rVert`, the trace, the Frobenius norm, and :math:`\max_i\lVert x_i\rVert^2`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_mat

from .....theory.errors import SpecError
from ....balls.ball import enclose
from ....balls.precision import precision
from ....eigenvalues.largest import largest_eigenvalue
from ....kernels.points import Points, points
from ..scalar import Datum


@dataclass(frozen=True, eq=False)
class LabelledInputs:
    """n points, labels ±1 (n,), and positive weights (n,) of sum one; ``on_sphere``: the points are rescaled to √d.

    Raises :class:`SpecError` for labels or weights that are none.

    >>> one = LabelledInputs.on_a_line(((Fraction(3), 1, Fraction(3, 10)), (Fraction(1, 2), -1, Fraction(7, 10))))
    >>> one.squared_norm(0), one.uniform
    (Fraction(9, 1), False)
    """

    points: Points
    labels: tuple[int, ...]
    weights: tuple[Fraction, ...]
    on_sphere: bool = False

    def __post_init__(self) -> None:
        n = self.points.n
        if len(self.labels) != n or len(self.weights) != n:
            raise SpecError(f"{n} inputs need as many labels and weights: give one for each input.")
        if any(label not in (1, -1) for label in self.labels):
            raise SpecError("the logistic loss needs labels 1 and -1.")
        if any(weight <= 0 for weight in self.weights) or sum(self.weights, Fraction(0)) != 1:
            raise SpecError("the weights of the data must be positive and sum to one.")
        if self.on_sphere:
            self.points.require_directions()

    @classmethod
    def of(cls, given: Points, labels: Sequence[int], *, on_sphere: bool = False) -> LabelledInputs:
        """A data set: every input weighs 1/n."""
        return cls(given, tuple(labels), (Fraction(1, given.n),) * given.n, on_sphere)

    @classmethod
    def on_a_line(cls, data: Sequence[Datum]) -> LabelledInputs:
        """Weighted data in one dimension, as the reference cases have them."""
        given = points([[x] for x, _, _ in data], zero_rows=True)
        return cls(given, tuple(y for _, y, _ in data), tuple(w for _, _, w in data))

    @property
    def uniform(self) -> bool:
        """Whether all weights are equal."""
        return len(set(self.weights)) == 1

    def share(self, label: int) -> Fraction:
        """The weight of all inputs with a label."""
        found = (w for y, w in zip(self.labels, self.weights, strict=True) if y == label)
        return sum(found, Fraction(0))

    def squared_norm(self, i: int) -> Fraction:
        """The squared norm of input i, exactly."""
        return Fraction(self.points.d) if self.on_sphere else self.points.inner(i, i)

    def scale_squared(self, i: int) -> Fraction:
        """The square of what point i is multiplied with: 1, or what puts it on the sphere."""
        return self.points.d / self.points.inner(i, i) if self.on_sphere else Fraction(1)


@dataclass(frozen=True, eq=False)
class InputMoments:
    r"""Balls around :math:`\lVert\Sigma_x\rVert,\ \operatorname{tr}\Sigma_x,\ \lVert\Sigma_x\rVert_F`,
    :math:`\max_i\lVert x_i\rVert^2`.

    >>> m = input_moments(LabelledInputs.of(points([[1, 0], [0, 2]]), (1, -1)))
    >>> m.norm.overlaps(arb(2)), m.trace, m.frobenius.overlaps(arb("4.25").sqrt()), m.largest
    (True, 2.50000000000000, True, 4.00000000000000)
    """

    norm: arb
    trace: arb
    frobenius: arb
    largest: arb


def input_moments(inputs: LabelledInputs, bits: int = 128) -> InputMoments:
    r"""The numbers of :math:`\Sigma_x`, from the smaller of the two matrices (d, d) and (n, n) with its eigenvalues."""
    given, n = inputs.points, inputs.points.n
    with precision(bits + 64):
        factors = [enclose(inputs.weights[i] * inputs.scale_squared(i)) for i in range(n)]
        rows = arb_mat([[enclose(x) for x in given.entries(i)] for i in range(n)])
        if given.d <= n:
            scaled = arb_mat([[factors[i] * rows[i, k] for k in range(given.d)] for i in range(n)])
            moment = rows.transpose() * scaled
        else:
            roots = [f.sqrt() for f in factors]
            scaled = arb_mat([[roots[i] * rows[i, k] for k in range(given.d)] for i in range(n)])
            moment = scaled * scaled.transpose()
        squares = sum((x * x for x in moment.entries()), arb(0))
        largest = max(inputs.squared_norm(i) for i in range(n))
    norm = largest_eigenvalue(moment, bits)
    with precision(bits):
        trace = sum((inputs.weights[i] * inputs.squared_norm(i) for i in range(n)), Fraction(0))
        return InputMoments(norm, enclose(trace), squares.sqrt(), enclose(largest))
