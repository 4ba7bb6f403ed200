"""Activations at the front door: exact functions with their certified transforms."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from .models import DEFAULT_BITS, precision_bits, whole
from .numerics.balls.ball import Ball
from .numerics.balls.precision import precision, undisturbed
from .theory.activations.activation import Activation, from_expression
from .theory.activations.activation import activation as parse_activation
from .theory.errors import SpecError
from .theory.numbers import Exact, rational

if TYPE_CHECKING:
    import sympy
    from flint import arb

MAX_ORDER = 100_000
"""The largest Hermite order that can be asked for; the time grows with its square."""


@dataclass(frozen=True, slots=True)
class ActivationHandle:
    """An activation with its certified transforms; made by :func:`activation`, shown as LaTeX in a notebook."""

    exact: Activation

    @property
    def name(self) -> str:
        """The name or expression it was made from."""
        return self.exact.name

    @property
    def expression(self) -> sympy.Expr:
        """The exact expression in ``x``."""
        return self.exact.expression

    @undisturbed
    def hermite(self, order: int, variance: Exact = 1, *, bits: int = DEFAULT_BITS) -> tuple[Ball, ...]:
        r"""The Hermite coefficients :math:`\mu_r = \mathbb E\,\phi(\sqrt v z) h_r(z)`, r = 0..order, as balls.

        ``h_r`` are the normalised probabilists' Hermite polynomials. Raises :class:`SpecError` when the activation is
        not square-integrable at this variance. Proof of the enclosures: docs/theory/hermite-coefficients.md.

        >>> activation("tanh").hermite(3, variance="2")[2]
        Ball(0)
        """
        from .numerics.hermite import hermite_transform

        order, bits = whole(order, "order", 0, MAX_ORDER), precision_bits(bits)
        found = hermite_transform(self.exact, order, _variance(variance), bits)
        return tuple(_rounded(mu, bits) for mu in found.coefficients)

    @undisturbed
    def hermite_tail(self, order: int, variance: Exact = 1, *, bits: int = DEFAULT_BITS) -> Ball:
        r"""The rest :math:`\sum_{r>R} \mu_r^2` of the Hermite series beyond ``order``, as a ball."""
        from .numerics.hermite import hermite_transform

        order, bits = whole(order, "order", 0, MAX_ORDER), precision_bits(bits)
        return _rounded(hermite_transform(self.exact, order, _variance(variance), bits).tail, bits)

    @undisturbed
    def dual(self, a: Exact, b: Exact, c: Exact, *, bits: int = DEFAULT_BITS) -> Ball:
        r"""The dual activation :math:`\mathbb E\,\phi(u)\phi(v)`, covariance [[a, c], [c, b]], as a ball.

        The accuracy reached is :attr:`Ball.accuracy_bits`: ``bits``, less what rounding the midpoint takes, or fewer
        where no method reaches it.

        Raises :class:`SpecError` unless a, b >= 0 and c^2 <= ab, and :class:`PrecisionExhausted` when not one digit
        would be correct. Proof: docs/theory/dual-activations.md.

        >>> activation("sin").dual("1", "1", "0").contains(0)
        True
        """
        from .numerics.balls.ball import enclose
        from .numerics.dual import dual, require_digits
        from .numerics.expressions.growth import require_square_integrable

        bits = precision_bits(bits)
        exact = (rational(a, what="a"), rational(b, what="b"), rational(c, what="c"))
        largest = max(exact[:2])
        if largest > 0:
            require_square_integrable(self.exact.expression, enclose(largest), name=self.name)
        found = dual(self.exact, *exact, bits)
        require_digits(found, self.exact, exact[:2], bits)
        return _rounded(found, bits)

    def dual_closed_form(self) -> sympy.Expr | None:
        r"""The dual as a sympy expression in the symbols a, b, c, or None where no closed form is known here.

        It may contain ``normal_cdf`` and ``bivariate_normal_cdf`` (:math:`\Phi` and :math:`\Phi_2`), as for ELU and
        hard tanh; such a form comes from the derivation engine, and only with every line proved (docs/derivations.md).
        It is meant for :math:`c^2<ab`: at the ends some forms read 0/0, and :meth:`dual` has the value.

        >>> activation("sign").dual_closed_form()
        2*asin(c/(sqrt(a)*sqrt(b)))/pi
        >>> print(activation("step(x - 1)").dual_closed_form())
        bivariate_normal_cdf(-1/sqrt(a), -1/sqrt(b), c/(sqrt(a)*sqrt(b)))
        """
        from .theory.closed_forms import dual_closed_form
        from .theory.derivations.dual import derive_dual
        from .theory.derivations.verify import verify

        found = dual_closed_form(self.exact)
        if found is not None:
            return found
        derivation = derive_dual(self.exact)
        return derivation.result if derivation.derived and all(verify(derivation)) else None

    def derivative(self) -> ActivationHandle:
        r"""The derivative almost everywhere, again an activation: on each smooth piece the derivative of the piece.

        Where the activation is continuous, it is the integral of this derivative. A jump leaves no trace in it: the
        derivative of ``step`` is 0, and Price's theorem needs the point masses in addition (``exact.continuous`` says
        whether continuity is proved). Raises :class:`DerivationGap` for a function that no rule differentiates.

        >>> activation("gelu").derivative()
        activation('sqrt(2)*x*exp(-x**2/2)/(2*sqrt(pi)) + normal_cdf(x)')
        >>> activation("relu").derivative().dual(1, 1, 0).contains("1/4")
        True
        >>> activation("softplus").derivative().name
        'sigmoid'
        """
        return ActivationHandle(from_expression(self.exact.derivative()))

    @undisturbed
    def lipschitz(self, *, bits: int = DEFAULT_BITS) -> Ball | None:
        """The Lipschitz constant sup|φ'| as a ball, or None when no finite one is known."""
        from .numerics.expressions.regularity import regularity

        found = regularity(self.exact, precision_bits(bits)).lipschitz
        return None if found is None else Ball(found)

    def _repr_latex_(self) -> str:
        return self.exact._repr_latex_()

    def __repr__(self) -> str:
        return f"activation({self.exact.name!r})"


def activation(name: str) -> ActivationHandle:
    """An activation by name ("tanh", "leaky_relu(1/10)") or as an expression in x ("x*exp(-x**2/2)").

    The text is parsed by a small grammar over known functions, never evaluated. Raises :class:`SpecError` with the
    place of the problem and a suggestion.

    >>> activation("erf(2*x)/3").exact.parity
    'odd'
    """
    return ActivationHandle(parse_activation(name))


def exact_activation(given: str | ActivationHandle) -> Activation:
    """The activation behind a handle, a name or an expression."""
    return given.exact if isinstance(given, ActivationHandle) else parse_activation(given)


def _rounded(x: arb, bits: int) -> Ball:
    """The ball with its midpoint rounded to ``bits`` digits; the rounding is added to the radius."""
    with precision(bits):
        return Ball(+x)


def _variance(value: Exact) -> Fraction:
    variance = rational(value, what="variance")
    if variance < 0:
        raise SpecError(f"variance = {variance} is negative: give 0 or more.")
    return variance
