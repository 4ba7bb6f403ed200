"""The residual recipe end to end: constants in balls, runs in float64 that they must bound, and planted errors.

The runs are float64 simulations whose rounding (1e-12 relative) is far below every margin that is asserted; they can
contradict a bound, and prove none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from flint import arb
from numpy.typing import NDArray

from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues.eigenvalue import least_eigenvalue
from certigram.numerics.papers.resnet_rkhs.lazy_descent import FeatureConstants, LazyDescent
from certigram.numerics.papers.resnet_rkhs.leverage import (
    WeightedFrequencies,
    a_priori,
    enough_mixed,
    enough_plain,
    mixed_frequencies,
    plain_frequencies,
    whitened_failure,
)
from certigram.numerics.papers.resnet_rkhs.limits import (
    DepthLimit,
    laziness,
    variation_in_time,
    width_at_all_times,
    width_at_iterate,
)
from certigram.numerics.radial.gram import largest_eigenvalue, radial_gram
from certigram.numerics.radial.kernel import radial_kernel
from certigram.theory.claims.lemma import lemma
from certigram.theory.errors import DerivationGap
from certigram.theory.verdict import Verdict

Array = NDArray[np.float64]
N, Q, DEPTH, WIDTH = 8, 3, 4, 1194
INDEX = np.arange(N)
POINTS = np.stack(
    [np.cos(1 + (3 * INDEX**2 + INDEX) * (j + 1) * 0.37) + 0.3 * INDEX / N for j in range(2)] + [np.zeros(N)], axis=1
)
TARGETS = np.sin(2 + INDEX**2)
LOSS = float(TARGETS @ TARGETS) / (2 * N)
JUST = arb("1.000001")
"""How far above the threshold the readout is taken."""


@dataclass
class Network:
    """D layers on weighted features in float64, the readout β times the last coordinate."""

    drawn: WeightedFrequencies
    depth: int
    beta: float

    def features(self, z: Array) -> Array:
        """ψ at the rows of z."""
        angle = z @ self.drawn.table.T
        size = np.sqrt(self.drawn.weights / len(self.drawn.weights))
        return np.hstack([size * np.cos(angle), size * np.sin(angle)])

    def gradient(self, w: Array) -> tuple[Array, float, Array]:
        """∇L, L and the residuals at the control w (D, q, 2m)."""
        half = len(self.drawn.weights)
        z, kept = POINTS, []
        for layer in w:
            psi = self.features(z)
            kept.append(psi)
            z = z + psi @ layer.T / self.depth
        e = self.beta * z[:, -1] - TARGETS
        p, out = np.zeros_like(z), np.empty_like(w)
        p[:, -1] = self.beta * e
        for k in range(self.depth - 1, -1, -1):
            psi = kept[k]
            out[k] = p.T @ psi / N
            back = p @ w[k]
            inner = psi[:, :half] * back[:, half:] - psi[:, half:] * back[:, :half]
            p = p + inner @ self.drawn.table / self.depth
        return out, float(e @ e) / (2 * N), e

    def zero(self) -> Array:
        """The control 0."""
        return np.zeros((self.depth, Q, 2 * len(self.drawn.weights)))

    def norm(self, w: Array) -> float:
        """‖w‖."""
        return float(np.sqrt((w**2).sum() / self.depth))

    def run(self, eta: float, steps: int, stop: float = 0.0) -> tuple[list[float], list[float], float]:
        """The losses, the quotients ‖∇L‖²/L, and the length of the path."""
        w, losses, quotients, path = self.zero(), [], [], 0.0
        for _ in range(steps + 1):
            g, loss, _ = self.gradient(w)
            losses.append(loss)
            quotients.append(self.norm(g) ** 2 / loss)
            if loss <= stop or not loss < 1e12:
                break
            w = w - eta * g
            path += eta * self.norm(g)
        return losses, quotients, path


def drawn(name: str, seed: int = 0) -> tuple[WeightedFrequencies, FeatureConstants]:
    """The frequencies by leverage of one seed, and their constants."""
    found = mixed_frequencies(radial_kernel(name, "1/2"), POINTS, WIDTH, seed)
    with precision(96):
        return found, found.constants(POINTS)


def theorem(constants: FeatureConstants, theta: str = "1/2", depth: int | None = DEPTH) -> LazyDescent:
    """The theorem just above its threshold."""
    with precision(96):
        found = LazyDescent(constants, N, depth, Fraction(theta), arb(LOSS), arb(1))
        return found.with_beta((found.threshold * JUST).mid())


@pytest.mark.parametrize(
    ("name", "plain", "threshold", "eta", "steps"),
    [("gaussian", 170960, 1.69e6, 5.37e-13, 150116), ("matern-5/2", 54607, 7.0e5, 3.24e-12, 46667)],
)
def test_the_table_before_the_draw(name: str, plain: int, threshold: float, eta: float, steps: int) -> None:
    """The counts of frequencies, β₀, η and the number of steps to 1e-6 that follow from the kernel alone."""
    kernel, failure = radial_kernel(name, "1/2"), arb("0.005")
    gram = radial_gram(kernel, POINTS)
    with precision(96):
        low, high = arb(least_eigenvalue(gram, known_psd=True).lower), arb(largest_eigenvalue(gram).upper)
        assert math.ceil(float(enough_plain(N, low, failure, arb(0.5)))) == plain
        assert math.ceil(float(enough_mixed(N, failure, arb(0.5)))) == WIDTH
        assert whitened_failure(arb(2 * N), N, arb(0.5), WIDTH) <= failure
        found = theorem(a_priori(kernel, Q, low, high, arb("0.01"), mixed=True))
        assert found.condition.verdict is Verdict.PROVED
        assert float(found.threshold) == pytest.approx(threshold, rel=5e-3)
        assert float(found.step) == pytest.approx(eta, rel=5e-3)
        assert math.ceil(float(found.steps(arb("1e-6")))) == steps


@pytest.mark.parametrize("name", ["gaussian", "matern-5/2"])
def test_the_theorem_after_the_draw_bounds_a_run(name: str) -> None:
    """Decrease, the lower inequality and the path for 150 steps just above the threshold, at three depths."""
    table, constants = drawn(name)
    for depth in (1, DEPTH, 16):
        found = theorem(constants, depth=depth)
        with precision(96):
            assert found.condition.verdict is Verdict.PROVED
            assert found.path < found.radius * 2  # 4 sqrt(L_0/mu(R)) is not the bound by the integral
            eta, mu, radius = float(found.step), float(found.mu), float(found.radius)
        losses, quotients, path = Network(table, depth, float(found.beta)).run(eta, 150)
        assert all(b <= (1 - eta * mu / 2) * a for a, b in pairwise(losses))
        assert min(quotients) >= mu
        assert path < radius


def test_planted_errors_are_seen_in_a_run() -> None:
    """Twice 2.5/S explodes; μ without its factors is no lower bound; half of S is below the curvature that is seen."""
    table, constants = drawn("gaussian")
    found = theorem(constants, "1/20")
    with precision(96):
        beta, eta = float(found.beta), float(found.step)
        doubled = 4 * found.beta**2 * found.features.largest / N  # (4/N) sigma^2 in the place of (2/N), with Lambda
    net = Network(table, DEPTH, beta)
    losses, quotients, _ = net.run(3 * eta, 400)
    assert max(losses) > 100 * losses[0]
    assert max(quotients) < float(doubled)
    w, direction, size = net.zero(), None, 0.0
    direction = net.gradient(w)[0]
    for _ in range(12):  # power iteration for the Hessian, by differences of gradients
        direction = direction / net.norm(direction)
        h = 1e-3 * float(found.radius)
        image = (net.gradient(h * direction)[0] - net.gradient(-h * direction)[0]) / (2 * h)
        direction, size = image, net.norm(image)
    assert 0.5 / eta < size <= 1 / eta


def test_too_few_frequencies_do_not_reach_the_data() -> None:
    """With 2m < N the features' matrix is singular, no λ' is proved, and the loss does not fall to 0."""
    table = plain_frequencies(radial_kernel("gaussian", "1/2"), 3, Q, 0)
    with precision(96):
        constants = table.constants(POINTS)
        with pytest.raises(DerivationGap, match="more features"):
            LazyDescent(constants, N, DEPTH, Fraction(1, 2), arb(LOSS), arb(1))
    losses, _, _ = Network(table, DEPTH, 20.0).run(1e-3, 3000)
    assert losses[-1] > 0.01


def test_only_the_relative_scale_counts() -> None:
    """(z, v, A, s, B) to (cz, cv, cA, cs, B/c): the step c²η and the radius cR, nothing else; not with B kept."""
    with precision(96):
        _, f = drawn("gaussian")
        found = theorem(f)
        c = arb(8)
        scaled = replace(found, features=replace(f, kappa1=f.kappa1 / c, kappa2=f.kappa2 / c**2), beta=found.beta / c)
        assert scaled.step.overlaps(found.step * c**2)
        assert scaled.radius.overlaps(found.radius * c)
        assert (scaled.step * scaled.mu).overlaps(found.step * found.mu)
        assert scaled.threshold.overlaps(found.threshold / c)
        kept = replace(scaled, beta=found.beta)
        assert not (kept.step * kept.mu).overlaps(found.step * found.mu)


def test_leverage_weights_and_their_mean() -> None:
    """E_p ℓ = N by Monte Carlo, ℓ <= N/λ, w <= 2 and wℓ <= 2N; and N/2 in the place of 2N is exceeded."""
    kernel = radial_kernel("matern-5/2", "1/2")
    gram = radial_gram(kernel, POINTS)
    plain = plain_frequencies(kernel, 200000, Q, 5)
    u = np.exp(1j * (plain.table @ POINTS.T))
    share = np.einsum("ji,ik,jk->j", u.conj(), np.linalg.inv(gram.mid), u, optimize=True).real
    assert abs(share.mean() - N) < 6 * share.std() / math.sqrt(len(share))
    assert share.max() <= N / least_eigenvalue(gram, known_psd=True).lower
    mixed = mixed_frequencies(kernel, POINTS, 2000, 5)
    recovered = N * (2 / mixed.weights - 1)
    assert mixed.weights.max() <= 2
    assert N / 2 < (mixed.weights * recovered).max() <= 2 * N
    # the weighted mean of w over the drawn measure is 1
    assert abs(mixed.weights.mean() - 1) < 6 * mixed.weights.std() / math.sqrt(len(mixed.weights))


def test_the_spectrum_of_drawn_features_keeps_its_factor() -> None:
    """Forty draws of the count stay within [1/2, 3/2] of K; with 2N frequencies a tenth of the draws does not."""
    for name in ("gaussian", "matern-5/2"):
        kernel = radial_kernel(name, "1/2")
        root = np.linalg.inv(np.linalg.cholesky(radial_gram(kernel, POINTS).mid))
        misses = {WIDTH: 0, 2 * N: 0}
        for m in misses:
            for seed in range(40):
                table = mixed_frequencies(kernel, POINTS, m, 100 + seed)
                psi = Network(table, 1, 1.0).features(POINTS)
                spectrum = np.linalg.eigvalsh(root @ psi @ psi.T @ root.T)
                misses[m] += not 0.5 <= spectrum[0] <= spectrum[-1] <= 1.5
        assert misses[WIDTH] == 0
        assert misses[2 * N] >= 4


def test_the_count_is_that_of_draws_by_leverage() -> None:
    """Five near points and a kernel of heavy tails: at that count every plain draw misses K, none by leverage.

    The lemma says which law the frequencies have, and with which weights.
    """
    kernel, points, half = radial_kernel("matern-3/2", 1), np.arange(5)[:, None] / 10, arb(0.5)
    root = np.linalg.inv(np.linalg.cholesky(radial_gram(kernel, points).mid))
    m = math.ceil(float(enough_mixed(5, arb("0.1"), half)))
    missed = {"plain": 0, "leverage": 0}
    for seed in range(8):
        for name, found in (
            ("plain", plain_frequencies(kernel, m, 1, seed)),
            ("leverage", mixed_frequencies(kernel, points, m, seed)),
        ):
            angles = points @ found.table.T
            psi = root @ (np.sqrt(found.weights / m) * np.exp(1j * angles))
            spectrum = np.linalg.eigvalsh((psi @ psi.conj().T).real)
            missed[name] += not 0.5 <= spectrum[0] <= spectrum[-1] <= 1.5
    assert missed == {"plain": 8, "leverage": 0}
    assumed = {hypothesis.name for hypothesis in lemma("lemma.leverage-features").hypotheses}
    assert {"sampled-by-leverage", "weighted-features"} <= assumed
    assert not assumed & {"sampled", "features"}


def scalar_gap(radius: float, depth: int) -> float:
    """|F_D − F_∞| of v(z) = R (1 + z) exp(−z²/2)/√2 on the line, of norm R, from z = 0."""

    def v(z: float) -> float:
        return radius * (1 + z) * math.exp(-z * z / 2) / math.sqrt(2)

    z = 0.0
    for _ in range(depth):
        z += v(z) / depth
    limit, h = 0.0, 1 / 256
    for _ in range(256):
        a = v(limit)
        b = v(limit + h * a / 2)
        c = v(limit + h * b / 2)
        limit += h * (a + 2 * b + 2 * c + v(limit + h * c)) / 6
    return abs(z - limit)


@pytest.mark.parametrize("depth", [4, 16, 64])
def test_depth_at_its_rate(depth: int) -> None:
    """The bound of |F_D − F_∞|, attained up to a factor that tends to 2; a quarter of the constant is exceeded."""
    one = FeatureConstants(arb(1), arb(1), arb(3).sqrt(), arb(1), arb(1))
    for radius in (0.01, 0.1, 1.0):
        with precision(96):
            bound = float(DepthLimit(one, arb(radius), arb(1), arb(1), depth).output)
        gap = scalar_gap(radius, depth)
        assert gap <= bound
        if radius < 1:
            assert gap > bound / 4


def test_depth_along_trained_networks() -> None:
    """Two depths after k steps: states and gradients within the bounds; the bound of trajectories has the rate 1/D."""
    table, constants = drawn("gaussian")
    beta, eta, steps = 20.0, 1e-4, 8
    with precision(96):
        radius = arb("0.05")
        limits = {d: DepthLimit(constants, radius, arb(beta), arb(LOSS), d) for d in (4, 16)}
        allowed = sum(float(x.trajectory(arb(eta), steps)) for x in limits.values())
        grown = float((constants.kappa1 * radius).exp() * constants.kappa0)
        output = beta * grown * allowed + sum(float(x.output) for x in limits.values())
        assert limits[16].trajectory(arb(eta), steps) < limits[4].trajectory(arb(eta), steps) / 3
        with pytest.raises(DerivationGap, match="too large"):
            limits[4].trajectory(arb(1), steps)
    ends = []
    for depth in (4, 16):
        losses, _, path = Network(table, depth, beta).run(eta, steps)
        assert path < 0.05
        ends.append(math.sqrt(2 * losses[-1]))
    assert 0 < abs(ends[0] - ends[1]) <= output


def linear_gap(k: Array, other: Array, start: Array, steps: int = 3000) -> float:
    """The largest | |e_k| − |f_k| |/|e_0| of the linear recursions with K/N and K_m/N at a common step."""
    eta = 0.7 * N / np.linalg.norm(k, 2)
    e, f, worst = start, start, 0.0
    for _ in range(steps):
        e, f = e - eta * (k / N) @ e, f - eta * (other / N) @ f
        worst = max(worst, abs(float(np.linalg.norm(e) - np.linalg.norm(f))) / float(np.linalg.norm(start)))
    return worst


def test_width_at_all_times() -> None:
    """Linear parts within ε/√(1 − ε), on draws and for K_m = 1.1 K, which the planted ε² does not hold; ζ like 1/β."""
    for name in ("gaussian", "matern-5/2"):
        k = radial_gram(radial_kernel(name, "1/2"), POINTS).mid
        root = np.linalg.inv(np.linalg.cholesky(k))
        psi = Network(drawn(name)[0], 1, 1.0).features(POINTS)
        top = np.linalg.eigh(k)[1][:, -1]
        for other, start in ((psi @ psi.T, TARGETS), (1.1 * k, top)):
            spectrum = np.linalg.eigvalsh(root @ other @ root.T)
            share = float(max(1 - spectrum[0], spectrum[-1] - 1))
            worst = linear_gap(k, other, start)
            with precision(96):
                assert worst <= float(width_at_all_times(arb(share), arb(0), arb(0)))
            assert start is TARGETS or worst > share**2
    with precision(96):
        found = theorem(drawn("gaussian")[1], "1/100")
        wide = found.with_beta(1000 * found.beta)
        assert laziness(wide, wide.step) < laziness(found, found.step) / 500
        assert laziness(wide, wide.step) < 1


def test_bounds_that_are_refused_or_grow() -> None:
    """The comparison at a fixed iterate grows with it; θ, λ' and depth are looked at."""
    with precision(96):
        _, f = drawn("gaussian")
        first, second = (width_at_iterate(f, arb(0.01), arb(20), arb(LOSS), arb("1e-5"), k, arb(0.1)) for k in (1, 9))
        assert 0 < first < second
        with pytest.raises(DerivationGap, match="strictly between"):
            theorem(f, "1")
        with pytest.raises(DerivationGap, match=r"kappa_0\^2"):
            theorem(replace(f, least=arb(2)))
        with pytest.raises(DerivationGap, match="infinitely deep"):
            variation_in_time(theorem(f))
        assert variation_in_time(theorem(f, depth=None)) > 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("gaussian", 5000), ("matern-5/2", 2500)])
def test_the_loss_reaches_its_target_within_the_certified_steps(name: str, most: int) -> None:
    """To 1e-6 at the theorem's size: the run takes at most a tenth of what is certified."""
    table, constants = drawn(name)
    found = theorem(constants)
    with precision(96):
        certified = float(found.steps(arb("1e-6")))
        eta, beta = float(found.step), float(found.beta)
    losses, _, _ = Network(table, DEPTH, beta).run(eta, most, 1e-6)
    assert losses[-1] <= 1e-6
    assert 5 * len(losses) < certified
