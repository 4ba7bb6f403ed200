"""Covariance functions: kernels of two inputs, of which a block of values is enclosed on given points."""
