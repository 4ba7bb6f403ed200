"""A report: the results of a run as an object that writes itself in several formats."""
