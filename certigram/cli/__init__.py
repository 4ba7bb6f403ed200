"""The command line: it parses arguments and prints; everything else happens in the packages below it.

Exit status: 0 nothing speaks against a claim; 1 something is REFUTED or INCONSISTENT; 2 the command or its input is
not usable (one sentence on standard error says what, where, and what to try); 3 with ``--strict``, something stays
UNKNOWN (``--strict=proved``: or is only ARGUED); 70 a defect of certigram itself, which says nothing about the claim,
also where a second opinion contradicts an enclosure; 74 a full or failing disk, 141 a reader that went away before
everything was printed; 75 something outside stood in the way (a worker process died twice at one network, another run
writes to the folder); 130, 143, 129 stopped by Ctrl-C, SIGTERM, SIGHUP. What was finished is saved whatever the
status, and the same command continues.
"""

from __future__ import annotations

import errno
import sys
import traceback
from typing import Annotated

import typer

from ..streams import NOT_WRITTEN, OutputLost, give_up
from ..theory.errors import CertigramError, Unfinished
from ..theory.printable import printable
from ..theory.version import __version__
from .checking import check
from .derivations import derive
from .falsifying import falsify
from .formal import export
from .least_width import least_width
from .listing import list_
from .matrices import certify, gram
from .output import DEFECT, INTERRUPTED, LATER, fail, say
from .own_matrix import diagnose, jitter
from .reporting import report
from .second_opinion import WithOptionalValues
from .sgd_plan import sgd_plan
from .studies import sweep, verify
from .values import dual, hermite

app = typer.Typer(name="certigram", pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)

EPILOG = (
    "Exit status: 0 nothing refuted; 1 refuted; 2 unusable input; 3 unknown, with --strict;"
    " 70 a defect; 74 disk full; 75 try again; 130, 143, 129 stopped by a signal; 141 the reader went away."
)


def _version(value: bool) -> None:
    if value:
        say(f"certigram {__version__}")
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
        say(context.get_help())


_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}  # where an argument may start with a minus sign

app.command(
    cls=WithOptionalValues,
    short_help="check a study, write its report",
    epilog="Example: certigram verify study.toml --out results",
)(verify)
app.command(
    name="least-width",
    short_help="from which width networks show an event",
    epilog="Example: certigram least-width digits --n 20 --activation tanh --activation erf --figure out/gap.svg",
)(least_width)
app.command(
    name="sgd-plan",
    short_help="temperature, step and number of steps of noisy descent",
    epilog="Example: certigram sgd-plan digits --outer 1/1024",
)(sgd_plan)
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
    epilog="Example: certigram certify 0.0005 digits --n 100 --activation tanh, or certigram certify 0 --matrix K.npy",
    context_settings=_NEGATIVE_NUMBERS,
)(certify)
app.command(short_help="enclose the least jitter of a matrix", epilog="Example: certigram jitter K.npy --radius 1e-12")(
    jitter
)
app.command(short_help="say what makes a matrix nearly singular", epilog="Example: certigram diagnose K.npy")(diagnose)
app.command(
    short_help="check certificates without the prover", epilog="Example: certigram check out/digits/certificates"
)(check)
app.command(
    short_help="write a certificate as theorems of Coq",
    epilog="Example: certigram export --coq bound.json --out Bound.v",
)(export)
app.command(
    short_help="search for a counterexample to a bound",
    epilog="Example: certigram falsify two-layer-logistic.gradient-bound --budget 20",
)(falsify)
app.command(
    short_help="write the report of a finished run again", epilog="Example: certigram report out/digits --out paper"
)(report)
app.command(
    name="list", short_help="list systems, activations or claims", epilog="Example: certigram list claims --json"
)(list_)

_MISUSE = next(  # the base of typer's own complaints, wherever this version of typer keeps it
    kind for kind in typer.BadParameter.__mro__ if issubclass(kind, Exception) and kind.__name__ == "ClickException"
)


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
    except OutputLost as lost:
        give_up(lost)
    except Unfinished as error:
        fail(str(error), LATER)
    except CertigramError as error:
        fail(str(error))
    except MemoryError:
        fail("not enough memory: take fewer points, or lower memory in [budget].")
    except OSError as error:
        place = error.filename2 or error.filename or "a temporary file"  # of a renaming, the name that was asked for
        status = NOT_WRITTEN if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO) else 2
        fail(f"{place}: {error.strerror or error}: check the path, its permissions and the disk.", status)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted.", INTERRUPTED)
    except Exception as error:  # a defect of ours: shown whole, with a status that no verdict has
        print(printable(traceback.format_exc(), keep="\n"), end="", file=sys.stderr)
        what = f"{type(error).__name__}: {error}".rstrip(" .:")
        fail(f"{what}: this is a defect of certigram and says nothing about the claim; please report it.", DEFECT)
    if status == INTERRUPTED:  # typer turns Ctrl-C into this status
        fail("interrupted.", INTERRUPTED)
    raise SystemExit(status or 0)
