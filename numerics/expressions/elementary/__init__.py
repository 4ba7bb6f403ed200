"""Elementary functions in four number systems: balls, complex balls, power series over balls, float arrays."""
