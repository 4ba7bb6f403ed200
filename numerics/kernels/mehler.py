"""Mehler's series where the norms differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .points import Floats


def mehler(left: Floats, right: Floats, rho: Floats, out: Floats, work: Floats) -> None:
    r""":math:`\sum_r l_{ri} r_{rj} ρ_{ij}^r` by Horner's rule; in ρ² when the orders present have one parity.

    ``left[r]`` and ``right[r]`` broadcast to the tile.
    """
    present = np.flatnonzero(_present(left) & _present(right)).tolist()
    if not present:
        out.fill(0.0)
        return
    offset = present[0] % 2
    stride = 2 if all(r % 2 == offset for r in present) else 1
    offset = offset if stride == 2 else 0
    variable = rho * rho if stride == 2 else rho
    np.multiply(left[present[-1]], right[present[-1]], out=out)
    for r in range(present[-1] - stride, offset - 1, -stride):
        np.multiply(out, variable, out=out)
        np.multiply(left[r], right[r], out=work)
        np.add(out, work, out=out)
    if offset:
        np.multiply(out, rho, out=out)


def _present(rows: Floats) -> NDArray[np.bool_]:
    """The orders with a coefficient that is not 0."""
    return np.asarray(rows.reshape(len(rows), -1).any(axis=1))
