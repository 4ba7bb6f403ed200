"""Enclosed numbers computed a second time, in another way, with mpmath: it shares no formula code with the prover."""
