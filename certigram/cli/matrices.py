"""The commands about one population Gram matrix: its enclosure, its least eigenvalue, a certificate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..theory.errors import SpecError
from .options import (
    ActivationName,
    Columns,
    Drop,
    Header,
    Json,
    KeepNorms,
    KernelName,
    MatrixBits,
    Member,
    Numbers,
    Parameters,
    Points,
    SigmaW2,
    Source,
    Strict,
    SystemName,
    finite,
    named_values,
    shortfall,
)
from .output import print_json, say
from .own_matrix import RadiusOption, certified, reading_of

if TYPE_CHECKING:
    from ..api import PopulationGram
    from ..numerics.balls.budget import Budget
    from ..numerics.certificates.certificate import Certificate
    from ..numerics.studies.data import DataSet
    from ..numerics.studies.reading import Reading


def gram(
    source: Source = "digits",
    activation: ActivationName = None,
    kernel: KernelName = None,
    system: SystemName = None,
    parameter: Parameters = None,
    sigma_w2: SigmaW2 = None,
    n: Points = None,
    keep_norms: KeepNorms = None,
    numbers: Numbers = "decimal",
    header: Header = None,
    columns: Columns = None,
    drop: Drop = None,
    array: Member = None,
    bits: MatrixBits = None,
    out: Annotated[Path | None, typer.Option(help="write midpoints and radius to this .npz file")] = None,
    as_json: Json = False,
) -> None:
    """Enclose a population Gram matrix and its least eigenvalue on data."""
    from ..api import least_eigenvalue
    from ..numerics.balls.printed import text_above
    from ..numerics.files import require_output
    from ..reports.working import Working

    if out is not None:
        if out.suffix != ".npz":
            raise SpecError(f"--out {out}: the matrix is written as .npz: choose a name that ends so.")
        require_output(out)
    values: dict[str, Any] = dict(named_values(parameter, sigma_w2))
    silent = activation is None and kernel is None and system is None
    system, subject = named_subject(activation, kernel, system)
    reading = reading_of(numbers, header, columns, drop, array)
    with Working("reading the points") as working:
        data = data_of_points(source, subject, system, values, n, keep_norms, reading)
        if silent:
            _require_points(source, data)
        working.stage(f"enclosing the kernel of {data.n} points")
        K = _enclosed(system, data, subject, bits, None, values)
        working.stage(f"enclosing the least eigenvalue, n = {data.n}")
        singular = K.instance.null_vector
        found = least_eigenvalue(K)
    if out is not None:
        _write(K, out)
    largest = float(K.rad if isinstance(K.rad, float) else K.rad.max())
    if as_json:
        print_json(
            {
                "system": K.instance.system,
                **subject,
                "data": data.description,
                "norms": _norms(data),
                "notes": list(data.notes),
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
    about = f"{K.instance.system}, {K.instance.subject}, {data.description}, {_norms(data)}"
    say(f"{about}: every entry of K is known to ± {text_above(largest, 3)}")
    for note in data.notes:
        say(f"data: {note}")
    if bits is not None:
        shortfall(K.accuracy_bits, bits, "the diagonal of K", slack=16)
    say(f"{found.lower!r} <= least eigenvalue <= {found.upper!r}")
    say(f"proved by: {found.method}" if singular is None else f"exactly singular: {singular.reason}")


def certify(
    bound: Annotated[str, typer.Argument(help="an exact number such as 0.001, or positive: above 0")],
    source: Source = "digits",
    activation: ActivationName = None,
    kernel: KernelName = None,
    system: SystemName = None,
    parameter: Parameters = None,
    sigma_w2: SigmaW2 = None,
    n: Points = None,
    keep_norms: KeepNorms = None,
    numbers: Numbers = "decimal",
    header: Header = None,
    columns: Columns = None,
    drop: Drop = None,
    array: Member = None,
    bits: MatrixBits = None,
    matrix: Annotated[str | None, typer.Option(help="a file with a matrix of your own, in place of points")] = None,
    radius: RadiusOption = "0",
    memory: Annotated[float, typer.Option(help="GiB that arrays may take together")] = 8.0,
    out: Annotated[Path | None, typer.Option(help="write the certificate to this JSON file")] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Prove or refute that the least eigenvalue of a population Gram matrix, or of --matrix, is at least a number.

    More than 4096 points are taken in two arrays of their square: what that needs is said before it starts.
    """
    from ..numerics.files import require_output
    from ..reports.working import Working
    from ..theory.numbers import rational

    if out is not None:
        if out.suffix == ".npz":
            raise SpecError(f"--out {out}: its arrays take that name: choose a name that ends in .json.")
        require_output(out)
        require_output(out.with_suffix(".npz"))
    positive = bound == "positive"
    if not positive:
        rational(bound, what="the bound")
    reading = reading_of(numbers, header, columns, drop, array)
    if matrix is not None:
        theirs = (activation, kernel, system, n, keep_norms, bits, parameter, sigma_w2)
        if source != "digits" or any(x is not None for x in theirs):
            raise SpecError("--matrix is a matrix itself: leave out the points, and what makes a matrix of them.")
        found, notes = certified(matrix, radius, None if positive else bound, reading)
        order = found.detail["data"]["n"]
        meaning = found.detail["matrix"]["meaning"].replace("matrix", f"{order} × {order} matrix", 1)
        about = "; ".join((meaning, *notes))
    else:
        if radius != "0":
            raise SpecError("--radius is about --matrix: the matrix of a kernel has its own radius.")
        found, about = _of_points(
            None if positive else bound,
            source,
            activation,
            kernel,
            system,
            named_values(parameter, sigma_w2),
            n,
            keep_norms,
            reading,
            bits,
            memory,
        )
    if out is not None:
        with Working("writing a proof that can be checked"):
            found.save(out)
    if as_json:
        print_json(found.to_json())
    else:
        asked = "> 0" if positive else f">= {bound}"
        say(f"{found.verdict.name}: least eigenvalue {asked}; proved [{found.lower!r}, {found.upper!r}]")
        say(f"method: {found.method}" if not found.reason else f"reason: {found.reason}")
        if matrix is None:
            say(f"kernel: {_kernel(found)}")
            say(f"data: {about}")
            about = "the matrix of the kernel itself, enclosed entry by entry"
        say(f"about: {about}")
        if out is not None:
            say(_written(out, found))
    raise typer.Exit(1 if found.verdict.against else 3 if strict and found.verdict.name == "UNKNOWN" else 0)


def _of_points(
    bound: str | None,
    source: str,
    activation: str | None,
    kernel: str | None,
    system: str | None,
    parameters: dict[str, str],
    n: int | None,
    keep_norms: bool | None,
    reading: Reading,
    bits: int | None,
    memory: float,
) -> tuple[Certificate, str]:
    """The certificate of the matrix of a kernel on points, and what these are."""
    from ..api import certify as prove
    from ..numerics.kernels.cosines import require_memory
    from ..numerics.replay.inputs import MAX_POINTS
    from ..numerics.scale.forecast import memory_estimate
    from ..numerics.studies.networks import systems_in_place
    from ..reports.working import Working

    values: dict[str, Any] = dict(parameters)
    silent = activation is None and kernel is None and system is None
    system, subject = named_subject(activation, kernel, system)
    budget = _budget(memory, bits)
    if n is not None and n > MAX_POINTS:
        require_memory("certify", n, memory_estimate(n, 1), budget)  # before so many points are made
    room = 2 * budget.memory  # the estimate there is for a whole study; two arrays are asked for below
    with Working("reading the points"):
        data = data_of_points(source, subject, system, values, n, keep_norms, reading, room)
        if silent:
            _require_points(source, data)
    if data.n > MAX_POINTS and bits is None and system in systems_in_place() and not _by_name(system, subject):
        if bound is None:
            raise SpecError(f"certify positive: {data.n} points need a bound: give a number, such as 1e-8.")
        found = _certify_large(system, data, subject, bound, budget, values)
    else:
        with Working(f"enclosing the kernel of {data.n} points") as working:
            K = _enclosed(system, data, subject, bits, budget, values)
            asked = "positive" if bound is None else f"at least {bound}"
            working.stage(f"deciding whether the least eigenvalue is {asked}, n = {data.n}")
            found = prove(K, at_least=bound)
    return found, "; ".join((f"{data.description}, {_norms(data)}", *data.notes))


def _written(out: Path, found: Certificate) -> str:
    """Where the certificate is, and whether the independent checker can follow it."""
    saved = json.loads(out.read_text("utf-8"))
    if "proof" in saved:
        return f"written to {out}, with a proof for certigram check"
    why = saved["detail"].get("not checkable") or found.reason or "there is no rule for it."
    return f"written to {out}; without a proof for the checker: {why}"


def _kernel(found: Certificate) -> str:
    """The kernel whose matrix a certificate is about: a kernel by name says its parameters itself."""
    if found.system == "kernel":
        return found.activation
    parameters = [f"{key} = {value}" for key, value in found.detail["parameters"].items()]
    return ", ".join([found.system, found.activation, *parameters])


def _norms(data: DataSet) -> str:
    """What became of the norms of the points."""
    return "norms kept" if data.normalize is None else f"rescaled to norm sqrt({data.d})"


def named_subject(activation: str | None, kernel: str | None, system: str | None) -> tuple[str, dict[str, Any]]:
    """The system, and the activation or kernel that was asked for, by its keyword; what is meant where none was."""
    from ..theory.claims.system import system as find

    system = system or "deq-general"
    found = find(system)
    given: dict[str, Any] = {k: v for k, v in (("activation", activation), ("kernel", kernel)) if v is not None}
    if given or found.subject == "kernel":
        return system, given
    return system, {"activation": found.default_activations[0] if found.fixed else "tanh"}


def _by_name(system: str, subject: dict[str, Any]) -> bool:
    """Whether a kernel was asked for where the system is about activations: one of ``certigram.kernel``."""
    from ..theory.claims.system import system as find

    return "kernel" in subject and find(system).subject != "kernel"


def _enclosed(
    system: str,
    data: DataSet,
    subject: dict[str, Any],
    bits: int | None,
    budget: Budget | None,
    parameters: dict[str, Any],
) -> PopulationGram:
    """The matrix of a system, or of a kernel by name, whose depth and order are whole numbers."""
    from ..api import population_gram
    from ..kernels import kernel

    if not _by_name(system, subject):
        return population_gram(system, data, **subject, bits=bits, budget=budget, **parameters)
    whole = {key: int(x) if key in ("depth", "order") and x.isdecimal() else x for key, x in parameters.items()}
    chosen = {key: x for key, x in subject.items() if key != "kernel"}
    return kernel(subject["kernel"], **chosen, **whole)(data, bits=bits, budget=budget)


def data_of_points(
    source: str,
    subject: dict[str, Any],
    system: str,
    parameters: dict[str, str],
    n: int | None,
    keep_norms: bool | None,
    reading: Reading,
    memory: int = 8 << 30,
) -> DataSet:
    """The points, read after the cheap mistakes are found."""
    from ..numerics.studies.data import load
    from ..theory.activations.activation import activation as parse
    from ..theory.claims.system import system as find
    from ..theory.suggestion import suggestion

    known = [p.name for p in find(system).parameters]
    for name in () if _by_name(system, subject) else parameters:
        if name not in known:
            raise SpecError(f"--parameter {name}: {system} has no such parameter." + suggestion(name, known))
    if "activation" in subject:
        parse(subject["activation"])
    kept = _by_name(system, subject) if keep_norms is None else keep_norms
    return load(source, n, normalize=None if kept else "sphere", memory=memory, reading=reading)


def _require_points(source: str, data: DataSet) -> None:
    """Refuse a square symmetric table where nobody said of which kernel it holds the points."""
    table = None if data.points is None else data.points.values
    if table is not None and 1 < len(table) == table.shape[1] and abs(table - table.T).max() <= 1e-6 * abs(table).max():
        raise SpecError(
            f"{source} is a symmetric matrix: for its own eigenvalue say --matrix {source} (certigram certify, jitter,"
            " diagnose); if its rows are points, name the kernel, as in --activation tanh."
        )


def _budget(memory: float, bits: int | None) -> Budget:
    from ..models import budget_for

    if not 0.001 <= memory <= 2**20:
        raise SpecError(f"--memory {memory} is no amount of memory: give GiB, such as 8.")
    return budget_for(bits, memory=int(memory * 2**30))


def _certify_large(
    system: str, data: DataSet, subject: dict[str, Any], bound: str, budget: Budget, parameters: dict[str, Any]
) -> Certificate:
    from ..large import certify_large
    from ..reports.working import Working

    with Working("reading") as working:
        return certify_large(
            system,
            data,
            **subject,
            at_least=bound,
            budget=budget,
            announce=lambda forecast: working.note(str(forecast)),
            progress=lambda what, share: working.stage(f"{what}: {share:.0%}"),
            **parameters,
        )


def _write(K: PopulationGram, out: Path) -> None:
    import numpy as np

    from ..numerics.files import write_atomically
    from ..numerics.stored import arrays_as_bytes

    write_atomically(out, arrays_as_bytes({"mid": K.mid, "rad": np.asarray(K.rad)}))
