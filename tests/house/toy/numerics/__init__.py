"""The linear network: its Gram matrix, exactly."""
