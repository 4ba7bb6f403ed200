"""Gradient descent with small output weights: how far it gets, how fast, and with which steps."""
