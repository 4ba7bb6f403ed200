"""Derivations, lemmas and systems as an appendix to read: folded, numbered, typeset, with how each line was checked."""
