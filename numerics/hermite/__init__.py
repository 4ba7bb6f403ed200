"""Enclosed Hermite coefficients of activations, all orders at once, and Gaussian means."""

from .moment_function import second_moments
from .transform import HermiteTransform, gaussian_mean, hermite_transform, second_moment

__all__ = ["HermiteTransform", "gaussian_mean", "hermite_transform", "second_moment", "second_moments"]
