"""certigram."""
