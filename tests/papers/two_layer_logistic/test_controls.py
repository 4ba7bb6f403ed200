"""False statements about two-layer networks: each gets the right verdict, and none is proved.

A failure means that the machinery proves something false: a Villani loss without regularisation, a smooth ReLU, a gap
that is too large, a step that is too long.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import comb

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import decide, find_control
from certigram.numerics.papers.two_layer_logistic import barta, quadrature
from certigram.numerics.papers.two_layer_logistic.conditions import villani_conditions
from certigram.numerics.papers.two_layer_logistic.constants import activation_constants
from certigram.numerics.papers.two_layer_logistic.counterexample import decide as decide_counterexample
from certigram.numerics.papers.two_layer_logistic.evolution import evolve
from certigram.numerics.papers.two_layer_logistic.instance import TwoLayerInstance
from certigram.numerics.papers.two_layer_logistic.quadrature import cell_moments, clustered_grid, default_reach
from certigram.numerics.papers.two_layer_logistic.rayleigh import rayleigh_bound
from certigram.numerics.papers.two_layer_logistic.scalar import ScalarLoss, reference
from certigram.numerics.papers.two_layer_logistic.spectrum import spectrum
from certigram.numerics.studies.data import load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.activations.activation import activation
from certigram.theory.claims.system import system
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

SYSTEM = system("two-layer-logistic")


@cache
def _instance(name: str, **parameters: str) -> TwoLayerInstance:
    chosen = {SYSTEM.name: {key: Fraction(value) for key, value in parameters.items()}}
    study = Study("controls", (SYSTEM.name,), (name,), load("digits", 6), chosen)
    found = instance(SYSTEM.name, name, study)
    assert isinstance(found, TwoLayerInstance)
    return found


def _verdict(slug: str, inst: TwoLayerInstance) -> tuple[Verdict, str]:
    certificate, _ = decide(SYSTEM.claim(f"{SYSTEM.name}.{slug}"), inst)
    return certificate.verdict, certificate.reason


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "gelu", "sin"])
@pytest.mark.parametrize("rate", [Fraction(0), Fraction(1, 10**12)])
def test_regularisation_decides(name: str, rate: Fraction) -> None:
    """The logistic loss is Villani for the least positive lambda, and V4 is refuted at zero."""
    found = villani_conditions(activation_constants(activation(name)), rate)
    assert found.verdict is (Verdict.PROVED if rate else Verdict.REFUTED)
    assert found["V4"].verdict is found.verdict


def test_a_study_without_regularisation() -> None:
    """The claims that need lambda > 0 do not apply and say so; that V4 fails at zero is still proved."""
    inst = _instance("tanh", regularisation="0")
    inst.admit()
    for slug in (
        "growth",
        "villani",
        "radius",
        "squared-loss",
        "partition-function",
        "stationary-excess",
        "initial-law",
    ):
        verdict, reason = _verdict(slug, inst)
        assert verdict is Verdict.NOT_APPLICABLE, slug
        assert "lambda = 0" in reason
    assert _verdict("threshold-zero", inst)[0].favourable
    assert _verdict("gradient-bound", inst)[0].favourable


@pytest.mark.parametrize("claim", [c for c in SYSTEM.claims if not c.activation_free], ids=lambda c: c.label)
def test_relu_is_not_covered(claim: object) -> None:
    """Not smooth: every claim is NOT_APPLICABLE with the reason, and no control is proved."""
    inst = _instance("relu")
    verdict, reason = _verdict(claim.id.partition(".")[2], inst)  # type: ignore[attr-defined]  # a Claim
    assert verdict is Verdict.NOT_APPLICABLE
    assert "jumps at x = 0" in reason or "not the logistic function" in reason
    assert find_control(claim.method)(inst).verdict is not Verdict.PROVED  # type: ignore[attr-defined]  # a Claim


@pytest.mark.parametrize(
    ("k", "rate", "expected"),
    [
        ("2", "0.3729", Verdict.REFUTED),
        ("2", "0.373", Verdict.PROVED),
        ("2", "0", Verdict.REFUTED),
        ("1.5", "0.859", Verdict.REFUTED),
        ("1.5", "0.8591", Verdict.PROVED),
        ("2.3", "0", Verdict.PROVED),
    ],
)
def test_the_threshold_of_the_counterexample_is_sharp(k: str, rate: str, expected: Verdict) -> None:
    """Below the least profile V4 fails for the squared loss, above it holds."""
    found = decide_counterexample(Fraction(k), Fraction(rate), Fraction(1), Fraction(1))
    assert found.verdict is expected


def test_the_counterexample_scales_with_the_outer_weight() -> None:
    """The threshold is proportional to a^2."""
    for outer, rate, expected in ((2, "1.49", Verdict.REFUTED), (2, "1.5", Verdict.PROVED)):
        assert decide_counterexample(Fraction(2), Fraction(rate), Fraction(outer), Fraction(3)).verdict is expected


def test_the_zeros_of_the_counterexample_exist() -> None:
    """The certified signs: L' changes sign between consecutive points beyond the certified start."""
    found = decide_counterexample(Fraction(2), Fraction(3, 10), Fraction(1), Fraction(1))
    assert found.below is not None
    assert found.start is not None
    assert found.ceiling is not None

    def slope(w: float) -> float:
        u = np.log(1 + w * w)
        sigma = w * (2 + np.sin(u))
        derivative = 2 + np.sin(u) + 2 * np.cos(u) * w * w / (1 + w * w)
        return float((sigma - 1) * derivative + 0.3 * w)

    start = float(found.start)
    turns = int(np.ceil(np.log(1 + start**2) / (2 * np.pi))) + 1
    for m in range(turns, turns + 3):
        assert slope(np.sqrt(np.expm1(float(found.below) + 2 * np.pi * m))) < 0
        assert slope(np.sqrt(np.expm1(2 * np.pi * m))) > 0


def test_the_bounds_of_the_counterexample() -> None:
    """|w sigma''| < 6, |sigma''| < 4 and |sigma'| <= k + 3, on a dense grid of both small and huge weights."""
    w = np.concatenate([np.linspace(-20, 20, 40001), np.logspace(1, 12, 40000)])
    u, r = np.log1p(w * w), w * w / (1 + w * w)
    turn = 2 * r * r * (np.cos(u) - 2 * np.sin(u)) + 6 * w * w / (1 + w * w) ** 2 * np.cos(u)
    assert np.abs(turn).max() < 6
    assert np.abs(turn[w != 0] / w[w != 0]).max() < 4
    assert np.abs(2 + np.sin(u) + 2 * r * np.cos(u)).max() <= 5


def test_the_counterexample_as_an_activation() -> None:
    """The logistic loss is Villani with it; for the squared loss no theorem applies, so nothing is claimed."""
    inst = _instance("x*(2+sin(log(1+x**2)))", regularisation="3/10")
    assert _verdict("villani", inst)[0].favourable
    verdict, reason = _verdict("squared-loss", inst)
    assert verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE)
    assert "kappa" in reason


def test_a_step_that_is_too_long_for_the_recursion() -> None:
    """The discrete claim does not apply when s > 2/(m + gLip)."""
    verdict, reason = _verdict("descent", _instance("tanh", step="1/10"))
    assert verdict is Verdict.NOT_APPLICABLE
    assert "above 2/(m + gLip)" in reason


def test_inadmissible_initial_laws() -> None:
    """The variance s/lambda itself and anything larger are refused by the evolution and by the claim's detail."""
    loss = reference("T1")
    axis = clustered_grid(60.0, 200)
    for variance in (50.0, 51.0, 0.0, -1.0):
        with pytest.raises(SpecError, match="square integrable"):
            evolve(loss.network(), 0.5, axis, (0.0, variance), duration=1.0)
    certificate, _ = decide(
        SYSTEM.claim(f"{SYSTEM.name}.initial-law"), _instance("tanh", initial_variance="25/16", step="1/64")
    )
    assert certificate.verdict.favourable
    assert certificate.detail["admitted"] is False


@pytest.mark.parametrize("parameters", [{"width": "0"}, {"width": "3/2"}, {"outer": "0"}, {"regularisation": "-1"},
                                        {"step": "0"}, {"noise": "-1"}])  # fmt: skip
def test_parameters_without_meaning_are_refused(parameters: dict[str, str]) -> None:
    """The whole system is refused with a sentence."""
    with pytest.raises(SpecError):
        _instance("tanh", **parameters).admit()


def _one_cell(pieces: int) -> list[arb]:
    """The moments of T1 over [-7/20, -7/20 + 1/64] about its middle, from so many cells, at 200 bits."""
    low, width = -0.35, 1 / 64
    nodes = np.array([-60.0, *np.linspace(low, low + width, pieces + 1), 60.0])
    found = cell_moments(reference("T1"), Fraction(1, 2), nodes, bits=200)
    with precision(200):
        middle = (arb(nodes[1]) + arb(nodes[-2])) / 2
        total = [arb(0)] * 4
        for i in range(1, pieces + 1):
            d = found.centres[i] - middle
            for k in range(4):
                total[k] += sum((comb(k, j) * d ** (k - j) * found.moments[j][i] for j in range(k + 1)), arb(0))
        return total


def _fitting(finer: list[arb]) -> int:
    """How many of the moments of one cell hold what 32 cells give."""
    return sum(bool(a.contains(b)) for a, b in zip(_one_cell(1), finer, strict=True))


def test_a_remainder_of_the_wrong_order_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One power of the width too many in the remainder, or no remainder: the moments of a cell miss the true ones."""
    monkeypatch.setattr(quadrature, "DEPTH", 0)
    finer = _one_cell(32)
    assert _fitting(finer) == 4
    right = quadrature._even
    monkeypatch.setattr(quadrature, "_even", lambda half, power: right(half, power + (power >= quadrature.ORDER)))
    assert _fitting(finer) < 4
    monkeypatch.setattr(quadrature, "_even", right)
    of = quadrature.coefficient
    monkeypatch.setattr(quadrature, "coefficient", lambda u, k: arb(0) if k == quadrature.ORDER else of(u, k))
    assert _fitting(finer) == 0


def test_a_series_that_ends_too_early_gives_no_remainder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A density of ten coefficients, flint's own default, knows none of order ten: what is left is the range rule."""
    monkeypatch.setattr(quadrature, "DEPTH", 0)
    grid, whole = clustered_grid(60.0, 80), quadrature._Rule._densities
    right = cell_moments(reference("T1"), Fraction(1, 2), grid).mass
    monkeypatch.setattr(
        quadrature._Rule, "_densities", lambda rule, at, length: whole(rule, at, min(length, quadrature.ORDER))
    )
    found = cell_moments(reference("T1"), Fraction(1, 2), grid).mass
    assert found.contains(right)
    assert found.rad() > 1e6 * right.rad()


@cache
def _trial() -> tuple[object, np.ndarray, float]:
    loss, s = reference("T1"), Fraction(1, 2)
    moments = cell_moments(loss, s, clustered_grid(default_reach(loss, s), 300))
    function = np.clip(spectrum(loss.network(), 0.5, (moments.nodes,)).functions[1], -1e6, 1e6)
    return moments, function, float(rayleigh_bound(moments, function))


def test_no_lower_bound_above_the_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked to prove a gap 0.1 percent above a Rayleigh quotient, the variational formula finds nothing."""
    moments, function, quotient = _trial()
    monkeypatch.setattr(barta, "WIDENINGS", (1.0,))
    assert barta.gap_lower_bound(moments, function, quotient * 1.001) is None  # type: ignore[arg-type]  # CellMoments
    assert barta.gap_lower_bound(moments, function, quotient) is None  # type: ignore[arg-type]  # CellMoments


def test_a_bad_trial_function_only_weakens_the_bounds() -> None:
    """A straight line, noise and a reversed function give an upper bound above, and no lower bound above, the gap."""
    moments, function, quotient = _trial()
    rng = np.random.default_rng(0)
    nodes = moments.nodes  # type: ignore[attr-defined]  # CellMoments
    for values in (nodes.copy(), rng.standard_normal(nodes.size), -function):
        upper = rayleigh_bound(moments, values)  # type: ignore[arg-type]  # CellMoments
        assert upper > 0.99 * quotient
        lower = barta.gap_lower_bound(moments, values, quotient)  # type: ignore[arg-type]  # CellMoments
        assert lower is None or lower < quotient


def test_a_constant_function_has_no_quotient() -> None:
    """Its variance is not proved positive."""
    from certigram.theory.errors import PrecisionExhausted

    moments, function, _ = _trial()
    with pytest.raises(PrecisionExhausted):
        rayleigh_bound(moments, np.ones_like(function))  # type: ignore[arg-type]  # CellMoments
    with pytest.raises(SpecError):
        rayleigh_bound(moments, function[1:])  # type: ignore[arg-type]  # CellMoments


def test_a_network_evaluated_wrongly_refutes_its_bounds() -> None:
    """With the outer weights tripled in the evaluation only, the bound of the Laplacian is refuted, not repeated."""
    inst = _instance("tanh", width="2", outer="1")
    with precision(64):
        network = replace(inst.network, outer=tuple(200 * a for a in inst.network.outer))
    broken = replace(inst)
    broken.__dict__["network"] = network
    verdict, _ = _verdict("gradient-bound", broken)
    assert verdict is Verdict.REFUTED


def test_malformed_reference_cases() -> None:
    """Weights that do not sum to one, labels that are no signs, no regularisation."""
    tanh = activation("tanh")
    half = Fraction(1, 2)
    one = Fraction(1)
    cases = ((((half, 1, half),), half), (((half, 2, one),), half), (((half, 1, one),), Fraction(0)))
    for data, rate in cases:
        with pytest.raises(SpecError):
            ScalarLoss("bad", tanh, half, rate, data)


def test_squares_of_symmetric_balls() -> None:
    """What the code relies on: a product of a ball with itself is finite where flint's power of it is not."""
    ball = arb(0, 0.5)
    assert (ball * ball).is_finite()
    assert (ball * ball).contains(0.25)
