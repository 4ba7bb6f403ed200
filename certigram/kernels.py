"""Kernels as functions: made by name, added, multiplied, and called on points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, overload

from .api import PopulationGram
from .models import allowance, data_of, precision_bits, whole
from .numerics.balls.ball import Ball
from .numerics.balls.budget import Budget
from .numerics.balls.precision import undisturbed
from .numerics.covariances.algebra import Normalised, Power, Product, Scaled, Sum
from .numerics.covariances.basic import Constant
from .numerics.covariances.block import Block
from .numerics.covariances.catalogue import make
from .numerics.covariances.covariance import Covariance
from .numerics.covariances.model import KernelModel
from .numerics.kernels.ballarray import BallArray
from .theory.errors import SpecError
from .theory.numbers import Exact, rational

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .numerics.studies.data import DataSet

MAX_POWER = 1000


@dataclass(frozen=True, slots=True)
class Kernel:
    """A positive semidefinite function of two inputs; equal and hashed by value, written as it is made.

    >>> k = kernel("gaussian", scale="1/2") * kernel("linear") + 1
    >>> k
    kernel('gaussian', scale='1/2') * kernel('linear', sigma_w2=1, sigma_b2=0) + kernel('constant', value=1)
    >>> k == kernel("gaussian", scale=0.5) * kernel("linear") + 1, k.parameters["0.0.scale"]
    (True, Fraction(1, 2))
    """

    covariance: Covariance
    __array_ufunc__ = None  # numpy numbers on the left leave the operation to this class

    @property
    def name(self) -> str:
        """The name it was made by, or ``sum``, ``product``, ``scaled``, ``power``, ``normalised``."""
        return self.covariance.name

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that determines it, exact; those of parts stand under their numbers, as in ``0.scale``."""
        return dict(self.covariance.parameters)

    def with_parameters(self, changes: Mapping[str, Any] | None = None, /, **named: Any) -> Kernel:
        """The same kernel with other parameters; names with a point are given in a mapping.

        >>> kernel("gaussian").with_parameters(scale=2)
        kernel('gaussian', scale=2)
        >>> (kernel("gaussian") + kernel("linear")).with_parameters({"0.scale": 3}).parameters["0.scale"]
        Fraction(3, 1)
        """
        return Kernel(self.covariance.changed({**(changes or {}), **named}))

    @overload
    def __call__(
        self,
        X: ArrayLike | DataSet,
        Y: None = None,
        *,
        bits: int | None = None,
        normalize: str | None = None,
        budget: Budget | None = None,
    ) -> PopulationGram: ...

    @overload
    def __call__(
        self,
        X: ArrayLike | DataSet,
        Y: ArrayLike | DataSet,
        *,
        bits: int | None = None,
        normalize: str | None = None,
        budget: Budget | None = None,
    ) -> BallArray: ...

    @undisturbed
    def __call__(
        self,
        X: ArrayLike | DataSet,
        Y: ArrayLike | DataSet | None = None,
        *,
        bits: int | None = None,
        normalize: str | None = None,
        budget: Budget | None = None,
    ) -> PopulationGram | BallArray:
        """The values on points, every one enclosed: K(X, X), or the rectangle K(X, Y) and nothing else.

        Parameters
        ----------
        X, Y: (m, d) and (n, d), rows are points, each number meant exactly (docs/data.md).
        bits: None for float64 with radii, or a precision for balls of that many digits.
        normalize: None keeps the norms; "sphere" rescales all points to norm sqrt(d).

        Returns ``K`` with ``shape``, ``K[i, j]`` (a :class:`Ball`), ``mid``, ``rad``, ``accuracy_bits`` and, for numpy,
        the midpoints. K(X) can be given to :func:`certify` and :func:`least_eigenvalue`.

        >>> K = kernel("gaussian")([[0.0], [1.0]], [[0.0], [2.0], [3.0]])
        >>> K.shape, K[1, 0].contains("0.6065306597126334236"), bool(K.rad.max() < 1e-14)
        ((2, 3), True, True)
        """
        if bits is not None:
            bits = precision_bits(bits)
        allowed = allowance("kernel", budget, bits)
        left = data_of("kernel", X, None, normalize, normalize)
        right = None if Y is None else data_of("kernel", Y, None, normalize, normalize)
        block = Block(left, right, allowed)
        model = KernelModel(self.covariance, block)
        if right is None:
            return PopulationGram(model.gram if bits is None else model.refine(bits), model)
        if bits is None:
            return self.covariance.values(block)
        return BallArray.from_balls(self.covariance.balls(block, bits), (f"ball arithmetic at {bits} bits",))

    @undisturbed
    def diag(
        self, X: ArrayLike | DataSet, bits: int | None = None, *, normalize: str | None = None
    ) -> tuple[Ball, ...]:
        """The values k(x, x), one for each row of X, as balls.

        >>> [float(value) for value in kernel("linear").diag([[1, 2], [3, 4]])]
        [5.0, 25.0]
        """
        digits = 128 if bits is None else precision_bits(bits)
        data = data_of("kernel", X, None, normalize, normalize)
        return tuple(map(Ball, self.covariance.diagonal(data, digits)))

    def normalised(self) -> Kernel:
        r"""The kernel :math:`k(x,y)/\sqrt{k(x,x)k(y,y)}`."""
        return Kernel(Normalised((self.covariance,)))

    def __add__(self, other: Kernel | Exact) -> Kernel:
        found = _kernel(other)
        return NotImplemented if found is None else Kernel(Sum((*_parts(self, Sum), *_parts(found, Sum))))

    def __radd__(self, other: Exact) -> Kernel:
        found = _kernel(other)
        return NotImplemented if found is None else found + self

    def __mul__(self, other: Kernel | Exact) -> Kernel:
        if isinstance(other, Kernel):
            return Kernel(Product((*_parts(self, Product), *_parts(other, Product))))
        number = _number(other)
        return NotImplemented if number is None else Kernel(Scaled((self.covariance,), number))

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Kernel:
        return Kernel(Power((self.covariance,), whole(exponent, "exponent", 1, MAX_POWER)))

    def __repr__(self) -> str:
        return str(self.covariance)


def kernel(name: str, **parameters: Any) -> Kernel:
    r"""The kernel with a name; docs/kernels.md lists names, formulas and parameters.

    ``nngp`` and ``ntk`` of a plain deep network, ``dual`` of an activation, ``gaussian``, ``matern-1/2`` to
    ``matern-17/2``, ``linear``, ``constant``. Parameters are exact: strings such as ``"9/4"``, integers, fractions; a
    float means its binary value. Raises :class:`SpecError` for a name or a parameter that is not known.

    >>> k = kernel("ntk", activation="erf", depth=3, sigma_w2="9/4", sigma_b2="1/100")
    >>> k([[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]).shape
    (2, 1)
    """
    return Kernel(make(name, parameters))


def _parts(k: Kernel, kind: type[Sum] | type[Product]) -> tuple[Covariance, ...]:
    return k.covariance.parts if type(k.covariance) is kind else (k.covariance,)


def _number(given: Any) -> Fraction | None:
    try:
        return rational(given, what="the factor of a kernel")
    except SpecError:
        if isinstance(given, (str, int, float)):
            raise
        return None


def _kernel(given: Any) -> Kernel | None:
    if isinstance(given, Kernel):
        return given
    number = _number(given)
    return None if number is None else Kernel(Constant.make("constant", {"value": number}))
