"""The version of results.json; what another one wrote is not read."""

from __future__ import annotations

from typing import Final

RESULTS_FORMAT: Final = "certigram-results/2"
