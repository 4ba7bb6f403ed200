"""Sampled networks at the front door: from which width they show what the width theorems promise."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from .activations import ActivationHandle, exact_activation
from .models import model_on_data, whole
from .numerics.balls.precision import undisturbed
from .theory.errors import SpecError
from .theory.numbers import Exact, rational

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .numerics.balls.budget import Budget
    from .numerics.runs.widths import WidthGap
    from .numerics.sampling.least_width import LeastWidth
    from .numerics.studies.data import DataSet

WIDEST = 1 << 17
"""Widths up to this can be asked for: the weights of a wider network fill a machine."""
Progress = Callable[[str, int, int], None]


def least_width(
    system: str,
    X: ArrayLike | DataSet,
    *,
    activation: str | ActivationHandle | None = None,
    event: str | None = None,
    widths: Sequence[int] | None = None,
    delta: Exact = "1/20",
    alpha: Exact = "1/1000",
    networks: int = 400,
    seed: int = 0,
    normalize: str | None = "sphere",
    jobs: int = 1,
    out: str | os.PathLike[str] | None = None,
    seconds: float | None = None,
    progress: Progress | None = None,
    budget: Budget | None = None,
    **parameters: Exact,
) -> LeastWidth:
    r"""From which width sampled networks show an event of the width theorems with probability at least 1 - delta.

    For each width that is tried, networks are sampled until it is stated that the event has probability at least
    :math:`1-\delta` there, or that it has a smaller one. All statements together, of both events, are true with
    probability at least 1 - alpha. Nothing is assumed of how the probability depends on the width, and nothing is
    proved: this is statistics. docs/theory/least-width.md.

    Parameters
    ----------
    system, X, activation, normalize, parameters: as for :func:`population_gram`; X: (n, d), rows are points. Systems:
        deq-general and deq-relu.
    event: "least-eigenvalue", :math:`\lambda_{\min}(G_m)\ge\lambda_*/2`; "whitened",
        :math:`\lVert K^{-1/2}(G_m-K)K^{-1/2}\rVert_2\le\frac12`, which implies it; None for both.
    widths: the widths to try; by default the number of inputs and four doublings.
    networks: how many of one width are sampled at most.
    out: a folder that keeps the networks: a second start continues. Each other question about the same networks gets
        a smaller part of ``alpha``. With more than one of ``jobs`` a script must protect its own code by
        ``if __name__ == "__main__":``.
    seconds: no network is started after this wall time; widths that were not settled stay open.
    progress: called with what is sampled, the networks of this width so far, and how many there may be.

    Returns
    -------
    The statements, one for each event and width; ``least(event)`` is the least width for which the probability is
    stated, ``opposite(event)`` the largest one for which the opposite is; None where there is none.

    Raises :class:`SpecError` for unusable input, and where K is singular.

    >>> found = least_width("deq-general", [[1, 0], [0, 1]], activation="sigmoid", event="whitened", widths=[8, 128])
    >>> found.opposite("whitened"), found.least("whitened")
    (8, 128)
    """
    return width_gap(
        system, X, activation=activation, event=event, widths=widths, delta=delta, alpha=alpha, networks=networks,
        seed=seed, normalize=normalize, jobs=jobs, out=out, seconds=seconds, progress=progress, budget=budget,
        certified=False, **parameters,
    ).sampled  # fmt: skip


@undisturbed
def width_gap(
    system: str,
    X: ArrayLike | DataSet,
    *,
    activation: str | ActivationHandle | None = None,
    event: str | None = None,
    widths: Sequence[int] | None = None,
    delta: Exact = "1/20",
    alpha: Exact = "1/1000",
    networks: int = 400,
    seed: int = 0,
    normalize: str | None = "sphere",
    jobs: int = 1,
    out: str | os.PathLike[str] | None = None,
    seconds: float | None = None,
    progress: Progress | None = None,
    budget: Budget | None = None,
    certified: bool = True,
    **parameters: Exact,
) -> WidthGap:
    r"""The result of :func:`least_width`, and beside it the widths from which the events are certified.

    The parameters are those of :func:`least_width`. ``certified[event]`` is a width from which on a theorem of the room
    gives the event with probability at least 1 - delta, with every constant enclosed (its proof is a written one); None
    where it gives none. Raises as :func:`least_width`. docs/papers/deep_equilibrium/width-gap.md.

    >>> gap = width_gap("deq-general", [[1, 0], [0, 1]], activation="sigmoid", event="whitened", widths=[128])
    >>> 1000 < gap.certified["whitened"] < 1440, gap.factor("whitened") > 8
    (True, True)
    """
    from .numerics.runs.folder import locked
    from .numerics.runs.widths import WidthGap, certified_widths, default_widths, networks_of
    from .numerics.sampling.events import EVENTS
    from .numerics.sampling.least_width import Question, find

    if not (event is None or event in EVENTS):
        raise SpecError(f"least_width: event = {event!r}: choose {' or '.join(EVENTS)}, or leave it out for both.")
    if out is not None and not isinstance(out, (str, os.PathLike)):
        raise SpecError(f"least_width: out = {out!r} is not a folder: give its name as text.")
    count, first = whole(jobs, "jobs", 1, 4096), whole(seed, "seed", 0, 2**63)
    phi = None if activation is None else exact_activation(activation)
    model = model_on_data("least_width", system, X, phi, None, None, normalize, None, budget, parameters)
    tried = default_widths(model.data.n) if widths is None else [whole(m, "widths", 1, WIDEST) for m in widths]
    question = Question(
        tuple(tried),
        EVENTS if event is None else (event,),
        _probability(delta, "delta"),
        _probability(alpha, "alpha"),
        whole(networks, "networks", 1, 10**6),
    )
    asked = networks_of(model, first)
    promised = certified_widths(model, question.delta) if certified else {}
    if out is None:
        found = find(asked, question, jobs=count, seconds=seconds, progress=progress)
    else:
        with locked(Path(out)):
            found = find(asked, question, jobs=count, store=Path(out), seconds=seconds, progress=progress)
    return WidthGap(system, model.subject, model.parameters, model.data.n, found, promised)


def _probability(value: Exact, name: str) -> Fraction:
    found = rational(value, what=name)
    if not 0 < found < 1:
        raise SpecError(f"{name} = {found} is not between 0 and 1: give a probability, such as 1/20.")
    return found
