"""Dual activations of a Gaussian pair, enclosed at any covariance."""

from .covariance import Covariance, covariance
from .evaluate import dual, dual_expression, require_digits, vanishes_at_zero

__all__ = ["Covariance", "covariance", "dual", "dual_expression", "require_digits", "vanishes_at_zero"]
