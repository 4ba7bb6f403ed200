"""A deep network on one data set: its NNGP and tangent matrices, computed once, by the route that suits them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, arb_mat

from ...theory.errors import PrecisionExhausted
from ...theory.verdict import Evidence
from ..balls.ball import enclose
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure
from ..balls.ends import Undecided, float_ball
from ..balls.precision import precision
from ..eigenvalues.eigenvalue import least_eigenvalue
from ..eigenvalues.nullspace import NullVector, RankBound
from ..expressions.growth import require_square_integrable
from ..kernels.ballmatrix import BallMatrix
from ..kernels.border import bordered
from ..kernels.cosines import Cosines, cosines, cosines_arb
from ..kernels.gram import gram, gram_arb
from ..kernels.order import choose_order
from ..kernels.parallel import parallel_pairs
from ..kernels.points import Points
from ..kernels.series import DotProductSeries
from ..studies.data import DataSet
from .conventions import TangentConvention
from .layerwise import layerwise_gram
from .network import DeepNetwork
from .pair import has_closed_forms, pair_kernels
from .rectifier_layer import rectifier
from .series import deep_series, slope
from .singularity import deep_singularity

FLOAT_BITS = 80
"""Precision of the series behind a float64 matrix."""
FLOAT_TARGET = arb((1, -54))
"""Rest of the series, relative to the mass, below which more terms no longer help a float64 matrix."""
NEARLY_PARALLEL = 1.0 - 2.0**-16
"""Modulus of the cosine beyond which pairs are evaluated one by one, where the errors of slopes grow."""
INDIVIDUAL = 4
"""At most this many times n pairs."""
PAIRS_IN_LADDER, CLOSED_PAIRS_IN_LADDER = 24, 128
"""Up to so many points the proof of an eigenvalue may ask for more bits pair by pair by itself."""
PAIR_BITS = 160
"""Their precision: half of it is lost to square roots next to 1."""
LAYER_ORDER = 1024
"""At most so many Hermite orders of a layer where the norms differ; the rest is bounded, not dropped."""


@dataclass(frozen=True, eq=False)
class DeepInstance:
    r"""The kernels of a :class:`DeepNetwork` on data; ``convention`` None means the NNGP kernel alone.

    Inputs of one norm: one power series in the cosine for each kernel (:mod:`.series`). Different norms, or a rectifier
    among the activations, whose series converges slowly: layer by layer (:mod:`.layerwise`). More bits: the series
    again, or pair by pair (:mod:`.pair`). Zero inputs: one by one, around the matrices of the others.
    """

    network: DeepNetwork
    data: DataSet
    convention: TangentConvention | None
    budget: Budget

    @property
    def system(self) -> str:
        """The kind of the kernel: ``nngp`` or ``ntk``."""
        return "nngp" if self.convention is None else "ntk"

    @property
    def subject(self) -> str:
        """The activations of the network in words."""
        return self.network.name

    @property
    def parameters(self) -> dict[str, Any]:
        """What determines the kernel besides the data, as JSON data: one variance for each dense layer."""
        network = self.network
        found: dict[str, Any] = {
            "depth": network.depth,
            "activations": [phi.name for phi in network.activations],
            "sigma_w2": [str(w) for w in network.sigma_w2],
            "sigma_b2": [str(b) for b in network.sigma_b2],
        }
        return found if self.convention is None else {**found, "convention": self.convention.value}

    @property
    def activation(self) -> DeepNetwork:
        """What is named in certificates: the activations of the network."""
        return self.network

    def require_square_integrable(self) -> None:
        """Raise :class:`SpecError` when the first activation is not square-integrable on these inputs."""
        largest = max(self.data.moments)
        first = self.network.activations[0]
        with precision(self.budget.bits):
            variance = enclose(self.network.sigma_w2[0] * largest + self.network.sigma_b2[0])
            require_square_integrable(first.expression, variance, name=first.name)

    @cached_property
    def common_norm(self) -> Fraction | None:
        """The common ``|x_i|²/d``, or None when the norms differ."""
        return self.data.common_norm

    @cached_property
    def cosines(self) -> Cosines:
        """The cosines of the inputs in float64, with a radius."""
        return cosines(self.data.source, budget=self.budget)

    @cached_property
    def parallel(self) -> tuple[tuple[int, int, int], ...]:
        """All pairs (i, j, ±1) of parallel inputs that are not zero, decided exactly."""
        if self.data.zero_rows:
            rest, kept = () if self._rest is None else self._rest.parallel, self.data.nonzero_rows
            return tuple((kept[i], kept[j], sign) for i, j, sign in rest)
        return tuple(parallel_pairs(self.cosines))

    @cached_property
    def _rest(self) -> DeepInstance | None:
        """The same network on the inputs that are not zero."""
        kept = self.data.nonzero_rows
        return replace(self, data=self.data.take(kept, f"{self.data.description}, without zeros")) if kept else None

    def _border(self, blocks: tuple[BallMatrix, ...] | None, bits: int) -> tuple[BallMatrix, ...]:
        """The matrices from those of the inputs that are not zero; the last ones where ``blocks`` are fewer."""
        kept = self.data.nonzero_rows
        norms = [self.data.moments[i] for i in kept]
        zero = Fraction(0)
        known = {m: pair_kernels(self.network, zero, m, zero, bits, self.convention) for m in {zero, *norms}}
        values = {m: _found(pair) for m, pair in known.items()}
        count = len(values[zero])
        which = range(count) if blocks is None else range(count - len(blocks), count)
        return tuple(
            bordered(
                None if blocks is None else blocks[k - which.start],
                kept,
                [values[m][k] for m in norms],
                values[zero][k],
                self.data.n,
            )
            for k in which
        )

    @cached_property
    def nngp(self) -> BallMatrix:
        """The NNGP matrix in float64, with its radius."""
        return self._matrices[0]

    @cached_property
    def gram(self) -> BallMatrix:
        """The matrix asked for: the tangent matrix if there is a convention, else the NNGP matrix."""
        return self._matrices[-1]

    @cached_property
    def _matrices(self) -> tuple[BallMatrix, ...]:
        if self.convention is not None:
            for phi in self.network.activations:
                slope(phi)
        if self.data.zero_rows:
            return self._border(None if self._rest is None else self._rest._matrices, FLOAT_BITS)
        norm = self.common_norm
        if norm is None or self._layered:
            return self._layer_by_layer()
        try:
            kernels = self._series(self.order_for(FLOAT_TARGET, FLOAT_BITS, self._separation), FLOAT_BITS, norm)
        except Undecided:  # a correlation that cannot be told apart from 1
            return self._layer_by_layer()
        return tuple(self._evaluate(k, s) for k, s in enumerate(kernels))

    def _layer_by_layer(self) -> tuple[BallMatrix, ...]:
        norms = sorted(set(self.data.moments))
        place = {norm: k for k, norm in enumerate(norms)}
        index = [place[m] for m in self.data.moments]
        order = min(LAYER_ORDER, self.budget.max_terms)
        found = layerwise_gram(
            self.network, norms, index, self.cosines, order=order, convention=self.convention, budget=self.budget
        )
        return tuple(self._sharpened(k, matrix) for k, matrix in enumerate(found) if isinstance(matrix, BallMatrix))

    def _sharpened(self, which: int, matrix: BallMatrix) -> BallMatrix:
        """The matrix with its nearly parallel pairs, at most 4n of them, evaluated one by one where that is sharper."""
        if not has_closed_forms(self.network, slopes=which == 1):
            return matrix
        where = np.argwhere(np.triu(np.abs(self.cosines.mid) > NEARLY_PARALLEL, 1))
        mid, rad = matrix.mid.copy(), np.array(matrix.rad)
        for i, j in where[: INDIVIDUAL * self.data.n].tolist():
            value = self._entry(i, j, PAIR_BITS)[which]
            centre, spread = float_ball(value) if value.is_finite() else (0.0, float("inf"))
            if spread < rad[i, j]:
                mid[i, j] = mid[j, i] = centre
                rad[i, j] = rad[j, i] = spread
        return replace(matrix, mid=mid, rad=rad)

    def _entry(self, i: int, j: int, bits: int) -> tuple[arb, ...]:
        """Entry (i, j) of the matrices from exact inner products, at any norms."""
        source = self.data.source
        with precision(bits):
            if self.common_norm is not None:
                return self._pair(self.cosines.entry(i, j), bits)
            a, b, c = self.data.moments[i], self.data.moments[j], source.inner(i, j)
            c = c / source.d if isinstance(source, Points) else c
            return _found(pair_kernels(self.network, a, b, c, bits, self.convention))

    def _series(self, order: int, bits: int, norm: Fraction) -> tuple[DotProductSeries, ...]:
        found = deep_series(self.network, order, bits, input_variance=norm, convention=self.convention)
        return (found.nngp,) if found.tangent is None else (found.nngp, found.tangent)

    def _evaluate(self, which: int, series: DotProductSeries) -> BallMatrix:
        closed = has_closed_forms(self.network, slopes=which == 1)

        def entry(t: arb) -> arb:
            if t == -1 and self.network.odd:
                return -series.mass
            return self._pair(t, PAIR_BITS)[which] if closed else series(t)

        return gram(series, self.cosines, budget=self.budget, entry=entry)

    def _pair(self, t: arb, bits: int) -> tuple[arb, ...]:
        norm = self.common_norm
        assert norm is not None  # only asked on inputs of one norm
        c = norm if t == 1 else -norm if t == -1 else enclose(norm) * t
        if t == -1 and self.network.odd:
            return tuple(-value for value in self._pair(arb(1), bits))
        return _found(pair_kernels(self.network, norm, norm, c, bits, self.convention))

    @property
    def _separation(self) -> float:
        """An upper bound of |C_ij| over the pairs that are not parallel."""
        if not self.parallel:
            return self.cosines.delta
        masked = self.cosines.mid.copy()
        for i, j, _ in self.parallel:
            masked[i, j] = masked[j, i] = 0.0
        return Cosines(masked, self.cosines.rad).delta

    def order_for(self, target: arb, bits: int, delta: float) -> int:
        """The series length at which the rest is below ``target`` times the mass, or the longest allowed."""
        norm = self.common_norm
        assert norm is not None  # only asked on inputs of one norm

        def build(order: int) -> DotProductSeries:
            last = self._series(order, bits, norm)[-1]
            return last.scale(1 / last.mass)

        with precision(bits):
            return max(choose_order(build, arb(min(delta, 1.0)), target, max_terms=self.budget.max_terms), 4)

    @property
    def refinement(self) -> Callable[[int], BallMatrix] | None:
        """:meth:`refine` where it is quick enough for the ladder to ask for it by itself, None otherwise."""
        if self.data.zero_rows:
            return self.refine if self._rest is None or self._rest.refinement is not None else None
        closed = has_closed_forms(self.network, slopes=self.convention is not None)
        quick = not self._layered or self.data.n <= (CLOSED_PAIRS_IN_LADDER if closed else PAIRS_IN_LADDER)
        return self.refine if quick else None

    @property
    def _layered(self) -> bool:
        """Whether the matrices are computed layer by layer: norms that differ, or a rectifier, whose series is slow."""
        return self.common_norm is None or any(rectifier(phi) is not None for phi in self.network.activations)

    def refine(self, bits: int) -> BallMatrix:
        """The matrix asked for in ball arithmetic at ``bits``; pair by pair where a series is too long."""
        if self.data.zero_rows:
            return self._border(None if self._rest is None else (self._rest.refine(bits),), bits)[-1]
        norm = self.common_norm
        if norm is not None and not self._layered:
            try:
                order = self.order_for(arb((1, -bits)), bits, self._separation)
                closed = has_closed_forms(self.network, slopes=self.convention is not None)
                if order < self.budget.max_terms or not closed:
                    return gram_arb(self._series(order, bits, norm)[-1], cosines_arb(self.data.source, bits), bits)
            except Undecided:  # a correlation that cannot be told apart from 1
                pass
        return self._pair_by_pair(bits)

    def _pair_by_pair(self, bits: int) -> BallMatrix:
        """Every entry by its own recursion, at any norms: slow, and as sharp as the bits allow."""
        n, moments = self.data.n, self.data.moments
        same = {(i, i) for i in range(n)}
        for i, j, sign in self.parallel:
            if sign == 1 and moments[i] == moments[j]:
                same.add((j, i))
        diagonal: dict[Fraction, arb] = {}
        with precision(bits):
            table = arb_mat(n, n)
            for i in range(n):
                a = moments[i]
                if a not in diagonal:
                    diagonal[a] = _found(pair_kernels(self.network, a, a, a, bits, self.convention))[-1]
                for j in range(i + 1):
                    value = diagonal[a] if (i, j) in same else self._entry(i, j, bits)[-1]
                    if not value.is_finite():
                        raise PrecisionExhausted(f"entry ({i}, {j}) is not finite at {bits} bits: ask for more.")
                    table[i, j] = table[j, i] = value
            return BallMatrix.from_arb(table, (f"pair by pair in ball arithmetic at {bits} bits",))

    @cached_property
    def null_vector(self) -> NullVector | RankBound | None:
        """An exact reason why both kernels are singular, when there is one."""
        return deep_singularity(self.network, self.data, self.parallel, one_norm=self.common_norm is not None)

    @cached_property
    def eigenvalue(self) -> Enclosure:
        """The least eigenvalue of the matrix asked for, proved on both sides; exactly 0 where it is singular."""
        if self.null_vector is not None:
            return Enclosure(0.0, 0.0, Evidence.EXACT, f"exactly singular: {self.null_vector.reason}")
        return least_eigenvalue(self.gram, budget=self.budget, refine=self.refinement, known_psd=True)


def _found(pair: tuple[arb, arb | None]) -> tuple[arb, ...]:
    return (pair[0],) if pair[1] is None else (pair[0], pair[1])
