"""Balls."""
