"""Every inequality of the proof along a finished run, with both sides enclosed."""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb

from ....balls.ends import between
from ....balls.precision import precision
from ....checks.relation import Relation
from ....checks.trajectories import Bounds
from .run import ZeroOutputRun
from .theorem import BITS, Descent


def _balls(bounds: Bounds) -> list[arb]:
    ends = zip(bounds.lower.tolist(), bounds.upper.tolist(), strict=True)
    return [between(arb(low), arb(high)) for low, high in ends]


def _sums(parts: list[arb]) -> list[arb]:
    """The sums of the first 0, 1, 2, ... of them."""
    found = [arb(0)]
    for part in parts:
        found.append(found[-1] + part)
    return found


def along(run: ZeroOutputRun, found: Descent) -> list[Relation]:
    r"""The inequalities, in the order of the proof; each iterate or step is a place.

    With :math:`T_k=\sum_{j<k}\eta\lVert e_j\rVert` and :math:`S_k=\sum_{j<k}\eta\lVert a_j\rVert\lVert e_j\rVert`, and
    :math:`\lambda_k=(\sqrt\lambda-JS_k)^2`. The conclusions come last.
    """
    solved = found.solved
    if solved is None:
        return []
    with precision(BITS):
        start = found.start.safe()
        assert start is not None
        eta, steps = arb(run.step), run.steps
        e, a, z = (_balls(run.bounds(name)) for name in ("residual", "readout", "norm"))
        least = [x.sqrt() for x in _balls(run.bounds("least"))]
        times = _sums([eta * x for x in e[:steps]])
        paths = _sums([eta * x * y for x, y in zip(e[:steps], a[:steps], strict=True)])
        size = found.norm**2 + found.initial.points**2
        ell, root = found.slope, start.least.sqrt()
        at = range(steps)
        kept = [root - start.drift * path for path in paths]
        shares = [1 - eta * x * x for x in kept]
        argument, features = _balls(run.bounds("argument")), _balls(run.bounds("features"))
        moves = {
            "the adjoint: |delta_i| <= l |a|": (_balls(run.bounds("adjoint")), [ell * a[k] for k in at]),
            "the step: |(dW, dU)| <= eta l |a| |e| sqrt(N^2 + |X|^2)": (
                _balls(run.bounds("weights")),
                [eta * ell * a[k] * e[k] * size.sqrt() for k in at],
            ),
            "the pre-activations: |dW Z + dU X| <= eta l |a| |e| (N^2 + |X|^2)": (
                argument,
                [eta * ell * a[k] * e[k] * size for k in at],
            ),
            "the features: |dZ| <= l |dW Z + dU X|": (features, [ell * argument[k] for k in at]),
            "(c): |dZ' a+| <= eta K |a| |a+| |e|": (
                _balls(run.bounds("coupling")),
                [eta * start.coupling * a[k] * a[k + 1] * e[k] for k in at],
            ),
            "the linear part: |(I - eta Z'Z) e| <= (1 - eta lambda_k) |e|": (
                _balls(run.bounds("linear")),
                [shares[k] * e[k] for k in at],
            ),
            "each step: |e+| <= (1 - eta c) |e|": (e[1:], [(1 - eta * found.rate) * e[k] for k in at]),
        }
        states = {
            "the energy: |a|^2 <= omega_0 + 2 Y T_k": (
                [x * x for x in a],
                [start.outputs + 2 * start.labels * t for t in times],
            ),
            "the path: S_k <= M(T_k)": (paths, [start.path(t) for t in times]),
            "the time: T_k <= T": (times, [solved.time.upper()] * (steps + 1)),
            "the residual: |e| <= E_0 - the integral of r": (e, [start.residual - start.covered(t) for t in times]),
            "the weights: L (|W_0| + the path of W) <= a_*": (
                [found.initial.recurrent + found.initial.lipschitz * x for x in _balls(run.bounds("recurrent"))],
                [found.contraction] * (steps + 1),
            ),
            "the state: |Z| <= N": (z, [found.norm] * (steps + 1)),
            "the drift: |Z - Z_0| <= J S_k": (_balls(run.bounds("drift")), [start.drift * path for path in paths]),
            "the least singular value: at least sqrt(lambda) - J S_k": (kept, least),
            "the rate: |e_k| <= (1 - eta c)^k |e_0|": (
                e,
                [(1 - eta * found.rate) ** k * e[0] for k in range(steps + 1)],
            ),
        }
        return [
            *_relations(states, skip=1),
            *_relations(moves, skip=0, place="step"),
        ]


def _relations(
    sides: dict[str, tuple[list[arb], list[arb]]], *, skip: int, place: str = "recorded iterate"
) -> Iterator[Relation]:
    """Both sides at each place after the first ``skip``, where they are the same number."""
    for text, (left, right) in sides.items():
        low, high = Bounds.of_balls(left[skip:]), Bounds.of_balls(right[skip:])
        yield Relation.of(text, low, high, place=place, first=skip)


def largest_ratio(relation: Relation) -> float:
    """The largest proved upper bound of left over right over the places, 0 where both sides are 0."""
    ends = zip(relation.left.upper, relation.right.lower, strict=True)
    return max(float(left / right) if right > 0 else float(left > 0) * float("inf") for left, right in ends if left)
