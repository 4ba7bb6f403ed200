"""Certificates for matrices that fill the machine, or a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from .api import ActivationHandle, exact_activation
from .models import certificate_of, model_on_data, whole
from .numerics.balls.precision import undisturbed
from .numerics.certificates.certificate import Certificate, EvidenceItem
from .theory.errors import SpecError
from .theory.numbers import Exact, rational
from .theory.printable import shown
from .theory.verdict import Verdict

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .numerics.balls.budget import Budget
    from .numerics.scale.forecast import Forecast
    from .numerics.studies.data import DataSet


SYSTEMS = ("deq-general", "deq-relu")
"""The systems whose matrices are made in place: those that are one power series in the cosine."""


def certify_large(
    system: str,
    X: ArrayLike | DataSet,
    *,
    activation: str | ActivationHandle | None = None,
    at_least: Exact,
    normalize: str | None = "sphere",
    relative_width: float = 1e-6,
    tiles: int | None = None,
    announce: Callable[[Forecast], None] | None = None,
    progress: Callable[[str, float], None] | None = None,
    budget: Budget | None = None,
    **parameters: Exact,
) -> Certificate:
    r"""A certificate for so many points that the matrix fills the machine: two n×n arrays in all, or tiles.

    Parameters
    ----------
    X, activation, normalize, parameters: as for :func:`population_gram`; all inputs have one norm.
    at_least: the bound; the least eigenvalue is enclosed to ``relative_width`` whatever it is.
    tiles: spread the matrix over tiles of so many rows with dask (``pip install 'certigram[cluster]'``), on whatever
        scheduler or ``distributed.Client`` is active; the memory is then the cluster's.
    announce: called with the forecast of memory and time before anything large is allocated.
    progress: called with what is being done, and the share of it that is finished.

    Raises :class:`SpecError` before any work when the memory would exceed ``budget.memory``. docs/scale.md.

    >>> certify_large("deq-general", [[1.0, 0.0], [0.0, 1.0]], activation="tanh", at_least="0.5").verdict.name
    'PROVED'
    """
    from .numerics.papers.deep_equilibrium.instance import EquilibriumInstance
    from .numerics.papers.deep_equilibrium.large import MAX_TILE, prove_large, prove_tiled

    started, bound = time.process_time(), rational(at_least, what="at_least")
    if system not in SYSTEMS:
        raise SpecError(f"certify_large: {shown(system)} is not made in place: choose {' or '.join(SYSTEMS)}.")
    phi = None if activation is None else exact_activation(activation)
    model = model_on_data("certify_large", system, X, phi, None, None, normalize, None, budget, parameters)
    assert isinstance(model, EquilibriumInstance)  # these two systems are
    if tiles is None:
        found = undisturbed(prove_large)(model, progress=progress, announce=announce, relative_width=relative_width)
    else:
        found = prove_tiled(
            model, tile=whole(tiles, "tiles", 1, MAX_TILE), progress=progress, relative_width=relative_width
        )
    lower, upper = Fraction(found.lower), Fraction(found.upper)
    verdict = Verdict.PROVED if lower >= bound else Verdict.REFUTED if upper < bound else Verdict.UNKNOWN
    evidence = EvidenceItem(found.evidence, found.method, {"lower": repr(found.lower), "upper": repr(found.upper)})
    return certificate_of(model, verdict, found, bound, evidence, started)
