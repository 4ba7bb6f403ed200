r"""What an enclosed number is, as data: enough to compute it again, and nothing of how it was enclosed.

Papers state these recipes beside the enclosures of their numbers; :mod:`.recompute` follows them. Functions are
expressions of :data:`~certigram.theory.activations.functions.X`, everything else is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any, Protocol

import sympy

from ..studies.data import DataSet

Ends = tuple[Fraction, Fraction]
"""The two ends of an enclosure, exactly."""
Row = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class InputPair:
    r"""Two inputs by their exact inner products :math:`\langle x_i, x_j\rangle/d`; ``sphere``: rescaled to norm √d.

    >>> from ..studies.data import load
    >>> pair = InputPair.of(load("digits", 3), 0, 0)
    >>> pair.first == pair.second == pair.product > 0, pair.sphere
    (True, True)
    """

    first: Fraction
    second: Fraction
    product: Fraction
    sphere: bool

    @classmethod
    def of(cls, data: DataSet, i: int, j: int) -> InputPair:
        """Inputs i and j of a data set, from its exact rows, or from its Gram matrix where only that is given."""
        if data.points is None:
            source = data.source
            products = source.second_moment(i), source.second_moment(j), source.inner(i, j)
        else:
            x, y = data.points.entries(i), data.points.entries(j)
            d = data.points.d
            products = _product(x, x) / d, _product(y, y) / d, _product(x, y) / d
        return cls(*products, data.normalize == "sphere")


def _product(x: Row, y: Row) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


@dataclass(frozen=True, slots=True)
class EquilibriumVariance:
    r"""The q (or, with ``total``, the s) of :math:`s = v + wq,\ q = \mathbb E\varphi(\sqrt s z)^2`, w = ``weight``."""

    function: sympy.Expr
    weight: Fraction
    input_variance: Fraction
    total: bool = False


@dataclass(frozen=True, slots=True)
class HermiteCoefficient:
    r""":math:`\mathbb E\,\varphi(\sqrt v z)h_r(z)`, h_r normalised; v is a number, or that of an equilibrium."""

    function: sympy.Expr
    order: int
    variance: Fraction | EquilibriumVariance


@dataclass(frozen=True, slots=True)
class Dual:
    r""":math:`\mathbb E\,\varphi(u)\psi(v)` for the Gaussian pair with covariance [[a, c], [c, b]]."""

    first: sympy.Expr
    second: sympy.Expr
    a: Fraction
    b: Fraction
    c: Fraction


@dataclass(frozen=True, slots=True)
class DualOfInputs:
    r""":math:`\mathbb E\,\varphi(u)\varphi(v)` for Gaussians of one variance and the cosine of two inputs."""

    function: sympy.Expr
    variance: Fraction
    inputs: InputPair


@dataclass(frozen=True, slots=True)
class EquilibriumEntry:
    r"""A number of two inputs with :math:`\sqrt{s_is_j}\,\rho = w\,\mathbb E\varphi(u)\varphi(v) + 2c_{ij}`.

    u, v have the variances :math:`s_i, s_j` of :class:`EquilibriumVariance` with :math:`v_i = 2c_{ii}` and the
    correlation ρ. ``what`` is ``gram`` for :math:`\mathbb E\varphi(u)\varphi(v)`, ``correlation`` for ρ, ``slope`` for
    :math:`\mathbb E\varphi'(u)\varphi'(v)`, ``tangent`` for :math:`K + K\dot\Gamma/(1-w\dot\Gamma)`.
    """

    function: sympy.Expr
    derivative: sympy.Expr
    weight: Fraction
    inputs: InputPair
    what: str = "gram"


@dataclass(frozen=True, slots=True)
class RadialEntry:
    """The Gaussian kernel of scale s at two points, or with ``nu`` the Matérn kernel of that smoothness."""

    nu: Fraction | None
    scale: Fraction
    x: Row
    y: Row


@dataclass(frozen=True, slots=True)
class LeastEigenvalue:
    """The least eigenvalue of a small symmetric matrix of exact numbers."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class SupremumOfAbsoluteValue:
    """The supremum of |f| on the real line: values of f bound it from below only."""

    function: sympy.Expr


@dataclass(frozen=True, slots=True)
class PlaneMean:
    r"""The fixed point K of :math:`K = \mathbb E f(x, y)`, x and y independent standard normal.

    ``function`` is an expression of ``x``, ``y`` and ``unknown``, positively homogeneous of degree ``degree`` in
    (x, y); ``kinks`` are the directions, as pairs of numbers or expressions of ``unknown``, across which it is not
    smooth.
    """

    function: sympy.Expr
    x: sympy.Symbol
    y: sympy.Symbol
    unknown: sympy.Symbol
    degree: int
    kinks: tuple[tuple[sympy.Expr, sympy.Expr], ...]


@dataclass(frozen=True, slots=True)
class LogisticLoss:
    r""":math:`L(W)=\frac1n\sum_k\log(1+e^{-y_k\,a\cdot\sigma(Wx_k)}) + \frac\lambda2\lVert W\rVert_F^2`.

    The rows x_k are rescaled to norm √d where ``sphere``; with ``derivative``, the expression of σ', it is the squared
    norm of the gradient instead.
    """

    function: sympy.Expr
    derivative: sympy.Expr | None
    points: tuple[Row, ...]
    sphere: bool
    labels: tuple[int, ...]
    weights: tuple[Row, ...]
    outer: Row
    regularisation: Fraction


Recipe = (
    EquilibriumVariance
    | HermiteCoefficient
    | Dual
    | DualOfInputs
    | EquilibriumEntry
    | RadialEntry
    | LeastEigenvalue
    | SupremumOfAbsoluteValue
    | PlaneMean
    | LogisticLoss
)


@dataclass(frozen=True, slots=True)
class EnclosedNumber:
    """A number of a claim: its ``kind`` in words, ``where`` it stands, and its enclosure and recipe when asked for.

    ``found`` raises a :class:`CertigramError` where the number is not enclosed.
    """

    claim: str
    kind: str
    where: str
    found: Callable[[], tuple[Ends, Recipe]]


class Offer(Protocol):
    """What the face of a system offers under the name ``enclosed_numbers``."""

    def __call__(self, model: Any, pick: Random, count: int) -> Iterator[EnclosedNumber]:
        """Enclosed numbers of an instance, at most ``count`` of each kind, chosen by ``pick``; none is computed yet."""
