"""Gradient descent from zero or small outputs: on one network (D4), with made labels (D4m), at a width (D5)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from flint import arb

from .....theory.errors import DerivationGap, PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.evidence import enclosed, figure, sufficient
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, each, judge, planted
from ....checks.scope import all_inputs, labels
from ....checks.trajectories import run_digest
from ..instance import EquilibriumInstance
from ..zero_output.along import along
from ..zero_output.composed import Composed
from ..zero_output.instance import ZeroOutputInstance
from ..zero_output.one_neuron import overshoot
from ..zero_output.run import ZeroOutputRun
from ..zero_output.theorem import BITS
from . import scope
from .evidence import training_control
from .width import bias_lemmas

LARGE, LONG = 4, (2, 8)
"""Outputs of the first control, in standard laws; the step of the second, in largest steps, and how many are made."""
LEMMA = "lemma.zero-output-descent"


def _outputs(inst: EquilibriumInstance) -> str:
    start = inst.training.outputs
    return "outputs that start at zero" if start == 0 else f"outputs that start at {start} times the standard law"


def _ordinary(inst: EquilibriumInstance) -> str:
    return f"{scope.ordinary_run(inst)}, {_outputs(inst)}"


def _made(inst: EquilibriumInstance) -> str:
    return f"{scope.made_run(inst)}, {_outputs(inst)}"


def _random(inst: EquilibriumInstance) -> str:
    return f"random networks on {all_inputs(inst)}, {labels(inst.data)}, probability 1 - {inst.delta}"


# -- one network ----------------------------------------------------------------------------


def _step_admitted(instance: ZeroOutputInstance, step: float) -> Relation:
    return Relation.of("(H3): the step is at most 2/(N^2 + lambda)", arb(step), instance.descent.step, condition=True)


def _figure(instance: ZeroOutputInstance, run: ZeroOutputRun) -> dict[str, object]:
    residual = run.bounds("residual")
    with precision(BITS):
        factor = float((1 - arb(run.step) * instance.descent.rate).mid())
    return figure(
        "Outputs that start at zero or small: residual and rate of the theorem",
        ("residual of the computed sequence", residual.midpoints(), "measured"),
        ("(1 - eta c)^k", [residual.midpoints()[0] * factor**k for k in range(residual.length)], "bound"),
        log=True,
    )


def _descent(instance: ZeroOutputInstance) -> Outcome:
    """The hypotheses in balls, and every inequality of the proof along the run with the largest admissible step.

    The theorem is about exact steps: a rounded sequence that leaves its bounds does not contradict it.
    """
    found, run, cor = instance.descent, instance.run, instance.corollary
    relations = along(run, found)
    residual = run.bounds("residual")
    with precision(BITS):
        share, nothing = found.rate / instance.initial.least.lower(), arb("nan")
        constants = enclosed(
            "the constants of the theorem in ball arithmetic",
            **{"a_*": found.contraction, "N": found.norm, "K": found.start.coupling, "J": found.start.drift},
            **{
                "lambda": found.start.least,
                "c / lambda": share,
                "T": found.solved.time if found.solved else nothing,
            },
        )
    outcome = judge(
        [*found.hypotheses, _step_admitted(instance, run.step), *relations],
        constants,
        value=(float(residual.lower[-1] / residual.upper[0]), float(residual.upper[-1] / residual.lower[0])),
        lemma=LEMMA,
        method=f"{run.steps} steps with eta = 2/(N^2 + lambda), width {instance.lab.width}",
        margin=min(r.margin for r in relations),
        detail={
            "quantity": "last residual over first residual",
            "run": run_digest(residual),
            "steps": run.steps,
            "eta": run.step,
            "corollary": str(cor.condition),
            "inequalities": [str(r) for r in relations],
            "figure": _figure(instance, run),
        },
    )
    return sufficient(outcome)


@check("deq-zero-output-descent", scope=_ordinary)
def zero_output_descent(inst: EquilibriumInstance) -> Outcome:
    """The theorem on the inputs and labels of the study."""
    return _descent(inst.training.zero_outputs)


@check("deq-made-zero-output", scope=_made)
def made_zero_output_descent(inst: EquilibriumInstance) -> Outcome:
    """The theorem on few inputs whose labels are made small."""
    return _descent(inst.training.made_zero_outputs)


@training_control("deq-zero-output-descent")
def large_outputs(inst: EquilibriumInstance) -> Outcome:
    """Outputs at four times the standard law: the first term of r is then negative for any constants."""
    return planted([replace(inst.training.zero_outputs, outputs=Fraction(LARGE)).admitted])


@training_control("deq-made-zero-output")
def doubled_step(inst: EquilibriumInstance) -> Outcome:
    """Twice the largest step: it is not admitted, and the first steps do not contract the residual as stated."""
    instance = inst.training.made_zero_outputs
    if not instance.descent.holds:
        return Outcome(Verdict.NOT_APPLICABLE, reason="no labels are proved small enough for the theorem")
    factor, steps = LONG
    run = instance.run_with(factor * instance.step, steps)
    found = next(r for r in along(run, instance.descent) if r.text.startswith("each step"))
    return each([_step_admitted(instance, run.step), found])


# -- at a width ---------------------------------------------------------------------------------


def _composed(inst: EquilibriumInstance) -> Composed:
    found = inst.zero_output_width
    if found is None:
        raise PrecisionExhausted("no width up to 10^24 is certified: the contraction is too near its limit.")
    return found


@check("deq-zero-output-width", scope=_random)
def zero_output_width(inst: EquilibriumInstance) -> Outcome:
    """The composed statement at the least width that was found; its constants only improve with the width."""
    if inst.data.d is None:
        raise DerivationGap("networks need input points, and only their Gram matrix is given.")
    found = _composed(inst)
    with precision(BITS):
        failure = Relation.of(
            "the event fails with probability at most delta", found.event.failure, inst.delta, condition=True
        )
        constants = enclosed(
            "the constants of the theorem in ball arithmetic",
            **{"a": found.event.a, "a_*": found.descent.contraction, "eta_w": enclose(found.event.eta)},
            **{"eta_* m": found.descent.step * found.width, "c / (m lambda_*)": found.descent.rate / (2 * found.rate)},
        )
    outcome = judge(
        [failure, *found.relations],
        constants,
        value=arb(found.width),
        lemma=(LEMMA, "lemma.zero-output-width", *bias_lemmas(inst)),
        method=f"{found.event.form} form of the whitened theorem, and the descent theorem on its event",
        margin=failure.margin,
        detail={
            "quantity": "certified width m_1",
            "width": found.width,
            "largest step": str(found.descent.step.lower()),
            "steps to a millionth of the loss": found.steps,
            "whitened deviation": str(found.event.eta),
        },
    )
    return sufficient(outcome)


@control("deq-zero-output-width")
def smaller_constant(inst: EquilibriumInstance) -> Outcome:
    """One linear neuron that meets the corollary's condition with 0.1 in place of 10.5: its second step overshoots."""
    return planted([overshoot(Fraction(1, 10))])
