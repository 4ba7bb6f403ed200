"""Residual networks where a hypothesis fails: each case must get the verdict that belongs to it.

A failure here means that a run with too large a step, coinciding or nearly coinciding points, or too few features would
be certified, or that the checks cannot tell such a run from a good one.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import Outcome, decide, find_control
from certigram.numerics.checks.relation import judge
from certigram.numerics.kernels.points import points as exact_points
from certigram.numerics.papers.resnet_rkhs.checks.convergence import decrease
from certigram.numerics.papers.resnet_rkhs.checks.trajectories import below
from certigram.numerics.papers.resnet_rkhs.descent import descend, embed
from certigram.numerics.papers.resnet_rkhs.fields import KernelField
from certigram.numerics.papers.resnet_rkhs.instance import ResNetInstance
from certigram.numerics.papers.resnet_rkhs.lazy import lazy_run
from certigram.numerics.papers.resnet_rkhs.rates import Landscape
from certigram.numerics.radial.distances import separation
from certigram.numerics.radial.kernel import radial_kernel
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.errors import DerivationGap, PrecisionExhausted, SpecError
from certigram.theory.verdict import Verdict

NAME = "resnet-rkhs"


def model(data: DataSet, kernel: str = "gaussian", **parameters: str) -> ResNetInstance:
    """The system on given data, with some parameters changed."""
    values = {name: Fraction(value) for name, value in parameters.items()}
    study = Study("negative", (NAME,), (), data, {NAME: values}, kernels=(kernel,))
    found = instance(NAME, kernel, study)
    assert isinstance(found, ResNetInstance)
    return found


def verdict_on(inst: ResNetInstance, slug: str) -> tuple[Verdict, str]:
    certificate, _ = decide(system(NAME).claim(f"{NAME}.{slug}"), inst)
    return certificate.verdict, certificate.reason


@pytest.mark.parametrize(
    ("kernel", "depth", "steps"), [("gaussian", 10, 200), ("matern-5/2", 10, 200), ("gaussian", 40, 80)]
)
def test_too_large_a_step_is_rejected(kernel: str, depth: int, steps: int) -> None:
    """Step one at scale 1/2: the loss jumps, the decrease is REFUTED, and yet the lower inequality holds throughout.

    Beyond 1/beta the run is chaotic: on each processor it is another one, and what is asserted is enclosed on each.
    """
    x = np.array([[np.cos(1 + (3 * i * i + i) * (j + 1) * 0.37) + 0.3 * i / 8 for j in range(2)] for i in range(8)])
    y = np.array([[np.sin(2 + i * i)] for i in range(8)])
    field = KernelField(radial_kernel(kernel, "1/2"), depth, 3)
    run = descend(field, embed(x, y, 1.0, 0.0), 1.0, steps)
    losses = np.array(run.loss.midpoints())
    assert (run.loss.lower[1:] > 2 * run.loss.upper[:-1]).any(), "some step more than doubles the loss"
    with precision(128):
        landscape = Landscape(field.radial, 8, 3, Fraction(1), separation(x).squared, None)
        mu = landscape.lower(arb(float(run.norm.upper.max())))
        assert mu > 0
    assert decrease(run.loss, 1.0, mu).verdict is Verdict.REFUTED
    least = (run.gradient_squared.lower / run.loss.upper).min()
    assert run.path[0] > 2 * (losses[0] / least) ** 0.5, "longer than the lower inequality would allow a flow"
    assert below("scale 1/2", mu, run).verdict is Verdict.PROVED


@pytest.mark.parametrize("eta", [6.0, 8.0])
def test_a_step_too_large_for_a_quadratic_loss_multiplies_it(eta: float) -> None:
    """One layer: e becomes (I - eta K/N) e in each step, so that the losses of the run are known from K alone."""
    x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    y = np.array([[1.0], [1.0], [2.0]])
    kernel = radial_kernel("gaussian", 1)
    run = descend(KernelField(kernel, 1, 3), embed(x, y, 1.0, 0.0), eta, 2)
    squared = [[0, 1, 4], [1, 0, 5], [4, 5, 0]]
    with precision(128):
        residual = [arb(1), arb(1), arb(2)]
        for k in range(3):
            exact = sum((e * e for e in residual), arb(0)) / 6
            assert arb(float(run.loss.lower[k])) <= exact <= arb(float(run.loss.upper[k]))
            image = [
                sum((kernel.value(arb(s)) * e for s, e in zip(row, residual, strict=True)), arb(0)) for row in squared
            ]
            residual = [e - arb(eta) / 3 * i for e, i in zip(residual, image, strict=True)]
    assert (run.loss.lower[1:] > 2 * run.loss.upper[:-1]).all()
    assert decrease(run.loss, eta, arb("1e-9")).verdict is Verdict.REFUTED


def test_a_step_beyond_one_over_beta_is_not_applicable() -> None:
    """The study's own step is compared with the proved beta: ten thousand is too much, and the reason says so."""
    found, reason = verdict_on(model(load("digits", 6), step="10000"), "made-descent")
    assert found is Verdict.NOT_APPLICABLE
    assert "step-size" in reason


def test_repeated_points() -> None:
    """A repeated input: K is singular with a null vector, bounds by separation do not apply, training skips a copy."""
    table = load("digits", 5).points.values  # type: ignore[union-attr]  # digits are points
    data = DataSet(exact_points(np.vstack([table, 3 * table[1:2]])), None, "a repeated direction")
    inst = model(data)
    assert verdict_on(inst, "least-eigenvalue")[0] is Verdict.REFUTED
    for slug in ("wendland", "gershgorin", "feature-chernoff"):
        assert verdict_on(inst, slug)[0] is Verdict.NOT_APPLICABLE
    assert len(inst.chosen) == 5
    assert verdict_on(inst, "critical-points")[0].favourable


@pytest.mark.parametrize("gap", [2.0**-20, 2.0**-40])
def test_nearly_repeated_points(gap: float) -> None:
    """Two inputs at distance 2^-20 or 2^-40: still positive definite, proved with more bits; the recipe lifts far."""
    rng = np.random.default_rng(1)
    table = rng.standard_normal((5, 3))
    table[4] = table[0]
    table[4, 0] += gap
    data = DataSet(exact_points(table), None, "nearly repeated", None)
    inst = model(data, scale="1", points="5", iterations="5")
    certificate, _ = decide(system(NAME).claim(f"{NAME}.least-eigenvalue"), inst)
    assert certificate.verdict is Verdict.PROVED
    assert certificate.lower is not None
    assert certificate.upper is not None
    assert 0 < certificate.lower <= certificate.upper < gap**2
    assert verdict_on(inst, "wendland")[0] is Verdict.ARGUED
    assert verdict_on(inst, "recipe")[0].favourable
    assert inst.recipe(depth=None, descent=False).landscape.alpha > 1 / gap
    control: Outcome = find_control("resnet-least-eigenvalue")(inst)
    assert control.verdict is not Verdict.PROVED


def test_fewer_features_than_points() -> None:
    """Six points and two frequencies: K_m has rank at most four, and the lazy regime is refused."""
    table = load("digits", 6).points.values  # type: ignore[union-attr]  # digits are points
    with pytest.raises(DerivationGap, match="not proved positive"):
        lazy_run(
            radial_kernel("gaussian", 1),
            table,
            np.ones((6, 1)),
            separation(table).squared,
            Fraction(1, 2),
            depth=2,
            features=2,
            eta=1.0,
            iterations=1,
            seed=0,
        )
    found, reason = verdict_on(model(load("digits", 6), features="2"), "lazy-regime")
    assert found is Verdict.UNKNOWN
    assert "rank" in reason or "positive" in reason


def test_rough_kernel_has_no_smoothness() -> None:
    """Matern 3/2 is not strongly admissible: no Hessian bound, no step size, but the flow still converges."""
    inst = model(load("digits", 5), "matern-3/2", iterations="5")
    assert verdict_on(inst, "smoothness")[0] is Verdict.NOT_APPLICABLE
    assert verdict_on(inst, "made-descent")[0] is Verdict.NOT_APPLICABLE
    assert verdict_on(inst, "made-flow")[0].favourable


def test_layers_that_are_not_invertible() -> None:
    """One layer at a small scale: kappa_1 |v| exceeds the root of the depth, so nothing is claimed of it."""
    inst = model(load("digits", 6), depth="1", scale="1/16", iterations="8", points="6")
    for slug in ("pl-finite-depth", "separation"):
        found, reason = verdict_on(inst, slug)
        assert found is Verdict.NOT_APPLICABLE
        assert "invertible-layers" in reason
    landscape = inst.landscape(1)
    with precision(64), pytest.raises(DerivationGap, match="depth"):
        landscape.compression(arb(1))


@pytest.mark.parametrize(
    "parameters", [{"depth": "0"}, {"depth": "5/2"}, {"points": "0"}, {"step": "0"}, {"embedding": "-1"}]
)
def test_meaningless_parameters_are_refused(parameters: dict[str, str]) -> None:
    """Half a layer, no points or a negative lift are refused in a sentence."""
    with pytest.raises(SpecError):
        model(load("digits", 4), **parameters).admit()


def test_a_conclusion_from_nothing_is_unknown() -> None:
    """No inequality was compared, or none is about a single point."""
    assert judge([]).verdict is Verdict.UNKNOWN
    single = model(load("digits", 1))
    for slug in ("wendland", "gershgorin"):
        assert verdict_on(single, slug)[0] is Verdict.NOT_APPLICABLE
    assert verdict_on(single, "feature-perturbation")[0].favourable


def test_every_label_is_there() -> None:
    """The list of claims of the theory, B01 to B20, is complete, and each has a check and a control."""
    labels = {claim.label for claim in system(NAME).claims}
    assert {f"B{k:02d}" for k in range(1, 21)} <= labels
    for claim in system(NAME).claims:
        assert find_control(claim.method)


def test_dual_kernels_have_an_eigenvalue_and_nothing_else() -> None:
    """The dual kernel of erf on the sphere: definite on distinct images, and no claim about separation applies."""
    study = Study("dual", (NAME,), (), load("digits", 12), kernels=("dual(erf)",))
    inst = instance(NAME, "dual(erf)", study)
    inst.admit()
    for claim in system(NAME).claims:
        certificate, tests = decide(claim, inst)
        assert not tests
        if claim.id == f"{NAME}.least-eigenvalue":
            assert certificate.verdict is Verdict.PROVED
            control: Outcome = find_control(claim.method)(inst)
            assert control.verdict is Verdict.REFUTED
        else:
            assert certificate.verdict is Verdict.NOT_APPLICABLE
            assert "translation-invariant" in certificate.reason
            assert not certificate.scope  # no check was run


@pytest.mark.parametrize(("name", "verdict"), [("dual(erf)", Verdict.REFUTED), ("dual(gelu)", Verdict.PROVED)])
def test_antipodes_of_dual_kernels(name: str, verdict: Verdict) -> None:
    """An odd activation gives a singular matrix on antipodal points, another one does not."""
    table = load("digits", 3).points.values  # type: ignore[union-attr]  # digits are points
    data = DataSet(exact_points(np.vstack([table, -table[:1]])), None, "antipodes")
    inst = instance(NAME, name, Study("dual", (NAME,), (), data, kernels=(name,)))
    assert decide(system(NAME).claim(f"{NAME}.least-eigenvalue"), inst)[0].verdict is verdict


def _tables() -> dict[str, DataSet]:
    rng = np.random.default_rng(11)
    table = rng.standard_normal((5, 4))
    close = np.vstack([table, table[:1] * np.array([[1.0, 1.0, 1.0, 1.0 + 2.0**-52]])])
    near = np.vstack([table, table[:1] + 2.0**-30])
    return {
        "one point": DataSet(exact_points(table[:1]), None, "one point"),
        "two points": DataSet(exact_points(table[:2]), None, "two points"),
        "directions that round to neighbours": DataSet(exact_points(close), None, "close"),
        "nearly repeated": DataSet(exact_points(near), None, "near", None),
        "large and small": DataSet(exact_points(table * np.geomspace(1e-5, 1e5, 5)[:, None]), None, "sizes", None),
    }


@pytest.mark.parametrize("name", list(_tables()))
@pytest.mark.parametrize("kernel", ["gaussian", "matern-3/2"])
def test_no_claim_is_refuted_or_breaks(name: str, kernel: str) -> None:
    """On awkward data every claim gets a verdict: the theorems are true, so only the eigenvalue may be refuted."""
    inst = model(_tables()[name], kernel, iterations="6", features="64", depth="3")
    inst.admit()
    for claim in system(NAME).claims:
        certificate, _ = decide(claim, inst)
        assert certificate.verdict is not Verdict.REFUTED, (claim.id, certificate.reason)
        if not claim.statistical:
            try:
                control: Outcome = find_control(claim.method)(inst)
            except (DerivationGap, PrecisionExhausted):  # what a check answers with UNKNOWN
                continue
            assert control.verdict is not Verdict.PROVED, claim.id
