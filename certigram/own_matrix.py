"""The functions of the front door for a matrix of the user's own: eigenvalue, certificate, jitter, diagnosis."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from .models import allowance, environment
from .numerics.balls.budget import Budget
from .numerics.balls.enclosure import Enclosure, float_below
from .numerics.balls.precision import undisturbed
from .numerics.certificates.certificate import Certificate, EvidenceItem, Proof, fraction_text
from .theory.claims.kernel_claims import MATRIX_LEAST_EIGENVALUE
from .theory.errors import SpecError
from .theory.numbers import Exact, numeral, rational
from .theory.verdict import Argument, Evidence, Verdict

if TYPE_CHECKING:
    from .numerics.matrices.decision import Decision
    from .numerics.matrices.diagnosis import Diagnosis
    from .numerics.matrices.given_matrix import GivenMatrix
    from .numerics.matrices.jitter import Jitter


WIDEST = 2.0**64
"""A relative width beyond this asks for nothing."""
SECONDS = 120
"""CPU seconds, by forecast, that the rungs in balls may take where no budget is given."""


def certify_matrix(A: Any, radius: Any, at_least: Exact | None, budget: Budget | None) -> Certificate:
    """What ``certigram.certify`` does with a matrix that is no population Gram matrix."""
    from .numerics.matrices.decision import decide

    started = time.process_time()
    bound = None if at_least is None else rational(at_least, what="at_least")
    given, spent = _given("certify", A, radius, budget)
    decision = decide(given, bound, budget=spent)
    return _certificate(given, decision, bound, started)


def least_eigenvalue_of_matrix(A: Any, radius: Any, relative_width: float, budget: Budget | None) -> Enclosure:
    """What ``certigram.least_eigenvalue`` does with a matrix that is no population Gram matrix."""
    from .numerics.matrices.decision import enclosed

    given, spent = _given("least_eigenvalue", A, radius, budget)
    return enclosed(given, budget=spent, relative_width=relative_width)


@undisturbed
def least_jitter(A: Any, *, radius: Any = 0, relative_width: Exact = 1e-6, budget: Budget | None = None) -> Jitter:
    r"""Two proved ends of the smallest :math:`\varepsilon \ge 0` for which :math:`A + \varepsilon I` is semidefinite.

    ``A`` and ``radius`` are as for :func:`certify`. With ``upper`` every matrix that is meant becomes positive
    semidefinite in exact arithmetic, below ``lower`` none does. ``stored`` is a jitter for which the matrix *as numpy
    stores it* after the addition is proved positive definite. Raises :class:`SpecError` as :func:`certify` does.
    docs/own-matrix.md.

    >>> import numpy as np
    >>> least_jitter(np.array([[1.0, 2.0], [2.0, 1.0]]))
    Jitter(lower=1.0, upper=1.0, stored=1.0000000000000004, dtype='float64')
    """
    from .numerics.matrices.jitter import least_jitter as enclose

    given, spent = _given("least_jitter", A, radius, budget)
    return enclose(given, budget=spent, relative_width=positive_width(relative_width))


@undisturbed
def diagnose(A: Any, *, radius: Any = 0, budget: Budget | None = None) -> Diagnosis:
    r"""What makes a matrix nearly singular: the eigenvector of its least eigenvalue, its support, and pairs of rows.

    ``A`` and ``radius`` are as for :func:`certify`. The eigenvector is enclosed where the next eigenvalue is proved to
    be farther away; where several lie together, the space that they span is. A pair of rows bounds the least eigenvalue
    from above by itself. Raises :class:`SpecError` as :func:`certify` does. docs/own-matrix.md.

    >>> import numpy as np
    >>> found = diagnose(np.array([[1.0, 0.999, 0.1], [0.999, 1.0, 0.1], [0.1, 0.1, 1.0]]))
    >>> sorted(found.support), found.pairs[0].rows, found.pairs[0].kind
    ([0, 1], (0, 1), 'near duplicates')
    """
    from .numerics.matrices.diagnosis import diagnose as find

    given, spent = _given("diagnose", A, radius, budget)
    return find(given, budget=spent)


def positive_width(relative_width: Exact) -> float:
    """A relative width as a float; :class:`SpecError` where it is not positive."""
    width = rational(relative_width, what="relative_width")
    if not width > 0:
        raise SpecError(f"relative_width = {numeral(width)} is no width: give a positive number, such as 1e-6.")
    return min(max(float_below(width), math.ulp(0.0)), WIDEST)


def _given(caller: str, A: Any, radius: Any, budget: Budget | None) -> tuple[GivenMatrix, Budget]:
    from .numerics.kernels.ballmatrix import BallMatrix
    from .numerics.kernels.cosines import require_memory
    from .numerics.matrices.given import given_matrix

    spent = allowance(caller, budget, None, seconds=SECONDS)
    if isinstance(getattr(A, "matrix", None), BallMatrix):  # a population Gram matrix, with its radii
        A = A.matrix
    shape = getattr(A, "shape", None)
    if isinstance(shape, tuple) and len(shape) == 2 and all(isinstance(k, int) for k in shape):
        require_memory(caller, shape[0], 24 * shape[0] * shape[1], spent)
    try:
        return given_matrix(A, radius), spent
    except SpecError as error:
        raise SpecError(f"{caller}: {error}") from None


def _certificate(given: GivenMatrix, decision: Decision, bound: Fraction | None, started: float) -> Certificate:
    """The record of what was decided: which matrix, which members of it, which bound."""
    found, verdict = decision.found, decision.verdict
    relation, edge = (">", Fraction(0)) if bound is None else (">=", bound)
    values = {"lower": repr(found.lower), "upper": repr(found.upper)}
    return Certificate(
        claim=MATRIX_LEAST_EIGENVALUE.id,
        system="matrix",
        activation=given.label,
        verdict=verdict,
        evidence=(EvidenceItem(Evidence.ENCLOSED, found.method, values),),
        method=found.method,
        lower=found.lower,
        upper=found.upper,
        margin=float_below(decision.lower - edge),
        seconds=time.process_time() - started,
        reason=decision.reason,
        argument=Argument.DIRECT,
        scope="the one matrix" if given.exact else "every symmetric matrix within the radii",
        detail={
            "statement": f"lambda_min(A) {relation} {fraction_text(edge)}",
            "data": {"n": given.n, "sha256": given.digest},
            "matrix": {"dtype": given.dtype, "radius": given.radius_text, "meaning": given.meaning},
            "steps": list(found.steps),
            "environment": environment(),
        },
        prover=None if verdict is Verdict.UNKNOWN else partial(_proof, given, found, edge, relation),
    )


@undisturbed
def _proof(given: GivenMatrix, found: Enclosure, bound: Fraction, relation: str) -> Proof:
    """What a stranger needs to check the certificate: the matrix itself, a factor and a vector."""
    from .numerics.eigenvalues.own_matrix import OwnMatrix, own_matrix_proof

    entries, radii = given.stated
    return own_matrix_proof(OwnMatrix(entries, radii), found, bound=bound, relation=relation)
