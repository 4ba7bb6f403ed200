"""The commands about one population Gram matrix: its enclosure, its least eigenvalue, a certificate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..theory.errors import SpecError
from .options import (
    ActivationName,
    Json,
    KeepNorms,
    MatrixBits,
    Parameters,
    Points,
    SigmaW2,
    Source,
    Strict,
    SystemName,
    finite,
    named_values,
    print_json,
)

if TYPE_CHECKING:
    from ..api import PopulationGram


def gram(
    source: Source = "digits",
    activation: ActivationName = "tanh",
    system: SystemName = "deq-general",
    parameter: Parameters = None,
    sigma_w2: SigmaW2 = None,
    n: Points = None,
    keep_norms: KeepNorms = False,
    bits: MatrixBits = None,
    out: Annotated[Path | None, typer.Option(help="write midpoints and radius to this .npz file")] = None,
    as_json: Json = False,
) -> None:
    """Enclose a population Gram matrix and its least eigenvalue on data."""
    from ..api import least_eigenvalue

    K = _matrix(source, activation, system, named_values(parameter, sigma_w2), n, keep_norms, bits)
    singular = K.instance.null_vector
    found = least_eigenvalue(K)
    if out is not None:
        _write(K, out)
    largest = float(K.rad if isinstance(K.rad, float) else K.rad.max())
    if as_json:
        print_json(
            {
                "system": system,
                "activation": activation,
                "n": K.n,
                "radius": finite(largest),
                "lower": finite(found.lower),
                "upper": finite(found.upper),
                "method": found.method,
                "singular": None if singular is None else singular.reason,
            }
        )
        return
    data = K.instance.data.description
    typer.echo(f"{system}, {activation}, {data}: every entry of K is known to ± {largest:.3g}")
    typer.echo(f"{found.lower!r} <= least eigenvalue <= {found.upper!r}")
    typer.echo(f"proved by: {found.method}" if singular is None else f"exactly singular: {singular.reason}")


def certify(
    bound: Annotated[str, typer.Argument(help="the bound to prove, an exact number such as 0.001")],
    source: Source = "digits",
    activation: ActivationName = "tanh",
    system: SystemName = "deq-general",
    parameter: Parameters = None,
    sigma_w2: SigmaW2 = None,
    n: Points = None,
    keep_norms: KeepNorms = False,
    bits: MatrixBits = None,
    out: Annotated[Path | None, typer.Option(help="write the certificate to this JSON file")] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Prove or refute that the least eigenvalue of a population Gram matrix is at least a given number."""
    from ..api import certify as prove
    from ..theory.numbers import rational

    rational(bound, what="the bound")
    K = _matrix(source, activation, system, named_values(parameter, sigma_w2), n, keep_norms, bits)
    found = prove(K, at_least=bound)
    if out is not None:
        found.save(out)
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(f"{found.verdict.name}: least eigenvalue >= {bound}; proved [{found.lower!r}, {found.upper!r}]")
        typer.echo(f"method: {found.method}" if not found.reason else f"reason: {found.reason}")
    raise typer.Exit(1 if found.verdict.against else 3 if strict and found.verdict.name == "UNKNOWN" else 0)


def _matrix(
    source: str,
    activation: str,
    system: str,
    parameters: dict[str, str],
    n: int | None,
    keep_norms: bool,
    bits: int | None,
) -> PopulationGram:
    from ..api import population_gram
    from ..numerics.studies.data import load
    from ..theory.activation import activation as parse
    from ..theory.system import suggestion
    from ..theory.system import system as find

    known = [p.name for p in find(system).parameters]  # the cheap mistakes first, before any file is read
    for name in parameters:
        if name not in known:
            raise SpecError(f"--parameter {name}: {system} has no such parameter." + suggestion(name, known))
    parse(activation)
    values: dict[str, Any] = dict(parameters)
    normalize = None if keep_norms else "sphere"
    data = load(source, n, normalize=normalize)
    return population_gram(system, data, activation=activation, bits=bits, **values)


def _write(K: PopulationGram, out: Path) -> None:
    import numpy as np

    if out.suffix != ".npz":
        raise SpecError(f"--out {out}: the matrix is written as .npz: choose a name that ends so.")
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(out, mid=K.mid, rad=K.rad)
