r"""Elementary terms: what sums of them are the functions with closed duals.

A term is :math:`\kappa\,x^k e^{px-\alpha x^2}\,g(x)`, :math:`\alpha\ge0`, with a core g that is 1, a wave
:math:`\cos(\omega x+\varphi)`, a *saturating* function (:math:`\operatorname{erf}(\gamma x+s)`,
:math:`\Phi(\gamma x+s)`, :math:`\operatorname{sign}(x-t)`, an indicator :math:`\mathbf 1_{x>t}` or
:math:`\mathbf 1_{x<t}`), or a point mass :math:`\delta(x-t)`. The parameters may be expressions in the covariance, so
that thresholds can move with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy

from ..errors import DerivationGap
from .functions import X, normal_cdf

MAX_DEGREE = 64
"""Largest power of x that is expanded."""
_ZERO, _ONE = sympy.S.Zero, sympy.S.One


@dataclass(frozen=True, slots=True)
class Term:
    r"""One term; ``core`` is "one", "wave", "erf", "cdf", "sign", "above", "below" or "mass".

    ``scale`` and ``shift`` are :math:`(\omega,\varphi)` of a wave and :math:`(\gamma,s)` of a function of
    :math:`\gamma x+s`; for sign, above, below and mass, ``shift`` is the threshold t.
    """

    coefficient: sympy.Expr = _ONE
    power: int = 0
    rate: sympy.Expr = _ZERO
    decay: sympy.Expr = _ZERO
    core: str = "one"
    scale: sympy.Expr = _ZERO
    shift: sympy.Expr = _ZERO

    @property
    def function(self) -> sympy.Expr:
        """The term without its coefficient, as an expression in ``X``."""
        exponent = self.rate * X - self.decay * X**2
        return X**self.power * sympy.exp(exponent) * self.core_function

    @property
    def core_function(self) -> sympy.Expr:
        """The core, as an expression in ``X``."""
        inner = self.scale * X + self.shift
        match self.core:
            case "wave":
                return sympy.cos(inner)
            case "erf":
                return sympy.erf(inner)
            case "cdf":
                return normal_cdf(inner)
            case "sign":
                return sympy.sign(X - self.shift)
            case "above":
                return sympy.Heaviside(X - self.shift)
            case "below":
                return sympy.Heaviside(self.shift - X)
            case "mass":
                return sympy.DiracDelta(X - self.shift)
        return _ONE

    @property
    def saturating(self) -> bool:
        """Whether the core has limits at both ends that differ."""
        return self.core in ("erf", "cdf", "sign", "above", "below")

    @property
    def polynomial(self) -> bool:
        """Whether the term is a multiple of a power of x."""
        return self.core == "one" and self.rate == 0 and self.decay == 0

    @property
    def bare(self) -> Term:
        """The same with coefficient 1."""
        return replace(self, coefficient=_ONE)


def elementary_term(product: sympy.Expr) -> Term:
    """One expanded product as a term; raises :class:`DerivationGap` for one that is none."""
    coefficient, factors = product.as_independent(X, as_Add=False)
    power, exponent = 0, _ZERO
    core = Term()
    for factor in sympy.Mul.make_args(factors):
        base, degree = (factor, _ONE) if isinstance(factor, sympy.exp) else factor.as_base_exp()
        if factor == 1:
            continue
        if base == X and degree.is_Integer and 0 < degree <= MAX_DEGREE:
            power += int(degree)
        elif isinstance(factor, sympy.exp):
            exponent += factor.args[0]
        elif core.core == "one" and degree == 1:
            core = _core(base)
        else:
            raise DerivationGap(f"no rule for the factor {factor} of {product}: it is not an elementary term.")
    constant, rate, quadratic = _coefficients(exponent)
    if not (-quadratic).is_nonnegative:
        raise DerivationGap(f"exp({exponent}) is not seen to be square-integrable at every variance.")
    return replace(
        core, coefficient=coefficient * sympy.exp(constant) * core.coefficient, power=power, rate=rate, decay=-quadratic
    )


def _core(factor: sympy.Expr) -> Term:
    names = {sympy.erf: "erf", normal_cdf: "cdf", sympy.cos: "wave", sympy.sin: "wave"}
    kinks = {sympy.Heaviside: "above", sympy.sign: "sign", sympy.DiracDelta: "mass"}
    if factor.func not in names and factor.func not in kinks:
        raise DerivationGap(f"no rule for the factor {factor}: it is not an elementary function with a closed form.")
    shift, scale, quadratic = _coefficients(factor.args[0])
    if quadratic != 0 or scale == 0:
        raise DerivationGap(f"no rule for {factor}: its argument is not affine.")
    if factor.func in names:
        shift = shift - sympy.pi / 2 if isinstance(factor, sympy.sin) else shift
        return Term(core=names[factor.func], scale=scale, shift=shift)
    if not (scale.is_positive or scale.is_negative):
        raise DerivationGap(f"no rule for {factor}: the sign of {scale} is not known.")
    threshold, rising = sympy.expand(-shift / scale), bool(scale.is_positive)
    if factor.func is sympy.Heaviside:
        return Term(core="above" if rising else "below", shift=threshold)
    size = abs(scale) ** -1 if factor.func is sympy.DiracDelta else _ONE if rising else -_ONE
    return Term(coefficient=size, core=kinks[factor.func], shift=threshold)


def _coefficients(argument: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    if not argument.has(X):
        return argument, _ZERO, _ZERO
    if not argument.is_polynomial(X):
        raise DerivationGap(f"the argument {argument} is not a polynomial in x.")
    found = sympy.Poly(argument, X)
    if found.degree() > 2:
        raise DerivationGap(f"the argument {argument} is not a quadratic polynomial.")
    return found.nth(0), found.nth(1), found.nth(2)
