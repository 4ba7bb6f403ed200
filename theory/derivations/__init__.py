"""Closed forms derived rule by rule, every step with the data that its check needs."""
