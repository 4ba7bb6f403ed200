"""What the falsifier tries to break: the bounds of the claims, each with the formula code of its check."""
