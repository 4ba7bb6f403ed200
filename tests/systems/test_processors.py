"""One study under several BLAS kernels: the same verdicts, and enclosures of one quantity that have a common point.

A failure means that a certificate calls a number that depends on the processor (a float64 bound, an iterate, the norm
of a run) an enclosure of a quantity that does not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from certigram.theory.claims.system import systems

SCRIPT = Path(__file__).with_name("small_study.py")
WIDE = Context(prec=80, Emax=MAX_EMAX, Emin=MIN_EMIN)
BALL = re.compile(r"\[(\S+) (?:±|\+/-) (\S+)\]")
SYSTEMS = tuple(systems())
Interval = tuple[Decimal, Decimal]


@cache
def study(kernel: str, which: str, systems: tuple[str, ...]) -> dict[str, Any]:
    """The certificates under one BLAS kernel; OpenBLAS falls back to its own choice for a name it does not know."""
    changes = {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), which, *systems]
    done = subprocess.run(command, env=os.environ | changes, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def enclosures(certificate: dict[str, Any]) -> Iterator[tuple[str, Interval]]:
    """What a certificate prints as an enclosure, by the words that say of what it is one."""
    lower, upper = certificate["lower"], certificate["upper"]
    if lower is not None and upper is not None:
        yield f"the quantity {certificate['detail'].get('quantity')}", (Decimal(lower), Decimal(upper))
    for item in certificate["evidence"]:
        for name, text in item["values"].items():
            if found := BALL.fullmatch(text):
                middle, radius = (WIDE.create_decimal(part) for part in found.groups())
                yield f"{item['text']}: {name}", (WIDE.subtract(middle, radius), WIDE.add(middle, radius))


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Verdicts that differ, enclosures without a common point, and enclosures that the other one does not have.

    Numbers of a computed run, whose digest stands beside them, are compared where it was the same run.
    """
    found = []
    for a, b in zip(one["certificates"], other["certificates"], strict=True):
        where = f"{a['claim']} ({a['activation']})"
        if a["verdict"] != b["verdict"]:
            found.append(f"{where}: {a['verdict']} and {b['verdict']}")
        left, right = dict(enclosures(a)), dict(enclosures(b))
        if a["detail"].get("run") != b["detail"].get("run"):
            for side in (left, right):
                side.pop(f"the quantity {a['detail'].get('quantity')}", None)
        found += [f"{where}: only one of them has {text}" for text in left.keys() ^ right.keys()]
        for text in left.keys() & right.keys():
            (low, high), (least, most) = left[text], right[text]
            if high < least or most < low:
                found.append(f"{where}: {text} in [{low}, {high}] and [{least}, {most}]")
    return found


def compare(kernels: tuple[str, str], which: str, systems: tuple[str, ...]) -> None:
    """Both studies, or a reason why there is one only."""
    one, other = (study(kernel, which, systems) for kernel in kernels)
    if one["kernels"] == other["kernels"]:
        pytest.skip(f"this BLAS has one kernel only: {one['kernels']}")
    found = differences(one, other)
    assert not found, "\n".join(found)


def test_residual_networks_under_two_kernels() -> None:
    """The system whose numbers move most, without and with vector instructions."""
    compare(("Prescott", "Haswell"), "first", ("resnet-rkhs",))


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["Prescott", "Nehalem", "SkylakeX"])
def test_all_systems_under_two_kernels(kernel: str) -> None:
    """The same for each system and several kernels."""
    compare((kernel, "Haswell"), "all", SYSTEMS)


def test_a_moving_number_is_noticed() -> None:
    """The control: two disjoint intervals, another verdict, and a text that names the moving number itself."""
    certificate = {"claim": "c", "activation": "a", "verdict": "PROVED", "lower": 1.0, "upper": 1.5, "detail": {}}
    one = {"certificates": [{**certificate, "evidence": [{"text": "x", "values": {"v": "[3.5 ± 1e-20]"}}]}]}
    assert not differences(one, one)
    for change in (
        {"verdict": "UNKNOWN"},
        {"lower": 1.6, "upper": 1.7},
        {"evidence": [{"text": "x", "values": {"v": "[3.6 ± 1e-20]"}}]},
        {"evidence": [{"text": "x at 0.1", "values": {"v": "[3.5 ± 1e-20]"}}]},
    ):
        assert differences(one, {"certificates": [{**one["certificates"][0], **change}]})
