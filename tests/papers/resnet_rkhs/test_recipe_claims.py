"""The claims of the residual recipe on a small study: argued, their planted errors refuted, and what they refuse."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import decide, find_control
from certigram.numerics.papers.resnet_rkhs.end_to_end import EndToEnd, end_to_end
from certigram.numerics.papers.resnet_rkhs.instance import ResNetInstance
from certigram.numerics.studies.data import load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.errors import DerivationGap
from certigram.theory.verdict import Verdict

SLUGS = ("lazy-descent", "leverage-features", "depth-limit")


def small(kernel: str, **values: str) -> ResNetInstance:
    """Twelve digits, three layers, 96 features."""
    chosen = {name: Fraction(value) for name, value in {"depth": "3", "features": "96", **values}.items()}
    study = Study("recipe", ("resnet-rkhs",), (), load("digits", 12), {"resnet-rkhs": chosen}, kernels=(kernel,))
    found = instance("resnet-rkhs", kernel, study)
    assert isinstance(found, ResNetInstance)
    return found


@pytest.mark.parametrize("kernel", ["gaussian", "matern-3/2", "matern-5/2"])
def test_the_claims_and_their_controls(kernel: str) -> None:
    """Features have all three constants, so that Matérn-3/2 is no exception once they are drawn."""
    inst = small(kernel)
    for slug in SLUGS:
        claim = system("resnet-rkhs").claim(f"resnet-rkhs.{slug}")
        assert decide(claim, inst)[0].verdict is Verdict.ARGUED
        assert find_control(claim.method)(inst).verdict is Verdict.REFUTED


def test_a_step_beyond_the_theorem_is_no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 3/2 of 1/S the loss still falls as it should, and the hypothesis on the step is false."""
    step = EndToEnd.step.fget
    assert step is not None
    monkeypatch.setattr(EndToEnd, "step", property(lambda found: 1.5 * step(found)))
    claim = system("resnet-rkhs").claim("resnet-rkhs.lazy-descent")
    assert decide(claim, small("gaussian"))[0].verdict is Verdict.REFUTED


@pytest.mark.parametrize("kernel", ["gaussian", "matern-5/2"])
def test_the_figures_of_the_page_are_those_of_the_draw(kernel: str) -> None:
    """The row of 256 features: the readout and the number of steps, as the page prints them."""
    page = (Path(__file__).parents[3] / "docs/papers/resnet_rkhs/recipe.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| $m=256$"))
    cell = row.split("|")[2 if kernel == "gaussian" else 3]
    study = Study("recipe", ("resnet-rkhs",), (), load("digits", 200), {"resnet-rkhs": {}}, kernels=(kernel,))
    inst = instance("resnet-rkhs", kernel, study)
    assert isinstance(inst, ResNetInstance)
    found = end_to_end(inst, 256)
    with precision(96):
        theorem = found.theorem
        readout = theorem.threshold * int(found.beta)
        steps = theorem.with_beta((theorem.threshold * arb("1.000001")).mid()).steps(arb("1e-6"))
        assert cell.strip() == f"{float(readout):.0f}, {math.ceil(float(steps))}"


def test_too_few_features_are_refused() -> None:
    with pytest.raises(DerivationGap, match="take more features"):
        end_to_end(small("gaussian"), 5)
