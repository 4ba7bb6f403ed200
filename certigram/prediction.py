"""Regression and classification with proved error: Gaussian processes, kernel ridge, gradient flow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from html import escape
from numbers import Real
from typing import TYPE_CHECKING, Any

from .kernels import Kernel
from .models import data_of, precision_bits
from .numerics.balls.ball import Ball
from .numerics.balls.enclosure import Enclosure
from .numerics.balls.precision import undisturbed
from .numerics.balls.printed import text_above
from .numerics.kernels.ballarray import BallArray
from .theory.errors import SpecError
from .theory.numbers import Exact, numeral, rational
from .theory.printable import shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from .numerics.regression.problem import Balls, Regression
    from .numerics.studies.data import DataSet

QUICK_ENTRIES = 200_000
"""So many values of a kernel are computed in balls without being asked for."""
SHOWN = 8
"""Rows of a table in a notebook."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Predictions at t points, every number enclosed.

    Attributes
    ----------
    mean: (t, o), the posterior mean, or the gradient flow at ``time``.
    variance: (t, 1), the posterior variance of the function (without the noise); None with a ``time``.
    spectrum: what the least eigenvalue of K + noise·I is proved to be.
    method: how the numbers were enclosed.
    one: whether the targets were a vector: then ``shape`` is (t,).
    """

    mean: BallArray
    variance: BallArray | None
    kernel: Kernel
    noise: Fraction
    time: Fraction | None
    spectrum: Enclosure
    method: str
    one: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """(t,) or (t, o), like the targets."""
        return self.mean.shape[:1] if self.one else self.mean.shape

    def __len__(self) -> int:
        return len(self.mean)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """A writeable copy of the midpoints of the means, of this shape."""
        return self.mean.__array__(dtype, copy).reshape(self.shape)

    @property
    def standard_deviation(self) -> BallArray | None:
        """The square root of the variance, (t, 1); None with a ``time``."""
        from .numerics.regression.posterior import square_root

        return None if self.variance is None else square_root(self.variance)

    def _accuracy(self) -> str:
        import numpy as np

        text = f"means known to ± {text_above(float(np.max(self.mean.rad, initial=0.0)), 3)}"
        if self.variance is not None:
            text += f", variances to ± {text_above(float(np.max(self.variance.rad, initial=0.0)), 3)}"
        return text

    def __repr__(self) -> str:
        when = "" if self.time is None else f", time={numeral(self.time)}"
        return f"Prediction(shape={self.shape}, {self._accuracy()}, noise={numeral(self.noise)}{when})"

    def _repr_html_(self) -> str:
        rows = []
        for i in range(min(len(self), SHOWN)):
            cells = [str(self.mean.ball(i, j)) for j in range(self.mean.shape[1])]
            cells += [] if self.variance is None else [str(self.variance.ball(i, 0))]
            rows.append("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in (str(i), *cells)) + "</tr>")
        names = ["mean"] if self.one else [f"mean {j}" for j in range(self.mean.shape[1])]
        heads = ["", *names, *([] if self.variance is None else ["variance"])]
        head = "".join(f"<th>{h}</th>" for h in heads)
        more = "" if len(self) <= SHOWN else f"<br>… and {len(self) - SHOWN} more"
        body = f"<table><tr>{head}</tr>{''.join(rows)}</table>{more}"
        return f"<b>Prediction</b> of {escape(str(self.kernel))}: {escape(self._accuracy())}{body}"


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """The class of each of t points, where the enclosures of its score and of all others are proved to separate.

    Attributes
    ----------
    classes: the labels that occurred, in order.
    scores: the prediction of targets +1 for a label and -1 for all others, (t, number of classes).
    """

    classes: tuple[Any, ...]
    scores: Prediction

    def candidates(self, i: int) -> tuple[Any, ...]:
        """The labels that may have the largest score at point i; one where it is decided."""
        lower, upper = self._ends()
        best = lower[i].max()
        return tuple(c for c, high in zip(self.classes, upper[i], strict=True) if high >= best)

    @property
    def labels(self) -> list[Any]:
        """The proved label of each point, and None where none is."""
        every = [self.candidates(i) for i in range(len(self))]
        return [found[0] if len(found) == 1 else None for found in every]

    @property
    def decided(self) -> NDArray[Any]:
        """Which points have a proved label, (t,) of booleans."""
        import numpy as np

        return np.array([len(self.candidates(i)) == 1 for i in range(len(self))], dtype=bool)

    def _ends(self) -> tuple[NDArray[Any], NDArray[Any]]:
        import numpy as np

        mean = self.scores.mean
        return np.nextafter(mean.mid - mean.rad, -np.inf), np.nextafter(mean.mid + mean.rad, np.inf)

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        t, count = len(self), int(self.decided.sum())
        return f"Classification({t} points, {len(self.classes)} classes: {count} proved, {t - count} undecided)"

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{i}</td><td>{escape('undecided' if len(c) > 1 else shown(c[0]))}</td></tr>"
            for i, c in ((i, self.candidates(i)) for i in range(min(len(self), SHOWN)))
        )
        return f"<b>{escape(repr(self))}</b><table><tr><th></th><th>label</th></tr>{cells}</table>"


@undisturbed
def predict(
    k: Kernel,
    X: ArrayLike | DataSet,
    y: ArrayLike,
    X_test: ArrayLike | DataSet,
    *,
    noise: Exact = 0,
    time: Exact | None = None,
    bits: int | None = None,
    normalize: str | None = None,
) -> Prediction:
    r"""The Gaussian process posterior given exact data, which is kernel ridge regression; or gradient flow at a time.

    With :math:`M = K + \sigma^2I`, the mean :math:`k^{*T}M^{-1}y` and the variance
    :math:`k^{**} - k^{*T}M^{-1}k^*`; with a ``time`` t, :math:`k^{*T}M^{-1}(I - e^{-Mt})y`: what a network of kernel K
    that starts at 0 predicts after gradient flow on :math:`\tfrac12\sum_i(f(x_i)-y_i)^2` for the time t.

    Parameters
    ----------
    k: a kernel, made by :func:`kernel`.
    X, X_test: (n, d) and (t, d), rows are points, each number meant exactly (docs/data.md).
    y: (n,) or (n, o), exact numbers.
    noise: the exact variance :math:`\sigma^2 \ge 0`, called alpha in scikit-learn.
    time: None or ``math.inf`` for the limit of long times, which is the posterior.
    bits: None for float64 with radii (and balls where it is too coarse and they are quick), or a precision for balls.
    normalize: None keeps the norms of the points; "sphere" rescales them to norm sqrt(d).

    Raises :class:`SpecError` for unusable input, and for K + noise·I that is not proved positive definite;
    :class:`PrecisionExhausted` for numbers beyond float64, and radii that leave nothing, where balls were not tried
    (see ``bits``). Proofs: docs/prediction.md.

    >>> from certigram import kernel
    >>> p = predict(kernel("gaussian"), [[0], [1]], [1, 3], [["1/2"]], noise="1/100")
    >>> p.shape, p.mean[0, 0].contains("2.1836811996908852949"), bool(p.mean.rad.max() < 1e-13)
    ((1,), True, True)
    """
    exact_time = _exact_time(time)
    digits = None if bits is None else precision_bits(bits)
    if X_test is None:
        raise SpecError("predict: X_test is missing: give the points to predict at, (t, d).")
    problem, one = _problem(k, X, y, X_test, noise, digits, normalize, exact_time)
    return _predicted(k, problem, exact_time, digits, one)


@undisturbed
def classify(
    k: Kernel,
    X: ArrayLike | DataSet,
    labels: Sequence[Any] | ArrayLike,
    X_test: ArrayLike | DataSet,
    *,
    noise: Exact = 0,
    time: Exact | None = None,
    bits: int | None = None,
    normalize: str | None = None,
) -> Classification:
    """The label of the largest score, for each point where that is proved; scores are regressions on ±1 targets.

    ``labels``: n values that can be compared for equality. Other parameters, and what is raised, as :func:`predict`.

    >>> from certigram import kernel
    >>> found = classify(kernel("gaussian"), [[0], [1], [4]], ["a", "a", "b"], [[0.5], [3.5]], noise="1/10")
    >>> found.labels, found
    (['a', 'b'], Classification(2 points, 2 classes: 2 proved, 0 undecided))
    """
    names = _labels(labels)
    classes = _distinct(names)
    place = {c: j for j, c in enumerate(classes)}
    targets = [[1 if place[name] == j else -1 for j in range(len(classes))] for name in names]
    return Classification(
        tuple(classes), predict(k, X, targets, X_test, noise=noise, time=time, bits=bits, normalize=normalize)
    )


@undisturbed
def log_marginal_likelihood(
    k: Kernel,
    X: ArrayLike | DataSet,
    y: ArrayLike,
    *,
    noise: Exact = 0,
    bits: int | None = None,
    normalize: str | None = None,
) -> tuple[Ball, ...]:
    r"""The log marginal likelihood of a Gaussian process, :math:`-\tfrac12(y^TM^{-1}y + \log\det M + n\log2\pi)`.

    One ball for each column of y. Parameters, and what is raised, as :func:`predict`.

    >>> from certigram import kernel
    >>> found = log_marginal_likelihood(kernel("gaussian"), [[0], [1]], [1, 3], noise="1/100")
    >>> found[0].contains("-6.577128866492546083594584"), float(found[0].rad) < 1e-12
    (True, True)
    """
    from .numerics.regression.evidence import log_evidence
    from .numerics.regression.problem import NotDefinite, ridge

    digits = None if bits is None else precision_bits(bits)
    problem, _ = _problem(k, X, y, None, noise, digits, normalize, None)
    try:
        return tuple(map(Ball, log_evidence(problem, ridge(problem.gram, problem.noise), bits=digits)))
    except NotDefinite as error:
        raise SpecError(str(error)) from None


def _predicted(k: Kernel, problem: Regression, time: Fraction | None, bits: int | None, one: bool) -> Prediction:
    from .numerics.regression.prediction import predict as enclose
    from .numerics.regression.problem import NotDefinite

    try:
        found = enclose(problem, time, bits=bits)
    except NotDefinite as error:
        raise SpecError(str(error)) from None
    variance = None
    if found.variance is not None:
        mid, rad = (x.reshape(-1, 1) for x in found.variance)
        variance = BallArray(mid, rad, found.variance_balls, (found.method,))
    mean = BallArray(found.mean.mid, found.mean.rad, found.balls, (found.method,))
    return Prediction(mean, variance, k, problem.noise, time, found.spectrum, found.method, one)


def _problem(
    k: Kernel,
    X: ArrayLike | DataSet,
    y: ArrayLike,
    X_test: ArrayLike | DataSet | None,
    noise: Exact,
    bits: int | None,
    normalize: str | None,
    time: Fraction | None,
) -> tuple[Regression, bool]:
    """The matrices of a regression, and whether its targets are a vector; the training points again for no tests."""
    import numpy as np
    from flint import arb_mat

    from .numerics.balls.ends import float_ball
    from .numerics.regression.problem import Balls, Regression
    from .numerics.regression.targets import targets

    given: object = k
    if not isinstance(given, Kernel):
        raise SpecError(f'predict: {shown(given)} is no kernel: make one, as in kernel("gaussian", scale=2).')
    variance = rational(noise, what="noise")
    train = data_of("predict", X, None, normalize, normalize)
    test = None if X_test is None else data_of("predict", X_test, None, normalize, normalize)
    goal, one = targets(y, train.n)
    K = k(train, normalize=normalize)
    singular = K.instance.null_vector if variance == 0 and time is None else None
    if singular is not None:
        raise SpecError(f"predict: the kernel matrix is singular ({singular.reason}): give a positive noise.")
    size = train.n * (train.n + (0 if test is None else test.n))
    quick = K.instance.refinement is not None and size <= QUICK_ENTRIES

    @cache
    def refine(p: int) -> Balls:
        square = k(train, bits=p, normalize=normalize).matrix.arb
        cross = square if test is None else k(train, test, bits=p, normalize=normalize).arb
        assert square is not None
        assert cross is not None
        prior = k.diag(test or train, p, normalize=normalize)
        return Balls(square, cross, arb_mat(len(prior), 1, [b.arb for b in prior]))

    cross = K.matrix if test is None else k(train, test, normalize=normalize)
    prior = [float_ball(b.arb) for b in k.diag(test or train, normalize=normalize)]
    problem = Regression(
        K.matrix,
        cross.mid,
        cross.rad,
        np.array([m for m, _ in prior]),
        np.array([r for _, r in prior]),
        goal,
        variance,
        kernel=True,
        refine=refine if quick or bits is not None else None,
    )
    return problem, one


def _exact_time(time: Exact | None) -> Fraction | None:
    if time is None or (isinstance(time, (Real, Decimal)) and time == math.inf):
        return None
    found = rational(time, what="time")
    if found < 0:
        raise SpecError(f"time = {numeral(found)} is negative: give 0 or more, or None for the limit of long times.")
    return found


def _labels(labels: Any) -> list[Any]:
    import numpy as np

    held = labels.tolist() if hasattr(labels, "tolist") else labels
    if isinstance(held, (str, bytes)) or not isinstance(held, (list, tuple)):
        try:
            held = np.asarray(held).tolist()
        except Exception:  # whatever a foreign object raises
            held = None
    if not isinstance(held, (list, tuple)) or not held:
        raise SpecError(f"classify: {shown(labels)} are no labels: give one for each point, in a list or an array.")
    for i, name in enumerate(held):
        try:
            known = hash(name) is not None and name is not None and bool(name == name)
        except TypeError:
            known = False
        if not known:
            raise SpecError(f"classify: the label of point {i} is {shown(name)}: give a number or a name.")
    return list(held)


def _distinct(names: list[Any]) -> list[Any]:
    found = list(dict.fromkeys(names))
    try:
        return sorted(found)
    except TypeError:
        return found
