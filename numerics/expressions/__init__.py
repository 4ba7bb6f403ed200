"""Expressions in x, evaluated and bounded rigorously in four number systems."""
