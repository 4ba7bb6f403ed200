r"""Exact suprema of :math:`|\sigma|, |\sigma'|, |\sigma''|, |\sigma'''|` and :math:`|\sigma-z\sigma'|` by name.

Each entry is proved in ``docs/papers/two_layer_logistic/proofs.md``, section 2; ``None`` stands for "no closed form
known to us", ``sympy.oo`` for "proved infinite".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import sympy
from sympy import Integer, Rational, exp, log, oo, pi, sqrt

from .functions import normal_cdf

_ONE, _HALF = Integer(1), exp(-Rational(1, 2))


@dataclass(frozen=True, slots=True)
class Suprema:
    r"""Closed forms: ``size`` of :math:`\sigma`, ``slope`` M₁, ``bend`` M₂, ``third`` M₃, ``defect`` κ."""

    size: sympy.Expr | None = None
    slope: sympy.Expr | None = None
    bend: sympy.Expr | None = None
    third: sympy.Expr | None = None
    defect: sympy.Expr | None = None


_GELU_THIRD = (7 - sqrt(33)) / 2
_BELL_THIRD = 3 - sqrt(6)

CLOSED_FORMS: Mapping[str, Suprema] = MappingProxyType(
    {
        "sigmoid": Suprema(_ONE, Rational(1, 4), 1 / (6 * sqrt(3)), Rational(1, 8), _ONE),
        "tanh": Suprema(_ONE, _ONE, 4 / (3 * sqrt(3)), Integer(2), _ONE),
        "erf": Suprema(_ONE, 2 / sqrt(pi), 2 * sqrt(2) / sqrt(pi) * _HALF, 4 / sqrt(pi), _ONE),
        "normal_cdf": Suprema(_ONE, 1 / sqrt(2 * pi), _HALF / sqrt(2 * pi), 1 / sqrt(2 * pi), _ONE),
        "sin": Suprema(_ONE, _ONE, _ONE, _ONE, oo),
        "cos": Suprema(_ONE, _ONE, _ONE, _ONE, oo),
        "atan": Suprema(pi / 2, _ONE, 3 * sqrt(3) / 8, Integer(2), pi / 2),
        "softplus": Suprema(oo, _ONE, Rational(1, 4), 1 / (6 * sqrt(3)), log(2)),
        "gelu": Suprema(
            oo,
            normal_cdf(sqrt(2)) + exp(-1) / sqrt(pi),
            sqrt(2 / pi),
            sqrt(_GELU_THIRD) * (4 - _GELU_THIRD) * exp(-_GELU_THIRD / 2) / sqrt(2 * pi),
            sqrt(2 / pi) * exp(-1),
        ),
        "silu": Suprema(oo, None, Rational(1, 2), None, None),
        "gaussian(1/2)": Suprema(
            _ONE, _HALF, _ONE, sqrt(_BELL_THIRD) * (3 - _BELL_THIRD) * exp(-_BELL_THIRD / 2), 2 * _HALF
        ),
        "gaussian": Suprema(
            _ONE, _HALF, _ONE, sqrt(_BELL_THIRD) * (3 - _BELL_THIRD) * exp(-_BELL_THIRD / 2), 2 * _HALF
        ),
    }
)
"""By catalogue name."""


def closed_forms(name: str) -> Suprema:
    """The closed forms known for an activation's name; all ``None`` for a name without an entry.

    >>> closed_forms("tanh").third, closed_forms("x**2").slope is None
    (2, True)
    """
    return CLOSED_FORMS.get(name, Suprema())
