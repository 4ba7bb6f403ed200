"""Regression with enclosed kernel matrices: posterior means and variances, gradient flow at a time, log evidence."""
