"""Enclosed Hermite coefficients of activations, all orders at once, and Gaussian means."""

from .transform import HermiteTransform, gaussian_mean, hermite_transform, second_moment

__all__ = ["HermiteTransform", "gaussian_mean", "hermite_transform", "second_moment"]
