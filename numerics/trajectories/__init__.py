"""Inequalities along a computed trajectory: proved at every recorded iterate, or the first one where they fail."""

from .inequality import Bounds, Verified, run_digest, verify_inequality

__all__ = ["Bounds", "Verified", "run_digest", "verify_inequality"]
