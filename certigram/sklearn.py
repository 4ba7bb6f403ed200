"""Certified kernels for scikit-learn: Gaussian processes, support vector machines, kernel ridge, cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.gaussian_process.kernels import Hyperparameter
from sklearn.gaussian_process.kernels import Kernel as SklearnKernel

from .kernels import Kernel
from .models import budget_for, data_of
from .numerics.balls.precision import undisturbed
from .numerics.covariances.block import Block
from .numerics.covariances.gradient import log_gradient, stationary, tunable
from .numerics.kernels.ballarray import BallArray
from .theory.errors import SpecError
from .theory.printable import shown
from .theory.suggestion import suggestion

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .api import PopulationGram

LIMITS = (1e-5, 1e5)


class CertifiedKernel(SklearnKernel):  # type: ignore[misc]  # scikit-learn has no types
    """A kernel of certigram as scikit-learn's kernels are used: what it gets are midpoints, float64 and writeable.

    Parameters
    ----------
    kernel: made by :func:`certigram.kernels.kernel`; its parameters are exact.
    tuned: the names of the parameters that scikit-learn may change; None for all positive numbers with a known
        derivative. A part's parameter is written with two underscores, as in ``"0__scale"``.
    limits: (lower, upper) for each of them, or ``"fixed"``, or a mapping from names to such; read at use, like tuned.
    normalize: "sphere" rescales points to norm sqrt(d); None keeps them.

    The values with their radii are those of :meth:`enclosed`. A parameter that scikit-learn has set is the exact value
    of a float64 number. Pickling, ``clone``, ``get_params``, ``set_params`` and ``theta`` work as for any kernel there.

    >>> from certigram import kernel
    >>> k = CertifiedKernel(kernel("gaussian", scale=2))
    >>> k, k.theta.round(3).tolist(), k.diag([[0.0], [1.0]]).tolist()
    (CertifiedKernel(kernel('gaussian', scale=2)), [0.693], [1.0, 1.0])
    >>> k.clone_with_theta([0.0]).kernel
    kernel('gaussian', scale=1)
    """

    def __init__(
        self,
        kernel: Kernel,
        tuned: tuple[str, ...] | None = None,
        limits: tuple[float, float] | Mapping[str, Any] = LIMITS,
        normalize: str | None = None,
    ) -> None:
        self.kernel = kernel
        self.tuned = tuned
        self.limits = limits
        self.normalize = normalize

    # -- parameters -----------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of the constructor and, with ``deep``, the exact parameters of the kernel."""
        params = {name: getattr(self, name) for name in ("kernel", "tuned", "limits", "normalize")}
        if deep:
            params |= {_outside(name): value for name, value in self._exact.parameters.items()}
        return params

    def set_params(self, **params: Any) -> CertifiedKernel:
        """Set arguments of the constructor, or parameters of the kernel, to exact values; a float means its value."""
        own = {name: params[name] for name in ("kernel", "tuned", "limits", "normalize") if name in params}
        for name, value in own.items():
            setattr(self, name, value)
        known = self._exact.parameters
        changes = {_inside(name): value for name, value in params.items() if name not in own}
        for given in changes:
            if given not in known:
                raise SpecError(f"{self!r} has no parameter {shown(_outside(given))}: see get_params().")
        changes = {name: value for name, value in changes.items() if value is not known[name]}
        if changes:
            self.kernel = self._exact.with_parameters(changes)
        return self

    @property
    def hyperparameters(self) -> list[Hyperparameter]:
        """The specification of each tuned parameter, as scikit-learn wants it."""
        return [Hyperparameter(name, "numeric", self._limits(name), 1) for name in self._names()]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(f"hyperparameter_{name}" for name in self._names())]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("hyperparameter_"):
            wanted = name.removeprefix("hyperparameter_")
            for found in self.hyperparameters:
                if found.name == wanted:
                    return found
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def theta(self) -> NDArray[np.float64]:
        """The logarithms of the tuned parameters that are not fixed."""
        values = self._exact.parameters
        return np.array([_logarithm(name, values[_inside(name)]) for name in self._free()], dtype=np.float64)

    @theta.setter
    def theta(self, theta: ArrayLike) -> None:
        logarithms, names = np.asarray(theta, dtype=np.float64).ravel(), self._free()
        if logarithms.size != len(names):
            raise SpecError(f"theta has {logarithms.size} entries, and {self!r} has {len(names)} free parameters.")
        self.set_params(**{name: float(np.exp(x)) for name, x in zip(names, logarithms, strict=True)})

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The logarithms of the limits of the free parameters, (number of them, 2)."""
        found = [h.bounds for h in self.hyperparameters if not h.fixed]
        return np.log(np.vstack(found)) if found else np.array([])

    def _require_limits(self) -> None:
        """Refuse limits of a parameter that the kernel has not."""
        known = [_outside(name) for name in self._exact.parameters]
        for name in self.limits if isinstance(self.limits, Mapping) else ():
            if name not in known:
                wanted = _outside(str(name))
                hint = f" Did you mean {wanted}?" if wanted in known else suggestion(wanted, known)
                raise SpecError(f"limits: {self.kernel} has no parameter {shown(name)}: see get_params().{hint}")

    def _names(self) -> list[str]:
        self._require_limits()
        if self.tuned is None:
            return [_outside(name) for name in tunable(self._exact.covariance)]
        if isinstance(self.tuned, str):
            raise SpecError(f"tuned = {shown(self.tuned)} is a text: give a tuple of names, as in tuned=('scale',).")
        known = self._exact.parameters
        for name in self.tuned:
            if _inside(name) not in known:
                raise SpecError(f"tuned: {self.kernel} has no parameter {shown(name)}: see get_params().")
        return list(self.tuned)

    def _free(self) -> list[str]:
        return [h.name for h in self.hyperparameters if not h.fixed]

    def _limits(self, name: str) -> Any:
        given = self.limits
        if isinstance(given, Mapping):
            unknown = [n for n in given if n not in map(_outside, self._exact.parameters)]
            if unknown:
                raise SpecError(f"limits: {self.kernel} has no parameter {shown(unknown[0])}: see get_params().")
            given = given.get(name, LIMITS)
        if isinstance(given, str) and given == "fixed":
            return given
        try:
            lower, upper = np.asarray(given, dtype=np.float64).ravel().tolist()
        except (TypeError, ValueError, OverflowError):
            lower, upper = 0.0, 0.0
        if not 0 < lower <= upper:
            raise SpecError(
                f'limits of {name} = {shown(given)}: give a pair (lower, upper) with 0 < lower <= upper, or "fixed".'
            )
        return lower, upper

    @property
    def _exact(self) -> Kernel:
        given: object = self.__dict__.get("kernel")
        if not isinstance(given, Kernel):
            raise SpecError(f'CertifiedKernel: {shown(given)} is no kernel: make one, as in kernel("gaussian").')
        return given

    # -- values ---------------------------------------------------------------------

    def enclosed(self, X: ArrayLike, Y: ArrayLike | None = None) -> PopulationGram | BallArray:
        """The values with their radii, as ``kernel(X, Y)`` gives them."""
        if Y is None:
            return self._exact(X, normalize=self.normalize)
        return self._exact(X, Y, normalize=self.normalize)

    @undisturbed
    def __call__(self, X: ArrayLike, Y: ArrayLike | None = None, eval_gradient: bool = False) -> Any:
        """The midpoints, (n, m) float64; with ``eval_gradient`` also the derivatives in theta, (n, n, len(theta)).

        Raises :class:`DerivationGap` for a tuned parameter in which no derivative is known.
        """
        if eval_gradient and Y is not None:
            raise SpecError("the gradient can only be evaluated when Y is None.")
        values = np.array(self.enclosed(X, Y))
        if not eval_gradient:
            return values
        block = Block(data_of("kernel", X, None, self.normalize, self.normalize), None, budget_for(None))
        if self.normalize is not None and self._free():
            raise SpecError("derivatives are known for normalize=None only: rescale the points, or tune nothing.")
        slices = [log_gradient(self._exact.covariance, block, _inside(name)).mid for name in self._free()]
        return values, np.stack(slices, axis=-1) if slices else np.empty((*values.shape, 0))

    def diag(self, X: ArrayLike) -> NDArray[np.float64]:
        """The midpoints of the diagonal of ``self(X)``, (n,)."""
        return np.array([float(ball.mid) for ball in self._exact.diag(X, normalize=self.normalize)])

    def is_stationary(self) -> bool:
        """Whether the kernel depends on differences of inputs alone, as far as its construction tells."""
        return self.normalize is None and stationary(self._exact.covariance)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CertifiedKernel):
            return NotImplemented
        return bool(self.get_params(deep=False) == other.get_params(deep=False))

    __hash__ = None  # type: ignore[assignment]  # as for all kernels of scikit-learn, whose parameters can be set

    def __repr__(self) -> str:
        words = [repr(self.__dict__.get("kernel"))]
        words += [] if self.tuned is None else [f"tuned={self.tuned!r}"]
        words += [] if repr(self.limits) == repr(LIMITS) else [f"limits={self.limits!r}"]
        words += [] if self.normalize is None else [f"normalize={self.normalize!r}"]
        return f"CertifiedKernel({', '.join(words)})"


@undisturbed
def enclosed_decision(
    machine: Any, X_train: ArrayLike, X: ArrayLike, *, kernel: CertifiedKernel | None = None
) -> BallArray:
    r"""What a fitted machine means, without rounding: :math:`\sum_i\alpha_ik(x_i, x)+b`, (t, o), every value enclosed.

    Parameters
    ----------
    machine: a fitted ``SVC`` of two classes, ``SVR``, ``KernelRidge`` or ``GaussianProcessRegressor``; its float64
        coefficients are taken as the exact numbers that they are.
    X_train, X: the points it was fitted on, all of them, and those to be decided.
    kernel: that of the machine, where it was given a precomputed matrix.

    Where the enclosure of an SVC excludes 0, the class of that machine is proved: ``classes_[1]`` above 0,
    ``classes_[0]`` below. Raises :class:`SpecError` for another machine, or other points.

    >>> from certigram import kernel
    >>> from sklearn.svm import SVC
    >>> points = [[0.0], [1.0], [3.0]]
    >>> machine = SVC(kernel=CertifiedKernel(kernel("gaussian"))).fit(points, [0, 0, 1])
    >>> found = enclosed_decision(machine, points, [[0.5], [4.0]])
    >>> (found.mid[:, 0] > found.rad[:, 0]).tolist(), (found.mid[:, 0] < -found.rad[:, 0]).tolist()
    ([False, True], [True, False])
    """
    from .numerics.regression.expansion import expansion

    chosen = kernel or getattr(machine, "kernel_", getattr(machine, "kernel", None))
    if not isinstance(chosen, CertifiedKernel):
        raise SpecError(f"enclosed_decision: the kernel of {shown(machine)} is no CertifiedKernel: give kernel=.")
    points = np.asarray(X_train)
    coefficients, offset, support, count = _expansion_of(machine)
    if len(points) != count:
        raise SpecError(
            f"enclosed_decision: the machine was fitted on {count} points, and X_train has {len(points)}: give those."
        )
    return expansion(chosen._exact(points[support], X, normalize=chosen.normalize), coefficients, offset)


def _expansion_of(machine: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], Any, int]:
    """The coefficients (m, o) of a fitted machine, the offsets (o,), the places of its points, and of how many."""
    if hasattr(machine, "support_") and len(getattr(machine, "classes_", (0, 1))) == 2:
        offset = np.asarray(machine.intercept_, dtype=np.float64)
        return np.asarray(machine.dual_coef_).T, offset, machine.support_, int(machine.shape_fit_[0])
    normalised = getattr(machine, "_y_train_std", 1.0), getattr(machine, "_y_train_mean", 0.0)
    if np.any(normalised[0] != 1.0) or np.any(normalised[1] != 0.0):
        raise SpecError("enclosed_decision: the targets were normalised: fit with normalize_y=False.")
    found = getattr(machine, "dual_coef_" if hasattr(machine, "X_fit_") else "alpha_", None)
    if found is None or hasattr(machine, "support_"):
        raise SpecError(
            f"enclosed_decision: {shown(machine)} is no fitted SVC of two classes, SVR, KernelRidge or"
            " GaussianProcessRegressor: fit one."
        )
    table = np.asarray(found, dtype=np.float64).reshape(len(found), -1)
    return table, np.zeros(table.shape[1]), slice(None), len(table)


def _outside(name: str) -> str:
    return name.replace(".", "__")


def _inside(name: str) -> str:
    return str(name).replace("__", ".")


def _logarithm(name: str, value: object) -> float:
    if not (isinstance(value, Fraction) and value > 0):
        raise SpecError(f"the parameter {name} = {shown(value)} is no positive number: leave it out of tuned.")
    return float(np.log(float(value)))
