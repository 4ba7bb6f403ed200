"""Dot-product kernels as certified power series, and their Gram matrices with a proved radius."""
