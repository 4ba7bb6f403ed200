r"""The deterministic theorem of gradient descent with small outputs, from bounds of a network at its start, in balls.

With :math:`s=1/(1-a_*)`, :math:`s_1=\sqrt{1+s^2}`, steps :math:`\rho_A\eta` for A and :math:`\rho_W\eta` for W:

.. math:: K=\tfrac1m(\rho_Ws_1^2x^2+\rho_As^2\gamma^2N^2),\quad J_\Phi=\tfrac{\rho_W}mx^2s_1,\quad
          J_A=\tfrac{\rho_A}m\gamma^2sN,\quad J_Z=s(J_A\lVert Z_0\rVert+J_\Phi).

``docs/papers/implicit_relu/descent.md``, "The theorem for one network".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from .....theory.errors import SpecError
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.relation import Relation, Sense
from ....small_output_descent.horizon import Horizon, Start, horizon, largest_step

BITS = 128
ATTEMPTS = 200
"""How often a_* and N are enlarged before the conditions count as not closing."""
ROOM = Fraction(1, 2**16)
"""How much more than what was needed a_* and N are given the next time, relatively."""


@dataclass(frozen=True, slots=True)
class Initial:
    r"""Bounds of a network at its start, each a ball of which the safe end is used.

    Attributes
    ----------
    width: m, an integer of any size.
    gamma: γ.
    inputs: :math:`x\ge\lVert X\rVert`.
    contraction: at least :math:`a(0)=\tilde\gamma\lVert A(0)\rVert`.
    states: at least :math:`\lVert Z_0\rVert`.
    frobenius: at least :math:`\lVert\Phi_0\rVert_F`.
    features: at least :math:`\lVert F_0\rVert`, :math:`F=[\Phi;Z]`.
    least: a positive number at most :math:`\sigma_{\min}(S_0)^2`.
    outputs: at least :math:`\lVert w_0\rVert^2`, w = (v, u).
    labels: at least :math:`\lVert y\rVert`.
    residual: at least :math:`\lVert e_0\rVert`.
    everything: whether :math:`S=F` is tracked; else :math:`S=\Phi`.
    recurrent_step, input_step: :math:`\rho_A` and :math:`\rho_W`; 0 where that weight stays as it is.
    states_read: whether u is trained; else u = 0 for ever, and F = Φ.
    """

    width: int
    gamma: Fraction
    inputs: arb
    contraction: arb
    states: arb
    frobenius: arb
    features: arb
    least: arb
    outputs: arb
    labels: arb
    residual: arb
    everything: bool = False
    recurrent_step: Fraction = Fraction(1)
    input_step: Fraction = Fraction(1)
    states_read: bool = True


@dataclass(frozen=True, slots=True)
class Constants:
    """K and the four J of the theorem for one choice of a_* and N."""

    coupling: arb
    features: arb
    recurrent: arb
    states: arb

    @property
    def everything(self) -> arb:
        r""":math:`\sqrt{J_\Phi^2+J_Z^2}`, how fast F moves at the most."""
        return (self.features**2 + self.states**2).sqrt()


@dataclass(frozen=True, slots=True)
class Descent:
    r"""What the theorem says of a start, with the a_* and N that it was applied with; every number a ball.

    Attributes
    ----------
    contraction: a_*, at least :math:`a(k)` for every k.
    size: N, at least :math:`\lVert Z_k\rVert`.
    constants: K and the J.
    horizon: T, c, M(T).
    largest: Λ, at least :math:`\lVert F_k\rVert^2`.
    step: :math:`2/(\Lambda+\lambda)`; steps up to its lower end are admitted.
    """

    contraction: arb
    size: arb
    constants: Constants
    horizon: Horizon
    largest: arb
    step: arb

    def admits(self, step: Fraction) -> bool:
        """Whether a step is proved to be admitted: positive, and at most the lower end of the largest one."""
        return step > 0 and bool(enclose(step) <= self.step.lower())

    def steps(self, factor: Fraction) -> int:
        """A number of steps of the largest admitted size after which L is at most this share of L(0)."""
        with precision(BITS):
            return self.horizon.steps(self.step, enclose(factor))


def constants(start: Initial, contraction: arb, size: arb) -> Constants:
    """K and the J at a_* and N."""
    m, gamma = arb(start.width), enclose(start.gamma)
    rho_a, rho_w = enclose(start.recurrent_step) / m, enclose(start.input_step) / m
    s = 1 / (1 - contraction)
    x2 = start.inputs**2
    if not start.states_read:
        return Constants(rho_w * x2, rho_w * x2, arb(0), arb(0))
    s1 = (1 + s**2).sqrt()
    coupling = rho_w * s1**2 * x2 + rho_a * (s * gamma * size) ** 2
    features, recurrent = rho_w * x2 * s1, rho_a * gamma**2 * s * size
    return Constants(coupling, features, recurrent, s * (recurrent * start.states + features))


def certify(start: Initial, *, flow: bool = False) -> Descent | None:
    r"""Apply the theorem; None where no a_* < 1 and N are found for which (R), (H1) and (H2) are proved.

    a_* and N begin at what the start has, and are enlarged to what (H1) and (H2) ask for until these hold. With
    ``flow`` the statement is that of gradient flow: K drops out of (R), the step means nothing.

    Raises :class:`SpecError` for a width below 1 or a negative step of the inner weights.
    """
    if start.width < 1 or start.recurrent_step < 0 or start.input_step < 0:
        raise SpecError("descent: the width must be at least 1, and no step of A or W may be negative.")
    with precision(BITS):
        start = replace(start, contraction=start.contraction.upper(), states=start.states.upper())
        first = start.contraction
        if not (start.states.is_finite() and start.frobenius.is_finite() and first < 1):
            return None
        a, size = first, start.states
        for _ in range(ATTEMPTS):
            found = constants(start, a, size)
            drift = found.everything if start.everything else found.features
            coupling = arb(0) if flow else found.coupling
            solved = horizon(Start(start.least, drift, coupling, start.outputs, start.labels, start.residual))
            if solved is None:
                return None
            moved = solved.path.upper()
            climbed = (found.recurrent * moved).upper()
            grown = _grown(start, found, a, moved) - start.states
            if first + climbed <= a and start.states + grown <= size:
                largest = (start.features + moved * found.everything) ** 2
                return Descent(a, size, found, solved, largest, largest_step(largest, start.least))
            room = 1 + enclose(ROOM)
            a = (first + climbed * room).upper().max(a)
            size = (start.states + grown.max(arb(0)) * room).upper().max(size)
            if not a < 1:
                return None
    return None


def _grown(start: Initial, found: Constants, contraction: arb, moved: arb) -> arb:
    r"""The smaller of :math:`\lVert Z_0\rVert+J_Z\mathcal M` and
    :math:`s(\lVert\Phi_0\rVert_F+J_\Phi\mathcal M)`, as an upper end."""
    from_states = start.states + found.states * moved
    from_features = (start.frobenius + found.features * moved) / (1 - contraction)
    return from_states.upper().min(from_features.upper())


def conditions(start: Initial, found: Descent, share: Fraction | None = None) -> tuple[Relation, ...]:
    """What the theorem asks for, with the a_*, N and T that were found; ``share``: a rate asked for, in λ."""
    with precision(BITS):
        used = constants(start, found.contraction, found.size)
        moved = found.horizon.path.upper()
        climbed = start.contraction.upper() + used.recurrent * moved
        grown = _grown(start, used, found.contraction, moved)
        asked = arb(0) if share is None else enclose(share) * start.least.lower()
        rate = Relation.of(
            "0 < c" if share is None else f"{share} lambda <= c",
            asked,
            found.horizon.rate,
            Sense.BELOW if share is None else Sense.AT_MOST,
        )
        return (
            Relation.of("a(0) + J_A M(T) <= a_*", climbed, found.contraction, condition=True),
            Relation.of("a_* < 1", found.contraction, 1, Sense.BELOW, condition=True),
            Relation.of("what (H2) asks of N <= N", grown, found.size, condition=True),
            rate,
        )
