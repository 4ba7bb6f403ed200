"""The falsifier: a search for instances where a claimed bound fails or is nearly attained, and records of the best."""
