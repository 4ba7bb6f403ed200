"""The independent checker of certificates: standard library and exact integers only, nothing of the prover.

:func:`check` answers VALID, INVALID (which line, and why) or UNSUPPORTED. Hermite coefficients come from the midpoint
rule, the variance from Banach's bound at one point; the claimed series must be a sub- and a super-solution of F =
kappa((wF + vc)/s); the matrix is made in fixed point, K - cI - LL^T and a Rayleigh quotient in exact integers. Only
products of integer matrices may use flint. Sections and labels such as (3.2) are those of docs/certificate-format.md,
where every bound is proved. The folder works alone, copied anywhere: ``python replay CERTIFICATE-OR-FOLDER ...``.
"""

from .certificate import check
from .command import certificate_files
from .verdicts import INVALID, UNSUPPORTED, VALID, Check, printable

__all__ = ["INVALID", "UNSUPPORTED", "VALID", "Check", "certificate_files", "check", "printable"]
