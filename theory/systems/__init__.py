"""The library: one paper, one file. A module here is found by itself; no other file names it."""
