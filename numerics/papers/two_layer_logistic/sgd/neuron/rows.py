r"""The example settings: not convex, and a target that the zero network does not meet.

Rows 1 and 3: points on a line with label noise; row 2: unit vectors at four places of the plane, one in twenty with
the other label; rows 4 and 5: the data of the double well T1. docs/papers/two_layer_logistic/one-neuron.md, section 5.
"""

from __future__ import annotations

from fractions import Fraction

from ......theory.errors import SpecError
from .case import Datum, NeuronCase

_T1: tuple[Datum, ...] = (
    ((Fraction(3),), 1, Fraction(3, 10)),
    ((Fraction(1, 2),), -1, Fraction(7, 10)),
)
_PLACES = ((Fraction(4, 5), Fraction(3, 5)), (Fraction(12, 13), Fraction(5, 13)), (Fraction(15, 17), Fraction(8, 17)),
           (Fraction(3, 5), Fraction(4, 5)))  # fmt: skip
NAMES = ("row-1", "row-2", "row-3", "row-4", "row-5")


def row(name: str, width: int = 256) -> NeuronCase:
    """One of the settings of :data:`NAMES` with p neurons.

    >>> row("row-1").regularisation, row("row-2").dimension, row("row-4", 4096).rate
    (Fraction(3, 8000), 2, Fraction(108, 3125))
    """
    half, ten = Fraction(1, 2), Fraction(1, 10)
    one = (Fraction(1),)
    noisy: tuple[Datum, ...] = ((one, 1, Fraction(19, 20)), (one, -1, Fraction(1, 20)))
    plane = tuple((x, y, w / 4) for x in _PLACES for _, y, w in noisy)
    line: tuple[Datum, ...] = ((one, 1, Fraction(9, 10)), ((-half,), 1, ten))
    cases: dict[str, tuple[tuple[Datum, ...], Fraction, Fraction, tuple[Fraction, ...], Fraction]] = {
        "row-1": (noisy, half, Fraction(96, 1000), (Fraction(-4),), ten),
        "row-2": (plane, half, Fraction(92, 1000), (Fraction(-3), Fraction(-2)), ten),
        "row-3": (line, Fraction(2), Fraction(6272, 10000), (Fraction(-4),), ten),
        "row-4": (_T1, half, Fraction(3456, 100000), (Fraction(-3),), Fraction(37, 1000)),
        "row-5": (_T1, Fraction(1), Fraction(80896, 1000000), (Fraction(-3),), Fraction(1025, 10000)),
    }
    if name not in cases:
        raise SpecError(f"no example setting is called {name!r}: choose one of {', '.join(NAMES)}.")
    data, outer, rate, start, target = cases[name]
    return NeuronCase(name, data, width, outer, rate, start, target)
