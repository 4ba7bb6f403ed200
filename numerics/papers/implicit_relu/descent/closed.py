r"""Theorems with closed constants: the corollary for one network, and the width that it gives with probability 1 - δ.

.. math:: m\ge9\,\lVert y\rVert^2(s_1^2x^2+s^2\gamma^2N^2)/\lambda^2\implies
          L(k)\le(1-\tfrac12\eta\lambda)^{2k}L(0),

for zero outputs, :math:`a_*\ge a(0)+.055\,\gamma\sqrt\lambda/x`, :math:`N\ge s(\lVert\Phi_0\rVert_F+.110\sqrt\lambda)`
and steps up to :math:`2/(\Lambda+\lambda)`, :math:`\Lambda=(\lVert F_0\rVert+.155\sqrt\lambda)^2`.

``docs/papers/implicit_relu/descent.md``, "The corollary for zero outputs" and "Composed statements".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from .....theory.errors import SpecError
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.relation import Relation, Sense
from ....small_output_descent.closed_forms import TABLE
from ....small_output_descent.horizon import largest_step
from .concentration import Population, entropy
from .theorem import BITS, Initial
from .width import WIDEST, Setting, bisected

NINE = TABLE[1]
"""The row of the table that the corollary quotes."""
CLIMB, GROWTH, SPREAD = Fraction(55, 1000), Fraction(110, 1000), Fraction(155, 1000)
"""The constants in a_*, N and Λ."""
KEPT = Fraction(3, 4)
"""The share of λ_0 that λ_min(G_m) keeps in the composed statement."""
TRUNCATED, LOST = Fraction(1, 100), Fraction(2424, 10000)
"""θ_1 and θ_2 there."""


@dataclass(frozen=True, slots=True)
class Corollary:
    """The corollary for one network: the width it asks for, the a_*, N and Λ that it names, and its largest step."""

    needed: arb
    contraction: arb
    size: arb
    largest: arb
    step: arb

    def relations(self, width: int) -> tuple[Relation, Relation]:
        """What it asks for."""
        return (
            Relation.of("a_* < 1", self.contraction, 1, Sense.BELOW, condition=True),
            Relation.of("the width asked for <= m", self.needed, width, condition=True),
        )


def corollary(start: Initial) -> Corollary:
    """The corollary at a start with zero outputs, for S = Φ and ρ = 1; a width that is not finite where a_* >= 1.

    Raises :class:`SpecError` for a start that it does not speak of.
    """
    if not start.outputs.is_zero() or start.everything or start.recurrent_step > 1 or start.input_step > 1:
        raise SpecError("the corollary speaks of zero outputs, of the features alone, and of steps of at most eta.")
    with precision(BITS):
        root, x, gamma = start.least.lower().sqrt(), start.inputs, enclose(start.gamma)
        a = start.contraction + enclose(CLIMB) * gamma * root / x
        if not a < 1:
            return Corollary(arb("nan"), a, arb("nan"), arb("nan"), arb("nan"))
        s = 1 / (1 - a)
        size = s * (start.frobenius + enclose(GROWTH) * root)
        bound = (1 + s**2) * x**2 + (s * gamma * size) ** 2
        needed = enclose(NINE.constant) * start.labels**2 * bound / start.least.lower() ** 2
        largest = (start.features + enclose(SPREAD) * root) ** 2
        return Corollary(needed.upper(), a, size, largest, largest_step(largest, start.least))


@dataclass(frozen=True, slots=True)
class ClosedWidth:
    r"""The composed statement at a width: both widths that it asks for, the rate :math:`\frac38\lambda_0`, the step."""

    width: int
    labels: arb
    features: arb
    rate: arb
    step: arb


def closed_at(setting: Setting, width: int) -> ClosedWidth | None:
    r"""The composed statement with closed constants, zero outputs; None where the width is not proved to suffice.

    :math:`t=\sqrt{2\log(3/\delta)}`, :math:`a_*=\gamma(2+t/\sqrt m)+.04\gamma`,
    :math:`N=s(\sqrt{n/2}+xt/\sqrt m+.08)`; it asks for
    :math:`m\ge16\lVert y\rVert^2(s_1^2x^2+s^2\gamma^2N^2)/\lambda_0^2` and
    :math:`m\ge32R_w\log(3n/\delta)`. The setting's share and which weights are trained do not matter: those that are
    not have the step 0.

    Raises :class:`SpecError` for a setting that it does not speak of: outputs that are not zero, or longer steps.
    """
    setting.admit()
    if setting.outputs or max(setting.recurrent_step, setting.input_step) > 1:
        raise SpecError("the closed width is that of zero outputs, with steps of A and W of at most eta.")
    with precision(BITS):
        found, gamma, m = setting.population, enclose(setting.gamma), arb(width)
        n, x, least = arb(found.n), found.inputs, found.least.lower()
        if not (least > 0 and found.n >= 2):
            return None
        t = (2 * (3 / enclose(setting.delta)).log()).sqrt()
        a = gamma * (2 + t / m.sqrt()) + gamma / 25
        if not a < 1:
            return None
        s = 1 / (1 - a)
        frobenius = (n / 2).sqrt() + x * t / m.sqrt()
        size = s * (frobenius + arb(2) / 25)
        labels = 16 * setting.labels**2 * ((1 + s**2) * x**2 + (s * gamma * size) ** 2) / least**2
        features = 32 * radius(found) * (3 * n / enclose(setting.delta)).log()
        if not (m >= labels and m >= features):
            return None
        largest = ((1 + s**2).sqrt() * frobenius + arb(7) / 50 * least.sqrt()) ** 2
        return ClosedWidth(width, labels, features, 3 * least / 8, largest_step(largest, enclose(KEPT) * least))


def closed_width(setting: Setting) -> ClosedWidth | None:
    """The least width at which the composed statement with closed constants is proved, by bisection."""
    return bisected(lambda width: closed_at(setting, width) if width <= WIDEST else None)


def radius(found: Population) -> arb:
    r""":math:`R_w=(\sqrt n+xt_R/\sqrt{\lambda_0})^2` with :math:`t_R=2\sqrt{\log(40n/\lambda_0)}`."""
    least = found.least.lower()
    t = 2 * (40 * arb(found.n) / least).log().sqrt()
    return (arb(found.n).sqrt() + found.inputs * t / least.sqrt()) ** 2


def composed_constants(lost: Fraction = LOST) -> tuple[Relation, ...]:
    r"""The numbers behind the composed statement: what is kept of λ_0, 32, 16, and the rounded constants."""
    with precision(BITS):
        kept = (1 - TRUNCATED) * (1 - lost)
        root = enclose(KEPT).sqrt()
        half = (enclose(KEPT) / 2).sqrt()
        left = (root - enclose(GROWTH) * root) ** 2
        return (
            Relation.of("3/4 <= (1 - theta_1)(1 - theta_2)", KEPT, kept),
            Relation.of(
                "1/((1 - theta_1) h(theta_2)) <= 32", 1 / (enclose(1 - TRUNCATED) * entropy(enclose(lost))), 32
            ),
            Relation.of("9/(3/4)^2 <= 16", NINE.constant / KEPT**2, 16),
            Relation.of(".055 sqrt(3/8) <= .04", enclose(CLIMB) * half, Fraction(4, 100)),
            Relation.of(".110 sqrt(3/8) <= .08", enclose(GROWTH) * half, Fraction(8, 100)),
            Relation.of(".155 sqrt(3/4) <= .14", enclose(SPREAD) * root, Fraction(14, 100)),
            Relation.of("1/2 <= (1 - .110)^2 3/4", Fraction(1, 2), left),
        )
