r"""The rules of derivation as data. Their proofs are in docs/derivations.md, sections 2 and 4."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..claims.claim import Reference
from .step import Rule

_OURS = "docs/derivations.md, section 2"
_COEFFICIENTS = "docs/derivations.md, section 4"
_GROWTH = r"$f$, $g$ and the derivatives that occur grow at most exponentially, apart from point masses"
_LAW = r"$a,b>0$ and $c^2<ab$"


def _rule(
    name: str, title: str, statement: str, *conditions: str, key: str = "", where: str = "", ours: str = _OURS
) -> tuple[str, Rule]:
    default = (r"$s>0$",) if name.startswith(("mean", "moments")) else (_LAW,)
    return name, Rule(name, title, statement, conditions or default, Reference(key or "own", where, ours))


RULES: Mapping[str, Rule] = MappingProxyType(
    dict(
        [
            _rule(
                "price",
                "Price's theorem",
                r"\partial_c\,\mathbb E[f(u)g(v)]=\mathbb E[f'(u)g'(v)]",
                _LAW,
                _GROWTH,
                key="price1958",
            ),
            _rule(
                "integration",
                "integration in c, with independence at c = 0",
                r"\mathbb E[f(u)g(v)]=\mathbb E[f(u)]\,\mathbb E[g(v)]"
                r"+\int_0^c\partial_t\,\mathbb E_{a,b,t}[f(u)g(v)]\,dt",
                _LAW,
                _GROWTH,
            ),
            _rule(
                "antiderivative",
                "antiderivative, checked by differentiation",
                r"\int_0^ch(t)\,dt=H(c)\iff H'=h,\ H(0)=0",
                r"$H$ is continuously differentiable on $c^2<ab$",
            ),
            _rule("substitution", "substitution of earlier lines", r"x=y\Rightarrow F(x)=F(y)", "none"),
            _rule(
                "instance",
                "an earlier line at another covariance",
                r"\mathbb E_{a,b,c}[f(u)g(v)]=F(a,b,c)\Rightarrow\mathbb E_{a',b',c'}[f(u)g(v)]=F(a',b',c')",
                r"$a',b'>0$ and $c'^2<a'b'$",
            ),
            _rule(
                "specialisation",
                "the parameters take their values",
                r"F(\alpha)=G(\alpha)\ \text{for all }\alpha\Rightarrow F(\alpha_0)=G(\alpha_0)",
                "the values lie in the domain of the parameters",
            ),
            _rule(
                "rewriting",
                "the same function, written otherwise",
                r"f=\tilde f\ \text{a.e.}\Rightarrow\mathbb E[f(u)g(v)]=\mathbb E[\tilde f(u)g(v)]",
                _LAW,
            ),
            _rule(
                "bilinearity",
                "bilinearity",
                r"\mathbb E\bigl[\textstyle\sum_i\kappa_if_i(u)\sum_j\lambda_jg_j(v)\bigr]"
                r"=\textstyle\sum_{i,j}\kappa_i\lambda_j\,\mathbb E[f_i(u)g_j(v)]",
            ),
            _rule("marginal", "a constant factor", r"\mathbb E[f(u)\,\kappa]=\kappa\,\mathbb E_{w\sim N(0,a)}[f(w)]"),
            _rule(
                "symmetry",
                "reflection of both variables",
                r"\mathbb E[f(u)g(v)]=0",
                r"$f$ is even and $g$ odd, or the reverse",
            ),
            _rule(
                "point-mass",
                "a point mass fixes its variable",
                r"\mathbb E[\delta(u-s)g(v)]=\frac{e^{-s^2/(2a)}}{\sqrt{2\pi a}}\,"
                r"\mathbb E_{w\sim N(0,\,b-c^2/a)}\bigl[g\bigl(w+\tfrac{cs}a\bigr)\bigr]",
            ),
            _rule(
                "square",
                "completing the square",
                r"\mathbb E\bigl[f(u)e^{-\alpha u^2}g(v)e^{-\beta v^2}\bigr]=D^{-1/2}\,\mathbb E_{a',b',c'}[f(u)g(v)],"
                r"\quad D=(1+2\alpha a)(1+2\beta b)-4\alpha\beta c^2,"
                r"\ a'=\tfrac{a+2\beta\Delta}D,\ b'=\tfrac{b+2\alpha\Delta}D,\ c'=\tfrac cD,\ \Delta=ab-c^2",
                _LAW,
                r"$\alpha,\beta\ge0$",
            ),
            _rule(
                "shift",
                "moving the mean (Cameron and Martin)",
                r"\mathbb E\bigl[f(u)e^{pu}g(v)e^{qv}\bigr]=e^{(p^2a+2pqc+q^2b)/2}\,"
                r"\mathbb E\bigl[f(u+pa+qc)\,g(v+pc+qb)\bigr]",
                key="cameron1944",
            ),
            _rule(
                "wick",
                "Isserlis' theorem",
                r"\mathbb E[u^jv^k]=\sum_l\frac{j!\,k!}{(\frac{j-l}2)!\,(\frac{k-l}2)!\,l!\,2^{(j+k)/2-l}}\,"
                r"a^{\frac{j-l}2}b^{\frac{k-l}2}c^l",
                r"the sum is over $0\le l\le\min(j,k)$ with $l\equiv j\equiv k\pmod 2$",
                key="isserlis1918",
            ),
            _rule(
                "stein",
                "Stein's identity",
                r"\mathbb E[u\,f(u)g(v)]=a\,\mathbb E[f'(u)g(v)]+c\,\mathbb E[f(u)g'(v)]",
                _LAW,
                _GROWTH,
                key="stein1981",
            ),
            _rule(
                "waves",
                "product to sum",
                r"\mathbb E[\cos(\omega u+\varphi)\cos(\omega'v+\varphi')]=\tfrac12e^{-(\omega^2a+\omega'^2b)/2}"
                r"\bigl(e^{-\omega\omega'c}\cos(\varphi+\varphi')+e^{\omega\omega'c}\cos(\varphi-\varphi')\bigr)",
            ),
            _rule(
                "orthant",
                "the probability of a quadrant",
                r"\mathbb E[\Phi(\alpha u+s)\,\Phi(\beta v+t)]=\Phi_2\Bigl(\tfrac s{\sqrt{1+\alpha^2a}},\,"
                r"\tfrac t{\sqrt{1+\beta^2b}};\,\tfrac{\alpha\beta c}{\sqrt{1+\alpha^2a}\sqrt{1+\beta^2b}}\Bigr)",
                _LAW,
                r"$\operatorname{erf}(x)=2\Phi(\sqrt2x)-1$; indicators are the limit $\alpha\to\pm\infty$; "
                r"$\Phi_2(0,0;\rho)=\frac14+\frac1{2\pi}\arcsin\rho$",
                key="sheppard1899",
            ),
            _rule(
                "mean-linearity",
                "linearity",
                r"\mathbb E\bigl[\textstyle\sum_i\kappa_if_i(w)\bigr]=\textstyle\sum_i\kappa_i\,\mathbb E[f_i(w)]",
            ),
            _rule(
                "moments",
                "Gaussian moments",
                r"\mathbb E_{w\sim N(0,s)}[w^{2k}]=(2k-1)!!\,s^k,\quad\mathbb E[w^{2k+1}]=0",
            ),
            _rule(
                "mean-point-mass",
                "a point mass",
                r"\mathbb E_{w\sim N(0,s)}[\delta(w-t)h(w)]=\frac{h(t)\,e^{-t^2/(2s)}}{\sqrt{2\pi s}}",
            ),
            _rule(
                "mean-square",
                "completing the square",
                r"\mathbb E_{w\sim N(0,s)}\bigl[f(w)e^{-\alpha w^2}\bigr]=\tfrac1{\sqrt{1+2\alpha s}}\,"
                r"\mathbb E_{w\sim N(0,\,s/(1+2\alpha s))}[f(w)]",
                r"$\alpha\ge0$",
            ),
            _rule(
                "mean-shift",
                "moving the mean",
                r"\mathbb E_{w\sim N(0,s)}[f(w)e^{pw}]=e^{p^2s/2}\,\mathbb E_{w\sim N(0,s)}[f(w+ps)]",
                key="cameron1944",
            ),
            _rule(
                "mean-stein",
                "Stein's identity",
                r"\mathbb E_{w\sim N(0,s)}[w\,f(w)]=s\,\mathbb E[f'(w)]",
                _GROWTH,
                key="stein1981",
            ),
            _rule(
                "mean-wave",
                "the mean of a wave",
                r"\mathbb E_{w\sim N(0,s)}[\cos(\omega w+\varphi)]=e^{-\omega^2s/2}\cos\varphi",
            ),
            _rule(
                "mean-saturating",
                "the mean of a distribution function",
                r"\mathbb E_{w\sim N(0,s)}[\Phi(\alpha w+t)]=\Phi\bigl(\tfrac t{\sqrt{1+\alpha^2s}}\bigr)",
                r"$\operatorname{erf}(x)=2\Phi(\sqrt2x)-1$; indicators are the limit $\alpha\to\pm\infty$",
            ),
            _rule(
                "generating-function",
                "the generating function of Hermite coefficients",
                r"\mu_r(f;\sigma)=\sqrt{r!}\,[y^r]\,\mathbb E_{w\sim N(0,\sigma^2)}[f(w+\sigma y)]",
                r"$f$ is a function that grows at most exponentially",
                ours=_COEFFICIENTS,
            ),
            _rule(
                "taylor",
                "Taylor coefficients",
                r"e^{py}=\sum_r\tfrac{p^r}{r!}y^r,\quad\cos(\omega y+\varphi)=\sum_r\tfrac{\omega^r}{r!}"
                r"\cos\bigl(\varphi+\tfrac{r\pi}2\bigr)y^r,\qquad e^{-qy^2}=\sum_k\tfrac{(-q)^k}{k!}y^{2k},\quad"
                r"\operatorname{erf}(qy)=\tfrac2{\sqrt\pi}\sum_k\tfrac{(-1)^kq^{2k+1}}{k!\,(2k+1)}y^{2k+1}",
                r"a factor $y^m$ moves the order by $m$, and $\Phi(x)=\frac12(1+\operatorname{erf}(x/\sqrt2))$",
                ours=_COEFFICIENTS,
            ),
        ]
    )
)
"""All rules by name; every step of a derivation names one of them."""
