"""Descent from zero outputs."""
