r"""Gradient descent from zero or small outputs: the hypotheses and rates of the theorem, in ball arithmetic.

With :math:`\varphi` L-Lipschitz and nothing else known of it, numbers :math:`a_* < 1` and N, and what is measured of
the network at the start,

.. math::
    \ell = \frac L{1-a_*},\qquad K = \ell^2(N^2+\lVert X\rVert^2),\qquad
    J = \ell^2\sqrt{(N^2+\lVert X\rVert^2)(\lVert Z_0\rVert^2+\lVert X\rVert^2)},

the theorem asks for (R), the equation that ``numerics/small_output_descent`` solves, and with its path
:math:`\mathcal M` for

.. math::
    \text{(H1)}\; L\lVert W_0\rVert + L\ell N\mathcal M \le a_*,\qquad
    \text{(H2)}\; \lVert Z_0\rVert + J\mathcal M\le N,\qquad \text{(H3)}\; 0<\eta\le\frac2{N^2+\lambda} .

Any pair :math:`(a_*, N)` will do; one is found by iteration. Theorem, corollary and proofs:
``docs/papers/deep_equilibrium/descent.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.relation import Relation, Sense
from ....small_output_descent.closed_forms import TABLE
from ....small_output_descent.horizon import Horizon, Start, horizon, largest_step

BITS = 96
ROUNDS = 40
"""How often a_* and N are raised to what (H1) and (H2) ask for, at the most."""
SETTLED = arb((1, -20))
"""Relative room above the last pair that is tried; the hypotheses are decided with it included."""
ROW = next(row for row in TABLE if not row.features and row.constant == Fraction("10.5"))
"""The row of the table of closed forms behind the corollary: the constant 10.5, for J <= K."""
SHARE = Fraction("0.132")
r"""More than 1.379/10.5, which bounds :math:`K\mathcal M/\sqrt\lambda` in the corollary."""


@dataclass(frozen=True, slots=True)
class Initial:
    r"""What the theorem knows of the network at the start: balls, of which the ends on the safe side are used.

    Attributes
    ----------
    lipschitz: L, a bound of the slopes of the activation.
    recurrent: :math:`L\lVert W_0\rVert_2`, or an upper bound of it.
    state: :math:`\lVert Z_0\rVert_2`, or an upper bound.
    least: :math:`\lambda_{\min}(Z_0^\top Z_0)`, or a lower bound.
    points: :math:`\lVert X\rVert_2`.
    outputs: :math:`\lVert a_0\rVert^2`.
    labels: :math:`\lVert y\rVert`.
    residual: :math:`\lVert e_0\rVert`.
    """

    lipschitz: arb
    recurrent: arb
    state: arb
    least: arb
    points: arb
    outputs: arb
    labels: arb
    residual: arb

    @property
    def slope(self) -> arb:
        r""":math:`\ell_0 = L/(1-L\lVert W_0\rVert)`."""
        return self.lipschitz / (1 - self.recurrent)


@dataclass(frozen=True, slots=True)
class Descent:
    r"""The theorem with one pair :math:`(a_*, N)`: its constants, and the solution of (R), None where none is proved.

    The numbers are balls: the hypotheses, and every inequality of the proof, are decided with them.
    """

    initial: Initial
    contraction: arb
    norm: arb
    start: Start
    solved: Horizon | None

    @property
    def slope(self) -> arb:
        r""":math:`\ell = L/(1-a_*)`."""
        return self.initial.lipschitz / (1 - self.contraction)

    @property
    def path(self) -> arb:
        r""":math:`\mathcal M`; not finite where (R) is not proved."""
        return arb("nan") if self.solved is None else self.solved.path.upper()

    @property
    def rate(self) -> arb:
        """c, the lower end that is proved; not finite where (R) is not proved."""
        return arb("nan") if self.solved is None else self.solved.rate.lower()

    @property
    def hypotheses(self) -> tuple[Relation, ...]:
        """(R), (H1) and (H2), and what must hold before them."""
        at, relation = self.initial, Relation.of
        with precision(BITS):
            drifted = at.recurrent + at.lipschitz * self.slope * self.norm * self.path
            grown = at.state + self.start.drift * self.path
            return (
                relation("the activation is not constant: L > 0", 0, at.lipschitz, Sense.BELOW, condition=True),
                relation("a_* is below 1", self.contraction, 1, Sense.BELOW, condition=True),
                relation("(R): the rate that is left is positive", 0, self.rate, Sense.BELOW, condition=True),
                relation("(H1): L ||W|| stays at most a_*", drifted, self.contraction, condition=True),
                relation("(H2): ||Z|| stays at most N", grown, self.norm, condition=True),
            )

    @property
    def holds(self) -> bool:
        """Whether every hypothesis but the one on the step is proved."""
        return all(hypothesis.verdict is Verdict.PROVED for hypothesis in self.hypotheses)

    @property
    def step(self) -> arb:
        r""":math:`2/(N^2+\lambda)`; only its lower end may be used as a step."""
        with precision(BITS):
            return largest_step(self.norm**2, self.start.least)


def descent(initial: Initial, contraction: arb, norm: arb) -> Descent:
    """The theorem with this pair; (R) is not solved where ``contraction`` is not proved to lie below 1."""
    with precision(BITS):
        below = bool(contraction < 1)
        slope = initial.lipschitz / (1 - contraction) if below else arb("nan")
        square, first = norm**2 + initial.points**2, initial.state**2 + initial.points**2
        start = Start(
            least=initial.least,
            drift=slope**2 * (square * first).sqrt(),
            coupling=slope**2 * square,
            outputs=initial.outputs,
            labels=initial.labels,
            residual=initial.residual,
        )
        return Descent(initial, contraction, norm, start, horizon(start) if below else None)


def tried(initial: Initial) -> list[Descent]:
    """Pairs from below: each is what (H1) and (H2) ask for with the constants of the one before it."""
    seen: list[Descent] = []
    with precision(BITS):
        contraction, norm = initial.recurrent.upper(), initial.state.upper()
        for _ in range(ROUNDS):
            room = 1 + SETTLED
            found = descent(initial, (1 - (1 - contraction) / room).upper(), (norm * room).upper())
            seen.append(found)
            if found.solved is None:
                break
            asked = initial.recurrent + initial.lipschitz * found.slope * found.norm * found.path
            contraction, norm = asked.upper(), (initial.state + found.start.drift * found.path).upper()
            if not contraction < 1:
                break
    return seen


def best(initial: Initial) -> Descent:
    """The theorem with the first pair of :func:`tried` for which its hypotheses are proved, else with the last one.

    A choice, not a proof: that is :attr:`Descent.hypotheses`.

    >>> one, small = arb(1), arb("0.05")
    >>> made, far = (Initial(one, one / 2, 2 * one, one, one, arb(0), y, y) for y in (small, one))
    >>> best(made).holds, best(far).holds
    (True, False)
    """
    found = None
    for found in tried(initial):
        if found.holds:
            return found
    assert found is not None
    return found


# -- the corollary: zero outputs, and nothing but what is measured at the start ---------------


@dataclass(frozen=True, slots=True)
class Corollary:
    r"""The corollary for zero outputs, with :math:`\varrho=\sqrt\lambda/\lVert Z_0\rVert`.

    Attributes
    ----------
    condition: :math:`10.5\,(1+.132\varrho)^4\lVert y\rVert^2\ell_0^2(\lVert Z_0\rVert^2+\lVert X\rVert^2)
        \le\lambda^2`.
    step: :math:`2/((1+.132\varrho)^2\lVert Z_0\rVert^2+\lambda)`.
    rate: :math:`\lambda/2`: a step multiplies the residual by at most one minus itself times this.
    pair: the :math:`(a_*, N)` that it takes in the theorem.
    left: the left side of the condition.
    """

    condition: Relation
    step: arb
    rate: arb
    pair: tuple[arb, arb]
    left: arb

    @property
    def holds(self) -> bool:
        """Whether its condition is proved."""
        return self.condition.verdict is Verdict.PROVED


def corollary(initial: Initial, *, constant: Fraction = ROW.constant) -> Corollary:
    r"""The corollary; ``constant`` is 10.5, and smaller ones are false.

    Outputs that are not proved zero make the condition undecided.
    """
    with precision(BITS):
        grown = 1 + enclose(SHARE) * initial.least.sqrt() / initial.state
        size = initial.slope**2 * (initial.state**2 + initial.points**2)
        left = enclose(constant) * grown**4 * initial.labels**2 * size
        if not (initial.outputs.is_zero() and initial.recurrent < 1):
            left = arb("nan")
        norm = initial.state * grown
        return Corollary(
            Relation.of(
                "the labels are small: 10.5 times ... at most lambda^2", left, initial.least**2, condition=True
            ),
            largest_step(norm**2, initial.least),
            initial.least / 2,
            (1 - (1 - initial.recurrent) / grown, norm),
            left,
        )
