"""Matrices that were given: what is meant by them, how much jitter they need, and what makes them nearly singular."""
