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
    shortfall,
)

if TYPE_CHECKING:
    from ..api import PopulationGram
    from ..numerics.budget import Budget
    from ..numerics.certificate import Certificate
    from ..numerics.studies.data import DataSet


def gram(
    source: Source = "digits",
    activation: ActivationName = None,
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
    from ..api import least_eigenvalue, population_gram

    values: dict[str, Any] = dict(named_values(parameter, sigma_w2))
    activation = _activation(activation, system)
    data = _data(source, activation, system, values, n, keep_norms)
    K = population_gram(system, data, activation=activation, bits=bits, **values)
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
                "accuracy_bits": K.accuracy_bits,
                "lower": finite(found.lower),
                "upper": finite(found.upper),
                "method": found.method,
                "singular": None if singular is None else singular.reason,
            }
        )
        return
    typer.echo(f"{system}, {activation}, {data.description}: every entry of K is known to ± {largest:.3g}")
    if bits is not None:
        shortfall(K.accuracy_bits, bits, "the diagonal of K", slack=16)
    typer.echo(f"{found.lower!r} <= least eigenvalue <= {found.upper!r}")
    typer.echo(f"proved by: {found.method}" if singular is None else f"exactly singular: {singular.reason}")


def certify(
    bound: Annotated[str, typer.Argument(help="the bound to prove, an exact number such as 0.001")],
    source: Source = "digits",
    activation: ActivationName = None,
    system: SystemName = "deq-general",
    parameter: Parameters = None,
    sigma_w2: SigmaW2 = None,
    n: Points = None,
    keep_norms: KeepNorms = False,
    bits: MatrixBits = None,
    memory: Annotated[float, typer.Option(help="GiB that arrays may take together")] = 8.0,
    out: Annotated[Path | None, typer.Option(help="write the certificate to this JSON file")] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Prove or refute that the least eigenvalue of a population Gram matrix is at least a given number.

    More than 4096 points are taken in two arrays of their square: what that needs is said before it starts.
    """
    from ..api import certify as prove
    from ..api import population_gram
    from ..numerics.kernels.cosines import require_memory
    from ..numerics.replay import MAX_POINTS
    from ..numerics.scale.large import memory_estimate
    from ..theory.numbers import rational

    rational(bound, what="the bound")
    values: dict[str, Any] = dict(named_values(parameter, sigma_w2))
    activation = _activation(activation, system)
    budget = _budget(memory, bits)
    if n is not None and n > MAX_POINTS:
        require_memory("certify", n, memory_estimate(n, 1), budget)  # before so many points are made
    room = 2 * budget.memory  # the estimate there is for a whole study; two arrays are asked for below
    data = _data(source, activation, system, values, n, keep_norms, room)
    if data.n > MAX_POINTS and bits is None:
        found = _certify_large(system, data, activation, bound, budget, values)
    else:
        K = population_gram(system, data, activation=activation, bits=bits, budget=budget, **values)
        found = prove(K, at_least=bound)
    if out is not None:
        found.save(out)
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(f"{found.verdict.name}: least eigenvalue >= {bound}; proved [{found.lower!r}, {found.upper!r}]")
        typer.echo(f"method: {found.method}" if not found.reason else f"reason: {found.reason}")
    raise typer.Exit(1 if found.verdict.against else 3 if strict and found.verdict.name == "UNKNOWN" else 0)


def _activation(given: str | None, system: str) -> str:
    """The activation that was asked for; without one, the only one of a system that has but one."""
    from ..theory.system import system as find

    found = find(system)
    if given is not None:
        return given
    return found.default_activations[0] if found.fixed else "tanh"


def _data(
    source: str,
    activation: str,
    system: str,
    parameters: dict[str, str],
    n: int | None,
    keep_norms: bool,
    memory: int = 8 << 30,
) -> DataSet:
    """The points, read after the cheap mistakes are found."""
    from ..numerics.studies.data import load
    from ..theory.activation import activation as parse
    from ..theory.system import suggestion
    from ..theory.system import system as find

    known = [p.name for p in find(system).parameters]
    for name in parameters:
        if name not in known:
            raise SpecError(f"--parameter {name}: {system} has no such parameter." + suggestion(name, known))
    parse(activation)
    return load(source, n, normalize=None if keep_norms else "sphere", memory=memory)


def _budget(memory: float, bits: int | None) -> Budget:
    from ..models import DEFAULT_BITS
    from ..numerics.budget import Budget

    if not 0.001 <= memory <= 2**20:
        raise SpecError(f"--memory {memory} is no amount of memory: give GiB, such as 8.")
    digits = DEFAULT_BITS if bits is None else bits
    return Budget(bits=digits, max_bits=max(1024, digits), memory=int(memory * 2**30))


def _certify_large(
    system: str, data: DataSet, activation: str, bound: str, budget: Budget, parameters: dict[str, Any]
) -> Certificate:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from ..large import certify_large

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("reading", total=1.0)
        return certify_large(
            system,
            data,
            activation=activation,
            at_least=bound,
            budget=budget,
            announce=lambda forecast: bar.console.print(str(forecast), markup=False, highlight=False),
            progress=lambda what, share: bar.update(task, description=what, completed=share),
            **parameters,
        )


def _write(K: PopulationGram, out: Path) -> None:
    import numpy as np

    if out.suffix != ".npz":
        raise SpecError(f"--out {out}: the matrix is written as .npz: choose a name that ends so.")
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(out, mid=K.mid, rad=K.rad)
