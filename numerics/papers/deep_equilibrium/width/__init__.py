"""How wide is wide enough: the bias, the fluctuations and the whitened Gram matrix of finite networks, bounded."""
