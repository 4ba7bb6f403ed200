"""The working precision: a failure here means that one computation changes the radius of another."""

import flint
import pytest
from flint import arb

from certigram.numerics.budget import Budget
from certigram.numerics.precision import LENGTH, MAX_BITS, MIN_BITS, precision
from certigram.theory.errors import SpecError


def test_precision_is_put_back() -> None:
    """After the block, after nesting, and after an exception the precision is what it was."""
    before = flint.ctx.prec, flint.ctx.cap
    with precision(200):
        assert (flint.ctx.prec, flint.ctx.cap) == (200, LENGTH)
        with precision(64):
            assert (flint.ctx.prec, flint.ctx.cap) == (64, LENGTH)
        assert flint.ctx.prec == 200
    assert (flint.ctx.prec, flint.ctx.cap) == before
    with pytest.raises(ZeroDivisionError), precision(300):
        raise ZeroDivisionError
    assert (flint.ctx.prec, flint.ctx.cap) == before


def test_more_bits_narrow_the_ball() -> None:
    """The precision is the one that is used."""
    with precision(53):
        coarse = arb(2).sqrt()
    with precision(500):
        fine = arb(2).sqrt()
    assert fine.rad() < arb((1, -400))
    assert coarse.rad() > arb((1, -60))
    assert coarse.overlaps(fine)


@pytest.mark.parametrize("bits", [0, -1, MIN_BITS - 1, MAX_BITS + 1])
def test_bits_out_of_range(bits: int) -> None:
    """A precision that cannot be meant is refused, and nothing is changed."""
    before = flint.ctx.prec
    with pytest.raises(SpecError, match="out of range"), precision(bits):
        pass
    assert flint.ctx.prec == before


def test_budgets_that_cannot_be_meant() -> None:
    """The escalation cannot start above its ceiling, and no resource is zero."""
    for wrong in ({"bits": 10}, {"bits": 256, "max_bits": 128}, {"max_terms": 0}, {"seconds": 0.0}, {"memory": 0}):
        with pytest.raises(SpecError):
            Budget(**wrong)
