r"""The variance of a pre-activation at equilibrium: :math:`s = v + 2\sigma_w^2 q`, :math:`q = E\,\varphi(\sqrt s z)^2`.

With :math:`r = \sqrt q` this is the fixed point of :math:`T(r) = \|\varphi(\sqrt{2\sigma_w^2 r^2 + v}\, z)\|_{L^2}`,
which contracts with :math:`\theta = \sqrt 2\,\sigma_w L`. Existence and uniqueness are proved by comparing theta with
1; the enclosure is Banach's a-posteriori bound at one exact point.
Proofs: ``docs/papers/deep_equilibrium/kernel.md``, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from .....theory.activations.activation import Activation
from .....theory.errors import PrecisionExhausted, SpecError
from ....balls.ball import enclose
from ....balls.banach import banach
from ....balls.ends import nonnegative
from ....balls.precision import precision
from ....hermite import second_moment
from .contraction import contraction_squared, refuse_understated

START_BITS = 64
"""Precision of the first iterations, doubled until the wanted one is reached."""
EVALUATIONS_PER_LEVEL = 12
"""Evaluations of the map allowed at one precision; the slowest admissible secant iteration needs far fewer."""


@dataclass(frozen=True, slots=True, eq=False)
class VarianceFixedPoint:
    r"""The unique solution of :math:`s = v + 2\sigma_w^2 q`, :math:`q = E\,\varphi(\sqrt s z)^2`.

    ``s`` and ``q`` are balls, ``contraction`` is :math:`\theta = \sqrt 2\,\sigma_w L < 1` (proved), ``input_variance``
    is v, ``evaluations`` counts the second moments computed, ``bits`` is the precision they were asked for.
    """

    s: arb
    q: arb
    contraction: arb
    sigma_w2: Fraction
    input_variance: arb
    evaluations: int
    bits: int

    @property
    def input_share(self) -> arb:
        r""":math:`v/s`, the share of the inputs in the variance: 2/s for inputs of norm √d."""
        return self.input_variance / self.s


def variance_fixed_point(
    activation: Activation,
    sigma_w2: Fraction,
    bits: int,
    *,
    lipschitz: arb | None,
    input_variance: Fraction | arb = Fraction(2),
) -> VarianceFixedPoint:
    r"""Enclose the variance fixed point of ``activation``, with existence and uniqueness proved.

    .. math:: |r^* - \tilde r| \le \frac{|T(\tilde r) - \tilde r|}{1 - \theta}, \qquad \theta = \sqrt 2\,\sigma_w L < 1,

    at an exact point found by secant steps at doubling precision. ``lipschitz`` encloses (or bounds from above) L =
    sup|φ'|; a value proved too small by a difference quotient is refused. ``input_variance`` is :math:`2 C_{ii}`, 2 for
    inputs of norm √d. Raises :class:`SpecError` outside the contraction range or for an understated L,
    :class:`PrecisionExhausted` when the comparison with 1 is undecided. Source: truong2023deq (existence); own proof in
    ``docs/papers/deep_equilibrium/kernel.md``, section 2.

    >>> from certigram.numerics.balls.ball import Ball
    >>> from certigram.theory.activations.activation import activation
    >>> point = variance_fixed_point(activation("relu"), Fraction(1, 16), 128, lipschitz=arb(1))
    >>> Ball(point.q).contains("16/15"), point.q.rad() < 1e-36
    (True, True)
    """
    with precision(bits):
        v = input_variance if isinstance(input_variance, arb) else enclose(input_variance)
        if not v >= 0 or not v.is_finite():
            raise SpecError(f"the input variance {v} is not proved non-negative: inputs have finite real entries.")
        theta = contraction_squared(activation.name, sigma_w2, lipschitz).sqrt()
        if sigma_w2 == 0:
            q = nonnegative(second_moment(activation, v, bits))
            return VarianceFixedPoint(v, q, theta, sigma_w2, v, 1, bits)
        assert lipschitz is not None  # contraction_squared refuses None when sigma_w2 > 0
        refuse_understated(activation, lipschitz, bits)

        def moment(variance: arb, at_bits: int) -> arb:
            return second_moment(activation, variance, at_bits)

        root, evaluations = solve_fixed_point(moment, enclose(2 * sigma_w2), v, theta, bits)
        q = nonnegative(root * root)
        if not q.is_finite():
            raise PrecisionExhausted(
                f"the variance fixed point of {activation.name} has no finite enclosure at {bits} bits: ask for more.",
                reached=f"contraction {theta}",
            )
        return VarianceFixedPoint(v + enclose(2 * sigma_w2) * q, q, theta, sigma_w2, v, evaluations, bits)


def a_priori_bound(at_zero: arb, lipschitz: arb, sigma_w2: Fraction, *, input_variance: arb) -> arb:
    r"""Enclose the a-priori bound of :math:`\sqrt q` for the ``input_variance`` v:

    .. math:: \sqrt q \le (|\varphi(0)| + L\sqrt v)/(1 - \sqrt2\,\sigma_w L).

    Raises as :func:`contraction_squared` does.

    >>> print(a_priori_bound(arb(0), arb(1), Fraction(1, 32), input_variance=arb(2)).str(9, radius=False))
    1.88561808
    """
    theta = contraction_squared("the activation", sigma_w2, lipschitz).sqrt()
    return (abs(at_zero) + lipschitz * input_variance.sqrt()) / (1 - theta)


def solve_fixed_point(moment: Callable[[arb, int], arb], weight: arb, v: arb, theta: arb, bits: int) -> tuple[arb, int]:
    """The fixed point of ``T(r) = sqrt(moment(v + weight r²))`` as a ball, and how many times the map was evaluated."""
    root, slope, evaluations = arb(0), arb(0), 0
    previous: tuple[arb, arb, int] | None = None
    best: arb | None = None
    level = min(START_BITS, bits)
    while True:
        with precision(level):
            for _ in range(EVALUATIONS_PER_LEVEL):
                image = nonnegative(moment(v + weight * root * root, level)).sqrt()
                evaluations += 1
                enclosure = banach(root, image, theta)
                if level == bits and (best is None or enclosure.rad() < best.rad()):
                    best = enclosure
                goal = level if level == bits else 3 * level // 4
                if abs(image.mid() - root).mid() <= 2 * image.rad() + arb((1, -goal)) * (1 + root):
                    break
                if previous is not None:
                    slope = _secant(previous, (root, image.mid(), level), slope, theta)
                previous = root, image.mid(), level
                root = nonnegative((root + (image.mid() - root) / (1 - slope)).mid())
        if level == bits:
            assert best is not None  # the map was evaluated at least once at the last level
            return best, evaluations
        level = min(2 * level, bits)


def _secant(first: tuple[arb, arb, int], second: tuple[arb, arb, int], slope: arb, theta: arb) -> arb:
    """The slope of the map between two points, cut to [−θ, θ]; the old slope when rounding would drown it."""
    (a, image_a, bits_a), (b, image_b, bits_b) = first, second
    distance = abs(b - a)
    if distance <= arb((1, -(min(bits_a, bits_b) // 2))) * (1 + a):
        return slope
    quotient = ((image_b - image_a) / (b - a)).mid()
    bound = theta.lower()
    return quotient if -bound <= quotient <= bound else (bound if quotient > 0 else -bound)
