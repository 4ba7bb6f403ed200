"""The networks whose events are asked for, of a system on data; those of all subjects of a study."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ...theory.claims.system import system, systems
from ...theory.errors import CertigramError, SpecError
from ..balls.ends import upper_float
from ..checks.sampled import sampleable
from ..kernels.ballmatrix import BallMatrix
from ..sampling.experiment import Subject
from ..sampling.least_width import Networks
from ..studies.gram_model import GramModel
from ..studies.networks import gram_model, has_sampler
from ..studies.study import Study

DOUBLINGS = 5
"""How many widths are tried where none are named."""


def networks_of(model: GramModel, seed: int = 0) -> Networks:
    """The finite networks of a system on data, beside their population Gram matrix.

    Raises :class:`SpecError` for a system without sampled networks, for inputs of which only the Gram matrix is given,
    and where the population Gram matrix is singular.
    """
    if not (sampleable(model) and has_sampler(model.system)):
        known = [name for name in systems() if has_sampler(name)]
        raise SpecError(f"least_width: no networks of {model.system} are sampled: choose {' or '.join(known)}.")
    if model.data.points is None:
        raise SpecError("least_width: networks need input points, and only their Gram matrix is given.")
    if model.null_vector is not None:
        raise SpecError(
            f"least_width: K is singular, and both events are about a definite K: {model.null_vector.reason}"
        )
    matrix = BallMatrix(model.gram.mid, model.gram.rad)
    names = [p.name for p in system(model.system).parameters if p.sampled]
    values = {name: Fraction(str(model.parameters[name])) for name in names if name in model.parameters}
    subject = Subject(model.activation, matrix.mid, matrix.radius_norm(), upper_float(model.lipschitz))
    return Networks(model.system, model.network_inputs, subject, matrix, model.eigenvalue, values, seed)


def networks_of_study(study: Study) -> Iterator[tuple[str, str, Networks | CertigramError]]:
    """(system, subject, networks) of a study for all systems that sample Gram matrices; or why there are none."""
    for name in study.systems:
        for subject in study.subjects(name) if has_sampler(name) else ():
            try:
                yield name, subject, networks_of(gram_model(name, subject, study), study.budget.seed)
            except CertigramError as error:
                yield name, subject, error


def default_widths(inputs: int) -> tuple[int, ...]:
    """The widths that are tried on so many inputs where none are named: from their number on, doubled each time.

    >>> default_widths(200), default_widths(2)
    ((200, 400, 800, 1600, 3200), (8, 16, 32, 64, 128))
    """
    return tuple(max(inputs, 8) << k for k in range(DOUBLINGS))
