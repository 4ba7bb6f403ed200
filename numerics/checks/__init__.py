"""One function per kind of claim, with its negative control beside it."""
