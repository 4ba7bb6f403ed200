"""Kernels by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...theory.errors import SpecError
from ...theory.printable import shown
from ...theory.suggestion import suggestion
from . import arc_cosine, basic, deep, radial, system
from .leaf import Leaf

KINDS: Mapping[str, type[Leaf]] = {
    **dict.fromkeys(deep.NAMES, deep.DeepKernel),
    **dict.fromkeys(radial.NAMES, radial.DistanceKernel),
    **dict.fromkeys(system.NAMES, system.SystemKernel),
    **dict.fromkeys(arc_cosine.NAMES, arc_cosine.ArcCosine),
    **dict.fromkeys(basic.CONSTANT, basic.Constant),
    **dict.fromkeys(basic.LINEAR, basic.Linear),
}
ELSEWHERE = {
    "rbf": 'it is kernel("gaussian", scale=...) here',
    "squared-exponential": 'it is kernel("gaussian", scale=...) here',
    "polynomial": 'it is a power, as in (kernel("linear") + 1)**3',
    "poly": 'it is a power, as in (kernel("linear") + 1)**3',
    "matern": f"say which one, by its smoothness: {', '.join(x for x in radial.NAMES if x.startswith('matern'))}",
}
"""What other libraries call a kernel, and what it is here."""


def make(name: object, given: Mapping[str, Any]) -> Leaf:
    """The kernel with a name and parameters; :class:`SpecError` for a name that is not known.

    >>> str(make("gaussian", {"scale": "1/2"}))
    "kernel('gaussian', scale='1/2')"
    """
    if not isinstance(name, str):
        raise SpecError(f"kernel: {shown(name)} is not a name: give one as text, such as gaussian.")
    if name.lower() in ELSEWHERE:
        raise SpecError(f"no kernel is called {shown(name)}: {ELSEWHERE[name.lower()]}.")
    if name not in KINDS:
        raise SpecError(f"no kernel is called {shown(name)}." + suggestion(name[:60], list(KINDS)))
    return KINDS[name].make(name, given)
