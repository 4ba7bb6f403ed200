"""First storey: evaluates and proves what the theory declares."""
