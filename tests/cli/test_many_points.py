"""A failure here means that a large matrix is started without saying what it takes, or without asking the budget."""

import json
from collections.abc import Callable


def test_the_command_says_what_it_needs(call: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = call("certify", "0.5", "sphere", "--n", "4200", "--json")
    document = json.loads(out)
    assert (status, document["verdict"]) == (1, "REFUTED")
    assert "GiB of memory" in err
    status, _, err = call("certify", "0.5", "sphere", "--n", "20000", "--memory", "1")
    assert status == 2
    assert "budget allows" in err
    assert err.count("\n") == 1
