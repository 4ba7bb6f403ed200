"""The commands about one activation: its dual and its Hermite coefficients."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import Bits, Expression, Json, ball_fields, shortfall
from .output import print_json, say


def dual(
    expression: Expression,
    a: Annotated[str, typer.Argument(help="variance of u, an exact number such as 13/10")],
    b: Annotated[str, typer.Argument(help="variance of v")],
    c: Annotated[str, typer.Argument(help="covariance of u and v")],
    bits: Bits = 128,
    as_json: Json = False,
) -> None:
    """Enclose the dual activation E φ(u) φ(v) at the covariance [[a, c], [c, b]]."""
    from ..activations import activation
    from ..reports.working import Working

    phi = activation(expression)
    with Working(f"enclosing the dual to {bits} binary digits") as working:
        ball = phi.dual(a, b, c, bits=bits)
        working.stage("looking for a closed form")
        form = phi.dual_closed_form()
    if as_json:
        closed = None if form is None else str(form)
        print_json({"activation": phi.name, "a": a, "b": b, "c": c, "bits": bits, **ball_fields(ball), "form": closed})
        return
    say(f"E φ(u)φ(v) = {ball}")
    shortfall(ball.accuracy_bits, bits, "the value")
    say(f"closed form: {form}" if form is not None else "closed form: none known here; the enclosure is proved")


def hermite(
    expression: Expression,
    order: Annotated[int, typer.Option(help="the largest order", min=0, max=5000)] = 8,
    variance: Annotated[str, typer.Option(help="variance σ² of the argument, an exact number")] = "1",
    bits: Bits = 128,
    as_json: Json = False,
) -> None:
    """Enclose the Hermite coefficients E φ(σz) h_r(z) for r = 0, 1, ..., and what is left of the series."""
    from ..activations import activation
    from ..numerics.balls.ball import accuracy_of_series
    from ..reports.working import Working

    phi = activation(expression)
    with Working(f"enclosing the Hermite coefficients up to order {order}"):
        balls = phi.hermite(order, variance, bits=bits)
        tail = phi.hermite_tail(order, variance, bits=bits)
    reached = accuracy_of_series(balls, tail)
    if as_json:
        rows = [{"order": r, **ball_fields(ball)} for r, ball in enumerate(balls)]
        head = {"activation": phi.name, "variance": variance, "bits": bits, "accuracy_bits": reached}
        print_json({**head, "coefficients": rows, "tail": ball_fields(tail)})
        return
    for r, ball in enumerate(balls):
        say(f"mu_{r:<4d} {ball}")
    say(f"sum of the squares beyond: {tail}")
    shortfall(reached, bits, "the norm of φ")
