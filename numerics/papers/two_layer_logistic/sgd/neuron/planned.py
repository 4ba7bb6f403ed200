"""Plans of the example settings at fixed temperature and step: no search, the same numbers on every machine.

They were found by :func:`.plan.neuron_plan` at p = 256. s, η and t scale with the width, so that the plan of another
width costs nothing. docs/papers/two_layer_logistic/one-neuron.md, section 5.
"""

from __future__ import annotations

from fractions import Fraction

from ......theory.errors import SpecError
from ..log_sobolev import LogSobolev, one_neuron
from .conditional import envelope_constant
from .half_lines import half_line_constant
from .plan import NeuronPlan, plan_with
from .rows import NAMES, row

WIDTH = 256
PLANNED: dict[tuple[str, bool], tuple[str, str, str, str]] = {
    ("row-1", False): ("5e-4", "9.02", "9.44", "13/32"),
    ("row-2", False): ("4.6e-4", "0.441", "6.02", ""),
    ("row-3", False): ("6.92e-4", "0.0491", "5.92", "11/64"),
    ("row-4", False): ("2.45e-4", "0.0693", "13.2", "25/32"),
    ("row-5", False): ("7.39e-4", "0.0385", "4.74", "47/64"),
    ("row-1", True): ("1.15e-4", "62.7", "61.7", ""),
    ("row-3", True): ("4.24e-4", "1.86", "13", ""),
}
"""s, η, t/p and m/λ, by setting and whether the constant is that of Hardy's inequality on half-lines."""


def planned(name: str, width: int = WIDTH, *, half_lines: bool = False) -> NeuronPlan:
    """The plan of one of the settings; raises :class:`SpecError` where there is none, or none at this width.

    >>> plan = planned("row-1")
    >>> plan.steps, plan.reached
    (15959, True)
    """
    if (name, half_lines) not in PLANNED:
        known = ", ".join(n for n in NAMES if (n, half_lines) in PLANNED)
        raise SpecError(f"no plan of {name!r} {'by half-lines ' * half_lines}is kept: choose one of {known}.")
    noise, step, slope, share = PLANNED[name, half_lines]
    case, scale = row(name, width), Fraction(width, WIDTH)
    exact = Fraction(noise) / scale
    inequality: LogSobolev | None
    if half_lines:
        inequality = half_line_constant(case, exact)
    else:
        inequality = envelope_constant(case, exact, Fraction(share)) if share else one_neuron(case.setting, exact)
    if inequality is None:
        raise SpecError(f"{name}: no logarithmic Sobolev inequality was proved.")
    return plan_with(case, exact, Fraction(step) * scale, Fraction(slope), inequality)
