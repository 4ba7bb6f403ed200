"""A failure here means that networks of the width from which the whitened theorem is certified do not show its event.

200 of 200 networks on two orthogonal inputs, each event decided with proved errors. The theorem promises 95 in 100.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from certigram.models import model_on_data
from certigram.numerics.runs.widths import certified_widths, networks_of
from certigram.numerics.sampling.events import EVENTS
from certigram.numerics.sampling.least_width import Question, find
from certigram.numerics.sampling.sequential import Standing
from certigram.theory.activations.activation import activation

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "sigma_w2", "at_most"), [("sigmoid", Fraction(1, 16), 1440), ("tanh", Fraction(1, 128), 4300)]
)
def test_the_event_holds_in_200_of_200_networks_of_the_certified_width(
    name: str, sigma_w2: Fraction, at_most: int
) -> None:
    model = model_on_data(
        "test", "deq-general", [[1, 0], [0, 1]], activation(name), None, None, "sphere", None, None,
        {"sigma_w2": sigma_w2},
    )  # fmt: skip
    width = certified_widths(model, Fraction(1, 20))["whitened"]
    assert width is not None
    assert width <= at_most
    question = Question((width,), EVENTS, most=200, alpha=Fraction(2551, 10**7))  # it takes 200 successes
    found = find(networks_of(model), question, jobs=2)
    for statement in found.statements:
        judged = statement.judged
        assert (judged.happened, judged.trials) == (200, 200)
        assert statement.standing is Standing.AT_LEAST
