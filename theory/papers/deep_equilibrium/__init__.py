"""Deep equilibrium."""
