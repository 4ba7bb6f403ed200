"""Noisy stochastic gradient descent on the regularised logistic loss, with every constant in balls."""
