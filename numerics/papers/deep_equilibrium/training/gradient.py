r"""The network as a point of parameter space, its loss, implicit gradients and tangent Gram matrix.

.. math::
    \Phi = \tfrac12\lVert Z^\top a - y\rVert^2,\qquad
    \nabla_W = V\operatorname{diag}(e) Z^\top,\quad \nabla_U = V\operatorname{diag}(e) X^\top,\quad \nabla_a = Z e,
    \qquad H = Z^\top Z + (Z^\top Z + X^\top X)\circ(V^\top V),

with :math:`e = Z^\top a - y` and V the adjoint solution. Proof: ``docs/papers/deep_equilibrium/training.md``,
"Gradients through the equilibrium".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from ....studies.networks import Seed
from ..finite_width import sample_weights
from .equilibrium import Differentiable, Real, Solution, adjoint, solve


@dataclass(frozen=True, slots=True, eq=False)
class Network(Generic[Real]):
    """The trained parameters: ``recurrent`` W (m, m), ``inputs`` U (m, d), ``readout`` a (m,), of one float type."""

    recurrent: Real
    inputs: Real
    readout: Real

    @property
    def width(self) -> int:
        """The number m of neurons."""
        return int(self.recurrent.shape[0])


def sample_network(width: int, dimension: int, sigma_w2: Fraction | float, seed: Seed) -> Network[NDArray[np.float64]]:
    r"""The usual initialisation: W and U as in the sampled Gram matrices, and :math:`a_i \sim N(0, 1/m)`.

    The readout is drawn from a stream of its own, so that W and U are those of ``sample_weights`` with the same seed.

    >>> sample_network(4, 3, Fraction(1, 16), 0).readout.shape
    (4,)
    """
    recurrent, inputs = sample_weights(width, dimension, sigma_w2, seed)
    base = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    stream = np.random.SeedSequence(base.entropy, spawn_key=(*base.spawn_key, 1))
    readout = np.random.Generator(np.random.PCG64(stream)).standard_normal(width) / np.sqrt(width)
    return Network(recurrent, inputs, readout)


@dataclass(frozen=True, slots=True, eq=False)
class Gradient(Generic[Real]):
    """The loss and its gradient at a network: arrays of the shapes of the parameters; both fixed points are kept.

    ``products`` counts the products of an (m, m) with an (m, n) array, or of the same cost, that were made.
    """

    loss: float
    residual: Real
    recurrent: Real
    inputs: Real
    readout: Real
    state: Real
    adjoint: Real
    products: int


def equilibrium(
    phi: Differentiable, network: Network[Real], points: Real, *, start: Real | None = None, tolerance: float = 1e-12
) -> Solution[Real]:
    """The equilibrium Z (m, n) on the inputs, points (n, d) with one input in each row."""
    return solve(phi, network.recurrent, network.inputs @ points.T, start=start, tolerance=tolerance)


def gradient(
    phi: Differentiable,
    network: Network[Real],
    points: Real,
    labels: Real,
    *,
    start: Real | None = None,
    adjoint_start: Real | None = None,
    tolerance: float = 1e-12,
    adjoint_tolerance: float | None = None,
    out: Real | None = None,
) -> Gradient[Real]:
    r"""Loss and gradient through the equilibrium, by two fixed-point iterations and a product.

    ``start`` and ``adjoint_start`` (m, n) are where the iterations begin, ``adjoint_tolerance`` is ``tolerance`` unless
    given. ``out`` (m, m), when given, receives the gradient of W: fresh memory of that size costs as much as two of the
    products. Raises :class:`PrecisionExhausted` when one of the iterations does not converge.

    >>> half = Differentiable("x/2", lambda x: x / 2, lambda x: np.full_like(x, 0.5), 0.5)
    >>> tiny = Network(np.zeros((1, 1)), np.ones((1, 1)), np.ones(1))
    >>> found = gradient(half, tiny, np.ones((1, 1)), np.zeros(1))  # z = 1/2, delta = 1/2, e = 1/2
    >>> found.loss, found.recurrent.tolist(), found.readout.tolist()
    (0.125, [[0.125]], [0.25])
    """
    bias = network.inputs @ points.T
    forward = solve(phi, network.recurrent, bias, start=start, tolerance=tolerance)
    state = forward.require("the equilibrium")
    slopes = np.array(np.broadcast_to(phi.derivative(forward.argument), state.shape), dtype=state.dtype)
    wanted = tolerance if adjoint_tolerance is None else adjoint_tolerance
    backward = adjoint(slopes, network.recurrent, network.readout, start=adjoint_start, tolerance=wanted)
    delta = backward.require("the adjoint equation")
    residual = state.T @ network.readout - labels
    weighted = delta * residual
    return Gradient(
        loss=0.5 * float(residual @ residual),
        residual=residual,
        recurrent=np.matmul(weighted, state.T, out=out),
        inputs=weighted @ points,
        readout=state @ residual,
        state=state,
        adjoint=delta,
        products=forward.iterations + backward.iterations + 1,
    )


def tangent_gram(state: Real, delta: Real, points: Real) -> Real:
    r""":math:`H = G + (G + X^\top X)\circ(V^\top V)`, (n, n): the derivative of the outputs under gradient flow is −He.

    >>> tangent_gram(np.array([[2.0]]), np.array([[3.0]]), np.array([[1.0]])).tolist()
    [[49.0]]
    """
    features = state.T @ state
    tangent: Real = features + (features + points @ points.T) * (delta.T @ delta)
    return tangent
