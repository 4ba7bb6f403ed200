"""Kernels of plain deep networks at infinite width: the Gaussian-process kernel and the tangent kernels."""
