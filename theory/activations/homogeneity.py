r"""How an activation scales: positive homogeneity, and the monomials of a polynomial. Both are decided exactly."""

from __future__ import annotations

from ..errors import DerivationGap
from .activation import Activation
from .parity import polynomial_coefficients


def homogeneous_degree(phi: Activation) -> int | None:
    r"""The k >= 0 with :math:`\varphi(cx)=c^k\varphi(x)` for all c > 0 and almost all x; ``None`` when none is proved.

    The only pieces of such a function are multiples of :math:`x^k` on the two half-lines.

    >>> from .activation import activation
    >>> [homogeneous_degree(activation(f)) for f in ("relu", "leaky_relu(1/10)", "sign(x)", "x*Max(x, 0)", "tanh")]
    [1, 1, 0, 2, None]
    """
    try:
        found = phi.pieces()
    except DerivationGap:
        return None
    if len(found) > 2 or (len(found) == 2 and found[0].hi != 0):
        return None
    degrees = set()
    for piece in found:
        coefficients = polynomial_coefficients(piece.expression)
        if coefficients is None or any(a != 0 for a in coefficients[:-1]):
            return None
        if coefficients[-1] != 0:
            degrees.add(len(coefficients) - 1)
    return degrees.pop() if len(degrees) == 1 else None


def monomial_degrees(phi: Activation) -> frozenset[int] | None:
    r"""The degrees with a coefficient other than zero; ``None`` when the function is not proved to be a polynomial.

    >>> from .activation import activation
    >>> sorted(monomial_degrees(activation("x**3 + 2*x"))), monomial_degrees(activation("tanh"))
    ([1, 3], None)
    """
    line = phi.affine
    if line is not None:
        return frozenset(k for k, a in enumerate(line) if a != 0)
    if phi.polynomial_degree is None:
        return None
    coefficients = polynomial_coefficients(phi.pieces()[0].expression)
    return None if coefficients is None else frozenset(k for k, a in enumerate(coefficients) if a != 0)


def composed_degrees(inner: frozenset[int], outer: frozenset[int], most: int) -> frozenset[int] | None:
    r"""The degrees that a polynomial of polynomials can have; ``None`` when one of them is larger than ``most``.

    >>> sorted(composed_degrees(frozenset({0, 1}), frozenset({2}), 8))
    [0, 1, 2]
    """
    sums, found = frozenset({0}), set[int]()
    for k in range(max(outer, default=0) + 1):
        if k in outer:
            found |= sums
        sums = frozenset(a + b for a in sums for b in inner)
        if sums and max(sums) > most and any(r > k for r in outer):
            return None
    return frozenset(found)
