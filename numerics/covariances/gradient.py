r"""The derivative of a kernel matrix in the logarithm of a parameter, every entry enclosed, where a rule is known.

Rules: the factor of a multiple, the value of a constant, both variances of ``linear``, the scale of a kernel of the
distance, and through sums, products, powers and multiples. With :math:`u = r^2` and
:math:`k_u = -\tfrac{\kappa_1^2}{2}m(u)`, a kernel that depends on u/s² has
:math:`\partial k/\partial\log s = \kappa_1^2\,u\,m(u)`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce

import numpy as np

from ...theory.errors import DerivationGap
from ..balls.rounding import UNIT, up
from ..kernels import entrywise
from ..kernels.ballarray import BallArray, read_only
from ..radial.distances import relative_error, squared_distances
from ..radial.gram import VARIATION
from .algebra import Power, Product, Scaled, Sum
from .basic import Constant, Linear
from .block import Block
from .covariance import Covariance
from .radial import UNDERFLOW, DistanceKernel


def log_gradient(covariance: Covariance, block: Block, name: str) -> BallArray:
    r"""The matrix :math:`\partial k/\partial\log p` for the parameter p with this name, on a block.

    Raises :class:`DerivationGap` where no rule is known.

    >>> from ..balls.budget import Budget
    >>> from ..studies.given import given_data
    >>> from .catalogue import make
    >>> block = Block(given_data([[0], [1]], None), None, Budget())
    >>> log_gradient(make("gaussian", {}), block, "scale")[0, 1].contains("0.60653065971263342360379953499118")
    True
    """
    if isinstance(covariance, (Sum, Product, Scaled, Power)):
        place, _, rest = name.partition(".")
        if isinstance(covariance, Scaled) and name == "factor":
            return covariance.values(block)
        if rest and place.isdecimal() and int(place) < len(covariance.parts):
            return _through(covariance, block, int(place), rest)
    elif isinstance(covariance, Constant) and name == "value":
        return covariance.values(block)
    elif isinstance(covariance, Linear) and name == "sigma_w2":
        return Linear(covariance.sigma_w2, Fraction(0)).values(block)
    elif isinstance(covariance, Linear) and name == "sigma_b2":
        return Constant(covariance.sigma_b2).values(block)
    elif isinstance(covariance, DistanceKernel) and name == "scale":
        return _scale(covariance, block)
    raise DerivationGap(f"no derivative of {covariance} in {name} is known: leave it out of the tuned parameters.")


def _through(covariance: Sum | Product | Scaled | Power, block: Block, place: int, rest: str) -> BallArray:
    """The chain rule for one part."""
    inner = log_gradient(covariance.parts[place], block, rest)
    if isinstance(covariance, Scaled):
        return entrywise.scale(inner, covariance.factor)
    if isinstance(covariance, Power):
        n = covariance.exponent
        lower = [entrywise.power(covariance.parts[0].values(block), n - 1)] if n > 1 else []
        return entrywise.scale(reduce(entrywise.multiply, lower, inner), Fraction(n))
    if isinstance(covariance, Product):
        others = [part.values(block) for i, part in enumerate(covariance.parts) if i != place]
        return reduce(entrywise.multiply, others, inner)
    return inner


def _scale(covariance: DistanceKernel, block: Block) -> BallArray:
    r"""The matrix :math:`\kappa_1^2\,u\,m(u)`: m is a mixture of Gaussian kernels too, and so as insensitive as k."""
    points, kernel = block.stacked.points, covariance.kernel
    assert points is not None
    rows = points.values
    if points.exact:
        raise DerivationGap("derivatives are known for points of float64 numbers only: round the points.")
    u = squared_distances(rows[list(block.rows)], rows[list(block.columns)])
    error = relative_error(rows.shape[1])
    moved = up(VARIATION * error * (1.0 + 8.0 * UNIT))
    if kernel.order == 0:  # k = exp(-t): the derivative is t exp(-t)
        t = np.sqrt(u * float(kernel.rate))
        argument = BallArray(read_only(t), read_only(t * (error + 8.0 * UNIT) + UNDERFLOW))
        return entrywise.multiply(
            argument, BallArray(read_only(kernel.values(u)), up(moved + kernel.value_error) + UNDERFLOW)
        )
    distances = BallArray(read_only(u), read_only(u * (error * (1.0 + 2.0**-20)) + 2.0**-900))
    slopes = BallArray(read_only(kernel.slopes(u)), up(moved + kernel.slope_error))
    return entrywise.scale(entrywise.multiply(distances, slopes), kernel.kappa1_squared)


def tunable(covariance: Covariance) -> list[str]:
    """The names of positive rational parameters in which a derivative is known.

    >>> from .catalogue import make
    >>> tunable(make("gaussian", {})), tunable(make("linear", {}))
    (['scale'], ['sigma_w2'])
    """
    return [
        name
        for name, value in covariance.parameters.items()
        if isinstance(value, Fraction) and value > 0 and _known(covariance, name)
    ]


def _known(covariance: Covariance, name: str) -> bool:
    place, _, rest = name.partition(".")
    if isinstance(covariance, (Sum, Product, Scaled, Power)) and rest:
        return _known(covariance.parts[int(place)], rest)
    return isinstance(covariance, (Constant, DistanceKernel, Linear)) or (
        isinstance(covariance, Scaled) and name == "factor"
    )


def stationary(covariance: Covariance) -> bool:
    """Whether the kernel depends on the difference of its inputs alone, as far as its construction tells."""
    parts = getattr(covariance, "parts", ())
    return all(map(stationary, parts)) if parts else isinstance(covariance, (Constant, DistanceKernel))
