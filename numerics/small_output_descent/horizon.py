r"""How long gradient descent with small output weights may take: equation (R) of its lemma, solved in balls.

With :math:`M(t)=\int_0^t\sqrt{\omega_0+2Ys}\,ds` and :math:`r(t)=(\sqrt\lambda-JM(t))_+^2-K(\omega_0+2Yt)` the lemma
asks for a T with :math:`\int_0^Tr\,dt=E_0` and :math:`c=r(T)>0`; then every step multiplies the residual by at most
:math:`1-\eta c`. r does not increase, and falls when J, K, ω_0 or Y grow, or λ falls: bounds of these numbers on the
safe side are taken, as exact ends of balls, and the lemma is applied to them.

Written with :math:`a=\sqrt{\omega_0}` and :math:`b=\sqrt{\omega_0+2Yt}` the integrals have no differences, so that
:math:`Y=0` and :math:`\omega_0=0` are no special cases. Proof: ``theory/lemmas/small_outputs.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from ...theory.errors import SpecError
from ..balls.ball import exact
from ..balls.ends import between
from ..balls.precision import precision

BITS = 128
"""Working precision; more would only narrow the enclosures."""
HALVINGS = 40
"""The least T that is proved to suffice lies within 2^-40 of the interval that was searched from the true one."""


@dataclass(frozen=True, slots=True)
class Start:
    r"""What descent starts from, each number a ball; only the ends on the safe side are used.

    Attributes
    ----------
    least: :math:`\lambda\le\sigma_{\min}(S_0)^2`, with :math:`\sigma_{\min}(S)=\min_{\lVert v\rVert=1}\lVert Sv\rVert`.
    drift: :math:`J`: how fast the tracked features move.
    coupling: :math:`K`: the size of the term that is quadratic in the output weights.
    outputs: :math:`\omega_0\ge\lVert w_0\rVert^2`.
    labels: :math:`Y\ge\lVert y\rVert`.
    residual: :math:`E_0\ge\lVert e_0\rVert`.
    """

    least: arb
    drift: arb
    coupling: arb
    outputs: arb
    labels: arb
    residual: arb

    def safe(self) -> Start | None:
        """The ends on the safe side, as exact numbers; None where a ball is not finite, or λ not proved positive.

        Raises :class:`SpecError` for a number that is proved negative.
        """
        others = {name: getattr(self, name) for name in ("drift", "coupling", "outputs", "labels", "residual")}
        for name, x in others.items():
            if x < 0:
                raise SpecError(f"small-output descent: {name} is {x}, and it is a bound of a norm: give one >= 0.")
        if not (self.least.is_finite() and all(x.is_finite() for x in others.values()) and self.least > 0):
            return None
        return Start(self.least.lower(), **{name: x.upper() for name, x in others.items()})

    def roots(self, t: arb) -> tuple[arb, arb]:
        r""":math:`\sqrt{\omega_0}` and :math:`\sqrt{\omega_0+2Yt}`."""
        return self.outputs.sqrt(), (self.outputs + 2 * self.labels * t).sqrt()

    def path(self, t: arb) -> arb:
        r""":math:`M(t)`, which bounds :math:`\sum\eta\lVert w_k\rVert\lVert e_k\rVert` while the sum of
        :math:`\eta\lVert e_k\rVert` is at most t.

        >>> one = arb(1)
        >>> path = Start(one, one, one, arb(0), 2 * one, one).path(one)
        >>> bool(path.overlaps(one * 4 / 3))  # 2 sqrt(2) sqrt(Y) t^(3/2)/3
        True
        """
        a, b = self.roots(t)
        return 2 * t * (a * a + a * b + b * b) / (3 * (a + b)) if a + b > 0 else arb(0)

    def rate(self, t: arb) -> arb:
        r""":math:`r(t)`; the positive part is taken of the ball, so that it is right everywhere."""
        left = self.least.sqrt() - self.drift * self.path(t)
        return left.max(arb(0)) ** 2 - self.coupling * (self.outputs + 2 * self.labels * t)

    def covered(self, t: arb) -> arb:
        r""":math:`\int_0^tr`, for a t with :math:`JM(t)\le\sqrt\lambda`.

        With :math:`q=5b^5+15ab^4+30a^2b^3+34a^3b^2+27a^4b+9a^5`:
        :math:`\lambda t-\frac{4Jt^2\sqrt\lambda(2b^3+4ab^2+6a^2b+3a^3)}{15(a+b)^2}+\frac{J^2t^3q}{45(a+b)^3}
        -K(\omega_0t+Yt^2)`.
        """
        a, b = self.roots(t)
        total = self.least * t - self.coupling * t * (self.outputs + self.labels * t)
        if not a + b > 0:
            return total
        once = 2 * t**2 * (2 * b**3 + 4 * a * b**2 + 6 * a**2 * b + 3 * a**3) / (15 * (a + b) ** 2)
        q = 5 * b**5 + 15 * a * b**4 + 30 * a**2 * b**3 + 34 * a**3 * b**2 + 27 * a**4 * b + 9 * a**5
        return total - 2 * self.drift * self.least.sqrt() * once + self.drift**2 * t**3 * q / (45 * (a + b) ** 3)

    def positive(self, t: arb) -> bool:
        """Whether r(t) > 0 is proved, and with it that the formula of :meth:`covered` applies up to t."""
        return bool(self.least.sqrt() > self.drift * self.path(t)) and bool(self.rate(t) > 0)


@dataclass(frozen=True, slots=True)
class Horizon:
    r"""The solution of (R) for the ends on the safe side; the lemma holds with these very numbers.

    Attributes
    ----------
    time: a ball around T; its upper end is at least every sum of :math:`\eta\lVert e_k\rVert`.
    rate: a ball around :math:`c=r(T)`, with a lower end above 0: :math:`\lVert e_{k+1}\rVert\le(1-\eta c)\lVert
        e_k\rVert` with that end.
    path: a ball around :math:`M(T)`; its upper end is at least :math:`\sum\eta\lVert w_k\rVert\lVert e_k\rVert`.
    outputs: a ball around :math:`\omega_0+2YT`; its upper end is at least every :math:`\lVert w_k\rVert^2`.
    """

    time: arb
    rate: arb
    path: arb
    outputs: arb

    def steps(self, step: arb, factor: arb) -> int:
        r"""A number of steps after which :math:`L(k)\le\text{factor}\cdot L(0)` is proved for this step size.

        The least k with :math:`(1-\eta c)^{2k}\le\text{factor}` for the lower ends of η and c, or one more where the
        enclosure of its logarithms does not tell. The step must be one that the lemma admits: :func:`largest_step`.
        Raises :class:`SpecError` for a step or a factor that is not proved positive, and for steps with
        :math:`\eta c>1`, which the lemma never admits.
        """
        with precision(BITS):
            shrink, share = step.lower() * self.rate.lower(), factor.lower()
            if not (shrink > 0 and share > 0):
                raise SpecError("small-output descent: the step and the factor of the loss must be positive.")
            if share >= 1:
                return 0
            if shrink > 1:
                raise SpecError("small-output descent: step times rate is above 1, so the step is above 2/(Λ + λ).")
            if shrink == 1:
                return 1
            return int(exact((share.log() / (2 * (-shrink).log1p())).upper().ceil()))


def largest_step(largest: arb, least: arb) -> arb:
    r""":math:`2/(\Lambda+\lambda)`, the largest step that the lemma admits; Λ bounds every :math:`\lVert F_k\rVert^2`.

    Only its lower end may be used as a step.
    """
    return 2 / (largest + least)


def horizon(start: Start) -> Horizon | None:
    r"""Solve (R); None where no T with :math:`\int_0^Tr\ge E_0` and :math:`r(T)>0` is proved to exist.

    With :math:`E_0=0` nothing has to be learnt: the time is 0 and the rate r(0).

    >>> one = arb(1)
    >>> start = Start(one, 1 / (9 * arb(2).sqrt()), one / 9, arb(0), one, one)  # C = 9, beta = kappa/3
    >>> found = horizon(start)
    >>> bool(found.rate > arb("0.505")), bool(found.rate < arb("0.506")), bool(found.time < arb("1.297"))
    (True, True, True)
    >>> horizon(Start(one, one / 6, one / 6, arb(0), one, one)) is None
    True
    """
    with precision(BITS):
        safe = start.safe()
        if safe is None or not safe.positive(arb(0)):
            return None
        if safe.residual.is_zero():
            return Horizon(arb(0), safe.rate(arb(0)), arb(0), safe.outputs)
        low = (safe.residual / safe.least).lower()  # r <= λ: no less is enough
        high = low * 2
        while safe.positive(high) and not safe.covered(high) >= safe.residual:
            low, high = high, high * 2
        for _ in range(HALVINGS):
            middle = ((low + high) / 2).mid()
            if safe.positive(middle) and not safe.covered(middle) >= safe.residual:
                low = middle
            else:
                high = middle
        if not (safe.positive(high) and safe.covered(high) >= safe.residual):
            return None
        below = low if safe.covered(low) <= safe.residual else (safe.residual / safe.least).lower()
        t = between(below, high)
        falls = between(safe.rate(high).lower(), safe.rate(below).upper())
        path = between(safe.path(below).lower(), safe.path(high).upper())
        found = Horizon(t, falls, path, safe.outputs + 2 * safe.labels * t)
        return found if found.rate > 0 else None
