"""Finite-width experiments and the statistics that judge them."""
