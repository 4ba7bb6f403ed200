"""Hypothesis, imported when a strategy is first asked for."""

from __future__ import annotations

from typing import Any

from ..theory.errors import SpecError


def strategies() -> Any:
    """The module ``hypothesis.strategies``; raises :class:`SpecError` when hypothesis is not installed."""
    try:
        import hypothesis.strategies
    except ImportError:
        raise SpecError(
            "certigram.testing: the strategies need hypothesis, which is not installed: install certigram[testing]."
        ) from None
    return hypothesis.strategies
