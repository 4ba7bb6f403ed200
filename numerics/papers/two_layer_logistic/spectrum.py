r"""The spectrum of the generator on a grid: plain float64, by shift-invert Lanczos.

The Dirichlet form :math:`\tfrac s2\int u'v'\,d\mu_s` and the mass :math:`\int uv\,d\mu_s` with
:math:`\mu_s\propto e^{-2L/s}` are discretised by finite volumes (Scharfetter and Gummel 1969): the density at the
middle of each edge over the edge's length couples two nodes, the density at a node times its cell's size is its mass.
In the variable :math:`\sqrt m\,u` the matrix is symmetric positive semidefinite with null vector :math:`\sqrt m`; the
reflecting boundary lies where the density is negligible. The error is of second order in the spacing; what is *proved*
of a gap is in :mod:`.rayleigh` and :mod:`.barta`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

from ....theory.errors import PrecisionExhausted, SpecError
from .loss import Floats, TwoLayerLogistic

SHIFT = -1e-7
"""The shift of the inversion, relative to the median of the diagonal: just left of the null eigenvalue."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The least eigenvalues (k,), the first of them zero up to discretisation, and eigenfunctions (k, ...) on the grid.

    ``axes`` are the nodes of each direction; ``mass`` is the normalised stationary weight of each node.
    """

    axes: tuple[Floats, ...]
    eigenvalues: Floats
    functions: Floats
    mass: Floats

    @property
    def gap(self) -> float:
        """The least positive eigenvalue."""
        return float(self.eigenvalues[1])


@dataclass(frozen=True, eq=False)
class Generator:
    """The symmetrised negative generator as a sparse matrix, and the square root of the mass (its null vector)."""

    matrix: scipy.sparse.csc_matrix
    root_mass: Floats


def generator(loss: TwoLayerLogistic, step: float, axes: tuple[Floats, ...]) -> Generator:
    """Discretise the generator of a network with one or two weights on a tensor grid.

    Raises :class:`SpecError` for more weights than two: the grid would not fit.
    """
    p, d = loss.shape
    if p * d != len(axes) or len(axes) > 2:
        raise SpecError(f"the spectrum is computed for one or two weights; this network has {p * d}.")
    if not step > 0:
        raise SpecError(f"s = {step} is a noise level: it must be positive.")
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    values = _values(loss, grid)
    log = -2 * (values - values.min()) / step
    widths = [np.gradient(axis) for axis in axes]
    sizes = widths[0] if len(axes) == 1 else np.multiply.outer(widths[0], widths[1])
    root = np.exp(log / 2) * np.sqrt(sizes)
    index = np.arange(root.size).reshape(root.shape)
    coupling = scipy.sparse.csc_matrix((root.size, root.size))
    diagonal = np.zeros(root.shape)
    for k, axis in enumerate(axes):
        low = tuple(slice(None, -1) if j == k else slice(None) for j in range(len(axes)))
        high = tuple(slice(1, None) if j == k else slice(None) for j in range(len(axes)))
        middle = -2 * (_values(loss, (grid[low] + grid[high]) / 2) - values.min()) / step
        face = sizes / np.expand_dims(widths[k], axis=tuple(j for j in range(len(axes)) if j != k))
        length = np.expand_dims(np.diff(axis), axis=tuple(j for j in range(len(axes)) if j != k))
        flow = step / 2 * face[low] / length
        diagonal[low] += flow * np.exp(middle - log[low]) / sizes[low]
        diagonal[high] += flow * np.exp(middle - log[high]) / sizes[high]
        off = -flow * np.exp(middle - (log[low] + log[high]) / 2) / np.sqrt(sizes[low] * sizes[high])
        coupling += scipy.sparse.csc_matrix((off.ravel(), (index[low].ravel(), index[high].ravel())), coupling.shape)
    matrix = coupling + coupling.T + scipy.sparse.diags(diagonal.ravel())
    return Generator(matrix.tocsc(), root / np.linalg.norm(root))


def _values(loss: TwoLayerLogistic, grid: NDArray[np.float64]) -> Floats:
    p, d = loss.shape
    return loss.loss(grid.reshape(*grid.shape[:-1], p, d))


def spectrum(loss: TwoLayerLogistic, step: float, axes: tuple[Floats, ...], *, count: int = 3) -> Spectrum:
    """The least eigenvalues of the discretised generator by ``eigsh`` in shift-invert mode, from a fixed start vector.

    Raises :class:`PrecisionExhausted` where float64 does not hold the density or the solver fails.

    >>> from certigram.theory.activations.activation import activation
    >>> flat = TwoLayerLogistic(activation("tanh"), np.ones((1, 1)), np.ones(1), np.array([1e-9]), 0.5)
    >>> round(spectrum(flat, 1.0, (np.linspace(-8, 8, 801),)).gap, 4)
    0.5
    """
    with np.errstate(over="ignore", invalid="ignore"):
        made = generator(loss, step, axes)
    if not bool(np.isfinite(made.matrix.data).all()):
        raise PrecisionExhausted(
            f"the stationary density at s = {step:g} varies beyond the range of float64 between neighbouring nodes:"
            " take a larger noise level."
        )
    flat = made.root_mass.ravel()
    start = np.cos(np.arange(flat.size) * 0.7) * flat + flat
    try:
        values, vectors = scipy.sparse.linalg.eigsh(
            made.matrix, k=count, sigma=SHIFT * max(float(np.median(made.matrix.diagonal())), 1.0), which="LM", v0=start
        )
    except (scipy.sparse.linalg.ArpackError, RuntimeError) as error:  # a singular factor is a RuntimeError
        raise PrecisionExhausted(
            f"the eigenvalues of the discretised generator at s = {step:g} were not found in float64: take a larger"
            " noise level.",
            reached=str(error),
        ) from error
    order = np.argsort(values)
    shape = tuple(axis.size for axis in axes)
    functions = (vectors[:, order] / np.maximum(flat, 1e-290)[:, None]).T.reshape(count, *shape)
    return Spectrum(axes, values[order], functions, (made.root_mass**2).reshape(shape))
