"""The population kernel of deep equilibrium models, and what is proved about it on data."""
