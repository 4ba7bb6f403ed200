"""Implicit relu."""
