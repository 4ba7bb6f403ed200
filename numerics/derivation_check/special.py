r"""The bivariate normal distribution function in ball arithmetic, by Plackett's integral.

.. math:: \Phi_2(h,k;\rho)=\Phi(h)\Phi(k)
          +\frac1{2\pi}\int_0^{\arcsin\rho}\exp\Bigl(-\frac{h^2-2hk\sin\theta+k^2}{2\cos^2\theta}\Bigr)d\theta .

(:math:`\partial_\rho\Phi_2` is the density at (h, k); substitute :math:`\rho=\sin\theta`.) The integrand is
analytic where :math:`\cos\theta\ne0`, and the path stays left of :math:`\pi/2`. Near :math:`\rho=1` the exponent,
:math:`-\frac{(h-k)^2}{2\cos^2\theta}-\frac{hk}{1+\sin\theta}`, makes the integrand negligible when h and k differ; then

.. math:: 0\le\Phi(\min(h,k))-\Phi_2(h,k;\rho)\le\tfrac1{2\pi}\bigl(\tfrac\pi2-\arcsin\rho\bigr)
          \exp\Bigl(-\frac{(h-k)^2}{2(1-\rho^2)}-\min\bigl(\tfrac{hk}{1+\rho},\tfrac{hk}2\bigr)\Bigr).

Negative correlations are reflected, :math:`\Phi_2(h,k;\rho)=\Phi(h)-\Phi_2(h,-k;-\rho)`.
"""

from __future__ import annotations

from flint import acb, arb

NEGLIGIBLE = 40
"""Exponent from which the integral between the correlation and 1 is bounded instead of computed."""


def normal_cdf(x: arb) -> arb:
    """The distribution function of the standard normal law, relatively accurate in both tails."""
    return (-x / arb(2).sqrt()).erfc() / 2


def bivariate_normal_cdf(h: arb, k: arb, rho: arb) -> arb:
    """The probability that both coordinates are below h and k, |rho| <= 1; both are one, or opposite, at an exact ±1.

    >>> bivariate_normal_cdf(arb(0), arb(0), arb(0.5)).overlaps(arb(1) / 3)
    True
    """
    if rho < 0:
        return normal_cdf(h) - bivariate_normal_cdf(h, -k, -rho)
    if rho == 1:
        return normal_cdf(h.min(k))
    defect = (1 - rho * rho).nonnegative_part()
    angle = arb.atan2(rho, defect.sqrt())
    fading = (h - k) * (h - k) / (2 * defect)
    if rho > 0.75 and fading > NEGLIGIBLE:
        product = h * k
        bound = (arb.pi() / 2 - angle) / (2 * arb.pi()) * (-fading - (product / (1 + rho)).min(product / 2)).exp()
        return normal_cdf(h.min(k)) - arb(0).union(bound)

    def integrand(theta: acb, analytic: bool) -> acb:
        cosine = theta.cos()
        exponent = -(h * h + k * k - 2 * h * k * theta.sin()) / (2 * cosine * cosine)
        return exponent.exp()

    area = acb.integral(integrand, acb(0), acb(angle), eval_limit=4000).real
    return normal_cdf(h) * normal_cdf(k) + area / (2 * arb.pi())
