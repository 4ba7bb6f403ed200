"""Two-layer-logistic: what noisy descent sees of the loss and of the noise of mini-batches (C22, C23)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb, arb_mat

from ....balls.ball import enclose
from ....balls.ends import nonnegative
from ....balls.precision import precision
from ....checks.evidence import enclosed
from ....checks.registry import Outcome, check
from ....checks.relation import Relation, Sense, each
from ..enclosed import EnclosedValues
from ..extremal import RATE, ExtremalNetwork
from ..instance import EVALUATION_BITS, TwoLayerInstance
from ..sgd.extremal import (
    MOST_BENT,
    MOST_RADIAL,
    QUARTER,
    large,
    more_inputs_than_dimensions,
    nearly_zero,
    odd_one_out,
    offset,
    orthogonal,
    setting_of,
    two_and_two,
)
from ..sgd.setting import SgdSetting
from . import scope
from .evidence import argued, smooth_control

NEARLY = Fraction(99, 100)


def _plant(setting: SgdSetting, name: str, share: Fraction) -> SgdSetting:
    """A share of one of the numbers in the formulas."""
    match name:
        case "slope":
            return replace(setting, slope=share_of(setting.slope, share))
        case "bend":
            return replace(setting, bend=share_of(setting.bend, share))
        case "norm":
            return replace(setting, norm=share_of(setting.norm, share))
        case "trace":
            return replace(setting, trace=share_of(setting.trace, share))
        case "largest_spread":
            return replace(setting, largest_spread=share * setting.largest_spread)
        case _:
            assert setting.activation.chi is not None  # that of tanh is known
            chi = share_of(setting.activation.chi, share)
            return replace(setting, activation=replace(setting.activation, chi=chi))


def share_of(value: arb, share: Fraction) -> arb:
    """A share of a ball."""
    with precision(EVALUATION_BITS):
        return value * enclose(share)


def _inward(network: ExtremalNetwork) -> arb:
    """-W·∇g at the weights of a network."""
    force, weights = network.values.force, network.weights
    with precision(EVALUATION_BITS):
        total = sum((f * w for f, w in zip(force.entries(), weights.entries(), strict=True)), arb(0))
        return enclose(RATE) * network.values.norm - total


def _curvature(values: EnclosedValues) -> arb:
    return values.curvature / values.direction_norm


@dataclass(frozen=True)
class _Sharp:
    """A bound, what is below it at a network, and the number of the formula that counts there."""

    quantity: str
    network: ExtremalNetwork
    left: Callable[[ExtremalNetwork], arb]
    bound: Callable[[SgdSetting], arb]
    counts: str

    def relation(self, share: Fraction) -> Relation:
        """Both sides, with a share of that number."""
        with precision(EVALUATION_BITS):
            return Relation.of(
                f"{self.quantity}, nearly attained where {self.counts} counts, with {share} of it in the formula",
                self.left(self.network),
                self.bound(_plant(setting_of(self.network), self.counts, share)),
            )


def _gradient(network: ExtremalNetwork) -> arb:
    return nonnegative(network.values.data_gradient).sqrt()


def _laplacian(network: ExtremalNetwork) -> arb:
    return network.values.data_laplacian


def _downward(network: ExtremalNetwork) -> arb:
    return -_curvature(network.values)


def _upward(network: ExtremalNetwork) -> arb:
    return _curvature(network.values) + enclose(RATE)


SHARP = (
    _Sharp("|grad g|", nearly_zero(0.0), _gradient, lambda c: c.gradient, "slope"),
    _Sharp("|grad g|", offset(0.0), _gradient, lambda c: c.gradient, "slope"),
    _Sharp("Laplacian of g", offset(-QUARTER), _laplacian, lambda c: c.laplacian, "bend"),
    _Sharp("Laplacian of g", large(), _laplacian, lambda c: c.laplacian, "largest_spread"),
    _Sharp("Laplacian of g", nearly_zero(-MOST_BENT), _laplacian, lambda c: c.laplacian, "trace"),
    _Sharp("-curvature of g", offset(0.99 * QUARTER), _downward, lambda c: c.convexity_threshold, "bend"),
    _Sharp("-curvature of g", nearly_zero(MOST_BENT), _downward, lambda c: c.convexity_threshold, "norm"),
    _Sharp("curvature of L", large(), _upward, lambda c: c.smoothness, "largest_spread"),
    _Sharp("curvature of L", offset(-QUARTER), _upward, lambda c: c.smoothness, "bend"),
    _Sharp("-W.grad g", nearly_zero(MOST_RADIAL), _inward, lambda c: c.radial, "chi"),
)


def _known_moments() -> list[Relation]:
    """The second moment of two orthogonal inputs, and of three on a line, whose numbers are known."""
    found = []
    for on_sphere in (False, True):
        moments, (norm, trace, square, largest) = orthogonal(on_sphere)
        with precision(EVALUATION_BITS):
            sides = (
                (moments.norm, norm),
                (moments.trace, trace),
                (moments.frobenius**2, square),
                (moments.largest, largest),
            )
        text = f"the second moment of two orthogonal inputs{' on the sphere' * on_sphere}"
        found += [Relation.of(text, left, right, Sense.EQUAL) for left, right in sides]
    for moments in more_inputs_than_dimensions():
        text = "the norm of the second moment of 1, 2 and 3 on a line"
        found.append(Relation.of(text, moments.norm, Fraction(14, 3), Sense.EQUAL))
    return found


@check("sgd-landscape", scope=scope.evaluations)
def landscape(inst: TwoLayerInstance) -> Outcome:
    """The constants on the data; what occurs at three weights, over a box, and where the bounds are nearly attained."""
    c = inst.sgd
    with precision(EVALUATION_BITS):
        values, rate = inst.evaluations, c.rate
        curves = [_curvature(v) for v in values]
        relations = [
            Relation.of(f"{text}, at three weights and over a box", left, right, place="evaluation")
            for text, left, right in (
                ("|grad g| <= G", [nonnegative(v.data_gradient).sqrt() for v in values], c.gradient),
                ("Laplacian of g <= D", [v.data_laplacian for v in values], c.laplacian),
                ("-curvature of g <= lambda_cvx", [-x for x in curves], c.convexity_threshold),
                ("curvature of L <= Lambda", [x + rate for x in curves], c.smoothness),
            )
        ]
    return argued(
        "sgd-lemma-1",
        relations,
        enclosed("the second moment of the inputs", norm=c.norm, trace=c.trace, frobenius=c.frobenius),
        enclosed("constants", Lambda=c.smoothness, T=c.hessian_trace, G=c.gradient, D=c.laplacian, q=c.largest_q),
        enclosed("the bound of -W.grad g", X=c.radial),
        sharp=[*(sharp.relation(Fraction(1)) for sharp in SHARP), *_known_moments()],
        value=c.convexity_threshold,
        detail={"quantity": "lambda_cvx", "case": "strongly convex" if c.convex else "not covered by convexity"},
    )


@smooth_control("sgd-landscape")
def landscape_control(_: TwoLayerInstance) -> Outcome:
    """99/100 of a number in a formula, each at the network where it counts."""
    return each(sharp.relation(NEARLY) for sharp in SHARP)


MANY = 400


def _sharp_noise(share: Fraction = Fraction(1), shared: Fraction | None = None) -> list[Relation]:
    """Size, variance and covariance where they are nearly attained, with a share of M₁, or another ν/b."""
    odd, size = odd_one_out(MANY)
    found = []
    for replacement in (False, True):
        pairs, moment = two_and_two(replacement)
        pairs = replace(pairs, slope=share_of(pairs.slope, share))
        if shared is not None:
            pairs = replace(pairs, noise_share=shared)
        which = f"all batches of two of four, {'with' if replacement else 'without'} replacement"
        found += [
            Relation.of(f"E|n|^2 <= sigma^2, {which}", moment, pairs.noise),
            Relation.of(f"|Cov n|_F <= C_F, {which}", moment, pairs.noise_frobenius),
        ]
    odd = replace(odd, slope=share_of(odd.slope, share))
    odd_one = Relation.of(f"|n| <= b, the odd one of {MANY}", size, odd.noise_bound)
    return found if shared is not None else [*found, odd_one]


def _noise_at(inst: TwoLayerInstance) -> tuple[arb, arb]:
    """E|n|² and the largest gradient of one input, at the first of the weights of the study, for its batches."""
    network, c = inst.network, inst.sgd_with_batches
    with precision(EVALUATION_BITS):
        weights = inst.weights(1.0, 0)
        z = network.points * weights.transpose()
        sigma, slope = network.functions[0], network.functions[1]
        squares, n = [], network.points.nrows()
        for i, label in enumerate(network.labels):
            value = sum((a * sigma(z[i, j]) for j, a in enumerate(network.outer)), arb(0))
            size = sum((a * a * slope(z[i, j]) ** 2 for j, a in enumerate(network.outer)), arb(0))
            row = arb_mat([[network.points[i, k] for k in range(network.points.ncols())]])
            squares.append(size * (row * row.transpose())[0, 0] / (1 + (label * value).exp()) ** 2)
        mean = network.values(weights).data_gradient
        return enclose(c.noise_share) * (sum(squares, arb(0)) / n - mean), nonnegative(
            squares[max(range(n), key=lambda i: float(squares[i]))]
        ).sqrt()


@check("sgd-noise", scope=scope.setting)
def noise(inst: TwoLayerInstance) -> Outcome:
    """The constants for the batches of the study, and the variance of the noise at a weight."""
    c = inst.sgd_with_batches
    variance, largest = _noise_at(inst)
    with precision(EVALUATION_BITS):
        relations = [
            Relation.of("E|n|^2 <= sigma^2 at a weight", variance, c.noise),
            Relation.of("twice the gradient of one input <= b", 2 * largest, c.noise_bound),
        ]
    return argued(
        "sgd-lemma-1",
        relations,
        enclosed(f"batches of {inst.batch} with replacement", C_F=c.noise_frobenius, b=c.noise_bound),
        sharp=_sharp_noise(),
        value=c.noise,
        detail={"quantity": "sigma^2"},
    )


@smooth_control("sgd-noise")
def noise_control(_: TwoLayerInstance) -> Outcome:
    """99/100 of M₁; and ν = (n-b)/n without replacement, so that ν/b = 1/4 in the place of 1/3."""
    return each([*_sharp_noise(NEARLY), *_sharp_noise(shared=Fraction(1, 4))])
