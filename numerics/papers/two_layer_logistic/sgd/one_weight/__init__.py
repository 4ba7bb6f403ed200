"""One weight: exact suprema, enclosed convex envelopes, plans by enclosed quadrature, and laws on a grid."""
