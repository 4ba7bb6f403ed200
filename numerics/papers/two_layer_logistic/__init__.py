"""Two layer logistic."""
