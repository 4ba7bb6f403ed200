"""The infinitely deep network by an adaptive ODE solver: a second opinion in float64, without a proved error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....theory.errors import PrecisionExhausted
from .descent import Problem
from .fields import Field

Array = NDArray[np.float64]


def integrate(field: Field, problem: Problem, *, tolerance: float = 1e-10) -> tuple[Array, float]:
    """The states at time 1 (N, q) and the loss, the control being constant on each [l/D, (l + 1)/D).

    Raises :class:`PrecisionExhausted` when the solver gives up.

    >>> from ...radial.kernel import radial_kernel
    >>> from .fields import KernelField
    >>> zero = KernelField(radial_kernel("gaussian", 1), 2, 2)
    >>> integrate(zero, Problem(np.eye(2), np.zeros(2), np.array([[1.0], [3.0]])))[1]
    1.25
    """
    from scipy.integrate import solve_ivp

    z, shape = problem.start, problem.start.shape
    for layer in range(field.depth):

        def velocity(_: float, flat: Array, layer: int = layer) -> Array:
            return field.evaluate(layer, flat.reshape(shape)).value.ravel()

        span = (layer / field.depth, (layer + 1) / field.depth)
        found = solve_ivp(velocity, span, z.ravel(), method="DOP853", rtol=tolerance, atol=tolerance)
        if not found.success:
            raise PrecisionExhausted(f"the flow through layer {layer} was not integrated: {found.message}")
        z = found.y[:, -1].reshape(shape)
    gap = z[:, problem.start.shape[1] - problem.targets.shape[1] :] - problem.targets
    return z, float(np.sum(gap * gap)) / (2 * problem.n)
