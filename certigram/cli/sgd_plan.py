"""The command that plans noisy descent: temperature, step and number of steps for a target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .matrices import data_of_points
from .options import Columns, Drop, Header, Json, KeepNorms, Member, Numbers, Source, Strict, ball_fields
from .output import print_json, say
from .own_matrix import place, reading_of

if TYPE_CHECKING:
    from ..numerics.studies.descent_plan import Plan, SgdPlan


def sgd_plan(
    source: Source = "digits",
    activation: Annotated[str, typer.Option(help="an activation by name, or an expression in x")] = "tanh",
    epsilon: Annotated[str, typer.Option(help="distance to the infimum of the loss")] = "1/10",
    width: Annotated[int, typer.Option(help="number of hidden units", min=1)] = 64,
    outer: Annotated[str, typer.Option(help="size of the outer weights, which alternate in sign")] = "1/4",
    regularisation: Annotated[str, typer.Option(help="lambda, the weight of |W|^2/2")] = "1/100",
    batch: Annotated[int | None, typer.Option(help="inputs in a mini-batch (default: all, no batches)", min=1)] = None,
    replacement: Annotated[bool, typer.Option("--replacement", help="draw batches with replacement")] = False,
    initial_variance: Annotated[str, typer.Option(help="variance of the Gaussian start; 0: start at zero")] = "0",
    tied: Annotated[bool, typer.Option("--tied", help="take the step as temperature")] = False,
    one_neuron: Annotated[
        bool, typer.Option("--one-neuron", help="look for a plan by integrals over one neuron too (few inputs, tanh)")
    ] = False,
    labels: Annotated[str | None, typer.Option(help="column of the labels, by name or place, or their file")] = None,
    n: Annotated[int | None, typer.Option(help="number of inputs (default: 200, or all rows of a file)")] = None,
    keep_norms: KeepNorms = None,
    numbers: Numbers = "decimal",
    header: Header = None,
    columns: Columns = None,
    drop: Drop = None,
    array: Member = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Say at which temperature and step, and after how many steps, noisy descent is close to the infimum of its loss.

    The loss is the regularised logistic loss of a two-layer network with a fixed outer layer. The bound is evaluated in
    balls at the number of steps itself; that it holds is a written proof.
    """
    from ..descent import sgd_plan as plan
    from ..reports.working import Working

    with Working("reading the inputs") as working:
        reading = replace(reading_of(numbers, header, columns, drop, array), labels=place(labels))
        subject = {"activation": activation}
        data = data_of_points(source, subject, "two-layer-logistic", {}, n, keep_norms, reading)
        working.stage("looking for temperatures and steps")
        found = plan(
            data, activation=activation, epsilon=epsilon, width=width, outer=outer, regularisation=regularisation,
            batch=batch, replacement=replacement, initial_variance=initial_variance, tied=tied, one_neuron=one_neuron,
        )  # fmt: skip
    if as_json:
        print_json(_document(found))
    else:
        for text in data.notes:
            say(f"data: {text}")
        say(_text(found))
    raise typer.Exit(3 if strict and found.best is None else 0)


def _text(found: SgdPlan) -> str:
    """The plans, shortest first, and what else is known of the target."""
    best = found.best
    if best is None:
        lines = [f"no plan for epsilon = {found.epsilon} was found: take a larger epsilon, or a larger lambda"]
    else:
        lines = [f"ARGUED: E L(W_K) - inf L <= {found.epsilon} for {best}"]
        lines += [f"  longer: {other}" for other in found.plans[1:]]
    trivial = found.trivial.name == "ARGUED"
    lines.append(f"  trivial: {'yes, the weights zero meet the target' if trivial else 'not known'}")
    convex = found.convex.name == "ARGUED"
    lines.append(f"  strongly convex: {'yes, lambda is above lambda_cvx' if convex else 'not known'}")
    return "\n".join(lines)


def _document(found: SgdPlan) -> dict[str, Any]:
    return {
        "epsilon": str(found.epsilon),
        "verdict": "UNKNOWN" if found.best is None else "ARGUED",
        "plans": [_row(plan) for plan in found.plans],
        "trivial": found.trivial.name,
        "room at zero": ball_fields(found.room_at_zero),
        "convex": found.convex.name,
    }


def _row(plan: Plan) -> dict[str, Any]:
    return {
        "theorem": plan.theorem,
        "inequality": plan.inequality,
        "noise": str(plan.noise),
        "step": str(plan.step),
        "steps": plan.steps,
        "log10 of steps": ball_fields(plan.log10_steps),
        "bound": ball_fields(plan.bound),
    }
