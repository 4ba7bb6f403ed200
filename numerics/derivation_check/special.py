r"""The bivariate normal distribution function in ball arithmetic, by Plackett's integral.

.. math:: \Phi_2(h,k;\rho)=\Phi(h)\Phi(k)
          +\frac1{2\pi}\int_0^{\arcsin\rho}\exp\Bigl(-\frac{h^2-2hk\sin\theta+k^2}{2\cos^2\theta}\Bigr)d\theta .

(:math:`\partial_\rho\Phi_2` is the density at (h, k); substitute :math:`\rho=\sin\theta`.) The integrand is
analytic where :math:`\cos\theta\ne0`, and the path stays left of :math:`\pi/2`.
"""

from __future__ import annotations

from flint import acb, arb


def normal_cdf(x: arb) -> arb:
    """The distribution function of the standard normal law, relatively accurate in both tails."""
    return (-x / arb(2).sqrt()).erfc() / 2


def bivariate_normal_cdf(h: arb, k: arb, rho: arb) -> arb:
    """The probability that both coordinates are below h and k, |rho| < 1.

    >>> bivariate_normal_cdf(arb(0), arb(0), arb(0.5)).overlaps(arb(1) / 3)
    True
    """
    angle = arb.atan2(rho, (1 - rho * rho).nonnegative_part().sqrt())

    def integrand(theta: acb, analytic: bool) -> acb:
        cosine = theta.cos()
        exponent = -(h * h + k * k - 2 * h * k * theta.sin()) / (2 * cosine * cosine)
        return exponent.exp()

    area = acb.integral(integrand, acb(0), acb(angle), eval_limit=20000).real
    return normal_cdf(h) * normal_cdf(k) + area / (2 * arb.pi())
