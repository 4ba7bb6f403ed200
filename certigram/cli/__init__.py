"""The command line: argument parsing and printing only."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from . import __version__
from .theory.errors import CertigramError, SpecError

app = typer.Typer(
    name="certigram",
    help="Proved bounds on the least eigenvalue of neural-network kernels.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Json = Annotated[bool, typer.Option("--json", help="print one JSON document on stdout and nothing else")]
Bits = Annotated[int, typer.Option(help="binary digits of the enclosure", min=24, max=20_000)]
Jobs = Annotated[int | None, typer.Option(help="processes that sample networks (default: the number of cores)", min=1)]


class Kind(StrEnum):
    """What can be listed."""

    systems = "systems"
    activations = "activations"
    claims = "claims"


def _version(value: bool) -> None:
    if value:
        typer.echo(f"certigram {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Proved bounds on the least eigenvalue of neural-network kernels."""


@app.command()
def verify(
    study: Annotated[Path | None, typer.Argument(help="a study file (TOML); without it, the default study")] = None,
    system: Annotated[str | None, typer.Option(help="check only this system")] = None,
    out: Annotated[Path, typer.Option(help="folder of the results; the study gets a folder of its own there")] = Path(
        "out"
    ),
    jobs: Jobs = None,
    strict: Annotated[bool, typer.Option("--strict", help="exit with status 3 when something stays UNKNOWN")] = False,
    as_json: Json = False,
) -> None:
    """Check every claim of a study and write its report, certificates and results.json."""
    from .numerics.studies.runner import run
    from .reports.bundle import save
    from .reports.model import Report
    from .reports.terminal import LiveProgress, claims_table, eigenvalue_table, reasons, stderr, stdout, summary
    from .spec import default_study, read_study

    chosen = default_study() if study is None else read_study(study)
    if system is not None:
        chosen = _only(chosen, system)
    folder = out / chosen.name
    console = stderr()
    try:
        with LiveProgress(console) as progress:
            results = run(chosen, out=folder, listen=progress, jobs=jobs)
        files = save(Report(results), folder)
    except KeyboardInterrupt:
        console.print(f"interrupted: what was finished is saved in {folder}; the same command continues.", markup=False)
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(results.dumps(), nl=False)
    else:
        printed = stdout()
        printed.print(claims_table(results))
        printed.print()
        if results.eigenvalues:
            printed.print(eigenvalue_table(results))
            printed.print()
        for line in reasons(results):
            printed.print(line, markup=False)
        printed.print(summary(results), markup=False)
        printed.print(f"written: {', '.join(str(f) for f in files)}", markup=False)
    unknown = any(c.verdict.name == "UNKNOWN" for c in results.certificates)
    raise typer.Exit(results.exit_status or (3 if strict and unknown else 0))


def _only(study: Any, name: str) -> Any:
    from dataclasses import replace

    from .theory.system import system as find

    return replace(study, systems=(find(name).name,), name=f"{study.name}-{name}")


@app.command(context_settings={"ignore_unknown_options": True})  # negative numbers are arguments here
def dual(
    expression: Annotated[str, typer.Argument(help="an activation by name, or an expression in x")],
    a: Annotated[str, typer.Argument(help="variance of u, an exact number such as 13/10")],
    b: Annotated[str, typer.Argument(help="variance of v")],
    c: Annotated[str, typer.Argument(help="covariance of u and v")],
    bits: Bits = 128,
    as_json: Json = False,
) -> None:
    """Enclose the dual activation E φ(u) φ(v) at the covariance [[a, c], [c, b]]."""
    from .api import activation

    phi = activation(expression)
    ball = phi.dual(a, b, c, bits=bits)
    form = phi.dual_closed_form()
    if as_json:
        _print_json(
            {"activation": phi.name, "a": a, "b": b, "c": c, "bits": bits, **_ball(ball), "closed_form": _text(form)}
        )
        return
    typer.echo(f"E φ(u)φ(v) = {ball}")
    typer.echo(f"closed form: {form}" if form is not None else "closed form: none known here; certified series")


@app.command()
def hermite(
    expression: Annotated[str, typer.Argument(help="an activation by name, or an expression in x")],
    order: Annotated[int, typer.Option(help="the largest order", min=0, max=5000)] = 8,
    variance: Annotated[str, typer.Option(help="variance σ² of the argument, an exact number")] = "1",
    bits: Bits = 128,
    as_json: Json = False,
) -> None:
    """Enclose the Hermite coefficients E φ(σz) h_r(z) for r = 0, 1, ..., and what is left of the series."""
    from .api import activation

    phi = activation(expression)
    balls = phi.hermite(order, variance, bits=bits)
    tail = phi.hermite_tail(order, variance, bits=bits)
    if as_json:
        rows = [{"order": r, **_ball(ball)} for r, ball in enumerate(balls)]
        _print_json({"activation": phi.name, "variance": variance, "coefficients": rows, "tail": _ball(tail)})
        return
    for r, ball in enumerate(balls):
        typer.echo(f"mu_{r:<4d} {ball}")
    typer.echo(f"sum of the squares beyond: {tail}")


@app.command()
def gram(
    source: Annotated[str, typer.Argument(help="digits, sphere, or a .csv, .npy or .parquet file")] = "digits",
    activation: Annotated[str, typer.Option(help="an activation by name, or an expression in x")] = "tanh",
    system: Annotated[str, typer.Option(help="the system")] = "deq-general",
    sigma_w2: Annotated[str, typer.Option(help="variance of the equilibrium weights, an exact number")] = "1/16",
    n: Annotated[int | None, typer.Option(help="number of points", min=1)] = None,
    keep_norms: Annotated[bool, typer.Option("--keep-norms", help="do not rescale the points to norm sqrt(d)")] = False,
    at_least: Annotated[
        str | None, typer.Option(help="prove that the least eigenvalue is at least this number")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="write the midpoints and the radius to this .npz file")] = None,
    as_json: Json = False,
) -> None:
    """Enclose a population Gram matrix and its least eigenvalue on data."""
    from .api import PopulationGram, least_eigenvalue
    from .numerics.enclosure import Enclosure
    from .numerics.networks import instance
    from .numerics.studies.data import load
    from .numerics.studies.study import Study
    from .theory.activation import activation as parse
    from .theory.numbers import rational
    from .theory.system import system as find
    from .theory.verdict import Evidence

    data = load(source, n, normalize=None if keep_norms else "sphere")
    parameters = {find(system).name: {"sigma_w2": rational(sigma_w2, what="sigma_w2")}}
    phi = parse(activation)
    model = instance(system, phi, Study("gram", (system,), (phi.name,), data, parameters, (), 0))
    model.admit()
    K = PopulationGram(model.gram, model)
    if at_least is not None:
        _decide(K, at_least, as_json)
        return
    singular = model.null_vector
    found = least_eigenvalue(K) if singular is None else Enclosure(0.0, 0.0, Evidence.EXACT, "an exact null vector")
    if out is not None:
        import numpy as np

        out.parent.mkdir(parents=True, exist_ok=True)
        np.savez(out, mid=K.mid, rad=K.rad)
    largest = float(K.rad if isinstance(K.rad, float) else K.rad.max())
    if as_json:
        _print_json(
            {
                "system": system,
                "activation": phi.name,
                "n": K.n,
                "radius": largest,
                "lower": found.lower,
                "upper": found.upper,
                "method": found.method,
                "singular": None if singular is None else singular.reason,
            }
        )
        return
    typer.echo(f"{system}, {phi.name}, {data.description}: every entry of K is known to ± {largest:.3g}")
    typer.echo(f"{found.lower!r} <= least eigenvalue <= {found.upper!r}")
    typer.echo(f"proved by: {found.method}")
    if singular is not None:
        typer.echo(f"exactly singular: {singular.reason}")


@app.command()
def certify(
    bound: Annotated[str, typer.Argument(help="the bound to prove, an exact number such as 0.001")],
    source: Annotated[str, typer.Argument(help="digits, sphere, or a .csv, .npy or .parquet file")] = "digits",
    activation: Annotated[str, typer.Option(help="an activation by name, or an expression in x")] = "tanh",
    system: Annotated[str, typer.Option(help="the system")] = "deq-general",
    sigma_w2: Annotated[str, typer.Option(help="variance of the equilibrium weights, an exact number")] = "1/16",
    n: Annotated[int | None, typer.Option(help="number of points", min=1)] = None,
    keep_norms: Annotated[bool, typer.Option("--keep-norms", help="do not rescale the points to norm sqrt(d)")] = False,
    as_json: Json = False,
) -> None:
    """Prove or refute that the least eigenvalue of a population Gram matrix is at least a given number."""
    gram(source, activation, system, sigma_w2, n, keep_norms, bound, None, as_json)


def _decide(K: Any, bound: str, as_json: bool) -> None:
    from .api import certify as prove

    found = prove(K, at_least=bound)
    if as_json:
        _print_json(found.to_json())
    else:
        typer.echo(f"{found.verdict.name}: least eigenvalue >= {bound}; proved [{found.lower!r}, {found.upper!r}]")
        typer.echo(f"method: {found.method}" if not found.reason else f"reason: {found.reason}")
    raise typer.Exit(1 if found.verdict.against else 0)


@app.command(name="list")
def list_(
    what: Annotated[Kind, typer.Argument(help="what to list")],
    as_json: Json = False,
) -> None:
    """List the systems, the activations, or the claims with how each is checked."""
    from rich.table import Table

    from .reports.terminal import stdout
    from .theory.system import systems

    if what is Kind.systems:
        rows = [
            {"system": s.name, "title": s.title, "claims": len(s.claims), "paper": s.paper} for s in systems().values()
        ]
    elif what is Kind.activations:
        from .theory.catalogue import FAMILIES

        rows = [
            {"activation": name if family.default != "" else f"{name}(k)", "meaning": family.meaning}
            for name, family in sorted(FAMILIES.items())
        ]
    else:
        rows = [
            {"id": c.id, "label": c.label, "title": c.title}
            | ({"method": c.method, "reference": str(c.reference), "statement": c.statement} if as_json else {})
            for s in systems().values()
            for c in s.claims
        ]
    if as_json:
        _print_json({what.value: rows})
        return
    table = Table(box=None, pad_edge=False)
    for heading in rows[0]:
        table.add_column(heading, no_wrap=heading in ("id", "label", "system", "activation"))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    stdout().print(table)


def _ball(ball: Any) -> dict[str, Any]:
    from .numerics.enclosure import float_above, float_below

    lower, upper = float_below(ball.lower), float_above(ball.upper)
    return {"ball": str(ball), "lower": lower, "upper": upper, "radius": float_above(Fraction(ball.rad))}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False))


def fail(error: BaseException, status: int = 2) -> NoReturn:
    """One clear sentence on stderr, and the exit status."""
    print(f"certigram: {error}", file=sys.stderr)
    raise SystemExit(status)


def run() -> None:
    """Run the command line; an error of ours is one sentence, never a traceback."""
    try:
        app()
    except SpecError as error:
        fail(error)
    except CertigramError as error:
        fail(error)
    except MemoryError:
        fail(SpecError("not enough memory: take fewer points, or lower [budget] memory."))
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
