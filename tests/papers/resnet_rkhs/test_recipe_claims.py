"""The claims of the residual recipe on a small study: argued, their planted errors refuted, and what they refuse."""

from __future__ import annotations

from fractions import Fraction

import pytest

from certigram.numerics.checks.registry import decide, find_control
from certigram.numerics.papers.resnet_rkhs.end_to_end import end_to_end
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


def test_too_few_features_are_refused() -> None:
    with pytest.raises(DerivationGap, match="take more features"):
        end_to_end(small("gaussian"), 5)
