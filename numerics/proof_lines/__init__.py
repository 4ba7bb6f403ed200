"""Proof lines."""
