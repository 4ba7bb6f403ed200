"""The least eigenvalue of a ball matrix, proved on both sides; exact singularity."""
