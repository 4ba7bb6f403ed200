"""Two-layer networks with logistic loss as Villani functions: constants, conditions, spectral gaps, simulations."""
