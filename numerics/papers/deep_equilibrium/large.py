r"""The proved least eigenvalue of a large population Gram matrix on one machine: two n×n arrays, and a forecast first.

The cosines become the Gram matrix in place; the single precision factor of the guess and the double precision factor of
the proof share one more array. At n = 20 000 that is 6.4 GB, and nearly all of the time is two Cholesky factorisations.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ....theory.errors import SpecError
from ....theory.verdict import Evidence
from ...balls.enclosure import Enclosure
from ...balls.precision import MIN_BITS
from ...balls.threads import thread_count
from ...eigenvalues.blocked import PANEL, Progress
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...eigenvalues.guess import FORWARD_STEPS, INVERSE_STEPS
from ...kernels import cosines as cosine_matrix
from ...kernels.cosines import require_memory
from ...kernels.gram import gram
from ...kernels.gram import memory_estimate as gram_memory
from ...kernels.series import DotProductSeries
from ...scale.tiled import TILE
from ...scale.tiled_eigenvalue import tiled_least_eigenvalue
from ...scale.tiled_gram import tiled_gram
from .population.model import FLOAT_BITS, FLOAT_TARGET, Population

PROBE = 1024
MAX_TILE = 20_000
BANDWIDTH = 5e9
"""Bytes per second of one pass through a triangular factor, a careful guess."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a proof at order n will take: bytes at the peak, and seconds of wall time, roughly.

    >>> str(Forecast(20000, 7 * 2**30, 150.0))
    'n = 20000: 7.0 GiB of memory, about 2 minutes'
    """

    n: int
    bytes: int
    seconds: float

    def __str__(self) -> str:
        many = self.seconds >= 90
        span = f"{self.seconds / 60:.0f} minutes" if many else f"{max(self.seconds, 1.0):.0f} seconds"
        return f"n = {self.n}: {self.bytes / 2**30:.1f} GiB of memory, about {span}"


def memory_estimate(n: int, d: int) -> int:
    """Bytes at the peak of :func:`prove_large`: the matrix, its factor, panels, and the bases of the Lanczos process.

    >>> memory_estimate(20_000, 64) < 7.5e9
    True
    """
    lanczos = 8 * n * (2 * max(FORWARD_STEPS, INVERSE_STEPS) + 32)
    eigenvalue = 8 * (2 * n * n + 3 * min(PANEL, n) * n) + lanczos
    return max(cosine_matrix.memory_estimate(n, d), gram_memory(n, overwrite=True), eigenvalue)


def forecast(n: int, d: int) -> Forecast:
    """Memory and time of a proof, from the speed of one small matrix product measured now.

    >>> forecast(200, 16).bytes == memory_estimate(200, 16)
    True
    """
    table = np.ones((PROBE, PROBE))
    started = time.perf_counter()
    for _ in range(2):
        table @ table
    rate = 4 * PROBE**3 / (time.perf_counter() - started)
    flops = n**3 / 3 * 1.6 + 3 * n * n * d + n * n * 200 / thread_count()
    passes = (FORWARD_STEPS / 2 + INVERSE_STEPS) * 4 * n * n / BANDWIDTH
    return Forecast(n, memory_estimate(n, d), flops / rate + passes)


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
