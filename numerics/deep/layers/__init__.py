"""Kernels of networks of any infinite width made of layers: convolutions, pooling, normalisation, residual blocks."""
