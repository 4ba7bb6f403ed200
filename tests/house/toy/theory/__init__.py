"""A toy paper: the linear network."""
