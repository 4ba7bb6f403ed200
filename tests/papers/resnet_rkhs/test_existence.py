"""The gradient flow exists for each kernel of the family, and the constant of random features is a supremum.

A failure here means that a theorem about the flow is claimed for a kernel without its existence, or that a slope of the
features leaves its two proved ends.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from certigram.numerics.balls.enclosure import Enclosure
from certigram.numerics.checks.registry import decide
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.resnet_rkhs.checks import features
from certigram.numerics.papers.resnet_rkhs.fields import Array
from certigram.numerics.papers.resnet_rkhs.instance import ResNetInstance
from certigram.numerics.studies.data import DataSet
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.verdict import Verdict

NAME = "resnet-rkhs"
KERNELS = ("gaussian", "matern-5/2", "matern-3/2")
"""The last one has no second derivative of its features, so that the loss has no Lipschitz gradient."""


def model(kernel: str) -> ResNetInstance:
    """Six random inputs."""
    data = DataSet(points(np.random.default_rng(0).standard_normal((6, 3))), None, "random")
    found = instance(NAME, kernel, Study("existence", (NAME,), (), data, {}, kernels=(kernel,)))
    assert isinstance(found, ResNetInstance)
    return found


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_flow_exists(kernel: str) -> None:
    found, _ = decide(system(NAME).claim(f"{NAME}.made-flow"), model(kernel))
    assert found.verdict is Verdict.ARGUED
    assert any("lemma.flow-existence" in item.text for item in found.evidence)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_constant_of_the_features_is_met_from_both_sides(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A constant that is a hundred-thousandth too small is exceeded by a slope; one too large is not the supremum."""
    inst, claim = model(kernel), system(NAME).claim(f"{NAME}.feature-admissibility")
    assert decide(claim, inst)[0].verdict is Verdict.ARGUED
    true = features.spectral_constant

    def wrong(factor: Fraction) -> None:
        def changed(table: Array) -> Enclosure:
            found = true(table)
            return replace(found, lower=found.lower * float(factor), upper=found.upper * float(factor))

        monkeypatch.setattr(features, "spectral_constant", changed)

    for factor in (1 - Fraction(1, 10**5), 1 + Fraction(1, 10**5)):
        wrong(factor)
        assert decide(claim, inst)[0].verdict is Verdict.REFUTED, factor
