"""The implicit ReLU network: its arc-cosine Gram matrix, its equilibrium, its tangent kernel and its training."""
