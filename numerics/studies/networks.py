"""The faces of the papers: systems on data and their finite-width networks, found by the name of the system."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...theory.claims.system import paper_of, systems
from ...theory.discovery import modules, rooms
from ...theory.errors import DerivationGap, SpecError
from ...theory.printable import shown

if TYPE_CHECKING:
    from ...theory.activations.activation import Activation
    from ..balls.enclosure import Enclosure
    from ..certificates.certificate import Proof
    from .gram_model import GramModel
    from .instance import Instance
    from .study import Study
    from .workspace import Workspace

Seed = int | np.random.SeedSequence
Floating = NDArray[np.floating]
"""An array of float32 or float64."""


@dataclass(frozen=True, slots=True)
class Nonlinearity:
    """What a network needs of an activation: a vectorised function that keeps float32 and float64, and its slope.

    ``lipschitz`` is an upper bound of sup |φ'|, or None when none is known (no error bound is then given).
    """

    name: str
    function: Callable[[Floating], Floating]
    lipschitz: float | None = None


def nonlinearity(activation: Activation, *, lipschitz: float | None = None) -> Nonlinearity:
    """The activation as a network uses it; ``lipschitz`` is used where the activation knows no exact constant."""
    from ..expressions.lowering import lower_numpy

    exact = activation.lipschitz
    if exact is not None:
        # thirty correct digits, then one rounding to nearest: the next float above is an upper bound
        lipschitz = math.nextafter(float(exact.evalf(30)), math.inf) if exact.is_finite else None
    return Nonlinearity(activation.name, lower_numpy(activation.expression), lipschitz)


@dataclass(frozen=True, slots=True, eq=False)
class FiniteGram:
    r"""The Gram matrix of one sampled network, with an account of how well its equations were solved.

    Attributes
    ----------
    activation, width: which network.
    gram: :math:`G_m = Z^\top Z/m`, (n, n) float64, symmetric; NaN where the iteration overflowed.
    converged: whether the tolerance was reached within the allowed iterations.
    iterations: applications of the fixed-point map.
    residual: :math:`\lVert\Phi(Z_{-}) - Z_{-}\rVert_F/\lVert Z\rVert_F` of the last iterate but one, in float64.
    solution_error: an upper bound of :math:`\lVert Z - Z^*\rVert_F`, infinite without a contraction.
    gram_error: an upper bound of :math:`\lVert G_m - G_m^*\rVert_2`, from ``solution_error``.
    norm_lower, norm_upper: bounds of :math:`\lVert W\rVert_2`.
    seconds: CPU time of the solution; drawing the weights is not counted.
    preactivations: :math:`WZ + UX^\top`, (m, n), or None where they are not at hand.
    """

    activation: str
    width: int
    gram: NDArray[np.float64]
    converged: bool
    iterations: int
    residual: float
    solution_error: float
    gram_error: float
    norm_lower: float
    norm_upper: float
    seconds: float
    preactivations: NDArray[np.float64] | None = None


class Sampler(Protocol):
    """What a module of this package offers under the name ``sample_grams``."""

    def __call__(
        self,
        points: NDArray[np.float64],
        activations: tuple[Nonlinearity, ...],
        *,
        width: int,
        seed: Seed,
        dtype: str = "float32",
        tolerance: float | None = None,
        **parameters: Fraction,
    ) -> tuple[FiniteGram, ...]:
        """One Gram matrix per activation, all from the same random weights."""


def sampler(system: str) -> Sampler:
    """The sampler of a system's networks; raises :class:`DerivationGap` when it has none.

    >>> sampler("deq-general").__name__
    'sample_grams'
    """
    found: Sampler = _module(system).sample_grams
    return found


def has_sampler(system: str) -> bool:
    """Whether the statistical claims of a system share one sample of Gram matrices (:func:`sampler`).

    >>> has_sampler("deq-general")
    True
    """
    return _offers(system, "sample_grams")


def instance(system: str, subject: str, study: Study, workspace: Workspace | None = None) -> Instance:
    """The system on the data of a study with one subject (an activation, or a kernel where the system has kernels).

    Raises :class:`SpecError` for a subject that the system does not know, :class:`DerivationGap` without a network.
    """
    from .workspace import Workspace

    made: Instance = _module(system).instance(subject, study, workspace or Workspace())
    return made


def gram_model(system: str, subject: str | Activation, study: Study) -> GramModel:
    """The system as far as its population Gram matrix is asked for, admitted; nothing is computed yet.

    Raises :class:`SpecError` for a system that has no such matrix, and as :func:`instance` and its ``admit`` do.
    """
    from .workspace import Workspace

    require_gram(system)
    found = _module(system).gram_model(subject, study, Workspace())
    found.admit()
    made: GramModel = found
    return made


def require_gram(system: str) -> None:
    """Raise :class:`SpecError` unless the system has a population Gram matrix.

    >>> require_gram("two-layer-logistic")
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: two-layer-logistic has no population Gram matrix: \
choose deq-general, deq-relu, implicit-relu or resnet-rkhs.
    """
    if not _has_gram(system):
        *others, last = filter(_has_gram, systems())
        raise SpecError(f"{system} has no population Gram matrix: choose {', '.join(others)} or {last}.")


class Prover(Protocol):
    """What the face of a system offers under the name ``proof``."""

    def __call__(self, model: GramModel, found: Enclosure, *, bound: Fraction = ..., relation: str = ...) -> Proof:
        """The part of a certificate that the independent checker needs; ``found`` encloses the least eigenvalue."""


def prover(system: str) -> Prover:
    """What writes proofs about the kernel of a system; raises :class:`DerivationGap` where the checker has no rule."""
    made: Prover | None = getattr(_module(system), "proof", None) if system in systems() else None
    if made is None:
        raise DerivationGap(f"the checker has no rule for the kernels of {system}.")
    return made


class LargeProver(Protocol):
    """What the face of a system offers under the names ``prove_large`` and ``prove_tiled``."""

    def __call__(
        self,
        model: GramModel,
        *,
        progress: Callable[[str, float], None] | None = None,
        relative_width: float = ...,
        **how: Any,
    ) -> Enclosure:
        """The least eigenvalue of so many points that the matrix fills the machine, or lies on tiles."""


def large_provers(system: str) -> tuple[LargeProver, LargeProver]:
    """The proof in two arrays, and the one on tiles; raises :class:`SpecError` where the matrix is not made so.

    >>> large_provers("resnet-rkhs")
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: 'resnet-rkhs' is not made in place: choose deq-general or deq-relu.
    """
    known = systems_in_place()
    if system not in known:
        raise SpecError(f"{shown(system)} is not made in place: choose {' or '.join(known)}.")
    module = _module(system)
    return module.prove_large, module.prove_tiled


def systems_in_place() -> tuple[str, ...]:
    """The systems whose matrices are made in place: those that are one power series in the cosine.

    >>> systems_in_place()
    ('deq-general', 'deq-relu')
    """
    return tuple(name for name in systems() if _offers(name, "prove_large"))


def offered_by_face(system: str, what: str) -> Any:
    """What the face of a system has under a name, or None; a paper without a face has nothing.

    >>> offered_by_face("deq-relu", "enclosed_numbers") is None
    False
    """
    return getattr(_module(system), what) if _offers(system, what) else None


def _has_gram(system: str) -> bool:
    return _offers(system, "gram_model")


def _offers(system: str, what: str) -> bool:
    """Whether the face of a system has something; a paper without a face has nothing."""
    try:
        return hasattr(_module(system), what)
    except DerivationGap:
        return False


@cache
def _module(system: str) -> Any:
    """The face of a system: the module in the room of its paper with its name and ``instance``."""
    package = rooms("numerics").get(paper_of(system)) if system in systems() else None
    for module in modules(package) if package else ():
        if getattr(module, "NAME", None) == system and hasattr(module, "instance"):
            return module
    raise DerivationGap(f"no finite-width network is written for {system!r}; its statistical claims stay unchecked.")
