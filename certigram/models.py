"""What several functions of the Python API share: checked arguments, the model they mean, the record of a bound."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from .numerics.balls.budget import Budget
from .numerics.balls.enclosure import Enclosure, float_below
from .numerics.balls.precision import MAX_BITS, MIN_BITS, undisturbed
from .numerics.certificates.certificate import Certificate, EvidenceItem, Proof, fraction_text
from .numerics.checks.scope import all_inputs
from .numerics.eigenvalues.nullspace import by_theorem
from .theory.activations.activation import Activation
from .theory.claims.kernel_claims import LEAST_EIGENVALUE
from .theory.claims.system import System
from .theory.claims.system import system as find_system
from .theory.errors import SpecError
from .theory.numbers import Exact
from .theory.printable import shown
from .theory.suggestion import suggestion
from .theory.verdict import Argument, Evidence, Verdict
from .theory.version import __version__

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .numerics.studies.data import DataSet
    from .numerics.studies.gram_model import GramModel

DEFAULT_BITS = 128


def whole(value: object, what: str, least: int, most: int) -> int:
    """An integer argument between two limits; :class:`SpecError` for anything else.

    >>> whole(64, "bits", 24, 20000)
    64
    >>> whole("64", "bits", 24, 20000)
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: bits = '64' is not an integer: give one between 24 and 20000, as in bits=24.
    """
    import operator

    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]  # anything may come; what has no __index__ raises
    except TypeError:
        raise SpecError(
            f"{what} = {shown(value)} is not an integer: give one between {least} and {most}, as in {what}={least}."
        ) from None
    if not least <= number <= most:
        raise SpecError(f"{what} = {shown(number)} is out of range: give an integer between {least} and {most}.")
    return number


def precision_bits(bits: object) -> int:
    """A number of binary digits that ball arithmetic can work with."""
    return whole(bits, "bits", MIN_BITS, MAX_BITS)


def model_on_data(
    caller: str,
    system: str,
    X: ArrayLike | DataSet | None,
    activation: Activation | None,
    kernel: str | None,
    input_gram: Sequence[Sequence[Exact]] | None,
    normalize: str | None,
    bits: int | None,
    budget: Budget | None,
    parameters: dict[str, Exact],
) -> GramModel:
    """The system on the data, admitted; nothing is computed yet."""
    from .numerics.studies.networks import gram_model, require_gram
    from .numerics.studies.study import Study

    if not isinstance(system, str):
        raise SpecError(f"{caller}: system = {system!r} is not a name: give one as text, such as deq-general.")
    found = find_system(system)
    require_gram(system)
    allowed = allowance(caller, budget, bits)
    subject = _subject(caller, found, activation, kernel)
    data = data_of(caller, X, input_gram, normalize, None)
    known = [p.name for p in found.parameters]
    for name in parameters:
        if name not in known:
            raise SpecError(f"{caller}: {system} has no parameter {name!r}." + suggestion(name, known))
    values = {name: found.parameter(name).value(value) for name, value in parameters.items()}
    study = Study("api", (system,), (), data, {system: values}, (), 0, budget=allowed)
    return gram_model(system, subject, study)


def data_of(
    caller: str,
    X: ArrayLike | DataSet | None,
    input_gram: Sequence[Sequence[Exact]] | None,
    normalize: str | None,
    normalize_gram: str | None,
) -> DataSet:
    """The data meant by points, which may be a data set, or else by their exact Gram matrix."""
    from .numerics.kernels.input_gram import input_gram as exact_gram
    from .numerics.studies.data import DataSet
    from .numerics.studies.given import given_data

    if (X is None) == (input_gram is None):
        raise SpecError(f"{caller}: give either the points X or their exact input_gram.")
    if normalize not in ("sphere", None):
        raise SpecError(f'{caller}: normalize = {normalize!r}: choose "sphere" or None.')
    if input_gram is not None:
        return DataSet(None, exact_gram(input_gram), "exact input Gram matrix", normalize_gram)
    return X if isinstance(X, DataSet) else given_data(X, normalize)


def budget_for(bits: int | None, **limits: int) -> Budget:
    """What may be spent on a matrix of so many bits: those, and more where they do not decide."""
    digits = bits or DEFAULT_BITS
    return Budget(bits=digits, max_bits=max(2048, digits), **limits)


def allowance(caller: str, budget: object, bits: int | None, **limits: int) -> Budget:
    """The budget that was given, or the one for so many bits; :class:`SpecError` for anything that is no budget."""
    if not (budget is None or isinstance(budget, Budget)):
        raise SpecError(f"{caller}: budget = {shown(budget)} is not a Budget: give one, such as Budget(max_bits=512).")
    return budget or budget_for(bits, **limits)


def _subject(caller: str, system: System, activation: Activation | None, kernel: str | None) -> str | Activation:
    """What the matrix is asked for: an activation or a kernel, which may be left out where there is only one."""
    kernels = system.subject == "kernel"
    asked, other = ("kernel", activation) if kernels else ("activation", kernel)
    given = kernel if kernels else activation
    if other is not None:
        raise SpecError(f"{caller}: {system.name} is about {asked}s: give {asked}=, and nothing else.")
    if given is None:
        if not system.fixed:
            raise SpecError(
                f'{caller}: {system.name} is about {asked}s: give one, as in {asked}="{system.default_activations[0]}".'
            )
        return system.default_activations[0]
    if isinstance(given, str):
        return given
    if not isinstance(given, Activation):
        raise SpecError(f"{caller}: kernel = {shown(given)} is not a name: give one as text, such as gaussian.")
    return given.name if system.fixed else given


def certificate_of(
    model: GramModel,
    verdict: Verdict,
    found: Enclosure,
    bound: Fraction,
    evidence: EvidenceItem,
    started: float,
    relation: str = ">=",
) -> Certificate:
    """The record of a decided bound, with what a stranger needs to check it."""
    on_paper = verdict.against and found.evidence is Evidence.EXACT and by_theorem(model.null_vector)
    return Certificate(
        claim=LEAST_EIGENVALUE.id,
        system=model.system,
        activation=model.subject,
        verdict=verdict,
        evidence=(evidence,),
        method=found.method,
        lower=found.lower,
        upper=found.upper,
        margin=float_below(Fraction(found.lower) - bound),
        seconds=time.process_time() - started,
        reason="" if verdict.rigorous else f"the bound lies inside the proved interval [{found.lower}, {found.upper}]",
        argument=Argument.WRITTEN if on_paper else Argument.DIRECT,
        scope=all_inputs(model),
        detail={
            "statement": f"lambda_min(K) {relation} {fraction_text(bound)}",
            "data": model.data.summary(),
            "parameters": dict(model.parameters),
            "steps": list(found.steps),
            "environment": environment(),
        },
        prover=None if verdict is Verdict.UNKNOWN else partial(_proof, model, verdict, found, bound, relation),
    )


@undisturbed
def _proof(model: GramModel, verdict: Verdict, found: Enclosure, bound: Fraction, relation: str) -> Proof:
    from .numerics.covariances.model import KernelModel
    from .numerics.covariances.witness import covariance_proof
    from .numerics.studies.networks import prover

    near = verdict.against or Fraction(found.lower) - bound < abs(bound) / 1000  # the search stopped at the bound
    best = model.eigenvalue if near else found
    if isinstance(model, KernelModel):
        return covariance_proof(model, best, bound=bound, relation=relation)
    return prover(model.system)(model, best, bound=bound, relation=relation)


def environment() -> dict[str, str]:
    """The versions a certificate was made with."""
    import flint
    import numpy
    import scipy

    return {
        "certigram": __version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "python-flint": flint.__version__,
        "machine": platform.machine(),
    }
