r"""That the loss is not convex, that it has strict local minima, and that a target is not met by accident: in balls.

Neurons at few places :math:`w^{(a)}`, a share :math:`\theta_a` of all p at each, give
:math:`f_i=c\sum_a\theta_a\sigma(x_i\cdot w^{(a)})`, :math:`q_i=1/(1+e^{y_if_i})`; p times the gradient of L in such a
neuron is :math:`\nabla h_q(w^{(a)})`, and

.. math:: p\,\nabla^2L = \operatorname{blockdiag}\bigl(\nabla^2h_q(w_j)\bigr)+\tfrac{c^2}p\sum_i\omega_iq_i(1-q_i)
          \bigl(\sigma'(x_i\cdot w_j)\sigma'(x_i\cdot w_k)\,x_ix_i^\top\bigr)_{jk} .

The last matrix is positive semidefinite, and vanishes on directions that move two neurons of one place apart. So a zero
of the gradient with all :math:`\nabla^2h_q(w^{(a)})` positive is a strict local minimum in dimension pd, and a place
with two neurons and a negative :math:`e^\top\nabla^2h_q(w^{(a)})e` shows a negative eigenvalue.
docs/papers/two_layer_logistic/one-neuron.md, section 6.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy.integrate
import scipy.optimize
from flint import arb, arb_mat

from ......theory.errors import DerivationGap, PrecisionExhausted
from .....balls.ball import enclose
from .....balls.precision import precision
from .case import Floats, NeuronCase
from .plan import occupied_loss

BITS = 96
INFLATION = arb(2) ** -20
ATTEMPTS = 4
TIME = 60.0
"""How long the gradient is followed, times λp, before Newton's method."""
Place = tuple[Fraction, ...]


@dataclass(frozen=True, eq=False)
class StrictMinimum:
    r"""``places`` enclose a zero of the gradient, ``counts`` say how many neurons are at each; ``loss`` is L there.

    ``curvature`` is a lower bound of :math:`p\lambda_{\min}(\nabla^2L)`, positive. One such for each choice of neurons.
    """

    case: NeuronCase
    places: tuple[arb, ...]
    counts: tuple[int, ...]
    loss: arb
    curvature: arb


def tilts(case: NeuronCase, places: Sequence[Sequence[arb]], shares: Sequence[Fraction]) -> tuple[arb, ...]:
    """q at these places."""
    found = []
    for x, (_, y, _) in zip(case.points, case.data, strict=True):
        f = arb(0)
        for w, share in zip(places, shares, strict=True):
            f += enclose(share * case.outer) * sum((a * v for a, v in zip(x, w, strict=True)), arb(0)).tanh()
        found.append(1 / (1 + (y * f).exp()))
    return tuple(found)


def block(case: NeuronCase, q: Sequence[arb], w: Sequence[arb], direction: Sequence[arb]) -> arb:
    r""":math:`e^\top\nabla^2h_q(w)e`, by :math:`\tanh''=-2\tanh(1-\tanh^2)`."""
    total = enclose(case.rate) * sum((e * e for e in direction), arb(0))
    for x, sign, v in zip(case.points, case.signs, q, strict=True):
        t = sum((a * b for a, b in zip(x, w, strict=True)), arb(0)).tanh()
        along = sum((a * e for a, e in zip(x, direction, strict=True)), arb(0))
        total += enclose(case.outer * sign) * v * along * along * 2 * t * (1 - t * t)
    return total


@dataclass(frozen=True, eq=False)
class NegativeCurvature:
    r"""Two neurons at ``pair``, the others at ``rest``: in the direction that moves the two apart along ``direction``
    the quotient of Rayleigh of :math:`\nabla^2L` is ``quotient`` times λ, which is negative."""

    pair: Place
    rest: Place
    direction: Place
    quotient: arb


def negative_curvature(case: NeuronCase, pair: Place, rest: Place, direction: Place) -> NegativeCurvature:
    """At given places; raises :class:`DerivationGap` where the quotient is not proved to be negative."""
    with precision(BITS):
        w, v, e = (tuple(enclose(x) for x in place) for place in (pair, rest, direction))
        shares = (Fraction(2, case.width), 1 - Fraction(2, case.width))
        q = tilts(case, (w, v), shares)
        quotient = block(case, q, w, e) / sum((x * x for x in e), arb(0)) / enclose(case.rate)
        if case.width < 2 or not quotient < 0:
            raise DerivationGap(f"{case.name}: no negative eigenvalue of the Hessian was found at {pair}.")
        return NegativeCurvature(pair, rest, direction, quotient)


def _mean_axis(case: NeuronCase) -> tuple[Floats, Floats, Floats, Place]:
    """The inputs and their signed weights in float64, the direction of their mean, and a rational direction near it."""
    inputs, signs = np.array([[float(v) for v in x] for x, _, _ in case.data]), np.array([float(v) for v in case.signs])
    mean = signs @ inputs
    axis = mean / np.linalg.norm(mean) if np.linalg.norm(mean) > 0 else np.eye(case.dimension)[0]
    return inputs, signs, axis, tuple(Fraction(round(float(v) * 2**10), 2**10) for v in axis)


def find_negative_curvature(case: NeuronCase) -> NegativeCurvature:
    """The most negative quotient on a grid of places along the mean of the labelled inputs, proved."""
    inputs, signs, axis, exact = _mean_axis(case)
    grid = np.arange(-48, 49) / 8.0
    labels, c = np.sign(signs), float(case.outer)
    z = np.tanh(np.outer(grid, inputs @ axis))  # (grid, n)
    q = 1 / (1 + np.exp(labels * c * z))  # by the place of the rest
    bend = 2 * z * (1 - z * z) * (inputs @ axis) ** 2 * c * signs  # by the place of the pair
    found = np.unravel_index(int(np.argmin(bend @ q.T)), (grid.size, grid.size))
    pair, rest = (tuple(Fraction(float(grid[k])) * e for e in exact) for k in found)
    return negative_curvature(case, pair, rest, exact)


def strict_minimum(case: NeuronCase, counts: tuple[int, ...], near: tuple[float, ...]) -> StrictMinimum:
    """A strict local minimum with so many neurons near each place, by an interval Newton step in as many unknowns.

    The gradient is followed from ``near`` in floats; where it leads to decides which minimum is proved.

    Raises :class:`PrecisionExhausted` where the step does not prove a zero, :class:`DerivationGap` where a block of
    the Hessian is not proved positive or the case is not one-dimensional.
    """
    if case.dimension != 1 or sum(counts) != case.width or min(counts) < 1:
        raise DerivationGap(f"{case.name}: places on the line, with at least one neuron each and p in all, are needed.")
    shares = tuple(Fraction(k, case.width) for k in counts)
    guess = _float_zero(case, shares, np.array(near))
    with precision(BITS):
        box = _newton(case, shares, guess)
        places = tuple((w,) for w in box)
        q = tilts(case, places, shares)
        if any(a.overlaps(b) for a, b in itertools.combinations(box, 2)):
            raise DerivationGap(f"{case.name}: the neurons near {near} end in one place: there is one well.")
        least = [block(case, q, w, (arb(1),)) for w in places]
        curvature = min((b.lower() for b in least), key=float)
        if not all(b > 0 for b in least):
            raise DerivationGap(f"{case.name}: a zero of the gradient near {near} is not proved to be a minimum.")
        return StrictMinimum(case, box, counts, occupied_loss(case, places, shares), curvature)


def _slopes(case: NeuronCase, shares: Sequence[Fraction], w: Sequence[arb]) -> arb_mat:
    """p times the gradient in one neuron of each place."""
    q = tilts(case, [(v,) for v in w], shares)
    rows = []
    for v in w:
        total = enclose(case.rate) * v
        for x, sign, tilt in zip(case.points, case.signs, q, strict=True):
            t = (x[0] * v).tanh()
            total -= enclose(case.outer * sign) * tilt * x[0] * (1 - t * t)
        rows.append([total])
    return arb_mat(rows)


def _jacobian(case: NeuronCase, shares: Sequence[Fraction], w: Sequence[arb]) -> arb_mat:
    q = tilts(case, [(v,) for v in w], shares)
    rows = []
    for a, v in enumerate(w):
        row = [arb(0)] * len(w)
        row[a] = block(case, q, (v,), (arb(1),))
        for x, (_, _, mass), tilt in zip(case.points, case.data, q, strict=True):
            c = enclose(case.outer)
            spread = enclose(mass) * tilt * (1 - tilt) * (c * x[0]) ** 2
            t = (x[0] * v).tanh()
            for b, (u, share) in enumerate(zip(w, shares, strict=True)):
                s = (x[0] * u).tanh()
                row[b] += spread * enclose(share) * (1 - t * t) * (1 - s * s)
        rows.append(row)
    return arb_mat(rows)


def _newton(case: NeuronCase, shares: Sequence[Fraction], guess: Floats) -> tuple[arb, ...]:
    """A box that holds exactly one zero of the gradient: the image of a box by Newton's operator lies inside it."""
    middle = [arb(float(v)) for v in guess]
    width = INFLATION
    for _ in range(ATTEMPTS):
        box = [m + arb(0, width) for m in middle]
        try:
            step = _jacobian(case, shares, box).solve(_slopes(case, shares, middle))
        except ZeroDivisionError:
            width = width / 1024
            continue
        new = [m - step[k, 0] for k, m in enumerate(middle)]
        if all(b.contains_interior(n) for b, n in zip(box, new, strict=True)):
            return tuple(new)
        width = width / 1024
    raise PrecisionExhausted(f"{case.name}: no zero of the gradient was proved near {guess.tolist()}.")


def _float_zero(case: NeuronCase, shares: Sequence[Fraction], near: Floats) -> Floats:
    inputs = np.array([float(x[0]) for x, _, _ in case.data])
    signs = np.array([float(v) for v in case.signs])
    theta, c = np.array([float(s) for s in shares]), float(case.outer)

    def slopes(w: Floats) -> Floats:
        z = np.tanh(np.outer(inputs, w))
        q = 1 / (1 + np.exp(np.sign(signs) * c * (z @ theta)))
        return np.asarray(float(case.rate) * w - c * (signs * q * inputs) @ (1 - z * z))

    flow = scipy.integrate.solve_ivp(lambda _, w: -slopes(w), (0.0, TIME / float(case.rate)), near, method="LSODA")
    return np.asarray(scipy.optimize.root(slopes, flow.y[:, -1], tol=1e-14).x, dtype=np.float64)


def drop(case: NeuronCase, place: Place) -> arb:
    """L(0) less L where all neurons are at a place: a lower bound of L(0) - inf L."""
    with precision(BITS):
        zero = tuple(arb(0) for _ in place)
        at = tuple(enclose(v) for v in place)
        return occupied_loss(case, (zero,), (1,)) - occupied_loss(case, (at,), (1,))


def find_drop(case: NeuronCase) -> tuple[Place, arb]:
    """The place on a line through 0 with the largest drop on a grid, proved."""
    exact = _mean_axis(case)[3]
    places = [tuple(Fraction(k, 16) * e for e in exact) for k in range(-96, 97)]
    best = max(places, key=lambda w: float(drop(case, w)))
    return best, drop(case, best)
