"""Exit statuses of what no input is to blame for: a failure here means that a defect or a full disk is misread."""

import errno
from collections.abc import Callable

import pytest

from certigram.theory.errors import Unfinished


def test_a_defect_is_not_a_refutation(call: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw has a status of its own: 1 would say that a claim is refuted."""

    def broken(*_: object, **__: object) -> None:
        raise StopIteration

    monkeypatch.setattr("certigram.api.population_gram", broken)
    status, out, err = call("gram", "--n", "3")  # type: ignore[misc]  # an Answer
    assert (status, out) == (70, "")
    assert err.endswith(
        "StopIteration: this is a defect of certigram and says nothing about the claim; please report it.\n"
    )


def test_what_stands_in_the_way_has_its_own_status(
    call: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead worker or another run is no defect and no fault of the input: 75, try again. A full disk is 74."""

    def ended(error: Exception) -> Callable[..., object]:
        def raiser(*_: object, **__: object) -> None:
            raise error

        return raiser

    monkeypatch.setattr("certigram.api.population_gram", ended(Unfinished("a worker died.")))
    assert call("gram", "--n", "3") == (75, "", "certigram: a worker died.\n")
    full = OSError(errno.ENOSPC, "No space left on device", "x.json")
    monkeypatch.setattr("certigram.api.population_gram", ended(full))
    status, _, err = call("gram", "--n", "3")  # type: ignore[misc]  # an Answer
    assert status == 74
    assert err.startswith("certigram: x.json: No space left on device")


def test_control_c_says_so(call: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in a command that saves nothing on the way."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("certigram.api.population_gram", stopped)
    assert call("gram", "--n", "3") == (130, "", "certigram: interrupted.\n")
