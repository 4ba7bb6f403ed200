"""Noisy stochastic gradient descent at the front door: temperature, step and number of steps for a target."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from .activations import ActivationHandle, exact_activation
from .models import allowance, data_of, whole
from .numerics.balls.precision import undisturbed
from .theory.errors import SpecError
from .theory.numbers import Exact, rational

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .numerics.balls.budget import Budget
    from .numerics.studies.data import DataSet
    from .numerics.studies.descent_plan import SgdPlan

SYSTEM = "two-layer-logistic"
WIDEST = 1 << 20
"""Networks up to this width can be asked for."""


@undisturbed
def sgd_plan(
    X: ArrayLike | DataSet,
    labels: Sequence[int] | None = None,
    *,
    activation: str | ActivationHandle = "tanh",
    epsilon: Exact = "1/10",
    width: int = 64,
    outer: Exact | Sequence[Exact] = "1/4",
    regularisation: Exact = "1/100",
    batch: int | None = None,
    replacement: bool = False,
    initial_variance: Exact = 0,
    tied: bool = False,
    one_neuron: bool = False,
    normalize: str | None = "sphere",
    budget: Budget | None = None,
) -> SgdPlan:
    r"""Plans of noisy descent on the regularised logistic loss, with :math:`\mathbb E L(W_K)-\inf L\le\varepsilon`.

    The network has a fixed outer layer, :math:`f(x)=\sum_ja_j\sigma(w_j\cdot x)`, and descent is
    :math:`W_{k+1}=W_k-\eta\nabla L_B(W_k)+\sqrt{\eta s}\,\xi_k` with Gaussian :math:`\xi_k`. The bound of the theorem
    is evaluated in balls at the number of steps itself; the theorem is a written proof.
    docs/papers/two_layer_logistic/sgd.md.

    Parameters
    ----------
    X, normalize: (n, d), rows are inputs, as for :func:`population_gram`.
    labels: n numbers 1 and -1; by default those of the data set, or seeded signs where it has none.
    width, outer: the outer weights: one number, whose sign alternates over ``width`` units, or all of them.
    regularisation: λ > 0.
    batch, replacement: inputs in a mini-batch, drawn anew at every step; None for the whole gradient.
    initial_variance: W_0 has independent Gaussian entries of this variance; 0 for the weights zero.
    tied: take the step as temperature, η = s.
    one_neuron: also look for a plan by integrals over one neuron (tanh, outer weights of one size, at most four
        different inputs on a line or eight in a plane, norms kept); it may take a minute.
        docs/papers/two_layer_logistic/one-neuron.md.

    Returns
    -------
    ``plans``, shortest first (``best`` is the first, None where there is none): noise s, step, steps (None beyond
    10^18) and ``log10_steps``, the enclosed ``bound``, the theorem and the log-Sobolev inequality that won.
    ``trivial`` is ARGUED where the weights zero meet the target, ``convex`` where λ > λ_cvx; else they are UNKNOWN.

    Raises :class:`SpecError` for unusable input, :class:`DerivationGap` for an activation that is not covered.

    >>> plan = sgd_plan([[1]], [1], epsilon="1/10", width=256, outer=["1/512"] * 256, regularisation="1/2500")
    >>> plan.best.inequality, 10**5 < plan.best.steps < 10**8
    ('one neuron', True)
    """
    import dataclasses

    import numpy as np

    from .numerics.studies.networks import offered_by_face

    data = data_of("sgd_plan", X, None, normalize, None)
    if labels is not None:
        try:
            signs = np.asarray(list(labels), dtype=np.float64)
        except (TypeError, ValueError):
            signs = np.empty(0)
        if signs.shape != (data.n,) or not bool(np.isin(signs, (-1.0, 1.0)).all()):
            raise SpecError(f"sgd_plan: labels: give {data.n} numbers, each 1 or -1.")
        data = dataclasses.replace(data, labels=signs)
    found: SgdPlan = offered_by_face(SYSTEM, "descent_plan")(
        exact_activation(activation),
        data,
        _outer(outer, width),
        rational(regularisation, what="regularisation"),
        rational(epsilon, what="epsilon"),
        batch=None if batch is None else whole(batch, "batch", 1, 10**9),
        replacement=replacement,
        initial_variance=rational(initial_variance, what="initial_variance"),
        tied=tied,
        one_neuron=one_neuron,
        budget=allowance("sgd_plan", budget, None),
    )
    return found


def _outer(given: Exact | Sequence[Exact], width: int) -> tuple[Fraction, ...]:
    """The outer weights."""
    if isinstance(given, Sequence) and not isinstance(given, str):
        return tuple(rational(value, what="outer") for value in given)
    size, count = rational(given, what="outer"), whole(width, "width", 1, WIDEST)
    return tuple(size if j % 2 == 0 else -size for j in range(count))
