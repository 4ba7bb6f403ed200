"""The checks behind the lines of the theory's lemmas: exact identities, exact instances, enclosures."""
