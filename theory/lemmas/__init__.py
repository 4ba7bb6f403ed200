"""The arguments of the theory as data: each lemma with its proof, line by line, and how each line is checked."""
