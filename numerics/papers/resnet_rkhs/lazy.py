r"""Random features in the lazy regime: the condition, and a run whose every iterate is checked against it.

With :math:`\lambda' = \lambda_{\min}(K_m)` at the initial states, :math:`R = \sqrt{\lambda'}/(2\sqrt N\kappa_1)` and
:math:`\mu = \tfrac{2}{N}e^{-2c}\lambda'/4`, the flow converges when :math:`2\sqrt{L_0/\mu} < R`. Proof:
``docs/papers/resnet_rkhs/proofs.md``, "The lazy regime".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....theory.errors import DerivationGap
from ...balls.ball import enclose
from ...balls.enclosure import Enclosure
from ...balls.ends import between
from ...balls.precision import precision
from ...balls.printed import interval_text
from ...checks.evidence import as_ball
from ...checks.relation import Relation, Sense
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...radial.kernel import RadialKernel
from .descent import Descent, descend, embed
from .features import feature_field, feature_gram, frequencies, spectral_constant
from .fields import Array
from .rates import path_bound
from .recipe import GRID

BITS = 128
QUIET = 64
"""The lift makes the kernel at the least distance 1/(64 N): features, not data, then limit the least eigenvalue."""


@dataclass(frozen=True, eq=False)
class LazyRun:
    """What is known of one draw of features.

    ``eigenvalue`` encloses λ', ``kappa1_squared`` κ₁² of the features; ``radius``, ``mu``, ``path`` enclose R, μ and
    2√(L₀/μ) of these features, from both ends of both.
    """

    kernel: RadialKernel
    alpha: Fraction
    features: int
    eigenvalue: Enclosure
    kappa1_squared: Enclosure
    radius: arb
    mu: arb
    path: arb
    run: Descent

    @property
    def condition(self) -> Relation:
        """2√(L₀/μ) < R."""
        return Relation.of(
            "2 sqrt(L_0/mu) < R", self.path, self.radius, Sense.BELOW, constants={"mu": self.mu}, condition=True
        )


def lazy_constants(eigenvalue: arb, kappa1: arb, count: int, loss: arb, depth: int | None) -> tuple[arb, arb, arb]:
    """R, μ and 2√(L₀/μ) of the lazy regime.

    >>> with precision(64):
    ...     R, mu, path = lazy_constants(arb("0.89015"), arb("0.01272"), 8, arb("0.2462792715"), None)
    ...     round(float(R), 2), round(float(mu), 4), round(float(path), 3)
    (13.11, 0.0399, 4.972)
    """
    reach = (eigenvalue / count).sqrt() / 2
    c = reach if depth is None else reach / (1 - reach / arb(depth).sqrt())
    mu = (-2 * c).exp() * eigenvalue / (2 * count)
    return reach / kappa1, mu, path_bound(loss, mu)


def lazy_run(
    kernel: RadialKernel,
    points: Array,
    targets: Array,
    separation_squared: Fraction,
    loss: Fraction,
    *,
    depth: int,
    features: int,
    eta: float,
    iterations: int,
    seed: int,
    stop: float = 0.0,
) -> LazyRun:
    """Draw features, choose the smallest scale on the grid for which the condition holds, and train.

    The lift is proportional to the scale, so that λ' does not depend on it. Raises :class:`DerivationGap` when λ' is
    not proved positive, as with N > 2m.
    """
    n, d = points.shape
    unit = kernel.with_scale(1)
    table = frequencies(unit, features, d + targets.shape[1], (seed, features))
    with precision(BITS):
        far = arb(1)
        while not unit.value(far**2) <= arb(1) / (QUIET * n):
            far *= arb("1.05")
        ratio = far / enclose(separation_squared).sqrt()
        share = Fraction(math.floor(float(ratio.mid()) * 64) + 1, 64)
    scale = Fraction(1)
    for _ in range(8):
        field = feature_field(table / float(scale), depth)
        alpha = share * scale
        start = embed(points, targets, float(alpha), 0.0 if Fraction(float(alpha)) == alpha else 2.0**-52)
        found = least_eigenvalue(feature_gram(field, start.start, start.start_error))
        if found.lower <= 0:
            raise DerivationGap(
                f"the least eigenvalue of the {features} random features at {n} points is not proved positive "
                f"(it lies in {interval_text(found.lower, found.upper, 3)}): take more features,"
                " at least N/2 and better 8N."
            )
        constant = spectral_constant(field.frequencies)
        with precision(BITS):
            kappa = between(arb(max(constant.lower, 0.0)), arb(constant.upper)).sqrt()
            radius, mu, path = lazy_constants(as_ball(found), kappa, n, enclose(loss), depth)
            if path < radius:
                break
            wanted = float((path / radius).upper()) * float(scale) * 1.0001
            scale = Fraction(math.floor(wanted * GRID) + 1, GRID)
    run = descend(field, start, eta, iterations, stop=stop)
    return LazyRun(kernel.with_scale(scale), alpha, features, found, constant, radius, mu, path, run)
