"""Matrices that fill a machine, or several: memory first, progress on the way, tiles over processes."""
