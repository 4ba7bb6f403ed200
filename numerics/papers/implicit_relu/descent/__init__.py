"""Gradient descent of implicit ReLU networks whose output weights start small."""
