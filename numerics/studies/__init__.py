"""Data sets, studies, their runner and their results."""
