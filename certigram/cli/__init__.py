"""The command line: it parses arguments and prints; everything else happens in the packages below it.

Exit status: 0 nothing speaks against a claim; 1 something is REFUTED or INCONSISTENT; 2 the command or its input is
not usable (one sentence on standard error says what, where, and what to try); 3 with ``--strict``, something stays
UNKNOWN; 70 a defect of certigram itself, which says nothing about the claim; 130 interrupted, with what was finished
saved.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from ..theory.errors import CertigramError
from ..theory.version import __version__
from .checking import check
from .derivations import derive
from .listing import list_
from .matrices import certify, gram
from .reporting import report
from .studies import sweep, verify
from .values import dual, hermite

app = typer.Typer(name="certigram", pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)

EPILOG = "Exit status: 0 nothing refuted; 1 refuted; 2 unusable input; 3 unknown, with --strict; 130 interrupted."
DEFECT, INTERRUPTED = 70, 130
"""Exit statuses: an error nobody foresaw (never 1, which means refuted), and Ctrl-C."""


def _version(value: bool) -> None:
    if value:
        typer.echo(f"certigram {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog=EPILOG)
def main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Proved bounds on the least eigenvalue of neural-network kernels.

    Start with `certigram verify`: it checks a deep equilibrium model on 200 images of handwritten digits.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}  # where an argument may start with a minus sign

app.command(short_help="check a study, write its report", epilog="Example: certigram verify study.toml --out results")(
    verify
)
app.command(short_help="sample the networks of a study", epilog="Example: certigram sweep study.toml --jobs 8")(sweep)
app.command(
    short_help="enclose E φ(u) φ(v)",
    epilog='Example: certigram dual "x*exp(-x**2/2)" 1.3 0.7 -0.4 --bits 200',
    context_settings=_NEGATIVE_NUMBERS,
)(dual)
app.command(
    short_help="enclose Hermite coefficients", epilog="Example: certigram hermite tanh --order 16 --variance 2"
)(hermite)
app.command(
    short_help="derive a closed form, every line checked", epilog="Example: certigram derive gelu --format pdf"
)(derive)
app.command(
    short_help="enclose a Gram matrix and its least eigenvalue",
    epilog="Example: certigram gram points.csv --activation gelu --sigma-w2 1/16",
)(gram)
app.command(
    short_help="prove a bound on the least eigenvalue",
    epilog="Example: certigram certify 0.0005 digits --n 100 --activation tanh",
    context_settings=_NEGATIVE_NUMBERS,
)(certify)
app.command(
    short_help="check certificates without the prover", epilog="Example: certigram check out/digits/certificates"
)(check)
app.command(
    short_help="write the report of a finished run again", epilog="Example: certigram report out/digits --out paper"
)(report)
app.command(
    name="list", short_help="list systems, activations or claims", epilog="Example: certigram list claims --json"
)(list_)

_MISUSE = next(  # the base of typer's own complaints, wherever this version of typer keeps it
    kind for kind in typer.BadParameter.__mro__ if issubclass(kind, Exception) and kind.__name__ == "ClickException"
)


def fail(message: str, status: int = 2) -> NoReturn:
    """One clear sentence on standard error, and the exit status; nothing in it reaches the terminal as a control."""
    sentence = "".join(ch if ch.isprintable() else " " for ch in message)
    print(f"certigram: {sentence}", file=sys.stderr)
    raise SystemExit(status)


def run() -> None:
    """Run the command line; an error of ours is one sentence, never a traceback."""
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()
    except _MISUSE as error:
        context = getattr(error, "ctx", None)
        place = getattr(context, "command_path", "certigram")
        message = " ".join(getattr(error, "format_message", error.__str__)().split())
        fail(f"{message.rstrip('.')}: see `{place} --help`.".replace(": Value error, ", ": "))
    except CertigramError as error:
        fail(str(error))
    except MemoryError:
        fail("not enough memory: take fewer points, or lower memory in [budget].")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader is gone: nothing left to flush
        raise SystemExit(0) from None
    except OSError as error:
        place = error.filename2 or error.filename or "a file"  # of a renaming, the name that was asked for
        fail(f"{place}: {error.strerror or error}: check the path, its permissions and the disk.")
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted.", INTERRUPTED)
    except Exception as error:  # a defect of ours: shown whole, with a status that no verdict has
        traceback.print_exc()
        what = f"{type(error).__name__}: {error}".rstrip(" .:")
        fail(f"{what}: this is a defect of certigram and says nothing about the claim; please report it.", DEFECT)
    if status == INTERRUPTED:  # typer turns Ctrl-C into this status
        fail("interrupted.", INTERRUPTED)
    raise SystemExit(status or 0)
