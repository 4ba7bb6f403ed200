"""Gradient descent on equilibrium networks: implicit gradients, proved bounds at each iterate, explicit constants."""
