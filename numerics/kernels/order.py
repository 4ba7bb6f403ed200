"""How many terms of a series a data set needs."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb

from .series import DotProductSeries

START = 32
"""The first order of a search; the following ones are its doubles."""


def choose_order(
    build: Callable[[int], DotProductSeries], delta: arb, target: arb, *, start: int = START, max_terms: int = 1024
) -> int:
    r"""The least order R in 1..``max_terms`` with :math:`\delta^{R+1}\,\mathrm{tail}(R) \le` ``target``, by doubling.

    ``build(R)`` returns the series to order R (few bits are enough); in each one every smaller order is tried, since
    :math:`\mathrm{tail}(R') = \mathrm{tail}(R) + \sum_{R'<r\le R} b_r`. Returns ``max_terms`` when no order reaches
    the target: the caller sees from the tail what was achieved.

    >>> geometric = lambda order: DotProductSeries(tuple(arb((1, -r - 1)) for r in range(order + 1)), arb(1))
    >>> choose_order(geometric, arb(1), arb((1, -10)))
    9
    """
    order = min(start, max_terms)
    while True:
        series = build(order)
        found = _least_order(series, delta, target)
        if found is not None or order >= max_terms:
            return max_terms if found is None else max(found, 1)
        order = min(2 * order, max_terms)


def _least_order(series: DotProductSeries, delta: arb, target: arb) -> int | None:
    tail, least = series.tail, None
    for r in range(series.order, -1, -1):
        if not delta ** (r + 1) * tail <= target:
            break
        least = r
        tail = tail + series.coefficients[r]
    return least
