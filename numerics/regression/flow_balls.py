r"""Gradient flow at a time in ball arithmetic, by scaling and squaring on midpoints with errors in norm.

With :math:`E \approx e^{-M\tau}` and :math:`u \approx \varphi_\tau(M)y`,

.. math:: e^{-2M\tau} = (e^{-M\tau})^2, \qquad \varphi_{2\tau}(M)y = \varphi_\tau(M)y + e^{-M\tau}\varphi_\tau(M)y ,

and because :math:`\|e^{-M\tau}\| \le e^{-\lambda\tau}`, an error is about doubled in each step: one bit of precision,
where balls alone would lose a factor of :math:`2\sqrt n`. Proof: ``docs/prediction.md``, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from flint import arb, arb_mat, fmpq

from ...theory.errors import PrecisionExhausted
from ..balls.precision import precision
from ..eigenvalues.ldlt import norm_bound
from .flow import growth
from .posterior_balls import column_norm_balls
from .problem import GUARD, NotDefinite, Regression, balls_of, with_noise

MOST_DOUBLINGS = 4096
"""More doublings of the time are refused: 2^4096 time scales are a mistake."""


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Approximations at one time with bounds of their errors: of ``decay`` in norm, of ``flow`` column by column."""

    decay: arb_mat
    decay_error: arb
    flow: arb_mat
    flow_errors: list[arb]


def flow_balls(problem: Regression, time: Fraction, lower: float, bits: int) -> arb_mat:
    r"""Balls around :math:`k^{*T}\varphi_t(M)y`, (t, o), for ``time`` > 0 and :math:`\lambda_{\min}(M) \ge` ``lower``.

    The cost is that of one product of (n, n) matrices of balls for each doubling of the time.
    """
    with precision(bits):
        steepest = norm_bound(with_noise(balls_of(problem, bits).gram, problem.noise).mid())
    if steepest is None:
        raise PrecisionExhausted("an entry of the kernel matrix is not finite: ask for more bits.")
    scaled = 2 * steepest * time
    doublings = max(0, scaled.numerator.bit_length() - scaled.denominator.bit_length() + 1)
    if doublings > MOST_DOUBLINGS:
        raise NotDefinite(
            "K + noise·I is not proved positive definite, and without that the time is too long to be followed: give a"
            " positive noise, or a shorter time."
        )
    work = bits + doublings + GUARD
    with precision(work):
        balls = balls_of(problem, work)
        matrix, y = with_noise(balls.gram, problem.noise), problem.targets.balls()
        middle = matrix.mid()
        away = norm_bound(matrix - middle)
        if away is None:
            raise PrecisionExhausted("an entry of the kernel matrix is not finite: ask for more bits.")
        rate = arb(lower) - arb(fmpq(away.numerator, away.denominator))  # of the midpoints
        rate = rate.lower()
        t = arb(fmpq(time.numerator, time.denominator))
        tau = t / arb(2) ** doublings
        ratio = arb(fmpq(steepest.numerator, steepest.denominator)) * tau * (1 + arb(2) ** -16)
        own = norm_bound(middle)
        if own is None or not own * (1 << 16) <= steepest * ((1 << 16) + 1) or not ratio < 1:
            raise PrecisionExhausted("the kernel matrix moves with the precision: ask for more bits.")
        state = _start(middle, y, tau, ratio.upper(), work)
        whole = growth(rate, t).upper()
        y_norms = column_norm_balls(y)
        for _ in range(doublings):
            state = _doubled(state, (-rate * tau).exp().upper())
            tau = 2 * tau
            rest = (frobenius(state.decay) + state.decay_error).upper()
            if rest < arb(2) ** (-work):  # what follows is at most e^{-M tau} phi(M) y
                later = [(e + rest * whole * v).upper() for e, v in zip(state.flow_errors, y_norms, strict=True)]
                state = _State(state.decay, state.decay_error, state.flow, later)
                break
        radius = arb(fmpq(away.numerator, away.denominator)) * whole * whole
        errors = [(e + radius * v).upper() for e, v in zip(state.flow_errors, y_norms, strict=True)]
        cross = column_norm_balls(balls.cross)
        found = balls.cross.transpose() * state.flow
        return found + arb_mat(len(cross), len(errors), [arb(0, (c * e).upper()) for c in cross for e in errors])


def remainder(cross: arb_mat, y: arb_mat, time: Fraction, lower: float) -> arb_mat:
    r"""Balls around 0, (t, o), that hold :math:`k^{*T}M^{-1}e^{-Mt}y`, of modulus at most
    :math:`|k^*||y|e^{-\lambda t}/\lambda` for :math:`\lambda_{\min}(M) \ge` ``lower`` > 0.

    >>> round(float(remainder(arb_mat([[3]]), arb_mat([[2]]), Fraction(2), 0.5)[0, 0].rad()), 6)
    4.414553
    """
    rate = arb(lower)
    share = (-rate * arb(fmpq(time.numerator, time.denominator))).exp() / rate
    sides = column_norm_balls(cross), column_norm_balls(y)
    return arb_mat(len(sides[0]), len(sides[1]), [arb(0, (k * v * share).upper()) for k in sides[0] for v in sides[1]])


def _start(middle: arb_mat, y: arb_mat, tau: arb, ratio: arb, bits: int) -> _State:
    r"""The exponential, and Taylor's series of :math:`\varphi_\tau`, where :math:`\|M\|_\infty\tau \le` ratio < 1.

    Term k + 1 is at most the share ratio/(k + 2) of term k, so that all that follow are at most ratio times it.
    """
    decay = (middle * -tau).exp()
    term = total = y * tau
    largest = size = _largest(term)
    k = 1
    while not size <= largest * arb(2) ** -bits:
        k += 1
        term = (middle * term) * (-tau / k)
        total = total + term
        size = (size * ratio / k).upper()
    rest = (size * ratio).upper()
    n, o = y.nrows(), y.ncols()
    total = total + arb_mat(n, o, [arb(0, rest)] * (n * o))
    return _State(decay.mid(), frobenius(decay - decay.mid()), total.mid(), column_norm_balls(total - total.mid()))


def _largest(x: arb_mat) -> arb:
    """An upper bound of the modulus of every entry."""
    return reduce(lambda a, b: a.max(b), (v.abs_upper() for v in x.entries())).upper()


def _doubled(state: _State, growth_factor: arb) -> _State:
    square = state.decay * state.decay
    moved = state.flow + state.decay * state.flow
    error, flow_norms = state.decay_error, column_norm_balls(state.flow)
    rounding = column_norm_balls(moved - moved.mid())
    return _State(
        square.mid(),
        (error * (2 * growth_factor + error) + frobenius(square - square.mid())).upper(),
        moved.mid(),
        [
            (e * (1 + growth_factor) + error * v + r).upper()
            for e, v, r in zip(state.flow_errors, flow_norms, rounding, strict=True)
        ],
    )


def frobenius(x: arb_mat) -> arb:
    """An upper bound of the Frobenius norm of every member of a matrix of balls."""
    return sum((v.abs_upper() ** 2 for v in x.entries()), arb(0)).sqrt().upper()
