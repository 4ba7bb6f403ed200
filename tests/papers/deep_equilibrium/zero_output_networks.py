"""Networks whose outputs start at zero, with what the descent theorem knows of them: for tests."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb

from certigram.numerics.balls.ends import between, upper_float
from certigram.numerics.expressions.enclosed_function import EnclosedFunction
from certigram.numerics.expressions.regularity import regularity
from certigram.numerics.papers.deep_equilibrium.training.equilibrium import Differentiable, differentiable, solve
from certigram.numerics.papers.deep_equilibrium.training.gradient import Network, sample_network
from certigram.numerics.papers.deep_equilibrium.training.iterate import (
    equilibrium_error,
    iterate_bounds,
    lower_float,
    norm_ball,
)
from certigram.numerics.papers.deep_equilibrium.zero_output.run import ZeroOutputRun, certified_run
from certigram.numerics.papers.deep_equilibrium.zero_output.theorem import Initial
from certigram.numerics.sampling.operator_norm import NormBounds, operator_norm
from certigram.theory.activations.activation import activation

ORTHOGONAL = np.sqrt(2) * np.eye(2)
FIVE = ("relu", "leaky_relu(1/8)", "abs(x)", "Max(-1, Min(1, x - 1/2))", "tanh")
"""Activations: two kinks among them, one with a value at 0, one that is odd and smooth."""


def ball(norm: NormBounds) -> arb:
    """The norm as a ball."""
    return between(arb(norm.lower), arb(norm.upper))


@dataclass(frozen=True, eq=False)
class Case:
    """A network, its activation with a proved error, inputs (n, d), labels (n,), and bounds of ‖W‖."""

    phi: Differentiable
    enclosed: EnclosedFunction
    lipschitz: arb
    network: Network[np.ndarray]
    points: np.ndarray
    labels: np.ndarray
    norm: NormBounds

    @classmethod
    def of(
        cls,
        name: str,
        width: int,
        labels: np.ndarray,
        *,
        points: np.ndarray = ORTHOGONAL,
        sigma_w2: Fraction = Fraction(1, 128),
        outputs: float = 0.0,
        seed: int = 0,
        norm: NormBounds | None = None,
    ) -> Case:
        """A sampled one, with outputs that are a multiple of the standard law."""
        phi = activation(name)
        lipschitz = regularity(phi, 96).lipschitz
        assert lipschitz is not None
        start = sample_network(width, points.shape[1], sigma_w2, seed)
        network = Network(start.recurrent, start.inputs, start.readout * outputs)
        used = differentiable(phi, lipschitz=upper_float(lipschitz))
        return cls(
            used, EnclosedFunction(phi), lipschitz, network, points, labels, norm or operator_norm(start.recurrent)
        )

    def initial(self) -> Initial:
        """What the theorem knows of the start."""
        bias = self.network.inputs @ self.points.T
        state = solve(self.phi, self.network.recurrent, bias, tolerance=1e-13).state
        assert self.phi.lipschitz is not None
        theta = self.phi.lipschitz * self.norm.upper * (1 + 1e-15)
        error = equilibrium_error(self.enclosed, self.phi.lipschitz, theta, self.network, self.points, state)
        found, spectral = iterate_bounds(self.network, self.labels, state, error), operator_norm(state)
        readout = norm_ball(self.network.readout) if self.network.readout.any() else arb(0)
        return Initial(
            self.lipschitz,
            self.lipschitz * ball(self.norm),
            between(arb(spectral.lower) - error, arb(spectral.upper) + error),
            arb(lower_float(found.least)) * (1 - arb((1, -20))),
            ball(operator_norm(self.points)),
            readout**2,
            norm_ball(self.labels),
            found.residual,
        )

    def run(self, step: float, steps: int, share: float = 0.0) -> ZeroOutputRun:
        """Gradient descent."""
        return certified_run(
            self.phi,
            self.enclosed,
            self.network,
            self.points,
            self.labels,
            step=step,
            steps=steps,
            norm=self.norm,
            share=share,
        )
