"""The check of derivations: exact proofs of the lines, and enclosures of both sides of each."""

from .check import check
from .report import CheckReport, Status, StepReport

__all__ = ["CheckReport", "Status", "StepReport", "check"]
