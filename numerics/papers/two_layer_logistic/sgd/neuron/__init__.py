"""Wide networks with equal outer weights c/p, one neuron at a time: what does not grow with the width."""
