r"""All Hermite sums :math:`S_r=\sum_k u_k h_r(x_k)`, :math:`r\le R`, at once, through power sums."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul

from flint import arb, arb_mat, arb_poly

from ..balls.precision import precision

ATTEMPTS = 4
"""How often the working precision is raised before the radius reached is returned as it is."""


def hermite_sums(
    nodes: Sequence[arb], even: Sequence[arb] | None, odd: Sequence[arb] | None, order: int, bits: int
) -> list[arb]:
    r"""Enclosures of :math:`S_r=\sum_k u_k h_r(x_k)`, r up to ``order``; radii about ``2**-bits`` :math:`\sum|u_k|`.

    ``even`` and ``odd`` are the weights :math:`u_k` used for even and for odd orders; ``None`` means that those sums
    are exactly zero. The power sums :math:`p_j=\sum_k u_k x_k^j` are entries of one matrix product (baby steps times
    giant steps), and

    .. math:: \sum_r \frac{\sqrt{r!}}{r!}S_r t^r = e^{-t^2/2}\sum_j \frac{p_j}{j!}t^j

    is one product of power series. The cancellation in it, a factor of about :math:`e^{r/3}` for Gaussian weights, is
    met by working at more bits; the balls tell whether they sufficed.

    Reference: ``docs/theory/hermite-coefficients.md``, section 3.

    >>> x = [arb(-1), arb(1)]
    >>> [round(float(s), 6) for s in hermite_sums(x, [arb(0.5)] * 2, [arb(0.5)] * 2, 2, 53)]
    [1.0, 0.0, 0.0]
    """
    streams = [(parity, u) for parity, u in ((0, even), (1, odd)) if u is not None and parity <= order]
    sums = [arb(0)] * (order + 1)
    if not streams or not nodes:
        return sums
    working = bits + 16 + _cancellation(nodes, [u for _, u in streams], order)
    for attempt in range(ATTEMPTS):
        with precision(working):
            sums = _sums(nodes, streams, order)
            goal = arb(2) ** -(bits + 2) * max((sum((abs(w) for w in u), arb(1)) for _, u in streams), key=float)
            excess = max(float((s.rad() / goal).log()) if s.rad() > 0 else -1.0 for s in sums)
        if not excess > 0 or attempt == ATTEMPTS - 1:
            break
        working += 16 + int(1.5 * excess)
    return sums


def _cancellation(nodes: Sequence[arb], streams: Sequence[Sequence[arb]], order: int) -> int:
    """About how many bits cancel: the largest ``|u_k| |h_R(i x_k)|`` against the largest ``|u_k|``; a guess only."""
    root, most, size = math.sqrt(order), 0.0, 0.0
    for u in streams:
        for x, weight in zip(nodes, u, strict=True):
            mantissa, exponent = weight.mid().man_exp()
            if mantissa == 0:
                continue
            log_weight = (int(mantissa).bit_length() + int(exponent)) * math.log(2)
            at = abs(float(x))
            growth = at * root - at * at / 4
            if at > root > 0:
                growth = order * math.log(at) - math.lgamma(order + 1) / 2
            size = max(size, log_weight)
            most = max(most, log_weight + max(growth, 0.0))
    return 8 + int(1.4427 * max(most - size, most, 0.0))


def _sums(nodes: Sequence[arb], streams: Sequence[tuple[int, Sequence[arb]]], order: int) -> list[arb]:
    squares = [x * x for x in nodes]
    count = order // 2 + 1
    babies = math.isqrt(count - 1) + 1
    giants = -(-count // babies)
    columns, power = [], [arb(1)] * len(nodes)
    for _ in range(babies):
        columns.append(power)
        power = list(map(mul, power, squares))
    rows: list[list[arb]] = []
    for parity, u in streams:
        row = list(map(mul, u, nodes)) if parity else list(u)
        for _ in range(giants):
            rows.append(row)
            row = list(map(mul, row, power))
    powers = (arb_mat(rows) * arb_mat(columns).transpose()).entries()
    sums = [arb(0)] * (order + 1)
    for position, (parity, _) in enumerate(streams):
        start = position * giants * babies
        terms = (order - parity) // 2 + 1
        _to_hermite(powers[start : start + terms], parity, sums)
    return sums


def _to_hermite(powers: Sequence[arb], parity: int, sums: list[arb]) -> None:
    r"""Write :math:`S_r`, r of one parity, from the power sums of that parity."""
    scaled, gaussian = [], []
    factor, term = arb(1), arb(1)
    for j, p in enumerate(powers):
        scaled.append(p * factor)
        gaussian.append(term)
        factor /= (2 * j + 1 + parity) * (2 * j + 2 + parity)
        term *= arb(-0.5) / (j + 1)
    product = arb_poly(scaled) * arb_poly(gaussian)
    factorial = arb(1)
    for m in range(len(powers)):
        sums[2 * m + parity] = product[m] * factorial.sqrt()
        factorial *= (2 * m + 1 + parity) * (2 * m + 2 + parity)
