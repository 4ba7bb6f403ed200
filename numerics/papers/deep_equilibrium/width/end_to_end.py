r"""Theorem E (T3): from which width on gradient descent, or the flow, is proved to train random networks to zero loss.

With probability :math:`1-\delta/2` the whitened Gram matrix is within η_w of the identity and
:math:`L\lVert W\rVert_2\le a`; the norms of U, of the output weights and of the outputs are bounded with the rest. Then
the hypotheses of the training theorem hold with these bounds in the place of the norms of one network. Proof:
``docs/papers/deep_equilibrium/width.md``, "End to end".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ..training.explicit_constants import ExplicitConstants, StartingPoint, explicit_constants
from .search import certified_width, whitened_below
from .setting import BITS, WidthSetting
from .whitened import Whitened

DEVIATIONS = tuple(Fraction(1, k) for k in (4, 8, 16, 50, 2, 3, 5, 6, 7, 10, 12, 20, 32, 100))
"""The values of η_w that are tried; each gives a theorem."""


@dataclass(frozen=True, slots=True, eq=False)
class EndToEnd:
    """At one width: the whitened event, the bounds of a random start, and the constants of the training theorem there.

    ``error`` is E_0, ``least`` is the lower bound of the least eigenvalue of the unnormalised Gram matrix at the start.
    """

    width: int
    event: Whitened
    start: StartingPoint
    constants: ExplicitConstants

    @property
    def error(self) -> arb:
        """E_0."""
        return self.start.residual

    @property
    def least(self) -> arb:
        """(1 - η_w) m λ_*."""
        return self.start.least


def random_start(setting: WidthSetting, label: arb, dimension: int, width: int, eta: Fraction, a: arb) -> StartingPoint:
    r"""Bounds of a random network with :math:`t = \sqrt{2\log(6/\delta)}`, all of which hold with 1 − δ.

    ``label`` is at least every :math:`|y_i|`; ``a`` is at least :math:`L\lVert W\rVert_2`.
    """
    m, d = arb(width), arb(dimension)
    t = (2 * enclose(6 / setting.delta).log()).sqrt()
    more = 1 + enclose(eta)
    error = arb(setting.n).sqrt() * label + (more * setting.trace).sqrt() + t * (more * setting.gram_norm).sqrt()
    norms = tuple((d * group.norm).sqrt() for group in setting.groups for _ in range(group.count))
    return StartingPoint(
        width,
        a / setting.phi.lipschitz,
        (2 / d).sqrt() * (m.sqrt() + d.sqrt() + t),
        1 + t / m.sqrt(),
        (d * setting.input_norm).sqrt(),
        norms,
        error,
        (1 - enclose(eta)) * m * setting.least,
        (more * m * setting.gram_norm).sqrt(),
    )


def end_to_end(
    setting: WidthSetting, label: arb, dimension: int, width: int, eta: Fraction, *, flow: bool
) -> EndToEnd | None:
    """Theorem E at one width and one η_w, where its hypotheses are proved; else None."""
    with precision(BITS):
        event = whitened_below(setting, width, eta, setting.delta / 2)
        if event is None:
            return None
        start = random_start(setting, label, dimension, width, eta, event.a)
        phi = setting.phi
        second = None if flow else phi.second_lipschitz
        found = explicit_constants(start, phi.lipschitz, second, phi.at_zero, phi.supremum, flow=flow)
        held = all(hypothesis.verdict is Verdict.PROVED for hypothesis in found.hypotheses)
        held = held and (flow or bool(found.smoothness.is_finite()))  # (H3) needs a Lipschitz derivative
        return EndToEnd(width, event, start, found) if held else None


def certified_training(setting: WidthSetting, label: arb, dimension: int, *, flow: bool) -> EndToEnd | None:
    r"""T3 at the least width that is found, over the values of η_w; None where none is.

    At larger widths it holds with the same choices: :math:`R`, :math:`\rho_w` and the left side of (ii) over its right
    side do not increase with m.
    """
    best: EndToEnd | None = None
    for eta in DEVIATIONS:

        def at(m: int, eta: Fraction = eta) -> EndToEnd | None:
            return end_to_end(setting, label, dimension, m, eta, flow=flow)

        if best is not None and at(best.width - 1) is None:
            continue
        width = certified_width(lambda m: at(m) is not None)
        found = None if width is None else at(width)
        if found is not None and (best is None or found.width < best.width):
            best = found
    return best
