"""Translation-invariant kernels: Gaussian and Matérn, their Gram matrices with a proved radius, and lower bounds."""
