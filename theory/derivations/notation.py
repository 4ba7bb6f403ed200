r"""The mathematical objects that derivations speak about, as sympy nodes that print themselves in LaTeX.

Besides sympy's own ``Derivative`` (in the covariance c) and ``Integral`` (over a covariance from 0 to c) there are the
expectation of a bivariate Gaussian, the mean of one Gaussian variable, the distribution function of the standard
bivariate normal law, and the Hermite coefficient. A point mass in a function is sympy's ``DiracDelta``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sympy

from ..activations.functions import X, normal_cdf
from ..closed_forms import A, B, C

T = sympy.Symbol("t", real=True)
"""The variable of integration over covariances."""
SIGMA = sympy.Symbol("sigma", positive=True)
"""The standard deviation in Hermite coefficients."""
R = sympy.Symbol("r", integer=True, nonnegative=True)
"""The order of a Hermite coefficient."""
K = sympy.Symbol("k", integer=True, nonnegative=True)
"""Half of an order: 2k and 2k + 1 are the even and the odd orders."""
Y = sympy.Symbol("y", real=True)
"""The variable of generating functions."""

_U, _V = sympy.Symbol("u", real=True), sympy.Symbol("v", real=True)


def argument_latex(printer: Any, f: sympy.Expr, variable: sympy.Symbol) -> str:
    """A function of ``X`` printed at another variable, in brackets where a product needs them."""
    body = f.xreplace({X: variable})
    text = str(printer._print(body))
    return rf"\left({text}\right)" if body.is_Add else text


class _Bound(sympy.Function):  # type: ignore[misc]  # sympy ships no types
    """A real number of functions whose variable ``BOUND`` is bound here; their other symbols are parameters."""

    BOUND: ClassVar[sympy.Symbol | None] = X

    @property
    def free_symbols(self) -> set[sympy.Symbol]:
        """The symbols of the arguments but the bound one."""
        return set().union(*(arg.free_symbols for arg in self.args)) - {self.BOUND}

    def _eval_is_real(self) -> bool:
        return True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return self._printed(printer, f"^{{{exp}}}" if exp is not None else "")

    def _printed(self, printer: Any, power: str) -> str:
        raise NotImplementedError


class Expectation(_Bound):
    r"""The expectation :math:`E\,f(u)g(v)` of the centred Gaussian pair with covariance [[a, c], [c, b]].

    ``f`` and ``g`` are expressions in ``X``, which is bound here; their other symbols are parameters.

    >>> print(sympy.latex(Expectation(sympy.erf(X), X, A, B, C)))
    \mathbb{E}\left[\operatorname{erf}{\left(u \right)}\; v\right]
    """

    nargs = 5

    @property
    def f(self) -> sympy.Expr:
        """The function of u."""
        return self.args[0]

    @property
    def g(self) -> sympy.Expr:
        """The function of v."""
        return self.args[1]

    @property
    def covariance(self) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
        """The entries a, b, c."""
        return self.args[2:]  # type: ignore[no-any-return]

    def _printed(self, printer: Any, power: str) -> str:
        f, g = (argument_latex(printer, *pair) for pair in ((self.f, _U), (self.g, _V)))
        law = ""
        if self.covariance != (A, B, C):
            law = "_{" + r",\;".join(printer._print(entry) for entry in self.covariance) + "}"
        return rf"\mathbb{{E}}{law}{power}\left[{f}\; {g}\right]"


class Mean(_Bound):
    r"""The mean :math:`E\,f(w)` for :math:`w\sim N(0,s)`; ``f`` is an expression in ``X``, which is bound here.

    >>> print(sympy.latex(Mean(sympy.exp(X), A)))
    \mathbb{E}_{w\sim N(0,\,a)}\left[e^{w}\right]
    """

    nargs = 2

    @property
    def f(self) -> sympy.Expr:
        """The function of w."""
        return self.args[0]

    @property
    def variance(self) -> sympy.Expr:
        """The variance s."""
        return self.args[1]

    def _printed(self, printer: Any, power: str) -> str:
        body = printer._print(self.f.xreplace({X: sympy.Symbol("w", real=True)}))
        return rf"\mathbb{{E}}_{{w\sim N(0,\,{printer._print(self.variance)})}}{power}\left[{body}\right]"


class bivariate_normal_cdf(_Bound):
    r"""The distribution function :math:`\Phi_2(h,k;\rho)=P(z_1\le h,\,z_2\le k)` of correlation :math:`\rho`.

    Its partial derivatives are, with Plackett's identity for the second,
    :math:`\partial_h\Phi_2=\phi(h)\,\Phi\bigl((k-\rho h)/\sqrt{1-\rho^2}\bigr)` and
    :math:`\partial_\rho\Phi_2=\frac1{2\pi\sqrt{1-\rho^2}}\exp\bigl(-\tfrac{h^2-2\rho hk+k^2}{2(1-\rho^2)}\bigr)`.

    >>> h, k, rho = sympy.symbols("h k rho", real=True)
    >>> bivariate_normal_cdf(h, k, 0)
    normal_cdf(h)*normal_cdf(k)
    >>> bivariate_normal_cdf(0, 0, rho)
    asin(rho)/(2*pi) + 1/4
    """

    nargs = 3
    BOUND = None

    @classmethod
    def eval(cls, h: sympy.Expr, k: sympy.Expr, rho: sympy.Expr) -> sympy.Expr | None:
        """Independent coordinates, and the quadrant (Sheppard)."""
        if rho.is_zero:
            return normal_cdf(h) * normal_cdf(k)
        if h.is_zero and k.is_zero:
            return sympy.Rational(1, 4) + sympy.asin(rho) / (2 * sympy.pi)
        return None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """The partial derivatives."""
        h, k, rho = self.args
        rest = 1 - rho**2
        if argindex == 3:
            return sympy.exp(-(h**2 - 2 * rho * h * k + k**2) / (2 * rest)) / (2 * sympy.pi * sympy.sqrt(rest))
        first, second = (h, k) if argindex == 1 else (k, h)
        density = sympy.exp(-(first**2) / 2) / sympy.sqrt(2 * sympy.pi)
        return density * normal_cdf((second - rho * first) / sympy.sqrt(rest))

    def _printed(self, printer: Any, power: str) -> str:
        h, k, rho = (printer._print(arg) for arg in self.args)
        return rf"\Phi_2{power}\left({h},\; {k};\; {rho}\right)"


class HermiteCoefficient(_Bound):
    r"""The coefficient :math:`\mu_r(f;\sigma)=E\,f(\sigma z)h_r(z)`; ``f`` is an expression in ``X``, bound here."""

    nargs = 3

    def _printed(self, printer: Any, power: str) -> str:
        f, order, sigma = (printer._print(arg) for arg in self.args)
        return rf"\mu_{{{order}}}{power}\left({f};\,{sigma}\right)"


class TaylorCoefficient(_Bound):
    r"""The coefficient :math:`[y^r]\,g(y)` of a Taylor series at 0; ``g`` is an expression in ``Y``, bound here."""

    nargs = 2
    BOUND = Y

    def _printed(self, printer: Any, power: str) -> str:
        g, order = (printer._print(arg) for arg in self.args)
        return rf"[y^{{{order}}}]{power}\left({g}\right)"
