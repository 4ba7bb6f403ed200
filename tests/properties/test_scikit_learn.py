"""What scikit-learn asks of its own kernels, asked of certified ones; and what its machines do with them.

A failure means that a certified kernel is not at home there: it cannot be cloned, tuned, or trusted to be the kernel
that its name says.
"""

from __future__ import annotations

import inspect
import pickle
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern
from sklearn.gaussian_process.kernels import Kernel as SklearnKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.svm import SVC, SVR

import certigram as cg
from certigram.numerics.balls.budget import Budget
from certigram.numerics.covariances.block import Block
from certigram.numerics.covariances.gradient import log_gradient
from certigram.numerics.kernels.ballarray import BallArray
from certigram.numerics.studies.given import given_data
from certigram.sklearn import CertifiedKernel, enclosed_decision
from certigram.theory.errors import DerivationGap, SpecError

X = np.random.default_rng(0).standard_normal((7, 2))
Y = np.random.default_rng(1).standard_normal((5, 2))
GAUSS, MATERN = cg.kernel("gaussian", scale=2), cg.kernel("matern-5/2", scale="3/2")
KERNELS = {
    "gaussian": CertifiedKernel(GAUSS),
    "matern": CertifiedKernel(MATERN, limits=(0.5, 2.0)),
    "exponential": CertifiedKernel(cg.kernel("matern-1/2", scale=2)),
    "scaled": CertifiedKernel(3 * GAUSS),
    "sum": CertifiedKernel(GAUSS + cg.kernel("linear", sigma_w2="1/3", sigma_b2=2) * "1/7"),
    "product": CertifiedKernel((GAUSS * MATERN * cg.kernel("constant", value=2)) ** 3),
    "one tuned": CertifiedKernel(2 * GAUSS, tuned=("0__scale",)),
    "fixed": CertifiedKernel(2 * GAUSS, limits={"factor": "fixed"}),
    "ntk": CertifiedKernel(cg.kernel("ntk", activation="relu", depth=2, sigma_w2=2, sigma_b2="1/10")),
    "sphere": CertifiedKernel(cg.kernel("nngp", activation="erf", depth=1), normalize="sphere"),
}


@pytest.fixture(params=KERNELS)
def kernel(request: pytest.FixtureRequest) -> CertifiedKernel:
    """A copy of one of them."""
    found = clone(KERNELS[request.param])
    assert isinstance(found, CertifiedKernel)
    return found


def test_clones_are_equal_and_apart(kernel: CertifiedKernel) -> None:
    twin = clone(kernel)
    assert isinstance(kernel, SklearnKernel)
    assert twin == kernel
    assert twin is not kernel
    assert twin.get_params(deep=False) == kernel.get_params(deep=False)
    assert twin.hyperparameters == kernel.hyperparameters
    assert pickle.loads(pickle.dumps(kernel)) == kernel
    if kernel.theta.size:
        twin.theta = twin.theta + 1.0
        assert twin != kernel
        assert clone(twin) == twin
    arguments = set(inspect.signature(CertifiedKernel.__init__).parameters) - {"self"}
    assert arguments == set(kernel.get_params(deep=False))


def test_theta_there_and_back(kernel: CertifiedKernel) -> None:
    free = [h for h in kernel.hyperparameters if not h.fixed]
    assert kernel.theta.size == kernel.n_dims == len(free) == len(kernel.bounds)
    assert sorted(h.name for h in kernel.hyperparameters) == [
        name.removeprefix("hyperparameter_") for name in dir(kernel) if name.startswith("hyperparameter_")
    ]
    assert all(getattr(kernel, f"hyperparameter_{h.name}") == h for h in kernel.hyperparameters)
    assert np.array_equal(kernel.clone_with_theta(kernel.theta).theta, kernel.theta)
    for i, h in enumerate(free):
        assert kernel.theta[i] == np.log(float(kernel.get_params()[h.name]))
        kernel.set_params(**{h.name: 43})
        assert kernel.theta[i] == np.log(43)
        moved = kernel.theta.copy()
        moved[i] = np.log(42)
        kernel.theta = moved
        assert kernel.get_params()[h.name] == Fraction(float(np.exp(np.log(42))))
    with pytest.raises(SpecError, match="theta has"):
        kernel.theta = np.zeros(kernel.n_dims + 1)


def test_values_are_writeable_midpoints(kernel: CertifiedKernel) -> None:
    square, cross = kernel(X), kernel(X, Y)
    assert square.dtype == cross.dtype == np.float64
    assert square.flags.writeable
    assert square.flags.c_contiguous
    assert cross.shape == (7, 5)
    assert np.array_equal(square, square.T)
    enclosed = kernel.enclosed(X)
    assert np.array_equal(square, enclosed.mid)
    slack = 2.0 * float(np.max(enclosed.rad))
    assert np.abs(kernel(X, X) - square).max() <= slack + 2.0 * float(np.max(kernel.enclosed(X, X).rad))
    assert np.abs(np.diag(square) - kernel.diag(X)).max() <= slack + 1e-15 * np.abs(square).max()
    assert np.array_equal(pairwise_kernels(X, Y, metric=kernel), cross)
    if kernel.is_stationary():
        moved = kernel(X, X + 1)
        assert np.allclose(moved[0, 0], np.diag(moved), rtol=1e-13)
    assert kernel.requires_vector_input


def test_gradients_are_derivatives(kernel: CertifiedKernel) -> None:
    values, gradient = kernel(X, eval_gradient=True)
    assert np.array_equal(values, kernel(X))
    assert gradient.shape == (7, 7, kernel.n_dims)
    step = 2.0**-12
    for i in range(kernel.n_dims):
        shift = step * np.eye(kernel.n_dims)[i]
        ends = [kernel.clone_with_theta(kernel.theta + s)(X) for s in (shift, -shift)]
        assert np.allclose(gradient[:, :, i], (ends[0] - ends[1]) / (2 * step), rtol=1e-5, atol=1e-6 * values.max())
    with pytest.raises(SpecError, match="when Y is None"):
        kernel(X, Y, eval_gradient=True)


@pytest.mark.parametrize("name", ["gaussian", "matern-1/2", "matern-3/2", "matern-7/2"])
def test_derivatives_are_enclosed(name: str) -> None:
    covariance = cg.kernel(name, scale="3/7").covariance
    block = Block(given_data(X, None), None, Budget())
    found = log_gradient(covariance, block, "scale")
    with mpmath.workdps(40):
        order = 0 if name == "gaussian" else int(name[7:-2]) // 2
        for i, j in ((0, 1), (2, 5), (3, 3)):
            gaps = [(mpmath.mpf(a) - mpmath.mpf(b)) ** 2 for a, b in zip(X[i].tolist(), X[j].tolist(), strict=True)]
            r = mpmath.sqrt(sum(gaps))

            def value(log_scale: Any, r: Any = r) -> Any:
                t = r / mpmath.exp(log_scale)
                if name == "gaussian":
                    return mpmath.exp(-t * t / 2)
                t *= mpmath.sqrt(2 * order + 1)
                f = mpmath.factorial
                terms = [f(order + k) / (f(k) * f(order - k)) * (2 * t) ** (order - k) for k in range(order + 1)]
                return mpmath.exp(-t) * f(order) / f(2 * order) * sum(terms)

            slope = mpmath.diff(value, mpmath.log(mpmath.mpf(3) / 7))
            ball = found[i, j]
            assert abs(slope - mpmath.mpf(ball.mid.numerator) / ball.mid.denominator) <= float(ball.rad) + 1e-30
            assert ball.rad < 1e-13


def test_gradients_that_are_not_known_are_refused() -> None:
    kernel = CertifiedKernel(cg.kernel("ntk", activation="relu", depth=1, sigma_w2=2), tuned=("sigma_w2",))
    with pytest.raises(DerivationGap, match="no derivative"):
        kernel(X, eval_gradient=True)
    assert CertifiedKernel(kernel.kernel).n_dims == 0  # nothing is tuned without being asked
    assert CertifiedKernel(kernel.kernel * 2).n_dims == 1


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (3 * cg.kernel("gaussian", scale="1/2"), 3.0 * RBF(0.5)),
        (cg.kernel("matern-1/2", scale=2), Matern(2.0, nu=0.5)),
        (cg.kernel("matern-3/2", scale=2), Matern(2.0, nu=1.5)),
        (cg.kernel("matern-5/2", scale=2) + 1, Matern(2.0, nu=2.5) + ConstantKernel(1.0)),
        (cg.kernel("linear", sigma_b2=4) ** 2, DotProduct(2.0) ** 2),
    ],
)
def test_values_are_those_of_scikit_learn(ours: cg.Kernel, theirs: SklearnKernel) -> None:
    mine = CertifiedKernel(ours)
    for points in ((X,), (X, Y)):
        assert np.allclose(mine(*points), theirs(*points), rtol=1e-12, atol=1e-13)
    assert mine.is_stationary() == theirs.is_stationary()
    sums = mine + theirs, 2.0 * mine
    assert np.allclose(sums[0](X), 2 * theirs(X), rtol=1e-12)
    assert np.allclose(sums[1](X, Y), 2 * theirs(X, Y), rtol=1e-12)


def test_gaussian_process_regression() -> None:
    target = np.sin(X[:, 0])
    kernel = CertifiedKernel(1 * cg.kernel("gaussian"))
    fitted = GaussianProcessRegressor(kernel, alpha=1e-3).fit(X, target)
    theirs = GaussianProcessRegressor(1.0 * RBF(1.0), alpha=1e-3).fit(X, target)
    assert np.allclose(fitted.kernel_.theta, theirs.kernel_.theta, rtol=1e-3)
    mean, deviation = fitted.predict(Y, return_std=True)
    found = cg.predict(fitted.kernel_.kernel, X, target, Y, noise=1e-3)
    assert found.standard_deviation is not None
    assert np.allclose(mean, np.asarray(found), rtol=1e-9)
    assert np.allclose(deviation, found.standard_deviation.mid[:, 0], rtol=1e-6)
    (evidence,) = cg.log_marginal_likelihood(fitted.kernel_.kernel, X, target, noise=1e-3)
    assert abs(fitted.log_marginal_likelihood_value_ - float(evidence.mid)) < 1e-8
    assert isinstance(kernel.kernel, cg.Kernel)
    assert kernel.kernel.parameters["factor"] == 1  # the one that was given is untouched


def test_other_machines() -> None:
    labels = (X[:, 0] * X[:, 1] > 0).astype(int)
    kernel = KERNELS["ntk"]
    machine = SVC(kernel=kernel).fit(X, labels)
    decision = enclosed_decision(machine, X, Y)
    assert np.allclose(decision.mid[:, 0], machine.decision_function(Y), rtol=1e-9, atol=1e-9)
    proved = np.where(decision.mid[:, 0] > decision.rad[:, 0], 1, -1)
    assert np.array_equal(machine.classes_[(proved + 1) // 2], machine.predict(Y))
    for other in (SVR(kernel=kernel), KernelRidge(kernel=kernel), GaussianProcessRegressor(kernel, alpha=0.1)):
        fitted = other.fit(X, labels.astype(float))
        assert np.allclose(enclosed_decision(fitted, X, Y).mid[:, 0], fitted.predict(Y), rtol=1e-8, atol=1e-9)
    ridge = KernelRidge(kernel="precomputed", alpha=0.5).fit(kernel(X), labels)
    found = enclosed_decision(ridge, X, Y, kernel=kernel)
    exact = cg.predict(kernel.kernel, X, labels, Y, noise="1/2")
    assert isinstance(found, BallArray)
    assert np.allclose(found.mid[:, 0], np.asarray(exact), rtol=1e-10)
    assert cross_val_score(SVC(kernel=kernel), X, labels, cv=2).shape == (2,)
    search = GridSearchCV(
        GaussianProcessRegressor(KERNELS["gaussian"], optimizer=None), {"kernel__scale": [1, 2]}, cv=2
    )
    assert search.fit(X, labels).best_estimator_.kernel_.kernel.parameters["scale"] in (1, 2)
    assert GaussianProcessClassifier(KERNELS["gaussian"]).fit(X, labels).kernel_.n_dims == 1


def test_decisions_far_from_all_points() -> None:
    """Tiny values of the kernel are no obstacle; what they tell is the offset."""
    far = [[25.0, 0.0], [1e3, 0.0]]
    machine = SVC(kernel=CertifiedKernel(cg.kernel("gaussian"))).fit(X, X[:, 0] > 0)
    found = enclosed_decision(machine, X, far)
    assert (np.abs(found.mid[:, 0] - machine.intercept_) <= found.rad[:, 0]).all()
    assert (found.rad < 1e-12).all()
    narrow = GaussianProcessRegressor(CertifiedKernel(cg.kernel("gaussian", scale="1e-5")), optimizer=None)
    nothing = enclosed_decision(narrow.fit(X, X[:, 0]), X, Y)
    assert (np.abs(nothing.mid) <= nothing.rad).all()
    assert (nothing.rad < 1e-12).all()


def test_what_is_refused() -> None:
    machine = SVC(kernel="rbf").fit(X, X[:, 0] > 0)
    with pytest.raises(SpecError, match="no CertifiedKernel"):
        enclosed_decision(machine, X, Y)
    with pytest.raises(SpecError, match="give those"):
        enclosed_decision(SVC(kernel=KERNELS["gaussian"]).fit(X, X[:, 0] > 0), X[:3], Y)
    three = SVC(kernel=KERNELS["gaussian"]).fit(X, [0, 1, 2, 0, 1, 2, 0])
    with pytest.raises(SpecError, match="two classes"):
        enclosed_decision(three, X, Y)
    normal = GaussianProcessRegressor(KERNELS["gaussian"], normalize_y=True).fit(X, X[:, 0])
    with pytest.raises(SpecError, match="normalize_y"):
        enclosed_decision(normal, X, Y)
    for bad in (
        lambda: CertifiedKernel("gaussian")(X),  # type: ignore[arg-type]
        lambda: CertifiedKernel(GAUSS, tuned=("scal",)).theta,
        lambda: CertifiedKernel(GAUSS, tuned="scale").theta,  # type: ignore[arg-type]
        lambda: CertifiedKernel(cg.kernel("linear"), tuned=("sigma_b2",)).theta,
        *(
            lambda limits=limits: GaussianProcessRegressor(clone(CertifiedKernel(GAUSS, limits=limits))).fit(X, X[:, 0])
            for limits in (
                (3, 1),
                5,
                (0, 1),
                (1, float("nan")),
                "free",
                None,
                (1, 2, 3),
                {"scal": (1, 2)},
                {"scale": 2},
            )
        ),
        lambda: clone(KERNELS["gaussian"]).set_params(size=3),
    ):
        with pytest.raises(SpecError):
            bad()
    assert not hasattr(KERNELS["gaussian"], "hyperparameter_size")


class _Foreign:
    """An array of another library that speaks the array API standard's DLPack, and nothing else."""

    def __init__(self, held: np.ndarray) -> None:
        self._held = held

    def __dlpack__(self, **given: object) -> object:
        return self._held.__dlpack__(**given)  # type: ignore[arg-type]

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._held.__dlpack_device__()


@pytest.mark.parametrize(("name", "meant"), [("0.scale", "0__scale"), ("0__scal", "0__scale"), ("factr", "factor")])
def test_limits_of_no_parameter_are_refused(name: str, meant: str) -> None:
    """Limits that nothing has would be ignored without a word."""
    with pytest.raises(SpecError, match=f"Did you mean {meant}"):
        _ = CertifiedKernel(2 * GAUSS, limits={name: "fixed"}).theta


def test_arrays_of_other_libraries() -> None:
    points, tests, target = (_Foreign(a.copy()) for a in (X, Y, X[:, 0]))
    found = cg.predict(GAUSS, points, target, tests, noise="1/10")  # type: ignore[arg-type]
    plain = cg.predict(GAUSS, X, X[:, 0], Y, noise="1/10")
    assert np.array_equal(found.mean.mid, plain.mean.mid)
    out = np.from_dlpack(np.asarray(found))  # a writeable copy: every library takes it
    assert out.shape == (5,)
    named = cg.classify(GAUSS, points, ["a", "b"] * 3 + ["a"], tests, noise="1/10")  # type: ignore[arg-type]
    assert set(named.labels) <= {"a", "b", None}
