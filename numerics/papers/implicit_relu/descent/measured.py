r"""One network at its start, measured: what the theorem of descent asks for, with every rounding accounted for.

The weights and inputs are the exact binary64 numbers that they are; features and equilibria carry the errors of
``docs/papers/implicit_relu/proofs.md``, "Floating point". The labels may be scaled by a power of two τ, so that the
conditions close at widths that a machine can train.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from flint import arb

from ....balls.budget import Budget
from ....balls.enclosure import Enclosure
from ....balls.precision import precision
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....expressions.enclosed_function import norm_up
from ....kernels.ballmatrix import BallMatrix
from ....sampling.operator_norm import operator_norm
from ..network import SLACK, Equilibrium, Floats, Network
from ..tangent import add, feature_gram, product
from .theorem import BITS, Descent, Initial, certify

SMALLEST = 60
"""Labels are scaled by at most 2^-60."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A network at its start with its equilibrium and labels, and the bounds that the theorem asks for.

    ``least`` encloses :math:`\\lambda_{\\min}(S_0^\\top S_0)`.
    """

    network: Network
    state: Equilibrium
    labels: Floats
    least: Enclosure
    initial: Initial


def measure(network: Network, labels: Floats, *, everything: bool = False) -> Measured | None:
    r"""Measure a network; ``everything`` tracks :math:`F=[\Phi;Z]` in place of Φ.

    None where a(0) < 1 or λ > 0 is not proved.
    """
    if not network.contraction[1] < 1:
        return None
    state = network.equilibrium()
    features, states = feature_gram(network), product(state.z, state.error)
    both = add(features, states)
    least = _least(both if everything else features)
    if not least.lower > 0:
        return None
    w = network.weights
    residual, error = network.predictions(state, labels)
    with precision(BITS):
        start = Initial(
            width=w.width,
            gamma=network.gamma,
            inputs=arb(operator_norm(network.inputs).upper),
            contraction=arb(network.contraction[1]),
            states=_largest(states).sqrt(),
            frobenius=arb((norm_up(network.features.phi) + norm_up(network.features.error)) * SLACK),
            features=_largest(both).sqrt(),
            least=arb(least.lower),
            outputs=arb(norm_up(w.u)) ** 2 + arb(norm_up(w.v)) ** 2,
            labels=arb(norm_up(labels)),
            residual=arb((norm_up(residual) + norm_up(error)) * SLACK),
            everything=everything,
        )
    return Measured(network, state, labels, least, start)


def scaled(found: Measured, factor: float) -> Measured:
    """The same network with labels times a power of two, which is exact."""
    labels = found.labels * factor
    residual, error = found.network.predictions(found.state, labels)
    with precision(BITS):
        start = replace(
            found.initial,
            labels=arb(norm_up(labels)),
            residual=arb((norm_up(residual) + norm_up(error)) * SLACK),
        )
    return replace(found, labels=labels, initial=start)


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    """The largest power of two, at most 1, of the labels for which the theorem closes, and the theorem there."""

    scale: Fraction
    measured: Measured
    descent: Descent


def close(found: Measured, share: Fraction = Fraction(1, 2)) -> Closed | None:
    """Scale the labels down until the theorem closes with c at least this share of λ; None where it never does.

    For outputs that are too large it never does: :math:`K\\lVert w_0\\rVert^2<\\lambda` does not see the labels.
    """
    for k in range(SMALLEST + 1):
        tried = scaled(found, 2.0**-k)
        descent = certify(tried.initial)
        if descent is None:
            continue
        with precision(BITS):
            if descent.horizon.rate >= arb(share.numerator) / share.denominator * tried.initial.least:
                return Closed(Fraction(1, 2**k), tried, descent)
    return None


def with_outputs(network: Network, scale: float) -> Network:
    """The same network with its output weights times a number; 0 makes them zero."""
    w = network.weights
    return network.with_weights(replace(w, u=np.asarray(w.u * scale), v=np.asarray(w.v * scale)))


def _least(gram: BallMatrix) -> Enclosure:
    return least_eigenvalue(gram, budget=Budget(bits=64, max_bits=64), known_psd=True)


def _largest(gram: BallMatrix) -> arb:
    """An upper bound of the norm of every matrix in the ball."""
    return (arb(operator_norm(gram.mid).upper) + arb(gram.radius_norm())).nonnegative_part()
