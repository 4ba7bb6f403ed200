r"""The largest eigenvalue of a positive semidefinite matrix of balls, from both sides, by squaring.

.. math:: \Bigl(\frac{\operatorname{tr}M^q}{n}\Bigr)^{1/q} \le \lambda_{\max}(M) \le (\operatorname{tr}M^q)^{1/q},
          \qquad q = 2^k ,

since the trace is the sum of n non-negative eigenvalues. Each power is divided by its trace before it is squared, so
that nothing overflows; with k = 48 both ends agree to some 46 - log2(log n) bits. Balls alone: the same on every
machine, for small matrices whose norm enters formulas; ``radial.gram.largest_eigenvalue`` is faster, in float64.
"""

from __future__ import annotations

from flint import arb, arb_mat

from ...theory.errors import PrecisionExhausted
from ..balls.ends import between
from ..balls.precision import precision

SQUARINGS = 48
GUARD_BITS = 64


def largest_eigenvalue(matrix: arb_mat, bits: int = 128, squarings: int = SQUARINGS) -> arb:
    r"""A ball around :math:`\lambda_{\max}` of every positive semidefinite member of an (n, n) matrix of balls.

    The caller knows that the matrix that is meant is symmetric and positive semidefinite. Raises
    :class:`PrecisionExhausted` where the trace of a power is not separated from zero.

    >>> largest_eigenvalue(arb_mat([[2, 1], [1, 2]])).overlaps(arb(3)), largest_eigenvalue(arb_mat(2, 2))
    (True, 0)
    """
    n = matrix.nrows()
    with precision(bits + GUARD_BITS):
        trace = matrix.trace()
        if trace.is_zero():
            return arb(0)
        logarithm, share, power = arb(0), arb(1), matrix
        for _ in range(squarings + 1):  # at step i: M^(2^i) = power * exp(logarithm / share), share = 2^-i
            trace = power.trace()
            if not trace > 0:
                raise PrecisionExhausted("the trace of a power of a matrix is not separated from 0: raise bits.")
            logarithm += share * trace.log()
            power = power * (1 / trace)
            power, share = power * power, share / 2
        upper = logarithm.exp()
        lower = (logarithm - 2 * share * arb(n).log()).exp()
    with precision(bits):
        return between(lower.lower(), upper.upper())
