"""What the proof of a least eigenvalue at order n will take: memory at the peak, and time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ..balls.threads import thread_count
from ..eigenvalues.blocked import PANEL
from ..eigenvalues.guess import FORWARD_STEPS, INVERSE_STEPS
from ..kernels import cosines as cosine_matrix
from ..kernels.gram import memory_estimate as gram_memory

PROBE = 1024
"""Order of the matrices whose product is timed."""
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
    """Bytes at the peak of a proof in two arrays: the matrix, its factor, panels, and the bases of the Lanczos process.

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
