"""Options of `verify` whose values may be left out; the second opinion, and what follows from a contradiction."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from .output import DEFECT, say_aside

if TYPE_CHECKING:
    from ..numerics.second_opinion.opinion import SecondOpinion
    from ..numerics.studies.study import Study

NAME, USUAL = "--second-opinion", 40
Sample = Annotated[
    int | None,
    typer.Option(
        NAME,
        metavar="[N]",
        min=1,
        max=100_000,
        help=f"recompute N enclosed numbers (default: {USUAL}) in another way, with mpmath at up to 50 digits",
    ),
]


class WithOptionalValues(TyperCommand):
    """A command with options that may stand without their values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, the usual value after an option that has none."""
        return super().parse_args(ctx, completed(args))


def completed(arguments: list[str]) -> list[str]:
    """The arguments with the values that were left out.

    >>> completed(["--second-opinion", "study.toml"]), completed(["--second-opinion", "7"])
    (['--second-opinion', '40', 'study.toml'], ['--second-opinion', '7'])
    >>> completed(["--strict", "study.toml"]), completed(["--strict=proved"])
    (['--strict=unknown', 'study.toml'], ['--strict=proved'])
    >>> completed([]), completed(["--second-opinion"])
    ([], ['--second-opinion', '40'])
    """
    found: list[str] = []
    for argument, following in pairwise([*arguments, ""]):
        found.append("--strict=unknown" if argument == "--strict" else argument)
        if argument == NAME and not following.lstrip("-").isdigit():
            found.append(str(USUAL))
    return found


def second_opinion(study: Study, count: int | None, folder: Path) -> SecondOpinion | None:
    """The second opinion that was asked for, or the one that an earlier run of this study left in its folder."""
    from ..numerics.second_opinion import opinion
    from ..reports.working import Working

    if count is None:
        return opinion.stored(folder, study.digest)
    with Working("recomputing numbers with mpmath") as working:
        return opinion.second_opinion(
            study, count, listen=lambda what, done, of: working.stage(f"second opinion {done + 1} of {of}: {what}")
        )


def conclude(opinion: SecondOpinion | None, status: int) -> int:
    """What it showed, on standard error; a contradiction gives the exit status of a defect in place of any other."""
    if opinion is None:
        return status
    from ..reports.second_opinion import sentences

    for sentence in sentences(opinion):
        say_aside(sentence)
    return DEFECT if opinion.contradictions else status
