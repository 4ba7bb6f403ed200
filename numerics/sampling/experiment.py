r"""The protocol of a finite-width experiment: which networks are drawn, what is recorded, how it is resumed.

A *unit* is one pair (width, replicate): one draw of the weights, used by every activation. Its random numbers come from
``SeedSequence(seed, spawn_key=(width, replicate))``: a unit's result depends neither on the order in which units run,
nor on how many processes run them, nor on which other units exist.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..balls.threads import blas_threads
from ..files import write_atomically
from ..stored import arrays_as_bytes, damaged, read_arrays, silent
from ..studies.networks import FiniteGram, Nonlinearity, Sampler, nonlinearity, sampler
from .resumed import resumed

if TYPE_CHECKING:
    from ...theory.activations.activation import Activation

NUMBERS = (
    "operator_error",  # ||G_m − K||_2
    "frobenius_error",  # ||G_m − K||_F
    "entry_error",  # max |G_m − K|
    "least_eigenvalue",  # lambda_min(G_m)
    "whitened_error",  # ||K^{-1/2} (G_m − K) K^{-1/2}||_2; NaN where K is not numerically positive definite
    "whitened_frobenius",  # the same in the Frobenius norm
    "norm_lower",  # bounds of ||W||_2
    "norm_upper",
    "iterations",
    "residual",
    "solution_error",  # bound of ||Z − Z*||_F
    "gram_error",  # bound of ||G_m − G_m*||_2
    "converged",
    "seconds",
)
"""What is recorded of every network, in this order."""
FUNCTIONALS = ("entries", "directions", "probes", "squares")
"""The blocks of :attr:`Unit.functionals`."""
MAX_ENTRIES = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One activation with its population Gram matrix: midpoints (n, n) and a bound of the norm of their error."""

    activation: Activation | Nonlinearity
    kernel: NDArray[np.float64]
    kernel_error: float = 0.0
    lipschitz: float | None = None

    def nonlinearity(self) -> Nonlinearity:
        """The function that the network applies."""
        if isinstance(self.activation, Nonlinearity):
            return self.activation
        return nonlinearity(self.activation, lipschitz=self.lipschitz)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A whole experiment; two equal plans give equal results bit for bit on one machine.

    ``points`` is (n, d) float64; ``parameters`` are those of the sampler, e.g. ``{"sigma_w2": Fraction(1, 16)}``.
    ``system`` is the name of a system that has a network here, or a sampler of the caller's own.
    Raises :class:`SpecError` for widths or seeds that are not positive and for kernels of the wrong shape.
    """

    system: str | Sampler
    points: NDArray[np.float64]
    subjects: tuple[Subject, ...]
    widths: tuple[int, ...]
    seeds: int
    seed: int = 0
    dtype: str = "float32"
    tolerance: float | None = None
    parameters: dict[str, Fraction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.widths or min(self.widths) < 1 or len(set(self.widths)) != len(self.widths):
            raise SpecError(f"finite-width: widths = {list(self.widths)} must be distinct positive integers.")
        if self.seeds < 1:
            raise SpecError(f"finite-width: seeds = {self.seeds} must be at least 1.")
        if self.seed < 0:
            raise SpecError(f"finite-width: seed = {self.seed} must not be negative.")
        n = self.points.shape[0]
        for subject in self.subjects:
            if subject.kernel.shape != (n, n):
                raise SpecError(f"finite-width: a kernel is {subject.kernel.shape}, but there are {n} points.")

    def units(self) -> tuple[tuple[int, int], ...]:
        """All (width, replicate), so ordered that an interrupted run has about as many replicates of each width."""
        return tuple((m, r) for r in range(self.seeds) for m in sorted(self.widths, reverse=True))

    def entries(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The recorded entries (i <= j): all of them, or a sample of ``MAX_ENTRIES`` fixed by the seed."""
        rows, columns = np.triu_indices(self.points.shape[0])
        if rows.size > MAX_ENTRIES:
            random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=(0,))))
            chosen = np.sort(random.choice(rows.size, MAX_ENTRIES, replace=False))
            rows, columns = rows[chosen], columns[chosen]
        return rows, columns

    def variances(self) -> tuple[float, NDArray[np.float64]]:
        r"""Of a pre-activation at one input: the factor :math:`2\sigma_w^2` of :math:`G_{ii}`, and the rest (n,)."""
        feedback = 2 * float(self.parameters.get("sigma_w2", Fraction(0)))
        return feedback, 2 * (self.points**2).sum(axis=1) / self.points.shape[1]

    def fingerprint(self) -> str:
        """A digest of everything that a unit's result depends on (not of the list of widths or the number of seeds)."""
        digest = hashlib.sha256()
        system = self.system if isinstance(self.system, str) else getattr(self.system, "__qualname__", "")
        recorded = (*NUMBERS, *FUNCTIONALS)
        for part in (system, self.seed, self.dtype, self.tolerance, sorted(self.parameters.items()), recorded):
            digest.update(repr(part).encode())
        digest.update(np.ascontiguousarray(self.points).tobytes())
        for subject in self.subjects:
            expression = getattr(subject.activation, "expression", None)
            digest.update(repr((subject.activation.name, str(expression), subject.lipschitz)).encode())
            digest.update(np.ascontiguousarray(subject.kernel).tobytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """The record of one draw: ``numbers`` (subjects, len(NUMBERS)); ``functionals`` (subjects, entries + 3 n).

    First those that are linear in :math:`D = G_m - K`: the recorded entries of D, then :math:`v_k^\\top D v_k` for the
    eigenvectors of K in ascending order of the eigenvalues. Then, for the standardised pre-activations x = h/sqrt(s) of
    each input (docs/theory/finite-width.md, section 5), the means of φ(sqrt(s_*) x)² and of x² over the neurons.
    """

    width: int
    replicate: int
    numbers: NDArray[np.float64]
    functionals: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The units of a plan that are finished, sorted; every accessor returns replicates in their own order."""

    plan: Plan
    units: tuple[Unit, ...]

    @property
    def complete(self) -> bool:
        """Whether every unit of the plan is here."""
        return len(self.units) == len(self.plan.units())

    def column(self, subject: int, name: str) -> dict[int, NDArray[np.float64]]:
        """One number of :data:`NUMBERS` by width: arrays of the replicates' values."""
        k = NUMBERS.index(name)
        return self._collect(lambda unit: unit.numbers[subject, k])

    def functionals(self, subject: int) -> dict[int, NDArray[np.float64]]:
        """The linear functionals by width: (replicates, entries + n)."""
        kept = self.plan.entries()[0].size + self.plan.points.shape[0]
        return self._collect(lambda unit: unit.functionals[subject, :kept])

    def _collect(self, pick: Callable[[Unit], object]) -> dict[int, NDArray[np.float64]]:
        by_width = itertools.groupby(self.units, key=lambda unit: unit.width)
        return {m: np.asarray([pick(unit) for unit in units], dtype=np.float64) for m, units in by_width}


class _Laboratory:
    """What one process prepares once for a plan: the functions, and the factorised kernels."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.sample = sampler(plan.system) if isinstance(plan.system, str) else plan.system
        self.functions = tuple(subject.nonlinearity() for subject in plan.subjects)
        self.rows, self.columns = plan.entries()
        with blas_threads(1):
            self.vectors = tuple(scipy.linalg.eigh(subject.kernel)[1] for subject in plan.subjects)
            self.factors = tuple(_cholesky(subject.kernel) for subject in plan.subjects)

    def run(self, width: int, replicate: int) -> Unit:
        """Draw, solve and compare one unit."""
        seed = np.random.SeedSequence(self.plan.seed, spawn_key=(width, replicate))
        with blas_threads(1):
            results = self.sample(
                self.plan.points,
                self.functions,
                width=width,
                seed=seed,
                dtype=self.plan.dtype,
                tolerance=self.plan.tolerance,
                **self.plan.parameters,
            )
            records = [self._compare(k, result) for k, result in enumerate(results)]
        return Unit(width, replicate, np.array([r[0] for r in records]), np.array([r[1] for r in records]))

    def _compare(self, k: int, found: FiniteGram) -> tuple[list[float], NDArray[np.float64]]:
        deviation = found.gram - self.plan.subjects[k].kernel
        account = [found.norm_lower, found.norm_upper, found.iterations, found.residual, found.solution_error]
        account += [found.gram_error, float(found.converged), found.seconds]
        if not np.isfinite(deviation).all():
            missing = np.full(self.rows.size + 3 * deviation.shape[0], np.nan)
            return [np.nan] * (len(NUMBERS) - len(account)) + account, missing
        whitened = whitened_frobenius = np.nan
        factor = self.factors[k]
        if factor is not None:
            half = scipy.linalg.solve_triangular(factor, deviation, trans="T")
            relative = scipy.linalg.solve_triangular(factor, half.T, trans="T")
            whitened, whitened_frobenius = _norm((relative + relative.T) / 2), float(np.linalg.norm(relative))
        errors = [_norm(deviation), float(np.linalg.norm(deviation)), float(np.abs(deviation).max())]
        errors += [float(scipy.linalg.eigvalsh(found.gram, subset_by_index=[0, 0])[0]), whitened, whitened_frobenius]
        directions = np.einsum("ik,ik->k", self.vectors[k], deviation @ self.vectors[k])
        probes = self._standardised(k, found)
        return errors + account, np.concatenate([deviation[self.rows, self.columns], directions, *probes])

    def _standardised(self, k: int, found: FiniteGram) -> NDArray[np.float64]:
        """The means of φ(sqrt(s_*) x)² and of x² for the standardised pre-activations, (2, n); NaN without them."""
        n = self.plan.points.shape[0]
        if found.preactivations is None:
            return np.full((2, n), np.nan)
        feedback, square = self.plan.variances()
        with np.errstate(divide="ignore", invalid="ignore"):
            x = found.preactivations / np.sqrt(feedback * np.diag(found.gram) + square)
            wanted = np.sqrt(feedback * np.diag(self.plan.subjects[k].kernel) + square)
            values = np.broadcast_to(self.functions[k].function(wanted * x), x.shape)
        return np.array([(values * values).mean(axis=0), (x * x).mean(axis=0)])


def _norm(symmetric: NDArray[np.float64]) -> float:
    """The spectral norm of a symmetric matrix."""
    return float(np.abs(scipy.linalg.eigvalsh(symmetric)).max())


def _cholesky(kernel: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The upper factor, or None when the matrix is not positive definite within rounding."""
    least, largest = scipy.linalg.eigvalsh(kernel)[[0, -1]]
    if least <= 1e-13 * kernel.shape[0] * largest:
        return None
    return np.asarray(scipy.linalg.cholesky(kernel))


def _work(plan: Plan) -> Callable[[tuple[int, int]], Unit]:
    """What a worker process does with a unit."""
    laboratory = _Laboratory(plan)
    return lambda unit: laboratory.run(*unit)


def _called(unit: tuple[int, int]) -> str:
    return f"the network of width {unit[0]}, replicate {unit[1]}"


def run(
    plan: Plan,
    *,
    jobs: int = 1,
    store: Path | None = None,
    seconds: float | None = None,
    on_unit: Callable[[Unit, int, int], None] | None = None,
    on_damage: Callable[[str], None] = silent,
    on_death: Callable[[str], None] = silent,
) -> Sample:
    """Run the units of a plan that are not yet in the store.

    Parameters
    ----------
    jobs: processes; each works with one thread, so that their number cannot change a result.
    store: a folder that receives one small file per unit, whole or not at all; finished units are read from it.
    seconds: no unit is started after this wall time; the sample is then not ``complete``.
    on_unit: called in this process after each unit with (unit, finished, total).
    on_damage: told in a sentence of each stored file that is not what was written.
    on_death: called with a sentence when a process died and its unit is started once more, or when the plan cannot be
        sent to processes and is run in this one.

    Raises :class:`Unfinished` when one unit ends two processes, or when they do not start.
    """
    mark = plan.fingerprint()

    def load(item: tuple[int, int]) -> Unit | None:
        return None if store is None else _load(_path(store, mark, *item), plan, *item)

    def save(unit: Unit) -> None:
        if store is not None:
            _save(_path(store, mark, unit.width, unit.replicate), unit)

    done = resumed(
        plan.units(),
        _work,
        plan,
        load=load,
        save=save,
        jobs=jobs,
        seconds=seconds,
        name=_called,
        on_unit=on_unit,
        on_damage=on_damage,
        on_death=on_death,
    )
    return Sample(plan, tuple(sorted(done, key=lambda unit: (unit.width, unit.replicate))))


def _path(store: Path, mark: str, width: int, replicate: int) -> Path:
    return store / f"{mark}-m{width}-r{replicate}.npz"


def _save(path: Path, unit: Unit) -> None:
    """Write one unit, whole or not at all."""
    key = np.array([unit.width, unit.replicate])
    write_atomically(path, arrays_as_bytes({"numbers": unit.numbers, "functionals": unit.functionals, "key": key}))


def _load(path: Path, plan: Plan, width: int, replicate: int) -> Unit | None:
    """Read one unit; None when there is none. Raises :class:`SpecError` when the file is not the one written for it."""
    found = read_arrays(path)
    if found is None:
        return None
    size = plan.entries()[0].size + 3 * plan.points.shape[0]
    shapes = {"numbers": (len(plan.subjects), len(NUMBERS)), "functionals": (len(plan.subjects), size), "key": (2,)}
    if {name: array.shape for name, array in found.items()} != shapes or found["key"].tolist() != [width, replicate]:
        raise damaged(path, "it holds other arrays than a sampled network of this plan")
    if {array.dtype.str for name, array in found.items() if name != "key"} != {"<f8"}:
        raise damaged(path, "its numbers are not float64")
    return Unit(width, replicate, found["numbers"], found["functionals"])
