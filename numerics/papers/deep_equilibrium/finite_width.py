r"""Finite-width deep equilibrium models with a general activation.

.. math:: Z = \varphi(WZ + UX^\top),\quad W_{ij}\sim N(0, 2\sigma_w^2/m),\quad U_{ij}\sim N(0, 2/d),
          \quad G_m = Z^\top Z/m.

The equilibrium is found by Picard iteration from zero. With :math:`\theta = L\lVert W\rVert_2 < 1` the map is a
contraction, so after a step from :math:`Z_-` to :math:`Z` the error is at most
:math:`\theta/(1-\theta)\,\lVert Z - Z_-\rVert_F` and a rounding term; this a-posteriori bound decides when to stop
(``docs/theory/finite-width.md``, sections 1 and 2).
"""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ....theory.errors import SpecError
from ....theory.numbers import numeral
from ...balls.rounding import UNIT, gamma
from ...balls.threads import blas_threads
from ...sampling.operator_norm import NormBounds, operator_norm
from ...studies.networks import FiniteGram, Nonlinearity, Seed
from ...studies.parameters import LARGEST
from .training.equilibrium import MAX_ITERATIONS, Real, picard

_SWITCH = 2.0**-18  # relative change at which the float32 iteration hands over to float64
_TOLERANCES = {"float32": 4e-6, "float64": 1e-12}


def require_sampled(sigma_w2: Fraction | float) -> None:
    """Raise :class:`SpecError` unless float32 weights have this variance: smaller ones would be rounded to 0.

    >>> require_sampled(Fraction("1e-200"))
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: sigma_w2 = 1e-200: the weights of sampled networks are float32 numbers, so it \
must be 0, or finite and at least 2^-100.
    """
    if not (sigma_w2 == 0 or 1 / LARGEST <= sigma_w2 < math.inf):
        given = numeral(sigma_w2) if isinstance(sigma_w2, Fraction) else sigma_w2
        raise SpecError(
            f"sigma_w2 = {given}: the weights of sampled networks are float32 numbers, so it must be 0, or finite and"
            " at least 2^-100."
        )


def sample_weights(
    width: int, dimension: int, sigma_w2: Fraction | float, seed: Seed
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""The weights W (m, m) with variance :math:`2\sigma_w^2/m` and U (m, d) with variance :math:`2/d`.

    The entries are float32 numbers stored as float64, so that a solution in either precision is one of the same
    network. They depend on the seed, the width and the dimension only.

    >>> W, U = sample_weights(4, 3, Fraction(1, 16), 0)
    >>> W.shape, U.shape, bool((W == W.astype(np.float32)).all())
    ((4, 4), (4, 3), True)
    """
    if width < 1 or dimension < 1:
        raise SpecError(
            f"a network of width {width} on inputs of dimension {dimension} is empty: both must be positive."
        )
    require_sampled(sigma_w2)
    random = np.random.Generator(np.random.PCG64(seed))
    recurrent = random.standard_normal((width, width))
    recurrent *= math.sqrt(2 * float(sigma_w2) / width)
    inputs = random.standard_normal((width, dimension))
    inputs *= math.sqrt(2 / dimension)
    return recurrent.astype(np.float32).astype(np.float64), inputs.astype(np.float32).astype(np.float64)


def sample_grams(
    points: NDArray[np.float64],
    activations: tuple[Nonlinearity, ...],
    sigma_w2: Fraction | float,
    width: int,
    seed: Seed,
    *,
    dtype: str = "float32",
    tolerance: float | None = None,
    max_iterations: int = MAX_ITERATIONS,
    threads: int | None = 1,
) -> tuple[FiniteGram, ...]:
    r"""Sample one network per activation, all with the same weights, and return their Gram matrices.

    Parameters
    ----------
    points: (n, d) float64, rows of norm :math:`\sqrt d` where the theory asks for it.
    dtype: ``"float32"`` iterates in float32 and finishes with a few steps in float64; ``"float64"`` uses only float64.
    tolerance: the bound asked for :math:`\lVert Z - Z^*\rVert_F/\lVert Z\rVert_F`; where no contraction is known it is
        asked of the last change instead, and the error bound is infinite.
    threads: of the linear algebra; results are the same bit for bit as long as this number is.

    A network that does not reach the tolerance is returned with ``converged`` false. Raises :class:`SpecError` for
    malformed input. Proofs: ``docs/theory/finite-width.md``, sections 1 to 3.

    >>> identity_half = Nonlinearity("x/2", lambda x: x / 2, 0.5)
    >>> X = np.array([[1.0, 1.0], [1.0, -1.0]])
    >>> (result,) = sample_grams(X, (identity_half,), Fraction(1, 16), 64, 0, dtype="float64")
    >>> result.converged, result.gram.shape, result.gram_error < 1e-10
    (True, (2, 2), True)
    """
    if points.ndim != 2 or points.size == 0 or not np.isfinite(points).all():
        raise SpecError("points: expected a non-empty (n, d) array of finite numbers.")
    if dtype not in _TOLERANCES:
        raise SpecError(f"dtype {dtype!r} is not known: choose float32 or float64.")
    tolerance = _TOLERANCES[dtype] if tolerance is None else tolerance
    if not tolerance > 0:
        raise SpecError(f"tolerance = {tolerance} must be positive.")
    with blas_threads(threads):
        recurrent, inputs = sample_weights(width, points.shape[1], sigma_w2, seed)
        rough = recurrent.astype(np.float32)
        norm = operator_norm(recurrent, rough)
        bias = inputs @ points.T
        noise = (
            gamma(width + 2) * float(np.linalg.norm(recurrent)),
            gamma(points.shape[1] + 2) * float(np.linalg.norm(inputs)) * float(np.linalg.norm(points)),
        )
        coarse = rough if dtype == "float32" else None
        return tuple(
            _solve(phi, recurrent, coarse, bias, noise, norm, tolerance, max_iterations) for phi in activations
        )


def _solve(
    phi: Nonlinearity,
    recurrent: NDArray[np.float64],
    rough: NDArray[np.float32] | None,
    bias: NDArray[np.float64],
    noise: tuple[float, float],
    norm: NormBounds,
    tolerance: float,
    max_iterations: int,
) -> FiniteGram:
    """Solve one equilibrium and form its Gram matrix; ``noise``: rounding of a step per unit of Z, and of the bias."""
    started = time.process_time()
    theta = math.inf if phi.lipschitz is None else phi.lipschitz * norm.upper
    contracts = theta < 1
    goal = min(tolerance * (1 - theta) / max(theta, 1e-9), 1e-3) if contracts else tolerance
    width = recurrent.shape[0]
    start, used = None, 0

    def step(argument: Real) -> Real:
        return np.asarray(phi.function(argument), dtype=argument.dtype)

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if rough is not None:
            coarse = picard(step, rough, bias.astype(np.float32), None, _SWITCH, max_iterations)
            start, used = coarse.state.astype(np.float64), coarse.iterations
        found = picard(step, recurrent, bias, start, goal, max(max_iterations - used, 1))
        state, change, size = found.state, found.change, float(np.linalg.norm(found.state))
        finite = math.isfinite(size) and math.isfinite(change)
        gram = state.T @ state / width if finite else np.full((bias.shape[1],) * 2, math.nan)
        gram = (gram + gram.T) / 2
    error = gram_error = math.inf
    if finite and contracts and phi.lipschitz is not None:
        rounding = phi.lipschitz * (noise[0] * (size + change) + noise[1]) + 8 * UNIT * size
        error = (theta * change + rounding) / (1 - theta)
        largest = float(np.linalg.norm(gram, 2))
        gram_error = 2 * math.sqrt(largest / width) * error + (error * error + gamma(width + 2) * size * size) / width
    return FiniteGram(
        activation=phi.name,
        width=width,
        gram=gram,
        converged=finite and change <= goal * size,
        iterations=used + found.iterations,
        residual=change / size if finite and size > 0 else (0.0 if change == 0 else math.inf),
        solution_error=error,
        gram_error=gram_error,
        norm_lower=norm.lower,
        norm_upper=norm.upper,
        seconds=time.process_time() - started,
        preactivations=recurrent @ state + bias if finite else None,
    )
