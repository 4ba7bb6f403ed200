r"""The proved least eigenvalue of a large population Gram matrix on one machine: two n×n arrays, and a forecast first.

The cosines become the Gram matrix in place; the single precision factor of the guess and the double precision factor of
the proof share one more array. At n = 20 000 that is 6.4 GB, and nearly all of the time is two Cholesky factorisations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ....theory.errors import SpecError
from ....theory.verdict import Evidence
from ...balls.enclosure import Enclosure
from ...balls.precision import MIN_BITS
from ...eigenvalues.blocked import Progress
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...kernels.cosines import require_memory
from ...kernels.gram import gram
from ...kernels.series import DotProductSeries
from ...scale.forecast import Forecast, forecast
from ...scale.tiled import TILE
from ...scale.tiled_eigenvalue import tiled_least_eigenvalue
from ...scale.tiled_gram import tiled_gram
from .population.model import FLOAT_BITS, FLOAT_TARGET, Population

MAX_TILE = 20_000


def prove_tiled(
    model: Population,
    *,
    tile: int = TILE,
    progress: Progress | None = None,
    relative_width: float = 1e-6,
) -> Enclosure:
    """The same with the matrix in tiles of ``tile`` rows, made and factorised wherever dask runs.

    Nothing of order n×n is ever held in one place, so exactly singular matrices are not recognised: their enclosure
    begins at 0. Raises :class:`SpecError` when the norms differ, for an input Gram matrix, or without dask.
    """
    if model.inputs.common_norm is None or model.data.points is None:
        raise SpecError("prove_tiled: give points, and rescale them to the sphere: one power series serves all tiles.")

    def series(delta: float) -> DotProductSeries:
        order = model.order_at(delta, FLOAT_TARGET, FLOAT_BITS)
        return model.kernel(max(order, 8), FLOAT_BITS).series

    tell = progress or (lambda what, share: None)
    tell("cosines by tiles", 0.0)
    matrix = tiled_gram(model.data.points, series, tile=tile)
    return tiled_least_eigenvalue(matrix, relative_width=relative_width, progress=progress)


def prove_large(
    model: Population,
    *,
    progress: Progress | None = None,
    announce: Callable[[Forecast], None] | None = None,
    relative_width: float = 1e-6,
) -> Enclosure:
    r"""The least eigenvalue of the population Gram matrix of ``model``, proved on both sides with two n×n arrays.

    Parameters
    ----------
    model: a deep equilibrium model on inputs of a common norm.
    progress: called with (what, share done) after every panel and between the stages.
    announce: called with the :class:`Forecast` before anything large is allocated.

    Only the float64 rungs are climbed. Raises :class:`SpecError` when the forecast exceeds ``budget.memory``, or when
    the norms differ. Exactly singular matrices (duplicates, antipodes of an odd activation, affine activations) are
    recognised before they are built.
    """
    source = model.data.source
    if model.inputs.common_norm is None:
        raise SpecError("prove_large: the inputs have different norms: rescale them to the sphere.")
    n = source.n
    d = model.data.points.d if model.data.points is not None else 0
    found = forecast(n, d)
    if announce is not None:
        announce(found)
    require_memory("prove_large", n, found.bytes, model.budget)
    tell = progress or (lambda what, share: None)
    tell("cosines", 0.0)
    singular = model.null_vector
    if singular is not None:
        return Enclosure(0.0, 0.0, Evidence.EXACT, f"exactly singular: {singular.reason}")
    tell("series of the kernel", 0.0)
    series = model.float_kernel.series
    tell("Gram matrix", 0.0)
    c = model.inputs.cosines
    model.inputs.__dict__.pop("cosines")  # its storage becomes the Gram matrix
    matrix = gram(series, c, budget=model.budget, radius="scalar", overwrite=True)
    tell("Gram matrix", 1.0)
    floats = replace(model.budget, bits=MIN_BITS, max_bits=64)
    return least_eigenvalue(matrix, budget=floats, relative_width=relative_width, known_psd=True, progress=progress)
