"""Options and printing that several commands share."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..theory.errors import SpecError
from .output import say

if TYPE_CHECKING:
    from ..numerics.balls.ball import Ball

Json = Annotated[bool, typer.Option("--json", help="print one JSON document on stdout and nothing else")]
Bits = Annotated[int, typer.Option(help="binary digits of the enclosure", min=24, max=20_000)]
Jobs = Annotated[int | None, typer.Option(help="processes that sample networks (default: the number of cores)", min=1)]
Strict = Annotated[bool, typer.Option("--strict", help="exit with status 3 when something stays UNKNOWN")]


class Level(Enum):
    """What must not stay open, for status 0."""

    UNKNOWN = "unknown"
    PROVED = "proved"


StrictLevel = Annotated[
    Level | None,
    typer.Option(
        "--strict",
        metavar="[=proved]",
        help="exit with status 3 when something stays UNKNOWN; --strict=proved: also when something is ARGUED",
        show_choices=False,
    ),
]
Expression = Annotated[str, typer.Argument(help="an activation by name, or an expression in x")]
Source = Annotated[
    str, typer.Argument(help="digits, sphere, or a file whose rows are points (.csv, .tsv, .txt, .npy, .npz, .parquet)")
]
Numbers = Annotated[str, typer.Option(help="numbers of a file: decimal (exactly as written) or binary64 (the nearest)")]
Header = Annotated[
    bool | None, typer.Option("--header/--no-header", help="whether the first line of a text file is a heading")
]
Columns = Annotated[list[str] | None, typer.Option(help="a column to keep, by name or place (from 0); again for more")]
Drop = Annotated[list[str] | None, typer.Option(help="a column to leave out, by name or place (from 0)")]
Member = Annotated[str | None, typer.Option("--array", help="the array of an .npz file that holds several")]
ActivationName = Annotated[
    str | None,
    typer.Option(help="an activation by name, or an expression in x (default: tanh, or the one the system is about)"),
]
KernelName = Annotated[
    str | None, typer.Option(help="a kernel by name (docs/kernels.md); one of its own with --system resnet-rkhs")
]
SystemName = Annotated[
    str | None, typer.Option(help="the system (`certigram list systems`); deq-general unless a kernel is named")
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", help="a parameter of the system or kernel, such as sigma_w2=1/16"),
]
SigmaW2 = Annotated[str | None, typer.Option(help="short for --parameter sigma_w2=...")]
Points = Annotated[int | None, typer.Option(help="number of points (default: 200, or all rows of a file)")]
KeepNorms = Annotated[
    bool | None,
    typer.Option(
        "--keep-norms/--rescale",
        help="keep the points, the default of kernels by name, or bring them to norm sqrt(d), that of systems",
    ),
]
MatrixBits = Annotated[
    int | None, typer.Option(help="balls of this many binary digits instead of float64", min=24, max=20_000)
]


def named_values(given: list[str] | None, sigma_w2: str | None) -> dict[str, str]:
    """The parameters of the command line as names and numerals.

    >>> named_values(["sigma_w2=1/16"], None)
    {'sigma_w2': '1/16'}
    """
    found: dict[str, str] = {}
    pairs = [*(given or []), *([f"sigma_w2={sigma_w2}"] if sigma_w2 is not None else [])]
    for text in pairs:
        name, equals, value = text.partition("=")
        if not (equals and name.strip() and value.strip()):
            raise SpecError(f"--parameter {text!r} is not a name and a value: write it as sigma_w2=1/16.")
        if name.strip() in found:
            raise SpecError(f"the parameter {name.strip()!r} is given twice: give it once.")
        found[name.strip()] = value.strip()
    return found


def ball_fields(ball: Ball) -> dict[str, Any]:
    """A ball for a JSON document: as text, as float64 rounded outwards, and its relative accuracy (null: exact)."""
    from ..numerics.balls.enclosure import float_above, float_below

    lower, upper = finite(float_below(ball.lower)), finite(float_above(ball.upper))
    radius = finite(float_above(Fraction(ball.rad)))
    return {"ball": str(ball), "lower": lower, "upper": upper, "radius": radius, "accuracy_bits": ball.accuracy_bits}


def shortfall(reached: int | None, bits: int, of: str, *, slack: int = 2) -> None:
    """One line when an enclosure falls short of what was asked for by more than ``slack`` bits, lost to rounding."""
    if reached is not None and reached < bits - slack:
        say(
            f"accuracy: {reached} bits relative to {of}, where {bits} were asked for: no method known here gives more"
            " at these arguments; the enclosure is proved all the same."
        )


def finite(x: float) -> float | None:
    """A float for a JSON document, null where it is beyond the range of float64."""
    return x if x - x == 0 else None
